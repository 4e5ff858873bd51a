-- Finds things that may be hazardous in what a customer wrote or what is known: paint, propane, asbestos, chemicals, batteries and the
-- like. It serves the mark on the card, so it takes a thing that is only perhaps hazardous too. When a word is missing, add it here.
local text = require "language.text"

local M = {}

local set = text.set

-- Each of these is hazardous by itself, in English, French, Spanish and Portuguese.
M.ALWAYS = set [[
  asbestos propane butane gasoline petrol diesel kerosene turpentine varnish lacquer thinner thinners solvent solvents pesticide
  pesticides herbicide herbicides insecticide insecticides chemical chemicals acid acids bleach antifreeze freon refrigerant
  mercury ammunition ammo fireworks explosive explosives gunpowder flammable flammables hazardous hazmat toxic biohazard
  biohazards biohazardous radioactive syringe syringes sharps creosote aerosol aerosols amiante peinture toxique toxiques
  dangereux dangereuses solvant solvants chimique chimiques seringue seringues bonbonne bonbonnes asbesto pintura pinturas
  gasolina quimicos jeringas amianto seringas]]

-- What we would do with them, as a reply can promise it.
M.TAKING = set [[
  take taking takes accept accepts accepting remove removing removes haul hauling handle handles handling dispose
  disposing disposal collect collecting collects pick picking picks grab grabbing load loading clear clearing transport
  get deal include including process help prendre prenons accepter acceptons ramasser ramassons enlever enlevons
  debarrasser recuperer recuperons prend ramasse accepte aceptar aceptamos llevar llevarnos llevamos recoger recogemos
  retirar retiramos aceitar aceitamos levar levamos recolher recolhemos]]

-- These are so, except beside the words that make another thing of them.
---@class hazardous.Sometimes
---@field not_before? table<string, boolean> the word after it: "oil painting", "battery charger"
---@field not_after? table<string, boolean> the word before it: "fish tank"
---@field only_after? table<string, boolean> it counts after these words alone: "gas can"

local PAINT = { not_before = set [[
  splattered stained spattered covered splashed brush brushes roller rollers tray trays sprayer sprayers gun guns by job jobs
  the my our it them chips room rooms]],
  not_after = set "to will ll gonna can could we i you they please body wall" }
local BATTERY = { not_before = set [[
  powered operated charger chargers operation run drill drills lawnmower mower mowers trimmer lamp lamps light lights toy toys
  saw vacuum backup box cover]] }
local TANK = { not_before = set "top tops stand", not_after = set "fish toilet aquarium rain thank reptile turtle think" }
local OIL = { not_before = set [[
  painting paintings portrait portraits lamp lamps heater heaters radiator radiators filled diffuser diffusers furnace furnaces
  rubbed pastel pastels canvas burner]],
  not_after = set "olive essential coconut vegetable canola baby hair fish beard linseed" }
local CAN = { only_after = set "gas jerry spray fuel petrol" }
local CYLINDER = { only_after = set "gas oxygen propane helium nitrogen acetylene co2 welding" }
local NEEDLE = { not_after = set "pine spruce knitting sewing crochet fir record", not_before = set "point nose" }

M.SOMETIMES = {
  paint = PAINT, paints = PAINT, battery = BATTERY, batteries = BATTERY, tank = TANK, tanks = TANK, oil = OIL, oils = OIL,
  can = CAN, cans = CAN, cylinder = CYLINDER, cylinders = CYLINDER, bottles = CYLINDER, needle = NEEDLE, needles = NEEDLE,
  extinguisher = {}, extinguishers = {}, baterias = {}, pilas = {}, pilhas = {}, aceite = {},
  huile = { not_after = set "peinture tableau" },
  cleaner = { only_after = set "drain oven pool" }, waste = { only_after = set "medical chemical" },
  stain = { only_after = set "wood deck" }, tubes = { only_after = set "fluorescent" }, bulbs = { only_after = set "fluorescent" },
  gas = { only_after = set "leftover old of", not_before = set [[
    stove stoves range ranges bbq grill grills dryer dryers oven ovens fireplace fireplaces mower mowers lawnmower heater heaters
    furnace station powered barbecue]] },
}

local DRY = set "dry dried hardened empty emptied seche sechee vide vides"
local NOT = set "no not without none never excluding except minus pas sans aucun aucune sin sem"
local DRIES = set "paint paints peinture pintura pinturas can cans"

---Is word i of these hazardous?
---@param words string[] folded
---@param i integer
---@return boolean
function M.at(words, i)
  local word, before, after = words[i], words[i - 1], words[i + 1]
  local rule = M.SOMETIMES[word]
  if not rule and not M.ALWAYS[word] then return false end
  if rule and (rule.not_before and rule.not_before[after] or rule.not_after and rule.not_after[before]
    or rule.only_after and not rule.only_after[before]) then
    return false
  end
  return true
end

-- Does this piece of a text, in plain words, name a hazardous thing, and not say that there is none, or that it is dry?
local function names_hazard(piece)
  local words = text.split(piece)
  for i, word in ipairs(words) do
    if M.at(words, i) then
      local off = false
      for k = 1, #words do
        off = off or k < i and i - k <= 4 and NOT[words[k]] or DRIES[word] and DRY[words[k]]
      end
      if not off then return true end
    end
  end
  return false
end

local KNOWN = {}
for _, words in ipairs { M.ALWAYS, M.SOMETIMES } do
  for word in pairs(words) do KNOWN[word] = true end
end

local SEPARATORS = { " and ", " but ", " with ", " plus ", " et ", " avec ", " y ", " con ", " e ", " com ", "[.!?] " }
local PIECE = 80 -- characters of a piece that are shown
local MOST_PIECES = 40 -- of a text

-- First and last byte of the next thing that the text lists.
local function pieces(s)
  local marked = " " .. s:lower() -- "and a tank" too
  for _, separator in ipairs(SEPARATORS) do
    marked = marked:gsub(separator, function(cut) return ("\n"):rep(#cut) end)
  end
  return marked:sub(2):gmatch("()[^,;\n]+()")
end

-- Does the piece say what an earlier one says, or hold it?
local function repeats(key, seen)
  for _, earlier in ipairs(seen) do
    if key:find(earlier, 1, true) or earlier:find(key, 1, true) then return true end
  end
  return false
end

-- The pieces of the texts that name something that may be hazardous, as they were written, each once.
---@param texts string[]
---@param most? integer how many, at most
---@return string[]
function M.find(texts, most)
  local list, seen = {}, {}
  for _, whole in ipairs(texts) do
    local s = text.first(whole, text.FIELD)
    if text.word_in(text.fold(s), KNOWN) then
      local count = 0
      for from, to in pieces(s) do
        count = count + 1
        if #list >= (most or 5) or count > MOST_PIECES then break end
        local piece = text.shown(s:sub(from, to - 1), PIECE, true)
        local key = text.words(piece)
        if names_hazard(key) and not repeats(key, seen) then list[#list + 1], seen[#seen + 1] = piece, key end
      end
    end
  end
  return list
end

return M
