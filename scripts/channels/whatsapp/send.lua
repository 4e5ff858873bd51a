-- The job that sends one stored message: checks again whether it can be sent, sends it, and stores the result (answers.lua).

local access = require "channels.whatsapp.access"
local answers = require "channels.whatsapp.answers"
local clock = require "ops.clock"
local codes = require "channels.whatsapp.codes"
local conversations = require "records.conversations"
local db = require "host.db"
local forms = require "channels.whatsapp.forms"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local media = require "host.media"
local messages = require "records.messages"
local metrics = require "host.metrics"
local numbers = require "records.numbers"
local offers = require "records.offers"
local pace = require "channels.whatsapp.pace"
local plain = require "language.text"
local settings = require "host.settings"
local templates = require "channels.whatsapp.templates"
local tell = require "staff.tell"
local time = require "host.time"
local turns = require "records.turns"
local window = require "records.window"

local M = {}

local STALE_MS = 30 * 60000
local UPLOAD_MS = 120000 -- a file of 100 MB
local MACHINE = { model = true, scripted = true }
local AFTER_STOP = { staff = true, opt_out = true }
local SHORT_LIVED = { paused = true, opt_out = true } -- an answer that is worth nothing to anybody later
local OPEN = { queued = true, sending = true, unknown = true }

local function url(what)
  return plain.trim_end(settings.get("META_GRAPH_URL"), "[/]") .. "/" .. settings.get("META_PHONE_NUMBER_ID") .. what
end

local function authorization()
  return { Authorization = "Bearer " .. settings.get("META_ACCESS_TOKEN") }
end

local function drop(message, now, why)
  messages.set_state(message.id, "dropped", now, why)
  log.info("whatsapp.dropped", { to = mask(message.conversation_id), message = message.id, why = why })
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
  local stale = now - time.parse(message.created_at) > STALE_MS
  if message.blocked_at then
    drop(message, now, "blocked")
    return false
  end
  if message.opted_out == 1 and not AFTER_STOP[message.kind] then
    drop(message, now, "opted out")
    return false
  end
  -- Staff withdrew the quote while a try was under way, which WhatsApp then refused.
  local offer = message.kind == "staff" and message.form and offers.of_message(message.id)
  if offer and offer.state == "withdrawn" then
    drop(message, now, "withdrawn")
    return false
  end
  if message.status == "PAUSED" and machine then
    messages.set_state(message.id, "draft", now, "taken over")
    local conversation = conversations.get(message.conversation_id)
    if message.state ~= "unknown" then tell.draft(conversation, message.content) end
    return false
  end
  local closed = not window.is_open(message, now, window.off_ms(message.clock_off))
  if message.kind == "nudge" and (message.last_seq > message.seq or message.status == "PAUSED" or closed or stale) then
    drop(message, now, "the reminder is no longer due")
    return false
  end
  if message.form then message.form = json.decode(message.form) end
  if closed and not (message.form and message.form.type == "template") then
    if SHORT_LIVED[message.kind] then
      drop(message, now, "24 hours are over")
      return false
    end
    message.form = not (machine and stale) and templates.instead(message) or nil
    if not message.form then return false, answers.fail(message, now, "131047 window closed", codes.advice(templates.CLOSED)) end
  end
  if machine and stale then
    plan_anew(message, now)
    return false
  end
  return true
end

-- Nothing, or when the message can go at the earliest, and why.
local function too_early(message, now)
  local may, at, why = access.may_try(message, now)
  if not may then return at, why end
  at = pace.held(message, now)
  if at then return at, "WhatsApp asked to wait" end
  return pace.wait(message.paced_at, now), "one message in 6 seconds to one person"
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
  local at, why = too_early(message, now)
  if at then return nil, jobs.later(at, why) end
  messages.opened(message.id, now, pace.after(message.paced_at, now))
  return message
end

local function body_of(message)
  local body = { messaging_product = "whatsapp", recipient_type = "individual", biz_opaque_callback_data = message.id }
  if message.form then
    forms.write(body, message.form, message.content)
  else
    body.type, body.text = "text", { body = message.content, preview_url = message.content:find("https?://") ~= nil }
  end
  if message.reply_to then body.context = { message_id = message.reply_to } end
  -- The name that they last wrote from; rows of older versions have none.
  message.to = message.write_to or message.phone_number ~= "" and message.phone_number or message.conversation_id
  body[message.to:find("%D") and "recipient" or "to"] = message.to
  return body
end

function M.start()
  numbers.start(settings.get("META_PHONE_NUMBER_ID"))
  access.start(time.now_ms())
end

-- A file that WhatsApp does not have yet is uploaded first; its id is stored, so that another try does not upload it again.
---@async
---@return string? kind of the answer; nil: it is there
---@return table? detail
local function upload(message)
  local form = message.form
  if not form or form.type ~= "media" or form.id then return nil end
  if not media.bytes(form.hash) then return "permanent", { why = "the file is gone", text = "the file is not here any more" } end
  local kind, detail = answers.uploaded(http.request {
    method = "POST", url = url "/media", headers = authorization(), timeout_ms = UPLOAD_MS, max_bytes = 65536,
    form_data = { { name = "messaging_product", value = "whatsapp" }, { name = "type", value = form.mime },
      { name = "file", file = form.hash, filename = form.name or form.kind, type = form.mime } },
  })
  if kind then return kind, detail end
  form.id = detail.id
  messages.set_form(message.id, json.encode(form))
  return nil
end

---@async
local function post(message)
  local kind, detail = upload(message)
  if kind then return kind, detail end
  local response, err = http.request {
    method = "POST", url = url "/messages", headers = authorization(), json = body_of(message),
    timeout_ms = settings.get("SEND_TIMEOUT_MS"), once = true, max_bytes = 65536,
  }
  clock.heard(response, message.clock_off == nil)
  return answers.sort(response, err)
end

-- The step after the answer.
local function finish(job, message, kind, detail)
  return answers.finish(job, message, kind, detail, time.now_ms())
end

-- Sends one message.
---@async
function M.run(job)
  local message, outcome = db.transaction(prepare, job)
  if not message then return outcome end
  local kind, detail = post(message)
  metrics.add("assistant_sends_total", 1, { outcome = kind })
  return db.transaction(finish, job, message, kind, detail)
end

-- Shows "read" and "typing…" on the customer's phone. Nobody waits for it, and a failure is ignored.
---@async
function M.typing(wamid)
  http.request {
    method = "POST", url = url "/messages", headers = authorization(), lane = "typing", timeout_ms = 5000, max_bytes = 65536,
    json = { messaging_product = "whatsapp", status = "read", message_id = wamid, typing_indicator = { type = "text" } },
  }
end

return M
