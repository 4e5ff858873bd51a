-- Reads what the Graph API answers to a send, and stores what follows: accepted, in doubt, again later, or dead.

local access = require "channels.whatsapp.access"
local circuits = require "records.circuits"
local codes = require "channels.whatsapp.codes"
local conversations = require "records.conversations"
local forms = require "channels.whatsapp.forms"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local offers = require "records.offers"
local pace = require "channels.whatsapp.pace"
local plain = require "language.text"
local settings = require "host.settings"
local statuses = require "channels.whatsapp.statuses"
local templates = require "channels.whatsapp.templates"
local tell = require "staff.tell"
local whose = require "channels.whatsapp.whose"

local M = {}

-- The meaning of a refusal: the code decides, the HTTP status only without one.
local function refusal(body, status)
  local fault = type(body.error) == "table" and body.error or {}
  local code = codes.number(fault.code)
  return codes.class(code, status), { code = code, why = code and ("%d"):format(code) or "HTTP " .. status,
    text = type(fault.message) == "string" and plain.clip(fault.message, 200) or nil }
end

---The meaning of an answer: its kind, and details.
---@param response? host.http.Response
---@param err? host.http.Error
---@return "accepted"|"unknown"|"unsent"|"transient"|"auth"|"permanent" kind
---@return {why?: string, code?: integer, text?: string, wamid?: string, contacts?: any,
---  held?: boolean, cancelled?: boolean, after_ms?: integer} detail
function M.sort(response, err)
  if not response then
    return err.sent and "unknown" or "unsent", { why = err.kind, cancelled = err.kind == "cancelled" }
  end
  local body = json.decode(response.body, { null_as_nil = true })
  body = type(body) == "table" and body or {}
  if response.status < 200 or response.status > 299 then
    local kind, detail = refusal(body, response.status)
    detail.after_ms = pace.asked_ms(response)
    return kind, detail
  end
  local first = type(body.messages) == "table" and body.messages[1]
  local wamid = type(first) == "table" and type(first.id) == "string" and first.id ~= "" and #first.id <= 512 and first.id
  if wamid then return "accepted", { wamid = wamid, contacts = body.contacts,
    held = first.message_status == "held_for_quality_assessment" or first.message_status == "paused" } end
  return "unknown", { why = "HTTP " .. response.status .. " without an id" }
end

---The answer to an upload. Without one nothing was sent to anybody, so it is simply done again.
---@return string? kind nil: it worked
---@return table detail with id when it worked
function M.uploaded(response, err)
  if not response then return "unsent", { why = err.kind, cancelled = err.kind == "cancelled" } end
  local body = json.decode(response.body, { null_as_nil = true })
  local id = type(body) == "table" and response.status >= 200 and response.status <= 299 and body.id
  if type(id) == "string" and id:find("^%d+$") and #id <= 64 then return nil, { id = id } end
  if response.status <= 299 then return "unsent", { why = "HTTP " .. response.status .. " without an id of the file" } end
  return M.sort(response)
end

---Fails a message for good: its row says why, staff get the text and the reason, the job is kept as dead.
---@param message table
---@param now integer ms
---@param why string
---@param words string for staff, with a full stop
function M.fail(message, now, why, words)
  messages.set_state(message.id, "failed", now, why)
  if message.kind == "staff" then
    offers.failed(message.id, now)
    tell.state(message.id)
    tell.refresh(message.conversation_id)
  end
  local conversation = conversations.get(message.conversation_id)
  if conversation then tell.word(conversation, "a message could not be sent: " .. words .. " The text was:", message.content) end
  log.warn("whatsapp.failed", { to = mask(message.conversation_id), message = message.id, why = why })
  return jobs.dead(why)
end

local FINISH = {}
local HELD = "held for quality assessment"

