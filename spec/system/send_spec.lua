-- The delivery of a message to the customer: the codes E of docs/faults.md, and A6, A7.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local GRACE_MS = 700

describe("a send to the customer", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { env = { SEND_TIMEOUT_MS = 500, SEND_GRACE_MS = GRACE_MS } }
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  after_each(function() stand_ins:calm() end)

  for _, code in ipairs { 131056, 130429, 80007, 131000, 131016, 4 } do
    it("E1: code " .. code .. " is tried again, and arrives once", function()
      local phone = meta.phone()
      stand_ins:fault { graph = { kind = "code", code = code, times = 1, contains = phone } }
      local word = scene:ask(phone)
      scene:sent(phone, word)
      assert.equal(2, #scene:tries(phone, word))
    end)
  end

  for _, status in ipairs { 500, 502, 503 } do
    it("E1: HTTP " .. status .. " with a page of HTML is tried again", function()
      local phone = meta.phone()
      stand_ins:fault { graph = { kind = "http", code = status, times = 1, contains = phone } }
      local word = scene:ask(phone)
      scene:sent(phone, word)
      assert.equal(2, #scene:tries(phone, word))
    end)
  end

  it("E1: a later reply of the same chat waits for the one that is tried again", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "code", code = 131056, contains = phone } }
    local first = scene:ask(phone)
    shell.until_(function() return #scene:tries(phone, first) > 0 end, 5, "the first try")
    local second = scene:ask(phone)
    scene:state(second, "queued")
    assert.equal(0, #scene:tries(phone, second))
    stand_ins:calm()
    scene:sent(phone, second, 1, 10)
    local list = stand_ins:sends(phone)
    assert.truthy(list[#list].text:find(second, 1, true))
    assert.truthy(list[#list - 1].text:find(first, 1, true))
    assert.equal(200, list[#list - 1].status)
  end)

  it("E2: outside the 24-hour window nothing is tried again, and staff get the text", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "code", code = 131047, contains = phone } }
    local word = scene:ask(phone)
    local post = scene:posts(word)[1]
    assert.truthy(json.encode(post.body):find("24 hours", 1, true))
    assert.truthy(json.encode(post.body):find(phone:sub(-4), 1, true))
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
    assert.equal("failed", scene:message(word).state)
    local _, dead = service:cli("jobs", "--dead")
    assert.truthy(dead:find("131047", 1, true), dead)
  end)

  it("E2: a failed status that says the window is closed gives staff the text too", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "window", contains = phone } }
    local word = scene:ask(phone)
    assert.truthy(json.encode(scene:posts(word)[1].body):find("24 hours", 1, true))
    assert.equal("failed", scene:message(word).state)
  end)

  for _, code in ipairs { 131026, 131051, 100 } do
    it("E4: code " .. code .. " is final: no second try, a dead job, one message to staff", function()
      local phone = meta.phone()
      stand_ins:fault { graph = { kind = "code", code = code, contains = phone } }
      local word = scene:ask(phone)
      scene:posts("code " .. code .. ")")
      scene:marker()
      assert.equal(1, #scene:tries(phone, word))
      assert.equal("failed", scene:message(word).state)
      local told = 0
      for _, post in ipairs(stand_ins:posts(phone:sub(-4))) do
        if json.encode(post.body):find(tostring(code), 1, true) then told = told + 1 end
      end
      assert.equal(1, told)
    end)
  end

  it("E5: a send that was taken but never answered is settled by its status, and not sent again", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "lost", times = 1, contains = phone } }
    local word = scene:ask(phone)
    scene:state(word, "delivered")
    scene:sent(phone, scene:ask(phone), 1, 8)
    shell.until_(function() return shell.now_ms() > scene:tries(phone, word)[1].at + 500 + GRACE_MS + 200 end, 8, "the end of the grace")
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("E5: a status that comes within the grace settles it too; a status of a stranger does not", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "vanished", times = 1, contains = phone } }
    local word = scene:ask(phone)
    local row = scene:state(word, "unknown")
    assert.equal(200, service:hook { statuses = { meta.status(meta.wamid(), phone, "delivered", { mark = "f" .. row.id }) } })
    assert.equal(200, service:hook { statuses = { meta.status("wamid.settled", phone, "sent", { mark = row.id }) } })
    assert.equal("wamid.settled", scene:state(word, "sent").wamid)
    shell.until_(function() return shell.now_ms() > row.state_at + GRACE_MS + 200 end, 5, "the end of the grace")
    scene:sent(phone, scene:ask(phone))
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("E5: without a status it is sent again after the grace, never before, under the same mark", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "vanished", times = 1, contains = phone } }
    local word = scene:ask(phone)
    scene:sent(phone, word, 1, 8)
    local list = scene:tries(phone, word)
    assert.equal(2, #list)
    assert.is_true(list[2].at - list[1].at >= GRACE_MS, list[2].at - list[1].at .. " ms apart")
    assert.equal(list[1].mark, list[2].mark)
  end)

  for _, kind in ipairs { "html", "empty" } do
    it("E7: 200 with " .. kind .. " is settled by its status, and not sent again", function()
      local phone = meta.phone()
      stand_ins:fault { graph = { kind = kind, times = 1, contains = phone } }
      local word = scene:ask(phone)
      scene:state(word, "delivered")
      scene:sent(phone, scene:ask(phone))
      assert.equal(1, #scene:tries(phone, word))
    end)
  end

  it("E8: a failed status is final for a number that cannot be reached: it is stored and told to staff, and nothing is sent again", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "undeliverable", contains = phone } }
    local word = scene:ask(phone)
    scene:posts "131026"
    assert.equal("failed", scene:state(word, "failed").state)
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("E8: after a temporary failure it is sent again, once and no more", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "failed", code = 131000, contains = phone } }
    local word = scene:ask(phone)
    shell.until_(function() return #scene:tries(phone, word) == 2 end, 6, "a second try")
    scene:state(word, "failed")
    scene:marker()
    assert.equal(2, #scene:tries(phone, word))
  end)

  it("E9: a reply of 4096 characters is one message, of 4097 it is two, and nothing is lost or empty", function()
    for length, parts in pairs { [4096] = 1, [4097] = 2 } do
      local phone, word = meta.phone(), meta.word()
      local sentence = "We can take the old couch from the house today. "
      local text = word .. ". " .. sentence:rep(100)
      text = text:sub(1, length - 1) .. "."
      stand_ins:plan { contains = word, answer = { reply_to_user = text } }
      service:say(phone, "hello " .. word)
      scene:sent(phone, nil, parts)
      scene:sent(phone, scene:ask(phone))
      local sizes = {}
      for _, one in ipairs(stand_ins:sends(phone)) do sizes[#sizes + 1] = utf8.len(one.text) end
      assert.equal(parts + 1, #sizes)
      for _, size in ipairs(sizes) do assert.is_true(size > 0 and size <= 4096, size) end
    end
  end)

  it("E9: a reply of emoji alone is sent as it is", function()
    local phone = meta.phone()
    scene:ask(phone, { answer = { reply_to_user = "👍👍🏽" } })
    assert.equal("👍👍🏽", scene:sent(phone)[1].text)
  end)

  it("E9: a blank reply is never sent", function()
    local phone = meta.phone()
    scene:ask(phone, { answer = { reply_to_user = " \n\u{200B} " } })
    for _, one in ipairs(scene:sent(phone)) do assert.truthy(one.text:find "%a", one.text) end
    stand_ins:forget()
    scene:marker()
  end)

  it("E10: marks are unique to each part, short, and hold nothing of the customer", function()
    local phone, word, seen = meta.phone(), meta.word(), {}
    stand_ins:plan { contains = word, answer = { reply_to_user = ("Thanks for all of these words. "):rep(300) } }
    service:say(phone, "hello " .. word)
    scene:sent(phone, nil, 2)
    scene:sent(phone, scene:ask(phone))
    for _, one in ipairs(stand_ins:sends(phone)) do
      assert.is_string(one.mark)
      assert.is_true(#one.mark > 0 and #one.mark <= 512)
      assert.is_nil(one.mark:find(phone:sub(2), 1, true))
      assert.is_nil(seen[one.mark])
      seen[one.mark] = true
    end
  end)

  it("E11: messages that wait when the customer opts out are dropped, with the reason", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "code", code = 131056, contains = phone } }
    local word = scene:ask(phone)
    shell.until_(function() return #scene:tries(phone, word) > 0 end, 5, "the first try")
    service:say(phone, "STOP")
    shell.until_(function() return scene:column(phone, "opted_out") == 1 end, 5, "the opt-out")
    local tried = #scene:tries(phone, word)
    stand_ins:calm()
    scene:sent(phone, "START", 1, 10)
    for i, one in ipairs(scene:tries(phone, word)) do assert.is_true(one.status ~= 200, "try " .. i .. " of " .. tried) end
    local row = scene:message(word)
    assert.equal("dropped", row.state)
    assert.equal("opted out", row.error)
  end)

  it("E11: messages that wait when staff take over are kept as drafts for them", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "code", code = 131056, contains = phone } }
    local word = scene:ask(phone)
    shell.until_(function() return #scene:tries(phone, word) > 0 end, 5, "the first try")
    assert.equal(200, service:click(phone).status)
    stand_ins:calm()
    scene:posts(word)
    service:say(phone, "hello?")
    scene:sent(phone, "Our team is handling your request directly", 1, 10)
    for _, one in ipairs(scene:tries(phone, word)) do assert.is_true(one.status ~= 200) end
    assert.equal("draft", scene:message(word).state)
  end)

  it("A6: killed after the request left: its status settles it after the restart, and it is not sent again", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "vanished", times = 1, delay_ms = 3000, contains = phone } }
    local word = scene:ask(phone)
    local try = shell.until_(function() return scene:tries(phone, word)[1] end, 5, "the send")
    service:kill()
    service:start()
    assert.equal(200, service:hook { statuses = { meta.status(meta.wamid(), phone, "delivered", { mark = try.mark }) } })
    scene:state(word, "delivered", 8)
    local begun = shell.now_ms()
    scene:sent(phone, scene:ask(phone), 1, 8)
    shell.until_(function() return shell.now_ms() > begun + GRACE_MS + 200 end, 5, "the end of the grace")
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("A6: killed after the request left, and no status comes: it is sent again after the grace", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "vanished", times = 1, delay_ms = 3000, contains = phone } }
    local word = scene:ask(phone)
    shell.until_(function() return #scene:tries(phone, word) == 1 end, 5, "the send")
    service:kill()
    local killed = shell.now_ms()
    service:start()
    local list = shell.until_(function()
      local list = scene:tries(phone, word)
      return #list == 2 and list
    end, 8, "a second try")
    assert.is_true(list[2].at - killed >= GRACE_MS - 100, list[2].at - killed .. " ms after the kill")
    assert.equal(list[1].mark, list[2].mark)
  end)

  it("A7: killed with the answer unread: its status settles it, and it is not sent again", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "slow", delay_ms = 200, times = 1, contains = phone } }
    local word = scene:ask(phone)
    shell.until_(function() return #scene:tries(phone, word) == 1 end, 5, "the send")
    service:signal "STOP"
    shell.until_(function() return scene:tries(phone, word)[1].ended_at end, 5, "the answer")
    service:kill()
    service:start()
    scene:state(word, "delivered", 8)
    local begun = shell.now_ms()
    shell.until_(function() return shell.now_ms() > begun + GRACE_MS + 200 end, 5, "the end of the grace")
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("E12: a reply that grew older than 30 minutes is planned again, not sent", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "code", code = 131056, contains = phone } }
    local word = scene:ask(phone, { times = 1, answer = { reply_to_user = "This answer grew old" } })
    shell.until_(function() return #scene:tries(phone, "grew old") > 0 end, 5, "the first try")
    service:kill()
    local old = "UPDATE messages SET created_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-31 minutes') WHERE content = 'This answer grew old'"
    local code, problem = shell.run("sqlite3 " .. service.db .. " " .. shell.quote(old))
    assert.equal(0, code, problem)
    scene:plan("This answer is fresh", word)
    stand_ins:calm()
    service:start()
    scene:sent(phone, "This answer is fresh", 1, 10)
    for _, one in ipairs(scene:tries(phone, "grew old")) do assert.is_true(one.status ~= 200) end
  end)
end)

