-- The job that sends one stored message: checks again whether it can be sent, sends it, and stores the result.

local circuits = require "records.circuits"
local clock = require "ops.clock"
local codes = require "channels.whatsapp.codes"
local conversations = require "records.conversations"
local db = require "host.db"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local plain = require "language.text"
local metrics = require "host.metrics"
local numbers = require "records.numbers"
local say = require "channels.whatsapp.say"
local settings = require "host.settings"
local statuses = require "channels.whatsapp.statuses"
local tell = require "staff.tell"
local time = require "host.time"
local turns = require "records.turns"
local window = require "records.window"

local M = {}

local MINUTE_MS = 60000
local STALE_MS = 30 * MINUTE_MS
local BACKOFF_MOST_MS = 10 * MINUTE_MS
local MACHINE = { model = true, scripted = true }
local AFTER_STOP = { staff = true, opt_out = true }
local OPEN = { queued = true, sending = true, unknown = true }

local function url()
  return plain.trim_end(settings.get("META_GRAPH_URL"), "[/]") .. "/" .. settings.get("META_PHONE_NUMBER_ID") .. "/messages"
end

local function authorization()
  return { Authorization = "Bearer " .. settings.get("META_ACCESS_TOKEN") }
end

local function drop(message, now, why)
  messages.set_state(message.id, "dropped", now, why)
  log.info("whatsapp.dropped", { to = mask(message.conversation_id), message = message.id, why = why })
end

-- Gives a message up for good: its row says why, staff get the text and the reason, the job is kept as dead.
local function fail(message, now, why, words)
  messages.set_state(message.id, "failed", now, why)
  local conversation = conversations.get(message.conversation_id)
  if conversation then tell.word(conversation, "a message could not be sent: " .. words .. " The text was:", message.content) end
  log.warn("whatsapp.failed", { to = mask(message.conversation_id), message = message.id, why = why })
  return jobs.dead(why)
end

-- A reply that waited too long is not sent. What it answered is unanswered again, and a new turn answers it.
local function plan_anew(message, now)
  drop(message, now, "older than 30 minutes, planned again")
  conversations.unanswer(message.conversation_id, messages.answered_before(message.conversation_id, message.seq), now)
  turns.enqueue(message.conversation_id)
end

-- Can this message be sent now? Returns true, or false and what the job returns.
local function may_say(message, now)
  local machine = MACHINE[message.kind]
  if message.opted_out == 1 and not AFTER_STOP[message.kind] then
    drop(message, now, "opted out")
    return false
  end
  if message.status == "PAUSED" and machine then
    messages.set_state(message.id, "draft", now, "taken over")
    local conversation = conversations.get(message.conversation_id)
    if message.state ~= "unknown" then tell.draft(conversation, message.content) end
    return false
  end
  message.closed = not window.is_open(message.inbound_at, now)
  if message.kind == "nudge" and (message.last_seq > message.seq or message.status == "PAUSED" or message.closed
    or now - time.parse(message.created_at) > STALE_MS) then
    drop(message, now, "the reminder is no longer due")
    return false
  end
  if message.closed and not message.template then
    return false, fail(message, now, "131047 window closed", codes.advice(131047))
  end
  if machine and now - time.parse(message.created_at) > STALE_MS then
    plan_anew(message, now)
    return false
  end
  return true
end

-- What the circuit says: true to send, otherwise when to try again. One send per minute can probe.
local function may_try(message, now)
  if message.circuit_open ~= 1 then return true end
  local open, circuit, changed = circuits.is_open("whatsapp", settings.get("META_ACCESS_TOKEN"))
  if changed then M.wake_held(now) end
  if not open then return true end
  if circuits.probe("whatsapp", now) then return true end
  messages.hold(message.id, message.conversation_id)
  return false, math.max(circuit.probe_at, now + 1000)
end

-- The step before the request: reads and writes everything that decides, at once.
local function prepare(job)
  local now = time.now_ms()
  local message = messages.to_send(job.payload.message)
  if not message then return nil end
  if message.state == "failed" and not message.wamid then message.state = "queued" end
  if not OPEN[message.state] then return nil end
  if message.state == "sending" then
    -- Another process or an older generation had it, so it is in doubt whether it left.
    messages.set_state(message.id, "unknown", now, "no answer")
    return nil, jobs.later(now + settings.get("SEND_GRACE_MS"), "waits for its status")
  end
  if message.state == "unknown" and now < message.state_at + settings.get("SEND_GRACE_MS") then
    return nil, jobs.later(message.state_at + settings.get("SEND_GRACE_MS"), "waits for its status")
  end
  local may, outcome = may_say(message, now)
  if not may then return nil, outcome end
  local try, at = may_try(message, now)
  if not try then return nil, jobs.later(at, "WhatsApp refuses our token") end
  messages.opened(message.id, now)
  return message
end

-- An approved template with its values. The platform holds its text; our text says the same.
local function template_of(stored)
  local template, parameters = json.decode(stored), {}
  for i, text in ipairs(template.parameters) do parameters[i] = { type = "text", text = text } end
  return {
    name = template.name, language = { code = template.language },
    components = #parameters > 0 and { { type = "body", parameters = parameters } } or nil,
  }
end

local function body_of(message)
  local body = { messaging_product = "whatsapp", recipient_type = "individual", biz_opaque_callback_data = message.id }
  if message.closed then
    body.type, body.template = "template", template_of(message.template)
  else
    body.type, body.text = "text", { body = message.content, preview_url = message.content:find("https?://") ~= nil }
  end
  if message.phone_number ~= "" then body.to = message.phone_number else body.recipient = message.conversation_id end
  return body
end

