-- Finds a promise that taking things away costs nothing: "free" or "no charge" beside pickup, removal or haul.
-- Estimates are free here, and "feel free" is politeness, so both pass.
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set = text.set
local SPACE, DASH, COMMA, ASK = tokens.SPACE, tokens.DASH, tokens.COMMA, tokens.ASK

local FREE = set "free complimentary gratis gratuit gratuite gratuits gratuites gratuitement"
local GRATUIT = set "gratuit gratuite gratuits gratuites gratuitement"
local NOT_OURS = set "feel toll drug smoke pet scratch rust stress hassle worry risk bug clutter obstacle junk debt tax hands"
local NEGATED = set "not never no nor can't cannot aren't isn't don't doesn't won't wasn't couldn't wouldn't hardly pas jamais non"
-- Things that are allowed to be free.
local HARMLESS = set [[estimate estimates quote quotes quotation quotations assessment assessments consultation consultations consult
  evaluation evaluations inspection appraisal time slot slots spot day weekend parking advice question questions booking
  estimation estimations soumission soumissions devis]]
local PICKUP = set [[pickup pickups removal removals haul hauls hauling haulaway disposal collection delivery dropoff hauled
  cleanout cleanup clearout ramassage enlevement collecte cueillette debarras transport livraison recuperation]]
local ACTION = set [[take taking remove removing removed collect dispose clear pick picked haul hauling hauled
  ramasser ramassons enlever debarrasser]]
local PREPOSITION = set "for to on at from when during if in while pour a"
local BEFORE_FREE = set [[is are be was it's that's completely totally absolutely entirely always actually all it them away up out
  also est sont for]]
local PERSON = set [[you you're u someone anyone somebody anybody who we we're i i'm team crew driver drivers guys they they're
  elevator hallway driveway path area window slot spot truck time schedule calendar vous]]

local function is_pickup(t, i)
  return PICKUP[t.word[i]] or t.word[i] == "pick" and (t.word[i + 1] == "up" or t.word[i + 1] == "ups")
end

local NOT_AWAY = set "a photos pictures care" -- "take photos"

local function is_action(t, i)
  local word, third = t.word[i], t.word[i + 2]
  local aside = (word == "take" or word == "taking") and (NOT_AWAY[t.word[i + 1]] or third == "look" or third == "photos")
  return ACTION[word] and not aside
end

local function negated(t, i)
  for j = i - 1, math.max(1, i - 4), -1 do
    if t.before[j + 1] >= COMMA then
      return false
    elseif NEGATED[t.word[j]] then
      return true
    end
  end
  return false
end

local function harmless_near(t, i, reach)
  for j = i + 1, math.min(t.n, i + reach) do
    if t.before[j] >= COMMA then
      return false
    elseif HARMLESS[t.word[j]] and not (t.word[j] == "day" and (t.word[j - 1] == "same" or t.word[j - 1] == "next")) then
      return true
    end
  end
  return GRATUIT[t.word[i]] and (HARMLESS[t.word[i - 1]] or HARMLESS[t.word[i - 2]]) or false
end

local function pickup_ahead(t, i)
  for j = i + 1, math.min(t.n, i + 4) do
    if t.before[j] >= COMMA or PREPOSITION[t.word[j]] then
      return nil
    elseif is_pickup(t, j) then
      return j
    end
  end
  return nil
end

local function pickup_behind(t, i, actions)
  for j = i - 1, math.max(1, i - 10), -1 do
    if t.before[j + 1] >= ASK or HARMLESS[t.word[j]] and i - j <= 4 then
      return nil
    elseif is_pickup(t, j) or actions and is_action(t, j) then
      return j
    end
  end
  return nil
end

local OF_WHAT = set "charge cost charges fees"

