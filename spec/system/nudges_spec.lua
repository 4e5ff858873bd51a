-- Reminders to customers who stopped answering, in the real process. The hours are seconds here.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local SECOND = 1 / 3600

describe("a customer who stops answering", function()
  teardown(process.close_all)

  local function business(first, second)
    local lines = { "name: Tidy & Co", ("nudges:\n  after_hours: [%.6f, %.6f]"):format(first * SECOND, second * SECOND), "hours:" }
    for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do lines[#lines + 1] = ("  %s: 00:00-24:00"):format(day) end
    return table.concat(lines, "\n") .. "\n"
  end

  local function open(first, second) return chat.open { files = { ["prompts/business.yaml"] = business(first, second) } } end

  it("is reminded of the open question, names the business and STOP, twice at most, and never after a word of theirs", function()
    local scene = open(1.5, 3)
    local quiet, talks, stops, waits = meta.phone(), meta.phone(), meta.phone(), meta.phone()
    for _, phone in ipairs { quiet, talks, stops, waits } do scene:sent(phone, scene:ask(phone, "Thanks! Is there an elevator? We", "a couch")) end
    assert.equal(0, scene.service:value "SELECT count(*) FROM jobs WHERE kind = 'nudge'", "the reply did not end in a question")
    local plain = { answer = { reply_to_user = "Thanks! Is there an elevator?" } }
    for _, phone in ipairs { quiet, talks, stops, waits } do
      scene:ask(phone, plain, "a chair")
      scene:sent(phone, "Is there an elevator?", 2)
    end
    scene.service:say(stops, "STOP")
    scene.service:say(waits, "a human please")
    scene.service:say(talks, "hm " .. scene:plan "All right.")
    local sent = scene:sent(quiet, "Tidy & Co", 2, 10)
    assert.equal("This is Tidy & Co. We still have a question for you: Is there an elevator? Reply STOP to end.", sent[1].text)
    shell.until_(function() return scene.service:value "SELECT count(*) FROM jobs WHERE kind = 'nudge'" == 0 end, 10, "no reminder left")
    scene:marker()
    assert.equal(2, #scene:tries(quiet, "Tidy & Co"))
    for _, phone in ipairs { talks, stops, waits } do assert.equal(0, #scene:tries(phone, "Tidy & Co")) end
    scene:close()
  end)

  it("A10: is reminded once although the process was killed before, and not while nobody works", function()
    local scene = open(3, 80000)
    local phone, service = meta.phone(), scene.service
    scene:ask(phone, { answer = { reply_to_user = "Thanks! Is there an elevator?" } })
    scene:sent(phone, "elevator")
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'nudge'" == 1 end, 5, "the job")
    service:restart { kill = true }
    scene:sent(phone, "Tidy & Co", 1, 10)
    service:restart { kill = true }
    scene:marker()
    assert.equal(1, #scene:tries(phone, "Tidy & Co"))
    assert.equal(1, scene:column(phone, "nudged"))
    scene:close()
  end)

  it("A30: is not reminded by a copy that is put back: they may have answered since", function()
    local scene = open(40000, 80000)
    local phone, service = meta.phone(), scene.service
    scene:ask(phone, { answer = { reply_to_user = "Thanks! Is there an elevator?" } })
    scene:sent(phone, "elevator")
    local copy = service.home .. "/copy.sqlite"
    assert.equal(0, (service:cli("backup", copy)))
    service:restart { kill = true }
    assert.equal(1, service:value "SELECT count(*) FROM jobs WHERE kind = 'nudge'")
    service:kill()
    shell.run(("rm -f %s %s-wal %s-shm && cp %s %s"):format(service.db, service.db, service.db, copy, service.db))
    service:start()
    assert.equal(0, service:value "SELECT count(*) FROM jobs WHERE kind = 'nudge'")
    scene:close()
  end)
end)
