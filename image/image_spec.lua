-- The built image, run as docker-compose.yml runs it. `./dev image --try` builds it and sets IMAGE_ROOT (its files) and IMAGE_CONFIG (what
-- the image says of itself, as JSON); image/run stands in for the engine.

local json = require "host.json"
local shell = require "spec.support.shell"
local socket = require "socket"

local root = assert(os.getenv "IMAGE_ROOT", "IMAGE_ROOT: run this through ./dev image --try")
local config_file = assert(os.getenv "IMAGE_CONFIG", "IMAGE_CONFIG")

-- ---- one container ----

local Container = {}
Container.__index = Container

local all = {}

local function container(options)
  options = options or {}
  local home = shell.folder()
  local self = setmetatable({ home = home, data = home .. "/data", mounts = options.mounts or {}, command = options.command or { "sandbox" },
    env = options.env or {}, starts = 0, config = json.decode(shell.read(config_file)) }, Container)
  assert(shell.run("install -d -o 10001 -g 10001 -m 0700 " .. self.data) == 0)
  all[#all + 1] = self
  return self
end

function Container:start()
  self.starts = self.starts + 1
  local life = self.home .. "/life-" .. self.starts
  local words = { shell.root .. "/image/run", root, self.data }
  for to, from in pairs(self.mounts) do
    words[#words + 1] = "-v"
    words[#words + 1] = from .. ":" .. to
  end
  for _, entry in ipairs(self.config.Env) do
    words[#words + 1] = "-e"
    words[#words + 1] = entry
  end
  for name, value in pairs(self.env) do
    words[#words + 1] = "-e"
    words[#words + 1] = name .. "=" .. value
  end
  words[#words + 1] = "--"
  for _, word in ipairs(self.config.Entrypoint) do words[#words + 1] = word end
  for _, word in ipairs(self.command) do words[#words + 1] = word end
  for i, word in ipairs(words) do words[i] = shell.quote(word) end
  assert(os.execute(("( %s >>%s/out.log 2>>%s/err.log </dev/null & echo $! >%s.pid; wait $!; echo $? >%s.rc ) >/dev/null 2>&1 &"):format(
    table.concat(words, " "), self.home, self.home, life, life)))
  self.life, self.started_at = life, socket.gettime()
  local outer = shell.until_(function() return (shell.read(life .. ".pid") or ""):match "(%d+)\n" end, 5, "the container's first process")
  self.pid = shell.until_(function()
    if self:exit(0) then return "0" end
    local child = (shell.read(("/proc/%s/task/%s/children"):format(outer, outer)) or ""):match "%d+"
    local exe = child and (shell.read("/proc/" .. child .. "/cmdline") or "")
    return exe and exe:match "^assistant" and child
  end, 10, "the program in the container")
  return self
end

function Container:exit(timeout)
  local deadline = socket.gettime() + (timeout or 5)
  while true do
    local code = (shell.read(self.life .. ".rc") or ""):match "(%d+)\n"
    if code then return tonumber(code), socket.gettime() - self.started_at end
    if socket.gettime() >= deadline then return nil end
    socket.sleep(0.005)
  end
end

function Container:term()
  local begun = socket.gettime()
  shell.run("kill -TERM " .. self.pid)
  local code = self:exit(8)
  return code, socket.gettime() - begun
end

-- What `docker exec` does: a command beside process 1, as the same user.
function Container:exec(command)
  local env = {}
  for _, entry in ipairs(self.config.Env) do env[#env + 1] = shell.quote(entry) end
  return shell.run(("nsenter -t %s -m -n -p -i -u -S 10001 -G 10001 env -i %s %s"):format(self.pid, table.concat(env, " "), command))
end

-- HTTP from beside it: the port is in its own network.
function Container:http(method, path, body)
  local code, text = shell.run(("nsenter -t %s -n curl -sS -m 5 -X %s %s -w '\\n%%{http_code}' http://127.0.0.1:8080%s"):format(self.pid, method,
    body and "-d " .. shell.quote(json.encode(body)) or "", path))
  if code ~= 0 then return 0, text end
  local answer, status = text:match "^(.*)\n(%d+)$"
  return tonumber(status), answer
end

function Container:ready()
  shell.until_(function() return (self:http("GET", "/health")) == 200 end, 15, "the service in the container: " .. (shell.read(self.home .. "/err.log") or ""))
  return self
end

function Container:write_as(number, text)
  local status, answer = self:http("POST", "/sandbox/customer", { from = number, text = text })
  assert.equal(200, status, answer)
end

-- Texts of the business on the phone with this number.
function Container:replies(number)
  local status, answer = self:http("GET", "/sandbox/phone?number=" .. number)
  assert.equal(200, status, answer)
  local list = {}
  for _, message in ipairs(json.decode(answer, { null_as_nil = true }).messages) do
    if message.from == "business" then list[#list + 1] = message.text end
  end
  return list
end

function Container:answered(number, count, timeout)
  return shell.until_(function()
    local list = self:replies(number)
    return #list >= count and list
  end, timeout or 20, ("%d answers to %s"):format(count, number))
end

-- ---- the specs ----

describe("the image", function()
  local config, main

  setup(function() config = json.decode(shell.read(config_file)) end)
  teardown(function()
    for _, each in ipairs(all) do
      if each.pid and each.life and not each:exit(0) then shell.run("kill -KILL " .. each.pid) end
      if each.life then each:exit(5) end
    end
    shell.remove_folders()
  end)

  it("says how it is run: a user who is not root, a volume, a check by the program itself, words that a supervisor knows", function()
    assert.equal("10001:10001", config.User)
    assert.same({ "assistant" }, config.Entrypoint)
    assert.same({ "serve" }, config.Cmd)
    assert.same({ "CMD", "assistant", "health" }, config.Healthcheck.Test)
    assert.equal("SIGTERM", config.StopSignal)
    assert.is_table(config.Volumes["/data"])
    assert.is_table(config.ExposedPorts["8080/tcp"])
    local env = {}
    for _, entry in ipairs(config.Env) do env[entry:match "^[^=]+"] = entry:match "=(.*)" end
    assert.equal("America/Toronto", env.TZ)
    assert.equal("0.0.0.0:8080", env.LISTEN)
    assert.equal("sqlite:/data/db.sqlite", env.DATABASE_URL)
  end)

  it("holds the program, its libraries, scripts and prompts, and nothing to build with or left over", function()
    local version = shell.read(shell.root .. "/CMakeLists.txt"):match "project%(assistant VERSION ([%d.]+)"
    local code, text = shell.run("chroot " .. root .. " assistant version")
    assert.equal(0, code, text)
    assert.equal("assistant " .. version .. "\n", text)
    for _, name in ipairs { "gcc", "cc", "cmake", "ninja", "make", "curl", "python3" } do
      assert.is_nil(shell.read(root .. "/usr/bin/" .. name), name)
    end
    for _, path in ipairs { "/usr/share/zoneinfo/America/Toronto", "/etc/ssl/certs/ca-certificates.crt", "/app/scripts/main.lua", "/app/prompts/system_prompt.yaml" } do
      assert.is_string(shell.read(root .. path), path)
    end
    local _, left = shell.run(("cd %s && " .. [[
      find var/lib/apt/lists var/cache/apt -type f
      find etc/apt/apt.conf.d -name '*machine*'
      find . -xdev \( -name '.env*' -o -name '*.sqlite*' -o -name .git \)
      find app usr/bin/assistant \( ! -user root -o -perm /022 \)]]):format(root))
    assert.equal("", left)
  end)

  it("refuses to serve without settings: all problems at once, exit 2, within two seconds", function()
    local bare = container { command = { "serve" } }
    bare:start()
    local code, seconds = bare:exit(5)
    assert.equal(2, code)
    assert.is_true(seconds < 2, seconds)
    local said = shell.read(bare.home .. "/err.log")
    for _, name in ipairs { "META_VERIFY_TOKEN", "META_APP_SECRET", "DEEPSEEK_API_KEY", "SLACK_WEBHOOK_URL" } do assert.truthy(said:find(name, 1, true), name) end
  end)

  it("runs as process 1, without root, capabilities or a writable file but its data", function()
    main = container { env = { TURN_QUIET_MS = "200" } }:start():ready()
    local status = shell.read("/proc/" .. main.pid .. "/status")
    assert.equal("1", status:match "NSpid:[^\n]-(%d+)\n")
    assert.equal("10001", status:match "Uid:%s+(%d+)")
    for _, set in ipairs { "CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh" } do assert.equal("0000000000000000", status:match(set .. ":%s+(%x+)")) end
    assert.equal("1", status:match "NoNewPrivs:%s+(%d)")
    for _, path in ipairs { "/x", "/app/scripts/x.lua", "/usr/bin/x", "/etc/x" } do
      local code, text = main:exec("touch " .. path)
      assert.are_not.equal(0, code)
      assert.truthy(text:find("Read-only file system", 1, true), text)
    end
    assert.equal(0, (main:exec "touch /data/x"))
  end)

  it("is healthy by its own word, quickly, and is not where nobody serves", function()
    local begun = socket.gettime()
    local code, text = main:exec "assistant health"
    assert.equal(0, code, text)
    assert.equal("healthy\n", text)
    assert.is_true(socket.gettime() - begun < 2)
    assert.equal(1, (shell.run("chroot --userspec=10001 " .. root .. " env -i PATH=/usr/bin:/bin LISTEN=0.0.0.0:1 assistant health")))
  end)

  it("holds a conversation", function()
    main:write_as("14165550101", "Hi, I need a couch removed")
    local first = main:answered("14165550101", 1)
    assert.is_true(#first[1] > 0)
    main:write_as("14165550101", "12 Elm St, Toronto")
    local replies = main:answered("14165550101", #first + 1)
    assert.are_not.equal(first[1], replies[#replies])
  end)

  it("leaves no zombie of what others started in it", function()
    main:exec "sh -c 'sleep 0.2 & sleep 0.2 & exit 0'"
    shell.until_(function()
      local children = shell.read(("/proc/%s/task/%s/children"):format(main.pid, main.pid))
      return children and not children:find "%d"
    end, 5, "process 1 to have no children left")
  end)

  it("A23, A24: ends at SIGTERM with exit code 0, in less than 5 s, and the next one on the same data goes on", function()
    local before = main:replies "14165550101"
    main:write_as("14165550102", "Do you take pianos?")
    local code, seconds = main:term() -- while the answer is owed
    assert.equal(0, code)
    assert.is_true(seconds < 5, seconds)
    main:start():ready()
    assert.same(before, main:replies "14165550101")
    main:answered("14165550102", 1)
    main:write_as("14165550101", "No stairs, there is an elevator")
    main:answered("14165550101", #before + 1)
    local _, counted = shell.run(("sqlite3 -batch 'file:%s/db.sqlite?mode=ro' 'SELECT count(*) FROM conversations'"):format(main.data))
    assert.equal("2\n", counted)
    assert.equal(0, (main:term()))
  end)

  -- ---- other prompts, mounted over those of the image ----

  local function with_prompts(folder)
    return container { mounts = { ["/app/prompts"] = folder }, env = { TURN_QUIET_MS = "200" } }:start():ready()
  end

  local function farewell(folder, text)
    local replies = assert(shell.read(shell.root .. "/prompts/replies.yaml"))
    -- Written in place, as an editor does that keeps the file.
    shell.write(folder .. "/replies.yaml", (replies:gsub("\nopted_out:[^\n]*", "\nopted_out: \"" .. text .. " Send START to hear from us again.\"")))
  end

  local function stop(service, number)
    service:write_as(number, "STOP")
    return service:answered(number, 1)[1]
  end

  -- Until the words are these: the file may be read a moment after it was saved.
  local function says(service, word, first_number, timeout)
    local number = first_number
    return shell.until_(function()
      number = number + 1
      return stop(service, tostring(number)):find(word, 1, true)
    end, timeout, "the words that were saved: " .. word)
  end

  it("uses prompts that are mounted over its own, and what is saved there while it runs", function()
    local folder = shell.folder() .. "/prompts"
    assert.equal(0, (shell.run(("cp -r %s/prompts %s"):format(shell.root, folder))))
    farewell(folder, "Mounted.")
    local service = with_prompts(folder)
    assert.truthy(stop(service, "14165550200"):find("Mounted.", 1, true))
    farewell(folder, "Saved.")
    says(service, "Saved.", 14165550200, 5)
    assert.equal(0, (service:term()))
  end)

  it("notices what is saved also where the kernel tells nobody", function()
    -- The lower folder of an overlay is written to behind its back: what is read through the overlay changes, inotify stays silent.
    local home = shell.folder()
    local code, text = shell.run(([[
      cd %s && mkdir upper work merged && cp -r %s/prompts lower &&
      mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged]]):format(home, shell.root))
    assert.equal(0, code, text)
    finally(function() shell.run("umount " .. home .. "/merged") end)
    shell.write(home .. "/silent.py", [[
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init1(0o4000)
assert libc.inotify_add_watch(fd, sys.argv[1].encode(), 0xfff) > 0
with open(sys.argv[2], "a") as f: f.write("# touched\n")
time.sleep(0.3)
os.stat(sys.argv[1] + "/replies.yaml")
try: print("told", len(os.read(fd, 4096)))
except BlockingIOError: print("silent")
]])
    local _, heard = shell.run(("cd %s && python3 silent.py merged lower/replies.yaml"):format(home))
    assert.equal("silent\n", heard)
    farewell(home .. "/lower", "Before.")
    local service = with_prompts(home .. "/merged")
    assert.truthy(stop(service, "14165550300"):find("Before.", 1, true))
    farewell(home .. "/lower", "Unheard.")
    says(service, "Unheard.", 14165550300, 10)
    assert.equal(0, (service:term()))
  end)
end)
