-- Order within each conversation, with a thousand messages in flight over a hundred conversations.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"

local CHATS, EACH = 100, 10

describe("a thousand messages in flight", function()
  teardown(chat.close_all)

  it("are stored in each conversation's order, answered whole, and the answers leave in order", function()
    local scene = chat.open { env = { SEND_RATE = 1000 } }
    local service, stand_ins = scene.service, scene.stand_ins
    stand_ins:plan { contains = "zq", echo = true }
    stand_ins:fault { model = { kind = "slow", delay_ms = 150 } }
    local phones, words = {}, {}
    for i = 1, CHATS do
      phones[i] = meta.phone()
      words[i] = {}
    end
    for n = 1, EACH do
      local messages = {}
      for i = 1, CHATS do
        words[i][n] = meta.word()
        messages[i] = meta.text(phones[i], ("message %d %s"):format(n, words[i][n]))
      end
      -- Several to a webhook, as Meta does under load.
      for from = 1, CHATS, 20 do assert.equal(200, service:hook { messages = table.move(messages, from, from + 19, 1, {}) }) end
    end
    shell.until_(function()
      return service:value "SELECT count(*) FROM conversations WHERE answered_seq = last_seq AND last_seq = 10" == CHATS
        and service:value "SELECT count(*) FROM jobs WHERE kind IN ('turn', 'send')" == 0
    end, 30, "every message answered")
    local sends = {}
    for _, one in ipairs(stand_ins:requests "graph") do
      local to = one.body.to
      if to and one.body.type == "text" then
        assert.equal(200, one.status)
        sends[to] = (sends[to] or "") .. one.body.text.body .. "\n"
      end
    end
    local rows = {}
    for _, row in ipairs(service:rows "SELECT conversation_id, seq, content FROM messages WHERE role = 'user' ORDER BY conversation_id, seq") do
      local list = rows[row.conversation_id] or {}
      rows[row.conversation_id] = list
      list[#list + 1] = row.content
    end
    for i, phone in ipairs(phones) do
      assert.equal(EACH, #rows[phone])
      local at = 0
      for n = 1, EACH do
        assert.equal(("message %d %s"):format(n, words[i][n]), rows[phone][n])
        local found = assert(sends[phone]:find(words[i][n], 1, true), ("message %d of %s is not answered"):format(n, phone))
        assert.is_true(found > at, ("message %d of %s is answered out of order"):format(n, phone))
        assert.is_nil(sends[phone]:find(words[i][n], found + 1, true), "answered twice")
        at = found
      end
    end
  end)

  it("never have two turns of one conversation at the same time", function()
    local scene = chat.open()
    scene.stand_ins:plan { contains = "zq", echo = true }
    scene.stand_ins:fault { model = { kind = "slow", delay_ms = 60 } }
    local phone, words = meta.phone(), {}
    for i = 1, 60 do
      words[i] = meta.word()
      scene.service:say(phone, words[i])
    end
    scene:sent(phone, words[60], 1, 15)
    local ended = 0
    for _, call in ipairs(scene.stand_ins:requests "model") do
      assert.is_true(call.at >= ended, "a call began before the one before it had ended")
      ended = call.ended_at
    end
    local all = table.concat(scene.stand_ins:replies(phone), "\n")
    local at = 0
    for i, word in ipairs(words) do
      local found = assert(all:find(word, 1, true), "word " .. i)
      assert.is_true(found > at)
      at = found
    end
    scene:close()
  end)
end)
