-- Finds the prompt's own text in a reply: identity, workflow, schema, or two or more rules word for word. One rule can be quoted.
local text = require "language.text"

local M = {}

-- Words of the schema and of the prompt's frame. No customer needs to read them.
local SCHEMA = { "reply_to_user", "extracted_data", "business_rules", "quote_fields_needed", "response_format", "reply to user:",
  "extracted data:", "business rules:", '"action"', "'action'", "{\"", "quote fields needed:", "output strict json" }

local FRAGMENT, SENTENCE, RULE_SENTENCE = 8, 5, 6 -- so many equal words in a row are no coincidence

-- The words of a folded text alone, and the number of blanks between them.
local function words(folded)
  local plain, blanks = text.trim(folded):gsub("[^%w'\128-\255]+", " ")
  return text.trim(plain), blanks
end

-- Adds the pieces of a guarded text: each sentence that identifies it (a short one by two long words), and other runs of eight words.
local function pieces(s, into)
  s = text.fold(s)
  for sentence in s:gmatch("[^.!?\n]+") do
    local plain, blanks = words(sentence)
    local _, long = plain:gsub("%S%S%S%S%S%S+", "")
    if blanks + 1 >= SENTENCE or blanks >= 1 and long >= 2 then into[#into + 1] = plain end
  end
  local list = text.split((words(s)))
  for i = 1, #list - FRAGMENT + 1 do
    local piece = table.concat(list, " ", i, i + FRAGMENT - 1)
    if not text.found_in(piece, into) then into[#into + 1] = piece end
  end
end

-- The longest word of a piece: a text without it does not hold the piece. The first and the last word can be a part of another word.
local function longest(piece)
  local best = ""
  for word in (piece:match("^%S+ (.+) %S+$") or piece):gmatch("%l+") do best = #word > #best and word or best end
  return best
end

-- The parsed prompt file, prepared for comparing. The same table is used for every reply.
function M.prepare(system)
  local ready = { guarded = {}, rules = {}, names = {}, words = {} }
  pieces(system.identity or "", ready.guarded)
  pieces(system.workflow or "", ready.guarded)
  for i, rule in ipairs(system.business_rules or {}) do
    local plain = words(text.fold(rule))
    ready.rules[i] = plain ~= "" and { plain } or {}
    for sentence in text.fold(rule):gmatch("[^.!?\n]+") do
      local inner, blanks = words(sentence)
      if blanks + 1 >= RULE_SENTENCE then table.insert(ready.rules[i], inner) end
    end
  end
  for _, field in ipairs(system.quote_fields_needed or {}) do
    if field:find("_", 1, true) then ready.names[#ready.names + 1] = field:lower() end
  end
  for _, list in ipairs { ready.guarded, table.unpack(ready.rules) } do
    for _, piece in ipairs(list) do ready.words[#ready.words + 1] = longest(piece) end
  end
  return ready
end

-- What the folded reply quotes of the prompt, or nil. `look`: does it hold one of ready.words?
function M.find(folded, ready, look)
  local signs = folded:find("[_{:\"]") or folded:find("'action'", 1, true)
  local found = signs and (text.found_in(folded, SCHEMA) or text.found_in(folded, ready.names))
    or folded:find("json", 1, true) and folded:find("%f[%w]json%f[%W]") and "json"
  if found or not look then return found end
  local plain, quoted = words(folded), 0
  found = text.found_in(plain, ready.guarded)
  if found then return found end
  for _, rule in ipairs(ready.rules) do
    quoted = quoted + (text.found_in(plain, rule) and 1 or 0)
  end
  return quoted >= 2 and "two or more business rules" or nil
end

return M
