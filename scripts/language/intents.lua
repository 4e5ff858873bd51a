-- Recognises what a customer wants by phrases: to cancel a visit, a call, a complaint … Pure.
--
-- A phrase is words in order, somewhere in a sentence:
--   cancel it|this (now)   one of the words between the bars; what is in brackets may be missing
--   cancel … {visit}       up to three other words, or none; one of the words of the list `visit`
--   to cancel.             the full stop: the sentence, or its part before a comma, ends here
--   = never mind           the message says nothing else
-- Words that say nothing (the, a, please, just, …) and apostrophes do not count, and "u", "ur", "tmrw" are read as people mean them.
-- A list `complaint_not` holds phrases: a sentence with one of them is no complaint. `change_visit_booked` counts only while a visit is
-- booked.
local common = require "language.common"
local phrases = require "language.intent_phrases"
local last_question = require "language.last_question"
local text = require "language.text"
local things = require "language.things"

local M = {}

-- What is looked for, the most urgent first.
M.KINDS = { "complaint", "cancel_visit", "change_visit", "call_me", "wrong_number", "not_interested", "bot" }
-- The lists that phrases name in braces.
M.LISTS = { "visit", "time", "ours", "broke", "property", "others" }

-- Limits per turn: more than people write when they want one of these. A step is one look whether a word fits.
local MOST_TEXTS, MOST_BYTES, MOST_WORDS, WHOLE_WORDS, MOST_STEPS, GAP = 10, 2000, 200, 14, 1500, 3
local THANKS_BYTES = 200
local SPELLINGS = { u = "you", ya = "you", ur = "your", r = "are", tmrw = "tomorrow", tmr = "tomorrow", tmw = "tomorrow",
  tmrow = "tomorrow",
  tommorow = "tomorrow", tomorow = "tomorrow", thx = "thanks", ty = "thanks", tks = "thanks", thnx = "thanks", tysm = "thanks",
  appt = "appointment", appointement = "appointment", resched = "reschedule", cancle = "cancel", cansel = "cancel", nvm = "nevermind",
  plz = "please",
  pls = "please", ppl = "people", smth = "something", sth = "something", sumthing = "something", some1 = "someone", any1 = "anyone",
  noone = "nobody", dmg = "damage", dmged = "damaged", gonna = "going", wanna = "want", wana = "want", cannot = "cant", k = "ok",
  kk = "ok",
  okay = "ok", intrested = "interested", intersted = "interested", stp = "svp" }
local EMPTY = text.set [[the a an please just really very so hi hey hello hiya actually kindly sir madam dear hun hon sweetie bro dude
  mate amigo amiga svp bonjour salut
  allo le la les l un une des du de d s t]]

-- ---- a message as words --------------------------------------------------------------------------------------------

local NOT = { can = "cant", could = "couldnt", ["do"] = "dont", does = "doesnt", did = "didnt", is = "isnt", was = "wasnt", will = "wont",
  would = "wouldnt", have = "havent", has = "hasnt" }

-- "did not" as "didnt", "no one" as "nobody", "pick up" as "pickup"; no apostrophes.
local function joined(folded)
  if folded:find("'", 1, true) then folded = folded:gsub("'", "") end
  if folded:find(" not", 1, true) then
    for word, whole in pairs(NOT) do
      if folded:find(word .. " not", 1, true) then folded = folded:gsub("%f[%a]" .. word .. " not%f[%W]", whole) end
    end
  end
  if folded:find("no one", 1, true) or folded:find("no-one", 1, true) then
    folded = folded:gsub("%f[%w]no[ -]one%f[%W]", "nobody")
  end
  if folded:find("pick", 1, true) then folded = folded:gsub("pick[ -]up%f[%W]", "pickup") end
  return folded
end

