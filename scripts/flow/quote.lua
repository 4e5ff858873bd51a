-- The fields of a quote: which values count as known, how new values join old ones, when the quote is complete. The model never
-- decides that. Pure functions.
local nothing = require "language.nothing"
local text = require "language.text"
local values = require "language.values"

local M = {}

-- Does a value say something? "no", "none" and "n/a" do; "not provided" and "?" do not.
function M.known(value)
  local kind = type(value)
  if kind == "string" then
    return not nothing.is(value)
  end
  return kind == "number" or kind == "boolean"
end

-- Two spellings of one answer are one answer: "2 Chairs." is no news after "2 chairs".
local function same(a, b)
  if a == b then
    return true
  end
  return text.words(tostring(a)) == text.words(tostring(b))
end

local function is_locked(locked, field)
  if not locked then
    return false
  elseif locked[field] then
    return true
  end
  for _, name in ipairs(locked) do
    if name == field then
      return true
    end
  end
  return false
end

-- `current` with `proposed` laid over it, and the names of the fields whose answer changed, in the order of `fields`.
-- An unknown value never overwrites a known one. A newer known value wins. A field that staff corrected (`locked`, a list or a set
-- of names) never changes. A value stays when the prompt file no longer asks for its name.
---@param current table<string, string>
---@param proposed table
---@param fields string[]
---@param locked? table
function M.merge(current, proposed, fields, locked)
  local merged, changed = {}, {}
  for field, value in pairs(current or {}) do
    if M.known(value) then
      merged[field] = value
    end
  end
  for _, field in ipairs(fields) do
    local value = proposed and proposed[field]
    if value ~= nil then value = values.clean(value, field) end
    if value and not is_locked(locked, field) then
      if merged[field] == nil or not same(merged[field], value) then
        changed[#changed + 1] = field
      end
      merged[field] = value
    end
  end
  return merged, changed
end

-- The fields still to ask for, in the order of `fields`.
function M.missing(data, fields)
  local list = {}
  for i = 1, #fields do
    local value = data and data[fields[i]]
    if value == nil or not M.known(value) then
      list[#list + 1] = fields[i]
    end
  end
  return list
end

function M.complete(data, fields)
  for i = 1, #fields do
    local value = data and data[fields[i]]
    if value == nil or not M.known(value) then
      return false
    end
  end
  return #fields > 0
end

-- A field's name for people: "elevator_access" is "Elevator access".
function M.label(field)
  local words = text.trim((field:gsub("[_%-%s]+", " ")))
  return (words:gsub("^%l", string.upper))
end

-- All known values, for people: {field=, label=, value=} in the order of `fields`, then the others by name.
function M.facts(data, fields)
  local list, asked, others = {}, {}, {}
  for _, field in ipairs(fields) do
    asked[field] = true
  end
  for field, value in pairs(data or {}) do
    if not asked[field] and type(field) == "string" and M.known(value) then
      others[#others + 1] = field
    end
  end
  table.sort(others)
  for _, names in ipairs { fields, others } do
    for _, field in ipairs(names) do
      if M.known(data and data[field]) then
        list[#list + 1] = { field = field, label = M.label(field), value = tostring(data[field]) }
      end
    end
  end
  return list
end

return M
