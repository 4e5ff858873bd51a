-- Reads facts from a customer's words without a model: addresses, an elevator, stairs, a list of things, an answer to what was asked.
-- It takes only what is said plainly, because to ask once more is better than to store something wrong. What is taken is stored as it
-- was written. What nobody understood is named too.
local address = require "language.address"
local answers = require "language.answers"
local common = require "language.common"
local facts = require "language.facts"
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

-- What a sentence says: facts, a question, an answer, politeness, or something that nobody understood.
local function read_said(state, sentence)
  local t = tokens.of(sentence.text)
  local at = questions.at(t)
  if sentence.question or at then
    local plain_start = at == nil or at == 1
    local own = questions.is_request(t) or tokens.plain(t, at or 1, math.min(t.n, (at or 1) + 1)) == "how much" or t.plain[1] == "combien"
    local took = #address.all(t) > 0
    if own or not plain_start then
      state.asking = plain_start
      took = facts.sentence(state, t, sentence.from, at and at > 2 and at - 1) or took
      state.asking = false
    elseif took then
      facts.addresses(state, t)
    end
    state.took = state.took or took
    if not (took and questions.is_request(t)) then
      state.questions[#state.questions + 1] = text.trim(text.trim_end(sentence.text, "[%s.]")) .. (sentence.question and "?" or "")
    end
    return
  elseif t.n == 0 then
    return
  end
  local plain = tokens.plain(t, 1, math.min(t.n, 30))
  local unsure = yes_no.is_unsure(state.ready, t, 1, t.n)
  if unsure == true then
    local way = way_in.of(t, 1, t.n, state.asked_kind)
    state.unsure[way.elevator and "elevator" or way.stairs and "stairs" or "asked"] = true
    return
  elseif unsure or text.found_in(plain, LATER) then
    state.left[#state.left + 1] = sentence.text
    return
  end
  local any, rest = facts.sentence(state, t, sentence.from)
  local unit = not any and address.unit(t, 1, t.n)
  if unit then
    state.unit = address.text(t, unit, t.n)
    any, rest = true, {}
  end
  if not any and t.n > 0 and answer(state, t, 1, t.n) then
    any = true
  else
    for _, piece in ipairs(rest) do
      any = answer(state, t, piece[1], piece[2]) or any
    end
  end
  if any then
    state.took = true
  elseif not common.is_chat(plain) or t.n > 30 then
    state.left[#state.left + 1] = text.trim(text.trim_end(sentence.text, "[%s.]"))
  end
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
  return mark and words or not mark and message or nil
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
  for _, one in ipairs(state.addresses) do
    found.address = found.address and found.address .. "; " .. one.text or one.text
  end
  if state.unit and found.address then
    found.address, state.unit = found.address .. ", " .. state.unit, nil
  end
  for _, field in ipairs(fields) do
    local kind = answers.kind_of(field)
    local value = found[kind]
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
    if field == asked and not value then
      value = state.answer or state.unsure.asked and M.NOT_SURE or nil
    end
    data[field] = value and text.length(value) <= text.FIELD and value or nil
  end
  return data
end

-- What the texts say. `asked` is the field that was asked for last, or nil; `missing` are the fields not known yet (default: all);
-- `ready` holds the languages' words, from yes_no.ready. Returns {
--   data = {field = text}, unit = a unit alone ("apt 4B"), corrects = whether they take back what was said before,
--   questions = {…}, took = whether something was understood, media = whether a photo, place or the like was among them,
--   chat = whether they hold nothing but politeness, unread = the words that nobody understood, or nil}.
---@param texts string[]
---@param fields string[]
---@param asked? string
---@param missing? string[]
---@param ready? table
function M.read(texts, fields, asked, missing, ready)
  local state = { found = {}, addresses = {}, questions = {}, left = {}, unsure = {}, ready = ready or yes_no.DEFAULT,
    asked_kind = asked and answers.kind_of(asked) }
  for i = first_of(texts), #texts do
    local body = unmarked(state, text.message(texts[i]))
    if body then
      state.body = body
      for _, sentence in ipairs(sentences.cut(body)) do
        read_said(state, sentence)
      end
      facts.finish(state)
    end
  end
  local open = {}
  for _, field in ipairs(missing or fields) do
    open[field] = true
  end
  local data = by_field(state, fields, asked, open)
  local took = state.took or state.media or next(data) ~= nil
  local unread = #state.left > 0 and table.concat(state.left, "\n") or nil
  return { data = data, unit = state.unit, corrects = state.corrects or false, questions = state.questions, took = took or false,
    media = state.media or false, chat = not (took or unread) and #state.questions == 0, unread = unread }
end

return M
