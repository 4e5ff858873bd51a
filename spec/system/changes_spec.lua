-- Messages that quote, edit or delete other messages, over real webhooks.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("quoted, edited and deleted messages", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(process.close_all)

  local function edit(phone, original, text, fields)
    fields = fields or {}
    fields.edit = { original_message_id = original, message = { type = "text", text = { body = text } } }
    return meta.message(phone, "edit", fields)
  end

  local function revoke(phone, original, fields)
    fields = fields or {}
    fields.revoke = { original_message_id = original }
    return meta.message(phone, "revoke", fields)
  end

  local function hook(...) assert.equal(200, service:hook { messages = { ... } }) end

  local function content(id) return service:value("SELECT content FROM messages WHERE id = '" .. id .. "'") end

  local function asked(word) return json.encode(stand_ins:models(word)[1].body.messages):gsub('\\"', '"') end

  it("W10 B27: a message that arrives after its deletion is stored as [deleted] and never answered; staff are told", function()
    local phone, id = meta.phone(), meta.wamid()
    hook(revoke(phone, id), meta.text(phone, "my card number is 4111 1111", { id = id }))
    scene:posts "has deleted a message"
    shell.until_(function() return scene:column(phone, "answered_seq") == 1 end, 5, "the turn")
    scene:marker()
    assert.equal("[deleted]", content(id))
    assert.equal(0, #scene:tries(phone))
    assert.is_nil(scene:column(phone, "waiting_since"))
    assert.equal(0, service:value "SELECT count(*) FROM changes_early")
  end)

  it("B27: a message is deleted while the model answers it: the answer is not sent, and the others get one", function()
    local phone, held = meta.phone(), meta.word()
    local plan = stand_ins:plan { contains = held, hold = true, times = 1, answer = { reply_to_user = "About the secret " .. held } }
    local id = service:say(phone, "my secret " .. held)
    shell.until_(function() return stand_ins:models(held)[1] end, 5, "the model to be asked")
    local word = scene:plan "Any stairs?"
    service:say(phone, "a couch " .. word)
    hook(revoke(phone, id))
    scene:posts "has deleted a message"
    stand_ins:release(plan)
    scene:sent(phone, word)
    assert.equal(0, #scene:tries(phone, held))
    assert.is_nil(asked(word):find("my secret", 1, true))
    assert.equal("[deleted]", content(id))
  end)

  it("B27: an edit before its turn is read as if it had been written so, and the same edit again changes nothing", function()
    local phone, word = meta.phone(), scene:plan "Thanks. Any stairs?"
    local message = meta.text(phone, "3 couches " .. word)
    local change = edit(phone, message.id, "4 chairs " .. word)
    hook(message, change, change)
    scene:sent(phone, word)
    assert.is_nil(asked(word):find("3 couches", 1, true))
    assert.is_nil(asked(word):find("edited", 1, true))
    hook(change)
    scene:marker()
    assert.equal(1, #scene:tries(phone))
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"))
  end)

  it("W11 B27: an edit after the answer is a message of its own: read as [edited: …], answered, told to staff, its facts kept", function()
    local phone = meta.phone()
    local word = scene:ask(phone, { answer = { reply_to_user = "Noted. Any stairs?", extracted_data = { address = "12 Elm St" } } }, "address is 12 Elm St")
    scene:sent(phone, "Noted")
    local id = service:value("SELECT id FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'")
    service:say(phone, "a human please")
    shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    scene:sent(phone, nil, 2)
    local new = scene:plan { answer = { reply_to_user = "Changed. Any stairs?", extracted_data = { address = "21 Elm St" } } }
    hook(edit(phone, id, "address is 21 Elm St " .. new))
    scene:sent(phone, "Changed")
    assert.truthy(asked(new):find("[edited: address is 21 Elm St " .. new .. "]", 1, true), asked(new))
    assert.is_nil(asked(new):find(word, 1, true))
    assert.equal("21 Elm St", scene:known(phone).address)
    scene:posts "21 Elm St"
    assert.equal("address is 21 Elm St " .. new, content(id))
  end)

  it("B27: an edit to STOP opts out, also after the answer", function()
    local phone = meta.phone()
    local word = scene:ask(phone)
    scene:sent(phone, word)
    hook(edit(phone, service:value("SELECT id FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"), "STOP"))
    scene:sent(phone, "START")
    assert.equal(1, scene:column(phone, "opted_out"))
  end)

  it("B27: in a pause staff get the edited words once, and are told of a deletion", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    assert.equal(200, service:click(phone).status)
    local id, word = service:say(phone, "the grey one"), meta.word()
    scene:posts "the grey one"
    hook(edit(phone, id, "the green one " .. word))
    scene:posts("[edited: the green one " .. word .. "]")
    hook(revoke(phone, id))
    shell.until_(function() return content(id) == "[deleted]" end, 5, "the deletion")
    scene:marker()
    assert.equal(1, #scene:posts(word))
    assert.equal(2, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"))
  end)

  it("W15 B28: the model and staff read the words that a message replies to, the customer's and ours", function()
    local phone = meta.phone()
    local first = scene:ask(phone, { times = 1, answer = { reply_to_user = "Thanks! Are there any stairs?" } }, "a couch and a fridge")
    scene:sent(phone, "stairs")
    local id = service:value("SELECT id FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'")
    local ours = shell.until_(function() return service:value("SELECT wamid FROM messages WHERE role = 'assistant' AND conversation_id = '" .. phone .. "'") end, 5, "our wamid")
    local word, other = scene:plan(), scene:plan()
    service:say(phone, "the second one is not going " .. word, { context = { from = phone, id = id } })
    scene:sent(phone, word)
    assert.truthy(asked(word):find('[replying to: "a couch and a fridge ' .. first .. '"] the second one is not going ' .. word, 1, true), asked(word))
    service:say(phone, "none " .. other, { context = { id = ours } })
    scene:sent(phone, other)
    assert.truthy(asked(other):find('[replying to: "Thanks! Are there any stairs?"] none ' .. other, 1, true), asked(other))
    service:say(phone, "a human please", { context = { id = "wamid.unknown" } })
    shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
    assert.truthy(json.encode(stand_ins:cards(phone)[1].body):find("replying to", 1, true))
  end)

  it("B27: what waits for its message is exported, erased with the person, and not brought back by a redelivery", function()
    local phone, id, word = meta.phone(), meta.wamid(), meta.word()
    local change = edit(phone, id, "the new words " .. word)
    hook(change)
    hook(change)
    shell.until_(function() return service:value("SELECT count(*) FROM changes_early WHERE original = '" .. id .. "'") == 1 end, 5, "the edit")
    local _, exported = service:cli("export", phone)
    assert.truthy(exported:find(word, 1, true), exported)
    _, exported = service:cli("export", phone, "--text")
    assert.truthy(exported:find("wait for their message\n  .*the new words " .. word), exported)
    local code, told = service:cli("erase", phone)
    assert.equal(0, code, told)
    hook(change)
    hook(meta.text(phone, "the old words " .. word, { id = id }))
    scene:marker()
    assert.equal(0, service:value "SELECT count(*) FROM changes_early")
    assert.equal(0, service:value("SELECT count(*) FROM conversations WHERE id = '" .. phone .. "'"))
    shell.until_(function() return not service:holds(word) end, 10, "no byte of it")
  end)
end)
