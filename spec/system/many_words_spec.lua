-- One chat with very many messages, and one with very long ones: what the model gets, and how often it is asked.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("very many words", function()
  local scene, service, stand_ins
  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(process.close_all)

  it("D14: of 5,000 messages and one of 60 KB the model gets the newest twenty entries, cut, in a request that does not grow", function()
    local phone = meta.phone()
    local first = scene:ask(phone)
    scene:sent(phone, first)
    scene:state(first, "delivered")
    local small = stand_ins:models(first)[1]
    service:kill()
    service:sql(([[
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO messages(id, conversation_id, role, content, seq, kind, state)
        SELECT 'old-' || i, '%s', CASE i %% 2 WHEN 1 THEN 'user' ELSE 'assistant' END, 'old words ' || i || ' ' || printf('%%.600c', 'x'),
          1 + (i + 1) / 2, CASE i %% 2 WHEN 1 THEN 'text' ELSE 'model' END, CASE i %% 2 WHEN 1 THEN NULL ELSE 'delivered' END FROM n;
      UPDATE conversations SET last_seq = 2501, answered_seq = 2501 WHERE id = '%s';]]):format(phone, phone))
    service:start()
    local word = scene:plan()
    service:say(phone, "first " .. word .. " " .. ("a couch and a chair, "):rep(2900))
    scene:sent(phone, word, 1, 10)
    local asked = stand_ins:models(word)
    assert.equal(1, #asked)
    local messages, bytes = asked[1].body.messages, 0
    for _, message in ipairs(messages) do bytes = bytes + #message.content end
    local system = #small.body.messages[1].content
    assert.is_true(#messages <= 21, #messages)
    assert.is_true(bytes - system <= 26000, bytes - system) -- 24,000 of the chat, and what is known
    assert.truthy(messages[#messages].content:find("first " .. word, 1, true))
    local newest = 0
    for _, message in ipairs(messages) do
      for number in message.content:gmatch "old words (%d+)" do newest = math.max(newest, tonumber(number)) end
    end
    assert.equal(5000, newest)
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE length(content) > 60000"))
  end)

  it("D15: 200 messages at once cause one model call at a time, a few in all, and every message is read", function()
    local phone, word = meta.phone(), meta.word()
    local hold = stand_ins:plan { contains = word, hold = true, answer = { reply_to_user = "Noted " .. word } }
    local function burst(from, to)
      local list = {}
      for i = from, to do list[#list + 1] = meta.text(phone, ("thing %d %s"):format(i, word)) end
      assert.equal(200, service:hook { messages = list })
    end
    burst(1, 100)
    shell.until_(function() return #stand_ins:models(word) == 1 end, 6, "the first call")
    burst(101, 200)
    scene:marker() -- what was due has run, and the first call is not answered
    assert.equal(1, #stand_ins:models(word))
    stand_ins:release(hold)
    shell.until_(function() return #stand_ins:models(word) == 2 end, 6, "the second call")
    stand_ins:release(hold)
    shell.until_(function() return service:value(("SELECT answered_seq = last_seq FROM conversations WHERE id = '%s'"):format(phone)) == 1 end, 6, "all answered")
    scene:marker()
    assert.equal(2, #stand_ins:models(word))
    assert.equal(200, service:value(("SELECT count(*) FROM messages WHERE conversation_id = '%s' AND role = 'user'"):format(phone)))
  end)
end)
