-- The fixed questions: carry a whole conversation without a model. They greet, take plain answers, ask for the next missing field, pass
-- questions to the team, and end with a handoff. Pure.
local booking = require "flow.booking"
local quote = require "flow.quote"
local replies = require "flow.replies"
local returning = require "flow.returning"
local dates = require "language.dates"
local earlier = require "language.earlier"
local text = require "language.text"
local understand = require "language.understand"
local yes_no = require "language.yes_no"
local wants = require "flow.wants"

local M = {}

-- A reply is a list of keys of replies.yaml, in order; "ask" is the question for the field that is asked for. So it is known what a reply
-- promises (flow/promises).
local function say(turn, key, ...)
  local words = replies.get(turn, key, turn.language)
  return words and select("#", ...) > 0 and words:gsub("{label}", (...)) or words
end

-- The question for a field. Where the customer did not answer it, it is put in other words.
local function question_for(turn, field)
  if turn.kept and turn.kept.field == field then
    return (say(turn, "confirm_address"):gsub("{address}", function() return turn.kept.value end))
  end
  local again = turn.asked == field and turn.unanswered and "_again" or ""
  return say(turn, "ask_" .. field .. again) or (say(turn, "ask_other" .. again, (quote.label(field):lower():gsub("%%", "%%%%"))))
end

local function words_of(turn, key)
  if key == "answer" then
    return turn.answer
  elseif key == "ask" then
    return turn.field and question_for(turn, turn.field)
  elseif key == "visit" or key == "requested" then
    return booking.fill(say(turn, key), turn.visit.words or dates.when(turn.visit.at, turn.language))
  end
  return say(turn, key)
end

