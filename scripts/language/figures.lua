-- Reads the figures in a row of tokens: numbers, clock times, dates, weekdays. Each has keys: those it gives as a source, and those of
-- which a source must hold one. "18:00" and "6 pm" have the same key, and so have "Nov 24" and "2026-11-24".
--   n12 a number · t1080 a clock time, h360 one whose half of the day is open · m11-24 a date, d24 its day, y11 its month · w2 a weekday
local dates = require "language.dates"
local text = require "language.text"
local tokens = require "language.token_row"

local M = {}

local set = text.set
local GLUED, SPACE, DASH, SLASH, COMMA = tokens.GLUED, tokens.SPACE, tokens.DASH, tokens.SLASH, tokens.COMMA

-- "a b | c d" → a and b are 1, c and d are 2; in steps, from another number.
local function numbered(list, step, value, map)
  map, value = map or {}, value or 1
  for part in text.fold(list):gmatch("[^|]+") do
    for word in part:gmatch("%S+") do map[word] = value end
    value = value + (step or 1)
  end
  return map
end

-- The names in all languages, as language/dates writes them, joined with other spellings.
local function named(kind, map)
  for _, said in pairs(dates.SAID) do
    for i, name in ipairs(said[kind]) do map[text.fold(name)] = i end
  end
  return map
end

local DAYS = named("days", { [text.fold "ਸ਼ਨਿੱਚਰਵਾਰ"] = 6 })
-- Short names are other words too ("the sun", "mon adresse"). They count beside a word or number that goes with days.
local SHORT_DAYS = numbered "mon segunda | tue tues terca | wed weds quarta | thu thur thurs quinta | fri sexta | sat | sun"
local BEFORE_DAY = set "on this next by until till every from coming na para ate proxima"
local MONTHS = named("months", numbered [[jan | feb | mar | apr | | jun | jul | aug | sep sept | oct | nov | dec]])
local NO_MONTH = set "may march mar mars sept mai marco dec sep jan jun" -- unless beside a day or one of:
local IN = set "in until by since next before after en"
-- "once", "cent" and "seize" are left out: they are other words in English.
local WORDS = numbered([[zero | one un une uno | two deux dos dois | three trois tres | four quatre cuatro quatro | five cinq cinco |
  six seis | seven sept siete sete | eight huit ocho oito | nine neuf nueve nove | ten dix diez dez | eleven onze |
  twelve douze doce doze | thirteen treize trece treze | fourteen quatorze catorce catorze | fifteen quinze quince | sixteen |
  seventeen | eighteen | nineteen]], 1, 0)
numbered([[twenty vingt veinte vinte | thirty trente treinta trinta | forty fourty quarante cuarenta quarenta | fifty cinquante cincuenta
  cinquenta | sixty soixante sesenta sessenta | seventy setenta | eighty ochenta oitenta | ninety noventa]], 10, 20, WORDS)
numbered("hundred cents cien cem | thousand mille mil", 900, 100, WORDS)

local NOON = { noon = 720, midday = 720, midi = 720, mediodia = 720, midnight = 0, minuit = 0 }
local HALF = { am = 0, pm = 720 }
local HOURS = set "h heures heure horas o'clock oclock"
local AT = set "at past las vers pour" -- an hour follows
local TO = set "a as das" -- an hour follows that shows that it is one: "às 15h"
-- An hour, or a count, follows.
local ABOUT = set "by before after until till around about from between avant apres entre de jusqu desde approximately like ou or"
local RELATIVE = set "today tomorrow tonight tmrw morning afternoon evening demain aujourd'hui matin soir manana amanha hoy hoje"
local LINK = set "to and or a et ou y e o until till through"
local ORDINAL = set "st nd rd th er re e eme o"
local OF = set "of de d do the"
local THE, LE = set "the on o le el dia", set "le el dia" -- "the 24th", "le 24"

