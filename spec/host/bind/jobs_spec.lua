-- host.jobs and host.inbox as scripts call them; nothing claims here. How jobs run: spec/host/work/jobs_test.c, spec/system.

local db = require "host.db"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local json = require "host.json"
local time = require "host.time"

local function thrown(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("jobs.put", function()
  before_each(function() db.run "DELETE FROM jobs" end)

  local function row(id) return db.one("SELECT kind, lane, ukey, run_at, payload FROM jobs WHERE id = ?", id) end

  it("stores the kind, the lane, the time and the payload as JSON", function()
    local id = jobs.put { kind = "spec", lane = "a:1", run_at = 123, payload = { list = json.array {}, word = "é" } }
    local stored = row(id)
    assert.same({ "spec", "a:1", 123 }, { stored.kind, stored.lane, stored.run_at })
    assert.same({ list = {}, word = "é" }, json.decode(stored.payload))
  end)

  it("stores the payload that was given, also when the table makes its other fields while they are read", function()
    local fields = setmetatable({ kind = "spec", payload = { word = "é" } }, { __index = function(_, name)
      json.encode { name:rep(5000) }
      return nil
    end })
    assert.same({ word = "é" }, json.decode(row(jobs.put(fields)).payload))
  end)

  it("is due now when no time is given", function()
    local before = time.now_ms()
    local due = row(jobs.put { kind = "spec" }).run_at
    assert.is_true(due >= before and due <= time.now_ms())
  end)

  it("lets the older of two with one mark take over time and payload, or keep its own", function()
    local id = jobs.put { kind = "spec", unique = "u", run_at = 1, payload = 1 }
    assert.equal(id, jobs.put { kind = "spec", unique = "u", run_at = 2, payload = 2 })
    assert.same({ 2, "2" }, { row(id).run_at, row(id).payload })
    assert.equal(id, jobs.put { kind = "spec", unique = "u", run_at = 3, payload = 3, keep = true })
    assert.same({ 2, "2" }, { row(id).run_at, row(id).payload })
  end)

  it("lives and dies with the savepoint it was put in", function()
    pcall(db.transaction, function()
      jobs.put { kind = "spec" }
      error "no"
    end)
    assert.equal(0, db.one("SELECT count(*) AS n FROM jobs").n)
    assert.is_not_nil(row(jobs.put { kind = "spec" }))
  end)

  it("throws at the caller's line, naming what is wrong", function()
    for words, job in pairs {
      ["`kind` is missing"] = {}, ["`kind` must be text"] = { kind = 1 }, ["`lane` must be text"] = { kind = "x", lane = {} },
      ["`unique` must be text"] = { kind = "x", unique = 5 }, ["`run_at` must be whole milliseconds"] = { kind = "x", run_at = 1.5 },
    } do
      local err = thrown(function() jobs.put(job) end)
      assert.truthy(err:find("^spec/host/bind/jobs_spec.lua:%d+: jobs.put: ") and err:find(words, 1, true), err)
    end
    assert.truthy(thrown(jobs.put, "spec"):find("table expected", 1, true))
    thrown(jobs.put, { kind = "spec", payload = { f = print } })
    assert.equal(0, db.one("SELECT count(*) AS n FROM jobs").n)
  end)

  it("can be taken back by jobs.cancel, once", function()
    local id = jobs.put { kind = "spec" }
    assert.is_true(jobs.cancel(id))
    assert.is_false(jobs.cancel(id))
    assert.truthy(thrown(jobs.cancel, "x"):find("number expected", 1, true))
  end)
end)

describe("jobs.retry, later and dead", function()
  it("say what they need", function()
    assert.truthy(thrown(jobs.retry, 5):find("#2", 1, true))
    assert.truthy(thrown(jobs.later):find("#1", 1, true))
    assert.truthy(thrown(jobs.dead):find("#1", 1, true))
  end)

  it("take any delay without running past the end of time", function()
    assert.is_true(jobs.retry(math.maxinteger, "far").at > time.now_ms())
    assert.is_true(jobs.retry(math.mininteger, "past").at <= time.now_ms())
  end)
end)

describe("host.inbox", function()
  it("appends rows in order, with the bytes as they came", function()
    local first, second = inbox.put("spec", "a\0b\255"), inbox.put("spec", "")
    assert.equal(first + 1, second)
    assert.equal("a\0b\255", db.one("SELECT body FROM inbox WHERE id = ?", first).body)
  end)

  it("refuses park outside of a reader", function()
    assert.truthy(thrown(inbox.park, "no"):find("can only be used by an inbox reader", 1, true))
  end)
end)
