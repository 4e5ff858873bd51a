-- Every shape that Meta posts for a customer's message, from each form of a sender, and what becomes of it.

local inbound = require "channels.whatsapp.inbound"
local json = require "host.json"
local kinds = require "channels.whatsapp.kinds"

local NOW = 1795370000000

local UNSUPPORTED = "unsupported: [unsupported message]"

local function reply(fields) return { type = "interactive", interactive = fields } end

local function form(data) return reply { type = "nfm_reply", nfm_reply = { name = "flow", body = "Sent", response_json = data } } end

local function file(kind, fields)
  local value = { id = "8871", mime_type = "a/b", sha256 = "q83v", url = "https://lookaside.fbsbx.com/x" }
  for name, one in pairs(fields or {}) do value[name] = one end
  return { type = kind, [kind] = value }
end

local function unsupported(code, kind)
  return { type = "unsupported", errors = { { code = code, title = "t" } }, unsupported = kind and { type = kind } }
end

local function edit(inner) return { type = "edit", edit = { original_message_id = "wamid.o", message = inner } } end

local AD = { source_type = "ad", source_id = "120", source_url = "https://fb.me/a", headline = "Spring clean-out", body = "We haul", media_type = "image",
  image_url = "https://scontent.example/i", ctwa_clid = "A1", welcome_message = { text = "Hi, how can we help?" } }