for _, day in ipairs(text.sorted_names(DAYS)) do
  for _, ending in ipairs { "s", "'s" } do DAYS[day .. ending] = DAYS[day .. ending] or DAYS[day] end
end

M.NAMED = text.union(DAYS, SHORT_DAYS, MONTHS, WORDS, NOON, set "weekend weekends") -- every word that can begin a figure
M.WORDS = WORDS
M.MOST = 100 -- in one text; no more are read

-- Can the folded text hold a figure, or one of the words?
function M.possible(folded, words)
  return folded:find("%d") ~= nil or text.word_in(folded, words or M.NAMED, "%l+") ~= nil or folded:find("\224[\168\169]") ~= nil -- Punjabi
end

-- "1,250" → "1250", "007" → "7", "350.00" → "350"
local function plain(digits)
  if #digits == 1 then return digits end
  if digits:find("[,.]") then
    digits = digits:find("^%d%d?%d?,%d%d%d") and digits:gsub(",", "") or digits:gsub(",", ".")
    digits = digits:match("^(%d+)%.0+$") or digits
  end
  return digits:match("^0*(%d.*)$") or digits
end

-- The value of the number words that begin at i, and their last token.
local function words_at(t, i)
  local total, current, last = 0, 0, i
  for j = i, t.n do
    local word = t.word[j]
    local value = WORDS[word]
    if j > i and (t.before[j] > DASH or not value and (total + current < 100 or word ~= "and" and word ~= "et")) then
      break
    elseif value and value >= 100 then
      current, last = math.max(current, 1) * value, j
      if value == 1000 then total, current = total + current, 0 end
    elseif value then
      if current % 100 ~= 0 and not (current % 10 == 0 and current % 100 >= 20 and value < 10) then break end
      current, last = current + value, j
    end
  end
  return total + current, last
end

-- The number at token i as text without separators, its last token, and whether it has two digits or more.
function M.number(t, i)
  if t.kind[i] ~= "number" then
    local value, last = words_at(t, i)
    return tostring(value), last, value >= 10
  end
  local value, following = plain(t.word[i]), t.word[i + 1]
  local times = i < t.n and t.before[i + 1] <= SPACE and (following == "k" and 1000 or WORDS[following])
  if times and times >= 100 and #value <= 4 then
    return plain(("%.2f"):format((tonumber(value) or 0) * times)), i + 1, true
  end
  return value, i, #value > 1 or #t.word[i] > 1
end

local function small(value, most)
  local number = #value <= 2 and tonumber(value)
  return number and number <= most and number or nil
end

-- Does nothing that is counted follow token i? A range counts as a whole.
local function closes(t, i)
  local range = t.before[i + 1] == DASH and i + 1 or LINK[t.word[i + 1]] and i + 2
  return tokens.closes(t, range and t.kind[range] == "number" and range or i)
end

local function clock(item, minutes, known)
  minutes = minutes % 1440
  local half = minutes % 720
  item.kind = "time"
  item.give = known and { "t" .. minutes, "h" .. half } or { "t" .. half, "t" .. half + 720, "h" .. half }
  item.need = { known and "t" .. minutes or "h" .. half }
  return item
end

-- A clock time that shows that it is one: "3:50", "3 pm", "14h30". `last` is the last token of the hour.
local function clock_at(t, hour, last)
  local minute, sure = 0, false
  local function minutes_at(i) return t.kind[i] == "number" and t.word[i]:find("^[0-5]%d$") and tonumber(t.word[i]) end
  if t.gap[last + 1] == ":" and minutes_at(last + 1) then
    minute, last, sure = minutes_at(last + 1), last + 1, true
  elseif HOURS[t.word[last + 1]] and t.before[last + 1] <= SPACE then
    last, sure = last + 1, t.word[last + 1]:find("clock", 1, true) ~= nil
    if minutes_at(last + 1) and t.before[last + 1] <= SPACE then
      minute, last, sure = minutes_at(last + 1), last + 1, true
    end
  end
  local half = last < t.n and t.before[last + 1] <= SPACE and HALF[t.word[last + 1]]
  if half and hour <= 12 then
    return last + 1, hour % 12 * 60 + half + minute, true, true
  end
  return last, hour * 60 + minute, hour > 12 or hour == 0, sure
