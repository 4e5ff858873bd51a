-- Finds a promise to take hazardous waste or wet paint. Refusals and questions pass, and so does dry paint.
local promises = require "language.guards.promises"
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set, any = text.set, tokens.any

local TAKE = set [[take taking takes accept accepts accepting remove removing removes haul hauling handle handles handling dispose disposing
  disposal collect collecting collects pick picking picks grab grabbing load loading clear clearing transport get deal include including
  process help prendre prenons accepter acceptons ramasser ramassons enlever enlevons debarrasser recuperer recuperons prend ramasse
  accepte]]
local HAZARD = set [[hazardous asbestos propane gasoline chemical chemicals solvent solvents pesticide pesticides herbicides biohazard
  biohazards biohazardous explosives ammunition radioactive mercury acid acids thinner toxic fireworks flammable flammables
  amiante toxique toxiques dangereux dangereuses]]
local PAINT = set "paint paints peinture peintures"
local BEFORE = { oil = set "motor used waste", waste = set "medical" }
local DRY, WET = set "dry dried hardened solid solidified empty emptied seche sechee vide vides", set "wet fresh liquid fraiche"
-- "the paint-splattered desk", "a propane grill", "our policy on chemicals"
local THINGS = set [[splattered stained brush brushes roller rollers sprayer bbq barbecue grill stove heater fireplace question questions
  policy rules depot]]

M.WATCHED = set "oil waste" -- a text without these words names no hazard
for _, words in ipairs { HAZARD, PAINT } do
  for word in pairs(words) do M.WATCHED[word] = true end
end

local topic = { verbs = TAKE }

function topic.at(t, i)
  local word = t.word[i]
  if not HAZARD[word] and not PAINT[word] and not (BEFORE[word] and BEFORE[word][t.word[i - 1]]) then return nil end
  return not THINGS[t.word[i + 1]] and not (t.before[i + 1] == tokens.DASH and t.gap[i + 1] == "-") and i or nil
end

-- Does the clause speak of dry paint alone? "Wet and dry paint" is wet.
function topic.excused(t, clause)
  return any(t, clause.from, clause.to, DRY) and not any(t, clause.from, clause.to, WET) and not any(t, clause.from, clause.to, HAZARD)
end

-- The first such promise in the tokens, as text for people; or nil.
function M.find(t) return promises.find(t, topic) end

return M
