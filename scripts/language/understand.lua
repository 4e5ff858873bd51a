-- Reads facts from a customer's words without a model: an address, an elevator, stairs, a list of things, a question.
-- It takes only what is said plainly, because to ask once more is better than to store something wrong.
local address = require "language.address"
local text = require "language.text"
local things = require "language.things"

local M = {}

M.NOT_SURE = "customer is not sure"

local set = text.set

-- ---- which kind of answer a field wants ----------------------------------------------------------------------------

function M.kind_of(field)
  local name = field:lower()
  if name:find("address") or name == "location" or name == "pickup_location" then
    return "address"
  elseif name:find("elevator") or name:find("lift") then
    return "elevator"
  elseif name:find("stair") or name:find("steps") then
    return "stairs"
  elseif name:find("inventory") or name:find("item") or name == "junk" or name:find("furniture") then
    return "inventory"
  end
  return "other"
end

-- ---- words ---------------------------------------------------------------------------------------------------------

local COUNTED = set [[a an the my our some two three four five six seven eight nine ten several few couple old one these this
  un une des mes deux trois quatre cinq mon ma]]
local NO = set "no not none nope without isn't aren't don't doesn't ain't never neither non pas aucun aucune sans zero"
local STAIR_WORD = set "stair stairs staircase stairway stairwell flight flights steps walkup escalier escaliers marches marche"
local FLOOR_WORD = set "floor floors storey storeys story stories basement level bungalow etage etages sous-sol rez"
local LOW_FLOOR = set "ground main first basement street driveway curb garage rez bungalow"
local ELEVATOR_WORD = set "elevator elevators elevater elavator lift ascenseur ascenseurs"

local UNSURE = { "i don't know", "i dont know", "don't know", "dont know", "not sure", "no idea", "idk", "unsure", "i'm not sure",
  "not certain", "i can't say", "no clue", "dunno", "je ne sais pas", "je sais pas", "aucune idee", "pas sur", "pas certain" }
local CHAT = set [[hi hello hey hiya yo good morning afternoon evening there bonjour salut bonsoir allo ok okay okey k thanks thank you thx
  merci cool great perfect awesome nice sure alright fine yes no ya yeah yep nope oui non please how are doing help need assistance
  quote question info information a i for your my of the team lol haha hmm hm um uh oh test so much very]]
local GREETING = set "hi hello hey hiya yo morning afternoon evening bonjour salut bonsoir allo"

local QUESTION_START = set [[what what's whats when when's where where's who who's why how how's which whose do does did can could will
  would is are am should quand combien comment pourquoi qui quel quelle quels quelles est-ce estce]]
local INVERTED = set "do does did can could will would is are am should"
local ASKED_OF = set "you u i we it they he she the this that there your someone anyone somebody anybody ya my"
local REQUEST = { "can you take", "can you remove", "can you pick", "can you haul", "can you get rid", "can you come", "could you take",
  "could you remove", "could you pick", "could you come", "could you haul", "would you take", "would you remove", "can i get",
  "can i have", "will you take", "pouvez-vous", "pouvez vous" }


local function has(plain, words)
  return text.word_in(plain, words, "[%w\128-\255][%w'\128-\255-]*")
end

-- ---- sentences and their pieces ------------------------------------------------------------------------------------

-- Limits per message: more than people write. A repeated sentence counts once.
local MOST_PARTS, MOST_SENTENCES, SENTENCE_BYTES = 150, 60, 500
local SHORTENED = set "st dt sr dr mt mr sts drs mrs ave"

-- Is the point inside a number, or after an abbreviation? Then it does not end the sentence.
local function continues(s, point)
  if s:find("^%d", point - 1) and s:find("^%d", point + 1) then
    return true
  end
  if not s:find("^%s", point + 1) then
    return false
  end
  local before = s:sub(math.max(1, point - 4), point - 1):lower()
  return SHORTENED[before:match("^.*%A(%a+)$") or before] == true
end

-- The first and last byte of the signs that end the sentence which begins at `at`.
local function sentence_end(s, at)
  local from, to = s:find("[.!?\n;]+", at)
  while from and from == to and s:byte(from) == 46 and continues(s, from) do
    from, to = s:find("[.!?\n;]+", to + 1)
  end
  return from, to
end