-- "free" and its like at token i.
local function free_at(t, i)
  local previous, following = t.word[i - 1], t.word[i + 1]
  if i > 1 and (NOT_OURS[previous] and t.before[i] <= DASH or t.before[i] == DASH and t.gap[i] == "-") then
    return nil
  elseif negated(t, i) or harmless_near(t, i, 4) then
    return nil
  end
  if following == "of" then
    if not OF_WHAT[t.word[i + 2]] then
      return nil
    end
    return pickup_behind(t, i, true) or pickup_ahead(t, i + 2) or t.word[i + 3] ~= nil and is_pickup(t, i + 4) and i + 4 or nil
  end
  local ahead = pickup_ahead(t, i)
  if ahead or t.word[i] == "complimentary" then
    return ahead or pickup_behind(t, i, false)
  end
  local french = GRATUIT[t.word[i]] or t.word[i] == "gratis"
  if i == 1 or not (BEFORE_FREE[previous] or french or t.word[i - 1] == "100") then
    return french and pickup_behind(t, i, false) or nil
  end
  if previous == "for" then
    return pickup_behind(t, i, true)
  end
  if not french and (following == "to" or tokens.any(t, math.max(1, i - 3), i - 1, PERSON)) then
    return nil
  end
  return pickup_behind(t, i, previous == "it" or previous == "them" or previous == "away" or french)
end

local CHARGE = set "charge charges cost costs fee fees frais cout"
local NOTHING = set "no zero without sans aucun aucuns pas"
local PAYING = set "cost costs charge pay coute"
local WHEN = set "until till before yet unless if avant jusqu"
local FAR = 40
local REFUSES = set "won't don't doesn't never not wouldn't"

-- The last token of "no (extra) charge", "won't charge", "costs nothing", "on the house" at token i.
local function nothing_to_pay(t, i)
  local word, second, third = t.word[i], t.word[i + 1], t.word[i + 2]
  if NOTHING[word] then
    if CHARGE[second] then
      return i + 1
    elseif CHARGE[third] and (second == "extra" or second == "additional" or second == "added" or second == "any" or second == "de") then
      return i + 2
    end
  elseif REFUSES[word] and (second == "charge" or second == "cost") and t.before[i + 1] <= SPACE
    or PAYING[word] and second == "nothing" then
    return i + 1
  elseif PAYING[word] and second == "you" and third == "nothing" or word == "on" and second == "the" and third == "house" then
    return i + 2
  end
  return nil
end

local function no_charge_at(t, i)
  local last = nothing_to_pay(t, i)
  if not last or WHEN[t.word[last + 1]] then
    return nil
  end
  local from, to = i, last
  while from > 1 and t.before[from] < ASK and i - from < FAR do
    from = from - 1
  end
  while to < t.n and t.before[to + 1] < ASK and to - last < FAR do
    to = to + 1
  end
  for j = last + 1, math.min(to, last + 5) do
    if t.word[j] == "for" or t.word[j] == "pour" then
      for k = j + 1, math.min(to, j + 5) do
        if is_pickup(t, k) or ACTION[t.word[k]] then
          return k
        elseif HARMLESS[t.word[k]] then
          return nil
        end
      end
      return nil
    elseif t.word[j] == "by" then
      return nil -- "we don't charge by the hour"
    end
  end
  for j = from, to do
    if (j < i or j > last) and (is_pickup(t, j) or is_action(t, j)) then
      return j
    end
  end
  return nil
end

-- A text promises nothing without one of these words (see FREE and nothing_to_pay) and a word for taking things away.
M.WATCHED = { FREE, CHARGE, set "nothing house" }
M.MOVING = { PICKUP, ACTION }

-- The first such promise in the tokens, as text for people; or nil.
function M.find(t)
  for i = 1, t.n do
    local word = t.word[i]
    local other
    if FREE[word] then
      other = free_at(t, i)
    elseif NOTHING[word] or REFUSES[word] or PAYING[word] or word == "on" then
      other = no_charge_at(t, i)
    end
    if other then
      return tokens.text(t, math.min(i, other), math.max(i, other))
    end
  end
  return nil
end

return M
