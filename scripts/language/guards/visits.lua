-- Finds words that confirm a visit: "See you Tuesday at 3", "You're all set for tomorrow", "our crew will be there at 2".
local figures = require "language.figures"
local promises = require "language.guards.promises"
local sources = require "language.guards.sources"
local text = require "language.text"
local tokens = require "language.token_row"
local words = require("language.guard_words").visits

local M = {}

local set, any = text.set, tokens.any

local WHEN = set [[today tomorrow tonight then morning afternoon evening weekend demain aujourd aujourd'hui manana amanha hoy hoje]]
local TODAY, TOMORROW = set "today tonight aujourd'hui hoy hoje", set "tomorrow demain manana amanha"
local SEE = { see = "you", seeing = "you", meet = "you", forward = "to", expect = "us" }
local UNTIL, MEET = set "a hasta ate rendez", words.MEET -- "à mardi", "nos vemos"
local DONE = words.DONE
local VISIT = set "visit appointment pickup assessment booking"
local OURS, COMING = words.OURS, words.COMING
local CREW = set "crew team driver drivers truck guys we we're i'm they they're someone somebody help equipe camion"
local ASIDE = set "back a care note" -- "we'll come back to you", "take a look"
local WORKS, US, TEAM, MAY = set "perfect fine", set "us we our", set "team we we'll", set "can could may might"
local NOT_YET, CHECKS = words.NOT_YET, words.CHECKS

M.WATCHED = text.union(figures.NAMED, WHEN, set "way")

-- Does the clause say that somebody comes now: "the crew is on its way"?
local function on_the_way(t, clause)
  local way = not clause.question and any(t, clause.from, clause.to, { way = true })
  return way and t.word[way - 2] == "on" and tokens.closes(t, way) and not any(t, clause.from, way, NOT_YET)
    and any(t, math.max(clause.from, way - 6), way, CREW)
end

local function any_when(t, from, to, at)
  for i = from, to do
    if at[i] or WHEN[t.word[i]] then return i end
  end
end

-- Does the clause confirm a visit? `at` maps the first tokens of the reply's times, dates and weekdays.
local function confirms(t, clause, at)
  local from, to = clause.from, clause.to
  local first = not clause.question and any_when(t, from, to, at)
  if not first then return false end
  for i = from, to do
    local word, open = t.word[i], any(t, math.max(from, i - 4), i - 1, NOT_YET)
    local bye = SEE[word] and t.word[i + 1] == SEE[word] or UNTIL[word] and (i == from or t.before[i] >= tokens.COMMA)
      or MEET[word] and t.word[i - 1] ~= "no"
    local sure = not open or t.word[i - 2] == "forward" or word == "expect" and t.word[i - 1] == "can"
    if bye and sure and any_when(t, i + 1, math.min(to, i + 4), at) then return true end
    local done = (DONE[word] or (word == "schedule" or word == "calendar") and t.word[i - 2] == "on") and not open
    local stop = math.min(to, (any(t, i + 1, i + 8, TEAM) or i + 9) - 1) -- "all set, our team …"
    if done and any(t, math.max(from, i - 6), i, OURS) and any_when(t, i + 1, stop, at) then return true end
    local is = not any(t, from, i, NOT_YET) and (t.word[i + 1] == "is" or t.word[i + 1] == "will" and t.word[i + 2] == "happen")
    if is and VISIT[word] and any_when(t, i + 2, math.min(to, i + 5), at) then return true end
    local after = first < i and i - first <= 6 and not any(t, from, i, NOT_YET) and not any(t, 1, t.n, CHECKS)
    if after and (word == "works" or word == "yours" or DONE[word] and t.word[i - 1] == "is") then return true end
  end
  if t.word[to - 1] == "it" and t.word[to] == "is" or any(t, first, first + 6, WORKS) and any(t, first, math.min(to, first + 6), US) then
    return true
  end
  local verb = not any(t, from, to, CHECKS) and promises.promised(t, from, to, COMING)
  local aside = verb and (ASIDE[t.word[verb + 1]] or t.word[verb] == "see" and t.word[verb + 1] ~= "you")
  return verb and not aside and not (first < verb and t.word[first] == "then")
    and (not any(t, math.max(from, verb - 4), verb, MAY) or promises.SURE[t.word[from]])
end

-- Does everything that the clause says of time fit the booked visit?
local function fits(t, clause, list, booked)
  if not booked then return false end
  for _, figure in ipairs(list) do
    local of_time = figure.from >= clause.from and figure.to <= clause.to and figure.need and figure.kind ~= "number"
    if of_time and not sources.holds(booked, figure) then return false end
  end
  return (booked.today or not any(t, clause.from, clause.to, TODAY)) and (booked.tomorrow or not any(t, clause.from, clause.to, TOMORROW))
end

-- The text that confirms a visit which is not booked at that time, or nil. `list` is figures.read(t).
function M.find(t, list, from)
  local at = {}
  for _, figure in ipairs(list) do
    if figure.kind ~= "number" then at[figure.from] = true end
  end
  local way = any(t, 1, t.n, { way = true })
  if not way and not any_when(t, 1, t.n, at) then return nil end
  for _, clause in ipairs(tokens.clauses(t)) do
    if way and on_the_way(t, clause) and not (sources.booked(from) or {}).today then return tokens.text(t, clause.from, clause.to) end
    if confirms(t, clause, at) and not fits(t, clause, list, sources.booked(from)) then return tokens.text(t, clause.from, clause.to) end
  end
end

return M
