-- Visits: how a time is said, what a word from the booking page means for what we know, when to remind. Pure.

local M = {}

-- ---- how a time is said --------------------------------------------------------------------------------------------

local DAYS = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday" }
local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" }
local JOURS = { "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche" }
local MOIS = { "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre" }

---"Tuesday, November 24 at 2:30 PM", "mardi 24 novembre à 14 h 30".
---@param at {month: integer, day: integer, hour: integer, min: integer, wday: integer} what the business's clock shows (host.time.zoned)
---@param french? boolean
---@return string
function M.when(at, french)
  if french then
    local clock = at.min == 0 and ("%d h"):format(at.hour) or ("%d h %02d"):format(at.hour, at.min)
    return ("%s %s %s à %s"):format(JOURS[at.wday], at.day == 1 and "1er" or tostring(at.day), MOIS[at.month], clock)
  end
  local hour = at.hour % 12
  return ("%s, %s %d at %d:%02d %s"):format(DAYS[at.wday], MONTHS[at.month], at.day, hour == 0 and 12 or hour, at.min,
    at.hour < 12 and "AM" or "PM")
end

---A fixed text with its times filled in; "{old}" is where a moved visit was.
---@param words string
---@param when string
---@param old? string
---@return string
function M.fill(words, when, old)
  return (words:gsub("{(%l+)}", { time = when, old = old }))
end

---The business's clock a day before a visit at "HH:MM", as the parts of that moment (host.time.from_zoned carries day 0 over).
---@param at {year: integer, month: integer, day: integer} the visit, on the business's clock
---@param clock string "10:00"
---@return {year: integer, month: integer, day: integer, hour: integer, min: integer}
function M.day_before(at, clock)
  local hour, min = clock:match("^(%d%d?):(%d%d)$")
  return { year = at.year, month = at.month, day = at.day - 1, hour = tonumber(hour), min = tonumber(min) }
end

-- ---- what a word of the booking page means -------------------------------------------------------------------------

local STATE = { requested = "requested", booked = "booked", moved = "booked", cancelled = "cancelled", another_time = "cancelled",
  rejected = "rejected" }
local OVER = { moved = true, cancelled = true, rejected = true }
-- Of two words made in the same moment the one that says more stands.
local RANK = { requested = 1, booked = 2, moved = 3, rejected = 4, another_time = 5, cancelled = 6 }

---The state that a kind of word leaves a booking in.
---@param kind string
---@return "requested"|"booked"|"cancelled"|"rejected"
function M.state_of(kind)
  return STATE[kind]
end

---Does this kind of word end a visit?
---@param kind string
---@return boolean
function M.is_over(kind)
  return OVER[STATE[kind]] == true
end

-- Is this word older than what we know? Words come late, twice and out of order, and an old "booked" must not bring back what was
-- cancelled. A word that does not say when it was made never changes what is over.
local function stale(row, event)
  if row.state == "moved" then return true end -- that id has a successor
  if event.uid and OVER[STATE[event.kind]] and not OVER[row.state] then return false end -- the end of an id, whenever it was written
  if not event.made_at then return OVER[row.state] == true or RANK[event.kind] < RANK[row.state] end
  if event.made_at ~= row.event_at then return event.made_at < row.event_at end
  return RANK[event.kind] < RANK[row.state]
end

---What to do with a word about a booking, given the row we have under its id.
---@param row? {state: string, start_at?: integer, event_at: integer}
---@param event {kind: string, uid?: string, start_at?: integer, made_at?: integer} uid: the page's own id, which is used once
---@return "apply"|"known"|"late"
function M.judge(row, event)
  if not row then return "apply" end
  if stale(row, event) then return "late" end
  local same_time = not event.start_at or event.start_at == row.start_at or event.kind == "booked" and not event.made_at
  if row.state == STATE[event.kind] and same_time then return "known" end
  return "apply"
end

return M
