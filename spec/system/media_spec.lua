-- Files through the real program: it sends kept files from disk to itself, and takes them in as downloads.

local crypto = require "host.crypto"
local json = require "host.json"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local task = require "host.task"

-- Routes beside those of main.lua: a kept file; a row that names a file, because retention removes files that no row names; N downloads
-- of one at once, each kept; one download that waits before it is kept.
local ROUTES = [[
    ["POST /spec/name"] = function(request)
      require("host.db").run("INSERT INTO media(conversation_id, message_id, kind, state, hash, created_at) VALUES('1', '1', 'image', 'stored', ?, ?)",
        request.body, require("host.time").now_ms())
      return { status = 200 }
    end,
    ["GET /spec/file/*"] = function(request) return { status = 200, file = request.path:sub(12), headers = { ["Content-Type"] = "image/png" } } end,
    ["GET /spec/take"] = function(request)
      local http, media, task = require "host.http", require "host.media", require "host.task"
      local left, done, kinds, slowest = tonumber(request.query.n), task.event "done", {}, 0
      for _ = 1, left do
        task.spawn(function()
          local answer, err = http.request { url = request.query.url, to_file = true, max_bytes = 32 << 20, timeout_ms = 60000 }
          local before = require("host.time").monotonic_ms()
          local kind = err and err.kind or "none"
          if answer and answer.file then kind = request.query.wait and task.sleep(60000) or media.keep(answer.file) or "not kept" end
          slowest = math.max(slowest, require("host.time").monotonic_ms() - before)
          kinds[kind] = (kinds[kind] or 0) + 1
          left = left - 1
          if left == 0 then done:set() end
        end)
      end
      done:wait(60000)
      return { status = 200, json = { kinds = kinds, slowest = slowest } }
    end,]]

local function files()
  return { ["scripts/main.lua"] = (shell.read(shell.root .. "/scripts/main.lua"):gsub("\n  routes = {", function(head) return head .. "\n" .. ROUTES end)) }
end

local function put(service, body)
  local hash = crypto.hex(crypto.sha256(body))
  assert.equal(200, service:http("POST", "/spec/name", { body = hash }).status)
  local folder = service.data .. "/media/" .. hash:sub(1, 2)
  shell.run("mkdir -p -m 700 " .. folder)
  shell.write(folder .. "/" .. hash, body)
  return hash, ("http://127.0.0.1:%d/spec/file/%s"):format(service.port, hash)
end

local function take(service, n, url, more)
  local answer = service:http("GET", ("/spec/take?n=%d&url=%s%s"):format(n, url, more or ""), { timeout = 90 })
  return json.decode(answer.body)
end

local function memory(service, name)
  return tonumber(shell.read("/proc/" .. service:pid() .. "/status"):match(name .. ":%s+(%d+)"))
end

local function in_tmp(service)
  return select(2, shell.run("ls " .. service.data .. "/media/tmp")):gsub("%s+$", "")
end

