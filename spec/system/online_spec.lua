-- `assistant check --online`: each service is asked whether it answers and takes our key.

local json = require "host.json"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"
local yaml = require "host.yaml"

local TOKEN = "xoxb-right-token-1"

describe("assistant check --online", function()
  local stand_ins, service

  setup(function()
    stand_ins = standins.new { env = { SLACK_BOT_TOKEN = TOKEN, SLACK_CHANNEL_ID = "C0QUOTES" } }
    service = process.new { stand_ins = stand_ins, start = false }
    shell.run("rm -rf " .. service.home .. "/scripts/rehearsal/stories") -- `check` plays them first, which is tried elsewhere
  end)
  teardown(process.close_all)
  after_each(function()
    stand_ins:calm()
    stand_ins:workspace { token = "ok", scopes = "chat:write,channels:history,channels:read,commands,files:read,files:write,groups:history,groups:read,"
      .. "incoming-webhook,reactions:write,users:read" }
    stand_ins:slack_channel { id = "C0QUOTES", is_archived = false, is_member = true, is_private = false }
  end)

  -- The exit code, the whole output, and what is said of each setting: words["WRONG SLACK_BOT_TOKEN"] = { … }.
  local function check(env)
    local all = { BOOKING_URL = stand_ins.url .. "/sandbox/book/x", TRANSCRIBE_URL = stand_ins.url .. "/sandbox/transcribe",
      TRANSCRIBE_API_KEY = stand_ins.transcriber_key, SLACK_BOT_TOKEN = TOKEN, SLACK_CHANNEL_ID = "C0QUOTES" }
    for name, value in pairs(service.env) do all[name] = all[name] or value end
    for name, value in pairs(env or {}) do all[name] = value or nil end
    local saved = service.env
    service.env = all
    service:write_runner()
    local code, text, seconds = service:run_once("check", "--online")
    service:assert_no_secret(text, "check --online")
    service.env = saved
    local words = {}
    for state, setting, said in text:gmatch "(%a+)%s+([%u_, ]+): ([^\n]+)" do
      local key = state .. " " .. setting
      words[key] = words[key] or {}
      table.insert(words[key], said)
    end
    return code, text, words, seconds
  end

  local function says(words, key, piece)
    local said = table.concat(words[key] or {}, "\n")
    assert.is_truthy(said:find(piece, 1, true), key .. " does not say: " .. piece .. "\n" .. json.encode(words))
  end

  it("says that each service answers and takes our keys, and posts nothing", function()
    local code, text, words = check()
    assert.equal(0, code, text)
    for _, key in ipairs { "META_ACCESS_TOKEN, META_PHONE_NUMBER_ID", "META_APP_SECRET", "DEEPSEEK_API_KEY, DEEPSEEK_MODEL", "SLACK_WEBHOOK_URL", "SLACK_CHANNEL_ID",
      "SLACK_BOT_TOKEN", "TRANSCRIBE_URL", "BOOKING_URL" } do assert.equal(1, #(words["fine " .. key] or {}), key .. "\n" .. text) end
    assert.is_truthy(text:find("Every service answers and takes our keys.\n", 1, true))
    assert.same({}, stand_ins:channel())
    assert.is_nil(stand_ins:posts('"text":"')[1])
  end)

  it("names each key that is refused, and a webhook that was deleted", function()
    stand_ins:fault { slack = { kind = "404", contains = "/webhook" } }
    local code, text, words = check { META_ACCESS_TOKEN = "EAAwrong-token-zz", DEEPSEEK_API_KEY = "sk-wrong-key-zz", SLACK_BOT_TOKEN = "xoxb-wrong-zz1",
      TRANSCRIBE_API_KEY = "tr-wrong-zz1", BOOKING_URL = stand_ins.url .. "/sandbox/nowhere" }
    assert.equal(2, code, text)
    says(words, "WRONG META_ACCESS_TOKEN", "Meta does not take this token")
    says(words, "WRONG DEEPSEEK_API_KEY", "refuses this key")
    says(words, "WRONG SLACK_BOT_TOKEN", "(invalid_auth)")
    says(words, "WRONG SLACK_WEBHOOK_URL", "This webhook was deleted (no_service). Make a new one")
    says(words, "WRONG TRANSCRIBE_API_KEY", "refused the key")
    says(words, "WRONG BOOKING_URL", "There is no page at this address (HTTP 404)")
    assert.is_truthy(text:find("6 things are wrong.\n", 1, true), text)
  end)

  it("names each scope that is missing, an archived channel, another app's secret and an empty account", function()
    stand_ins:workspace { scopes = "chat:write,channels:read,groups:read,channels:history,users:read,commands,files:read" }
    stand_ins:slack_channel { id = "C0QUOTES", is_archived = true }
    stand_ins:fault { model = "402" }
    local code, text, words = check { META_APP_SECRET = "another-apps-secret" }
    assert.equal(2, code, text)
    assert.equal(2, #(words["WRONG SLACK_BOT_TOKEN"] or {}), text)
    says(words, "WRONG SLACK_BOT_TOKEN", "The scope reactions:write is missing: no reaction shows")
    says(words, "WRONG SLACK_BOT_TOKEN", "The scope files:write is missing: ")
    says(words, "WRONG SLACK_CHANNEL_ID", "The channel is archived.")
    says(words, "WRONG META_APP_SECRET", "not the secret of the app")
    says(words, "WRONG DEEPSEEK_API_KEY", "no balance left")
  end)

  it("names a wrong channel, a channel without the bot, a revoked token and a wrong number", function()
    local _, text, words = check { SLACK_CHANNEL_ID = "C0ELSEWHERE", META_PHONE_NUMBER_ID = "424242" }
    says(words, "WRONG SLACK_CHANNEL_ID", "There is no channel with this id")
    says(words, "WRONG META_PHONE_NUMBER_ID", "Meta knows no number with this id")
    assert.is_truthy(text:find("2 things are wrong.\n", 1, true), text)
    stand_ins:slack_channel { id = "C0QUOTES", is_member = false }
    stand_ins:fault { slack = { kind = "410", contains = "/webhook" } }
    _, text, words = check()
    says(words, "WRONG SLACK_CHANNEL_ID", "The bot is not in the channel.")
    says(words, "WRONG SLACK_WEBHOOK_URL", "Its channel is archived (channel_is_archived)")
    assert.is_truthy(text:find("2 things are wrong.\n", 1, true), text)
    stand_ins:workspace { token = "revoked" }
    _, _, words = check()
    says(words, "WRONG SLACK_BOT_TOKEN", "This token was revoked.")
  end)

  it("says who could not be reached, without a bot token too, and asks nobody when the settings are wrong", function()
    local nobody = "http://127.0.0.1:" .. shell.port()
    local code, text, words = check { SLACK_BOT_TOKEN = false, SLACK_CHANNEL_ID = false, META_GRAPH_URL = nobody .. "/v26.0", DEEPSEEK_URL = nobody,
      SLACK_WEBHOOK_URL = nobody .. "/hook", BOOKING_URL = nobody, TRANSCRIBE_URL = false, TRANSCRIBE_API_KEY = false }
    assert.equal(2, code, text)
    for _, setting in ipairs { "META_GRAPH_URL", "DEEPSEEK_URL", "SLACK_WEBHOOK_URL", "BOOKING_URL" } do
      says(words, "WRONG " .. setting, "could not be reached: no connection was possible. Check the address")
    end
    assert.is_nil(text:find("SLACK_BOT_TOKEN", 1, true))
    code, text = check { META_ACCESS_TOKEN = false }
    assert.equal(2, code)
    assert.is_truthy(text:find("META_ACCESS_TOKEN", 1, true))
    assert.is_nil(text:find("fine ", 1, true), text)
  end)

  it("takes no folder, which has no settings", function()
    local code, text = service:run_once("check", "--online", service.home)
    assert.equal(1, code)
    assert.is_truthy(text:find("takes no DIR", 1, true))
  end)
end)

describe("the manifest of the Slack app", function()
  local text = shell.read(shell.root .. "/docs/ops/slack-manifest.yaml")
  local manifest = assert(yaml.decode(text))

  it("asks for every scope that is needed, and gives a reason for each", function()
    local probes = shell.read(shell.root .. "/scripts/channels/slack/probes.lua"):match "M%.SCOPES = (%b{})"
    local asked = {}
    for _, scope in ipairs(manifest.oauth_config.scopes.bot) do
      asked[scope] = true
      assert.is_truthy(text:find("- " .. scope:gsub("%p", "%%%0") .. " +# %S"), scope .. " has no reason")
    end
    local count = 0
    for scope in probes:gmatch '{ "([%w:]+)"' do
      count = count + 1
      assert.is_true(asked[scope], scope)
    end
    assert.equal(8, count)
  end)

  it("names the routes that main.lua has", function()
    local main = shell.read(shell.root .. "/scripts/main.lua")
    local paths = {}
    for path in text:gmatch "url: https://api%.clearoutspaces%.ca(/%S+)" do
      paths[#paths + 1] = path
      assert.is_truthy(main:find('"POST ' .. path .. '"', 1, true), path)
    end
    assert.equal(3, #paths)
    assert.same({ "message.channels", "message.groups" }, manifest.settings.event_subscriptions.bot_events)
    assert.equal("/assistant", manifest.features.slash_commands[1].command)
  end)
end)