end

local function date(from, to, month, day)
  local give = { ("m%d-%d"):format(month, day), "d" .. day, "y" .. month }
  return { from = from, to = to, kind = "date", month = month, give = give, need = { give[1] }, all = { give[2], give[3] } }
end

-- "2026-11-24", "11/24/2026", "24/11": three or two numbers, divided by dashes or slashes.
local function divided_date(t, i)
  local function part(j)
    return t.kind[j] == "number" and (t.before[j] == DASH or t.before[j] == SLASH) and #t.gap[j] == 1 and tonumber(t.word[j]) or nil
  end
  local a, b, c = tonumber(t.word[i]), part(i + 1), part(i + 2)
  if not b or b > 31 then
    return nil
  elseif c and a > 999 and a < 3000 and b <= 12 and c <= 31 then
    return date(i, i + 2, b, c)
  elseif a > 31 or math.min(a, b) > 12 or not c and t.before[i + 1] ~= SLASH then
    return nil
  end
  local item = date(i, i + (c and 2 or 1), a, b) -- the month comes first or second
  table.move({ ("m%d-%d"):format(b, a), "d" .. a, "n" .. a, "n" .. b }, 1, 4, 4, item.give)
  item.need, item.all = (c or a > 9 or b > 9) and { item.give[1], item.give[4] } or nil, { "n" .. a, "n" .. b }
  return item
end

-- "Nov 24", "24th of November", "le 24", "the 24th".
local function date_at(t, i, value, last)
  local day, before = small(value, 31), t.word[i - 1]
  if not day or day == 0 then return nil end
  local ordinal = t.before[last + 1] == GLUED and ORDINAL[t.word[last + 1]]
  if ordinal then last = last + 1 end
  local month = MONTHS[before]
  if month and (t.before[i] <= SPACE or t.gap[i] == ". ") then return date(i - 1, last, month, day) end
  local of = OF[t.word[last + 1]] and last + 2 or last + 1
  month = MONTHS[t.word[of]]
  if month and t.before[of] <= DASH and (ordinal or of > last + 1 or not NO_MONTH[t.word[of]]) then return date(i, of, month, day) end
  local alone = (ordinal and THE[before] or LE[before] or DAYS[before]) and closes(t, last)
  if not ordinal and not alone then return nil end
  local keys = { "d" .. day, "n" .. day }
  return { from = i, to = last, kind = alone and "date" or "number", give = keys, need = (alone or day > 9) and keys or nil }
end

-- Does a digit at token i count the word after it, as in "2 couches"?
local function counts(t, i)
  local following = t.word[i + 1]
  return t.kind[i] == "number" and #t.word[i] == 1 and i < t.n and t.before[i + 1] == SPACE and t.kind[i + 1] == "word"
    and not tokens.closes(t, i)
    and not (HALF[following] or HOURS[following] or ORDINAL[following] or MONTHS[following] or OF[following] or M.NAMED[following])
end

