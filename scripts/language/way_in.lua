-- What some words say of the way in: an elevator, stairs, a floor.
local text = require "language.text"
local tokens = require "language.tokens"
local yes_no = require "language.yes_no"

local M = {}

local function set(words) return text.set(text.fold(words)) end

M.COUNTED = set [[a an the my our some two three four five six seven eight nine ten several few couple old one these this another
  un une des mes deux trois quatre cinq mon ma dozen many lots half
  una unos unas dos tres cuatro cinco seis mi mis um uma dois duas quatro meu minha ਇੱਕ ਦੋ ਤਿੰਨ ਚਾਰ]]
M.ORDINAL = set [[first second third fourth fifth sixth seventh eighth ninth tenth top upper lower premier deuxieme troisieme quatrieme
  cinquieme deux trois quatre cinq 1er 2e 3e 4e 5e 6e primer primero segundo tercer tercero cuarto primeiro terceiro quarto dos tres dois
  ਪਹਿਲੀ ਦੂਜੀ ਤੀਜੀ one two three four five six seven eight nine ten split multi several few couple]]
M.FLOOR = set "floor floors flr fl level levels storey storeys story stories etage etages piso pisos andar andares ਮੰਜ਼ਿਲ"
local ELEVATOR = set [[elevator elevators elevater elavator elevetor lift ascenseur ascenseurs ascensor elevador monte-charge ਲਿਫਟ ਐਲੀਵੇਟਰ]]
local LIFTS = set "can can't cant cannot could couldn't to not help heavy i we you u they" -- "I cant lift" names no lift
local STAIRS = set [[stair stairs upstairs downstairs staires stairway staircase staircases stairwell walkup walk-up walkups escalier
  escaliers escalera
  escaleras escada escadas ਪੌੜੀਆਂ ਪੌੜੀ]]
-- These mean stairs beside a count.
local STEPS = set "flight flights step steps marche marches"
local SOME = set "some many lots half more of de quelques"
-- A floor of this kind settles both: there is no way up.
local LOW = set "ground main street grade single entry"
local LOWEST = set "bungalow bungalo bungalows rdc rez-de-chaussee rez terreo"
local FLOOR_PLACE = set "basement bsmt sous-sol attic loft penthouse mezzanine"
local OUTSIDE = set "driveway curb curbside garage outside outdoors porch backyard yard frontyard trottoir dehors entree lawn"

function M.is_count(word)
  return word:find("^%d%d?$") ~= nil or word:find("^%d%d?%-%d%d?$") ~= nil or word:find("^%d%d?[snrte][tdh]?$") ~= nil
end

local function counted(t, i, k)
  local before = k > i and t.plain[k - 1]
  return before and (M.is_count(before) or M.ORDINAL[before] or SOME[before] or yes_no.DEFAULT.no[before])
end

-- What the words i to j say of a way in: elevator, stairs = the place of the word; low = a ground floor, which settles both.
---@param asked? string the kind of the field that was asked for
function M.of(t, i, j, asked)
  local found, outside = {}, nil
  for k = i, j do
    local word, following = t.bare[k], t.plain[k + 1]
    if ELEVATOR[word] and not (word == "lift" and k > i and LIFTS[t.plain[k - 1]]) then
      found.elevator = found.elevator or k
    elseif STAIRS[word] or word == "walk" and following == "up" then
      found.stairs = found.stairs or k
    elseif LOWEST[word] then
      found.floor, found.low = found.floor or k, true
    elseif STEPS[word] and counted(t, i, k) then
      found.stairs = found.stairs or k
    elseif FLOOR_PLACE[word] then
      found.floor = found.floor or k
    elseif M.FLOOR[word] then
      local before = k > i and t.plain[k - 1] or ""
      if LOW[before] or before == "one" and word ~= "floor" then
        found.floor, found.low = found.floor or k, true
      elseif M.is_count(before) or M.ORDINAL[before] or k < j and M.is_count(following) then
        found.floor = found.floor or k
      end
    elseif OUTSIDE[word] and (asked == "elevator" or asked == "stairs") then
      outside = k
    elseif word == "main" and k == j and k > i and t.plain[k - 1] == "the" then
      found.floor, found.low = found.floor or k, true -- "it's on the main"
    end
  end
  if outside and not (found.elevator or found.stairs) then
    found.floor, found.low = found.floor or outside, true
  end
  if found.low and tokens.find(t, i, j, yes_no.DEFAULT.no) and not found.stairs and not found.elevator then
    local no = tokens.find(t, i, j, yes_no.DEFAULT.no)
    found.low = no > (found.floor or 0) or t.plain[no] == "no" or nil -- "not on the ground floor"
  end
  return found
end

local TOWARDS = set "to on from at for"

-- Where words that name both an elevator and stairs are cut: "elevator yes stairs no", "no elevator 3 flights". Returns the last word
-- of the first part, or nil where both are said in one ("no stairs or elevator").
function M.cut(ready, t, j, one, other)
  local first, second = math.min(one, other), math.max(one, other)
  local function says(k)
    return ready.yes[t.plain[k]] or ready.no[t.plain[k]]
  end
  if second < j and says(j) and first + 1 < second and says(first + 1) then
    return first + 1
  end
  for k = first + 1, second - 1 do
    local word = t.plain[k]
    if word == "or" or word == "nor" or word == "ni" or word == "ou" then
      return nil
    elseif says(k) or M.is_count(word) or M.COUNTED[word] or word == "just" or word == "only" then
      return not TOWARDS[t.plain[k - 1]] and k - 1 or nil
    end
  end
  return first + 1 == second and second - 1 or nil
end

return M
