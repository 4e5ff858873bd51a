-- Lists the words for things that people want taken away. When a word is missing, add it here.
local text = require "language.text"

local M = {}

local THINGS = text.set(text.fold [[
  couch couche sofa sofabed loveseat sectional futon armchair recliner rocker chair table desk mattress boxspring bed bedding bedframe
  headboard bunk crib stroller playpen dresser drawer nightstand wardrobe armoire cabinet cupboard shelf shelve shelving bookshelf
  bookshelve bookcase hutch buffet credenza ottoman bench stool fridge refrigerator freezer stove oven microwave dishwasher washer
  dryer laundry appliance heater boiler furnace dehumidifier humidifier fan ac conditioner television tv monitor computer laptop printer
  speaker stereo electronic piano organ guitar drum treadmill elliptical weights dumbbell equipment bike bicycle ebike scooter kayak canoe
  boat
  trailer ski skis snowboard bbq barbecue grill patio umbrella gazebo trampoline swingset playset pool mower lawnmower snowblower
  shed fence deck decking hottub tub bathtub toilet sink faucet vanity shower carpet rug underpad curtain blind lamp chandelier mirror
  painting box bag bin tote bucket crate suitcase luggage clothe clothing shoe books magazine papers toy tool toolbox ladder tire rim
  battery junk garbage trash debris rubble rubbish brick drywall plaster wood lumber plank plywood pallet skid concrete cement asphalt
  gravel stone rocks tile shingle roofing flooring laminate hardwood linoleum insulation siding gutter doors windows glass dirt soil sand
  branch brush stump logs tree yardwaste renovation construction demolition scrap metal steel copper pipe wire cable furniture
  furnishing stuff item load truckload vanload paint cans solvent chemical oil propane tank barrel drum pail jar bottle dish cookware pot
  pan cutlery kitchenware decoration ornament antique filing copier photocopier cubicle whiteboard aquarium cage kennel
  cleanout clearout cleanup clutter belonging leftover household ashtray planter flowerpot statue rack hanger countertop console vacuum
  broom cushion
  pillow blanket quilt linen towel fireplace mantel wheelchair walker kettle toaster blender cooler icebox keg
  canape divan sofa-lit fauteuil chaise bureau matelas sommier lit commode frigo refrigerateur congelateur cuisiniere laveuse secheuse
  lavevaisselle lave-vaisselle boite sac meuble electromenager tapis velo debarras dechet vidange ordure ferraille pneu peinture bois
  planche gravat gravier deblai
  bibliotheque etagere lampe miroir armoire vaisselle vetement jouet outil evier baignoire toilette portes fenetres
  refrigerador nevera estufa colchon colchone mesa silla sillon basura mueble sofa escritorio cama lavadora secadora caja bolsa alfombra
  televisor microondas refri sofa-cama escombro madera llanta ropa juguete electrodomestico cosas trastes
  geladeira fogao colchao colchoe cadeira sofa poltrona escrivaninha guarda-roupa armario lixo movei movel caixa saco tapete televisao
  entulho madeira pneu roupa brinquedo
  ਸੋਫਾ ਸੋਫੇ ਕੁਰਸੀ ਕੁਰਸੀਆਂ ਮੇਜ਼ ਬੈੱਡ ਮੰਜਾ ਗੱਦਾ ਗੱਦੇ ਫਰਿੱਜ ਟੀਵੀ ਅਲਮਾਰੀ ਕੂੜਾ ਡੱਬੇ ਸਮਾਨ ਸਾਮਾਨ ਫਰਨੀਚਰ]])
THINGS.steeles = false -- the avenue
-- Things only beside another word: "the whole garage" is a load, "everything must go" too.
local WHOLE = text.set "everything entire whole tout toute"
-- "a wall unit", "yard waste"
local KINDS = { unit = text.set "wall shelving corner entertainment ac",
  waste = text.set "yard garden green wood construction renovation household" }
local KEPT = text.set "sold gave donated keep keeping kept anymore" -- beside what is not to be taken away
-- A number before one of these counts no things.
M.UNCOUNTED = text.set [[minute min hour hr day week month year second sec moment time pm am oclock o'clock people person guy man men woman
  kid wife husband friend question quote call visit price photo picture pic message text email dollar buck cent percent km mile minutes
  meeting problem idea bit lot couple few appointment job way reason second floor level flight step stair storey story elevator lift unit
  apartment apt condo house home place building office block address street door person bedroom bathroom br bdrm room sqft estimate
  different good great nice thing number emergency hurry rush landlord tenant roommate neighbour neighbor agent human company
  sorry plumber location address stop moment jour heure semaine fois question prix etage personne]]

local function singular(word, set)
  local known = set[word]
  if known ~= nil then
    return known
  end
  local last = word:byte(-1)
  return (last == 115 or last == 120)
    and (set[word:sub(1, -2)] or word:byte(-2) == 101 and last == 115 and set[word:sub(1, -3)]) == true
end

-- Is this folded word such a thing? Plurals too: "couches", "bureaux".
function M.is(word)
  word = word:sub(-2) == "'s" and word:sub(1, -3) or word
  return singular(word, THINGS)
end

function M.is_uncounted(word)
  return singular(word, M.UNCOUNTED)
end

local function thing_at(t, i, j)
  for k = i, j do
    local word, following = t.bare[k], t.bare[k + 1] or ""
    if M.is(word) or WHOLE[word] and j - i <= 5 and (word == "everything" or k < j) and not M.is_uncounted(following)
      or word == "clean" and (following == "out" or following == "up") or KINDS[following] and KINDS[following][word] then
      return k
    end
  end
end

-- Does one of the words i to j name a thing to be taken away? Returns its place.
---@return integer?
function M.among(t, i, j)
  local found = thing_at(t, i, j)
  for k = found and i or j + 1, j do
    if KEPT[t.plain[k]] then return nil end
  end
  return found
end

-- How many words of a text name such things.
---@param s string
---@return integer
function M.count(s)
  local count = 0
  for word in text.fold(s):gmatch("[%a\128-\255][%a\128-\255-]*") do
    if M.is(word) then count = count + 1 end
  end
  return count
end

-- The first such thing in folded text, or nil.
function M.find(plain)
  for word in plain:gmatch("[%a\128-\255][%a\128-\255-]*") do
    if M.is(word) then
      return word
    end
  end
  return nil
end

return M
