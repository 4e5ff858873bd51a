-- Checks the fixed answers that an owner writes in business.yaml. Pure.

local json = require "host.json"
local keywords = require "language.keywords"
local languages = require "language.languages"
local plain = require "language.text"
local values = require "brain.prompt_values"

local M = {}

-- A value for all languages, or one for each code: { any = … } or { en = …, fr = … }.
local function by_language(value, check)
  if type(value) ~= "table" or json.is_array(value) then
    local one, why, deeper = check(value)
    return one and { any = one }, why, deeper
  end
  local all = {}
  for _, code in ipairs(plain.sorted_names(value)) do
    if not languages.CODES[code] then return nil, "must be the code of a language, like en or fr.", "." .. code end
    local one, why, deeper = check(value[code])
    if why then return nil, why, "." .. code .. (deeper or "") end
    all[code] = one
  end
  if not next(all) then return nil, values.EMPTY end
  return all
end

local function answer_text(value)
  local one, why = values.text(value)
  local name = one and one:gsub("{hours}", ""):match("{(%l+)}")
  if name then return nil, ("holds {%s}, which is not filled in here. Only {hours} is."):format(name) end
  return one, why
end

-- The words of an answer; `seen` holds those of the answers before it.
local function answer_words(seen, at)
  return function(value)
    local function problem(words)
      local said, asked = keywords.forms_of(words)
      if not said then return "is too long to be asked for. Write the few words that people ask with." end
      if said == "" then return "holds only politeness. Write the words that people ask with." end
      for _, form in ipairs { said, asked ~= "" and asked or nil } do
        if seen[form] and seen[form] ~= at then
          return ("asks for %s too. Remove one of them: a question can have one answer only."):format(seen[form])
        end
      end
      seen[said] = at
      if asked ~= "" then seen[asked] = at end
    end
    return values.texts(value, { least = 1, each = function(phrase)
      for _, words in ipairs(keywords.wordings(phrase)) do
        local why = problem(words)
        if why then return why end
      end
    end })
  end
end

---@param value any `answers` of business.yaml
---@return table[]? list {words = {[code or "any"] = {…}}, text = {[code or "any"] = "…"}}
---@return string? problem
---@return string? path
function M.check(value)
  if value == json.null then return {} end
  if type(value) ~= "table" or not json.is_array(value) and next(value) ~= nil then
    return nil, "must be a list. Begin each answer with \"- words: \"."
  end
  local list, seen = {}, {}
  for i, item in ipairs(value) do
    local path = ("[%d]"):format(i)
    if type(item) ~= "table" or item.words == nil or item.text == nil then return nil, "must have `words` and `text`.", path end
    for _, name in ipairs(plain.sorted_names(item)) do
      if name ~= "words" and name ~= "text" then return nil, "is not known. Known here: words, text.", path .. "." .. name end
    end
    local words, why, deeper = by_language(item.words, answer_words(seen, "answers" .. path))
    if why then return nil, why, path .. ".words" .. (deeper or "") end
    local said
    said, why, deeper = by_language(item.text, answer_text)
    if why then return nil, why, path .. ".text" .. (deeper or "") end
    for _, code in ipairs(said.any and {} or plain.sorted_names(words)) do
      if code ~= "any" and not said[code] then
        return nil, ("has no %s, but there are words in it. Add the text in that language."):format(code), path .. ".text"
      end
    end
    list[i] = { words = words, text = said }
  end
  return list
end

return M
