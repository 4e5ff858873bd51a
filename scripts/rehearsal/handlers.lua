-- Calls each handler that main.lua names once, for `assistant check`: routes, readers, jobs, timers, commands, status, notices.
-- The host goes through the list twice. First every request to the outside fails, then each is answered with 200 and {}. A handler
-- that throws is a mistake in both cases.

local bookings = require "records.bookings"
local cases = require "records.cases"
local client = require "brain.client"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local main = require "main"
local messages = require "records.messages"
local owner = require "owner"
local settings = require "host.settings"
local task = require "host.task"
local tell = require "staff.tell"
local text = require "language.text"
local time = require "host.time"
local url = require "host.url"
local whatsapp = require "channels.whatsapp"
local wire = require "rehearsal.wire"

local M = {}

local HOUR_MS = 3600000
local VISIT_MS = 6 * HOUR_MS -- from now; the reminder of a visit so near is always due
local MODEL_MS = 300 -- too short for a second try
local OPENS = 3 -- this many failures in a row open the model's circuit

local function job(kind, payload)
  local now = time.now_ms()
  return { id = 0, kind = kind, payload = payload, attempts = 0, crashes = 0, created_at = now, run_at = now, orphan = false,
    error = "tried by check" }
end

local function call(name, body, headers, query)
  local handler, method, path = main.routes[name], name:match("^(%S+) (%S+)$")
  if handler then
    handler { method = method, path = path, query = query or {}, repeated = {}, headers = headers or {}, repeated_headers = {},
      body = body or "", id = "check", remote = "127.0.0.1", header = function(self, wanted) return self.headers[wanted], false end }
  end
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
  local users, team = settings.get("SLACK_ALLOWED_USERS"), settings.get("SLACK_TEAM_ID")
  local payload = json.encode { type = "block_actions", user = { id = users and users[1] or "U0", username = "check" },
    team = team and { id = team }, api_app_id = settings.get("SLACK_APP_ID"), actions = { { action_id = action, value = id } } }
  from_slack("POST /slack/interactive", "payload=" .. url.encode(payload))
end

local function run(kind, payload)
  local handler = main.jobs[kind]
  if handler then handler.run(job(kind, payload)) end
end

-- A customer with unanswered messages.
local function writer(stage, texts)
  local customer = stage:newcomer("Ann")
  stage:write(customer, texts or { "I have a couch" })
  return customer
end

-- A customer with an unanswered message and a card for staff.
local function meet(stage)
  local customer = writer(stage, { "I have a couch", "12 Main St" })
  local conversation = conversations.get(customer.id)
  tell.card(conversation, "asked")
  return conversation, cases.current(customer.id)
end

-- ---- what is posted to us --------------------------------------------------------------------------------------------

-- Lets the reader of this name read a body.
local function read(name, value, at)
  local reader = main.inbox[name]
  if reader then db.transaction(reader, { id = 0, body = json.encode(value), received_at = at or time.now_ms(), place = 0, most = 100 }) end
end

-- A webhook of WhatsApp with one message that has these fields instead of a text.
local function posted(customer, id, fields)
  local body = wire.body(customer, id, "x")
  local item = body.entry[1].changes[1].value.messages[1]
  item.text = nil
  for name, value in pairs(fields) do item[name] = value end
  return body
end

-- Everything else that customers do, and the statuses of what we sent.
local function read_whatsapp(stage)
  local customer = stage:newcomer("Ann")
  read("whatsapp", posted(customer, "wamid.check.1", { text = { body = "I have a couch" } }))
  read("whatsapp", posted(customer, "wamid.check.2", { type = "image", image = { id = "1" } }))
  read("whatsapp", posted(customer, "wamid.check.3", { type = "edit",
    edit = { original_message_id = "wamid.check.1", message = { type = "text", text = { body = "I have two" } } } }))
  read("whatsapp", posted(customer, "wamid.check.4", { type = "revoke", revoke = { original_message_id = "wamid.check.1" } }))
  read("whatsapp", posted(customer, "wamid.check.5", { type = "system", system = { type = "user_changed_number" } }))
  stage:write(customer, { "I have a couch" })
  main.jobs.turn.failed(job("turn", { conversation = customer.id }))
  for _, sent in ipairs(messages.queued(customer.id)) do
    local failed = { id = "wamid.check.out", status = "failed", biz_opaque_callback_data = sent.id,
      errors = { { code = 131026, title = "tried by check" } } }
    read("whatsapp", { entry = { { changes = { { field = "messages", value = { statuses = { failed } } } } } } })
  end
  stage:write(customer, { "STOP", "START" })
end

-- Cal.com's events about the visits of a chat, and one about a visit that belongs to no chat.
local function read_calcom(stage)
  local conversation = meet(stage)
  local token = conversations.set_token(conversation.id, crypto.hex(crypto.random(12)))
  local now = time.now_ms()
  local function said(event, uid, fields)
    local payload = { uid = uid, startTime = time.iso(now + VISIT_MS), metadata = { conv = token }, attendees = { { name = "Ann" } } }
    for name, value in pairs(fields or {}) do payload[name] = value end
    read("calcom", { triggerEvent = event, payload = payload })
  end
  said("BOOKING_REQUESTED", "check-1")
  said("BOOKING_REJECTED", "check-1")
  said("BOOKING_CREATED", "check-2")
  local row = bookings.by_uid("check-2")
  if row then run("reminder", { booking = row.id, start_at = row.start_at }) end
  said("BOOKING_RESCHEDULED", "check-3", { rescheduleUid = "check-2" })
  said("BOOKING_CANCELLED", "check-3")
  said("BOOKING_CREATED", "check-4", { metadata = {} })
