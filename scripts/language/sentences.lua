-- Cuts a customer's message into sentences. A point inside a number, a date or after an abbreviation ends none.
local address = require "language.address"
local text = require "language.text"

local M = {}

-- Limits per message: more than people write. A repeated sentence counts once.
local MOST_PARTS, MOST_SENTENCES, SENTENCE_BYTES = 150, 40, 500
local MOST_SIGNS = 60
local LINE_BYTES = 40 -- a line that continues an address is short

local SHORTENED = text.set [[st ste str ave av rd dr blvd boul bl ch cres crt ct hwy pkwy sq pl ter terr mt mr mrs ms jr sr apt app appt
  bldg approx incl misc qty lb lbs pc pcs oz ft rte env ext vs]]
local BEFORE_NUMBER = text.set "no nos nr num nbr in fl flr max min unit"

-- Does the sentence continue after this point?
local function continues(s, point)
  local after = s:sub(point + 1, point + 2)
  if after:find("^[,;:)]") then
    return true -- "St., Toronto"
  end
  local before = s:sub(math.max(1, point - 8), point - 1):lower()
  local word = before:match("^.*%W(%w+)$") or before
  local shortened = SHORTENED[word] or #word == 1 and word:find("%a") or word:sub(-3) == "str" -- "Hauptstr. 5"
  if after:find("^%d") then
    return shortened or BEFORE_NUMBER[word] or word:find("^%d+$") ~= nil
  elseif after:find("^%a") then
    return #word == 1
  elseif not after:find("^%s") then
    return false
  end
  return shortened or (BEFORE_NUMBER[word] or word == "etc") and after:find(word == "etc" and "^%s%l" or "^%s%d") ~= nil
end

-- Is the line from this byte on the rest of an address?
local function goes_on(s, from)
  local stop = s:find("\n", from, true) or #s + 1
  return stop > from and stop - from <= LINE_BYTES and address.continues(s:sub(from, stop - 1))
end

-- The first and last byte of the signs that end the sentence which begins at `at`. left: how many signs are looked at closely.
local function sentence_end(s, at, left)
  local from, to = s:find("[.!?\n;]+", at)
  while from and left > 0 do
    left = left - 1
    local one = from == to and s:byte(from)
    if not (one == 46 and continues(s, from) or one == 10 and goes_on(s, to + 1)) then
      break
    end
    from, to = s:find("[.!?\n;]+", to + 1)
  end
  return from, to, left
end

-- The sentences of a message: {from=, to=, text=, question=}.
function M.cut(s)
  local list, seen, at, parts, left = {}, {}, 1, 0, MOST_SIGNS
  while at <= #s and #list < MOST_SENTENCES and parts < MOST_PARTS do
    local from, to
    from, to, left = sentence_end(s, at, left)
    parts = parts + 1
    local part = text.clip(s:sub(at, (from or #s + 1) - 1), SENTENCE_BYTES)
    if from and s:byte(from) == 46 then
      part = part .. "." -- an abbreviation at the end keeps its point
    end
    if not seen[part] then
      seen[part] = true
      if part:find("[^%s.]") then
        list[#list + 1] = { from = at, text = part, question = from ~= nil and s:sub(from, to):find("?", 1, true) ~= nil }
      end
    end
    at = (to or #s) + 1
  end
  return list
end

return M
