-- Clicks from Slack and posts to Slack: the codes C and F of docs/faults.md.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local socket = require "socket"
local time = require "host.time"
local encode = require("host.url").encode
local wire = require "spec.support.wire"

local PAUSED = { replace_original = true, text = "✅ Chat paused. Staff has taken over the conversation." }


local function click_body(phone, fields)
  local payload = { type = "block_actions", user = { id = "U123456", username = "staff" },
    actions = { { action_id = "take_over_chat", value = phone } } }
  for name, value in pairs(fields or {}) do payload[name] = value end
  return "payload=" .. encode(json.encode(payload))
end

local function sign(service, at, body) return "v0=" .. crypto.hex(crypto.hmac_sha256(service.signing_secret, "v0:" .. at .. ":" .. body)) end

describe("a click in Slack", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  -- A customer who is known: their first message has been answered.
  local function customer(text)
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone, nil, text))
    return phone
  end

  local function status_of(phone) return scene:column(phone, "status") end

  local function post(body, headers) return wire.http(service.port, "POST", "/slack/interactive", { body = body, headers = headers }).status end

  it("C1: a click with a wrong or an old signature gets 401 and changes nothing", function()
    local phone = customer()
    local body, now = click_body(phone), tostring(os.time())
    local good, T, S = sign(service, now, body), "X-Slack-Request-Timestamp", "X-Slack-Signature"
    local function at(stamp) return { { T, stamp }, { S, sign(service, stamp, body) } } end
    local cases = {
      { {}, "nothing" }, { { { T, now } }, "no signature" }, { { { S, good } }, "no timestamp" },
      { { { T, now }, { S, "" } }, "empty" }, { { { T, now }, { S, "v0=" .. ("0"):rep(64) } }, "wrong" },
      { { { T, now }, { S, "v1=" .. good:sub(4) } }, "v1" }, { { { T, now }, { S, good:sub(4) } }, "no v0" },
      { { { T, now }, { S, good:sub(1, -2) } }, "short" }, { { { T, now }, { S, good .. "0" } }, "long" },
      { at "abc", "abc" }, { at "", "empty stamp" }, { at "9223372036854775808", "2^63" }, { at "-1", "-1" },
      { at(tostring(os.time() - 301)), "301 s old" }, { at(tostring(os.time() + 302)), "301 s ahead" },
      { { { T, now }, { S, good }, { S, good } }, "two signatures" }, { { { T, now }, { S, "v0=00" }, { S, good } }, "bad and good" },
      { { { T, now }, { T, now }, { S, good } }, "two timestamps" },
    }
    for _, case in ipairs(cases) do assert.equal(401, post(body, case[1]), case[2]) end
    local other = body:gsub("%%3A", ":")
    assert.not_equal(body, other)
    assert.equal(401, post(other, { { T, now }, { S, good } }), "re-encoded")
    assert.equal("ACTIVE", status_of(phone))
    assert.equal(200, post(body, { { T, now }, { S, good } }), "the good one")
    assert.equal("PAUSED", status_of(phone))
  end)

  it("C2: the same request again gets the same answer and does nothing, also after a restart", function()
    local phone = customer()
    local at, body = os.time(), click_body(phone)
    local first = service:slack("/slack/interactive", body, { at = at })
    assert.same(PAUSED, json.decode(first.body))
    assert.equal(200, service:click(phone, { action = "resume_chat" }).status)
    assert.equal("ACTIVE", status_of(phone))
    assert.equal(first.body, service:slack("/slack/interactive", body, { at = at }).body)
    assert.equal("ACTIVE", status_of(phone))
    service:restart()
    assert.equal(first.body, service:slack("/slack/interactive", body, { at = at }).body)
    assert.equal("ACTIVE", status_of(phone))
  end)

  -- Clicks of several people that reach the service in one moment; their answers.
  local function race(phone, users)
    local peers, at = {}, tostring(os.time())
    for i, user in ipairs(users) do
      local body = click_body(phone, { user = { id = "U" .. user:upper(), username = user }, trigger_id = tostring(i) })
      peers[i] = { wire.dial(service.port), ("POST /slack/interactive HTTP/1.1\r\nHost: spec.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        .. "X-Slack-Request-Timestamp: %s\r\nX-Slack-Signature: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"):format(at, sign(service, at, body), #body, body) }
    end
    for _, peer in ipairs(peers) do peer[1]:send(peer[2]) end
    local answers = {}
    for i, peer in ipairs(peers) do
      answers[i] = peer[1]:read(1, 5)[1]
      peer[1]:close()
    end
    return answers
  end

  it("C3: when two people click at once, one wins, and the other is told who has the chat", function()
    for _ = 1, shell.rounds(10, 1000) do
      local phone = meta.phone()
      service:say(phone, "hello")
      shell.until_(function() return scene:column(phone, "status") end, 3, "the conversation")
      local won, told = 0, nil
      local answers = race(phone, { "anna", "bob" })
      for _, answer in ipairs(answers) do
        assert.equal(200, answer.status)
        local body = json.decode(answer.body)
        if body.text == PAUSED.text then won = won + 1 else told = body end
      end
      assert.equal(1, won)
      assert.equal("ephemeral", told.response_type)
      local holder = scene:column(phone, "paused_by_name")
      assert.truthy(told.text:find("already taken by " .. holder, 1, true), told.text)
    end
  end)

  it("C3: a double click is one take-over, and the customer gets at most one text about it", function()
    local phone = customer()
    local answers = race(phone, { "anna", "anna" })
    for _, answer in ipairs(answers) do assert.same(PAUSED, json.decode(answer.body)) end
    service:say(phone, "anybody there?")
    scene:sent(phone, "Our team is handling")
    service:say(phone, "hello?")
    assert.truthy(scene:posts("> hello?")[1].body.text:find(phone:sub(-4) .. " (Pat Doe):\n> hello?", 1, true))
    scene:marker()
    assert.equal(1, #scene:tries(phone, "Our team is handling"))
  end)

  it("C4: a click for an unknown conversation, or for a number with spaces, changes nothing and is told so", function()
    local phone = customer()
    for _, value in ipairs { "19995550000", " " .. phone, phone .. " ", "+" .. phone, phone .. "\n", "' OR 1=1 --", "", ("9"):rep(2000) } do
      local answer = service:click(value)
      assert.equal(200, answer.status)
      assert.equal("ephemeral", json.decode(answer.body).response_type)
    end
    local answer = service:slack("/slack/interactive", click_body(phone, { actions = { { action_id = "take_over_chat", value = tonumber(phone) } } }))
    assert.equal(200, answer.status)
    assert.not_same(PAUSED, json.decode(answer.body))
    assert.equal("ACTIVE", status_of(phone))
    assert.is_true(#service:logged "slack.unknown_conversation" >= 8)
  end)

  it("C5: odd payloads are 200 or 400, never a crash and never a change", function()
    local phone = customer()
    local good = click_body(phone):sub(9)
    local bodies = {
      "", "payload=", "payload", "x=1", "payload=" .. good .. "&payload=" .. good, "payload=%7B", "payload=nojson", "payload=null", "payload=%5B%5D",
      "payload=1", "payload=%00" .. good, "payload=" .. good .. "%00", "payload=%ZZ" .. good, "payload=%", json.encode { type = "block_actions" },
      click_body(phone, { type = "view_submission" }), click_body(phone, { type = "shortcut" }), click_body(phone, { type = json.null }),
      click_body(phone, { actions = "x" }), click_body(phone, { actions = { 1, "x" } }), click_body(phone, { actions = json.array() }),
      click_body(phone, { actions = { { action_id = "other", value = phone } } }), click_body(phone, { actions = { { action_id = "take_over_chat" } } }),
      click_body("zz", { user = 5 }), "payload=" .. ("a"):rep(3 << 20),
    }
    for i, body in ipairs(bodies) do
      local status = service:slack("/slack/interactive", body).status
      assert.is_true(status == 200 or status == 400, i .. ": " .. status)
    end
    assert.equal("ACTIVE", status_of(phone))
    assert.is_true(service:alive())
    local plus = click_body(phone):gsub("%%20", "+")
    assert.equal(200, service:slack("/slack/interactive", plus, { content_type = "application/json" }).status)
    assert.is_true(service:healthy())
  end)

  it("C6: whatever the response_url answers, the chat stays paused; after three posts at most the card goes to the channel", function()
    local url = wire.listen()
    local phone = customer()
    assert.equal(200, service:click(phone, { response_url = "http://127.0.0.1:" .. url.port .. "/r" }).status)
    assert.equal("PAUSED", status_of(phone))
    local tries = 0
    while true do
      local peer = url:accept(tries < 3 and 8 or 0.3)
      if not peer then break end
      local request = assert(peer:request(3))
      tries = tries + 1
      if tries == 1 then assert.is_true(json.decode(request.body).replace_original) end
      peer:answer(500, "no")
      peer:close()
      if tries == 3 then scene:posts("Return to assistant") end
    end
    assert.equal(3, tries)
    assert.equal("PAUSED", status_of(phone))
    url:close()
  end)

  for _, way in ipairs { 404, 302, "closed" } do
    it("C6: a response_url that is " .. way .. " is not tried again, and leads nowhere else", function()
      local url, rogue = wire.listen(), wire.listen()
      local phone = customer()
      local where = "http://127.0.0.1:" .. url.port .. "/r"
      if way == "closed" then where = "http://127.0.0.1:" .. shell.port() .. "/r" end
      assert.equal(200, service:click(phone, { response_url = where }).status)
      if way ~= "closed" then
        local peer = assert(url:accept(5))
        peer:request(3)
        peer:answer(way, "gone", { Location = "http://127.0.0.1:" .. rogue.port .. "/" })
        peer:close()
      end
      scene:posts("tel:+" .. phone, 1, 10)
      assert.is_nil(rogue:accept(0))
      if way ~= "closed" then assert.is_nil(url:accept(0)) end
      url:close()
      rogue:close()
    end)
  end

  it("C6: no host but those of SLACK_RESPONSE_HOSTS is ever contacted", function()
    local rogue = wire.listen()
    for _, url in ipairs { "http://localhost:%d/", "http://169.254.169.254/", "https://hooks.slack.com.evil.test/", "http://127.0.0.1.evil.test:%d/", "ftp://127.0.0.1:%d/",
      "http://127.0.0.1:%d@localhost:%d/", "http://[::1]:%d/", "http://hooks.slack.com/" } do
      local phone = customer()
      assert.equal(200, service:click(phone, { response_url = url:gsub("%%d", tostring(rogue.port)) }).status)
      scene:posts("tel:+" .. phone)
      assert.equal("PAUSED", status_of(phone))
    end
    assert.is_nil(rogue:accept(0))
    rogue:close()
  end)

  it("C8: resuming twice, and taking what is gone, is answered clearly and changes nothing", function()
    local phone = customer()
    service:click(phone)
    assert.equal(200, service:click(phone, { action = "resume_chat" }).status)
    assert.equal("ACTIVE", status_of(phone))
    local again = service:click(phone, { action = "resume_chat", user = "bob" })
    assert.equal(200, again.status)
    assert.truthy(json.decode(again.body).text:find("already with the assistant", 1, true))
    assert.same(PAUSED, json.decode(service:click(phone, { user = "carla" }).body))
    assert.equal("PAUSED", status_of(phone))
    service:click(phone, { action = "resume_chat", user = "carla" })
    local word = scene:ask(phone)
    scene:sent(phone, word)
  end)

  it("C9: while the database is locked a click fails visibly within 3 s, and nothing happens silently", function()
    local phone = customer()
    local ready = service.home .. "/locked"
    os.execute(("( printf '.timeout 3000\\nBEGIN IMMEDIATE;\\n.shell touch %s; sleep 2\\nROLLBACK;\\n' | sqlite3 %s ) >/dev/null 2>&1 &"):format(ready, service.db))
    shell.until_(function() return shell.read(ready) end, 3, "the lock")
    local begun = shell.now_ms()
    local answer = service:click(phone)
    assert.not_equal(200, answer.status)
    assert.is_true(shell.now_ms() - begun < 3000)
    assert.equal("ACTIVE", status_of(phone))
    shell.until_(function() return service:click(phone, { user_id = "U9" }).status == 200 end, 8, "a click that works, once the lock is gone")
    assert.equal("PAUSED", status_of(phone))
  end)

  it("C10: a display name can neither mention anyone nor format the card", function()
    local url = wire.listen()
    local phone = customer()
    service:click(phone, { user = "<!channel> *boss* `x` & <http://evil.test|ok>", response_url = "http://127.0.0.1:" .. url.port .. "/r" })
    local peer = assert(url:accept(5))
    local request = assert(peer:request(3))
    peer:answer(200, "ok", { ["Content-Type"] = "text/plain" })
    peer:close()
    url:close()
    local shown = {}
    local function collect(value)
      for _, one in pairs(value) do
        if type(one) == "table" then collect(one) elseif type(one) == "string" then shown[#shown + 1] = one end
      end
    end
    collect(json.decode(request.body))
    local all = table.concat(shown, "\n")
    assert.is_nil(all:find("<!channel>", 1, true))
    assert.is_nil(all:find("<http", 1, true))
    assert.is_nil(all:find("`", 1, true))
    assert.is_nil(all:find("*boss*", 1, true))
    assert.truthy(all:find("&lt;!channel&gt;", 1, true))
  end)

  describe("and Slack itself", function()
    after_each(function() stand_ins:calm() end)

    it("F2: after 429 it waits as Retry-After says, 500 is retried, and the card arrives", function()
      for _, kind in ipairs { "429", "500" } do
        local phone = meta.phone()
        stand_ins:fault { slack = { kind = kind, times = 1, contains = phone } }
        service:say(phone, "agent")
        shell.until_(function() return stand_ins:cards(phone)[1] end, 8, "the card")
        local posts = stand_ins:posts(phone)
        assert.equal(tonumber(kind), posts[1].status)
        if kind == "429" then assert.is_true(posts[2].at - posts[1].at >= 990, posts[2].at - posts[1].at .. " ms") end
      end
    end)

    it("F3: a card that Slack refuses as malformed comes as plain text with its button, and then as text alone", function()
      local phone = meta.phone()
      stand_ins:fault { slack = { kind = "400", times = 1, contains = phone } }
      service:say(phone, "agent")
      local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the plain card")
      assert.equal("plain_text", card.body.blocks[1].text.type)
      local other = meta.phone()
      stand_ins:fault { slack = { kind = "400", times = 2, contains = other } }
      service:say(other, "agent")
      local bare = scene:posts(other:sub(-4))[1]
      assert.is_nil(bare.body.blocks)
      assert.truthy(bare.body.text:find(other, 1, true))
    end)

    it("F3: very long words and values stay within Slack's limits", function()
      local phone = meta.phone()
      local long = ("Ünits & <things> "):rep(230)
      local data = { inventory = long:sub(1, 1500), address = "1 King St" }
      local word = scene:ask(phone, { answer = { reply_to_user = "Thanks, a colleague will look.", action = "handoff", extracted_data = data } }, long)
      shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card of " .. word)
      for _, one in ipairs(stand_ins:posts(phone)) do assert.equal(200, one.status) end
    end)

    it("F4: a customer's words can neither mention, link nor format in Slack", function()
      local phone = meta.phone()
      local evil = "<!channel> <@U024BE7LH> <http://evil.test|click> & `code`"
      scene:ask(phone, { answer = { reply_to_user = "Thanks, a colleague will look.", action = "handoff", extracted_data = { inventory = evil, address = evil } } }, evil)
      local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
      local all = json.encode(card.body)
      assert.is_nil(all:find("<!channel>", 1, true))
      assert.is_nil(all:find("<@U", 1, true))
      assert.is_nil(all:find("<http", 1, true))
      assert.truthy(all:find("&lt;!channel&gt;", 1, true))
      assert.is_true(card.body.unfurl_links == false)
    end)

    it("D11: a customer's line breaks make no line that looks like ours, and their links are no links in Slack", function()
      local phone = customer()
      race(phone, { "anna" })
      local forged = "sure\r\n+1 416-555-0000 (Ann): Booked for Tue 14:00\u{2028}*Phone:* 1\u{2029}_Assistant_ https://evil.example"
      service:say(phone, forged)
      local shown = scene:posts("Booked for Tue")[1]
      assert.is_true(#shown.body.blocks >= 1)
      for _, block in ipairs(shown.body.blocks) do assert.is_true(block.type == "actions" or block.text.verbatim) end
      local lines = {}
      for line in shown.body.blocks[1].text.text:gmatch "[^\n\r\v]+" do lines[#lines + 1] = line end
      assert.same({ "> sure", "> +1 416-555-0000 (Ann): Booked for Tue 14:00", "> *Phone:* 1", "> _Assistant_ https://evil.example" },
        { table.unpack(lines, 2) })
    end)

    it("F5: however often a handoff comes up, there is one card, and new facts come as short follow-ups", function()
      local phone = meta.phone()
      scene:ask(phone, { answer = { reply_to_user = "A colleague will look at it.", action = "handoff", extracted_data = { address = "1 King St" } } })
      shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
      for i = 1, 2 do
        local word = scene:ask(phone, { answer = { reply_to_user = "They will be with you " .. i, action = "handoff", extracted_data = { inventory = i .. " chairs" } } })
        scene:sent(phone, "They will be with you " .. i)
        assert.is_string(word)
      end
      for _, block in ipairs(scene:posts "1 chairs"[1].body.blocks) do assert.equal("section", block.type) end
      service:say(phone, "please let me talk to a human")
      scene:sent(phone, nil, 4)
      scene:marker()
      assert.equal(1, #stand_ins:cards(phone))
      assert.is_nil(json.encode(stand_ins:posts "2 chairs"):find("2 chairs", 1, true))
    end)

    it("C2: events and commands that are not signed are 401; the address check is answered", function()
      for _, path in ipairs { "/slack/events", "/slack/commands" } do
        assert.equal(401, wire.http(service.port, "POST", path, { body = "{}" }).status)
      end
      local answer = service:slack("/slack/events", json.encode { type = "url_verification", challenge = "abc" }, { content_type = "application/json" })
      assert.equal("abc", json.decode(answer.body).challenge)
      local command = service:slack("/slack/commands", "command=%2Fassistant&text=status")
      assert.truthy(json.decode(command.body).text:find("The model has cost", 1, true))
    end)
  end)
end)

describe("Slack when it stays shut", function()
  teardown(chat.close_all)

  for _, status in ipairs { "404", "403", "410" } do
    it("F1: after " .. status .. " the case waits, the customer is told, status says it, and a reload brings the card", function()
      local scene = chat.open()
      local phone = meta.phone()
      scene.stand_ins:fault { slack = status }
      scene.service:say(phone, "I want to talk to a human")
      assert.truthy(scene:sent(phone)[1].text:find "%a")
      shell.until_(function() return scene.service:logged("slack.refused")[1] end, 5, "the log's word")
      assert.is_nil(scene.stand_ins:cards(phone)[1])
      local code, words = scene.service:cli "status"
      assert.equal(1, code)
      assert.truthy(words:lower():find("slack", 1, true), words)
      assert.equal(1, scene.service:value "SELECT count(*) FROM cases WHERE state = 'open' AND posted_at IS NULL")
      assert.is_true(scene.service:healthy())
      scene.stand_ins:calm()
      assert.equal(0, (scene.service:cli "reload"))
      shell.until_(function() return scene.stand_ins:cards(phone)[1] end, 6, "the card after the reload")
      scene:close()
    end)
  end

  it("F6: many repeats of the same trouble are one alert", function()
    local scene = chat.open()
    scene.stand_ins:fault { graph = "expired" }
    for _ = 1, 8 do scene:ask(meta.phone()) end
    scene:posts "refuses our access"
    shell.until_(function() return scene.service:value "SELECT count(*) FROM held" == 8 end, 6, "eight replies that wait")
    scene.service:say(meta.phone(), "agent")
    scene:posts "take_over_chat"
    assert.equal(1, #scene.stand_ins:posts "refuses our access")
    scene:close()
  end)

  it("F2: a post that times out is tried again; the second card may be a twin, but it names the same case", function()
    local scene = chat.open { env = { SEND_TIMEOUT_MS = 300 } }
    local phone = meta.phone()
    scene.stand_ins:fault { slack = { kind = "slow", delay_ms = 600, times = 1 } }
    scene.service:say(phone, "agent")
    local list = shell.until_(function()
      local list = scene.stand_ins:cards(phone)
      return #list == 2 and list
    end, 6, "both posts")
    assert.same(list[1].body, list[2].body)
    scene:close()
  end)
end)

describe("the pace of posts to Slack", function()
  teardown(chat.close_all)

  -- Chats that have opted out: whatever is written there becomes a message to staff, and nothing else happens.
  local function quiet_chats(scene, count)
    local phones, stops = {}, {}
    for i = 1, count do
      phones[i] = meta.phone()
      stops[i] = meta.text(phones[i], "STOP")
    end
    assert.equal(200, scene.service:hook { messages = stops })
    for _, phone in ipairs(phones) do scene:sent(phone, "START") end
    shell.until_(function() return scene.service:value "SELECT count(*) FROM jobs WHERE kind IN ('slack', 'card')" == 0 end, 15, "nothing to post")
    return phones
  end

  it("is SLACK_RATE, three at once after a rest; a card that comes last goes first, and within a chat the order holds", function()
    local rate, mark = 12, meta.word()
    local scene = chat.open { env = { SLACK_RATE = rate } }
    local phones, words = quiet_chats(scene, 10), {}
    for turn = 1, 3 do
      for _, phone in ipairs(phones) do words[#words + 1] = meta.text(phone, ("%s %d"):format(mark, turn)) end
    end
    socket.sleep(4 / rate) -- the rest
    assert.equal(200, scene.service:hook { messages = words })
    shell.until_(function() return scene.service:value "SELECT count(*) FROM jobs WHERE kind = 'slack'" > 20 end, 3, "the words to wait")
    local lead = meta.phone()
    local asked = time.now_ms()
    scene.service:say(lead, "agent")
    local list = scene:posts(mark, #words, 15)
    local card = shell.until_(function() return scene.stand_ins:cards(lead)[1] end, 5, "the card")
    assert.is_true(card.at - asked < 2500 / rate + 300, ("the card came after %d ms"):format(card.at - asked))
    list[#list + 1] = card
    table.sort(list, function(a, b) return a.at < b.at end)
    for from = 1, #list do
      for to = from + 9, #list do
        local least = (to - from + 1 - 3 - 1) * 1000 / rate
        assert.is_true(list[to].at - list[from].at > least - 200, ("%d posts in %d ms"):format(to - from + 1, list[to].at - list[from].at))
      end
    end
    assert.is_true(list[#list].at - list[1].at < #list * 1000 / rate + 2000, "the pace is used")
    local last = {}
    for _, post in ipairs(list) do
      local who, turn = tostring(post.body.text):match("^(.-):.*" .. mark .. " (%d)")
      if who then
        assert.equal((last[who] or 0) + 1, tonumber(turn), who)
        last[who] = tonumber(turn)
      end
    end
    scene:close()
  end)

  it("stops when Slack asks for it: after a 429 with Retry-After nothing is posted until then, and clicks are answered meanwhile", function()
    local scene, mark = chat.open(), meta.word()
    local phones = quiet_chats(scene, 6)
    scene.stand_ins:fault { slack = { kind = "429", contains = mark .. " 1" } }
    scene.service:say(phones[1], mark .. " 1")
    local refused = shell.until_(function() return scene.stand_ins:posts(mark)[1] end, 5, "the refusal")
    scene.stand_ins:calm()
    local others = {}
    for i = 2, #phones do others[#others + 1] = meta.text(phones[i], mark .. " " .. i) end
    assert.equal(200, scene.service:hook { messages = others })
    local url = wire.listen()
    assert.equal(200, scene.service:click(phones[1], { response_url = "http://127.0.0.1:" .. url.port .. "/r" }).status)
    local answer = assert(url:accept(0.7), "the click's answer waits for the channel")
    answer:request(2)
    answer:answer(200, "ok")
    for _, post in ipairs(scene:posts(mark, #phones)) do
      assert.is_true(post.at - refused.ended_at >= 950, ("a post %d ms after the refusal"):format(post.at - refused.ended_at))
    end
    url:close()
    scene:close()
  end)
end)
