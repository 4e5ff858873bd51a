-- The host as a black box, with small scripts: tasks, rows, generations and commands.

local process = require "spec.support.process"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local MAIN = [[
local db = require "host.db"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local task = require "host.task"
local time = require "host.time"

local function recurse(n) return 1 + recurse(n + 1) end

return {
  routes = {
    ["GET /pattern"] = function()
      return { status = 200, body = ("x"):gsub("%", "") } -- line 12
    end,
    ["GET /recurse"] = function() return { status = 200, body = recurse(1) } end,
    ["GET /close"] = function()
      local held <close> = setmetatable({}, { __close = function() db.run("INSERT INTO notes (word) VALUES ('closed')") end })
      error "on purpose"
    end,
    ["POST /in"] = function(request)
      inbox.put("row", request.body)
      return { status = 200 }
    end,
  },
  inbox = { row = function(row)
    db.run("INSERT INTO notes (word) VALUES (?)", row.body)
  end },
  jobs = { note = { run = function() db.run("INSERT INTO notes (word) VALUES ('ran')") end } },
  commands = {
    put = { run = function(args) return jobs.put { kind = "note", run_at = time.now_ms() + math.tointeger(tonumber(args[1])) } end },
    slow = { run = function(args)
      task.sleep(math.tointeger(tonumber(args[1])))
      return args[2]
    end },
    drag = { run = function() task.spawn(task.sleep, 60000) end },
    fail = { run = function() error "a word of staff was wrong" end },
  },
  notice = function(event)
    if event.event == "reload_failed" then inbox.park "here is no row" end
  end,
  schema = { "CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT NOT NULL) STRICT" },
}
]]

local BROKEN = [[db.run("INSERT INTO notes (word) VALUES (?)", row.body)]]

