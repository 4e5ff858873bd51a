-- Recognises who promises what. A promise is a word for us, then words that can stand between, then a verb, with no "not" among them; or a
-- topic that "is fine"; or a yes, when the topic was just named. The guards for hazardous waste, for places and for visits use it.
local text = require "language.text"
local tokens = require "language.guards.tokens"

local M = {}

local set, any, COMMA = text.set, tokens.any, tokens.COMMA

M.WE = set [[we we'll we're we'd we've i i'll i'd i'm team crew guys crews drivers driver they they'll clearoutspaces nous on equipe]]
local NOT_OURS = set "your another city building" -- "your team", "another crew"
-- Words that can stand between "we" and what we promise.
local HELPERS = set [[can will could would may might do does did also gladly happily definitely certainly be able to absolutely always of
  course sure happy glad usually normally even just are is have been going gonna safely properly easily totally help you your love like
  offer provide both 'll 'd pleased still now again too the them with handling dealing yes pouvons pourrons allons va peut aussi bien]]
M.NEGATED = set [[not never no cannot can't don't doesn't won't wouldn't couldn't didn't isn't aren't shouldn't unable nor neither
  unfortunately ne pas jamais aucun]]
M.SURE = set "yes yep yeah sure absolutely definitely certainly gladly oui of" -- "of course"
local DOUBT = set "if whether when unless where si"
local EXCEPT = set [[except excluding excluded without besides minus sauf prohibited banned forbidden refuse exclude leave leaving skip
  skipping other rather than outside beyond unlike only hors]]
local FINE = set [[fine ok okay accepted welcome included allowed acceptable good taken removed picked hauled collected accept sure covered
  served within inside in part great]]
local POINTING = set "it that them those these there area"

-- Words that look like a refusal and mean yes.
local YES_PHRASES = { "no problem", "not a problem", "no worries", "not to worry", "don't worry", "not an issue", "no issue", "why not",
  "no doubt", "no trouble", "don't mind", "doesn't matter", "not only", "pas de probleme" }

function M.plain_yes(s)
  if text.found_in(s, YES_PHRASES) then
    for _, phrase in ipairs(YES_PHRASES) do s = s:gsub(phrase, "sure") end
  end
  return (s:gsub("but also", "and also"))
end

-- The token of the verb where a clause says that we do it, without a "not" between, and the token of "we"; or nil.
function M.promised(t, from, to, verbs)
  for i = from, to do
    local before = t.word[i - 1]
    local ours = M.WE[t.word[i]] and not NOT_OURS[before] and not (t.before[i] < COMMA and DOUBT[before])
    if ours and not any(t, math.max(from, i - 2), i - 1, DOUBT) and t.word[i - 3] ~= "whether" then
      for j = i + 1, math.min(to, i + 8) do
        local word = t.word[j]
        if M.NEGATED[word] then
          break
        elseif verbs[word] and not (HELPERS[word] and verbs[t.word[j + 1]]) then
          return j, i
        elseif not HELPERS[word] and t.before[j] < COMMA then
          break
        end
      end
    end
  end
end

local MENTIONS = 5 -- of a topic in one clause; no more are looked at

-- Does a clause grant the topic that stands from token a to b? `verb` and `we` are of `promised`.
local function grants(t, clause, a, b, topic, verb, we)
  local from, to = clause.from, clause.to
  local start = math.max(from, math.min(we or a, a) - (topic.reach or 3))
  local refused = any(t, start, to, M.NEGATED) or any(t, start, to, EXCEPT)
  if verb and verb > b and any(t, verb + 1, math.min(to, verb + 4), POINTING) and not any(t, we, to, M.NEGATED) then return true end
  if refused then return false end
  if verb and (not clause.question or verb < a) and (not topic.fits or topic.fits(t, verb, a, b)) then return true end
  if clause.question then return false end
  for i = b + 1, math.min(to, b + 4) do
    local word = t.word[i]
    local is = word == "is" or word == "are" or word == "be" or word == "est"
    if topic.works and word == "works" or is and any(t, i + 1, math.min(to, i + 3), FINE) then return true end
  end
  return M.SURE[t.word[from]] and a - from <= (topic.near or 6) and to - b <= (topic.near or 6)
end

-- Does a clause after one that named the topic say yes to it: "Absolutely.", "Sure, we can take that.", "we'll make an exception"?
local function follows(t, clause, topic)
  local from, to = clause.from, clause.to
  if M.SURE[t.word[from]] and to - from <= 1 and not clause.question then return true end
  local verb = M.promised(t, from, to, topic.verbs)
  local at = verb and any(t, verb + 1, math.min(to, verb + 4), POINTING)
  if at and t.word[at + 1] ~= "from" and (t.word[at] ~= "area" or t.word[at - 1] == "that") then return true end
  local made = any(t, from, to, { exception = true })
  return made and not any(t, from, to, M.NEGATED) and any(t, from, made, M.WE)
end

-- The clause that promises the topic, as text for people; or nil. topic: {at= the last token of the topic that begins at token i, or nil;
-- verbs=, excused= are these words no promise?, fits=, near=, works=, asks= only a short question opens what follows}.
function M.find(t, topic)
  local open -- the number of the sentence that named the topic last
  for _, clause in ipairs(tokens.clauses(t)) do
    local named, verb, we, excused = 0, nil, nil, nil
    for i = clause.from, clause.to do
      local last = named < MENTIONS and not excused and topic.at(t, i)
      if last and named == 0 then
        excused = topic.excused and topic.excused(t, clause)
        verb, we = M.promised(t, clause.from, clause.to, topic.verbs)
      end
      if last and not excused then
        named = named + 1
        if grants(t, clause, i, last, topic, verb, we) then return tokens.text(t, clause.from, clause.to) end
      end
    end
    local near = named == 0 and open and clause.sentence - open <= 1 and not (topic.excused and topic.excused(t, clause))
    if near and follows(t, clause, topic) then return tokens.text(t, clause.from, clause.to) end
    if named > 0 and (not topic.asks or clause.question and clause.to - clause.from <= 4) then open = clause.sentence end
  end
end

return M
