-- Is it the same as last time? "yes", "same place" / "no, I moved".

local text = require "language.text"

local M = {}

local SAME = text.set "same still right correct meme exact exacte mismo misma mesmo mesma"
local MOST_WORDS = 8

---@param said string
---@param ready table the words for yes and no, of language/yes_no
---@return "yes"|"no"|nil
function M.answer(said, ready)
  local list = text.split(text.words(text.first(said, 200)))
  if ready.yes[list[1] or ""] then return "yes" elseif ready.no[list[1] or ""] then return "no" end
  for i = 1, #list <= MOST_WORDS and #list or 0 do
    if SAME[list[i]] then return "yes" end
  end
end

return M
