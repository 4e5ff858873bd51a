-- Lists the words for things that people want taken away. When a word is missing, add it here.
local text = require "language.text"

local M = {}

local THINGS = text.set [[
  couch couche sofa sofabed loveseat sectional futon armchair recliner chair table desk mattress boxspring bed
  bedframe headboard bunk crib dresser drawer nightstand wardrobe armoire cabinet cupboard shelf shelve
  shelving bookshelf bookshelve bookcase hutch buffet ottoman bench stool fridge refrigerator freezer stove
  oven range microwave dishwasher washer dryer appliance television tv monitor computer printer electronic
  piano treadmill elliptical bike bicycle bbq barbecue grill patio umbrella mower lawnmower snowblower shed
  hottub tub bathtub toilet sink vanity carpet rug curtain blind lamp mirror box bag bin suitcase clothe
  clothing book toy tool tire junk garbage trash debris rubble brick drywall wood lumber plank pallet concrete
  dirt soil branch yardwaste renovation construction scrap metal furniture furnishing stuff item load
  truckload canape divan fauteuil chaise bureau matelas lit commode armoire frigo refrigerateur congelateur
  cuisiniere laveuse secheuse lavevaisselle boite sac meuble electromenager tapis velo debarras dechet
  bibliotheque etagere]]

-- The first such thing in folded text, or nil.
function M.find(plain)
  for word in plain:gmatch("[%a\128-\255][%a\128-\255-]*") do
    if THINGS[word] then
      return word
    end
    local last = word:byte(-1)
    if (last == 115 or last == 120) and (THINGS[word:sub(1, -2)] or word:byte(-2) == 101 and last == 115 and THINGS[word:sub(1, -3)]) then
      return word -- plural: "couches", "bureaux"
    end
  end
  return nil
end

return M