-- The sentences of a text: { words…, stop = {[i] = true: a comma or the end follows} }, and how many words they have.
local function cut(s)
  local folded = joined(text.fold(s))
  local list, sentence, count, kept = {}, nil, 0, 0
  for word, signs in folded:gmatch("([%w\128-\255]+)([^%w\128-\255]*)") do
    count = count + 1
    if count > MOST_WORDS then break end
    word = SPELLINGS[word] or word
    sentence = sentence or { stop = {} }
    if not EMPTY[word] and (word:byte() < 128 or text.words(word) ~= "") then
      sentence[#sentence + 1], kept = word, kept + 1
    end
    if signs ~= " " and #sentence > 0 and signs:find("[,.!?;:\n()]") then
      sentence.stop[#sentence] = true
      if signs:find("[.!?;\n]") then
        list[#list + 1], sentence = sentence, nil
      end
    end
  end
  if sentence and #sentence > 0 then
    sentence.stop[#sentence] = true
    list[#list + 1] = sentence
  end
  return list, kept
end

-- The same text is looked at up to three times in a turn.
local last_text, last_sentences, last_count
local function sentences_of(s)
  if s ~= last_text then
    last_sentences, last_count = cut(s)
    last_text = s
  end
  return last_sentences, last_count
end

-- "5", "5pm", "3rd", "14h30" can be a time.
local function is_clock(word)
  return word:byte() < 58 and #word <= 6 and word:find("^%d%d?%a*%d*$") ~= nil
end

-- ---- phrases -------------------------------------------------------------------------------------------------------

local CLOCK, THING = {}, {} -- keys of the phrases that can begin with a time, with a thing

-- A word of a phrase, added to what can stand at its place.
local function add_word(place, word, lists)
  local name = word:byte() == 123 and word:match("^{([%w_]+)}$")
  if name == "thing" then
    place.thing = true
  elseif name then
    place.clock = place.clock or name == "time"
    for _, inner in ipairs(lists[name] or {}) do add_word(place, text.fold(inner):gsub("'", ""), lists) end
  elseif not EMPTY[word] then
    place.words[SPELLINGS[word] or word] = true
  end
end

-- What can stand at a place of a phrase: a list of sequences of places. "a|b" is one place; "re-book" and "no_more" are two.
local function forms_of(part, lists)
  local one, forms = { words = {} }, {}
  if part:find("^%w+$") then -- most parts are one word
    return EMPTY[part] and forms or { { { words = { [SPELLINGS[part] or part] = true } } } }
  end
  for form in part:gmatch("[^|]+") do
    if form:find("[-_]") then
      forms[#forms + 1] = {}
      for word in form:gmatch("[^-_]+") do
        local place = { words = {} }
        add_word(place, word, lists)
        table.insert(forms[#forms], place)
      end
    else
      add_word(one, form, lists)
    end
  end
  if next(one.words) or one.thing or one.clock then table.insert(forms, 1, { one }) end
  return forms
end

local MOST_FORMS = 32 -- of one phrase
local DOT = ("."):byte()
local NONE = {}

-- Walks the parts of a phrase: words, brackets and "...".
local function each_part(phrase)
  local plain = phrase:find("…", 1, true) and phrase:gsub("…", " ... ") or phrase
  plain = text.fold(plain)
  if plain:find("'", 1, true) then plain = plain:gsub("'", "") end
  if plain:find("(", 1, true) or plain:find(")", 1, true) then plain = plain:gsub("[()]", " %0 ") end
  return plain:gmatch("[^%s=]+")
end

-- A phrase as its places in order, with the numbers of those before which other words can stand; once for each of its forms.
local function compile(phrase, lists, known)
  local list = { { gaps = {} } }
  local inside
  for part in each_part(phrase) do
    if part == "..." then
      for _, one in ipairs(list) do one.gaps[#one + 1] = true end
    elseif part == "(" or part == ")" then
      inside = part == "("
    else
      local forms = known[part] or forms_of(text.trim_end(part, "[.,!?]"), lists)
      known[part] = forms
      local alone = not inside and #forms == 1 and forms[1] -- most parts are needed, and have one form
      for i = 1, alone and #list or 0 do table.move(alone, 1, #alone, #list[i] + 1, list[i]) end
      local longer = alone and NONE or inside and { table.unpack(list) } or {}
      for _, one in ipairs(not alone and #forms > 0 and list or NONE) do
        for _, form in ipairs(forms) do
          local copy = { gaps = { table.unpack(one.gaps, 1, #one + 1) }, table.unpack(one) }
          table.move(form, 1, #form, #copy + 1, copy)
          if #longer < MOST_FORMS then longer[#longer + 1] = copy end
        end
      end
      if #longer > 0 then list = longer end
    end
  end
  local whole, ends = phrase:find("^%s*=") ~= nil, #phrase > 1 and phrase:byte(-1) == DOT and phrase:byte(-2) ~= DOT
  for _, one in ipairs(list) do one.whole, one.ends = whole, ends end
  return list
end

-- How often people write a word, roughly: the words of phrases that stand in many other messages too.
local OFTEN, FREQUENT, RARE = 600, 12, 1
local SMALL = text.set [[
  i you we it is are was to my our your me us of for on in at with this that and or not no do did dont have be can cant will would
  if how what who need want get there here up out take taken away one all any just when going come coming ok thanks thank yes good
  like time je vous nous il elle on est suis pas plus pour avec que qui ce ca cest mon ma mes votre vos un una el los las en por
  para con mi su um uma o os as da]]

local FREQUENCY = setmetatable({}, { __index = function(known, word)
  known[word] = SMALL[word] and OFTEN or (common.WORDS[word] or things.is(word)) and FREQUENT or RARE
  return known[word]
end })

-- The place of a phrase whose words are the rarest together: only where one of them is, the phrase is looked for. And how many words
-- before it the phrase can begin.
local function set_key(phrase)
  local least, gaps = math.huge, 0
  for p, place in ipairs(phrase) do
    gaps = gaps + (phrase.gaps[p] and GAP or 0)
    if not place.often then
      place.often = (place.clock or place.thing) and 10000 or 0
      for word in pairs(place.words) do place.often = place.often + FREQUENCY[word] end
    end
    if place.often < least then least, phrase.key, phrase.latest, phrase.earliest = place.often, p, p - 1, p - 1 + gaps end
  end
end

-- What an apostrophe, a blank or a short spelling can hide: words of a message that stand for this word of a phrase.
local WRITTEN = { nobody = { "one", "noone" }, pickup = { "pick" } }
for from, to in pairs(SPELLINGS) do
  WRITTEN[to] = WRITTEN[to] or {}
  table.insert(WRITTEN[to], from)
end
for from, to in pairs(NOT) do
  WRITTEN[to] = WRITTEN[to] or {}
  table.insert(WRITTEN[to], from)
end

local function mark(set, word)
  set[word] = true
  for _, other in ipairs(WRITTEN[word] or NONE) do set[other] = true end
end

local function insert(index, key, phrase)
  local list = index[key] or {}
  index[key], list[#list + 1] = list, phrase
end

-- Adds the phrases of a list: one that is a whole message to those that begin with the same word, another to those with the same rare
-- word.
local function add_list(ready, lists, list, kind, role, known)
  local index = role == "not_meant" and ready.not_meant or ready.said
  for _, phrase in ipairs(list or {}) do
    for _, compiled in ipairs(compile(phrase, lists, known)) do
      compiled.kind, compiled.role = kind, role
      local whole = compiled.whole or kind == "thanks" -- thanks beside a wish say nothing
      if #compiled > 0 and whole and role ~= "not_meant" then
        for word in pairs(compiled[1].words) do insert(ready.whole[kind], word, compiled) end
        for _, place in ipairs(compiled) do
          for word in pairs(place.words) do mark(ready.in_whole, word) end
          ready.in_whole[CLOCK] = ready.in_whole[CLOCK] or place.clock
          ready.in_whole[THING] = ready.in_whole[THING] or place.thing
        end
      elseif #compiled > 0 and not whole then
        set_key(compiled)
        local place = compiled[compiled.key]
        for word in pairs(place.words) do
          insert(index, word, compiled)
          if role ~= "not_meant" then mark(ready.marks, word) end
        end
        if place.clock then insert(index, CLOCK, compiled) end
        if place.thing then insert(index, THING, compiled) end
        if role ~= "not_meant" then
          ready.marks[CLOCK], ready.marks[THING] = ready.marks[CLOCK] or place.clock, ready.marks[THING] or place.thing
        end
      end
    end
  end
end

---@class language.intents.Ready

local ANY_LIST = setmetatable({}, { __index = function() return { "x" } end })

---What is wrong with an owner's phrase, or nil.
---@param phrase string
---@return string?
function M.problem(phrase)
  local first = not phrase:find("[(){}]") and phrase:match("^(%l+)%f[%s|\0]")
  if first and not EMPTY[first] then return nil end -- most phrases
  local _, opened = phrase:gsub("%(", "")
  local _, closed = phrase:gsub("%)", "")
  if opened ~= closed then return "has a bracket without its other one." end
  for name in phrase:gmatch("{([%w_]+)}") do
    if name ~= "thing" and not phrases.en[name] then return ("names the list {%s}, which there is not."):format(name) end
  end
  local inside, needed
  for part in each_part(phrase) do
    if part == "(" or part == ")" then
      inside = part == "("
    elseif part ~= "..." and not inside then
      needed = needed or #forms_of(text.trim_end(part, "[.,!?]"), ANY_LIST) > 0
    end
  end
  return not needed and "must hold a word that says something and is not in brackets." or nil
end

local ROLES = { [""] = "said", _not = "not_meant", _booked = "booked" }

local function compiled(languages)
  local ready = { said = {}, not_meant = {}, whole = { thanks = {} }, marks = {}, in_whole = {} }
  for _, kind in ipairs(M.KINDS) do ready.whole[kind] = {} end
  for _, language in ipairs(languages) do
    local own, built_in, known = language.words or {}, phrases[language.code] or {}, {}
    local lists = setmetatable({}, { __index = function(_, name) return own[name] or built_in[name] end })
    for _, kind in ipairs { "thanks", table.unpack(M.KINDS) } do
      for ending, role in pairs(ROLES) do
        add_list(ready, lists, built_in[kind .. ending], kind, role, known)
        add_list(ready, lists, own[kind .. ending], kind, role, known)
      end
    end
  end
  ready.held, ready.all = text.word_map(ready.marks), text.word_map(text.union(ready.in_whole, EMPTY))
  return ready
end

---Phrases, made ready with the first message of a generation: that takes longer than all else of a reload.
---@param languages table[] { code=, words={<list>={phrases}} }: they are added to the built-in ones
---@return language.intents.Ready
function M.ready(languages)
  return text.lazy({}, function() return compiled(languages) end)
end

-- ---- recognised ----------------------------------------------------------------------------------------------------

local function fits(place, word)
  return place.words[word] or place.clock and is_clock(word) or place.thing and things.is(word)
end

-- The word that ends the phrase whose place p is at word i, or nil. It stays within its part of the sentence, unless it says what is
-- not meant.
local function matched(phrase, p, sentence, i, work)
  work.steps = work.steps + 1
  if work.steps > MOST_STEPS or not fits(phrase[p], sentence[i]) then return nil end
  if p == #phrase then return (not phrase.ends or sentence.stop[i]) and i or nil end
  for j = i + 1, math.min(#sentence, i + 1 + (phrase.gaps[p + 1] and GAP or 0)) do
    if sentence.stop[j - 1] and phrase.role ~= "not_meant" then return nil end
    local last = matched(phrase, p + 1, sentence, j, work)
    if last then return last end
  end
  return nil
end

-- Notes the kinds of the phrases of a list that stand around word i.
local function add_around(list, sentence, i, found, work)
  for n = 1, #list do
    local phrase = list[n]
    if not found[phrase.kind] and (phrase.role ~= "booked" or work.booked) then
      for start = math.max(1, i - phrase.earliest), i - phrase.latest do
        if matched(phrase, 1, sentence, start, work) then
          found[phrase.kind] = true
          break
        end
      end
    end
  end
end

-- The kinds of which a phrase is in the sentence.
local function found_in(index, sentence, work)
  local found, by_clock, by_thing = {}, index[CLOCK], index[THING]
  for i = 1, #sentence do
    local word = sentence[i]
    if index[word] then add_around(index[word], sentence, i, found, work) end
    if by_clock and is_clock(word) then add_around(by_clock, sentence, i, found, work) end
    if by_thing and things.is(word) then add_around(by_thing, sentence, i, found, work) end
  end
  return found
end

-- The last word of the longest phrase of a kind that begins at a word and is a whole message, or part of one.
local function longest(phrases_of, sentence, at, last, work)
  for _, phrase in ipairs(phrases_of[sentence[at]] or {}) do
    if phrase.role ~= "booked" or work.booked then
      local stop = matched(phrase, 1, sentence, at, work)
      if stop and (not last or stop > last) then last = stop end
    end
  end
  return last
end

-- Does the sentence consist of whole phrases of this kind, and of thanks? Returns also whether it holds more than thanks.
local function consists_of(ready, sentence, kind, work)
  local at, more = 1, kind == "thanks"
  while at <= #sentence do
    local thanks = longest(ready.whole.thanks, sentence, at, nil, work)
    local last = kind == "thanks" and thanks or longest(ready.whole[kind], sentence, at, thanks, work)
    if not last then return false end
    at, more = last + 1, more or last ~= thanks
  end
  return true, more
end

-- Does the message say nothing else than this kind?
local NO = text.set "no nope nah non not dont pas"
local OWN = text.set "i we je on"

local function is_whole(ready, sentences, kind, work)
  local any = false
  for _, sentence in ipairs(sentences) do
    local all, more = consists_of(ready, sentence, kind, work)
    if not all then return false end
    any = any or more
  end
  return any and not (work.yes_no and (NO[sentences[1][1]] or OWN[sentences[1][1]] and NO[sentences[1][2]]))
end

-- Is there an apostrophe in it? Then two of its words can be one word of a phrase.
local function joins(s)
  return utf8.len(s) ~= #s or s:find("'", 1, true) ~= nil
end

-- Can a phrase be in the message? Most messages hold none of the rare words.
local function may_hold(ready, s)
  if text.has_word(s, ready.held) then return true end
  local marks, twos = ready.marks, joins(s)
  local clock, thing = marks[CLOCK], marks[THING]
  if not (clock or thing or twos) then return false end
  local list = text.list(s)
  for i = 1, #list do
    local word = list[i]
    if clock and is_clock(word) or thing and things.is(word) or twos and i > 1 and marks[list[i - 1] .. word] then return true end
  end
  return false
end

-- Can the message consist of whole phrases? Each of its words must be in one.
local function are_of_phrases(ready, s)
  local all, other = text.only_words(s, ready.all)
  if all or joins(s) then return true end
  local words = ready.in_whole
  local clock, thing = words[CLOCK], words[THING]
  if not (clock and is_clock(other) or thing and things.is(other)) then return false end
  local list = text.list(s)
  for i = 1, #list do
    local word = list[i]
    if not (words[word] or EMPTY[word] or clock and is_clock(word) or thing and things.is(word)) then return false end
  end
  return true
end

-- The same. A turn asks twice: for what is wanted, and for thanks.
local last_whole = {}
local function may_be_whole(ready, s)
  if last_whole.s ~= s or last_whole.ready ~= ready then
    last_whole.s, last_whole.ready, last_whole.may = s, ready, are_of_phrases(ready, s)
  end
  return last_whole.may
end

-- The most urgent kind of a message, as its place in KINDS, or nil.
local function kind_of(ready, s, work)
  local holds, whole = may_hold(ready, s), may_be_whole(ready, s)
  if not holds and not whole then return nil end
  local sentences, count = sentences_of(s)
  local by_kind = {}
  for _, sentence in ipairs(holds and sentences or {}) do
    local found = found_in(ready.said, sentence, work)
    local not_meant = next(found) and found_in(ready.not_meant, sentence, work)
    for kind in pairs(found) do by_kind[kind] = by_kind[kind] or not not_meant[kind] end
  end
  whole = whole and count > 0 and count <= WHOLE_WORDS
  for place, kind in ipairs(M.KINDS) do
    if by_kind[kind] or whole and is_whole(ready, sentences, kind, work) then return place end
  end
  return nil
end

local TAKEN_BACK = text.set "nevermind nvm"
for _, phrase in ipairs { "never mind", "oh never mind", "oh nvm", "nvm thanks", "never mind thanks", "forget it", "forget that",
  "forget about it" } do
  TAKEN_BACK[phrase] = true
end

-- "Never mind" while a visit is booked takes back what was said last, not the visit.
local function takes_back(message)
  return #message < 40 and TAKEN_BACK[text.words(message)] == true
end

---What the customer wants, or nil. A wish to end a booked visit in other words is one to cancel it.
---@param ready language.intents.Ready
---@param texts string[]
---@param context {booked?: boolean, yes_no?: boolean} yes_no: the open question wants yes or no
---@return {kind: string, text: string}?
---@return boolean? taken_back "never mind": what was said last does not count any more
function M.find(ready, texts, context)
  local best, whose, taken_back
  local work = { steps = 0, booked = context.booked, yes_no = context.yes_no }
  for i = math.max(1, #texts - MOST_TEXTS + 1), #texts do
    local place = kind_of(ready, text.clip(texts[i], MOST_BYTES), work)
    if place and context.booked and M.KINDS[place] == "not_interested" and takes_back(texts[i]) then place, taken_back = nil, true end
    if place and (not best or place < best) then best, whose = place, texts[i] end
  end
  local kind = M.KINDS[best]
  return kind and { kind = context.booked and kind == "not_interested" and "cancel_visit" or kind, text = whose } or nil, taken_back
end

---Do the texts say only thanks, ok, bye, 👍?
---@param ready language.intents.Ready
---@param texts string[]
---@return boolean
function M.thanks(ready, texts)
  local work = { steps = 0 }
  for _, message in ipairs(texts) do
    if #message > THANKS_BYTES or not may_be_whole(ready, message) then return false end
    local sentences, count = sentences_of(message)
    if count > WHOLE_WORDS or count == 0 and (message:find("[%w?]") or not message:find("[\226\240]")) then return false end
    for _, sentence in ipairs(sentences) do
      if not consists_of(ready, sentence, "thanks", work) then return false end
    end
  end
  return #texts > 0
end

-- What a model's reply must not say after such a wish, as words. It can tell staff, and promise no more than that.
local AGAINST = {
  cancel_visit = { "see you", "looking forward", "look forward", "is cancelled", "is canceled", "been cancelled", "been canceled",
    "ve cancelled",
    "ve canceled", "have cancelled", "have canceled", "i cancelled", "i canceled", "still on", "a bientot", "est annule",
    "est annulee", "ete annule", "ete annulee",
    "ai annule" },
  change_visit = { "see you", "looking forward", "look forward", "is moved", "is rescheduled", "been moved", "been rescheduled",
    "been changed", "ve moved",
    "ve rescheduled", "ve changed", "have moved", "have rescheduled", "now on", "you re booked", "a bientot", "ete deplace",
    "ete deplacee", "ai deplace",
    "ai reporte", "ete reporte", "ete reportee" },
  complaint = { "see you", "glad to hear", "great to hear", "happy to hear" },
  call_me = { "can t call", "cannot call", "unable to call", "don t call" },
  not_interested = { "see you", "pickup address", "look forward", "looking forward" },
  wrong_number = { "see you", "pickup address" },
  bot = { "not a bot", "not a robot", "not an ai", "not a machine", "not automated", "not a computer", "no bot", "i m human",
    "i am human", "i m a human", "i am a human",
    "i m a real", "i am a real", "i m a person", "i am a person", "pas un robot", "pas un bot", "suis humain", "suis un humain",
    "suis une personne",
    "suis une vraie", "suis un vrai" },
}
local ENDING = { not_interested = true, wrong_number = true } -- nothing more is asked
-- Staff act on these, and nothing is asked for the quote.
local STAFF_ACT = { complaint = true, call_me = true, cancel_visit = true, change_visit = true }
local OF_QUOTE = text.set [[
  address elevator elevators lift stairs staircase steps floor items inventory adresse ascenseur escalier escaliers etage articles direccion
  ascensor escaleras articulos endereco elevador escadas itens]]
local ASSISTANT = { "assist", "asist", "automat", "bot", "virtual", "virtuel" }

---What stands before the question of a reply that goes on to ask for the quote after a wish on which staff act; nil: it does not.
---@param kind string
---@param reply string
---@return string? rest
function M.before_question(kind, reply)
  local question = STAFF_ACT[kind] and last_question.of(reply)
  if not question or not text.word_in(text.fold(question), OF_QUOTE) then return nil end
  return text.trim(reply:sub(1, (reply:find(question, 1, true) or 1) - 1))
end

---Does a model's reply say something else than what follows from this wish?
---@param kind string
---@param reply string
---@return boolean
function M.contradicts(kind, reply)
  local plain = " " .. text.words(text.clip(reply, MOST_BYTES)) .. " "
  for _, phrase in ipairs(AGAINST[kind] or {}) do
    if plain:find(" " .. phrase .. " ", 1, true) then return true end
  end
  if ENDING[kind] and reply:find("?", 1, true) then return true end
  return kind == "bot" and not (text.found_in(plain, ASSISTANT) or plain:find(" ai ", 1, true) or plain:find(" ia ", 1, true))
end

return M