local function render(turn, keys)
  local parts = {}
  for _, key in ipairs(keys) do
    parts[#parts + 1] = words_of(turn, key)
  end
  return table.concat(parts, " ")
end

local function same_line(a, b) return b ~= nil and text.words(a) == text.words(b) end

-- The first of these replies that differs from the last one.
local function other_than_last(turn, ...)
  for _, keys in ipairs { ... } do
    if not same_line(render(turn, keys), turn.last_reply) then
      return keys
    end
  end
  return (...)
end

-- Nothing is asked, and everything that the customer says is passed on: after a wish for a person, while a visit is booked, and where
-- we do not come.
local function answer_asking_nothing(turn, read, changed)
  if #read.questions > 0 then
    return other_than_last(turn, { "question" }, { "question_again" }, { "waiting" })
  elseif #changed > 0 or read.media or turn.visit and not read.chat then
    return other_than_last(turn, { "noted" }, { "noted_again" }, { "waiting" })
  elseif turn.outside and not turn.human then
    return other_than_last(turn, { "noted_again" }, { "noted" }, { "wait_again" })
  elseif turn.human then
    return other_than_last(turn, { "waiting" }, { "stuck_again" }, { "wait_again" })
  end
  return other_than_last(turn, { turn.visit.state == "requested" and "requested" or "visit" }, { "noted" }, { "noted_again" })
end

-- Everything is known.
local function answer_complete(turn, read, changed)
  local passed = #read.questions > 0
  if not turn.was_complete then
    return passed and { "question", "complete" } or { "complete" }, "handoff"
  elseif passed then
    return other_than_last(turn, { "question" }, { "question_again" }), "continue"
  elseif read.chat and turn.last_reply and #changed == 0 and not read.media then
    return other_than_last(turn, { "waiting" }, { "noted_again" }), "continue"
  end
  return other_than_last(turn, { "noted" }, { "noted_again" }), "continue"
end

local MOST_TIMES = 2 -- the same question running

-- The field to ask for now. A question that was put twice without an answer is left open, so that the next one comes. After a question
-- of the customer's, or a photo or the like, it only waits. Returns nil when nothing can be asked.
local function next_field(turn, read, merged)
  local missing = quote.missing(merged, turn.fields)
  if missing[1] ~= turn.asked or turn.asked_times < MOST_TIMES then
    return missing[1]
  elseif #read.questions == 0 and not (read.media or turn.human or turn.visit or turn.intent or turn.answer) then
    read.data[turn.asked], merged[turn.asked] = understand.NOT_SURE, understand.NOT_SURE
    read.left_open = true
  end
  return missing[2]
end

-- Something is missing: an opening that fits, and the next question.
local function answer_missing(turn, read, changed)
  if #read.questions > 0 then
    return not turn.last_reply and { "greeting", "question", "ask" }
      or other_than_last(turn, { "question", "ask" }, { "question_again", "ask" })
  elseif not turn.last_reply then
    return { "greeting", "ask" }
  elseif read.left_open and #changed == 0 then
    return { "left_open", "ask" }
  elseif #changed > 0 or read.took then
    return other_than_last(turn, { "thanks", "ask" }, { "thanks_again", "ask" })
  elseif (read.chat or read.asks_back) and turn.field then
    return other_than_last(turn, { "ask" }, { "unclear", "ask" })
  end
  return { "unclear", "ask" }
end

-- The same text would be sent twice in a row: the second time hands off. When no model can be reached, another text is sent.
local function never_twice(turn, keys, action, read)
  if not same_line(render(turn, keys), turn.last_reply) then
    return keys, action
  elseif not turn.circuit_open then
    return other_than_last(turn, { "stuck" }, { "stuck_again" }), "handoff"
  end
  local other = #read.questions > 0 and "question_again" or "unclear"
  return other_than_last(turn, { other, "ask" }, { "wait", "ask" }, { "wait_again", "ask" }, { "stuck" }), action
end

-- What is understood without facts: the owner's keyword answers, the wishes of flow/wants, and thanks when nothing is left to ask.
-- Returns also whether the customer wants nothing more, or nil.
local function answer_without_facts(turn, nothing_to_ask)
  if turn.answer then
    return not nothing_to_ask and turn.asked and { "answer", "ask" } or { "answer" }
  elseif turn.intent and turn.intent.kind == "bot" then
    return nothing_to_ask and { "bot" } or { "bot", "ask" }
  elseif turn.intent then
    return { turn.intent.kind }
  elseif turn.thanked and nothing_to_ask and (turn.was_complete or turn.human or turn.outside or turn.visit) then
    local visit = turn.visit and not turn.human and { turn.visit.state == "requested" and "requested" or "visit" }
    return visit and other_than_last(turn, visit, { "welcome" }) or { "welcome" }, true
  end
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

-- Does the question for this field want yes or no?
---@param field? string
function M.wants_yes_no(field)
  local kind = field and understand.kind_of(field)
  return kind == "elevator" or kind == "stairs" or kind == "other"
end

-- turn: {fields=, data= what is known, texts= unanswered messages, asked= the field asked for last or nil, asked_times= how often running,
-- unread_times= messages running that nobody understood, edited= a message was changed after its answer, last_reply= or nil,
-- languages= the owner's, language= the customer's code, human= the customer waits for a person, outside= we do not come there,
-- kept= {field=, value=} of an earlier request, which is to be confirmed,
-- answer= the owner's fixed answer to these texts, intent= {kind=, text=} of language/intents, thanked= the texts say only thanks,
-- visit= {state=, at= in the business's time zone} when one is booked, circuit_open=}.
-- Returns {reply=, keys= its texts, data= what was understood, action=, asked= the field asked for now or nil, ends= the customer wants
-- nothing more, refused= kept is not right any more, unread_times=, not_understood= words, or nil, question= text for staff or nil}.
function M.answer(turn)
  turn = setmetatable({}, { __index = turn })
  turn.data, turn.asked_times = turn.data or {}, turn.asked and math.max(1, turn.asked_times or 1) or 0
  turn.was_complete = quote.complete(turn.data, turn.fields)
  local wishes = wants.stops_questions(turn.intent and turn.intent.kind)
  local yes_or_no = yes_no.of(turn.languages)
  local known = quote.merge(turn.data, nil, turn.fields)
  local read = understand.read(turn.texts, turn.fields, not turn.intent and turn.asked or nil, earlier.open(known, turn.fields), yes_or_no)
  if wishes and turn.intent.kind ~= "call_me" or turn.answer then
    read = { data = {}, questions = {} } -- "I want a refund for the couch" names nothing to be taken away
  end
  read.corrects = read.corrects or turn.edited
  earlier.keep(known, read, turn.fields, turn.asked)
  local refused = turn.kept ~= nil and turn.asked == turn.kept.field and returning.confirm(turn.kept, read, turn.texts, yes_or_no)
  if refused then turn.kept = false end
  local merged, changed = quote.merge(turn.data, read.data, turn.fields)
  turn.field = next_field(turn, read, merged)
  turn.unanswered = not read.took and #read.questions == 0
  local nothing_to_ask = turn.human or turn.outside or turn.visit or quote.complete(merged, turn.fields)
  local keys, ends = answer_without_facts(turn, nothing_to_ask)
  local action = "continue"
  if keys then
    turn.field = not (wishes or nothing_to_ask) and (not turn.answer or turn.asked) and turn.field or nil
  elseif turn.human or turn.outside or turn.visit then
    turn.field = nil
    keys = answer_asking_nothing(turn, read, changed)
  elseif not nothing_to_ask then
    keys = answer_missing(turn, read, changed)
  else
    keys, action = answer_complete(turn, read, changed)
  end
  if not turn.human and not turn.outside then
    keys, action = never_twice(turn, keys, action, read)
  end
  local unread = not turn.intent and not read.took and #read.questions == 0 and read.unread or nil
  return { reply = render(turn, keys), keys = keys, data = read.data, action = action, ends = ends, refused = refused or nil,
    asked = action == "continue" and (turn.field or not nothing_to_ask and read.media and turn.asked) or nil,
    not_understood = unread, unread_times = unread and (turn.unread_times or 0) + 1 or 0,
    question = not turn.intent and #read.questions > 0 and table.concat(read.questions, " ") or nil }
end

return M
