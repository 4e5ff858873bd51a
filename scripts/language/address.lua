-- Finds the addresses in what a customer wrote: a number, a street, and the unit, town or postal code that follows. Without a number and
-- a street only an answer to "where?" is a place: a postal code, a crossing, a town, a building with a name.
local common = require "language.common"
local text = require "language.text"
local things = require "language.things"
local tokens = require "language.tokens"
local towns = require "language.towns"

local M = {}

local set = text.set

local STREET = set [[st str street ave avenue av rd road dr drive blvd boulevard boul cres crescent crt ct court lane ln way place pl
  square sq pkwy parkway hwy highway trail trl terrace terr ter gate circle circ cir row mews grove heights hts path quay walk gardens gdns
  park line sideroad concession promenade chemin esplanade crossing common landing ridge hill point bend close mount green route
  rte donway queensway kingsway westway]]
M.STREET = STREET
-- Such a word after a name is a street without a number too: "Elm street".
local PLAIN_STREET = set "st str street ave avenue rd road blvd boulevard boul cres crescent hwy highway drive"
local STREET_BEFORE = set "rue avenue av boulevard boul bd blvd chemin ch place route rang impasse allee cote montee ruelle croissant"
local DWELLING = set "unit apt apartment suite ph"
local ANY_STREET = {}
for _, words in ipairs { STREET, STREET_BEFORE, DWELLING } do
  for word in pairs(words) do ANY_STREET[word] = true end
end
local NUMBERED = set "highway hwy road rd line route rte concession sideroad rang county"
local DIRECTION = set "n s e w o north south east west ne nw se sw nord sud est ouest"
local UNIT = set [[unit units apt apartment apts suite ste app appt appartement unite apto apartamento depto ph penthouse bldg building
  tower bureau local bloc
  buzzer buzz room rm lot locker]]
local PROVINCE = set "on ont ontario qc que quebec bc ab canada"
local LINK = set "de du des la le les l saint sainte st ste notre the"
local BESIDES = set "bis ter quater"
local QUARTER = set "downtown midtown uptown yorkville kensington chinatown"
local BUILDING = set [[mall tower towers plaza hospital school university college church temple mosque synagogue hotel motel inn centre
  center arena library station airport terminal warehouse storage condos apartments residences lofts manor villa village estates farm
  campus stadium museum theatre market gym clinic restaurant cafe hopital ecole eglise gare aeroport]]
