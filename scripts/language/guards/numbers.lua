-- Decides which numbers in a row of tokens are amounts, and which are addresses, units, times, sizes, codes or counts.
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local SPACE, DASH, SLASH, COLON, COMMA = tokens.SPACE, tokens.DASH, tokens.SLASH, tokens.COLON, tokens.COMMA

-- These mean money also before the number: "CAD 350".
M.CURRENCY_FIRST = set "dollar dollars bucks cad usd cdn eur euro euros piastres"
local CURRENCY_FIRST = M.CURRENCY_FIRST

local SMALL = set [[one two three four five six seven eight nine ten eleven twelve dozen few couple several half zero
  un une deux trois quatre cinq sept huit neuf dix onze douze quinze seize quelques]]
local BIG = set [[thirteen fourteen fifteen sixteen seventeen eighteen nineteen
  twenty thirty forty fourty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
  vingt trente quarante cinquante soixante cent mille centaine centaines millier milliers]]

M.PRICE = set [[cost costs costing price prices priced pricing charge charges charged charging quote quotes quoted quoting owe owes
  pay pays paying paid payment payments fee fees ballpark budget invoice bill deposit surcharge discount
  cout couts coute coutent coutera couterait coutant prix tarif tarifs facture facturons payer payez paierez paye soumission frais]]
local PRICE = M.PRICE
-- What can follow an amount. Before any other word the number is a count or belongs to a street.
local CLOSING = set [[for per to and or plus total in depending if each tax taxes hst gst all altogether flat max maximum minimum
  only today as but with including includes before after i we so which when because based ish on approximately roughly
  is was would will range mark a an every tops more less maybe usually typically at from up extra then applies apply applied
  cash even work works pour par et ou selon environ tout taxes plus]]
local GOES_ON = set "we in on at from is was will with"
-- A number after one of these words names something (a unit, a street number).
local LABEL = set [[unit apt apartment suite ste room floor level number no building bldg box highway hwy route step option item
  phase line page code buzzer ext extension door tower gate bay locker townhouse lot house street postal zip model
  ref reference id case ticket order photo picture app appt appartement unite porte etage numero chambre bureau]]
local MONTH = set [[january february march april may june july august september october november december
  jan feb mar apr jun jul aug sept sep oct nov dec janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre]]
local YEARS = set "in by since until of before en"
local DATED = set "on by before until of in since after from"

-- A number in "M5V" or "#12".
local function is_code(t, i)
  return t.before[i] == tokens.GLUED and t.kind[i - 1] == "word" and not CURRENCY_FIRST[t.word[i - 1]]
    or t.gap[i]:find("#", 1, true) ~= nil
end

-- Is a colon or a slash before it, as in "3:50" and "24/7"?
local function divided(t, i) return t.before[i] == SLASH or t.before[i] == COLON and t.gap[i] == ":" end

-- The value of a number that stands alone: not "M5V", "21st", "10x20", "3:50", "24/7", "#12".
function M.plain_number(t, i)
  if t.kind[i] ~= "number" then
    return nil
  end
  local clock = t.kind[i - 1] == "number" and divided(t, i) or t.kind[i + 1] == "number" and divided(t, i + 1)
  local size = t.word[i + 1] == "x" and t.kind[i + 2] == "number" or t.word[i - 1] == "x" and t.kind[i - 2] == "number"
  if is_code(t, i) or clock or size then
    return nil
  end
  local digits = t.word[i]:gsub(",", "")
  return tonumber(digits) or tonumber((digits:gsub("%.", ""))) or 0
end

-- The last token of the number in words that begins at i, and whether it is a large one; nil when none begins there.
function M.number_words(t, i)
  if not (SMALL[t.word[i]] or BIG[t.word[i]]) or t.kind[i] ~= "word" then
    return nil
  end
  local last, large, at = i, false, i
  while at <= t.n and (at == i or t.before[at] <= DASH) do
    local word = t.word[at]
    if BIG[word] then
      large, last = true, at
    elseif SMALL[word] then
      last = at
    elseif word ~= "and" and word ~= "a" and word ~= "et" then
      break
    end
    at = at + 1
  end
  return last, large
end

function M.counts(t, i)
  if t.kind[i] == "number" then
    return not is_code(t, i)
  end
  return SMALL[t.word[i]] or BIG[t.word[i]]
end

-- The last token of the range that begins at i, and its larger value.
local function range_end(t, i, value)
  local link, j = t.word[i + 1], nil
  if t.kind[i + 1] == "number" and t.before[i + 1] == DASH then
    j = i + 1
  elseif (link == "to" or link == "and" or link == "or" or link == "et" or link == "a") and t.kind[i + 2] == "number"
    and t.before[i + 1] <= SPACE and t.before[i + 2] <= SPACE then
    j = i + 2
  end
  local other = j and M.plain_number(t, j)
  if not other then
    return i, value, false
  end
  return j, math.max(value, other), true
end

-- Is the number before this place an amount, because no count, street or time follows token i? `strictly`: the clause ends here.
---@param t table
---@param i integer
---@param strictly? boolean
function M.closes(t, i, strictly)
  local gap, following = t.before[i + 1], t.word[i + 1]
  if i >= t.n or gap >= COMMA or t.gap[i + 1]:find("^%+") then
    return true
  elseif following == "k" then
    return M.closes(t, i + 1, strictly)
  elseif t.kind[i + 1] ~= "word" then
    return false
  end
  return CLOSING[following] == true and not (strictly and GOES_ON[following])
end

local function labelled(t, i)
  local previous = t.word[i - 1]
  if previous == "the" or previous == "le" or previous == "la" then
    return true
  elseif previous == "at" and t.before[i] <= SPACE and t.kind[i - 2] == "word"
    and not PRICE[t.word[i - 2]] and not t.word[i - 2]:find("^start") and not t.word[i - 2]:find("^beg[ia]n") then
    return true
  end
  for j = math.max(1, i - 4), i - 1 do
    if LABEL[t.word[j]] or LABEL[t.word[j]:gsub("s$", "")] or (MONTH[t.word[j]] and j == i - 1
      and (t.word[j] ~= "may" or DATED[t.word[j - 1]])) then
      return true
    end
  end
  local year = t.kind[i] == "number" and tonumber(t.word[i])
  if year and year >= 1990 and year <= 2099 and math.type(year) == "integer" then
    return YEARS[previous] or t.kind[i - 1] == "number"
  end
  return false
end

-- The amount that begins at token i, or nil: its last token, its value, whether it is a range.
function M.amount(t, i)
  local value = M.plain_number(t, i)
  if value then
    if labelled(t, i) then
      return nil
    end
    local last, top, is_range = range_end(t, i, value)
    if t.word[last + 1] == "k" and t.before[last + 1] <= SPACE then
      top = top * 1000
    end
    return last, top, is_range
  end
  local last, large = M.number_words(t, i)
  if last and not labelled(t, i) then
    return last, large and 100 or 1, false
  end
  return nil
end

-- Does a number in words begin at token i?
function M.is_word(word)
  return SMALL[word] or BIG[word]
end

M.CLOSING = CLOSING
M.SMALL, M.BIG = SMALL, BIG

return M
