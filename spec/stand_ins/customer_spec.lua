-- What the stand-in for Meta posts, seen by the spec in the assistant's place: both names of a person, every kind, batches, order, retries.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

describe("the stand-in for Meta posts", function()
  local assistant, stand_ins

  setup(function()
    assistant = wire.listen()
    stand_ins = standins.new { env = { SANDBOX_TARGET = "http://127.0.0.1:" .. assistant.port } }
  end)

  teardown(function()
    assistant:close()
    process.close_all()
  end)

  local peer

  -- The next webhook, answered with a status.
  local function webhook(status)
    local request = peer and peer:request(1)
    if not request then
      peer = assert(assistant:accept(5), "no webhook came")
      request = assert(peer:request(5))
    end
    assert.equal(meta.sign(stand_ins.secret, request.body), request.headers["x-hub-signature-256"])
    assert.is_nil(request.body:find "[\x80-\xFF]")
    peer:answer(status or 200, "")
    return assert(json.decode(request.body))
  end

  local function value(status)
    return webhook(status).entry[1].changes[1].value
  end

  local function posted(wish)
    stand_ins:write(wish)
    return value()
  end

  it("both names of a person, then one, and always the same id for a number", function()
    local phone = meta.phone()
    local both = posted { from = phone, text = "café" }
    local id = both.messages[1].from_user_id
    assert.same({ phone, phone, id, "café" }, { both.messages[1].from, both.contacts[1].wa_id, both.contacts[1].user_id, both.messages[1].text.body })
    assert.truthy(id:match "^CA%.%w+$")
    local old = posted { from = phone, text = "x", by = "number" }
    assert.same({ phone, nil, nil }, { old.messages[1].from, old.messages[1].from_user_id, old.contacts[1].user_id })
    local empty = posted { from = phone, text = "x", by = "id", username = "pat" }
    assert.same({ "", id, "pat" }, { empty.messages[1].from, empty.messages[1].from_user_id, empty.contacts[1].profile.username })
    local absent = posted { from = id, text = "x", by = "absent" }
    assert.same({ nil, id, nil }, { absent.messages[1].from, absent.messages[1].from_user_id, absent.contacts[1].wa_id })
    assert.equal(4, #stand_ins:screen(phone).messages)
  end)

  it("every kind in Meta's shape; a system message has no contacts", function()
    local phone = meta.phone()
    local paths = {
      image = { "image", "url" }, video = { "video", "sha256" }, audio = { "audio", "voice" }, document = { "document", "filename" },
      sticker = { "sticker", "animated" }, location = { "location", "latitude" }, contacts = { "contacts", 1, "name", "formatted_name" },
      button = { "button", "payload" }, button_reply = { "interactive", "button_reply", "title" }, list_reply = { "interactive", "list_reply", "id" },
      flow_reply = { "interactive", "nfm_reply", "response_json" }, order = { "order", "product_items", 1, "quantity" }, reaction = { "reaction", "emoji" },
      unsupported = { "errors", 1, "code" }, call_permission_reply = { "interactive", "call_permission_reply", "response" },
    }
    for kind, path in pairs(paths) do
      local at = posted { from = phone, type = kind, text = "x" }.messages[1]
      for _, name in ipairs(path) do at = at[name] end
      assert.is_not_nil(at, kind)
    end
    for kind, field in pairs { request_welcome = "type", unknown = "type", interactive = "type" } do
      local message = posted { from = phone, type = kind }.messages[1]
      assert.same({ kind, nil }, { message[field], message.interactive })
    end
    for _, kind in ipairs { "user_changed_number", "user_changed_user_id", "customer_identity_changed" } do
      local change = posted { from = phone, type = "system", system = kind, new_number = "16470000009" }
      assert.same({ kind, nil }, { change.messages[1].system.type, change.contacts })
    end
    assert.equal("16470000009", posted({ from = phone, type = "system", new_number = "16470000009" }).messages[1].system.wa_id)
    assert.equal(131060, posted({ from = phone, type = "unsupported", code = 131060 }).messages[1].errors[1].code)
    assert.is_nil(posted({ from = phone, type = "reaction", removed = true }).messages[1].reaction.emoji)
    assert.equal("Spring clean-out", posted({ from = phone, text = "hi", referral = true }).messages[1].referral.headline)
    local quoted = posted({ from = phone, text = "hi", quote = "wamid.x", forwarded = true, product = "a1" }).messages[1].context
    assert.same({ "wamid.x", true, "a1" }, { quoted.id, quoted.forwarded, quoted.referred_product.product_retailer_id })
    assert.equal("wamid.x", posted({ from = phone, type = "revoke", message_id = "wamid.x" }).messages[1].revoke.original_message_id)
    assert.equal("new", posted({ from = phone, type = "edit", message_id = "wamid.x", text = "new" }).messages[1].edit.message.text.body)
    for field, kind in pairs { smb_message_echoes = "echo", calls = "call", user_preferences = "preference" } do
      stand_ins:write { from = phone, type = kind }
      assert.equal(field, webhook().entry[1].changes[1].field)
    end
  end)

  it("entries of changes with messages of many people and statuses, in one webhook", function()
    local ann, bob, raw = meta.phone(), meta.phone(), { x = 1 }
    stand_ins:write { from = ann, entries = {
      { { messages = { { text = "one" }, { from = bob, text = "two" } }, statuses = { { id = "wamid.a", state = "read" }, { id = "wamid.b", state = "failed", code = "131026" } } } },
      { { messages = { { text = "three" } } }, { field = "account_update", value = raw } },
    } }
    local body = webhook()
    local first, second = body.entry[1].changes[1].value, body.entry[2].changes
    assert.same({ 2, 2, 2 }, { #first.messages, #first.contacts, #first.statuses })
    assert.same({ "read", "131026", "three", "account_update", 1 },
      { first.statuses[1].status, first.statuses[2].errors[1].code, second[1].value.messages[1].text.body, second[2].field, second[2].value.x })
  end)

  it("duplicates, and messages in another order, with one sender's order kept otherwise", function()
    local phone = meta.phone()
    stand_ins:write { from = phone, text = "twice", copies = 2 }
    assert.equal(value().messages[1].id, value().messages[1].id)
    stand_ins:write { from = phone, separate = true, order = { 3, 1, 2 }, batch = { { text = "a" }, { text = "b" }, { text = "c" } } }
    local seen = {}
    for i = 1, 3 do seen[i] = value().messages[1].text.body end
    assert.same({ "c", "a", "b" }, seen)
    assert.is_true(os.time() - 3 * 86400 >= tonumber(posted({ from = phone, text = "late", age_s = 3 * 86400 }).messages[1].timestamp))
  end)

  it("the same bytes again until it gets 200, also after a 4xx", function()
    local phone = meta.phone()
    stand_ins:write { from = phone, text = "again" }
    local first = value(500).messages[1].id
    assert.equal(first, value(403).messages[1].id)
    assert.equal("sending", stand_ins:screen(phone).messages[1].ticks)
    assert.equal(first, value(200).messages[1].id)
  end)

  it("any status of its own messages, in any order, with all that Meta says", function()
    local phone = meta.phone()
    stand_ins:account { delivered_ms = 100000 }
    local sent = stand_ins:graph("POST", "/" .. meta.phone_number_id .. "/messages",
      { messaging_product = "whatsapp", to = phone, type = "text", text = { body = "hi" }, biz_opaque_callback_data = "mark" })
    local id = sent.json.messages[1].id
    local status = value().statuses[1]
    assert.same({ id, "sent", phone, "mark", "PMP" }, { status.id, status.status, status.recipient_id, status.biz_opaque_callback_data, status.pricing.pricing_model })
    assert.truthy(status.recipient_user_id:match "^CA%.")
    stand_ins:status { id = id, states = { "read", "delivered", "played", "failed" }, code = "131049" }
    local seen = {}
    for _ = 1, 4 do
      local one = value().statuses[1]
      seen[one.status] = one.errors and one.errors[1].code or true
    end
    assert.same({ read = true, delivered = true, played = true, failed = "131049" }, seen)
  end)
end)
