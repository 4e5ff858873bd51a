local nudges = require "flow.nudges"
local hours = require "flow.hours"
local last_question = require "language.last_question"
local time = require "host.time"

local HOUR = 3600000
local HOURS = { mon = { "08:00", "18:00" }, tue = { "08:00", "18:00" }, wed = { "08:00", "18:00" }, thu = { "08:00", "18:00" }, fri = { "08:00", "18:00" }, sat = {}, sun = {} }

-- Wednesday, 25 November 2026, on the clock of TZ.
local function at(hour, day) return time.from_zoned { year = 2026, month = 11, day = day or 25, hour = hour, min = 0 } end

local function due(now, asked, fields, after)
  local conversation = { nudged = 0, last_seq = 4, opted_out = 0, status = "ACTIVE" }
  local state = { conversation = conversation, seq = 4, asked_at = asked, until_ms = asked + 24 * HOUR }
  for name, value in pairs(fields or {}) do
    if name == "case" or name == "visit" then state[name] = value else conversation[name] = value end
  end
  return nudges.due(state, { hours = HOURS, nudges = { after_hours = after or { 3, 20 } } }, now, time)
end

describe("flow/nudges", function()
  it("is due so many hours after the question, inside business hours", function()
    assert.equal(at(12), due(at(12), at(9)))
    assert.equal(at(12), due(at(10), at(9)), "not yet")
    assert.equal(at(9) + HOUR // 2, due(at(9), at(9), nil, { 0.5 }))
    assert.equal(at(9, 26), due(at(9, 26), at(13), { nudged = 1 }))
  end)

  it("waits until we open, when WhatsApp still takes free text then", function()
    assert.equal(at(8, 26), due(at(20), at(17)))
    assert.equal(at(8, 26), due(at(23), at(17)), "the service was down")
    assert.is_nil(due(at(20, 27), at(17, 27)), "from Friday evening to Monday")
    assert.is_nil(due(at(6, 26), at(5), { nudged = 1 }), "25 hours later")
  end)

  it("is none after STOP, a handoff, a booking, a pause, 'not interested', a word of theirs, or the last one", function()
    for _, fields in ipairs { { opted_out = 1 }, { case = { state = "open" } }, { visit = { state = "booked" } }, { status = "PAUSED" }, { ended_at = 1 },
      { last_seq = 5 }, { nudged = 2 } } do
      assert.is_nil(due(at(12), at(9), fields))
    end
    assert.is_nil(due(at(12), at(9), nil, {}), "switched off meanwhile")
  end)

  it("is none when the clock was set back to before the question, or ahead by a day", function()
    assert.is_nil(due(at(9), at(10)))
    assert.is_nil(due(at(12, 26), at(9)))
  end)

  it("the next one keeps its distance from one that came late", function()
    assert.equal(at(12), nudges.next({ 3, 20 }, 0, at(9), at(9)))
    assert.equal(at(5, 26), nudges.next({ 3, 20 }, 1, at(9), at(12)))
    assert.equal(at(6, 26), nudges.next({ 3, 20 }, 1, at(9), at(3, 26)))
    assert.is_nil(nudges.next({ 3, 20 }, 2, at(9), at(12)))
    assert.is_nil(nudges.next({}, 0, at(9), at(9)))
  end)

  it("a question is open when the reply ends in it, fields are missing, and nobody else has the chat", function()
    local function open(fields, reply, ask)
      local turn = { merged = { address = "1 Elm St" }, fields = { "address", "stairs" }, action = "continue" }
      for name, value in pairs(fields) do turn[name] = value end
      return nudges.open_question(turn, reply or "Thanks! Are there any stairs?", ask)
    end
    assert.equal("Are there any stairs?", open {})
    assert.equal("Tell us about the stairs.", open({}, "Thanks. Tell us about the stairs.", "Tell us about the stairs."))
    assert.is_nil(open({}, "Are you there? I'll wait."))
    for _, fields in ipairs { { case = { state = "open" } }, { visit = { state = "booked" } }, { action = "handoff" }, { action = "schedule" }, { outside = true },
      { merged = { address = "1 Elm St", stairs = "no" } } } do
      assert.is_nil(open(fields))
    end
  end)

  it("fills in the words as they are", function()
    assert.equal("A & B: 100 % sure? Reply STOP", nudges.fill("{business}: {question} Reply STOP", "A & B", "100 % sure?"))
  end)
end)

describe("language/last_question", function()
  it("finds the question at the end of a reply", function()
    for reply, question in pairs {
      ["Thanks! Are there any stairs?"] = "Are there any stairs?",
      ["Is it at 12 St. Clair Ave. in Toronto?"] = "Is it at 12 St. Clair Ave. in Toronto?",
      ["Got it.\nIs 2.5 m right? 🙂"] = "Is 2.5 m right?",
      ["Merci. Y a-t-il un ascenseur ?"] = "Y a-t-il un ascenseur ?",
      ["Okay? Which floor?"] = "Which floor?",
      ["¿Hay escaleras?"] = "¿Hay escaleras?",
      ["ਧੰਨਵਾਦ। ਕੀ ਕੋਈ ਲਿਫਟ ਹੈ?"] = "ਕੀ ਕੋਈ ਲਿਫਟ ਹੈ?",
      ["有電梯嗎？"] = "有電梯嗎？",
    } do assert.equal(question, last_question.of(reply), reply) end
    for _, reply in ipairs { "", "?", "No question.", "Any stairs? We come at 3.", ("a "):rep(400) .. "?" } do assert.is_nil(last_question.of(reply), reply) end
  end)
end)

describe("flow/hours", function()
  it("says when business hours begin", function()
    assert.equal(at(9), hours.opens(HOURS, at(9), time))
    assert.equal(at(8), hours.opens(HOURS, at(3), time))
    assert.equal(at(8, 30), hours.opens(HOURS, at(18, 27), time))
    assert.equal(at(3), hours.opens({}, at(3), time))
    assert.is_nil(hours.opens({ mon = {} }, at(3), time))
  end)
end)
