-- Lays what was said now beside what was said earlier. Further things are added to the first ones and a second address stands beside the
-- first, because the customer did not take those back. A correction takes their place.
local text = require "language.text"
local things = require "language.things"
local understand = require "language.understand"
local yes_no = require "language.yes_no"

local M = {}

local LEAVES = text.set "scratch skip forget keep keeping minus remove drop cancel leave except"

-- What is known and what was said now, as one value; nil: nothing new was said.
local function joined(earlier, value, between, after)
  local known, new = " " .. text.words(earlier) .. " ", " " .. text.words(value) .. " " -- "2 chairs" is not within "12 chairs"
  if known:find(new, 1, true) then
    return nil
  elseif new:find(known, 1, true) then
    return value
  end
  local both = earlier .. between .. value .. (after or "")
  return text.length(both) <= text.FIELD and both or nil
end

-- "No loveseat" and "keep the table" take one thing off a list; what they leave stays.
local function takes_away(value)
  local first = text.words(value):match("^%S+")
  return first ~= nil and (yes_no.DEFAULT.no[first] or LEAVES[first]) ~= nil
end

-- "Actually 4 tires" replaces "2 tires", and stands beside a longer list, of which it corrects a part.
local function corrected(earlier, value)
  if earlier:find("[,;&+\n]") or things.count(earlier) > 1 or takes_away(value) then
    return joined(earlier, value, " (corrected: ", ")")
  end
  return value
end

-- "14 Elm St" after "12 Elm St, Vaughan" is in the same town.
local function same_street(earlier, value)
  local number, street = value:match("^(%d+%a?) (%a.*)$")
  local at = street and text.fold(earlier):find(text.fold(street), 1, true)
  return at and at <= 8 and #text.fold(earlier) == #earlier and earlier:find("^%d+%a? ") and number .. " " .. earlier:sub(at) or nil
end

local function address(earlier, value, read)
  if not value then
    return read.unit and joined(earlier, read.unit, ", ")
  elseif read.corrects then
    return same_street(earlier, value) or value
  elseif earlier:find("%d") then
    return joined(earlier, value, "; ")
  end
  return joined(value, earlier, ", ") or value -- "Brampton", and then the street
end

local function inventory(earlier, value, read)
  if not value or read.only then
    return value
  elseif read.corrects then
    return corrected(earlier, value)
  end
  return joined(earlier, value, ", ")
end

local KINDS = { address = address, inventory = inventory }

-- The fields that something can still settle: those not known, and those that the customer was not sure of.
---@param data table<string, string> what is known
---@param fields string[]
---@return string[]
function M.open(data, fields)
  local list = {}
  for _, field in ipairs(fields) do
    if data[field] == nil or data[field] == understand.NOT_SURE then list[#list + 1] = field end
  end
  return list
end

---@param data table<string, string> what is known
---@param read table of understand.read; its data is changed
---@param fields string[]
---@param asked? string the field asked for, whose answer takes the place of what was known
function M.keep(data, read, fields, asked)
  for _, field in ipairs(fields) do
    local kind, value, earlier = understand.kind_of(field), read.data[field], data[field]
    local known = earlier ~= nil and earlier ~= understand.NOT_SURE
    if KINDS[kind] and known and field ~= asked then
      read.data[field] = KINDS[kind](tostring(earlier), value, read) or nil
    elseif kind == "elevator" and value and known and understand.is_floor(tostring(earlier)) then
      for _, other in ipairs(M.open(data, fields)) do -- "3rd floor" answered this; now it says how many stairs
        if understand.kind_of(other) == "stairs" and not read.data[other] then read.data[other] = tostring(earlier) end
      end
    end
  end
end

return M
