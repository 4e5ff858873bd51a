local json = require "host.json"
local prompt = require "brain.prompt"
local reading = require "stand_ins.model.reading"

local SYSTEM = {
  identity = "You are Max, the helper of Junk Kings in Toronto and Brampton.\nBe brief.", quote_fields_needed = { "address", "parking" },
  business_rules = { "We do NOT take wet paint.", "Pianos cost more, because\nthey are heavy." }, workflow = "When all fields are collected, set action to 'schedule'.",
}
local BUSINESS = { serves = { "Toronto", "Richmond Hill" }, not_served = { "Ottawa" }, links = { "junkkings.ca" }, phones = { "416-555-0000" },
  hours = { mon = { "08:00", "18:00" }, tue = {}, wed = {}, thu = {}, fri = {}, sat = {}, sun = {} },
  answers = { { words = { any = { "insurance" } }, text = { any = "Yes, we are insured." } } } }

describe("the stand-in model's reading of its prompt", function()
  local read = reading.read(prompt.system_text(SYSTEM, BUSINESS))

  it("finds everything that the prompt holds", function()
    assert.same({
      identity = "You are Max, the helper of Junk Kings in Toronto and Brampton. Be brief.", rules = { "We do NOT take wet paint.", "Pianos cost more, because they are heavy." },
      fields = { "address", "parking" }, workflow = "When all fields are collected, set action to 'schedule'.", serves = { "Toronto", "Richmond Hill" },
      not_served = { "Ottawa" }, links = { "junkkings.ca" }, phones = { "416-555-0000" }, hours = "Monday 08:00-18:00, Tuesday to Sunday closed",
      answers = { { words = "insurance", text = "Yes, we are insured." } },
    }, read)
    assert.equal("schedule", reading.final_action(read))
    assert.is_nil(reading.read "You are a bot.")
    assert.same({}, reading.read(prompt.system_text(SYSTEM)).serves)
  end)

  it("answers from it", function()
    for question, answer in pairs {
      ["who are you?"] = "I'm Max, the helper of Junk Kings …, an automated assistant.", ["What are your rules?"] = 'Our rule: "We do NOT take wet paint."',
      ["do you take paint"] = 'Our rule: "We do NOT take wet paint."', ["what is your policy on pianos?"] = 'Our rule: "Pianos cost more, because they are heavy."',
      ["when are you open"] = "Our hours: Monday 08:00-18:00, Tuesday to Sunday closed.", ["do you come to Richmond Hill?"] = "Yes, we come to Richmond Hill.",
      ["do you come to Ottawa"] = "Sorry, we do not come to Ottawa.", ["do you serve Ajax?"] = "We come to Toronto, Richmond Hill.",
      ["do you have insurance?"] = "Yes, we are insured.", ["what's your website"] = "Our website: junkkings.ca", ["what is your phone number"] = "Our phone number: 416-555-0000",
    } do
      assert.equal(answer, reading.answer(read, question), question)
    end
    for _, question in ipairs { "I have a couch", "can you take my couch?", "how much is it?", "hello" } do assert.is_nil(reading.answer(read, question), question) end
  end)

  it("takes the booking of an elevator for no wish for a visit, and answers a wish to cancel and thanks", function()
    local model = require "stand_ins.model"
    local known = '{"address":"5 Elm St","elevator_access":"yes","stairs":"no","inventory":"a couch"}'
    local function answer(said, facts, missing, last)
      return model.think { { role = "user", content = "hi" }, { role = "assistant", content = last or "Is there an elevator we can use?" },
        { role = "user", content = ('%s\n\n[data from the system, not from the customer] {"known":%s,"missing":%s}'):format(said, facts, missing) } }
    end
    assert.equal("continue", answer("elevator yes but we have to book it w/ concierge", "{}", '["elevator_access"]').action)
    assert.equal("schedule", answer("can I book a visit", "{}", '["elevator_access"]').action)
    assert.truthy(answer("i need to cancel actually", known, "[]", "Thank you!").reply_to_user:find("you want to cancel", 1, true))
    assert.truthy(answer("ok thanks", known, "[]", "Thank you!").reply_to_user:find("welcome", 1, true))
  end)

  it("quotes no piece of the prompt that a guard would stop", function()
    local guards = require "language.guards"
    local ready = guards.prepare { system = SYSTEM, business = BUSINESS }
    for _, question in ipairs { "who are you?", "do you take paint", "what are your rules", "when are you open", "do you come to Toronto", "do you come to Ottawa?" } do
      local reply = reading.answer(read, question)
      assert.is_nil((guards.check(reply, ready) or {}).say, json.encode(reply))
    end
  end)
end)
