-- Plays Slack: for the assistant an incoming webhook, a Web API and response URLs; for staff a channel with buttons.

local crypto = require "host.crypto"
local db = require "host.db"
local jobs = require "host.jobs"
local json = require "host.json"
local task = require "host.task"
local time = require "host.time"
local form = require "channels.slack.form"
local common = require "stand_ins.common"
local faults = require "stand_ins.faults"
local limits = require "stand_ins.slack.limits"

local M = {}

local channel_id = "C0SANDBOX"
local response_url_ms, response_url_uses = 30 * 60 * 1000, 5

local function text_answer(status, text, headers)
  headers = headers or {}
  headers["Content-Type"] = "text/html"
  return { status = status, headers = headers, body = text }
end

local function encoded(blocks) return blocks ~= nil and json.encode(blocks) or nil end

---Adds a message to the channel. Its ts is its name from then on.
local function post(message, via, user, ephemeral)
  local ts = ("%d.%06d"):format(time.now_ms() // 1000, common.next("slack") % 1000000)
  db.run("INSERT INTO sandbox_slack(ts, thread_ts, via, user, ephemeral, text, blocks, at) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
    ts, message.thread_ts, via, user, ephemeral and 1 or 0, message.text or "", encoded(message.blocks), time.now_ms())
  return ts
end

local function update(ts, message)
  return db.run("UPDATE sandbox_slack SET text = ?, blocks = ?, updates = updates + 1 WHERE ts = ?", message.text or "",
    encoded(message.blocks), ts) > 0
end

-- ---- what the assistant calls --------------------------------------------------------------------------------------

local refusals = {
  ["429"] = { 429, "rate_limited", { ["Retry-After"] = "1" } },
  ["500"] = { 500, "rollup_error" }, ["404"] = { 404, "no_service" }, ["403"] = { 403, "action_prohibited" },
  ["410"] = { 410, "channel_is_archived" }, ["400"] = { 400, "invalid_blocks" },
}

---Waits or refuses when a fault says so. Returns the refusal.
local function meet_fault(request)
  local fault = faults.meet("slack", request.body)
  if not fault then return nil end
  if fault.kind == "slow" then task.sleep(fault.delay_ms or 3000) end
  if fault.kind == "http" then return faults.page(fault) end
  local refusal = refusals[fault.kind]
  return refusal and text_answer(table.unpack(refusal))
end

---POST /sandbox/slack/webhook: answers "ok" without a ts, like Slack.
function M.webhook(request)
  local refusal = meet_fault(request)
  if refusal then return refusal end
  local message = json.decode(request.body, { null_as_nil = true })
  if type(message) ~= "table" then return text_answer(400, "invalid_payload") end
  local problem = limits.check(message)
  if problem then return text_answer(400, problem) end
  post(message, "webhook")
  return text_answer(200, "ok")
end

local methods = {}

methods["auth.test"] = function()
  return { ok = true, url = common.here(), team = "Sandbox", team_id = "T0SANDBOX", user = "assistant", user_id = "UASSISTANT",
    bot_id = "BASSISTANT" }
end

methods["chat.postMessage"] = function(message)
  local ts = post(message, "api")
  return { ok = true, channel = channel_id, ts = ts, message = { ts = ts, text = message.text, bot_id = "BASSISTANT" } }
end

methods["chat.postEphemeral"] = function(message)
  return { ok = true, message_ts = post(message, "api", message.user, true) }
end

methods["chat.update"] = function(message)
  local row = db.one("SELECT via FROM sandbox_slack WHERE ts = ?", tostring(message.ts))
  if not row then return { ok = false, error = "message_not_found" } end
  if row.via ~= "api" then return { ok = false, error = "cant_update_message" } end
  update(message.ts, message)
  return { ok = true, channel = channel_id, ts = message.ts, text = message.text }
end

-- The channel must be ours. A bot that runs elsewhere names a channel that only it knows; then any channel's id is one.
local function lost(message)
  local wanted = common.setting("SLACK_CHANNEL_ID")
  if type(message.channel) ~= "string" or not message.channel:match("^[CGD]%w+$") or wanted and message.channel ~= wanted then
    return "channel_not_found"
  end
  return nil
end

---POST /sandbox/slack/api/*: answers 200 with ok true or false.
function M.api(request)
  local refusal = meet_fault(request)
  if refusal then return refusal end
  local method = methods[request.path:match("^/sandbox/slack/api/([%w%.]+)$")]
  if not method then return common.ok { ok = false, error = "unknown_method" } end
  if not common.bearer(request, common.setting("SLACK_BOT_TOKEN")) then
    return common.ok { ok = false, error = request.headers.authorization and "invalid_auth" or "not_authed" }
  end
  local message
  if (request.headers["content-type"] or ""):find("urlencoded", 1, true) then
    message = form.decode(request.body)
    if message and message.blocks then message.blocks = json.decode(message.blocks) end
  else
    message = json.decode(request.body ~= "" and request.body or "{}", { null_as_nil = true })
  end
  if type(message) ~= "table" then return common.ok { ok = false, error = "invalid_json" } end
  local problem = method ~= methods["auth.test"] and (lost(message) or limits.check(message))
  if problem then return common.ok { ok = false, error = problem } end
  return common.ok(method(message))
end

---POST /sandbox/slack/response/*: works five times within thirty minutes.
function M.response(request)
  local token = request.path:match("^/sandbox/slack/response/(%w+)$")
  local url = token and db.one("SELECT * FROM sandbox_response_urls WHERE token = ?", token)
  if not url then return text_answer(404, "used_url") end
  if url.uses >= response_url_uses or url.at < time.now_ms() - response_url_ms then return text_answer(404, "expired_url") end
  local refusal = meet_fault(request)
  if refusal then return refusal end
  local message = json.decode(request.body, { null_as_nil = true })
  if type(message) ~= "table" then return text_answer(400, "invalid_payload") end
  db.run("UPDATE sandbox_response_urls SET uses = uses + 1 WHERE token = ?", token)
  if message.delete_original then
    db.run("DELETE FROM sandbox_slack WHERE ts = ?", url.ts)
    return text_answer(200, "ok")
  end
  local problem = limits.check(message)
  if problem then return text_answer(400, problem) end
  if message.replace_original then update(url.ts, message) else post(message, "response", nil, message.response_type ~= "in_channel") end
  return text_answer(200, "ok")
end

-- ---- what staff do -------------------------------------------------------------------------------------------------

---Signs a body as Slack does and posts it to the assistant. Returns what common.post returns.
local function send(path, body, content_type, headers)
  local stamp = tostring(time.now_ms() // 1000)
  local secret = common.setting("SLACK_SIGNING_SECRET") or "sandbox-signing"
  local all = {
    ["Content-Type"] = content_type, ["User-Agent"] = "Slackbot 1.0 (+https://api.slack.com/robots)",
    ["X-Slack-Request-Timestamp"] = stamp,
    ["X-Slack-Signature"] = "v0=" .. crypto.hex(crypto.hmac_sha256(secret, "v0:" .. stamp .. ":" .. body)),
  }
  for name, value in pairs(headers or {}) do all[name] = value end
  return common.post { path = path, headers = all, body = body, timeout_ms = 3000, once = true }
end

local form_type = "application/x-www-form-urlencoded"

---The result for the caller of the control API. Slack shows a warning when the answer is late or not 200.
local function outcome(answer, why)
  if not answer then return common.ok { warning = true, error = why } end
  return common.ok { warning = answer.status ~= 200, status = answer.status, ms = answer.ms, body = answer.body }
end

---The message with this button: the requested one, else the newest.
local function find_button(action_id, value, ts)
  for _, row in ipairs(db.all("SELECT * FROM sandbox_slack WHERE blocks IS NOT NULL ORDER BY seq DESC LIMIT 500")) do
    if not ts or row.ts == ts then
      for _, button in ipairs(limits.buttons(json.decode(row.blocks))) do
        if button.action_id == action_id and (value == nil or button.value == value) then return row, button end
      end
    end
  end
  return nil
end

local function response_url(ts)
  local token = crypto.hex(crypto.sha256("response" .. common.next("response_url"))):sub(1, 24)
  db.run("INSERT INTO sandbox_response_urls(token, ts, at) VALUES(?, ?, ?)", token, ts, time.now_ms())
  return common.here() .. "/sandbox/slack/response/" .. token
end

---POST /sandbox/slack/press {"action_id": "take_over_chat", "value": "14165551234", "user": "maria"}: presses a button.
---values: what is typed in the message's boxes, as Slack gives it: {block_id: {action_id: {type, value}}}.
---Slack posts a click once and never repeats it, so it is no job, and the caller sees the result.
M.press = common.control(function(wish)
  local action_id = wish.action_id or "take_over_chat"
  local row, button = find_button(action_id, wish.value, wish.ts)
  -- A person clicks a button that their screen still shows although the card has changed.
  if not row and wish.stale then row, button = { ts = wish.ts or "1.1", text = "", blocks = "[]" }, { value = wish.value } end
  if not row then return { status = 404, json = { error = "no message in the channel has this button" } } end
  local user = tostring(wish.user or "maria")
  local stamp = ("%d.%06d"):format(time.now_ms() // 1000, time.now_ms() % 1000 * 1000)
  local payload = {
    type = "block_actions", user = { id = "U" .. user:upper():gsub("[^%w]", ""), username = user, name = user, team_id = "T0SANDBOX" },
    api_app_id = "A0SANDBOX", token = "sandbox", container = { type = "message", message_ts = row.ts, channel_id = channel_id,
      is_ephemeral = false },
    trigger_id = stamp .. ".1", team = { id = "T0SANDBOX", domain = "sandbox" }, enterprise = json.null, is_enterprise_install = false,
    channel = { id = channel_id, name = "quotes" }, message = { ts = row.ts, text = row.text, blocks = json.decode(row.blocks) },
    state = { values = type(wish.values) == "table" and wish.values or {} }, response_url = response_url(row.ts),
    actions = { {
      action_id = action_id, block_id = button.block_id or "b1", type = "button", text = button.text, value = button.value,
      style = button.style, action_ts = stamp,
    } },
  }
  return outcome(send("/slack/interactive", common.form_encode { payload = json.encode(payload) }, form_type))
end)

---POST /sandbox/slack/command {"command": "/assistant", "text": "status", "user": "maria"}
M.command = common.control(function(wish)
  local user = tostring(wish.user or "maria")
  local anchor = post({ text = tostring(wish.command or "/assistant") .. " " .. tostring(wish.text or "") }, "staff", user, true)
  local body = common.form_encode {
    token = "sandbox", team_id = "T0SANDBOX", team_domain = "sandbox", channel_id = channel_id, channel_name = "quotes",
    user_id = "U" .. user:upper():gsub("[^%w]", ""), user_name = user, command = wish.command or "/assistant", text = wish.text or "",
    api_app_id = "A0SANDBOX", trigger_id = anchor .. ".1", response_url = response_url(anchor),
  }
  return outcome(send("/slack/commands", body, form_type))
end)

---POST /sandbox/slack/say {"text": "We can come tomorrow", "thread_ts": "…", "user": "maria"}: staff write in the channel.
M.say = common.control(function(wish)
  if type(wish.text) ~= "string" or wish.text == "" then return common.bad("text is missing") end
  local user = tostring(wish.user or "maria")
  local ts = post(wish, "staff", user)
  jobs.put { kind = "sandbox_slack_event", lane = "sandbox:slack", payload = {
    body = json.encode {
      token = "sandbox", team_id = "T0SANDBOX", api_app_id = "A0SANDBOX", type = "event_callback",
      event_id = "Ev" .. ts:gsub("%.", ""), event_time = time.now_ms() // 1000,
      event = {
        type = "message", user = "U" .. user:upper():gsub("[^%w]", ""), text = limits.escape(wish.text), ts = ts,
          thread_ts = wish.thread_ts,
        channel = channel_id, channel_type = "channel", client_msg_id = crypto.uuid(),
      },
    },
  } }
  return common.ok { ts = ts }
end)

---Job: posts an event, with up to three retries like Slack; seconds take the place of its minutes.
function M.event_job(job)
  local headers = job.attempts > 0 and { ["X-Slack-Retry-Num"] = tostring(job.attempts), ["X-Slack-Retry-Reason"] = "http_error" } or nil
  local _, why = send("/slack/events", job.payload.body, "application/json", headers)
  if not why or job.attempts >= 3 then return nil end
  return jobs.retry(({ 0, 1000, 5000 })[job.attempts + 1], why)
end

---All messages of the channel, oldest first.
function M.messages()
  local list = json.array()
  for _, row in ipairs(db.all("SELECT * FROM (SELECT * FROM sandbox_slack ORDER BY seq DESC LIMIT 500) ORDER BY seq")) do
    list[#list + 1] = {
      ts = row.ts, thread_ts = row.thread_ts, via = row.via, user = row.user, ephemeral = row.ephemeral == 1, text = row.text,
      blocks = row.blocks and json.decode(row.blocks), updates = row.updates, at = time.iso(row.at),
    }
  end
  return list
end

---GET /sandbox/slack/channel
function M.channel() return common.ok { channel = channel_id, messages = M.messages() } end

return M
