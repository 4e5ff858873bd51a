-- A person's data is exported, erased to the last byte, and never brought back: H4, H5, H14, A10, B11.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"

describe("a person's data", function()
  teardown(process.close_all)

  local function name_of(phone) return "Zebedee " .. phone:sub(-7):gsub("%d", function(d) return ("abcdefghij"):sub(d + 1, d + 1) end) end
  local function street_of(phone) return phone:sub(-4) .. " Marmalade Crescent" end

  local function shown(phone) return ("+1 %s-%s-%s"):format(phone:sub(2, 4), phone:sub(5, 7), phone:sub(8)) end

  -- The customer writes with a name; the model answers and learns an address.
  local function talk(scene, phone, text)
    local word = meta.word()
    scene.stand_ins:plan { contains = word, answer = { reply_to_user = "Noted " .. word .. ". Any stairs?", extracted_data = { address = street_of(phone) } } }
    local message = meta.text(phone, (text or "There is a piano at mine, ") .. word)
    assert.equal(200, scene.service:hook { messages = { message }, name = name_of(phone) })
    scene:sent(phone, word)
    return word, message.id
  end

  local function settled(service)
    shell.until_(function() return service:value [[SELECT count(*) FROM jobs
      WHERE kind IN ('turn', 'send', 'slack', 'card', 'answer') AND run_at < unixepoch() * 1000 + 60000]] == 0 end, 10, "nothing left to do")
  end

  -- Every one of these is in no file of the data folder; a status of what was just sent to them may come after the erasure, and is
  -- gone ten seconds later at most.
  local function gone(service, ...)
    for _, text in ipairs { ... } do
      shell.until_(function() return not service:holds(text) end, 10, "no byte of it: " .. text)
    end
  end

  it("H4: with a running turn, queued sends and an open case everything goes, to the last byte, and other chats stay", function()
    local scene = chat.open {}
    local service, phone, other = scene.service, meta.phone(), meta.phone()
    local said, wamid = talk(scene, phone)
    local neighbour = talk(scene, other)
    local human = service:say(phone, "a human please")
    assert.equal(200, service:hook { messages = { meta.text(phone, "and my name") }, name = name_of(phone) })
    shell.until_(function() return #scene.stand_ins:cards(phone) > 0 end, 6, "the card")
    settled(service)
    local ours = service:value("SELECT id FROM messages WHERE role = 'assistant' AND conversation_id = '" .. phone .. "' LIMIT 1")
    local theirs = service:value("SELECT wamid FROM messages WHERE role = 'assistant' AND conversation_id = '" .. phone .. "' AND wamid IS NOT NULL LIMIT 1")
    scene.stand_ins:fault { graph = "503" }
    local queued = meta.word()
    scene.stand_ins:plan { contains = queued, answer = { reply_to_user = "Queued " .. queued } }
    service:say(phone, "and this " .. queued)
    shell.until_(function() return service:value("SELECT count(*) FROM messages WHERE state = 'queued' AND conversation_id = '" .. phone .. "'") == 1 end, 6, "a queued send")
    local held = meta.word()
    local plan = scene.stand_ins:plan { contains = held, hold = true, answer = { reply_to_user = "Held " .. held } }
    service:say(phone, "and that " .. held)
    shell.until_(function() return #scene.stand_ins:models(held) > 0 end, 6, "the model to be asked")
    for _, text in ipairs { phone, said, queued, held, name_of(phone), street_of(phone), wamid, human, ours, theirs } do
      assert.is_true(service:holds(text), text)
    end

    local code, text = service:cli("erase", shown(phone))
    assert.equal(0, code, text)
    assert.truthy(text:find("Removed: 1 chat, ", 1, true), text)
    assert.truthy(text:find("Nothing about this person is left", 1, true), text)
    assert.truthy(text:find("Slack", 1, true), text)
    gone(service, phone, shown(phone), said, queued, held, name_of(phone), street_of(phone), wamid, human, ours, theirs)
    assert.equal(0, service:value("SELECT count(*) FROM turns WHERE conversation_id = '" .. phone .. "'"))

    scene.stand_ins:release(plan)
    scene.stand_ins:calm()
    scene:marker()
    settled(service)
    gone(service, phone, said, queued, held)
    assert.equal(0, #scene:tries(phone, held))
    local queued_sends = #scene:tries(phone, queued)
    scene:marker()
    assert.equal(queued_sends, #scene:tries(phone, queued))
    assert.is_true(service:holds(neighbour))
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    scene:close()
  end)

  it("B11 H4: no redelivery brings an erased person back, and a person who writes again starts new", function()
    local scene = chat.open {}
    local service, phone = scene.service, meta.phone()
    local said, wamid = talk(scene, phone)
    settled(service)
    local sent = service:rows("SELECT id, wamid FROM messages WHERE role = 'assistant' AND conversation_id = '" .. phone .. "'")[1]
    assert.equal(0, (service:cli("erase", phone)))
    local again = meta.text(phone, "There is a piano at mine, " .. said, { id = wamid })
    local other = meta.phone()
    local news = meta.word()
    scene.stand_ins:plan { contains = news, answer = { reply_to_user = "Noted " .. news } }
    assert.equal(200, service:hook { messages = { again }, statuses = { meta.status(sent.wamid, phone, "read", { mark = sent.id }) } })
    assert.equal(200, service:hook { messages = { again, meta.text(other, "beside it " .. news) } })
    scene:sent(other, news)
    assert.equal(0, service:value("SELECT count(*) FROM conversations WHERE id = '" .. phone .. "'"))
    assert.equal(0, service:value("SELECT count(*) FROM inbox WHERE instr(body, '" .. phone .. "')"))
    assert.equal(1, service:value("SELECT count(*) FROM inbox WHERE instr(body, '" .. other .. "') AND instr(body, '" .. news .. "')"))
    service:restart { kill = true }
    assert.equal(200, service:hook { messages = { again } })
    scene:marker()
    assert.equal(0, service:value("SELECT count(*) FROM conversations WHERE id = '" .. phone .. "'"))
    local fresh = talk(scene, phone)
    assert.equal(1, scene:column(phone, "last_seq"))
    assert.is_true(service:holds(fresh))
    scene:close()
  end)

  it("H14: 10 s after its 200 no byte of an erased person's redelivered webhook is in any file, whatever else it holds", function()
    local scene = chat.open {}
    local service, phone, other = scene.service, meta.phone(), meta.phone()
    local said, wamid = talk(scene, phone)
    settled(service)
    local long, heart, odd, news = meta.word(), meta.word(), meta.word(), meta.word()
    local sent = service:rows("SELECT id, wamid FROM messages WHERE role = 'assistant' AND conversation_id = '" .. phone .. "'")[1]
    local bodies = {
      { messages = { meta.text(phone, "There is a piano at mine, " .. said, { id = wamid }) }, name = name_of(phone) },
      { messages = { meta.text(phone, (long .. " "):rep(3000)) }, name = name_of(phone) },
      { messages = { meta.message(phone, "reaction", { reaction = { message_id = wamid, emoji = heart } }) } },
      { messages = { meta.message(phone, "text", { text = { oops = odd } }) } },
      { statuses = { meta.status(sent.wamid, phone, "read", { mark = sent.id }) } },
    }
    for i = 2, #bodies do assert.equal(200, service:hook(bodies[i])) end
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    settled(service)
    assert.equal(0, (service:cli("erase", phone)))
    local words = { phone, name_of(phone), said, long, heart, odd, wamid, sent.id, sent.wamid }
    local function redelivered(...)
      for _, one in ipairs { ... } do assert.equal(200, service:hook(one)) end
      local begun = socket.gettime()
      gone(service, table.unpack(words))
      assert.is_true(socket.gettime() - begun < 10)
    end
    redelivered()
    for _, one in ipairs(bodies) do redelivered(one) end
    local beside = bodies[2]
    beside.name, beside.messages[2] = "Pat Doe", meta.text(other, "beside it " .. news)
    redelivered(beside, bodies[1], bodies[5])
    assert.equal(1, service:value("SELECT count(*) FROM inbox WHERE instr(body, '" .. news .. "')"))
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE instr(content, '" .. news .. "')"))
    assert.equal(200, service:hook(bodies[1]))
    service:restart { kill = true }
    redelivered()
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    scene:close()
  end)

  it("H14: in a webhook that is read in pieces, an erased person's old message is not kept and their new one is", function()
    local scene = chat.open {}
    local service, phone = scene.service, meta.phone()
    local said, wamid = talk(scene, phone)
    settled(service)
    assert.equal(0, (service:cli("erase", phone)))
    local list, old, news = {}, meta.word(), meta.word()
    list[1] = meta.text(phone, said .. " " .. old, { id = wamid })
    for i = 2, 61 do list[i] = meta.text(meta.phone(), "STOP") end
    list[62] = meta.text(phone, "a new one " .. news)
    assert.equal(200, service:hook { messages = list })
    gone(service, wamid, said, old)
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE conversation_id = '" .. phone .. "' AND instr(content, '" .. news .. "')"))
    assert.equal(61, service:value "SELECT count(*) FROM conversations")
    scene:close()
  end)

  it("H4: an opt-out stays after the erasure, and START ends it", function()
    local scene = chat.open {}
    local service, phone = scene.service, meta.phone()
    talk(scene, phone)
    service:say(phone, "STOP")
    shell.until_(function() return scene:column(phone, "opted_out") == 1 end, 5, "the opt-out")
    settled(service)
    local code, text = service:cli("erase", phone)
    assert.equal(0, code, text)
    assert.truthy(text:find("opted out", 1, true), text)
    local asked = #scene.stand_ins:models()
    service:say(phone, "hello again")
    shell.until_(function() return scene:column(phone, "opted_out") == 1 end, 5, "the chat, opted out")
    scene:marker()
    assert.equal(asked + 1, #scene.stand_ins:models(), "the marker's alone")
    service:say(phone, "START")
    shell.until_(function() return scene:column(phone, "opted_out") == 0 end, 5, "the opt-in")
    talk(scene, phone)
    assert.equal(0, service:value "SELECT count(*) FROM erased WHERE opted_out = 1")
    scene:close()
  end)

  it("H4: with visits booked: what the booking page told of them is exported and erased, too, also of somebody without a chat", function()
    local secret = "cal-" .. meta.word()
    local scene = chat.open { env = { CALCOM_WEBHOOK_SECRET = secret } }
    local service, phone, other, caller = scene.service, meta.phone(), meta.phone(), meta.phone()
    local ids, serial = {}, 0
    -- As the page writes it: the customer's number stands in it only where they gave it.
    local function book(trigger, who, fields)
      serial = serial + 1
      local payload = {
        uid = "uid" .. serial .. meta.word(), startTime = "2035-07-10T18:30:00.000Z", title = "Visit for " .. who,
        attendees = { { name = who, email = who:lower():gsub(" ", ".") .. "@example.com" } }, metadata = {},
      }
      for name, value in pairs(fields) do payload[name] = value end
      payload.attendees[1].phoneNumber = fields.phone
      payload.phone = nil
      local bytes = json.encode { triggerEvent = trigger, createdAt = os.date "!%Y-%m-%d" .. ("T00:00:%02d.000Z"):format(serial), payload = payload }
      local answer = service:http("POST", "/calcom/webhook", { body = bytes, headers = { { "X-Cal-Signature-256", crypto.hex(crypto.hmac_sha256(secret, bytes)) } } })
      assert.equal(200, answer.status)
      ids[#ids + 1] = payload.uid
      return payload.uid
    end
    local function link(number)
      local word = meta.word()
      scene.stand_ins:plan { contains = word, answer = { reply_to_user = "Sure " .. word, action = "schedule" } }
      service:say(number, "a visit please " .. word)
      return scene:sent(number, word)[1].text:match "conv%%5D=(%w+)"
    end
    local mine, theirs = name_of(phone) .. " Booker", name_of(other) .. " Neighbour"
    local mail, their_mail = mine:lower():gsub(" ", ".") .. "@example.com", theirs:lower():gsub(" ", ".") .. "@example.com"
    local token = link(phone)
    local first = book("BOOKING_CREATED", mine, { metadata = { conv = token } })
    book("BOOKING_RESCHEDULED", mine, { rescheduleUid = first, startTime = "2035-07-11T18:30:00.000Z" })
    book("BOOKING_RESCHEDULED", mine, { metadata = { conv = token }, rescheduleUid = "never-heard-of", startTime = "2035-07-12T18:30:00.000Z" })
    book("BOOKING_CREATED", theirs, { metadata = { conv = link(other) } })
    book("BOOKING_CREATED", name_of(caller), { phone = "+" .. caller })
    scene:posts "belongs to no known chat"
    scene:sent(phone, "July 12")
    settled(service)

    local code, text = service:cli("export", phone)
    assert.equal(0, code, text)
    for _, word in ipairs { mine, mail, ids[1], ids[2], ids[3] } do assert.truthy(text:find(word, 1, true), word) end
    for _, word in ipairs { their_mail, name_of(caller), ids[4] } do assert.falsy(text:find(word, 1, true), word) end
    code, text = service:cli("export", shown(caller))
    assert.equal(0, code, text)
    assert.truthy(text:find(name_of(caller), 1, true) and text:find(ids[5], 1, true), text)
    assert.equal(0, (service:cli("export", caller, "--text")))

    for _, word in ipairs { mail, mine, token, ids[1], ids[2], ids[3], "never-heard-of" } do assert.is_true(service:holds(word), word) end
    code, text = service:cli("erase", phone)
    assert.equal(0, code, text)
    assert.truthy(text:find("4 bookings", 1, true), text)
    gone(service, phone, mail, mine, token, ids[1], ids[2], ids[3], "never-heard-of")
    assert.equal(1, service:value "SELECT count(*) FROM jobs WHERE kind = 'reminder'")
    code, text = service:cli("erase", "(" .. caller:sub(2, 4) .. ") " .. caller:sub(5, 7) .. "-" .. caller:sub(8))
    assert.equal(0, code, text)
    gone(service, name_of(caller), ids[5])
    assert.is_true(service:holds(their_mail))

    -- What comes about them afterwards is told to staff, and says nothing to anybody else.
    book("BOOKING_CANCELLED", mine, { uid = ids[3], metadata = { conv = token } })
    scene:posts("belongs to no known chat", 2)
    scene:marker()
    assert.equal(0, #scene:tries(phone, "is cancelled"))
    scene:close()
  end)

  it("an unknown number changes nothing and says so", function()
    local scene = chat.open {}
    talk(scene, meta.phone())
    for _, wish in ipairs { { "erase", "Nothing is kept" }, { "export", "There is no chat" } } do
      local code, text = scene.service:cli(wish[1], "+1 (905) 555-0000")
      assert.equal(1, code)
      assert.truthy(text:find(wish[2], 1, true), text)
      assert.falsy(text:find("traceback", 1, true), text)
      code, text = scene.service:cli(wish[1], "nobody")
      assert.equal(1, code)
      assert.truthy(text:find("Usage", 1, true), text)
    end
    assert.equal(0, scene.service:value "SELECT count(*) FROM erased")
    assert.falsy(shell.read(scene.service.db .. ".erased"))
    scene:close()
  end)

  it("export gives one JSON document of everything about the person, and nothing about others", function()
    local scene = chat.open {}
    local service, phone, other = scene.service, meta.phone(), meta.phone()
    local said = talk(scene, phone)
    local neighbour = talk(scene, other)
    local both = meta.word() -- one webhook of two people
    scene.stand_ins:plan { contains = both, answer = { reply_to_user = "Noted " .. both } }
    local beside = meta.word()
    service:hook { messages = { meta.text(phone, "mine " .. both), meta.text(other, "theirs " .. beside) }, name = name_of(phone) }
    scene:sent(phone, both)
    service:hook { messages = { meta.text(phone, "a human please") }, name = name_of(phone) }
    shell.until_(function() return #scene.stand_ins:cards(phone) > 0 end, 6, "the card")
    scene.stand_ins:write { from = phone, name = name_of(phone), type = "image", caption = "the garage", referral = { headline = "Spring clean-out" } }
    shell.until_(function() return service:value "SELECT count(*) FROM media WHERE state = 'stored'" == 1 end, 10, "the photo")
    settled(service)
    local copy = service.home .. "/with-media.sqlite"
    assert.equal(0, (service:cli("backup", copy)))
    local code, text = service:cli("export", shown(phone))
    assert.equal(0, code, text)
    local person = assert(json.decode(text, { null_as_nil = true }))
    assert.equal(phone, person.id)
    assert.equal(name_of(phone), person.name)
    assert.is_false(person.opted_out)
    assert.equal(street_of(phone), person.quote_data.fields.address)
    assert.truthy(person.messages[1].text:find(said, 1, true))
    assert.equal("customer", person.messages[1].from)
    assert.truthy(person.messages[1].at:match "^%d%d%d%d%-%d%d%-%d%dT[%d:.]+Z$")
    assert.equal("open", person.cases[1].state)
    assert.is_true(#person.turns >= 2 and #person.raw >= 3)
    assert.same({ "ad", "Spring clean-out", phone }, { person.chat.source.type, person.chat.source.headline, person.chat.write_to })
    assert.truthy(person.chat.free_until:match "^%d%d%d%d%-")
    assert.same({ "image", "stored", "image/jpeg" }, { person.media[1].kind, person.media[1].state, person.media[1].type })
    for _, word in ipairs { other, neighbour, beside } do assert.falsy(text:find(word, 1, true), word) end
    code, text = service:cli("export", phone, "--text")
    assert.equal(0, code, text)
    assert.truthy(text:find(name_of(phone), 1, true) and text:find(said, 1, true) and text:find(street_of(phone), 1, true))
    assert.truthy(text:find("times are E[SD]T"), text)
    assert.falsy(text:find(other, 1, true))
    assert.truthy(text:find("Came from: ad, Spring clean-out", 1, true), text)
    assert.truthy(text:find("Photos, videos, voice notes and documents\n  [%d :-]+  photo: image/jpeg, %d+ bytes, " .. person.media[1].hash), text)
    code, text = service:cli("erase", phone)
    assert.equal(0, code, text)
    assert.truthy(text:find(copy .. " (", 1, true) and text:find(", with the folder " .. copy .. ".media", 1, true), text)
    shell.run("rm " .. copy)
    code, text = service:cli("erase", other)
    assert.equal(0, code, text)
    assert.truthy(text:find("hold their data:\n  " .. copy .. ".media (", 1, true), text)
    scene:close()
  end)

  it("H4: with no service running erase and export work on the database alone, and need no other setting", function()
    local scene = chat.open {}
    local service, phone, other = scene.service, meta.phone(), meta.phone()
    local said = talk(scene, phone)
    settled(service)
    local neighbour = talk(scene, other)
    settled(service)
    -- What could not be read, and what was accepted and is still to be read: their part of it goes, that of others stays.
    assert.equal(200, service:hook("no JSON at all from " .. phone))
    assert.equal(200, service:hook { messages = { meta.message(phone, "text", { text = { odd = said } }), meta.message(other, "text", { text = { odd = neighbour } }) } })
    shell.until_(function() return service:value "SELECT count(*) FROM parked" == 3 end, 5, "three parked ones")
    settled(service)
    service:kill()
    local unread, news = meta.word(), meta.word()
    local both = meta.body { messages = { meta.text(phone, "unread " .. unread), meta.text(other, "unread, too " .. news) } }
    assert.equal(0, (shell.run("sqlite3 " .. service.db .. " " .. shell.quote(
      "INSERT INTO inbox(id, reader, received_at, body) SELECT max(id) + 1, 'whatsapp', unixepoch() * 1000, CAST('" .. both .. "' AS BLOB) FROM inbox"))))
    scene.stand_ins:plan { contains = news, answer = { reply_to_user = "Noted " .. news } }
    local alone = process.new { start = false, data = service.data }
    for name in pairs(alone.env) do
      if name:find "^META_" or name:find "^SLACK_" or name:find "^DEEPSEEK_" then alone.env[name] = nil end
    end
    alone:write_runner()
    local code, text = alone:run_once("export", phone)
    assert.equal(0, code, text)
    assert.truthy(text:find(said, 1, true))
    code, text = alone:run_once("erase", phone)
    assert.equal(0, code, text)
    gone(service, phone, said, unread)
    for _, word in ipairs { neighbour, news } do assert.is_true(service:holds(word)) end
    service:start()
    scene:sent(other, news)
    scene:marker()
    assert.equal(1, service:value "SELECT count(*) FROM parked")
    assert.equal(0, service:value("SELECT count(*) FROM conversations WHERE id = '" .. phone .. "'"))
    scene:close()
  end)

  it("H4: an older copy that is put back is cleaned of erased people, with a chat or without one, before anything is served", function()
    local scene = chat.open {}
    local service, phone, other = scene.service, meta.phone(), meta.phone()
    local said = talk(scene, phone)
    local neighbour = talk(scene, other)
    local without_a_chat, edited, in_a_webhook = meta.phone(), meta.word(), meta.phone()
    service:hook { statuses = { meta.status("wamid.HBgL/Y/" .. meta.word(), in_a_webhook, "sent") } } -- Meta escapes the slashes
    service:hook { messages = { meta.message(without_a_chat, "edit", { edit = { original_message_id = meta.wamid(),
      message = { type = "text", text = { body = "the new words " .. edited } } } }) } }
    settled(service)
    local copy = service.home .. "/copy-of-it.sqlite"
    local code, text = service:cli("backup", copy)
    assert.equal(0, code, text)
    for _, number in ipairs { in_a_webhook, without_a_chat, phone } do
      code, text = service:cli("erase", number)
      assert.equal(0, code, text)
    end
    assert.truthy(text:find(copy, 1, true), "the backup is named: " .. text)
    assert.truthy(text:find("Delete these copies", 1, true), text)
    assert.equal(0, (service:term()))
    shell.run(("rm -f %s %s-wal %s-shm && cp %s %s"):format(service.db, service.db, service.db, copy, service.db))
    assert.is_true(service:holds(said) and service:holds(in_a_webhook))
    service:start()
    gone(service, phone, said, shown(phone))
    gone(service, in_a_webhook)
    assert.equal(0, service:value "SELECT count(*) FROM changes_early")
    assert.is_true(service:holds(neighbour))
    scene:posts("erased again", 1)
    assert.equal(3, service:value "SELECT count(*) FROM erased")
    service:restart {}
    scene:marker()
    assert.equal(1, #scene.stand_ins:posts "erased again")
    scene:close()
  end)

  it("H4 H9: a backup that was restored is named when a person in it is erased", function()
    local scene = chat.open {}
    local service, phone = scene.service, meta.phone()
    talk(scene, phone)
    settled(service)
    local copy = service.home .. "/restored.sqlite"
    assert.equal(0, (service:cli("backup", copy)))
    assert.equal(0, (service:term()))
    shell.run(("rm -f %s-wal %s-shm && cp %s %s"):format(service.db, service.db, copy, service.db))
    service:start()
    local code, text = service:cli("erase", phone)
    assert.equal(0, code, text)
    assert.truthy(text:find("Backups that still hold their data:\n  " .. copy, 1, true), text)
    scene:close()
  end)

  it("A10: killed at any moment of an erasure, the next start completes it", function()
    local scene = chat.open {}
    local service = scene.service
    math.randomseed(20261122)
    local promises = 0
    for _ = 1, shell.rounds(6, 60) do
      local phone = meta.phone()
      local said = talk(scene, phone)
      settled(service)
      os.execute(("( sleep %.4f; kill -KILL %d ) >/dev/null 2>&1 &"):format(math.random() * 0.06, service:pid()))
      local code = service:cli("erase", phone)
      assert(service:exit(5), "the kill did not reach the program")
      service:start()
      local _, promised = (shell.read(service.db .. ".erased") or ""):gsub("p %x+ %d+ [01]\n", "")
      if code == 0 or service:value("SELECT count(*) FROM conversations WHERE id = '" .. phone .. "'") == 0 then
        gone(service, phone, said)
      else
        assert.equal(promises, promised, "the ledger promised it")
        assert.equal(0, (service:cli("erase", phone)))
        gone(service, phone, said)
      end
      promises = promises + 1
      assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    end
    assert.equal(0, service:value "SELECT count(*) FROM erased WHERE scrubbed = 0")
    scene:close()
  end)

  it("H5: messages are not kept for less than the week in which one may come again, and the check says why", function()
    local folder = shell.home()
    shell.write(folder .. "/prompts/business.yaml", "retention:\n  messages_days: 3\n")
    local code, text = shell.run(shell.quote(shell.binary) .. " check " .. folder)
    assert.equal(5, code)
    assert.truthy(text:find("business.yaml:2", 1, true) and text:find("within 7 days", 1, true), text)
  end)

  it("A10 H5: killed while it removes old data, it continues there in small pieces, and the database is sound", function()
    local scene = chat.open {}
    local service = scene.service
    talk(scene, meta.phone())
    settled(service)
    service:kill()
    assert.equal(0, (shell.run("sqlite3 " .. service.db .. [[ "
      INSERT INTO conversations(id, phone_number, created_at, updated_at) VALUES('16470009999', '16470009999', '2020-01-01 00:00:00.000', '2020-01-01 00:00:00.000');
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
      INSERT INTO messages(rowid, id, conversation_id, role, content, created_at, seq) SELECT i - 100000, 'old' || i, '16470009999', 'user', 'ancient words ' || i, '2020-01-01 00:00:00.000', i FROM n;
      UPDATE jobs SET run_at = 0 WHERE kind = 'retention';" ]])))
    service:start()
    shell.until_(function() return service:value "SELECT count(*) FROM messages WHERE id LIKE 'old%'" < 6000 end, 10, "the first piece")
    service:kill()
    assert.is_true(service:value "SELECT count(*) FROM messages WHERE id LIKE 'old%'" > 0)
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    service:start()
    shell.until_(function() return service:value "SELECT count(*) FROM conversations WHERE id = '16470009999'" == 0 end, 20, "all of it to be gone")
    assert.equal(0, service:value "SELECT count(*) FROM messages WHERE id LIKE 'old%'")
    assert.is_true(service:value "SELECT count(*) FROM messages" > 0)
    shell.until_(function() return #service:logged "retention.done" > 0 end, 5, "its end")
    assert.is_true(service:logged("retention.done")[1].longest_ms < 50)
    assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check")
    scene:close()
  end)
end)
