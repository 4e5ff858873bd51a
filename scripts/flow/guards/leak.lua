-- The prompt's own text in a reply: identity, workflow, schema, or two or more rules word for word (PRODUCT 4, Guards).
-- One business rule may be quoted: "We service the GTA …" is the right answer to "where do you work?".
local text = require "flow.text"
local tokens = require "flow.guards.tokens"

local M = {}

-- Words of the schema and of the prompt's frame that no customer ever needs to read. Each holds a sign ("_", "{") or, whole, one of
-- SCHEMA_WORDS; the last is looked for by itself.
local SCHEMA = { "reply_to_user", "extracted_data", "business_rules", "quote_fields_needed", "json", "response_format",
  "reply to user:", "extracted data:", "business rules:", '"action"', "'action'", "{\"", "quote fields needed", "output strict" }
local SCHEMA_WORDS = text.set "json user data rules action fields"

local FRAGMENT = 8 -- words in a row that are no coincidence
local SENTENCE = 5
local RULE_SENTENCE = 6

-- The words alone, as the tokens of a reply give them too, and how many there are.
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

local function found_in(s, list)
  for _, piece in ipairs(list) do
    if s:find(piece, 1, true) then
      return piece
    end
  end
  return nil
end

-- Two to four words are only telling when they are not everyday ones; length is a fair sign of that.
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

-- The pieces of a guarded text: each telling sentence, and each run of eight words.
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
    if not found_in(piece, into) then -- else a shorter one catches it already
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

-- The longest word of a piece in plain letters: without it the piece is not there. nil: it has none.
local function mark_of(piece)
  local mark
  for word in piece:gmatch("[^ ]+") do
    if word:find("^%l+$") and (not mark or #word > #mark) then
      mark = word
    end
  end
  return mark
end

-- The words of which one stands in every reply that repeats something; `always` when a piece has no such word.
local function watch(ready)
  local marks, always = {}, false
  for _, list in ipairs { ready.guarded, table.unpack(ready.rules) } do
    for _, piece in ipairs(list) do
      local mark = mark_of(piece)
      if mark then
        marks[mark] = true
      else
        always = true
      end
    end
  end
  return { marks, SCHEMA_WORDS }, always
end

-- Does this folded text have to be looked at although none of the watched words stands in it?
function M.suspicious(folded, ready)
  return ready.always or folded:find("_", 1, true) ~= nil or folded:find("{", 1, true) ~= nil
    or folded:find("output strict", 1, true) ~= nil
end

-- The parsed prompt file made ready for comparing; the same table serves every reply.
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
  ready.watched, ready.always = watch(ready)
  return ready
end

-- What of the prompt stands in the folded reply (t: its tokens), or nil.
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
