-- Overload: A26, B17, H11, H12. Each sentence begins with its code.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local standins = require "spec.support.standins"
local task = require "host.task"
local wire = require "spec.support.wire"

describe("too much", function()
  local stand_ins

  setup(function() stand_ins = standins.new() end)
  after_each(function()
    stand_ins:calm()
    stand_ins:forget()
  end)
  teardown(process.close_all)

  -- Seconds until this customer's message is answered.
  local function turn_time(service)
    local phone, word = meta.phone(), meta.word()
    stand_ins:plan { contains = word, answer = { reply_to_user = "Noted " .. word } }
    local begun = socket.gettime()
    service:say(phone, "hello " .. word)
    shell.until_(function() return #stand_ins:sends(phone, word) > 0 end, 10, "the answer to one among many")
    return socket.gettime() - begun
  end

  local function middle(list)
    table.sort(list)
    return list[(#list + 1) // 2]
  end

  local function times(service, n)
    local list = {}
    for i = 1, n do list[i] = turn_time(service) end
    return middle(list)
  end

  -- What strace does to these system calls of the service from now on. Returns the path of the trace; strace's pid is in PATH.pid.
  local function inject(service, call, what)
    local trace = service.home .. "/trace"
    os.execute(("strace -f -p %d -o %s -e trace=%s -e inject=%s:%s 2>%s.err & echo $! >%s.pid"):format(service:pid(), trace, call, call, what, trace, trace))
    shell.until_(function() return (shell.read(trace .. ".err") or ""):find "attached" end, 5, "strace")
    return trace
  end

  -- Every fdatasync takes this long: a disk that cannot keep up.
  local function slow_disk(service, ms) inject(service, "fdatasync", "delay_enter=" .. ms * 1000) end

  it("H11: two thousand messages of one customer, whose turn is stuck at the model, make no other customer wait", function()
    local service = process.new { stand_ins = stand_ins, env = { TURN_QUIET_MS = 50, LLM_TIMEOUT_MS = 60000, LLM_DEADLINE_MS = 60000, DRAIN_MS = 100 } }
    local before = times(service, 5)
    local loud, mark = meta.phone(), meta.word()
    stand_ins:plan { contains = mark, hold = true, echo = true }
    service:say(loud, "first " .. mark)
    shell.until_(function() return #stand_ins:models(mark) == 1 end, 5, "the turn that is stuck")
    for _ = 1, 20 do
      local list = {}
      for i = 1, 100 do list[i] = meta.text(loud, "again " .. i) end
      assert.equal(200, service:hook { messages = list })
    end
    local meanwhile = times(service, 5)
    assert.is_true(meanwhile < 3 * before + 0.1, ("%.0f ms instead of %.0f"):format(meanwhile * 1000, before * 1000))
    shell.until_(function() return service:status().inbox.unread == 0 end, 10, "all of them to be read")
    assert.equal(2001, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. loud .. "'"))
    assert.equal(1, #stand_ins:models(mark))
    service:kill()
  end)

  it("H11: a hundred chats whose sends are stuck make no other customer wait, and a dead head frees its lane", function()
    local service = process.new { stand_ins = stand_ins, env = { TURN_QUIET_MS = 50, SEND_TIMEOUT_MS = 30000, DRAIN_MS = 100 } }
    local before = times(service, 5)
    local mark, stuck = meta.word(), {}
    stand_ins:plan { contains = mark, answer = { reply_to_user = "Stuck " .. mark } }
    stand_ins:fault { graph = { kind = "slow", delay_ms = 20000, contains = "Stuck " .. mark } }
    for i = 1, 100 do
      stuck[i] = meta.phone()
      service:say(stuck[i], "hello " .. mark)
    end
    shell.until_(function() return service:value("SELECT count(*) FROM messages WHERE state = 'sending'") >= 100 end, 10, "a hundred open sends")
    local meanwhile = times(service, 5)
    assert.is_true(meanwhile < 3 * before + 0.1, ("%.0f ms instead of %.0f"):format(meanwhile * 1000, before * 1000))
    stand_ins:calm()
    stand_ins:forget()
    local phone, word, after = meta.phone(), meta.word(), meta.word()
    stand_ins:fault { graph = { kind = "code", code = 100, contains = word } }
    stand_ins:plan { contains = word, answer = { reply_to_user = "Head " .. word } }
    service:say(phone, "hello " .. word)
    shell.until_(function() return service:status().jobs.dead == 1 end, 5, "the head to be dead")
    stand_ins:forget() -- the first words are still unanswered, and would bring their plan up again
    stand_ins:plan { contains = after, answer = { reply_to_user = "Next " .. after } }
    service:say(phone, "hello " .. after)
    shell.until_(function() return #stand_ins:sends(phone, after) == 1 end, 5, "the one behind it")
    service:kill()
  end)

  it("A15: with syncs of 400 ms, forty new connections between two of them share the next, /health waits for one of them, and none is lost", function()
    local service = process.new { stand_ins = stand_ins, env = { REQUEST_DEADLINE_MS = 15000 } }
    service:say(meta.phone(), "warm " .. meta.word())
    slow_disk(service, 400)
    local peers, health, mark, begun = {}, {}, meta.word(), socket.gettime()
    for round = 1, 9 do
      for _ = 1, 40 do
        local peer = assert(wire.dial(service.port))
        peer:send(meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), mark) } }))
        peers[#peers + 1] = peer
      end
      local asked = socket.gettime()
      assert.equal(200, service:http("GET", "/health", { timeout = 10 }).status)
      health[round] = socket.gettime() - asked
      socket.sleep(round % 3 * 0.1)
    end
    for _, peer in ipairs(peers) do assert.equal(200, peer:read(1, 20)[1].status) end
    local syncs = (socket.gettime() - begun) / 0.4
    assert.is_true(middle(health) < 0.45, ("/health: %.0f ms in the middle"):format(middle(health) * 1000))
    assert.is_true(health[#health] < 0.65, ("/health: %.0f ms at worst"):format(health[#health] * 1000)) -- sorted; one of them may meet a checkpoint
    assert.is_true(syncs < #peers / 10, ("%d accepted in the time of %.0f syncs"):format(#peers, syncs))
    service:kill()
    service:restart()
    shell.until_(function() return service:status().inbox.unread == 0 end, 10, "the inbox to be read")
    assert.equal(#peers, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND content = '" .. mark .. "'"))
    service:kill()
  end)

  it("H12: when the disk is slow and more comes than there is room for, the rest gets 503 with Retry-After, /health still answers, and every 200 is processed", function()
    local service = process.new { stand_ins = stand_ins, env = { LUA_MEMORY_MB = 32, MAX_BODY_BYTES = 262144, REQUEST_DEADLINE_MS = 15000 } }
    stand_ins:plan { contains = "zq", echo = true }
    service:say(meta.phone(), "warm " .. meta.word())
    local before = service:rss_kb()
    slow_disk(service, 200)
    local peers, padding = {}, ("x"):rep(200000)
    for i = 1, 100 do
      local word = meta.word()
      peers[i] = { word = word, phone = meta.phone(), at = assert(wire.dial(service.port)) }
      peers[i].bytes = meta.request(service.secret, ((meta.body { messages = { meta.text(peers[i].phone, word) } }):gsub("}$", ',"padding":"' .. padding .. '"}')))
    end
    for _, peer in ipairs(peers) do
      task.spawn(function()
        peer.at:send(peer.bytes)
        peer.bytes = nil
      end)
    end
    task.sleep(50)
    assert.equal(200, service:http("GET", "/health", { timeout = 10 }).status)
    local taken, refused = {}, 0
    for _, peer in ipairs(peers) do
      local answer = peer.at:read(1, 20)[1] or { status = 0, headers = {} }
      if answer.status == 200 then
        taken[#taken + 1] = peer
      else
        assert.equal(503, answer.status)
        assert.equal("1", answer.headers["retry-after"])
        assert.equal('{"error":"busy, try again"}', answer.body)
        refused = refused + 1
      end
      peer.at:close()
    end
    assert.is_true(#taken > 0 and refused > 0, #taken .. " taken, " .. refused .. " refused")
    assert.is_true(service:rss_kb() - before < 96 * 1024, "32 MB of scripts' memory, 8 MB of waiting requests")
    shell.until_(function() return service:value "SELECT count(*) FROM messages WHERE role = 'user'" > #taken end, 20, "what got 200 to be read")
    local stored = {}
    for _, row in ipairs(service:rows "SELECT content FROM messages WHERE role = 'user'") do stored[row.content] = true end
    for _, peer in ipairs(taken) do assert.is_true(stored[peer.word]) end
    assert.equal(#taken + 1, service:value "SELECT count(*) FROM messages WHERE role = 'user'")
    assert.equal(0, #service:logged "script.error")
    service:kill()
  end)

  it("B17: two hundred unfinished bodies of 2.9 MB stay below 128 MB, and an honest webhook is taken meanwhile or told when to come again", function()
    local service = process.new { stand_ins = stand_ins, env = { REQUEST_DEADLINE_MS = 20000 } }
    local peers, chunk = {}, ("x"):rep(1 << 20)
    local head = ("POST /whatsapp/webhook HTTP/1.1\r\nHost: k\r\nContent-Length: %d\r\n\r\n"):format(2900000)
    local most = service:rss_kb()
    for i = 1, 200 do
      local peer = assert(wire.dial(service.port))
      peers[i] = peer
      peer:send(head)
      peer:send(chunk)
      peer:send(chunk)
      if i % 20 == 0 then
        most = math.max(most, service:rss_kb())
        assert.is_true(service:healthy())
      end
    end
    local status = service:hook({ messages = { meta.text(meta.phone(), "hello " .. meta.word()) } }, 5)
    assert.is_true(status == 200 or status == 503, status)
    most = math.max(most, service:rss_kb())
    assert.is_true(most < 128 * 1024 * (os.getenv "ASAN_OPTIONS" and 3 or 1), most .. " KB")
    for _, peer in ipairs(peers) do peer:close() end
    shell.until_(function() return service:hook { messages = { meta.text(meta.phone(), "hello again") } } == 200 end, 3, "room again")
    service:kill()
  end)

  -- ---- peers that never finish ----

  local START = "POST /whatsapp/webhook HTTP/1.1\r\nHost: k\r\n"

  -- This many connections that said just this. Those that are closed at once count too.
  local function crowd(service, count, bytes)
    local peers = {}
    for i = 1, count do
      peers[i] = assert(wire.dial(service.port))
      peers[i]:send(bytes)
    end
    return peers
  end

  local function leave(peers)
    for _, peer in ipairs(peers) do peer:close() end
  end

  local function padded(word, bytes)
    return (meta.body { messages = { meta.text(meta.phone(), word) } }:gsub("}$", ',"padding":"' .. ("x"):rep(bytes) .. '"}'))
  end

  -- Honest webhooks, small ones and ones of this size, in two pieces, are all taken, quickly.
  local function honest(service, size)
    local worst, word = 0, meta.word()
    for i = 1, 10 do
      local begun = socket.gettime()
      local bytes = meta.request(service.secret, padded(word, i % 2 == 0 and size or 0))
      local peer = assert(wire.dial(service.port))
      peer:send(bytes:sub(1, #bytes // 2))
      socket.sleep(0.002)
      peer:send(bytes:sub(#bytes // 2 + 1))
      local answer = peer:read(1, 5)[1]
      peer:close()
      assert.equal(200, answer and answer.status, "honest webhook " .. i)
      worst = math.max(worst, socket.gettime() - begun)
    end
    assert.is_true(worst < 1, ("%.0f ms for an honest webhook"):format(worst * 1000))
  end

  local MANY = "ulimit -n 16384"

  it("B17: 1,500 bodies of which one byte came cost 4 KB each, and every honest webhook is taken", function()
    local service = process.new { stand_ins = stand_ins, limits = MANY, env = { REQUEST_DEADLINE_MS = 30000 } }
    local before = service:rss_kb()
    local peers = crowd(service, 1500, START .. "Content-Length: 100000\r\n\r\nx")
    honest(service, 60000)
    local grown = service:rss_kb() - before
    assert.is_true(grown < process.memory(40 * 1024), grown .. " KB")
    leave(peers)
    service:kill()
  end)

  it("B16 B17: 4,000 heads of 30 KB without an end, and 4,000 idle connections, stay below 64 MB; every honest webhook is taken", function()
    local service = process.new { stand_ins = stand_ins, limits = MANY, env = { REQUEST_DEADLINE_MS = 30000 } }
    local before, most = service:rss_kb(), 0
    local shapes = { START .. "X: " .. ("y"):rep(30000), "GET /health HTTP/1.1\r\nHost: k\r\n\r\n" }
    for _, bytes in ipairs(shapes) do
      local peers = {}
      for _ = 1, 4 do
        local some = crowd(service, 1000, bytes)
        table.move(some, 1, #some, #peers + 1, peers)
        most = math.max(most, service:rss_kb() - before)
        honest(service, 3000)
      end
      leave(peers)
    end
    assert.is_true(most < process.memory(64 * 1024), most .. " KB")
    assert.equal("200", tostring(service:http("GET", "/health").status))
    service:kill()
  end)

  it("B17: when unfinished bodies fill their part of the budget, one that is nearly complete and honest webhooks of 60 KB are taken", function()
    local service = process.new { stand_ins = stand_ins, env = { LUA_MEMORY_MB = 64, REQUEST_DEADLINE_MS = 30000 } } -- 16 MB for bodies
    local bytes, slow = meta.request(service.secret, padded("slow", 900000)), assert(wire.dial(service.port))
    slow:send(bytes:sub(1, -9000))
    local peers = crowd(service, 30, START .. "Content-Length: 2000000\r\n\r\n" .. ("x"):rep(1000000))
    honest(service, 12000)
    slow:send(bytes:sub(-8999))
    local answer = slow:read(1, 5)[1]
    assert.equal(200, answer and answer.status)
    local stalled = crowd(service, 40, START .. "Content-Length: 1000000\r\n\r\n" .. ("x"):rep(990000)) -- nearly complete, for ever
    honest(service, 12000)
    task.sleep(1000)
    honest(service, 60000) -- in two pieces, the first of which is not nearly all: who takes longer than a second makes room
    leave(peers)
    leave(stalled)
    service:kill()
  end)

  -- What the spec's own process leaves open is closed first. With room for itself the listener's limit comes first, else the process's.
  local CLOSE = [[bash -c 'for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -le 2 ] || eval "exec $n>&-"; done; %sexec "$@"' alone]]
  local TAKE = [[for n in {3..23}; do eval "exec $n</dev/null"; done; ]]

  for name, wrap in pairs { ["of its own"] = CLOSE:format "", ["a third of them taken"] = CLOSE:format(TAKE) } do
    it("A26: with 64 descriptors, " .. name .. ", and two hundred idle connections it does not spin, answers webhooks, sends, and recovers", function()
      local service = process.new { stand_ins = stand_ins, limits = "ulimit -n 64", wrap = wrap }
      stand_ins:plan { contains = "zq", echo = true }
      local peers = {}
      for i = 1, 200 do peers[i] = wire.dial(service.port) end
      local function ticks()
        local fields = (shell.read("/proc/" .. service:pid() .. "/stat") or ""):match "%) (.*)"
        local user, system = fields:match "^%S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ %S+ (%d+) (%d+)"
        return tonumber(user) + tonumber(system)
      end
      task.sleep(300)
      local from = ticks()
      task.sleep(1000)
      local spent = ticks() - from
      assert.is_true(spent < 50, spent .. " hundredths of a second of CPU in one")
      local phone, word = meta.phone(), meta.word()
      shell.until_(function() return service:hook({ messages = { meta.text(phone, "hello " .. word) } }, 2) == 200 end, 8, "a webhook to be taken")
      shell.until_(function() return #stand_ins:sends(phone, word) == 1 end, 8, "its answer")
      for i = 1, 200 do
        if peers[i] then peers[i]:close() end
      end
      local again, sign = meta.phone(), meta.word()
      shell.until_(function() return service:healthy() end, 5, "health")
      service:say(again, "hello " .. sign)
      shell.until_(function() return #stand_ins:sends(again, sign) == 1 end, 5, "an answer afterwards")
      assert.equal(0, (service:cli "status"))
      assert.equal(json.encode { status = "healthy" }, service:http("GET", "/health").body)
      assert.equal(0, (service:term()))
    end)
  end

  local HEALTH = "GET /health HTTP/1.1\r\nHost: k\r\n\r\n"

  -- A connection that was answered once and stays open.
  local function idle(service)
    local peer = assert(wire.dial(service.port))
    peer:send(HEALTH)
    assert.equal(200, peer:read(1, 5)[1].status)
    return peer
  end

  for _, problem in ipairs { "EMFILE", "ENFILE", "ENOMEM", "ENOBUFS" } do
    it("A26: one accept that fails with " .. problem .. ", with an idle connection open, makes the next client wait less than 2 s", function()
      local service = process.new { stand_ins = stand_ins }
      local peer = idle(service)
      local trace = inject(service, "accept4", ("error=%s:when=1"):format(problem))
      assert.equal(200, service:http("GET", "/health", { timeout = 2 }).status)
      assert.truthy(shell.read(trace):find(problem, 1, true))
      peer:close()
      service:kill()
    end)
  end

  it("A26: while every accept fails and no connection is open, it does not spin, logs the error, and recovers", function()
    local service = process.new { stand_ins = stand_ins }
    local trace = inject(service, "accept4", "error=ENFILE")
    local peer = assert(wire.dial(service.port))
    shell.until_(function() return #service:logged "http.accept_failed" >= 4 end, 5, "four lines of the log")
    local _, tries = shell.read(trace):gsub("ENFILE", "")
    assert.is_true(tries < 50, tries .. " tries")
    assert.equal("Too many open files in system", service:logged("http.accept_failed")[1].error)
    os.execute("kill -KILL " .. shell.read(trace .. ".pid")) -- it inherits that TERM is blocked
    peer:send(HEALTH)
    assert.equal(200, (peer:read(1, 2)[1] or {}).status)
    peer:close()
    service:kill()
  end)

  it("A26: while no descriptor is left and nobody connects, an idle connection stays open", function()
    local service = process.new { stand_ins = stand_ins }
    local peer = idle(service)
    assert.equal(0, (shell.run(("prlimit --pid %d --nofile=3:"):format(service:pid()))))
    for _ = 1, 5 do
      peer:send(HEALTH)
      assert.equal(200, (peer:read(1, 2)[1] or {}).status)
    end
    peer:close()
    service:kill()
  end)
end)
