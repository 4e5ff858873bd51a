-- Finds promises to take hazardous waste or wet paint, and to serve a place that is listed as not served. A promise is a word for us, then
-- words that can stand between, then a verb, with no "not" among them; or a topic that "is fine"; or a yes when the topic was just named.
local address = require "language.address"
local hazardous = require "language.hazardous"
local text = require "language.text"
local tokens = require "language.token_row"
local words = require("language.guard_words").promises

local M = {}

local set, any, COMMA = text.set, tokens.any, tokens.COMMA

M.WE = words.WE
local NOT_OURS = set "your another city building votre su sua" -- "your team", "another crew"
-- Words that can stand between "we" and what we promise.
local HELPERS = words.HELPERS
M.NEGATED = words.NEGATED
M.SURE = set "yes yep yeah sure absolutely definitely certainly gladly oui sim claro of" -- "of course"
local DOUBT = set "if whether when unless where si"
local EXCEPT = set [[except excluding excluded without besides minus sauf prohibited banned forbidden refuse exclude leave leaving skip
  skipping other rather than outside beyond unlike only hors]]
local IS = set "is are be est"
local FINE = set [[fine ok okay accepted welcome included allowed acceptable good taken removed picked hauled collected accept sure covered
  served within inside in part great]]
local POINTING = set "it that them those these there area"
local AGREES = set "do can will absolutely definitely certainly course"
local MENTIONS = 5 -- of a topic in one clause; no more are looked at
-- These look like a refusal and mean yes.
local YES_PHRASES = { "no problem", "not a problem", "no worries", "not to worry", "don't worry", "not an issue", "no issue", "why not",
  "no doubt", "no trouble", "don't mind", "doesn't matter", "not only", "pas de probleme" }

function M.plain_yes(s)
  for _, phrase in ipairs(text.found_in(s, YES_PHRASES) and YES_PHRASES or {}) do s = s:gsub(phrase, "sure") end
  return (s:gsub("but also", "and also"))
end

-- The token of the verb where a clause says that we do it, without a "not" between, and the token of "we"; or nil.
function M.promised(t, from, to, verbs)
  for i = from, to do
    local before = t.word[i - 1]
    local own = verbs[t.word[i]] and t.word[i]:sub(-3) == "mos" -- Spanish, Portuguese: "we" is in the verb
    if own and not any(t, math.max(from, i - 2), i - 1, M.NEGATED) then return i, i end
    local ours = M.WE[t.word[i]] and not NOT_OURS[before] and not any(t, math.max(from, i - 2), i - 1, DOUBT) and t.word[i - 3] ~= "whether"
    for j = i + 1, ours and math.min(to, i + 8) or 0 do
      local word = t.word[j]
      if verbs[word] and not (HELPERS[word] and verbs[t.word[j + 1]]) then return j, i end
      if M.NEGATED[word] or not HELPERS[word] and t.before[j] < COMMA then break end
    end
  end
end

-- Does a clause grant the topic that stands from token a to b? `verb` and `we` are of `promised`.
local function grants(t, clause, a, b, topic, verb, we)
  local from, to = clause.from, clause.to
  if verb and verb > b and any(t, verb + 1, math.min(to, verb + 4), POINTING) and not any(t, we, to, M.NEGATED) then return true end
  local start = math.max(from, math.min(we or a, a) - 3)
  if any(t, start, to, M.NEGATED) or any(t, start, to, EXCEPT) then return false end
  if verb and (not clause.question or verb < a) and (not topic.fits or topic.fits(t, verb, a)) then return true end
  if clause.question then return false end
  for i = b, math.min(to, b + 4) do
    local is = IS[t.word[i]] or t.word[i]:find("'s$", -2)
    if t.word[i] == topic.works or is and any(t, i + 1, math.min(to, i + 3), FINE) then return true end
  end
  return M.SURE[t.word[from]] and a - from <= topic.near and to - b <= topic.near
end

-- Does a clause after one that named the topic say yes to it: "Absolutely.", "Sure, we can take that.", "we'll make an exception"?
local function follows(t, clause, topic)
  local from, to = clause.from, clause.to
  local does = M.SURE[t.word[from]] and to - from <= 3 and AGREES[t.word[to]] and not any(t, from, to, M.NEGATED) -- "yes, we do"
  if (does or M.SURE[t.word[from]] and to - from <= 1) and not clause.question then return true end
  local verb = M.promised(t, from, to, topic.verbs)
  local at = verb and any(t, verb + 1, math.min(to, verb + 4), POINTING)
  if at and t.word[at + 1] ~= "from" and (t.word[at] ~= "area" or t.word[at - 1] == "that") then return true end
  local made = any(t, from, to, { exception = true })
  return made and not any(t, from, to, M.NEGATED) and any(t, from, made, M.WE)
end

