-- Changed scripts and prompts while the process runs, and failing scripts: the codes G of docs/faults.md. Each sentence
-- begins with its code.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

describe("scripts and prompts", function()
  local stand_ins

  setup(function()
    stand_ins = standins.new()
  end)
  before_each(function()
    stand_ins:calm()
    stand_ins:forget()
    stand_ins:plan { contains = "zq", echo = true }
  end)
  teardown(process.close_all)

  local function answered(phone, word, timeout)
    return shell.until_(function()
      local list = stand_ins:sends(phone, word)
      return #list > 0 and list
    end, timeout or 6, "an answer with " .. word)
  end

  local function alive(service)
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "hello " .. word)
    answered(phone, word)
  end

  -- The shipped main.lua with texts replaced: {from, to, …}.
  local function main_with(...)
    local text = assert(shell.read(shell.root .. "/scripts/main.lua"))
    local pairs_of = { ... }
    for i = 1, #pairs_of, 2 do
      local at = assert(text:find(pairs_of[i], 1, true), pairs_of[i])
      text = text:sub(1, at - 1) .. pairs_of[i + 1] .. text:sub(at + #pairs_of[i])
    end
    return text
  end

  -- A main.lua with one more route, which runs spec_trial's function of this name.
  local trial_route = main_with("  routes = {", [[  routes = {
    ["POST /trial/*"] = function(request) return require("spec_trial")[request.path:match("[^/]+$")](request) or { status = 200, json = {} } end,]])

  local function try(service, name, timeout)
    return service:http("POST", "/trial/" .. name, { body = "{}", timeout = timeout or 4 })
  end

  local shipped = {}
  for _, path in ipairs { "scripts/main.lua", "scripts/turn.lua", "prompts/system_prompt.yaml", "prompts/business.yaml", "prompts/replies.yaml" } do
    local name = path:match "^prompts/(.*)"
    shipped[path] = shell.read(name and shell.prompts .. "/" .. name or shell.root .. "/" .. path)
  end

  -- ---- G1, G3: what does not load ----

  local prompt = shipped["prompts/system_prompt.yaml"]
  local broken = {
    { "syntax error", "scripts/turn.lua", "local x = = 1\n", "turn.lua:1" },
    { "throws at load", "scripts/turn.lua", "\nerror('oh no')\n", "turn.lua:2" },
    { "a module that is not there", "scripts/turn.lua", "require 'flow.nothing'\n", "flow.nothing" },
    { "outside of the folder", "scripts/turn.lua", "require '../../etc/passwd'\n", "turn.lua:1" },
    { "an undefined global", "scripts/turn.lua", "\n\nprimt('x')\n", "turn.lua:3: undefined global 'primt'. Did you mean 'print'?" },
    { "a misspelt function that no customer has met", "scripts/turn.lua", shipped["scripts/turn.lua"]:gsub("quote%.merge", "quote.mrege"),
      "quote.mrege: the module flow.quote has no 'mrege'. Did you mean 'merge'?" },
    { "waits while loading", "scripts/turn.lua", "require('host.task').sleep(1)\n", "turn.lua:1" },
    { "never ends while loading", "scripts/turn.lua", "while true do end\n", "turn.lua:1" },
    { "bytecode", "scripts/turn.lua", string.dump(function() end), "turn.lua" },
    { "main returns no table", "scripts/main.lua", "return 5\n", "main.lua" },
    { "main without jobs", "scripts/main.lua", "return { settings = require 'settings', routes = {}, schema = require 'records.schema' }\n", "main.lua" },
    { "a route that is no function", "scripts/main.lua", main_with("= whatsapp.receive", "= 5"), "POST /whatsapp/webhook" },
    { "a handler that was mistyped", "scripts/main.lua", main_with("= whatsapp.receive", "= whatsapp.recieve"), "POST /whatsapp/webhook" },
    { "a reader that was mistyped", "scripts/main.lua", main_with("whatsapp = whatsapp.read,", "whatsapp = whatsapp.raed,"), "inbox.whatsapp" },
    { "another schema", "scripts/main.lua", main_with('require "records.schema"', '{ "CREATE TABLE x(y)" }'), "Restart to migrate" },
    { "empty prompt", "prompts/system_prompt.yaml", "", "system_prompt.yaml" },
    { "unknown key", "prompts/system_prompt.yaml", prompt .. "identitty: x\n", "identity" },
    { "missing key", "prompts/system_prompt.yaml", "identity: x\n", "business_rules" },
    { "wrong type", "prompts/system_prompt.yaml", (prompt:gsub("identity: [^\n]+", "identity: 5")), "system_prompt.yaml:1" },
    { "duplicate key", "prompts/system_prompt.yaml", prompt .. "identity: x\n", "identity" },
    { "tab", "prompts/system_prompt.yaml", "identity:\n\t- x\n", "system_prompt.yaml:2" },
    { "alias bomb", "prompts/system_prompt.yaml", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", "system_prompt.yaml:" },
    { "cycle", "prompts/system_prompt.yaml", "identity: &a [*a]\n", "system_prompt.yaml:1" },
    { "not UTF-8", "prompts/system_prompt.yaml", "identity: \"\xff\xfe\"\n", "system_prompt.yaml" },
    { "NUL", "prompts/system_prompt.yaml", prompt .. "\0", "system_prompt.yaml" },
    { "ten megabytes", "prompts/system_prompt.yaml", "identity: \"" .. ("x"):rep(10 << 20) .. "\"\n", "system_prompt.yaml" },
    { "a goodbye that does not say how to come back", "prompts/replies.yaml", "opted_out: Bye.\n", "replies.yaml:1" },
    { "a time without quotes", "prompts/business.yaml", "hours: 9:00\n", "business.yaml:1" },
  }

  it("G1 G3: files that do not load change nothing and are reported with file and line, in `reload`, in `status` and in Slack", function()
    local service = process.new { stand_ins = stand_ins }
    local first = service:status().generation.hash
    for _, case in ipairs(broken) do
      local what, path, text, wanted = table.unpack(case)
      service:write(path, text)
      local code, said = service:cli "reload"
      assert.equal(5, code, what .. ": " .. said:sub(1, 300))
      assert.truthy(said:find(wanted, 1, true), what .. ": " .. said:sub(1, 500))
      local status = service:status()
      assert.equal(first, status.generation.hash, what)
      assert.truthy(status.last_reload_error:find(wanted, 1, true), what)
      service:write(path, shipped[path])
    end
    alive(service)
    for _, said in ipairs { "turn.lua:1:", "flow.nothing", "Restart to migrate", "business.yaml:1" } do -- each mistake, not only the first
      shell.until_(function()
        for _, post in ipairs(stand_ins:posts "Reload failed") do
          if post.body.text:find(said, 1, true) then return true end
        end
      end, 5, "the alert of " .. said)
    end
    assert.equal(0, (service:cli "reload"))
    assert.is_nil(service:status().last_reload_error)
    assert.equal(1, service.starts)
    service:kill()
  end)

  it("G1: at the start, with nothing that loads, it ends with exit 5 and says where", function()
    local at_start = { ["syntax error"] = true, ["main returns no table"] = true, ["empty prompt"] = true, ["wrong type"] = true }
    for _, case in ipairs(broken) do
      if not at_start[case[1]] then goto next end
      local service = process.new { start = false, files = { [case[2]] = case[3] } }
      local code, said, seconds = service:run_once "serve"
      assert.equal(5, code, case[1])
      assert.truthy(said:find(case[4], 1, true), said)
      assert.is_true(seconds < 2)
      ::next::
    end
  end)

  it("G3: a pipe, a folder and a link to nowhere in the tree block nothing; a link that leads out is refused by name", function()
    local service = process.new { stand_ins = stand_ins }
    shell.run(("cd %s/scripts && mkfifo pipe.lua && mkdir folder.lua && ln -s /nowhere gone.lua"):format(service.home))
    local begun = socket.gettime()
    local code, said = service:cli "reload"
    assert.is_true(socket.gettime() - begun < 2)
    assert.equal(0, code, said)
    shell.run("ln -s /dev/zero " .. service.home .. "/scripts/zero.lua")
    code, said = service:cli "reload"
    assert.equal(5, code)
    assert.truthy(said:find("zero.lua", 1, true), said)
    alive(service)
    service:kill()
  end)

  it("G1: scripts that never finish loading are stopped: exit 5 at the start; at a reload the old ones keep serving", function()
    local service = process.new { start = false, files = { ["scripts/turn.lua"] = "while true do pcall(error) end" } }
    local code, said, seconds = service:run_once "serve"
    assert.equal(5, code, said)
    assert.truthy(said:find("turn.lua:1", 1, true), said)
    assert.is_true(seconds < 10)
    assert.equal(5, (service:cli("check", service.home)))
  end)

  it("G3: CRLF and a byte order mark are accepted", function()
    local service = process.new { stand_ins = stand_ins }
    service:write("scripts/turn.lua", "\xef\xbb\xbf" .. shipped["scripts/turn.lua"]:gsub("\n", "\r\n"))
    service:write("prompts/system_prompt.yaml", "\xef\xbb\xbf" .. prompt:gsub("\n", "\r\n"))
    local code, said = service:cli "reload"
    assert.equal(0, code, said)
    alive(service)
    service:kill()
  end)

  -- ---- G2: how files are saved ----

  it("G2: scripts that lost a function which others need are refused at the start, with file and name", function()
    local text = assert(shell.read(shell.root .. "/scripts/flow/quote.lua"))
    text = text:gsub("function M%.complete%(", "function M.compleet(")
    local service = process.new { start = false, files = { ["scripts/flow/quote.lua"] = text } }
    local code, words = service:run_once "serve"
    assert.equal(5, code, words)
    assert.truthy(words:find("scripts/flow/quote.lua: must have a function `complete`", 1, true), words)
  end)

  it("G2: a saved file is served by itself, however it is saved; half a save and a deleted file never", function()
    local service = process.new { stand_ins = stand_ins }
    local path, number = service.home .. "/prompts/system_prompt.yaml", 0
    local function identity()
      number = number + 1
      return "Version " .. number .. "."
    end
    local function served(name)
      local wanted = "Version " .. number .. "."
      shell.until_(function()
        local word = meta.word()
        service:say(meta.phone(), "hello " .. word)
        local call = shell.until_(function() return stand_ins:models(word)[1] end, 5, "the model to be asked")
        return json.encode(call.body):find(wanted, 1, true)
      end, 6, name)
    end
    local function text() return (prompt:gsub("identity: [^\n]+", "identity: \"" .. identity() .. "\"")) end
    service:write(path, text())
    served "a plain save"
    shell.write(path .. ".new", text())
    os.rename(path .. ".new", path)
    served "a rename over it"
    shell.write(service.home .. "/prompts/4913", "")
    os.remove(service.home .. "/prompts/4913")
    os.rename(path, path .. "~")
    shell.write(path, text())
    served "an editor's swap"
    os.remove(path)
    shell.until_(function() return service:status().last_reload_error end, 5, "the missing file to be told")
    alive(service)
    shell.write(path, text())
    served "deleted and written again"
    -- written slowly: half of it is no YAML, or lacks keys
    local whole = text()
    local file = assert(io.open(path, "wb"))
    for i = 1, #whole, 60 do
      file:write(whole:sub(i, i + 59))
      file:flush()
      socket.sleep(0.02)
    end
    file:close()
    served "a slow write"
    service:kill()
  end)

  -- ---- G4, G6 to G8, G13: scripts that go wrong at work (G5: runaways_spec) ----

  it("G4: a turn that throws any value ends with a text for the customer and a card for staff, and others are answered", function()
    local files = { ["scripts/main.lua"] = main_with("turn = { run = turns.run,", [[turn = { run = function(job)
      local row = require("host.db").one("SELECT content FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1", job.payload.conversation)
      local how = row and row.content:match("THROW (%w+)")
      if how == "nothing" then error(nil) elseif how == "table" then error({}) elseif how == "loop" then
        error(setmetatable({}, { __tostring = function() while true do end end }))
      elseif how == "number" then error(17) elseif how == "tostring" then error(setmetatable({}, { __tostring = function() return 5 end })) end
      return turns.run(job) end,]]) }
    local service = process.new { stand_ins = stand_ins, files = files }
    local phones = {}
    for _, how in ipairs { "nothing", "table", "loop", "number", "tostring" } do
      phones[how] = meta.phone()
      service:say(phones[how], "THROW " .. how)
    end
    alive(service)
    for how, phone in pairs(phones) do
      shell.until_(function() return #stand_ins:sends(phone) == 1 and #stand_ins:cards(phone) == 1 end, 8, "a line and a card after " .. how)
    end
    assert.equal(1, service.starts)
    assert.is_true(service:healthy())
    service:kill()
  end)

  it("G11: scripts that fail five times after loading are rolled back: one plain alert, and the previous scripts answer every message", function()
    local service = process.new { stand_ins = stand_ins }
    alive(service)
    local main = shell.read(service.home .. "/scripts/main.lua")
    local bad = main:gsub("turn = { run = turns%.run,", 'turn = { run = function() error "broken on purpose" end,')
    local first = service:status().generation.hash
    service:write("scripts/main.lua", bad)
    shell.until_(function() return service:status().generation.hash ~= first end, 5, "the bad ones to serve")
    local words = {}
    for i = 1, 6 do
      words[i] = { meta.phone(), meta.word() }
      stand_ins:plan { contains = words[i][2], answer = { reply_to_user = "Noted " .. words[i][2] } }
      service:say(words[i][1], "hello " .. words[i][2])
    end
    shell.until_(function() return service:logged "generation.rolled_back"[1] end, 8, "the way back")
    assert.equal(first, service:status().generation.hash)
    for _, one in ipairs(words) do
      shell.until_(function() return #stand_ins:sends(one[1], one[2]) == 1 end, 8, "the answer by the good ones")
    end
    local posts = shell.until_(function() return stand_ins:posts "The files saved last failed 5 times"[1] and stand_ins:posts "The files saved last failed 5 times" end, 5, "the alert")
    assert.equal(1, #posts)
    local text = posts[1].body.text
    assert.truthy(text:find("scripts/main%.lua:%d+: broken on purpose%. Correct it and save the file: then the files on disk are used again%."), text)
    assert.is_nil(text:find("traceback", 1, true) or text:find("\n", 1, true))
    service:write("scripts/main.lua", main .. "-- corrected\n")
    shell.until_(function() return service:status().generation.hash ~= first end, 5, "the mended ones")
    assert.is_nil(service:status().last_reload_error)
    alive(service)
    service:kill()
  end)

  it("G6: memory that a script takes ends in an error of that script alone; the process stays small", function()
    local service = process.new { stand_ins = stand_ins, env = { LUA_MEMORY_MB = 32, LUA_SLICE_MS = 2000, WATCHDOG_MS = 5000 }, files = {
      ["scripts/main.lua"] = trial_route, ["scripts/spec_trial.lua"] = [[return {
        grow = function() local t = {} while true do t[#t + 1] = { #t } end end,
        double = function() local s = "x" while true do s = s .. s end end,
        caught = function() local ok = pcall(function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end) return { status = ok and 500 or 200, json = {} } end,
        json = function() local t = {} for i = 1, 200000 do t[i] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" end return { status = 200, json = t } end,
        decode = function() return { status = 200, json = require("host.json").decode("[" .. ("[1],"):rep(500000) .. "1]") } end,
        spawn = function() local task = require("host.task") while true do task.spawn(function() task.sleep(1000) end) end end,
        throw = function() local t = {} while true do t[#t + 1] = { #t } if #t % 1000 == 0 then pcall(error, t) end end end,
      }]] } }
    for _ = 1, 3 do
      for _, name in ipairs { "grow", "double", "json", "decode", "throw", "caught", "spawn" } do
        local answer = try(service, name, 8)
        if name == "caught" then assert.equal(200, answer.status) else assert.is_true(answer.status == 500 or answer.status == 200, name .. answer.status) end
      end
    end
    assert.is_true(service:rss_kb() < process.memory(150000), service:rss_kb())
    assert.equal(1, service.starts)
    assert.is_true(service:alive())
    alive(service)
    service:kill()
  end)

  it("G8: waiting inside a transaction, a comparator or a gsub callback is an error that says so, and its writes are undone", function()
    local service = process.new { files = { ["scripts/main.lua"] = trial_route, ["scripts/spec_trial.lua"] = [[
      local db, task, http = require "host.db", require "host.task", require "host.http"
      local function write(text) db.run("INSERT INTO alerts(cause, told_at) VALUES(?, 1)", text) end
      local function said(fn, ...)
        local ok, why = pcall(fn, ...)
        return { status = 200, json = { ok = ok, why = tostring(why) } }
      end
      return {
        sleep = function() return said(db.transaction, function() write "sleep" task.sleep(1) end) end,
        request = function() return said(db.transaction, function() write "request" http.request { url = "http://127.0.0.1:1/" } end) end,
        durable = function() return said(db.transaction, function() write "durable" db.durable() end) end,
        error = function() return said(db.transaction, function() write "error" error "no" end) end,
        nested = function() return said(db.transaction, function() write "outer" pcall(db.transaction, function() write "inner" error "no" end) end) end,
        sort = function() return said(table.sort, { 3, 2, 1 }, function(a, b) task.sleep(1) return a < b end) end,
        gsub = function() return said(string.gsub, "abc", ".", function() task.sleep(1) end) end,
        begin = function() return said(db.run, "BEGIN") end,
        commit = function() return said(db.run, "COMMIT") end,
        rollback = function() return said(db.run, "ROLLBACK") end,
        savepoint = function() return said(db.run, "SAVEPOINT x") end,
        pragma = function() return said(db.run, "PRAGMA journal_mode=DELETE") end,
        attach = function() return said(db.run, "ATTACH ':memory:' AS x") end,
        thrown = function() write "thrown" error "after a write outside of a transaction" end,
      }]] } }
    for _, name in ipairs { "sleep", "request", "durable", "error", "sort", "gsub", "begin", "commit", "rollback", "savepoint", "pragma", "attach" } do
      local answer = try(service, name)
      assert.equal(200, answer.status, name)
      local said = json.decode(answer.body)
      assert.is_false(said.ok, name)
      if name == "sleep" or name == "request" or name == "durable" then assert.truthy(said.why:find("transaction", 1, true), said.why) end
    end
    assert.is_true(json.decode(try(service, "nested").body).ok)
    assert.equal(500, try(service, "thrown").status)
    local kept = {}
    for _, row in ipairs(service:rows "SELECT cause FROM alerts WHERE told_at = 1 ORDER BY cause") do kept[#kept + 1] = row.cause end
    assert.same({ "outer", "thrown" }, kept)
    service:kill()
  end)

  it("G13: an error inside any callback of the host is caught: request, inbox, job, every, notice, status, start", function()
    local files = { ["scripts/main.lua"] = main_with(
      "  notice = function(notice) notices.tell(notice, whatsapp.say) end,", "  notice = function() error(\"in notice\") end,", "  start = start,", "  start = function() error(\"in start\") end,",
      "  every = {", "  every = {\n    spec_bad = { seconds = 1, run = function() error(\"in every\") end },",
      "whatsapp = whatsapp.read,", "whatsapp = function(row) if row.body:find(\"THROW\", 1, true) then error({}) end return whatsapp.read(row) end,",
      "  routes = {", "  routes = {\n    [\"GET /trial\"] = function() error(\"in request\") end,\n    [\"GET /wrong\"] = function() return 5 end,\n" ..
      "    [\"GET /header\"] = function() return { status = 200, headers = { [\"X\\r\\nY\"] = \"z\" }, body = \"\" } end,") }
    local text = files["scripts/main.lua"]
    files["scripts/main.lua"] = text:gsub("  status = [^\n]+", "  status = function() error(\"in status\") end,")
    local service = process.new { stand_ins = stand_ins, files = files }
    for _, path in ipairs { "/trial", "/wrong", "/header" } do assert.equal(500, service:http("GET", path).status, path) end
    service:hook { messages = { meta.text(meta.phone(), "THROW") } }
    service:write("scripts/turn.lua", "nonsense")
    assert.equal(5, (service:cli "reload"))
    service:status()
    shell.until_(function()
      local seen = service:log_text()
      return seen:find "in every" and seen:find "in start" and seen:find "in notice" and seen:find "in request"
    end, 6, "the errors in the log")
    alive(service)
    assert.equal(1, service.starts)
    assert.is_true(service:alive())
    service:kill()
  end)

  -- ---- G10: reloads under load ----

  -- Modules that hold the version, read at the beginning and at the end of a turn, and the prompt's version. What a generation was built
  -- from it says at its start (a load may meet the folder between two saves: then its files differ, and every turn must say so).
  local function version_files(number)
    return {
      ["scripts/spec_first.lua"] = "return " .. number .. "\n", ["scripts/spec_last.lua"] = "return " .. number .. "\n",
      ["prompts/system_prompt.yaml"] = (prompt:gsub("identity: [^\n]+", ("identity: \"Version %d.\""):format(number))),
    }
  end
  local versioned = main_with("turn = { run = turns.run,", [[turn = { run = function(job)
      local first = require("spec_first")
      turns.run(job)
      require("host.log").info("spec.turn", { first = first, last = require("spec_last"), prompt = owner.system.identity })
    end,]], "  start = start,", [[  start = function()
      local files = require("host.files")
      require("host.log").info("spec.start", { first = files.read("scripts/spec_first.lua"), last = files.read("scripts/spec_last.lua"),
        prompt = files.read("prompts/system_prompt.yaml") })
      start()
    end,]])

  it("G10: reloads under load fail no request, and no turn is half old and half new; every message is answered once", function()
    local files = version_files(0)
    files["scripts/main.lua"] = versioned
    local service = process.new { stand_ins = stand_ins, files = files, env = { TURN_QUIET_MS = 20 } }
    stand_ins:fault { model = { kind = "slow", delay_ms = 80 } }
    local memory
    local sent, rounds = {}, shell.rounds(30, 300)
    local peer = assert(wire.dial(service.port))
    for number = 1, rounds do
      local function load(count)
        for _ = 1, count do
          local phone, word = meta.phone(), meta.word()
          sent[#sent + 1] = { phone, word }
          peer:send(meta.request(service.secret, meta.body { messages = { meta.text(phone, "hello " .. word) } }, { keep = true }))
        end
      end
      load(3)
      for path, text in pairs(version_files(number)) do
        shell.write(service.home .. "/saved~", text)
        os.rename(service.home .. "/saved~", service.home .. "/" .. path)
      end
      load(2)
      if number % 3 == 0 then service:signal "HUP" elseif number % 3 == 1 then assert.equal(0, (service:cli "reload")) end
      load(1)
      local answers = peer:read(6, 5)
      assert.equal(6, #answers)
      for _, answer in ipairs(answers) do assert.equal(200, answer.status) end
      if number == 10 then memory = service:rss_kb() end
    end
    shell.until_(function() return #service:logged "spec.turn" >= #sent end, 20, "all turns")
    local versions, built = {}, {}
    for _, line in ipairs(service:logged "spec.start") do built[line.generation] = line end
    for _, line in ipairs(service:logged "spec.turn") do
      local of = assert(built[line.generation])
      assert.equal(of.first, ("return %s\n"):format(line.first))
      assert.equal(of.last, ("return %s\n"):format(line.last))
      assert.truthy(of.prompt:find(line.prompt, 1, true))
      versions[line.first] = true
    end
    local count = 0
    for _ in pairs(versions) do count = count + 1 end
    assert.is_true(count > rounds / 4, count)
    for _, one in ipairs(sent) do
      answered(one[1], one[2])
      assert.equal(1, #stand_ins:sends(one[1]))
    end
    assert.equal(0, #service:logged "script.error")
    assert.is_true(service:rss_kb() < memory + process.memory(60000), service:rss_kb() - memory)
    service:kill()
  end)

  it("G10: ten reloads a second while a turn waits: at most three generations live, and the turn is answered once", function()
    local service = process.new { stand_ins = stand_ins, env = { DRAIN_MS = 300 } }
    local phone, word = meta.phone(), meta.word()
    stand_ins:forget()
    local held = stand_ins:plan { contains = word, hold = true, echo = true }
    service:say(phone, "hello " .. word)
    shell.until_(function() return #stand_ins:models(word) == 1 end, 3, "the model to be asked")
    for _ = 1, 10 do
      service:signal "HUP"
      socket.sleep(0.1)
    end
    local serving, closed = #service:logged "generation.serving", #service:logged "generation.closed"
    assert.is_true(serving > 2)
    assert.is_true(serving - closed <= 3, serving - closed)
    stand_ins:release(held)
    answered(phone, word)
    shell.until_(function() return service:status().generation.draining == 0 end, 6, "the old generations to be closed")
    assert.equal(1, #stand_ins:sends(phone))
    service:kill()
  end)
end)
