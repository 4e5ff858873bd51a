-- What the stand-in for Slack posts to the assistant, signed: clicks, commands, modals, events. An event is posted up to four times.

local crypto = require "host.crypto"
local db = require "host.db"
local jobs = require "host.jobs"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local messages = require "stand_ins.slack.messages"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local three_seconds = 3000
local form_type = "application/x-www-form-urlencoded"

---Signs a body as Slack does and posts it to the assistant. Returns what common.post returns.
---@async
function M.send(path, body, content_type, headers)
  local stamp = tostring(time.now_ms() // 1000)
  local all = {
    ["Content-Type"] = content_type, ["User-Agent"] = "Slackbot 1.0 (+https://api.slack.com/robots)",
    ["X-Slack-Request-Timestamp"] = stamp,
    ["X-Slack-Signature"] = "v0=" .. crypto.hex(crypto.hmac_sha256(workspace.signing_secret(), "v0:" .. stamp .. ":" .. body)),
  }
  for name, value in pairs(headers or {}) do all[name] = value end
  return common.post { path = path, headers = all, body = body, timeout_ms = three_seconds, once = true }
end

---Posts a form, as clicks and commands come. Slack posts it once and never again.
---@async
function M.send_form(path, fields) return M.send(path, common.form_encode(fields), form_type) end

---Posts an interaction: a click, a submitted or closed modal.
---@async
function M.interact(payload) return M.send_form("/slack/interactive", { payload = json.encode(payload) }) end

---What the control API says of it. Slack shows a warning when the answer is late or not 200.
function M.outcome(answer, why)
  if not answer then return { warning = true, error = why } end
  return { warning = answer.status ~= 200, status = answer.status, ms = answer.ms, body = answer.body }
end

---A trigger_id: for three seconds, once.
function M.trigger(user)
  local id = ("%d.%d.%s"):format(time.now_ms() // 1000, common.next("slack_trigger") + 1000000, crypto.hex(crypto.random(8)))
  db.run('INSERT INTO sandbox_slack_triggers(id, "user", at) VALUES(?, ?, ?)', id, user, time.now_ms())
  return id
end

---An address that takes five posts within thirty minutes.
---@param place {ts: string?, channel: string, user: string}
function M.response_url(place)
  local token = crypto.hex(crypto.random(12))
  db.run('INSERT INTO sandbox_response_urls(token, ts, at, channel, "user") VALUES(?, ?, ?, ?, ?)', token, place.ts or "", time.now_ms(),
    place.channel, place.user)
  return common.here() .. "/sandbox/slack/response/" .. token
end

-- ---- events -------------------------------------------------------------------------------------------------------------------------

local reasons = { timeout = "http_timeout", connect = "connection_failed", dns = "connection_failed", tls = "ssl_error" }
local waits = { 0, 1, 5 } -- minutes

---Job: posts an event; again at once, after one minute and after five, when the answer is not 200 or late.
function M.job(job)
  local payload = job.payload
  local try = payload.try or 0
  local headers = try > 0 and { ["X-Slack-Retry-Num"] = tostring(try), ["X-Slack-Retry-Reason"] = payload.reason } or nil
  local answer, why = M.send("/slack/events", payload.body, "application/json", headers)
  if not why or try >= 3 or answer and answer.headers["x-slack-no-retry"] == "1" then return nil end
  local reason = answer and "http_error" or "unknown_error"
  for word, name in pairs(reasons) do
    if not answer and why:lower():find(word, 1, true) then reason = name end
  end
  -- Later events do not wait for this one.
  jobs.put { kind = "sandbox_slack_event", run_at = time.now_ms() + waits[try + 1] * workspace.get("minute_ms"),
    payload = { body = payload.body, try = try + 1, reason = reason } }
  return nil
end

---Posts an event. copies: so often; new_ids: each with an event_id of its own.
---@param event table
---@param how? {copies: integer?, new_ids: boolean?, team: string?, app: string?, lane: string?}
function M.post(event, how)
  how = how or {}
  local id
  for _ = 1, how.copies or 1 do
    if not id or how.new_ids then id = "Ev" .. crypto.hex(crypto.random(5)):upper() end
    local team = how.team or workspace.team
    jobs.put { kind = "sandbox_slack_event", lane = "sandbox:slack", payload = { body = json.encode {
      token = "sandbox", team_id = team, context_team_id = team, api_app_id = how.app or workspace.app, type = "event_callback",
      event_id = id, event_time = time.now_ms() // 1000, event = event, is_ext_shared_channel = false,
      authorizations = { { enterprise_id = json.null, team_id = team, user_id = workspace.bot_user, is_bot = true,
        is_enterprise_install = false } },
    } } }
  end
end

-- The app hears of a channel when its bot is in it and may read it.
local function hears(channel_id)
  local channel = workspace.channel(channel_id)
  if not channel or not channel.is_member or channel.is_archived then return nil end
  return workspace.may(channel.is_private and "groups:history" or "channels:history") and channel or nil
end

local function is_ours(row) return row.via == "api" or row.via == "webhook" or row.via == "response" end

local function unheard(row)
  local channel = hears(row.channel)
  return row.ephemeral == 1 or not channel or is_ours(row) and workspace.get("own_events") ~= 1, channel
end

local function kind_of(channel) return channel.is_private and "group" or "channel" end

---A message was posted.
function M.message(row, how)
  local skip, channel = unheard(row)
  if skip then return end
  local event = messages.public(row)
  event.channel, event.channel_type, event.event_ts = row.channel, kind_of(channel), row.ts
  if row.broadcast == 1 and row.thread_ts then event.root = messages.public(messages.get(row.thread_ts)) end
  M.post(event, how)
end

---A message was changed or deleted. before: as it was (messages.public); after: nil: it is gone.
function M.changed(row, before, after, how)
  local skip, channel = unheard(row)
  if skip then return end
  local ts = messages.new_ts()
  M.post({ type = "message", subtype = after and "message_changed" or "message_deleted", hidden = true, channel = row.channel,
    channel_type = kind_of(channel), ts = ts, event_ts = ts, message = after, previous_message = before,
    deleted_ts = not after and row.ts or nil }, how)
end

---A reaction was added or removed.
function M.reaction(row, name, user, off, how)
  if not hears(row.channel) or not workspace.may("reactions:read") then return end
  if user == workspace.bot_user and workspace.get("own_events") ~= 1 then return end
  M.post({ type = off and "reaction_removed" or "reaction_added", user = user, reaction = name, event_ts = messages.new_ts(),
    item = { type = "message", channel = row.channel, ts = row.ts }, item_user = messages.public(row).user }, how)
end

---POST /sandbox/slack/verify: Slack checks the address of the events: the answer must be the challenge.
M.verify = common.control(function()
  local challenge = crypto.hex(crypto.random(16))
  local body = json.encode { type = "url_verification", token = "sandbox", challenge = challenge }
  local answer, why = M.send("/slack/events", body, "application/json")
  local out = M.outcome(answer, why)
  out.verified = answer ~= nil and answer.status == 200 and answer.body:find(challenge, 1, true) ~= nil
  return common.ok(out)
end)

return M
