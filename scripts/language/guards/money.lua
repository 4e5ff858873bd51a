-- Finds prices: a currency beside a number, or a number after a word for price; and a promise that taking things away costs nothing.
-- Estimates are free here. A number of which none of this is said is for the guard of numbers.
local figures = require "language.figures"
local promises = require "language.guards.promises"
local text = require "language.text"
local tokens = require "language.token_row"
local words = require("language.guard_words").money

local M = {}

local set, any = text.set, tokens.any
local DASH, COLON, COMMA, ASK, STOP = tokens.DASH, tokens.COLON, tokens.COMMA, tokens.ASK, tokens.STOP

local CURRENCY = words.CURRENCY
local FIRST = set "$ dollar dollars bucks cad usd cdn eur euro euros piastres" -- these stand before the number too
local NAMES = set "tree store stores general shop giant tree's rama piano pianos" -- "the Dollar Tree", "a grand piano"
local BETWEEN = set "canadian us american cdn of or so plus odd extra more additional some full even ish k whole total a ca"
local SOME = set "few couple several dozen hundreds thousands hundred half" -- numbers of no value
local MOVED, MOVE, PRICE, FREE, HARMLESS = words.MOVED, words.MOVE, words.PRICE, words.FREE, words.HARMLESS
local LEAST = { total = 50, totals = 50, rate = 50 } -- "in total you have 25", "25 items"
local LABEL = words.LABEL -- a number after one of these names something
local TAX, IT = set "tax taxes hst gst taxe iva", set "that it this it'd that'd it'll that'll you you'd you'll everything all"
local COMES = set "be comes come runs run looking do" -- "that would be 250", "it comes to 250", "do it for 250"

-- The last token of the currency at token i with its number, and the first; or nil.
local function beside_currency(t, i)
  local word, following = t.word[i], t.word[i + 1]
  if NAMES[following] and t.before[i + 1] <= DASH then return nil end
  if word == "grand" and (any(t, i - 20, i + 20, NAMES) or not tokens.closes(t, i)) then return nil end
  local function number(j) return t.kind[j] == "number" and t.gap[j] ~= "#" or figures.WORDS[t.word[j]] or SOME[t.word[j]] end
  local j, gap = i - 1, t.before[i]
  while j >= 1 and i - j <= 3 and (gap <= DASH or gap == COMMA and t.gap[j + 1]:find("(", 1, true)) do
    if number(j) or i - j == 1 and t.word[j] == "a" and word ~= "$" and word ~= "grand" then return j, i end
    if not BETWEEN[t.word[j]] then break end
    gap, j = t.before[j], j - 1
  end
  if FIRST[word] and i < t.n and t.before[i + 1] <= COLON and number(i + 1) then return i, i + 1 end
end

-- Is the figure an amount, after the word for price at token `at`?
local function after_price(t, figure, at, least)
  if (tonumber(figure.value) or 0) < least or not (figure.kind == "number" or figure.need[2]) then return false end
  local last, j = figure.to, figure.to + 1
  if t.kind[j] == "number" and t.before[j] == DASH then last = j end
  if (t.word[j] == "to" or t.word[j] == "and" or t.word[j] == "or") and t.kind[j + 1] == "number" then last = j + 1 end
  return tokens.closes(t, last) and not any(t, math.max(at, figure.from - 4), figure.from - 1, LABEL)
    and not (least > 20 and t.before[last + 1] == ASK) and not t.gap[figure.from]:find("#", 1, true)
end

local CHARGE = set "charge charges charged cost costs fee fees frais cout coute pay house cobramos costo custo"
local NOTHING = set "no zero without never nothing sans aucun aucuns pas won't don't doesn't isn't on nao sin sem"
local HOUSE = set "it's that's this's is be all are everything's one's"
local ADVERB = set "gratuitement gratis gratuitamente graca"
local WHEN = set "until till before yet unless if by avant"
local AWAY = set "it them that these those everything all away up out over off" -- "pick it up free"
local NOT_AWAY = set "a photos care another" -- "take photos"
local LINKS = set [[is are be was been will would it's that's completely totally absolutely entirely always actually also all 100 of
  est sont sera up service es e esta son sao]]

local function moves(t, i)
  return MOVED[t.word[i]] or t.word[i] == "pick" and (t.word[i + 1] == "up" or t.word[i + 1] == "ups") and "pick"
end

-- Does a clause speak of taking things away?
local function moving(t, clause)
  if clause.moving == nil then
    clause.moving = false
    for i = clause.from, clause.to do
      clause.moving = clause.moving or moves(t, i) or MOVE[t.word[i]] and not NOT_AWAY[t.word[i + 1]]
    end
  end
  return clause.moving
end

