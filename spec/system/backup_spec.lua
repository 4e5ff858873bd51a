-- `assistant backup` and its copies: H9, A30, A10. Each sentence begins with its code (docs/faults.md).

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"

describe("a backup", function()
  teardown(process.close_all)

  local function post(service, size)
    local word = meta.word()
    return service:hook { messages = { meta.text(meta.phone(), word .. (" x"):rep((size or 0) // 2)) } }, word
  end

  local function read_all(service)
    shell.until_(function() return service:status().inbox.unread == 0 end, 8, "the inbox to be read")
  end

  -- About this many MB of messages, put there while nobody serves.
  local function filled(megabytes)
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local _, word = post(service)
    read_all(service)
    assert.equal(0, (service:term()))
    shell.write(service.home .. "/fill.sql", ([[
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
        INSERT INTO inbox (reader, received_at, body) SELECT 'whatsapp', 1, randomblob(4000) FROM n;
      UPDATE marks SET value = (SELECT max(id) FROM inbox) WHERE name = 'inbox.read';]]):format(megabytes * 250))
    local code, text = shell.run(("sqlite3 %s <%s/fill.sql"):format(service.db, service.home))
    assert.equal(0, code, text)
    service:start()
    return service, word
  end

  -- Starts the command beside us; a function that waits for its end.
  local function begin(service, to, folder)
    local name = service.home .. "/backup-" .. meta.word()
    os.execute(("( cd %s && DATABASE_URL=sqlite:%s %s backup %s >%s 2>&1; echo $? >%s.rc ) &"):format(folder or service.home, service.db, shell.binary, to, name, name))
    return function(timeout)
      local code = shell.until_(function() return (shell.read(name .. ".rc") or ""):match "(%d+)\n" end, timeout or 20, "the backup to end")
      return tonumber(code), shell.read(name)
    end, name
  end

  local function ask(file, sql)
    local _, text = shell.run(("sqlite3 -readonly %s %s"):format(file, shell.quote(sql)))
    return (text:gsub("%s+$", ""))
  end

  it("H9: made under load it holds every message acknowledged before it began, opens clean alone, and /health answers within 50 ms meanwhile", function()
    local service, first = filled(shell.rounds(60, 400))
    local acked = { first }
    for _ = 1, 20 do
      local status, word = post(service)
      assert.equal(200, status)
      acked[#acked + 1] = word
    end
    local ended, name = begin(service, "kept.sqlite")
    local slow, asked, later = 0, 0, {}
    while not shell.read(name .. ".rc") do
      local at = socket.gettime()
      assert.is_true(service:healthy())
      slow = slow + (socket.gettime() - at > 0.05 and 1 or 0)
      asked = asked + 1
      local status, word = post(service)
      assert.equal(200, status)
      later[#later + 1] = word
    end
    local code, text = ended()
    assert.equal(0, code, text)
    assert.truthy(text:find(service.home .. "/kept.sqlite", 1, true) and text:find "whole", text)
    assert.is_true(asked >= 10, asked)
    assert.is_true(slow <= asked // 20, ("%d of %d"):format(slow, asked)) -- the machine itself is busy now and then
    local copy = service.home .. "/kept.sqlite"
    local _, mode = shell.run("stat -c %a " .. copy)
    assert.equal("600\n", mode)
    local _, beside = shell.run("ls " .. service.home .. " | grep -c kept")
    assert.equal("1\n", beside)
    assert.equal("ok", ask(copy, "PRAGMA integrity_check"))
    assert.equal("delete", ask(copy, "PRAGMA journal_mode"))
    for _, word in ipairs(acked) do
      assert.equal("1", ask(copy, "SELECT count(*) > 0 FROM inbox WHERE instr(body, '" .. word .. "')"))
    end
    read_all(service)
    for _, word in ipairs(later) do assert.equal(1, service:value("SELECT count(*) FROM messages WHERE content = '" .. word .. "'")) end
    -- A service that is given the copy serves it.
    shell.run(("mkdir %s/two && cp %s %s/two/db.sqlite"):format(service.home, copy, service.home))
    local two = process.new { data = service.home .. "/two", env = { LLM_DEADLINE_MS = 100 } }
    assert.equal(200, (post(two)))
    assert.equal(1, two:value("SELECT count(*) FROM messages WHERE content = '" .. first .. "'"))
    two:kill()
    service:kill()
  end)

  it("H9: it refuses a file that exists, a folder that does not exist, and one that it cannot write; a relative name counts from the caller's folder", function()
    local service = process.new {}
    local function refused(to, word)
      local code, text = begin(service, to)()
      assert.equal(1, code, text)
      assert.truthy(text:find(word, 1, true) and text:find "^[^\n]+\n$", text)
    end
    shell.run("mkdir " .. service.home .. "/there " .. service.home .. "/shut")
    assert.equal(0, (begin(service, "../there/kept", service.home .. "/shut")()))
    assert.equal(0, (shell.run("test -s " .. service.home .. "/there/kept")))
    refused("there/kept", "exists already")
    refused("there", "is a folder")
    refused("nowhere/kept", "create it")
    refused("/proc/kept", "/proc/")
    local _, text = service:cli "backup"
    assert.truthy(text:find "FILE", text)
    local _, left = shell.run("find " .. service.home .. " -name '*.part*'")
    assert.equal("", left)
    -- Without a service it is the same.
    assert.equal(0, (service:term()))
    assert.equal(0, (begin(service, "offline")()))
    assert.equal("ok", ask(service.home .. "/offline", "PRAGMA integrity_check"))
    refused("offline", "exists already")
    service:start()
    assert.equal(2, service:value "SELECT count(*) FROM backups")
    service:kill()
  end)

  it("H9: on a full disk the copy is refused or stopped and leaves nothing, and messages are still accepted", function()
    local small = shell.folder()
    if shell.run("mount -t tmpfs -o size=30m tmpfs " .. small) ~= 0 then return pending "a small disk needs root" end
    local service = filled(20)
    shell.run("head -c 15m /dev/zero > " .. small .. "/filler")
    local code, text = begin(service, small .. "/kept")()
    assert.equal(1, code)
    assert.truthy(text:find "no space for" and text:find "MB are free", text)
    shell.run("rm " .. small .. "/filler && head -c 1m /dev/zero > " .. small .. "/filler")
    local ended = begin(service, small .. "/kept")
    shell.run("head -c 28m /dev/zero > " .. small .. "/more 2>/dev/null") -- comes meanwhile; or too late
    code, text = ended()
    local _, left = shell.run("ls " .. small .. " | grep -c kept")
    assert.equal(code == 0 and "1\n" or "0\n", left, text)
    assert.equal(200, (post(service)))
    assert.equal(1, service.starts - 1)
    service:kill()
    shell.run("umount -l " .. small)
  end)

  it("A10: of a copy that SIGTERM or kill -9 cut short no file of its name is left, and the next one to it succeeds", function()
    local service = filled(shell.rounds(40, 200))
    local copy = service.home .. "/cut"
    for _, name in ipairs { "TERM", "KILL" } do
      local ended = begin(service, copy)
      shell.until_(function() return shell.run("test -e " .. copy .. ".part") == 0 end, 3, "the copy to begin")
      service:signal(name)
      assert.equal(1, (ended()))
      service:exit(5)
      assert.equal(1, (shell.run("test -e " .. copy)))
      if name == "TERM" then assert.equal(1, (shell.run("test -e " .. copy .. ".part"))) end
      service:start()
    end
    assert.equal(0, (begin(service, copy)()))
    assert.equal("ok", ask(copy, "PRAGMA integrity_check"))
    assert.equal(1, (shell.run("test -e " .. copy .. ".part")))
    service:kill()
  end)

  it("H9: of two at a time one is refused; scripts can list the copies, also those made before schema steps", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local main = assert(service:read "scripts/main.lua")
    main = main:gsub("\n  commands = {", [[%0
    copies = function()
      local list = {}
      for _, copy in ipairs(require("host.db").backups()) do
        list[#list + 1] = copy.path .. " " .. tostring(copy.exists) .. " " .. math.type(copy.made_at)
      end
      return table.concat(list, "\n")
    end,]], 1)
    service:write("scripts/main.lua", main)
    assert.equal(0, (service:cli "reload"))
    shell.run("touch " .. service.db .. ".before-step-1")
    assert.equal(0, (begin(service, "one")()))
    assert.equal(0, (begin(service, "two")()))
    shell.run("rm " .. service.home .. "/one")
    local _, text = service:cli "copies"
    local lines = {}
    for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.same({ service.home .. "/one false integer", service.home .. "/two true integer", service.db .. ".before-step-1 true integer" }, lines)
    service:kill()
  end)

  it("H9 A18: restored beside the old log, the service does not start and names the file to move; without that file it serves", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local _, before = post(service)
    read_all(service)
    assert.equal(0, (begin(service, "kept")()))
    local _, after = post(service)
    read_all(service)
    service:kill()
    shell.run(("cp %s/kept %s"):format(service.home, service.db))
    local code, text = service:run_once "serve"
    assert.equal(3, code)
    assert.truthy(text:find "assistant: [^\n]*restored[^\n]*%-wal[^\n]*\n$", text)
    shell.run(("mv %s-wal %s/old-wal; rm -f %s-shm"):format(service.db, service.home, service.db))
    service:start()
    assert.equal(1, #service:logged "store.restored")
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE content = '" .. before .. "'"))
    assert.equal(0, service:value("SELECT count(*) FROM messages WHERE content = '" .. after .. "'"))
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    service:kill()
  end)
end)
