local keywords = require "language.keywords"

local HOURS = { words = { en = { "opening hours", "when are you open" }, fr = { "heures d'ouverture" } }, text = { en = "We're open.", fr = "Ouvert." } }
local PARKING = { words = { any = { "parking" } }, text = { any = "Park in front." } }
local READY = keywords.ready { HOURS, PARKING }

describe("keyword answers", function()
  it("are found where a message consists of their words, whatever politeness is around", function()
    for _, message in ipairs { "opening hours", "Opening hours?", "hi, what are your opening hours please?", "WHEN ARE YOU OPEN", "Can you tell me your opening hours?",
      "quelles sont vos heures d'ouverture?", "Bonjour, heures d’ouverture svp" } do
      assert.equal(HOURS, keywords.find(READY, { message }), message)
    end
    assert.equal(HOURS, keywords.find(READY, { "hello", "opening hours?" }))
    assert.equal(PARKING, keywords.find(READY, { "parking?" }))
  end)

  it("are not found where a message says more, or asks for two", function()
    for _, message in ipairs { "are you open on Sunday?", "opening hours and parking", "the opening is 2 hours away", "I have a couch", "", "hello", "hours", "open the gate",
      "there is parking in the back, 2 couches", ("opening hours "):rep(50) } do
      assert.is_nil(keywords.find(READY, { message }), message)
    end
    assert.is_nil(keywords.find(READY, { "opening hours?", "parking?" }))
    assert.is_nil(keywords.find(READY, { "opening hours?", "I have a couch" }))
    assert.is_nil(keywords.find({}, { "opening hours?" }))
  end)

  it("are written like the other phrases: with | and brackets", function()
    local answer = { words = { any = { "when|what-time do you open|close (today)", "(our) address" } }, text = { any = "9 to 5." } }
    local ready = keywords.ready { answer }
    for _, message in ipairs { "when do you open?", "What time do you close today?", "hi, when do you close", "our address", "address?" } do
      assert.equal(answer, keywords.find(ready, { message }), message)
    end
    for _, message in ipairs { "what do you open", "when | what", "do you open my couch today" } do assert.is_nil(keywords.find(ready, { message }), message) end
    assert.same({ "parking" }, keywords.wordings("(parking)"))
    assert.is_true(#keywords.wordings(("a|b (c) "):rep(20)) <= 32)
  end)

  it("come in the customer's language, else in the one that there is", function()
    assert.equal("Ouvert.", keywords.text(HOURS, "fr"))
    assert.equal("We're open.", keywords.text(HOURS, "es"))
    assert.equal("Park in front.", keywords.text(PARKING, "fr"))
  end)
end)
