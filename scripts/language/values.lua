-- Makes text of a value that a model gives: one line, also of numbers and booleans. Pure.
local text = require "language.text"

local M = {}

local BYTES_PER_CHARACTER = 16 -- anything longer is too long, however its spaces count

-- In one line: lines are joined with commas, a run of spaces becomes one space.
local function tidy(value)
  value = text.valid(value):gsub("\r\n?", "\n"):gsub("[%z\1-\8\11\12\14-\31\127]", "")
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
---@param value any
---@param most integer characters that it may have
---@return string?
function M.scalar(value, most)
  local kind = math.type(value)
  if kind == "float" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    return string.format("%d", value)
  elseif kind then
    return value == value and math.abs(value) ~= math.huge and tostring(value) or nil
  elseif type(value) == "boolean" then
    return value and "yes" or "no" -- as staff would write it on the card
  elseif type(value) == "string" then
    return #value <= most * BYTES_PER_CHARACTER and tidy(value) or nil
  end
  return nil
end

-- Is this table a list of at most `most` values, and nothing else?
---@param list table
---@param most integer
---@return boolean
function M.is_list(list, most)
  local count = 0
  for _ in pairs(list) do
    count = count + 1
  end
  return count > 0 and count == #list and count <= most
end

return M
