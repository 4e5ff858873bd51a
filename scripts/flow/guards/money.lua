-- Prices, in whatever shape a model writes them (PRODUCT 4, Guards, money). What is free is in guards/free.lua.
-- Three ways to be money: a currency beside a number; an amount after a word of price; a shape that is only ever a price.
-- The art is in what is not: addresses, units, times, sizes, weights and counts are full of numbers.
local text = require "flow.text"
local tokens = require "flow.guards.tokens"

local M = {}

local set = text.set
local SPACE, DASH, SLASH, COLON, COMMA, ASK, STOP =
  tokens.SPACE, tokens.DASH, tokens.SLASH, tokens.COLON, tokens.COMMA, tokens.ASK, tokens.STOP

local CURRENCY = set [[dollar dollars buck bucks cad usd cdn eur euro euros piastre piastres cent cents quid grand
  loonie loonies toonie toonies peso pesos rupee rupees yen yuan sterling piasse piasses balles]]
-- Also money when the number comes second: "CAD 350".
local CURRENCY_FIRST = set "dollar dollars bucks cad usd cdn eur euro euros piastres"
-- "two cents" and "trois cents" are not the same; a singular French cent is a hundred.
local NAMES_AFTER_DOLLAR = set "tree store stores general shop giant tree's rama"
local BETWEEN = set "canadian us american cdn of or so plus odd extra more additional some full even ish k whole total a"

local SMALL = set [[one two three four five six seven eight nine ten eleven twelve dozen few couple several half zero
  un une deux trois quatre cinq sept huit neuf dix onze douze quinze seize quelques]]
local BIG = set [[thirteen fourteen fifteen sixteen seventeen eighteen nineteen
  twenty thirty forty fourty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million
  vingt trente quarante cinquante soixante cent mille centaine centaines millier milliers]]
local HUNDREDS = set "hundred hundreds thousand thousands grand"

local PRICE = set [[cost costs costing price prices priced pricing charge charges charged charging quote quotes quoted quoting
  pay pays paying paid payment payments fee fees ballpark budget invoice bill deposit surcharge discount
  cout couts coute coutent coutera couterait coutant prix tarif tarifs facture facturons payer payez paierez paye soumission frais]]
-- Words that speak of prices and of other things too: they want a larger amount and no question.
local WEAK = set "total totals rate rates run runs running estimate estimated estimates minimum worth deal"
-- What may follow an amount. Anything else is a thing that is counted, or a street.
local CLOSING = set [[for per to and or plus total in depending if each tax taxes hst gst all altogether flat max maximum minimum
  only today as but with including includes before after i we so which when because based ish on approximately roughly
  is was would will range mark a an every tops more less maybe usually typically at from up extra then would'be
  pour par et ou selon environ tout taxes plus]]
-- A number after one of these has a name of its own.
local LABEL = set [[unit apt apartment suite ste room floor level number no building bldg box highway hwy route step option item
  phase line page code buzzer ext extension door tower gate bay locker townhouse lot house street postal zip model
  ref reference id case ticket order photo picture app appt appartement unite porte etage numero chambre bureau]]
local MONTH = set [[january february march april may june july august september october november december
  jan feb mar apr jun jul aug sept sep oct nov dec janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre]]
local DATED = set "on by before until of in since after from"
local TAXES = set "tax taxes hst gst taxe tps tvq"
local PER = set "load truck truckload hour item piece trip job yard visit removal pickup bag person man"

-- A number's value when it stands for itself: not "M5V", "21st", "10x20", "3:50", "24/7", "#12".
local function plain_number(t, i)
  if t.kind[i] ~= "number" then
    return nil
  end
  local before, after = t.before[i], t.before[i + 1]
  if before == tokens.GLUED and t.kind[i - 1] == "word" and not CURRENCY_FIRST[t.word[i - 1]] then
    return nil
  end
  if t.gap[i]:find("#", 1, true) then
    return nil
  end
  if before == COLON and t.kind[i - 1] == "number" and t.gap[i] == ":" or before == SLASH and t.kind[i - 1] == "number" then
    return nil
  end
  if t.kind[i + 1] == "number" and (after == SLASH or after == COLON and t.gap[i + 1] == ":") then
    return nil
  end
  if t.word[i + 1] == "x" and t.kind[i + 2] == "number" or t.word[i - 1] == "x" and t.kind[i - 2] == "number" then
    return nil
  end
  local digits = t.word[i]:gsub(",", "")
  return tonumber(digits) or tonumber((digits:gsub("%.", ""))) or 0
end

-- Where a run of number words that begins at i ends, and whether it is a large one; nil when none begins there.
local function number_words(t, i)
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

