-- Finds a promise to take hazardous waste or wet paint. Refusals and questions pass.
local promises = require "language.guards.promises"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local any, clauses, promised = tokens.any, promises.clauses, promises.promised
local NEGATED, SURE = promises.NEGATED, promises.SURE
local COMMA = tokens.COMMA

local TAKE = set [[take taking takes accept accepts accepting remove removing removes
  haul hauling handle handles handling dispose disposing
  disposal collect collecting collects pick picking picks
  grab grabbing load loading clear clearing transport
  get deal include including process help prendre prenons accepter acceptons ramasser ramassons enlever enlevons debarrasser
  recuperer recuperons prend ramasse accepte]]
local HAZARD_HINTS = { "paint", "hazard", "asbestos", "propane", "gasoline", "chemical", "solvent", "pesticide", "biohazard",
  "medical waste", "toxic", "explosive", "ammunition", "motor oil", "used oil", "radioactive", "mercury", "acid", "herbicide",
  "peinture", "dangereu", "amiante", "toxique", "fireworks", "flammable" }
local HAZARD = set [[hazardous asbestos propane gasoline chemical chemicals solvent solvents pesticide pesticides herbicides biohazard
  biohazards biohazardous explosives ammunition radioactive mercury acid acids thinner toxic fireworks flammable flammables
  amiante toxique toxiques dangereux dangereuses]]
local DRY = set "dry dried hardened solid solidified empty emptied seche sechee vide vides"
local EXCEPT = set "except excluding excluded without besides minus sauf prohibited banned forbidden refuse exclude"
local FINE = set "fine ok okay accepted welcome included allowed acceptable good taken removed picked hauled collected accept"
local POINTING = set "it that them those these this any all"
local LEFT = set "leave leaving skip skipping no" -- "we'll take the couch and leave the paint"
local EXCEPTION = set "exception"
local PAINT = set "paint paints peinture peintures"
local OIL = set "motor used waste"
local ASKING = set "is are do does have has did any will would can could what which how"
local ELSEWHERE = set "question questions policy rules depot"

-- A text without one of these words names no hazard: see hazard_at.
M.WATCHED = { HAZARD, PAINT, set "oil waste" }

local function hazard_at(t, i)
  local word = t.word[i]
  if HAZARD[word] then
    return not ELSEWHERE[t.word[i + 1]]
  end
  return PAINT[word] or word == "oil" and OIL[t.word[i - 1]] or word == "waste" and t.word[i - 1] == "medical"
end

local function hazard_in(t, from, to)
  for i = from, to do
    if hazard_at(t, i) then
      if not (PAINT[t.word[i]] and any(t, from, to, DRY)) then
        return i
      end
    end
  end
  return nil
end

-- "wet paint is fine", "asbestos can be included"
local function allowed_after(t, i, clause)
  for j = i + 1, math.min(clause.to, i + 7) do
    local word = t.word[j]
    if NEGATED[word] then
      return nil
    elseif word == "is" or word == "are" or word == "be" or word == "est" then
      for k = j + 1, math.min(clause.to, j + 3) do
        if NEGATED[t.word[k]] or EXCEPT[t.word[k]] then
          return nil
        elseif FINE[t.word[k]] or t.word[k] == "sure" then
          return k
        end
      end
    end
  end
  return nil
end

local function hazard_promise(t, clause, question)
  local hazard = hazard_in(t, clause.from, clause.to)
  if not hazard then
    return nil
  end
  local verb = promised(t, clause, TAKE)
  local refused = any(t, clause.from, hazard, EXCEPT) or any(t, hazard, clause.to, EXCEPT)
  if verb then
    for j = verb + 1, hazard - 1 do
      local aside = question and t.before[j] >= COMMA and ASKING[t.word[j]]
      if aside or NEGATED[t.word[j]] or LEFT[t.word[j]] or t.word[j] == "other" and t.word[j + 1] == "than" then
        refused = true
      end
    end
    -- "Wet paint isn't something we take." "If there's no wet paint, we take it all."
    local denied = verb > hazard and any(t, clause.from, verb, NEGATED)
    return not refused and not denied and math.max(hazard, verb) or nil
  elseif refused or question then
    return nil
  end
  local fine = not any(t, math.max(clause.from, hazard - 3), hazard, NEGATED) and allowed_after(t, hazard, clause)
  if fine then
    return fine
  end
  local first = SURE[t.word[clause.from]] or t.word[clause.from] == "of" and t.word[clause.from + 1] == "course"
  local sure = first and hazard - clause.from <= 6 and not any(t, clause.from, clause.to, NEGATED) and t.word[clause.to] ~= "instead"
  return sure and hazard or nil
end

-- "Wet paint? Absolutely." "Wet paint? Sure, we can take that." "We don't usually, but for you we'll take it."
local function follows_up(t, clause)
  local first = SURE[t.word[clause.from]] or t.word[clause.from] == "no" and t.word[clause.from + 1] == "problem"
  if first and clause.to - clause.from <= 1 then
    return clause.to
  end
  local verb = promised(t, clause, TAKE)
  if verb then
    for j = verb + 1, math.min(clause.to, verb + 4) do
      if POINTING[t.word[j]] and (t.word[j] ~= "all" and t.word[j] ~= "any" and t.word[j] ~= "this" or j == clause.to)
        and t.word[j + 1] ~= "from" then
        return j
      end
    end
    return nil
  end
  local make = any(t, clause.from, clause.to, EXCEPTION)
  return make and not any(t, clause.from, clause.to, NEGATED) and any(t, clause.from, make, promises.WE) and make or nil
end

-- Can the folded text name such a thing?
function M.named(folded) return text.found_in(folded, HAZARD_HINTS) ~= nil end

-- The promise in tokens of a text from plain_yes; or nil.
function M.find(t)
  local open -- the sentence before this one named such a thing
  for _, sentence in ipairs(tokens.sentences(t)) do
    local mentioned = false
    for _, clause in ipairs(clauses(t, sentence)) do
      local found = hazard_promise(t, clause, sentence.question)
      if not found and (open or mentioned) and not any(t, sentence.from, sentence.to, DRY) then
        found = follows_up(t, clause)
      end
      if found then
        return tokens.text(t, clause.from, clause.to)
      end
      mentioned = mentioned or hazard_in(t, clause.from, clause.to) ~= nil
    end
    open = mentioned
  end
  return nil
end

return M
