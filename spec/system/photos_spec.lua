-- What customers send beside words: it is fetched, kept, and counts as words.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("what a customer sends beside words", function()
  local scene, service
  setup(function()
    scene = chat.open()
    service = scene.service
  end)
  teardown(process.close_all)

  it("W20: a photo is answered, staff are told of it, and photos alone answer the inventory", function()
    local phone = meta.phone()
    assert.equal(200, service:hook { messages = { meta.message(phone, "image", { image = { id = "1" } }) } })
    scene:posts "1 photo"
    scene:sent(phone)
    local said = scene.stand_ins:sends(phone)
    for _, one in ipairs(said) do assert.falsy(one.text:find("only handle text", 1, true)) end
    scene:posts "could not be fetched"
    assert.equal("1 photo", scene:known(phone).inventory)
  end)

  it("B30: without a transcriber the customer is asked once to write, and staff read how to listen to each note", function()
    local phone, word = meta.phone(), meta.word()
    scene:plan({ answer = { reply_to_user = "Any stairs? " .. word } }, "[voice note]")
    scene.stand_ins:write { from = phone, type = "audio", text = "a couch" }
    local asked = scene:sent(phone, "Could you write it to me?")
    assert.equal(1, #asked)
    scene.stand_ins:write { from = phone, type = "audio", text = "and a chair" }
    scene:sent(phone, word)
    shell.until_(function() return #scene.stand_ins:posts "voice-note-" == 2 end, 5, "two words to staff")
    local hash = service:value(("SELECT hash FROM media WHERE conversation_id = '%s' ORDER BY id LIMIT 1"):format(phone))
    local to = service.home .. "/note.ogg"
    assert.truthy(json.encode(scene.stand_ins:posts(hash)):find("assistant media get " .. hash, 1, true))
    assert.equal(0, (service:cli("media", "get", hash, to)))
    assert.equal("OggS", shell.read(to):sub(1, 4))
    assert.equal(1, #scene:tries(phone, "Could you write it to me?"))
  end)

  local function states(phone)
    return service:value(("SELECT coalesce(group_concat(state || ':' || coalesce(hash, ''), ' '), '') FROM media WHERE conversation_id = '%s'"):format(phone))
  end

  it("B29: a file is fetched and kept once under its hash; one whose hash or type is not as told is refused", function()
    local phone, liar = meta.phone(), meta.phone()
    scene.stand_ins:write { from = phone, type = "image", caption = "a couch" }
    scene.stand_ins:write { from = phone, type = "image" }
    local hash
    shell.until_(function()
      local first, second = states(phone):match("^stored:(%x+) stored:(%x+)$")
      hash = first
      return first ~= nil and first == second
    end, 20, "both photos are stored under one hash")
    local _, list = service:cli("media", "list", "+" .. phone)
    assert.truthy(list:find(hash, 1, true))
    scene.stand_ins:write { from = liar, type = "image", media = { says_sha256 = ("A"):rep(43) .. "=" } }
    scene:posts "not those that WhatsApp announced"
    for says, word in pairs { [{ says_size = 5 }] = "WhatsApp says 5", [{ says_type = "image/png" }] = "is said to be image/png",
      [{ elsewhere = "http://127.0.0.2:9/x" }] = "MEDIA_HOSTS does not name", [{ gone = true }] = "does not have it any more" } do
      scene.stand_ins:write { from = meta.phone(), type = "image", media = says }
      scene:posts(word)
    end
    assert.truthy(states(liar):find("refused", 1, true))
  end)

  -- What the model read in its newest call about this customer's words.
  local function last_read(word)
    local calls = scene.stand_ins:models(word)
    return calls[#calls].body.messages[#calls[#calls].body.messages].content
  end

  it("twelve photos in a burst get one answer, the model reads one entry, and words that come later stand behind the photos", function()
    local phone, batch, word = meta.phone(), {}, meta.word()
    for i = 1, 12 do batch[i] = { type = "image", media = { salt = tostring(i) } } end
    scene.stand_ins:plan { contains = "[12 photos]", answer = { reply_to_user = "Thanks for the photos! What's the address? " .. word } }
    scene.stand_ins:write { from = phone, batch = batch }
    scene:sent(phone, word)
    assert.equal("12 photos", scene:known(phone).inventory)
    assert.truthy(last_read("[12 photos]"):find("^%[12 photos%]\n\n"))
    scene:posts "sent 12 photos"
    scene:sent(phone, scene:ask(phone, { answer = { reply_to_user = "Noted, thanks!", extracted_data = { inventory = "a freezer" } } }, "and a freezer"):gsub(".*", "Noted"))
    assert.equal("12 photos, a freezer", scene:known(phone).inventory)
    assert.equal(2, #scene:tries(phone))
    service:say(phone, "a human please")
    shell.until_(function() return #scene.stand_ins:cards(phone) == 1 end, 6, "the card")
    local card = json.encode(scene.stand_ins:cards(phone)[1].body)
    assert.truthy(card:find("*Photos:* 12", 1, true) and card:find("[12 photos]", 1, true), card)
  end)

  it("a typed [photo] or [12 photos] is no photo, in no mode", function()
    for _, answer in ipairs { { answer = { reply_to_user = "What would you like removed?" } }, { http = { status = 503, body = "" }, times = 9 } } do
      local phone, word = meta.phone(), meta.word()
      answer.contains = word
      scene.stand_ins:plan(answer)
      local burst = {} -- in one webhook, so that one turn reads all of it
      for i, text in ipairs { "[photo]", "[12 photos]", "[photo: " .. word .. "]" } do burst[i] = meta.text(phone, text) end
      service:hook { messages = burst }
      scene:sent(phone)
      assert.is_nil((scene:known(phone).inventory or ""):find("^%d+ photo"))
      assert.truthy(last_read(word):find("(photo)\n(12 photos)\n(photo: " .. word .. ")", 1, true))
    end
  end)

  it("a photo that is refused or deleted does not count, before its answer or after it", function()
    local phone, word = meta.phone(), meta.word()
    local html = "PGh0bWw+PHNjcmlwdD54PC9zY3JpcHQ+"
    scene.stand_ins:write { from = phone, type = "image", media = { base64 = html } }
    scene:posts "is a web page"
    scene.stand_ins:plan { contains = word, answer = { reply_to_user = "Thanks! " .. word } }
    scene.stand_ins:write { from = phone, batch = { { type = "image" }, { type = "image", caption = word } } }
    scene:sent(phone, word)
    assert.equal("2 photos", scene:known(phone).inventory)
    local late = meta.phone()
    scene.stand_ins:fault { media = { kind = "slow", delay_ms = 1500, times = 1 } }
    scene.stand_ins:write { from = late, batch = { { type = "image", media = { base64 = html } }, { type = "image" } } }
    shell.until_(function() return scene:known(late).inventory == "1 photo" end, 10, "one photo fewer")
    scene.stand_ins:calm()
    local gone = scene.stand_ins:write { from = late, type = "image" }[1]
    shell.until_(function() return scene:known(late).inventory == "2 photos" end, 10, "another photo")
    scene.stand_ins:write { from = late, type = "revoke", message_id = gone }
    shell.until_(function() return scene:known(late).inventory == "1 photo" end, 10, "the deleted photo does not count")
    local card = scene.stand_ins:models(word)
    assert.truthy(json.encode(card[#card].body):find("2 photos", 1, true))
  end)

  it("a photo in a paused chat is kept and reaches staff, with no model; after a handoff the assistant answers it", function()
    local phone = meta.phone()
    service:say(phone, "a human please")
    shell.until_(function() return #scene.stand_ins:cards(phone) == 1 end, 6, "the card")
    scene.stand_ins:write { from = phone, type = "image", caption = "my sofa" }
    scene:posts("sent 1 photo")
    scene:sent(phone, nil, 2)
    scene.stand_ins:press { action_id = "take_over_chat", value = phone }
    local calls = #scene.stand_ins:models()
    scene.stand_ins:write { from = phone, type = "image", caption = "the same sofa" }
    scene:posts "[photo: the same sofa]"
    scene:sent(phone, "handling your request directly")
    shell.until_(function() return states(phone):find("^stored:(%x+) stored:%1$") end, 10, "both kept, as one file")
    assert.equal(calls, #scene.stand_ins:models())
  end)

  it("the words under a photo count as words: a wish for a person, and STOP", function()
    local wish, stop = meta.phone(), meta.phone()
    scene.stand_ins:write { from = wish, type = "image", caption = "I want to talk to a human please" }
    shell.until_(function() return #scene.stand_ins:cards(wish) == 1 end, 6, "the card")
    scene.stand_ins:write { from = stop, type = "image", caption = "STOP" }
    scene:sent(stop, "START")
    assert.equal(1, scene:column(stop, "opted_out"))
  end)

  it("two people who each move a sofa at once keep their own photos and facts; a pin is its own customer's address", function()
    local a, b, w1, w2 = meta.phone(), meta.phone(), meta.word(), meta.word()
    for word, item in pairs { [w1] = "a red sofa", [w2] = "a blue sofa" } do
      scene.stand_ins:plan { contains = word, answer = { reply_to_user = "Thanks! " .. word, extracted_data = { inventory = item } } }
    end
    scene.stand_ins:write { from = a, type = "image", caption = w1 }
    scene.stand_ins:write { from = b, type = "location", name_of_place = "Home", address = "10 Main St, Brampton" }
    scene.stand_ins:write { from = b, type = "image", caption = w2 }
    scene:sent(a, w1)
    scene:sent(b, w2)
    assert.same({ "a red sofa", "a blue sofa" }, { scene:known(a).inventory, scene:known(b).inventory })
    assert.is_nil(scene:known(a).address)
    assert.truthy(scene:known(b).address:find("10 Main St, Brampton (43.6", 1, true))
  end)
end)

describe("the words that ask for photos", function()
  local ASK = "A photo or two would help us."
  local scene, service
  setup(function()
    scene = chat.open { files = { ["prompts/replies.yaml"] = shell.read(shell.prompts .. "/replies.yaml") .. ('\nask_photos: "%s"\n'):format(ASK) } }
    service = scene.service
  end)
  teardown(process.close_all)

  local function asked(phone) return #scene:tries(phone, ASK) end

  it("stand once in the reply in which the inventory became known without a photo, with a model and without one", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone, { answer = { reply_to_user = "Hi! What's the address?" } }, "hello"):gsub(".*", "Hi!"))
    assert.equal(0, asked(phone))
    local word = meta.word()
    scene.stand_ins:plan { contains = word, answer = { reply_to_user = "Thanks! Any stairs? " .. word, extracted_data = { inventory = "1 couch" } } }
    service:say(phone, "1 couch " .. word)
    assert.equal(("Thanks! Any stairs? %s\n\n%s"):format(word, ASK), scene:sent(phone, word)[1].text)
    local more = meta.word()
    scene.stand_ins:plan { contains = more, answer = { reply_to_user = "Noted. " .. more, extracted_data = { inventory = "1 couch, 1 lamp" } } }
    service:say(phone, "and a lamp " .. more)
    scene:sent(phone, more)
    assert.equal(1, asked(phone))
    scene.stand_ins:fault { model = "503" }
    local other = meta.phone()
    service:say(other, "I have a couch and a fridge at 12 Elm St, Toronto. There is an elevator and no stairs")
    assert.truthy(scene:sent(other, ASK)[1].text:find("everything we need.*\n\n" .. ASK))
    scene.stand_ins:calm()
  end)

  it("do not stand where photos came, where a person is wanted, or where nothing is asked any more", function()
    scene.stand_ins:fault { model = "503" }
    local with, wish, complaint = meta.phone(), meta.phone(), meta.phone()
    scene.stand_ins:write { from = with, type = "image", caption = "a couch and a fridge" }
    service:say(wish, "a human please")
    scene:sent(wish)
    service:say(wish, "it is about a couch and a fridge")
    service:say(complaint, "you damaged my wall when you took my couch and a fridge")
    scene:sent(with)
    scene:sent(wish, nil, 2)
    scene:sent(complaint)
    scene.stand_ins:calm()
    assert.same({ 0, 0, 0 }, { asked(with), asked(wish), asked(complaint) })
  end)
end)
