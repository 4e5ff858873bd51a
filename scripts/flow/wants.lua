-- What follows when a customer says something that answers no question: a wish to cancel, a complaint, "never mind" … It is decided here
-- also when a model writes the reply. Pure.
local intents = require "language.intents"

local M = {}

-- By kind of language/intents. card: why staff get a card. ends: nothing more is asked, and staff get one line. staff: what stands before
-- the customer's words. The fixed text has the kind's name as its key in replies.yaml.
M.FOLLOWS = {
  cancel_visit = { card = "cancel", staff = "wants to cancel the visit:" },
  change_visit = { card = "change", staff = "wants another time for the visit:" },
  complaint = { card = "complaint", staff = "complains, or reports damage:" },
  call_me = { card = "asked", staff = "asks for a call:" },
  not_interested = { ends = true, staff = "wants nothing more. The assistant asks them nothing:" },
  wrong_number = { ends = true, staff = "says that they are the wrong number. The assistant asks them nothing:" },
  bot = {},
}

-- While a case with one of these reasons is live, the customer waits for a person, and nothing is asked.
M.WAITS = { asked = true, cancel = true, change = true, complaint = true }

---@param kind? string
---@return boolean? is the question that was open no longer asked?
function M.stops_questions(kind) return kind and (M.FOLLOWS[kind].card or M.FOLLOWS[kind].ends) ~= nil end

---The decision as it is carried out. A model's reply that says something else is replaced by the fixed text.
---@param intent {kind: string, text: string}
---@param decision table
---@param say fun(key: string): string
function M.decide(intent, decision, say)
  local follows = M.FOLLOWS[intent.kind]
  decision.intent = intent
  local rest = decision.brain == "model" and intents.before_question(intent.kind, decision.reply)
  if rest then -- nothing is asked: the fixed text stands in the question's place
    decision.reply = (rest == "" or intents.contradicts(intent.kind, rest)) and say(intent.kind) or rest .. " " .. say(intent.kind)
    decision.brain, decision.keys = "words", { intent.kind }
  elseif decision.brain == "model" and intents.contradicts(intent.kind, decision.reply) then
    decision.brain, decision.reply, decision.keys = "words", say(intent.kind), { intent.kind }
  end
  if follows.card then
    decision.action = decision.action == "schedule" and intent.kind == "change_visit" and "schedule" or "handoff"
  elseif follows.ends then
    decision.action, decision.ends = "continue", true
  end
  if M.stops_questions(intent.kind) then decision.asked = nil end
  return decision
end

return M