local function sentences(s)
  local list, seen, at, parts = {}, {}, 1, 0
  while at <= #s and #list < MOST_SENTENCES and parts < MOST_PARTS do
    local from, to = sentence_end(s, at)
    parts = parts + 1
    local part = s:sub(at, (from or #s + 1) - 1)
    if not seen[part] then
      seen[part] = true
      local clear = text.trim(text.clip(part, SENTENCE_BYTES))
      if clear ~= "" then
        list[#list + 1] = { text = clear, question = from ~= nil and s:sub(from, to):find("?", 1, true) ~= nil }
      end
    end
    at = (to or #s) + 1
  end
  return list
end

local SEPARATORS = { ",", "+", "&", "/", " and ", " but ", " with ", " et ", " mais ", " avec ", " plus ", " – ", " - " }

local MOST_PIECES = 30 -- per sentence; the last piece holds the rest

-- A sentence cut at commas, "and", "but", "with": the first and last byte of each piece.
local function pieces(sentence)
  local list, from = {}, 1
  local plain = sentence:lower()
  local at, ahead = 1, {}
  for _ = 1, MOST_PIECES do
    local a, b
    for _, word in ipairs(SEPARATORS) do
      if ahead[word] == nil or ahead[word] and ahead[word] < at then
        ahead[word] = plain:find(word, at, true) or false
      end
      local c = ahead[word]
      if c and (not a or c < a) then
        a, b = c, c + #word - 1
      end
    end
    if not a then
      break
    end
    if a > from then
      list[#list + 1] = { from = from, to = a - 1 }
    end
    from, at = b + 1, b + 1
  end
  if from <= #sentence then
    list[#list + 1] = { from = from, to = #sentence }
  end
  return list
end

-- What a piece is about: "no elevator", "2 flights of stairs", "ground floor", "a couch". It can be about stairs and elevator.
local function about(plain, asked)
  local elevator = has(plain, ELEVATOR_WORD)
  local stairs = has(plain, STAIR_WORD) or plain:find("walk%-up") or plain:find("walk up")
  if not stairs and not elevator and has(plain, FLOOR_WORD) then
    stairs = has(plain, LOW_FLOOR) or asked == "stairs" or plain:find("rez%-de")
  end
  if elevator or stairs then
    return elevator and "elevator" or "stairs", elevator and stairs and "stairs" or nil
  end
  if things.find(plain) and not (plain:find("floor") and not plain:find("%d")) then
    return "inventory"
  end
  return nil
end

local LEADS = { "^hi[,! ]+", "^hello[,! ]+", "^hey[,! ]+", "^bonjour[,! ]+", "^yes[,! ]+", "^so[,! ]+", "^ok[,! ]+", "^also[,! ]+",
  "^and ", "^just ",
  "^can you ", "^could you ", "^would you ", "^will you ", "^please ", "^how much (.*)for ", "^how much to ", "^how much ",
  "^i need to get rid of ", "^i want to get rid of ", "^i need you to ", "^i would like to ", "^i'd like to ", "^i need ", "^i want ",
  "^i have ", "^i've got ", "^ive got ", "^i got ", "^we need ", "^we want ", "^we have ", "^we've got ", "^there is ", "^there's ",
  "^theres ", "^there are ", "^it's ", "^its ", "^it is ", "^looking to ", "^need ", "^have ", "^get rid of ", "^take away ", "^take ",
  "^remove ", "^removal of ", "^pick up ", "^pickup ", "^haul away ", "^haul ", "^dispose of ", "^to ", "^only ",
  "^j'ai ", "^nous avons ", "^il y a ", "^je veux ", "^j'ai besoin de ", "^enlever " }
local TAILS = { " to be removed", " to be picked up", " to be taken away", " removed", " picked up", " hauled away", " taken away",
  " gone", " to remove", " to get rid of", " please", " pls", " svp", " thanks", " thank you",
  " away", " out of here", " at", " from", " in" }

-- Without the signs around it.
local function bared(value)
  return text.trim_end(value:gsub("^[%s,.;:!-]+", ""), "[%s,.;:!]")
end

local function stripped(value)
  value = bared(value)
  for _ = 1, 4 do
    local before, lower = value, value:lower()
    for _, lead in ipairs(LEADS) do
      local _, last = lower:find(lead)
      if last and last < #value then
        value, lower = value:sub(last + 1), lower:sub(last + 1)
      end
    end
    for _, tail in ipairs(TAILS) do
      if #lower > #tail and lower:sub(-#tail) == tail then
        value, lower = value:sub(1, -#tail - 1), lower:sub(1, -#tail - 1)
      end
    end
    value = text.trim(value)
    if value == before then
      break
    end
  end
  return value
end

local function add(found, kind, value)
  value = text.trim(value)
  if value ~= "" then
    found[kind] = found[kind] and found[kind] .. ", " .. value or value
  end
end

-- Adds the facts of one sentence that is not a question, by kind. True when it found one.
local function read_sentence(s, asked, found)
  local a, b = address.find(s)
  local taken = false
  if a then
    add(found, "address", s:sub(a, b))
    s = s:sub(1, a - 1) .. " , " .. s:sub(b + 1)
    taken = true
  end
  local run -- a list of things continues after a comma
  local parts = pieces(s)
  for _, piece in ipairs(parts) do
    local raw = s:sub(piece.from, piece.to)
    local plain = text.fold(raw)
    local kind, second = about(plain, asked)
    if not kind and run and (plain:find("^%s*%d+ %a") or COUNTED[plain:match("^%s*(%a+) ") or ""]) then
      kind = "inventory"
    end
    if kind == "inventory" then
      run = run and { from = run.from, to = piece.to } or { from = piece.from, to = piece.to }
    else
      if run then
        add(found, "inventory", stripped(s:sub(run.from, run.to)))
        run = nil
      end
      if kind then
        local value = bared(raw)
        add(found, kind, value)
        if second then
          add(found, second, value)
        end
      end
    end
    taken = taken or kind ~= nil
  end
  if run then
    add(found, "inventory", stripped(s:sub(run.from, run.to)))
  end
  return taken
end

local function starts_as_question(plain)
  local first = plain:match("^[%a'-]+")
  if not first or not QUESTION_START[first] then
    return false
  end
  if INVERTED[first] then -- "do not have one", "would like a pickup" are questions only with a subject
    return ASKED_OF[plain:match("^[%a'-]+%s+([%a']+)") or ""] == true
  end
  return true
end

local function is_request(plain) return text.found_in(plain, REQUEST) ~= nil end

-- Adds the things that a question names as the customer's own: "How much for a couch?" is about a couch.
local function read_question(s, plain, found)
  local a, b = address.find(s)
  if a then
    add(found, "address", s:sub(a, b))
    s = s:sub(1, a - 1) .. " " .. s:sub(b + 1)
    plain = text.fold(s)
  end
  local own = is_request(plain) or plain:find("^how much") or plain:find("^combien")
  if not own or not things.find(plain) or not (has(plain, COUNTED) or plain:find("%d")) then
    return a ~= nil
  end
  local inner = {}
  read_sentence(s, nil, inner)
  if inner.inventory then
    add(found, "inventory", inner.inventory)
  end
  return true
end

local function is_unsure(plain)
  for _, phrase in ipairs(UNSURE) do
    if plain == phrase or #plain <= #phrase + 25 and plain:sub(1, #phrase) == phrase and plain:find("^[ ,.!]", #phrase + 1) then
      return true
    end
  end
  return false
end

local function is_chat(plain)
  local any = false
  for word in plain:gmatch("[%w\128-\255']+") do
    if not CHAT[word] then
      return false
    end
    any = true
  end
  return any or not plain:find("[%w\128-\255]")
end

local ADDRESS_LEADS = { "^my address is ", "^the address is ", "^address is ", "^address:? ", "^it's ", "^its ", "^it is ",
  "^i'm at ", "^i am at ",
  "^i live at ", "^we're at ", "^we are at ", "^at ", "^mon adresse est ", "^l'adresse est ", "^c'est " }

local function whole_answer(kind, raw)
  local value = text.trim(text.trim_end(raw, "[%s.!,]"))
  if kind == "address" then
    local plain = text.fold(value)
    local crossing = plain:find(" and ") or plain:find("&") or plain:find("near ") or plain:find("corner") or plain:find(",")
    if not (value:find("%d") and value:find("%a")) and not crossing then
      return nil
    end
    for _, lead in ipairs(ADDRESS_LEADS) do
      local _, last = plain:find(lead)
      if last and #plain == #value then
        value, plain = value:sub(last + 1), plain:sub(last + 1)
      end
    end
  elseif kind == "inventory" then
    if #value < 3 or NO[text.fold(value)] then
      return nil
    end
    value = stripped(value)
  end
  return #value > 0 and text.length(value) <= 400 and value or nil
end

-- A marked message without its mark: "[photo: my couch]" says "my couch", "[photo]" says nothing, "[location: …]" is an address.
local function unmarked(message, found)
  local place = message:match("^%[location: (.-)%]$")
  if place then
    add(found, "address", place)
    return nil, true
  end
  local caption = message:match("^%[[%a ]+: (.*)%]$")
  if caption then
    return caption, true
  elseif message:find("^%[[%w ]+%]$") then
    return nil, true
  end
  return message, false
end

local UNSURE_BYTES = 200 -- a customer who is not sure says so in few words

local function read_message(message, asked_kind, state)
  local body, marked = unmarked(message, state.found)
  state.seen = state.seen or marked
  if not body then
    return
  end
  if #body <= UNSURE_BYTES and is_unsure(text.trim_end(text.trim(text.fold(body)), "[.!]")) then
    state.unsure = true
    return
  end
  local left = {}
  for _, sentence in ipairs(sentences(body)) do
    local plain = text.fold(sentence.text)
    if sentence.question or starts_as_question(plain) then
      local took = read_question(sentence.text, plain, state.found)
      if not (took and is_request(plain)) then
        state.questions[#state.questions + 1] = sentence.text .. (sentence.question and "?" or "")
      end
      state.took = state.took or took
    elseif read_sentence(sentence.text, asked_kind, state.found) then
      state.took = true
    elseif not text.word_in(plain, GREETING) or not is_chat(plain) then
      left[#left + 1] = sentence.text
    end
  end
  if #left > 0 then
    state.left[#state.left + 1] = table.concat(left, ". ")
  end
end

-- Of many texts only the newest are read, within both limits.
local MOST_TEXTS, MOST_BYTES = 40, 32768

local function first_of(texts)
  local first, bytes = #texts, 0
  for i = #texts, math.max(1, #texts - MOST_TEXTS + 1), -1 do
    bytes = bytes + #texts[i]
    if bytes > MOST_BYTES and i < #texts then
      break
    end
    first = i
  end
  return math.max(1, first)
end

local YES_NO = set "yes no yep nope yeah ya oui non none nah y n"

-- What the texts say. `asked` is the field that was asked for last, or nil. Returns {data = {field = text}, questions = {…},
-- took = whether something was understood, chat = whether they hold nothing but greetings and politeness,
-- media = whether a photo, place or the like was among them}.
---@param texts string[]
---@param fields string[]
---@param asked? string
function M.read(texts, fields, asked)
  local asked_kind = asked and M.kind_of(asked)
  local state = { found = {}, questions = {}, left = {} }
  for i = first_of(texts), #texts do
    read_message(text.message(texts[i]), asked_kind, state)
  end
  local data, took = {}, state.took or state.seen
  for _, field in ipairs(fields) do
    local value = state.found[M.kind_of(field)]
    if value and text.length(value) <= 500 then
      data[field] = value
    end
  end
  -- A rest that is more than politeness answers what was asked.
  local chat = true
  for _, rest in ipairs(state.left) do
    local plain = text.trim(text.trim_end(text.fold(rest), "[%s.!,]"))
    local short_answer = YES_NO[plain:match("^%a+$") or ""] and asked_kind and asked_kind ~= "address" and asked_kind ~= "inventory"
    if short_answer or not is_chat(plain) then
      chat = false
      if asked and data[asked] == nil then
        data[asked] = whole_answer(asked_kind, rest)
        took = took or data[asked] ~= nil
      end
    end
  end
  if asked and state.unsure and data[asked] == nil then
    data[asked], took = M.NOT_SURE, true
  end
  return { data = data, questions = state.questions, took = took or false, chat = chat and #state.questions == 0 and not took,
    media = state.seen or false }
end

-- Only so much of a reply's end is searched for its question.
local MOST_ASKED = 1000

-- The field that a reply asked for, recognised by the reply's words.
function M.asked_in(reply, fields)
  reply = text.clip(reply, -MOST_ASKED)
  local stop, next_one = nil, reply:find("?", 1, true)
  while next_one do
    stop, next_one = next_one, reply:find("?", next_one + 1, true)
  end
  if not stop then
    return nil
  end
  local from = stop
  while from > 1 and not reply:find("^[.!?\n]", from - 1) do
    from = from - 1
  end
  local last = text.fold(reply:sub(from, stop))
  local best, place
  for _, field in ipairs(fields) do
    local kind = M.kind_of(field)
    local at
    if kind == "elevator" then
      at = last:find("elevator", 1, true) or last:find("ascenseur", 1, true)
    elseif kind == "stairs" then
      at = last:find("stair", 1, true) or last:find("flight", 1, true) or last:find("escalier", 1, true)
    elseif kind == "address" then
      at = last:find("address", 1, true) or last:find("adresse", 1, true) or last:find("where", 1, true) or last:find("located", 1, true)
    elseif kind == "inventory" then
      at = last:find("item", 1, true) or last:find("remove", 1, true) or last:find("article", 1, true) or last:find("ramasser", 1, true)
        or last:find("get rid", 1, true)
    else
      at = last:find(field:gsub("_", " "):lower(), 1, true)
    end
    if at and (not place or at < place) then
      best, place = field, at
    end
  end
  return best
end

return M