-- The number, time or date that begins at token i. `before` is the figure before it.
local function figure_at(t, i, before)
  local always = not t.source and t.word[i] == "24" and t.gap[i + 1] == "/" and t.word[i + 1] == "7" and t.gap[i + 2] ~= "/"
  if always then return { from = i, to = i + 1, kind = "number", give = {}, value = "24" } end -- "24/7"
  local item = t.kind[i] == "number" and divided_date(t, i)
  if not item and not t.source and counts(t, i) then return { from = i, to = i, kind = "number", give = {}, value = t.word[i] } end
  local value, last, long = M.number(t, i)
  item = item or date_at(t, i, value, last)
  if item then return item end
  item = { from = i, to = last, kind = "number", give = { "n" .. value }, need = long and { "n" .. value } or nil, value = value }
  local previous, hour = t.word[i - 1], small(value, 24)
  if not hour or i > 1 and t.before[i] == GLUED and t.kind[i - 1] == "word" then return item end
  local linked = before and (before.to == i - 1 and t.before[i] == DASH or before.to == i - 2 and t.before[i] <= SPACE and LINK[previous])
  if linked and before.month and hour > 0 then return date(i, last, before.month, hour) end
  local stop, minutes, known, sure = clock_at(t, hour, last)
  local closed = closes(t, stop)
  local at = (AT[previous] or TO[previous] and stop > last) and t.before[i] <= SPACE or t.gap[i]:find("@", 1, true)
    or linked and before.kind == "time"
  if sure or at and (stop > last or closed) or closed and (DAYS[previous] or RELATIVE[previous]) and t.before[i] <= COMMA then
    item.to = stop
    clock(item, minutes, known or t.word[i]:find("^0%d"))
    local first = sure and linked and before.value and small(before.value, 24)
    if first then clock(before, first * 60, first > 12) end
  elseif closed and (ABOUT[previous] and not (previous == "by" and t.kind[i - 2] == "number") or t.source and t.before[i] >= COMMA) then
    clock(item, minutes, known) -- or a count
    item.give[#item.give + 1], item.need[2] = "n" .. value, "n" .. value
  elseif (i == 1 or t.gap[i]:find("\n", 1, true)) and t.gap[i + 1]:find("^[.)] ") and small(value, 20) then
    item.need = nil -- it numbers a list
  end
  return item
end

-- The weekday or month at token i, or a time that is a word.
local function name_at(t, i)
  local word, before, following = t.word[i], t.word[i - 1], t.word[i + 1]
  local day, month = DAYS[word], MONTHS[word]
  local function is_day(j) return DAYS[t.word[j]] or SHORT_DAYS[t.word[j]] end
  local linked = LINK[following] and is_day(i + 2) or LINK[before] and is_day(i - 2) or following == "feira" or following == "as"
  if t.source or BEFORE_DAY[before] or linked or t.kind[i + 1] == "number" or t.before[i + 1] == DASH then day = day or SHORT_DAYS[word] end
  local key = day and "w" .. day or month and (not NO_MONTH[word] or IN[before]) and t.kind[i + 1] ~= "number" and "y" .. month
  if key then
    return { from = i, to = i, kind = day and "weekday" or "date", give = { key }, need = { key } }
  elseif NOON[word] then
    return clock({ from = i, to = i }, NOON[word], true)
  elseif word:find("^weekend") then
    return { from = i, to = i, kind = "weekday", give = { "w6", "w7" } }
  end
end

---@param t table tokens; t.source: of a text that is a source, where a figure that can be two things is both
---@return {from: integer, to: integer, kind: "number"|"time"|"date"|"weekday", give: string[], need?: string[], all?: string[]}[]
function M.read(t)
  local list, i = {}, 1
  while i <= t.n and #list < M.MOST do
    local word, item = t.word[i], nil
    if t.kind[i] == "number" or WORDS[word] then
      item = figure_at(t, i, list[#list])
    elseif M.NAMED[word] then
      item = name_at(t, i)
    end
    if item then
      local last = list[#list]
      if last and last.kind == "number" and t.gap[i] == " " and #word == 3 and t.kind[i - 1] == "number" and item.value then -- "1 250"
        local joined = "n" .. last.value .. word
        item.give[2], last.give[2] = joined, joined
        if item.need then item.need[2] = joined end
        if last.need then last.need[2] = joined end
      end
      list[#list + 1] = item
      i = item.to
    end
    i = i + 1
  end
  return list
end

return M
