-- What Meta posts beside texts and files, over real webhooks: who is told, and what the customer gets.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("kinds beside texts and files", function()
  local scene, service

  setup(function()
    scene = chat.open()
    service = scene.service
  end)
  teardown(process.close_all)

  local function hook(...) assert.equal(200, service:hook { messages = { ... } }) end

  -- A change of another field, as it stands in a webhook.
  local function field(name, list, value)
    value = value or {}
    value.messaging_product, value.metadata = "whatsapp", { display_phone_number = meta.display_number, phone_number_id = meta.phone_number_id }
    value[list.name] = json.array(list)
    list.name = nil
    return meta.encode { object = "whatsapp_business_account", entry = json.array { { id = meta.account, changes = json.array { { field = name, value = value } } } } }
  end

  local function post(bytes) assert.equal(200, service:hook(bytes)) end

  it("W25: a pin fills the address with its name and its coordinates, and staff get a link to a map", function()
    local phone = meta.phone()
    hook(meta.message(phone, "location", { location = { name = "Home", latitude = 43.7, longitude = -79.4 } }))
    scene:posts "maps?q=43.70000,-79.40000"
    assert.equal("Home (43.70000, -79.40000)", scene:known(phone).address)
  end)

  it("W26: staff read every name, company and number of a contact card", function()
    hook(meta.message(meta.phone(), "contacts", { contacts = { { name = { first_name = "Joezq" }, org = { company = "Concierge" }, phones = { { phone = "416 1" },
      { phone = "416 2" } } } } }))
    scene:posts "Joezq (Concierge), 416 1, 416 2"
  end)

  it("W27: the model reads each field of a form", function()
    local phone, word = meta.phone(), scene:plan()
    hook(meta.message(phone, "interactive", { interactive = { type = "nfm_reply", nfm_reply = { name = "flow", body = "Sent",
      response_json = '{"address":"5 Oak St","items":"couch ' .. word .. '"}' } } }))
    scene:sent(phone, word)
    assert.truthy(json.encode(scene.stand_ins:models(word)[1].body.messages):find("address: 5 Oak St", 1, true))
  end)

  it("W28: an ad is kept on the chat and shown on the card", function()
    local phone = meta.phone()
    hook(meta.text(phone, "I want to speak to a human", { referral = { source_type = "ad", headline = "Spring clean-out", source_id = "1" } }))
    scene:posts "Spring clean-out"
    assert.equal("Spring clean-out", json.decode(scene:column(phone, "source")).headline)
  end)

  it("W29: staff are told of a call, and not again when it ends", function()
    local phone = meta.phone()
    post(field("calls", { name = "calls", { id = "wacid.1", from = phone, event = "connect", direction = "USER_INITIATED" },
      { id = "wacid.1", from = phone, event = "terminate", direction = "USER_INITIATED" } }))
    scene:posts("called on WhatsApp")
    scene:marker()
    assert.equal(1, #scene:posts("called on WhatsApp"))
  end)

  it("W30: a message that Meta could not deliver is told to staff, and the customer is asked to write again", function()
    local phone = meta.phone()
    hook(meta.message(phone, "unsupported", { errors = { { code = 131060, title = "This message is unavailable" } } }))
    scene:posts "could not be read"
    scene:sent(phone, "write it again")
    assert.equal(0, #scene:tries(phone, "only handle text"))
  end)

  it("W30: who also sent a kind that we cannot use is asked to write again, and not told off", function()
    local phone = meta.phone()
    hook(meta.message(phone, "unsupported", { errors = { { code = 131060 } } }), meta.message(phone, "unsupported", { errors = { { code = 131051 } } }))
    scene:sent(phone, "write it again")
    scene:marker()
    assert.equal(0, #scene:tries(phone, "only handle text"))
  end)

  it("staff read the items of an order, and the customer is told that we read texts", function()
    local phone = meta.phone()
    hook(meta.message(phone, "order", { order = { catalog_id = "c", product_items = { { product_retailer_id = "SKUzq", quantity = 2, item_price = 5,
      currency = "CAD" } } } }))
    scene:posts "2 × SKUzq (5 CAD)"
    scene:sent(phone, "only handle text")
  end)

  it("what staff write in the business's phone is a staff message: stored once, shown, and the assistant is silent", function()
    local phone, id = meta.phone(), meta.wamid()
    scene:sent(phone, scene:ask(phone))
    local echo = { from = meta.display_number, to = phone, id = id, timestamp = tostring(os.time()), type = "text", text = { body = "This is Zaqia" } }
    post(field("smb_message_echoes", { name = "message_echoes", echo }))
    scene:posts "This is Zaqia"
    assert.equal("PAUSED", scene:column(phone, "status"))
    post(field("smb_message_echoes", { name = "message_echoes", echo }, { contacts = json.array { { wa_id = phone } } }))
    service:say(phone, "thank you zqthanks")
    scene:posts "zqthanks"
    local rows = service:rows("SELECT role, author, content FROM messages WHERE id = '" .. id .. "'")
    assert.same({ { role = "assistant", author = "business phone", content = "This is Zaqia" } }, rows)
    assert.equal(1, #scene:posts "This is Zaqia")
    assert.equal(0, #scene:tries(phone, "handling your request"))
    local stranger = meta.phone()
    post(field("smb_message_echoes", { name = "message_echoes", { from = meta.display_number, to = stranger, id = meta.wamid(), type = "text",
      text = { body = "Hello new zqnew" } } }))
    scene:posts "zqnew"
    assert.equal("PAUSED", scene:column(stranger, "status"))
  end)

  it("a message that is on its way when staff write in the business's phone is called back, as at a take-over", function()
    local phone = meta.phone()
    scene.stand_ins:fault { graph = { kind = "slow", delay_ms = 6000, times = 1, contains = phone } }
    local word = scene:ask(phone)
    shell.until_(function() return scene:tries(phone, word)[1] end, 5, "the send")
    post(field("smb_message_echoes", { name = "message_echoes", { from = meta.display_number, to = phone, id = meta.wamid(), type = "text",
      text = { body = "This is Ana" } } }))
    scene:state(word, "unknown", 3) -- its answer is not waited for any more
    scene.stand_ins:calm()
  end)

  it("E11: what the model writes while staff write in the business's phone is not sent, and staff get it as a draft", function()
    local phone, held = meta.phone(), meta.word()
    local plan = scene.stand_ins:plan { contains = held, hold = true, times = 1, answer = { reply_to_user = "Any stairs? " .. held } }
    service:say(phone, "a couch " .. held)
    shell.until_(function() return scene.stand_ins:models(held)[1] end, 5, "the model to be asked")
    post(field("smb_message_echoes", { name = "message_echoes", { from = meta.display_number, to = phone, id = meta.wamid(), type = "image", image = { id = "1" } } }))
    shell.until_(function() return scene:column(phone, "status") == "PAUSED" end, 5, "the pause")
    scene.stand_ins:release(plan)
    scene:posts "Any stairs? "
    assert.equal(0, #scene:tries(phone, held))
  end)

  it("choices about marketing and news of the account are noted, what is broken is parked, and nobody is answered", function()
    local before = service:value "SELECT count(*) FROM messages"
    for _, value in ipairs { "stop", "resume", "signup" } do
      post(field("user_preferences", { name = "user_preferences", { wa_id = meta.phone(), detail = "d", category = "marketing_messages", value = value, timestamp = 1 } }))
    end
    for _, name in ipairs { "account_update", "message_template_status_update", "phone_number_quality_update", "business_capability_update" } do
      post(field(name, { name = "x", { event = "e" } }))
    end
    post(field("calls", { name = "calls", 5, { from = {} } }))
    post(field("smb_message_echoes", { name = "message_echoes", 5, { to = meta.phone() } }))
    shell.until_(function() return service:status().inbox.parked == 4 end, 5, "what is parked")
    assert.equal(before, service:value "SELECT count(*) FROM messages")
  end)
end)
