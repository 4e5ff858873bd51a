-- What is sent besides text, in the real process: buttons, the booking link, a file, a quoted message.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"

describe("a reply with buttons switched on", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { files = { ["prompts/business.yaml"] = "buttons: true\nask_location: true\n" } }
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(chat.close_all)

  local function sent(phone, count)
    local list = shell.until_(function()
      local list = stand_ins:sends(phone)
      return #list >= (count or 1) and list[#list].status and list
    end, 6, "a send")
    assert.equal(200, list[#list].status)
    return list[#list].body
  end

  it("asks yes or no with buttons, whose titles come back as words", function()
    local phone, word = meta.phone(), meta.word()
    scene:plan({ answer = { reply_to_user = "Thanks! Is there an elevator?", extracted_data = { address = "5 Elm St, Toronto" } } }, word)
    service:say(phone, "a couch at 5 Elm St, Toronto " .. word)
    local body = sent(phone)
    assert.equal("Thanks! Is there an elevator?", body.interactive.body.text)
    local titles = {}
    for i, button in ipairs(body.interactive.action.buttons) do titles[i] = button.reply.title end
    assert.same({ "Yes", "No", "Not sure" }, titles)
    scene:plan({ answer = { reply_to_user = "Got it." } }, "Not sure")
    service:hook { messages = { meta.message(phone, "interactive",
      { interactive = { type = "button_reply", button_reply = { id = "answer_not_sure", title = "Not sure" } } }) } }
    scene:sent(phone, "Got it.")
    stand_ins:forget()
  end)

  it("asks for the location with the address; a reply to one message quotes none", function()
    local phone, word = meta.phone(), meta.word()
    scene:plan({ answer = { reply_to_user = "Hi! What is the pickup address?" } }, word)
    service:say(phone, "hello " .. word)
    local body = sent(phone)
    assert.equal("location_request_message", body.interactive.type)
    assert.is_nil(body.context)
  end)

  it("has a button for the booking link; the stored text holds the link", function()
    local phone, word = meta.phone(), meta.word()
    scene:plan({ answer = { reply_to_user = "Let's find a time. " .. word, action = "schedule" } }, word)
    service:say(phone, "I'd like a visit " .. word)
    local body = sent(phone)
    local link = body.interactive.action.parameters.url
    assert.equal("cta_url", body.interactive.type)
    assert.is_nil(body.interactive.body.text:find("http", 1, true))
    assert.truthy(scene:message(word).content:find(link, 1, true))
  end)

  it("longer than a message with buttons may be is sent as text", function()
    local phone, word = meta.phone(), meta.word()
    scene:plan({ answer = { reply_to_user = ("We take couches and chairs. "):rep(50) .. "Are there any stairs?" } }, word)
    service:say(phone, "hello " .. word)
    assert.equal("text", sent(phone).type)
  end)

  it("quotes the newest message where several were sent", function()
    local phone, word = meta.phone(), scene:plan()
    local first, second = meta.text(phone, "a couch"), meta.text(phone, "and a fridge " .. word)
    service:hook { messages = { first, second } }
    assert.equal(second.id, sent(phone).context.message_id)
  end)

  it("whose buttons or quoted message WhatsApp does not take goes as words alone, once; staff are told nothing", function()
    for _, way in ipairs { "buttons", "quote" } do
      local phone, word = meta.phone(), meta.word()
      scene:plan({ answer = { reply_to_user = way == "buttons" and "Is there an elevator? " or "We take couches. " .. word } }, word)
      stand_ins:fault { graph = { kind = "code", code = 131009, times = 1, contains = phone } }
      local texts = way == "buttons" and { meta.text(phone, "a couch at 5 Elm St, Toronto " .. word) } or { meta.text(phone, "a couch"), meta.text(phone, "a fridge " .. word) }
      service:hook { messages = texts }
      local list = shell.until_(function()
        local list = stand_ins:sends(phone)
        return #list == 2 and list[2].status and list
      end, 6, "a second send")
      assert.equal(way == "buttons" and "interactive" or "text", list[1].body.type)
      assert.same({ "text", 200, "nil" }, { list[2].body.type, list[2].status, tostring(list[2].body.context) })
      assert.equal(0, #stand_ins:posts "could not be sent")
      stand_ins:calm()
    end
  end)

  it("sends a file by its id: uploaded once, also when the send itself is tried again", function()
    local phone = meta.phone()
    service:say(phone, "hello " .. scene:plan())
    sent(phone)
    service:kill()
    local bytes = "\255\216\255\224" .. ("photo"):rep(200) .. "\255\217"
    local hash = crypto.hex(crypto.sha256(bytes))
    local folder = service.db:match("^(.*)/") .. "/media/" .. hash:sub(1, 2)
    shell.run("mkdir -p " .. shell.quote(folder))
    shell.write(folder .. "/" .. hash, bytes)
    local form = json.encode { type = "media", kind = "image", hash = hash, mime = "image/jpeg", bytes = #bytes, caption = "Our truck" }
    local code, problem = shell.run("sqlite3 " .. service.db .. " " .. shell.quote(([[INSERT INTO messages(id, conversation_id, role, content, seq, part,
      kind, state, state_at, form, file) VALUES('filezq', '%s', 'assistant', '[photo: Our truck]', 1, 1, 'staff', 'queued', 0, '%s', '%s');
      INSERT INTO held VALUES('filezq', '%s')]]):format(phone, form, hash, phone))) -- file: retention leaves what a row names
    assert.equal(0, code, problem)
    stand_ins:fault { graph = { kind = "500", times = 1, contains = "filezq" } }
    service:start()
    local body
    shell.until_(function()
      for _, one in ipairs(stand_ins:sends(phone)) do
        if one.body.type == "image" and one.status == 200 then body = one.body end
      end
      return body
    end, 6, "the file")
    assert.equal("Our truck", body.image.caption)
    assert.truthy(body.image.id:find "^%d+$")
    local uploads = 0
    for _, request in ipairs(stand_ins:requests()) do
      if (request.path or ""):find("/media$") then uploads = uploads + 1 end
    end
    assert.equal(1, uploads)
  end)
end)