local function counts(t, i)
  if t.kind[i] == "number" then
    local glued = t.before[i] == tokens.GLUED and t.kind[i - 1] == "word" and not CURRENCY_FIRST[t.word[i - 1]]
    return not glued and not t.gap[i]:find("#", 1, true)
  end
  return SMALL[t.word[i]] or BIG[t.word[i]]
end

local function is_a_name(t, i)
  local word, following = t.word[i], t.word[i + 1]
  if word == "dollar" then
    return following and NAMES_AFTER_DOLLAR[following] and t.before[i + 1] <= DASH
  elseif word == "grand" and t.has_piano then
    return true
  elseif word == "grand" or word == "euro" or word == "sterling" then
    return following and t.before[i + 1] <= DASH and not CLOSING[following]
  end
  return false
end

-- A currency with a number right before or right after it.
local function beside_currency(t, i)
  local sign = t.kind[i] == "$"
  if not sign and (not CURRENCY[t.word[i]] or is_a_name(t, i)) then
    return nil
  end
  local j, gap = i - 1, t.before[i]
  for _ = 1, 3 do
    if j < 1 or gap > DASH and not (gap == COMMA and t.gap[j + 1]:find("(", 1, true)) then
      break
    end
    if counts(t, j) or sign == false and t.word[i] ~= "grand" and t.word[j] == "a" and i - j == 1 and not t.word[i]:find("s$") then
      return j, i
    end
    if not BETWEEN[t.word[j]] and not (sign and (t.word[j] == "ca" or t.kind[j] == "$")) then
      break
    end
    gap, j = t.before[j], j - 1
  end
  if (sign or CURRENCY_FIRST[t.word[i]]) and i < t.n and t.before[i + 1] <= COLON and counts(t, i + 1) then
    return i, i + 1
  end
  return nil
end

-- Where an amount that begins at i ends when it is a range, and its larger value.
local function range_end(t, i, value)
  local link, j = t.word[i + 1], nil
  if t.kind[i + 1] == "number" and t.before[i + 1] == DASH then
    j = i + 1
  elseif (link == "to" or link == "and" or link == "or" or link == "et" or link == "a") and t.kind[i + 2] == "number"
    and t.before[i + 1] <= SPACE and t.before[i + 2] <= SPACE then
    j = i + 2
  end
  local other = j and plain_number(t, j)
  if not other then
    return i, value, false
  end
  return j, math.max(value, other), true
end

-- Is there nothing after token i that would make the number a count, a street or a time? `strictly`: a clause ends here.
local function closes(t, i, strictly)
  local gap, following = t.before[i + 1], t.word[i + 1]
  if i >= t.n or gap >= COMMA then
    return true
  elseif t.gap[i + 1]:find("^%+") then
    return true
  elseif following == "k" then
    return closes(t, i + 1, strictly)
  elseif t.kind[i + 1] ~= "word" then
    return false
  end
  if strictly and (following == "we" or following == "in" or following == "on" or following == "at" or following == "from"
    or following == "is" or following == "was" or following == "will" or following == "with") then
    return false
  end
  return CLOSING[following] == true
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
    if LABEL[t.word[j]] or LABEL[t.word[j]:match("^(.-)s?$")] or (MONTH[t.word[j]] and j == i - 1
      and (t.word[j] ~= "may" or DATED[t.word[j - 1]])) then
      return true
    end
  end
  local year = t.kind[i] == "number" and tonumber(t.word[i])
  if year and year >= 1990 and year <= 2099 and math.type(year) == "integer" then
    return previous == "in" or previous == "by" or previous == "since" or previous == "until" or previous == "of"
      or previous == "before" or previous == "en" or t.kind[i - 1] == "number"
  end
  return false
end

-- The amount that begins at token i, if one does: its last token, its value, whether it is a range.
local function amount(t, i)
  local value = plain_number(t, i)
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
  local last, large = number_words(t, i)
  if last and not labelled(t, i) then
    return last, large and 100 or 1, false
  end
  return nil
end

local function after_price(t, i, price_at, weak_at)
  local strong = price_at and i - price_at <= 14
  local weak = weak_at and i - weak_at <= 5
  if not strong and not weak then
    return nil
  end
  local last, value = amount(t, i)
  if not last or not closes(t, last, not strong) then
    return nil
  end
  local ends = t.before[last + 1]
  if strong and value >= 20 or weak and value >= 50 and ends ~= ASK then
    return last
  end
  return nil
end

local JOB = set "removal pickup haul hauling disposal junk load couch sofa mattress fridge piano"
local DONE = set "it that this them everything all go goes went"
local BE = set "be is was being run cost"
local VAGUE = set [[about around roughly approximately only just maybe like least under over near nearly almost say probably up
  somewhere closer usually of to at typically normally more than]]

