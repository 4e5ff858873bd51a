-- Finds the question that a sentence holds, with or without its sign.
local text = require "language.text"

local M = {}

local set = text.set

local START = set [[what what's whats when when's where's where who who's why how how's hows which whose do does did can could
  will would is are am r should quand combien comment pourquoi qui quel quelle quels quelles est-ce estce cuanto cuando
  donde cual quando quanto onde qual wat wats wen kinne kinna kithe kado]]
-- These begin a question only before one of the next.
local INVERTED = set "r do does did can could will would is are am should"
local ASKED_OF = set "you u i we it they he she the this that there your someone anyone somebody anybody ya my"
local OF_US = set "you u ya guys"
local ADDS = set "get have add include throw"
local CAN = set "can could would will"
local KNOW = set "to wanna"
local LEADING = set "also and so but ok okay then plus hi hey hello well um k kk thanks thx ty great et mais pero y mas e"
local KNOWING = set "savoir saber"
local WISHES = set "aimerais j'aimerais voudrais veux quisiera quiero quero gostaria"
local FINE = set "ok okay fine possible alright expected included extra allowed required accepted"
local IS = set "is are does"
local MARKS = set "savoir saber tell to wanna how do does did can could will would is are am should" -- a question can begin at these
local LAST = set "when where why quand combien cuando cuanto quando quanto"
local PRICE = set "price prices pricing cost rates prix precio preco"
local WHEN = set "when how what where why which who quand combien comment"
local TAKES = set "take remove pick haul get come"

-- The word at which the question begins: 1, or later ("im in Hamilton do u come here"). nil: there is none.
---@return integer?
function M.at(t)
  local plain = t.plain
  if t.n <= 4 and (LAST[plain[t.n]] or PRICE[plain[1]]) then return 1 end -- "ok cool when", "price pls"
  local first = 1
  while first < t.n and first < 4 and LEADING[plain[first]] do first = first + 1 end
  if START[plain[first]] and (not INVERTED[plain[first]] or ASKED_OF[plain[first + 1]]
      or t.n > 2 and IS[plain[first]] and FINE[plain[t.n]]) then
    return 1
  end
  for i = 1, t.n - 1 do
    local word = plain[i]
    if MARKS[word] then
      local following = plain[i + 1]
      if (word == "tell" and following == "me" or KNOW[word] and following == "know") and plain[i - 1] ~= "you" then
        return 1 -- "tell me the price first", "i want to know …"
      elseif KNOWING[word] and WISHES[plain[i - 1]] then
        return 1 -- "j'aimerais savoir si …"
      elseif i > 1 and word == "is" and (following == "that" or following == "it" or following == "this") and FINE[plain[t.n]] then
        return i -- "i have bedbugs is that ok"
      elseif i > 1 and (word == "how" and following == "much" or INVERTED[word] and OF_US[following]) then
        return i
      end
    end
  end
  return nil
end

-- Also a word of our question alone: "elevator?"
local ASKS_BACK = {}
for phrase in ([[elevator|the elevator|an elevator|stairs|address|what address|which address|pickup address|what elevator|like what|
what do you mean by stairs|what do you mean by elevator|what do you mean by items|what kind of items|what kind of stairs|
what stairs|which stairs|items|what items|which items|what|what do you mean|what do u mean|what u mean|what you mean|wdym|
wym|what does that mean|what does it mean|what is that|
whats that|what's that|meaning|huh|pardon|pardon me|sorry what|come again|say again|i don't understand|i dont understand|
i don't get it|i dont get it|don't understand|dont understand|what do you mean by that|what are you asking|how do you mean|i am confused|
im confused|i'm confused|quoi|comment|pardon|hein|c'est a dire|je ne comprends pas|je comprends pas|qu'est-ce que ca veut dire|
que veux-tu dire|que voulez-vous dire|que|como|como asi|no entiendo|que quiere decir|que significa|o que|nao entendi|nao entendo|
como assim|o que quer dizer|ki matlab|ਕੀ ਮਤਲਬ|ਸਮਝ ਨਹੀਂ ਆਈ|ਕੀ]]):gmatch("[^|\n]+") do
  ASKS_BACK[text.words(phrase)] = true
end
local MOST_WORDS = 9
local POLITE = set "sorry hi hello ok okay um uh please exactly sir madam"

-- Does the sentence only ask what our question meant?
---@return boolean
function M.asks_back(t)
  local i, j = 1, t.n
  if j > MOST_WORDS or j == 0 then return false end
  while i < j and POLITE[t.plain[i]] do i = i + 1 end
  while j > i and POLITE[t.plain[j]] do j = j - 1 end
  return ASKS_BACK[text.words(table.concat(t.plain, " ", i, j))] == true
end

-- Is it a wish in the form of a question: "Can you take a couch?" Then it asks nothing that staff have to answer. "When can you come?"
-- does.
function M.is_request(t)
  for i = 1, math.min(t.n, 30) do
    local word, who, what = t.plain[i], t.plain[i + 1], t.plain[i + 2]
    if WHEN[word] then
      return false
    elseif word == "pouvez" or word == "pouvez-vous" or CAN[word] and (who == "i" and (ADDS[what] or ADDS[t.plain[i + 3]])
      or OF_US[who] and (TAKES[what] or TAKES[t.plain[i + 3]])) then
      return true
    end
  end
  return false
end

return M
