-- What main.lua names and no story reaches, called once each for `assistant check`: routes, jobs, timers, what status and staff are
-- told. Nobody is outside, so every request to WhatsApp or Slack fails; a handler that throws is a mistake all the same.

local cases = require "records.cases"
local crypto = require "host.crypto"
local json = require "host.json"
local main = require "main"
local messages = require "records.messages"
local settings = require "host.settings"
local slack = require "channels.slack"
local conversations = require "records.conversations"
local time = require "host.time"
local wire = require "rehearsal.wire"

local M = {}

local function request(name, body, headers)
  local method, path = name:match("^(%S+) (%S+)$")
  return { method = method, path = path, query = {}, repeated = {}, headers = headers or {}, repeated_headers = {}, body = body or "",
    id = "check", remote = "127.0.0.1" }
end

local function job(kind, payload)
  local now = time.now_ms()
  return { id = 0, kind = kind, payload = payload, attempts = 0, crashes = 0, created_at = now, run_at = now, orphan = false,
    error = "tried by check" }
end

local function call(name, body, headers, query)
  local handler, asked = main.routes[name], request(name, body, headers)
  asked.query = query or {}
  if handler then handler(asked) end
end

local function hmac(setting, bytes)
  local secret = settings.get(setting)
  return crypto.hex(crypto.hmac_sha256(type(secret) == "table" and secret[1] or secret, bytes))
end

local function from_slack(name, body)
  local stamp = tostring(time.now_ms() // 1000)
  local signature = "v0=" .. hmac("SLACK_SIGNING_SECRET", "v0:" .. stamp .. ":" .. body)
  call(name, body, { ["x-slack-request-timestamp"] = stamp, ["x-slack-signature"] = signature })
end

local function click(action, id)
  local payload = json.encode { type = "block_actions", user = { id = "U0", username = "check" },
    actions = { { action_id = action, value = id } } }
  from_slack("POST /slack/interactive", "payload=" .. payload:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function run(kind, payload)
  local handler = main.jobs[kind]
  if handler then handler.run(job(kind, payload)) end
end

-- A customer whose message waits for its turn, with a card for staff.
local function meet(stage)
  local customer = stage:newcomer("Ann")
  stage:write(customer, { "I have a couch", "12 Main St" })
  local conversation = conversations.get(customer.id)
  slack.card(conversation, "asked")
  return conversation, cases.current(customer.id)
end

local LIST = {
  { "the verification of the webhook", function()
    local token = settings.get("META_VERIFY_TOKEN")
    call("GET /whatsapp/webhook", nil, nil, { ["hub.mode"] = "subscribe", ["hub.verify_token"] = token, ["hub.challenge"] = "1" })
  end },
  { "a message's webhook", function(stage)
    local body = json.encode(wire.body(stage:newcomer(), "wamid.check", "hello"))
    call("POST /whatsapp/webhook", body, { ["x-hub-signature-256"] = "sha256=" .. hmac("META_APP_SECRET", body) })
  end },
  { "a click in Slack", function(stage)
    local conversation = meet(stage)
    for _, action in ipairs { "take_over_chat", "keep_paused", "resume_chat" } do click(action, conversation.id) end
  end },
  { "an event of Slack", function() from_slack("POST /slack/events", '{"type":"url_verification","challenge":"1"}') end },
  { "a command of Slack", function() from_slack("POST /slack/commands", "command=%2Fassistant&text=help") end },
  { "the sending of a message", function(stage)
    local customer = stage:newcomer()
    stage:write(customer, { "I have a couch" })
    main.jobs.turn.failed(job("turn", { conversation = customer.id }))
    for _, message in ipairs(messages.queued(customer.id)) do run("send", { message = message.id }) end
  end },
  { "the posting of a card", function(stage)
    local conversation, case = meet(stage)
    run("slack", { what = "card", case = case.id })
    run("slack", { what = "follow_up", case = case.id })
    run("slack", { what = "control", conversation = conversation.id })
    run("slack", { what = "text", text = "tried by check" })
  end },
  { "the reminder of a visit", function() run("reminder", { booking = "none" }) end },
  { "the telling of staff", function(stage)
    local conversation = meet(stage)
    for _, event in ipairs { "parked", "reload_failed", "reloaded", "rolled_back", "script_errors" } do
      if main.notice then main.notice { event = event, message = "tried by check", count = 1 } end
    end
    for kind in pairs(main.jobs) do
      local dead = job(kind, { conversation = conversation.id, message = "none", booking = "none", what = "text", text = "" })
      if main.notice then main.notice { event = "job_dead", message = "tried by check", job = dead } end
    end
  end },
  { "the status", function()
    if main.status then main.status(true) main.status(false) end
    if main.gauges then main.gauges() end
  end },
  { "the export of a chat", function(stage)
    local conversation = meet(stage)
    if main.commands.export then main.commands.export.run { conversation.id } end
  end },
}
for name, timer in pairs(main.every or {}) do
  LIST[#LIST + 1] = { "the timer " .. name, function() timer.run(job(name, {})) end }
end

-- Calls the handlers of one entry. "": there are no more.
---@async
function M.run(stage, number)
  local entry = LIST[number]
  if not entry then return "" end
  stage.doing = entry[1] .. " was tried"
  entry[2](stage)
  return "more"
end

return M
