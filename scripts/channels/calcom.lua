-- Receives Cal.com's events about visits. calcom/event reads an event, flow/booking judges it, records/bookings stores it, calcom/news
-- tells the customer and staff.

local booking_flow = require "flow.booking"
local bookings = require "records.bookings"
local conversations = require "records.conversations"
local db = require "host.db"
local reader = require "channels.calcom.event"
local identities = require "records.identities"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local json = require "host.json"
local left_over = require "records.left_over"
local leads = require "staff.leads"
local log = require "host.log"
local mask = require "mask"
local metrics = require "host.metrics"
local news = require "channels.calcom.news"
local owner = require "owner"
local settings = require "host.settings"
local signature = require "channels.signature"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local SIGNATURE = "x-cal-signature-256"
local OK = { status = 200, headers = { ["Content-Type"] = "text/plain" }, body = "" }

local MINUTE_MS = 60000
local LATE_MS = 30 * MINUTE_MS
local LEAST_AHEAD_MS = 120 * MINUTE_MS
local WAKING, SLEEPING = 8, 21 -- hours of the day, in the business's time zone, between which a late reminder can be sent

---Is Cal.com's webhook configured? Without the secret nothing it posts can be believed, so the route does not exist.
---@return boolean
function M.on()
  return settings.get("CALCOM_WEBHOOK_SECRET") ~= nil
end

---POST /calcom/webhook: stores signed bytes unchanged, and answers 200 when they are durable. Cal.com signs with bare lower-case hex
---and tries only once, so what we refuse is lost.
---@param request host.Request
---@return host.Response
function M.receive(request)
  local given = request.headers[SIGNATURE]
  if not given or request.repeated_headers[SIGNATURE] or not given:find("^[0-9a-f]+$") then return signature.UNAUTHORIZED end
  if not signature.any(settings.get("CALCOM_WEBHOOK_SECRET"), request.body, given) then return signature.UNAUTHORIZED end
  inbox.put("calcom", request.body)
  return OK
end

-- ---- whose booking is it? ------------------------------------------------------------------------------------------

-- Only the mark of the link that a chat was sent puts a booking into that chat. A number proves nothing, because anybody can type
-- another person's number into the booking page, and we would write to that person. A later event finds the booking by its id, by the
-- mark, or by time and attendee, because a payload template may leave out the id in one event and not in the next.

local NO_UID = "at:" -- how our own id begins for a booking whose id we do not know

-- Does the event put a visit in the place of another?
local function replaces(event) return event.kind == "moved" or event.old_uid ~= nil end

