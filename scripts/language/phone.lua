-- Hides the customer's own phone number in a text, because the model must not see it. The number can be written in digits of any
-- script, with signs, spaces or invisible characters between them. Pure.
local placeholders = require "language.placeholders"
local text = require "language.text"

local M = {}

local LEAST_DIGITS = 7

-- A replacement of the same length for each character that is not ASCII, so that a place in the masked text is the same place in
-- the text: a digit becomes a digit, a letter a letter, an invisible character \2, any other sign \1.
local MASK = setmetatable({}, { __index = function(mask, char)
  local folded = text.FOLDS[char]
  if folded == "" then
    mask[char] = ("\2"):rep(#char)
  elseif folded and folded:find("^%d$") then
    mask[char] = folded .. ("\2"):rep(#char - 1)
  elseif folded and folded:find("^%a") then
    mask[char] = ("a"):rep(#char)
  elseif folded then
    mask[char] = ("\1"):rep(#char)
  end
  return rawget(mask, char)
end })

local function masked(s)
  if utf8.len(s) == #s then -- only ASCII
    return s
  end
  return (s:gsub("[\194-\244][\128-\191]*", MASK))
end

-- The digits that people dial at home: ten in North America. Elsewhere the length of the country's code is not known.
local function national(phone)
  if #phone == 11 and phone:sub(1, 1) == "1" then
    return phone:sub(2)
  end
  return #phone > 10 and phone:sub(-math.max(8, #phone - 3)) or phone
end

-- One pattern per number: its digits with anything but letters and digits between them. Kept, because a chat's number is looked
-- for often.
local patterns, kept = {}, 0

local function pattern_of(phone)
  local found = patterns[phone]
  if not found then
    if kept >= 1000 then
      patterns, kept = {}, 0
    end
    found = national(phone):gsub("%d", "%0[^%%d%%a]*"):gsub("%[%^%%d%%a%]%*$", "")
    patterns[phone], kept = found, kept + 1
  end
  return found
end

local function is_digit(s, at)
  local byte = s:byte(at)
  return byte ~= nil and byte >= 48 and byte <= 57
end

-- Where the number begins: before its national part can be the country's code, one or two zeros, "+" and a bracket. A digit of
-- another number before it ("unit 21 416 …") is not part of it.
local function begin_of(s, from, rest, closes)
  local good, at = from, from
  for i = #rest, 1, -1 do
    local before = at - 1
    while before > 0 and at - before < 8 and s:find("^[^%d%a]", before) do
      before = before - 1
    end
    if before < 1 or s:byte(before) ~= rest:byte(i) then
      break
    end
    at = before
    if not is_digit(s, at - 1) or s:byte(at - 1) == 48 then
      good = at
    end
  end
  for _ = 1, 2 do -- 0, 00
    if s:byte(good - 1) == 48 then
      good = good - 1
    end
  end
  if closes and s:byte(good - 1) == 40 then -- "("
    good = good - 1
  end
  if s:byte(good - 1) == 43 then -- "+"
    good = good - 1
  end
  return good
end

---The text with a placeholder wherever the number is. A longer run of digits that contains the number counts too, because these
---ten digits in a row are no coincidence.
---@param s string
---@param phone string digits with the country's code; "" hides nothing
---@return string
---@return string? number as it was written, the last time
function M.hide(s, phone)
  local core = national(phone)
  if #core < LEAST_DIGITS then
    return s
  end
  local plain = masked(s)
  if not text.has_digits(plain, #core) then
    return s
  end
  local pattern, rest = pattern_of(phone), phone:sub(1, -#core - 1)
  local out, at, number = {}, 1, nil
  local from, to = plain:find(pattern)
  while from do
    local first = begin_of(plain, from, rest, plain:sub(from, to):find(")", 1, true))
    to = select(2, plain:find("^\2*", to + 1)) or to -- the bytes that belong to the last digit's character
    first = math.max(first, at)
    out[#out + 1] = s:sub(at, first - 1)
    number = s:sub(first, to)
    out[#out + 1] = placeholders.NUMBER
    at = to + 1
    from, to = plain:find(pattern, at)
  end
  if at == 1 then
    return s
  end
  out[#out + 1] = s:sub(at)
  return table.concat(out), number
end

return M
