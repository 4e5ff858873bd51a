-- Runs before anything is served. When the database is an older copy of itself, it repeats later erasures, and drops messages that
-- are too old to send. Staff get one message about it.

local bookings = require "records.bookings"
local conversations = require "records.conversations"
local db = require "host.db"
local erase = require "person.erase"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local ledger = require "host.ledger"
local left_over = require "records.left_over"
local log = require "host.log"
local messages = require "records.messages"
local people = require "records.people"
local names = require "staff.names"
local pieces = require "person.pieces"
local task = require "host.task"
local tell = require "staff.tell"
local text = require "language.text"
local time = require "host.time"
local window = require "records.window"

local M = {}

local STALE_MS = left_over.STALE_MS
local PIECE = 200
local NAMED = 40 -- this many chats are named in the message to staff
local OPEN = { queued = true, sending = true, unknown = true }

-- ---- erasures ----

-- The ledger's newest line about each person, by keyed mark; and the messages' marks by the time of their erasure.
---@async
local function read_ledger()
  local persons, marks = {}, {}
  for line in pieces(ledger.read, 0) do
    local mark, at, kept = line:match("^p (%x+) (%d+) ([0-3])$")
    local digit = mark and tonumber(kept) or 0
    if mark then persons[mark] = { at = math.tointeger(tonumber(at)), keeps = { opted_out = digit % 2 == 1, blocked = digit >= 2 } } end
    local when, list = line:match("^m (%d+) ([%x,]+)$")
    if when then
      when = math.tointeger(tonumber(when))
      marks[when] = marks[when] or {}
      table.insert(marks[when], list)
    end
  end
  return persons, marks
end

-- The erasures that this database does not hold.
local function missing(persons)
  local list, count = {}, 0
  for mark, person in pairs(persons) do
    local known = people.erased(mark)
    if not known or known.erased_at ~= person.at then
      list[mark] = person
      count = count + 1
    end
  end
  return list, count
end

-- Words of which each webhook holds one.
local IN_WEBHOOKS = { "entry", "changes", "triggerEvent", "payload" }

