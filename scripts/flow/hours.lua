-- Business hours: {mon={"08:00","18:00"}, …}. A day that is absent or empty is closed. Pure: host.time is given.

local dates = require "language.dates"

local M = {}

local MAX_DAYS = 21

---When the local day of this moment opens and closes, in ms since 1970; nil when it is closed.
local function span(hours, at, time)
  local day = hours[dates.KEYS[at.wday]]
  if type(day) ~= "table" or type(day[1]) ~= "string" or type(day[2]) ~= "string" then return nil end
  local function moment(text)
    local hour, minute = text:match("^(%d%d?):(%d%d)$")
    if not hour then return nil end
    local late_ms = 0
    if hour == "24" then hour, minute, late_ms = "23", "59", 60000 end
    return late_ms + time.from_zoned { year = at.year, month = at.month, day = at.day, hour = tonumber(hour), min = tonumber(minute) }
  end
  local opens, closes = moment(day[1]), moment(day[2])
  if not opens or not closes or closes <= opens then return nil end
  return opens, closes
end

---@param hours table? nil: always open
---@param now_ms integer
---@param time table host.time
---@return boolean
function M.inside(hours, now_ms, time)
  if not hours or next(hours) == nil then return true end
  local opens, closes = span(hours, time.zoned(now_ms), time)
  return opens ~= nil and now_ms >= opens and now_ms < closes
end

local function next_midnight(at_ms, time)
  local at = time.zoned(at_ms)
  local noon = time.zoned(time.from_zoned { year = at.year, month = at.month, day = at.day, hour = 12 } + 24 * 3600000)
  return time.from_zoned { year = noon.year, month = noon.month, day = noon.day, hour = 0, min = 0 }
end

---This moment when it is inside the hours, otherwise the next one at which they begin; nil: they never do.
---@param hours table?
---@param at_ms integer
---@param time table host.time
---@return integer? ms
function M.opens(hours, at_ms, time)
  if M.inside(hours, at_ms, time) then return at_ms end
  for _ = 1, MAX_DAYS do
    local opens = span(hours, time.zoned(at_ms), time)
    if opens and opens >= at_ms then return opens end
    at_ms = next_midnight(at_ms, time)
  end
end

---How much business time lies between two moments, in ms.
---@param hours table?
---@param from_ms integer
---@param to_ms integer
---@param time table host.time
---@return integer
function M.between(hours, from_ms, to_ms, time)
  if to_ms <= from_ms then return 0 end
  if not hours or next(hours) == nil then return to_ms - from_ms end
  local sum, at_ms = 0, from_ms
  for _ = 1, MAX_DAYS do
    local opens, closes = span(hours, time.zoned(at_ms), time)
    if opens then sum = sum + math.max(0, math.min(closes, to_ms) - math.max(opens, from_ms)) end
    at_ms = next_midnight(at_ms, time)
    if at_ms >= to_ms then break end
  end
  return sum
end

return M
