-- Bot mode when things go wrong: kill -9, Slack busy or down, an erased person, a second case.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

local BOT = { SLACK_BOT_TOKEN = "xoxb-right", SLACK_CHANNEL_ID = "C0QUOTES" }

describe("the thread of a card, when things go wrong,", function()
  local scene, service, slack

  setup(function()
    slack = standins.new { env = BOT }
    scene = chat.open { stand_ins = slack, env = { SLACK_BOT_TOKEN = BOT.SLACK_BOT_TOKEN, SLACK_CHANNEL_ID = BOT.SLACK_CHANNEL_ID, SLACK_RATE = 100,
      SLACK_ALLOWED_USERS = "UANA" } }
    service = scene.service
    slack:workspace { minute_ms = 2000 } -- an event is tried again for 12 s, while the service starts
  end)

  teardown(process.close_all)

  local function cards_of(phone)
    local list = {}
    for _, message in ipairs(slack:channel()) do
      if not message.thread_ts and not message.stone and message.via == "api" and json.encode(message.blocks or {}):find('"value":"' .. phone .. '"', 1, true) then
        list[#list + 1] = message.ts
      end
    end
    return list
  end

  local function case(count)
    local phone = meta.phone()
    service:say(phone, "I want to talk to a human")
    return phone, shell.until_(function() return cards_of(phone)[count or 1] end, 8, "the card")
  end

  local function take(card)
    assert.equal(200, slack:press({ action_id = "take_over_chat", ts = card, user = "ana" }).status)
    shell.until_(function() return json.encode(slack:message(card).blocks):find("send_reply", 1, true) end, 8, "the taken card")
  end

  -- Where words stand in a thread, in its order.
  local function places(card, words)
    local list = {}
    for _, message in ipairs(slack:thread(card)) do
      local shown = json.encode(message.blocks or {}) .. message.text
      for i, word in ipairs(words) do
        if shown:find(word, 1, true) then list[#list + 1] = i end
      end
    end
    return list
  end

  it("A8, A9: kill -9 while staff write: each message is stored for the customer once, and the customer's words reach the thread", function()
    math.randomseed(20261129)
    local phone, card = case()
    take(card)
    for _ = 1, shell.rounds(2, 30) do
      local words, theirs = {}, meta.word()
      os.execute(("( sleep %.3f; kill -KILL %d ) >/dev/null 2>&1 &"):format(math.random(5, 250) / 1000, service:pid()))
      for i = 1, 4 do
        words[i] = meta.word()
        slack:say { text = "we come " .. words[i], thread_ts = card, user = "ana", copies = 2, new_ids = true }
      end
      pcall(service.say, service, phone, "thanks " .. theirs)
      assert(service:exit(5), "the kill did not reach the program")
      service:start()
      for _, word in ipairs(words) do
        scene:sent(phone, word, 1, 15)
        assert.equal(1, service:value("SELECT count(*) FROM messages WHERE kind = 'staff' AND instr(content, '" .. word .. "')"))
      end
      if service:value("SELECT count(*) FROM messages WHERE instr(content, '" .. theirs .. "')") == 1 then
        shell.until_(function() return #places(card, { theirs }) >= 1 end, 15, "the customer's words in the thread")
      end
    end
  end)

  it("F2: Slack is busy, then down, in the middle of a chat: nothing is lost, and the thread keeps its order", function()
    local phone, card = case()
    take(card)
    local words = {}
    local function say()
      words[#words + 1] = meta.word()
      service:say(phone, "and " .. words[#words])
    end
    say()
    slack:fault { slack = { kind = "429", retry_after = 1, times = 1, contains = "chat.postMessage" } }
    for _ = 1, 3 do say() end
    shell.until_(function() return #places(card, words) == #words end, 15, "all words after the limit")
    slack:fault { slack = { kind = "500", times = 2, contains = "chat.postMessage" } }
    for _ = 1, 3 do say() end
    shell.until_(function() return #places(card, words) == #words end, 15, "all words after 500")
    slack:fault { slack = { kind = "down" } }
    for _ = 1, 3 do say() end
    shell.until_(function() return service:value("SELECT count(*) FROM messages WHERE instr(content, '" .. words[#words] .. "')") == 1 end, 8, "the words are read")
    slack:calm()
    shell.until_(function() return #places(card, words) >= #words end, 30, "all words after the outage")
    for i, place in ipairs(places(card, words)) do assert.equal(i, place) end
  end)

  it("a case that is closed leaves its thread to the chat until a new case has a card; words of staff in either thread reach the customer", function()
    local phone, first = case()
    take(first)
    slack:press { action_id = "close_case", ts = first, user = "ana", words = { close_reason = "done" }, confirm = true }
    shell.until_(function() return scene:column(phone, "status") == "ACTIVE" end, 5, "the assistant has the chat")
    local between, after = meta.word(), meta.word()
    service:say(phone, "one more thing " .. between)
    shell.until_(function() return #places(first, { between }) == 1 end, 8, "in the first thread")
    service:say(phone, "let me talk to a human please")
    local second = shell.until_(function() return cards_of(phone)[2] end, 10, "a second card")
    take(second)
    service:say(phone, "hello " .. after)
    shell.until_(function() return #places(second, { after }) == 1 end, 8, "in the second thread")
    assert.equal(0, #places(first, { after }))
    local old, new = meta.word(), meta.word()
    slack:say { text = "from the old thread " .. old, thread_ts = first, user = "ana" }
    slack:say { text = "from the new thread " .. new, thread_ts = second, user = "ana" }
    scene:sent(phone, old)
    scene:sent(phone, new)
  end)

  it("a chat without a case that staff take has a card whose thread reaches the customer", function()
    local phone, word = meta.phone(), meta.word()
    scene:sent(phone, scene:ask(phone))
    slack:command("take " .. phone, { user = "ana" })
    local card = shell.until_(function()
      for _, message in ipairs(slack:channel()) do
        if not message.thread_ts and json.encode(message.blocks or {}):find("send_reply", 1, true) and json.encode(message.blocks):find(phone, 1, true) then return message.ts end
      end
    end, 8, "the card")
    slack:say { text = "hello " .. word, thread_ts = card, user = "ana" }
    scene:sent(phone, word)
  end)

  it("C14: words in the thread by somebody who is not on the list reach no customer, and only they are told", function()
    local phone, card = case()
    take(card)
    local word = meta.word()
    slack:say { text = "hello " .. word, thread_ts = card, user = "mallory" }
    local told = shell.until_(function()
      local message = slack:message "SLACK_ALLOWED_USERS: UMALLORY"
      return message and message.ephemeral and message
    end, 8, "the word to them")
    assert.truthy(json.encode(told):find(phone:sub(-4), 1, true))
    scene:marker()
    assert.equal(0, #slack:sends(phone, word))
  end)

  it("H4: an erased person leaves no word in what waits for a decision, is to be posted, or was done by staff", function()
    local phone, card = case()
    local held, said, mirrored = meta.word() .. meta.word(), meta.word() .. meta.word(), meta.word() .. meta.word()
    slack:say { text = "later " .. held, thread_ts = card, user = "ana" }
    shell.until_(function() return service:value("SELECT count(*) FROM slack_posts WHERE instr(held, '" .. held .. "')") == 1 end, 8, "words that wait")
    take(card)
    slack:press { action_id = "send_reply", ts = card, user = "ana", words = { reply_text = "we come " .. said } }
    scene:sent(phone, said)
    slack:fault { slack = { kind = "down" } }
    service:say(phone, "my words " .. mirrored)
    shell.until_(function() return service:value("SELECT count(*) FROM messages WHERE instr(content, '" .. mirrored .. "')") == 1 end, 8, "the words are read")
    local code, text = service:cli("erase", phone)
    assert.equal(0, code, text)
    slack:calm()
    for _, word in ipairs { held, said, mirrored, phone } do
      shell.until_(function() return not service:holds(word) end, 12, "no byte of it: " .. word)
    end
    for _, name in ipairs { "slack_posts", "stages", "offers", "audit" } do
      assert.equal(0, service:value("SELECT count(*) FROM " .. name .. " WHERE conversation_id = '" .. phone .. "'"), name)
    end
  end)
end)
