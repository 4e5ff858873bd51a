-- C7: a take-over racing the model. After the click's 200 nothing that the model wrote leaves: shown by the order of arrival at the
-- stand-in for WhatsApp, where the spec leaves a mark of its own as soon as it has the 200.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local task = require "host.task"
local wire = require "spec.support.wire"

describe("a take-over racing the model", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
    math.randomseed(20261122)
  end)

  teardown(chat.close_all)

  -- A request of our own at the Graph API. Answered: everything that had arrived before it has its place in the journal.
  local function mark()
    local word = meta.word()
    local body = json.encode { messaging_product = "whatsapp", status = "read", message_id = "wamid." .. word }
    local answer = wire.http(stand_ins.port, "POST", "/sandbox/graph/v26.0/" .. meta.phone_number_id .. "/messages",
      { body = body, headers = { { "Authorization", "Bearer " .. stand_ins.token }, { "Content-Type", "application/json" } } })
    assert.equal(200, answer.status)
    return stand_ins:requests("graph", { contains = word })[1].id
  end

  -- One race; wait_ms: between letting the model answer and the click. Returns how it ended: "sent" or "kept".
  local function race(wait_ms, parts)
    local phone, word = meta.phone(), meta.word()
    local reply = ("The model wrote this sentence " .. word .. ". "):rep(parts == 1 and 1 or 150)
    local id = stand_ins:plan { contains = word, hold = true, times = 1, answer = { reply_to_user = reply } }
    service:say(phone, "hello " .. word)
    shell.until_(function() return stand_ins:models(word)[1] end, 5, "the model's call")
    stand_ins:release(id)
    if wait_ms > 0 then task.sleep(wait_ms) end
    local answer = service:click(phone)
    assert.equal(200, answer.status)
    mark() -- what was on its way when the 200 came is in the journal after this one …
    local last = mark() -- … and before this one
    assert.equal("PAUSED", scene:column(phone, "status"))
    -- The paused reply uses the same lane, after everything that the model wrote. When it has arrived, nothing more can come.
    service:say(phone, "are you there?")
    scene:sent(phone, "Our team is handling your request directly")
    shell.until_(function()
      local row = service:rows("SELECT state FROM jobs WHERE lane = 'turn:" .. phone .. "'")
      return #row == 0
    end, 5, "the turn's end")
    local sent, out = 0, {}
    for _, one in ipairs(scene:tries(phone, word)) do
      assert.is_true(one.id < last, ("text of the model arrived after the click's 200 (waited %d ms)"):format(wait_ms))
      if one.status == 200 then sent = sent + 1 end
    end
    for _, row in ipairs(service:rows("SELECT state FROM messages WHERE role = 'assistant' AND kind = 'model' AND conversation_id = '" .. phone .. "'")) do
      out[row.state] = (out[row.state] or 0) + 1
    end
    if out.draft then
      assert.truthy(json.encode(scene:posts("The model wrote this sentence " .. word)[1].body):find("not sent because the chat was taken over", 1, true))
    end
    assert.is_true(sent > 0 or out.draft ~= nil, "the reply is neither sent nor shown to staff")
    return out.draft and "kept" or "sent"
  end

  it("C7: never lets a text of the model leave after the click's 200, and shows staff what it held back", function()
    local ends = {}
    for i = 1, shell.rounds(20, 1000) do
      local how = race(i % 2 == 0 and math.random(0, 12) or math.random(0, 60), i % 5 == 0 and 2 or 1)
      ends[how] = (ends[how] or 0) + 1
    end
    assert.is_true((ends.kept or 0) > 0, "the race never had the click first")
  end)

  it("C7: a click while the model thinks: the answer is dropped, and staff see it as a draft", function()
    local phone, word = meta.phone(), meta.word()
    local id = stand_ins:plan { contains = word, hold = true, times = 1, answer = { reply_to_user = "Too late " .. word, action = "handoff" } }
    service:say(phone, "hello " .. word)
    shell.until_(function() return stand_ins:models(word)[1] end, 5, "the model's call")
    assert.equal(200, service:click(phone).status)
    stand_ins:release(id)
    scene:posts("Too late " .. word)
    service:say(phone, "are you there?")
    scene:sent(phone, "Our team is handling")
    assert.equal(0, #scene:tries(phone, word))
    assert.equal("draft", scene:message(word).state)
    assert.equal(0, #stand_ins:cards(phone))
  end)

  it("C7: a click while a send waits for WhatsApp: a message that left is settled by its status, one that did not leave is kept", function()
    local phone, word = meta.phone(), meta.word()
    stand_ins:fault { graph = { kind = "slow", delay_ms = 400, contains = phone } }
    local reply = ("This has two parts " .. word .. ". "):rep(150)
    stand_ins:plan { contains = word, answer = { reply_to_user = reply } }
    service:say(phone, "hello " .. word)
    shell.until_(function() return scene:tries(phone, word)[1] end, 5, "the first part at the door")
    assert.equal(200, service:click(phone).status)
    stand_ins:calm()
    service:say(phone, "are you there?")
    scene:sent(phone, "Our team is handling", 1, 10)
    assert.equal(1, #scene:tries(phone, word))
    scene:posts(word)
  end)
end)
