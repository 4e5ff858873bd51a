-- Finds the one JSON object in a model's answer, also inside prose or a code fence. Pure: the decoder is given.
local M = {}

local MOST_DEEP = 100

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

-- The object in `content`, or nil and what was wrong with it.
---@param content string
---@param decode fun(text: string): any
---@return table? object
---@return string? problem
function M.read(content, decode)
  local value = decode(content)
  if value == nil then
    return only_object(content, decode)
  elseif type(value) ~= "table" then
    return nil, "it was a JSON " .. (type(value) == "userdata" and "null" or type(value)) .. " instead of a JSON object."
  elseif content:byte(1) == 91 then -- "["
    return nil, "it was a JSON list instead of one JSON object."
  end
  return value
end

return M
