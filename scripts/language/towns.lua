-- Finds the towns and postal codes that a text names. The table knows the towns around Toronto with their districts, old names and usual
-- spellings, the larger towns farther away, and the postal codes of each. When a town or a spelling is missing, add it here.
local text = require "language.text"
local things = require "language.things"

local M = {}

local set = text.set

-- One place a line: name < what it lies in : beginnings of its postal codes | other names. "L4[HJK]" is L4H, L4J and L4K. A place stands
-- below what it lies in. "*" marks a region of many towns. "~" marks a name that streets and things have too: it counts only where it
-- stands like a town's. The codes are Canada Post's, as published; L0 and other rural codes are shared by several towns, so they name none.
local TABLE = [[
*Ontario | ontario canada
*Central Ontario < Ontario: L
*Eastern Ontario < Ontario: K
*Southwestern Ontario < Ontario: N
*Northern Ontario < Ontario: P
*Greater Toronto Area < Central Ontario | gta
*Peel Region < Greater Toronto Area | region of peel, peel county
*York Region < Greater Toronto Area | region of york
*Halton Region < Greater Toronto Area | region of halton
*Durham Region < Greater Toronto Area | region of durham
*Niagara Region < Central Ontario | region of niagara
*Simcoe County < Central Ontario | county of simcoe
*Waterloo Region < Southwestern Ontario | region of waterloo
Toronto < Greater Toronto Area: M | toronot, tornto, torono, toranto, t dot, downtown toronto, midtown toronto
Scarborough < Toronto: M1 | scarboro, scarbrough, scarborugh, agincourt, west hill
North York < Toronto: M2, M3, M4A, M5M, M6[ABL], M9[LM] | n york, northyork, willowdale, don mills, downsview
East York < Toronto: M4[BCGH] | e york, leaside, thorncliffe park
~York < Toronto: M6[CEMN] | city of york
Etobicoke < Toronto: M8, M9[ABCPRVW] | etobico, etobicok, etobikoke, etobicoe, rexdale, mimico, long branch
~Weston < Toronto: M9N
Mississauga < Peel Region: L4[TVWXYZ], L5 | sauga, square one, missisauga, mississagua, missassauga, misissauga, mississaga, missauga
Malton < Mississauga: L4T
Streetsville < Mississauga
Port Credit < Mississauga
Meadowvale < Mississauga
Erin Mills < Mississauga
Cooksville < Mississauga
Clarkson < Mississauga
Lorne Park < Mississauga
Erindale < Mississauga
Brampton < Peel Region: L6[PRSTVWXYZ], L7A | bramton, brampten, bramption, brmpton
Bramalea < Brampton
Caledon < Peel Region: L7[CEK] | caledon east
Bolton < Caledon: L7E
Vaughan < York Region: L4[HJKL], L6A | vaughn, vaughen, vaugan, vaughin
Woodbridge < Vaughan: L4[HL]
~Maple < Vaughan: L6A
~Concord < Vaughan: L4K
Kleinburg < Vaughan | kleinberg
Markham < York Region: L3[PRST], L6[BCEG] | markam, markhem
Unionville < Markham
Thornhill < Vaughan, Markham: L4J, L3T
Richmond Hill < York Region: L4[BCES] | richmondhill, richmond hills
Aurora < York Region: L4G
Newmarket < York Region: L3[XY] | new market
King City < York Region: L7B | king township, nobleton, schomberg
Stouffville < York Region: L4A | whitchurch stouffville
East Gwillimbury < York Region: L9N | holland landing
Georgina < York Region: L4P | keswick
Pickering < Durham Region: L1[VWXY] | pickring
Ajax < Durham Region: L1[STZ]
Whitby < Durham Region: L1[MNPR]
Brooklin < Whitby: L1M
Oshawa < Durham Region: L1[GHJKL] | oshwa
Clarington < Durham Region: L1[BCE] | bowmanville, courtice
Uxbridge < Durham Region: L9P
Port Perry < Durham Region: L9L | scugog
Oakville < Halton Region: L6[HJKLM] | oakvile
Burlington < Halton Region: L7[LMNPRST] | burlinton
Milton < Halton Region: L9[ET]
Halton Hills < Halton Region: L7[GJ] | georgetown, acton
Hamilton < Central Ontario: L8, L9[ABCGHK] | hamiltion, hamliton, hamilton mountain
Stoney Creek < Hamilton: L8[EGJ] | stony creek
Ancaster < Hamilton: L9[GK]
~Dundas < Hamilton: L9H
Waterdown < Hamilton: L8B
Grimsby < Niagara Region: L3M
St. Catharines < Niagara Region: L2[MNPRSTW] | saint catharines, st catherines, saint catherines, st catharine s, stcatharines, st cathrines
Thorold < Niagara Region: L2V
Niagara Falls < Niagara Region: L2[EGHJ] | niagra falls
Niagara-on-the-Lake < Niagara Region
Welland < Niagara Region: L3[BC]
Port Colborne < Niagara Region: L3K
Fort Erie < Niagara Region: L2A
Barrie < Simcoe County: L4[MN], L9[JX]
Innisfil < Simcoe County: L9S
~Bradford < Simcoe County: L3Z
Alliston < Simcoe County: L9R
Orillia < Simcoe County: L3V
~Midland < Simcoe County: L4R
Collingwood < Simcoe County: L9Y
Wasaga Beach < Simcoe County: L9Z | wasaga
Orangeville < Central Ontario: L9[VW]
Shelburne < Central Ontario
Port Hope < Central Ontario: L1A
Guelph < Southwestern Ontario: N1[CEGHKL] | guelf
Kitchener < Waterloo Region: N2[ABCEGHKMNPR] | kitchner
Waterloo < Waterloo Region: N2[JLTV]
Cambridge < Waterloo Region: N1[PRST], N3[CEH]
Brantford < Southwestern Ontario: N3[PRSTV]
London < Southwestern Ontario: N5[VWXYZ], N6
Windsor < Southwestern Ontario: N8[PRSTWXY], N9[ABCEG]
Sarnia < Southwestern Ontario: N7[STVWX]
~Chatham < Southwestern Ontario: N7[LM]
Woodstock < Southwestern Ontario: N4[STV]
Stratford < Southwestern Ontario: N4Z, N5A
St. Thomas < Southwestern Ontario: N5[PR]
Owen Sound < Southwestern Ontario: N4K
~Kingston < Eastern Ontario: K7[KLMP]
Ottawa < Eastern Ontario: K1, K2, K4A | ottowa, otawa, kanata, nepean, orleans
Peterborough < Eastern Ontario: K9[HJKL] | peterboro
Belleville < Eastern Ontario: K8[NPR]
Cobourg < Eastern Ontario: K9A
~Lindsay < Eastern Ontario: K9V | kawartha lakes
Brockville < Eastern Ontario: K6V
~Cornwall < Eastern Ontario: K6[HJK]
Sudbury < Northern Ontario: P3
Thunder Bay < Northern Ontario: P7
North Bay < Northern Ontario: P1[ABC]
Sault Ste. Marie < Northern Ontario: P6
Muskoka < Northern Ontario: P1[HLP] | bracebridge, huntsville, gravenhurst
*Quebec: G, J
Montreal < Quebec: H | montreal quebec
Laval < Quebec: H7
Gatineau < Quebec
Quebec City < Quebec: G1, G2
*Alberta: T
Calgary < Alberta: T1Y, T2, T3
Edmonton < Alberta: T5, T6
*British Columbia: V
Vancouver < British Columbia: V5[KLMNPRSTVWXYZ], V6[ABCEGHJKLMNPRSTZ]
*Manitoba: R
Winnipeg < Manitoba: R2, R3
*Saskatchewan: S
*Nova Scotia: B
Halifax < Nova Scotia: B3
*New Brunswick: E
*Newfoundland: A
*Prince Edward Island: C
*Northern Canada: X, Y
New York | nyc
~Buffalo
]]

