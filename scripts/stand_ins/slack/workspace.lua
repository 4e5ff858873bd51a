-- The workspace of the stand-in for Slack: its app, its token and scopes, channels, people, and how strict it is. All can be changed, so
-- that a test can play a revoked token or an archived channel.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"

local M = {}

M.team, M.app, M.bot_user, M.bot = "T0SANDBOX", "A0SANDBOX", "UASSISTANT", "BASSISTANT"
local home_channel = "C0SANDBOX"

local all_scopes = "chat:write,channels:history,channels:join,channels:read,commands,files:read,files:write,groups:history,groups:read,"
  .. "im:write,incoming-webhook,reactions:read,reactions:write,users:read"

-- token: ok, revoked, expired, inactive. scopes: of the token, with commas.
-- strict: 1: a channel exists when it is the sandbox's, SLACK_CHANNEL_ID, or was made by /sandbox/slack/channel. 0: any C… or G… is one.
-- rates: 1: a channel takes one message a second (burst so many at once), a method what its tier takes a minute.
-- boxes: all; api: an incoming webhook refuses input blocks; none: the Web API too.
-- own_events: 1: the assistant hears of its own messages, as every bot does.
-- minute_ms: how long a minute between two tries of an event is. trigger_ms: how long a trigger_id is valid.
local function default(name)
  if name == "strict" then return (common.setting("SLACK_CHANNEL_ID") or not common.setting("SANDBOX_TARGET")) and 1 or 0 end
  if name == "rates" then return common.setting("SANDBOX_TARGET") and 0 or 1 end
  if name == "own_events" then return common.setting("SLACK_BOT_TOKEN") and 1 or 0 end
  return ({ token = "ok", scopes = all_scopes, burst = 3, boxes = "all", minute_ms = 1000,
    trigger_ms = 3000 })[name]
end
local names = { "boxes", "burst", "minute_ms", "own_events", "rates", "scopes", "strict", "token", "trigger_ms" }

function M.get(name)
  local row = db.one("SELECT value FROM sandbox_slack_workspace WHERE name = ?", name)
  if row then return json.decode(row.value) end
  return default(name)
end

---POST /sandbox/slack/workspace {"token": "revoked"}: changes what is named; answers with all.
M.set = common.control(function(wish)
  for name, value in pairs(wish) do
    if default(name) == nil or type(value) ~= type(default(name)) then
      return common.bad("there are " .. table.concat(names, ", ") .. "; token, scopes and boxes are texts, the others numbers")
    end
    db.run([[INSERT INTO sandbox_slack_workspace(name, value) VALUES(?, ?)
      ON CONFLICT(name) DO UPDATE SET value = excluded.value]], name, json.encode(value))
  end
  local all = {}
  for _, name in ipairs(names) do all[name] = M.get(name) end
  return common.ok(all)
end)

---@return string the secret with which Slack signs
function M.signing_secret() return common.setting("SLACK_SIGNING_SECRET") or "sandbox-signing" end

---Why this token cannot do this, or nil.
---@param token string?
---@param scope string? e.g. "chat:write", or several of which one is enough: "channels:read|groups:read"
---@return string? error
---@return table? more fields of the answer
function M.refuses(token, scope)
  if not token then return "not_authed" end
  local right = common.setting("SLACK_BOT_TOKEN")
  if right and token ~= right then return "invalid_auth" end
  local state = M.get("token")
  if state ~= "ok" then return ({ revoked = "token_revoked", expired = "token_expired", inactive = "account_inactive" })[state] end
  if not scope then return nil end
  local given = "," .. M.get("scopes") .. ","
  for one in scope:gmatch("[^|]+") do
    if given:find("," .. one .. ",", 1, true) then return nil end
  end
  return "missing_scope", { needed = scope:match("^[^|]+"), provided = M.get("scopes") }
end

---Has the token this scope?
function M.may(scope) return ("," .. M.get("scopes") .. ","):find("," .. scope .. ",", 1, true) ~= nil end

-- ---- channels -----------------------------------------------------------------------------------------------------------------------

---@class stand_ins.SlackChannel
---@field id string
---@field name string
---@field is_private boolean
---@field is_archived boolean
---@field is_member boolean the bot is in it
---@field gone boolean

local function channel_of(row)
  return { id = row.id, name = row.name, is_private = row.is_private == 1, is_archived = row.is_archived == 1,
    is_member = row.is_member == 1, gone = row.gone == 1 }
end

