-- What a supervisor is told (sd_notify), over a real datagram socket by the real process.

local process = require "spec.support.process"
local shell = require "spec.support.shell"

-- Writes down each datagram as one line, "|" for newlines; at READY it asks /health itself, at once.
local listener = [[
import socket, sys, urllib.request
name, port, out = sys.argv[1], sys.argv[2], open(sys.argv[3], "a", buffering=1)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(60) # it ends by itself when the spec was killed
s.bind("\0" + name[1:] if name[0] == "@" else name)
out.write("listening\n")
while True:
    text = s.recv(4096).decode()
    out.write(text.replace("\n", "|") + "\n")
    if text.startswith("READY=1"):
        try:
            out.write("health %d\n" % urllib.request.urlopen("http://127.0.0.1:%s/health" % port, timeout=5).status)
        except Exception as e:
            out.write("health %s\n" % e)
]]

describe("a supervisor", function()
  local pids = {}

  local function listen(name, port, home)
    local out = home .. "/heard"
    shell.write(home .. "/listener.py", listener)
    local code, pid = shell.run(("cd %s; python3 listener.py %s %d %s >listener.log 2>&1 & echo $!"):format(home, shell.quote(name), port, out))
    assert(code == 0, pid)
    pids[#pids + 1] = pid:match "%d+"
    local heard = function() return shell.read(out) or "" end
    shell.until_(function() return heard():find "listening\n" end, 10, "the listener")
    return heard
  end

  -- A service whose supervisor listens at `name` (default: a path in its home).
  local function supervised(name, env)
    local service = process.new { start = false }
    name = name or service.home .. "/notify"
    local heard = listen(name, service.port, service.home)
    service.env.NOTIFY_SOCKET = name
    for key, value in pairs(env or {}) do service.env[key] = value end
    return service:start(), heard
  end

  teardown(function()
    for _, pid in ipairs(pids) do shell.run("kill -KILL " .. pid) end
    process.close_all()
  end)

  local function count(text, what)
    local n = 0
    for line in text:gmatch "[^\n]+" do n = n + (line:find(what, 1, true) == 1 and 1 or 0) end
    return n
  end

  it("is told READY when the port answers, and STOPPING before the end", function()
    local service, heard = supervised()
    shell.until_(function() return heard():find "health" end, 10, "READY")
    assert.equal("health 200", heard():match "health[^\n]*")
    assert.is_nil(heard():find "STOPPING")
    assert.equal(0, (service:term()))
    assert.truthy(heard():match "STOPPING=1|STATUS=[^\n]+\n$", heard())
    assert.equal(1, count(heard(), "READY=1"))
  end)

  it("is told at an abstract address too", function()
    local _, heard = supervised("@assistant-" .. shell.port())
    shell.until_(function() return heard():find "health 200" end, 10, "READY")
  end)

  it("gets a sign of life more often than its watchdog needs", function()
    local service, heard = supervised(nil, { WATCHDOG_USEC = 600000 })
    local begun = shell.now_ms()
    shell.until_(function() return count(heard(), "WATCHDOG=1") >= 6 end, 10, "six signs of life")
    assert.is_true(shell.now_ms() - begun < 3600, "slower than asked for")
    service:signal "STOP" -- a loop that stands still says nothing
    local before = count(heard(), "WATCHDOG=1")
    shell.never(function() return count(heard(), "WATCHDOG=1") > before + 1 end, 0.8, "a sign of life of a process that stands still")
    service:signal "CONT"
  end)

  it("is told nothing when the watchdog belongs to another process", function()
    local service, heard = supervised(nil, { WATCHDOG_USEC = 20000, WATCHDOG_PID = 1 })
    shell.until_(function() return heard():find "health" end, 10, "READY")
    service:term()
    assert.equal(0, count(heard(), "WATCHDOG"))
  end)

  it("is told about a reload and that one failed, but not the error's text", function()
    local service, heard = supervised()
    shell.until_(function() return heard():find "health" end, 10, "READY")
    service:cli "reload"
    shell.until_(function() return count(heard(), "READY=1") == 2 end, 10, "READY after the reload")
    assert.truthy(heard():match "RELOADING=1|MONOTONIC_USEC=%d+\nREADY=1|STATUS=Serving%.\n", heard())
    service:write("scripts/turn.lua", "this is no Lua zqsecret")
    shell.until_(function() return count(heard(), "READY=1") == 3 end, 10, "READY after the failed reload")
    assert.truthy(heard():find("READY=1|STATUS=Reload failed. The previous version is still running.", 1, true), heard())
    assert.is_nil(heard():find "zqsecret")
  end)

  it("that does not listen, or gives a wrong address, stops nothing", function()
    for _, name in ipairs { "/nowhere/at/all", "relative", "@", ("/" .. ("x"):rep(200)) } do
      local service = process.new { env = { NOTIFY_SOCKET = name, WATCHDOG_USEC = 20000 } }
      assert.is_true(service:healthy())
      assert.equal(0, (service:term()))
    end
  end)
end)