-- "That'll be 350." "It would be around 350." "You're looking at 350."
local function announced(t, i, last, value)
  if value < 50 or t.before[last + 1] == ASK or not closes(t, last, true) then
    return false
  end
  local j = i - 1
  while j >= 1 and VAGUE[t.word[j]] and t.before[j + 1] <= SPACE and t.word[j] ~= "at" do
    j = j - 1
  end
  if j >= 1 and t.before[j + 1] == COLON and j == i - 1 then -- "Removal of the piano: 400."
    for k = math.max(1, j - 5), j do
      if JOB[t.word[k]] then
        return true
      end
    end
  end
  if j >= 1 and t.before[j + 1] <= SPACE and (t.word[j] == "it's" or t.word[j] == "that's") then
    return t.word[last + 1] == "for" and t.before[last + 1] <= SPACE
  end
  if j < 2 or t.before[j + 1] > SPACE then
    return false
  end
  local word, previous = t.word[j], t.word[j - 1]
  if word == "for" then -- "We can do that for 250."
    return DONE[previous] == true
  elseif word == "at" then
    return previous == "looking"
  elseif word == "you" then
    return previous == "run" or previous == "back"
  elseif word == "comes" or word == "come" then
    return t.word[j + 1] == "to"
  elseif word == "looking" then
    return true
  elseif not BE[word] then
    return false
  end
  local first = t.word[j - 2] or ""
  local future = previous == "will" or previous == "would" or previous == "should" or previous == "could" or previous == "might"
  return previous == "that'll" or previous == "it'll" or previous == "that'd" or previous == "it'd" or previous == "this'll"
    or future and (first == "that" or first == "it" or first == "this" or first == "everything" or first == "all" or first == "job")
end

-- Shapes that are a price without any word of price.
local function bare(t, i)
  local last, value, is_range = amount(t, i)
  if not last then
    return nil
  end
  local following, previous = t.word[last + 1], t.word[i - 1]
  local next_gap = t.before[last + 1]
  if following == "plus" and TAXES[t.word[last + 2]] or next_gap <= COMMA and TAXES[following] then
    return last + 1
  end
  if value >= 20 and (following == "even" or following == "flat") and next_gap <= SPACE and closes(t, last + 1, true) then
    return last + 1
  end
  if value >= 20 and next_gap == SLASH and PER[following] then
    return last + 1
  end
  if value >= 20 and next_gap <= SPACE and (following == "per" or following == "a" or following == "an")
    and PER[t.word[last + 2]] and (following == "per" or value >= 40) and t.word[i - 1] ~= "to" then
    return last + 2
  end
  if is_range and value >= 50 and closes(t, last, true) then
    local low = plain_number(t, i) or 0
    local framed = previous == "between" or previous == "from" or previous == "entre" or previous == "de"
    if low >= 50 and framed or low >= 100 and low < value and value <= 20 * low and t.before[last + 1] ~= ASK then
      return last
    end
  end
  if t.kind[i] == "number" and (t.word[i]:find("%.00$") or t.word[i]:find("%.9[59]$")) and closes(t, last, true) then
    return last
  end
  if (t.word[i] == "couple" or t.word[i] == "few" or t.word[i] == "several") and HUNDREDS[t.word[last]] and closes(t, last, true) then
    return last
  end
  if announced(t, i, last, value) then
    return last
  end
  if value >= 20 and closes(t, last, false) then -- "350 is the usual price"
    local j = last + 1
    if following == "is" or following == "would" or following == "as" or following == "was" then
      for k = j + 1, math.min(j + 5, t.n) do
        if t.before[k] > SPACE then
          break
        elseif PRICE[t.word[k]] and (t.word[k - 1] ~= "to") then
          return k
        end
      end
    end
  end
  return nil
end

-- The first price in the tokens, as people would read it, or nil.
function M.find(t)
  local price_at, weak_at
  local i = 1
  for k = 1, t.n do
    if t.word[k] == "piano" or t.word[k] == "pianos" then
      t.has_piano = true
    end
  end
  while i <= t.n do
    local word, kind, gap = t.word[i], t.kind[i], t.before[i]
    if gap == STOP then
      price_at, weak_at = nil, nil
    elseif gap == ASK and price_at then
      price_at, weak_at = i - 14, nil -- "The price? 350."
    end
    if kind == "$" or CURRENCY[word] then
      local a, b = beside_currency(t, i)
      if a then
        return tokens.text(t, a, b)
      end
    end
    if kind == "word" and PRICE[word] then
      price_at = i
    elseif kind == "word" and WEAK[word] then
      weak_at = i
    elseif kind == "number" or kind == "word" and (SMALL[word] or BIG[word]) then
      local last = after_price(t, i, price_at, weak_at)
      if last then
        return tokens.text(t, price_at or weak_at, last)
      end
      last = bare(t, i)
      if last then
        return tokens.text(t, i, last)
      end
      local run = kind == "word" and number_words(t, i)
      i = run or i
    end
    i = i + 1
  end
  return nil
end

return M