describe("a send while WhatsApp refuses our access", function()
  teardown(chat.close_all)

  it("E3: everything waits, staff are told once, and the new token lets each reply go exactly once", function()
    local folder = shell.folder()
    shell.write(folder .. "/token", "an expired token")
    local scene = chat.open { env = { META_ACCESS_TOKEN = false, META_ACCESS_TOKEN_FILE = folder .. "/token" } }
    local words = {}
    for i = 1, 4 do
      local phone = meta.phone()
      words[phone] = scene:ask(phone, "Reply " .. i)
    end
    for _, word in pairs(words) do scene:state(word, "queued") end
    scene:posts "refuses our access"
    shell.until_(function() return scene.service:value "SELECT count(*) FROM held" == 4 end, 5, "four replies that wait")
    local tried = 0
    for phone in pairs(words) do tried = tried + #scene:tries(phone) end
    shell.write(folder .. "/token", scene.stand_ins.token .. "\n")
    assert.equal(0, (scene.service:cli "reload"))
    for phone, word in pairs(words) do scene:sent(phone, word) end
    scene:marker()
    for phone, word in pairs(words) do assert.equal(1, #scene:sent(phone, word)) end
    assert.equal(1, #scene.stand_ins:posts "refuses our access")
    assert.is_true(tried <= 4, tried .. " tries while it was refused")
  end)

  local remedies = { [10] = "whatsapp_business_messaging", [200] = "META_ACCESS_TOKEN", [368] = "Business Support Home", [131031] = "Business Support Home",
    [131042] = "payment method", [133010] = "register" }
  for _, code in ipairs { 10, 200, 368, 131031, 131042, 133010 } do
    it((code == 10 or code == 200) and "E3: code " .. code .. " holds everything until access is back" or "E4: code " .. code .. " holds everything, with one alert that names the remedy", function()
      local scene = chat.open()
      local first, second = meta.phone(), meta.phone()
      scene.stand_ins:fault { graph = { kind = "code", code = code } }
      local one = scene:ask(first)
      local alert = json.encode(scene:posts("refuses our access")[1].body)
      assert.truthy(alert:find(remedies[code], 1, true), alert)
      local two = scene:ask(second)
      shell.until_(function() return scene.service:value "SELECT count(*) FROM held" == 2 end, 5, "two replies that wait")
      assert.equal(0, #scene:tries(second, two))
      assert.equal(1, #scene:tries(first, one))
      local _, jobs = scene.service:cli "jobs"
      assert.truthy(jobs:find(remedies[code], 1, true), jobs)
      scene.stand_ins:fault { graph = "off" }
      assert.equal(0, (scene.service:cli "reload")) -- the same token: a right that was given back is tried at once
      scene:sent(first, one)
      scene:sent(second, two)
      scene:marker()
      assert.equal(1, #scene:sent(first, one))
      assert.equal(1, #scene:sent(second, two))
      scene:close()
    end)
  end

  it("E4: a failed status that says so holds everything too: the message waits, and goes once a status says that we may", function()
    local scene = chat.open()
    local first, second = meta.phone(), meta.phone()
    scene.stand_ins:fault { graph = { kind = "failed", code = 131042, times = 1 } }
    local one = scene:ask(first)
    assert.truthy(json.encode(scene:posts("refuses our access (131042)")[1].body):find("payment method", 1, true))
    local two = scene:ask(second)
    shell.until_(function() return scene.service:value "SELECT count(*) FROM held" == 2 end, 5, "two replies that wait")
    assert.equal(0, #scene:tries(second, two))
    assert.equal(0, (scene.service:cli "reload"))
    scene:state(one, "delivered")
    scene:state(two, "delivered")
    assert.equal(2, #scene:tries(first, one))
    assert.equal(1, #scene:tries(second, two))
    scene:close()
  end)

  it("E13: a person who got very many messages waits for the next one; others do not", function()
    local scene = chat.open()
    local first, second = meta.phone(), meta.phone()
    scene:sent(first, scene:ask(first))
    scene.service:kill()
    local paced = ("UPDATE messages SET paced_at = %d WHERE paced_at IS NOT NULL"):format(shell.now_ms() + 44 * 6000 + 4000)
    assert.equal(0, (shell.run("sqlite3 " .. scene.service.db .. " " .. shell.quote(paced))))
    scene.service:start()
    local word = scene:ask(first)
    shell.until_(function() return scene:message(word) end, 5, "the reply")
    local other = scene:ask(second)
    local send = scene:sent(second, other)[1]
    assert.equal(0, #scene:tries(first, word))
    assert.is_true(scene:sent(first, word, 1, 10)[1].at > send.at)
    scene:close()
  end)

  it("E14: while WhatsApp asks the account to wait nobody is sent to; then everybody is, once", function()
    local scene = chat.open()
    local first, second = meta.phone(), meta.phone()
    scene.stand_ins:fault { graph = { kind = "code", code = 130429, times = 1, retry_after = "1.5" } }
    local one = scene:ask(first)
    local try = shell.until_(function() return scene:tries(first, one)[1] end, 5, "the first try")
    local two = scene:ask(second)
    local sent = { scene:sent(first, one)[1], scene:sent(second, two)[1] }
    for _, send in ipairs(sent) do assert.is_true(send.at - try.at >= 1450, send.at - try.at .. " ms") end
    assert.equal(2, #scene:tries(first, one))
    assert.equal(1, #scene:tries(second, two))
    scene:close()
  end)
end)

describe("a send over a connection that breaks", function()
  teardown(chat.close_all)

  it("E5: a reset after the whole request is never followed by a blind try; E7: neither are 200 with messages:[] or a cut answer", function()
    local graph = wire.listen()
    local scene = chat.open { env = { META_GRAPH_URL = "http://127.0.0.1:" .. graph.port .. "/v26.0", TYPING_INDICATOR = "off", SEND_GRACE_MS = 600 } }
    local cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"messages\":[{\"id\":\"wamid.c"
    local ways = {
      function(peer) peer:reset() end,
      function(peer) peer:close() end,
      function(peer) peer:answer(200, '{"messaging_product":"whatsapp","messages":[]}') end,
      function(peer) peer:send(cut) peer:close() end,
    }
    for i, way in ipairs(ways) do
      local phone = meta.phone()
      local word = scene:ask(phone)
      local peer = assert(graph:accept(6), "way " .. i)
      local request = assert(peer:request(5))
      assert.truthy(request.body:find(word, 1, true))
      way(peer)
      local begun = shell.now_ms()
      scene:state(word, "unknown")
      local again = graph:accept(5) or peer
      local second = assert(again:request(5), "a second try of way " .. i)
      assert.is_true(shell.now_ms() - begun >= 550, ("way %d: %d ms"):format(i, shell.now_ms() - begun))
      assert.equal(json.decode(request.body).biz_opaque_callback_data, json.decode(second.body).biz_opaque_callback_data)
      again:answer(200, json.encode { messages = { { id = meta.wamid() } } })
      scene:state(word, "accepted")
      again:close()
      peer:close()
    end
    graph:close()
  end)

  it("E6: a connection refused before a byte left is retried, and the message is not in doubt", function()
    local port = shell.port()
    local scene = chat.open { env = { META_GRAPH_URL = "http://127.0.0.1:" .. port .. "/v26.0", TYPING_INDICATOR = "off", SEND_GRACE_MS = 60000 } }
    local phone = meta.phone()
    local word = scene:ask(phone)
    shell.until_(function()
      local row = scene:message(word)
      return row and row.state == "queued" and row.error == "connect"
    end, 5, "a refused try")
    local graph = wire.listen(port)
    local peer = assert(graph:accept(8))
    local request = assert(peer:request(5))
    assert.truthy(request.body:find(word, 1, true))
    peer:answer(200, json.encode { messages = { { id = meta.wamid() } } })
    scene:state(word, "accepted")
    assert.equal(0, #scene.service:logged "whatsapp.unknown")
    graph:close()
  end)
end)
