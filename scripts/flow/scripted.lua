-- The fixed questions: carry a whole conversation without a model. They greet, take plain answers, ask for the next missing field, pass
-- questions to the team, and end with a handoff. Pure.
local booking = require "flow.booking"
local earlier = require "flow.earlier"
local quote = require "flow.quote"
local replies = require "flow.replies"
local returning = require "flow.returning"
local text = require "language.text"
local understand = require "language.understand"
local yes_no = require "language.yes_no"

local M = {}

local function say(turn, key, ...)
  local words = replies.get(turn, key, turn.language)
  return words and select("#", ...) > 0 and words:gsub("{label}", (...)) or words
end

local function question_for(turn, field)
  if turn.kept and turn.kept.field == field then
    return (say(turn, "confirm_address"):gsub("{address}", function() return turn.kept.value end))
  end
  local own = say(turn, "ask_" .. field)
  if own then
    return own
  end
  return (say(turn, "ask_other", (quote.label(field):lower():gsub("%%", "%%%%"))))
end

-- The same in other words, for the second time.
local function question_again(turn, field)
  return not turn.kept and say(turn, "again_" .. field) or question_for(turn, field)
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

-- After a wish for a person nothing is asked, nor of a customer to whom we do not come.
local function answer_waiting(turn, read, changed)
  if #read.questions > 0 then
    return other_than_last(turn, "question", "question_again", "waiting")
  elseif #changed > 0 or read.media then
    return other_than_last(turn, "noted", "noted_again", "waiting")
  elseif turn.outside then
    return other_than_last(turn, "noted_again", "noted", "wait_again")
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
  visit = booking.fill(visit, turn.visit.words or booking.when(turn.visit.at, turn.language))
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

local MOST_TIMES = 2 -- the same question running

-- The field to ask for now. A question that was put twice without an answer is left open, so that the next one comes. After a question
-- of the customer's it only waits. Returns nil when nothing can be asked.
local function next_field(turn, read, merged)
  local missing = quote.missing(merged, turn.fields)
  if missing[1] ~= turn.asked or turn.asked_times < MOST_TIMES then
    return missing[1]
  elseif #read.questions == 0 and not turn.human and not turn.visit then
    read.data[turn.asked], merged[turn.asked] = understand.NOT_SURE, understand.NOT_SURE
    read.left_open = true
  end
  return missing[2]
end

-- Something is missing: an opening that fits, and the next question.
local function answer_missing(turn, read, changed, field)
  local ask = field and question_for(turn, field)
  if #read.questions > 0 then
    return join(not turn.last_reply and say(turn, "greeting"), say(turn, "question"), ask)
  elseif not turn.last_reply then
    return join(say(turn, "greeting"), ask)
  elseif read.left_open and #changed == 0 then
    return join(say(turn, "left_open"), ask)
  elseif #changed > 0 or read.took then
    local thanked = join(say(turn, "thanks"), ask)
    return same_line(thanked, turn.last_reply) and join(say(turn, "thanks_again"), ask) or thanked
  elseif read.chat and turn.asked ~= field then
    return ask
  elseif read.chat then
    return question_again(turn, field)
  end
  return join(say(turn, "unclear"), turn.asked == field and question_again(turn, field) or ask)
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

-- The field that the model's reply asked for: the first one that may be asked, when the reply ends in a question. Its words do not matter.
---@param reply string
---@param may_ask string[]
---@return string?
function M.asked_by(reply, may_ask)
  local last = text.fold(text.clip(reply, -60)):match("^.*[%w?]")
  return last and last:sub(-1) == "?" and may_ask[1] or nil
end

-- How often running this field was asked for, and how many messages running nobody understood.
---@param asked? string
---@param before {asked?: string, asked_times?: integer}
---@param unread? integer
---@return {asked: integer, unread: integer}
function M.times(asked, before, unread)
  local again = asked ~= nil and asked == before.asked
  return { asked = again and math.max(1, before.asked_times or 1) + 1 or asked and 1 or 0, unread = unread or 0 }
end

-- turn: {fields=, data= what is known, texts= unanswered messages, asked= the field asked for last or nil, asked_times= how often running,
-- unread_times= messages running that nobody understood, edited= a message was changed after its answer, last_reply= or nil,
-- languages= the owner's, language= the customer's code, human= the customer waits for a person, outside= we do not come there,
-- kept= {field=, value=} of an earlier request, which is to be confirmed, visit= {state=, at= in the business's time zone} when one is
-- booked, circuit_open=}. Returns {reply=, data= what was understood, action=, asked= the field asked for now or nil, unread_times=,
-- refused= kept is not right any more, not_understood= words, or nil, question= text for staff or nil}.
function M.answer(turn)
  turn = setmetatable({}, { __index = turn })
  turn.data, turn.asked_times = turn.data or {}, turn.asked and math.max(1, turn.asked_times or 1) or 0
  turn.was_complete = quote.complete(turn.data, turn.fields)
  local read = understand.read(turn.texts, turn.fields, turn.asked, quote.missing(turn.data, turn.fields), yes_no.of(turn.languages))
  read.corrects = read.corrects or turn.edited
  earlier.keep(turn, read)
  local refused = turn.kept ~= nil and turn.asked == turn.kept.field and returning.confirm(turn.kept, read, turn.texts)
  if refused then turn.kept = false end
  local merged, changed = quote.merge(turn.data, read.data, turn.fields)
  local field = next_field(turn, read, merged)
  local reply
  local action = "continue"
  if turn.human or turn.outside then
    reply, field = answer_waiting(turn, read, changed), nil
  elseif turn.visit then
    reply, field = answer_booked(turn, read, changed), nil
  elseif not quote.complete(merged, turn.fields) then
    reply = answer_missing(turn, read, changed, field)
  else
    reply, action = answer_complete(turn, read, changed)
  end
  if not turn.human and not turn.outside then
    reply, action = never_twice(turn, reply, action, read, field)
  end
  local unread = not read.took and #read.questions == 0 and read.unread or nil
  local asks = action == "continue" and field or nil
  return { reply = reply, data = read.data, action = action, asked = asks, refused = refused or nil,
    not_understood = unread, unread_times = unread and (turn.unread_times or 0) + 1 or 0,
    question = #read.questions > 0 and table.concat(read.questions, " ") or nil }
end

return M
