-- The fixed questions: carry a whole conversation without a model. They greet, take plain answers, ask for the next missing field, pass
-- questions to the team, and end with a handoff. Pure.
local booking = require "flow.booking"
local language = require "language.french"
local quote = require "flow.quote"
local replies = require "flow.replies"
local text = require "language.text"
local understand = require "language.understand"

local M = {}

local function say(turn, key, ...)
  local words = replies.get(turn.replies, key, turn.french)
  return words and select("#", ...) > 0 and words:gsub("{label}", (...)) or words
end

local function question_for(turn, field)
  local own = say(turn, "ask_" .. field)
  if own then
    return own
  end
  return (say(turn, "ask_other", (quote.label(field):lower():gsub("%%", "%%%%"))))
end

local function join(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    if part and part ~= "" then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, " ")
end

local function same_line(a, b)
  return b ~= nil and text.words(a) == text.words(b)
end

-- Further things are added to the first ones, because the customer did not take those back.
local function with_earlier_items(turn, data)
  for field, value in pairs(data) do
    local earlier = turn.data[field]
    if understand.kind_of(field) == "inventory" and turn.asked ~= field and quote.known(earlier) then
      local known, new = text.words(tostring(earlier)), text.words(value)
      if known:find(new, 1, true) then
        data[field] = nil
      elseif not new:find(known, 1, true) then
        local both = tostring(earlier) .. ", " .. value
        data[field] = text.length(both) <= quote.MAX_CHARACTERS and both or nil
      end
    end
  end
end

-- The first text under these keys that differs from the last reply.
local function other_than_last(turn, ...)
  local first
  for i = 1, select("#", ...) do
    local words = say(turn, (select(i, ...)))
    first = first or words
    if words and not same_line(words, turn.last_reply) then
      return words
    end
  end
  return first
end

-- After a wish for a person nothing is asked.
local function answer_waiting(turn, read, changed)
  if #read.questions > 0 then
    return other_than_last(turn, "question", "question_again", "waiting")
  elseif #changed > 0 or read.media then
    return other_than_last(turn, "noted", "noted_again", "waiting")
  end
  return other_than_last(turn, "waiting", "stuck_again", "wait_again")
end

-- A visit is booked: nothing is asked, and what the customer says is passed on or noted.
local function answer_booked(turn, read, changed)
  if #read.questions > 0 then
    return other_than_last(turn, "question", "question_again")
  elseif #changed > 0 or read.media then
    return other_than_last(turn, "noted", "noted_again")
  end
  local visit = say(turn, turn.visit.state == "requested" and "requested" or "visit")
  visit = booking.fill(visit, turn.visit.words or booking.when(turn.visit.at, turn.french))
  return same_line(visit, turn.last_reply) and other_than_last(turn, "noted", "noted_again") or visit
end

-- Everything is known.
local function answer_complete(turn, read, changed)
  local passed = #read.questions > 0
  if not turn.was_complete then
    return join(passed and say(turn, "question"), say(turn, "complete")), "handoff"
  elseif passed then
    return other_than_last(turn, "question", "question_again"), "continue"
  elseif #changed > 0 or read.media then
    return other_than_last(turn, "noted", "noted_again"), "continue"
  elseif read.chat and turn.last_reply then
    return other_than_last(turn, "waiting", "noted_again"), "continue"
  end
  return other_than_last(turn, "wait", "wait_again"), "continue"
end

-- Something is missing: an opening that fits, and the next question.
local function answer_missing(turn, read, changed, field)
  local ask = question_for(turn, field)
  if #read.questions > 0 then
    return join(not turn.last_reply and say(turn, "greeting"), say(turn, "question"), ask)
  elseif not turn.last_reply then
    return join(say(turn, "greeting"), ask)
  elseif #changed > 0 or read.took then
    local thanked = join(say(turn, "thanks"), ask)
    return same_line(thanked, turn.last_reply) and join(say(turn, "thanks_again"), ask) or thanked
  elseif read.chat then
    return ask
  end
  return join(say(turn, "unclear"), ask)
end

-- The same text would be sent twice in a row: the second time hands off. When no model can be reached, another text is sent.
local function never_twice(turn, reply, action, read, field)
  if not same_line(reply, turn.last_reply) then
    return reply, action
  end
  if not turn.circuit_open then
    return other_than_last(turn, "stuck", "stuck_again"), "handoff"
  end
  local ask = field and question_for(turn, field)
  for _, key in ipairs { #read.questions > 0 and "question_again" or "unclear", "wait", "thanks_again", "wait_again", "question_again" } do
    local other = join(say(turn, key), ask)
    if not same_line(other, turn.last_reply) then
      return other, action
    end
  end
  return say(turn, "stuck"), action
end

-- turn: {fields=, data= what is known, texts= unanswered messages, asked= the field asked for last or nil, replies=, last_reply= or nil,
-- human= the customer waits for a person, visit= {state=, at= in the business's time zone} when one is booked, languages= those of the
-- fixed texts, circuit_open=}. Returns {reply=, data= what was understood, action=, asked= the field asked for now or nil,
-- question= text for staff or nil}.
function M.answer(turn)
  turn = setmetatable({}, { __index = turn })
  turn.data = turn.data or {}
  turn.french = language.french(turn.languages, turn.texts, turn.last_reply)
  turn.was_complete = quote.complete(turn.data, turn.fields)
  local missing_before = quote.missing(turn.data, turn.fields)
  local asked = turn.asked
  if not asked and turn.last_reply then
    asked = understand.asked_in(turn.last_reply, missing_before)
  end
  turn.asked = asked
  local read = understand.read(turn.texts, turn.fields, asked)
  with_earlier_items(turn, read.data)
  local merged, changed = quote.merge(turn.data, read.data, turn.fields)
  local field = quote.missing(merged, turn.fields)[1]
  local reply
  local action = "continue"
  if turn.human then
    reply, field = answer_waiting(turn, read, changed), nil
  elseif turn.visit then
    reply, field = answer_booked(turn, read, changed), nil
  elseif field then
    reply = answer_missing(turn, read, changed, field)
  else
    reply, action = answer_complete(turn, read, changed)
  end
  if not turn.human then
    reply, action = never_twice(turn, reply, action, read, field)
  end
  return { reply = reply, data = read.data, action = action, asked = action == "continue" and field or nil,
    question = #read.questions > 0 and table.concat(read.questions, " ") or nil }
end

return M
