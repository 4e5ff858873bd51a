-- A turn, from the customer's messages to the reply: docs/contract.md, and H6, H7, B11 and B12 as far as they are about turns.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"

local FULL = { address = "1 King St, Toronto", elevator_access = "yes", stairs = "none", inventory = "1 couch" }
local PAUSED_REPLY = "Our team is handling your request directly. We'll be in touch shortly."

describe("a turn", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  local function last_brain(phone) return service:value("SELECT brain || ':' || action FROM turns WHERE conversation_id = '" .. phone .. "' ORDER BY id DESC LIMIT 1") end

  describe("the model's proposal", function()
    it("gets one repair try that says what was wrong; the second answer is used", function()
      local phone = meta.phone()
      local word = scene:plan { times = 1, answer = { reply_to_user = "It costs $350." } }
      scene:plan("Our team will look at the details. Any stairs?", word)
      service:say(phone, "hi " .. word)
      scene:sent(phone, "Our team will look at the details")
      local calls = stand_ins:models(word)
      assert.equal(2, #calls)
      local asked = calls[2].body.messages[#calls[2].body.messages].content
      assert.truthy(asked:find("could not be used", 1, true))
      assert.equal(1, #scene:tries(phone))
    end)

    it("is replaced by the fixed questions after a second useless answer; a question goes to the team and to staff", function()
      local phone = meta.phone()
      scene:ask(phone, { content = "no JSON" }, "Do you also take old pianos?")
      local sent = scene:sent(phone)[1]
      assert.truthy(sent.text:find("I've passed your question to our team.", 1, true), sent.text)
      assert.truthy(sent.text:find("address", 1, true), sent.text)
      scene:posts "old pianos"
    end)

    it("never makes the assistant send the same text twice in a row", function()
      local phone = meta.phone()
      for i = 1, 3 do
        scene:ask(phone, { content = "no JSON" }, "hm")
        scene:sent(phone, nil, i)
      end
      local list = stand_ins:replies(phone)
      for i = 2, #list do assert.not_equal(list[i - 1], list[i]) end
    end)
  end)

  describe("actions", function()
    it("the turn that completes the fields hands off, though the model said continue, and later turns do not again", function()
      local phone = meta.phone()
      scene:ask(phone, { answer = { reply_to_user = "Perfect, thanks.", action = "continue", extracted_data = FULL } })
      local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
      for _, value in pairs(FULL) do assert.truthy(json.encode(card.body):find(value, 1, true), value) end
      scene:sent(phone, scene:ask(phone))
      scene:marker()
      assert.equal(1, #stand_ins:cards(phone))
    end)

    it("schedule in the completing turn sends the link and the card", function()
      local phone = meta.phone()
      scene:ask(phone, { answer = { reply_to_user = "Let us book a visit.", action = "schedule", extracted_data = FULL } })
      local sent = scene:sent(phone)[1]
      assert.truthy(sent.text:find("You can pick a time for an on-site assessment here:", 1, true), sent.text)
      assert.truthy(sent.text:find("https://bookings.clearoutspaces.ca/clearoutspaces/assessment", 1, true))
      assert.is_nil(sent.text:find(phone:sub(-7), 1, true))
      shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
      assert.equal(1, #scene:tries(phone))
    end)

    it("a link that the model writes is removed from a reply with the booking link", function()
      local phone = meta.phone()
      scene:ask(phone, { answer = { reply_to_user = "Book here: https://evil.example/x now please.", action = "schedule" } })
      local sent = scene:sent(phone)[1]
      assert.is_nil(sent.text:find("evil", 1, true))
      assert.truthy(sent.text:find("bookings.clearoutspaces.ca", 1, true))
    end)

    it("a known value that changes after the case was closed makes a new card", function()
      local phone = meta.phone()
      scene:ask(phone, { answer = { reply_to_user = "Perfect.", extracted_data = FULL } })
      shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
      service:click(phone, { user_id = "U1" })
      service:click(phone, { user_id = "U1", action = "resume_chat" })
      scene:sent(phone, scene:ask(phone))
      assert.equal(0, service:value("SELECT count(*) FROM cases WHERE state <> 'closed' AND conversation_id = '" .. phone .. "'"))
      scene:ask(phone, { answer = { reply_to_user = "Noted.", extracted_data = { inventory = "7 wardrobes" } } })
      shell.until_(function() return json.encode(stand_ins:cards(phone)):find("7 wardrobes", 1, true) end, 5, "a new card")
    end)
  end)

  it("a wish for a person needs no model, hands off at once and asks nothing", function()
    local phone, before = meta.phone(), #stand_ins:requests "model"
    service:say(phone, "Can I speak to a real person please")
    shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    local sent = scene:sent(phone)[1]
    assert.is_nil(sent.text:find("?", 1, true), sent.text)
    assert.equal(before, #stand_ins:requests "model")
    local other = meta.phone()
    scene:sent(other, scene:ask(other, nil, "My real estate agent will let you in"))
    assert.equal(0, #stand_ins:cards(other))
  end)

  it("messages that arrive while the model answers wait for the next turn, and all are answered in order", function()
    local phone = meta.phone()
    local word = meta.word()
    stand_ins:plan { contains = word, hold = true, times = 1, answer = { reply_to_user = "First answer " .. word } }
    service:say(phone, "one " .. word)
    shell.until_(function() return stand_ins:models(word)[1] end, 5, "the first call")
    local second = scene:ask(phone, "Second answer")
    shell.until_(function() return scene:column(phone, "last_seq") == 2 end, 5, "the second message")
    assert.equal(0, #scene:tries(phone))
    assert.equal(1, #stand_ins:models(word))
    stand_ins:release()
    scene:sent(phone, "Second answer")
    local list = stand_ins:replies(phone)
    assert.same({ "First answer " .. word, "Second answer " .. second }, list)
    local messages = stand_ins:models(second)[1].body.messages
    assert.equal("assistant", messages[#messages - 1].role)
    assert.equal("First answer " .. word, messages[#messages - 1].content)
  end)

  it("neither the number, nor what a customer wrote of it, nor a wamid reaches the model (H3)", function()
    local phone = meta.phone()
    local shown = ("+%s %s-%s-%s"):format(phone:sub(1, 1), phone:sub(2, 4), phone:sub(5, 7), phone:sub(8))
    local word = scene:ask(phone, nil, "Call me at " .. shown .. " or " .. phone:sub(2))
    scene:sent(phone, word)
    local raw = json.encode(stand_ins:models(word)[1].body)
    assert.is_nil(raw:find(phone:sub(2), 1, true))
    assert.is_nil(raw:find(phone:sub(5, 7) .. "-" .. phone:sub(8), 1, true))
    assert.is_nil(raw:find("wamid", 1, true))
  end)

  it("the customer sees read and typing before the answer, for the newest message", function()
    local phone = meta.phone()
    local word = scene:plan()
    local id = service:say(phone, "hi " .. word)
    scene:sent(phone, word)
    local seen
    for _, request in ipairs(stand_ins:requests("graph", { contains = id })) do
      if request.body.status == "read" and request.body.typing_indicator then seen = true end
    end
    assert.is_true(seen)
  end)

  for text, language in pairs { ["STOP"] = "en", ["Stop."] = "en", ["stop 🛑"] = "en", ["unsubscribe"] = "en", ["ARRÊT"] = "fr", ["arret!"] = "fr" } do
    it("H6: '" .. text .. "' opts out with one confirmation that names START; then silence; START resumes", function()
      local phone = meta.phone()
      scene:sent(phone, scene:ask(phone))
      service:say(phone, text)
      local confirmed = scene:sent(phone, "START")[1].text
      assert.equal(language == "fr", confirmed:lower():find("vous", 1, true) ~= nil, confirmed)
      service:say(phone, text)
      local word = meta.word()
      service:say(phone, "Do you take couches " .. word)
      scene:posts(word)
      scene:marker()
      assert.equal(0, #stand_ins:models(word))
      assert.equal(2, #scene:tries(phone))
      service:say(phone, "start")
      scene:sent(phone, nil, 3)
      scene:sent(phone, scene:ask(phone))
    end)
  end

  it("H6: 'please stop by at 5', CANCEL and END are for the model; START before an opt-out is a text like any other", function()
    for _, text in ipairs { "please stop by at 5", "CANCEL", "END", "START" } do
      local phone = meta.phone()
      service:say(phone, text)
      scene:sent(phone)
      assert.equal(0, scene:column(phone, "opted_out"))
    end
  end)

  it("H7: ten messages in a paused chat: one paused reply, no model, all of them stored and shown to staff in order", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    assert.equal(200, service:click(phone).status)
    local words = {}
    for i = 1, 10 do
      words[i] = meta.word()
      service:say(phone, i .. " " .. words[i])
    end
    scene:posts(words[10])
    scene:sent(phone, PAUSED_REPLY)
    scene:marker()
    assert.equal(1, #scene:tries(phone, PAUSED_REPLY))
    assert.equal(2, #scene:tries(phone))
    assert.equal(11, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"))
    local last = 0
    for i, word in ipairs(words) do
      assert.equal(0, #stand_ins:models(word))
      local post = stand_ins:posts(word)[1]
      assert.is_true(post.id > last, "message " .. i)
      assert.truthy(json.encode(post.body):find(phone:sub(-4), 1, true))
      last = post.id
    end
    service:click(phone, { action = "resume_chat" })
    scene:sent(phone, nil, 3)
    assert.is_true(#stand_ins:models(words[10]) >= 1)
  end)

  it("5: when the chat is given back, the customer's last message is answered", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    service:click(phone)
    local word = scene:ask(phone, "Back with you")
    scene:sent(phone, PAUSED_REPLY)
    service:click(phone, { action = "resume_chat" })
    scene:sent(phone, "Back with you")
    assert.equal(1, #stand_ins:models(word))
  end)

  it("B11: fifty copies of a message at once, and one after a restart, are one answer", function()
    local phone = meta.phone()
    local word = scene:plan()
    local message = meta.text(phone, "once " .. word)
    local bytes = meta.request(service.secret, meta.body { messages = { message } })
    local wire = require "spec.support.wire"
    local peers = {}
    for i = 1, 50 do peers[i] = wire.dial(service.port) end
    for _, peer in ipairs(peers) do peer:send(bytes) end
    for _, peer in ipairs(peers) do
      assert.equal(200, peer:read(1, 5)[1].status)
      peer:close()
    end
    scene:sent(phone, word)
    service:restart()
    assert.equal(200, service:hook { messages = { message } })
    scene:sent(phone, scene:ask(phone))
    assert.equal(2, #scene:tries(phone))
    assert.equal(2, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"))
  end)

  it("B12: out of order, the model sees a burst in the customer's order", function()
    local phone, now = meta.phone(), os.time()
    local words = { meta.word(), meta.word(), meta.word() }
    scene:plan(nil, words[1])
    local list = {}
    for i, at in ipairs { 3, 1, 2 } do list[i] = meta.text(phone, "part " .. words[at], { timestamp = tostring(now - 10 + at) }) end
    assert.equal(200, service:hook { messages = list })
    scene:sent(phone)
    local asked = stand_ins:models(words[1])[1].body.messages
    local text = asked[#asked].content
    assert.is_true(text:find(words[1], 1, true) < text:find(words[2], 1, true))
    assert.is_true(text:find(words[2], 1, true) < text:find(words[3], 1, true))
  end)

  it("B12: a message older than 24 hours gets no free text, and staff are told", function()
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "late " .. word, { timestamp = tostring(os.time() - 3 * 86400) })
    local post = scene:posts(word)[1]
    assert.truthy(json.encode(post.body):find("24 hours", 1, true))
    scene:marker()
    assert.equal(0, #scene:tries(phone))
    assert.equal(0, #stand_ins:models(word))
  end)

  it("B12: a timestamp of tomorrow or of letters is now", function()
    for _, stamp in ipairs { tostring(os.time() + 86400), "abc" } do
      local phone, word = meta.phone(), scene:plan()
      service:say(phone, "hi " .. word, { timestamp = stamp })
      scene:sent(phone, word)
    end
  end)

  it("a location pin fills the address", function()
    local phone = meta.phone()
    local pin = { latitude = 43.6, longitude = -79.3, address = "290 Bremner Blvd, Toronto" }
    assert.equal(200, service:hook { messages = { meta.message(phone, "location", { location = pin }) } })
    scene:sent(phone)
    assert.equal("290 Bremner Blvd, Toronto (43.60000, -79.30000)", scene:known(phone).address)
  end)

  it("a kind that we cannot use gets the polite text once per burst, and none when the burst also holds text", function()
    local polite = "Sorry, I can only handle text messages right now."
    local function odd(phone) return meta.message(phone, "order", { order = { catalog_id = "1" } }) end
    local phone = meta.phone()
    assert.equal(200, service:hook { messages = { odd(phone), odd(phone), odd(phone) } })
    scene:sent(phone, polite)
    local other, word = meta.phone(), scene:plan()
    assert.equal(200, service:hook { messages = { odd(other), meta.text(other, "a couch " .. word) } })
    scene:sent(other, word)
    assert.equal(0, #scene:tries(other, polite))
    assert.truthy(json.encode(stand_ins:models(word)[1].body):find("[unsupported message]", 1, true))
    scene:sent(phone, scene:ask(phone))
    assert.equal(1, #scene:tries(phone, polite))
  end)

  it("reactions, stickers and system messages are silent", function()
    local phone = meta.phone()
    assert.equal(200, service:hook { messages = {
      meta.message(phone, "reaction", { reaction = { message_id = "wamid.x", emoji = "👍" } }), meta.message(phone, "sticker", { sticker = { id = "1" } }),
      meta.message(phone, "system", { system = { body = "x", type = "customer_identity_changed" } }) } })
    scene:sent(phone, scene:ask(phone))
    assert.equal(1, #scene:tries(phone))
  end)

  it("another customer's edit or deletion touches nothing", function()
    local phone, stranger = meta.phone(), meta.phone()
    local word = scene:plan()
    local id = service:say(phone, "mine " .. word)
    scene:sent(phone, word)
    assert.equal(200, service:hook { messages = {
      meta.message(stranger, "edit", { edit = { original_message_id = id, message = { type = "text", text = { body = "stolen" } } } }),
      meta.message(stranger, "revoke", { revoke = { original_message_id = id } }) } })
    scene:sent(phone, scene:ask(phone))
    assert.equal("mine " .. word, service:value("SELECT content FROM messages WHERE id = '" .. id .. "'"))
  end)

  it("button and list replies count as their title, a caption as a photo's words", function()
    local word = scene:plan()
    local phone = meta.phone()
    assert.equal(200, service:hook { messages = { meta.message(phone, "interactive", { interactive = { type = "list_reply", list_reply = { id = "1", title = "Sofa " .. word } } }),
      meta.message(phone, "button", { button = { payload = "p", text = "Yes please" } }), meta.message(phone, "image", { image = { id = "1", caption = "this one" } }) } })
    scene:sent(phone, word)
    local raw = json.encode(stand_ins:models(word)[1].body)
    for _, text in ipairs { "Sofa " .. word, "Yes please", "[photo: this one]" } do assert.truthy(raw:find(text, 1, true), text) end
  end)

  it("a person without a number is answered by the business-scoped id", function()
    local id, word = "CA.1" .. meta.phone(), scene:plan()
    local message = meta.text("", "hi " .. word, { from_user_id = id })
    assert.equal(200, service:hook { messages = { message } })
    local sent = scene:sent(id, word)[1]
    assert.equal(id, sent.body.recipient)
    assert.is_nil(sent.body.to)
    assert.equal("", scene:column(id, "phone_number"))
  end)

  it("the stored answer, the quote and the action of a turn are one: the turn's row names them", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone, { answer = { reply_to_user = "Thanks!", extracted_data = { address = "1 King St" } } }) and "Thanks!")
    assert.equal("model:continue", last_brain(phone))
    assert.equal("1 King St", scene:known(phone).address)
  end)
end)

describe("the fixed texts", function()
  teardown(chat.close_all)

  it("come in the owner's languages only, in the first of them for a customer who has shown none, and follow the file at once", function()
    local scene = chat.open { files = { ["prompts/business.yaml"] = "languages: [en]\n" } }
    local service = scene.service
    local one, two, three = meta.phone(), meta.phone(), meta.phone()
    service:say(one, "ARRÊT")
    scene:sent(one, "You're unsubscribed")
    service:say(two, "Je voudrais parler à une personne, merci")
    scene:sent(two, "I've asked a member of our team")
    service:write("prompts/business.yaml", "languages: [fr, en]\n")
    assert.equal(0, (service:cli "reload"))
    service:say(three, "STOP")
    scene:sent(three, "Vous êtes désabonné")
    service:write("prompts/business.yaml", "# ours\nlanguages: [en, xx]\n")
    local code, text = service:cli "reload"
    assert.equal(5, code, text)
    assert.truthy(text:find("business.yaml:2", 1, true) and text:find("no code of a language", 1, true), text)
    scene:close()
  end)
end)
