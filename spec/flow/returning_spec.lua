local returning = require "flow.returning"
local scripted = require "flow.scripted"
local understand = require "language.understand"

local DAY = 86400000
local FIELDS = { "address", "elevator_access", "stairs", "inventory" }
local OLD = { address = "10 Main St, Brampton", elevator_access = "yes", stairs = "none", inventory = "1 couch" }

describe("flow/returning", function()
  it("a new quote begins with the first words 14 days or more after the last case was closed, once", function()
    local function begins(days, fields)
      local state = { case = { state = "closed", closed_at = 100 * DAY } }
      for name, value in pairs(fields or {}) do state[name] = value end
      return returning.begins(state.case or nil, state.visit, state.quote_from, (100 + days) * DAY)
    end
    assert.is_true(begins(14))
    assert.is_true(begins(14, { quote_from = 20 * DAY }))
    assert.is_false(begins(13.9))
    assert.is_false(begins(400, { quote_from = 120 * DAY }), "it has begun already")
    for _, fields in ipairs { { case = false }, { case = { state = "open" } }, { visit = { state = "booked" } } } do assert.is_false(begins(20, fields)) end
  end)

  it("keeps the address aside and begins empty otherwise", function()
    local data, kept = returning.set_aside(OLD, FIELDS, true)
    assert.same({ {}, { field = "address", value = "10 Main St, Brampton", new = true } }, { data, kept })
    data, kept = returning.set_aside(OLD, FIELDS, false, "address")
    assert.is_nil(data.address)
    assert.same({ "1 couch", false }, { data.inventory, kept.new })
    assert.is_nil(select(2, returning.set_aside({ address = understand.NOT_SURE }, FIELDS, true)))
    assert.same({ OLD }, { returning.set_aside(OLD, FIELDS, false) })
  end)

  it("stores the kept value until it is confirmed, replaced or refused", function()
    local kept = { field = "address", value = "10 Main St", new = false }
    assert.same({ { stairs = "no", address = "10 Main St" }, "address" }, { returning.stored({ stairs = "no" }, kept) })
    assert.same({ { address = "5 Oak St" } }, { returning.stored({ address = "5 Oak St" }, kept) })
    assert.same({ {} }, { returning.stored({}, kept, true) })
  end)

  it("a model that repeats the value before anybody has asked confirms nothing, unless the customer named it", function()
    local function settled(new, value, text)
      local data = { address = value }
      returning.settle({ field = "address", value = "10 Main St.", new = new }, data, { text })
      return data.address
    end
    assert.is_nil(settled(true, "10 Main St", "I have a couch again"))
    assert.equal("10 Main St", settled(true, "10 Main St", "a couch, 10 main st again"))
    assert.equal("5 Oak St", settled(true, "5 Oak St", "now at my new place"))
    assert.equal("10 Main St", settled(false, "10 Main St", "yes"))
    assert.equal("10 Main St. (from an earlier request, not confirmed)", settled(false, understand.NOT_SURE, "hm"))
  end)

  it("staff see that an address is not confirmed", function()
    local data = { address = "10 Main St" }
    returning.mark(data, "address")
    assert.equal("10 Main St (from an earlier request, not confirmed)", data.address)
  end)

  describe("the fixed questions", function()
    local function answer(text, fields)
      local turn = { fields = FIELDS, data = {}, texts = { text }, asked = "address", asked_times = 1, last_reply = "Thanks! Is it again at 10 Main St?",
        kept = { field = "address", value = "10 Main St", new = false } }
      for name, value in pairs(fields or {}) do turn[name] = value or nil end
      return scripted.answer(turn)
    end

    it("ask whether it is the old address", function()
      local said = answer("I have a couch again", { asked = false, last_reply = false })
      assert.equal("Hi! Thanks for reaching out to us. Is it again at 10 Main St?", said.reply)
      assert.same({ "address", nil }, { said.asked, said.data.address })
    end)

    it("understand yes, no and another address", function()
      for _, text in ipairs { "yes", "Yep, same place", "it's the same", "that's right", "oui", "Yes please!" } do
        local said = answer(text)
        assert.same({ "10 Main St", "elevator_access" }, { said.data.address, said.asked }, text)
      end
      for _, text in ipairs { "no", "No, I moved", "nope, not the same place" } do
        local said = answer(text)
        assert.is_true(said.refused, text)
        assert.same({ "address" }, { said.asked }, text)
        assert.truthy(said.reply:find("What's the pickup address?", 1, true), said.reply)
      end
      local said = answer("no, 5 Oak Street, Toronto now")
      assert.truthy(said.data.address:find("5 Oak Street", 1, true))
      assert.is_nil(said.refused)
      said = answer("what time do you open?")
      assert.same({ nil, nil }, { said.data.address, said.refused })
    end)
  end)
end)
