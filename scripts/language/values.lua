-- Makes the text to store of a value that a model gives: one line, also of numbers, booleans and lists. Pure.
local nothing = require "language.nothing"
local text = require "language.text"

local M = {}

local MOST = text.FIELD
local BYTES_PER_CHARACTER = 16 -- anything longer is too long, however its spaces count

-- In one line: lines are joined with commas, a run of spaces becomes one space.
local function tidy(value)
  value = text.valid(value)
  if not value:find("%c") and not value:find("  ", 1, true) then
    return text.trim(value)
  end
  value = value:gsub("\r\n?", "\n"):gsub("[%z\1-\8\11\12\14-\31\127]", "")
  local parts = {}
  for line in text.lines(value) do
    line = text.trim(line)
    if line ~= "" then
      parts[#parts + 1] = line
    end
  end
  for i = 1, #parts - 1 do
    parts[i] = parts[i]:gsub("[,;]$", "")
  end
  return (table.concat(parts, ", "):gsub("[ \t]+", " "))
end

-- One value as text; nil for what is no value, or far too long.
local function scalar(value)
  local kind = math.type(value)
  if kind == "float" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    return string.format("%d", value)
  elseif kind then
    return value == value and math.abs(value) ~= math.huge and tostring(value) or nil
  elseif type(value) == "boolean" then
    return value and "yes" or "no" -- as staff would write it on the card
  elseif type(value) == "string" then
    return #value <= MOST * BYTES_PER_CHARACTER and tidy(value) or nil
  end
  return nil
end

-- Is this table a list of at most MOST values, and nothing else?
local function is_list(list)
  local count = 0
  for _ in pairs(list) do
    count = count + 1
  end
  return count > 0 and count == #list and count <= MOST
end

local function joined(list, field)
  local parts = {}
  for i = 1, #list do
    local part = scalar(list[i])
    if not part then
      return nil
    end
    if not nothing.is(part, field) then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, ", ")
end

local newest = {} -- the last clean value of each field, which is clean: a turn asks several times

-- A value as the text to store; nil when it is unknown, nested, or longer than 500 characters.
---@param value any
---@param field? string its name
---@return string?
function M.clean(value, field)
  if newest[field] == value then return value end
  local result
  if type(value) == "table" then
    result = is_list(value) and joined(value, field) or nil
  else
    result = scalar(value)
  end
  if not result or nothing.is(result, field) or #result > MOST and text.length(result) > MOST then
    return nil
  end
  if field then newest[field] = result end
  return result
end

return M
