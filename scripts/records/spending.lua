-- The table spending: the model's cost per day in the time zone TZ, to compare with MODEL_DOLLARS_PER_DAY.

local db = require "host.db"
local time = require "host.time"

local M = {}

local function day_of(now)
  local t = time.zoned(now)
  return ("%04d-%02d-%02d"):format(t.year, t.month, t.day)
end

---@param now integer ms
---@return number dollars
function M.today(now)
  local row = db.one("SELECT dollars FROM spending WHERE day = ?", day_of(now))
  return row and row.dollars or 0
end

---@param dollars number
---@param now integer ms
---@return number dollars of this day so far
function M.add(dollars, now)
  return db.one([[INSERT INTO spending(day, dollars) VALUES(?, ?)
    ON CONFLICT(day) DO UPDATE SET dollars = dollars + excluded.dollars RETURNING dollars]], day_of(now), dollars).dollars
end

-- True for the first caller of a day, and once more after the limit was raised.
---@param limit number dollars
---@param now integer ms
function M.tell(limit, now)
  return db.run("UPDATE spending SET told = ?1 WHERE day = ?2 AND (told IS NULL OR told < ?1)", limit, day_of(now)) == 1
end

return M