-- Things whose name begins like a town's.
local NO_TOWNS = { "hamilton beach", "milton bradley", "windsor chair", "windsor chairs", "york mills", "york university", "maple leaf",
  "london drugs" }

---@class towns.Place
---@field name string
---@field key string the name in plain words
---@field parents towns.Place[] what it lies in
---@field codes string[] beginnings of its postal codes; none: not known
---@field region? boolean many towns, or a province
---@field whole boolean the codes are its own
---@field doubtful? boolean streets and things have this name too
---@field code? string the postal code, when a code was named and not a town

local PLACES = {} -- by name
local CODES = {}  -- by the beginning of a postal code
local NAMES = {}  -- by the first word of a name: all names that begin so, longest first

local function add_name(names, words, place)
  local list = names[words[1]] or { second = {} } -- second: the second words of these names; "": a name of one word
  names[words[1]], list.second[words[2] or ""] = list, true
  local at = #list + 1
  while at > 1 and #list[at - 1].words < #words do at = at - 1 end
  table.insert(list, at, { words = words, place = place })
end

-- "L4[HJ]" is L4H and L4J.
local function spread(codes)
  local list = {}
  for stem, letters in codes:gmatch("(%w+)%[?(%u*)%]?") do
    for letter in letters:gmatch("%u") do list[#list + 1] = stem .. letter end
    if letters == "" then list[#list + 1] = stem end
  end
  return list
end

-- A region's codes are those of its towns.
local function add_code(region, code)
  if not region or region.whole then return end
  region.codes[#region.codes + 1] = code
  add_code(region.parents[1], code)
end

local NAMED = {} -- places by their names as they are written here

local function read_line(line)
  local head, others = line:match("^([^|]*)|?(.*)$")
  local name, codes = head:match("^([^:]*):?(.*)$")
  local own, within = name:match("^([^<]*)<?(.*)$")
  local mark, bare = own:match("^([*~]?)(.*)$")
  bare = text.trim(bare)
  local beginnings, words = spread(codes), text.list(bare)
  local place = { name = bare, parents = {}, codes = beginnings, region = mark == "*" or nil, doubtful = mark == "~" or nil,
    whole = codes:find("%u") ~= nil }
  place.key = table.concat(words, " ")
  for parent in within:gmatch("[^,]+") do place.parents[#place.parents + 1] = assert(NAMED[text.trim(parent)], parent) end
  local around = place.parents[1]
  if #place.codes == 0 and around and not around.region then place.codes = around.codes end -- somewhere within
  PLACES[place.key], NAMED[bare] = place, place
  add_name(NAMES, words, place)
  for other in others:gmatch("[^,]+") do add_name(NAMES, text.list(other), place) end
  for _, code in ipairs(beginnings) do
    if #place.parents < 2 then CODES[code] = place end -- Thornhill's codes are Vaughan's and Markham's
    if around and around.region then add_code(around, code) end
  end
end

for line in text.lines(TABLE) do
  if line ~= "" then read_line(line) end
end
for _, name in ipairs(NO_TOWNS) do add_name(NAMES, text.list(name), false) end

-- ---- places and their codes -------------------------------------------------------------------------------------------

-- The longest of the beginnings that this code begins with.
local function beginning_of(code, beginnings)
  local longest
  for _, beginning in ipairs(beginnings) do
    if code:sub(1, #beginning) == beginning then longest = math.max(longest or 0, #beginning) end
  end
  return longest
end

-- Do all codes begin with one of the beginnings? Then how long the shortest of these is.
function M.covered(codes, beginnings)
  local shortest
  for _, code in ipairs(codes) do
    local length = beginning_of(code, beginnings)
    if not length then return nil end
    shortest = math.min(shortest or length, length)
  end
  return shortest
end

-- Has any of the codes to do with one of the beginnings?
function M.touches(codes, beginnings)
  for _, code in ipairs(codes) do
    if beginning_of(code, beginnings) then return true end
    for _, beginning in ipairs(beginnings) do
      if beginning:sub(1, #code) == code then return true end
    end
  end
  return false
end

---Is this place the other one, or does it lie in it?
function M.lies_in(place, whole)
  if place == whole then return true end
  for _, parent in ipairs(place.parents) do
    if M.lies_in(parent, whole) then return true end
  end
  return false
end

-- ---- words with what stands between them ---------------------------------------------------------------------------

local function words_of(plain)
  local t = { word = {}, gap = {} } -- gap[i]: the signs after word i
  if plain:find("\194", 1, true) then plain = plain:gsub("\194[\161\191]", " ") end -- ¡ and ¿
  for word, gap in plain:gmatch("([%w\128-\255]+)([^%w\128-\255]*)") do
    t.word[#t.word + 1] = word
    t.gap[#t.gap + 1] = gap
  end
  t.gap[0] = ""
  return t
end

local BREAK = "[,;:()\n|]" -- ends what belongs together
local MOST = 8 -- places of a text; people write fewer

-- ---- postal codes --------------------------------------------------------------------------------------------------

local FIRST = "^[abceghj-nprstvxy]%d"
local UNIT = set "unit apt apartment suite ste app appt appartement unite room floor box po level locker"

-- Does `word` begin like a postal code: three characters, or all six?
local function code_form(word)
  return word:find(FIRST) and (word:find("^%a%d%a$") and "half" or word:find("^%a%d%a%d%a%d$") and "whole") or nil
end

local function code_place(code)
  local town = CODES[code:sub(1, 3)] or CODES[code:sub(1, 2)] or CODES[code:sub(1, 1)]
  return { name = ("%s (%s)"):format(town and town.name or "Canada", code:sub(1, 3)), key = code, code = code, codes = { code },
    parents = { town } }
end

-- The postal codes among the words: {place=, from=, whole=} each.
local function find_codes(t)
  local list = {}
  for i, word in ipairs(t.word) do
    if #list == MOST then break end
    local form = #word == 3 and code_form(word) or #word == 6 and code_form(word)
    local tail = form == "half" and #t.gap[i] <= 2 and t.word[i + 1] or ""
    if form == "whole" or tail:find("^%d%a%d$") then
      list[#list + 1] = { place = code_place((word .. (form == "half" and tail or "")):upper()), from = i, whole = true }
    elseif form == "half" and not UNIT[t.word[i - 1]] and not t.gap[i - 1]:find("#", 1, true) then
      list[#list + 1] = { place = code_place(word:upper()), from = i }
    end
  end
  return list
end

-- ---- names ---------------------------------------------------------------------------------------------------------

local STREET = set [[st street str ave avenue av rd road dr drive blvd boulevard boul cres crescent crt ct court lane ln place pl sq square
  pkwy parkway hwy highway trail tr terrace ter gate circle cir row heights grove gardens park line sideroad concession mews expressway]]
local STREET_BEFORE = set "rue chemin rang montee impasse ruelle calle rua"
local STREET_SOMETIMES = set "avenue boulevard boul place route cote"
local DIRECTION = set "n s e w north south east west ne nw se sw nord sud est ouest"
local NUMBERED = set "hwy highway route road rd line concession con rr box unit apt apartment suite ste floor room lot site level"
local PROVINCE = set "on ont ontario canada qc quebec"

-- The last word of a name that begins at word i, and its place (false: a thing's name); nil: there is none.
local function name_at(t, i, names)
  for _, name in ipairs(names[t.word[i]] or {}) do
    local fits = true
    for k = 2, #name.words do
      if t.word[i + k - 1] ~= name.words[k] or t.gap[i + k - 2]:find(BREAK) then
        fits = false
        break
      end
    end
    if fits then return i + #name.words - 1, name.place end
  end
end

-- Is the name the name of a street? "45 Ottawa St", "Hamilton Ave", "45 Ottawa", "rue Montréal".
local function is_street(t, first, last)
  local after, before, earlier = t.word[last + 1], t.word[first - 1], t.word[first - 2]
  local touches = not t.gap[last]:find(BREAK) and not t.gap[last]:find("[!?]")
  if touches and STREET[after] and not (after == "st" and t.word[last + 2] == "catharines") then return true end
  if touches and DIRECTION[after] and STREET[t.word[last + 2]] then return true end
  if not before or t.gap[first - 1]:find(BREAK) then return false end
  if before:find("^%d+%a?$") and not (earlier and NUMBERED[earlier]) and not t.gap[first - 2]:find("#", 1, true) then return true end
  if before == "de" or before == "du" then before = earlier or "" end
  return STREET_BEFORE[before] or STREET_SOMETIMES[before] and (not earlier or earlier:find("^%d") ~= nil)
end

-- "Kingston & Eglinton", "Dundas / Hurontario", and in an address "Markham and Lawrence": a crossing.
local function is_crossing(t, first, last, in_address)
  local after, before = t.word[last + 1], t.word[first - 1]
  if t.gap[last]:find("[&/@]") and not NAMES[after] or t.gap[first - 1]:find("[&/@]") and not NAMES[before] then return true end
  if not in_address then return false end
  return after == "and" and not NAMES[t.word[last + 2]] or before == "and" and not NAMES[t.word[first - 2]]
end

local IN = set "in en em within"
local TOWARDS = set "to serve service cover"

-- Does a doubtful name stand like a town's: after a comma, a street or "in", or before the province or a postal code?
local function stands_as_town(t, first, last)
  local after, before = t.word[last + 1], t.word[first - 1]
  local ends = not after or t.gap[last]:find(BREAK)
  if before == "and" or before == "at" or after == "and" and not ends then return false end
  if after and (PROVINCE[after] or code_form(after)) then return true end
  if not before or not ends and things.find(after) then return false end
  return t.gap[first - 1]:find("[,\n]") ~= nil or STREET[before] or DIRECTION[before] or IN[before] or TOWARDS[before]
    or before:find("%d") ~= nil
end

-- The last word of a place's name that begins at word i of a list, or nil.
---@param words string[]
---@param i integer
---@param doubtful? boolean a name that streets and things have too counts
---@return integer?
function M.end_of(words, i, doubtful)
  for _, name in ipairs(NAMES[words[i]] or {}) do
    local k = 1
    while k < #name.words and words[i + k] == name.words[k + 1] do k = k + 1 end
    if k == #name.words then return name.place and (doubtful or not name.place.doubtful) and i + k - 1 or nil end
  end
end

local NONE = {}

-- Is one word the other with one slip: a letter that is missing, too many or wrong, or two in the wrong order?
local function one_slip(a, b)
  local from, last = 1, math.min(#a, #b)
  while from <= last and a:byte(from) == b:byte(from) do from = from + 1 end
  local i, j = #a, #b
  while i >= from and j >= from and a:byte(i) == b:byte(j) do i, j = i - 1, j - 1 end
  local rest, other = a:sub(from, i), b:sub(from, j)
  return #rest <= 1 and #other <= 1 or #rest == 2 and other == rest:reverse()
end

local LEAST_LETTERS = 6 -- shorter names are too near to other words

-- Is the word the name of a town of one word, with a slip in it: "Torotno"?
---@param word string in small letters
---@return boolean
function M.misspelt(word)
  if #word < LEAST_LETTERS or #word > 20 or not word:find("^%l+$") then return false end
  for first, list in pairs(NAMES) do
    local near = first:byte() == word:byte() and math.abs(#first - #word) <= 1 and #first >= LEAST_LETTERS
    for _, name in ipairs(near and one_slip(word, first) and list or NONE) do
      if name.place and #name.words == 1 then return true end
    end
  end
  return false
end

-- The towns among the words: {place=, from=, to=} each. own: names of the owner's that the table does not know.
local function find_names(t, own, in_address)
  local list, i = {}, 1
  while i <= #t.word and #list < MOST do
    local last, place = name_at(t, i, own or NONE)
    if not last then last, place = name_at(t, i, NAMES) end
    if place and not is_street(t, i, last) and not is_crossing(t, i, last, in_address)
      and (not place.doubtful or stands_as_town(t, i, last)) then
      list[#list + 1] = { place = place, from = i, to = last }
    end
    i = (last or i) + 1
  end
  return list
end

-- The first two words of these names.
local function hints(names)
  local all = {}
  for first, list in pairs(names) do
    all[first] = true
    for second in pairs(list.second) do all[second] = true end
  end
  return text.word_map(all)
end

local HINTS = hints(NAMES) -- also the key of the same of an owner's names

-- Does the text hold a name of one word, or the first two of another one?
local function may_name(s, names, map)
  local list = text.words_in(s, map)
  for i = 1, #list do
    local named = names[list[i]]
    if named and (named.second[""] or named.second[list[i + 1]]) then return true end
  end
  return false
end

-- Can the text name a town or hold a postal code? Most texts do not.
local function hinted(s, own)
  if may_name(s, NAMES, HINTS) or own and may_name(s, own, own[HINTS]) then return true end
  local list = (utf8.len(s) ~= #s or s:find("%d%a")) and text.list(s) or NONE
  for i = 1, #list do
    local word = list[i]
    if (#word == 3 or #word == 6) and word:byte(2) < 58 and code_form(word) then return true end
  end
  return false
end

-- Their places, each once.
local function places(found)
  local list, seen = {}, {}
  for _, one in ipairs(found) do
    if not seen[one.place.key] then list[#list + 1] = one.place end
    seen[one.place.key] = true
  end
  return list
end

-- The places that an address names: by postal code, and by name.
---@param address string
---@param own? table names of the owner's (M.own)
---@return towns.Place[] codes
---@return towns.Place[] named
function M.named(address, own)
  address = text.first(address, text.FIELD)
  if not hinted(address, own) then return NONE, NONE end
  local t = words_of(text.fold(address))
  return places(find_codes(t)), places(find_names(t, own, true))
end

-- ---- what a message says ---------------------------------------------------------------------------------------------

local COMING = set [[come comes coming go goes serve serves service services servicing cover covers covering travel reach deliver drive
  operate operates work works pickup pick remove removal haul available area far do does venez desservez servez couvrez allez ramassez
  vienen sirven cubren van atendem vem vao]]
local YOU = set "you u ya yall guys anyone someone team vous ustedes voces vcs"
local SOMEBODY_ELSE = set [[brother sister son daughter mother father mom mum dad parents friend friends landlord tenant agent boss uncle
  aunt cousin he she they neighbour neighbor frere soeur fils fille mere pere ami amie]]
local HOME = set "house home place condo apartment apt basement garage estate unit property storage cottage maison appartement"
local ELSEWHEN = set [[moving moved move relocating was bought born visiting visited vacation grew used left leaving not isnt isn arent aren
  demenage demenageons pas]]
local AROUND = set "near nearby outside around pres"
local PASSED = set "the downtown uptown north south east west central old upper city town of region le la"
local SPEAKER = set "im i m am we re are is it its located calling writing texting messaging suis"
local FRENCH_AT = set "suis sommes habite habitons situe situee est c venez allez jusqu vivo"
local ALONE = set [[on ont ontario canada hi hello hey ok here area the please pls in at thanks thank you from near bonjour hola ola city of
  postal code and or it s is my address what how about et ou]]

-- First and last word of the sentence that holds word i.
local function sentence_of(t, i)
  local function ends(k)
    local gap = t.gap[k]
    return gap:find("[!?\n]") or gap:find(".", 1, true) and #t.word[k] > 3
  end
  local from, to = i, i
  while from > 1 and i - from < 40 and not ends(from - 1) do from = from - 1 end
  while to < #t.word and to - i < 40 and not ends(to) do to = to + 1 end
  return from, to, t.gap[to]:find("?", 1, true) ~= nil
end

-- Does the message say that this place is where we are to come, or ask whether we come there?
local function is_meant(t, one)
  local from, to, asked = sentence_of(t, one.from)
  local alone, coming, you, somebody, home = true, false, false, false, false
  for k = from, to do
    local word = t.word[k]
    if ELSEWHEN[word] then return false end
    somebody, home = somebody or SOMEBODY_ELSE[word], home or HOME[word]
    coming, you = coming or COMING[word], you or YOU[word] or word == "far"
    alone = alone and (ALONE[word] or k >= one.from and k <= (one.to or one.from) or NAMES[word]
      or code_form(word) or word:find("^%d%a%d$"))
  end
  if somebody and not home then return false end -- "my brother in Ottawa will let you in"
  local first = one.from
  while first > from and PASSED[t.word[first - 1]] and not STREET[t.word[first - 2]] do first = first - 1 end -- "in the city of Hamilton"
  local before, earlier = t.word[first - 1], t.word[first - 2]
  if AROUND[before] then return false end
  if alone or coming and (you or asked) or one.whole then return true end
  if STREET[before] or DIRECTION[before] and STREET[earlier] or UNIT[earlier] then return true end -- "12 elm st hamilton"
  if not before or t.gap[first - 1]:find(BREAK) then return false end
  return IN[before] or before == "from" and SPEAKER[earlier] or before == "a" and FRENCH_AT[earlier] or before == "code"
end

-- The places that a message names as where we are to come, or asks about: "im in Hamilton do u come here", "do you serve Barrie?". A pin
-- is an address.
---@param message string
---@param own? table
---@return towns.Place[] codes
---@return towns.Place[] named
---@return towns.Place[] others that it names besides
function M.said(message, own)
  if not hinted(message, own) then return NONE, NONE, NONE end
  if message:find("^%[location:") then
    local codes, named = M.named(message, own)
    return codes, named, NONE
  end
  local t = words_of(text.fold(message))
  local codes, named, others = {}, {}, {}
  for _, one in ipairs(find_codes(t)) do table.insert(is_meant(t, one) and codes or others, one) end
  for _, one in ipairs(find_names(t, own)) do table.insert(is_meant(t, one) and named or others, one) end
  return places(codes), places(named), places(others)
end

-- ---- what the owner lists ----------------------------------------------------------------------------------------------

local BEFORE = set "the all of whole entire city town municipality"
local WIDE = set "county region area areas surrounding district municipality province everywhere all and"

-- The table's place with this name, also where "Region" or "County" was left out.
local function place_named(key)
  for _, ending in ipairs { "", " region", " county" } do
    local words = text.split(key .. ending)
    for _, name in ipairs(NAMES[words[1]] or NONE) do
      if name.place and table.concat(name.words, " ") == key .. ending then return name.place end
    end
  end
end

-- An entry of `serves` or `not_served`: the beginning of a postal code, a town of the table, or a place that only the owner knows.
---@param entry string
---@return string? code "L5", in capitals
---@return towns.Place? place
function M.entry(entry)
  local bare = entry:gsub("[%s*-]", ""):upper()
  if #bare <= 6 and (bare .. ("A1A1A1"):sub(#bare + 1)):find("^%u%d%u%d%u%d$") then return bare end
  local words = text.list((entry:gsub("%([^()]*%)", " ")))
  while #words > 1 and PROVINCE[words[#words]] do words[#words] = nil end
  while #words > 1 and BEFORE[words[1]] do table.remove(words, 1) end
  local key = table.concat(words, " ")
  local known = place_named(key)
  if known then return nil, known end
  return nil, { name = text.trim(entry), key = key, parents = places(find_names(words_of(key))), codes = NONE, own = true,
    region = text.word_in(key, WIDE) ~= nil or nil }
end

-- The places of an entry that holds more than one, like "Toronto, Mississauga" or "L5, M"; nil when it holds one.
---@param entry string
---@return string[]?
function M.several(entry)
  local list, last = {}, nil
  for part in (text.trim(entry):gsub(" and ", ",")):gmatch("[^,;/&+]+") do
    local code, place = M.entry(part)
    local known = code or place and not place.own and place
    if known and not (place and last and type(last) == "table" and (M.lies_in(last, place) or M.lies_in(place, last))) then
      list[#list + 1], last = text.trim(part), known
    end
  end
  return #list > 1 and list or nil
end

-- All names of the table's places.
---@return string[]
function M.names()
  local list = {}
  for _, place in pairs(PLACES) do list[#list + 1] = place.name end
  table.sort(list)
  return list
end

-- Is this the beginning of a Canadian postal code? None begins with D, F, I, O, Q, U, W or Z.
---@param code string
---@return boolean
function M.is_code(code)
  return code:find("^[ABCEGHJ-NPRSTVXY]") ~= nil
end

-- Names of places that the table does not know, for `named` and `said`; nil when there is none.
---@param list towns.Place[]
---@return table?
function M.own(list)
  local names
  for _, place in ipairs(list) do
    if place.own and place.key ~= "" then
      names = names or {}
      add_name(names, text.list(place.key), place)
    end
  end
  if names then names[HINTS] = hints(names) end
  return names
end

return M
