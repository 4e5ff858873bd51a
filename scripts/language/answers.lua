-- What is an answer to which field: the kinds of fields, the words of each kind, and whether some words answer it.
local address = require "language.address"
local common = require "language.common"
local phrases = require "language.phrases"
local text = require "language.text"
local things = require "language.things"
local tokens = require "language.tokens"
local way_in = require "language.way_in"

local M = {}

local set = text.set

local function kind_of(name)
  if name:find("address") or name == "location" or name == "pickup_location" then
    return "address"
  elseif name:find("elevator") or name:find("lift") then
    return "elevator"
  elseif name:find("stair") or name:find("steps") then
    return "stairs"
  elseif name:find("inventory") or name:find("item") or name == "junk" or name:find("furniture") then
    return "inventory"
  end
  return "other"
end

local kinds, kept = {}, 0 -- by the names of fields

-- The kind of answer that a field wants, by its name.
---@return "address"|"elevator"|"stairs"|"inventory"|"other"
function M.kind_of(field)
  local kind = kinds[field]
  if not kind then
    kind = kind_of(field:lower())
    if kept < 1000 then kinds[field], kept = kind, kept + 1 end
  end
  return kind
end

-- ---- elevator and stairs ---------------------------------------------------------------------------------------------

local HOUSE = set "house houses townhouse townhome detached semi semi-detached duplex cottage maison storefront casa"
local LIGHT = set [[sure there is are was it its s theres does do did have has we i you can could use they he a an the one ones only
  just about
  around like or maybe in at this that my our building place unit to of any so unfortunately sadly sorry please pls sir
  maam actually probably with all big small large little service freight working broken old narrow wide inside front
  back both but and even think believe required involved needed available access yet here sauf c est il en un une l le
  la les dans au on for be who go up down got each from two sets set total well also yea straight else then really know
  should applicable condo apartment apt t m re d qu
  dear hun hon honey sweetie bro dude mate es hay una uno um uma tem tenho tiene tengo mi meu minha na muy rn atm currently so
  them those ma am lol whatsoever entrance door porch outside
  temporarily guess je pense crois que creo acho penso parece]]
local STEP = set "step steps stairs flight flights ramp"
local FEW = set "couple few several dozen"
-- What people say of an elevator or stairs after yes or no: "yes need to book it".
local BESIDES = set [[need needs book booked booking reserve reserved reservation concierge super superintendent security
  management key fob slow tiny narrow tight fits fit out order though tho hard difficult has however anytime ask call first
  reservar reservado reservarlo pero mas faut le reserver precisa reservar hay que]]
local POLITE = set "thanks thank you thx merci"
-- These mean yes or a count when they are all that is said.
local AFFIRMS = {}
for phrase in ([[there is|there are|there is one|there s one|theres one|it does|it has|it has one|it is|we do|i do|they do|we have|we
  have one
i have one|has one|just one|only one|a few|a couple|several|many|a lot|lots|il y en a un|il y en a|both|it has both|we have both|there
  are both
yes both|les deux|there used to be one|don t need one|dont need one|don t need it|
dont need it|no need|out of order|out of service|not working|a dozen|a dozen or so|ramp|hardly any|barely any|probably|should be|
should be one|there should be|doesn t apply|doesnt apply|does not apply]]):gmatch("[^|\n]+") do
  AFFIRMS[phrase] = true
end

-- Do the words i to j answer whether there is an elevator or how many stairs: yes, no, a count, a floor, and nothing that is
-- not about that?
function M.is_yes_no(ready, t, i, j, kind)
  if j - i > 14 then
    return false
  end
  local words = text.list(tokens.plain(t, i, j))
  if AFFIRMS[table.concat(words, " ")] then return true end
  local hit, yes, polite = false, false, false
  local floor = tokens.find(t, i, j, way_in.FLOOR)
  local decided = ready.yes[words[1]] or ready.no[words[1]] or words[2] and ready.yes[words[2]]
  local k = 1
  while words[k] do
    local word = words[k]
    local last, name = phrases.at(ready.said, words, k)
    if last then
      hit, yes, k = true, yes or name == "yes", last
    elseif way_in.is_count(word) or way_in.ORDINAL[word] and (word ~= "second" or floor)
      or kind == "elevator" and (HOUSE[word] or word == "broken")
      or kind == "stairs" and (STEP[word] and k > 1 or FEW[word]) then
      hit = true
    elseif POLITE[word] then
      polite = true
    elseif not (LIGHT[word] or way_in.FLOOR[word] or way_in.COUNTED[word] or decided and BESIDES[word]) then
      return false
    end
    k = k + 1
  end
  return hit == true and (yes or not polite)
end

local OF_BOTH = set "neither both"
local OF_BOTH_PHRASES = { "ni l'un ni l'autre", "none of th", "aucun des deux", "les deux" }

-- Do the words i to j speak of elevator and stairs at once ("neither", "it has both")?
function M.is_of_both(t, i, j)
  return j - i <= 6 and (tokens.find(t, i, j, OF_BOTH) or text.found_in(tokens.plain(t, i, j), OF_BOTH_PHRASES)) ~= nil
end

-- ---- things ----------------------------------------------------------------------------------------------------------

local BESIDE_A_THING = set "of big small broken old"

-- Do the words i to j count something that is in no list: "a kayak", "5 gargoyles"? Only an answer to "what?" is read so.
local function counts_a_thing(t, i, j)
  local first = t.plain[i]
  if first == "a" and t.s:byte(t.from[i]) > 127 then return false end -- "à bientôt"
  if j <= i or j - i > 4 or first == "the" or first == "this" or not (way_in.is_count(first) or way_in.COUNTED[first]) then
    return false
  end
  for k = i + 1, j do
    local word = t.plain[k]
    if things.is_uncounted(word) or common.WORDS[word] and (k == j or not (way_in.COUNTED[word] or BESIDE_A_THING[word])) then
      return false
    end
  end
  return true
end

-- ---- any field -------------------------------------------------------------------------------------------------------

local MOST_WORDS = 25
local WAIT = set [[one a just sec secs second seconds min mins minute minutes moment hold on wait brb please pls un une instant 1 2 5 in now
  give me]]

local function all_in(t, i, j, words)
  for k = i, j do
    if not words[t.plain[k]] then
      return false
    end
  end
  return true
end

-- The first of the words i to j that answers a field of this kind; nil: they are no answer to it.
---@return integer?
function M.first(ready, kind, t, i, j)
  if kind == "address" then
    return address.place(t, i, j)
  elseif kind == "elevator" or kind == "stairs" then
    return M.is_yes_no(ready, t, i, j, kind) and i or nil
  elseif kind == "inventory" then
    return (things.among(t, i, j) or counts_a_thing(t, i, j)) and i or nil
  end
  return j - i < MOST_WORDS and (i == j or not all_in(t, i, j, WAIT)) and not common.is_chat(tokens.plain(t, i, j)) and i
    or i == j and (ready.yes[t.plain[i]] or ready.no[t.plain[i]]) and i or nil
end

return M
