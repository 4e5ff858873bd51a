-- language/loops: two machines that answer each other are noticed, and people are not taken for one.

package.path = "scripts/?.lua;" .. package.path

local loops = require "language.loops"

-- Any short mark that depends on the words will do.
local function hash(words)
  local sum = 5381
  for i = 1, #words do sum = (sum * 33 + words:byte(i)) & 0xffffffff end
  return ("%08x"):format(sum)
end

-- Plays a chat: each entry is { seconds since our reply, text, kind }, a text alone comes 20 s after it. Our reply follows each turn, unless
-- a machine was noticed. Returns at which message it began, whether it is on at the end, and how often it began.
local function play(chat)
  local now, at, stored, began, times, on = 1000000, nil, nil, nil, 0, false
  for i, entry in ipairs(chat) do
    if type(entry) == "string" then entry = { 20, entry } end
    now = (at or now) + math.floor(entry[1] * 1000)
    local loop = loops.look(stored, { { content = entry[2], kind = entry[3] or "text" } }, now, hash)
    if loop.fires then began, times = began or i, times + 1 end
    on = loop.on
    now = now + 6000 -- quiet, the model
    at = now
    stored = loops.remember(loop, not on and now or nil)
  end
  return began, on, times
end

local function again(count, entry, make)
  local list = {}
  for i = 1, count do list[i] = make and make(i) or entry end
  return list
end

-- Numbers in a text are counted up.
local function numbered(count, seconds, text)
  return again(count, nil, function(i) return { seconds, (text:gsub("#", tostring(i * 37))) } end)
end

local BUSY = "Thank you for contacting Maple Dental. Our office is closed right now, we will reply on the next business day."

-- A machine that writes new words each time, two seconds after each of ours.
local CHATTY = {
  "Hello and thanks for reaching out! I am the virtual assistant of Northern Movers. How may I help you with your move today?",
  "I would be happy to help with that! Could you please tell me which address you are moving from and to?",
  "Great, thank you for sharing this. To give you an accurate quote I need the number of rooms and the date of your move.",
  "I understand! May I also ask whether there is an elevator in the building, and on which floor you live?",
  "Perfect, that is very helpful information. Would you prefer a morning slot or an afternoon slot for your move?",
  "Thanks! Before I continue, could you please confirm your phone number and the best time to call you back?",
  "Wonderful. Is there anything else that I can help you with today, such as packing material or storage space?",
  "Thank you for confirming. One of our team members will look at all the details and come back to you with a quote.",
  "You are very welcome! Should you have further questions, do not hesitate to ask me at any time of the day.",
}

local function quick(seconds) return again(9, nil, function(i) return { seconds, CHATTY[i] } end) end

local LOOPS = {
  { "an office that is closed", again(7, { 3, BUSY }), 5 },
  { "the same, a minute later each time", again(9, { 55, BUSY }), 5 },
  { "the same, every two minutes", again(12, { 120, BUSY }), 8 },
  { "a ticket with another number each time", numbered(7, 4, "Your request #### was received. Ticket ## will be answered within 24 hours."), 5 },
  { "a greeting by the time of day before the same words", { { 3, "Good morning! " .. BUSY }, { 3, "Good afternoon! " .. BUSY },
    { 3, "Good evening! " .. BUSY }, { 3, "Hello again! " .. BUSY }, { 3, "Hi there! " .. BUSY }, { 3, "Hey! " .. BUSY } }, 5 },
  { "two texts in turn", { { 3, BUSY }, { 3, "Please call our front desk at extension 4 for urgent matters, or write an e-mail." }, { 3, BUSY },
    { 3, "Please call our front desk at extension 4 for urgent matters, or write an e-mail." }, { 3, BUSY }, { 3, BUSY }, { 3, BUSY } }, 6 },
  { "a short away message", again(8, { 2, "We are closed now." }), 6 },
  { "one word", again(12, { 2, "Received" }), 10 },
  { "a thumb", again(12, { 1, "👍" }), 10 },
  { "another assistant that writes new words each time", quick(2), 9 },
  { "the same, slower", quick(6), 9 },
  { "an echo of our own question", again(7, { 2, "Are there any stairs involved at the address of the pickup?" }), 5 },
}