-- The meaning of an answer: its kind, and details.
---@return "accepted"|"unknown"|"unsent"|"transient"|"auth"|"permanent" kind
local function sort_answer(response, err)
  if not response then
    return err.sent and "unknown" or "unsent", { why = err.kind, cancelled = err.kind == "cancelled" }
  end
  local body = json.decode(response.body, { null_as_nil = true })
  body = type(body) == "table" and body or {}
  if response.status >= 200 and response.status <= 299 then
    local first = type(body.messages) == "table" and body.messages[1]
    local wamid = type(first) == "table" and type(first.id) == "string" and first.id ~= "" and #first.id <= 512 and first.id
    if wamid then return "accepted", { wamid = wamid } end
    return "unknown", { why = "HTTP " .. response.status .. " without an id" }
  end
  local fault = type(body.error) == "table" and body.error or {}
  local code = math.type(fault.code) == "integer" and fault.code or nil
  local why = code and ("%d"):format(code) or "HTTP " .. response.status
  return codes.class(code, response.status), { code = code, why = why,
    text = type(fault.message) == "string" and plain.clip(fault.message, 200) or nil }
end

-- Runs sends that waited for the circuit, a few per second.
function M.wake_held(now)
  for i, row in ipairs(messages.release(500)) do say.enqueue(row.conversation_id, row.message, now + i) end
end

local function close_circuit(now)
  circuits.close("whatsapp")
  log.info("whatsapp.circuit_closed", {})
  M.wake_held(now)
end

-- At the start of a generation the token or its permissions may be new, so sends that waited are tried at once. With the token that was
-- refused, one send goes first as the probe.
function M.start()
  local now = time.now_ms()
  numbers.start(settings.get("META_PHONE_NUMBER_ID"))
  if circuits.is_open("whatsapp", settings.get("META_ACCESS_TOKEN")) then circuits.due("whatsapp", now) end
  M.wake_held(now)
end

local FINISH = {}

function FINISH.accepted(message, detail, now, _, row)
  messages.accepted(message.id, row, detail.wamid, now)
  if row.circuit_open == 1 then close_circuit(now) end
  log.info("whatsapp.sent", { to = mask(message.conversation_id), message = message.id })
  if row.early == 1 then statuses.catch_up(message.id, detail.wamid, now) end
end

function FINISH.unknown(message, detail, now)
  messages.set_state(message.id, "unknown", now, detail.why)
  log.warn("whatsapp.unknown", { to = mask(message.conversation_id), message = message.id, why = detail.why })
  return jobs.later(now + settings.get("SEND_GRACE_MS"), "waits for its status")
end

function FINISH.unsent(message, detail, now, job)
  messages.set_state(message.id, "queued", now, detail.why)
  if detail.cancelled then return jobs.later(now, "called back") end
  return FINISH.backoff(job, detail)
end

function FINISH.transient(message, detail, now, job)
  messages.set_state(message.id, "queued", now, detail.why)
  log.info("whatsapp.again", { to = mask(message.conversation_id), message = message.id, attempt = job.attempts + 1, code = detail.why })
  return FINISH.backoff(job, detail)
end

function FINISH.backoff(job, detail)
  local wait = math.min(settings.get("RETRY_BASE_MS") * 3 ^ math.min(job.attempts, 12), BACKOFF_MOST_MS)
  wait = math.ceil(wait * (1 + 0.3 * (2 * math.random() - 1)))
  return jobs.retry(math.max(wait, detail.after_ms or 0), detail.why)
end

function FINISH.auth(message, detail, now)
  messages.set_state(message.id, "queued", now, detail.why)
  if circuits.open("whatsapp", detail.why, settings.get("META_ACCESS_TOKEN"), now) then
    tell.alert("whatsapp.auth", ("WhatsApp refuses our access (%s). Answers wait until META_ACCESS_TOKEN works again."):format(detail.why))
  end
  messages.hold(message.id, message.conversation_id)
  return jobs.later(now + circuits.PROBE_MS, "WhatsApp refuses our token: " .. detail.why)
end

function FINISH.permanent(message, detail, now)
  return fail(message, now, detail.why, codes.advice(detail.code, detail.text))
end

-- The step after the answer. A status that came meanwhile counts more than the answer.
local function finish(job, message, kind, detail)
  local now = time.now_ms()
  local row = messages.after_send(message.id, detail.wamid)
  if not row then return nil end
  if row.state ~= "sending" and kind ~= "accepted" then
    messages.set_state(message.id, row.state, row.state_at, row.error)
    if row.state == "queued" then return jobs.later(now) end
    return nil
  end
  return FINISH[kind](message, detail, now, job, row)
end

-- Sends one message.
---@async
function M.run(job)
  local message, outcome = db.transaction(prepare, job)
  if not message then return outcome end
  local response, err = http.request {
    method = "POST", url = url(), headers = authorization(), json = body_of(message),
    timeout_ms = settings.get("SEND_TIMEOUT_MS"), once = true, max_bytes = 65536,
  }
  clock.heard(response)
  local kind, detail = sort_answer(response, err)
  detail.after_ms = circuits.asked_wait_ms(response)
  metrics.add("assistant_sends_total", 1, { outcome = kind })
  return db.transaction(finish, job, message, kind, detail)
end

-- Shows "read" and "typing…" on the customer's phone. Nobody waits for it, and a failure is ignored.
---@async
function M.typing(wamid)
  http.request {
    method = "POST", url = url(), headers = authorization(), lane = "typing", timeout_ms = 5000, max_bytes = 65536,
    json = { messaging_product = "whatsapp", status = "read", message_id = wamid, typing_indicator = { type = "text" } },
  }
end

return M
