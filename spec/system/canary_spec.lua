-- Secrets, whole phone numbers and customers' words must never be shown: H2, H3. Every other spec of the program is
-- searched for the first two as well (spec/support/process.lua); this file shows that the search finds them.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

describe("what must not be seen", function()
  teardown(process.close_all)

  -- A service whose scripts print their secrets on purpose.
  local function talkative()
    local main = assert(shell.read(shell.root .. "/scripts/main.lua"))
    main = main:gsub('%["POST /slack/commands"%]', [[["GET /say"] = function(request)
      local settings, log = require "host.settings", require "host.log"
      local app = settings.get("META_APP_SECRET")
      log.info("said", { token = settings.get("META_ACCESS_TOKEN"), list = "first " .. app[1] .. " second " .. app[2] .. " end", [app[1] ] = 1, phone = request.query.phone })
      log.info("long", { text = ("x"):rep(2000) .. settings.get("DEEPSEEK_API_KEY") .. ("y"):rep(9000) })
      log.warn(settings.get("META_VERIFY_TOKEN"), {})
      print("printed", settings.get("META_ACCESS_TOKEN"))
      if request.query.fail then error("with " .. settings.get("META_ACCESS_TOKEN") .. " inside") end
      return { status = 200, body = "said" }
    end,
    %0]], 1)
    return process.new { files = { ["scripts/main.lua"] = main }, env = { META_APP_SECRET = "the-new-app-secret,the-old-app-secret" } }
  end

  it("H2: a secret that a script logs, prints or throws is [secret] in the log and stars in messages to staff", function()
    local service = talkative()
    assert.equal(200, service:http("GET", "/say").status)
    assert.equal(500, service:http("GET", "/say?fail=1").status)
    local line = service:logged "said"[1]
    assert.equal("[secret]", line.token)
    assert.equal("first [secret] second [secret] end", line.list)
    assert.equal(1, line["[secret]"])
    assert.truthy(service:logged "long"[1].text:find("x[secret]y", 1, true))
    assert.equal(1, #service:logged "[secret]" // 2)
    assert.truthy(service:logged "script.error"[1].error:find("main.lua:%d+: with %*+ inside"))
    assert.same({}, service:leaks())
    assert.is_nil((shell.read(service.home .. "/out.log")):find("EAA", 1, true))
    service:kill()
  end)

  it("H2: a script whose loading throws a secret does not bring it to the terminal, the log or Slack", function()
    local service = process.new()
    service:write("scripts/mask.lua", 'error("loaded with " .. require "host.settings".get("META_ACCESS_TOKEN"))')
    local code, text = service:cli "reload"
    assert.equal(5, code)
    assert.truthy(text:find("mask.lua:1: loaded with %*+"), text)
    service:restart { kill = true } -- the version that was accepted serves
    assert.truthy(service:status().last_reload_error:find("mask.lua:1: loaded with %*+"))
    service:kill()
    shell.run("rm -r " .. shell.quote(service.data .. "/versions"))
    code, text = service:run_once "serve"
    assert.equal(5, code)
    assert.truthy(text:find("mask.lua:1: loaded with %*+"), text)
    assert.is_false(service:holds(service.token))
  end)

  it("H2: the search of every spec run finds a whole number, a secret in stderr and an Authorization header, and shows them masked", function()
    local service = talkative()
    service.leaky = true
    assert.same({}, service:leaks())
    local phone = meta.phone()
    assert.equal(200, service:http("GET", "/say?phone=" .. phone).status)
    local found = service:leaks()
    assert.equal(1, #found)
    assert.truthy(found[1]:find('"phone":"1' .. phone:sub(2, 4) .. '•••"', 1, true), found[1])
    for _, text in ipairs { "curl: " .. service.key, "> Authorization: x", "Bearer abc" } do
      shell.write(service.home .. "/err.log", text .. "\n")
      found = service:leaks()
      assert.equal(2, #found, text)
      assert.is_nil(found[2]:find(service.key, 1, true))
    end
    service:kill()
  end)

  it("H2: a leak fails the run of the spec that made it", function()
    local folder = shell.folder()
    shell.write(folder .. "/leak_spec.lua", [[
      local process, shell = require "spec.support.process", require "spec.support.shell"
      describe("a leak", function()
        teardown(process.close_all)
        it("is made", function()
          local service = process.new()
          shell.write(service.home .. "/err.log", "the key is " .. service.key .. "\n")
        end)
      end)]])
    local code, text = shell.run(("cd %s && ASSISTANT=%s timeout -s KILL 30 %s run spec/run.lua %s/leak_spec.lua </dev/null"):format(
      shell.quote(shell.root), shell.quote(shell.binary), shell.quote(shell.binary), folder))
    assert.equal(1, code, text)
    assert.truthy(text:find("1 success", 1, true) and text:find("1 error", 1, true), text)
    assert.truthy(text:find("H2: the output of a service shows what it must not:\nthe key is sk-•••", 1, true), text)
  end)

  it("H2: no answer, whatever was asked, repeats a secret, a number or a customer's words, and neither do health, status and jobs", function()
    local service = process.new { env = { CALCOM_WEBHOOK_SECRET = "a-calendar-secret", SLACK_BOT_TOKEN = "xoxb-a-bot-token", SLACK_CHANNEL_ID = "C1" } }
    local phone, word = meta.phone(), meta.word()
    local address = "77 Canary Lane " .. word
    service:say(phone, "I live at " .. address)
    service:say(phone, "I want to talk to a human")
    local hidden = { phone:sub(2), word, table.unpack(service:secrets()) }
    local function clean(text, what)
      for i, one in ipairs(hidden) do
        assert.is_nil(text:find(one, 1, true), what .. " shows canary " .. i)
      end
    end
    local junk = { { "X-Hub-Signature-256", "sha256=" .. service.secret }, { "X-Slack-Signature", service.signing_secret },
      { "X-Cal-Signature-256", "a-calendar-secret" }, { "Authorization", "Bearer " .. service.token } }
    local asked = 0
    for _, path in ipairs { "/", "/health", "/whatsapp/webhook", "/slack/interactive", "/slack/events", "/slack/commands", "/calcom/webhook", "/metrics",
      "/" .. word, "/whatsapp/webhook?hub.mode=subscribe&hub.verify_token=" .. word .. "&hub.challenge=" .. word } do
      for _, method in ipairs { "GET", "POST", "PUT", "DELETE" } do
        local answer = service:http(method, path, { headers = junk, body = method ~= "GET" and phone .. word or nil })
        assert.is_true(answer.status >= 200)
        local text = answer.body
        for name, value in pairs(answer.headers) do text = text .. name .. value end
        clean(text, method .. " " .. path)
        asked = asked + 1
      end
    end
    assert.equal(40, asked)
    clean(wire.raw(service.port, "GET /" .. word .. " HTTP/1.1\r\n\r\n")[1].raw, "a request without a host")
    for _, command in ipairs { { "status" }, { "status", "--json" }, { "jobs" }, { "jobs", "--dead" }, { "reload" }, { "check" }, { "nonsense", "x" } } do
      local _, text = service:cli(table.unpack(command))
      clean(text, command[1])
    end
    service:kill()
  end)

  -- The spec plays the outside by hand, so that every byte that leaves is seen.
  it("H2 H3: each upstream gets its own secret and no other's; the model gets neither a number nor a wamid", function()
    local outside = { model = wire.listen(), graph = wire.listen(), slack = wire.listen() }
    local service = process.new { env = {
      DEEPSEEK_URL = "http://127.0.0.1:" .. outside.model.port, META_GRAPH_URL = "http://127.0.0.1:" .. outside.graph.port .. "/v26.0",
      SLACK_WEBHOOK_URL = "http://127.0.0.1:" .. outside.slack.port .. "/services/T/B/" .. "a-path-that-is-a-secret", TYPING_INDICATOR = "off" } }
    local phone, word = meta.phone(), meta.word()
    local wamid = service:say(phone, ("Call %s or (%s) %s-%s, I am at 5 King St %s"):format(phone, phone:sub(2, 4), phone:sub(5, 7), phone:sub(8), word))
    local function take(name, answer)
      local peer = assert(outside[name]:accept(8), name .. " was not called")
      local request = assert(peer:request(5))
      peer:answer(200, answer)
      peer:close()
      local text = request.method .. " " .. request.path .. "\n" .. request.body
      for header, value in pairs(request.headers) do text = text .. "\n" .. header .. ": " .. value end
      return text, request
    end
    local function without(text, what, ...)
      for _, one in ipairs { ... } do assert.is_nil(text:find(one, 1, true), what .. ": " .. one:sub(1, 4)) end
    end
    local answer = json.encode { reply_to_user = "Noted, a colleague will look at it.", extracted_data = {}, action = "handoff" }
    local asked, request = take("model", json.encode { choices = { { message = { content = answer }, finish_reason = "stop" } } })
    assert.equal("Bearer " .. service.key, request.headers.authorization)
    assert.truthy(asked:find(word, 1, true))
    without(asked, "the model", service.secret, service.verify_token, service.token, service.signing_secret, "a-path-that-is-a-secret", wamid, "wamid")
    without(asked:gsub("[%s().+-]", ""), "the model", phone:sub(2))
    local sent
    sent, request = take("graph", json.encode { messages = { { id = meta.wamid() } } })
    assert.equal("Bearer " .. service.token, request.headers.authorization)
    without(sent, "WhatsApp", service.secret, service.verify_token, service.key, service.signing_secret, "a-path-that-is-a-secret", word)
    local told
    told, request = take("slack", "ok")
    assert.truthy(told:find(phone:sub(-4), 1, true))
    assert.is_nil(request.headers.authorization)
    without(told, "Slack", service.secret, service.verify_token, service.key, service.token, service.signing_secret, wamid)
    for _, one in pairs(outside) do one:close() end
    service:kill()
  end)

  it("H2: the running program shows no secret in its arguments, and writes no core when it dies", function()
    local service = process.new()
    local secrets = service:secrets()
    local text = assert(shell.read("/proc/" .. service:pid() .. "/cmdline"))
    assert.truthy(text:find("serve", 1, true))
    for _, one in ipairs(secrets) do assert.is_nil(text:find(one, 1, true)) end
    local limits = shell.read("/proc/" .. service:pid() .. "/limits")
    assert.truthy(limits:find "Max core file size%s+0%s+0%s", limits)
    service:signal "ABRT"
    service:exit(5)
    assert.equal(0, (shell.run(("! ls %s %s | grep -q '^core'"):format(service.home, service.data))))
  end)

  it("H2: every command first forbids core dumps, and access to its memory by other processes of its user", function()
    local service = process.new { start = false, wrap = "strace -f -o trace -e trace=prlimit64,setrlimit,prctl,openat" }
    local sanitized = process.sanitized()
    for _, words in ipairs { { "version" }, { "help" }, { "health" }, { "check" }, { "status" }, { "jobs" }, { "nonsense" }, { "--help" } } do
      service:cli(table.unpack(words))
      local trace = assert(service:read "trace")
      local core = trace:find("RLIMIT_CORE, {rlim_cur=0, rlim_max=0}", 1, true)
      assert.truthy(core, words[1])
      local dumpable = trace:find("prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0", 1, true)
      assert.equal(not sanitized, dumpable ~= nil, words[1])
      for _, own in ipairs { "prompts", "db.sqlite", "admin.sock" } do
        local opened = trace:find(own, 1, true)
        assert.is_true(opened == nil or opened > core, words[1])
      end
    end
  end)

  it("H2: another process of the same user can read neither memory nor environment of the service, which works as an unprivileged user", function()
    if shell.run "setpriv --reuid 65534 --regid 65534 --clear-groups true" ~= 0 then return pending "another user needs root" end
    if process.sanitized() then return pending "a sanitizer attaches to its own process" end
    local nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups"
    local service = process.new { start = false, wrap = nobody, env = { METRICS_LISTEN = "127.0.0.1:" .. shell.port() } }
    shell.run("chmod -R a+rwX " .. service.home)
    service:start()
    for _, file in ipairs { "environ", "mem", "maps", "fd/0" } do
      local path = "/proc/" .. service:pid() .. "/" .. file
      assert.are_not.equal(0, (shell.run(nobody .. " head -c 1 " .. path)), path)
    end
    assert.equal(0, (service:cli "status"))
    assert.equal(0, (service:cli("backup", service.home .. "/copy.sqlite")))
    service:write("prompts/replies.yaml", assert(service:read "prompts/replies.yaml") .. "\n")
    assert.equal(0, (service:cli "reload"))
    local port = service.env.METRICS_LISTEN:match ":(%d+)"
    local figures = wire.http(tonumber(port), "GET", "/metrics").body
    assert.truthy(tonumber(figures:match "\nprocess_open_fds (%d+)") > 5, figures)
    assert.equal(0, (service:term()))
  end)

  it("H2: a log at debug level holds the words of customers and strangers masked or not at all, also when everything fails", function()
    local stand_ins = standins.new()
    local service = process.new { stand_ins = stand_ins, env = { LOG_LEVEL = "debug" } }
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "My address is 12 Secret Rd " .. word .. ", call " .. phone)
    shell.until_(function() return #stand_ins:sends(phone) > 0 end, 5, "the answer")
    stand_ins:fault { model = { kind = "500" }, graph = { kind = "code", code = 100 }, slack = { kind = "500" } }
    service:say(phone, "I want to talk to a human " .. word)
    shell.until_(function() return service:logged "whatsapp.failed"[1] end, 5, "a failure in the log")
    service:hook(json.encode { object = "whatsapp_business_account", entry = { { changes = { { value = { messages = { { from = phone, text = word } } } } } } } })
    service:hook(word .. " is not JSON")
    service:slack("/slack/interactive", "payload=" .. word)
    service:click(phone, { user = word })
    service:http("GET", "/" .. word .. "?" .. word .. "=" .. phone, { headers = { { "User-Agent", word } } })
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    local log = service:log_text()
    assert.is_nil(log:find(word, 1, true), (log:match("[^\n]*" .. word .. "[^\n]*") or ""):sub(1, 300))
    assert.is_nil(log:find(phone:sub(2), 1, true))
    assert.truthy(log:find('"•••' .. phone:sub(-4) .. '"', 1, true))
    service:kill()
  end)
end)
