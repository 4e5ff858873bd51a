-- Reads an amount of money that a member of staff typed, and writes one for a customer. Pure.

local text = require "language.text"

local M = {}

M.LEAST_CENTS, M.MOST_CENTS = 100, 5000000

M.EXPECTED = "Write an amount of $1 to $50,000 with at most two decimals, like 350 or $1,200.50."

-- "1,200" has its commas, or blanks, where thousands end.
local function without_marks(digits)
  local marked = digits:match("^%d%d?%d?[, ]") and digits or nil
  if not marked then return digits:find("^%d+$") and digits or nil end
  local rest = marked:gsub("^%d+", "", 1)
  local mark = rest:sub(1, 1)
  for i = 1, #rest, 4 do
    if rest:sub(i, i) ~= mark or not rest:sub(i + 1, i + 3):find("^%d%d%d$") then return nil end
  end
  return (marked:gsub("[, ]", ""))
end

---@param typed any "$1,200", "CA$350", "350.5 CAD"
---@return integer? cents nil: it is no amount that we take; EXPECTED says which we do
function M.cents(typed)
  if type(typed) ~= "string" or #typed > 40 then return nil end
  local plain = text.trim(typed:upper():gsub("\u{00A0}", " "):gsub("\u{202F}", " "):gsub("\u{2009}", " "))
  plain = text.trim((plain:gsub("^CAD", ""):gsub("^CA?%$", "$"):gsub("CAD$", "")))
  plain = text.trim((plain:gsub("^%$", ""):gsub("%$$", "")))
  local whole, decimals = plain:match("^([%d, ]+)%.(%d%d?)$")
  whole = without_marks(whole or plain)
  if not whole or #whole > 6 then return nil end
  local cents = tonumber(whole) * 100 + (decimals and tonumber((decimals .. "0"):sub(1, 2)) or 0)
  cents = math.tointeger(cents)
  return cents >= M.LEAST_CENTS and cents <= M.MOST_CENTS and cents or nil
end

---@param cents integer
---@return string "$1,200" or "$1,200.50"
function M.shown(cents)
  local whole = tostring(cents // 100):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return "$" .. whole .. (cents % 100 > 0 and (".%02d"):format(cents % 100) or "")
end

return M
