-- Which guards have to look at a reply at all: one walk over its words, before anything is taken apart. Each guard names words of
-- which one must stand there before it can find anything; most replies hold none of them. May ask for a look in vain, never miss one.
local M = {}

M.MONEY, M.FREE, M.HAZARD, M.LEAK, M.SCHEMA, M.PICKUP = 1, 2, 4, 8, 16, 32

-- { {set of words, guard}, … } → word → guards. The words are made of a-z alone: those are words of their own in any text that
-- tokens.read finds them in.
function M.prepare(lists)
  local watched = {}
  for _, list in ipairs(lists) do
    for word in pairs(list[1]) do
      watched[word] = (watched[word] or 0) | list[2]
    end
  end
  return watched
end

-- A digit that no letter stands right before: "M5V" and "#a1" hold no amount.
local FREE_DIGIT = "%f[%w]%d"

-- The guards that the words and numbers of a folded text call for.
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
