-- Finds the one JSON object in a model's answer, also inside prose or a code fence, or after its thoughts. Pure: the decoder is given.
local debris = require "language.debris"
local text = require "language.text"

local M = {}

local MOST_DEEP = 100
local MOST_TRIES = 20
local MAX_KEY = 100 -- bytes

-- The end of the object that opens at `from`, or nil. Braces inside strings do not count.
local function object_end(s, from)
  local depth, at, in_string = 0, from, false
  while true do
    local found = s:find(in_string and '["\\]' or '[{}"]', at)
    if not found then
      return nil
    end
    local char = s:sub(found, found)
    if char == "\\" then
      found = found + 1
    elseif char == '"' then
      in_string = not in_string
    elseif char == "{" then
      depth = depth + 1
      if depth > MOST_DEEP then
        return nil
      end
    else
      depth = depth - 1
      if depth == 0 then
        return found
      end
    end
    at = found + 1
  end
end

-- The one object inside prose or a code fence. Braces in the prose around it ("{name}") are prose.
local function only_object(s, decode)
  local objects, from = {}, 1
  while true do
    local open = s:find("{", from, true)
    if not open then
      break
    end
    local close = object_end(s, open)
    if not close then
      return nil, "it was cut short: a JSON object in it is never closed."
    end
    local inner = s:sub(open, close)
    local value = decode(inner)
    if type(value) == "table" then
      objects[#objects + 1] = value
    elseif inner:find('[":]') then
      return nil, "it was not valid JSON."
    end
    from = close + 1
  end
  if #objects == 0 then
    return nil, "it held no JSON object."
  elseif #objects > 1 then
    return nil, "it held more than one JSON object."
  end
  return objects[1]
end

-- The last object in a text that begins with thoughts which nothing closes: braces in these may stand alone.
local function last_object(s, decode)
  local last, from = nil, s:find("{", 1, true)
  for _ = 1, MOST_TRIES do
    local close = from and object_end(s, from)
    local value = close and decode(s:sub(from, close))
    if type(value) == "table" then
      last = value
    end
    from = from and s:find("{", (type(value) == "table" and close or from) + 1, true)
    if not from then
      break
    end
  end
  return last
end

-- The object in `content`, or nil and what was wrong with it.
---@param content string
---@param decode fun(text: string): any
---@return table? object
---@return string? problem
function M.read(content, decode)
  local value = decode(content)
  if value == nil then
    local plain, thoughts = debris.around_json(content)
    value = thoughts and last_object(thoughts, decode) or plain ~= content and only_object(plain, decode)
    if value then
      return value
    end
    return only_object(content, decode)
  elseif type(value) ~= "table" then
    return nil, "it was a JSON " .. (type(value) == "userdata" and "null" or type(value)) .. " instead of a JSON object."
  elseif content:byte(1) == 91 then -- "["
    return nil, "it was a JSON list instead of one JSON object."
  end
  return value
end

-- What a model wrote in an object's place: the object, or its JSON as text.
---@param value any
---@param decode fun(text: string): any
---@return table
function M.of(value, decode)
  if type(value) == "string" then
    value = M.read(text.trim(value), decode)
  end
  return type(value) == "table" and value or {}
end

-- Can a name be another spelling of a key? Not when both begin with a letter, and with another one.
local function may_be(name, key)
  local a, b = name:byte(1) or 0, key:byte(1) or 0
  return a | 32 == b | 32 or a < 65 or a > 122 or b < 65 or b > 122 or a > 90 and a < 97 or b > 90 and b < 97
end

-- The value under a key, however the key is spelled: "Address:", "ELEVATOR ACCESS", "replyToUser".
---@param object table
---@param key string
---@return any
function M.under(object, key)
  if object[key] ~= nil then
    return object[key]
  end
  local wanted
  for name, value in pairs(object) do
    if type(name) == "string" and #name <= MAX_KEY and may_be(name, key) then
      wanted = wanted or key:gsub("[^%w]", ""):lower()
      if name:gsub("[^%w\128-\255]", ""):lower() == wanted then
        return value
      end
    end
  end
end

return M
