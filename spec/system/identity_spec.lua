-- One person is one chat, however Meta names them: over real webhooks and a real service.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("one person is one chat", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(process.close_all)

  local function user() return "CA." .. tonumber(crypto.hex(crypto.random(6)), 16) .. "00" end

  -- Posts messages as one webhook. contacts: as Meta writes them; nil: none.
  local function post(contacts, ...)
    assert.equal(200, service:hook(meta.encode { object = "whatsapp_business_account", entry = { { id = meta.account, changes = { { field = "messages",
      value = { messaging_product = "whatsapp", metadata = { display_phone_number = meta.display_number, phone_number_id = meta.phone_number_id },
        contacts = contacts, messages = { ... } } } } } } }))
  end

  local function both(number, id, text) return meta.text(number, text, { from_user_id = id }) end
  local function by_id(id, text)
    local message = meta.text("", text, { from_user_id = id })
    message.from = nil
    return message
  end

  local function asks(text) return (text or "I have a couch") .. " " .. scene:plan() end

  local function chats(...)
    local list = {}
    for i, value in ipairs { ... } do list[i] = "'" .. value .. "'" end
    return service:value("SELECT count(DISTINCT conversation_id) FROM identities WHERE value IN (" .. table.concat(list, ",") .. ")")
  end

  local function system(from, kind, fields)
    fields.type, fields.body = kind, "changed"
    return meta.message(from, "system", { system = fields })
  end

  it("W1 B26: STOP by number holds for who writes by business-scoped id later, and nothing more is sent", function()
    local number, id, again = meta.phone(), user(), meta.word()
    post(nil, both(number, id, "STOP"))
    scene:sent(number)
    post(nil, by_id(id, "hello " .. again))
    scene:posts(again)
    scene:marker()
    assert.equal(1, #scene:tries(number))
    assert.equal(0, #scene:tries(id))
    assert.equal(1, chats(number, id))
  end)

  it("W2 W3 B26 B9: a chat goes on without a number, is answered by id, and is exported and erased by either name", function()
    local number, id = meta.phone(), user()
    post({ { wa_id = number, user_id = id, profile = { name = "Ann" } } }, meta.text(number, asks "a couch at 10 Main St, Brampton"))
    scene:sent(number)
    local message = meta.text("", asks "no elevator", { from_user_id = id })
    post({ { wa_id = "", user_id = id, profile = { name = "Ann" } } }, message)
    scene:sent(id)
    assert.equal(2, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. number .. "'"))
    local code, text = service:cli("export", id)
    assert.equal(0, code)
    local export = json.decode(text)
    assert.same({ number, { id } }, { export.id, export.also_known_as })
    assert.is_true(#export.raw >= 2)
    service.leaky = true
    code, text = service:cli("erase", id)
    assert.equal(0, code, text)
    assert.is_truthy(text:find("Nothing about this person is left", 1, true), text)
    assert.is_false(service:holds(id))
    post({ { wa_id = "", user_id = id, profile = { name = "Ann" } } }, message)
    shell.until_(function() return not service:holds(id) and not service:holds(message.text.body) end, 10, "the redelivered webhook to be gone")
    assert.equal(0, service:value("SELECT count(*) FROM conversations WHERE id IN ('" .. number .. "', '" .. id .. "')"))
    service.leaky = false
  end)

  it("W5 B26: a number change keeps the chat and its opt-out; staff read both numbers", function()
    local old, new, word = meta.phone(), meta.phone(), meta.word()
    service:say(old, "STOP")
    scene:sent(old)
    post(nil, system(old, "user_changed_number", { wa_id = new }))
    post(nil, both(new, user(), "hi " .. word))
    local post_of = scene:posts(word)[1]
    assert.is_truthy(json.encode(post_of.body):find(new:sub(-4), 1, true))
    assert.is_truthy(json.encode(post_of.body):find(old:sub(-4), 1, true))
    scene:marker()
    assert.same({ 1, 0 }, { #scene:tries(old), #scene:tries(new) })
    assert.equal(1, chats(old, new))
  end)

  it("W32 B9: a plus before the number, an id in `from`, and a second way to write a number are the same person; the answer finds its way", function()
    local number, id = meta.phone(), user()
    post(nil, meta.text("+" .. number, asks()))
    scene:sent(number)
    post({ { wa_id = number, user_id = id, profile = {} } }, meta.text(number, asks()))
    scene:sent(number, nil, 2)
    post(nil, meta.text(id, asks()))
    scene:sent(id)
    local from, wa_id = "5511" .. number:sub(-8), "55119" .. number:sub(-8)
    post({ { wa_id = wa_id, profile = { name = "Bia" } } }, meta.text(from, asks()))
    scene:sent(from)
    post(nil, meta.text(wa_id, asks()))
    scene:sent(wa_id)
    assert.same({ 1, 1 }, { chats(number, id), chats(from, wa_id) })
  end)

  it("B26: two chats with a turn in flight in both become one: each message is answered once, in one turn", function()
    local number, id, held, held2 = meta.phone(), user(), meta.word(), meta.word()
    local plan = stand_ins:plan { contains = held, hold = true, times = 1, answer = { reply_to_user = "First " .. held } }
    local plan2 = stand_ins:plan { contains = held2, hold = true, times = 1, answer = { reply_to_user = "Second " .. held2 } }
    service:say(number, "a couch " .. held)
    post(nil, by_id(id, "a bed " .. held2))
    shell.until_(function() return stand_ins:models(held)[1] and stand_ins:models(held2)[1] end, 5, "both to be asked")
    local word = scene:plan "Any stairs?"
    post(nil, both(number, id, "and a lamp " .. word))
    shell.until_(function() return chats(number, id) == 1 end, 5, "one chat")
    stand_ins:release(plan)
    stand_ins:release(plan2)
    scene:sent(number, word)
    scene:marker()
    assert.same({ 1, 0 }, { #scene:tries(number), #scene:tries(id) })
    local asked = json.encode(stand_ins:models(word)[1].body.messages)
    assert.is_truthy(asked:find(held, 1, true) and asked:find(held2, 1, true))
    assert.same({ 3, 3 }, { scene:column(number, "last_seq"), scene:column(number, "answered_seq") })
    scene:posts "is the same person as"
  end)

  it("B26: a take-over by id holds for the number, and the old button works after the merge", function()
    local number, id, word = meta.phone(), user(), meta.word()
    service:say(number, asks())
    scene:sent(number)
    post(nil, by_id(id, asks()))
    scene:sent(id)
    assert.equal(200, service:click(id).status)
    post(nil, both(number, id, "are you there " .. word))
    scene:posts(word)
    assert.equal("PAUSED", scene:column(number, "status"))
    scene:sent(number, "Our team")
    assert.equal(200, service:click(id, { action = "resume_chat" }).status)
    assert.equal("ACTIVE", scene:column(number, "status"))
  end)

  it("B26: of two open cases one goes on, and who follows leads reads that the other is closed", function()
    local number, id = meta.phone(), user()
    service:say(number, "a human please")
    scene:sent(number, "member of our team")
    post(nil, by_id(id, "a human please"))
    scene:sent(id, "member of our team")
    post(nil, both(number, id, "hello"))
    shell.until_(function() return chats(number, id) == 1 end, 5, "one chat")
    assert.equal(1, service:value("SELECT count(*) FROM stages s JOIN cases k ON k.id = s.case_id WHERE s.kind = 'closed' AND k.state = 'closed' AND s.conversation_id = '"
      .. number .. "'"))
  end)

  it("B26: a known number with another business-scoped id is somebody else, whose chat has that id; the first is answered by theirs", function()
    local number, first, second = meta.phone(), user(), user()
    post(nil, both(number, first, asks()))
    scene:sent(number)
    post(nil, both(number, second, asks()))
    scene:sent(number, nil, 2)
    assert.same({ number, second }, { service:value("SELECT conversation_id FROM identities WHERE value = '" .. first .. "'"),
      service:value("SELECT conversation_id FROM identities WHERE value = '" .. second .. "'") })
    assert.equal(1, scene:column(second, "last_seq"))
    assert.equal(first, scene:column(number, "write_to"))
    scene:posts "another person's until now"
    local third = user()
    post(nil, system(number, "user_changed_user_id", { user_id = third, previous_user_id = second }))
    post(nil, both(number, third, asks()))
    scene:sent(number, nil, 3)
    assert.equal(2, scene:column(second, "last_seq"))
  end)

  it("B26 H4: in an older copy that is put back, a person with three names is erased in both chats that they had then; STOP and the tombstone hold for each name", function()
    local number, id, moved, word = meta.phone(), user(), meta.phone(), meta.word()
    local old, old_by_id = meta.text(number, "a couch " .. word), by_id(id, "a bed " .. word)
    post(nil, old)
    post(nil, old_by_id)
    scene:sent(number)
    scene:sent(id)
    local copy = service.home .. "/copy-of-two.sqlite"
    local code, text = service:cli("backup", copy)
    assert.equal(0, code, text)
    post(nil, both(number, id, "STOP"))
    shell.until_(function() return scene:column(number, "opted_out") == 1 end, 5, "STOP")
    post(nil, system(number, "user_changed_number", { wa_id = moved }))
    shell.until_(function() return chats(number, id, moved) == 1 and scene:column(number, "write_to") == moved end, 5, "one chat of three names")
    code, text = service:cli("erase", moved)
    assert.equal(0, code, text)
    service:kill()
    shell.run(("rm -f %s %s-wal %s-shm && cp %s %s"):format(service.db, service.db, service.db, copy, service.db))
    service:start()
    scene:posts "erased again"
    assert.equal(0, service:value(("SELECT count(*) FROM conversations WHERE id IN ('%s', '%s')"):format(number, id)))
    assert.equal(0, service:value(("SELECT count(*) FROM identities WHERE value IN ('%s', '%s')"):format(number, id)))
    assert.is_false(service:holds(word))
    local before = #scene:tries(number) + #scene:tries(id) + #scene:tries(moved)
    post(nil, old)
    post(nil, old_by_id)
    local again = { meta.word(), meta.word(), meta.word() }
    post(nil, meta.text(number, "hello " .. again[1]))
    post(nil, by_id(id, "hello " .. again[2]))
    post(nil, meta.text(moved, "hello " .. again[3]))
    for _, one in ipairs(again) do scene:posts(one) end
    scene:marker()
    assert.equal(before, #scene:tries(number) + #scene:tries(id) + #scene:tries(moved))
    assert.equal(3, service:value(("SELECT count(*) FROM conversations WHERE opted_out = 1 AND id IN ('%s', '%s', '%s')"):format(number, id, moved)))
    shell.until_(function() return not service:holds(word) end, 10, "the redelivered webhooks to be gone")
  end)
end)