-- Does "free" at token i say that taking things away is free?
local function is_free(t, i, clause)
  local before, following = t.word[i - 1], t.word[i + 1]
  if before == "feel" or t.gap[i] == "-" or any(t, i + 1, math.min(i + 4, clause.to), HARMLESS) then return false end
  if HARMLESS[before] or HARMLESS[t.word[i - 2]] then return false end
  if ADVERB[t.word[i]] then return not any(t, i - 6, i - 1, promises.NEGATED) and moving(t, clause) end
  if any(t, math.max(clause.from, i - 3), i - 1, NOTHING) then return false end
  if following == "of" then return CHARGE[t.word[i + 2]] and moving(t, clause) end
  if before == "for" then return not any(t, i - 6, i - 1, promises.NEGATED) and moving(t, clause) end
  if t.word[i] == "nothing" then return false end
  if (before == "it's" or t.word[i - 2] == "it") and following == "to" then return any(t, i + 2, math.min(i + 6, clause.to), MOVE) end
  for j = i + 1, math.min(i + 3, clause.to) do -- "free curbside pickup"
    if t.before[j] >= COMMA or t.word[j] == "for" or t.word[j] == "to" or t.word[j] == "at" or t.word[j] == "a" then break end
    if moves(t, j) then return true end
  end
  local ends, j = tokens.closes(t, i) and following ~= "to" and following ~= "from", i - 1
  if ends and AWAY[before] and any(t, clause.from, i, MOVE) then return true end
  while j > clause.from and LINKS[t.word[j]] and not moves(t, j) do j = j - 1 end -- "pickup is always free"
  local taking = moves(t, j) or moves(t, j - 1) == "pick" or j < i - 1 and MOVE[t.word[clause.from]]
  return taking and (ends or not clause.question) and t.before[i] < COMMA
end

-- Can a figure after token i be what it all costs, without a word for price?
local function comes_to(t, i)
  local word = t.word[i]
  if word == "do" then return any(t, i + 1, i + 2, { ["for"] = true }) and IT[t.word[i + 1]] end
  return any(t, i - 3, i - 1, IT) and (word ~= "come" and word ~= "comes" or t.word[i + 1] == "to")
end

-- Is there nothing to pay: "no extra charge", "won't cost you", "costs nothing", "on the house" at token i?
local function nothing_to_pay(t, i, clause)
  local from = i
  while from > math.max(clause.from, i - 3) and t.before[from] < COMMA do from = from - 1 end
  local free = any(t, from, i - 1, NOTHING) or any(t, i + 1, math.min(i + 2, clause.to), { nothing = true, rien = true })
  if not free or t.word[i] == "house" and t.word[i - 2] ~= "on" or t.word[free] == "on" and t.word[i] ~= "house" then return false end
  local it = t.word[i] == "house" and not clause.question and tokens.closes(t, i) and HOUSE[t.word[i - 3]]
  if it and not any(t, clause.from, i, HARMLESS) then return true end -- "it's on the house"
  return not WHEN[t.word[i + 1]] and not any(t, i + 1, math.min(i + 5, clause.to), HARMLESS) and moving(t, clause)
end

-- The first such text in the tokens, as text for people; or nil. `list` is figures.read(t).
function M.find(t, list)
  local at, least, near, following = nil, nil, nil, 1
  for i = 1, t.n do
    if t.before[i] == STOP then at = nil end
    local word = t.word[i]
    if CURRENCY[word] then
      local a, b = beside_currency(t, i)
      if a then return tokens.text(t, a, b) end
    elseif PRICE[word] then
      at, least, near = i, LEAST[word] or 20, 14
    elseif TAX[word] and t.kind[t.gap[i]:find("+", 1, true) and i - 1 or i - 2] == "number" and t.before[i] <= DASH then
      return tokens.text(t, i - 2, i)
    elseif COMES[word] and not at and comes_to(t, i) then
      at, least, near = i, 50, 4
    end
    local figure = list[following]
    if figure and figure.from == i then
      following = following + 1
      if at and figure.from - at <= near and after_price(t, figure, at, least) then return tokens.text(t, at, figure.to) end
    end
  end
  for _, clause in ipairs(tokens.clauses(t)) do
    local mentions = 0
    for i = clause.from, clause.to do
      local free, charge = FREE[t.word[i]], CHARGE[t.word[i]]
      if (free or charge) and mentions < 5 then
        mentions = mentions + 1
        if free and is_free(t, i, clause) or charge and nothing_to_pay(t, i, clause) then return tokens.text(t, clause.from, clause.to) end
      end
    end
  end
end

M.CURRENCY, M.PRICE = CURRENCY, text.union(PRICE, TAX, COMES)
M.WATCHED = text.union(CURRENCY, FREE, CHARGE, SOME) -- a text without these, and without a figure and a "$" or one of PRICE, holds no price

return M
