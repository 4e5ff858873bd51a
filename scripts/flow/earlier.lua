-- Lays what was said now beside what was said earlier. Further things are added to the first ones and a second address stands beside the
-- first, because the customer did not take those back. A correction takes their place. Pure.
local quote = require "flow.quote"
local text = require "language.text"
local understand = require "language.understand"

local M = {}

-- What is known and what was said now, as one value; nil: nothing new was said.
local function joined(earlier, value, between, after)
  local known, new = text.words(earlier), text.words(value)
  if known:find(new, 1, true) then
    return nil
  elseif new:find(known, 1, true) then
    return value
  end
  local both = earlier .. between .. value .. (after or "")
  return text.length(both) <= quote.MAX_CHARACTERS and both or nil
end

-- "Actually 4 tires" replaces "2 tires", and stands beside a longer list, of which it corrects a part.
local function corrected(earlier, value)
  if earlier:find("[,;&+\n]") or earlier:find(" and ", 1, true) or earlier:find(" et ", 1, true) then
    return joined(earlier, value, " (corrected: ", ")")
  end
  return value
end

---@param turn {fields: string[], data: table, asked?: string}
---@param read table of language/understand; its data is changed
function M.keep(turn, read)
  for _, field in ipairs(turn.fields) do
    local value, kind, earlier = read.data[field], understand.kind_of(field), turn.data[field]
    local known = quote.known(earlier) and earlier ~= understand.NOT_SURE and turn.asked ~= field
    earlier = tostring(earlier)
    if kind == "address" and known and not value and read.unit then
      read.data[field] = joined(earlier, read.unit, ", ")
    elseif kind == "address" and known and value and not read.corrects then
      if earlier:find("%d") then
        read.data[field] = joined(earlier, value, "; ")
      else -- "Brampton", and then the street
        read.data[field] = joined(value, earlier, ", ") or value
      end
    elseif kind == "inventory" and known and value and not read.only then
      if read.corrects then
        read.data[field] = corrected(earlier, value)
      else
        read.data[field] = joined(earlier, value, ", ")
      end
    elseif kind == "elevator" and value and quote.known(turn.data[field]) and understand.is_floor(earlier) then
      for _, other in ipairs(quote.missing(turn.data, turn.fields)) do -- "3rd floor" answered this; now it says how many stairs
        if understand.kind_of(other) == "stairs" and not read.data[other] then read.data[other] = earlier end
      end
    end
  end
end

return M
