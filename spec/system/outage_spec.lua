-- Slack takes no posts for ten minutes, for two days: nothing is lost, the owner is told by the second route, staff get a summary.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

local DAY_MS = 24 * 3600000

describe("F7: Slack that is away for two days", function()
  teardown(chat.close_all)

  local listener, scene, service, stand_ins

  -- What the second route gets that holds this. What a kill left unfinished comes twice.
  local function told(piece)
    for _ = 1, 3 do
      local peer = assert(listener:accept(10), "by the second route: " .. piece)
      local request = assert(peer:request(5))
      peer:answer(200, "ok")
      peer:close()
      local body = json.decode(request.body)
      assert.is_nil(next(body, (next(body)))) -- {"text": …} alone
      if body.text:find(piece, 1, true) then return body.text end
    end
    error("not told: " .. piece)
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
    local first = told "Slack has not answered since"
    assert.truthy(first:find("1 card and " .. 3 * most .. " messages wait and are posted when Slack is back", 1, true), first)
    assert.is_nil(first:find(secret, 1, true))
    assert.truthy(service:cli "status" == 1)

    later(2 * DAY_MS)
    told "the messages are summed up"
    assert.equal(0, #stand_ins:cards(asks))

    service:kill()
    stand_ins:calm()
    later(0)
    local summary = scene:posts("that waited are summed up here")[1].body
    local text = json.encode(summary)
    local over = told "Slack takes posts again"
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

    stand_ins:fault { slack = { kind = "http", code = 418, times = 1 } } -- an answer that means nothing to us: this one post is dead
    service:say(quiet[1], "lost " .. secret)
    local dead = told "A message to staff was not posted and is not tried any more."
    assert.is_nil(dead:find(secret, 1, true))
  end)
end)

describe("Slack that refuses the bot", function()
  teardown(chat.close_all)

  local TOKEN, CHANNEL = "xoxb-right-token-2", "C0QUOTES"
  local scene, service, slack, phone, card

  setup(function()
    slack = standins.new { env = { SLACK_BOT_TOKEN = TOKEN, SLACK_CHANNEL_ID = CHANNEL } }
    scene = chat.open { stand_ins = slack, env = { SLACK_BOT_TOKEN = TOKEN, SLACK_CHANNEL_ID = CHANNEL } }
    service, phone = scene.service, meta.phone()
    service:say(phone, "I want to talk to a human")
    card = shell.until_(function()
      for _, message in ipairs(slack:channel()) do
        if not message.thread_ts and json.encode(message.blocks or {}):find(phone, 1, true) then return message.ts end
      end
    end, 6, "the card")
    assert.equal(200, slack:press { action_id = "take_over_chat", ts = card, user = "ana" }.status)
    slack:say { text = "We are here", thread_ts = card, user = "ana" } -- so that the customer gets no paused reply
    scene:sent(phone, "We are here")
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('slack', 'card', 'answer')" == 0 end, 10, "nothing to post")
  end)

  -- The texts of the thread that hold a word.
  local function in_thread(word)
    local list = {}
    for _, message in ipairs(slack:thread(card)) do
      local text = json.encode(message.blocks or {}) .. message.text
      if text:find(word, 1, true) then list[#list + 1] = text end
    end
    return list
  end

  -- The customer writes three messages while Slack takes none; then it is back, so much later.
  local function during(word, since_ms, back)
    for i = 1, 3 do service:say(phone, ("%s number %d"):format(word, i)) end
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'slack'" == 3 end, 6, "three that wait")
    shell.until_(function() return service:value "SELECT since FROM circuits WHERE name = 'slack'" end, 6, "a failure")
    local _, status = service:cli "status"
    service:kill()
    service:sql(("UPDATE circuits SET since = since - %d, probe_at = 0 WHERE name = 'slack'"):format(since_ms))
    service:sql "UPDATE jobs SET run_at = 0 WHERE kind IN ('slack', 'card')"
    back()
    service:start {}
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('slack', 'card')" == 0 end, 15, "nothing waits")
    assert.equal(0, (service:cli "status"))
    return status
  end

  it("F1: an archived channel and a revoked token are said with their remedy; what waited comes once and in order", function()
    for _, way in ipairs {
      { function(off) slack:slack_channel { id = CHANNEL, is_archived = off } end, "(is_archived): the channel in SLACK_CHANNEL_ID is archived: unarchive it" },
      { function(off) slack:workspace { token = off and "revoked" or "ok" } end, "(token_revoked): Slack does not take the bot's token: install the app again" },
    } do
      local word = meta.word()
      way[1](true)
      local status = during(word, 0, function() way[1](false) end)
      assert.truthy(status:find(way[2], 1, true), status)
      local list = in_thread(word)
      assert.equal(3, #list)
      for i = 1, 3 do assert.truthy(list[i]:find(word .. " number " .. i, 1, true), list[i]) end
    end
  end)

  it("F7: after two days a thread gets the last messages as one, and the channel a summary", function()
    local word = meta.word()
    slack:fault { slack = "down" }
    during(word, 2 * DAY_MS, function() slack:calm() end)
    local list = in_thread(word .. " number 3")
    assert.equal(1, #list)
    assert.truthy(list[1]:find(word .. " number 2", 1, true) and list[1]:find("so far:", 1, true), list[1])
    local summary = shell.until_(function() return slack:message "that waited are summed up here" end, 6, "the summary")
    assert.is_nil(summary.thread_ts)
    assert.truthy((json.encode(summary.blocks) .. summary.text):find(phone:sub(-4) .. " (Pat Doe): ", 1, true))
  end)

  it("a scope that is missing for reactions stops nothing else, and staff are told once what to do", function()
    slack:workspace { scopes = "chat:write,channels:history,channels:read,commands,files:read,files:write,users:read" }
    local words = { meta.word(), meta.word() }
    for _, word in ipairs(words) do
      slack:say { text = "We come, " .. word, thread_ts = card, user = "ana" }
      scene:sent(phone, word)
    end
    local told = shell.until_(function() return slack:message "The Slack app lacks a scope" end, 8, "a word to staff")
    assert.truthy((json.encode(told.blocks or {}) .. told.text):find("assistant check --online", 1, true))
    local after = meta.word()
    service:say(phone, "still there " .. after)
    shell.until_(function() return in_thread(after)[1] end, 6, "the thread goes on")
    assert.equal(1, #slack:posts "The Slack app lacks a scope")
    assert.is_nil(service:value "SELECT name FROM circuits WHERE name = 'slack' AND open = 1")
  end)
end)
