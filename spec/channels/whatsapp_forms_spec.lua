-- What is sent besides text: its limits, how it is written, and when a reply gets it.

local asks = require "channels.whatsapp.asks"
local forms = require "channels.whatsapp.forms"
local inbound = require "channels.whatsapp.inbound"
local json = require "host.json"
local rules = require "stand_ins.meta.rules"

local function buttons(...)
  local list = {}
  for i, title in ipairs { ... } do list[i] = { id = "b" .. i, title = title } end
  return { type = "buttons", buttons = list }
end

local function rows(count, title, description)
  local list = {}
  for i = 1, count do list[i] = { id = "r" .. i, title = title or "Row " .. i, description = description } end
  return list
end

local function list(...) return { type = "list", button = "Choose", sections = { ... } } end

local function file(kind, mime, fields)
  local form = { type = "media", kind = kind, mime = mime, id = "123", bytes = 1000 }
  for name, value in pairs(fields or {}) do form[name] = value end
  return form
end

local MB = 1024 * 1024

local GOOD = {
  ["one button"] = buttons "Yes", ["three buttons"] = buttons("Yes", "No", ("t"):rep(20)), ["letters of two bytes"] = buttons(("é"):rep(20)),
  ["ten rows"] = list({ rows = rows(10, nil, ("d"):rep(72)) }), ["two sections"] = list({ title = "A", rows = { { id = "1", title = "x" } } },
    { title = ("b"):rep(24), rows = { { id = "2", title = ("t"):rep(24) } } }),
  ["a link"] = { type = "link", title = "Pick a time", url = "https://example.com/a?b=c" }, ["a location request"] = { type = "location" },
  ["header and footer"] = { type = "buttons", buttons = buttons("Yes").buttons, header = ("h"):rep(60), footer = ("f"):rep(60) },
  ["a photo"] = file("image", "image/jpeg", { caption = ("c"):rep(1024), bytes = 5 * MB }), ["a voice"] = file("audio", "audio/ogg; codecs=opus"),
  ["a film"] = file("video", "video/mp4", { bytes = 16 * MB }), ["a document"] = file("document", "application/pdf", { name = "quote.pdf", bytes = 100 * MB }),
  ["quick replies of a template"] = { type = "template", name = "quote_ready", language = "en", parameters = { "$350", "plus HST" },
    replies = { "offer_accept:1", "offer_decline:1" } },
  ["a template"] = { type = "template", name = "visit_booked", language = "en", parameters = { "Tuesday" } },
}

local BAD = {
  ["no button"] = buttons(), ["four buttons"] = buttons("1", "2", "3", "4"), ["a long title"] = buttons(("t"):rep(21)), ["a blank title"] = buttons " ",
  ["two equal titles"] = buttons("Yes", "Yes"), ["two equal ids"] = { type = "buttons", buttons = { { id = "a", title = "1" }, { id = "a", title = "2" } } },
  ["an id with a blank"] = { type = "buttons", buttons = { { id = " a", title = "1" } } }, ["a long id"] = { type = "buttons", buttons = { { id = ("i"):rep(257), title = "1" } } },
  ["eleven rows"] = list({ rows = rows(11) }), ["no row"] = list({ rows = {} }), ["no section"] = list(), ["a long row"] = list({ rows = rows(1, ("t"):rep(25)) }),
  ["a long description"] = list({ rows = rows(1, nil, ("d"):rep(73)) }), ["sections without titles"] = list({ rows = rows(1) }, { rows = { { id = "z", title = "z" } } }),
  ["a link to nowhere"] = { type = "link", title = "Go", url = "javascript:1" }, ["a long link title"] = { type = "link", title = ("t"):rep(21), url = "https://a.b" },
  ["a long header"] = { type = "location", header = ("h"):rep(61) }, ["a long body"] = { type = "location", text = ("b"):rep(1025) },
  ["a large photo"] = file("image", "image/jpeg", { bytes = 5 * MB + 1 }), ["a large film"] = file("video", "video/mp4", { bytes = 16 * MB + 1 }),
  ["a large document"] = file("document", "application/pdf", { bytes = 100 * MB + 1 }), ["an empty file"] = file("image", "image/png", { bytes = 0 }),
  ["a long caption"] = file("image", "image/png", { caption = ("c"):rep(1025) }), ["words with a voice"] = file("audio", "audio/ogg", { caption = "hi" }),
  ["a photo of a wrong type"] = file("image", "image/heic"), ["a file without id and hash"] = { type = "media", kind = "image", mime = "image/png" },
  ["a template with a line break"] = { type = "template", name = "visit", language = "en", parameters = { "a\nb" } },
  ["a quick reply with a long id"] = { type = "template", name = "visit", language = "en", replies = { ("i"):rep(129) } },
  ["eleven quick replies"] = { type = "template", name = "visit", language = "en", replies = { "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11" } },
  ["a template with a wrong name"] = { type = "template", name = "Visit 1", language = "en" }, ["an unknown form"] = { type = "poll" },
}

local KNOWN = { message = function() return true end, media = function() return true end }

