-- The methods chat.* and reactions.* of the stand-in for Slack.

local json = require "host.json"
local block_kit = require "stand_ins.slack.block_kit"
local common = require "stand_ins.common"
local events = require "stand_ins.slack.events"
local limits = require "stand_ins.slack.limits"
local messages = require "stand_ins.slack.messages"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local most_of_blocks = 13200 -- characters of all blocks as JSON; webhooks and response URLs have no such limit

local function no(error, lines)
  if not lines then return { ok = false, error = error } end
  local told = {}
  for index, line in ipairs(lines) do told[index] = "[ERROR] " .. line end
  return { ok = false, error = error, errors = lines, response_metadata = { messages = told } }
end

---The channel of a call, when it can be written to; else the answer.
---@return stand_ins.SlackChannel? channel
---@return table? refusal
function M.open_channel(id)
  local channel = workspace.channel(id)
  if not channel then return nil, no "channel_not_found" end
  if channel.is_archived then return nil, no "is_archived" end
  if not channel.is_member then return nil, no "not_in_channel" end
  return channel
end

---What is wrong with a message's text and blocks, as an answer; or nil.
function M.malformed(given)
  local code, lines = limits.check(given)
  if code then return no(code == "invalid_payload" and "invalid_arguments" or code, lines) end
  if given.blocks and block_kit.length(json.encode(given.blocks)) > most_of_blocks then return no "msg_blocks_too_long" end
  if workspace.get("boxes") == "none" and limits.has_box(given) then return no "invalid_blocks" end
  return nil
end

local function flag(value) return value == true or value == "true" or value == "1" end

local function post_message(given)
  local channel, refusal = M.open_channel(given.channel)
  if not channel then return refusal end
  refusal = M.malformed(given)
  if refusal then return refusal end
  local thread_ts, why = messages.thread(given.thread_ts, channel.id)
  if why then return no(why) end
  local row = messages.add { channel = channel.id, via = "api", text = given.text, blocks = given.blocks, thread_ts = thread_ts,
    broadcast = thread_ts ~= nil and flag(given.reply_broadcast) }
  events.message(row)
  return { ok = true, channel = channel.id, ts = row.ts, message = messages.public(row) }
end

local function post_ephemeral(given)
  local channel, refusal = M.open_channel(given.channel)
  if not channel then return refusal end
  if not workspace.known_person(given.user) then return no "user_not_in_channel" end
  refusal = M.malformed(given)
  if refusal then return refusal end
  local row = messages.add { channel = channel.id, via = "api", text = given.text, blocks = given.blocks, ephemeral = true,
    user = given.user, thread_ts = messages.thread(given.thread_ts, channel.id) }
  return { ok = true, message_ts = row.ts }
end

-- A message that the bot may change; else the answer.
local function own(given, cannot)
  local channel, refusal = M.open_channel(given.channel)
  if not channel then return nil, refusal end
  local row = messages.get(given.ts, channel.id)
  if not row or row.ephemeral == 1 or row.stone == 1 then return nil, no "message_not_found" end
  if row.via ~= "api" then return nil, no(cannot) end
  return row
end

local function update(given)
  local row, refusal = own(given, "cant_update_message")
  if not row then return refusal end
  refusal = M.malformed(given)
  if refusal then return refusal end
  local before = messages.public(row)
  row = messages.update(row.ts, given)
  local after = messages.public(row)
  events.changed(row, before, after)
  return { ok = true, channel = row.channel, ts = row.ts, text = row.text, message = after }
end

local function delete(given)
  local row, refusal = own(given, "cant_delete_message")
  if not row then return refusal end
  local before = messages.public(row)
  local stone = messages.remove(row)
  events.changed(row, before, stone and messages.public(messages.get(row.ts)) or nil)
  return { ok = true, channel = row.channel, ts = row.ts }
end

local function permalink(given)
  local channel = workspace.channel(given.channel)
  if not channel then return no "channel_not_found" end
  local row = messages.get(given.message_ts, channel.id)
  if not row then return no "message_not_found" end
  local link = ("%s/sandbox/slack/archives/%s/p%s"):format(common.here(), channel.id, (row.ts:gsub("%.", "")))
  return { ok = true, channel = channel.id, permalink = link .. (row.thread_ts and "?thread_ts=" .. row.thread_ts or "") }
end

local function react(off)
  return function(given)
    if given.channel == nil or given.timestamp == nil then return no "no_item_specified" end
    if type(given.timestamp) ~= "string" or not given.timestamp:match("^%d+%.%d+$") then return no "bad_timestamp" end
    local channel, refusal = M.open_channel(given.channel)
    if not channel then return refusal end
    local row = messages.get(given.timestamp, channel.id)
    if not row or row.ephemeral == 1 then return no "message_not_found" end
    local why = messages.react(row, given.name, workspace.bot_user, off)
    if why then return no(why) end
    events.reaction(row, given.name, workspace.bot_user, off)
    return { ok = true }
  end
end

M.methods = {
  ["chat.postMessage"] = { run = post_message, scope = "chat:write", paced = true },
  ["chat.postEphemeral"] = { run = post_ephemeral, scope = "chat:write", tier = 4 },
  ["chat.update"] = { run = update, scope = "chat:write", tier = 3 },
  ["chat.delete"] = { run = delete, scope = "chat:write", tier = 3 },
  ["chat.getPermalink"] = { run = permalink, form = true },
  ["reactions.add"] = { run = react(false), scope = "reactions:write", tier = 3 },
  ["reactions.remove"] = { run = react(true), scope = "reactions:write", tier = 2 },
}
M.no = no

return M