-- The first clause that promises the topic, as text for people; or nil. topic: {at= the last token of the topic that begins at token i;
-- verbs=, near= the length of a clause of "yes", excused= is this clause no promise?, fits=, works=, asks= only a question opens the next}.
local function find(t, topic)
  local open -- the number of the sentence that named the topic last
  for _, clause in ipairs(tokens.clauses(t)) do
    local named, verb, we, excused = 0, nil, nil, nil
    for i = clause.from, clause.to do
      local last = named < MENTIONS and not excused and topic.at(t, i)
      if last and named == 0 then
        excused = topic.excused(t, clause)
        verb, we = M.promised(t, clause.from, clause.to, topic.verbs)
      end
      if last and not excused then
        named = named + 1
        if grants(t, clause, i, last, topic, verb, we) then return tokens.text(t, clause.from, clause.to) end
      end
    end
    local near = named == 0 and open and clause.sentence - open <= 1 and not topic.excused(t, clause)
    if near and follows(t, clause, topic) then return tokens.text(t, clause.from, clause.to) end
    if named > 0 and (not topic.asks or clause.question and clause.to - clause.from <= 4) then open = clause.sentence end
  end
end

-- ---- hazardous waste and wet paint ---------------------------------------------------------------------------------------

local PAINT, HAZARD = set "paint paints peinture peintures pintura pinturas tinta tintas", text.union(hazardous.ALWAYS)
for word in pairs(PAINT) do HAZARD[word] = nil end
local AFTER = { oil = set "motor used waste", waste = set "medical" }
local DRY, WET = set "dry dried hardened solid solidified empty emptied seche sechee vide vides seca secas",
  set("wet fresh liquid fraiche fresca frescas liquida liquidas")
-- "the paint-splattered desk", "a propane grill", "our policy on chemicals"
local THINGS = text.union(hazardous.SOMETIMES.paint.not_before, set "stained easel set kit bbq grill stove heater question policy depot")

M.WATCHED = text.union(HAZARD, PAINT, AFTER) -- a text without these words names no hazard
local hazard = { near = 6, verbs = hazardous.TAKING }

function hazard.at(t, i)
  local word = t.word[i]:match("^(.*)'s$") or t.word[i]
  if not HAZARD[word] and not PAINT[word] and not (AFTER[word] and AFTER[word][t.word[i - 1]]) then return nil end
  return not THINGS[t.word[i + 1]] and t.gap[i + 1] ~= "-" and i or nil
end

-- Does the clause speak of dry paint alone? "Wet and dry paint" is wet.
function hazard.excused(t, clause)
  return any(t, clause.from, clause.to, DRY) and not any(t, clause.from, clause.to, WET) and not any(t, clause.from, clause.to, HAZARD)
end

function M.hazard(t) return find(t, hazard) end

-- ---- places that are not served ------------------------------------------------------------------------------------------

local SERVE = set [[serve serves service services serving servicing cover covers covering come comes coming go goes going operate operates
  operating work works working travel travels reach drive visit do deliver pick remove haul help collect schedule book provide offer
  available in desservons dessert desservir couvrons servons venons allons va couvre]]
local PLACED = set "in to at within available around near serving out based over also from"
local NEEDS_PLACE = set "do help book schedule work working pick remove haul collect provide offer available"
local SOMEDAY = set "someday hope hopefully eventually future soon plan planning bientot"

local function someday(t, clause) return any(t, clause.from, clause.to, SOMEDAY) end

local function fits(t, verb, first)
  if not NEEDS_PLACE[t.word[verb]] then return t.word[verb] ~= "in" or verb == first - 1 end
  return verb < first and (PLACED[t.word[first - 1]] or PLACED[t.word[first - 2]] or first - verb <= 2)
end

-- The places as topics, for one set of business.yaml; and the words of which a text must hold one to name a place.
function M.places(names)
  local topics, first = {}, {}
  for i, place in ipairs(names) do
    local parts = text.list(tostring(place))
    local function at(t, from)
      local last = from + #parts - 1
      for k, word in ipairs(parts) do
        if t.word[from + k - 1] ~= word or k > 1 and t.before[from + k - 1] > COMMA then return nil end
      end
      local street = t.kind[from - 1] == "number" and t.before[from] <= tokens.SPACE or t.word[from - 1] == "rue"
      return not street and not (address.STREET[t.word[last + 1]] and t.before[last + 1] <= tokens.SPACE) and last or nil
    end
    topics[i] = { at = at, first = parts[1], verbs = SERVE, near = 2, works = "works", asks = true, excused = someday, fits = fits }
    first[#first + 1] = parts[1]
  end
  return topics, first
end

-- The first promise about one of the places in the tokens of a folded text, as text for people; or nil.
function M.place(t, folded, topics)
  for _, topic in ipairs(topics) do
    local found = topic.first and folded:find(topic.first, 1, true) and find(t, topic)
    if found then return found end
  end
end

return M
