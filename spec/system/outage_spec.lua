-- Slack takes no posts for ten minutes, for two days: nothing is lost, the owner is told by the second route, staff get a summary.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local DAY_MS = 24 * 3600000

describe("F7: Slack that is away for two days", function()
  teardown(chat.close_all)

  local listener, scene, service, stand_ins

  -- The next thing that the second route gets.
  local function told()
    local peer = assert(listener:accept(10), "a word by the second route")
    local request = assert(peer:request(5))
    peer:answer(200, "ok")
    peer:close()
    local body = json.decode(request.body)
    assert.is_nil(next(body, (next(body)))) -- {"text": …} alone
    return body.text
  end

  -- The service is started again later: so much time has passed since the outage began, and the minute's look is due.
  local function later(ms)
    service:kill()
    service:sql(("UPDATE circuits SET since = since - %d, told_at = told_at - %d, probe_at = 0 WHERE name = 'slack'"):format(ms, ms))
    service:sql(("UPDATE jobs SET created_at = created_at - %d WHERE kind IN ('slack', 'card')"):format(ms))
    service:sql "UPDATE jobs SET run_at = 0 WHERE kind = 'sweep'"
    service:start {}
  end

  it("tells ALERT_WEBHOOK_URL after ten minutes, after a day and when it is over; each card comes once, and the words are summed up", function()
    listener = wire.listen()
    scene = chat.open { env = { ALERT_WEBHOOK_URL = ("http://127.0.0.1:%d/%s"):format(listener.port, meta.word()) } }
    service, stand_ins = scene.service, scene.stand_ins
    local quiet, secret = { meta.phone(), meta.phone(), meta.phone() }, meta.word()
    for _, phone in ipairs(quiet) do
      service:say(phone, "STOP")
      scene:sent(phone, "START")
    end
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('slack', 'card')" == 0 end, 10, "nothing to post")
    stand_ins:fault { slack = "down" }
    local asks, most = meta.phone(), 8
    service:say(asks, "agent")
    scene:sent(asks)
    for _, phone in ipairs(quiet) do
      for i = 1, most do service:say(phone, secret .. " " .. i) end
    end
    shell.until_(function() return service:value "SELECT failures FROM circuits WHERE name = 'slack'" end, 5, "a failure")
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'slack'" == 3 * most end, 5, "the words as rows")

    later(11 * 60000)
    local first = told()
    assert.truthy(first:find("Slack has not answered since", 1, true), first)
    assert.truthy(first:find("1 card and " .. 3 * most .. " messages wait and are posted when Slack is back", 1, true), first)
    assert.is_nil(first:find(secret, 1, true))
    assert.truthy(service:cli "status" == 1)

    later(2 * DAY_MS)
    local second = told()
    assert.truthy(second:find("the messages are summed up", 1, true), second)
    assert.equal(0, #stand_ins:cards(asks))

    service:kill()
    stand_ins:calm()
    later(0)
    local summary = scene:posts("that waited are summed up here")[1].body
    local text = json.encode(summary)
    local over = told()
    assert.truthy(over:find("Slack takes posts again", 1, true), over)
    assert.truthy(over:find("summed up in one message", 1, true), over)
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('slack', 'card')" == 0 end, 10, "nothing waits")
    assert.equal(1, #stand_ins:cards(asks))
    local alone = 0 -- the one that found out that Slack is back
    for _, post in ipairs(stand_ins:posts(secret)) do
      if post.status == 200 then alone = alone + 1 end
    end
    assert.is_true(alone <= 1, alone .. " words came one by one")
    assert.truthy(text:find(("%d messages that waited"):format(3 * most - alone), 1, true), text)
    for _, phone in ipairs(quiet) do assert.truthy(text:find(phone:sub(-4) .. " (Pat Doe): ", 1, true), text) end
    assert.is_nil(text:find(secret, 1, true))
    assert.equal(0, service:value "SELECT count(*) FROM jobs WHERE state = 'dead'")
    assert.equal(0, (service:cli "status"))
    service:say(quiet[1], "and now " .. secret)
    scene:posts("and now " .. secret) -- words go out as before
  end)
end)
