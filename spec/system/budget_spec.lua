-- D15: what one chat may ask of the model in an hour, and what the model may cost in a day. Both are counted in the database.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local WAITING = "Our team has your message and will be with you as soon as possible."

describe("TURNS_PER_HOUR", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { env = { TURNS_PER_HOUR = 3 } }
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  -- Nothing is left to do for the chat: no webhook to read, no turn, and no message whose answer was not stored. After a kill such a
  -- message waits for its status.
  local function settled(phone)
    shell.until_(function()
      return service:status().inbox.unread == 0 and #service:rows(("SELECT 1 FROM jobs WHERE lane IN ('turn:%s', 'whatsapp:%s')"):format(phone, phone)) == 0
    end, 6, "no work left for the chat")
  end

  local function say(phone, text)
    service:say(phone, text)
    settled(phone)
  end

  -- A chat that has had its three turns, and one more message.
  local function limited()
    local phone, words = meta.phone(), {}
    for i = 1, 3 do
      words[i] = scene:ask(phone)
      scene:sent(phone, words[i])
      settled(phone)
    end
    words[4] = meta.word()
    service:say(phone, "one more " .. words[4])
    scene:sent(phone, WAITING)
    settled(phone)
    return phone, words
  end

  local function count(phone, text) return #stand_ins:sends(phone, text) end

  it("D15: the turn past the limit asks no model, opens one card that says why, and sends the `waiting` text", function()
    local phone, words = limited()
    assert.equal(0, #stand_ins:models(words[4]))
    local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
    assert.truthy(json.encode(card.body):find("reached its turns per hour", 1, true))
    assert.equal(1, service:value("SELECT count(*) FROM cases WHERE conversation_id = '" .. phone .. "'"))
  end)

  it("D15: 171 further messages, one after another, cause no model call, no send and no second card, and staff see them", function()
    local phone = limited()
    shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
    local before, word = count(phone), meta.word()
    for i = 1, 171 do
      if i % 57 == 0 then settled(phone) end -- at least three turns of their own
      service:say(phone, "automatic answer " .. word)
    end
    settled(phone)
    assert.equal(0, #stand_ins:models(word))
    assert.equal(before, count(phone))
    assert.equal(1, #stand_ins:cards(phone))
    scene:posts(word)
  end)

  it("D15: STOP, START and a wish for a person still work", function()
    local phone = limited()
    say(phone, "I want to talk to a human")
    scene:sent(phone, "a member of our team")
    assert.truthy(shell.until_(function() return scene:posts("asks again for a person")[1] end, 6))
    service:say(phone, "STOP")
    scene:sent(phone, "unsubscribed")
    service:say(phone, "START")
    scene:sent(phone, "Welcome back")
  end)

  it("a chat that staff return is answered by the model again", function()
    local phone = limited()
    assert.equal(200, service:click(phone).status)
    assert.equal(200, service:click(phone, { action = "resume_chat" }).status)
    scene:sent(phone, scene:ask(phone))
  end)

  it("a chat is answered by the model again when its turns are an hour old, and told again at the next limit", function()
    local phone = limited()
    service:kill()
    service:sql(("UPDATE turns SET started_at = started_at - 3600001 WHERE conversation_id = '%s';"
      .. "UPDATE conversations SET limited_at = limited_at - 3600001 WHERE id = '%s'"):format(phone, phone))
    service:start()
    for _ = 1, 3 do
      scene:sent(phone, scene:ask(phone))
      settled(phone)
    end
    say(phone, "one more")
    scene:sent(phone, WAITING, 2)
  end)

  it("a chat that reaches the limit again and again gets the `waiting` text once an hour", function()
    local phone = limited()
    for _ = 1, 2 do
      service:kill()
      service:sql("UPDATE turns SET started_at = started_at - 3600001 WHERE id = (SELECT min(id) FROM turns WHERE calls > 0 AND conversation_id = '"
        .. phone .. "' AND started_at > 1000 * (strftime('%s') - 3600))")
      service:start()
      scene:sent(phone, scene:ask(phone)) -- one old turn less, one new one
      settled(phone)
      say(phone, "automatic answer")
    end
    assert.equal(1, count(phone, WAITING))
  end)

  it("the limit of one chat does not count for another", function()
    limited()
    scene:marker()
  end)

  it("a repair try counts as no turn: three repaired turns count as three", function()
    local phone = meta.phone()
    for _ = 1, 3 do
      local word = meta.word()
      stand_ins:plan { contains = word, times = 1, content = "" }
      stand_ins:plan { contains = word, times = 1, answer = { reply_to_user = "Any stairs? " .. word } }
      service:say(phone, "a couch " .. word)
      scene:sent(phone, word)
      settled(phone)
      assert.equal(2, #stand_ins:models(word))
    end
    assert.equal(0, count(phone, WAITING))
  end)
end)

describe("two machines that answer each other", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  local BUSY = "Thank you for contacting Maple Dental. Our office is closed, and we will reply on the next business day. Your ticket is #"

  local function settled(phone)
    shell.until_(function()
      return service:status().inbox.unread == 0
        and service:value(("SELECT count(*) FROM jobs WHERE lane IN ('turn:%s', 'whatsapp:%s')"):format(phone, phone)) == 0
    end, 8, "no work left for the chat")
  end

  -- An automatic answer of the other side, and ours to it.
  local function automatic(phone, i, word)
    if i <= 4 then stand_ins:plan { contains = word .. i, answer = { reply_to_user = "Are there any stairs? " .. word .. i } } end
    service:say(phone, word .. i .. " " .. BUSY .. i)
    settled(phone)
  end

  local function turns(phone, action)
    return service:value(("SELECT count(*) FROM turns WHERE conversation_id = '%s' AND action = '%s'"):format(phone, action))
  end

  it("D15: at the fifth same answer the assistant is silent, one card says why, and another message of a person is answered", function()
    local phone, word = meta.phone(), meta.word()
    for i = 1, 4 do automatic(phone, i, word) end
    local sends = #stand_ins:sends(phone)
    assert.is_true(sends >= 4)
    for i = 5, 9 do automatic(phone, i, word) end
    assert.equal(sends, #stand_ins:sends(phone))
    for i = 5, 9 do assert.equal(0, #stand_ins:models(word .. i)) end
    local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
    assert.truthy(json.encode(card.body):find("the other side writes like a machine", 1, true))
    assert.same({ 1, 1 }, { #stand_ins:cards(phone), turns(phone, "loop") })
    scene:sent(phone, scene:ask(phone, nil, "Hi, it is Ann, sorry about that. I have a couch."))
    -- and while it is silent, a wish for a person, STOP and START work
    for i = 11, 15 do automatic(phone, i, word) end
    service:say(phone, "STOP")
    scene:sent(phone, "unsubscribed")
    service:say(phone, "START")
    scene:sent(phone, "Welcome back")
  end)

  it("with a case already there staff get one follow-up that says why; a chat that staff return is answered again", function()
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "a human please")
    shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
    settled(phone)
    for i = 1, 7 do automatic(phone, i, word) end
    scene:posts "has written the same words again and again"
    assert.same({ 1, 1 }, { #stand_ins:cards(phone), turns(phone, "loop") })
    assert.equal("asked", service:value("SELECT reason FROM cases WHERE conversation_id = '" .. phone .. "'"))
    assert.equal(200, service:click(phone).status)
    assert.equal(200, service:click(phone, { action = "resume_chat" }).status)
    stand_ins:plan { contains = word .. "8", answer = { reply_to_user = "Any stairs? " .. word .. "8" } }
    service:say(phone, word .. "8 " .. BUSY .. "8")
    scene:sent(phone, word .. "8")
  end)
end)

describe("MODEL_DOLLARS_PER_DAY", function()
  teardown(chat.close_all)

  -- A million tokens for 2,000 dollars: one question is more than a dollar, two are more than two.
  local PRICES = "model_prices:\n  cached_input: 1000\n  input: 1000\n  output: 1000\n"

  local function open(limit, business)
    local text = assert(shell.read(shell.prompts .. "/business.yaml")):gsub("\nmodel_prices:\n%s+[^\n]*\n[^\n]*\n[^\n]*\n", "\n")
    return chat.open { env = { MODEL_DOLLARS_PER_DAY = limit }, files = { ["prompts/business.yaml"] = text .. (business or PRICES) } }
  end

  it("D15: past the limit the fixed questions answer, staff are told once, and status says what to do", function()
    local scene = open "0.01"
    local service, stand_ins = scene.service, scene.stand_ins
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    scene:posts "MODEL_DOLLARS_PER_DAY is 0.01"
    for _ = 1, 2 do
      local other, word = meta.phone(), meta.word()
      service:say(other, "hello " .. word)
      scene:sent(other, "address")
      assert.equal(0, #stand_ins:models(word))
    end
    assert.equal(1, #stand_ins:posts "MODEL_DOLLARS_PER_DAY")
    local _, words = service:cli "status"
    assert.truthy(words:find("fixed questions answer until midnight", 1, true), words)
    -- Kept over a restart, and gone with the day.
    service:restart()
    local other, word = meta.phone(), meta.word()
    service:say(other, "hello " .. word)
    scene:sent(other, "address")
    assert.equal(0, #stand_ins:models(word))
    service:kill()
    service:sql "UPDATE costs SET day = '2026-01-01'"
    service:start()
    scene:marker()
    scene:close()
  end)

  it("0 is no limit", function()
    local scene = open "0"
    for _ = 1, 3 do scene:marker() end
    assert.is_true(scene.service:value "SELECT dollars FROM costs WHERE conversation_id = ''" > 0)
    scene:close()
  end)

  it("a server that does not count tokens, or counts them as no number, is counted by length", function()
    local scene = open "1000"
    for _, usage in ipairs { false, { x = 1 }, { total_tokens = 50000 }, { prompt_tokens = "900", completion_tokens = "60" } } do
    local before, word = scene.service:value "SELECT coalesce(sum(dollars), 0) FROM costs WHERE conversation_id = ''", meta.word()
    scene.stand_ins:plan { contains = word, times = 1, http = { status = 200, headers = { ["Content-Type"] = "application/json" }, body = json.encode {
      usage = usage or nil, choices = { { index = 0, finish_reason = "stop", message = { role = "assistant", content = json.encode {
        reply_to_user = "Any stairs? " .. word, extracted_data = {}, action = "continue" } } } } } } }
    local phone = meta.phone()
    scene.service:say(phone, "hello " .. word)
    scene:sent(phone, word)
    assert.is_true(scene.service:value "SELECT dollars FROM costs WHERE conversation_id = ''" > before + 0.1)
    end
    scene:close()
  end)

  it("unknown prices are warned about at the start, with the remedy", function()
    local scene = open("20", "")
    local line = shell.until_(function() return scene.service:logged("model.prices_unknown")[1] end, 5, "the line")
    assert.truthy(line.remedy:find("model_prices in prompts/business.yaml", 1, true))
    scene:close()
  end)

  it("a value that is no amount is a settings problem that names the variable and what to write", function()
    local service = process.new { start = false, env = { MODEL_DOLLARS_PER_DAY = "twenty" } }
    local code, text = service:run_once "serve"
    assert.equal(2, code)
    assert.truthy(text:find("MODEL_DOLLARS_PER_DAY", 1, true) and text:find("like 20 or 0.50", 1, true), text)
    service:close()
  end)
end)