local CROSSING_LEAD = set "corner intersection near crossing coin between"
-- Words before the place in an answer to "where?".
local LEAD = set [[said my our the pickup pick up address is its it's it at im i'm i am
  we're were we are live living located in near by close to
  on off corner of intersection around just area for from here there yes sure ok okay hi hello hey so and sorry actually no wait meant i
  it'll be will in oh postal code zip town right side beside behind next across please thanks between
  mon adresse est l'adresse c'est j'habite je suis a au aux sur coin de pres le la]]

local DWELLS = set "condo house office home place store shop moms parents" -- "my condo at Yonge and Sheppard"
local CENTRE = set "centre center" -- "100 City Centre Drive"
local IN = set "in en em"
local AFTER_TOWN = set "now then btw here area on canada vich wich"

local function starts_with_digit(word)
  local first = word:byte()
  return first > 47 and first < 58
end

local function is_house_number(word)
  if not starts_with_digit(word) then return false end
  return #word <= 6 and word:find("^%d+%a?$") ~= nil or #word <= 11 and (word:find("^%d+%a?%-%d+%a?$") or word:find("^%d+%-%a$")) ~= nil
end

-- The last word of the postal code that begins at i, or nil.
local function postal_end(t, i)
  local a, b = t.plain[i], t.plain[i + 1]
  if not a:find("^%a%d%a") then
    return nil
  elseif a:find("^%a%d%a%-?%d%a%d$") then
    return i
  end
  return b and #a == 3 and b:find("^%d%a%d$") and t.gap[i + 1] == "" and i + 1 or nil
end

local function is_capital(t, i)
  return t.s:find("^[%u\195]", t.from[i]) ~= nil
end

-- A word that can be a part of a name: none of everyday talk, nothing to take away, no number.
local function is_name(t, i)
  local word = t.plain[i]
  return not common.WORDS[word] and not things.is(word) and word:find("^[%a\128-\255]") ~= nil and not word:find("%d")
end

local SEVERAL = set "units apartments apts rooms"

-- The last word of the unit that begins at i, or nil: "apt 4B", "#12", "unit 7".
local function unit_end(t, i, last)
  local word, id = t.plain[i], t.plain[i + 1]
  if t.gap[i] == "#" then
    return #word <= 6 and word:find("%d") and i or nil
  elseif #word <= 8 and UNIT[word:match("^(%a+)%d+%a?$") or ""] then
    return i -- "PH02"
  elseif (UNIT[word] or word == "no") and id and i < last and #id <= 6 and (id:find("%d") or #id == 1 and not common.WORDS[id]) then
    i = i + 1
    while SEVERAL[word] and i < last do -- "units 302, 415 and 608"
      local k = (t.plain[i + 1] == "and" or t.plain[i + 1] == "et") and i + 2 or i + 1
      if k > last or #t.plain[k] > 5 or not t.plain[k]:find("^%d+%a?$") then break end
      i = k
    end
    return i
  end
  return nil
end

local LEVEL = set "basement bsmt upstairs rear sous-sol"

-- What follows a street at i and belongs to the address: a direction, a unit, a town, a postal code. Returns its last word.
local function part_end(t, i, last)
  local word = t.plain[i]
  if DIRECTION[word] and t.gap[i] == "" then
    local town = towns.end_of(t.plain, i) -- "North York"
    if town and town > i then return town end
    local following = t.plain[i + 1]
    return not (word == "n" and following and (common.WORDS[following] or following:find("^%d"))) and i or nil
  elseif t.gap[i] == "!" or t.gap[i] == "&" then
    return nil
  elseif PROVINCE[word] then
    local ends = i == last or t.gap[i + 1] ~= "" or postal_end(t, i + 1)
    return (word ~= "on" or ends or t.s:find("^ON", t.from[i])) and i or nil
  end
  if word == "in" or word == "a" then
    return i < last and is_capital(t, i + 1) and towns.end_of(t.plain, i + 1) or nil
  end
  if LEVEL[word] and (i == last or t.gap[i + 1] ~= "") then return i end -- "45 Keele St basement"
  return unit_end(t, i, last) or postal_end(t, i) or towns.end_of(t.plain, i)
    or is_capital(t, i) and #word > 1 and is_name(t, i) and not UNIT[word] and i or nil
end

local BESIDE = set "near behind beside opposite across between close"
local NOT_BESIDE = set "there no i we its it's and but with is are has have my please thanks"

local function tail(t, i, last)
  local number = t.plain[i + 1]
  if i < last and (i + 1 == last or t.gap[i + 2] ~= "") and t.gap[i + 1] == "" and number:find("^%d%d%d%d?%a?$") then
    i = i + 1 -- "77 Davisville Ave 1410"
  end
  while i < last do
    local stop = part_end(t, i + 1, last)
    if not stop then
      break
    end
    i = stop
  end
  local k = i + 1
  if k < last and BESIDE[t.plain[k]] and (t.gap[k] == "" or t.gap[k] == ",") then -- "22 Bay St (behind the church)"
    while k < last and k < i + 7 and t.gap[k + 1] == "" and not NOT_BESIDE[t.plain[k + 1]] do
      k = k + 1
    end
    i = k > i + 1 and k or i
  end
  return i
end

-- The last word of the street whose house number is the word i, or nil: "12 Main St", "12 rue Principale".
local function street_end(t, i, last)
  local from = i + 1
  if BESIDES[t.plain[from]] or t.plain[from] == "1/2" then
    from = from + 1
  end
  if from > last then
    return nil
  elseif STREET_BEFORE[t.plain[from]] and from < last and t.gap[from + 1] == "" and not DIRECTION[t.plain[from + 1]] then
    local j = from + 1
    while j < last and j < from + 5 and t.gap[j + 1] == "" and (LINK[t.plain[j]] or is_capital(t, j + 1) and is_name(t, j + 1)) do
      j = j + 1
    end
    return j
  end
  for j = from, math.min(last, from + 4) do
    local word = t.plain[j]
    if t.gap[j] ~= "" then
      return nil
    elseif j > from and DWELLING[word] and is_name(t, j - 1) and unit_end(t, j, last) then
      return j - 1 -- "99 Dufferin apt 203"
    elseif j > from and STREET[word] and not PLAIN_STREET[word] and j < last and STREET[t.plain[j + 1]] and t.gap[j + 1] == ""
      and not DIRECTION[t.plain[j + 1]] then
      return j + 1 -- "95 Thorncliffe Park Dr"
    elseif j > from and STREET[word] then
      -- "9 St. Clair Ave W" is on no street before "Clair"
      local later = t.plain[j + 2]
      if not ((word == "st" or word == "mount" or word == "hill" or word == "park") and later and j + 2 <= last and STREET[later]
        and t.gap[j + 1] == "" and t.gap[j + 2] == "" and not DIRECTION[later]) then
        return NUMBERED[word] and j < last and t.plain[j + 1]:find("^%d+$") and j + 1 or j
      end
    elseif NUMBERED[word] and j < last and t.plain[j + 1]:find("^%d+$") then
      return j + 1 -- "1234 Highway 7"
    elseif not (word == "the" and j == from or CENTRE[t.plain[j + 1]]) and (common.WORDS[word]
      and not (j < last and PLAIN_STREET[t.plain[j + 1]] and t.gap[j + 1] == "" and not LINK[word] and not LEAD[word])
      or word:find("^%d") and not word:find("^%d+%a%a$")) then
      return nil -- but "5 The Esplanade", "77 Front St"
    elseif things.is(word) and not is_capital(t, j) and not (j < last and PLAIN_STREET[t.plain[j + 1]]) then
      return nil -- "2 mattresses at 12 Main St"
    end
  end
  return nil
end

-- The first word of the address whose house number is the word i: "Apt 1200, 350 King St W".
local function head(t, i)
  if i > 1 and t.gap[i - 1] == "#" then
    return i - 1
  elseif i > 2 and (UNIT[t.plain[i - 2]] or t.plain[i - 2] == "no") and #t.plain[i - 1] <= 6
    and (t.plain[i - 1]:find("%d") or #t.plain[i - 1] == 1) and t.gap[i - 1] ~= "," then
    return i - 2
  elseif i > 1 and t.gap[i] == "" and t.plain[i - 1]:find("^%d+$") and t.s:find("/", t.to[i - 1] + 1, true) == t.from[i] - 1 then
    return i - 1 -- "12/14 Elm St"
  end
  local before = t.plain[i - 1]
  if i > 1 and (t.gap[i] == "&" and is_house_number(before) or UNIT[before:match("^%a+") or ""] and before:find("^%a+%d+%a?$")) then
    return i - 1 -- "12 & 14 Elm St", "PH3 - 100 Harbour St"
  end
  return i
end

-- The address whose house number is the word i, up to the word `last`. Returns its first and its last word.
---@return integer?, integer?
function M.at(t, i, last)
  if not is_house_number(t.plain[i]) or i == last or t.gap[i + 1] == "!" or t.gap[i + 1] == "&" then
    return nil
  elseif t.gap[i + 1] == "," and not STREET_BEFORE[t.plain[i + 1]] then
    return nil
  end
  local stop = street_end(t, i, last)
  if stop then
    return head(t, i), tail(t, stop, last)
  end
end

-- All addresses with a number and a street in a sentence's words, as pairs of words.
---@return {[1]: integer, [2]: integer}[]
function M.all(t)
  local list, i, before = {}, 1, 0
  if not tokens.find(t, 2, t.n, ANY_STREET) or not text.has_digits(t.s, 1) then
    return list
  end
  while i < t.n and #list < 5 do
    local first, last
    if starts_with_digit(t.plain[i]) then first, last = M.at(t, i, t.n) end
    if first then
      list[#list + 1] = { first > before and first or i, last } -- "12 Jane St unit 4, 45 Keele St"
      i, before = last, last
    end
    i = i + 1
  end
  return list
end

-- The text of the words i to j, with the point of an abbreviation at their end.
function M.text(t, i, j)
  local stop = t.to[j]
  if t.s:find("^%.", stop + 1) and (STREET[t.plain[j]] or DIRECTION[t.plain[j]] or PROVINCE[t.plain[j]]) then
    stop = stop + 1
  end
  local from, with_bracket = tokens.span(t, i, j)
  stop = math.max(stop, with_bracket)
  return (t.s:sub(from, stop):gsub(",? ?\n ?", ", "))
end

-- First and last byte of the first address in a text, or nil.
function M.find(s)
  local digit = s:find("%d")
  if not digit or utf8.len(s) == #s and not s:find("%f[%w]%d", digit) or not text.word_in(text.fold(s), ANY_STREET) then
    return nil
  end
  local t = tokens.of(s)
  local found = M.all(t)[1]
  if found then
    return t.from[found[1]], t.to[found[2]]
  end
end

-- Does a line only continue an address: a town, a province, a postal code, a unit?
function M.continues(line)
  local t = tokens.of(line)
  if t.n == 0 or t.n > 6 then
    return false
  end
  local first = postal_end(t, 1) or towns.end_of(t.plain, 1) or unit_end(t, 1, t.n) or PROVINCE[t.plain[1]] and 1
  return first ~= nil and first ~= false and tail(t, first, t.n) == t.n
end

-- Are the words i to j nothing but a unit ("apt 4B", "it's unit 7")? Returns its first word.
function M.unit(t, i, j)
  while i < j and LEAD[t.plain[i]] and t.gap[i + 1] ~= "#" do
    i = i + 1
  end
  return unit_end(t, i, j) == j and i or nil
end

local CROSS = set "and et n x"

-- Are the words i to j two names with a joint between them: "Bay and Queen"?
local function crossing(t, i, j)
  if t.plain[j] == "area" or t.plain[j] == "intersection" then
    j = j - 1
  end
  local joint
  for k = i, j do
    local word = t.plain[k]
    local name = is_name(t, k) or STREET[word] or DIRECTION[word] or PROVINCE[word]
      or k > i and NUMBERED[t.plain[k - 1]] and word:find("^%d+$")
    if k > i and CROSS[word] then
      joint = joint or k < j and k
    elseif not name or k > i and t.gap[k] == "!" then
      return false
    elseif k > i and t.gap[k] == "&" then
      joint = joint or k
    end
  end
  return joint and j - i <= 8 or false
end

local function named(t, i, j, kinds)
  for k = i + 1, j do
    if kinds[t.plain[k]] and is_name(t, k - 1) and t.gap[k] == "" then
      return true
    end
  end
  return false
end

local ANY = {} -- words of a place that are no name
for _, words in ipairs { STREET, DIRECTION, LEAD, BUILDING, PROVINCE } do
  for word in pairs(words) do ANY[word] = true end
end

local function all_names(t, i, j)
  while i <= j do
    local word, town = t.plain[i], towns.end_of(t.plain, i, true)
    if not (town or ANY[word] or is_name(t, i) or QUARTER[word] or word:find("^%d")) then
      return false
    end
    i = (town or i) + 1
  end
  return true
end

-- Are the words i to j a town and words that lead to it? Returns the town's first and last word.
---@return integer?, integer?
function M.town(t, i, j)
  while i < j and (LEAD[t.plain[i]] or DWELLS[t.plain[i]]) do i = i + 1 end
  for k = math.max(i + 1, j - 3), j do
    if IN[t.plain[k - 1]] then i = k end -- "Dymon storage in Vaughan"
  end
  local last = towns.end_of(t.plain, i, true)
  if last and (last == j or last == j - 1 and AFTER_TOWN[t.plain[j]]) then return i, last end
end

local STREET_FIRST = set "calle rua via avenida carrera calzada viale corso rue avenue boulevard chemin"
local STREET_ENDING = { "str", "strasse", "stra\u{df}e", "street", "weg", "gasse", "laan", "straat" }

-- Does a street stand there whose number comes after its name: "Hauptstr. 5", "Bloorstreet 12", "calle Mayor 5, Toronto"?
local function numbered_after(t, i, j)
  local k = i + 1
  while k < j and k < i + 4 and t.gap[k] == "" and not is_house_number(t.plain[k]) do k = k + 1 end
  if k > j or t.gap[k] ~= "" and t.gap[k] ~= "#" or not is_house_number(t.plain[k]) or k < j and t.gap[k + 1] == "" then return false end
  if STREET_FIRST[t.plain[i]] then return k > i + 1 or t.plain[i] == "calle" end
  for _, ending in ipairs(STREET_ENDING) do
    if #t.plain[k - 1] > #ending + 2 and t.plain[k - 1]:sub(-#ending) == ending then return true end
  end
  return false
end

---The word of the address's words i to j that says a floor: "45 Keele St, basement". nil: there is none.
---@return string?
function M.level(t, i, j)
  local k = tokens.find(t, i + 1, j, LEVEL)
  return k and t.plain[k] ~= "rear" and tokens.text(t, k, k) or nil
end

---@param s string
function M.has_town(s)
  local t = tokens.of(s)
  for i = 2, t.n do
    if towns.end_of(t.plain, i) or postal_end(t, i) then return true end
  end
  return false
end

local MOST_WORDS = 30

-- Is the answer in the words i to j a place without a number and a street? Returns its first word.
---@return integer?
function M.place(t, i, j)
  local first, led = i, false
  while first < j and (LEAD[t.plain[first]] or DWELLS[t.plain[first]]) do
    led = led or CROSSING_LEAD[t.plain[first]]
    first = first + 1
  end
  for k = first, math.min(j, first + MOST_WORDS) do
    if postal_end(t, k) then
      return first
    end
  end
  if j - first > 8 then
    return nil
  elseif first == j and t.plain[j]:find("^[ghjklmnp]%d%a$") or j - first == 1 and t.plain[j]:find("^%d+%d%d%d%d$")
    and t.s:find("^%d+%.%d+, ?%-?%d+%.%d+", t.from[first]) then
    return first -- the beginning of a postal code; a latitude and a longitude
  elseif crossing(t, first, j) then
    return first
  elseif is_house_number(t.plain[first]) and first < j and j - first <= 3 and t.gap[first + 1] == "" and is_name(t, first + 1)
    and not STREET[t.plain[first + 1]] and not things.is_uncounted(t.plain[first + 1]) and all_names(t, first + 1, j) then
    return first -- "350 King"
  elseif first == j and is_name(t, j) and towns.misspelt(t.plain[j]) or numbered_after(t, first, j) then
    return first -- "Torotno"; "Hauptstr. 5"
  elseif not all_names(t, first, j) then
    return nil
  end
  for k = first, j do
    if QUARTER[t.plain[k]] or towns.end_of(t.plain, k, true) then
      return first
    end
  end
  return (named(t, first, j, PLAIN_STREET) or named(t, first, j, BUILDING) or led and is_name(t, first) and is_capital(t, first)) and first
    or nil
end

return M
