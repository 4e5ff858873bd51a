-- Checks the model's answer against its contract (reply_to_user, extracted_data, action). When it fails, a sentence says what was
-- wrong, for the one repair try. The model proposes, the script decides: nothing passes here unchecked.
local debris = require "language.debris"
local json_object = require "language.json_object"
local own_number = require "language.phone"
local placeholders = require "language.placeholders"
local text = require "language.text"
local values = require "language.values"
local under = json_object.under

local M = {}

local ACTIONS = { continue = true, handoff = true, schedule = true }
local MAX_BYTES = 131072 -- far longer than any answer of a model

-- The sentence follows "Your first answer could not be used: ".
local function problem(sentence)
  return nil, sentence
end

local function read_action(value)
  if type(value) ~= "string" then
    return nil
  end
  if ACTIONS[value] then
    return value
  end
  local name = text.trim(value):lower()
  return ACTIONS[name] and name or nil
end

local function read_data(value, fields)
  local data = {}
  local others = 0 -- keys that are no field's name, but may be another spelling of one
  for _ in pairs(value) do others = others + 1 end
  for _, field in ipairs(fields) do
    if value[field] ~= nil then others = others - 1 end
  end
  for _, field in ipairs(fields) do
    local found = value[field]
    if found == nil and others > 0 then found = under(value, field) end
    if found ~= nil then data[field] = values.clean(debris.undo_all(found), field) end
  end
  return data
end

-- The decision in `content` as {reply=, data=, action=, cut= the reply's end was cut off}, or nil and a sentence that says what
-- was wrong.
-- `decode(text)` returns a value or nil and an error; `null` is what it returns for a JSON null.
---@param content any
---@param fields string[]
---@param decode fun(text: string): any
---@param null any
function M.parse(content, fields, decode, null)
  if type(content) ~= "string" or content == null or content:byte(1) ~= 123 and not content:find("%S") then
    return problem("it was empty.")
  elseif #content > MAX_BYTES then
    return problem("it was far too long.")
  end
  content = text.valid(content)
  if content:byte(1) ~= 123 and content:find("\u{FEFF}", 1, true) then -- "{"
    content = content:gsub("^%s*\u{FEFF}", "")
  end
  content = text.trim(content)
  local object, why = json_object.read(content, decode)
  if not object then
    return nil, why
  end
  local reply = under(object, "reply_to_user")
  if type(reply) ~= "string" then
    return problem(reply == nil and "the key reply_to_user was missing."
      or "the value of reply_to_user was not text.")
  end
  local cut
  reply = text.trim(debris.undo(text.clip(text.trim(reply), 8 * text.REPLY))):gsub("^[Aa]ssistant: *", "")
  reply, cut = text.reply(reply)
  if text.blank(reply) then
    return problem("the value of reply_to_user was blank.")
  end
  local proposed = under(object, "action")
  local action = read_action(proposed)
  if not action then
    return problem(proposed == nil and "the key action was missing."
      or 'the value of action was not one of "continue", "handoff" and "schedule".')
  end
  local data = read_data(json_object.of(under(object, "extracted_data"), decode), fields)
  return { reply = reply, data = data, action = action, cut = cut or nil }
end

-- What is stored for a value of the model: our marks are not part of it, and the number is as the customer wrote it.
local function without_marks(value, known, chat)
  value = placeholders.one_number(value)
  if known and own_number.hide(placeholders.harmless(known), chat.phone) == value then
    return known
  elseif value:find(placeholders.NUMBER, 1, true) then
    value = placeholders.with_number(value, chat.number or "")
  end
  return placeholders.without_marks(value)
end

-- Puts what we write for the model in place of something back in a decision: in its values, and in the reply all but the number, which
-- `put_number` puts back once the reply is checked. A sentence says what the customer must not read; nil: nothing.
---@param decision {reply: string, data: table}
---@param chat {known: table, phone: string, number?: string} number: the customer's own, as it is written in the chat
---@return string? problem
function M.own_words(decision, chat)
  for field, value in pairs(decision.data) do
    if value:find("[", 1, true) then
      decision.data[field] = values.clean(without_marks(value, chat.known[field], chat), field)
    end
  end
  if not decision.reply:find("[%[{<]") then
    return nil
  end
  local reply = placeholders.one_number(decision.reply)
  decision.reply = reply
  local foreign = placeholders.foreign(reply) or not chat.number and reply:find(placeholders.NUMBER, 1, true) and placeholders.NUMBER
  return foreign and ("the reply contains \"%s\", which the customer would read as it is. Write the words themselves, or leave it out.")
    :format(text.clip(foreign, 80)) or nil
end

---@param reply string
---@param number? string
function M.put_number(reply, number)
  return number and placeholders.with_number(reply, number) or reply
end

return M
