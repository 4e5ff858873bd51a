---@meta host.time
-- Milliseconds since 1970 (UTC) everywhere; local time only for what people read (TZ).

---@class host.time
local time = {}

---@return integer ms wall clock
function time.now_ms() end

---@return integer ms never goes back
function time.monotonic_ms() end

---@param ms integer
---@return string "2026-11-22T17:15:57.123Z"
function time.iso(ms) end

---@param ms integer
---@return string "2026-11-22 17:15:57.123", UTC: how the three tables of the contract store times
function time.stamp(ms) end

---Reads what time.iso and time.stamp write, with or without fraction, with Z or an offset; neither means UTC.
---@param text string
---@return integer? ms nil when it is not such a time
function time.parse(text) end

---@class host.time.Zoned
---@field year integer
---@field month integer 1 to 12
---@field day integer
---@field hour integer
---@field min integer
---@field sec integer
---@field wday integer 1 is Monday, 7 Sunday
---@field offset_min integer east of UTC
---@field zone string abbreviation

---The same moment on the clock of TZ.
---@param ms integer
---@return host.time.Zoned
function time.zoned(ms) end

---The moment at which TZ's clock shows this; of a repeated hour the first, of a missing one the hour after.
---Parts out of range carry over: day 32 is in the next month, hour -1 on the day before.
---@param parts {year: integer, month: integer, day: integer, hour?: integer, min?: integer, sec?: integer}
---@return integer ms
function time.from_zoned(parts) end

return time