describe("files", function()
  local service, body, hash, url

  setup(function()
    service = process.new { files = files(), env = { LUA_MEMORY_MB = 64, REQUEST_DEADLINE_MS = 60000 } }
    body = crypto.random(1024):rep(4096)
    hash, url = put(service, body)
  end)
  teardown(process.close_all)

  it("a handler's file is sent from disk with its length, and one that is not there is a 404", function()
    local answer = service:http("GET", "/spec/file/" .. hash)
    assert.same({ 200, "image/png", tostring(#body), "nosniff", true },
      { answer.status, answer.headers["content-type"], answer.headers["content-length"], answer.headers["x-content-type-options"], answer.body == body })
    assert.equal(404, service:http("GET", "/spec/file/" .. ("0"):rep(64)).status)
  end)

  it("B29: fifty files at once are sent and taken in within 32 MB of idle, are one file, and leave nothing in tmp", function()
    local idle = memory(service, "VmRSS")
    assert.same({ [hash] = 50 }, take(service, 50, url).kinds)
    local peak = memory(service, "VmHWM")
    assert.is_true(peak - idle < process.memory(32 << 10), ("%d KB more than idle"):format(peak - idle))
    assert.equal("", in_tmp(service))
    assert.equal("1\n", select(2, shell.run("find " .. service.data .. "/media -type f | wc -l")))
    assert.equal("700\n", select(2, shell.run("stat -c %a " .. service.data .. "/media")))
  end)

  it("B29: while syncs of files and folders take half a second each, the service answers others at once", function()
    local trace = service.home .. "/sync.trace"
    os.execute(("strace -f -p %d -o %s -e trace=fsync -e inject=fsync:delay_enter=500000 2>%s.err & echo $! >%s.pid"):format(service:pid(), trace,
      trace, trace))
    shell.until_(function() return (shell.read(trace .. ".err") or ""):find "attached" end, 5, "strace")
    local done, longest = nil, 0
    task.spawn(function() done = take(service, 2, url) end)
    shell.until_(function()
      local begun = socket.gettime()
      assert.is_true(service:healthy())
      longest = math.max(longest, socket.gettime() - begun)
      return done
    end, 20, "two downloads")
    shell.run(("kill $(cat %s.pid)"):format(trace))
    assert.same({ [hash] = 2 }, done.kinds)
    assert.is_true(done.slowest >= 500, done.slowest .. " ms to keep one")
    assert.is_true(longest < 0.25, longest .. " s for /health")
  end)

  it("B29: what a killed process had not kept is gone at the next start, and what it had kept is there", function()
    local asked = ("curl -s '%s/spec/take?n=3&url=%s&wait=1' >/dev/null 2>&1 &"):format("http://127.0.0.1:" .. service.port, url)
    shell.run(asked)
    shell.until_(function() return select(2, in_tmp(service):gsub("%x+", "")) == 3 end, 20, "three downloads")
    service:restart { kill = true }
    assert.equal("", in_tmp(service))
    assert.equal(200, service:http("HEAD", "/health").status)
    assert.equal(#body, #service:http("GET", "/spec/file/" .. hash).body)
  end)

  it("B29: a full disk fails the download with kind disk, leaves nothing, and the service goes on", function()
    local full = process.new { files = files(), limits = "ulimit -f 4000", env = { REQUEST_DEADLINE_MS = 60000 } }
    assert.same({ disk = 2 }, take(full, 2, url).kinds)
    assert.equal("", in_tmp(full))
    assert.is_true(full:healthy())
    assert.equal(200, full:hook { text = "hello" })
  end)

  it("`assistant backup FILE` puts the kept files into FILE.media, by links, and begins only where neither is there", function()
    local to = service.home .. "/copy.sqlite"
    local code, text = service:cli("backup", to)
    assert.equal(0, code, text)
    assert.truthy(text:find("Received files: 1, in " .. to .. ".media.", 1, true), text)
    assert.equal(body, shell.read(to .. ".media/" .. hash:sub(1, 2) .. "/" .. hash))
    assert.equal("2\n", select(2, shell.run("stat -c %h " .. to .. ".media/" .. hash:sub(1, 2) .. "/" .. hash)))
    shell.run("rm " .. to)
    code, text = service:cli("backup", to)
    assert.equal(1, code)
    assert.truthy(text:find(to .. ".media exists already", 1, true), text)
    assert.equal(1, (shell.run("test -e " .. to)))
    local elsewhere = "/dev/shm/spec-media-" .. service.port -- another disk: by bytes
    code, text = service:cli("backup", elsewhere)
    assert.equal(0, code, text)
    assert.equal(body, shell.read(elsewhere .. ".media/" .. hash:sub(1, 2) .. "/" .. hash))
    shell.run(("rm -r %s %s.media %s.media"):format(elsewhere, elsewhere, to))
  end)

  it("`assistant media get` writes a kept file to a new file, and no other", function()
    local to = service.home .. "/photo.png"
    local code, text = service:cli("media", "get", hash, to)
    assert.same({ 0, body }, { code, shell.read(to) }, text)
    assert.equal("600\n", select(2, shell.run("stat -c %a " .. to)))
    code, text = service:cli("media", "get", hash, to)
    assert.equal(1, code)
    assert.truthy(text:find("exists already", 1, true), text)
    for _, name in ipairs { ("0"):rep(64), "../../db.sqlite" } do assert.equal(1, (service:cli("media", "get", name, to .. "2"))) end
    assert.equal(1, (shell.run("test -e " .. to .. "2")))
  end)

  it("a second service that names the same MEDIA_DIR does not start, and its files are left alone", function()
    local other = process.new { start = false, env = { MEDIA_DIR = service.data .. "/media" } }
    local code, text = other:run_once "serve"
    assert.equal(1, code)
    assert.truthy(text:find("MEDIA_DIR: another service uses ", 1, true), text)
  end)

  it("STATE_DIR holds what belongs to the process, and the commands find the service there", function()
    local folder = shell.folder() .. "/state"
    local other = process.new { env = { STATE_DIR = folder } }
    assert.equal(0, (other:cli "status"))
    assert.equal("admin.sock\ndb.sqlite.running\nmedia\nversions\n", select(2, shell.run("ls " .. folder)))
    assert.equal("", select(2, shell.run("cd " .. other.data .. " && ls | grep -v '^db.sqlite'")))
    assert.equal("700\n", select(2, shell.run("stat -c %a " .. folder)))
  end)
end)
