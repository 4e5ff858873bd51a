-- Finds prices, in each form in which a model writes them. Promises that something is free are in guards/free.lua.
-- A price is a currency beside a number, an amount after a word for price, or a form that only prices have.
-- Addresses, units, times, sizes, weights and counts hold numbers too, and must pass.
local numbers = require "language.guards.numbers"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local amount, closes, counts, plain_number = numbers.amount, numbers.closes, numbers.counts, numbers.plain_number
local CLOSING, CURRENCY_FIRST, PRICE = numbers.CLOSING, numbers.CURRENCY_FIRST, numbers.PRICE
local SPACE, DASH, SLASH, COLON, COMMA, ASK, STOP =
  tokens.SPACE, tokens.DASH, tokens.SLASH, tokens.COLON, tokens.COMMA, tokens.ASK, tokens.STOP

local CURRENCY = set [[dollar dollars buck bucks cad usd cdn eur euro euros piastre piastres cent cents quid grand
  loonie loonies toonie toonies peso pesos rupee rupees yen yuan sterling piasse piasses balles]]
local NAMES_AFTER_DOLLAR = set "tree store stores general shop giant tree's rama"
local BETWEEN = set "canadian us american cdn of or so plus odd extra more additional some full even ish k whole total a"
local SOME = set "couple few several"
local HUNDREDS = set "hundred hundreds thousand thousands grand"
-- Words for prices that also mean other things. They need a larger amount, and no question mark.
local WEAK = set "total totals rate rates run runs running estimate estimated estimates minimum worth deal"
local TAXES = set "tax taxes hst gst taxe tps tvq"
local PIANO = set "piano pianos"
local PER = set "load truck truckload hour hr item piece trip job yard visit removal pickup bag person man"

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

-- A currency with a number directly before or after it.
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
    if not BETWEEN[t.word[j]] and not (sign and t.word[j] == "ca") then
      break
    end
    gap, j = t.before[j], j - 1
  end
  if (sign or CURRENCY_FIRST[t.word[i]]) and i < t.n and t.before[i + 1] <= COLON and counts(t, i + 1) then
    return i, i + 1
  end
  return nil
end

local function after_price(t, i, price_at, weak_at)
  local strong = price_at and i - price_at <= 14
  local weak = weak_at and i - weak_at <= 5
  local last, value = nil, nil
  if strong or weak then
    last, value = amount(t, i)
  end
  if not last or not closes(t, last, not strong) then
    return nil
  end
  return (strong and value >= 20 or weak and value >= 50 and t.before[last + 1] ~= ASK) and last or nil
end

local FEE = set "fee fees deposit surcharge discount charge"
local JOB = set "removal pickup haul hauling disposal junk load couch sofa mattress fridge piano"
local DONE = set "it that this them everything all go goes went"
local IS = set "is would as was"
local BE = set "be is was being run cost"
local WILL, THAT = set "will would should could might", set "that it this everything all job"
local THAT_WILL = set "that'll it'll that'd it'd this'll"
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
  if j >= 1 and t.before[j + 1] == COLON and j == i - 1 and tokens.any(t, math.max(1, j - 5), j, JOB) then
    return true -- "Removal of the piano: 400."
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
  elseif word == "at" or word == "from" then
    return word == "at" and previous == "looking" or previous:find("^start") ~= nil or previous:find("^beg[ia]n") ~= nil
  elseif word == "you" then
    return previous == "run" or previous == "back"
  elseif word == "comes" or word == "come" then
    return t.word[j + 1] == "to"
  elseif word == "looking" or not BE[word] then
    return word == "looking"
  end
  local first = t.word[j - 2] or ""
  return THAT_WILL[previous] or previous == "to" and first == "going" or WILL[previous] and THAT[first]
end

-- Forms that only prices have, without a word for price.
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
  local flat = (following == "even" or following == "flat") and next_gap <= SPACE and closes(t, last + 1, true)
  if value >= 20 and (flat or next_gap <= DASH and (FEE[following] or following == "cash") or next_gap == SLASH and PER[following]) then
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
  local exact = t.kind[i] == "number" and (t.word[i]:find("%.00$") or t.word[i]:find("%.9[59]$"))
  if (exact or SOME[t.word[i]] and HUNDREDS[t.word[last]]) and closes(t, last, true) or announced(t, i, last, value) then
    return last
  end
  if value >= 20 and closes(t, last, false) then -- "350 is the usual price"
    for k = last + 2, IS[following] and math.min(last + 6, t.n) or 0 do
      if t.before[k] > SPACE then
        break
      elseif PRICE[t.word[k]] and t.word[k - 1] ~= "to" then
        return k
      end
    end
  end
  return nil
end

-- A text without one of these words and without a number of its own holds no price. A "$" alone is none.
M.WATCHED = { CURRENCY, numbers.SMALL, numbers.BIG }

-- The first price in the tokens, as text for people; or nil.
function M.find(t)
  local price_at, weak_at
  local i = 1
  t.has_piano = tokens.any(t, 1, t.n, PIANO) ~= nil
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
    elseif kind == "number" or kind == "word" and numbers.is_word(word) then
      local last = after_price(t, i, price_at, weak_at)
      if last then
        return tokens.text(t, price_at or weak_at, last)
      end
      last = bare(t, i)
      if last then
        return tokens.text(t, i, last)
      end
      local run = kind == "word" and numbers.number_words(t, i)
      i = run or i
    end
    i = i + 1
  end
  return nil
end

return M
