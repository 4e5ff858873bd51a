-- What customers say that answers no question, and what follows: with the real process. The model refuses all calls in the first part.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local time = require "host.time"

local FULL = json.encode { address = "12 Elm St", elevator_access = "no", stairs = "no", inventory = "1 couch" }

-- Chats as they are after earlier turns, put into the database while the service is down.
local function put(service, statements)
  service:term()
  for _, statement in ipairs(statements) do service:sql(statement) end
  service:start()
end

local function chat_of(phone)
  return ("INSERT INTO conversations(id, phone_number, last_seq, answered_seq, inbound_at) VALUES ('%s', '%s', 0, 0, %d)"):format(phone, phone, time.now_ms())
end

local function visit_of(phone)
  return ("INSERT INTO bookings(uid, conversation_id, state, start_at, event_at) VALUES ('%s', '%s', 'booked', %d, 1)"):format(meta.word(), phone,
    time.now_ms() + 5 * 86400000)
end

describe("without a model", function()
  local scene, service, stand_ins
  local booked, moved, corrected, complete = meta.phone(), meta.phone(), meta.phone(), meta.phone()

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
    stand_ins:fault { model = "401" }
    local first = meta.phone()
    service:say(first, "hi")
    scene:sent(first, "address")
    local now = time.now_ms()
    put(service, { chat_of(booked), visit_of(booked), chat_of(moved), visit_of(moved), chat_of(corrected), visit_of(corrected), chat_of(complete),
      ("INSERT INTO quote_data(conversation_id, json_dump) VALUES ('%s', '%s')"):format(complete, FULL),
      ("INSERT INTO cases(conversation_id, state, reason, opened_at, posted_at, active_at, known) VALUES ('%s', 'open', 'complete', %d, %d, %d, '%s')")
        :format(complete, now, now, now, FULL) })
  end)

  teardown(chat.close_all)

  -- Says it and returns the answer. `count`: how many answers there are then.
  local function say(phone, text, count)
    service:say(phone, text)
    local list = scene:sent(phone, nil, count or 1)
    return list[#list].text
  end

  local function asked_first(phone)
    assert.truthy(say(phone, "hello"):find("address", 1, true))
  end

  -- Another customer is answered: what was due before has run.
  local function others_answered() say(meta.phone(), "hi") end

  local function card(phone, words)
    local shown = shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    assert.truthy(json.encode(shown.body):find(words, 1, true), json.encode(shown.body))
  end

  it("T1: a wish to cancel a booked visit reaches staff as a card that names it, and is no 'See you then'", function()
    local reply = say(booked, "I need to cancel")
    assert.is_nil(reply:find("See you then", 1, true))
    card(booked, "I need to cancel")
    card(booked, "wants to cancel the visit")
    assert.truthy(say(moved, "can we move it to friday"):find("another time", 1, true))
    card(moved, "can we move it to friday")
  end)

  it("T2: an address that is corrected while a visit is booked reaches staff", function()
    say(corrected, "wrong address, its 21 Elm St")
    scene:posts "21 Elm St"
    shell.until_(function() return tostring(scene:known(corrected).address):find("21 Elm St", 1, true) end, 5, "the address")
  end)

  it("T3: T12: 'call me' reaches staff, answers nothing, and nothing is asked afterwards", function()
    local phone = meta.phone()
    asked_first(phone)
    assert.is_nil(say(phone, "call me", 2):find("address", 1, true))
    card(phone, "call me")
    assert.is_nil(say(phone, "ok, any time after 5", 3):find("address", 1, true))
    assert.same({}, scene:known(phone))
  end)

  it("T4: a complaint reaches staff and nothing is asked", function()
    local phone = meta.phone()
    assert.is_nil(say(phone, "you guys damaged my wall"):find("address", 1, true))
    card(phone, "damaged my wall")
    card(phone, "complains")
  end)

  it("T5: 'not interested' is one line to staff without a case; ok gets no answer, and a new request goes on as usual", function()
    local phone = meta.phone()
    asked_first(phone)
    assert.is_nil(say(phone, "not interested anymore", 2):find("address", 1, true))
    scene:posts "not interested anymore"
    service:say(phone, "ok")
    service:say(phone, "👍")
    others_answered()
    assert.equal(2, #scene:tries(phone))
    assert.equal(0, #stand_ins:cards(phone))
    assert.truthy(say(phone, "actually I have 2 mattresses", 3):find("address", 1, true))
    assert.is_nil(scene:column(phone, "ended_at"))
  end)

  it("T6: 'are you a bot?' is answered truthfully, and the open question stays", function()
    local phone = meta.phone()
    asked_first(phone)
    local reply = say(phone, "are you a bot?", 2)
    assert.truthy(reply:find("assistant", 1, true) and reply:find("address", 1, true), reply)
  end)

  it("T7: thanks after everything is known gets a short word once, and promises nothing", function()
    local reply = say(complete, "thanks!")
    assert.is_nil(reply:find("will see that too", 1, true))
    service:say(complete, "thanks again")
    others_answered()
    assert.equal(1, #scene:tries(complete))
    say(complete, "sorry, we found someone else", 2)
    scene:posts "we found someone else"
  end)

  it("T10: a wrong number is no address, reaches staff and ends the questions", function()
    local phone = meta.phone()
    asked_first(phone)
    assert.is_nil(say(phone, "Sorry, wrong number", 2):find("Is there", 1, true))
    scene:posts "wrong number"
    assert.same({}, scene:known(phone))
    assert.equal(0, #stand_ins:cards(phone))
  end)

  it("T30: a question without a question mark reaches staff", function()
    local phone = meta.phone()
    say(phone, "im in Hamilton do u come here")
    scene:posts "im in Hamilton do u come here"
  end)

  it("T40: words that nobody understands reach staff from the second message on, and the question is not asked three times", function()
    local phone, asked = meta.phone(), 0
    asked_first(phone)
    for i, words in ipairs { "qwzx one", "qwzx two", "qwzx three" } do
      if say(phone, words, i + 1):find("address", 1, true) then asked = asked + 1 end
    end
    scene:posts "qwzx one"
    scene:posts "qwzx two"
    scene:posts "qwzx three"
    assert.is_true(asked < 2)
  end)

  it("hands off at the third message running of a kind that it cannot use, and says so once", function()
    local phone = meta.phone()
    for i = 1, 3 do
      assert.equal(200, service:hook { messages = { meta.message(phone, "poll", {}) } })
      if i < 3 then scene:sent(phone, "only handle text messages", 1) end
      others_answered()
    end
    scene:sent(phone, "someone from our team", 1)
    assert.equal(2, #scene:tries(phone))
    shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    local burst = meta.phone()
    assert.equal(200, service:hook { messages = { meta.message(burst, "poll", {}), meta.message(burst, "poll", {}), meta.message(burst, "poll", {}) } })
    scene:sent(burst, "only handle text messages", 1)
    shell.until_(function() return stand_ins:cards(burst)[1] end, 5, "the card of the burst")
  end)
end)

describe("with a model", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { files = { ["prompts/business.yaml"] = 'answers:\n  - words: [opening hours]\n    text: "We are open {hours}."\n' } }
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  it("T4: the model writes the reply, and the card is posted although it did not ask for it", function()
    local phone = meta.phone()
    local word = scene:ask(phone, "I'm so sorry to hear that.", "you guys damaged my wall")
    assert.truthy(scene:sent(phone)[1].text:find(word, 1, true))
    local shown = shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    assert.truthy(json.encode(shown.body):find("complains", 1, true))
    local messages = stand_ins:models(word)[1].body.messages
    assert.truthy(messages[#messages].content:find('"missing":[]', 1, true), messages[#messages].content)
  end)

  it("T1: a reply that contradicts the wish is replaced by the fixed text", function()
    local phone = meta.phone()
    scene:ask(phone, "No problem, see you then!", "I need to cancel my appointment")
    assert.truthy(scene:sent(phone)[1].text:find("told our team that you want to cancel", 1, true))
    shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
  end)

  it("T1: a wish to cancel that is taken back reaches staff too", function()
    local phone = meta.phone()
    put(service, { chat_of(phone), visit_of(phone) })
    scene:ask(phone, "I'll let the team know.", "I need to cancel my appointment")
    shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    stand_ins:plan { contains = "never mind", answer = { reply_to_user = "No problem, it stays as it is.", extracted_data = {}, action = "continue" } }
    service:say(phone, "never mind")
    scene:sent(phone, "it stays as it is")
    scene:posts "takes back what was said last"
  end)

  it("T6: a reply that denies being an assistant is replaced, a true one is sent", function()
    local phone, other = meta.phone(), meta.phone()
    scene:ask(phone, "Haha no, I'm a real person!", "are you a bot?")
    assert.truthy(scene:sent(phone)[1].text:find("automated assistant", 1, true))
    local word = scene:ask(other, "I'm ClearoutSpaces' virtual assistant. How can I help?", "are you a bot?")
    scene:sent(other, word)
  end)

  it("T5: nothing more is asked of somebody who is not interested: a reply that asks is replaced", function()
    local phone = meta.phone()
    scene:ask(phone, "No worries! What's the pickup address?", "not interested anymore")
    assert.is_nil(scene:sent(phone)[1].text:find("address", 1, true))
    assert.equal(0, #stand_ins:cards(phone))
  end)

  it("T7: a second thanks gets no answer, but an ok to a question of the model does", function()
    local phone = meta.phone()
    local full = { address = "12 Elm St", elevator_access = "no", stairs = "no", inventory = "1 couch" }
    scene:ask(phone, { answer = { reply_to_user = "Perfect.", extracted_data = full } })
    scene:sent(phone, "Perfect")
    stand_ins:plan { contains = "thanks a lot", answer = { reply_to_user = "You're welcome! Shall we find a day for a visit?" } }
    service:say(phone, "thanks a lot")
    scene:sent(phone, "find a day", 1)
    stand_ins:plan { contains = "sounds good", answer = { reply_to_user = "Great, our team will write soon." } }
    service:say(phone, "sounds good")
    scene:sent(phone, "write soon", 1)
    service:say(phone, "ok")
    scene:marker()
    assert.equal(3, #scene:tries(phone))
  end)

  it("an owner's fixed answer is sent without a model call", function()
    local phone, before = meta.phone(), #stand_ins:requests "model"
    service:say(phone, "Hi, what are your opening hours?")
    assert.truthy(scene:sent(phone)[1].text:find("We are open Monday to Saturday 08:00-18:00, Sunday closed.", 1, true))
    assert.equal(before, #stand_ins:requests "model")
  end)
end)
