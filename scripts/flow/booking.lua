-- Visits: what an event of the booking page means for us, when to remind. Pure.

local M = {}

---A fixed text with its times filled in; "{old}" is the time from which a visit was moved.
---@param words string
---@param when string
---@param old? string
---@return string
function M.fill(words, when, old) return (words:gsub("{(%l+)}", { time = when, old = old })) end

---The day before a visit at "HH:MM", as parts of the time (host.time.from_zoned accepts day 0).
---@param at {year: integer, month: integer, day: integer} the visit, in the business's time zone
---@param clock string "10:00"
---@return {year: integer, month: integer, day: integer, hour: integer, min: integer}
function M.day_before(at, clock)
  local hour, min = clock:match("^(%d%d?):(%d%d)$")
  return { year = at.year, month = at.month, day = at.day - 1, hour = tonumber(hour), min = tonumber(min) }
end

-- ---- what an event of the booking page means -----------------------------------------------------------------------

local STATE = { requested = "requested", booked = "booked", moved = "booked", cancelled = "cancelled", another_time = "cancelled",
  rejected = "rejected" }
local OVER = { moved = true, cancelled = true, rejected = true }
-- Of two events with the same time, the one with the higher rank wins.
local RANK = { requested = 1, booked = 2, moved = 3, rejected = 4, another_time = 5, cancelled = 6 }

---The booking's state after an event of this kind.
---@param kind string
---@return "requested"|"booked"|"cancelled"|"rejected"
function M.state_of(kind) return STATE[kind] end

---Does an event of this kind end a visit?
---@param kind string
---@return boolean
function M.is_over(kind) return OVER[STATE[kind]] == true end

-- Is this event older than what we know? Events come late, twice and out of order, and an old "booked" must not bring back a cancelled
-- visit. An event without a time never changes a visit that is over.
local function stale(row, event)
  if row.state == "moved" then return true end -- that id was replaced by another
  if event.uid and OVER[STATE[event.kind]] and not OVER[row.state] then return false end -- an id ends once, whenever the event was written
  if not event.made_at then return OVER[row.state] == true or RANK[event.kind] < RANK[row.state] end
  if event.made_at ~= row.event_at then return event.made_at < row.event_at end
  return RANK[event.kind] < RANK[row.state]
end

---What to do with an event about a booking, given our row with its id.
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
