-- Finds a promise to serve a place that is listed as not served. Refusals, and streets named after the place, pass.
local promises = require "language.guards.promises"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local any, clauses, promised = tokens.any, promises.clauses, promises.promised
local NEGATED, SURE = promises.NEGATED, promises.SURE
local COMMA = tokens.COMMA

local SERVE = set [[serve serves service services serving servicing cover covers covering come comes coming go goes going operate operates
  operating work works working travel travels reach drive visit do deliver pick remove haul help collect schedule book
  provide offer available desservons dessert desservir couvrons servons venons allons va couvre]]
local PLACED = set "in to at within available around near serving out based over also from"
local STREET = set [[st street str ave avenue av rd road dr drive blvd boulevard cres crescent crt ct court lane ln way place pl sq
  square pkwy parkway hwy highway line trail tr terrace ter gate circle cir row rue chemin]]
local RULED_OUT = set "not except excluding outside without beyond besides unlike never than sauf hors no"
local NEEDS_PLACE = set "do help book schedule work working pick remove haul collect provide offer available"
local COVERED = set "within inside covered served included fine ok okay good in part great sure"
local THERE = set "that there it area"
local SOMEDAY = set "someday hope hopefully eventually future soon plan planning bientot"

-- The last token of a place that begins at token i, or nil.
local function place_at(t, i, words)
  if t.word[i] ~= words[1] then
    return nil
  end
  for k = 2, #words do
    if t.word[i + k - 1] ~= words[k] or t.before[i + k - 1] > COMMA then
      return nil
    end
  end
  local last = i + #words - 1
  local street = i > 1 and (t.kind[i - 1] == "number" and t.before[i] <= tokens.SPACE or t.word[i - 1] == "rue")
    or STREET[t.word[last + 1]] and t.before[last + 1] <= tokens.SPACE
  return not street and last or nil
end

local function ruled_out(t, first, last, clause)
  for j = last + 1, math.min(clause.to, last + 4) do
    if RULED_OUT[t.word[j]] or NEGATED[t.word[j]] or t.word[j] == "excluded" or t.word[j] == "too" and t.word[j + 1] == "far" then
      return true
    end
  end
  return any(t, math.max(clause.from, first - 4), first - 1, RULED_OUT) ~= nil
end

-- "Ottawa is within our area", "Ottawa works", "Yes, Ottawa!"
local function area_granted(t, first, last, clause, question)
  if question then
    return false
  end
  for j = last + 1, math.min(clause.to, last + 3) do
    local word = t.word[j]
    if word == "works" then
      return true
    elseif (word == "is" or word == "are") and any(t, j + 1, math.min(clause.to, j + 3), COVERED) then
      return true
    end
  end
  return SURE[t.word[clause.from]] and first - clause.from <= 2 and clause.to - last <= 2
end

-- Facts about a clause that are the same for every place in it.
local function read_clause(t, clause)
  if clause.read then
    return
  end
  clause.read, clause.someday, clause.verb = true, any(t, clause.from, clause.to, SOMEDAY), promised(t, clause, SERVE)
end

local function area_promise(t, clause, first, last, question)
  read_clause(t, clause)
  if clause.someday or ruled_out(t, first, last, clause) then
    return false
  end
  local verb = clause.verb
  if verb then
    local word = t.word[verb]
    if NEEDS_PLACE[word] then
      return verb < first and (PLACED[t.word[first - 1]] or PLACED[t.word[first - 2]] or first - verb <= 2) or false
    end
    return verb < first or question == false
  end
  -- "Our crew will be in Ottawa on Friday."
  local there = t.word[first - 1] == "in" and promised(t, { from = clause.from, to = first }, { ["in"] = true })
  return there ~= nil and there ~= false or area_granted(t, first, last, clause, question)
end

-- The places' names as lists of words. The same table is used for every reply.
function M.prepare(places)
  local ready = {}
  for _, place in ipairs(places) do
    local words = text.split(text.words(tostring(place)))
    if words[1] then
      ready[#ready + 1] = words
    end
  end
  return ready
end

local function area_in(t, words)
  local asked -- "Barrie? Yes, we serve that area."
  for _, sentence in ipairs(tokens.sentences(t)) do
    local mentioned = false
    for _, clause in ipairs(clauses(t, sentence)) do
      for i = clause.from, clause.to do
        local last = place_at(t, i, words)
        mentioned = mentioned or last ~= nil
        if last and area_promise(t, clause, i, last, sentence.question) then
          return tokens.text(t, clause.from, clause.to)
        end
      end
      local verb = asked and promised(t, clause, SERVE)
      if verb and any(t, verb + 1, math.min(clause.to, verb + 3), THERE) then
        return tokens.text(t, clause.from, clause.to)
      end
    end
    asked = mentioned and sentence.question and sentence.to - sentence.from <= 4
  end
  return nil
end

-- The places (from `prepare`) that can be in the folded text; nil when there is none.
function M.named(folded, places)
  local list
  for _, words in ipairs(places) do
    if folded:find(words[1], 1, true) then
      list = list or {}
      list[#list + 1] = words
    end
  end
  return list
end

-- The promise about one of the places, in tokens of a text from plain_yes; or nil.
function M.find(t, places)
  for _, words in ipairs(places) do
    local found = area_in(t, words)
    if found then
      return found
    end
  end
  return nil
end

return M
