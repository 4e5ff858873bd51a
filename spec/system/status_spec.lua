-- `assistant status` says what is wrong and what to do, for people and for machines.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("assistant status", function()
  teardown(process.close_all)

  local function words(service)
    local _, text = service:cli "status"
    return text
  end

  local function says(service, text, timeout)
    local last
    local ok = pcall(shell.until_, function()
      last = words(service)
      return last:find(text, 1, true)
    end, timeout or 8)
    assert.is_true(ok, ("%q is not in:\n%s"):format(text, last))
    return last
  end

  -- Circuits close for a service whose secrets are files: a reload is enough, and status says so.
  local function with_files(name)
    local folder = shell.folder()
    local path = folder .. "/secret"
    return path, { [name] = false, [name .. "_FILE"] = path }
  end

  it("reports that a quiet service is well: timers are no work, nothing is due, nothing is dead", function()
    local service = process.new()
    local text = says(service, "Work: nothing is due.")
    assert.equal(0, (service:cli "status"))
    assert.truthy(text:find("^Accepting messages%.\n"))
    assert.truthy(text:find("Scripts and prompts: generation 1 (", 1, true))
    assert.truthy(text:find("Inbox: everything is read.", 1, true))
    assert.truthy(text:find("The newest messages to customers (up to 1000): none yet.", 1, true))
    assert.truthy(text:find("There is no backup of this database yet. `assistant backup FILE` makes one.", 1, true))
    for _, wrong in ipairs { "FAILED", "Dead:", "Parked:", "refused", "In doubt", "has waited" } do assert.is_nil(text:find(wrong, 1, true), wrong) end
    local status = service:status()
    assert.equal(0, status.jobs.ready)
    assert.equal(0, status.jobs.due)
    assert.is_true(status.jobs.timers >= 2)
    assert.equal(0, status.jobs.oldest_age_ms)
    service:close()
  end)

  it("does not take a copy from before a schema step for a backup", function()
    local service = process.new()
    says(service, "Work: nothing is due.")
    shell.run("cp " .. service.db .. " " .. service.db .. ".before-step-1")
    says(service, "There is no backup of this database yet.")
    assert.equal(0, (service:cli("backup", service.home .. "/copy")))
    says(service, "/copy.")
    service:close()
  end)

  it("keeps its keys for machines, with the service and without", function()
    local service = process.new()
    local function keys(status, running)
      assert.equal(running, status.running)
      for _, key in ipairs { "ready", "waiting", "running", "dead", "oldest_age_ms", "due", "later", "timers" } do
        assert.equal("integer", math.type(status.jobs[key]), key)
      end
      assert.is_table(status.jobs.kinds)
      for _, key in ipairs { "unread", "oldest_age_ms", "parked" } do assert.equal("integer", math.type(status.inbox[key]), key) end
      for _, key in ipairs { "commits", "lost", "wal_bytes" } do assert.equal("integer", math.type(status.store[key]), key) end
      for _, key in ipairs { "deliveries", "open_circuits", "cases" } do assert.is_table(status.business[key], key) end
      assert.equal("integer", math.type(status.business.oldest_unanswered_ms))
    end
    local status = service:status()
    keys(status, true)
    assert.is_true(status.healthy)
    for _, key in ipairs { "number", "hash", "loaded_at" } do assert.truthy(status.generation[key], key) end
    service:term()
    local code, text = service:cli("status", "--json")
    assert.equal(1, code, text) -- nothing accepts messages
    keys(json.decode(text, { null_as_nil = true }), false)
    assert.truthy(words(service):find "^No service is running%. This is what its database holds%.\n")
    service:write("scripts/main.lua", "return {")
    assert.truthy(words(service):find("The scripts do not load, so their part is missing. `assistant check` says why.", 1, true))
  end)

  it("names the very file of a refused token, since when on the clock of TZ, and that answers are kept", function()
    local path, env = with_files "META_ACCESS_TOKEN"
    env.TZ = "America/St_Johns"
    local scene = chat.open { env = env, start = false }
    shell.write(path, scene.stand_ins.token .. "\n")
    scene.service:start()
    scene.stand_ins:fault { graph = "expired" }
    scene.service:say(meta.phone(), "I want a human")
    local text = says(scene.service, "WhatsApp (Meta) has refused the token since ")
    assert.equal(1, (scene.service:cli "status"))
    assert.equal(1, (scene.service:cli("status", "--json")))
    assert.truthy(text:find("since %d%d:%d%d N[SD]T %(190%): make a new one, write it to META_ACCESS_TOKEN_FILE, then `assistant reload`%. Until then answers are kept"), text)
    assert.equal("whatsapp", scene.service:status().business.open_circuits[1].name)
    scene:close()
  end)

  it("names the variable when the environment holds the token, and that it takes a restart", function()
    local scene = chat.open()
    scene.stand_ins:fault { graph = "expired", slack = "404", model = "402" }
    scene.service:say(meta.phone(), "I want a human")
    scene.service:say(meta.phone(), "hello, I have a sofa")
    local text = says(scene.service, "(190): make a new one, put it into META_ACCESS_TOKEN and restart the service (with META_ACCESS_TOKEN_FILE")
    text = says(scene.service, "Slack has refused our posts since ") and says(scene.service, "The model's provider has no balance left for us since ") or text
    assert.truthy(text:find("(404): the webhook or its channel was deleted: make a new webhook for the staff channel, put it into SLACK_WEBHOOK_URL and restart", 1, true), text)
    assert.truthy(text:find("top the account up; nothing else is needed. Meanwhile the fixed questions answer.", 1, true), text)
    assert.truthy(text:find "Chats for staff: %d not taken %(the oldest for %d+ s%), 0 taken, %d whose card is not in Slack yet%.", text)
    for _, secret in ipairs { scene.service.token, scene.service.key, scene.service.signing_secret } do assert.is_nil(text:find(secret, 1, true)) end
    scene:close()
  end)

  it("says of dead jobs that staff know, and where to read why", function()
    local scene, phone = chat.open(), meta.phone()
    scene.stand_ins:fault { graph = { kind = "code", code = 131026 } }
    scene.service:say(phone, "I want a human")
    local text = says(scene.service, "Not delivered in the last 24 hours: 1. Staff were told of each in Slack, with its text.")
    assert.truthy(text:find("Dead: 1 send. `assistant jobs --dead` says why, `assistant requeue ID` tries one again.", 1, true), text)
    local status = scene.service:status()
    assert.equal(1, status.jobs.dead)
    assert.equal(1, status.jobs.kinds.send.dead)
    assert.equal(1, status.business.failed_last_day)
    scene:posts "could not be sent"
    local code, list = scene.service:cli("jobs", "--dead")
    assert.equal(0, code)
    assert.truthy(list:find "dead +send" and list:find("131026", 1, true), list)
    assert.is_nil(list:find(phone, 1, true))
    scene:close()
  end)

  it("shows a failed reload with file, line and when, until it is corrected", function()
    local service = process.new { env = { TZ = "Europe/Berlin" } }
    service:write("scripts/flow/quote.lua", "local x = = 1\n")
    assert.equal(5, (service:cli "reload"))
    local text = says(service, "The last reload FAILED at ")
    assert.truthy(text:find "FAILED at %d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d CES?T; the previous version is still running:\n  scripts/flow/quote%.lua:1:", text)
    service:write("scripts/flow/quote.lua", shell.read(shell.root .. "/scripts/flow/quote.lua"))
    shell.until_(function() return not words(service):find("FAILED", 1, true) end, 8, "the mended file to be loaded")
    service:close()
  end)

  it("says since when work waits, and how it waits", function()
    local scene, phone = chat.open(), meta.phone()
    scene.stand_ins:fault { model = "hang" }
    scene.service:say(phone, "hello")
    shell.until_(function() return scene.service:status().jobs.running == 1 end, 5, "the turn to run")
    scene.service:say(phone, "are you there?")
    local text = says(scene.service, ", 1 running, 1 behind others of their chat")
    assert.truthy(text:find("The longest wait of a customer for the assistant: %d+ s%."), text)
    scene:close()
  end)

  describe("and the clock of people", function()
    it("A29: a TZ that does not exist is reported at the start, and people see UTC named as such", function()
      local service = process.new { env = { TZ = "America/Torronto" } }
      assert.truthy(service:log_text():find("TZ: this machine does not know this time zone, so times are shown in UTC. Write one like America/Toronto", 1, true))
      assert.truthy(words(service):find "loaded %d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d UTC%.")
      local _, text = service:run_once "check"
      assert.truthy(text:find("TZ: this machine does not know", 1, true))
      service:close()
    end)

    it("A29: without tzdata it warns once and shows UTC; the service serves", function()
      local service = process.new { env = { TZDIR = "/nonexistent", TZ = "America/Toronto" } }
      local _, count = service:log_text():gsub("TZ: this machine has no time zones, so times are shown in UTC. Install the package tzdata", "")
      assert.equal(1, count)
      assert.truthy(words(service):find "loaded %d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d UTC%.")
      service:close()
    end)

    it("accepts every zone that exists, and rules without a file, without a warning", function()
      for zone, name in pairs { ["America/Toronto"] = "E[SD]T", UTC = "UTC", [":Europe/Paris"] = "CES?T", ["EST5EDT,M3.2.0,M11.1.0"] = "E[SD]T", ["<+0530>-5:30"] = "%+0530",
        [""] = "UTC" } do
        local service = process.new { env = { TZ = zone } }
        assert.is_nil(service:log_text():find("TZ:", 1, true), zone)
        assert.truthy(words(service):find("loaded [%d%-]+ [%d:]+ " .. name .. "%."), zone)
        service:close()
      end
    end)
  end)
end)