describe("a form of a message", function()
  for name, form in pairs(GOOD) do
    it("fits: " .. name .. ", and the stand-in of Meta takes it as it is written", function()
      assert.is_nil(forms.unfit(form, "Words"))
      local body = {}
      forms.write(body, form, "Words")
      body = json.decode(json.encode(body), { null_as_nil = true })
      local code, words = rules.refusal(body, KNOWN)
      assert.is_nil(code, words)
    end)
  end

  for name, form in pairs(BAD) do
    it("E9: is refused before it is stored: " .. name, function() assert.is_string(forms.unfit(form, "Words")) end)
  end

  it("of a file has the kind that WhatsApp takes its type and size as, else it is a document", function()
    for kind, case in pairs { image = { "image/png", 100, "hi" }, video = { "video/mp4", 16 * MB }, audio = { "audio/ogg; codecs=opus", 100 }, document = { "image/heic", 100 } } do
      local form = forms.of_file { hash = "h", mime = case[1], bytes = case[2], caption = case[3], name = "a.bin" }
      assert.same({ kind, case[3] }, { form.kind, form.caption })
      assert.is_nil(forms.unfit(form, "[file]"))
    end
    assert.equal("document", forms.of_file({ hash = "h", mime = "image/jpeg", bytes = 5 * MB + 1 }).kind)
    assert.equal("document", forms.of_file({ hash = "h", mime = "audio/mpeg", bytes = 9, caption = "words" }).kind)
    assert.is_string(forms.unfit(forms.of_file { hash = "h", mime = "image/jpeg", bytes = 0 }, "[file]"))
  end)

  it("is refused when its text has more than 1,024 characters, or none", function()
    for _, form in ipairs { buttons "Yes", { type = "location" }, list({ rows = rows(1) }) } do
      assert.is_nil(forms.unfit(form, ("é"):rep(1024)))
      assert.is_string(forms.unfit(form, ("é"):rep(1025)))
      assert.is_string(forms.unfit(form, " \n"))
    end
  end)
end)

describe("a button's answer", function()
  local languages = { { words = { yes = { "si", "claro" }, no = {}, not_sure = { "no se" } } } }

  it("is its title; what its id means stands behind a title that no list of words holds", function()
    for _, case in ipairs {
      { "answer_yes", "Yes", "Yes" }, { "answer_no", "Non.", "Non." }, { "answer_not_sure", "Not sure", "Not sure" }, { "answer_yes", "Claro", "Claro" },
      { "answer_not_sure", "No sé", "No sé" }, { "answer_yes", "Sure thing 👍", "Sure thing 👍 (yes)" }, { "answer_no", "Yes", "Yes (no)" },
      { "answer_not_sure", "Beats me", "Beats me (not sure)" }, { "answer_not_sure", "answer_not_sure", "not sure" }, { "offer_accept:7", "Accept", "Accept" },
      { nil, "Yes", "Yes" },
    } do
      assert.equal(case[3], asks.chosen(case[1], case[2], languages), case[2])
    end
  end)

  it("of a template's quick reply comes with its id beside the title; without a title its id stands for it", function()
    local function read(button) return inbound.message({ id = "w", from = "14165550100", type = "button", button = button }, {}, 1800000000000) end
    local event = read { payload = "offer_accept:7", text = "Accept" }
    assert.same({ "Accept", "offer_accept:7" }, { event.content, event.button_id })
    assert.same({ "answer_yes", "answer_yes" }, { read({ payload = "answer_yes" }).content, read({ payload = "answer_yes" }).button_id })
    assert.equal("Accept", read({ text = "Accept" }).content)
  end)
end)

describe("a reply", function()
  local TITLES = { button_yes = "Yes", button_no = "No", button_not_sure = "Not sure", button_booking = "Pick a time" }
  local ON = { buttons = true, ask_location = true }

  local function kind(reply, business)
    local form = asks.form(business or ON, reply, function(key) return TITLES[key] end)
    return form and form.type
  end

  it("has buttons below a question that yes or no answers, in each shipped language, and below no other", function()
    for _, text in ipairs { "Is there an elevator we can use?", "Thanks! Are there any stairs involved?", "Y a-t-il des escaliers?", "¿Hay escaleras?", "Há escadas?",
      "Can things be taken down in an elevator? Yes, no or \"not sure\" is enough.", "ਕੀ ਉੱਥੇ ਪੌੜੀਆਂ ਹਨ?", "Any stairs?" } do
      assert.equal("buttons", kind { text = text, asked = "stairs" }, text)
      assert.is_nil(kind({ text = text, asked = "stairs" }, { buttons = false, ask_location = true }))
    end
    for _, text in ipairs { "How many flights of stairs are there?", "Is it a house or an apartment?", "Thanks.", "What floor is it on?", "" } do
      assert.is_nil(kind { text = text, asked = "stairs" }, text)
    end
    assert.is_nil(kind { text = "Is there more?", asked = "inventory" })
    assert.is_nil(kind { text = "Are there any stairs?" })
  end)

  it("asks for the location with the address, and for yes or no when the old address is to be confirmed", function()
    assert.equal("location", kind { text = "What's the pickup address?", asked = "address" })
    assert.is_nil(kind({ text = "What's the pickup address?", asked = "address" }, { buttons = true, ask_location = false }))
    assert.equal("buttons", kind { text = "Is it again at 5 Elm St?", asked = "address", confirms = true })
  end)

  it("has a button for the booking link, and keeps the link out of its words", function()
    local url = "https://example.com/book?metadata[t]=1"
    local form = asks.form(ON, { text = "Great!\n\nYou can pick a time here: " .. url, link = url }, function(key) return TITLES[key] end)
    assert.same({ type = "link", title = "Pick a time", url = url, text = "Great!\n\nYou can pick a time here." }, form)
    assert.is_nil(forms.unfit(form, ""))
  end)

  it("quotes the newest message where several were sent, and none that was deleted", function()
    assert.is_nil(asks.quoted({ { id = "w1", kind = "text" } }, false))
    assert.equal("w1", asks.quoted({ { id = "w1", kind = "text" } }, true))
    assert.equal("w2", asks.quoted({ { id = "w1", kind = "text" }, { id = "w2", kind = "text" } }, false))
    assert.is_nil(asks.quoted({ { id = "w1", kind = "text" }, { id = "w2", kind = "deleted" } }, false))
  end)
end)
