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
  ਪਹਿਲੀ ਦੂਜੀ ਤੀਜੀ un uno um one two three four five six seven eight nine ten split multi several few couple]]
M.FLOOR = set "floor floors flr flrs fl level levels storey storeys story stories etage etages piso pisos andar andares ਮੰਜ਼ਿਲ"
local ELEVATOR = set [[elevator elevators elev elevater elavator elevetor lift ascenseur ascenseurs ascensor elevador monte-charge ਲਿਫਟ
  ਐਲੀਵੇਟਰ]]
local LIFTS = set "can can't cant cannot could couldn't to not help heavy i we you u they" -- "I cant lift" names no lift
local STAIRS = set [[stair stairs upstairs downstairs staires stairway staircase staircases stairwell walkup walk-up walkups escalier
  escaliers escalera
  escaleras escada escadas pauriyan pauri paudiyan poudiyan ਪੌੜੀਆਂ ਪੌੜੀ]]
-- These mean stairs beside a count.
local STEPS = set "flight flights flite flites fligth fligths step steps marche marches"
local SOME = set "some many lots half more of de quelques"
-- A floor of this kind settles both: there is no way up.
local LOW = set "ground main street grade single entry"
local LOWEST = set "bungalow bungalo bungalows plain-pied rdc rez-de-chaussee rez terreo"
local FLOOR_PLACE = set "sub-basement subbasement basement bsmt sous-sol attic loft penthouse mezzanine"
local FEW = set "couple few several dozen"
local OUTSIDE = set "driveway curb curbside garage outside outdoors porch backyard yard frontyard trottoir dehors entree lawn"

function M.is_count(word)
  local first = word:byte()
  if not first or first < 48 or first > 57 then return false end
  return (word:find("^%d%d?$") or word:find("^%d%d?%-%d%d?$") or word:find("^%d%d?[snrte][tdh]?$") or word:find("^%d%d?ish$")) ~= nil
end

local function counted(t, i, k)
  local before = k > i and t.plain[k - 1]
  return before and (M.is_count(before) or M.ORDINAL[before] or SOME[before] or yes_no.DEFAULT.no[before])
end

-- What each word can say. A rule returns what the word at k says: elevator, stairs, floor, or low, a ground floor, which settles both.
local RULES = {}
local function rule(words, says)
  for word in pairs(words) do RULES[word] = says end
end

local function floor(t, i, k, j)
  local before, following = k > i and t.plain[k - 1] or "", t.plain[k + 1]
  if LOW[before] or before == "one" and t.plain[k] ~= "floor" then
    return "low"
  end
  return (M.is_count(before) or M.ORDINAL[before] or k < j and M.is_count(following)) and "floor" or nil
end

rule(OUTSIDE, function() return "outside" end)
rule(FLOOR_PLACE, function() return "floor" end)
rule(M.FLOOR, floor)
rule(STEPS, function(t, i, k) return counted(t, i, k) and "stairs" or nil end)
rule(LOWEST, function() return "low" end)
rule(STAIRS, function() return "stairs" end)
rule(ELEVATOR, function() return "elevator" end)
rule({ lift = true }, function(t, i, k) return not (k > i and LIFTS[t.plain[k - 1]]) and "elevator" or nil end)
rule({ planta = true }, function(t, _, k) return t.plain[k + 1] == "baja" and "low" or nil end)
rule({ walk = true }, function(t, _, k) return t.plain[k + 1] == "up" and "stairs" or nil end)
rule({ main = true }, function(t, i, k, j) return k == j and k > i and t.plain[k - 1] == "the" and "low" or nil end) -- "on the main"

-- What the words i to j say of a way in: elevator, stairs, floor = the place of the word; low = a ground floor.
---@param asked? string the kind of the field that was asked for
function M.of(t, i, j, asked)
  local found, bares = {}, t.bare
  for k = i, j do
    local says = RULES[bares[k]]
    says = says and says(t, i, k, j)
    if says == "low" then
      found.floor, found.low = found.floor or k, true
    elseif says then
      found[says] = found[says] or k
    end
  end
  if found.outside and (asked == "elevator" or asked == "stairs" and not tokens.find(t, i, j, FEW))
    and not (found.elevator or found.stairs) then
    found.floor, found.low = found.floor or found.outside, true
  end
  if found.low and not (found.stairs or found.elevator) then
    local no = tokens.find(t, i, j, yes_no.DEFAULT.no)
    found.low = not no or no > found.floor or t.plain[no] == "no" or nil -- "not on the ground floor"
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
