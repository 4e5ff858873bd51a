-- Which language a customer writes, of those that the owner uses: by its script and by its words. The model decides for itself.
local address = require "language.address"
local phrases = require "language.phrases"
local text = require "language.text"
local words = require "host.words"

local M = {}

local MOST_CHARACTERS = 1000 -- that are looked at in one message
local MOST_TEXTS = 10
local SHORT, STRONG_BYTES = 4, 4 -- in so few words one word of that length is enough
local MOST_SAID = 12 -- words of a message that is one phrase

-- The first and last character of each script that a file may name.
M.SCRIPTS = {
  Arabic = { 0x0600, 0x06FF }, Armenian = { 0x0530, 0x058F }, Bengali = { 0x0980, 0x09FF }, Cyrillic = { 0x0400, 0x04FF },
  Devanagari = { 0x0900, 0x097F }, Ethiopic = { 0x1200, 0x137F }, Georgian = { 0x10A0, 0x10FF }, Greek = { 0x0370, 0x03FF },
  Gujarati = { 0x0A80, 0x0AFF }, Gurmukhi = { 0x0A00, 0x0A7F }, Han = { 0x4E00, 0x9FFF }, Hangul = { 0xAC00, 0xD7AF },
  Hebrew = { 0x0590, 0x05FF }, Kana = { 0x3040, 0x30FF }, Kannada = { 0x0C80, 0x0CFF }, Khmer = { 0x1780, 0x17FF },
  Malayalam = { 0x0D00, 0x0D7F }, Sinhala = { 0x0D80, 0x0DFF }, Tamil = { 0x0B80, 0x0BFF }, Telugu = { 0x0C00, 0x0C7F },
  Thai = { 0x0E00, 0x0E7F }, Tibetan = { 0x0F00, 0x0FFF },
}

-- All codes of two letters, and a few of three.
M.CODES = text.set [[aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es
  et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko
  kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps
  pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi
  vo wa wo xh yi yo za zh zu fil hmn yue]]

-- A street's name is in the language of the town, not of the customer.
local STREET = text.set "rue avenue boulevard boul chemin place calle avenida rua via"
local OF_STREETS = 63 -- the place of their bit
local PARTICLE = text.set "de du des d la le les l el los las del do da dos das"

-- STOP and START are the same words in many languages (each confirmation names START), so that they show none. These work whatever the
-- files hold.
local ALWAYS = { stop = { stop = false, stopall = false, unsubscribe = "en", arret = "fr" }, start = { start = false } }

-- The words that can be a whole message and so show its language.
local ANSWERS = { "polite", "person", "yes", "no", "not_sure", "call_me", "thanks" }

---@class language.Spoken
---@field order string[] the codes in use; the first is for customers whose language is not known
---@field used table<string, boolean>
---@field places table<string, integer> of each code in `order`
---@field by_word table<string, string[]> the codes of the languages that a word shows
---@field showing host.words.Map these words with a bit for each language by its place in `order`, and the words of streets
---@field scripts {code: string, from: integer, to: integer}[]
---@field said table phrases that are a whole message → code
---@field stop table
---@field start table
---@field polite table
---@field opting host.words.Map all words of stop, start and polite
---@field person table
---@field person_marks host.words.Map words of which a text has one when it names a person

local function bits_of(by_word, places)
  local bits = {}
  for word, codes in pairs(by_word) do
    for _, code in ipairs(codes) do bits[word] = (bits[word] or 0) | 1 << places[code] - 1 end
  end
  for word in pairs(STREET) do bits[word] = 1 << OF_STREETS - 1 end
  return bits
end