-- The names in a stored webhook: everything that has the form of a number or of a business-scoped id.
local function named_in(row_id)
  local row, ids, seen = inbox.get(row_id), {}, {}
  local body = (row and row.body or ""):gsub("\\.", "?") -- an escaped sign ends no text: Meta writes "wamid.a\/b"
  for word in body:gmatch('"([^"]+)"') do
    if #word <= 40 and word:find("%d") and not seen[word] then
      seen[word] = true
      for _, id in ipairs(people.ids(word)) do ids[#ids + 1] = id end
    end
  end
  return ids
end

-- The chats of erased people, and erased people without a chat. Every one is looked at, because a mark does not say whose it is. Of some
-- only a stored webhook knows.
---@async
local function whose(list)
  local found, known = {}, {}
  local function some(after)
    local ids = people.ids_after(after, PIECE)
    return ids, #ids == PIECE and ids[PIECE] or nil
  end
  for id in pieces(some, "") do
    local person = list[people.mark(id)]
    if person then found[#found + 1], known[id] = { id = id, person = person }, true end
  end
  local function rows(from) return inbox.find(IN_WEBHOOKS, from) end
  for row_id in pieces(rows, 0) do
    for _, id in ipairs(named_in(row_id)) do
      local person = not known[id] and list[people.mark(id)]
      if person then found[#found + 1], known[id] = { id = id, person = person }, true end
    end
  end
  return found
end

-- Repeats the erasures that the ledger holds and the database does not. Returns how many chats were erased.
---@async
function M.erasures(readers)
  local persons, marks = read_ledger()
  local list, count = missing(persons)
  if count == 0 then return 0 end
  local found, words, chats, counted = whose(list), {}, 0, {}
  for _, one in ipairs(found) do
    if not counted[one.person.at] then chats, counted[one.person.at] = chats + 1, true end -- the names of one chat were erased at one time
    local erasure = erase.rows(one.id, one.person.at, one.person.keeps, readers)
    table.move(erasure.words, 1, #erasure.words, #words + 1, words)
  end
  for mark, person in pairs(list) do
    local known = people.erased(mark)
    if not known or known.erased_at ~= person.at then people.add_mark(mark, person.at, person.keeps) end
    for _, line in ipairs(marks[person.at] or {}) do
      for message in line:gmatch("%x+") do people.add_message_mark(message, person.at) end
    end
    task.sleep(0)
  end
  log.warn("restore.erased", { marks = count, chats = chats })
  return chats
end

-- ---- what is too old -----------------------------------------------------------------------------------------------

local function is_stale(message, now, restored)
  if not message or message.role ~= "assistant" or not OPEN[message.state] then return false end
  local age = now - (time.parse(message.created_at) or now)
  return age >= (restored and STALE_MS or window.OPEN_MS)
end

---@param kind string
---@return fun(): host.jobs.Job? all jobs of this kind that are not dead, for a `for`
local function jobs_of(kind)
  return pieces(function(from) return jobs.list(kind, from) end, 0)
end

-- Drops sends that are too old. In a copy that means half an hour, because the original may have sent them; otherwise WhatsApp's
-- window. Younger ones are sent as usual.
---@async
local function drop_sends(now, restored, chats)
  local dropped = 0
  for job in jobs_of("send") do
    local message = messages.get(job.payload.message)
    if is_stale(message, now, restored) then
      messages.set_state(message.id, "dropped", now, "too old when the service started")
      jobs.erase(job.id)
      chats[message.conversation_id] = true
      dropped = dropped + 1
    end
  end
  return dropped
end

-- Collects the chats of customers who waited in a copy. They may have had their answer since, so nothing automatic is sent to them.
---@async
local function leave_waiting(now, chats)
  for job in jobs_of("turn") do
    local conversation = conversations.get(job.payload.conversation)
    if conversation and (conversation.waiting_since or now) <= now - STALE_MS then chats[conversation.id] = true end
  end
end

-- Drops reminders that were due in a copy. They may have been sent since, or the visit may have been moved or cancelled.
---@return string[] shown the chats
---@async
local function leave_reminders(now)
  local shown = {}
  for job in jobs_of("reminder") do
    local booking = job.run_at <= now - STALE_MS and bookings.get(job.payload.booking)
    if booking then
      jobs.erase(job.id)
      bookings.set_reminder(booking.id, nil)
      local conversation = booking.conversation_id and booking.start_at > now and conversations.get(booking.conversation_id)
      if conversation then shown[#shown + 1] = names.who(conversation) end
    end
  end
  return shown
end

-- Drops what staff wrote in threads long ago and the copy has not sent yet: it may have been sent since.
---@async
local function leave_staff_words(now, chats)
  for job in jobs_of("staff_said") do
    if job.run_at <= now - STALE_MS then
      chats[job.payload.conversation] = true
      jobs.erase(job.id)
    end
  end
end

-- Drops the reminders of open questions in a copy, because the customer may have answered or been reminded since.
---@async
local function leave_nudges()
  for job in jobs_of("nudge") do jobs.erase(job.id) end
end

local function settle(chats, now)
  local ids, shown = text.sorted_names(chats), {}
  for _, id in ipairs(ids) do
    local conversation = conversations.get(id)
    if conversation then
      conversations.answered(id, conversation.last_seq, nil, conversation.asked, now)
      if #shown < NAMED then shown[#shown + 1] = names.who(conversation) end
    end
  end
  return ids, shown
end

---@async
---@return integer dropped
---@return string[] ids of the chats that staff should look at
---@return string[] shown
---@return string[] reminders chats whose reminder of a visit is left out
function M.stale(now, restored)
  local chats = {}
  local dropped = drop_sends(now, restored, chats)
  if restored then
    leave_waiting(now, chats)
    leave_staff_words(now, chats)
    leave_nudges()
  end
  local ids, shown = settle(chats, now)
  return dropped, ids, shown, restored and leave_reminders(now) or {}
end

-- ---- all together --------------------------------------------------------------------------------------------------

local function many(n, one, more) return ("%d %s"):format(n, n == 1 and one or more) end

-- The first NAMED of them, and how many more there are.
local function named(shown, count)
  return table.concat(shown, ", ", 1, math.min(#shown, NAMED)) .. (count > NAMED and (" and %d more."):format(count - NAMED) or ".")
end

local function summary(restored, erased, dropped, ids, shown, reminders)
  local words = { restored and "The service started with another copy of its database (was it restored?)."
    or "The service started with old work in its database." }
  if erased > 0 then
    words[#words + 1] = many(erased, "erased chat that the copy still held was", "erased chats that the copy still held were")
      .. " erased again."
  end
  if #ids > 0 then
    words[#words + 1] = many(dropped, restored and "reply older than 30 minutes was" or "reply older than a day was",
      restored and "replies older than 30 minutes were" or "replies older than a day were")
      .. " not sent, and nothing is sent to these chats until they write again. Please look at them: " .. named(shown, #ids)
  end
  if #reminders > 0 then
    words[#words + 1] = many(#reminders, "reminder of a visit was", "reminders of visits were") .. " due meanwhile and not sent. "
      .. "Look at the booking page for these visits: " .. named(reminders, #reminders)
  end
  return table.concat(words, " ")
end

-- What main.lua's `prepare` calls.
---@async
---@param readers person.Readers
function M.prepare(readers)
  local now, restored = time.now_ms(), db.restored()
  local erased = M.erasures(readers)
  if people.unscrubbed() then
    db.durable()
    local pages, problem = db.scrub()
    if pages then people.scrubbed(now) else log.warn("erase.not_clean", { why = problem }) end
  end
  local dropped, ids, shown, reminders = M.stale(now, restored)
  if #ids == 0 and erased == 0 and #reminders == 0 then return end
  log.warn("restore.stale", { restored = restored, sends = dropped, chats = #ids, erased = erased })
  tell.alert("restore " .. tostring(now), summary(restored, erased, dropped, ids, shown, reminders))
  db.durable()
end

return M