-- Name, the message's own fields, and what becomes of it.
local SHAPES = {
  { "a text", { type = "text", text = { body = "a couch" } }, "text: a couch" },
  { "a text with a preview", { type = "text", text = { body = "https://example.com", preview_url = true } }, "text: https://example.com" },
  { "a forwarded text", { type = "text", text = { body = "a couch" }, context = { forwarded = true } }, "text: a couch" },
  { "a text that was forwarded often", { type = "text", text = { body = "a" }, context = { frequently_forwarded = true } }, "text: a" },
  { "a quoting text", { type = "text", text = { body = "that one" }, context = { from = "1", id = "wamid.q" } }, "text: that one" },
  { "a text about a product", { type = "text", text = { body = "this?" }, context = { from = "1", id = "wamid.q",
    referred_product = { catalog_id = "c", product_retailer_id = "SKU 7" } } }, "text: this? / asks about a product of the catalogue: SKU 7" },
  { "a text from an ad", { type = "text", text = { body = "hi" }, referral = AD }, "text: hi / from ad Spring clean-out" },
  { "a text from a post", { type = "text", text = { body = "hi" }, referral = { source_type = "post", body = "B" } }, "text: hi / from post B" },
  { "a photo", file "image", "image: [photo]" },
  { "a photo with words", file("image", { caption = "my couch" }), "image: [photo: my couch]" },
  { "a video", file "video", "video: [video]" },
  { "a video with words", file("video", { caption = "look" }), "video: [video: look]" },
  { "a video of an unknown kind", file("video", { mime_type = "video/hologram" }), "video: [video]" },
  { "a photo without its id", file("image", { id = json.null }), "image: [photo]" },
  { "a photo without its address, as before", file("image", { url = json.null }), "image: [photo]" },
  { "a photo without its object", { type = "image" }, "image: [photo]" },
  { "a forwarded photo", { type = "image", image = { id = "8871", mime_type = "image/jpeg" }, context = { forwarded = true } }, "image: [photo]" },
  { "a document with its name", file("document", { filename = "list.pdf" }), "document: [document: list.pdf]" },
  { "a document with its name and words", file("document", { filename = "list.pdf", caption = "all of it" }), "document: [document: list.pdf, all of it]" },
  { "a document without a name", file "document", "document: [document]" },
  { "a document without a kind", file("document", { mime_type = json.null, filename = "x" }), "document: [document: x]" },
  { "a voice note", file("audio", { voice = true, mime_type = "audio/ogg; codecs=opus" }), "audio: [voice note]" },
  { "a sound file", file("audio", { voice = false, mime_type = "audio/mpeg" }), "audio: [voice note]" },
  { "a sticker without its object", { type = "sticker" }, "silent" },
  { "a sticker", file("sticker", { animated = false }), "silent" },
  { "a moving sticker", file("sticker", { animated = true }), "silent" },
  { "a pin", { type = "location", location = { latitude = 43.7, longitude = -79.4 } }, "location: [location: 43.70000, -79.40000] / sent a pin." },
  { "W25 a pin with a name", { type = "location", location = { latitude = 43.7, longitude = -79.4, name = "Home" } },
    "location: [location: Home (43.70000, -79.40000)] / sent a pin." },
  { "a pin with all", { type = "location", location = { latitude = 43.7, longitude = -79.4, name = "Home", address = "5 Oak St", url = "https://x.example" } },
    "location: [location: Home, 5 Oak St (43.70000, -79.40000)] / sent a pin." },
  { "a pin of nowhere", { type = "location", location = {} }, UNSUPPORTED },
  { "a contact card", { type = "contacts", contacts = { { name = { first_name = "Ann", formatted_name = "Ann Lee" }, phones = { { phone = "+1 416", type = "CELL",
    wa_id = "1416" }, { phone = "+1 905" } } } } }, "contacts: [contact card: Ann Lee] / Ann Lee, +1 416, +1 905" },
  { "W26 a card with a first name and a company", { type = "contacts", contacts = { { name = { first_name = "Joe" }, org = { company = "Concierge" } } } },
    "contacts: [contact card: Joe] / Joe (Concierge)" },
  { "two cards", { type = "contacts", contacts = { { name = { last_name = "Roe" } }, { org = { company = "Acme" }, phones = { { wa_id = "1647" } } } } },
    "contacts: [contact card: Roe, Acme] / Roe; Acme 1647" },
  { "no card", { type = "contacts", contacts = json.array {} }, UNSUPPORTED },
  { "a button's answer", reply { type = "button_reply", button_reply = { id = "b1", title = "Yes" } }, "interactive: Yes / button b1" },
  { "a list's answer", reply { type = "list_reply", list_reply = { id = "r1", title = "Sofa", description = "d" } }, "interactive: Sofa / button r1" },
  { "W27 a form", form '{"address":"5 Oak St","items":"couch","flow_token":"t"}', "interactive: address: 5 Oak St\nitems: couch" },
  { "a form with lists, objects and numbers", form '{"screen_0_Floor_1":3,"a":{"lift":true,"x":null},"items":["bed","desk"]}',
    "interactive: lift: yes\nitems: bed, desk\nFloor: 3" },
  { "a form that is not JSON", form "5 Oak St", "interactive: 5 Oak St" },
  { "an empty form", form "{}", UNSUPPORTED },
  { "a form without an answer", reply { type = "nfm_reply", nfm_reply = { name = "flow", body = "Sent" } }, UNSUPPORTED },
  { "an interactive message without its object", { type = "interactive" }, UNSUPPORTED },
  { "a call permission", reply { type = "call_permission_reply", call_permission_reply = { response = "accept", expiration_timestamp = 1 } },
    "silent / allows us to call them on WhatsApp." },
  { "a refused call permission", { type = "call_permission_reply", call_permission_reply = { response = "reject" } },
    "silent / does not allow us to call them on WhatsApp." },
  { "a template's button", { type = "button", button = { text = "Accept", payload = "offer_accept:7" } }, "button: Accept / button offer_accept:7" },
  { "a template's button in a quote", { type = "button", button = { text = "No", payload = "n" }, context = { from = "1", id = "wamid.q" } }, "button: No / button n" },
  { "a reaction", { type = "reaction", reaction = { message_id = "wamid.q", emoji = "👍" } }, "silent" },
  { "a removed reaction", { type = "reaction", reaction = { message_id = "wamid.q", emoji = "" } }, "silent" },
  { "a removed reaction without the key", { type = "reaction", reaction = { message_id = "wamid.q" } }, "silent" },
  { "an order", { type = "order", order = { catalog_id = "c", text = "soon please", product_items = { { product_retailer_id = "SKU1", quantity = 2, item_price = 10.5,
    currency = "CAD" } } } }, UNSUPPORTED .. " / sent an order from the catalogue, which the assistant cannot use: soon please\n2 × SKU1 (10.5 CAD)" },
  { "a forwarded pin", { type = "location", location = { latitude = 43.7, longitude = -79.4 }, context = { forwarded = true } }, "location: [location: 43.70000, -79.40000] / sent a pin." },
  { "a list's answer in a quote", { type = "interactive", interactive = { type = "list_reply", list_reply = { id = "r1", title = "Sofa" } }, context = { from = "1", id = "wamid.q" } },
    "interactive: Sofa / button r1" },
  { "a form with a token of its own", form '{"flow_token":"t","comment":"gate code 5"}', "interactive: comment: gate code 5" },
  { "an order of nothing", { type = "order" }, UNSUPPORTED .. " / sent an order from the catalogue, which the assistant cannot use: no items" },
  { "another number", { type = "system", system = { type = "user_changed_number", wa_id = "14165559992", body = "b" } }, "silent" },
  { "another number, as older versions say it", { type = "system", system = { type = "user_changed_number", new_wa_id = "14165559992" } }, "silent" },
  { "another id", { type = "system", system = { type = "user_changed_user_id", user_id = "CA.2" } }, "silent" },
  { "another identity", { type = "system", system = { type = "customer_identity_changed" }, identity = { hash = "h" } }, "silent" },
  { "a system message that says nothing", { type = "system" }, "silent" },
  { "a poll", unsupported(131051, "poll"), UNSUPPORTED },
  { "a picture to be seen once", unsupported(131051, "view_once"), UNSUPPORTED },
  { "a kind without a name", unsupported(131051), UNSUPPORTED },
  { "W30 a message that Meta could not deliver", unsupported(131060), "undelivered: [message that could not be read] / wrote a message that could not be read" },
  { "W30 the same from an ad, its code as text", { type = "unsupported", errors = { { code = "131060" } }, referral = AD },
    "undelivered: [message that could not be read] / wrote a message that could not be read / from ad Spring clean-out" },
  { "an edit", edit { type = "text", text = { body = "new" } }, "silent: edit of wamid.o: new" },
  { "an edit of a photo's words", edit { type = "image", image = { id = "1", caption = "new" } }, "silent: edit of wamid.o: [photo: new]" },
  { "an edit of a video's words", edit { type = "video", video = { id = "1", caption = "new" }, context = { id = "M0" } }, "silent: edit of wamid.o: [video: new]" },
  { "an edit of a photo to no words", edit { type = "image", image = { id = "1" } }, "silent" },
  { "an edit of nothing", edit { type = "text" }, "silent" },
  { "a deletion", { type = "revoke", revoke = { original_message_id = "wamid.o" } }, "silent: revoke of wamid.o: nil" },
  { "a deletion of nothing", { type = "revoke" }, "silent" },
  { "a message of a group", { type = "text", text = { body = "hi" }, group_id = "g1" }, "silent" },
  { "a wish for a greeting", { type = "request_welcome" }, "silent" },
  { "a message that vanishes", { type = "ephemeral" }, "silent" },
  { "a group's invitation", { type = "group_invite", group_invite = {} }, UNSUPPORTED },
  { "an event", unsupported(131051, "event"), UNSUPPORTED },
  { "a live location", unsupported(131051, "live_location"), UNSUPPORTED },
  { "unsupported, without a code", { type = "unsupported" }, UNSUPPORTED },
  { "an unknown kind", { type = "unknown" }, UNSUPPORTED },
  { "a kind of the future", { type = "hologram", hologram = {} }, UNSUPPORTED },
}