-- row: what stood there before; nil: it is stored already, and nothing came meanwhile.
function FINISH.accepted(message, detail, now, _, row)
  if row then
    messages.accepted(message.id, row, detail.wamid, now, detail.held and HELD or nil)
    if row.circuit_open == 1 then access.granted(now) end
  end
  tell.said(message.conversation_id, message.id)
  if message.kind == "staff" then statuses.staff_arrived(message, now) end
  if log.on "info" then
    log.info(detail.held and "whatsapp.held_for_quality" or "whatsapp.sent", { to = mask(message.conversation_id), message = message.id })
  end
  local conversation = detail.held and conversations.get(message.conversation_id)
  if conversation then
    tell.word(conversation, "WhatsApp holds a message back and looks at its quality first. It may come later or never, so call them when"
      .. " it matters. The text is:", message.content)
  end
  if row and row.early == 1 then statuses.catch_up(message.id, detail.wamid, now) end
  whose.answered(message.conversation_id, message.to, detail.contacts, now)
end

function FINISH.unknown(message, detail, now)
  messages.set_state(message.id, "unknown", now, detail.why)
  log.warn("whatsapp.unknown", { to = mask(message.conversation_id), message = message.id, why = detail.why })
  return jobs.later(now + settings.get("SEND_GRACE_MS"), "waits for its status")
end

function FINISH.unsent(message, detail, now, job)
  messages.set_state(message.id, "queued", now, detail.why)
  if detail.cancelled then return jobs.later(now, "called back") end
  return jobs.retry(pace.backoff_ms(settings.get("RETRY_BASE_MS"), job.attempts), detail.why)
end

function FINISH.transient(message, detail, now, job)
  messages.set_state(message.id, "queued", now, detail.why)
  log.info("whatsapp.again", { to = mask(message.conversation_id), message = message.id, attempt = job.attempts + 1, code = detail.why })
  local wait_ms = pace.backoff_ms(settings.get("RETRY_BASE_MS"), job.attempts, detail.code, detail.after_ms)
  pace.hold_all(detail.code, now + wait_ms)
  return jobs.retry(wait_ms, detail.why)
end

function FINISH.auth(message, detail, now)
  messages.set_state(message.id, "queued", now, detail.why)
  access.refused(message, detail.why, now)
  return jobs.later(now + circuits.PROBE_MS, access.words(detail.why))
end

-- Meta does not take what stands beside the words: buttons, or a message to quote that is gone. The words go without it.
local function without_form(message, code)
  local form = message.form
  if not codes.FORM[code] or not (form and forms.has_plain_text(form)) and (form or not message.reply_to) then return false end
  messages.words_alone(message.id)
  return true
end

function FINISH.permanent(message, detail, now)
  if without_form(message, detail.code) then
    log.warn("whatsapp.words_alone", { to = mask(message.conversation_id), message = message.id, why = detail.why })
    messages.set_state(message.id, "queued", now, detail.why)
    return jobs.later(now, "WhatsApp does not take its form, so the words go alone")
  end
  if detail.code == templates.CLOSED and templates.instead(message) then
    messages.set_state(message.id, "queued", now, detail.why)
    return jobs.later(now, "24 hours are over, so it goes as a template")
  end
  return M.fail(message, now, detail.why, codes.advice(detail.code, detail.text))
end

---Stores what an answer means. A status that came meanwhile counts more than the answer.
---@param job host.jobs.Job
---@param message table
---@param kind string as `M.sort` gave it
---@param detail table
---@param now integer ms
function M.finish(job, message, kind, detail, now)
  if kind == "accepted" and not detail.held and messages.just_accepted(message.id, detail.wamid, now) then
    return FINISH.accepted(message, detail, now)
  end
  local row = messages.after_send(message.id, detail.wamid)
  if not row then return nil end
  if row.state == "queued" then -- a status was faster than the answer, and asks for another try
    messages.set_state(message.id, row.state, row.state_at, row.error)
    return jobs.later(now)
  elseif row.state ~= "sending" and kind ~= "accepted" then
    messages.set_state(message.id, row.state, row.state_at, row.error)
    return nil
  end
  return FINISH[kind](message, detail, now, job, row)
end

return M
