-- Is it the same as last time? "yes", "same place" / "no, I moved".

local text = require "language.text"

local M = {}

local SAME = text.set "same still right correct meme exact exacte mismo misma mesmo mesma"
local CHANGES = text.set "but mais pero mas now changed unit apt apartment suite app apto"
local UNIT = text.set "unit apt apartment suite ste app apto room ph"
local MOST_WORDS = 8

---@param said string
---@param ready table the words for yes and no, of language/yes_no
---@return "yes"|"no"|nil
function M.answer(said, ready)
  local list = text.list(text.first(said, 200))
  if ready.yes[list[1] or ""] then return "yes" elseif ready.no[list[1] or ""] then return "no" end
  for i = 1, #list <= MOST_WORDS and #list or 0 do
    if SAME[list[i]] then return "yes" end
  end
end

-- What is stored after a yes: the old value, with the unit that was named, or with the customer's words where they change something.
---@param value string
---@param said string
---@param unit? string
---@return string
function M.confirmed(value, said, unit)
  local had_unit = value:find("#", 1, true) or text.word_in(value:lower(), UNIT)
  if unit and not had_unit then return value .. ", " .. unit end
  if not unit and not text.word_in(said:lower(), CHANGES) then return value end
  return value .. " (customer: " .. text.one_line((text.first(said, 100))) .. ")"
end

return M
