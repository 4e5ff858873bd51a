-- Finds the question that a sentence holds, with or without its sign.
local text = require "language.text"

local M = {}

local set = text.set

local START = set [[what what's whats when when's where's where who who's why how how's hows which whose do does did can could
  will would is are am should quand combien comment pourquoi qui quel quelle quels quelles est-ce estce]]
-- These begin a question only before one of the next.
local INVERTED = set "do does did can could will would is are am should"
local ASKED_OF = set "you u i we it they he she the this that there your someone anyone somebody anybody ya my"
local OF_US = set "you u ya guys"
local CAN = set "can could would will"
local KNOW = set "to wanna"
local MARKS = set "tell to wanna how do does did can could will would is are am should" -- a question can begin at these
local WHEN = set "when how what where why which who quand combien comment"
local TAKES = set "take remove pick haul get come"

-- The word at which the question begins: 1, or later ("im in Hamilton do u come here"). nil: there is none.
---@return integer?
function M.at(t)
  local plain = t.plain
  if START[plain[1]] and (not INVERTED[plain[1]] or ASKED_OF[plain[2]]) then
    return 1
  end
  for i = 1, t.n - 1 do
    local word = plain[i]
    if MARKS[word] then
      local following = plain[i + 1]
      if (word == "tell" and following == "me" or KNOW[word] and following == "know") and plain[i - 1] ~= "you" then
        return 1 -- "tell me the price first", "i want to know …"
      elseif i > 1 and (word == "how" and following == "much" or INVERTED[word] and OF_US[following]) then
        return i
      end
    end
  end
  return nil
end

-- Is it a wish in the form of a question: "Can you take a couch?" Then it asks nothing that staff have to answer. "When can you come?"
-- does.
function M.is_request(t)
  for i = 1, math.min(t.n, 30) do
    local word, who, what = t.plain[i], t.plain[i + 1], t.plain[i + 2]
    if WHEN[word] then
      return false
    elseif word == "pouvez" or word == "pouvez-vous" or CAN[word] and (who == "i" and (what == "get" or what == "have")
      or OF_US[who] and (TAKES[what] or TAKES[t.plain[i + 3]])) then
      return true
    end
  end
  return false
end

return M