describe("the host", function()
  teardown(process.close_all)

  local function new(options)
    options = options or {}
    options.files = options.files or { ["scripts/main.lua"] = MAIN }
    return process.new(options)
  end

  local function notes(service, word) return service:value(("SELECT count(*) FROM notes WHERE word = '%s'"):format(word)) end

  -- Blocked signals alone do not show it: the shell that becomes the program inherits the mask of this process.
  local function takes_signals(pid)
    return (shell.run("ls -l /proc/" .. pid .. "/fd | grep -q signalfd")) == 0
  end

  it("survives a SIGHUP that comes before its first scripts serve", function()
    local slow = MAIN:gsub("local function recurse", "for _ = 1, 8e6 do end\n%0")
    local service = new { start = false, files = { ["scripts/main.lua"] = slow } }
    service:start { wait = false }
    shell.until_(function() return takes_signals(service.root_pid) end, 5, "the program to take signals")
    service:signal "HUP"
    assert.is_true(service:ready())
    shell.until_(function() return service:status().generation.number == 2 end, 5, "the reload that was asked for")
    assert.equal(0, service:term())
  end)

  it("ends a script that it runs when its terminal is closed", function()
    local folder = shell.folder()
    shell.write(folder .. "/wait.lua", [[require "host.task".sleep(20000)]])
    local code = shell.run(([[%s run %s & pid=$!
      until ls -l /proc/$pid/fd | grep -q signalfd; do :; done
      kill -HUP $pid; wait $pid]]):format(shell.quote(shell.binary), folder .. "/wait.lua"))
    assert.equal(1, code)
  end)

  it("does none of the service's work in a command that runs without it", function()
    local service = new()
    assert.equal(0, (service:cli("put", "300")))
    service:kill()
    assert.same({ 0, "done\n" }, { service:cli("slow", "600", "done") })
    assert.equal(0, notes(service, "ran"))
    service:start()
    shell.until_(function() return notes(service, "ran") == 1 end, 5, "the job")
  end)

  it("says what is wrong with the scripts when a command without a service needs them", function()
    local service = new()
    service:term()
    service:write("scripts/main.lua", "return {")
    local code, text = service:cli("slow", "0", "x")
    assert.equal(1, code)
    assert.truthy(text:find("scripts/main.lua:1:", 1, true), text)
  end)

  it("keeps a row that cannot be read over reloads that do not correct its reader", function()
    local bad = MAIN:gsub(BROKEN:gsub("%p", "%%%0"), "error 'cannot read'")
    local service = new { files = { ["scripts/main.lua"] = bad } }
    local function parked() return service:value "SELECT count(*) FROM parked" end
    assert.equal(200, wire.http(service.port, "POST", "/in", { body = "kept" }).status)
    shell.until_(function() return parked() == 1 end, 5, "the row to be parked")
    service:write("scripts/main.lua", bad .. "-- saved again")
    shell.until_(function() return #service:logged "inbox.parked" == 2 end, 5, "the row to be read again")
    assert.equal(0, (service:cli "status"))
    assert.equal(1, parked())
    service:write("scripts/main.lua", MAIN)
    shell.until_(function() return notes(service, "kept") == 1 end, 5, "the row to be read at last")
    assert.equal(0, parked())
  end)

  it("gives no client the answer to another client's command", function()
    local service = new()
    shell.run(("cd %s && timeout -s KILL 0.2 sh ./run slow 500 first"):format(service.home))
    assert.same({ 0, "second\n" }, { service:cli("slow", "700", "second") })
  end)

  it("does not forget a reload that had to wait for older scripts", function()
    local service = new { env = { DRAIN_MS = 1500, LLM_DEADLINE_MS = 1500 } }
    for number = 2, 3 do
      service:cli "drag"
      service:cli "reload"
      shell.until_(function() return service:status().generation.number == number end, 5, "generation " .. number)
    end
    service:cli "drag"
    local code, text = service:cli "reload"
    assert.equal(0, code)
    assert.truthy(text:find("The reload starts when these have ended.", 1, true), text)
    shell.until_(function() return service:status().generation.number == 4 end, 5, "the reload that waited")
  end)

  it("refuses inbox.park outside of a reader, and forgets a failed reload once the file is as it was", function()
    local service = new()
    service:write("scripts/main.lua", "return {")
    shell.until_(function() return #service:logged "reload.failed" == 1 end, 5, "the failure")
    shell.until_(function() return service:logged("script.error")[1] end, 5, "the notice")
    assert.truthy(service:logged("script.error")[1].error:find("can only be used by an inbox reader", 1, true))
    assert.is_string(service:status().last_reload_error)
    service:write("scripts/main.lua", MAIN)
    shell.until_(function() return type(service:status().last_reload_error) ~= "string" end, 5, "the failure to be forgotten")
  end)

  it("brings no older scripts back because of failing commands", function()
    local service = new()
    assert.equal(200, wire.http(service.port, "POST", "/in", { body = "well" }).status)
    service:write("scripts/main.lua", MAIN .. "-- newer")
    shell.until_(function() return service:status().generation.number == 2 end, 5, "the reload")
    for _ = 1, 6 do assert.equal(1, (service:cli "fail")) end
    assert.equal(0, #service:logged "generation.rolled_back")
  end)

  it("names the line of a wrong pattern, runs <close> of a failing handler, and survives endless recursion", function()
    local service = new { env = { LUA_SLICE_MS = 2000 } } -- so that the stack ends before the slice, also on a busy machine
    assert.equal(500, wire.http(service.port, "GET", "/pattern").status)
    assert.truthy(service:logged("script.error")[1].error:find("scripts/main.lua:12: ", 1, true))
    assert.equal(500, wire.http(service.port, "GET", "/recurse").status)
    assert.truthy(service:logged("script.error")[2].error:find("stack overflow", 1, true), service:logged("script.error")[2].error)
    assert.equal(500, wire.http(service.port, "GET", "/close").status)
    assert.equal(1, notes(service, "closed"))
    assert.equal(0, service:term())
  end)

  it("answers `reload` without a service, and an unknown command, with exit 1 and one line that says why", function()
    local service = new()
    assert.equal(0, service:term())
    local code, text = service:cli "reload"
    assert.equal(1, code)
    assert.equal("No service is running. It loads its files when it starts. `assistant check` checks them now.\n", text)
    code, text = service:cli "nonsense"
    assert.equal(1, code)
    assert.equal('There is no command "nonsense". `assistant help` lists them.\n', text)
  end)

  it("shows a request's query, headers, id and address whenever a script asks, also after the answer and when the client is gone", function()
    local shown = MAIN:gsub('%["GET /close"%]', [[["GET /shown"] = function(request)
      task.spawn(function()
        task.sleep(100)
        local value, twice = request:header "X-Two"
        local words = { request.query.a, tostring(request.query.b), tostring(request.repeated.b), request.headers["x-one"],
          request.headers["x-two"], tostring(request.repeated_headers["x-two"]), value, tostring(twice), request.remote, request.id:sub(1, 1),
          tostring(request:header "x-none"), tostring(request.nothing) }
        db.run("INSERT INTO notes (word) VALUES (?)", table.concat(words, "|"))
      end)
      return { status = 200 }
    end,
    %0]], 1)
    local service = new { files = { ["scripts/main.lua"] = shown } }
    wire.raw(service.port, "GET /shown?a=1+2&b=3&b=4 HTTP/1.1\r\nHost: k\r\nX-Two: c\r\nX-ONE: Ab\r\nx-two: d\r\n\r\n")
    local words = "1 2|nil|true|Ab|c, d|true|c, d|true|127.0.0.1|r|nil|nil"
    shell.until_(function() return notes(service, words) == 1 end, 5, "the words: " .. tostring(service:value "SELECT max(word) FROM notes"))
  end)

  it("says every time what is wrong with a script that is required late and does not load", function()
    local late = MAIN:gsub('%["GET /close"%]', '["GET /late"] = function() return require "late" end,\n    %0', 1)
    local service = new { files = { ["scripts/main.lua"] = late, ["scripts/late.lua"] = 'error "it is not ready"' } }
    for _ = 1, 2 do assert.equal(500, wire.http(service.port, "GET", "/late").status) end
    for i = 1, 2 do
      local line = service:logged "script.error"[i]
      assert.truthy(line.error:find("scripts/late.lua:1: it is not ready", 1, true), line.error)
      assert.equal(12, #line.generation)
    end
  end)

  it("says what cannot be called while scripts load, and loads a script whose name begins like an editor's leftover", function()
    local service = new { start = false, files = { ["scripts/main.lua"] = 'require "sedan"\n' .. MAIN, ["scripts/sedan.lua"] = "return {}" } }
    shell.run("rm -r " .. shell.quote(service.home .. "/scripts/rehearsal")) -- its stories are about another main.lua
    assert.equal(0, (service:run_once "check"))
    for call, name in pairs { ['require "host.jobs".cancel(1)'] = "jobs.cancel", ['require "host.db".one "SELECT 1"'] = "db" } do
      service:write("scripts/sedan.lua", call)
      local code, text = service:run_once "check"
      assert.equal(5, code, text)
      assert.truthy(text:find("scripts/sedan.lua:1: " .. name .. " cannot be used while scripts are loading", 1, true), text)
    end
  end)
end)
