-- Describes as data what the owner's files can hold, and checks them. Every problem is a sentence with file and line.

local answers = require "brain.prompt_answers"
local english = require "language.english"
local intents = require "language.intents"
local json = require "host.json"
local languages = require "language.languages"
local plain = require "language.text"
local prompt_names = require "brain.prompt_names"
local replies = require "flow.replies"
local towns = require "language.towns"
local values = require "brain.prompt_values"

local clock, codes, field_names, flag, hours_later, hours_of_day = values.clock, values.codes, values.field_names, values.flag,
  values.hours_later, values.hours_of_day
local minutes, number, places, text, texts = values.minutes, values.number, values.places, values.text, values.texts
local template_language, template_name, intent_list = values.template_language, values.template_name, values.intent_list

local M = {}

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
    :format(comment) or values.EMPTY
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
  local check = (default == "" or key == "late") and values.text_or_none or key == "opted_out" and values.names_start
    or key == "nudge" and values.names_stop or key == "quote_sent" and values.names_amount
    or default:find("{time}", 1, true) and values.names_time or text
  M.replies[i] = { key, check, default }
end

M.SHIPPED = plain.set "en fr es pt pa" -- the languages whose files come with the program

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
  WORDS[i] = { kind, kind == "stop" and values.stop_phrases or INTENT[kind] and intent_list or values.phrase_list, english.words[kind] }
end
for _, kind in ipairs(plain.sorted_names(INTENT)) do
  for _, ending in ipairs { "_not", "_booked" } do WORDS[#WORDS + 1] = { kind .. ending, intent_list, nil, true } end
end
for _, name in ipairs(intents.LISTS) do WORDS[#WORDS + 1] = { name, intent_list, nil, true } end
M.replies[#M.replies + 1] = { "language", map {
  { "name", text, english.name }, { "recognised_by", values.single_words, english.recognised_by }, { "script", values.script, nil, true },
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
  { "answers", answers.check, {} }, -- each { words = {[code or "any"] = {…}}, text = {[code or "any"] = "…"} }
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
    { "raw_days", number(1, 3650), 30 }, { "messages_days", number(7, 3650, values.REDELIVERED), 180 },
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
  { "notify_reloads", flag, false }, { "notices", map { { "joined", flag, false }, { "returned", flag, false } } },
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
    if what == values.EMPTY then what = why_empty(source, line) end
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
      problem(path == "" and name or path .. "." .. name, "is not known. " .. prompt_names.suggestion(name, names(shape)))
    end
  end
  return result
end

return M
