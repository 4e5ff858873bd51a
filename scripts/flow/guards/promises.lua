-- Promises the business does not keep: to take hazardous waste or wet paint, and to come to a place it does not serve
-- (PRODUCT 4, Guards). Refusing is fine, asking is fine, streets named after such a place are fine.
local text = require "flow.text"
local tokens = require "flow.guards.tokens"

local M = {}

local set = text.set
local COMMA = tokens.COMMA

local WE = set [[we we'll we're we'd we've i i'll i'd i'm team crew guys crews drivers driver they they'll clearoutspaces
  nous on equipe]]
-- What may stand between "we" and what we promise to do.
local HELPERS = set [[can will could would may might do does did also gladly happily definitely certainly be able to absolutely
  always of course sure happy glad usually normally even just are is have been going gonna safely properly easily totally
  help you your love like offer provide both 'll 'd like pleased still now again too of the them with handling dealing yes
  pouvons pourrons allons va peut aussi bien]]
local NEGATED = set [[not never no cannot can't don't doesn't won't wouldn't couldn't didn't isn't aren't shouldn't unable nor neither
  unfortunately ne pas jamais aucun]]
local LEAD_DOUBT = set "if whether when unless where si"
local TAKE = set [[take taking takes accept accepts accepting remove removing removes
  haul hauling handle handles handling dispose disposing
  disposal collect collecting collects pick picking picks
  grab grabbing load loading clear clearing transport
  get deal include including process help prendre prenons accepter acceptons ramasser ramassons enlever enlevons debarrasser
  recuperer recuperons prend ramasse accepte]]
local SERVE = set [[serve serves service services serving servicing cover covers covering come comes coming go goes going operate operates
  operating work works working travel travels reach drive visit do deliver pick remove haul help collect schedule book
  provide offer available desservons dessert desservir couvrons servons venons allons va couvre]]
local PLACED = set "in to at within available around near serving out based over also from"

-- What sounds like a refusal and is a yes.
local YES_PHRASES = { "no problem", "not a problem", "no worries", "not to worry", "don't worry", "not an issue", "no issue",
  "why not", "no doubt", "no trouble", "don't mind", "doesn't matter", "not only", "pas de probleme" }

local function with_plain_yes(s)
  for _, phrase in ipairs(YES_PHRASES) do
    if s:find(phrase, 1, true) then
      s = s:gsub(phrase:gsub("%p", "%%%0"), "sure")
    end
  end
  if s:find("but also", 1, true) then
    s = s:gsub("but also", "and also")
  end
  return s
end

