-- Yesterday's copy is put back: messages that are too old in it are not sent, staff are told once, and nothing is answered
-- twice. A30, E12.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("a restored copy", function()
  teardown(process.close_all)

  -- Everything in it happened so many hours earlier.
  local function age(path, hours)
    local ms = hours * 3600000
    local sql = ([[
      UPDATE messages SET created_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', created_at, '-%d hours'), state_at = state_at - %d;
      UPDATE conversations SET inbound_at = inbound_at - %d, waiting_since = waiting_since - %d;
      UPDATE jobs SET created_at = created_at - %d, run_at = run_at - %d WHERE kind IN ('turn', 'send', 'slack', 'card', 'answer');
      UPDATE inbox SET received_at = received_at - %d;]]):format(hours, ms, ms, ms, ms, ms, ms)
    local code, text = shell.run("sqlite3 " .. path .. " " .. shell.quote(sql))
    assert.equal(0, code, text)
  end

  local function put_back(service, copy)
    shell.run(("rm -f %s %s-wal %s-shm && cp %s %s"):format(service.db, service.db, service.db, copy, service.db))
  end

  it("A30: a day old, with queued replies and waiting customers: none is sent or answered, staff get one summary, redeliveries count once", function()
    local scene = chat.open { env = { RETRY_BASE_MS = 50 } }
    local service = scene.service
    local waits_to_be_sent, waits_for_answer, later = { meta.phone(), meta.phone() }, meta.phone(), meta.phone()
    scene.stand_ins:fault { graph = "503" }
    local words = {}
    for i, phone in ipairs(waits_to_be_sent) do words[i] = scene:ask(phone) end
    shell.until_(function() return service:value "SELECT count(*) FROM messages WHERE state = 'queued'" == 2 end, 6, "two queued replies")
    local held = meta.word()
    local plan = scene.stand_ins:plan { contains = held, hold = true, answer = { reply_to_user = "Held " .. held } }
    local redelivered = meta.text(waits_for_answer, "my words " .. held)
    assert.equal(200, service:hook { messages = { redelivered } })
    shell.until_(function() return #scene.stand_ins:models(held) > 0 end, 6, "the model to be asked")
    local copy = service.home .. "/yesterday.sqlite"
    local code, text = service:cli("backup", copy)
    assert.equal(0, code, text)
    scene.stand_ins:calm()
    scene.stand_ins:release(plan)
    for i, word in ipairs(words) do scene:sent(waits_to_be_sent[i], word) end
    scene:sent(waits_for_answer, held)
    service:kill()
    local before = {}
    for i, word in ipairs(words) do before[i] = #scene:tries(waits_to_be_sent[i], word) end
    local asked = #scene.stand_ins:models(held)
    age(copy, 23)
    put_back(service, copy)
    service:start()
    local posts = scene:posts("Please look at them", 1)
    assert.equal(1, #posts)
    local summary = posts[1].body.text
    for _, phone in ipairs { waits_to_be_sent[1], waits_to_be_sent[2], waits_for_answer } do
      assert.truthy(summary:find(phone:sub(-4), 1, true), summary)
    end
    -- Meta comes again with what the copy knows, and with something it does not know: each counts once.
    local lost = meta.word()
    scene.stand_ins:plan { contains = lost, answer = { reply_to_user = "Noted " .. lost } }
    local unknown = meta.text(later, "after the copy " .. lost)
    for _ = 1, 2 do assert.equal(200, service:hook { messages = { redelivered, unknown } }) end
    scene:sent(later, lost)
    scene:marker()
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('turn', 'send', 'slack', 'card', 'answer')" == 0 end, 6, "nothing left to do")
    assert.equal(1, #scene:sent(later, lost))
    for i, word in ipairs(words) do assert.equal(before[i], #scene:tries(waits_to_be_sent[i], word), "sent again: " .. word) end
    assert.equal(asked, #scene.stand_ins:models(held), "asked again")
    assert.equal(1, #scene:tries(waits_for_answer, held))
    assert.equal(2, service:value "SELECT count(*) FROM messages WHERE state = 'dropped'")
    assert.equal(1, #scene.stand_ins:posts "Please look at them")
    service:restart {}
    scene:marker()
    assert.equal(1, #scene.stand_ins:posts "Please look at them")
    -- A customer who writes again is answered as usual.
    scene.stand_ins:forget()
    scene:sent(waits_for_answer, scene:ask(waits_for_answer))
    scene:close()
  end)

  it("A30: messages that lay unread in the copy, and reminders that were due, are left to staff", function()
    local secret = "cal-" .. meta.word()
    local scene = chat.open { env = { CALCOM_WEBHOOK_SECRET = secret } }
    local service, phone, other, new = scene.service, meta.phone(), meta.phone(), meta.phone()
    local marks = {}
    for _, one in ipairs { phone, other } do
      scene:ask(one, { answer = { reply_to_user = "Sure.", action = "schedule" } })
      marks[one] = assert(scene:sent(one, "here:")[1].text:match "conv%%5D=(%w+)")
    end
    local day = os.time() * 1000
    local body = ('{"triggerEvent":"BOOKING_CREATED","payload":{"uid":"u%s","startTime":%d,"attendees":[{"name":"Ann"}],"metadata":{"conv":"%%s"}}}'):format(meta.word(), day + 48 * 3600000)
    local function booked(number, extra)
      local bytes = body:format(marks[number]):gsub('"uid":"', '"uid":"' .. (extra or ""))
      local answer = service:http("POST", "/calcom/webhook", { body = bytes,
        headers = { { "X-Cal-Signature-256", crypto.hex(crypto.hmac_sha256(secret, bytes)) } } })
      assert.equal(200, answer.status)
      return bytes
    end
    booked(phone)
    scene:sent(phone, "You're booked")
    local copy = service.home .. "/yesterday.sqlite"
    assert.equal(0, (service:cli("backup", copy)))
    service:kill()
    local word = meta.word()
    local unread = meta.body { messages = { meta.text(new, "unread " .. word, { timestamp = tostring(os.time() - 3 * 3600) }) } }
    local unread_booking = body:format(marks[other]):gsub('"uid":"', '"uid":"x')
    local sql = ("UPDATE jobs SET run_at = %d WHERE kind = 'reminder';"):format(day - 7200000)
    for i, row in ipairs { { "whatsapp", unread }, { "calcom", unread_booking } } do
      sql = sql .. ("INSERT INTO inbox(id, reader, received_at, body) SELECT max(id) + %d, '%s', %d, CAST('%s' AS BLOB) FROM inbox;")
        :format(i, row[1], day - 3 * 3600000, row[2])
    end
    sql = sql .. ("INSERT INTO jobs(kind, state, lane, payload, run_at, created_at) VALUES('staff_said', 0, 'slack:said:%s', CAST('%s' AS BLOB), %d, %d);"):format(other,
      ('{"what":"said","conversation":"%s","channel":"C1","ts":"1.1","user":"U1","text":"zq"}'):format(other), day - 7200000, day - 7200000)
    local code, text = shell.run("sqlite3 " .. copy .. " " .. shell.quote(sql))
    assert.equal(0, code, text)
    put_back(service, copy)
    service:start()
    local left = scene:posts("nothing is sent to these chats until they write again", 1)[1].body.text
    assert.truthy(left:find(other:sub(-4), 1, true), left)
    local seen = scene:posts("wrote before the database was restored", 1)[1].body.text
    assert.truthy(seen:find(word, 1, true) and seen:find(new:sub(-4), 1, true), seen)
    seen = scene:posts("1 reminder of a visit was due meanwhile", 1)[1].body.text
    assert.truthy(seen:find(phone:sub(-4), 1, true), seen)
    scene:posts("so nothing is sent to them now", 1)
    scene:marker()
    assert.equal(0, #scene.stand_ins:models(word))
    assert.equal(0, #scene:tries(new))
    assert.equal(0, #scene:tries(other, "You're booked"))
    assert.equal(0, #scene:tries(phone, "A reminder"))
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE instr(content, '" .. word .. "') > 0 AND role = 'user'"))
    assert.equal(1, service:value("SELECT count(*) FROM bookings WHERE conversation_id = '" .. other .. "' AND state = 'booked'"))
    -- A customer who writes from here on is answered.
    scene:sent(new, scene:ask(new))
    scene:close()
  end)

  it("A30: in another folder, where nothing shows that it was restored, old replies are not sent either", function()
    local scene = chat.open {}
    local service, phone = scene.service, meta.phone()
    scene.stand_ins:fault { graph = "503" }
    local word = scene:ask(phone)
    shell.until_(function() return service:value "SELECT count(*) FROM messages WHERE state = 'queued'" == 1 end, 6, "a queued reply")
    local copy = service.home .. "/copy.sqlite"
    assert.equal(0, (service:cli("backup", copy)))
    service:kill()
    scene.stand_ins:calm()
    age(copy, 2)
    shell.run(("rm -rf %s/* && cp %s %s"):format(service.data, copy, service.db))
    local tries = #scene:tries(phone, word)
    service:start()
    scene:posts("Please look at them", 1)
    scene:marker()
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('turn', 'send')" == 0 end, 6, "nothing left to do")
    assert.equal(tries, #scene:tries(phone, word))
    scene:close()
  end)

  it("E12: young messages are sent after a start as usual, and nobody is told anything", function()
    local scene = chat.open {}
    local service, phone = scene.service, meta.phone()
    scene.stand_ins:fault { graph = "503" }
    local word = scene:ask(phone)
    shell.until_(function() return service:value "SELECT count(*) FROM messages WHERE state = 'queued'" == 1 end, 6, "a queued reply")
    local copy = service.home .. "/copy.sqlite"
    assert.equal(0, (service:cli("backup", copy)))
    service:kill()
    scene.stand_ins:calm()
    put_back(service, copy)
    service:start()
    scene:sent(phone, word)
    scene:marker()
    assert.equal(0, #scene.stand_ins:posts "Please look at them")
    scene:close()
  end)
end)
