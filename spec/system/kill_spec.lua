-- kill -9 at any moment loses no acknowledged message; everybody is answered, nobody twice: A1 to A9.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local url = require "host.url"
local wire = require "spec.support.wire"

local PHONES, EACH = 25, 2

describe("kill -9 at random moments under load", function()
  teardown(chat.close_all)

  -- A round of customers who write while the program is killed; what got no 200 is posted again, as Meta does. Their words by phone.
  local function round(service, kill_after_ms)
    local posts, words = {}, {}
    for n = 1, EACH do
      for i = 1, PHONES do
        local phone = words[i] and words[i].phone or meta.phone()
        words[i] = words[i] or { phone = phone }
        words[i][n] = meta.word()
        posts[#posts + 1] = meta.body { messages = { meta.text(phone, ("message %d %s"):format(n, words[i][n])) } }
      end
    end
    os.execute(("( sleep %.3f; kill -KILL %d ) >/dev/null 2>&1 &"):format(kill_after_ms / 1000, service:pid()))
    local again, acknowledged = {}, 0
    for _, post in ipairs(posts) do
      if service:hook(post, 2) == 200 then acknowledged = acknowledged + 1 else again[#again + 1] = post end
    end
    assert(service:exit(5), "the kill did not reach the program")
    local killed_at = shell.now_ms()
    service:start()
    for _, post in ipairs(again) do
      local status = service:hook(post)
      assert(status == 200, ("a redelivery got %d; the log ends with %s"):format(status, service:log_text():sub(-1500)))
    end
    return words, acknowledged, killed_at
  end

  -- The sends that the stand-in accepted, by the word that they hold.
  local function taken(stand_ins, after)
    local by_word, newest = {}, after
    for _, one in ipairs(stand_ins:requests("graph", { after = after })) do
      newest = one.id
      local text = one.status ~= 401 and type(one.body.text) == "table" and one.body.text.body
      if text then
        for word in text:gmatch "zq%l+" do
          by_word[word] = by_word[word] or {}
          table.insert(by_word[word], one)
        end
      end
    end
    return by_word, newest
  end

  -- Rounds of it. allowed(first, second, killed_at): may this word have been sent twice?
  local function rounds(count, env, prepare, allowed)
    local scene = chat.open { env = env }
    local service, stand_ins = scene.service, scene.stand_ins
    stand_ins:plan { contains = "zq", echo = true }
    prepare(stand_ins)
    math.randomseed(20261122)
    local after, twice, middle = 0, 0, 0
    for i = 1, count do
      local words, acknowledged, killed_at = round(service, math.random(0, 260))
      if acknowledged > 0 then middle = middle + 1 end
      local by_word
      shell.until_(function()
        by_word = taken(stand_ins, after)
        for _, list in ipairs(words) do
          for n = 1, EACH do
            if not by_word[list[n]] then return false end
          end
        end
        return true
      end, 20, ("round %d: every message answered"):format(i))
      scene.service:say(meta.phone(), "a last word")
      shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('turn', 'send')" == 0 end, 10, "nothing left to do")
      by_word, after = taken(stand_ins, after)
      for _, list in ipairs(words) do
        local at = 0
        for n = 1, EACH do
          local sends = by_word[list[n]]
          if #sends > 1 then
            twice = twice + 1
            for j = 2, #sends do
              assert.equal(sends[1].mark or sends[1].body.biz_opaque_callback_data, sends[j].body.biz_opaque_callback_data)
              assert.is_true(allowed(sends[1], killed_at), ("round %d: '%s' was answered twice"):format(i, list[n]))
            end
          end
          assert.is_true(sends[1].id >= at, "answered out of order")
          at = sends[1].id
        end
      end
      local stored = service:value("SELECT count(*) FROM messages WHERE role = 'user' AND content LIKE 'message %'")
      assert.equal(i * PHONES * EACH, stored)
    end
    assert.equal("ok", service:value "SELECT integrity_check FROM pragma_integrity_check")
    assert.is_true(middle > 0, "no round was killed while it took messages")
    scene:close()
    return twice
  end

  it("A1 A2 A3: with statuses, nothing is lost, all are answered in order, and nobody twice", function()
    rounds(shell.rounds(14, 150), nil, function(stand_ins) stand_ins:fault { model = { kind = "slow", delay_ms = 40 } } end, function() return false end)
  end)

  it("A6: without statuses only what was in flight at the kill may come twice, under the same mark", function()
    rounds(shell.rounds(6, 50), { SEND_GRACE_MS = 300 }, function(stand_ins)
      stand_ins:fault { model = { kind = "slow", delay_ms = 40 }, graph = "silent" }
    end, function(first, killed_at) return first.at <= killed_at and first.at > killed_at - 1500 end)
  end)
end)

describe("kill -9 at a chosen moment", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  after_each(function() stand_ins:calm() end)

  it("A1: before the commit there was no 200, and the redelivery is one reply", function()
    local phone, word = meta.phone(), scene:plan()
    local body = meta.body { messages = { meta.text(phone, "hi " .. word) } }
    service:signal "STOP"
    local peer = wire.dial(service.port)
    peer:send(meta.request(service.secret, body))
    service:kill()
    assert.is_nil(peer:read(1, 1)[1])
    peer:close()
    service:start()
    assert.equal(200, service:hook(body))
    scene:sent(phone, word)
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("A3: right after the 200 the message is there, and is answered within two seconds of the start", function()
    for _ = 1, 5 do
      local phone, word = meta.phone(), scene:plan()
      service:say(phone, "hi " .. word)
      service:kill()
      service:start()
      local started = shell.now_ms()
      scene:sent(phone, word)
      assert.is_true(shell.now_ms() - started < 2000)
      assert.equal(1, #scene:tries(phone, word))
    end
  end)

  it("A4: while the model is asked: it is asked once more at most, and there is one reply", function()
    local phone, word = meta.phone(), meta.word()
    stand_ins:plan { contains = word, hold = true, times = 1, answer = { reply_to_user = "held back " .. word } }
    scene:plan("answered " .. word, word)
    service:say(phone, "hi " .. word)
    shell.until_(function() return stand_ins:models(word)[1] end, 5, "the model's call")
    service:kill()
    service:start()
    stand_ins:release()
    scene:sent(phone, word)
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
    assert.equal(2, #stand_ins:models(word))
  end)

  it("A4: with the model's answer unread it is asked once more at most, and there is one reply", function()
    local phone, word = meta.phone(), meta.word()
    local id = stand_ins:plan { contains = word, hold = true, times = 1, answer = { reply_to_user = "Any stairs? " .. word } }
    scene:plan("Any stairs?", word)
    service:say(phone, "hi " .. word)
    shell.until_(function() return stand_ins:models(word)[1] end, 5, "the model's call")
    service:signal "STOP"
    stand_ins:release(id)
    shell.until_(function() return stand_ins:models(word)[1].ended_at end, 5, "the answer")
    service:kill()
    service:start()
    scene:sent(phone, word)
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
    assert.equal(2, #stand_ins:models(word))
  end)

  it("A5: at any moment the reply, the quote, what is answered and the send's job are all there or none of them", function()
    for i = 1, shell.rounds(6, 40) do
      local phones = {}
      for n = 1, 10 do
        phones[n] = meta.phone()
        scene:ask(phones[n], { answer = { reply_to_user = "Noted, any stairs?", extracted_data = { address = n .. " King St" } } })
      end
      os.execute(("sleep %.3f; kill -KILL %d"):format(i * 13 % 60 / 1000, service:pid()))
      service:exit(5)
      for _, row in ipairs(service:rows([[SELECT c.id, c.answered_seq AS answered, c.last_seq AS last,
          (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id AND m.role = 'assistant') AS replies,
          (SELECT count(*) FROM messages m JOIN jobs j ON j.lane = 'whatsapp:' || c.id AND instr(j.payload, m.id) > 0
            WHERE m.conversation_id = c.id AND m.state IN ('queued', 'sending', 'unknown')) AS jobs,
          (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id AND m.state IN ('queued', 'sending', 'unknown')) AS open,
          (SELECT count(*) FROM quote_data q WHERE q.conversation_id = c.id AND q.json_dump LIKE '%King%') AS quotes,
          (SELECT count(*) FROM turns t WHERE t.conversation_id = c.id) AS turns,
          (SELECT count(*) FROM jobs j WHERE j.lane = 'turn:' || c.id) AS turn_jobs
          FROM conversations c WHERE c.id IN (']] .. table.concat(phones, "','") .. "')")) do
        local done = row.answered == row.last and 1 or 0
        local words = json.encode(row)
        assert.equal(done, row.replies, words)
        assert.equal(done, row.quotes, words)
        assert.equal(done, row.turns, words)
        assert.equal(row.open, row.jobs, words)
        assert.is_true(done == 1 or row.turn_jobs == 1, words)
      end
      service:start()
      for _, phone in ipairs(phones) do scene:sent(phone) end
    end
  end)

  it("A5 B26: while two chats become one, at any moment both are there or one with all of both; afterwards it is one, and each message is answered once", function()
    local whole = 0
    for i = 1, shell.rounds(4, 40) do
      local pairs_, posts = {}, {}
      for n = 1, 6 do
        local one = { number = meta.phone(), id = "CA." .. meta.phone() .. "00", words = { meta.word(), meta.word(), scene:plan() } }
        pairs_[n] = one
        local by_id = meta.text("", "a bed " .. one.words[2], { from_user_id = one.id })
        service:hook { messages = { meta.text(one.number, "a couch " .. one.words[1]) } }
        service:hook { messages = { by_id } }
        posts[n] = meta.body { messages = { meta.text(one.number, "and a lamp " .. one.words[3], { from_user_id = one.id }) } }
      end
      for _, one in ipairs(pairs_) do
        scene:sent(one.number)
        scene:sent(one.id)
      end
      os.execute(("( sleep %.4f; kill -KILL %d ) >/dev/null 2>&1 &"):format((i * 11 % 40) / 1000, service:pid()))
      local again = {}
      for _, post in ipairs(posts) do
        if service:hook(post, 2) ~= 200 then again[#again + 1] = post end
      end
      assert(service:exit(5), "the kill did not reach the program")
      for _, one in ipairs(pairs_) do
        local names = ("'%s', '%s'"):format(one.number, one.id)
        local left = service:rows("SELECT id FROM conversations WHERE id IN (" .. names .. ") ORDER BY id")
        local function count(what, of) return service:value(("SELECT count(*) FROM %s WHERE conversation_id = '%s'"):format(what, of)) end
        local at_id = count("messages", one.id) + count("identities", one.id) + count("turns", one.id) + count("costs", one.id) + count("quote_data", one.id)
        if #left == 2 then
          assert.is_true(count("messages", one.number) > 0 and count("messages", one.id) > 0)
          assert.same({ 1, 1 }, { count("identities", one.number), count("identities", one.id) })
        else
          whole = whole + 1
          assert.equal(one.number, left[1].id)
          assert.equal(0, at_id)
          assert.equal(3, count("identities", one.number)) -- the number, the id, the id of the chat that is gone
        end
        assert.equal(0, service:value("SELECT count(*) FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)"))
      end
      service:start()
      for _, post in ipairs(again) do assert.equal(200, service:hook(post)) end
      for _, one in ipairs(pairs_) do
        scene:sent(one.number, one.words[3])
        assert.equal(1, #scene:tries(one.number, one.words[3]))
        assert.same({ 3 }, { service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. one.number .. "'") })
        assert.equal(0, service:value("SELECT count(*) FROM conversations WHERE id = '" .. one.id .. "'"))
      end
    end
    print(("# killed around a merge: %d of the chats were one already"):format(whole))
  end)

  it("A8: around a post to Slack the card is posted at least once, a second one names the same case, and its button works", function()
    local phone = meta.phone()
    stand_ins:fault { slack = { kind = "slow", delay_ms = 400, times = 1, contains = phone } }
    service:say(phone, "I want to talk to a human")
    shell.until_(function() return stand_ins:posts(phone)[1] end, 5, "the post")
    service:kill()
    service:start()
    local list = shell.until_(function()
      local list = stand_ins:cards(phone)
      return #list == 2 and list
    end, 8, "both cards")
    assert.equal(json.encode(list[1].body):match "%(case %d+%)", json.encode(list[2].body):match "%(case %d+%)")
    assert.equal(200, stand_ins:press { value = phone }.status)
    assert.equal("PAUSED", scene:column(phone, "status"))
  end)

  it("A9: during a click a 200 means that it was durable, no answer leaves it open, and the next click works", function()
    local answered = 0
    for i = 1, shell.rounds(8, 60) do
      local phone = meta.phone()
      service:say(phone, "hello")
      shell.until_(function() return scene:column(phone, "status") end, 3, "the conversation")
      local at = tostring(os.time())
      local body = "payload=" .. url.encode(json.encode { type = "block_actions", user = { id = "U1", username = "anna" }, trigger_id = i,
        actions = { { action_id = "take_over_chat", value = phone } } })
      local peer = wire.dial(service.port)
      local signature = "v0=" .. crypto.hex(crypto.hmac_sha256(service.signing_secret, "v0:" .. at .. ":" .. body))
      os.execute(("( sleep %.4f; kill -KILL %d ) >/dev/null 2>&1 &"):format((i * 7 % 12) / 2000, service:pid()))
      peer:send(("POST /slack/interactive HTTP/1.1\r\nHost: spec.test\r\nContent-Type: application/x-www-form-urlencoded\r\nX-Slack-Request-Timestamp: %s\r\n"
        .. "X-Slack-Signature: %s\r\nContent-Length: %d\r\n\r\n%s"):format(at, signature, #body, body))
      local answer = peer:read(1, 2)[1]
      peer:close()
      service:exit(5)
      local status = scene:column(phone, "status")
      if answer then
        answered = answered + 1
        assert.equal(200, answer.status)
        assert.equal("PAUSED", status)
      end
      service:start()
      local again = service:click(phone, { user_id = "U1", user = "anna" })
      assert.equal(200, again.status)
      assert.truthy(json.decode(again.body).replace_original)
      assert.equal("PAUSED", scene:column(phone, "status"))
    end
    assert.is_number(answered)
  end)
end)
