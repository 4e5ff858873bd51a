-- host.db: values in and out, savepoints, and its errors for wrong use.

local db = require "host.db"
local json = require "host.json"
local task = require "host.task"

local function line() return debug.getinfo(2, "l").currentline end

local function thrown(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("host.db", function()
  setup(function() db.run "CREATE TABLE IF NOT EXISTS spec_values (id INTEGER PRIMARY KEY, value ANY) STRICT" end)
  before_each(function() db.run "DELETE FROM spec_values" end)
  teardown(function() db.run "DROP TABLE spec_values" end)

  local function stored(value)
    db.run("INSERT INTO spec_values (id, value) VALUES (1, ?)", value)
    return db.one("SELECT value, typeof(value) AS type FROM spec_values WHERE id = 1")
  end

  local function count() return db.one("SELECT count(*) AS n FROM spec_values").n end

  it("keeps integers, numbers, text with NUL and empty text as they are", function()
    for _, value in ipairs { 0, math.mininteger, math.maxinteger, 1.5, "", "a\0b", "é" } do
      assert.same(value, stored(value).value)
      db.run "DELETE FROM spec_values"
    end
    assert.equal("integer", math.type(stored(3).value))
  end)

  it("stores booleans as 1 and 0, json.null and nil as NULL, which is absent in a row", function()
    assert.equal(1, stored(true).value)
    db.run "DELETE FROM spec_values"
    assert.equal(0, stored(false).value)
    for _, nothing in ipairs { json.null, "nil" } do
      db.run "DELETE FROM spec_values"
      assert.same({ type = "null" }, stored(nothing ~= "nil" and nothing or nil))
    end
  end)

  it("takes values left out at the end for nil, also where the statement was used before", function()
    local sql = "INSERT INTO spec_values (id, value) VALUES (?, ?)"
    db.run(sql, 1, "first")
    db.run(sql, 2)
    assert.same({ id = 2 }, db.one "SELECT id, value FROM spec_values WHERE id = 2")
  end)

  it("answers nil, an empty list and the number of changes", function()
    assert.is_nil(db.one "SELECT 1 FROM spec_values")
    assert.same({}, db.all "SELECT 1 FROM spec_values")
    assert.equal(2, db.run "INSERT INTO spec_values (id) VALUES (1), (2)")
    assert.equal(0, db.run "DELETE FROM spec_values WHERE id = 3")
    assert.equal(0, db.run "SELECT * FROM spec_values")
  end)

  it("finishes a statement with RETURNING of which one row is read", function()
    assert.same({ id = 1 }, db.one "INSERT INTO spec_values (id) VALUES (1), (2), (3) RETURNING id")
    assert.equal(3, count())
  end)

  it("throws at the caller's line for a wrong statement, a broken constraint and a value that cannot be stored", function()
    for _, case in ipairs {
      { "no such column", "SELECT absent FROM spec_values" }, { "UNIQUE", "INSERT INTO spec_values (id) VALUES (1), (1)" },
      { "value 1 is a table", "SELECT ?", {} }, { "2 values given, the statement has 1", "SELECT ?", 1, 2 },
      { "one statement at a time", "SELECT 1; SELECT 2" }, { "empty", "" }, { "NUL", "SELECT 1\0" },
    } do
      local at
      local err = thrown(function()
        at = line() + 1
        db.run(table.unpack(case, 2))
      end)
      assert.equal(("spec/host/bind/db_spec.lua:%d: SQL: "):format(at), err:match "spec/host.-SQL: ", err)
      assert.truthy(err:find(case[1], 1, true), err)
    end
  end)

  it("keeps transactions, savepoints and settings of the connection to itself", function()
    for _, sql in ipairs { "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT x", "ATTACH ':memory:' AS x", "PRAGMA journal_mode = DELETE" } do
      assert.truthy(thrown(db.run, sql):find("belong to the host", 1, true), sql)
    end
  end)

  describe("transaction", function()
    it("passes its arguments to the function and returns its results", function()
      assert.same({ 3, nil, "x", n = 3 }, table.pack(db.transaction(function(a, b) return a + b, nil, "x" end, 1, 2)))
    end)

    it("undoes everything when the function throws, and throws the same error", function()
      local err = {}
      assert.equal(err, thrown(db.transaction, function()
        db.run "INSERT INTO spec_values (id) VALUES (1)"
        error(err)
      end))
      assert.equal(0, count())
    end)

    it("undoes an inner one alone", function()
      db.transaction(function()
        db.run "INSERT INTO spec_values (id) VALUES (1)"
        pcall(db.transaction, function()
          db.run "INSERT INTO spec_values (id) VALUES (2)"
          error "inner"
        end)
      end)
      assert.same({ { id = 1 } }, db.all "SELECT id FROM spec_values")
    end)

    it("refuses to wait, and undoes what was written before", function()
      local err = thrown(db.transaction, function()
        db.run "INSERT INTO spec_values (id) VALUES (1)"
        db.durable()
      end)
      assert.truthy(err:find("db.durable cannot be used here: nothing may wait inside db.transaction", 1, true), err)
      assert.equal(0, count())
    end)

    it("survives one that is nested too deep", function()
      local function deeper(n) return db.transaction(function() return deeper(n + 1) end) end
      thrown(deeper, 1)
      db.run "INSERT INTO spec_values (id) VALUES (1)"
      assert.equal(1, count())
    end)
  end)

  it("waits in durable until the commit, also beside other tasks", function()
    local done = task.event "durable"
    db.run "INSERT INTO spec_values (id) VALUES (1)"
    task.spawn(function()
      db.run "INSERT INTO spec_values (id) VALUES (2)"
      db.durable()
      done:set()
    end)
    db.durable()
    assert.is_true(done:wait(1000))
    db.durable() -- nothing is written: nothing to wait for
  end)
end)
