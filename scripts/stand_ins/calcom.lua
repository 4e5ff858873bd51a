-- Plays Cal.com: a page with free times, and webhooks about visits that were booked, moved or cancelled. A webhook is signed with
-- the bare hex of the HMAC and tried at most three times, because Cal.com does not repeat it for days.

local crypto = require "host.crypto"
local db = require "host.db"
local jobs = require "host.jobs"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local plain = require "language.text"

local M = {}

local most_tries = 3
local length_min = 30
local hour_ms = 3600 * 1000
-- The times that the page offers, in the business's time zone, Monday to Saturday.
local hours = { { 9, 0 }, { 10, 30 }, { 13, 0 }, { 14, 30 }, { 16, 0 } }
local days_shown = 10

local statuses = {
  BOOKING_CREATED = "ACCEPTED", BOOKING_RESCHEDULED = "ACCEPTED", BOOKING_CANCELLED = "CANCELLED", BOOKING_REQUESTED = "PENDING",
  BOOKING_REJECTED = "REJECTED",
}

-- ---- the webhook ---------------------------------------------------------------------------------------------------

local function offset_min(ms) return time.zoned(ms).offset_min end

local function answer(label, value) return { label = label, value = value, isHidden = false } end

---Cal.com's payload for a booking {uid, id, start_at, name, email, phone, metadata}.
local function payload_of(event, booking)
  local start, stop = booking.start_at, booking.start_at + length_min * 60000
  local name, email = booking.name, booking.email or "no-email@example.com"
  local organizer = {
    id = 1, name = "ClearoutSpaces", email = "team@example.com", username = "clearoutspaces", timeZone = "America/Toronto",
    language = { locale = "en" }, timeFormat = "h:mma", utcOffset = offset_min(start),
  }
  local attendee = {
    name = name, firstName = "", lastName = "", email = email, timeZone = "America/Toronto", language = { locale = booking.locale or "en" },
    utcOffset = offset_min(start), phoneNumber = booking.phone,
  }
  local responses = {
    name = answer("your_name", name), email = answer("email_address", email), notes = { label = "additional_notes", isHidden = false },
    guests = { label = "additional_guests", value = json.array(), isHidden = false },
    location = answer("location", { optionValue = "", value = "inPerson" }),
    attendeePhoneNumber = booking.phone and answer("phone_number", booking.phone) or nil,
  }
  return {
    type = "assessment", title = "On-site assessment between ClearoutSpaces and " .. name, description = "", additionalNotes = "",
    customInputs = {}, startTime = time.iso(start), endTime = time.iso(stop), organizer = organizer, responses = responses,
    userFieldsResponses = {}, attendees = { attendee }, location = "On site", destinationCalendar = json.null, hideCalendarNotes = false,
    requiresConfirmation = event == "BOOKING_REQUESTED", eventTypeId = 1, seatsShowAttendees = true, seatsPerTimeSlot = json.null,
    uid = booking.uid, bookingId = booking.id, eventTitle = "On-site assessment", eventDescription = "", price = 0, currency = "cad",
    length = length_min, status = statuses[event], metadata = booking.metadata or {},
    rescheduleUid = booking.reschedule_uid, rescheduleId = booking.reschedule_id,
    rescheduleStartTime = booking.reschedule_start and time.iso(booking.reschedule_start) or nil,
    rescheduleEndTime = booking.reschedule_start and time.iso(booking.reschedule_start + length_min * 60000) or nil,
    cancellationReason = event == "BOOKING_CANCELLED" and booking.reason or nil,
    rejectionReason = event == "BOOKING_REJECTED" and booking.reason or nil,
    requestReschedule = event == "BOOKING_CANCELLED" and booking.another_time or nil,
  }
end

local function enqueue(body)
  jobs.put { kind = "sandbox_booking", lane = "sandbox:booking", payload = { body = body } }
end

local function tell(event, booking)
  enqueue(json.encode { triggerEvent = event, createdAt = time.iso(time.now_ms()), payload = payload_of(event, booking) })
end

---A handler of the control API that posts webhooks.
local function control(fn)
  return common.control(function(wish)
    if common.setting("CALCOM_WEBHOOK_SECRET") then return fn(wish) end
    return common.bad("CALCOM_WEBHOOK_SECRET is not set: the assistant's POST /calcom/webhook is off")
  end)
end

---POST /sandbox/booking {"event": "BOOKING_CREATED", "metadata": {…}, "name": "Pat", "email": "pat@example.com", "phone": "+1416…",
---"uid": …, "start_ms": …, "reschedule_uid": …, "reason": …}: posts a webhook of Cal.com, whatever the calendar holds.
---{"webhook": anything} is posted unchanged and signed, like the result of an owner's payload template.
M.post = control(function(wish)
  if wish.webhook ~= nil then
    enqueue(type(wish.webhook) == "string" and wish.webhook or json.encode(wish.webhook))
    return common.ok {}
  end
  local event = wish.event or "BOOKING_CREATED"
  if not statuses[event] then return common.bad("event is one of " .. table.concat(plain.sorted_names(statuses), ", ")) end
  local number = common.next("booking")
  local uid = wish.uid or "sandbox" .. number
  tell(event, {
    uid = uid, id = number, start_at = wish.start_ms or time.now_ms() + 48 * hour_ms, name = wish.name or "Pat Doe",
    email = wish.email or "pat@example.com", phone = wish.phone, metadata = wish.metadata, locale = wish.locale, reason = wish.reason,
    reschedule_uid = wish.reschedule_uid, reschedule_start = wish.reschedule_start_ms, another_time = wish.request_reschedule,
  })
  return common.ok { uid = uid }
end)

