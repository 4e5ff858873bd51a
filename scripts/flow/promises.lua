-- What the fixed texts promise, and that it is true: a text that says something reached the team is sent only together with that very
-- thing. Pure.

local M = {}

-- By key of replies.yaml. words: staff read what the customer wrote. question: staff read the question. facts: staff read what changed, or
-- what the customer wrote. case: a case is live. told: its sender tells staff what it is about, in the same transaction.
M.CLAIMS = {
  human = { case = true }, stuck = { case = true, words = true }, stuck_again = { case = true, words = true },
  complete = { case = true }, waiting = { words = true }, wait = { words = true }, wait_again = { words = true },
  noted = { facts = true }, noted_again = { facts = true }, question = { question = true }, question_again = { question = true },
  cancel_visit = { case = true }, change_visit = { case = true }, complaint = { case = true }, call_me = { case = true },
  outside_area = { words = true }, not_interested = { words = true }, wrong_number = { words = true },
  after_hours = { words = true }, paused = { told = true }, staff_late = { told = true }, requested = { told = true },
  another_time = { told = true }, quote_accepted = { told = true }, quote_declined = { told = true }, quote_over = { told = true },
  notice_joined = { told = true },
}

local CARD_TEXTS, CARD_CHARACTERS = 3, 300 -- the customer's words that a card shows

local function card_shows(texts)
  if #texts > CARD_TEXTS then return false end
  for _, text in ipairs(texts) do
    if (utf8.len(text) or #text) > CARD_CHARACTERS then return false end
  end
  return true
end

---Throws when a text that promises something is said without it.
---@param keys? string[] of replies.yaml
---@param told? boolean the sender tells staff in the same transaction
function M.check(keys, told)
  if not keys then error("a fixed text is said without `keys`, its names in replies.yaml", 3) end
  for _, key in ipairs(keys) do
    if M.CLAIMS[key] and not told then
      error(("the text %s promises that staff hear of it: tell them in the same transaction, and set `told`"):format(key), 3)
    end
  end
end

---Adds to the effects of a turn what its fixed texts promise, so that none of them is sent without it.
---@param keys string[] of the reply
---@param effects {card?: string, follow_up?: string, theirs?: string, lead?: string}
---@param texts string[] what the customer wrote
---@param live boolean a case is open or taken
function M.keep(keys, effects, texts, live)
  local words = false
  for _, key in ipairs(keys or {}) do
    local claim = M.CLAIMS[key] or {}
    if claim.case and not live and not effects.card then effects.card = "model" end
    words = words or claim.words or claim.facts and not effects.follow_up or claim.question and effects.lead ~= "asks:"
  end
  if words and not effects.theirs and not (effects.card and card_shows(texts)) then
    effects.theirs, effects.lead = table.concat(texts, "\n"), "writes:"
  end
  return effects
end

return M
