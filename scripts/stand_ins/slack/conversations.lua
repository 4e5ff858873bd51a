-- The methods conversations.* and users.info of the stand-in for Slack.

local db = require "host.db"
local json = require "host.json"
local messages = require "stand_ins.slack.messages"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local function no(error) return { ok = false, error = error } end

local function public(channel)
  return { id = channel.id, name = channel.name, name_normalized = channel.name, is_channel = not channel.is_private, is_group = false,
    is_im = channel.id:sub(1, 1) == "D", is_mpim = false, is_private = channel.is_private, is_archived = channel.is_archived,
    is_member = channel.is_member, is_general = false, is_shared = false, created = 1760000000, creator = "UOWNER",
    context_team_id = workspace.team, topic = { value = "", creator = "", last_set = 0 },
    purpose = { value = "", creator = "", last_set = 0 } }
end

-- A private channel needs groups:…, a public one channels:….
local function may(channel, what)
  local scope = (channel.is_private and "groups:" or "channels:") .. what
  if workspace.may(scope) then return nil end
  return { ok = false, error = "missing_scope", needed = scope, provided = workspace.get("scopes") }
end

local function info(given)
  local channel = workspace.channel(given.channel)
  if not channel then return no "channel_not_found" end
  return may(channel, "read") or { ok = true, channel = public(channel) }
end

local function join(given)
  local channel = workspace.channel(given.channel)
  if not channel then return no "channel_not_found" end
  if channel.is_archived then return no "is_archived" end
  if channel.is_private then return no "method_not_supported_for_channel_type" end
  if channel.is_member then
    return { ok = true, channel = public(channel), warning = "already_in_channel",
      response_metadata = { warnings = { "already_in_channel" } } }
  end
  channel.is_member = true
  return { ok = true, channel = public(workspace.save_channel(channel)) }
end

-- One page of rows: oldest and latest are times, cursor says where the next page begins.
local function page(given, rows, newest_first)
  local limit = math.tointeger(tonumber(given.limit)) or 100
  if limit < 1 or limit > 1000 then return no "invalid_limit" end
  local after = 0
  if given.cursor ~= nil and given.cursor ~= "" then
    after = math.tointeger(tonumber(tostring(given.cursor):match("^bmV4dDo(%d+)$")))
    if not after then return no "invalid_cursor" end
  end
  local oldest, latest = tonumber(given.oldest) or 0, tonumber(given.latest) or math.huge
  local kept = {}
  for _, row in ipairs(rows) do
    local at = tonumber(row.ts)
    if at > oldest and at < latest then table.insert(kept, newest_first and 1 or #kept + 1, row) end
  end
  local list = json.array()
  for index = after + 1, math.min(after + limit, #kept) do list[#list + 1] = messages.public(kept[index]) end
  local more = #kept > after + limit
  return { ok = true, messages = list, has_more = more,
    response_metadata = more and { next_cursor = "bmV4dDo" .. after + limit } or nil }
end

local function readable(given)
  local channel = workspace.channel(given.channel)
  if not channel then return nil, no "channel_not_found" end
  local refusal = may(channel, "history") or not channel.is_member and no "not_in_channel"
  if refusal then return nil, refusal end
  return channel
end

local function history(given)
  local channel, refusal = readable(given)
  return channel and page(given, messages.list(channel.id), true) or refusal
end

local function replies(given)
  local channel, refusal = readable(given)
  if not channel then return refusal end
  local row = messages.get(given.ts, channel.id)
  if not row or row.ephemeral == 1 then return no "thread_not_found" end
  return page(given, messages.list(channel.id, row.thread_ts or row.ts))
end

local function open(given)
  if type(given.users) ~= "string" then return no "users_list_not_supplied" end
  for id in given.users:gmatch("[^,]+") do
    if not workspace.known_person(id) then return no "user_not_found" end
  end
  local id = "D" .. given.users:sub(2):gsub("[^A-Z0-9]", "")
  workspace.save_channel { id = id, name = "", is_private = false, is_archived = false, is_member = true, gone = false }
  return { ok = true, channel = { id = id } }
end

local function user(given)
  local person = workspace.known_person(given.user)
  local bot = given.user == workspace.bot_user
  if not person and not bot then return no "user_not_found" end
  person = person or { id = workspace.bot_user, name = "assistant", real_name = "Assistant" }
  return { ok = true, user = { id = person.id, team_id = workspace.team, name = person.name, real_name = person.real_name, deleted = false,
    is_bot = bot, is_app_user = false, tz = "America/Toronto", updated = 1760000000,
    profile = { real_name = person.real_name, display_name = person.name, team = workspace.team } } }
end

M.methods = {
  ["conversations.info"] = { run = info, scope = "channels:read|groups:read", tier = 3, form = true },
  ["conversations.join"] = { run = join, scope = "channels:join", tier = 3 },
  ["conversations.history"] = { run = history, scope = "channels:history|groups:history", tier = 3, form = true },
  ["conversations.replies"] = { run = replies, scope = "channels:history|groups:history", tier = 3, form = true },
  ["conversations.open"] = { run = open, scope = "im:write", tier = 3 },
  ["users.info"] = { run = user, scope = "users:read", tier = 4, form = true },
}

---GET /sandbox/slack/people: who was ever there.
function M.people() return { status = 200, json = { people = db.all("SELECT * FROM sandbox_slack_people ORDER BY name") } } end

return M
