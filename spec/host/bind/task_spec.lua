-- host.task: tasks that run side by side, and how they wait.

local db = require "host.db"
local json = require "host.json"
local task = require "host.task"
local time = require "host.time"

local function line() return debug.getinfo(2, "l").currentline end

local function thrown(fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  return err
end

describe("task.sleep", function()
  it("waits at least the given time, and lets other tasks run", function()
    local steps, begun = {}, time.monotonic_ms()
    task.spawn(function() steps[#steps + 1] = "other" end)
    task.sleep(20)
    steps[#steps + 1] = "self"
    assert.same({ "other", "self" }, steps)
    assert.is_true(time.monotonic_ms() - begun >= 20)
  end)

  it("takes a negative time as none", function() task.sleep(-5) end)

  it("throws at the caller's line where nothing may wait", function()
    local at
    local err = thrown(db.transaction, function()
      at = line() + 1
      task.sleep(1)
    end)
    assert.truthy(err:find(("task_spec.lua:%d: task.sleep cannot be used here"):format(at), 1, true), err)
    err = thrown(string.gsub, "x", "x", function() task.sleep(1) end)
    assert.truthy(err:find("sort or gsub", 1, true), err)
    err = thrown(table.sort, { 2, 1 }, function() task.sleep(1) end)
    assert.truthy(err:find("sort or gsub", 1, true), err)
  end)

  it("throws for what is no time, and for more than a year", function()
    assert.truthy(thrown(task.sleep, "soon"):find("number expected", 1, true))
    assert.truthy(thrown(task.sleep, 1.5):find("integer", 1, true))
    assert.truthy(thrown(task.sleep, math.maxinteger):find("use a job with run_at", 1, true))
  end)
end)

describe("task.spawn", function()
  it("starts a function with its arguments, nil among them, once this task waits", function()
    local got
    task.spawn(function(...) got = table.pack(...) end, 1, nil, "three", nil)
    assert.is_nil(got)
    task.sleep(1)
    assert.same({ n = 4, 1, nil, "three", nil }, got)
  end)

  it("carries hundreds of arguments", function()
    local count
    task.spawn(function(...) count = select("#", ...) end, table.unpack({}, 1, 500))
    task.sleep(1)
    assert.equal(500, count)
  end)

  it("lets a spawned task wait and spawn in turn", function()
    local done = task.event "done"
    task.spawn(function()
      task.sleep(1)
      task.spawn(function() done:set() end)
    end)
    assert.is_true(done:wait(1000))
  end)

  it("runs thousands one after the other on the coroutines of those that ended", function()
    local ran = 0
    for _ = 1, 20 do
      for _ = 1, 300 do task.spawn(function() ran = ran + 1 end) end
      task.sleep(0)
    end
    task.sleep(1)
    assert.equal(6000, ran)
  end)

  it("throws for what is no function", function() assert.truthy(thrown(task.spawn, 5):find("function expected", 1, true)) end)
end)

describe("an event", function()
  it("wakes every task that waits, and every task that waits later", function()
    local event, woken = task.event "spec", 0
    for _ = 1, 3 do
      task.spawn(function()
        if event:wait() then woken = woken + 1 end
      end)
    end
    task.sleep(1)
    assert.equal(0, woken)
    event:set()
    task.sleep(1)
    assert.equal(3, woken)
    assert.is_true(event:wait(0))
  end)

  it("answers false when the time runs out, and can be waited for again", function()
    local event = task.event "spec"
    assert.is_false(event:wait(5))
    task.spawn(function() event:set() end)
    assert.is_true(event:wait(1000))
  end)

  it("forgets one whose time ran out before it is set", function()
    local event, answers = task.event "spec", {}
    task.spawn(function() answers[#answers + 1] = event:wait(2) end)
    task.sleep(20)
    event:set()
    task.sleep(1)
    assert.same({ false }, answers)
  end)

  it("is an event: its methods refuse everything else, and its metatable is closed", function()
    local event = task.event "spec"
    assert.truthy(thrown(event.set, {}):find("host.task.event", 1, true))
    assert.truthy(thrown(event.wait, json.null):find("host.task.event", 1, true))
    assert.is_false(getmetatable(event))
  end)
end)
