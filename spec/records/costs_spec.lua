-- records/costs over the real database: run inside the host (`assistant run`), pending elsewhere.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("records/costs", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local tables = require "spec.support.tables"
local time = require "host.time"

local ANN, BOB = "16475550123", "CA.900100200300"
local DAY_MS = 86400000

describe("records/costs", function()
  local costs, now

  setup(tables)
  before_each(function()
    db.run "DELETE FROM costs"
    costs, now = require "records.costs", time.now_ms()
  end)
  teardown(function() db.run "DELETE FROM costs" end)

  it("D15: counts an answer for its chat and for the day, and returns what the day has cost", function()
    local used = { uncached = 900, cached = 100, completion = 50, dollars = 0.25 }
    assert.equal(0.25, costs.add_tokens(ANN, used, now))
    assert.equal(0.5, costs.add_tokens(BOB, used, now))
    assert.equal(0.75, costs.add_tokens(nil, used, now))
    assert.equal(0.75, costs.model_today(now))
    assert.same({ 2700, 300, 150 }, { costs.today(now).tokens_in, costs.today(now).tokens_cached, costs.today(now).tokens_out })
    assert.same({ 900, 0.25 }, { costs.of { ANN }[1].tokens_in, costs.of { ANN }[1].dollars })
    assert.equal(0, costs.model_today(now + 2 * DAY_MS))
  end)

  it("counts delivered messages by category, names the chats that cost most, and lists nobody's total", function()
    costs.add_tokens(ANN, { uncached = 1, cached = 0, completion = 1, dollars = 0.01 }, now)
    costs.add_message(BOB, "marketing", 0.025, now)
    costs.add_message(BOB, "service", 0.0034, now)
    costs.add_message(BOB, "free", 0, now)
    local today = costs.day(now)
    local dearest = costs.dearest(today, today, 10)
    assert.same({ BOB, ANN }, { dearest[1].conversation_id, dearest[2].conversation_id })
    assert.same({ 1, 1, 1, 0 }, { dearest[1].marketing, dearest[1].service, dearest[1].free, dearest[1].utility })
    assert.equal(2, #dearest)
    assert.is_true(math.abs(costs.between(today, today).message_dollars - 0.0284) < 1e-9)
    assert.equal(0, costs.between("2020-01-01", "2020-12-31").dollars)
  end)

  it("H5: forgets what chats cost once it is old, and keeps the totals of the days", function()
    for i, days in ipairs { 200, 190, 1 } do costs.add_message(ANN .. i, "service", 0.5, now - days * DAY_MS) end
    local expiry = require "records.expiry"
    assert.equal(1, expiry.costs(now - 180 * DAY_MS, 1))
    assert.equal(1, expiry.costs(now - 180 * DAY_MS, 8))
    assert.equal(0, expiry.costs(now - 180 * DAY_MS, 8))
    assert.equal(1, db.one("SELECT count(*) AS n FROM costs WHERE conversation_id <> ''").n)
    assert.equal(3, db.one("SELECT count(*) AS n FROM costs WHERE conversation_id = ''").n)
  end)

  it("B26: the costs of two chats that become one are added up", function()
    for _, id in ipairs { ANN, BOB } do
      db.run("INSERT INTO conversations(id, phone_number) VALUES(?, '')", id)
      costs.add_message(id, "utility", 0.5, now)
    end
    local kept = require("records.merge").chats(ANN, BOB, now)
    assert.same({ 2, 1.0 }, { costs.of({ kept.id })[1].utility, costs.of({ kept.id })[1].message_dollars })
    assert.equal(1, db.one("SELECT count(*) AS n FROM costs WHERE conversation_id <> ''").n)
    db.run "DELETE FROM conversations"
    db.run "DELETE FROM identities"
  end)
end)
