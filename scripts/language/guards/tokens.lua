-- Cuts a folded text into a row of tokens, for guards that must know which words are neighbours.
local text = require "language.text"

local M = {}

-- What stands before a token, from nothing to the end of a sentence. The order is a strength: a search stops at a separator
-- that is stronger than the search allows.
M.GLUED, M.SPACE, M.DASH, M.SLASH, M.COLON, M.COMMA, M.ASK, M.STOP = 0, 1, 2, 3, 4, 5, 6, 7

-- A sign, and the strength of a separator that holds it. The first that fits counts.
local STRENGTHS = { { "%?", M.ASK }, { "[!\n;]", M.STOP }, { "%.[^%w]", M.STOP }, { "%.$", M.STOP }, { "[,()%[%]|]", M.COMMA },
  { ":", M.COLON }, { "/", M.SLASH }, { "%-", M.DASH } }

local function gap_class(gap)
  for _, sign in ipairs(STRENGTHS) do
    if gap:find(sign[1]) then
      return sign[2]
    end
  end
  return M.SPACE
end

-- The class of frequent separators, computed once.
local USUAL = { [""] = M.GLUED, [" "] = M.SPACE, ["\n"] = M.STOP, ["\n\n"] = M.STOP }
for sign in (".,?!;:/-()[]|"):gmatch(".") do
  for _, gap in ipairs { sign, sign .. " ", " " .. sign, " " .. sign .. " " } do
    USUAL[gap] = gap_class(gap)
  end
end

-- Each step takes the separator, then letters, then digits, then a sign. Each of them can be empty.
local STEP = "([^%w$\128-\255]*)([%a\128-\255]?[%a'\128-\255]*)(%d?[%d.,]*)(%$?)"

-- {n=, word[i]=, kind[i]="number"|"word"|"$", before[i]=class, gap[i]=text}. before[n + 1] is what ends the text.
-- "10x20" is three tokens glued to each other; "1,200.50" is one; "we'll" is one; "l'ascenseur" is two.
function M.read(s)
  if s:find(".m", 1, true) then
    s = s:gsub("([ap])%.m%f[%A]%.?", "%1m") -- "9 a.m." ends no sentence
  end
  local word, kind, before, gap = {}, {}, {}, {}
  local n, carry, byte = 0, "", string.byte
  for between, letters, digits, sign in s:gmatch(STEP) do
    if carry ~= "" then between, carry = carry .. between, "" end
    if letters ~= "" then
      if byte(letters, 2) == 39 and letters:find("^[cdjlmnst]'%a") then
        n = n + 1
        word[n], kind[n], gap[n], before[n] = letters:sub(1, 1), "word", between, USUAL[between] or gap_class(between)
        letters, between = letters:sub(3), " "
      end
      n = n + 1
      word[n], kind[n] = byte(letters, -1) == 39 and text.trim_end(letters, "[']") or letters, "word"
      gap[n], before[n], between = between, USUAL[between] or gap_class(between), ""
    end
    if digits ~= "" then
      local last = byte(digits, -1)
      if last == 44 or last == 46 then
        local number = text.trim_end(digits, "[.,]")
        carry, digits = digits:sub(#number + 1), number
      end
      if digits == "" then
        carry, between = between .. carry, ""
        goto sign
      end
      n = n + 1
      word[n], kind[n], gap[n], before[n], between = digits, "number", between, USUAL[between] or gap_class(between), ""
    end
    ::sign::
    if sign ~= "" then
      between, carry = between .. carry, ""
      n = n + 1
      word[n], kind[n], gap[n], before[n], between = "$", "$", between, USUAL[between] or gap_class(between), ""
    end
    if between ~= "" then carry = carry .. between end
  end
  before[n + 1] = carry:find("?", 1, true) and M.ASK or M.STOP
  gap[n + 1] = carry
  if n > 0 then
    before[1] = M.STOP
  end
  return { n = n, word = word, kind = kind, before = before, gap = gap }
end

-- What can follow a number that counts nothing. Before any other word it is a count, or belongs to a street.
local CLOSING = text.set [[for per to and or plus total in depending if each tax taxes hst gst all altogether flat max maximum minimum only
  today tomorrow tonight as but with including includes before after i we you so which when because based ish on approximately roughly is
  was are would will works work range mark a an every tops more less maybe usually typically at from up extra then too instead applies apply
  applied cash even okay ok fine sharp please right correct does do did can could should be not until till by this that it's
  pour par et ou selon environ tout taxes est sont vous]]

-- Does token i end what it belongs to: no noun follows?
function M.closes(t, i)
  local gap = t.before[i + 1]
  return i >= t.n or gap >= M.COMMA or t.kind[i + 1] == "word" and gap > M.GLUED and CLOSING[t.word[i + 1]] == true
end

-- The first token from one to another that is one of these words; or nil.
function M.any(t, from, to, words)
  for i = from, to do
    if words[t.word[i]] then
      return i
    end
  end
  return nil
end

-- The text from token a to token b, for people to read.
---@param tokens table
---@param a integer
---@param b integer
function M.text(tokens, a, b)
  local out = {}
  for i = math.max(a, 1), math.min(b, tokens.n) do
    if #out > 0 then
      out[#out + 1] = (tokens.gap[i]:gsub("%s+", " "))
    end
    out[#out + 1] = tokens.word[i]
  end
  return table.concat(out)
end

local LONGEST = 120

-- A text from outside as `read` takes it.
function M.text_of(s)
  return (text.fold(s):gsub("[*_~`]", ""))
end

-- The first and last token of each sentence, and whether it ends in a question mark. A sentence that is too long is cut.
function M.sentences(tokens)
  local list, from = {}, 1
  for i = 2, tokens.n + 1 do
    local class = tokens.before[i]
    if class >= M.ASK or i - from >= LONGEST then
      list[#list + 1] = { from = from, to = i - 1, question = class == M.ASK }
      from = i
    end
  end
  return list
end

return M