local SENDERS = { { "by number", from = "14165550101" }, { "by number and id", from = "14165550101", from_user_id = "CA.91" },
  { "by id alone", from = "", from_user_id = "CA.91" } }

local function fate(event)
  if event.silent then
    return "silent" .. (event.original and (": %s of %s: %s"):format(event.kind, event.original, tostring(event.content)) or "")
      .. (event.for_staff and " / " .. event.for_staff[1] or "")
  end
  local parts = { event.kind .. ": " .. event.content, event.card or event.button_id and "button " .. event.button_id }
  if event.map then
    parts[#parts + 1] = "sent a pin."
  elseif event.for_staff then
    parts[#parts + 1] = event.kind == "undelivered" and event.for_staff[1]:match "^[%a ]+" or table.concat(event.for_staff, " ")
  end
  if event.source then parts[#parts + 1] = "from " .. event.source.type .. " " .. (event.source.headline or event.source.body) end
  return table.concat(parts, " / ")
end

describe("what a customer can send", function()
  for _, shape in ipairs(SHAPES) do
    it("B9: " .. shape[1] .. ", whoever sends it", function()
      for _, who in ipairs(SENDERS) do
        local message = { id = "wamid.1", timestamp = "1795369990", from = who.from, from_user_id = who.from_user_id }
        for name, value in pairs(shape[2]) do message[name] = value end
        local event, why = inbound.message(message, {}, NOW)
        assert.equal(shape[3], event and fate(event) or "parked: " .. tostring(why))
      end
    end)
  end

  it("has a map's link for a pin, and none for a point off the earth", function()
    assert.equal("https://www.google.com/maps?q=43.70000,-79.40000", (select(3, kinds.location { latitude = 43.7, longitude = -79.4 })))
    assert.same({ "[location: Home]", "Home" }, { kinds.location { name = "Home", latitude = 143, longitude = 0 } })
  end)

  it("reads a huge, a deep and a wrong form without harm", function()
    for _, bad in ipairs { 5, true, {}, "", " " } do assert.is_nil(kinds.form { response_json = bad }) end
    assert.is_true(#(kinds.form { response_json = ('{"a":"%s"}'):format(("x"):rep(15000)) }) < 3000)
    local many = {}
    for i = 1, 500 do many[i] = ('"f%d":"v"'):format(i) end
    assert.equal(40, select(2, kinds.form({ response_json = "{" .. table.concat(many, ",") .. "}" }):gsub("v", "")))
    assert.is_nil(kinds.form { response_json = ('{"a":'):rep(20) .. "1" .. ("}"):rep(20) })
    assert.is_nil(kinds.form(5))
  end)

  it("shows what the business's phone wrote, and no reaction or deletion of it", function()
    assert.equal("On our way", kinds.echo { type = "text", text = { body = "On our way" } })
    assert.equal("[photo: the truck]", kinds.echo { type = "image", image = { caption = "the truck" } })
    assert.equal("[message]", kinds.echo { type = "hologram" })
    for _, kind in ipairs { "reaction", "revoke", "edit", "system" } do assert.is_nil(kinds.echo { type = kind }) end
  end)
end)
