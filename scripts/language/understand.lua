-- Reads facts from a customer's words without a model: addresses, an elevator, stairs, a list of things, an answer to what was asked.
-- It takes only what is said plainly, because to ask once more is better than to store something wrong. What is taken is stored as it
-- was written. What nobody understood is named too.
local address = require "language.address"
local answers = require "language.answers"
local common = require "language.common"
local facts = require "language.facts"
local photos = require "language.photos"
local questions = require "language.questions"
local sentences = require "language.sentences"
local text = require "language.text"
local tokens = require "language.tokens"
local way_in = require "language.way_in"
local yes_no = require "language.yes_no"

local M = {}

M.NOT_SURE = "customer is not sure"
M.kind_of = answers.kind_of

-- Who is going to find out does not know yet.
local LATER = { "let me check", "ll check", "will check", "to check", "ll ask", "will ask", "to ask", "find out", "get back to you",
  "let you know", "let u know", "vais verifier", "vais demander" }

local MOST_WORDS = 25 -- of an answer that is stored whole

-- Takes the words i to j as the answer to the field that was asked for. Returns true when they are one.
local function answer(state, t, i, j)
  if not state.asked_kind or state.answer and state.asked_kind ~= "other" then
    return false
  end
  local kind = state.asked_kind
  if (kind == "elevator" or kind == "stairs") and answers.is_of_both(t, i, j) and answers.is_yes_no(state.ready, t, i, j, kind) then
    state.both = tokens.text(t, i, j)
    return true
  end
  local first = answers.first(state.ready, kind, t, i, j)
  if not first then
    return false
  end
  local value = kind == "address" and address.text(t, first, j) or tokens.text(t, first, j)
  state.answer = state.answer and state.answer .. ", " .. value or value
  return true
end

-- Takes the pieces that held no other fact as the answer, and returns whether one was. Where they are all that was said, the sentence is
-- stored whole: "yes, but it is small".
local function answer_pieces(state, t, pieces, whole)
  local kind = state.asked_kind
  if not kind or #pieces == 0 then
    return false
  elseif whole and answer(state, t, 1, t.n) then
    return true
  elseif kind == "address" then -- "Yonge & Eglinton, 3rd floor"
    local from = 1
    for k = 1, #pieces do
      if k == #pieces or pieces[k + 1][1] - pieces[k][2] > 2 then
        if answer(state, t, pieces[from][1], pieces[k][2]) then
          return true
        end
        from = k + 1
      end
    end
  end
  local any, politeness, from = false, true, nil
  for k, piece in ipairs(pieces) do
    local answers_it = answer(state, t, piece[1], piece[2])
    if answers_it then
      from = from or piece[1]
    elseif from and kind == "inventory" and answers.first(state.ready, kind, t, piece[1], piece[2]) then
      state.answer = tokens.text(t, from, piece[2]) -- "a gargoyle and a birdcage"
    end
    any = any or answers_it
    politeness = politeness and (k == 1 or common.is_chat(tokens.plain(t, piece[1], piece[2])))
  end
  if any and whole and not politeness and (kind == "elevator" or kind == "stairs") and t.n <= MOST_WORDS then
    state.answer = tokens.text(t, 1, t.n)
  end
  return any
end

local PRICE = text.set "combien cuanto cuanta quanto"

-- Does it ask for the price, perhaps after a greeting: "hola, cuanto cuesta llevarse un refrigerador?"
local function asks_price(t)
  for at = 1, math.min(3, t.n) do
    if PRICE[t.plain[at]] or t.plain[at] == "how" and t.plain[at + 1] == "much" then return true end
  end
  return false
end