end

-- ---- the model -------------------------------------------------------------------------------------------------------

-- A turn that asks the model. When nobody answers, a turn would wait long, so then only the client is asked, until the circuit opens.
local function ask_model(stage, answered)
  if answered then
    main.jobs.turn.run(job("turn", { conversation = writer(stage).id }))
  else
    local model = client.new { prices = owner.business.model_prices, prices_known = false }
    for _ = 1, OPENS do
      model:ask({ { role = "user", content = "hello" } }, { deadline = time.monotonic_ms() + MODEL_MS, calls = { n = 0 } })
    end
    run("probe", { provider = "model" }) -- in the second round the probe succeeds, and the turn asks the model
  end
end

-- ---- the list --------------------------------------------------------------------------------------------------------

local LIST = {
  { "the verification of the webhook", function()
    local token = settings.get("META_VERIFY_TOKEN")
    call("GET /whatsapp/webhook", nil, nil, { ["hub.mode"] = "subscribe", ["hub.verify_token"] = token, ["hub.challenge"] = "1" })
  end },
  { "a message's webhook", function(stage)
    local body = json.encode(wire.body(stage:newcomer(), "wamid.check", "hello"))
    call("POST /whatsapp/webhook", body, { ["x-hub-signature-256"] = "sha256=" .. hmac("META_APP_SECRET", body) })
  end },
  { "the reading of a message", read_whatsapp },
  { "a booking's webhook", function()
    local body = '{"triggerEvent":"PING"}'
    call("POST /calcom/webhook", body, { ["x-cal-signature-256"] = hmac("CALCOM_WEBHOOK_SECRET", body) })
  end },
  { "the reading of a booking", read_calcom },
  { "a click in Slack", function(stage)
    local conversation = meet(stage)
    for _, action in ipairs { "take_over_chat", "keep_paused", "resume_chat" } do click(action, conversation.id) end
  end },
  { "an event of Slack", function() from_slack("POST /slack/events", '{"type":"url_verification","challenge":"1"}') end },
  { "a command of Slack", function() from_slack("POST /slack/commands", "command=%2Fassistant&text=help") end },
  { "the sending of a message", function(stage)
    local customer = writer(stage)
    main.jobs.turn.failed(job("turn", { conversation = customer.id }))
    for _, message in ipairs(messages.queued(customer.id)) do run("send", { message = message.id }) end
  end },
  { "the posting of a card", function(stage)
    local conversation, case = meet(stage)
    run("slack", { what = "card", case = case.id })
    run("slack", { what = "follow_up", case = case.id })
    run("slack", { what = "control", conversation = conversation.id })
    run("slack", { what = "words", text = "tried by check" })
  end },
  { "the probe of the model", function() run("probe", { provider = "model" }) end },
  { "the call of the model", ask_model },
  { "the start", function() if main.start then main.start() end end },
  { "a turn that is too late", function(stage)
    local customer = stage:newcomer("Ann")
    read("whatsapp", wire.body(customer, "wamid." .. crypto.uuid(), "I have a couch"), time.now_ms() - 25 * HOUR_MS)
    main.jobs.turn.run(job("turn", { conversation = customer.id }))
  end },
  { "the reminder of an open question", function(stage)
    local customer = writer(stage)
    run("nudge", { conversation = customer.id, seq = 1, asked_at = time.now_ms() - 23 * HOUR_MS, question = "Any stairs?" })
  end },
  { "the typing indicator", function() whatsapp.typing("wamid.check") end },
  { "the notices to staff", function(stage)
    local conversation = meet(stage)
    for _, event in ipairs { "not_loaded", "parked", "reload_failed", "reloaded", "rolled_back", "script_errors", "versions_unread" } do
      if main.notice then main.notice { event = event, message = "tried by check", count = 1 } end
    end
    for kind in pairs(main.jobs) do
      local dead = job(kind, { conversation = conversation.id, message = "none", booking = 0, what = "text", text = "" })
      if main.notice then main.notice { event = "job_dead", message = "tried by check", job = dead } end
    end
  end },
  { "the status", function()
    if main.status then main.status(true) main.status(false) end
    if main.gauges then main.gauges() end
  end },
  { "the preparation of a start", function() if main.prepare then main.prepare() end end },
}

-- Handlers that are all called in the same way.
local function add(kind, all, fn)
  for _, name in ipairs(text.sorted_names(all or {})) do
    LIST[#LIST + 1] = { kind .. " " .. name, function(stage) fn(all[name], name, stage) end }
  end
end

add("the request", main.routes, function(_, name) call(name) end)
add("the job", main.jobs, function(handler, name, stage)
  local tried = job(name, { conversation = meet(stage).id, message = "none", booking = 0, what = "text", text = "tried by check" })
  if name ~= "turn" then handler.run(tried) end
  if handler.failed then handler.failed(tried) end
end)
add("the timer", main.every, function(timer, name) timer.run(job(name, {})) end)
add("the command", main.commands, function(command, _, stage)
  command.run { meet(stage).id }
  command.run {}
end)

-- Calls the handlers of one entry. "" means that the list is at its end.
---@async
---@param answered boolean whether requests to the outside are answered
function M.run(stage, number, answered)
  local entry = LIST[number]
  if not entry then return "" end
  stage.doing = entry[1] .. " was tried"
  entry[2](stage, answered)
  task.sleep(0) -- lets the tasks run that it spawned
  return "more"
end

return M
