-- Decides with one walk over a reply's words which guards must look at it. Each guard names words without which it finds nothing,
-- and most replies hold none of them. A guard can be asked in vain; it is never left out by mistake.
local M = {}

M.MONEY, M.FREE, M.HAZARD, M.LEAK, M.SCHEMA, M.PICKUP = 1, 2, 4, 8, 16, 32

-- { {set of words, guard}, … } → word → guards. The words are made of a-z only, because tokens.read makes those words of their
-- own in every text.
function M.prepare(lists)
  local watched = {}
  for _, list in ipairs(lists) do
    for word in pairs(list[1]) do
      watched[word] = (watched[word] or 0) | list[2]
    end
  end
  return watched
end

-- A digit without a letter directly before it: "M5V" and "#a1" hold no amount.
local FREE_DIGIT = "%f[%w]%d"

-- The guards that the words and numbers of a folded text need.
function M.read(folded, watched)
  local needed = 0
  for word in folded:gmatch("%l+") do
    local guards = watched[word]
    if guards then
      needed = needed | guards
    end
  end
  if folded:find("%d") and folded:find(FREE_DIGIT) then
    needed = needed | M.MONEY
  end
  return needed
end

return M
