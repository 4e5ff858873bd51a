-- The rules of a chat: when an answer is due, what follows from a decision.
-- Each rule quotes the promise of docs/contract.md that it keeps. Pure functions of what is known and what happened.
local quote = require "flow.quote"
local text = require "language.text"
local wants = require "flow.wants"

local M = {}

local DAY_MS = 24 * 3600000
local MOST_UNUSABLE = 3 -- messages of kinds that we cannot use, running

-- ---- when ----------------------------------------------------------------------------------------------------------

-- "When the customer has been quiet for TURN_QUIET_MS (at most TURN_MAX_WAIT_MS after the first unanswered message)."
-- state: {last_message_ms=, first_unanswered_ms=}. When the clock jumps, nobody waits longer than quiet_ms.
---@param state table
---@param now integer ms
---@param quiet_ms integer
---@param max_wait_ms integer
function M.due(state, now, quiet_ms, max_wait_ms)
  local at = math.min(state.last_message_ms + quiet_ms, (state.first_unanswered_ms or state.last_message_ms) + max_wait_ms)
  return math.max(now, math.min(at, now + quiet_ms))
end

-- "The paused reply only if no staff message has reached them in this pause, and again after 24 h at the earliest."
-- state: a row of conversations {staff_reached_at=, paused_told_at=, opted_out=}.
function M.paused_reply_due(state, now)
  if state.staff_reached_at or state.opted_out == 1 or state.opted_out == true then
    return false
  end
  return not state.paused_told_at or now - state.paused_told_at >= DAY_MS
end

-- "A kind we cannot use gets the polite text once per burst, not twice running, and not at all when the burst also holds something usable;
-- the third such message running hands off." For a burst of nothing else: before, running: how many came running before it, and with it;
-- said: the last text was this one. Returns "say", "handoff", or nil: nothing is said.
---@param before integer
---@param running integer
---@param said boolean
function M.unusable(before, running, said)
  if running >= MOST_UNUSABLE then
    return before < MOST_UNUSABLE and "handoff" or nil
  end
  return not said and "say" or nil
end

-- ---- what a decision leads to --------------------------------------------------------------------------------------

local function described(fields, names, data)
  local wanted = {}
  for _, name in ipairs(names) do
    wanted[name] = true
  end
  local lines = {}
  for _, fact in ipairs(quote.facts(data, fields)) do
    if wanted[fact.field] then
      lines[#lines + 1] = fact.label .. ": " .. text.one_line(fact.value)
    end
  end
  return lines
end

-- "Not again in later turns, unless a known value changes after the last case was closed."
local function changed_since(known, changed, merged)
  for _, field in ipairs(changed) do
    if not known or tostring(known[field]) ~= tostring(merged[field]) then
      return true
    end
  end
  return false
end

-- Should a card be posted, and why? Called only while no case is open: "at most one open case per conversation".
local function reason_for_card(state, complete_before, complete_now)
  if state.wants_human then
    return "asked"
  elseif state.limited then
    return "limit"
  elseif complete_now and not complete_before then
    return "complete" -- "in the turn that completes the needed fields the script hands off even if the model did not ask for it"
  elseif state.action == "handoff" or state.cut then
    return "model" -- an answer whose end was cut off needs a person too
  elseif complete_now and not state.last_case then
    return "complete" -- complete and never a case: staff must see it
  elseif complete_now and changed_since(state.last_case.known, state.changed, state.merged) then
    return "complete"
  end
  return nil
end

-- What the customer wrote, as it is shown to staff beside the card, and the words before it.
local function theirs_of(state)
  local follows = state.intent and wants.FOLLOWS[state.intent.kind] or {}
  if state.for_staff then
    return state.said, state.for_staff
  elseif follows.ends or follows.card and state.case then
    return state.intent.text, follows.staff
  elseif state.limited and state.case then
    return state.limited, "writes, and the assistant does not answer:"
  elseif state.question then
    return state.question, "asks:" -- "staff get the question"
  elseif state.unread then
    return state.unread, "writes, and the assistant did not understand it:" -- "from the second unread message running"
  end
end

-- What follows from an accepted decision. state:
--   fields, before, merged, changed   the quote: before this turn, after it, and what changed
--   action                            "continue" | "handoff" | "schedule"
--   wants_human                       the customer asked for a person in this turn
--   intent                            {kind=, text=} something that answers no question (flow/wants)
--   question                          a question for staff, from the fixed questions
--   unread                            words that the assistant could not read, when staff are due to get them
--   limited                           messages that the assistant does not answer, because this chat has reached its turns per hour
--   for_staff, said                   words of ours about what the customer said, and what that was
--   card                              the reason of a card that is due whatever was said
--   case                              the case that is open or taken, or nil
--   last_case                         {known=} the last closed case with the data as it was then, or nil
--   visit                             a visit is requested or booked
--   cut                               the reply was too long, and its end was cut off
-- Returns {card=reason|nil, reason= the live case's new reason|nil, link=bool, follow_up=our lines|nil, theirs=the customer's words for
-- staff|nil, lead=the words before them}.
-- `schedule` in the completing turn gives link and card. "While a case is open new facts or a second wish for a person become a
-- short follow-up." The same while a visit is booked, because nobody looks at the facts of a chat without a case.
function M.after(state)
  local effects = { link = state.action == "schedule" }
  effects.theirs, effects.lead = theirs_of(state)
  local follows = state.intent and wants.FOLLOWS[state.intent.kind] or {}
  if not state.case and not follows.ends then
    effects.card = state.card or follows.card
      or reason_for_card(state, quote.complete(state.before, state.fields), quote.complete(state.merged, state.fields))
  end
  if effects.card and state.for_staff then effects.theirs, effects.lead = nil, nil end -- the card shows both
  if state.case then effects.reason = state.card or follows.card or state.wants_human and "asked" or nil end
  if not state.case and (effects.card or not state.visit) then return effects end
  local lines = described(state.fields, state.changed, state.merged)
  if state.wants_human then
    lines[#lines + 1] = "asks again for a person."
  end
  if state.cut then
    lines[#lines + 1] = "got an answer that was too long and lost its end."
  end
  effects.follow_up = #lines > 0 and table.concat(lines, "\n") or nil
  return effects
end

-- Does the customer of this case wait for a person?
---@param case? {state: string, reason: string}
function M.waits(case) return case ~= nil and (wants.WAITS[case.reason] or case.state == "taken") or false end

-- "While it is open and nobody has taken it the assistant asks only for missing fields (after a wish for a person, a complaint, or
-- a wish to end or move a visit it asks nothing)." The same while a visit is booked, because missing facts are seen at the visit. Returns
-- the fields that can be asked for now.
---@param case? table
---@param data table<string, string>
---@param fields string[]
---@param booking? table
function M.may_ask(case, data, fields, booking)
  if booking or M.waits(case) then
    return {}
  end
  return quote.missing(data, fields)
end

return M
