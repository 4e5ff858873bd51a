-- Phrases that an owner writes, made ready to be found: "don't|do-not text|call me (again)". What stands for each other has | between it
-- (with - between the words of one), what is in brackets may be missing. Only words count: case, accents and signs do not.
local text = require "language.text"

local M = {}

local MOST_WORDS = 60 -- of a phrase, with all that may be missing: where it can end is one integer

-- The parts of a phrase, each { optional=, longest=, shortest=, forms = first word → lists of words }, or nil and what is wrong.
local function read(phrase)
  local parts, inside = {}, false
  for piece in (phrase:find("[()]") and phrase:gsub("[()]", " %0 ") or phrase):gmatch("%S+") do
    if piece == "(" or piece == ")" then
      if inside == (piece == "(") then return nil, "has a bracket without its other one." end
      inside = piece == "("
    else
      local part = { optional = inside, longest = 0, shortest = math.huge, forms = {} }
      for form in piece:gmatch("[^|]+") do
        local words = form:find("^[%l%d]+$") and { form } or text.list(form)
        local first = words[1]
        if first then
          local forms = part.forms[first] or {}
          part.forms[first], forms[#forms + 1] = forms, words
          part.longest, part.shortest = math.max(part.longest, #words), math.min(part.shortest, #form)
        end
      end
      if part.longest > 0 then parts[#parts + 1] = part end
    end
  end
  if inside then return nil, "has a bracket without its other one." end
  local needed, most = false, 0
  for _, part in ipairs(parts) do needed, most = needed or not part.optional, most + part.longest end
  if not needed then return nil, "must hold a word that is not in brackets." end
  if most > MOST_WORDS then return nil, "is too long. Write several shorter phrases." end
  return parts
end

local READ = setmetatable({}, { __mode = "v" })

-- The same, read once: a phrase is checked, and then stands in several lists.
local function parts_of(phrase)
  local parts, problem = READ[phrase], nil
  if not parts then
    parts, problem = read(phrase)
    READ[phrase] = parts
  end
  return parts, problem
end

-- What is wrong with an owner's phrase, or nil. Of the signs of language/intents these lists know |, - and brackets.
---@param phrase string
---@return string? problem
function M.problem(phrase)
  if phrase:find("…", 1, true) or phrase:find("...", 1, true) or phrase:find("{", 1, true) then
    return "holds … or {…}, which mean something only in the lists from cancel_visit on. Write the words that stand there."
  end
  -- Most phrases. (The bytes after %w begin letters: accents alone and signs begin with others. The second one is Gurmukhi.)
  local needed = phrase:find("[()]") and phrase:gsub("%([^()]*%)%s*", "") or phrase
  if #phrase < 2 * MOST_WORDS and (needed:find("^[%w\196-\203\206-\217]") or needed:find("^\224\168[\133-\185]"))
    and not needed:find("[()]") then return nil end
  return select(2, parts_of(phrase))
end

-- Adds a phrase to a list of phrases by their first words.
---@param list table
---@param phrase string
---@param value any what the phrase stands for
---@return string? problem
function M.add(list, phrase, value)
  local parts, problem = parts_of(phrase)
  if not parts then return problem end
  local item = { parts = parts, value = value }
  for _, part in ipairs(parts) do
    for word in pairs(part.forms) do
      local beginning = list[word] or {}
      list[word] = beginning
      if beginning[#beginning] ~= item then beginning[#beginning + 1] = item end
    end
    if not part.optional then return end
  end
end

local NONE = {}

-- Words of which a text has one when a phrase of the list is in it. Of the parts that a phrase needs, the one whose shortest form is
-- longest has the rarest words.
---@param list table
---@return table<string, boolean>
function M.marks_of(list)
  local marks = {}
  for _, beginning in pairs(list) do
    for _, item in ipairs(beginning) do
      local best, most = nil, 0
      for _, part in ipairs(item.parts) do
        if not part.optional and part.shortest >= most then best, most = part, part.shortest end
      end
      for word in pairs(best.forms) do marks[word] = true end
    end
  end
  return marks
end

-- All words of these lists. A text with another word is not made of their phrases alone.
---@param ... table
---@return table<string, boolean>
function M.words_of(...)
  local words, seen = {}, {}
  for _, list in ipairs { ... } do
    for _, beginning in pairs(list) do
      for _, item in ipairs(beginning) do
        for _, part in ipairs(seen[item.parts] and NONE or item.parts) do
          for _, forms in pairs(part.forms) do
            for _, form in ipairs(forms) do
              for _, word in ipairs(form) do words[word] = true end
            end
          end
        end
        seen[item.parts] = true
      end
    end
  end
  return words
end

local function is_form(form, words, i)
  for n = 2, #form do
    if form[n] ~= words[i + n - 1] then return false end
  end
  return true
end

-- Where a phrase that begins with word i can end: bit n is set when word i + n - 1 is its last.
local function ends_of(parts, words, i)
  local ends = 1
  for _, part in ipairs(parts) do
    local after, n = part.optional and ends or 0, 0
    while ends >> n ~= 0 do
      for _, form in ipairs(ends >> n & 1 == 1 and part.forms[words[i + n]] or NONE) do
        if is_form(form, words, i + n) then after = after | 1 << n + #form end
      end
      n = n + 1
    end
    if after == 0 then return 0 end
    ends = after
  end
  return ends
end

-- The longest phrase that begins with word i: the number of its last word, and its value; false where two phrases of one wording
-- disagree. nil: none begins there.
---@param list table
---@param words string[]
---@param i integer
function M.at(list, words, i)
  local last, value
  for _, item in ipairs(list[words[i]] or NONE) do
    local ends, n = ends_of(item.parts, words, i), 0
    while ends >> n > 1 do n = n + 1 end
    if n > 0 and (not last or i + n - 1 > last) then
      last, value = i + n - 1, item.value
    elseif n > 0 and i + n - 1 == last and value ~= item.value then
      value = false
    end
  end
  return last, value
end

-- Are the words from i on nothing but phrases of this list?
---@param list table
---@param words string[]
---@param i integer
function M.only(list, words, i)
  while words[i] do
    local last = M.at(list, words, i)
    if not last then return false end
    i = last + 1
  end
  return true
end

-- The values of the phrases that begin with word i and have nothing behind them but phrases of `around`.
local function rest_is(list, words, i, around)
  local found, value = false, nil
  for _, item in ipairs(list[words[i]] or NONE) do
    local ends, n = ends_of(item.parts, words, i), 1
    while ends >> n ~= 0 do
      if ends >> n & 1 == 1 and M.only(around, words, i + n) then
        if found and value ~= item.value then value = false else value = item.value end
        found = true
      end
      n = n + 1
    end
  end
  return found, value
end

-- Are these words one phrase, with nothing around it but phrases of `around`? true and its value, or false.
---@param list table
---@param words string[]
---@param around table a list of phrases
---@return boolean found
---@return any value
function M.whole(list, words, around)
  local i = 1
  while words[i] do
    local found, value = rest_is(list, words, i, around)
    if found then return true, value end
    local last = M.at(around, words, i)
    if not last then return false end
    i = last + 1
  end
  return false
end

return M
