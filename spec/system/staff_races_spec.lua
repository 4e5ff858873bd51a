-- Staff and customers act in one moment: each race has one outcome, and everybody reads the one that counts.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local url = require "host.url"
local wire = require "spec.support.wire"

describe("in one moment", function()
  local scene, service
  local triggers = 0

  setup(function()
    scene = chat.open { env = { TURNS_PER_HOUR = 100000 } }
    service = scene.service
    math.randomseed(20261129)
  end)

  teardown(chat.close_all)

  -- The bytes of a click.
  local function click(phone, user, action, boxes)
    triggers = triggers + 1
    local values = {}
    for name, value in pairs(boxes or {}) do values["b" .. name] = { [name] = { type = "plain_text_input", value = value } } end
    local body = "payload=" .. url.encode(json.encode { type = "block_actions", user = { id = "U" .. user:upper(), username = user }, trigger_id = tostring(triggers),
      actions = { { action_id = action, value = phone } }, state = boxes and { values = values } or nil })
    local at = tostring(os.time())
    return ("POST /slack/interactive HTTP/1.1\r\nHost: spec.test\r\nContent-Type: application/x-www-form-urlencoded\r\nX-Slack-Request-Timestamp: %s\r\n"
      .. "X-Slack-Signature: v0=%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"):format(at,
      crypto.hex(crypto.hmac_sha256(service.signing_secret, "v0:" .. at .. ":" .. body)), #body, body)
  end

  local function hook(message) return meta.request(service.secret, meta.body { messages = { message } }) end

  -- Requests that reach the service in one moment, in a random order; their answers in the order that they are given here.
  local function race(requests)
    local peers, order = {}, {}
    for i = 1, #requests do
      peers[i] = wire.dial(service.port)
      table.insert(order, math.random(#order + 1), i)
    end
    for _, i in ipairs(order) do peers[i]:send(requests[i]) end
    local answers = {}
    for i, peer in ipairs(peers) do
      answers[i] = peer:read(1, 10)[1]
      peer:close()
      assert.equal(200, answers[i] and answers[i].status)
    end
    return answers
  end

  -- A chat that ana has; nothing waits.
  local function taken()
    local phone = meta.phone()
    service:say(phone, "hello")
    shell.until_(function() return scene:column(phone, "status") end, 5, "the conversation")
    race { click(phone, "ana", "take_over_chat") }
    return phone
  end

  local function count(sql, phone) return service:value(("SELECT count(*) FROM " .. sql):format(phone)) end

  local function open_offer(phone)
    race { click(phone, "ana", "send_quote", { quote_amount = "350" }) }
    return shell.until_(function() return service:rows("SELECT id FROM offers WHERE state = 'open' AND conversation_id = '" .. phone .. "'")[1] end, 8, "an open offer").id
  end

  local function button(phone, id)
    return meta.message(phone, "interactive", { interactive = { type = "button_reply", button_reply = { id = id, title = "Accept" } } })
  end

  it("C12: two people send a quote: one is open in the end, and who comes too early is told whose is on its way", function()
    for _ = 1, shell.rounds(4, 1000) do
      local phone = taken()
      local answers = race { click(phone, "ana", "send_quote", { quote_amount = "350" }), click(phone, "bob", "send_quote", { quote_amount = "400" }) }
      local sent = 0
      for _, answer in ipairs(answers) do
        if answer.body == "{}" then sent = sent + 1 else assert.truthy(json.decode(answer.body).text:find("has just sent a quote of", 1, true), answer.body) end
      end
      assert.is_true(sent >= 1)
      shell.until_(function() return count("offers WHERE state = 'sending' AND conversation_id = '%s'", phone) == 0 end, 8, "nothing on its way")
      assert.equal(1, count("offers WHERE state = 'open' AND conversation_id = '%s'", phone))
      assert.equal(sent, count("audit WHERE action = 'quote' AND conversation_id = '%s'", phone))
    end
  end)

  it("C11: two people send the same words: the customer gets them once, and the second one is told", function()
    for _ = 1, shell.rounds(4, 1000) do
      local phone, word = taken(), meta.word()
      local told = 0
      for _, answer in ipairs(race { click(phone, "ana", "send_reply", { reply_text = word }), click(phone, "bob", "send_reply", { reply_text = word }) }) do
        if answer.body ~= "{}" then
          told = told + 1
          assert.truthy(answer.body:find("less than a minute ago", 1, true), answer.body)
        end
      end
      assert.equal(1, told)
      assert.equal(1, count("messages WHERE kind = 'staff' AND conversation_id = '%s'", phone))
    end
  end)

  it("C13: a customer accepts with the button and with a word: one acceptance, told once", function()
    for _ = 1, shell.rounds(4, 1000) do
      local phone = taken()
      local id = open_offer(phone)
      race { hook(button(phone, "offer_accept:" .. id)), hook(meta.text(phone, "yes please")), hook(button(phone, "offer_accept:" .. id)) }
      scene:sent(phone, "you accept the quote", 1, 10)
      shell.until_(function() return count("messages WHERE role = 'user' AND conversation_id = '%s'", phone) == 4 end, 8, "all is read")
      assert.equal(1, count("offers WHERE state = 'accepted' AND conversation_id = '%s'", phone))
      assert.equal(1, count("messages WHERE instr(content, 'you accept the quote') AND conversation_id = '%s'", phone))
    end
  end)

  it("C13: staff withdraw a quote while the customer accepts it: one of both counts, and both sides read which", function()
    local ends = {}
    for _ = 1, shell.rounds(4, 1000) do
      local phone = taken()
      local id = open_offer(phone)
      local answers = race { click(phone, "bob", "withdraw_quote"), hook(button(phone, "offer_accept:" .. id)) }
      local state
      shell.until_(function()
        state = service:value("SELECT state FROM offers WHERE id = " .. id)
        return state ~= "open" and count("messages WHERE role = 'user' AND conversation_id = '%s'", phone) == 2
      end, 8, "an outcome")
      ends[state] = (ends[state] or 0) + 1
      if state == "accepted" then
        assert.truthy(answers[1].body:find("No quote is open", 1, true), answers[1].body)
        scene:sent(phone, "you accept the quote", 1, 10)
      else
        assert.equal("withdrawn", state)
        assert.equal("{}", answers[1].body)
        scene:sent(phone, "no longer counts", 1, 10)
      end
    end
    if _G.SPEC_LONG then assert.is_true((ends.accepted or 0) > 0 and (ends.withdrawn or 0) > 0, json.encode(ends)) end
  end)

  it("C11: a case is closed while a colleague sends words: they go out, or they come back", function()
    for _ = 1, shell.rounds(4, 1000) do
      local phone, word = taken(), meta.word()
      local answers = race { click(phone, "ana", "close_case", { close_reason = "done", close_amount = "" }), click(phone, "bob", "send_reply", { reply_text = word }) }
      assert.equal("{}", answers[1].body)
      local sent = count("messages WHERE kind = 'staff' AND state NOT IN ('dropped', 'draft') AND conversation_id = '%s'", phone)
      if answers[2].body == "{}" then
        assert.equal(1, sent)
        scene:sent(phone, word, 1, 10)
      else
        assert.equal(0, sent)
        assert.truthy(json.decode(answers[2].body).text:find("Take it over first", 1, true))
        assert.truthy(answers[2].body:find(word, 1, true))
      end
      assert.equal("ACTIVE", scene:column(phone, "status"))
    end
  end)
end)
