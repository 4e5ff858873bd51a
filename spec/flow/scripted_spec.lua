local guards = require "language.guards"
local intents = require "language.intents"
local quote = require "flow.quote"
local scripted = require "flow.scripted"
local shell = require "spec.support.shell"
local understand = require "language.understand"
local yaml = require "host.yaml"

local FRENCH = assert(yaml.decode(assert(shell.read(shell.prompts .. "/replies.fr.yaml")), "fr"))
local READY = intents.ready { { code = "en" }, { code = "fr" } }
local FIELDS = { "address", "elevator_access", "stairs", "inventory" }

-- A whole chat: each step is {what the customer writes (one text or several), what the answer must hold (a list), action}.
local function story(steps, options)
  options = options or {}
  local chat = { data = options.data or {}, last_reply = options.last_reply, asked = options.asked, log = {} }
  for i, step in ipairs(steps) do
    local texts = type(step[1]) == "table" and step[1] or { step[1] }
    texts.photos = step.photos
    local intent = intents.find(READY, texts, { booked = options.visit ~= nil, yes_no = scripted.wants_yes_no(chat.asked) })
    local answer = scripted.answer { fields = options.fields or FIELDS, data = chat.data, texts = texts, asked = chat.asked,
      languages = { { code = "en", texts = options.replies or {} }, { code = "fr", texts = FRENCH } }, language = options.language,
      asked_times = chat.asked_times, intent = intent, thanked = not intent and intents.thanks(READY, texts), last_reply = chat.last_reply,
      human = options.human, circuit_open = options.circuit_open, visit = options.visit }
    local at = ("step %d, %q: %q"):format(i, texts[1], answer.reply)
    for _, part in ipairs(type(step[2]) == "table" and step[2] or { step[2] }) do
      assert.is_truthy(answer.reply:find(part, 1, true), at .. " lacks " .. part)
    end
    assert.equal(step[3] or "continue", answer.action, at)
    assert.is_truthy(answer.reply ~= chat.last_reply, at .. " is said twice")
    assert.is_nil(guards.check(answer.reply, {}), at)
    chat.data = quote.merge(chat.data, answer.data, options.fields or FIELDS)
    chat.asked_times = scripted.times(answer.asked, chat, nil).asked
    chat.asked, chat.last_reply, chat.question, chat.keys, chat.ends = answer.asked, answer.reply, answer.question, answer.keys, answer.ends
  end
  return chat
end

