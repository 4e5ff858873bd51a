-- The disk below the real process: what is acknowledged is on it, and what happens when it is full, gone, locked or someone else's.
-- FAULTS A; the same faults inside one unit are in spec/host/store_test.c. Each sentence begins with its row.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

describe("the storage", function()
  local mounted = {}

  teardown(function()
    for _, path in ipairs(mounted) do shell.run("umount -l " .. path) end
    process.close_all()
  end)

  local function post(service, size)
    local word, phone = meta.word(), meta.phone()
    return service:hook { messages = { meta.text(phone, word .. (" x"):rep((size or 0) // 2)) } }, word
  end

  local function healthy_again(service)
    shell.until_(function() return service:healthy() end, 4, "the service to be healthy")
  end

  -- Every word is in a message of the reopened database.
  local function all_there(service, words)
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    for _, word in ipairs(words) do
      assert.equal(1, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND content LIKE '" .. word .. "%'"), word)
    end
  end

  it("A1 A11: between any request and its 200 lies a finished fdatasync of the write-ahead log", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local trace = service.home .. "/order"
    os.execute(("strace -f -y -p %d -o %s -e trace=fdatasync,fsync,sendto,sendmsg,write,writev 2>%s.err &"):format(service:pid(), trace, trace))
    shell.until_(function() return (shell.read(trace .. ".err") or ""):find "attached" end, 5, "strace")
    local peer, count = assert(wire.dial(service.port)), shell.rounds(60, 300)
    for _ = 1, count do
      peer:send(meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), "order " .. meta.word()) } }, { keep = true }))
      assert.equal(200, peer:read(1)[1].status)
    end
    peer:close()
    service:kill()
    shell.until_(function() return (shell.read(trace) or ""):find "killed by SIGKILL" end, 3, "the end of the trace")
    local synced, answers, early, open = false, 0, 0, {}
    for line in shell.read(trace):gmatch "[^\n]+" do
      local thread = line:match "^%d+"
      if line:find("fdatasync(", 1, true) and line:find("-wal", 1, true) then
        if line:find("= 0", 1, true) then synced = true else open[thread] = true end
      elseif line:find "fdatasync resumed" and open[thread] then
        synced, open[thread] = true, nil
      elseif line:find("HTTP/1.1 200", 1, true) then
        answers = answers + 1
        if not synced then early = early + 1 end
        synced = false
      end
    end
    assert.equal(count, answers)
    assert.equal(0, early)
  end)

  it("A12: on a full disk Meta gets 503 and /health too; with space again it goes on by itself, and every acknowledged message is there", function()
    local disk = shell.folder()
    if shell.run("mount -t tmpfs -o size=3m tmpfs " .. disk) ~= 0 then return pending "a small disk needs root" end
    mounted[#mounted + 1] = disk
    local service = process.new { data = disk .. "/data", env = { LLM_DEADLINE_MS = 100 } }
    local status, word = post(service)
    assert.equal(200, status)
    local acked, refused = { word }, 0
    shell.run("head -c 4m /dev/zero > " .. disk .. "/filler")
    for _ = 1, 60 do
      status, word = post(service, 20000)
      if status == 200 then acked[#acked + 1] = word else
        assert.equal(503, status)
        refused = refused + 1
      end
    end
    assert.is_true(refused > 30)
    local health = service:http("GET", "/health")
    assert.equal(503, health.status)
    assert.equal('{"status":"unhealthy"}', health.body)
    shell.run("rm " .. disk .. "/filler")
    healthy_again(service)
    status, word = post(service)
    assert.equal(200, status)
    acked[#acked + 1] = word
    all_there(service, acked)
    assert.equal(1, service.starts)
    service:restart { kill = true }
    all_there(service, acked)
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    service:kill()
  end)

  it("A13 A28: whoever of a batch got 200 at a file size limit is there afterwards, who got 503 is not", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    assert.equal(200, (post(service)))
    local _, size = shell.run("stat -c %s " .. service.db .. "-wal")
    assert.equal(0, (shell.run(("prlimit --pid %d --fsize=%d:unlimited"):format(service:pid(), tonumber(size) + 60000))))
    local acked, denied = {}, {}
    for _ = 1, 4 do
      local peers, words = {}, {}
      for i = 1, 12 do
        words[i] = meta.word()
        peers[i] = assert(wire.dial(service.port))
        peers[i].bytes = meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), words[i] .. (" x"):rep(1000)) } })
      end
      for _, peer in ipairs(peers) do peer:send(peer.bytes) end
      for i, peer in ipairs(peers) do
        local answer = peer:read(1)[1]
        local list = answer.status == 200 and acked or denied
        list[#list + 1] = words[i]
        peer:close()
      end
    end
    assert.is_true(#denied > 0)
    assert.is_true(service:alive())
    assert.equal(0, (shell.run(("prlimit --pid %d --fsize=unlimited:unlimited"):format(service:pid()))))
    healthy_again(service)
    local status, word = post(service)
    assert.equal(200, status)
    acked[#acked + 1] = word
    all_there(service, acked)
    for _, one in ipairs(denied) do
      assert.equal(0, service:value("SELECT count(*) FROM messages WHERE content LIKE '" .. one .. "%'"), one)
    end
    service:kill()
  end)

  it("A14: after a failed sync there is no 200, and the process ends with exit 3 for its supervisor", function()
    local service = process.new {}
    local trace = service.home .. "/eio"
    os.execute(("strace -f -p %d -o %s -e trace=fdatasync -e inject=fdatasync:error=EIO 2>%s.err &"):format(service:pid(), trace, trace))
    shell.until_(function() return (shell.read(trace .. ".err") or ""):find "attached" end, 5, "strace")
    local status = post(service)
    assert.is_true(status == 0 or status == 503, status)
    assert.equal(3, service:exit(3))
    assert.truthy(shell.read(trace):find "INJECTED")
    service:start()
    assert.equal(200, (post(service)))
    service:kill()
  end)

  it("A16: a database that cannot be there is refused at the start: exit 3 within 2 s and one line that names it", function()
    local home = shell.folder()
    shell.write(home .. "/file", "x")
    shell.run("mkdir " .. home .. "/folder")
    local places = { home .. "/file/db.sqlite", "/proc/nowhere/db.sqlite", home .. "/folder" }
    if shell.run(("mkdir %s/ro && mount -t tmpfs -o ro tmpfs %s/ro"):format(home, home)) == 0 then
      mounted[#mounted + 1] = home .. "/ro"
      places[#places + 1] = home .. "/ro/db.sqlite"
    end
    for _, place in ipairs(places) do
      local service = process.new { start = false, env = { DATABASE_URL = "sqlite:" .. place } }
      local code, text, seconds = service:run_once "serve"
      assert.equal(3, code, place .. ": " .. text)
      assert.is_true(seconds < 2)
      assert.truthy(text:find(place:match "^(.*)/[^/]*%.sqlite$" or place, 1, true), text)
      assert.truthy(text:find "assistant: [^\n]+\n$")
    end
  end)

  it("A18: moved, removed or replaced below the running process, nothing more is acknowledged and it ends with exit 3 within 2 s", function()
    local services = {}
    for name, command in pairs {
      removed = "rm %s %s-wal", moved = "mv %s %s.old", replaced = "cp %s %s.new && mv %s.new %s", ["wal gone"] = "rm %s-wal",
      folder = "mv $(dirname %s) $(dirname %s).old",
    } do
      local service = process.new {}
      assert.equal(200, (post(service)))
      shell.run((command:gsub("%%s", service.db)))
      services[name] = service
      assert.is_true((post(service)) ~= 200, name)
    end
    for name, service in pairs(services) do assert.equal(3, service:exit(2), name) end
  end)

  it("A21: a second process on the same database ends with exit 4 within 2 s and touches nothing", function()
    local service = process.new {}
    assert.equal(200, (post(service)))
    service:signal "STOP" -- whatever changes now, the other one did
    local _, before = shell.run("cd " .. service.data .. " && ls -l --time-style=full-iso db.sqlite db.sqlite-wal")
    local other = process.new { start = false, data = service.data }
    local code, text, seconds = other:run_once "serve"
    assert.equal(4, code, text)
    assert.is_true(seconds < 2)
    local _, after = shell.run("cd " .. service.data .. " && ls -l --time-style=full-iso db.sqlite db.sqlite-wal")
    assert.equal(before, after)
    service:signal "CONT"
    assert.equal(200, (post(service)))
    service:kill()
  end)

  it("A22: a database of a newer program is refused in words, and what it holds is left as it is", function()
    local service = process.new {}
    assert.equal(0, (service:term()))
    assert.equal(0, (shell.run("sqlite3 " .. service.db .. " \"UPDATE schema_steps SET step = step + 5 WHERE owner = 'scripts'\"")))
    local dump = "sqlite3 " .. service.db .. " '.dump conversations messages quote_data schema_steps'"
    local _, before = shell.run(dump)
    local code, text = service:run_once "serve"
    assert.equal(3, code)
    assert.truthy(text:lower():find "newer", text)
    local _, after = shell.run(dump)
    assert.equal(before, after)
  end)

  it("A12 A19: a lock held by somebody's sqlite3 freezes nobody: /health answers at once, and the work goes on afterwards", function()
    local service = process.new {}
    assert.equal(200, (post(service)))
    os.execute(("(echo 'BEGIN IMMEDIATE;'; sleep 0.7; echo 'COMMIT;') | sqlite3 %s & sleep 0.2"):format(service.db))
    local peer = assert(wire.dial(service.port))
    peer:send(meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), "during " .. meta.word()) } }))
    local worst = 0
    for _ = 1, 10 do
      local begun = require "socket".gettime()
      service:http("GET", "/health")
      worst = math.max(worst, require "socket".gettime() - begun)
    end
    assert.is_true(worst < 0.25, worst)
    local status = peer:read(1, 3)[1].status
    assert.is_true(status == 200 or status == 503)
    shell.until_(function() return (post(service)) == 200 end, 4, "work to go on")
    service:kill()
  end)
end)