-- Sentences cut at "but" and its like: what is refused in one half may not excuse the other.
local function clauses(t, sentence)
  local list, from = {}, sentence.from
  for i = sentence.from + 1, sentence.to do
    local word = t.word[i]
    if word == "but" or word == "however" or word == "though" or word == "although" or word == "mais" or word == "cependant" then
      list[#list + 1] = { from = from, to = i - 1 }
      from = i + 1
    end
  end
  list[#list + 1] = { from = from, to = sentence.to }
  return list
end

-- Where in a clause somebody of ours says that they do it, without a "not" in between: the verb's token, or nil.
local function promised(t, clause, verbs)
  for i = clause.from, clause.to do
    local before = t.word[i - 1]
    local our = not (before == "your" or before == "another" or before == "city" or before == "building")
    if WE[t.word[i]] and our and not (i > 1 and t.before[i] < COMMA and LEAD_DOUBT[before]) then
      local doubt = false
      for j = math.max(clause.from, i - 3), i - 1 do
        doubt = doubt or t.word[j] == "whether" or t.word[j] == "if" and (i - j) <= 2
      end
      for j = i + 1, math.min(clause.to, i + 8) do
        local word = t.word[j]
        if NEGATED[word] or doubt then
          break
        elseif verbs[word] and not (HELPERS[word] and verbs[t.word[j + 1]]) then
          return j
        elseif not HELPERS[word] and t.before[j] < COMMA then
          break
        end
      end
    end
  end
  return nil
end

local function any(t, from, to, words)
  for i = from, to do
    if words[t.word[i]] then
      return i
    end
  end
  return nil
end

-- ---- hazardous waste and wet paint ---------------------------------------------------------------------------------

local HAZARD_HINTS = { "paint", "hazard", "asbestos", "propane", "gasoline", "chemical", "solvent", "pesticide", "biohazard",
  "medical waste", "toxic", "explosive", "ammunition", "motor oil", "used oil", "radioactive", "mercury", "acid", "herbicide",
  "peinture", "dangereu", "amiante", "toxique", "fireworks", "flammable" }
local HAZARD = set [[hazardous asbestos propane gasoline chemical chemicals solvent solvents pesticide pesticides herbicides biohazard
  biohazards biohazardous explosives ammunition radioactive mercury acid acids thinner toxic fireworks flammable flammables
  amiante toxique toxiques dangereux dangereuses]]
local DRY = set "dry dried hardened solid solidified empty emptied seche sechee vide vides"
local EXCEPT = set "except excluding excluded without besides minus sauf prohibited banned forbidden refuse exclude"
local SURE = set "yes yep yeah sure absolutely definitely certainly gladly oui"
local FINE = set "fine ok okay accepted welcome included allowed acceptable good taken removed picked hauled collected accept"
local POINTING = set "it that them those these this any all"
local LEFT = set "leave leaving skip skipping no" -- "we'll take the couch and leave the paint"
local ASKING = set "is are do does have has did any will would can could what which how"
local ELSEWHERE = set "question questions policy rules depot"

local function hazard_at(t, i)
  local word = t.word[i]
  if HAZARD[word] then
    return not ELSEWHERE[t.word[i + 1]]
  elseif word == "paint" or word == "paints" or word == "peinture" or word == "peintures" then
    return true
  elseif word == "oil" then
    return t.word[i - 1] == "motor" or t.word[i - 1] == "used" or t.word[i - 1] == "waste"
  elseif word == "waste" then
    return t.word[i - 1] == "medical"
  end
  return false
end

local function hazard_in(t, from, to)
  for i = from, to do
    if hazard_at(t, i) then
      local paint = t.word[i]:find("^pain") or t.word[i]:find("^pein")
      if not (paint and any(t, from, to, DRY)) then
        return i
      end
    end
  end
  return nil
end

-- "wet paint is fine", "asbestos can be included"
local function allowed_after(t, i, clause)
  for j = i + 1, math.min(clause.to, i + 7) do
    local word = t.word[j]
    if NEGATED[word] then
      return nil
    elseif word == "is" or word == "are" or word == "be" or word == "est" then
      for k = j + 1, math.min(clause.to, j + 3) do
        if NEGATED[t.word[k]] or EXCEPT[t.word[k]] then
          return nil
        elseif FINE[t.word[k]] or t.word[k] == "sure" then
          return k
        end
      end
    end
  end
  return nil
end

local function hazard_promise(t, clause, question)
  local hazard = hazard_in(t, clause.from, clause.to)
  if not hazard then
    return nil
  end
  local verb = promised(t, clause, TAKE)
  local refused = any(t, clause.from, hazard, EXCEPT) or any(t, hazard, clause.to, EXCEPT)
  if verb then
    for j = verb + 1, hazard - 1 do
      local aside = question and t.before[j] >= COMMA and ASKING[t.word[j]]
      if aside or NEGATED[t.word[j]] or LEFT[t.word[j]] or t.word[j] == "other" and t.word[j + 1] == "than" then
        refused = true
      end
    end
    -- "Wet paint isn't something we take." "If there's no wet paint, we take it all."
    local denied = verb > hazard and any(t, clause.from, verb, NEGATED)
    if not refused and not denied then
      return math.max(hazard, verb)
    end
    return nil
  end
  if refused or question then
    return nil
  end
  local fine = not any(t, math.max(clause.from, hazard - 3), hazard, NEGATED) and allowed_after(t, hazard, clause)
  if fine then
    return fine
  end
  local first = SURE[t.word[clause.from]] or t.word[clause.from] == "of" and t.word[clause.from + 1] == "course"
  if first and hazard - clause.from <= 6 and not any(t, clause.from, clause.to, NEGATED) and t.word[clause.to] ~= "instead" then
    return hazard
  end
  return nil
end

-- "Wet paint? Absolutely." "Wet paint? Sure, we can take that." "We don't usually, but for you we'll take it."
local function follows_up(t, clause)
  local first = SURE[t.word[clause.from]] or t.word[clause.from] == "no" and t.word[clause.from + 1] == "problem"
  if first and clause.to - clause.from <= 1 then
    return clause.to
  end
  local verb = promised(t, clause, TAKE)
  if verb then
    for j = verb + 1, math.min(clause.to, verb + 4) do
      if POINTING[t.word[j]] and (t.word[j] ~= "all" and t.word[j] ~= "any" and t.word[j] ~= "this" or j == clause.to)
        and t.word[j + 1] ~= "from" then
        return j
      end
    end
    return nil
  end
  local make = any(t, clause.from, clause.to, set "exception")
  if make and not any(t, clause.from, clause.to, NEGATED) and any(t, clause.from, make, WE) then
    return make
  end
  return nil
end

function M.hazard(folded)
  local hinted = false
  for _, hint in ipairs(HAZARD_HINTS) do
    if folded:find(hint, 1, true) then
      hinted = true
      break
    end
  end
  if not hinted then
    return nil
  end
  local t = tokens.read(with_plain_yes(folded))
  local open -- a sentence that named such a thing stands before this one
  for _, sentence in ipairs(tokens.sentences(t)) do
    local mentioned = false
    for _, clause in ipairs(clauses(t, sentence)) do
      local found = hazard_promise(t, clause, sentence.question)
      if not found and (open or mentioned) and not any(t, sentence.from, sentence.to, DRY) then
        found = follows_up(t, clause)
      end
      if found then
        return tokens.text(t, clause.from, clause.to)
      end
      mentioned = mentioned or hazard_in(t, clause.from, clause.to) ~= nil
    end
    open = mentioned
  end
  return nil
end

-- ---- places that are not served ------------------------------------------------------------------------------------

local STREET = set [[st street str ave avenue av rd road dr drive blvd boulevard cres crescent crt ct court lane ln way place pl sq
  square pkwy parkway hwy highway line trail tr terrace ter gate circle cir row rue chemin]]
local RULED_OUT = set "not except excluding outside without beyond besides unlike never than sauf hors no"
local NEEDS_PLACE = set "do help book schedule work working pick remove haul collect provide offer available"
local COVERED = set "within inside covered served included fine ok okay good in part great"
local THERE = set "that there it area"
local SOMEDAY = set "someday hope hopefully eventually future soon plan planning bientot"

local function place_at(t, i, words)
  for k, word in ipairs(words) do
    if t.word[i + k - 1] ~= word or k > 1 and t.before[i + k - 1] > COMMA then
      return nil
    end
  end
  local last = i + #words - 1
  if i > 1 and (t.kind[i - 1] == "number" and t.before[i] <= tokens.SPACE or t.word[i - 1] == "rue") then
    return nil
  elseif STREET[t.word[last + 1]] and t.before[last + 1] <= tokens.SPACE then
    return nil
  end
  return last
end

local function ruled_out(t, first, last, clause)
  for j = math.max(clause.from, first - 4), first - 1 do
    if RULED_OUT[t.word[j]] then
      return true
    end
  end
  for j = last + 1, math.min(clause.to, last + 4) do
    if RULED_OUT[t.word[j]] or NEGATED[t.word[j]] or t.word[j] == "excluded" or t.word[j] == "too" and t.word[j + 1] == "far" then
      return true
    end
  end
  return false
end

-- "Ottawa is within our area", "Ottawa works", "Yes, Ottawa!"
local function area_granted(t, first, last, clause, question)
  if question then
    return false
  end
  for j = last + 1, math.min(clause.to, last + 3) do
    local word = t.word[j]
    if word == "works" then
      return true
    elseif word == "is" or word == "are" then
      for k = j + 1, math.min(clause.to, j + 3) do
        if COVERED[t.word[k]] or t.word[k] == "sure" then
          return true
        end
      end
    end
  end
  return SURE[t.word[clause.from]] and first - clause.from <= 2 and clause.to - last <= 2
end

local function area_promise(t, clause, first, last, question)
  if ruled_out(t, first, last, clause) or any(t, clause.from, clause.to, SOMEDAY) then
    return false
  end
  local verb = promised(t, clause, SERVE)
  if verb then
    local word = t.word[verb]
    if NEEDS_PLACE[word] then
      return verb < first and (PLACED[t.word[first - 1]] or PLACED[t.word[first - 2]] or first - verb <= 2) or false
    end
    return verb < first or question == false
  end
  -- "Our crew will be in Ottawa on Friday."
  local there = t.word[first - 1] == "in" and promised(t, { from = clause.from, to = first }, { ["in"] = true })
  return there ~= nil and there ~= false or area_granted(t, first, last, clause, question)
end

local function place_words(place)
  return text.split(text.words(tostring(place)))
end

local function area_in(t, words)
  local asked -- "Barrie? Yes, we serve that area."
  for _, sentence in ipairs(tokens.sentences(t)) do
    local mentioned = false
    for _, clause in ipairs(clauses(t, sentence)) do
      for i = clause.from, clause.to do
        local last = place_at(t, i, words)
        mentioned = mentioned or last ~= nil
        if last and area_promise(t, clause, i, last, sentence.question) then
          return tokens.text(t, clause.from, clause.to)
        end
      end
      local verb = asked and promised(t, clause, SERVE)
      if verb and any(t, verb + 1, math.min(clause.to, verb + 3), THERE) then
        return tokens.text(t, clause.from, clause.to)
      end
    end
    asked = mentioned and sentence.question and sentence.to - sentence.from <= 4
  end
  return nil
end

function M.area(folded, places)
  local t
  for _, place in ipairs(places) do
    local words = place_words(place)
    if words[1] and folded:find(words[1], 1, true) then
      t = t or tokens.read(with_plain_yes(folded))
      local found = area_in(t, words)
      if found then
        return found
      end
    end
  end
  return nil
end

return M