describe("the fixed questions", function()
  it("asks nothing once a visit is booked, and says when it is", function()
    local at = { month = 11, day = 24, hour = 14, min = 30, wday = 2 }
    local chat = story({
      { "thanks", "Tuesday, November 24 at 2:30 PM" }, { "I also have 3 chairs", "added" },
      { "Do you take pianos?", "passed your question" }, { "see you", "2:30 PM" }, { "the side door is open", "added" },
    }, { visit = { state = "booked", at = at }, last_reply = "You're booked." })
    assert.is_nil(chat.asked)
    story({ { "merci beaucoup", "mardi 24 novembre à 14 h 30" } }, { visit = { state = "booked", at = at }, last_reply = "Bonjour, c'est noté.", language = "fr" })
  end)

  it("carries a whole conversation with plain answers", function()
    local chat = story {
      { "hi", { "Hi!", "address" } }, { "123 Main St", { "Thanks", "elevator" } }, { "no elevator", "stairs" }, { "2 flights", "items" },
      { "a couch and two chairs", "quote", "handoff" }, { "thanks!", "welcome" },
    }
    assert.same({ address = "123 Main St", elevator_access = "no elevator", stairs = "2 flights", inventory = "a couch and two chairs" }, chat.data)
  end)

  it("understands everything at once", function()
    local chat = story { { "Hi, I need a couch and 2 chairs removed from 77 Quillfeather Rd, Toronto, ground floor, no stairs, there is an elevator",
      "quote", "handoff" } }
    assert.same({ address = "77 Quillfeather Rd, Toronto", elevator_access = "there is an elevator", stairs = "ground floor, no stairs",
      inventory = "a couch and 2 chairs" }, chat.data)
  end)

  it("takes yes and no as answers to what it asked", function()
    local chat = story { { "I need a couch removed", "address" }, { "Apt 1200, 350 King St W", "elevator" }, { "yes", "stairs" }, { "nope", "quote", "handoff" } }
    assert.same({ address = "Apt 1200, 350 King St W", elevator_access = "yes", stairs = "nope", inventory = "a couch" }, chat.data)
  end)

  it("reads a burst as one", function()
    local chat = story { { { "hello", "I have a fridge, a stove", "and 3 mattresses", "we are at 12 Mt Pleasant Rd E, North York, ON M5V 2T6" }, "elevator" } }
    assert.equal("12 Mt Pleasant Rd E, North York, ON M5V 2T6", chat.data.address)
    assert.equal("a fridge, a stove, 3 mattresses", chat.data.inventory)
  end)

  it("does not ask again and again when the customer does not know", function()
    local chat = story({ { "I don't know", "stairs" }, { "not sure", "items" } }, { data = { address = "5 Elm" }, asked = "elevator_access", last_reply = "Is there an elevator we can use?" })
    assert.equal(understand.NOT_SURE, chat.data.elevator_access)
    assert.equal(understand.NOT_SURE, chat.data.stairs)
  end)

  it("passes questions to the team and continues to ask", function()
    local chat = story { { "How much for a couch?", { "I've passed your question to our team.", "address" } } }
    assert.equal("How much for a couch?", chat.question)
    assert.equal("a couch", chat.data.inventory)
    chat = story({ { "Do you work on Saturdays?", { "I've passed your question to our team.", "elevator" } } },
      { data = { address = "5 Elm" }, last_reply = "Thanks! Is there an elevator we can use?" })
    assert.equal("Do you work on Saturdays?", chat.question)
    assert.is_nil(chat.data.elevator_access)
  end)

  it("recognises a request", function()
    local chat = story { { "Can you remove a couch and 2 chairs?", "address" } }
    assert.is_nil(chat.question)
    assert.equal("a couch and 2 chairs", chat.data.inventory)
  end)

  it("T40: asks once more in other words, then leaves the field open and asks for the next one", function()
    local chat = story({ { "hmm", "be taken down in an elevator" }, { "not sure what you mean", "stairs" }, { "there are many things", "flights of stairs" },
      { "zzz", "items" }, { "zzz", "Which items" } }, { data = { address = "5 Elm" }, asked = "elevator_access", last_reply = "Is there an elevator we can use?" })
    assert.equal(understand.NOT_SURE, chat.data.elevator_access)
    assert.equal(understand.NOT_SURE, chat.data.stairs)
    assert.is_nil(chat.data.inventory)
  end)

  it("T40: leaves nothing open because of a question: it passes the question on, and asks the next field or nothing", function()
    local known = { address = "5 Elm", elevator_access = "no", stairs = "no" }
    local chat = story({ { "how much?", "items" }, { "when can you come?", "passed your question" } }, { data = known, asked = "inventory", last_reply = "x" })
    assert.is_nil(chat.asked)
    assert.is_nil(chat.data.inventory)
  end)

  it("counts the messages running that it could not read, which staff must see", function()
    local function answer(message, unread_times)
      return scripted.answer { fields = FIELDS, data = {}, texts = { message }, asked = "address", last_reply = "x", unread_times = unread_times }
    end
    assert.equal(2, answer("zzz", 1).unread_times)
    assert.equal("zzz", answer("zzz", 1).not_understood)
    assert.equal(0, answer("ok", 1).unread_times)
    assert.equal(0, answer("12 Elm St", 1).unread_times)
  end)

  it("T40: answers questions without asking the same a third time, and asks again afterwards", function()
    local chat = story({ { "do you take pianos?", { "passed your question", "address" } }, { "are you open on Sunday?", "passed your question" },
      { "how much is a fridge?", "passed your question" }, { "12 Elm St", "elevator" } }, { asked = "address", last_reply = "Hi! What's the pickup address?" })
    assert.equal("12 Elm St", chat.data.address)
  end)

  it("asks an owner's own field again in other words", function()
    story({ { "hi", "the gate code" }, { "zzz?", "passed your question" } }, { fields = { "gate_code", "floor" } })
    story({ { "ok", "I still need one thing: the gate code" } }, { fields = { "gate_code" }, asked = "gate_code", last_reply = "Could you tell me the gate code?" })
    story({ { "ok", "The code, please?" } }, { fields = { "gate_code" }, asked = "gate_code", last_reply = "Code?",
      replies = { ask_gate_code = "Code?", ask_gate_code_again = "The code, please?" } })
  end)

  it("uses another text while no model can be reached", function()
    story({ { "zzz", "address" }, { "zzz", "address" }, { "zzz", "elevator" }, { "zzz", "elevator" }, { "zzz", "stairs" } }, { circuit_open = true })
  end)

  it("T7: thanks for thanks once when nothing is left to ask, and wants nothing more", function()
    local full = { address = "12 Elm St", elevator_access = "no", stairs = "no", inventory = "1 couch" }
    local chat = story({ { "thanks!", "You're welcome" } }, { data = full, last_reply = "Thank you, that's everything we need!" })
    assert.same({ "welcome" }, chat.keys)
    assert.is_true(chat.ends)
    chat = story({ { "thanks!", "address" } }, { data = {}, asked = "address", last_reply = "What's the pickup address?" })
    assert.is_nil(chat.ends)
    story({ { "👍", "You're welcome" } }, { data = {}, human = true, last_reply = "Of course. I've asked a member of our team to get in touch with you." })
  end)

  it("T1: T4: T5: T10: T12: answers a wish with its own text, takes no facts from it and asks nothing", function()
    for message, key in pairs { ["I need to cancel"] = "cancel_visit", ["can we move it to friday"] = "change_visit", ["you guys damaged my wall"] = "complaint",
      ["Sorry, wrong number"] = "wrong_number", ["not interested anymore"] = "not_interested", ["call me"] = "call_me", ["I want a refund for the couch"] = "complaint" } do
      local chat = story({ { message, { "our team" } } }, { asked = "address", last_reply = "What's the pickup address?" })
      assert.same({ key }, chat.keys, message)
      assert.same({}, chat.data, message)
      assert.is_nil(chat.asked)
      assert.is_nil(chat.question)
    end
  end)

  it("T6: says truthfully that it is an assistant, and the open question stays", function()
    local chat = story({ { "are you a bot?", { "automated assistant", "address" } } }, { asked = "address", last_reply = "What's the pickup address?" })
    assert.equal("address", chat.asked)
    assert.is_nil(chat.question)
    story({ { "are you a bot?", "automated assistant" } }, { human = true, last_reply = "x" })
  end)

  it("asks nothing of someone who waits for a person", function()
    local chat = story({ { "hello?", "team" }, { "hello??", "team" }, { "it's at 5 Elm Street", "team" }, { "when do you open?", "team" }, { "so?", "team" } },
      { human = true })
    assert.equal("5 Elm Street", chat.data.address)
    assert.is_nil(chat.asked)
  end)

  it("does not say see you then to someone who wants to cancel or to move the visit, and thanks", function()
    local at = { month = 11, day = 24, hour = 14, min = 30, wday = 2 }
    story({ { "thanks", "welcome" } }, { visit = { state = "booked", at = at }, human = true, last_reply = "x" })
  end)

  it("says that everything is known where the last open question is left open after an ok", function()
    local data = { address = "5 Elm", elevator_access = "no", inventory = "a couch" }
    local chat = story({ { "hmm", "flights" }, { "ok", "everything we need", "handoff" } }, { data = data, asked = "stairs", last_reply = "x" })
    assert.equal("complete", chat.keys[#chat.keys])
  end)

  it("puts its question in other words to a customer who asks what it meant, and passes nothing on", function()
    local chat = story { { "hi", "pickup address" }, { "what do u mean", "Could you send me the address" }, { "12 Elm St", "elevator" },
      { "huh?", "Can things be taken down in an elevator?" } }
    assert.is_nil(chat.question)
    story { { "hi", "pickup address" }, { "what?", "Could you send me the address" }, { "what??", { "sort that out later", "elevator" } } }
  end)

  it("answers a customer who writes after everything is known", function()
    local data = { address = "5 Elm", elevator_access = "no", stairs = "no", inventory = "a couch" }
    local chat = story({ { "also a lamp", "added" }, { "where are you?", "question" }, { "qwertz asdf", "added" } }, { data = data, last_reply = "x" })
    assert.equal("a couch, a lamp", chat.data.inventory)
  end)

  it("understands pins, captions and photos", function()
    local chat = story { { "[photo]", "address", photos = 1 }, { "[photo: my old fridge]", "address", photos = 1 }, { "[location: 12 Elm St, Toronto]", "elevator" } }
    assert.same({ address = "12 Elm St, Toronto", inventory = "1 photo, my old fridge" }, chat.data)
  end)

  it("leaves no question open because photos came, one after another", function()
    local chat = story { { "[photo]", "address", photos = 1 }, { "[photo]", "address", photos = 1 }, { "[photo]", "elevator", photos = 1 }, { "[video]", "address" },
      { "[document: list.pdf]", "address" }, { "12 Elm St, Toronto", "elevator" } }
    assert.equal("12 Elm St, Toronto", chat.data.address)
    assert.is_nil(chat.data.elevator_access)
    story({ { "[photo]", "floor", photos = 1 }, { "[photo]", "floor", photos = 1 }, { "[photo]", "Thanks!", photos = 1 }, { "third floor", "quote", "handoff" } },
      { fields = { "floor" }, last_reply = "x", replies = { ask_floor = "Which floor?" } })
  end)

  it("knows what was asked last from the row, never from the words of a reply", function()
    local options = { fields = { "address", "parking" }, data = { address = "5 Elm" }, asked = "parking", last_reply = "Thanks! Where may the truck stand?",
      replies = { ask_parking = "Where may the truck stand?" } }
    assert.equal("behind the building", story({ { "behind the building", "quote", "handoff" } }, options).data.parking)
    options.asked = nil
    assert.is_nil(story({ { "no", "truck" } }, { fields = options.fields, data = options.data, replies = options.replies,
      last_reply = "Is there parking?" }).data.parking)
  end)

  it("takes a model's reply that ends in a question for the question of the first field that is missing", function()
    for reply, asked in pairs { ["Great! Where may the truck stand?"] = "parking", ["Great! Where may the truck stand? 🚚"] = "parking", ['Any "parking?"'] = "parking",
      ["Where? Tell me the street."] = false, ["Thanks!"] = false, [""] = false } do
      assert.equal(asked or nil, scripted.asked_by(reply, { "parking", "stairs" }), reply)
    end
    assert.is_nil(scripted.asked_by("Anything else?", {}))
    assert.same({ asked = 2, unread = 0 }, scripted.times("stairs", { asked = "stairs", asked_times = 1 }))
    assert.same({ asked = 1, unread = 0 }, scripted.times("stairs", { asked = "address", asked_times = 2 }))
    assert.same({ asked = 0, unread = 1 }, scripted.times(nil, { asked = "address", asked_times = 2 }, 1))
  end)

  it("T24: asks neither for stairs nor for an elevator after a bungalow", function()
    story({ { "its a bungalow", "items" } }, { data = { address = "5 Elm" }, asked = "elevator_access", last_reply = "x" })
    story({ { "its a bungalow", "items" } }, { data = { address = "5 Elm", elevator_access = "no" }, asked = "stairs", last_reply = "x" })
    local unsure = { address = "5 Elm", elevator_access = understand.NOT_SURE }
    assert.equal("its a bungalow", story({ { "its a bungalow", "items" } }, { data = unsure, asked = "stairs", last_reply = "x" }).data.elevator_access)
  end)

  it("T2: keeps a second address for staff beside the first, and puts a corrected one in its place", function()
    local function after(message) return story({ { message, "elevator" } }, { data = { address = "12 Elm St" }, last_reply = "x" }).data.address end
    assert.equal("12 Elm St; 40 Oak Ave", after("also 40 Oak Ave"))
    assert.equal("12 Elm St, apt 4B", after("its apt 4B"))
    assert.equal("12 Elm St, Toronto", after("12 Elm St, Toronto"))
    for _, message in ipairs { "wrong address, its 21 Elm St", "no sorry, 21 Elm St", "actually 21 Elm St" } do assert.equal("21 Elm St", after(message)) end
    assert.equal("14 Elm St, Vaughan", story({ { "actually its 14 Elm St", "elevator" } }, { data = { address = "12 Elm St, Vaughan" }, last_reply = "x" }).data.address)
    for _, message in ipairs { "40 Oak Ave", "40 Oak Ave, Brampton" } do
      assert.equal("40 Oak Ave, Brampton", story({ { message, "elevator" } }, { data = { address = "Brampton" }, last_reply = "x" }).data.address)
    end
  end)

  it("corrects one thing of a list beside the list, and a whole list where only that is meant", function()
    local function after(earlier, message) return story({ { message, "address" } }, { data = { inventory = earlier }, last_reply = "x" }).data.inventory end
    assert.equal("4 tires", after("2 tires", "actually 4 tires"))
    assert.equal("sofa loveseat coffee table (corrected: no loveseat)", after("sofa loveseat coffee table", "actually no loveseat"))
    assert.equal("a sofa (corrected: scratch the lamp)", after("a sofa", "scratch the lamp"))
    assert.equal("a piano, 2 tires (corrected: 4 tires)", after("a piano, 2 tires", "actually 4 tires"))
    assert.equal("4 tires", after("a piano, 2 tires", "sorry, only 4 tires"))
    assert.equal("a piano, 2 tires, 3 chairs", after("a piano, 2 tires", "and 3 chairs"))
  end)

  it("keeps the floor that answered the elevator when the elevator is answered", function()
    local chat = story({ { "3rd floor", "stairs" }, { "yes theres an elevator but its small", "items" } },
      { data = { address = "5 Elm" }, asked = "elevator_access", last_reply = "x" })
    assert.same({ address = "5 Elm", elevator_access = "yes theres an elevator but its small", stairs = "3rd floor" }, chat.data)
  end)

  it("speaks French with those who do", function()
    local chat = story({ { "Bonjour", { "Bonjour", "adresse" } }, { "123 rue Principale", "ascenseur" }, { "pas d'ascenseur", "escaliers" },
      { "2 étages", "articles" }, { "un canapé et deux chaises", "soumission", "handoff" } }, { language = "fr" })
    assert.same({ address = "123 rue Principale", elevator_access = "pas d'ascenseur", stairs = "2 étages", inventory = "un canapé et deux chaises" }, chat.data)
  end)

  it("asks for any field the owner adds, and takes the plain answer", function()
    local chat = story({ { "hello", "preferred day" }, { "Next Tuesday", "gate code" }, { "4455", "quote", "handoff" } }, { fields = { "preferred_day", "gate_code" } })
    assert.same({ preferred_day = "Next Tuesday", gate_code = "4455" }, chat.data)
  end)

  it("uses the owner's wording", function()
    story({ { "hi", { "Ahoy.", "Where to?" } } }, { replies = { greeting = "Ahoy.", ask_address = "Where to?" } })
  end)

  it("never sends the same text twice in a row, whatever it reads", function()
    math.randomseed(3)
    local lines = { "hi", "zzz", "no", "yes", "?", "how much?", "a couch", "5 Elm St", "2 flights", "no elevator", "[photo]", "ok", "I don't know", "", "👍", "thanks" }
    for round = 1, 200 do
      local steps = {}
      for i = 1, 12 do steps[i] = lines[math.random(#lines)] end
      local data, last, asked = {}, nil, nil
      for _, line in ipairs(steps) do
        local answer = scripted.answer { fields = FIELDS, data = data, texts = { line }, asked = asked, last_reply = last,
          human = round % 3 == 0, circuit_open = round % 2 == 0 }
        assert.is_truthy(answer.reply:find("%S"))
        assert.is_true(answer.reply ~= last, line .. ": " .. answer.reply)
        data, asked, last = quote.merge(data, answer.data, FIELDS), answer.asked, answer.reply
      end
    end
  end)

  it("fails at no text", function()
    for _, message in ipairs { "", "\0", "\xff", ("a "):rep(30000), ("1 "):rep(20000), ("?"):rep(20000), "👩‍👩‍👧", ("5 Elm "):rep(3000), ("and "):rep(9000) } do
      assert.has_no.errors(function() scripted.answer { fields = FIELDS, data = {}, texts = { message } } end)
    end
  end)
end)
