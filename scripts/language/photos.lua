-- Photos answer what is to be taken away: "3 photos". What is written later stands behind them: "3 photos, a couch". How many photos
-- there are is known from the messages' rows, never from a text. Pure.
local nothing = require "language.nothing"
local text = require "language.text"

local M = {}

local function words_of(count) return count .. (count == 1 and " photo" or " photos") end

-- How many photos the value begins with, and the words behind them; nil: there are none. "20 photo albums" begins with none.
local function split(value)
  if type(value) ~= "string" or nothing.is(value) then return 0, nil end
  local count, stop = value:match("^(%d%d?%d?) photos?()%f[,\0]")
  if not count or value:sub(stop) ~= "" and value:sub(stop, stop + 1) ~= ", " then return 0, value end
  local rest = value:sub(stop + 2)
  return math.tointeger(tonumber(count)), rest ~= "" and rest or nil
end

---The inventory after one photo turned out to be none; nil: nothing is known.
---@param value? string
---@return string?
function M.fewer(value)
  local had, rest = split(value)
  if had == 0 then return value end
  return had > 1 and words_of(had - 1) .. (rest and ", " .. rest or "") or rest
end

---The inventory after `count` more photos. A number of photos that no row backs is none: "12 photos" is only what somebody wrote.
---@param earlier? string what is known
---@param value? string what was said now
---@param count integer
---@return string?
function M.joined(earlier, value, count)
  local had, rest = split(earlier)
  local given, new = split(value)
  if had == 0 then
    if given == 0 and (new or rest or count == 0) then return value end
    given = given > 0 and math.min(given, count) or not rest and count or 0
    return given > 0 and words_of(given) .. (new and ", " .. new or "") or new
  elseif count == 0 and not new then
    return nil
  end
  new = new or rest
  local all = words_of(given > had and given <= had + count and given or had + count) .. (new and ", " .. new or "")
  return text.length(all) <= text.FIELD and all or value
end

return M
