-- Cal.com: its word that a customer booked, moved or cancelled. Signed with the bare hex of the HMAC.

local crypto = require "host.crypto"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local time = require "host.time"
local common = require "sandbox.common"
local meta = require "sandbox.meta"

local M = {}

local events = { BOOKING_CREATED = "ACCEPTED", BOOKING_RESCHEDULED = "ACCEPTED", BOOKING_CANCELLED = "CANCELLED" }

---POST /sandbox/booking {"event": "BOOKING_CREATED", "metadata": {…}, "name": "Pat", "email": "pat@example.com"}
function M.post(request)
  local wish, refusal = common.object(request)
  if not wish then return refusal end
  if not common.setting("CALCOM_WEBHOOK_SECRET") then return common.bad("CALCOM_WEBHOOK_SECRET is not set: the assistant's POST /calcom/webhook is off") end
  local event = wish.event or "BOOKING_CREATED"
  if not events[event] then return common.bad("event is one of BOOKING_CREATED, BOOKING_RESCHEDULED, BOOKING_CANCELLED") end
  local number = common.next("booking")
  local start = wish.start_ms or time.now_ms() + 2 * 24 * 3600 * 1000
  local attendee = { name = wish.name or "Pat Doe", email = wish.email or "pat@example.com", timeZone = "America/Toronto", language = { locale = "en" } }
  local body = json.encode {
    triggerEvent = event, createdAt = time.iso(time.now_ms()),
    payload = {
      uid = wish.uid or "sandbox" .. number, bookingId = number, type = "assessment", title = "On-site assessment", startTime = time.iso(start),
      endTime = time.iso(start + 30 * 60 * 1000), status = events[event], length = 30, eventTypeId = 1, metadata = wish.metadata or {},
      organizer = { name = "ClearoutSpaces", email = "team@example.com", timeZone = "America/Toronto" }, attendees = { attendee },
      responses = { name = { label = "your_name", value = attendee.name } }, rescheduleUid = wish.reschedule_uid, cancellationReason = wish.reason,
    },
  }
  jobs.put { kind = "sandbox_booking", lane = "sandbox:booking", payload = { body = body } }
  return common.ok { uid = wish.uid or "sandbox" .. number }
end

---Job: posts it, and again a few times.
function M.deliver(job)
  local signature = crypto.hex(crypto.hmac_sha256(common.setting("CALCOM_WEBHOOK_SECRET"), job.payload.body))
  local answer, problem = http.request {
    method = "POST", url = common.target() .. "/calcom/webhook", body = job.payload.body, timeout_ms = 10000,
    headers = { ["Content-Type"] = "application/json", ["X-Cal-Signature-256"] = signature },
  }
  meta.remember("/calcom/webhook", answer, problem)
  if answer and answer.status == 200 or job.attempts >= 5 then return nil end
  return jobs.retry(1000, problem and tostring(problem) or "status " .. answer.status)
end

return M
