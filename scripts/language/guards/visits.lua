-- Finds words that confirm a visit: "See you Tuesday at 3", "You're all set for tomorrow", "our crew will be there at 2".
local figures = require "language.guards.figures"
local promises = require "language.guards.promises"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local any = tokens.any

local WHEN = set [[today tomorrow tonight then morning afternoon evening weekend demain aujourd aujourd'hui manana amanha hoy hoje]]
-- "see you …", "à mardi", "nos vemos el martes"
local SEE, UNTIL, MEET = set "see seeing meet", set "a hasta ate", set "voit vemos"
local DONE = set [[booked scheduled confirmed set reserved arranged locked down reserve confirme confirmee prevu prevue planifie
  reservado confirmado confirmada agendado agendada programado programada]]
local NOT_YET = set [[will can could once if when after until before to be not isn't aren't never yet we'll haven't hasn't get you'll
  may might whether si quand sera fois puede]]
local OURS = set [[you you're your you've we we've i i've it it's visit pickup appointment assessment slot time everything all team crew
  confirmed booked scheduled c'est est votre su sua esta visite rendez]]
local COMING = set [[be come comes coming arrive arrives arriving see visits picks visit pick swing stop drop show there by
  passerons passera viendrons viendra serons sera iremos estaremos pasaremos passaremos heading sending send collect grab haul remove take]]
local WORKS, US = set "works perfect fine", set "us we our"
local MAY = set "can could may might would"
local CHECKS = set [[confirm confirms check checks checking whether if once know review choose unless when confirmer confirmera verifier]]

M.WATCHED = {} -- a text without these words and without a digit confirms nothing
for _, words in ipairs { WHEN, figures.NAMED } do
  for word in pairs(words) do M.WATCHED[word] = true end
end

-- Does token i say when? `at` maps the first tokens of the reply's times, dates and weekdays.
local function is_when(t, i, at)
  return at[i] or WHEN[t.word[i]]
end

local function any_when(t, from, to, at)
  for i = from, to do
    if is_when(t, i, at) then return i end
  end
end

local function confirms(t, from, to, at, question)
  local first = any_when(t, from, to, at)
  if not first then return false end
  for i = from, to do
    local word, near = t.word[i], math.min(to, i + 6)
    if SEE[word] and t.word[i + 1] == "you" or UNTIL[word] and (i == from or t.before[i] >= tokens.COMMA) or MEET[word] then
      if any_when(t, i + 1, math.min(to, i + 4), at) and not question
        and (t.word[i - 2] == "forward" or not any(t, math.max(from, i - 4), i - 1, NOT_YET)) then
        return true
      end
    elseif DONE[word] and not question and not any(t, math.max(from, i - 4), i - 1, NOT_YET) and any(t, math.max(from, i - 6), i, OURS)
      and any_when(t, i + 1, math.min(to, i + 8), at) then
      return true
    elseif is_when(t, i, at) and not question and (t.word[to] == "is" and t.word[to - 1] == "it"
      or any(t, i, near, WORKS) and any(t, i, near, US)) then
      return true
    end
  end
  if question or any(t, from, to, CHECKS) then return false end
  local verb = promises.promised(t, from, to, COMING)
  if not verb or first < verb and t.word[first] == "then" then return false end
  local possible = any(t, math.max(from, verb - 4), verb, MAY)
  return not possible or promises.SURE[t.word[from]]
end

-- Does everything that the sentence says of time fit the booked visit?
local function fits(t, from, to, list, sources)
  local visit = sources.visit
  if not visit or visit.state ~= "booked" then return false end
  local own = { ["w" .. visit.at.wday] = true, ["d" .. visit.at.day] = true, ["m" .. visit.at.month .. "-" .. visit.at.day] = true }
  local minutes = visit.at.hour * 60 + visit.at.min
  own["t" .. minutes], own["h" .. minutes % 720], own["y" .. visit.at.month] = true, true, true
  for _, figure in ipairs(list) do
    if figure.from >= from and figure.to <= to and figure.need and figure.kind ~= "number" then
      local known = false
      for _, key in ipairs(figure.need) do known = known or own[key] end
      if not known then return false end
    end
  end
  local function is_day(day) return day and day.month == visit.at.month and day.day == visit.at.day end
  return (not any(t, from, to, set "tomorrow demain manana amanha") or is_day(sources.tomorrow))
    and (not any(t, from, to, set "today tonight hoy hoje") or is_day(sources.today))
end

-- The text that confirms a visit which is not booked at that time, or nil. `list` is figures.read(t).
function M.find(t, list, sources)
  local at = {}
  for _, figure in ipairs(list) do
    if figure.kind ~= "number" then at[figure.from] = true end
  end
  if not any_when(t, 1, t.n, at) then return nil end
  for _, clause in ipairs(tokens.clauses(t)) do
    if confirms(t, clause.from, clause.to, at, clause.question) and not fits(t, clause.from, clause.to, list, sources) then
      return tokens.text(t, clause.from, clause.to)
    end
  end
end

return M