local PEOPLE = {
  { "short answers", { "hi", { 4, "yes" }, { 3, "no" }, { 3, "yes" }, { 4, "no" }, { 3, "ok" }, { 3, "yes" }, { 3, "yes" }, { 2, "ok" } } },
  { "ok to everything", again(7, { 3, "ok" }) },
  { "is anybody there", again(6, { 8, "hello?" }) },
  { "impatience in long words", again(3, { 15, "Can somebody please tell me when you can come for the couch?" }) },
  { "the same long question now and then", again(5, { 400, "Can somebody please tell me when you can come for the couch?" }) },
  { "photos in a row", again(12, { 5, "[photo]", "image" }) },
  { "photos with the same caption", again(8, { 5, "[photo: the basement, all of this has to go please]", "image" }) },
  { "voice notes", again(10, { 6, "[voice note]", "audio" }) },
  { "buttons, tapped at once", again(10, { 2, "Yes, there is an elevator in the building", "interactive" }) },
  { "I don't know", again(5, { 5, "I don't know" }) },
  { "question marks", again(5, { 5, "???" }) },
  { "a quote, step by step", { "Hi, I need a couch removed", { 12, "45 King St W, Toronto" }, { 6, "yes there is an elevator" }, { 5, "no stairs" },
    { 20, "1 couch, 2 chairs and a small table" }, { 9, "ok thanks" }, { 30, "when can you come" } } },
  { "a fast typist, one thing after the other", again(8, nil, function(i)
    return { 6, ({ "a big brown couch", "the fridge", "two old lamps", "ten boxes", "a bed frame", "my bike", "a desk", "some carpets" })[i]
      .. " that stands in the garage since last winter" }
  end) },
  { "long words that were begun before our reply", { { 4, "We are moving out at the end of the month and I have quite a lot of things to get rid of." },
    { 5, "There is the old piano in the living room which nobody wants any more, it is an upright one." },
    { 4, "And in the garage there are about ten boxes with books, and the winter tires of the car." },
    { 25, "The driveway is wide enough for a truck, but please do not park on the grass of the neighbours." },
    { 6, "Oh and the couch in the basement, it is a three seater and rather heavy I would say." } } },
  { "a pasted list", { "hello", { 3, ("1 chair, 2 tables, "):rep(15) }, { 10, "that's all" }, { 4, "the same list again: " .. ("1 chair, 2 tables, "):rep(15) } } },
  { "an address, again and again, in other words", { { 8, "I told you, it is 45 King Street" }, { 9, "45 King Street West I said" },
    { 8, "KING STREET 45, in Toronto" }, { 10, "please read what I wrote: 45 King St W" } } },
  { "who comes back with the same first words each month", again(6, { 30 * 86400, "Hi, I would like a quote for the removal of some junk." }) },
  { "emoji", { { 3, "👍" }, { 3, "🙏" }, { 2, "👍" }, { 4, "👍" }, { 3, "😀" } } },
  { "a pin and short words", { { 10, "[location: 43.6, -79.3]", "location" }, { 3, "there" }, { 4, "there" }, { 3, "ok" } } },
  { "yes please", again(6, { 4, "yes please" }) },
  { "corrections", { { 5, "2 couches" }, { 5, "3 couches" }, { 4, "no, 2 couches" }, { 5, "2 couches" }, { 4, "2 couches" }, { 4, "2 couches!" } } },
  { "short messages with a number each", numbered(20, 3, "I have # more boxes") },
  { "one thing after the other, with how many", numbered(12, 5, "and also # old chairs in the garage please") },
  { "what was under way before our reply arrived", again(12, nil, function(i) return { 0.1, CHATTY[1 + i % 9] } end) },
  { "French", { "bonjour", { 7, "oui" }, { 5, "non" }, { 5, "oui" }, { 12, "je ne sais pas" }, { 11, "je ne sais pas" }, { 4, "d'accord" } } },
  { "a complaint in capitals", again(3, { 6, "WHERE IS YOUR TEAM, I HAVE BEEN WAITING FOR AN HOUR" }) },
}

describe("language/loops", function()
  for _, one in ipairs(LOOPS) do
    it("D15: notices a machine: " .. one[1], function()
      local began, on = play(one[2])
      assert.equal(one[3], began)
      assert.is_true(on)
    end)
  end

  for _, one in ipairs(PEOPLE) do
    it("D15: takes nobody for a machine: " .. one[1], function() assert.is_nil((play(one[2]))) end)
  end

  it("stays silent for the same words, is ended by others, and begins again at the next two answers that nobody can have typed", function()
    local chat = again(5, { 3, BUSY })
    assert.same({ 5, true, 1 }, { play(chat) })
    for _ = 1, 5 do chat[#chat + 1] = { 3, BUSY } end
    assert.same({ 5, true, 1 }, { play(chat) })
    chat[#chat + 1] = { 600, "Hi, this is Ann from the office, how can I help?" }
    assert.same({ 5, false, 1 }, { play(chat) })
    chat[#chat + 1] = { 20, "yes we need the couch gone" }
    assert.same({ 5, false, 1 }, { play(chat) })
    local machine = quick(2)
    machine[10] = { 900, "Are you still there? I am here to help you with your move at any time of the day." }
    assert.same({ 9, false, 1 }, { play(machine) })
    machine[11], machine[12] = { 2, CHATTY[1] }, { 2, CHATTY[3] }
    assert.same({ 9, true, 2 }, { play(machine) })
  end)

  it("a photo ends it", function()
    local chat = again(6, { 3, BUSY })
    chat[7] = { 30, "[photo]", "image" }
    assert.same({ 5, false, 1 }, { play(chat) })
  end)

  it("reads what is damaged, or of another version, as nothing", function()
    for _, stored in ipairs { "", "x", "1 2", "a:b c:d", "9e99 1 1", (" "):rep(50), "1 1 1 1 1 1 1 :" } do
      assert.is_false(loops.look(stored, { { content = "hello there", kind = "text" } }, 5, hash).fires)
    end
  end)
end)