---Job: posts the webhook, with a few retries.
function M.deliver(job)
  local signature = crypto.hex(crypto.hmac_sha256(common.setting("CALCOM_WEBHOOK_SECRET"), job.payload.body))
  local _, why = common.post { path = "/calcom/webhook", body = job.payload.body, timeout_ms = 10000,
    headers = { ["Content-Type"] = "application/json", ["X-Cal-Signature-256"] = signature } }
  if not why or job.attempts + 1 >= most_tries then return nil end
  return jobs.retry(1000, why)
end

-- ---- the page ------------------------------------------------------------------------------------------------------

---GET /sandbox/book/*: the booking page. The user and the kind of visit in the address do not matter.
function M.page() return common.page("scripts/stand_ins/calcom/book.html") end

local day_names = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" }
local month_names = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
  "December" }

local function day_label(at) return ("%s, %s %d"):format(day_names[at.wday], month_names[at.month], at.day) end

local function clock_label(at) return ("%d:%02d %s"):format((at.hour + 11) % 12 + 1, at.min, at.hour < 12 and "AM" or "PM") end

local function public(row)
  if not row then return nil end
  local at = time.zoned(row.start_at)
  return {
    uid = row.uid, state = row.state, start_ms = row.start_at, name = row.name, moved_to = row.moved_to,
    day = day_label(at), clock = clock_label(at),
  }
end

local function find(uid) return type(uid) == "string" and db.one("SELECT * FROM sandbox_bookings WHERE uid = ?", uid) or nil end

---The days from tomorrow on, with their free times.
local function free_days()
  local taken, days = {}, json.array()
  for _, row in ipairs(db.all("SELECT start_at FROM sandbox_bookings WHERE state = 'ACCEPTED'")) do taken[row.start_at] = true end
  local today = time.zoned(time.now_ms())
  for ahead = 1, 30 do
    local noon = time.from_zoned { year = today.year, month = today.month, day = today.day + ahead, hour = 12 }
    local day = time.zoned(noon)
    if day.wday ~= 7 and #days < days_shown then
      local slots = json.array()
      for _, at in ipairs(hours) do
        local start = time.from_zoned { year = day.year, month = day.month, day = day.day, hour = at[1], min = at[2] }
        if not taken[start] then slots[#slots + 1] = { start_ms = start, clock = clock_label(time.zoned(start)) } end
      end
      days[#days + 1] = { day = day_label(day), wday = day_names[day.wday]:sub(1, 3), date = day.day,
        month = month_names[day.month]:sub(1, 3), slots = slots }
    end
  end
  return days
end

---GET /sandbox/bookings?uid=…: the free times, and the booking of this uid.
function M.calendar(request)
  return common.ok { days = free_days(), zone = time.zoned(time.now_ms()).zone, booking = public(find(request.query.uid)) }
end

local function text_of(value) return type(value) == "string" and value:find("%S") and value:sub(1, 200) or nil end

---POST /sandbox/bookings {"start_ms": …, "name": …, "email": …, "phone": …, "metadata": {…}, "reschedule_uid": …}: books like the page.
M.book = control(function(wish)
  local old = find(wish.reschedule_uid)
  if wish.reschedule_uid and (not old or old.state ~= "ACCEPTED") then return common.bad("this booking cannot be moved any more") end
  local name = text_of(wish.name) or old and old.name
  if not name then return common.bad("a name is needed") end
  if math.type(wish.start_ms) ~= "integer" then return common.bad("start_ms is a time in milliseconds") end
  if db.one("SELECT 1 AS yes FROM sandbox_bookings WHERE state = 'ACCEPTED' AND start_at = ?", wish.start_ms) then
    return common.bad("somebody else has just taken this time: pick another")
  end
  local metadata = type(wish.metadata) == "table" and wish.metadata or {}
  local booking = {
    uid = crypto.base64(crypto.random(24)):gsub("[^%w]", ""):sub(1, 22), id = common.next("booking"), start_at = wish.start_ms, name = name,
    email = text_of(wish.email) or old and old.email, phone = text_of(wish.phone) or old and old.phone, metadata = metadata,
  }
  db.run([[INSERT INTO sandbox_bookings(id, uid, state, start_at, name, email, phone, metadata, at)
    VALUES(?, ?, 'ACCEPTED', ?, ?, ?, ?, ?, ?)]],
    booking.id, booking.uid, booking.start_at, name, booking.email, booking.phone, json.encode(metadata), time.now_ms())
  if old then
    db.run("UPDATE sandbox_bookings SET state = 'CANCELLED', moved_to = ? WHERE uid = ?", booking.uid, old.uid)
    booking.reschedule_uid, booking.reschedule_id, booking.reschedule_start = old.uid, old.id, old.start_at
  end
  tell(old and "BOOKING_RESCHEDULED" or "BOOKING_CREATED", booking)
  return common.ok { booking = public(find(booking.uid)) }
end)

---POST /sandbox/bookings/cancel {"uid": …, "reason": …, "request_reschedule": true}: cancels. With the last field it does what the
---team's "request reschedule" does.
M.cancel = control(function(wish)
  if not text_of(wish.uid) then return common.bad("uid is missing: name the booking's uid") end
  local row = find(wish.uid)
  if not row then return common.bad("there is no booking with this uid") end
  if row.state ~= "ACCEPTED" then return common.bad("this booking is cancelled or was moved") end
  db.run("UPDATE sandbox_bookings SET state = 'CANCELLED' WHERE uid = ?", row.uid)
  tell("BOOKING_CANCELLED", {
    uid = row.uid, id = row.id, start_at = row.start_at, name = row.name, email = row.email, phone = row.phone,
    reason = text_of(wish.reason), another_time = wish.request_reschedule == true,
  })
  return common.ok { booking = public(find(row.uid)) }
end)

return M