local function compiled(list, order, used)
  local ready = { by_word = {}, places = {}, scripts = {}, said = {}, stop = {}, start = {}, polite = {}, person = {} }
  for place, code in ipairs(order) do ready.places[code] = place end
  for kind, always in pairs(ALWAYS) do
    for word, code in pairs(always) do phrases.add(ready[kind], word, code) end
  end
  for _, language in ipairs(list) do
    local code, own = language.code, language.words or {}
    for _, kind in ipairs { "stop", "start", "polite", "person" } do
      for _, phrase in ipairs(own[kind] or {}) do
        if not ALWAYS[kind] or ALWAYS[kind][text.words(phrase)] == nil then phrases.add(ready[kind], phrase, code) end
      end
    end
    if used[code] then
      for _, word in ipairs(language.recognised_by or {}) do
        word = text.fold(word)
        local codes = ready.by_word[word] or {}
        ready.by_word[word] = codes
        if codes[#codes] ~= code then codes[#codes + 1] = code end
      end
      for _, kind in ipairs(ANSWERS) do
        for _, phrase in ipairs(own[kind] or {}) do phrases.add(ready.said, phrase, code) end
      end
      local script = M.SCRIPTS[language.script]
      if script then ready.scripts[#ready.scripts + 1] = { code = code, from = script[1], to = script[2] } end
    end
  end
  ready.showing = words.map(bits_of(ready.by_word, ready.places), "letters")
  ready.opting = text.word_map(phrases.words_of(ready.stop, ready.start, ready.polite))
  ready.person_marks = text.word_map(phrases.marks_of(ready.person))
  return ready
end

-- The owner's languages, made ready with the first message of a generation.
---@param list {code: string, recognised_by?: string[], script?: string, words?: table<string, string[]>}[]
---@param order? string[] the codes in use; default: all of the list
---@return language.Spoken
function M.prepare(list, order)
  local codes, used = order or {}, {}
  for i, language in ipairs(order and {} or list) do codes[i] = language.code end
  for _, code in ipairs(codes) do used[code] = true end
  return text.lazy({ order = codes, used = used }, function() return compiled(list, codes, used) end)
end

-- s: valid UTF-8.
local function by_script(scripts, s)
  if #scripts == 0 then return nil end
  for character in s:gmatch("[\205-\244][\128-\191]+") do
    local code_point = utf8.codepoint(character)
    for _, script in ipairs(scripts) do
      if code_point >= script.from and code_point <= script.to then return script.code end
    end
  end
end

-- "l'escalier" → "escalier"
local function after_apostrophe(word)
  local at = word:find("'", 1, true)
  return at and word:sub(at + 1)
end

-- The same for a few words, and where what stands before a word matters: streets, "l'escalier".
local function count_each(ready, s)
  local hits, seen, strong, skip, by_word = {}, {}, {}, 0, ready.by_word
  local list, joined = words.list(s, "letters"), s:find("'", 1, true)
  for i = 1, #list do
    local word = list[i]
    if STREET[word] then
      skip = 2
    elseif skip > 0 then
      skip = PARTICLE[word] and skip or skip - 1
    elseif not seen[word] then
      local codes = by_word[word] or joined and by_word[after_apostrophe(word)]
      for k = 1, codes and #codes or 0 do
        local place = ready.places[codes[k]]
        seen[word], hits[place] = true, (hits[place] or 0) + 1
        if #word >= STRONG_BYTES then strong[place] = true end
      end
    end
  end
  return hits, #list, strong
end

-- How many different words show each language by its place in `order`, how many words there are, and of a few words whether a long one
-- is among them.
local function count(ready, s)
  local a, b = address.find(s)
  if a then s = s:sub(1, a - 1) .. " " .. s:sub(b + 1) end
  if utf8.len(s) ~= #s then s = text.fold(s) end -- host.words takes capitals for small letters
  local counts, total = words.count(s, ready.showing)
  if total <= SHORT or counts[OF_STREETS] or s:find("'", 1, true) then return count_each(ready, s) end
  return counts, total
end

-- The place of the language that most words show; nil when two have as many.
local function most(hits)
  local best, tied
  for place, n in next, hits do
    if not best or n > hits[best] then
      best, tied = place, false
    elseif n == hits[best] then
      tied = true
    end
  end
  return not tied and best or nil
end

-- The language that a message clearly shows, or nil. known: the customer's language until now; it takes more to leave it.
---@param ready language.Spoken
---@param message string
---@param known? string
---@return string? code
function M.clear(ready, message, known)
  if message:byte() == 91 and message:sub(1, 9) == "[location" then return nil end
  local s = #message <= MOST_CHARACTERS and message or text.clip(message, MOST_CHARACTERS)
  if utf8.len(s) ~= #s then
    s = text.valid(s)
    local code = by_script(ready.scripts, s)
    if code then return code end
  end
  local hits, total, strong = count(ready, s)
  local best, order = most(hits), ready.order
  if best and hits[best] >= 2 and hits[best] * 5 >= total
    and (known == nil or known == order[best] or hits[best] > 2 * (hits[ready.places[known] or 0] or 0)) then return order[best] end
  if known and ready.used[known] then return nil end
  if best and total <= SHORT and strong[best] and next(hits, next(hits)) == nil then return order[best] end
  if total > MOST_SAID then return nil end
  local whole, said = phrases.whole(ready.said, text.list(s), {})
  return whole and said or nil
end

-- The language of the fixed texts for a customer: what is known of them; else what their words show; else the language of the question
-- that they answer; else the owner's first.
---@param ready language.Spoken
---@param known? string
---@param texts? string[] what the customer wrote
---@param last_reply? string
---@return string code
function M.of(ready, known, texts, last_reply)
  if known and ready.used[known] then return known end
  for i = #(texts or {}), math.max(1, #(texts or {}) - MOST_TEXTS + 1), -1 do
    local code = M.clear(ready, texts[i])
    if code then return code end
  end
  return last_reply and M.clear(ready, last_reply) or ready.order[1] or "en"
end

return M
