-- Checks the model's answer against its contract (reply_to_user, extracted_data, action). When it fails, a sentence says what was
-- wrong, for the one repair try. The model proposes, the script decides: nothing passes here unchecked.
local json_object = require "language.json_object"
local text = require "language.text"
local quote = require "flow.quote"

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
  if type(value) == "table" then
    for _, field in ipairs(fields) do
      data[field] = quote.clean(value[field], field)
    end
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
  if type(content) ~= "string" or content == null or not content:find("%S") then
    return problem("it was empty.")
  elseif #content > MAX_BYTES then
    return problem("it was far too long.")
  end
  content = text.valid(content)
  if content:find("\u{FEFF}", 1, true) then
    content = content:gsub("^%s*\u{FEFF}", "")
  end
  content = text.trim(content)
  local object, why = json_object.read(content, decode)
  if not object then
    return nil, why
  end
  local reply = object.reply_to_user
  if type(reply) ~= "string" then
    return problem(reply == nil and "the key reply_to_user was missing."
      or "the value of reply_to_user was not text.")
  end
  local cut
  reply, cut = text.reply(text.trim(reply))
  if text.blank(reply) then
    return problem("the value of reply_to_user was blank.")
  end
  local action = read_action(object.action)
  if not action then
    return problem(object.action == nil and "the key action was missing."
      or 'the value of action was not one of "continue", "handoff" and "schedule".')
  end
  return { reply = reply, data = read_data(object.extracted_data, fields), action = action, cut = cut or nil }
end

return M
