local conversation = require "flow.conversation"

local FIELDS = { "address", "elevator_access", "stairs", "inventory" }
local FULL = { address = "5 Elm", elevator_access = "yes", stairs = "no", inventory = "1 couch" }

describe("conversation.due", function()
  it("waits for quiet, but never longer than the longest wait", function()
    assert.equal(14000, conversation.due({ last_message_ms = 10000, first_unanswered_ms = 9000 }, 10000, 4000, 15000))
    assert.equal(15000, conversation.due({ last_message_ms = 14000, first_unanswered_ms = 0 }, 14000, 4000, 15000))
    assert.equal(20000, conversation.due({ last_message_ms = 14000, first_unanswered_ms = 0 }, 20000, 4000, 15000))
  end)
  it("does not wait longer when the clock jumps", function()
    assert.equal(4000, conversation.due({ last_message_ms = 9000000, first_unanswered_ms = 9000000 }, 0, 4000, 15000))
  end)
end)

describe("conversation.paused_reply_due", function()
  it("is due once in a pause, again after a day, never after staff have written", function()
    local hour = 3600000
    assert.is_true(conversation.paused_reply_due({}, 5))
    assert.is_false(conversation.paused_reply_due({ paused_told_at = 0 }, 23 * hour))
    assert.is_true(conversation.paused_reply_due({ paused_told_at = 0 }, 24 * hour))
    assert.is_false(conversation.paused_reply_due({ staff_reached_at = 1 }, 48 * hour))
    assert.is_false(conversation.paused_reply_due({ opted_out = 1 }, 5))
  end)
end)

describe("conversation.after", function()
  local function after(state)
    state.fields, state.action = FIELDS, state.action or "continue"
    state.before, state.merged, state.changed = state.before or {}, state.merged or {}, state.changed or {}
    return conversation.after(state)
  end
  local almost = { address = "5 Elm", elevator_access = "yes", stairs = "no" }

  it("does nothing more for a plain answer", function()
    assert.same({ link = false }, after {})
  end)
  it("hands off in the turn that completes the fields, whatever the model said", function()
    for _, action in ipairs { "continue", "handoff" } do
      assert.same({ link = false, card = "complete" }, after { before = almost, merged = FULL, changed = { "inventory" }, action = action })
    end
  end)
  it("sends link and card for schedule in the completing turn", function()
    assert.same({ link = true, card = "complete" }, after { before = almost, merged = FULL, changed = { "inventory" }, action = "schedule" })
    assert.same({ link = true }, after { action = "schedule" })
  end)
  it("does not hand off again in later turns", function()
    assert.same({ link = false }, after { before = FULL, merged = FULL, last_case = { known = FULL } })
  end)
  it("hands off again when a known value changes after the last case was closed", function()
    local new = { address = "9 Oak", elevator_access = "yes", stairs = "no", inventory = "1 couch" }
    assert.equal("complete", after({ before = FULL, merged = new, changed = { "address" }, last_case = { known = FULL } }).card)
  end)
  it("posts a card when the model asks for it", function()
    assert.equal("model", after({ action = "handoff" }).card)
  end)
  it("never opens a second case: new facts and wishes become a follow-up", function()
    local case = { state = "open" }
    assert.same({ link = false }, after { action = "handoff", case = case })
    assert.same({ link = false, follow_up = "Inventory: 1 couch" }, after { before = almost, merged = FULL, changed = { "inventory" }, case = case })
    assert.same({ link = false, follow_up = "asks again for a person.", reason = "asked" }, after { wants_human = true, case = case })
    assert.same({ link = false, theirs = "Open on Sunday?", lead = "asks:" }, after { question = "Open on Sunday?", case = case })
  end)
  it("hands off when the answer was so long that it lost its end", function()
    assert.equal("model", after({ cut = true }).card)
    assert.is_truthy(after({ cut = true, case = { state = "open" } }).follow_up)
  end)
  it("hands off for a wish for a person and passes questions on", function()
    assert.equal("asked", after({ wants_human = true, action = "handoff" }).card)
    assert.same({ link = false, theirs = "Open on Sunday?", lead = "asks:" }, after { question = "Open on Sunday?" })
  end)
end)

describe("conversation.after a wish", function()
  local function after(kind, state)
    state.fields, state.action, state.before, state.merged, state.changed = FIELDS, "continue", {}, state.merged or {}, state.changed or {}
    state.intent = { kind = kind, text = "their words" }
    return conversation.after(state)
  end

  it("T1: T3: T4: posts a card that names it, or tells staff of a live case the words", function()
    for kind, reason in pairs { cancel_visit = "cancel", change_visit = "change", complaint = "complaint", call_me = "asked" } do
      assert.same({ link = false, card = reason }, after(kind, {}))
      local live = after(kind, { case = { state = "open" } })
      assert.equal("their words", live.theirs)
      assert.equal(reason, live.reason)
      assert.is_nil(live.card)
    end
  end)

  it("T5: T10: tells staff in one line, without a case, also when the facts are complete", function()
    for _, kind in ipairs { "not_interested", "wrong_number" } do
      for _, state in ipairs { {}, { merged = FULL, changed = { "address" } }, { case = { state = "open" } } } do
        local effects = after(kind, state)
        assert.equal("their words", effects.theirs)
        assert.is_nil(effects.card)
      end
    end
  end)

  it("T2: tells staff what changed while a visit is booked, also without a case", function()
    local effects = conversation.after { fields = FIELDS, before = FULL, merged = { address = "21 Elm St" }, changed = { "address" }, action = "continue",
      visit = { state = "booked" } }
    assert.equal("Address: 21 Elm St", effects.follow_up)
  end)

  it("tells staff the words that nobody understood", function()
    local effects = conversation.after { fields = FIELDS, before = {}, merged = {}, changed = {}, action = "continue", unread = "grmpf\nzzz" }
    assert.equal("grmpf\nzzz", effects.theirs)
  end)
end)

describe("conversation.unusable", function()
  it("says it once, not twice running, and hands off at the third message running", function()
    assert.equal("say", conversation.unusable(0, 1, false))
    assert.is_nil(conversation.unusable(1, 2, true))
    assert.equal("handoff", conversation.unusable(2, 3, false))
    assert.equal("handoff", conversation.unusable(0, 4, false))
    assert.is_nil(conversation.unusable(3, 4, false))
    assert.equal("say", conversation.unusable(1, 2, false))
    assert.equal("say", conversation.unusable(0, 0, false)) -- a photo without words
  end)
end)

describe("conversation.may_ask", function()
  it("asks for what is missing, and for nothing after a wish for a person", function()
    assert.same({ "stairs", "inventory" }, conversation.may_ask(nil, { address = "x", elevator_access = "no" }, FIELDS))
    assert.equal(4, #conversation.may_ask({ state = "open", reason = "model" }, {}, FIELDS))
    for _, reason in ipairs { "asked", "cancel", "change", "complaint" } do
      assert.same({}, conversation.may_ask({ state = "open", reason = reason }, {}, FIELDS))
    end
    assert.same({}, conversation.may_ask(nil, {}, FIELDS, { state = "booked" }))
  end)
end)
