local inbound = require "channels.whatsapp.inbound"

local NOW = 1795370000000

local function message(fields)
  local m = { from = "14165550101", id = "wamid.1", type = "text", text = { body = "hello" }, timestamp = "1795369990" }
  for name, value in pairs(fields or {}) do m[name] = value end
  return m
end

local function content(fields)
  local event = assert(inbound.message(message(fields), {}, NOW))
  return event.content, event
end

describe("whatsapp.inbound", function()
  it("reads a text with the customer's own clock", function()
    local event = assert(inbound.message(message(), { ["14165550101"] = "Pat" }, NOW))
    assert.same({ "wamid.1", "14165550101", "14165550101", "hello", "Pat", 1795369990000 },
      { event.id, event.conversation, event.number, event.content, event.name, event.said_at })
  end)

  it("takes a text without a type or a timestamp, as the blueprint's payload has it (B9)", function()
    local event = assert(inbound.message({ from = "14165550101", id = "wamid.1", text = { body = "hi" } }, {}, NOW))
    assert.same({ "text", NOW }, { event.kind, event.said_at })
  end)

  it("takes now for a clock that makes no sense (B12)", function()
    for _, at in ipairs { "abc", "", "99999999999999", "-5", "0", 12, true, {} } do
      assert.equal(NOW, assert(inbound.message(message { timestamp = at }, {}, NOW)).said_at)
    end
  end)

  it("knows people without a number by their business-scoped id (B9)", function()
    for _, from in ipairs { "", false } do
      local event = assert(inbound.message(message { from = from or nil, from_user_id = "CA.abc" }, {}, NOW))
      if from then assert.same({ "CA.abc", "CA.abc" }, { event.conversation, event.user_id }) end
    end
  end)

  it("W32 B26: believes a link of number and id where the contact is the sender's, or where one contact stands beside one sender", function()
    local sender = require "channels.whatsapp.sender"
    local function whole(fields, contacts, other)
      local one = message(fields)
      return { sender.whole(one, sender.links(contacts, { one, other })) }
    end
    local ann = { wa_id = "14165550101", user_id = "CA.abc" }
    local bob = { wa_id = "16475550123", user_id = "CA.bob" }
    local other = { from = "16475550123" }
    assert.same({ "14165550101", "CA.abc" }, whole({}, { bob, ann }, other))
    assert.same({ "14165550101", "CA.abc" }, whole({ from = "", from_user_id = "CA.abc" }, { bob, ann }, other))
    assert.same({ "14165550101" }, whole({}, { bob }, other))
    assert.same({ "14165550101", "CA.abc" }, whole({ from = "+1 416-555-0101" }, { ann }))
    assert.same({ "5511987654321", nil, "551187654321" }, whole({ from = "5511987654321" }, { { wa_id = "551187654321" } }))
    assert.same({ nil, "CA.abc" }, whole({ from = "CA.abc" }, { { wa_id = "", user_id = "CA.abc" } }))
  end)

  it("B26: reads the new name in a system message, wherever Meta puts it", function()
    local sender = require "channels.whatsapp.sender"
    local function change(fields, from)
      local found = sender.change { type = "system", from = from, system = fields }
      return found and { found.old_number or false, found.old_user or false, found.number or false, found.user_id or false }
    end
    assert.same({ "14165550101", false, "14165550102", false }, change({ type = "user_changed_number", wa_id = "14165550102" }, "14165550101"))
    assert.same({ "14165550101", false, "14165550102", false }, change({ type = "user_changed_number", new_wa_id = "+14165550102" }, "14165550101"))
    assert.same({ "14165550101", false, false, "CA.new" }, change { type = "user_changed_user_id", wa_id = "14165550101", user_id = "CA.new" })
    assert.same({ false, "CA.old", false, "CA.new" }, change { type = "user_changed_user_id", previous_user_id = "CA.old", user_id = "CA.new" })
    assert.is_nil(change({ type = "customer_identity_changed" }, "14165550101"))
  end)

  it("refuses what it cannot read and says why (B7)", function()
    local bad = { { id = "" }, { id = 7 }, { id = ("w"):rep(600) }, { id = "a\nb" }, { from = {} }, { from = "'; drop table" }, { from = "" },
      { type = 3, text = 5 }, { text = "x" }, { text = { body = {} } }, { text = { body = "  " } } }
    for _, fields in ipairs(bad) do
      local event, why = inbound.message(message(fields), {}, NOW)
      assert.is_nil(event)
      assert.is_string(why)
    end
    assert.is_nil((inbound.message(5, {}, NOW)))
  end)

  it("counts buttons and lists as their title, pins as their name and address, captions as words", function()
    assert.equal("Yes", content { type = "button", button = { payload = "p", text = "Yes" } })
    assert.equal("Sofa", content { type = "interactive", interactive = { type = "list_reply", list_reply = { id = "a", title = "Sofa" } } })
    assert.equal("[photo: my couch]", content { type = "image", image = { caption = "my [couch]\n" } })
    assert.equal("[location: 43.65000, -79.38000]", content { type = "location", location = { latitude = 43.65, longitude = -79.38 } })
    local pin, event = content { type = "location", location = { latitude = 1, longitude = 2, name = "Home", address = "12 Elm St" } }
    assert.same({ "[location: Home, 12 Elm St (1.00000, 2.00000)]", "12 Elm St (1.00000, 2.00000)" }, { pin, event.address })
  end)

  it("distinguishes a photo without a caption from one with a caption", function()
    local _, event = content { type = "audio", audio = { id = "1" } }
    assert.same({ "[voice note]", true, "audio", "1" }, { event.content, event.bare, event.media.kind, event.media.meta_id })
    _, event = content { type = "video", video = { caption = "look" } }
    assert.is_nil(event.bare)
  end)

  it("reads which message is quoted, edited or deleted", function()
    local _, event = content { context = { from = "1", id = "wamid.q" } }
    assert.equal("wamid.q", event.reply_to)
    for _, context in ipairs { 5, { id = 5 }, { id = "" }, { id = ("w"):rep(600) }, { forwarded = true } } do
      _, event = content { context = context }
      assert.is_nil(event.reply_to)
    end
    _, event = content { type = "edit", edit = { original_message_id = "wamid.o", message = { type = "text", text = { body = "new" } } } }
    assert.same({ "edit", "new", "wamid.o", true }, { event.kind, event.content, event.original, event.silent })
    event = assert(inbound.message(message { type = "revoke", revoke = { original_message_id = "wamid.o" } }, {}, NOW))
    assert.same({ "revoke", "wamid.o", true }, { event.kind, event.original, event.silent })
    event = assert(inbound.message(message { type = "edit", edit = { original_message_id = "wamid.o", message = { type = "text" } } }, {}, NOW))
    assert.is_nil(event.original)
  end)

  it("ignores stickers, reactions and system messages", function()
    for _, kind in ipairs { "sticker", "reaction", "system" } do
      assert.is_true(assert(inbound.message(message { type = kind }, {}, NOW)).silent)
    end
  end)

  it("calls every other kind unsupported (B9)", function()
    for _, kind in ipairs { "order", "unsupported", "hologram", "interactive" } do
      assert.equal("[unsupported message]", (content { type = kind }))
    end
  end)

  it("drops control characters but keeps lines", function()
    assert.equal("a\nb c", (content { text = { body = "a\r\nb\0 \27c" } }))
  end)

  it("reads statuses by our mark and by the platform's id, and refuses bad ones (B13)", function()
    local status = assert(inbound.status { id = "wamid.x", status = "failed", biz_opaque_callback_data = "m1",
      errors = { { code = 131047, title = "Re-engagement" } } })
    assert.same({ "wamid.x", "m1", "failed", 131047 }, { status.wamid, status.mark, status.state, status.code })
    assert.is_nil((inbound.status { id = "x", status = "dancing" }))
    for _, bad in ipairs { 5, {}, { status = "sent" }, { id = "x", status = 4, biz_opaque_callback_data = {} } } do
      local read, why = inbound.status(bad)
      assert.is_nil(read)
      assert.is_string(why)
    end
  end)
end)
