-- Describes as data what the owner's files can hold, and checks them. Every problem is a sentence with file and line.

local english = require "language.english"
local intents = require "language.intents"
local json = require "host.json"
local languages = require "language.languages"
local phrases = require "language.phrases"
local plain = require "language.text"
local keywords = require "language.keywords"
local replies = require "flow.replies"
local towns = require "language.towns"

local M = {}

local MOST_NAMES = 12 -- a person does not read longer lists

-- How different two names are. It serves to find the name that was meant.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local before = row[0]
    row[0] = i
    for j = 1, #b do
      local keep = row[j]
      row[j] = math.min(row[j] + 1, row[j - 1] + 1, before + (a:byte(i) == b:byte(j) and 0 or 1))
      before = keep
    end
  end
  return row[#b]
end

-- The name among these that is nearly this one: a slip of one letter, or of two in a long one. nil: there is none, or it is there.
---@param name string
---@param known string[]
---@return string?
function M.slip(name, known)
  local best, far
  for _, other in ipairs(known) do
    local d = distance(name:lower(), other:lower())
    if not far or d < far then best, far = other, d end
  end
  return far and far > 0 and far <= math.max(1, #name // 4) and best or nil
end

-- "greeting_fr": until now the French texts were in the same file.
local function moved_text(name, known)
  local key, code = name:match("^(.+)_(%l%l)$")
  local is_text, of_replies = key and key:find("^ask_%w") ~= nil, false
  for _, other in ipairs(known) do is_text, of_replies = is_text or other == key, of_replies or other == "opted_out" end
  if not of_replies then return nil end
  if is_text and languages.CODES[code] then
    return ("Each language has a file of its own: move this text to prompts/replies.%s.yaml, as \"%s\"."):format(code, key)
  end
end

local function suggestion(name, known)
  local moved = moved_text(name, known)
  if moved then return moved end
  local best, far
  for _, other in ipairs(known) do
    local d = distance(name:lower(), other)
    if not far or d < far then best, far = other, d end
  end
  if best and far <= math.max(2, #name // 3) then return ("Did you mean \"%s\"?"):format(best) end
  if #known <= MOST_NAMES then return "Known here: " .. table.concat(known, ", ") .. "." end
  local field = name:match("^ask_(.+)$")
  if field then return ("Add \"%s\" to quote_fields_needed in system_prompt.yaml, or delete this line."):format(field) end
  return "Delete this line. docs/OWNERS.md lists the names that are allowed here."
end

local EMPTY = "is empty. Write a text."

-- "- #1 junk removers": YAML reads all of it as a comment.
local function why_empty(source, line)
  local n, comment = 0, nil
  for found in (source or ""):gmatch("([^\n]*)\n?") do
    n = n + 1
    if n == line then
      comment = found:match("^%s*%-%s+(#.*)$") or found:match("^[%s%-]*[%w_]+:%s+(#.*)$")
      break
    end
  end
  return comment and ("is empty, because everything after the # is a comment: \"%s\". Put the whole text in straight quotes (\").")
    :format(comment) or EMPTY
end

local function text(value)
  if value == json.null then return nil, EMPTY end
  if type(value) == "table" then return nil, "must be one text, and not a list or more keys. Write it on one line, in quotes: \"…\"." end
  if type(value) ~= "string" then return nil, "must be text. Put it in quotes: \"…\"." end
  if not value:find("%S") then return nil, "is blank. Write a text." end
  if #value > 20000 then return nil, "is longer than 20,000 characters. Shorten it." end
  return value
end

local function text_with(pattern, problem)
  return function(value)
    local one, why = text(value)
    if one and not one:find(pattern) then return nil, problem end
    return one, why
  end
end

local names_start = text_with("%f[%w]START%f[%W]", "must name START, in capitals: it is how an opted-out customer comes back.")
local function text_or_none(value)
  if value == json.null or value == "" then return "" end
  return text(value)
end
local function names_stop(value)
  local one, why = text(value)
  if one and not one:find("%f[%w]STOP%f[%W]") then return nil, "must name STOP, in capitals: it is how a customer ends the reminders." end
  if one and not one:find("{question}", 1, true) then return nil, "must hold {question}. The open question is filled in there." end
  return one, why
end
local names_amount = text_with("{amount}", "must hold {amount}. The amount that staff sent is filled in there.")
local names_time = text_with("{time}", "must hold {time}. The day and hour of the visit are filled in there.")

local function texts(value, options)
  if type(value) ~= "table" or not json.is_array(value) and next(value) ~= nil then
    return nil, "must be a list. Begin each line with \"- \"."
  end
  local list = {}
  for i, item in ipairs(value) do
    local one, why = text(item)
    if not one then return nil, why, ("[%d]"):format(i) end
    if options and options.each then
      why = options.each(one)
      if why then return nil, why, ("[%d]"):format(i) end
    end
    list[#list + 1] = one
  end
  if options and options.least and #list < options.least then return nil, "is an empty list. Write at least one line." end
  return list
end

-- Towns, and beginnings of postal codes.
local function places(value)
  return texts(value, { each = function(entry)
    local code, place = towns.entry(entry)
    local several = towns.several(entry)
    if several then
      return ("holds more than one place (%s). Write each on a line of its own."):format(table.concat(several, ", "))
    elseif code and not towns.is_code(code) then
      return ("looks like a postal code, but none in Canada begins with \"%s\". Write a town, or a beginning like L5.")
        :format(code:sub(1, 1))
    elseif place and place.key == "" then
      return "names no place. Write a town, or the beginning of a postal code, like L5."
    end
  end })
end

local function field_names(value)
  local seen = {}
  return texts(value, { least = 1, each = function(name)
    if not name:find("^[%a][%w_]*$") or #name > 60 then
      return "is not a field name. Use letters, digits and _ only, like elevator_access."
    end
    if seen[name] then return "is named twice. Remove one of them." end
    seen[name] = true
  end })
end

local function flag(value)
  if type(value) ~= "boolean" then return nil, "must be true or false." end
  return value
end

-- Messages stay for at least a week, for this reason.
local REDELIVERED = "WhatsApp may deliver a message again within 7 days, and only a stored message is recognised."

local function number(least, most, why_least)
  return function(value)
    if math.type(value) ~= "integer" and math.type(value) ~= "float" or value < least or value > most then
      local reason = why_least and type(value) == "number" and value < least and " " .. why_least or ""
      return nil, ("must be a number from %d to %d."):format(least, most) .. reason
    end
    return value
  end
end

local function hours_of_day(value)
  if value == "closed" then return {} end
  if type(value) == "string" then
    local from, to = value:match("^%s*(%d%d?:%d%d)%s*%-%s*(%d%d?:%d%d)%s*$")
    if from then
      if #from == 4 then from = "0" .. from end
      if #to == 4 then to = "0" .. to end
      local valid = from <= "24:00" and to <= "24:00" and tonumber(from:sub(4)) < 60 and tonumber(to:sub(4)) < 60
      if valid and from >= to then return nil, "ends before it begins. Write the opening time first, like 08:00-18:00." end
      if valid then return { from, to } end
    end
  end
  return nil, "must look like 08:00-18:00, or be closed."
end

local function codes(value)
  local seen = {}
  return texts(value, { least = 1, each = function(code)
    if not languages.CODES[code] then return "is no code of a language. Write it like en, fr or es." end
    if seen[code] then return "is named twice. Remove one of them." end
    seen[code] = true
  end })
end

local function script(value)
  if languages.SCRIPTS[value] then return value end
  return nil, "must be one of " .. table.concat(plain.sorted_names(languages.SCRIPTS), ", ") .. ". Leave it out for Latin letters."
end

local function single_words(value)
  return texts(value, { each = function(word)
    if #word > 60 or not plain.fold(word):find("^[%a\128-\255][%a'\128-\255-]*$") then return "must be one word of letters." end
  end })
end

local function phrase_problem(phrase)
  if #phrase > 300 then return "is longer than 300 characters. Write several shorter phrases." end
  return phrases.problem(phrase)
end

local function phrase_list(value) return texts(value, { each = phrase_problem }) end

local function intent_list(value) return texts(value, { each = intents.problem }) end

local NO_STOP = plain.set "cancel end"
-- Answers and greetings: with one of these as a word to opt out, customers would be lost in the middle of the questions.
local NO_STOP_EITHER = plain.set [[yes yeah yep no nope ok okay thanks thank hi hello hey please sure bye oui non merci bonjour salut si
  gracias hola sim nao obrigado obrigada ola haan nahi]]

local function stop_phrases(value)
  return texts(value, { each = function(phrase)
    if NO_STOP[plain.words(phrase)] then return "is no word to opt out: customers write it about a visit. Remove it." end
    for form in phrase:gmatch("[^|]+") do
      if NO_STOP_EITHER[plain.words(form)] then return "is no word to opt out: customers answer and greet with it. Remove it." end
    end
    return phrase_problem(phrase)
  end })
end

local function minutes(value)
  if type(value) ~= "table" or not json.is_array(value) then return nil, "must be a list of minutes, like [30, 120]." end
  local list = {}
  for i, item in ipairs(value) do
    if math.type(item) ~= "integer" or item < 1 or item > 10080 then return nil, "must be minutes from 1 to 10080.", ("[%d]"):format(i) end
    list[i] = item
  end
  return list
end

local function hours_later(value)
  if type(value) ~= "table" or not json.is_array(value) and next(value) ~= nil then
    return nil, "must be a list of hours, like [3, 20]. [] means none."
  end
  for i, item in ipairs(value) do
    if type(item) ~= "number" or item <= 0 or item >= 24 or item <= (value[i - 1] or 0) then
      return nil, "must be hours above 0 and below 24, each more than the one before.", ("[%d]"):format(i)
    end
  end
  return value
end

local function clock(value)
  local hour, min
  if type(value) == "string" then hour, min = value:match("^(%d%d?):(%d%d)$") end
  if not hour or tonumber(hour) > 23 or tonumber(min) > 59 then
    return nil, "must be a time of day, like \"10:00\"."
  end
  return value
end

-- Something of a template, as WhatsApp Manager shows it. Empty text means none.
local function of_template(is_good, what)
  return function(value)
    if value == json.null or value == "" then return nil end
    if type(value) ~= "string" or not is_good(value) then return nil, "must be " .. what end
    return value
  end
end

local template_name = of_template(function(value) return value:find("^[%l%d_]+$") and #value <= 512 end,
  "the name of an approved template as WhatsApp Manager shows it: small letters, digits and _. Blank: none.")
local template_language = of_template(function(value) return value:find("^%l%l%l?$") or value:find("^%l%l%l?_%u%u$") end,
  "the template's language code as WhatsApp Manager shows it, like en, en_US or fr.")

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
  if not next(all) then return nil, EMPTY end
  return all
end

local function answer_text(value)
  local one, why = text(value)
  local name = one and one:gsub("{hours}", ""):match("{(%l+)}")
  if name then return nil, ("holds {%s}, which is not filled in here. Only {hours} is."):format(name) end
  return one, why
end

-- The words of an answer; `seen` holds those of the answers before it.
local function answer_words(seen, at)
  return function(value)
    return texts(value, { least = 1, each = function(words)
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
    end })
  end
end

local function answers(value)
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

local function map(shape)
  return { shape = shape }
end

-- name, check or map, default, optional. A key without a default is required, unless it is optional.
M.system = {
  { "identity", text }, { "business_rules", texts }, { "quote_fields_needed", field_names }, { "workflow", text },
}

M.replies = {}
for i, entry in ipairs(replies.defaults) do
  local key, default = entry[1], entry[2]
  local check = (default == "" or key == "late") and text_or_none or key == "opted_out" and names_start
    or key == "nudge" and names_stop or key == "quote_sent" and names_amount or default:find("{time}", 1, true) and names_time or text
  M.replies[i] = { key, check, default }
end

local FILLED = {}
for _, entry in ipairs(M.replies) do
  FILLED[entry[1]] = {}
  for name in entry[3]:gmatch("{(%l+)}") do FILLED[entry[1]][name] = true end
end
FILLED.moved.old = true

-- The {names} that are filled in under this key of replies.yaml.
function M.filled(key)
  return FILLED[key] or {}
end

-- What a file holds beside its texts: how its language is recognised, and the words that are understood in it.
local WORDS, INTENT = {}, { thanks = true }
for _, kind in ipairs(intents.KINDS) do INTENT[kind] = true end
for i, kind in ipairs(plain.sorted_names(english.words)) do
  WORDS[i] = { kind, kind == "stop" and stop_phrases or INTENT[kind] and intent_list or phrase_list, english.words[kind] }
end
for _, kind in ipairs(plain.sorted_names(INTENT)) do
  for _, ending in ipairs { "_not", "_booked" } do WORDS[#WORDS + 1] = { kind .. ending, intent_list, nil, true } end
end
for _, name in ipairs(intents.LISTS) do WORDS[#WORDS + 1] = { name, intent_list, nil, true } end
M.replies[#M.replies + 1] = { "language", map {
  { "name", text, english.name }, { "recognised_by", single_words, english.recognised_by }, { "script", script, nil, true },
} }
M.replies[#M.replies + 1] = { "words", map(WORDS) }

-- The same shape without its defaults.
local function bare(shape)
  local list = {}
  for i, entry in ipairs(shape) do
    list[i] = type(entry[2]) == "table" and { entry[1], map(bare(entry[2].shape)) } or { entry[1], entry[2], nil, true }
  end
  return list
end

-- The fixed texts, and the owner's question for each field without a built-in one. code: of another language than English, which has no
-- defaults.
---@param fields string[]
---@param code? string
function M.replies_for(fields, code)
  local shape, known = code and bare(M.replies) or { table.unpack(M.replies) }, {}
  for _, entry in ipairs(shape) do known[entry[1]] = true end
  for _, field in ipairs(fields) do
    for _, key in ipairs { "ask_" .. field, "ask_" .. field .. "_again" } do
      if not known[key] then shape[#shape + 1] = { key, text, nil, true } end
    end
  end
  return shape
end

-- A template's language for customers of each language: language_fr, and so on.
local function template_languages(shape)
  for _, code in ipairs(plain.sorted_names(languages.CODES)) do
    shape[#shape + 1] = { "language_" .. code, template_language, nil, true }
  end
  return shape
end

M.business = {
  { "name", text, "ClearoutSpaces" },
  { "serves", places, { "Mississauga", "Brampton", "Vaughan", "Toronto" } },
  { "not_served", places, {} },
  { "links", texts, {} },
  { "phones", texts, {} },
  { "answers", answers, {} }, -- each { words = {[code or "any"] = {…}}, text = {[code or "any"] = "…"} }
  { "hours", map {
    { "mon", hours_of_day, { "08:00", "18:00" } }, { "tue", hours_of_day, { "08:00", "18:00" } },
    { "wed", hours_of_day, { "08:00", "18:00" } }, { "thu", hours_of_day, { "08:00", "18:00" } },
    { "fri", hours_of_day, { "08:00", "18:00" } }, { "sat", hours_of_day, { "08:00", "18:00" } },
    { "sun", hours_of_day, {} },
  } },
  { "pause", map { { "idle_hours", number(1, 720), 12 } } },
  { "reminders", map { { "after_minutes", minutes, { 30, 120 } } } },
  { "late", map { { "apology_after_minutes", number(1, 1440), 60 }, { "staff_after_hours", number(1, 24), 24 } } },
  { "nudges", map { { "after_hours", hours_later, {} } } },
  { "booking", map {
    { "reminder", flag, true }, { "reminder_at", clock, "10:00" },
    { "templates", map(template_languages {
      { "language", template_language, "en" },
      { "booked", template_name, nil, true }, { "moved", template_name, nil, true }, { "cancelled", template_name, nil, true },
      { "another_time", template_name, nil, true },
      { "requested", template_name, nil, true }, { "rejected", template_name, nil, true }, { "reminder", template_name, nil, true },
    }) },
  } },
  { "templates", map(template_languages {
    { "language", template_language, "en" }, { "after_window", template_name, nil, true }, { "quote", template_name, nil, true },
  }) },
  { "retention", map {
    { "raw_days", number(1, 3650), 30 }, { "messages_days", number(7, 3650, REDELIVERED), 180 },
  } },
  { "model_prices", map {
    { "cached_input", number(0, 1000), 0.003 }, { "input", number(0, 1000), 0.15 }, { "output", number(0, 1000), 0.6 },
  } },
  { "message_prices", map {
    { "service", number(0, 1000), 0.0034 }, { "utility", number(0, 1000), 0.0034 }, { "marketing", number(0, 1000), 0.025 },
    { "authentication", number(0, 1000), 0.0034 },
  } },
  { "buttons", flag, false },
  { "ask_location", flag, false },
  { "languages", codes, nil, true },
  { "notify_reloads", flag, false },
  { "guards", map {
    { "money", flag, true }, { "links", flag, true }, { "phones", flag, true }, { "hazards", flag, true },
    { "areas", flag, true }, { "leaks", flag, true }, { "numbers", flag, true },
  } },
}

-- A place in both lists is a mistake, under whichever of its names. Problems are added to `problems`.
---@param business {serves: string[], not_served: string[]}
---@param file string
---@param marks table<string, integer>
---@param problems string[]
function M.places(business, file, marks, problems)
  local function key(entry)
    local code, place = towns.entry(entry)
    return code or place.key
  end
  local served = {}
  for _, entry in ipairs(business.serves) do served[key(entry)] = entry end
  for i, entry in ipairs(business.not_served) do
    local same = served[key(entry)]
    if same then
      local at = ("not_served[%d]"):format(i)
      problems[#problems + 1] = ("%s:%d: \"%s\" (%s) is also in serves (%s). Remove one of the two."):format(file,
        marks[at] or marks.not_served or marks.serves or 1, at, entry, same)
    end
  end
end

function M.defaults(shape)
  local value = {}
  for _, entry in ipairs(shape) do
    local name, check, default = entry[1], entry[2], entry[3]
    if type(check) == "table" then
      value[name] = M.defaults(check.shape)
    elseif type(default) == "table" then
      value[name] = { table.unpack(default) }
    else
      value[name] = default
    end
  end
  return value
end

local function names(shape)
  local list = {}
  for i, entry in ipairs(shape) do list[i] = entry[1] end
  return list
end

-- The value, with defaults for what is missing. Problems are added to `problems`. loose: a pattern of unknown names that are allowed.
-- source: the file's text.
---@param shape table
---@param value any
---@param file string
---@param marks table<string, integer>
---@param problems string[]
---@param path string
---@param loose? string
---@param source? string
function M.apply(shape, value, file, marks, problems, path, loose, source)
  path = path or ""
  local function problem(at, what)
    local line = marks[at] or marks[path] or 1
    if what == EMPTY then what = why_empty(source, line) end
    problems[#problems + 1] = ("%s:%d: %s %s"):format(file, line, at == "" and "the file" or "\"" .. at .. "\"", what)
  end
  local result = M.defaults(shape)
  if type(value) ~= "table" or json.is_array(value) and #value > 0 then
    problem(path, "must be keys with values, like " .. shape[1][1] .. ": …")
    return result
  end
  local known = {}
  for _, entry in ipairs(shape) do
    local name, check, default = entry[1], entry[2], entry[3]
    local at = path == "" and name or path .. "." .. name
    known[name] = true
    if value[name] == nil then
      if default == nil and not entry[4] and type(check) ~= "table" then
        problem(path, ("has no \"%s\". Add it: all of %s are required."):format(name, table.concat(names(shape), ", ")))
      end
    elseif type(check) == "table" then
      result[name] = M.apply(check.shape, value[name], file, marks, problems, at, nil, source)
    else
      local good, why, deeper = check(value[name])
      if why then problem(at .. (deeper or ""), why) else result[name] = good end
    end
  end
  for _, name in ipairs(plain.sorted_names(value)) do
    if not known[name] and not (loose and name:find(loose)) then
      problem(path == "" and name or path .. "." .. name, "is not known. " .. suggestion(name, names(shape)))
    end
  end
  return result
end

return M
