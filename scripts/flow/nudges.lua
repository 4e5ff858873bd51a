-- Silent leads: one short reminder of an open question, so many hours after it was asked (nudges.after_hours in business.yaml). Pure.

local conversation_flow = require "flow.conversation"
local hours = require "flow.hours"
local last_question = require "language.last_question"

local M = {}

local HOUR_MS = 3600000

---The question that a reply leaves open, or nil. "A customer owes an answer when the reply ended in a question and fields are missing."
---@param turn {case?: table, merged: table, fields: string[], visit?: table, action: string, outside?: boolean} after the reply;
---  outside: we do not come there
---@param reply? string
---@param ask? string the question of the field that the fixed questions asked for
---@return string?
function M.open_question(turn, reply, ask)
  if not reply or turn.action ~= "continue" or turn.case or turn.outside
    or #conversation_flow.may_ask(nil, turn.merged, turn.fields, turn.visit) == 0 then
    return nil
  end
  return last_question.of(reply) or ask
end

---When the next reminder is due, or nil: none is sent any more. "Inside business hours and the 24-hour window only; never after STOP, a
---handoff, a booking, a pause or 'not interested'; any word of theirs cancels it." One that is due while we are closed waits until we open.
---@param state {conversation: table, case?: table, visit?: table, seq: integer, asked_at: integer, until_ms: integer}
---  seq: the customer's last message when the question was asked; until_ms: WhatsApp takes free text until then
---@param business {hours: table, nudges: {after_hours: number[]}}
---@param now integer ms
---@param time table host.time
---@return integer? at ms; not after now: send it
function M.due(state, business, now, time)
  local c = state.conversation
  local wait = business.nudges.after_hours[c.nudged + 1]
  if not wait or c.last_seq > state.seq or c.opted_out == 1 or c.status == "PAUSED" or c.ended_at or state.case or state.visit
    or state.asked_at > now then -- asked in the future: the clock was set back since
    return nil
  end
  local at = hours.opens(business.hours, math.max(now, state.asked_at + math.floor(wait * HOUR_MS)), time)
  return at and at < state.until_ms and at or nil
end

---After the reminder with this number, when to look at the next one: never sooner than the shortest step of the list. nil: it was the last.
---@param after_hours number[]
---@param sent integer how many reminders were sent
---@param asked_at integer ms
---@param now integer ms
---@return integer? ms
function M.next(after_hours, sent, asked_at, now)
  local wait = after_hours[sent + 1]
  if not wait then return nil end
  local step = math.min(after_hours[1], wait - (after_hours[sent] or 0))
  return math.max(asked_at + math.floor(wait * HOUR_MS), now + math.floor(step * HOUR_MS))
end

---The fixed text with the business's name and the question filled in.
function M.fill(words, business, question) return (words:gsub("{(%l+)}", { business = business, question = question })) end

return M
