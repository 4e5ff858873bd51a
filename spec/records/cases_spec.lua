-- records/cases and records/alerts over the real database: run inside the host (`assistant run`), pending elsewhere.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("records/cases", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local tables = require "spec.support.tables"
local time = require "host.time"

describe("records/cases", function()
  local cases, alerts
  local id = "14165550199"
  local bob, eve = { id = "U1", name = "Bob" }, { id = "U2", name = "Eve" }

  local function chat() return db.one("SELECT * FROM conversations WHERE id = ?", id) end

  setup(tables)
  before_each(function()
    cases, alerts = require "records.cases", require "records.alerts"
    for _, name in ipairs { "cases", "messages", "quote_data", "alerts", "slack_seen", "conversations" } do db.run("DELETE FROM " .. name) end
    db.run("INSERT INTO conversations(id, phone_number, inbound_at, last_seq) VALUES(?, ?, ?, 1)", id, id, time.now_ms())
  end)

  it("F5: has at most one live case per chat", function()
    local first, fresh = cases.open(chat(), "model")
    assert.is_true(fresh)
    local second, again = cases.open(chat(), "asked")
    assert.is_false(again)
    assert.equal(first.id, second.id)
    assert.equal("model", second.reason)
  end)

  it("reads numbers and booleans that another program wrote into the quote as text, and drops what is neither", function()
    db.run("INSERT INTO quote_data(conversation_id, json_dump) VALUES(?, ?)", id,
      '{"address":"12 Elm St","stairs":2,"elevator_access":false,"inventory":{"couch":1},"notes":null,"list":["a"]}')
    assert.same({ address = "12 Elm St", stairs = "2", elevator_access = "false" }, (require "records.quotes".get(id)))
    db.run("UPDATE quote_data SET json_dump = '[1,2]'")
    assert.same({}, (require "records.quotes".get(id)))
  end)

  it("C3: gives a case to the first who takes it", function()
    cases.open(chat(), "model")
    assert.is_true(cases.take(id, bob))
    local ok, holder = cases.take(id, eve)
    assert.is_false(ok)
    assert.equal("Bob", holder.name)
    assert.is_true(cases.take(id, bob))
    assert.equal("taken", cases.current(id).state)
  end)

  it("needs no case for a take-over", function()
    assert.is_true(cases.take(id, bob))
    assert.is_nil(cases.current(id))
  end)

  it("closes once, keeps what was known then, and a new one can open", function()
    db.run("INSERT INTO quote_data(conversation_id, json_dump) VALUES(?, ?)", id, '{"address":"1 Elm"}')
    local case = cases.open(chat(), "complete")
    assert.same({ address = "1 Elm" }, cases.known(case))
    db.run("UPDATE quote_data SET json_dump = ? WHERE conversation_id = ?", '{"address":"2 Oak"}', id)
    assert.is_true(cases.close(id))
    assert.is_false(cases.close(id))
    assert.same({ address = "2 Oak" }, cases.known(cases.last(id)))
    local _, fresh = cases.open(chat(), "asked")
    assert.is_true(fresh)
  end)

  it("once taken, closes after a day without a message from either side, not before, and never while paused; untaken, never", function()
    local case, day = cases.open(chat(), "model"), 24 * 3600000
    assert.equal(0, #cases.expire_due(time.now_ms() + 30 * day))
    cases.take(id, { id = "U1", name = "ana" })
    assert.equal(0, #cases.expire_due(time.now_ms()))
    assert.equal(0, #cases.expire_due(time.now_ms() + day - 60000))
    db.run("UPDATE conversations SET status = 'PAUSED' WHERE id = ?", id)
    assert.equal(0, #cases.expire_due(time.now_ms() + day + 1000))
    db.run("UPDATE conversations SET status = 'ACTIVE' WHERE id = ?", id)
    local expired = cases.expire_due(time.now_ms() + day + 1000)
    assert.equal(case.id, expired[1].id)
    assert.is_nil(cases.current(id))
  end)

  it("collects texts for one follow-up, and keeps those that come while it is posted", function()
    local case = cases.open(chat(), "model")
    assert.is_false(cases.is_full(case))
    assert.is_true(cases.is_full { notes = ("x"):rep(5000) }) -- then tell.follow_up sends a line of its own, so that nothing is dropped
    cases.note(case, "Stairs: 2", 60000)
    cases.note(case, "Elevator: no", 60000)
    local words = cases.get(case.id).notes
    assert.equal("Stairs: 2\nElevator: no", words)
    cases.note(case, "a piano too", 60000)
    assert.is_true(cases.followed_up(case.id, words))
    local left = cases.get(case.id)
    assert.equal("a piano too", left.notes)
    assert.is_false(cases.followed_up(case.id, left.notes))
    assert.is_true(cases.note(cases.get(case.id), "x", 60000) > time.now_ms() + 50000)
  end)

  it("F1: knows the cards that are not in the channel yet", function()
    local case = cases.open(chat(), "model")
    assert.equal(1, #cases.unposted())
    assert.equal(0, #cases.waiting(2))
    cases.posted(case.id)
    assert.equal(0, #cases.unposted())
    assert.equal(1, #cases.waiting(2))
    cases.reminded(case.id, 2)
    assert.equal(0, #cases.waiting(2))
  end)

  it("C2: remembers an answer by its signature", function()
    assert.is_nil(cases.seen("m"))
    cases.see("m", 200, "{}")
    cases.see("m", 500, "other")
    assert.same({ status = 200, body = "{}" }, cases.seen("m"))
  end)

  it("finds idle pauses once each", function()
    local now = time.now_ms()
    db.run("UPDATE conversations SET status = 'PAUSED', paused_at = ?1, pause_active_at = ?1 WHERE id = ?2", now - 1000, id)
    assert.equal(0, #cases.idle_pauses(now - 2000))
    assert.equal(1, #cases.idle_pauses(now))
    cases.pause_asked(id)
    assert.equal(0, #cases.idle_pauses(now))
  end)

  it("F6: tells an alert once in 15 minutes and counts the rest", function()
    assert.is_true((alerts.count("x")))
    for i = 1, 5 do
      local tell, before, next_at = alerts.count("x")
      assert.is_false(tell)
      assert.equal(i, before)
      assert.is_true(next_at > time.now_ms())
    end
    assert.is_true((alerts.count("y")))
    assert.equal(5, alerts.settle("x"))
    assert.equal(0, alerts.settle("x"))
  end)
end)
