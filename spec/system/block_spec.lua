-- A blocked person: what they write is stored, and nothing follows from it.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("a blocked person", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)

  before_each(function()
    stand_ins:calm()
    stand_ins:account { strict = 0 }
  end)
  teardown(process.close_all)

  local function shown(phone) return ("+1 %s-%s-%s"):format(phone:sub(2, 4), phone:sub(5, 7), phone:sub(8)) end

  local function run(...)
    local code, text = service:cli(...)
    assert.equal(0, code, text)
    return text
  end

  local function requests(phone)
    local list = {}
    for _, one in ipairs(stand_ins:requests("graph", { contains = phone })) do
      if one.path:find("block_users", 1, true) then list[#list + 1] = one end
    end
    return list
  end

  local function asked(phone, count)
    shell.until_(function() return #requests(phone) >= count end, 6, count .. " requests to block")
  end

  -- All that came is read, and nothing is left to do for the chat.
  local function settled()
    shell.until_(function() return service:status().inbox.unread == 0 end, 6, "the inbox to be read")
    scene:marker()
  end

  local function stored(word) return service:value("SELECT count(*) FROM messages WHERE instr(content, '" .. word .. "')") end

  -- Writes, and nothing follows but a row and a count.
  local function unheard(phone, fields)
    local word, sends = meta.word(), #stand_ins:sends(phone)
    service:say(phone, "hello again, I want to talk to a person " .. word, fields)
    settled()
    assert.equal(1, stored(word))
    assert.equal(0, #stand_ins:models(word))
    assert.equal(0, #stand_ins:posts(word))
    assert.equal(sends, #stand_ins:sends(phone))
    return word
  end

  it("D15: gets no turn, no message and no case, and staff read only a count; unblocked they are answered again, and not for what was before", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    service:say(phone, "a human please")
    shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
    assert.truthy(run("block", shown(phone)):find(shown(phone) .. " (Pat Doe) is blocked. What they write is stored", 1, true))
    asked(phone, 1)
    assert.equal("closed", service:value("SELECT state FROM cases WHERE conversation_id = '" .. phone .. "'"))
    unheard(phone)
    assert.equal(200, service:hook { messages = { meta.message(phone, "image", { image = { id = "1" } }), meta.message(phone, "sticker", { sticker = {} }) } })
    assert.equal(200, service:hook { field = "calls", calls = { { id = meta.wamid(), from = phone, event = "connect", direction = "USER_INITIATED" } } })
    assert.equal(200, service:click(phone).status) -- somebody takes the chat
    unheard(phone)
    assert.equal(200, service:click(phone, { action = "resume_chat" }).status)
    assert.equal(0, #stand_ins:posts "called on WhatsApp")
    assert.equal(0, service:value("SELECT count(*) FROM media WHERE conversation_id = '" .. phone .. "'"))
    assert.truthy(run("block"):find("Pat Doe%): blocked on %d%d%d%d%-%d%d%-%d%d %d%d:%d%d %u+ by the command line, 3 messages since"), run "block")
    assert.truthy(select(2, service:cli "status"):find("Blocked people: 1, with 3 messages since.", 1, true))
    assert.same({ 1, 3 }, { service:status().business.blocked, service:status().business.blocked_messages })
    assert.equal(0, service:status().business.oldest_unanswered_ms)
    assert.truthy(run("block", phone):find("was blocked already", 1, true))
    assert.truthy(run("unblock", phone):find("is not blocked any more", 1, true))
    assert.same({ 1, 1 }, { (service:cli("unblock", phone)), (service:cli("unblock", "nobody")) })
    local word = scene:ask(phone)
    scene:sent(phone, word)
  end)

  it("has no send that waits leave any more, and a reply of the model that is under way is dropped", function()
    local phone, word = meta.phone(), meta.word()
    local plan = stand_ins:plan { contains = word, hold = true, answer = { reply_to_user = "Any stairs? " .. word } }
    service:say(phone, "a couch " .. word)
    shell.until_(function() return #stand_ins:models(word) > 0 end, 6, "the model to be asked")
    run("block", phone)
    stand_ins:release(plan)
    scene:marker()
    assert.equal(0, #stand_ins:sends(phone))
    local other = meta.phone()
    stand_ins:fault { graph = { kind = "503", contains = other } }
    local reply = scene:ask(other)
    scene:state(reply, "queued")
    run("block", other)
    stand_ins:calm()
    scene:state(reply, "dropped", 12)
    assert.equal("blocked", scene:message(reply).error)
  end)

  it("STOP and START of a blocked person count, without a word; the opt-out holds when the block ends", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    run("block", phone)
    service:say(phone, "STOP")
    shell.until_(function() return scene:column(phone, "opted_out") == 1 end, 6, "the opt-out")
    run("unblock", phone)
    assert.equal(0, #stand_ins:sends(phone, "unsubscribed"))
    local word = meta.word()
    service:say(phone, "a couch " .. word)
    scene:posts(word) -- staff read what opted-out people write
    assert.equal(0, #stand_ins:models(word))
  end)

  it("is blocked at WhatsApp too; when WhatsApp refuses, staff are told why and the block here holds", function()
    local phone = meta.phone()
    stand_ins:fault { block = { kind = "500", times = 2 } }
    scene:sent(phone, scene:ask(phone))
    run("block", phone)
    shell.until_(function() return run("block", "--platform"):find(shown(phone), 1, true) end, 12, "the block at WhatsApp, at the third try")
    run("unblock", phone)
    shell.until_(function() return not run("block", "--platform"):find(shown(phone), 1, true) end, 6, "the block's end at WhatsApp")
    local other = meta.phone()
    scene:sent(other, scene:ask(other))
    stand_ins:account { strict = 1 } -- who wrote only here is nobody whom WhatsApp knows
    run("block", other)
    local post = scene:posts "WhatsApp did not block this person: it blocks only people who wrote in the last 24 hours (code 131047)"[1]
    assert.truthy(json.encode(post.body):find(shown(other), 1, true))
    unheard(other)
    stand_ins:fault { block = { kind = "code", code = 100 } }
    run("unblock", other)
    scene:posts "WhatsApp did not unblock this person"
    scene:sent(other, scene:ask(other))
  end)

  it("is asked to be blocked at WhatsApp at their first message when they had not written for 24 hours", function()
    local phone = meta.phone()
    assert.truthy(run("block", phone):find("although they never wrote here", 1, true))
    scene:marker()
    assert.equal(0, #requests(phone))
    unheard(phone)
    asked(phone, 1)
    unheard(phone)
    assert.equal(1, #requests(phone))
  end)

  it("B26: stays blocked under every name: by id, after a change of number, in a chat that is merged", function()
    local phone, user = meta.phone(), "CA." .. meta.word():upper()
    assert.equal(200, service:hook { messages = { meta.text(phone, "hi", { from_user_id = user }) } })
    settled()
    run("block", phone)
    local by_id = meta.word()
    local message = meta.text(phone, "it is me " .. by_id, { from_user_id = user })
    message.from = ""
    assert.equal(200, service:hook { messages = { message } })
    settled()
    assert.same({ 1, 0 }, { stored(by_id), #stand_ins:models(by_id) })
    local new = meta.phone()
    assert.equal(200, service:hook { messages = { meta.message(phone, "system", { system = { type = "user_changed_number", wa_id = new, body = "changed" } }) } })
    unheard(new)
    local other, other_user = meta.phone(), "CA." .. meta.word():upper()
    service:say(other, "hello there")
    assert.equal(200, service:hook { messages = { meta.text("", "hi by id", { from_user_id = other_user }) } })
    settled()
    run("block", other)
    assert.equal(200, service:hook { messages = { meta.text(other, "both names", { from_user_id = other_user }) } })
    settled()
    local row = service:rows("SELECT blocked_at, blocked_by FROM conversations WHERE id IN ('" .. other .. "', '" .. other_user .. "')")
    assert.equal(1, #row)
    assert.truthy(row[1].blocked_at and row[1].blocked_by)
  end)

  it("H4: is exported with who and when; erased they stay blocked by a keyed mark, until they are unblocked", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    run("block", phone)
    local data = json.decode(run("export", phone))
    assert.truthy(data.chat.blocked_at and data.chat.blocked_by == "the command line")
    assert.truthy(run("export", phone, "--text"):find("Blocked: since %d%d%d%d.-, by the command line"))
    assert.truthy(run("erase", phone):find("They were blocked. The block still counts", 1, true))
    assert.is_false(service:holds(phone))
    assert.truthy(run("block"):find("Erased people who stay blocked: 1 keyed mark", 1, true))
    unheard(phone)
    assert.truthy(run("block"):find("by somebody, before they were erased", 1, true))
    run("unblock", phone)
    scene:sent(phone, scene:ask(phone))
    run("block", phone)
    run("erase", phone)
    assert.truthy(run("unblock", phone):find("was erased while they were blocked", 1, true))
    scene:sent(phone, scene:ask(phone))
  end)

  it("can be blocked and unblocked while no service is running", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    service:kill()
    assert.truthy(run("block", phone):find("is blocked", 1, true))
    assert.truthy(run("block"):find(shown(phone), 1, true))
    service:start()
    unheard(phone)
    run("unblock", phone)
  end)
end)
