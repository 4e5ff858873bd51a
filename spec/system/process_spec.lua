-- Start, stop and crash of the process: the codes A of docs/faults.md, and what customers see meanwhile (H6 to H8). Each sentence begins
-- with its code.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

-- The slice is longer than the watchdog waits, so nothing else stops this.
local STUCK, PATIENT = "while true do end", { LUA_SLICE_MS = 60000, WATCHDOG_MS = 200 }

describe("the process", function()
  local stand_ins

  setup(function() stand_ins = standins.new() end)
  before_each(function()
    stand_ins:forget()
    stand_ins:plan { contains = "zq", echo = true }
  end)
  after_each(function() stand_ins:calm() end)
  teardown(process.close_all)

  local function replied(phone, word, timeout)
    return shell.until_(function()
      local list = stand_ins:sends(phone, word)
      return #list > 0 and list
    end, timeout or 6, "an answer with " .. word)
  end

  -- No work left anywhere: what has not been sent by now never will be.
  local function idle(service)
    shell.until_(function()
      local status = service:status()
      return status.inbox.unread == 0 and service:value "SELECT count(*) FROM jobs WHERE state <> 3 AND kind IN ('turn', 'send')" == 0
    end, 8, "all work to be done")
  end

  -- Attaches strace, which kills the process at this system call.
  local function die_at(service, calls)
    local out = service.home .. "/trace"
    os.execute(("strace -f -p %d -o %s.out -e trace=%s -e inject=%s:signal=KILL >%s 2>&1 &"):format(service:pid(), out, calls, calls, out))
    shell.until_(function() return (shell.read(out) or ""):find "attached" end, 5, "strace")
  end

  local function killed_while_accepting(calls)
    local service = process.new { stand_ins = stand_ins }
    local phone, word = meta.phone(), meta.word()
    local body = meta.body { messages = { meta.text(phone, "hello " .. word) } }
    die_at(service, calls)
    assert.equal(0, service:hook(body, 5))
    shell.until_(function() return not service:alive() end, 3, "the death")
    service:start()
    assert.equal(200, service:hook(body))
    replied(phone, word)
    idle(service)
    assert.equal(1, #stand_ins:sends(phone))
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"))
    service:kill()
  end

  it("A1: killed before the commit is durable there was no 200; the redelivery gets one reply", function()
    killed_while_accepting "fdatasync"
  end)

  it("A2: killed after the commit, before the 200 leaves, the redelivery is a double; one reply", function()
    killed_while_accepting "sendto,sendmsg,writev"
  end)

  it("A3: killed right after the 200, the next start answers within 2 s, once", function()
    local service = process.new { stand_ins = stand_ins }
    for _ = 1, shell.rounds(3, 20) do
      local phone, word = meta.phone(), meta.word()
      service:say(phone, "hello " .. word)
      service:kill()
      service:start()
      replied(phone, word, 2)
      idle(service)
      assert.equal(1, #stand_ins:sends(phone))
    end
    service:kill()
  end)

  it("A23: SIGTERM in the middle of a turn ends it with exit 0 within 5 s, connections let go; the turn is answered once after the start", function()
    local service = process.new { stand_ins = stand_ins, env = { DRAIN_MS = 500 } }
    local phone, word = meta.phone(), meta.word()
    stand_ins:forget()
    local held = stand_ins:plan { contains = word, hold = true, echo = true }
    local idler = assert(wire.dial(service.port))
    idler:send "GET /health HTTP/1.1\r\nHost: k\r\n\r\n"
    assert.equal(1, #idler:read(1))
    local half = assert(wire.dial(service.port))
    half:send "POST /whatsapp/webhook HTTP/1.1\r\nHost: k\r\nContent-Length: 100\r\n\r\nx"
    service:say(phone, "hello " .. word)
    shell.until_(function() return #stand_ins:models(word) == 1 end, 3, "the model to be asked")
    local code, seconds = service:term()
    assert.equal(0, code)
    assert.is_true(seconds < 5)
    assert.is_true(idler:closed(1))
    assert.is_true(half:closed(1))
    stand_ins:release(held)
    service:start()
    replied(phone, word)
    idle(service)
    assert.equal(1, #stand_ins:sends(phone))
    service:kill()
  end)

  it("A23 A30: SIGTERM while main.lua's prepare is under way ends it at once with exit 0, and nothing is served that was not prepared", function()
    local service = process.new { start = false }
    local main = shell.read(service.home .. "/scripts/main.lua")
    local slow, count = main:gsub("prepare = function%(%) restore.prepare%(readers%) end", "prepare = function() require('host.task').sleep(60000) end")
    assert.equal(1, count)
    service:write("scripts/main.lua", slow)
    service:start { wait = false }
    shell.until_(function() return service:log_text():find "store.open" end, 5, "the database to be open")
    socket.sleep(0.2)
    assert.is_false(pcall(service.healthy, service) and service:healthy())
    local code, seconds = service:term()
    assert.equal(0, code, service:log_text())
    assert.is_true(seconds < 1, ("%.1f s"):format(seconds))
    assert.falsy(service:log_text():find("serve.started", 1, true))
    service:write("scripts/main.lua", main)
    service:start()
    service:kill()
  end)

  it("A23: a waiting request, and one that comes while it stops, delay it by at most DRAIN_MS; both get an answer or a closed connection", function()
    local main = assert(shell.read(shell.root .. "/scripts/main.lua")):gsub('%["POST /slack/commands"%]',
      '["GET /wait"] = function() require "host.task".sleep(60000) return { status = 200, body = "late" } end,\n    %0', 1)
    local service = process.new { env = { DRAIN_MS = 300 }, files = { ["scripts/main.lua"] = main } }
    local held, open = assert(wire.dial(service.port)), assert(wire.dial(service.port))
    held:send "GET /wait HTTP/1.1\r\nHost: k\r\n\r\n"
    open:send "GET /health HTTP/1.1\r\nHost: k\r\n\r\n"
    assert.equal(1, #open:read(1))
    service:signal "TERM"
    shell.until_(function() return #service:logged "serve.stopping" == 1 end, 2, "it to begin stopping")
    open:send(meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), "late") } }))
    assert.equal(0, service:exit(3))
    local answer = held:read(1, 1)[1]
    assert.is_true(answer == nil or answer.status == 503, answer and answer.status)
    assert.is_true(held:closed(1))
    answer = open:read(1, 1)[1]
    assert.is_true(answer == nil or answer.status == 503, answer and answer.status) -- never a 200 for what is not stored
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
  end)

  it("A24: HUP reloads, PIPE and USR1 do nothing, INT stops; a second TERM does not wait for the drain", function()
    local service = process.new { stand_ins = stand_ins, env = { DRAIN_MS = 20000 } }
    local before = service:status().generation.number
    for _, name in ipairs { "PIPE", "USR1", "USR2", "HUP" } do service:signal(name) end
    shell.until_(function() return service:status().generation.number > before end, 3, "the reload")
    assert.is_true(service:healthy())
    local word = meta.word()
    stand_ins:forget()
    local held = stand_ins:plan { contains = word, hold = true, echo = true }
    service:say(meta.phone(), "hello " .. word)
    shell.until_(function() return #stand_ins:models(word) == 1 end, 3, "the model to be asked")
    service:signal "TERM"
    shell.until_(function() return #service:logged "serve.stopping" == 1 end, 2, "it to begin stopping")
    service:signal "TERM"
    assert.equal(0, service:exit(10)) -- half of what draining may take
    stand_ins:release(held)
    stand_ins:forget() -- else the turn asks again at the start, and INT waits for it
    service:start()
    idle(service)
    service:signal "INT"
    assert.equal(0, service:exit(3))
  end)

  it("A24: as PID 1 it stops in order on TERM", function()
    if shell.run "unshare -fp true" ~= 0 then return pending "unshare needs root" end
    local service = process.new { wrap = "unshare --fork --pid", env = { DRAIN_MS = 200 } }
    local status = shell.read("/proc/" .. service:pid() .. "/status")
    assert.truthy(status:find "NSpid:%s+%d+%s+1\n")
    local before = service:status().generation.number
    for _, name in ipairs { "PIPE", "USR1", "HUP" } do service:signal(name) end
    shell.until_(function() return service:status().generation.number > before end, 3, "the reload")
    local code, seconds = service:term()
    assert.equal(0, code)
    assert.is_true(seconds < 3)
  end)

  it("A31 H8: it starts and acknowledges while every upstream is down, stays healthy, and answers once they are back", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 500 } }
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "hello " .. word)
    shell.until_(function() return service:value("SELECT count(*) FROM messages WHERE role = 'assistant' AND conversation_id = '" .. phone .. "'") == 1 end, 5,
      "an answer that waits for WhatsApp")
    local begun = socket.gettime()
    assert.is_true(service:healthy())
    assert.is_true(socket.gettime() - begun < 0.05)
    service:kill()
  end)

  it("A31: a start whose storage fails ends with exit 3, and does not answer 503 for ever", function()
    local service = process.new { start = false, env = { DATABASE_URL = "sqlite:/proc/nowhere/db.sqlite" } }
    local code, text, seconds = service:run_once "serve"
    assert.equal(3, code, text)
    assert.is_true(seconds < 2)
  end)

  -- scripts/main.lua with one thing changed.
  local function main_with(from, to)
    local text = assert(shell.read(shell.root .. "/scripts/main.lua"))
    local at = assert(text:find(from, 1, true), from)
    return text:sub(1, at - 1) .. to .. text:sub(at + #from)
  end

  local function crash_three_times(service, poison)
    for round = 1, 3 do
      if round > 1 then service:start { wait = false } end
      if round == 1 then poison() end
      assert.equal(134, service:exit(6), "round " .. round)
    end
    service:start()
  end

  it("A32: an inbox row that kills the process three times is parked, staff are told, the others are answered", function()
    local main = main_with("whatsapp = whatsapp.read,",
      "whatsapp = function(row) if not row.refused and row.body:find(\"POISON\", 1, true) then " .. STUCK .. " end return whatsapp.read(row) end,")
    local service = process.new { stand_ins = stand_ins, env = PATIENT, files = { ["scripts/main.lua"] = main } }
    local phone, other, word = meta.phone(), meta.phone(), meta.word()
    crash_three_times(service, function() service:hook { messages = { meta.text(phone, "POISON " .. word) } } end)
    local sign = meta.word()
    service:say(other, "hello " .. sign)
    replied(other, sign)
    assert.equal(1, service:status().inbox.parked)
    assert.is_true(service:holds(word))
    shell.until_(function() return #stand_ins:posts "died three times" > 0 end, 5, "a word to staff")
    assert.equal(4, service.starts)
    service:kill()
  end)

  it("A32: a job that kills the process three times is dead and told to staff; the customer gets a text; other chats are answered", function()
    local main = main_with("turn = { run = turns.run,", [[turn = { run = function(job)
      local row = require("host.db").one("SELECT content FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1", job.payload.conversation)
      if row and row.content:find("POISON", 1, true) then ]] .. STUCK .. " end return turns.run(job) end,")
    local service = process.new { stand_ins = stand_ins, env = PATIENT, files = { ["scripts/main.lua"] = main } }
    local phone, other, word, sign = meta.phone(), meta.phone(), meta.word(), meta.word()
    crash_three_times(service, function() service:say(phone, "POISON " .. word) end)
    service:say(other, "hello " .. sign)
    replied(other, sign)
    assert.equal(1, service:status().jobs.dead)
    local code, text = service:cli("jobs", "--dead")
    assert.equal(0, code)
    assert.truthy(text:find("turn", 1, true) and text:find("crashes 3", 1, true), text)
    shell.until_(function() return #stand_ins:cards(phone) == 1 end, 5, "the chat's card")
    shell.until_(function() return #stand_ins:sends(phone) == 1 end, 5, "a line for the customer")
    service:kill()
  end)

  it("A32: kill -9 while a turn waits for the model counts as no crash", function()
    local service = process.new { stand_ins = stand_ins }
    local phone, word = meta.phone(), meta.word()
    stand_ins:forget()
    local held = stand_ins:plan { contains = word, hold = true, echo = true }
    service:say(phone, "hello " .. word)
    for round = 1, 4 do
      shell.until_(function() return #stand_ins:models(word) == round end, 3, "model call " .. round)
      service:status() -- answered between two slices: the one that asked the model has ended
      service:restart { kill = true }
    end
    assert.equal(0, service:value "SELECT coalesce(max(crashes), 0) FROM jobs WHERE kind = 'turn'")
    stand_ins:release(held)
    replied(phone, word)
    idle(service)
    assert.equal(1, #stand_ins:sends(phone))
    service:kill()
  end)

  describe("what customers see", function()
    local service
    setup(function() service = process.new { stand_ins = stand_ins } end)

    it("H6: STOP as a whole message opts out with one confirmation that names START, then silence, until START", function()
      for word, start in pairs { STOP = "START", ["Stop."] = "START", ["ARRÊT"] = "START", ["stop 🙏"] = "START" } do
        local phone = meta.phone()
        service:say(phone, word)
        local sends = shell.until_(function() return stand_ins:sends(phone)[1] and stand_ins:sends(phone) end, 4, "the confirmation of " .. word)
        assert.truthy(sends[1].text:find(start, 1, true), sends[1].text)
        local after, sign = meta.word(), meta.word()
        service:say(phone, "are you there " .. after)
        service:say(phone, word)
        shell.until_(function() return #stand_ins:posts(after) > 0 end, 4, "the message to reach staff")
        assert.equal(1, #stand_ins:sends(phone), word)
        service:say(phone, "START")
        shell.until_(function() return #stand_ins:sends(phone) == 2 end, 4, "the word that it is on again")
        service:say(phone, "hello " .. sign)
        replied(phone, sign)
      end
    end)

    it("H6: \"please stop by at 5\" is no opt-out", function()
      local phone, word = meta.phone(), meta.word()
      service:say(phone, "please stop by at 5 " .. word)
      replied(phone, word)
      assert.equal(0, service:value("SELECT opted_out FROM conversations WHERE id = '" .. phone .. "'"))
    end)

    it("H7: ten messages in a paused chat get the paused reply once, are stored, and reach staff", function()
      local phone, word = meta.phone(), meta.word()
      service:say(phone, "hello " .. word)
      replied(phone, word)
      assert.equal(200, service:click(phone).status)
      local calls, words = #stand_ins:requests "model", {}
      for i = 1, 10 do
        words[i] = meta.word()
        service:say(phone, "and also " .. words[i])
      end
      shell.until_(function() return #stand_ins:posts(words[10]) > 0 end, 8, "the last message to reach staff")
      for _, one in ipairs(words) do
        assert.equal(1, service:value("SELECT count(*) FROM messages WHERE content LIKE '%" .. one .. "%'"))
        assert.is_true(#stand_ins:posts(one) > 0)
      end
      idle(service)
      assert.equal(2, #stand_ins:sends(phone))
      assert.equal(calls, #stand_ins:requests "model")
    end)

    it("H8: a failing model, a refusing Slack and broken scripts leave /health at 200, within 50 ms", function()
      stand_ins:fault { model = "500", slack = "404", graph = "expired" }
      service:say(meta.phone(), "I want a human")
      service:write("scripts/turn.lua", "this is not Lua")
      local code = service:cli "reload"
      assert.equal(5, code)
      local begun = socket.gettime()
      local answer = service:http("GET", "/health")
      assert.is_true(socket.gettime() - begun < 0.05)
      assert.equal(200, answer.status)
      assert.same({ status = "healthy" }, json.decode(answer.body))
      assert.truthy(service:status().last_reload_error:find("turn.lua:1", 1, true))
    end)
  end)
end)