---The channel of this id as the bot sees it: nil when there is none, or a private one without the bot in it.
---@return stand_ins.SlackChannel?
function M.channel(id)
  if type(id) ~= "string" then return nil end
  local row = db.one("SELECT * FROM sandbox_slack_channels WHERE id = ?", id)
  if not row then
    local ours = id == home_channel or id == common.setting("SLACK_CHANNEL_ID")
    if not ours and (M.get("strict") == 1 or not id:match("^[CG][A-Z0-9]+$")) then return nil end
    return { id = id, name = "quotes", is_private = false, is_archived = false, is_member = true, gone = false }
  end
  local channel = channel_of(row)
  if channel.gone or channel.is_private and not channel.is_member then return nil end
  return channel
end

---The channel where staff are when nobody says where: the setting's, else the one that the bot wrote to last.
function M.main_channel()
  local set = common.setting("SLACK_CHANNEL_ID")
  if set then return set end
  local row = db.one("SELECT channel FROM sandbox_slack WHERE via = 'api' AND substr(channel, 1, 1) = 'C' ORDER BY seq DESC LIMIT 1")
  return row and row.channel or home_channel
end

function M.save_channel(channel)
  db.run([[INSERT INTO sandbox_slack_channels(id, name, is_private, is_archived, is_member, gone) VALUES(?, ?, ?, ?, ?, ?)
    ON CONFLICT(id) DO UPDATE SET name = excluded.name, is_private = excluded.is_private, is_archived = excluded.is_archived,
      is_member = excluded.is_member, gone = excluded.gone]],
    channel.id, channel.name, channel.is_private, channel.is_archived, channel.is_member, channel.gone)
  return channel
end

---POST /sandbox/slack/channel {"id": "C0QUOTES", "is_archived": true}: makes or changes a channel. Flags: is_private, is_archived,
---is_member (the bot is in it; at first it is), gone.
M.set_channel = common.control(function(wish)
  local id = wish.id or M.main_channel()
  if type(id) ~= "string" or not id:match("^[CGD][A-Z0-9]+$") then return common.bad("id is a channel's, like C0QUOTES") end
  local row = db.one("SELECT * FROM sandbox_slack_channels WHERE id = ?", id)
  local channel = row and channel_of(row)
    or { id = id, name = "quotes", is_private = false, is_archived = false, is_member = true, gone = false }
  for _, name in ipairs { "is_private", "is_archived", "is_member", "gone" } do
    if wish[name] ~= nil then channel[name] = wish[name] == true end
  end
  channel.name = wish.name or channel.name
  return common.ok(M.save_channel(channel))
end)

-- ---- people -------------------------------------------------------------------------------------------------------------------------

---A person by name ("maria") or id ("U123456"); one who is not there yet joins.
---@return {id: string, name: string, real_name: string}
function M.person(wanted)
  local name = tostring(wanted or "maria")
  local id = name:match("^[UW][A-Z0-9]+$") or "U" .. name:upper():gsub("[^A-Z0-9]", "")
  local row = db.one("SELECT * FROM sandbox_slack_people WHERE id = ?", id)
  if row then return row end
  local person = { id = id, name = name:lower(), real_name = name:sub(1, 1):upper() .. name:sub(2) }
  db.run("INSERT INTO sandbox_slack_people(id, name, real_name) VALUES(?, ?, ?)", id, person.name, person.real_name)
  return person
end

---The person of this id, or nil.
function M.known_person(id) return db.one("SELECT * FROM sandbox_slack_people WHERE id = ?", tostring(id)) end

---POST /sandbox/slack/person {"name": "maria", "real_name": "Maria <!channel>"}
M.set_person = common.control(function(wish)
  local person = M.person(wish.name)
  if wish.real_name then db.run("UPDATE sandbox_slack_people SET real_name = ? WHERE id = ?", tostring(wish.real_name), person.id) end
  return common.ok(M.known_person(person.id))
end)

-- ---- how much a minute takes --------------------------------------------------------------------------------------------------------

---Takes one call from a bucket. Returns the seconds to wait when it is empty.
---@param bucket string
---@param per_minute number
---@param burst number
---@return integer? wait_s
function M.too_fast(bucket, per_minute, burst)
  if M.get("rates") ~= 1 then return nil end
  local now = time.now_ms()
  local row = db.one("SELECT tokens, at FROM sandbox_slack_buckets WHERE name = ?", bucket)
  local tokens = math.min(row and row.tokens + (now - row.at) / 60000 * per_minute or burst, burst)
  if tokens < 1 then return math.max(1, math.ceil((1 - tokens) * 60 / per_minute)) end
  db.run([[INSERT INTO sandbox_slack_buckets(name, tokens, at) VALUES(?, ?, ?)
    ON CONFLICT(name) DO UPDATE SET tokens = excluded.tokens, at = excluded.at]], bucket, tokens - 1, now)
  return nil
end

return M
