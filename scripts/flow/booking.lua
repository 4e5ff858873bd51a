-- Visits: how a time is written, what an event of the booking page means for us, when to remind. Pure.

local M = {}

-- ---- how a time is written -----------------------------------------------------------------------------------------

-- Of each language: its days and months, and how they and the clock are put together. at: as for M.when; day, month: their names.
local SAID = {}

local function names(list)
  local all = {}
  for name in list:gmatch("%S+") do all[#all + 1] = name end
  return all
end

SAID.en = {
  days = names "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
  months = names "January February March April May June July August September October November December",
  say = function(at, day, month)
    local hour = at.hour % 12
    return ("%s, %s %d at %d:%02d %s"):format(day, month, at.day, hour == 0 and 12 or hour, at.min, at.hour < 12 and "AM" or "PM")
  end,
}
SAID.fr = {
  days = names "lundi mardi mercredi jeudi vendredi samedi dimanche",
  months = names "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
  say = function(at, day, month)
    local clock = at.min == 0 and ("%d h"):format(at.hour) or ("%d h %02d"):format(at.hour, at.min)
    return ("%s %s %s à %s"):format(day, at.day == 1 and "1er" or tostring(at.day), month, clock)
  end,
}
SAID.es = {
  days = names "lunes martes miércoles jueves viernes sábado domingo",
  months = names "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
  say = function(at, day, month)
    return ("%s %d de %s a la%s %d:%02d"):format(day, at.day, month, at.hour == 1 and "" or "s", at.hour, at.min)
  end,
}
SAID.pt = {
  days = names "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
  months = names "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
  say = function(at, day, month)
    local clock = at.min == 0 and ("%dh"):format(at.hour) or ("%dh%02d"):format(at.hour, at.min)
    return ("%s, %d de %s, às %s"):format(day, at.day, month, clock)
  end,
}
SAID.pa = {
  days = names "ਸੋਮਵਾਰ ਮੰਗਲਵਾਰ ਬੁੱਧਵਾਰ ਵੀਰਵਾਰ ਸ਼ੁੱਕਰਵਾਰ ਸ਼ਨੀਵਾਰ ਐਤਵਾਰ",
  months = names "ਜਨਵਰੀ ਫ਼ਰਵਰੀ ਮਾਰਚ ਅਪ੍ਰੈਲ ਮਈ ਜੂਨ ਜੁਲਾਈ ਅਗਸਤ ਸਤੰਬਰ ਅਕਤੂਬਰ ਨਵੰਬਰ ਦਸੰਬਰ",
  say = function(at, day, month)
    local hour = at.hour % 12
    local part = at.hour < 4 and "ਰਾਤ" or at.hour < 12 and "ਸਵੇਰੇ" or at.hour < 16 and "ਦੁਪਹਿਰ" or at.hour < 20 and "ਸ਼ਾਮ" or "ਰਾਤ"
    return ("%s, %d %s, %s %d:%02d ਵਜੇ"):format(day, at.day, month, part, hour == 0 and 12 or hour, at.min)
  end,
}

---"Tuesday, November 24 at 2:30 PM", "mardi 24 novembre à 14 h 30". A language without names here gets figures: "2026-11-24, 14:30".
---@param at {year: integer, month: integer, day: integer, hour: integer, min: integer, wday: integer} in the business's time zone
---@param code? string of the language; default: English
---@return string
function M.when(at, code)
  local said = SAID[code or "en"]
  if not said then return ("%d-%02d-%02d, %02d:%02d"):format(at.year, at.month, at.day, at.hour, at.min) end
  return said.say(at, said.days[at.wday], said.months[at.month])
end

---The names of the days, Monday first; nil: they are not known in this language.
---@param code string
---@return string[]?
function M.days(code)
  return SAID[code] and SAID[code].days
end

---A fixed text with its times filled in; "{old}" is the time from which a visit was moved.
---@param words string
---@param when string
---@param old? string
---@return string
function M.fill(words, when, old)
  return (words:gsub("{(%l+)}", { time = when, old = old }))
end

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
function M.state_of(kind)
  return STATE[kind]
end

---Does an event of this kind end a visit?
---@param kind string
---@return boolean
function M.is_over(kind)
  return OVER[STATE[kind]] == true
end

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
