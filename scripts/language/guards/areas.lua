-- Finds a promise to serve a place that is listed as not served. Refusals, and streets named after the place, pass.
local promises = require "language.guards.promises"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set

local SERVE = set [[serve serves service services serving servicing cover covers covering come comes coming go goes going operate operates
  operating work works working travel travels reach drive visit do deliver pick remove haul help collect schedule book provide offer
  available in desservons dessert desservir couvrons servons venons allons va couvre]]
local PLACED = set "in to at within available around near serving out based over also from"
local NEEDS_PLACE = set "do help book schedule work working pick remove haul collect provide offer available"
local STREET = set [[st street str ave avenue av rd road dr drive blvd boulevard cres crescent crt ct court lane ln way place pl sq square
  pkwy parkway hwy highway line trail tr terrace ter gate circle cir row rue chemin]]
local SOMEDAY = set "someday hope hopefully eventually future soon plan planning bientot"

-- The places as topics of promises, for one set of business.yaml.
function M.prepare(places)
  local ready = {}
  for _, place in ipairs(places) do
    local words = text.split(text.words(tostring(place)))
    local topic = { verbs = SERVE, near = 2, works = true, asks = true, first = words[1] }
    function topic.excused(t, clause) return tokens.any(t, clause.from, clause.to, SOMEDAY) end
    function topic.at(t, i)
      for k, word in ipairs(words) do
        if t.word[i + k - 1] ~= word or k > 1 and t.before[i + k - 1] > tokens.COMMA then return nil end
      end
      local last = i + #words - 1
      local street = t.kind[i - 1] == "number" and t.before[i] <= tokens.SPACE or t.word[i - 1] == "rue"
        or STREET[t.word[last + 1]] and t.before[last + 1] <= tokens.SPACE
      return not street and last or nil
    end
    function topic.fits(t, verb, first, last)
      if not NEEDS_PLACE[t.word[verb]] then return t.word[verb] ~= "in" or verb == first - 1 end
      return verb < first and (PLACED[t.word[first - 1]] or PLACED[t.word[first - 2]] or first - verb <= 2) and last ~= nil
    end
    if words[1] then ready[#ready + 1] = topic end
  end
  return ready
end

-- The words of which a text must hold one to name a place.
function M.words(ready)
  local words = {}
  for _, topic in ipairs(ready) do words[topic.first] = true end
  return words
end

-- The first promise about one of the places in the tokens of a folded text, as text for people; or nil.
function M.find(t, folded, ready)
  for _, topic in ipairs(ready) do
    local found = folded:find(topic.first, 1, true) and promises.find(t, topic)
    if found then return found end
  end
end

return M
