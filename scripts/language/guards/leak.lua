-- Finds the prompt's own text in a reply: identity, workflow, schema, or two or more rules word for word.
-- One business rule can be quoted: "We service the GTA …" is the right answer to "where do you work?".
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local found_in = text.found_in

-- Words of the schema and of the prompt's frame. No customer needs to read them. Each entry holds "_" or "{", or one of
-- SCHEMA_WORDS as a whole word; `suspicious` looks for the last entry itself.
local SCHEMA = { "reply_to_user", "extracted_data", "business_rules", "quote_fields_needed", "json", "response_format",
  "reply to user:", "extracted data:", "business rules:", '"action"', "'action'", "{\"", "quote fields needed", "output strict" }
M.SCHEMA_WORDS = text.set "json user data rules action fields"

local FRAGMENT = 8 -- this many equal words in a row are no coincidence
local SENTENCE = 5
local RULE_SENTENCE = 6

-- The words alone, as the tokens of a reply give them, and their number.
local function words(s)
  local t = tokens.read(text.fold(s))
  return table.concat(t.word, " "), t.n
end

local function sentences(s)
  local list = {}
  for sentence in (s .. "\n"):gmatch("[^.!?\n]+") do
    list[#list + 1] = sentence
  end
  return list
end

-- Does a piece of so many words identify the prompt? Two to four words do only when they are not everyday words. Long words are
-- taken as such.
local function telling(plain, count)
  if count >= SENTENCE then
    return true
  end
  local long = 0
  for word in plain:gmatch("%S+") do
    long = long + (#word >= 6 and 1 or 0)
  end
  return count >= 2 and long >= 2
end

-- Adds the pieces of a guarded text: each telling sentence, and each run of eight words.
local function pieces(s, into)
  for _, sentence in ipairs(sentences(s)) do
    local plain, count = words(sentence)
    if telling(plain, count) then
      into[#into + 1] = " " .. plain .. " "
    end
  end
  local list = text.split((words(s)))
  for i = 1, #list - FRAGMENT + 1 do
    local piece = " " .. table.concat(list, " ", i, i + FRAGMENT - 1) .. " "
    if not found_in(piece, into) then -- otherwise a shorter piece finds it already
      into[#into + 1] = piece
    end
  end
end

local function rule_pieces(rule)
  local list, plain = {}, (words(rule))
  if plain ~= "" then
    list[1] = " " .. plain .. " "
  end
  for _, sentence in ipairs(sentences(rule)) do
    local inner, count = words(sentence)
    if count >= RULE_SENTENCE then
      list[#list + 1] = " " .. inner .. " "
    end
  end
  return list
end

-- The words of a piece that are made of a-z, the longest first. When one is missing in a reply, the piece is not there.
local function plain_words(piece)
  local list = {}
  for word in piece:gmatch("[^ ]+") do
    if word:find("^%l+$") then
      list[#list + 1] = word
    end
  end
  table.sort(list, function(one, other) return #one > #other end)
  return list
end

-- The plain words of each piece. The first of each goes into `marks`; a piece without any sets `always`.
local function watch(list, ready)
  local plain = {}
  for i, piece in ipairs(list) do
    plain[i] = plain_words(piece)
    if plain[i][1] then
      ready.marks[plain[i][1]] = true
    else
      ready.always = true
    end
  end
  return plain
end

local function whole(piece, present)
  for _, word in ipairs(piece) do
    if not present[word] then
      return false
    end
  end
  return true
end

-- Does the list have a piece of which all words are present?
local function any_whole(list, present)
  for _, piece in ipairs(list) do
    if whole(piece, present) then
      return true
    end
  end
  return false
end

-- Can a piece be in this folded text? Only when all its words are there, in any place. Of the rules it takes two.
function M.possible(folded, ready)
  local present, rules = text.set(folded, "%l+"), 0
  for _, rule in ipairs(ready.rule_words) do
    rules = rules + (any_whole(rule, present) and 1 or 0)
  end
  return rules >= 2 or any_whole(ready.guarded_words, present)
end

-- Must this folded text be checked although it holds none of the watched words?
function M.suspicious(folded, ready)
  return ready.always or folded:find("_", 1, true) ~= nil or folded:find("{", 1, true) ~= nil
    or folded:find("output strict", 1, true) ~= nil
end

-- The parsed prompt file, prepared for comparing. The same table is used for every reply.
function M.prepare(system)
  local ready = { guarded = {}, rules = {}, names = {} }
  pieces(system.identity or "", ready.guarded)
  pieces(system.workflow or "", ready.guarded)
  for _, rule in ipairs(system.business_rules or {}) do
    ready.rules[#ready.rules + 1] = rule_pieces(rule)
  end
  for _, field in ipairs(system.quote_fields_needed or {}) do
    if field:find("_", 1, true) then
      ready.names[#ready.names + 1] = field:lower()
    end
  end
  ready.marks, ready.rule_words = {}, {}
  ready.guarded_words = watch(ready.guarded, ready)
  for i, rule in ipairs(ready.rules) do
    ready.rule_words[i] = watch(rule, ready)
  end
  return ready
end

-- What the folded reply quotes of the prompt, or nil. `t` holds the reply's tokens.
---@param folded string
---@param t table
---@param ready table
function M.find(folded, t, ready)
  for _, mark in ipairs(SCHEMA) do
    local at = folded:find(mark, 1, true)
    if at and (mark ~= "json" or folded:find("%f[%w]json%f[%W]")) then
      return mark
    end
  end
  local name = found_in(folded, ready.names)
  if name then
    return name
  end
  local plain = " " .. table.concat(t.word, " ") .. " "
  local piece = found_in(plain, ready.guarded)
  if piece then
    return text.trim(piece)
  end
  local quoted = 0
  for _, rule in ipairs(ready.rules) do
    quoted = quoted + (found_in(plain, rule) and 1 or 0)
  end
  return quoted >= 2 and "two or more business rules" or nil
end

return M
