-- Checks one value of an owner's file. Each check returns the value as the program uses it, or nil and what is wrong and what to do, and
-- where in the value ("[2]"). Pure.

local intents = require "language.intents"
local json = require "host.json"
local languages = require "language.languages"
local phrases = require "language.phrases"
local plain = require "language.text"
local prompt_names = require "brain.prompt_names"
local towns = require "language.towns"

local M = {}

M.EMPTY = "is empty. Write a text."

local function text(value)
  if type(value) == "string" and #value <= 20000 and value:find("%S") then return value end -- nearly all
  if value == json.null then return nil, M.EMPTY end
  if type(value) == "table" then return nil, "must be one text, and not a list or more keys. Write it on one line, in quotes: \"…\"." end
  if type(value) ~= "string" then return nil, "must be text. Put it in quotes: \"…\"." end
  if not value:find("%S") then return nil, "is blank. Write a text." end
  if #value > 20000 then return nil, "is longer than 20,000 characters. Shorten it." end
  return value
end

-- "{tme}" for "{time}": the remedy that stands behind a problem.
local function meant(value, name)
  for inside in value:gmatch("{%s*([%w_]+)%s*}") do
    if prompt_names.near(inside, name) then return (" Did you mean {%s} where it says {%s}?"):format(name, inside) end
  end
  return ""
end

local function text_with(pattern, problem, name)
  return function(value)
    local one, why = text(value)
    if one and not one:find(pattern) then return nil, problem .. (name and meant(one, name) or "") end
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
  if one and not one:find("{question}", 1, true) then
    return nil, "must hold {question}. The open question is filled in there." .. meant(one, "question")
  end
  return one, why
end
local names_amount = text_with("{amount}", "must hold {amount}. The amount that staff sent is filled in there.", "amount")
local names_time = text_with("{time}", "must hold {time}. The day and hour of the visit are filled in there.", "time")

local function texts(value, options)
  if type(value) ~= "table" or not json.is_array(value) and next(value) ~= nil then
    local glued = type(value) == "string" and value:find("^%-%S") -- "serves:" and "  -Toronto" below it
    return nil, "must be a list. " .. (glued and "Write a blank after each \"-\", like \"- Toronto\"." or "Begin each line with \"- \".")
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
M.REDELIVERED = "WhatsApp may deliver a message again within 7 days, and only a stored message is recognised."

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
    if #word <= 60 and word:find("^%a+$") then return nil end -- most
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

M.text, M.text_or_none, M.names_start, M.names_stop = text, text_or_none, names_start, names_stop
M.names_amount, M.names_time = names_amount, names_time
M.texts, M.places, M.field_names, M.flag, M.number, M.hours_of_day = texts, places, field_names, flag, number, hours_of_day
M.codes, M.script, M.single_words = codes, script, single_words
M.phrase_list, M.intent_list, M.stop_phrases = phrase_list, intent_list, stop_phrases
M.minutes, M.hours_later, M.clock, M.template_name, M.template_language = minutes, hours_later, clock, template_name, template_language

return M
