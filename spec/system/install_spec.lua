-- What is shipped besides the image: `cmake --install` into a folder, the unit, and the compose files' list of settings.

local json = require "host.json"
local shell = require "spec.support.shell"
local socket = require "socket"
local wire = require "spec.support.wire"

local function words(text, pattern)
  local set = {}
  for name in text:gmatch(pattern) do set[name] = true end
  return set
end

describe("an installation", function()
  local dest, prefix, unit

  setup(function()
    dest = shell.folder()
    local code, text = shell.run(("DESTDIR=%s cmake --install %s --strip"):format(dest, shell.quote(shell.binary:match "^(.*)/")))
    assert(code == 0, text)
    local _, found = shell.run(("cd %s && find . -name assistant.service"):format(dest))
    prefix = found:match "^%.(.-)/lib/systemd/system/assistant%.service\n$"
    unit = assert(shell.read(dest .. prefix .. "/lib/systemd/system/assistant.service"))
  end)
  teardown(shell.remove_folders)

  it("is whole", function()
    for _, path in ipairs { "/bin/assistant", "/share/assistant/scripts/main.lua", "/share/assistant/prompts/system_prompt.yaml", "/share/assistant/settings.example",
      "/lib/tmpfiles.d/assistant.conf", "/lib/sysusers.d/assistant.conf", "/share/doc/assistant/OWNERS.md" } do
      assert.is_string(shell.read(dest .. prefix .. path), path)
    end
  end)

  it("names no place that it does not have", function()
    assert.equal(prefix .. "/bin/assistant serve", unit:match "\nExecStart=([^\n]*)")
    assert.equal(prefix .. "/bin/assistant reload", unit:match "\nExecReload=([^\n]*)")
    assert.equal(prefix .. "/share/assistant/scripts", unit:match "SCRIPTS_DIR=(%S+)")
    local places = assert(shell.read(dest .. prefix .. "/lib/tmpfiles.d/assistant.conf"))
    for line in places:gmatch "[^\n]+" do
      local from = line:match "^C .- (%S+)$"
      assert.is_true(from == nil or shell.run("test -e " .. dest .. from) == 0, line)
    end
    assert.is_nil((unit .. places):find("@", 1, true) and (unit .. places):match "@[A-Z_]+@")
  end)

  it("brings every setting of .env.example, with its own places, and not the tunnel's token", function()
    local ours = words(assert(shell.read(dest .. prefix .. "/share/assistant/settings.example")), "\n#?([A-Z_]+)=")
    local all = words(assert(shell.read(shell.root .. "/.env.example")), "\n#?([A-Z_]+)=")
    all.TUNNEL_TOKEN = nil
    assert.same(all, ours)
    local text = shell.read(dest .. prefix .. "/share/assistant/settings.example")
    assert.equal("sqlite:/var/lib/assistant/db.sqlite", text:match "\nDATABASE_URL=(%S+)")
    assert.equal(prefix .. "/share/assistant/scripts", text:match "\nSCRIPTS_DIR=(%S+)")
    assert.equal("/etc/assistant/prompts", text:match "\nPROMPTS_DIR=(%S+)")
  end)

  it("runs from where it was put, and answers", function()
    local home, port = shell.folder(), shell.port()
    local share = dest .. prefix .. "/share/assistant"
    local code, text = shell.run(("cd / && %s%s/bin/assistant check %s"):format(dest, prefix, share))
    assert.equal(0, code, text)
    local _, pid = shell.run(([[
      cd / && LISTEN=127.0.0.1:%d DATABASE_URL=sqlite:%s/db.sqlite SCRIPTS_DIR=%s/scripts PROMPTS_DIR=%s/prompts TURN_QUIET_MS=100 \
        %s%s/bin/assistant sandbox >%s/log 2>&1 & echo $!]]):format(port, home, share, share, dest, prefix, home))
    finally(function() shell.run("kill -KILL " .. pid) end)
    shell.until_(function() return wire.http(port, "GET", "/health", { timeout = 2 }).status == 200 end, 10, "the installed program")
    local number = "14165550160"
    assert.equal(200, wire.http(port, "POST", "/sandbox/customer", { body = json.encode { from = number, text = "Hi, I have a couch" } }).status)
    shell.until_(function()
      local phone = json.decode(wire.http(port, "GET", "/sandbox/phone?number=" .. number).body, { null_as_nil = true })
      for _, message in ipairs(phone and phone.messages or {}) do
        if message.from == "business" then return true end
      end
    end, 10, "an answer")
    shell.run("kill -TERM " .. pid)
    local deadline = socket.gettime() + 5
    while shell.run("kill -0 " .. pid) == 0 do
      assert.is_true(socket.gettime() < deadline, "still there 5 s after SIGTERM")
      socket.sleep(0.02)
    end
  end)
end)

describe("docker-compose.yml", function()
  local compose = assert(shell.read(shell.root .. "/docker-compose.yml"))
  local api = assert(compose:match "\n  api:\n(.-)\n  cloudflared:")
  local tunnel = assert(compose:match "\n  cloudflared:\n(.-)\nvolumes:")

  local function given(service) return words(service:match "\n    environment:\n(.-)\n    %l", "\n?%s+%- ([A-Z_]+)") end

  it("gives the assistant every setting of .env.example but those that the image fixes, and a file for every secret", function()
    local expected = words(assert(shell.read(shell.root .. "/.env.example")), "\n#?([A-Z_]+)=")
    for _, name in ipairs { "LISTEN", "DATABASE_URL", "STATE_DIR", "MEDIA_DIR", "SCRIPTS_DIR", "PROMPTS_DIR", "TUNNEL_TOKEN" } do
      expected[name] = nil
    end
    for _, setting in ipairs(dofile(shell.root .. "/scripts/settings.lua")) do
      if setting.secret or setting.type == "secret" then expected[setting.name .. "_FILE"] = true end
    end
    assert.same(expected, given(api))
  end)

  it("gives the tunnel its token and nothing of ours", function()
    assert.same({ TUNNEL_TOKEN = true, TUNNEL_METRICS = true }, given(tunnel))
  end)

  it("hands no whole file of secrets to anybody, and opens no port to the world", function()
    assert.is_nil(compose:match "\n%s+env_file:")
    for _, path in ipairs { "docker-compose.yml", "calcom/docker-compose.yml" } do
      for port in shell.read(shell.root .. "/" .. path):gmatch "\n      %- \"([^\"]*:%d+)\"" do assert.truthy(port:match "^127%.0%.0%.1:%d+:%d+$", port) end
    end
  end)

  it("names what it runs: pinned, but for our own image", function()
    for _, path in ipairs { "docker-compose.yml", "calcom/docker-compose.yml" } do
      for image in shell.read(shell.root .. "/" .. path):gmatch "\n    image: (%S+)" do
        assert.truthy(image:match "^clearoutspaces/" or image:match ":v?%d[%w.-]*$", image)
      end
    end
  end)
end)
