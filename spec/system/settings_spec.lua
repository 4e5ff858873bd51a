-- Settings and secrets, and that no secret is shown: H1 to H3, B3. Each sentence begins with its code.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

describe("the settings", function()
  teardown(process.close_all)

  local canary = "canary-7f3a9c"

  -- `assistant serve` with these changes: it must end with exit 2 within a second, naming each of `wanted`, and print no value.
  local function refused(env, wanted)
    local service = process.new { start = false, env = env }
    local code, text, seconds = service:run_once "serve"
    assert.equal(2, code, text)
    assert.is_true(seconds < 1, seconds)
    for _, name in ipairs(wanted) do assert.truthy(text:find(name .. ":", 1, true) or text:find(name .. " ", 1, true), name .. " in: " .. text) end
    assert.is_nil(text:find(canary, 1, true))
    assert.is_nil(text:find(service.secret, 1, true))
    return text
  end

  local required = { "META_VERIFY_TOKEN", "META_APP_SECRET", "META_ACCESS_TOKEN", "META_PHONE_NUMBER_ID", "DEEPSEEK_API_KEY", "SLACK_WEBHOOK_URL",
    "SLACK_SIGNING_SECRET" }

  it("H1: missing, empty and blank required values are reported all at once, one line each", function()
    for _, value in ipairs { false, "", "  \t" } do
      local env = {}
      for _, name in ipairs(required) do env[name] = value end
      local text = refused(env, required)
      local _, lines = text:gsub("\n", "\n")
      assert.is_true(lines >= #required)
    end
  end)

  it("H1: wrong values of every kind are reported in one list with the missing ones", function()
    local bad = {
      META_VERIFY_TOKEN = false, META_PHONE_NUMBER_ID = canary, META_APP_SECRET = canary .. ",", SLACK_WEBHOOK_URL = "http://hooks.example/" .. canary,
      META_GRAPH_URL = "ftp://" .. canary, BOOKING_URL = "https://user@" .. canary, LISTEN = "127.0.0.1:70000", DATABASE_URL = "mysql://" .. canary,
      TURN_QUIET_MS = canary, LLM_CONCURRENCY = "0", MAX_BODY_BYTES = "-5", LOG_LEVEL = canary, TYPING_INDICATOR = "maybe",
      SLACK_BOT_TOKEN = canary, SLACK_API_URL = "https://slack.com:99999/api",
    }
    local names = {}
    for name in pairs(bad) do names[#names + 1] = name == "SLACK_BOT_TOKEN" and "SLACK_CHANNEL_ID" or name end
    refused(bad, names)
    refused({ SLACK_CHANNEL_ID = "C1" }, { "SLACK_BOT_TOKEN" })
    refused({ LEADS_WEBHOOK_URL = "https://example.com/" .. canary }, { "LEADS_WEBHOOK_SECRET" })
    refused({ LEADS_WEBHOOK_SECRET = canary }, { "LEADS_WEBHOOK_URL" })
    refused({ LISTEN = "8080" }, { "LISTEN" })
  end)

  it("H1: a secret may come from a file without its newline; both at once, an empty file and a missing one are problems", function()
    local folder = shell.folder()
    shell.write(folder .. "/secret", "from-a-file\n")
    shell.write(folder .. "/empty", "\n")
    refused({ META_APP_SECRET = canary, META_APP_SECRET_FILE = folder .. "/secret" }, { "META_APP_SECRET" })
    refused({ META_APP_SECRET = false, META_APP_SECRET_FILE = folder .. "/empty", DEEPSEEK_API_KEY = false, DEEPSEEK_API_KEY_FILE = folder .. "/none",
      SLACK_SIGNING_SECRET = false, SLACK_SIGNING_SECRET_FILE = "" }, { "META_APP_SECRET_FILE", "DEEPSEEK_API_KEY_FILE", "SLACK_SIGNING_SECRET_FILE" })
    local service = process.new { env = { META_APP_SECRET = false, META_APP_SECRET_FILE = folder .. "/secret" } }
    service.secret = "from-a-file"
    assert.equal(200, service:hook { messages = { meta.text(meta.phone(), "hello") } })
    shell.write(folder .. "/secret", "")
    local code, text = service:cli "reload"
    assert.equal(2, code)
    assert.truthy(text:find("META_APP_SECRET_FILE", 1, true), text)
    assert.equal(200, service:hook { messages = { meta.text(meta.phone(), "the old one goes on") } })
    service:kill()
  end)

  it("H1: http:// is accepted for this machine, warned about for the model, and a mistyped name is warned about", function()
    local service = process.new { env = { DEEPSEEK_URL = "http://model.internal.example", META_VERIFY_TOKN = canary, BOOKING_URL = "http://localhost:1/x" } }
    local text = service:log_text()
    assert.truthy(text:find("DEEPSEEK_URL", 1, true), text)
    assert.truthy(text:find("META_VERIFY_TOKN", 1, true), text)
    assert.is_nil(text:find(canary, 1, true))
    service:kill()
  end)

  it("H1: a URL without a host, with a user, a blank, a fragment, a wrong port, or http:// to what only looks like this machine, is refused", function()
    local urls = { canary, "//" .. canary, "https://", "https:///" .. canary, "https://:443/" .. canary, "https://user:pass@" .. canary .. ".example/",
      "https://" .. canary .. ".example/a b", "https://" .. canary .. ".example/#x", "https://" .. canary .. ".example:70000/", "https://" .. canary .. ".example:80x/",
      "https://" .. canary .. ".example:/", "https://[::1/" .. canary, "http://127." .. canary .. ".example/", "http://localhost." .. canary .. ".example/",
      "http://10.0.0.1/" .. canary, "https://" .. canary .. ".example/\n", "file:///" .. canary }
    for i = 1, #urls, 3 do -- three variables, three mistakes
      local last = urls[#urls]
      refused({ META_GRAPH_URL = urls[i], SLACK_WEBHOOK_URL = urls[i + 1] or last, SLACK_API_URL = urls[i + 2] or last },
        { "META_GRAPH_URL", "SLACK_WEBHOOK_URL", "SLACK_API_URL" })
    end
    local listens = { "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:", "127.0.0.1", ":8080", "localhost:8080", canary .. ":80", "127.0.0.1:80 80" }
    for i = 1, #listens, 2 do refused({ LISTEN = listens[i], METRICS_LISTEN = listens[i + 1] }, { "LISTEN", "METRICS_LISTEN" }) end
    refused({ METRICS_LISTEN = "127.0.0.1:8080", LISTEN = "127.0.0.1:8080" }, { "METRICS_LISTEN" })
    local service = process.new { start = false, env = { META_GRAPH_URL = "http://[::1]:1/v26.0", SLACK_API_URL = "http://127.8.8.8/api", BOOKING_URL = "https://book.example/#/a" } }
    local code, text = service:cli "check"
    assert.equal(0, code, text)
  end)

  it("H1: a mistyped variable is warned about with the right name, in one list with everything else, and other programs' variables are not", function()
    local env, wanted = {}, {}
    for name in (assert(shell.read(shell.root .. "/.env.example")) .. "\n"):gmatch "#?([A-Z][A-Z_]+)=[^\n]*" do
      if #name >= 6 and name ~= "TUNNEL_TOKEN" then
        env[name:sub(1, 3) .. name:sub(5)] = canary -- a letter lost
        env[name:sub(1, -3) .. name:sub(-1) .. name:sub(-2, -2)] = canary -- two that changed places
        env[name .. "S"] = canary
        wanted[#wanted + 1] = name
      end
    end
    assert.is_true(#wanted > 25, #wanted)
    env.META_ACCESS_TOKEN = false
    for _, name in ipairs { "META_ACCES_TOKEN_FILE", "META_PHONE_NUMBER_ID_FILE", "SLACK_SOMETHING", "LISTEN_PID", "LISTEN_FDS", "DATABASE_HOST", "METADATA" } do env[name] = canary end
    local text = refused(env, { "META_ACCESS_TOKEN" })
    for _, name in ipairs(wanted) do
      for _, wrong in ipairs { name:sub(1, 3) .. name:sub(5), name .. "S" } do
        if wrong ~= name then assert.truthy(text:find(wrong .. ": is not a setting of this program. Did you mean " .. name .. "?", 1, true), wrong .. " in " .. text) end
      end
    end
    assert.truthy(text:find("Did you mean META_ACCESS_TOKEN_FILE?", 1, true))
    assert.truthy(text:find("META_PHONE_NUMBER_ID_FILE: is not read, only secrets may come from a file. Set META_PHONE_NUMBER_ID itself.", 1, true))
    assert.truthy(text:find("SLACK_SOMETHING: is not a setting of this program.", 1, true))
    for _, name in ipairs { "LISTEN_PID", "LISTEN_FDS", "DATABASE_HOST", "METADATA" } do assert.is_nil(text:find(name, 1, true)) end
  end)

  it("H1: the stand-ins accept the service's environment without a warning about settings that only the service has", function()
    local stand_ins = standins.new { env = { META_VERIFY_TOKEN = canary .. "-word", SLACK_CHANNEL_ID = "C1", DEEPSEEK_MODEL = "one" } }
    assert.is_nil(stand_ins.service:log_text():find("is not a setting", 1, true), stand_ins.service:log_text())
  end)

  it("H1: a space at the start or end of a secret is warned about", function()
    local service = process.new { start = false, env = { META_ACCESS_TOKEN = " " .. canary .. "-token" } }
    local code, text = service:cli "check"
    assert.equal(0, code, text)
    assert.truthy(text:find("META_ACCESS_TOKEN: begins or ends with a blank.", 1, true), text)
  end)

  it("H1: settings and scripts are checked before the database is touched, and each has its exit code and one line", function()
    local service = process.new()
    local other = process.new { start = false, env = { LISTEN = "127.0.0.1:" .. service.port } }
    local function ends(change, wanted, said)
      local env = other.env
      other.env = {}
      for name, value in pairs(env) do other.env[name] = value end
      for name, value in pairs(change) do other.env[name] = value end
      other:write_runner()
      local code, text, seconds = other:run_once "serve"
      other.env = env
      assert.equal(wanted, code, text)
      assert.is_true(seconds < 2)
      assert.truthy(text:find(said, 1, true), text)
      return text
    end
    ends({ META_APP_SECRET = "", DATABASE_URL = "sqlite:/proc/nowhere/db" }, 2, "META_APP_SECRET")
    assert.equal(1, (shell.run("test -e " .. other.db)))
    ends({ DATABASE_URL = "sqlite:/proc/nowhere/db" }, 3, "/proc/nowhere")
    ends({ DATABASE_URL = "sqlite:" .. service.db, LISTEN = "127.0.0.1:" .. shell.port() }, 4, service.db)
    local text = ends({}, 1, "LISTEN: cannot listen on 127.0.0.1 port " .. service.port .. ": Address already in use; stop the other program or choose another port")
    local plain = 0
    for line in text:gmatch "[^\n]+" do plain = plain + (line:sub(1, 1) == "{" and 0 or 1) end
    assert.equal(1, plain, text)
    ends({ DATABASE_URL = "sqlite:" .. service.data .. "/second.sqlite", LISTEN = "127.0.0.1:" .. shell.port() }, 1, "another service already uses admin.sock beside")
    assert.equal(0, (service:cli "status")) -- its socket was not taken from it
    other:write("scripts/turn.lua", "this is not Lua")
    text = ends({ META_APP_SECRET = "", DATABASE_URL = "sqlite:/proc/nowhere/db" }, 5, "turn.lua:1")
    assert.is_nil(text:find("/proc/nowhere", 1, true))
    service:kill()
  end)

  it("H1: `check` says the same as `serve` would, and needs no settings for a folder", function()
    local service = process.new { start = false, env = { META_APP_SECRET = false } }
    local code, text = service:cli "check"
    assert.equal(2, code)
    assert.truthy(text:find("META_APP_SECRET", 1, true))
    code, text = service:cli("check", service.home)
    assert.equal(0, code, text)
    service:write("prompts/system_prompt.yaml", "identity: 5\n")
    code, text = service:cli("check", service.home)
    assert.equal(5, code)
    assert.truthy(text:find "system_prompt.yaml:1", text)
    code, text = service:cli "check"
    assert.equal(5, code)
    assert.truthy(text:find "system_prompt.yaml:1" and text:find("META_APP_SECRET", 1, true), text)
  end)

  it("H2 H3: secrets, numbers and customers' words stay out of log, errors, arguments and upstreams that do not need them", function()
    local stand_ins = standins.new()
    local service = process.new { stand_ins = stand_ins, env = { LOG_LEVEL = "debug" } }
    local phone, word = meta.phone(), meta.word()
    local spoken = ("+1 (%s) %s-%s"):format(phone:sub(2, 4), phone:sub(5, 7), phone:sub(8))
    local id = service:say(phone, ("My number is %s or %s, %s"):format(spoken, phone, word))
    shell.until_(function() return #stand_ins:sends(phone) > 0 end, 5, "the answer")
    stand_ins:fault { model = { kind = "401", times = 1 }, graph = { kind = "code", code = 190, times = 1 }, slack = { kind = "500", times = 1 } }
    service:say(phone, "I want to talk to a human " .. word)
    shell.until_(function() return #stand_ins:posts() > 0 end, 5, "a word to Slack")
    service:http("POST", "/whatsapp/webhook", { body = word, headers = { { "X-Hub-Signature-256", "sha256=" .. service.secret } } })
    -- the log
    local log = service:log_text()
    local secrets = { service.secret, service.verify_token, service.token, service.key, service.signing_secret }
    for _, hidden in ipairs { phone, word, phone:sub(2), table.unpack(secrets) } do assert.is_nil(log:find(hidden, 1, true)) end
    -- the arguments
    local arguments = shell.read("/proc/" .. service:pid() .. "/cmdline")
    for _, hidden in ipairs(secrets) do assert.is_nil(arguments:find(hidden, 1, true)) end
    -- the model: the words, and neither number nor ids
    local calls = stand_ins:models(word)
    assert.is_true(#calls > 0)
    for _, call in ipairs(calls) do
      local sent = json.encode(call.body)
      assert.is_nil(sent:gsub("[%s().+-]", ""):find(phone:sub(2), 1, true))
      assert.is_nil(sent:find("wamid", 1, true))
      assert.is_nil(sent:find(id, 1, true))
    end
    -- the mark on a send says nothing about the person
    for _, send in ipairs(stand_ins:sends(phone)) do
      assert.is_nil((send.mark or ""):find(phone:sub(5), 1, true))
    end
    local _, limit = shell.run("grep 'Max core' /proc/" .. service:pid() .. "/limits")
    assert.truthy(limit:find "%s0%s+0%s", limit)
    service:kill()
  end)
end)
