-- Secrets by file, read again on every reload, and their rotation without a lost webhook: B3, H1.

local crypto = require "host.crypto"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local OTHER = "a-secret-nobody-gave"

describe("secrets by file", function()
  teardown(process.close_all)

  local folder, service

  -- The platforms as they sign with this secret; each answers with a status.
  local SIGNED = {}

  function SIGNED.META_APP_SECRET(secret)
    local body = meta.body { messages = { meta.text(meta.phone(), "hello " .. meta.word()) } }
    local answer = wire.raw(service.port, meta.request(secret, body))[1]
    return answer and answer.status or 0
  end

  function SIGNED.SLACK_SIGNING_SECRET(secret)
    service.signing_secret = secret
    return service:click(meta.phone()).status
  end

  function SIGNED.CALCOM_WEBHOOK_SECRET(secret)
    local body = '{"triggerEvent":"PING","createdAt":"' .. meta.word() .. '"}'
    return service:http("POST", "/calcom/webhook", { body = body,
      headers = { { "X-Cal-Signature-256", crypto.hex(crypto.hmac_sha256(secret, body)) }, { "Content-Type", "application/json" } } }).status
  end

  local NAMES = { "META_APP_SECRET", "SLACK_SIGNING_SECRET", "CALCOM_WEBHOOK_SECRET" }

  local function old(name) return "old-" .. name:lower():gsub("_", "-") end
  local function new(name) return "new-" .. name:lower():gsub("_", "-") end

  local function put(text_of)
    for _, name in ipairs(NAMES) do shell.write(folder .. "/" .. name, text_of(name) .. "\n") end
  end

  local function statuses(text_of)
    local list = {}
    for i, name in ipairs(NAMES) do list[i] = SIGNED[name](text_of(name)) end
    return list
  end

  local function start(env)
    folder = shell.folder()
    put(old)
    env = env or {}
    for _, name in ipairs(NAMES) do
      env[name] = false
      env[name .. "_FILE"] = env[name .. "_FILE"] or folder .. "/" .. name
    end
    service = process.new { env = env }
  end

  -- One webhook and one click after the other, all the time; every one that was not taken is counted.
  local function traffic(text_of)
    local self = { lost = {}, sent = 0, secret_of = text_of }
    local task = require "host.task"
    task.spawn(function()
      while not self.over do
        for _, name in ipairs(NAMES) do
          local status = SIGNED[name](self.secret_of(name))
          self.sent = self.sent + 1
          if status ~= 200 then self.lost[#self.lost + 1] = name .. " " .. status end
        end
        task.sleep(1)
      end
      self.ended = true
    end)
    function self.more(n)
      local from = self.sent
      shell.until_(function() return self.sent >= from + n end, 10, n .. " more of them")
    end
    function self.stop()
      self.over = true
      shell.until_(function() return self.ended end, 5, "the traffic to end")
    end
    return self
  end

  it("B3: old, then both, then new: of steady signed webhooks and clicks none is refused, and afterwards the old secret is", function()
    start { LLM_DEADLINE_MS = 300, DRAIN_MS = 300 }
    local steady = traffic(old)
    steady.more(30)
    for _, step in ipairs {
      { write = function(name) return old(name) .. "," .. new(name) end, sign = old },
      { write = function(name) return new(name) .. ", " .. old(name) end, sign = new }, -- the order says nothing
      { write = new, sign = new },
    } do
      put(step.write)
      steady.more(6)
      local before = #service:logged "generation.serving"
      local code, text = service:cli "reload"
      assert.equal(0, code, text)
      shell.until_(function() return #service:logged "generation.serving" > before end, 5, "the reload, which may wait for older scripts")
      steady.more(12)
      steady.secret_of = step.sign
      steady.more(12)
    end
    steady.stop()
    assert.same({}, steady.lost)
    assert.same({ 401, 401, 401 }, statuses(old))
    assert.same({ 200, 200, 200 }, statuses(new))
    service:kill()
  end)

  it("B3: while two secrets count, a signature with another one is refused; a third, an empty one and a stray comma are named as problems", function()
    start()
    put(function(name) return old(name) .. "," .. new(name) end)
    assert.equal(0, (service:cli "reload"))
    assert.same({ 401, 401, 401 }, statuses(function() return OTHER end))
    for _, text in ipairs { "%s,%s," .. OTHER, "%s,,%s", "%s,%s,", ",", "%s\n%s" } do
      put(function(name) return (text:gsub("%%s", old(name), 1):gsub("%%s", new(name), 1)) end)
      local code, words = service:cli "reload"
      assert.equal(2, code, words)
      for _, name in ipairs(NAMES) do assert.truthy(words:find(name, 1, true), words) end
    end
    assert.same({ 200, 200, 200 }, statuses(old))
    assert.same({ 200, 200, 200 }, statuses(new))
    service:kill()
  end)

  it("H1: a bad file fails the reload with one line that names it and the remedy; the old secret stays in use until the next good file", function()
    start()
    local file = folder .. "/META_APP_SECRET"
    local ways = {
      { "rm -f %s", "No such file" }, { "rm -f %s; mkdir %s", "folder" }, { "rmdir %s; mkfifo %s", "not a regular file" },
      { "rm -f %s; : > %s", "empty" }, { "printf '\\n' > %s", "empty" }, { "printf 'a\\000b\\n' > %s", "NUL" },
      { "printf 'one\\ntwo\\n' > %s", "line break" }, { "printf '\\357\\273\\277secret' > %s", "byte order mark" },
      { "head -c 70000 /dev/zero | tr '\\000' x > %s", "64 KB" }, { "ln -sf /nowhere/at/all %s", "No such file" },
      { "ln -sf /dev/zero %s", "not a regular file" },
    }
    for _, way in ipairs(ways) do
      local command = way[1]:gsub("%%s", file)
      assert.equal(0, (shell.run(command)))
      local code, words, seconds = service:run_once "reload"
      assert.equal(2, code, words)
      assert.is_true(seconds < 2, command)
      local line = words:match "[^\n]*META_APP_SECRET[^\n]*"
      assert.truthy(line and line:find(way[2], 1, true), command .. ": " .. words)
      assert.is_nil(words:find(folder, 1, true), words) -- people write the secret itself there
      assert.equal(200, SIGNED.META_APP_SECRET(old "META_APP_SECRET"))
      assert.truthy(service:status().last_reload_error:find("META_APP_SECRET", 1, true))
    end
    shell.run("rm -f " .. file)
    shell.write(file, new "META_APP_SECRET" .. "\r\n")
    assert.equal(0, (service:cli "reload"))
    assert.is_nil(service:status().last_reload_error)
    assert.same({ 401, 200 }, { SIGNED.META_APP_SECRET(old "META_APP_SECRET"), SIGNED.META_APP_SECRET(new "META_APP_SECRET") })
    assert.equal(1, service.starts)
    service:kill()
  end)

  it("H1: a file without read permission is reported at the start and at a reload, for a user who is not root", function()
    if shell.run "setpriv --reuid 65534 --regid 65534 --clear-groups true" ~= 0 then return pending "another user needs root" end
    start()
    local file = folder .. "/META_APP_SECRET"
    service:kill()
    service.wrap = "setpriv --reuid 65534 --regid 65534 --clear-groups"
    shell.run(("chmod -R a+rwX %s %s"):format(service.home, folder))
    service:start()
    shell.run("chmod 000 " .. file)
    local code, words = service:cli "reload"
    assert.equal(2, code)
    assert.truthy(words:find("META_APP_SECRET_FILE: the file it names cannot be used (Permission denied)", 1, true), words)
    assert.equal(200, SIGNED.META_APP_SECRET(old "META_APP_SECRET"))
    service:kill()
    code, words = service:run_once "serve"
    assert.equal(2, code)
    assert.truthy(words:find("META_APP_SECRET_FILE", 1, true), words)
    shell.run("chmod 644 " .. file)
  end)

  it("a secret whose mounted link was changed is used after SIGHUP, and after a script was saved", function()
    start()
    local mounted = shell.folder()
    local function turn(name, secret)
      shell.run(("cd %s && mkdir ..%s && printf %%s %s > ..%s/app && ln -s ..%s ..tmp && mv -T ..tmp ..data && ln -sf ..data/app app"):format(
        mounted, name, secret, name, name))
    end
    turn("first", "the-first-secret")
    service:kill()
    service.env.META_APP_SECRET_FILE = mounted .. "/app"
    service:start()
    assert.equal(200, SIGNED.META_APP_SECRET "the-first-secret")
    turn("second", "the-second-secret")
    service:signal "HUP"
    shell.until_(function() return SIGNED.META_APP_SECRET "the-second-secret" == 200 end, 4, "the second secret")
    assert.equal(401, SIGNED.META_APP_SECRET "the-first-secret")
    turn("third", "the-third-secret")
    service:write("scripts/mask.lua", service:read "scripts/mask.lua" .. "-- saved\n")
    shell.until_(function() return SIGNED.META_APP_SECRET "the-third-secret" == 200 end, 6, "the third secret")
    assert.equal(401, SIGNED.META_APP_SECRET "the-second-secret")
    service:kill()
  end)
end)
