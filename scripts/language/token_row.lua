-- Cuts a folded text into a row of tokens, for guards that must know which words are neighbours.
local text = require "language.text"

local M = {}

-- What stands before a token, from nothing to the end of a sentence. The order is a strength: a search stops at a separator that is
-- stronger than the search allows.
M.GLUED, M.SPACE, M.DASH, M.SLASH, M.COLON, M.COMMA, M.ASK, M.STOP = 0, 1, 2, 3, 4, 5, 6, 7

-- A sign, and the strength of a separator that holds it. The first that fits counts.
local STRENGTHS = { { "%?", M.ASK }, { "[!\n;]", M.STOP }, { "%.[^%w]", M.STOP }, { "%.$", M.STOP }, { "[,()%[%]|]", M.COMMA },
  { ":", M.COLON }, { "/", M.SLASH }, { "%-", M.DASH } }

local USUAL = { [""] = M.GLUED, [" "] = M.SPACE } -- computed once

local function strength(gap)
  for _, sign in ipairs(STRENGTHS) do
    if gap:find(sign[1]) then return sign[2] end
  end
  return M.SPACE
end

for sign in (".,?!;:/-()[]|\n"):gmatch(".") do
  for _, gap in ipairs { sign, sign .. " ", " " .. sign, " " .. sign .. " " } do USUAL[gap] = strength(gap) end
end

-- Each step takes the separator, then letters, then digits, then a sign. Each of them can be empty.
local STEP = "([^%w$\128-\255]*)([%a\128-\255]?[%a'\128-\255]*)(%d?[%d.,]*)(%$?)"

local function usual(value) return { __index = function() return value end } end
local WORD, SPACED, BLANK = usual "word", usual(M.SPACE), usual " "

-- {n=, word[i]=, kind[i]="number"|"word"|"$", before[i]=strength, gap[i]=text}. before[n + 1] is what ends the text. Most tokens are words
-- after a blank, so only other kinds and separators are stored.
-- "10x20" is three tokens glued to each other; "1,200.50" is one; "we'll" is one; "l'ascenseur" is two.
function M.read(s)
  local word, kind, n, carry, quoted = {}, setmetatable({}, WORD), 0, "", s:find("'", 1, true)
  local before, gap = setmetatable({}, SPACED), setmetatable({}, BLANK)
  local function apart(between) gap[n], before[n] = between, USUAL[between] or strength(between) end
  for between, letters, digits, sign in s:gmatch(STEP) do
    if carry ~= "" then between = carry .. between end
    if letters ~= "" then
      if quoted and letters:byte(2) == 39 and letters:find("^[cdjlmnst]'%a") then
        n = n + 1
        word[n] = letters:sub(1, 1)
        apart(between)
        letters, between = letters:sub(3), " "
      end
      n = n + 1
      word[n] = quoted and letters:byte(-1) == 39 and text.trim_end(letters, "[']") or letters
      if between ~= " " then apart(between) end
      between = ""
    end
    if digits ~= "" then
      local number = (digits:find("^[.,]") or digits:find("[.,]", #digits)) and text.trim_end(digits, "[.,]") or digits
      if number ~= "" then
        n = n + 1
        word[n], kind[n] = number, "number"
        if between ~= " " then apart(between) end
        between = ""
      end
      if number ~= digits then between = between .. digits:sub(#number + 1) end
    end
    if sign ~= "" then
      n = n + 1
      word[n], kind[n] = "$", "$"
      apart(between)
      between = ""
    end
    carry = between
  end
  before[1], before[n + 1], gap[n + 1] = M.STOP, carry:find("?", 1, true) and M.ASK or M.STOP, carry
  return { n = n, word = word, kind = kind, before = before, gap = gap }
end

-- A text from outside as `read` takes it. "9 a.m." and "St. Mary" end no sentence.
function M.text_of(s)
  s = text.fold(s)
  if s:find("[*_~`]") then s = s:gsub("[*_~`]", "") end
  if s:find(".m", 1, true) then s = s:gsub("([ap])%.m%f[%A]%.?", "%1m") end
  return s:find("st. ", 1, true) and s:gsub("%f[%a]st%. ", "st ") or s
end

-- What can follow a number that counts nothing. Before any other word it is a count, or belongs to a street.
local CLOSING = text.set [[for per to and or plus total in depending if each tax taxes hst gst all altogether flat max maximum minimum only
  today tomorrow tonight as but with including includes before after i we you so which when because based ish on approximately roughly is
  was are would will works work range mark a an every tops more less maybe usually typically at from up extra then too instead applies apply
  applied cash even okay ok fine sharp please right correct does do did can could should be not until till by this that it's
  pour par et ou selon environ tout taxes est sont vous]]

-- Does token i end what it belongs to: no noun follows?
function M.closes(t, i)
  return i >= t.n or t.before[i + 1] >= M.COMMA or t.kind[i + 1] == "word" and t.before[i + 1] > M.GLUED and CLOSING[t.word[i + 1]] == true
end

-- The first token from one to another that is one of these words; or nil.
function M.any(t, from, to, words)
  for i = math.max(from, 1), math.min(to, t.n) do
    if words[t.word[i]] then return i end
  end
end

-- The text from token a to token b, for people to read.
function M.text(t, a, b)
  local out = {}
  for i = math.max(a, 1), math.min(b, t.n) do out[#out + 1] = (#out > 0 and t.gap[i]:gsub("%s+", " ") or "") .. t.word[i] end
  return table.concat(out)
end

local LONGEST = 60 -- a longer sentence is cut
local BUT = text.set "but however though although mais cependant" -- a refusal in one half must not excuse the other

-- The clauses: {from=, to=, question=, sentence= its number}. Sentences are cut at "but". Computed once for all guards.
function M.clauses(t)
  if t.clauses then return t.clauses end
  local list, from, sentence = {}, 1, 1
  for i = 2, t.n + 1 do
    local class = t.before[i]
    local cut = BUT[t.word[i]]
    if class >= M.ASK or i - from >= LONGEST or cut then
      list[#list + 1] = { from = from, to = i - 1, question = class == M.ASK, sentence = sentence }
      from = cut and i + 1 or i
      if class >= M.ASK then sentence = sentence + 1 end
    end
  end
  for i = #list - 1, 1, -1 do
    if list[i].sentence == list[i + 1].sentence then list[i].question = list[i + 1].question end
  end
  t.clauses = list
  return list
end

return M
