-- Voice notes with a transcriber: what is said counts as what is written, and a transcriber in trouble delays nobody for long.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local ASKS = "Could you write it to me?"
local WAIT_MS = 1500 -- in place of 20 s

describe("a voice note", function()
  local scene, service, stand_ins

  setup(function()
    local source = shell.read(shell.root .. "/scripts/channels/whatsapp/voice.lua")
    local patched, count = source:gsub("local WAIT_MS = 20000", "local WAIT_MS = " .. WAIT_MS)
    assert.equal(1, count)
    scene = chat.open { files = { ["scripts/channels/whatsapp/voice.lua"] = patched }, env = function(s)
      return { TRANSCRIBE_URL = s.url .. "/sandbox/transcribe", TRANSCRIBE_API_KEY = s.transcriber_key, TURN_MAX_WAIT_MS = 5000 }
    end }
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(process.close_all)
  after_each(function() stand_ins:calm() end)

  local function speak(phone, words) return stand_ins:write { from = phone, type = "audio", text = words }[1] end

  local function column(phone, name, where)
    return service:value(("SELECT %s FROM media WHERE conversation_id = '%s' %s ORDER BY id DESC LIMIT 1"):format(name, phone, where or ""))
  end

  it("is words before its turn starts: the model reads them once, facts come of them, and staff and export have them", function()
    local phone = meta.phone()
    local word = scene:plan { answer = { reply_to_user = "Any stairs?", extracted_data = { inventory = "a couch" }, action = "continue" } }
    speak(phone, "I have a couch [photo] " .. word)
    scene:sent(phone, "Any stairs?")
    local asked = stand_ins:models(word)
    assert.equal(1, #asked)
    assert.truthy(json.encode(asked[1].body):find("[voice note: I have a couch photo " .. word .. "]", 1, true))
    assert.equal("a couch", scene:known(phone).inventory)
    assert.equal("I have a couch photo " .. word, column(phone, "words"))
    assert.equal(0, #scene:tries(phone, ASKS))
    for _, command in ipairs { { "export", "+" .. phone }, { "media", "list", "+" .. phone } } do
      local code, text = service:cli(table.unpack(command))
      assert.equal(0, code)
      assert.truthy(text:find("I have a couch photo " .. word, 1, true), text)
    end
    local request = stand_ins:requests("transcribe")[1]
    assert.same({ 200, "multipart/form-data" }, { request.status, request.body.type })
  end)

  it("opts out when STOP is said, and START comes back; a wish for a person opens a case", function()
    local phone, other = meta.phone(), meta.phone()
    speak(phone, "Stop.")
    scene:sent(phone, "unsubscribed")
    speak(phone, "start")
    scene:sent(phone, "Welcome back")
    speak(other, "I want to talk to a human")
    scene:sent(other, "asked a member of our team")
    shell.until_(function() return #stand_ins:cards(other) == 1 end, 5, "the card")
    assert.equal(0, #stand_ins:models(other))
  end)

  it("in a paused chat: staff read the words too", function()
    local phone, word = meta.phone(), meta.word()
    scene:sent(phone, scene:ask(phone))
    service:click(phone)
    speak(phone, "I am downstairs " .. word)
    scene:posts("[voice note: I am downstairs " .. word .. "]")
  end)

  it("B30: with a slow transcriber the turn goes on without words, and words that come later are told and answered", function()
    local phone, word = meta.phone(), meta.word()
    stand_ins:fault { transcribe = { kind = "slow", delay_ms = 3 * WAIT_MS, contains = word } }
    stand_ins:plan { contains = word, answer = { reply_to_user = "A piano, noted " .. word, extracted_data = { inventory = "a piano" }, action = "continue" } }
    local begun = os.time()
    local wamid = speak(phone, "It is a piano " .. word)
    scene:sent(phone, ASKS)
    assert.equal(0, #stand_ins:models(word))
    assert.is_true(os.time() - begun <= 3)
    scene:posts("voice-note-" .. column(phone, "id") .. ".ogg")
    scene:sent(phone, "A piano, noted " .. word)
    scene:posts "said in the voice note that was answered without its words"
    assert.equal("[voice note: It is a piano " .. word .. "]", service:value(("SELECT content FROM messages WHERE id = '%s'"):format(wamid)))
    assert.equal("a piano", scene:known(phone).inventory)
    assert.equal(1, #scene:tries(phone, ASKS))
    assert.equal(2, #stand_ins:sends(phone))
  end)

  it("B30: a failure that passes costs no words, a kill neither", function()
    local phone, word = meta.phone(), scene:plan "Got it."
    stand_ins:fault { transcribe = { kind = "500", times = 1 } }
    speak(phone, "two chairs " .. word)
    scene:sent(phone, word)
    assert.equal(0, #scene:tries(phone, ASKS))
    local other, spoken = meta.phone(), scene:plan "Noted."
    stand_ins:fault { transcribe = { kind = "slow", delay_ms = 60000, times = 1 } }
    speak(other, "a fridge " .. spoken)
    shell.until_(function() return #stand_ins:requests("transcribe") > 0 and column(other, "state") == "stored" end, 5, "the file is kept")
    service:restart { kill = true }
    scene:sent(other, spoken, 1, 10)
  end)

  it("B30: a transcriber that refuses, hears nothing or answers nonsense: the customer is asked once to write, and staff read how to listen", function()
    local cases = { { "413", "HTTP 413" }, { "400", "HTTP 400" }, { "empty", "nobody is heard in it" }, { "nonsense", "made no sense" }, { "large", "too large" } }
    for _, case in ipairs(cases) do
      local phone, kind, why = meta.phone(), case[1], case[2]
      stand_ins:fault { transcribe = kind }
      speak(phone, "a couch")
      scene:sent(phone, ASKS)
      local post = json.encode(scene:posts("voice-note-" .. column(phone, "id") .. ".ogg")[1].body)
      assert.truthy(post:find(why, 1, true) and post:find("assistant media get " .. column(phone, "hash"), 1, true), post)
      stand_ins:calm()
      if kind == "nonsense" or kind == "large" then -- three running: it is not asked any more, until a reload
        assert.equal(0, (service:cli "reload"))
        local other, word = meta.phone(), scene:plan "Good."
        speak(other, "a bed " .. word)
        scene:sent(other, word)
      end
    end
    scene:posts "The transcriber refuses a voice note (HTTP 400)"
  end)

  it("B30: a note that is deleted, or whose person is erased, before its words come brings nothing back", function()
    local deleted, erased, word = meta.phone(), meta.phone(), meta.word()
    stand_ins:fault { transcribe = { kind = "slow", delay_ms = 2 * WAIT_MS, contains = word } }
    local wamid = speak(deleted, "a secret " .. word)
    speak(erased, "a secret " .. word)
    shell.until_(function() return column(deleted, "state") == "stored" and column(erased, "state") == "stored" end, 5, "both files are kept")
    scene:sent(erased, ASKS)
    stand_ins:write { from = deleted, type = "revoke", message_id = wamid }
    assert.equal(0, (service:cli("erase", "+" .. erased)))
    shell.until_(function()
      return #service:rows "SELECT 1 FROM jobs WHERE kind = 'transcribe'" == 0
    end, 10, "no words are on their way")
    scene:marker()
    assert.is_false(service:holds(word))
    assert.equal(0, #stand_ins:models(word))
    assert.equal("[deleted]", service:value(("SELECT content FROM messages WHERE id = '%s'"):format(wamid)))
  end)

  it("B30: a refused key is one alert that names the setting, no turn waits for words meanwhile, and a reload asks again", function()
    local before = stand_ins:requests("transcribe")
    stand_ins:fault { transcribe = "401" }
    local first = meta.phone()
    for i = 1, 3 do
      local phone = i == 1 and first or meta.phone()
      speak(phone, "a couch")
      scene:sent(phone, ASKS)
    end
    scene:posts "TRANSCRIBE_API_KEY"
    assert.equal(1, #stand_ins:posts "TRANSCRIBE_API_KEY")
    assert.equal(1, #stand_ins:requests("transcribe", { after = before[#before].id }))
    local _, text = service:cli "status"
    assert.truthy(text:find("The transcriber of voice notes has refused the key", 1, true), text)
    stand_ins:calm()
    assert.equal(0, (service:cli "reload"))
    local word = scene:plan "Thanks!"
    speak(first, "two beds " .. word)
    scene:sent(first, word)
    _, text = service:cli "status"
    assert.falsy(text:find("transcriber", 1, true), text)
  end)
end)