-- An event that names the id of its visit is about that one, or about one whose id we do not know.
local function could_be(event, row)
  local id = event.uid
  if replaces(event) then id = event.old_uid end
  return not id or row.uid:sub(1, #NO_UID) == NO_UID
end

-- The visit of this chat that the event is about: the one at that time. For a moved or ended visit also the chat's only one, whatever its
-- time; of two none, because nothing is guessed.
local function of_chat(event, conversation, at, now)
  local row = at and bookings.at(conversation.id, at)
  if row and could_be(event, row) then return row end
  if row or not replaces(event) and not booking_flow.is_over(event.kind) then return nil end
  local found
  for _, one in ipairs(bookings.all_standing(conversation.id, now)) do
    if could_be(event, one) then
      if found then return nil end
      found = one
    end
  end
  return found
end

local function is_attendee(event, row)
  for _, phone in ipairs(event.phones) do
    if phone == row.phone or row.conversation_id and identities.any(phone) == row.conversation_id then return true end
  end
  return event.name ~= nil and row.name ~= nil and event.name:lower() == row.name:lower()
end

-- The only visit of that attendee at that time; when the event names no attendee, the only visit at that time.
local function of_attendee(event, at)
  local nobody, found = #event.phones == 0 and not event.name, nil
  for _, row in ipairs(at and bookings.all_at(at) or {}) do
    if could_be(event, row) and (nobody or is_attendee(event, row)) then
      if found then return nil end
      found = row
    end
  end
  return found
end

-- The booking that an event is about when its id is not known here.
local function about(event, conversation, now)
  local at = event.start_at
  if replaces(event) then at = event.old_start_at end
  if conversation then return of_chat(event, conversation, at, now) end
  return of_attendee(event, at)
end

-- ---- the day before ------------------------------------------------------------------------------------------------

local function reminder_at(start_at)
  return time.from_zoned(booking_flow.day_before(time.zoned(start_at), owner.business.booking.reminder_at))
end

local function forget_reminder(row)
  if not row or not row.reminder_job then return end
  jobs.cancel(row.reminder_job)
  bookings.set_reminder(row.id, nil)
end

-- A requested or booked visit gets a reminder; one made after the reminder's time gets none. When the job runs, it checks whether the
-- owner wants reminders.
local function plan_reminder(row, now)
  forget_reminder(row)
  if row.state ~= "booked" or not row.conversation_id then return end
  local run_at = reminder_at(row.start_at)
  if run_at <= now then return end
  bookings.set_reminder(row.id, jobs.put { kind = "reminder", unique = "reminder:" .. tostring(row.id), run_at = run_at,
    payload = { booking = row.id, start_at = row.start_at } })
end

-- When a reminder that is late (the service was down) can still be sent: now, later this morning, or not at all (nil).
local function belated(now, due, start_at)
  local at = time.zoned(now)
  if now - due < LATE_MS or at.hour >= WAKING and at.hour < SLEEPING then return now end
  local morning = time.from_zoned { year = at.year, month = at.month, day = at.hour < WAKING and at.day or at.day + 1, hour = WAKING }
  return start_at - morning >= LEAST_AHEAD_MS and morning or nil
end

-- Everything is read again now: the visit may be over or moved, and the owner may have switched reminders off or to another hour.
local function remind(job)
  local row, now = bookings.get(job.payload.booking), time.now_ms()
  if not row or row.state ~= "booked" or row.start_at ~= job.payload.start_at then return nil end
  local conversation = row.conversation_id and conversations.get(row.conversation_id)
  local due = reminder_at(row.start_at)
  if due > now + MINUTE_MS then return jobs.later(due, "the reminder's hour was changed") end
  bookings.set_reminder(row.id, nil)
  if not conversation or not owner.business.booking.reminder then return nil end
  if now >= row.start_at then return log.info("booking.reminder_missed", { to = mask(conversation.id) }) end
  local at = belated(now, due, row.start_at)
  if not at then
    return tell.word(conversation, "the service was down when the reminder for " .. news.when(row.start_at)
      .. " was due. It was not sent at night.")
  elseif at > now then
    bookings.set_reminder(row.id, job.id)
    return jobs.later(at, "not at night")
  end
  local outcome, told = news.customer(conversation, { key = "booking_reminder", template = "reminder", start_at = row.start_at })
  if not told then
    tell.word(conversation, "a reminder is due for the on-site assessment on " .. news.when(row.start_at) .. ". " .. outcome)
  end
  log.info("booking.reminder", { to = mask(conversation.id), told = told })
end

---The job that reminds a customer the day before.
---@param job host.jobs.Job payload.booking, payload.start_at
function M.remind(job)
  local outcome = db.transaction(remind, job)
  return type(outcome) == "table" and outcome or nil
end

-- ---- what an event changes -----------------------------------------------------------------------------------------

-- A moved visit is a new booking at Cal.com. Its old row is over now, although Cal.com's own event about it may come later.
local function supersede(event, found)
  local old = found.old
  local uid = old and old.uid or event.old_uid
  if not uid or old and old.state == "moved" then return end
  forget_reminder(old)
  local conversation = found.conversation
  bookings.put { uid = uid, conversation_id = old and old.conversation_id or conversation and conversation.id, state = "moved",
    start_at = not old and event.old_start_at or nil, event_at = found.at, name = old and old.name, phone = old and old.phone }
end

local function apply(event, found)
  local conversation, row, at = found.conversation, found.row, found.at
  local old_start_at = found.old and found.old.start_at or event.old_start_at or row and row.start_at
  local saved = bookings.put {
    uid = found.uid, conversation_id = conversation and conversation.id, state = booking_flow.state_of(event.kind),
    start_at = event.start_at, end_at = event.end_at, event_at = at, name = event.name, phone = event.phones[1],
  }
  metrics.add("assistant_bookings_total", 1, { event = event.kind })
  plan_reminder(saved, time.now_ms())
  if event.kind ~= "moved" or old_start_at == saved.start_at then old_start_at = nil end
  log.info("booking." .. event.kind, { conversation = conversation and mask(conversation.id), matched = conversation ~= nil })
  if not conversation then
    local theirs = event.phones[1] and identities.any(event.phones[1])
    return news.unmatched(event, saved.start_at, old_start_at, theirs ~= nil)
  end
  if saved.state == "booked" then leads.changed(conversation.id, "booked", { start_at = saved.start_at }) end
  tell.refresh(conversation.id)
  local outcome = "It came before the database was restored, so nothing is sent to them now."
  if (saved.end_at or saved.start_at) <= time.now_ms() then
    outcome = "That time is over, so nothing was sent to them."
  elseif not found.left_over then
    outcome = news.customer(conversation, { key = event.kind, template = event.kind, start_at = saved.start_at,
      old_start_at = old_start_at, page_language = event.page_language })
  end
  news.staff(conversation, event, saved.start_at, old_start_at, outcome)
end

-- The row of this event's booking, and the row of the booking that it replaces.
local function rows_of(event, conversation, now)
  local row = event.uid and bookings.by_uid(event.uid)
  local old = event.old_uid and bookings.by_uid(event.old_uid)
  if old and not event.uid then -- moved, but without a new id: it keeps its id
    event.old_uid = nil
    return old, nil
  elseif row or old then
    return row, old
  end
  local known = about(event, conversation, now)
  local id = event.old_uid or not replaces(event) and event.uid
  if known and id then known = bookings.learn_uid(known.id, id) end
  if known and replaces(event) and event.uid then return nil, known end
  if known then event.old_uid = nil end -- moved without a new id, as above
  return known, nil
end

-- Looks up everything that the event needs.
local function find(event, received_at)
  local conversation = event.token and conversations.by_token(event.token)
  local row, old = rows_of(event, conversation, received_at)
  local known = row or old -- whose chat counts more than a mark: anybody can move a visit with another link
  conversation = known and known.conversation_id and conversations.get(known.conversation_id) or conversation or nil
  local uid = event.uid or row and row.uid
  if not uid and event.start_at then
    uid = NO_UID .. ("%s:%d"):format(conversation and conversation.id or "?" .. (event.phones[1] or event.name or ""), event.start_at)
    row = bookings.by_uid(uid) or conversation and event.made_at and bookings.ended(conversation.id, event.start_at) or nil
  end
  return { conversation = conversation, row = row, old = old, uid = uid, at = event.made_at or received_at,
    left_over = left_over.is(received_at) }
end

---The inbox's reader: one event of the booking page. An event that cannot be read is kept for staff; other kinds are skipped.
---@param row host.inbox.Row
function M.read(row)
  local event, why, other = reader.event(row.body, json, time)
  if other then return log.info("booking.other_event", { event = other }) end
  if not event then return inbox.park(why) end
  local found = find(event, row.received_at)
  inbox.about(found.conversation and found.conversation.id)
  local start_at = event.start_at or found.row and found.row.start_at
  if not found.uid or not start_at then
    return inbox.park("a booking (" .. event.kind .. ") without a time that can be read: look at it on the booking page")
  end
  local verdict = booking_flow.judge(found.row, event)
  supersede(event, found)
  if verdict ~= "apply" then return log.info("booking.repeated", { event = event.kind, why = verdict }) end
  apply(event, found)
end

-- What a webhook holds about one person: all of it when its booking is theirs, otherwise nothing.
---@param body string
---@param ids table<string, boolean> the person's names
---@param theirs {tokens: table<string, boolean>, bookings: table<string, boolean>}
---@return table[] parts
local function parts(body, ids, theirs)
  local event = reader.event(body, json, time)
  if not event then return {} end
  local found = theirs.tokens[event.token or ""] or theirs.bookings[event.uid or ""]
    or theirs.bookings[event.old_uid or ""]
  for _, phone in ipairs(event.phones) do found = found or ids[phone] end
  return found and { json.decode(body, { null_as_nil = true }) or body } or {}
end

M.raw = { parts = parts } -- finds a person in the bytes of a webhook (person/)

return M
