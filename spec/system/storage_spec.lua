-- The real process and its disk: acknowledged messages are on it; what happens when it is full, gone, locked or another user's.
-- The codes A of docs/faults.md; the tests of the store show the same faults inside one unit. Each sentence begins with its code.

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

  -- Runs sqlite3 with a transaction open for so long; returns when it is open.
  local function held(service, sql, seconds)
    local sign = service.home .. "/held-" .. meta.word()
    os.execute(("(echo '.timeout 3000'; echo '%s'; echo '.shell touch %s'; sleep %s; echo 'COMMIT;') | sqlite3 %s >/dev/null &"):format(sql, sign, seconds, service.db))
    shell.until_(function() return shell.read(sign) end, 5, "the other program's transaction")
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

  it("A12: on a full disk Meta and /health get 503; with space again work continues without a restart, and every acknowledged message is there", function()
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
    for _, event in ipairs { "store.refused", "store.lost" } do
      local line = service:logged(event)[1]
      assert.truthy(line.error:find("no space is left on the disk of " .. service.data, 1, true), line.error)
      assert.truthy(line.remedy:find("df -h " .. service.data, 1, true), line.remedy)
    end
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

  it("A13 A28: at a file size limit every message of a batch that got 200 is stored, and every one that got 503 is not", function()
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

  it("A22: a database of a newer program is refused with a reason, and its content stays", function()
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

  it("A22: the newer program's database keeps every byte and its time", function()
    local service = process.new {}
    assert.equal(0, (service:term()))
    assert.equal(0, (shell.run("sqlite3 " .. service.db .. " \"PRAGMA journal_mode=DELETE; UPDATE schema_steps SET step = step + 5 WHERE owner = 'scripts'\"")))
    local look = "cd " .. service.data .. " && sha256sum db.sqlite && ls -l --time-style=full-iso db.sqlite | cut -d' ' -f1,5-"
    shell.run("sqlite3 " .. service.db .. " 'PRAGMA journal_mode=WAL'")
    local _, before = shell.run(look)
    local code, text, seconds = service:run_once "serve"
    assert.equal(3, code)
    assert.is_true(seconds < 2)
    assert.truthy(text:find "assistant: the database [^\n]+ is newer than this program [^\n]+\n$", text)
    local _, after = shell.run(look)
    assert.equal(before, after)
  end)

  it("A16: files or a folder of another user, or without rights, are refused with exit 3 within 2 s; the line names their owner, and its command corrects it", function()
    if shell.run "setpriv --reuid 65534 --regid 65534 --clear-groups true" ~= 0 then return pending "setpriv needs root" end
    local service = process.new {}
    post(service)
    service:kill() -- with a -wal and a -shm
    service.wrap = "setpriv --reuid 65534 --regid 65534 --clear-groups"
    service:write_runner()
    shell.run(("chmod 755 %s && chmod -R a+rX %s/scripts %s/prompts"):format(service.home, service.home, service.home))
    local function refused(...)
      local code, text, seconds = service:run_once "serve"
      assert.equal(3, code, text)
      assert.is_true(seconds < 2)
      for _, word in ipairs { ... } do assert.truthy(text:find(word, 1, true), text) end
      local remedy = text:match "assistant: [^\n]*`(ch[^`]+)`, and start again\n$"
      assert.truthy(remedy, text)
      assert.equal(0, (shell.run(remedy)))
    end
    shell.run("chmod 755 " .. service.data)
    refused("folder " .. service.data .. " is not writable", "belongs to user root, and this program runs as user nobody", "chown nobody:nogroup " .. service.data .. "`")
    for _, name in ipairs { "", "-wal", "-shm", ".lock", ".key", ".running" } do
      refused(service.db .. name .. " belongs to user root, and this program runs as user nobody", "chown nobody:nogroup " .. service.db .. name .. "`")
    end
    shell.run("chmod 400 " .. service.db)
    refused(service.db .. " must be readable and writable for its user nobody", "chmod u+rw " .. service.db .. "`")
    shell.run("chmod 500 " .. service.data)
    refused("folder " .. service.data .. " is not writable", "chmod u+rwx " .. service.data .. "`")
    local _, text = service:run_once "status"
    assert.truthy(text:find "^No service is running", text)
  end)

  it("A12 A16: a start on a full disk says that it is full, one on a read-only disk that it is read-only, with exit 3; with room it starts", function()
    local disk = shell.folder()
    if shell.run("mount -t tmpfs -o size=3m tmpfs " .. disk) ~= 0 then return pending "a small disk needs root" end
    mounted[#mounted + 1] = disk
    local service = process.new { data = disk .. "/data" }
    assert.equal(200, (post(service)))
    assert.equal(0, (service:term()))
    local function refused(...)
      local code, text, seconds = service:run_once "serve"
      assert.equal(3, code, text)
      assert.is_true(seconds < 2)
      for _, word in ipairs { "assistant: ", ... } do assert.truthy(text:find(word, 1, true), text) end
      for _, wrong in ipairs { "damaged", "restore", "I/O error", "check the disk" } do assert.is_nil(text:find(wrong, 1, true), text) end
    end
    local full = "no space is left on the disk of " .. service.data .. ": make room there (`df -h " .. service.data .. "`"
    shell.run("head -c 4m /dev/zero > " .. disk .. "/filler")
    refused(full)
    shell.run(("mkdir %s/new"):format(disk))
    local fresh = process.new { start = false, data = disk .. "/new" }
    local code, text = fresh:run_once "serve"
    assert.equal(3, code, text)
    assert.truthy(text:find("cannot be created: no space is left on the disk of " .. fresh.data, 1, true), text)
    shell.run(("rm %s/filler && mount -o remount,ro %s"):format(disk, disk))
    refused("the file system of " .. service.data .. " is read-only: make it writable (`findmnt -T " .. service.data .. "`")
    shell.run("mount -o remount,rw " .. disk)
    service:start()
    assert.equal(200, (post(service)))
    service:kill()
  end)

  it("A16: while the disk takes no writes it answers 503 and no 200; when the disk takes writes again, work continues without a restart", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local status, word = post(service)
    assert.equal(200, status)
    local acked, trace = { word }, service.home .. "/erofs"
    os.execute(("strace -f -p %d -o %s -e trace=pwrite64 -e inject=pwrite64:error=EROFS 2>%s.err & echo $! > %s.pid"):format(service:pid(), trace, trace, trace))
    shell.until_(function() return (shell.read(trace .. ".err") or ""):find "attached" end, 5, "strace")
    for _ = 1, 3 do assert.equal(503, (post(service))) end
    assert.is_false(service:healthy())
    shell.run("kill -KILL " .. shell.read(trace .. ".pid")) -- it inherits that TERM is blocked
    healthy_again(service)
    status, word = post(service)
    assert.equal(200, status)
    acked[#acked + 1] = word
    all_there(service, acked)
    assert.equal(1, service.starts)
    service:kill()
  end)

  it("A16: the default's folder is created in a fresh clone; elsewhere only the last folder, because two missing folders are a mistake", function()
    local service = process.new { start = false, env = { DATABASE_URL = false } }
    service:start()
    assert.equal(0, (shell.run("test -f " .. service.home .. "/data/db.sqlite")))
    service:kill()
    local place = shell.folder() .. "/one/db.sqlite"
    service = process.new { env = { DATABASE_URL = "sqlite:" .. place } }
    assert.equal(0, (shell.run("test -f " .. place)))
    service:kill()
    place = shell.folder() .. "/one/two/db.sqlite"
    service = process.new { start = false, env = { DATABASE_URL = "sqlite:" .. place } }
    local code, text = service:run_once "serve"
    assert.equal(3, code)
    assert.truthy(text:find "folder [^\n]+/one/two cannot be used [^\n]+: create it[^\n]*\n$", text)
    assert.equal(1, (shell.run("test -e " .. place:match "^(.*)/two")))
  end)

  describe("A17: a damaged database", function()
    -- What a start says of the file after `harm`; it stays as it is.
    local function after(harm, word)
      local service = process.new {}
      post(service)
      assert.equal(0, (service:cli("backup", service.home .. "/kept")))
      assert.equal(0, (service:term()))
      shell.run((harm:gsub("%%s", service.db)))
      local _, before = shell.run("sha256sum " .. service.db)
      local code, text, seconds = service:run_once "serve"
      assert.equal(3, code, harm .. ": " .. text)
      assert.is_true(seconds < 2)
      assert.truthy(text:find("assistant: [^\n]*" .. word .. "[^\n]*\n$"), text)
      assert.truthy(text:find(service.home .. "/kept", 1, true), text) -- what to restore
      local _, now = shell.run("sha256sum " .. service.db)
      assert.equal(before, now)
      return service
    end

    it("cut short, empty, or something else is refused with exit 3 and one line that names the newest copy, and stays as it is", function()
      after("truncate -s 20000 %s", "damaged")
      after("truncate -s 0 %s", "empty")
      after("head -c 100000 /dev/urandom > %s", "not a database")
      after("dd if=/dev/urandom of=%s bs=4096 seek=2 count=12 conv=notrunc", "damaged")
    end)

    it("restored as the line says, with the copy in its place, it serves again", function()
      local service = after("truncate -s 0 %s", "empty")
      shell.run("cp " .. service.home .. "/kept " .. service.db)
      service:start()
      assert.equal(200, (post(service)))
      service:kill()
    end)

    it("with random bytes changed it is refused or used, never crashes, never disappears", function()
      local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
      for _ = 1, 20 do post(service, 2000) end
      assert.equal(0, (service:term()))
      shell.run("cp " .. service.db .. " " .. service.home .. "/good")
      local _, size = shell.run("stat -c %s " .. service.db)
      math.randomseed(7)
      for _ = 1, shell.rounds(12, 100) do
        shell.run(("cp %s/good %s; rm -f %s-wal %s-shm"):format(service.home, service.db, service.db, service.db))
        local file = assert(io.open(service.db, "r+b"))
        for _ = 1, 40 do
          file:seek("set", math.random(100, tonumber(size) - 1))
          file:write(string.char(math.random(0, 255)))
        end
        file:close()
        service:start { wait = false }
        if service:ready(10) then
          post(service)
          service:signal "TERM"
        end
        local code = service:exit(8)
        assert.is_true(code == 0 or code == 3, tostring(code))
        assert.equal(0, (shell.run("test -s " .. service.db)))
      end
    end)
  end)

  it("A18: beside the log of another database it does not start: exit 3, one line, and both files stay as they are", function()
    local one, two = process.new {}, process.new {}
    post(one)
    post(two)
    one:kill()
    assert.equal(0, (two:term()))
    shell.run(("cp %s-wal %s-wal"):format(one.db, two.db))
    local look = "cd " .. two.data .. " && sha256sum db.sqlite db.sqlite-wal"
    local _, before = shell.run(look)
    local code, text, seconds = two:run_once "serve"
    assert.equal(3, code, text)
    assert.is_true(seconds < 2)
    assert.truthy(text:find "assistant: [^\n]+%-wal belongs to another database [^\n]+\n$", text)
    local _, after = shell.run(look)
    assert.equal(before, after)
    shell.run("rm " .. two.db .. "-wal")
    two:start()
    assert.equal(200, (post(two)))
    two:kill()
  end)

  it("A12 A19: while another sqlite3 holds a lock for 2 s, /health answers within 100 ms, a request waits at most 1 s, and work continues", function()
    local socket = require "socket"
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    assert.equal(200, (post(service)))
    held(service, "BEGIN IMMEDIATE;", 2)
    local begun, waiting, acked = socket.gettime(), {}, {}
    local function ask(list)
      local peer, word = assert(wire.dial(service.port)), meta.word()
      peer:send(meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), word) } }))
      list[#list + 1] = { peer = peer, word = word, at = socket.gettime() }
    end
    for _ = 1, 5 do ask(waiting) end
    local worst, late = 0, {}
    while socket.gettime() - begun < 1.7 do
      local at = socket.gettime()
      service:http("GET", "/health")
      worst = math.max(worst, socket.gettime() - at)
      if #late == 0 and at - begun > 1.2 then
        for _, one in ipairs(waiting) do
          assert.equal(503, one.peer:read(1, 0.05)[1].status)
          assert.is_nil((service:rows("SELECT id FROM messages WHERE content = '" .. one.word .. "'"))[1])
        end
        for _ = 1, 5 do ask(late) end
      end
      socket.sleep(0.01)
    end
    assert.is_true(worst < 0.1, worst)
    for _, one in ipairs(late) do -- they wait for the end of the lock, and are stored
      assert.equal(200, one.peer:read(1, 2)[1].status)
      assert.is_true(socket.gettime() - one.at < 1.2)
      acked[#acked + 1] = one.word
    end
    assert.is_true(service:healthy())
    local status, word = post(service)
    assert.equal(200, status)
    acked[#acked + 1] = word
    all_there(service, acked)
    service:kill()
  end)

  it("A19: a lock of half a second costs no request its answer", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local words = {}
    held(service, "BEGIN IMMEDIATE;", 0.5)
    for i = 1, 3 do
      local status
      status, words[i] = post(service)
      assert.equal(200, status)
    end
    assert.equal(0, service:status().store.lost)
    all_there(service, words)
    service:kill()
  end)

  it("A20: after a long read transaction the log is written back, and small", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    held(service, "BEGIN; SELECT count(*) FROM messages;", 1.5)
    for _ = 1, 40 do assert.equal(200, (post(service, 200000))) end
    assert.is_true(service:status().store.wal_bytes > 4 << 20)
    shell.until_(function()
      post(service)
      return service:status().store.wal_bytes < 1 << 20
    end, 6, "the log to begin anew")
    service:kill()
  end)
end)
