-- Collects the facts that a customer's sentences hold: addresses, the way in, lists of things. Each is kept as it was written.
local address = require "language.address"
local common = require "language.common"
local text = require "language.text"
local things = require "language.things"
local tokens = require "language.tokens"
local way_in = require "language.way_in"

local M = {}

local set = text.set

-- ---- pieces ----------------------------------------------------------------------------------------------------------

local JOINTS = set "and but with et mais avec plus pero con mas com ਅਤੇ ਤੇ"
local LETTERS = set "n y e" -- joints before a count
local OFFICES = set "property concierge security management them super superintendent building condo front" -- "booked with the concierge"
local MOST_PIECES = 30 -- per sentence; the last piece holds the rest

-- Is the word at k a joint? "2 sofas n a fridge" has one too.
local function is_joint(t, k)
  local word, following = t.plain[k], t.plain[k + 1]
  if word == "with" and (OFFICES[following] or following == "the" and OFFICES[t.plain[k + 2]]) then return false end
  return JOINTS[word] or LETTERS[word] and following and (way_in.COUNTED[following] or following:find("^%d") ~= nil)
end

-- The words i to j cut at signs, "and", "but", "with": pairs of first and last word.
local function cut(t, i, j)
  local list, from = {}, i
  for k = i, j do
    local joint = is_joint(t, k)
    if (joint or k > from and t.gap[k] ~= "" and t.gap[k] ~= "#") and #list < MOST_PIECES then
      if k > from then
        list[#list + 1] = { from, k - 1 }
      end
      from = joint and k + 1 or k
    end
  end
  if from <= j then
    list[#list + 1] = { from, j }
  end
  return list
end

local LEADS = set [[actually sorry oh well hi hello hey good morning afternoon evening bonjour yes so ok also and just can could
  would will you u please how much for to i i'd we would need want have got i've ive we've get rid of like there
  is there's theres are it's its it looking take away remove removal pick up pickup haul dispose only with plus me
  us a quote on need's wanna gotta hoping j'ai nous avons il y je veux besoin de enlever d'enlever me debarrasser
  tengo necesito quiero hay hola tenho preciso quero tem ola ਮੇਰੇ ਕੋਲ sacar tirar retirar remover
  guys guy take do does charge charging cost costs que se lleven llevar me again about
  cuanto cuesta costaria cobran llevarse quitar quanto custa cobram combien pour por para levar
  l'enlevement coute coutent couterait
  heyy heyyy hii hiii add throw out voudrais voudrait aimerais souhaite debarrasser quisiera deshacerme removing getting taking d'un d'une]]
local TAILS = set [[then a faire enlever ramasser debarrasser
  to be removed picked up hauled taken away gone remove get rid of please pls svp thanks thank you here at from in is
  for pickup pick asap]]
-- The words i to j without what only leads to the things and follows them ("I need … removed").
local function without_leads(t, i, j)
  while i < j and LEADS[t.plain[i]] and (t.plain[i] ~= "a" or t.plain[i + 1] == "quote" or t.plain[i + 1] == "pickup") do
    i = i + 1
  end
  while j > i and TAILS[t.plain[j]] do
    j = j - 1
  end
  return i, j
end

-- ---- one piece -------------------------------------------------------------------------------------------------------

local MOST_CHARACTERS = 500

-- Adds what still fits.
local function add(found, kind, value)
  local both = found[kind] and found[kind] .. ", " .. value or value
  if #both <= MOST_CHARACTERS or text.length(both) <= MOST_CHARACTERS then
    found[kind] = both
  end
end

-- The list of things that is being read ends here.
function M.finish(state)
  local run = state.run
  if run then
    add(state.found, "inventory", run.body:sub(run.from, run.to))
    state.run = nil
  end
end

-- A list of things goes on over commas, "and" and the ends of sentences; it is stored as it stands in the message.
local function things_in(state, t, i, j, base)
  local from, to = tokens.span(t, without_leads(t, i, j))
  local run = state.run
  if not run then
    run = { body = state.body, from = base + from - 1 }
    state.run = run
  end
  run.to = base + to - 1
  local bracket = state.body:byte(run.to + 1) == 41 and state.body:find("(", run.from, true)
  run.to = bracket and bracket < run.to and run.to + 1 or run.to
end

local function keep(state, kind, value)
  add(state.found, kind, value)
  state.said[#state.said + 1] = { kind = kind, value = value }
end

local BEFORE_ADDRESS = set "at to from"

local function keep_way(state, t, i, j, way)
  j = j > i and BEFORE_ADDRESS[t.plain[j]] and j - 1 or j -- "a couch from the basement at 45 Keele St"
  local value = tokens.text(t, i, j)
  if way.elevator then
    keep(state, "elevator", value)
  end
  if way.stairs then
    keep(state, "stairs", value)
  elseif way.floor and not way.elevator then
    keep(state, (way.low or state.asked_kind ~= "elevator") and "stairs" or "floor", value) -- a floor alone answers both
  end
  if way.low and not way.elevator then
    state.found.low = state.found.low or value
  end
end

local MOST_WORDS = 25

-- A remark belongs to the one answer about the way in that a sentence gives: "yes there is an elevator, book it with the super".
function M.remark(state, t, rest)
  local one = #state.said == 1 and state.said[1]
  if not (one and one.value and state.found[one.kind] == one.value and t.n <= MOST_WORDS
    and (state.asked_kind == "elevator" or state.asked_kind == "stairs")) then
    return
  end
  for _, piece in ipairs(rest) do
    if not common.is_chat(tokens.plain(t, piece[1], piece[2])) then
      state.found[one.kind] = tokens.text(t, 1, t.n)
      return
    end
  end
end

-- A sentence that answers the question twice is kept as it stands: "non mais un monte-charge".
function M.whole(state, t)
  local one = #state.said == 1 and state.said[1]
  local way = one and (one.kind == "elevator" or one.kind == "stairs") and one.kind == state.asked_kind
  if way and state.found[one.kind] == one.value and t.n <= MOST_WORDS then
    state.found[one.kind], state.answer = tokens.text(t, 1, t.n), nil
  end
end

local VAGUE = set "junk stuff item items belongings cosas trastes"

-- Do the words i to j name no thing, but that there are some: "need my junk gone", "the stuff"? Then it is asked what they are.
local function is_vague(t, i, j)
  for k = i, j do
    local word = t.plain[k]
    if not (VAGUE[word] or common.WORDS[word] or LEADS[word] or TAILS[word]) then return false end
  end
  return true
end

-- Takes the facts of the words i to j, which hold no address. Returns true when there was one.
local function read_piece(state, t, i, j, base)
  local thing = things.among(t, i, j)
  if state.asking and not thing then
    return false
  end
  local way = way_in.of(t, i, j, state.asked_kind)
  if way.elevator and (way.stairs or way.floor) then
    local last = way_in.cut(state.ready, t, j, way.elevator, way.stairs or way.floor)
    if last then
      local one = read_piece(state, t, i, last, base)
      return read_piece(state, t, last + 1, j, base) or one
    end
  end
  if state.asked_kind == "other" and thing and not (way.elevator or way.stairs) and not state.has then
    return false -- "the code is in the box" answers what was asked
  end
  local lists = thing and not (way.elevator and thing == way.elevator)
    or state.run and not (way.elevator or way.stairs or way.floor)
      and (way_in.COUNTED[t.plain[i]] and j > i or t.plain[i]:find("^%d%d?%D") or t.plain[i]:find("^%d%d?%d?$"))
      and not (i < j and things.is_uncounted(t.plain[i + 1]))
  if lists and state.asked_kind ~= "inventory" and VAGUE[t.plain[thing or i]]
    and not (way.elevator or way.stairs or way.floor) and is_vague(t, i, j) then
    return true
  elseif lists and not ((way.elevator or way.stairs) and not (way_in.COUNTED[t.plain[thing - 1] or ""])) then
    things_in(state, t, i, j, base)
    state.said[#state.said + 1] = { kind = "inventory" }
    if way.elevator or way.stairs or way.floor then
      keep_way(state, t, i, j, way)
    end
    return true
  elseif way.elevator or way.stairs or way.floor then
    M.finish(state)
    keep_way(state, t, i, j, way)
    return true
  end
  return false
end

local MOST_BETWEEN = 7 -- bytes from one piece to the next

-- Does the piece count something: "a wall unit", "2 gargoyles"?
local function counts(t, piece)
  local i, j = without_leads(t, piece[1], piece[2])
  return i < j and (way_in.COUNTED[t.plain[i]] or t.plain[i]:find("^%d%d?$")) and not things.is_uncounted(t.plain[i + 1])
    and not common.WORDS[t.plain[j]] and i
end

-- The things before the first one that is known belong to the list too: "a wall unit, an armchair".
local function begin_earlier(state, t, piece, rest, base)
  for k = #rest, 1, -1 do
    local before = rest[k]
    local first = before[2] + 2 >= piece[1] and t.gap[before[2] + 1] ~= "!" and counts(t, before)
    if not first then return end
    state.run.from, rest[k], piece = base + (tokens.span(t, first, first)) - 1, nil, before
  end
end

-- What stands beside the things of an answer to "what?" belongs to them: "3 seater, coffee tbl, lamp (the tall one), stained".
local function all_listed(state, t, rest, base)
  local run, left = state.run, {}
  local function joins(piece, before)
    local from, to = tokens.span(t, piece[1], piece[2])
    local between = before and run.from - base - to or from + base - 1 - run.to
    return between >= 0 and between <= MOST_BETWEEN and not common.is_chat(tokens.plain(t, piece[1], piece[2]))
  end
  for k = #rest, 1, -1 do
    if joins(rest[k], true) then
      local first = without_leads(t, rest[k][1], rest[k][2])
      run.from = base + (tokens.span(t, first, first)) - 1
    end
  end
  for _, piece in ipairs(rest) do
    local from, to = tokens.span(t, piece[1], piece[2])
    if joins(piece) then
      run.to = base + to - 1
    elseif to + base - 1 < run.from or from + base - 1 > run.to then
      left[#left + 1] = piece
    end
  end
  return left
end

-- ---- addresses -------------------------------------------------------------------------------------------------------

local CORRECTS = set "sorry actually meant wrong correction oops oups instead rather typo mistake erreur plutot pardon desole wait scratch"
local ONLY = set "only just instead rather seulement juste"
local ADDS = set "also too another plus second add aussi autre"

-- Does what was said earlier or later in this message replace the first address: "12 Elm St, no sorry, 14 Elm St"?
local function takes_back(t, i, j)
  return tokens.find(t, i, j, CORRECTS) ~= nil or i <= j and (t.plain[j] == "not" or t.plain[j] == "no")
end

local MOST_ADDRESSES = 4

local function add_address(state, value, instead)
  local list = instead and {} or state.addresses
  state.addresses = list
  if #list >= MOST_ADDRESSES then
    return
  end
  local plain = text.words(value)
  for k, other in ipairs(list) do
    if other.plain:find(plain, 1, true) == 1 then
      return
    elseif plain:find(other.plain, 1, true) == 1 then
      list[k] = { text = value, plain = plain }
      return
    end
  end
  list[#list + 1] = { text = value, plain = plain }
end

-- Takes the addresses of a sentence, and returns their places.
function M.addresses(state, t)
  local pairs_ = address.all(t)
  local before = 1
  for k, one in ipairs(pairs_) do
    local dropped = one[1] > 1 and t.plain[one[1] - 1] == "not" and pairs_[k + 1] ~= nil
    if not dropped then
      local corrects = takes_back(t, before, one[1] - 1)
      state.corrects = state.corrects or corrects
      add_address(state, address.text(t, one[1], one[2]), corrects)
      local level = address.level(t, one[1], one[2])
      if level then add(state.found, state.asked_kind ~= "elevator" and "stairs" or "floor", level) end
    end
    before = one[2] + 1
  end
  return pairs_
end

-- The town that stands apart from the address: "im in Mississauga, 12 Elm St".
function M.town(state, t, rest)
  for _, piece in ipairs(rest) do
    local first, last = address.town(t, piece[1], piece[2])
    if first then state.town = tokens.text(t, first, last) end
  end
end

-- The words between the addresses, as pairs of first and last word.
local function between(taken, last)
  local list, from = {}, 1
  for _, one in ipairs(taken) do
    if one[1] > from then
      list[#list + 1] = { from, one[1] - 1 }
    end
    from = one[2] + 1
  end
  if from <= last then
    list[#list + 1] = { from, last }
  end
  return list
end

local HAS = set "have has got need want take remove also get j'ai avons"

-- Takes the facts of a sentence. base: its first byte in the message; last: its last word that counts.
---@return boolean any, integer[][] rest pieces that held no fact
function M.sentence(state, t, base, last)
  local taken = M.addresses(state, t)
  local any = #taken > 0
  state.said = any and { { kind = "address" } } or {}
  state.has = state.asked_kind == "other" and tokens.find(t, 1, t.n, HAS) ~= nil
  state.only = state.only or tokens.find(t, 1, t.n, ONLY) ~= nil
  if not state.corrects and tokens.find(t, 1, t.n, CORRECTS) and not tokens.find(t, 1, t.n, ADDS) then
    state.corrects = true
  end
  local rest = {}
  for _, span in ipairs(between(taken, last or t.n)) do
    for _, piece in ipairs(cut(t, span[1], span[2])) do
      local running = state.run
      if read_piece(state, t, piece[1], piece[2], base) then
        any = true
        if state.run and not running and state.asked_kind ~= "inventory" then begin_earlier(state, t, piece, rest, base) end
      elseif state.run and t.s:byte(t.from[piece[1]] - 1) == 40 then
        things_in(state, t, piece[1], piece[2], base) -- "a wardrobe (disassembled)"
      else
        rest[#rest + 1] = piece
      end
    end
  end
  if #rest > 0 and state.asked_kind == "inventory" and state.run and state.run.body == state.body then
    rest = all_listed(state, t, rest, base)
  end
  return any, rest
end

return M
