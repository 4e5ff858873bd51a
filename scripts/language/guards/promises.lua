-- Recognises who promises what, for the guards for hazardous waste and for places. A promise is a word for us, then words that can
-- stand between, then a verb, with no "not" among them.
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local COMMA = tokens.COMMA

M.WE = set [[we we'll we're we'd we've i i'll i'd i'm team crew guys crews drivers driver they they'll clearoutspaces
  nous on equipe]]
local WE = M.WE
local NOT_OURS = set "your another city building" -- "your team", "another crew"
-- Words that can stand between "we" and what we promise.
local HELPERS = set [[can will could would may might do does did also gladly happily definitely certainly be able to absolutely
  always of course sure happy glad usually normally even just are is have been going gonna safely properly easily totally
  help you your love like offer provide both 'll 'd like pleased still now again too of the them with handling dealing yes
  pouvons pourrons allons va peut aussi bien]]
M.NEGATED = set [[not never no cannot can't don't doesn't won't wouldn't couldn't didn't isn't aren't shouldn't unable nor neither
  unfortunately ne pas jamais aucun]]
M.SURE = set "yes yep yeah sure absolutely definitely certainly gladly oui"
local BUT = set "but however though although mais cependant"
local LEAD_DOUBT = set "if whether when unless where si"

-- Words that look like a refusal and mean yes.
local YES_PHRASES = { "no problem", "not a problem", "no worries", "not to worry", "don't worry", "not an issue", "no issue",
  "why not", "no doubt", "no trouble", "don't mind", "doesn't matter", "not only", "pas de probleme" }

function M.plain_yes(s)
  for _, phrase in ipairs(YES_PHRASES) do
    s = s:gsub(phrase:gsub("%p", "%%%0"), "sure")
  end
  return (s:gsub("but also", "and also"))
end

-- Sentences cut at "but" and similar words, because a refusal in one half must not excuse the other.
function M.clauses(t, sentence)
  local list, from = {}, sentence.from
  for i = sentence.from + 1, sentence.to do
    if BUT[t.word[i]] then
      list[#list + 1] = { from = from, to = i - 1 }
      from = i + 1
    end
  end
  list[#list + 1] = { from = from, to = sentence.to }
  return list
end

-- The verb's token where a clause says that we do it, without a "not" between; or nil.
---@param t table
---@param clause {from: integer, to: integer}
---@param verbs table<string, boolean>
function M.promised(t, clause, verbs)
  for i = clause.from, clause.to do
    local before = t.word[i - 1]
    if WE[t.word[i]] and not NOT_OURS[before] and not (i > 1 and t.before[i] < COMMA and LEAD_DOUBT[before]) then
      local doubt = false
      for j = math.max(clause.from, i - 3), i - 1 do
        doubt = doubt or t.word[j] == "whether" or t.word[j] == "if" and (i - j) <= 2
      end
      for j = i + 1, math.min(clause.to, i + 8) do
        local word = t.word[j]
        if M.NEGATED[word] or doubt then
          break
        elseif verbs[word] and not (HELPERS[word] and verbs[t.word[j + 1]]) then
          return j
        elseif not HELPERS[word] and t.before[j] < COMMA then
          break
        end
      end
    end
  end
  return nil
end

return M
