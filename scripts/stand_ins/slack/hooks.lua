-- The addresses of the stand-in for Slack that need no token: the incoming webhook, and the response_url of a click or command.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local events = require "stand_ins.slack.events"
local limits = require "stand_ins.slack.limits"
local messages = require "stand_ins.slack.messages"
local mishaps = require "stand_ins.slack.mishaps"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local response_url_ms, response_url_uses = 30 * 60 * 1000, 5

-- The message of a request, or the refusal.
local function message_of(request)
  local message = json.decode(request.body, { null_as_nil = true })
  if type(message) ~= "table" or json.is_array(message) and #message > 0 then return nil, mishaps.text(400, "invalid_payload") end
  return message
end

local function malformed(message, boxes)
  local problem = limits.check(message)
  if not problem and limits.has_box(message) and (workspace.get("boxes") == "none" or not boxes) then problem = "invalid_blocks" end
  return problem and mishaps.text(400, problem) or nil
end

local function webhook(request)
  local id = workspace.main_channel()
  local wait_s = workspace.too_fast("channel:" .. id, 60, workspace.get("burst"))
  if wait_s then return mishaps.too_fast(request, wait_s) end
  local message, refusal = message_of(request)
  if not message then return refusal end
  refusal = malformed(message, workspace.get("boxes") == "all")
  if refusal then return refusal end
  local channel = workspace.channel(id)
  if not channel then return mishaps.text(404, "channel_not_found") end
  if channel.is_archived then return mishaps.text(410, "channel_is_archived") end
  events.message(messages.add { channel = id, via = "webhook", text = message.text, blocks = message.blocks,
    thread_ts = messages.thread(message.thread_ts, id) })
  return mishaps.text(200, "ok")
end

---POST /sandbox/slack/webhook: answers "ok" without a ts.
M.webhook = mishaps.around(webhook)

local function update_original(url, message)
  local row = messages.get(url.ts)
  local before = messages.public(row)
  events.changed(row, before, messages.public(messages.update(row.ts, message)))
end

local function response(request)
  local token = request.path:match("^/sandbox/slack/response/(%w+)$")
  local url = token and db.one("SELECT * FROM sandbox_response_urls WHERE token = ?", token)
  if not url then return mishaps.text(404, "no_service") end
  if url.at < time.now_ms() - response_url_ms then return mishaps.text(404, "expired_url") end
  if url.uses >= response_url_uses then return mishaps.text(404, "used_url") end
  local message, refusal = message_of(request)
  if not message then return refusal end
  db.run("UPDATE sandbox_response_urls SET uses = uses + 1 WHERE token = ?", token)
  local original = messages.get(url.ts)
  if message.delete_original then
    if original then messages.remove(original) end
    return mishaps.text(200, "ok")
  end
  refusal = malformed(message, true)
  if refusal then return refusal end
  if message.replace_original and original then
    update_original(url, message)
    return mishaps.text(200, "ok")
  end
  local ephemeral = message.response_type ~= "in_channel"
  local channel = url.channel or workspace.main_channel()
  events.message(messages.add { channel = channel, via = "response", text = message.text, blocks = message.blocks, ephemeral = ephemeral,
    user = ephemeral and url.user or nil, thread_ts = messages.thread(message.thread_ts, channel) })
  return mishaps.text(200, "ok")
end

---POST /sandbox/slack/response/*: works five times within thirty minutes. Replaces or deletes the message that was clicked, or adds one,
---which only the clicker sees unless response_type is in_channel.
M.response = mishaps.around(response)

---What a command's answer shows. Returns Slack's complaint, or nil.
---@param answer host.http.Response
---@param place {channel: string, user: string}
function M.command_answer(answer, place)
  if answer.body == "" then return nil end
  local kind = answer.headers["content-type"] or ""
  local message = { text = answer.body }
  if kind:find("json", 1, true) then
    message = json.decode(answer.body, { null_as_nil = true })
    if type(message) ~= "table" then return "invalid_command_response" end
    if next(message) == nil then return nil end
  end
  local problem = limits.check(message)
  if problem then return problem end
  local ephemeral = message.response_type ~= "in_channel"
  messages.add { channel = place.channel, via = "response", text = message.text, blocks = message.blocks, ephemeral = ephemeral,
    user = ephemeral and place.user or nil }
  return nil
end

return M