-- A question is passed on. The things that a wish or a question about the price names are the customer's own, and so is what stands
-- before the question: "yes, how much is it?"
local function read_question(state, t, sentence, at)
  local wish = questions.is_request(t)
  local took
  if at and at > 1 then
    local any, rest = facts.sentence(state, t, sentence.from, at - 1)
    took = answer_pieces(state, t, rest, false) or any
  end
  if took or at and at > 1 and not wish then -- "hi, can you take a couch?" goes on
    state.took = state.took or took
  elseif wish or asks_price(t) then
    state.asking = true
    took = facts.sentence(state, t, sentence.from)
    state.asking = false
  elseif t.gap[2] == "," and answer(state, t, 1, 1) then
    took = true
  else
    took = #facts.addresses(state, t) > 0
  end
  state.took = state.took or took
  if not (took and wish) then
    state.questions[#state.questions + 1] = text.trim(text.trim_end(sentence.text, "[%s.]")) .. (sentence.question and "?" or "")
  end
end

local BOOKED = { "book", "reserve", "concierge", "fob" } -- said of an elevator, not of stairs

-- "Yes. It needs a booking with security" says more of the elevator.
local function remarks_on_elevator(state, t, plain)
  local answered = state.asked_kind == "elevator" and (state.found.elevator or state.answer)
  if not answered or t.n > MOST_WORDS or not text.found_in(plain, BOOKED) then
    return false
  end
  local said = answered .. ", " .. tokens.text(t, 1, t.n)
  state.found.elevator, state.answer = said, nil
  return true
end

-- A statement: facts, an answer, politeness, or something that nobody understood.
local function read_statement(state, t, sentence)
  local plain = tokens.plain(t, 1, math.min(t.n, 30))
  local unsure = yes_no.is_unsure(state.ready, t, 1, t.n)
  local unit = address.unit(t, 1, t.n)
  if unsure == true then
    local way = way_in.of(t, 1, t.n, state.asked_kind)
    state.unsure[way.elevator and "elevator" or way.stairs and "stairs" or "asked"] = true
    return
  elseif unit and state.asked_kind ~= "other" then
    state.unit, state.took = address.text(t, unit, t.n), true
    return
  elseif not unsure and not text.found_in(plain, LATER) then
    local any, rest = facts.sentence(state, t, sentence.from)
    local answered = answer_pieces(state, t, rest, not any)
    facts.town(state, t, rest)
    if any and not answered then
      facts.remark(state, t, rest)
    elseif any and state.answer then
      facts.whole(state, t)
    end
    any = any or answered
    state.took = state.took or any
    if any or t.n <= 30 and common.is_chat(plain) then
      return
    end
  end
  if not remarks_on_elevator(state, t, plain) then
    state.left[#state.left + 1] = text.trim(text.trim_end(sentence.text, "[%s.]"))
  end
end

local MOST_OF_A_GUESS = 8

-- Is it an answer with a question mark: "10?", "i think 2 flights?"
local function is_guess(state, t)
  local kind = state.asked_kind
  return kind and kind ~= "other" and t.n > 0 and t.n <= MOST_OF_A_GUESS and not state.answer
    and answers.first(state.ready, kind, t, 1, t.n)
end

local function read_sentence(state, sentence)
  local t = tokens.of(sentence.text)
  local at = questions.at(t)
  if state.asked_kind and questions.asks_back(t) then
    state.asks_back = text.trim(sentence.text) .. (sentence.question and "?" or "")
    state.left[#state.left + 1] = text.trim(sentence.text)
  elseif sentence.question and not at and t.n > 0 and t.n <= MOST_OF_A_GUESS and common.is_chat(tokens.plain(t, 1, t.n)) then
    return -- "hello??"
  elseif (sentence.question or at) and not (not at and is_guess(state, t)) then
    read_question(state, t, sentence, at)
  elseif t.n > 0 then
    read_statement(state, t, sentence)
  end
end

local MAPS = { "maps.app.goo.gl/", "goo.gl/maps/", "google.com/maps", "maps.google.", "maps.apple.com" }

local function read_body(state, body)
  if state.asked_kind == "address" and text.found_in(body, MAPS) and #body <= text.FIELD then
    state.answer, state.took = text.one_line(body), true -- a place on a map
    return
  end
  state.body = body
  for _, sentence in ipairs(sentences.cut(body)) do
    read_sentence(state, sentence)
  end
  facts.finish(state)
end

-- ---- a message -------------------------------------------------------------------------------------------------------

-- A marked message without its mark: "[photo: my couch]" says "my couch", "[photo]" says nothing, "[location: …]" is an address.
local function unmarked(state, message)
  if message:find("^%[replying to: ") then
    local stop = message:find("\"]", 1, true) or message:find("]", 1, true)
    return text.trim(message:sub((stop or 0) + 2))
  elseif message:sub(1, 1) ~= "[" or message:sub(-1) ~= "]" then
    return message
  end
  local mark, words = message:match("^%[([%w ]+): (.*)%]$")
  mark = mark or message:match("^%[([%w ]+)%]$")
  if mark == "edited" then
    state.corrects = true
    return words
  elseif mark == "voice note" and words then
    return words
  end
  state.media = state.media or mark ~= nil
  if mark == "location" then
    state.pin = words
    return nil
  elseif mark == "document" or mark == "contact card" then
    return nil
  end
  return mark and words or not mark and message or nil, mark ~= nil
end

-- Does this say a floor and nothing else of the way in?
---@param said string
---@return boolean
function M.is_floor(said)
  local t = tokens.of(text.clip(said, 200))
  local way = way_in.of(t, 1, t.n)
  return way.floor ~= nil and not (way.elevator or way.stairs or way.low)
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

-- The facts that were found, for the fields that want them.
local function by_field(state, fields, asked, open)
  local found, data = state.found, {}
  if found.floor and (found.stairs or found.elevator or state.answer) then
    found.stairs, found.floor = found.stairs and found.stairs .. ", " .. found.floor or found.floor, nil
  end
  for _, one in ipairs(state.addresses) do
    found.address = found.address and found.address .. "; " .. one.text or one.text
  end
  if state.town and found.address and not address.has_town(found.address) then
    found.address = found.address .. ", " .. state.town
  end
  if state.unit and found.address then
    found.address, state.unit = found.address .. ", " .. state.unit, nil
  end
  if state.asked_kind == "stairs" and state.answer and not found.elevator and text.found_in(text.fold(state.answer), BOOKED) then
    for _, field in ipairs(fields) do -- the elevator was asked for before, and was left open
      if open[field] and answers.kind_of(field) == "elevator" then found.elevator, state.answer = state.answer, nil end
    end
  end
  for _, field in ipairs(fields) do
    local kind = answers.kind_of(field)
    local value = found[kind]
    if kind == "elevator" and value and field == asked and state.answer then
      value = value .. ", " .. state.answer -- "yes elevator. we have to use the service one"
    elseif kind == "elevator" and not value and field == asked then
      value = state.answer or found.floor -- "3rd floor"
    end
    if not value and kind == "elevator" and found.low and open[field] then
      value = found.low
    elseif not value and (kind == "elevator" or kind == "stairs") and state.both and (open[field] or field == asked) then
      value = state.both
    elseif not value and state.unsure[kind] and open[field] then
      value = M.NOT_SURE
    end
    if kind == "address" and not value then
      value = open[field] and state.pin or nil
    end
    if kind == "inventory" and not value and not (field == asked and state.answer) and open[field] and state.photos > 0 then
      value = photos.joined(nil, nil, state.photos)
    end
    if field == asked and not value then
      value = state.answer or state.unsure.asked and M.NOT_SURE or nil
    end
    data[field] = value and text.length(value) <= text.FIELD and value or nil
  end
  return data
end

-- What the texts say. `asked` is the field that was asked for last, or nil; `missing` are the fields not known yet (default: all);
-- `ready` holds the languages' words, from yes_no.ready. Returns {
--   data = {field = text}, unit = a unit alone ("apt 4B"), corrects = whether they take back what was said before, only = all of it,
--   questions = {…}, asks_back = whether they ask what our question meant,
--   took = whether something was understood, media = whether a photo, place or the like was among them,
--   chat = whether they hold nothing but politeness, unread = the words that nobody understood, or nil}.
---@param texts string[] photos = how many of them are photos, by their rows
---@param fields string[]
---@param asked? string
---@param missing? string[]
---@param ready? table
function M.read(texts, fields, asked, missing, ready)
  local state = { found = {}, addresses = {}, questions = {}, left = {}, unsure = {},
    photos = texts.photos or 0, ready = ready or yes_no.DEFAULT,
    asked_kind = asked and answers.kind_of(asked) }
  for i = first_of(texts), #texts do
    local body, caption = unmarked(state, text.message(texts[i]))
    local kind = state.asked_kind
    if caption and kind ~= "inventory" then
      state.asked_kind = nil -- the words under a picture answer no other question
    end
    if body then
      read_body(state, body)
    end
    state.asked_kind = kind
  end
  local open = {}
  for _, field in ipairs(missing or fields) do
    open[field] = true
  end
  local data = by_field(state, fields, asked, open)
  if state.asks_back and #state.questions > 0 then -- staff read the whole: "what do you mean? like in the building?"
    table.insert(state.questions, 1, state.asks_back)
  end
  local took = state.took or state.media or next(data) ~= nil
  local unread = #state.left > 0 and table.concat(state.left, "\n") or nil
  return { data = data, unit = state.unit, corrects = state.corrects or false, only = state.corrects and state.only or false,
    questions = state.questions, took = took or false,
    asks_back = state.asks_back ~= nil and #state.questions == 0, media = state.media or false, unread = unread,
    chat = not (took or unread) and #state.questions == 0 }
end

return M
