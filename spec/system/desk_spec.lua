-- Staff write to a customer from the card: what is sent, what is refused, and what becomes of the words in the box.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

describe("writing to the customer from a card", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open {}
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  local function block(payload, kind, name)
    for _, one in ipairs(payload.blocks or {}) do
      if one.type == kind and (not name or one.element.action_id == name) then return one end
    end
  end

  -- The next thing that is posted to the response_url.
  local function answer(url)
    local peer = assert(url:accept(6), "an answer to a click")
    local request = assert(peer:request(5))
    peer:answer(200, "ok")
    peer:close()
    return json.decode(request.body)
  end

  -- A chat that has begun, with a response_url of its own.
  local function customer(taken)
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    local url = wire.listen()
    local address = "http://127.0.0.1:" .. url.port .. "/r"
    if taken then assert.equal(200, service:click(phone, { response_url = address }).status) end
    return phone, url, address, taken and answer(url)
  end

  local function send(phone, words, options)
    options = options or {}
    options.action, options.boxes = "send_reply", options.boxes or { reply_text = words }
    return service:click(phone, options)
  end

  it("what the clicker typed into other boxes stands in the card's new look, also where there is no response_url", function()
    local phone, note = meta.phone(), meta.word()
    scene:sent(phone, scene:ask(phone))
    service:click(phone)
    assert.equal("{}", service:click(phone, { action = "send_reply", boxes = { reply_text = "Hello", quote_note = note } }).body)
    assert.truthy(json.encode(scene:posts(note)[1].body):find('"initial_value":"' .. note, 1, true))
  end)

  it("Close after a return and another take gives the case its reason and amount", function()
    local phone = meta.phone()
    service:say(phone, "I want to talk to a human")
    shell.until_(function() return #stand_ins:cards(phone) > 0 end, 6, "the card")
    for i, action in ipairs { "take_over_chat", "resume_chat", "take_over_chat" } do
      assert.equal(200, service:click(phone, { action = action, user = "ana" .. i }).status)
    end
    local boxes = { close_reason = "done", close_amount = "350" }
    assert.equal(200, service:click(phone, { action = "close_case", user = "ana", boxes = boxes }).status)
    assert.same({ { state = "closed", close_reason = "done", close_cents = 35000, closed_by = "ana" } },
      service:rows("SELECT state, close_reason, close_cents, closed_by FROM cases WHERE conversation_id = '" .. phone .. "'"))
  end)

  it("the words go out once, with their author, and the card comes back with an empty box of another id", function()
    local phone, url, address, card = customer(true)
    local first = block(card, "input", "reply_text")
    assert.is_true(first.optional)
    assert.equal(3000, first.element.max_length)
    local word = meta.word()
    for _ = 1, 2 do assert.equal(200, send(phone, "We come at two, " .. word, { user = "ana", response_url = address }).status) end
    assert.equal("We come at two, " .. word, scene:sent(phone, word)[1].text)
    local second = block(answer(url), "input", "reply_text")
    assert.not_equal(first.block_id, second.block_id)
    assert.is_nil(second.element.initial_value)
    local row = scene:message(word)
    assert.same({ "staff", "ana", "assistant" }, { row.kind, row.author, row.role })
    assert.equal(1, #scene:tries(phone, word))
    assert.equal("We come at two, " .. word, service:value("SELECT after FROM audit WHERE action = 'write' AND conversation_id = '" .. phone .. "'"))
    local _, exported = service:cli("export", phone)
    assert.truthy(exported:find('"action": "write"', 1, true))
  end)

  it("what staff wrote is in the model's history after the chat is returned, and the paused reply is not sent after it", function()
    local phone = customer(true)
    local word = meta.word()
    send(phone, "We come at two, " .. word)
    scene:sent(phone, word)
    service:say(phone, "great, see you")
    scene:posts("great, see you")
    service:click(phone, { action = "resume_chat" })
    local question = scene:ask(phone)
    scene:sent(phone, question)
    assert.truthy(json.encode(stand_ins:models(question)[1].body):find(word, 1, true))
    assert.equal(0, #stand_ins:sends(phone, "Our team is handling"))
  end)

  it("C11: nothing is sent from an empty box, without state, before a take-over or after the return; the writer gets the words back", function()
    local phone, url, address = customer(false)
    local word = meta.word()
    local said = json.decode(send(phone, "early " .. word, { response_url = address }).body)
    assert.equal("ephemeral", said.response_type)
    assert.is_false(said.replace_original)
    assert.truthy(said.text:find("Take it over first", 1, true))
    assert.equal("early " .. word, block(answer(url), "input", "reply_text").element.initial_value)
    service:click(phone)
    assert.truthy(send(phone, "   ").body:find("no words to send", 1, true))
    assert.truthy(service:click(phone, { action = "send_reply" }).body:find("/assistant send", 1, true))
    assert.truthy(send(phone, ("x"):rep(5000)).body:find("at most 4096 characters, and this one has 5000", 1, true))
    service:click(phone, { action = "resume_chat" })
    assert.truthy(send(phone, "late " .. word).body:find("Take it over first", 1, true))
    scene:marker()
    assert.equal(0, #scene:tries(phone, word))
  end)

  it("C11: outside WhatsApp's 24 hours the writer is told to call, and nothing is sent", function()
    local phone = customer(true)
    service:kill()
    service:sql("UPDATE conversations SET inbound_at = inbound_at - 90000000 WHERE id = '" .. phone .. "'")
    service:start()
    local word = meta.word()
    local said = send(phone, word).body
    assert.truthy(said:find("Call them: +", 1, true), said)
    assert.truthy(said:find(word, 1, true))
    scene:marker()
    assert.equal(0, #scene:tries(phone, word))
  end)

  it("in webhook mode a customer's words in a taken chat have a Reply button, which brings a box to the clicker alone", function()
    local phone, url, address = customer(true)
    local word, reply = meta.word(), meta.word()
    service:say(phone, "when do you come " .. word)
    local post = scene:posts(word)[1].body
    local button = post.blocks[#post.blocks].elements[1]
    assert.same({ "reply_here", phone }, { button.action_id, button.value })
    service:click(phone, { action = "reply_here", response_url = address })
    local private = answer(url)
    assert.equal("ephemeral", private.response_type)
    assert.truthy(block(private, "input", "reply_text"))
    send(phone, "At two, " .. reply, { response_url = address, private = true })
    scene:sent(phone, reply)
    local done = answer(url)
    assert.is_true(done.replace_original)
    assert.is_nil(block(done, "input")) -- the box goes
    assert.truthy(block(done, "section"))
    assert.truthy(done.text:find("Sent to", 1, true))
  end)

  it("the customer is told who joined and that the assistant continues, where the owner wants it, and never after STOP", function()
    local quiet = customer(true)
    service:click(quiet, { action = "resume_chat" })
    local business = service:read "prompts/business.yaml"
    service:write("prompts/business.yaml", business .. "\nnotices:\n  joined: true\n  returned: true\n")
    assert.equal(0, (service:cli "reload"))
    local phone = customer()
    for _ = 1, 2 do service:click(phone, { user = "maria.lopez" }) end
    scene:sent(phone, "Maria from our team has joined this chat.")
    service:click(phone, { action = "resume_chat" })
    scene:sent(phone, "Our assistant has this chat again and will answer you here.")
    local stopped = customer()
    service:say(stopped, "STOP")
    scene:sent(stopped, "unsubscribed")
    service:click(stopped, { user = "maria.lopez" })
    send(stopped, "A word of our own", { user = "maria.lopez" })
    scene:sent(stopped, "A word of our own") -- after it nothing else waits in this chat
    assert.equal(1, #scene:tries(phone, "has joined this chat"))
    for _, one in ipairs { quiet, stopped } do
      assert.equal(0, #scene:tries(one, "has joined this chat"))
      assert.equal(0, #scene:tries(one, "has this chat again"))
    end
    service:write("prompts/business.yaml", business)
    assert.equal(0, (service:cli "reload"))
  end)
end)
