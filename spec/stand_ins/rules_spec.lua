-- What the stand-in for Meta refuses, with Meta's own code and words; and what it takes and fails afterwards.

local json = require "host.json"
local meta = require "spec.support.meta"
local people = require "stand_ins.meta.people"
local process = require "spec.support.process"
local rules = require "stand_ins.meta.rules"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

local known = { message = function(id) return id == "wamid.known" end, media = function(id) return id == "77" end }

local function refusal(message) return rules.refusal(message, known) end
local function long(count) return ("é"):rep(count) end

local function buttons(...)
  local list = {}
  for i, title in ipairs { ... } do list[i] = { type = "reply", reply = { id = "b" .. i, title = title } } end
  return { type = "interactive", interactive = { type = "button", body = { text = "?" }, action = { buttons = list } } }
end

local function list(count, rest)
  local rows = {}
  for i = 1, count do rows[i] = { id = "r" .. i, title = "row " .. i } end
  local action = { button = "Choose", sections = { { title = "All", rows = rows } } }
  for name, value in pairs(rest or {}) do action[name] = value end
  return { type = "interactive", interactive = { type = "list", body = { text = "?" }, action = action } }
end

local function cta(address, text)
  return { type = "interactive", interactive = { type = "cta_url", body = { text = "Book" },
    action = { name = "cta_url", parameters = { display_text = text or "Pick a time", url = address } } } }
end

describe("the stand-in for Meta takes", function()
  for name, message in pairs {
    ["a text of 4,096 characters"] = { type = "text", text = { body = long(4096), preview_url = true } },
    ["a caption of 1,024"] = { type = "image", image = { id = "77", caption = long(1024) } },
    ["three buttons"] = buttons("Yes", "No", "Not sure"), ["a list of ten rows"] = list(10), ["a link"] = cta "https://example.org/x",
    ["a wish for a pin"] = { type = "interactive",
      interactive = { type = "location_request_message", body = { text = "Where?" }, action = { name = "send_location" } } },
    ["a template"] = { type = "template", template = { name = "hello_world", language = { code = "en_US" } } },
    ["a quotation"] = { type = "text", text = { body = "x" }, context = { message_id = "wamid.known" } },
    ["512 characters of its own"] = { type = "text", text = { body = "x" }, biz_opaque_callback_data = ("x"):rep(512) },
    ["a pin"] = { type = "location", location = { latitude = 43.7, longitude = -79.4 } },
    ["a document"] = { type = "document", document = { link = "https://example.org/a.pdf", filename = "a.pdf" } },
  } do
    it(name, function() assert.is_nil((refusal(message))) end)
  end
end)

describe("the stand-in for Meta refuses", function()
  for name, case in pairs {
    ["a text of 4,097 characters"] = { 100, { type = "text", text = { body = long(4097) } } },
    ["a blank text"] = { 131008, { type = "text", text = { body = " \n" } } },
    ["a text without its object"] = { 131008, { type = "text" } },
    ["an unknown kind"] = { 100, { type = "poll", poll = {} } },
    ["a caption of 1,025"] = { 131009, { type = "video", video = { id = "77", caption = long(1025) } } },
    ["a caption of a voice note"] = { 100, { type = "audio", audio = { id = "77", caption = "x" } } },
    ["a media id that nobody uploaded"] = { 100, { type = "image", image = { id = "78" } } },
    ["media by id and by link"] = { 100, { type = "image", image = { id = "77", link = "https://example.org" } } },
    ["four buttons"] = { 131009, buttons("1", "2", "3", "4") }, ["no button"] = { 131009, buttons() },
    ["a button of 21 characters"] = { 131009, buttons(long(21)) }, ["two buttons with one title"] = { 131009, buttons("Yes", "Yes") },
    ["a body of 1,025"] = { 131009, { type = "interactive", interactive = { type = "location_request_message", body = { text = long(1025) },
      action = { name = "send_location" } } } },
    ["eleven rows"] = { 131009, list(11) }, ["a list's button of 21"] = { 131009, list(1, { button = long(21) }) },
    ["a link that is none"] = { 131009, cta "example" }, ["a link's words of 21"] = { 131009, cta("https://example.org", long(21)) },
    ["a template that nobody approved"] = { 132001, { type = "template", template = { name = "zq", language = { code = "en" } } } },
    ["a template's missing value"] = { 132000, { type = "template", template = { name = "visit_booked", language = { code = "en" } } } },
    ["a quotation of nothing"] = { 131009, { type = "text", text = { body = "x" }, context = { message_id = "wamid.other" } } },
    ["513 characters of its own"] = { 100, { type = "text", text = { body = "x" }, biz_opaque_callback_data = ("x"):rep(513) } },
    ["an unknown key"] = { 100, { type = "text", text = { body = "x", text = "x" } } },
    ["a pin off the map"] = { 131009, { type = "location", location = { latitude = 143, longitude = 0 } } },
  } do
    it(name, function() assert.equal(case[1], (refusal(case[2]))) end)
  end

  it("whom it cannot find: a number in recipient, an id in to, the business itself", function()
    local function code(message) return (select(2, rules.addressee(message, people, "15550783881"))) end
    assert.equal("+1 (416) 555-1234", code { to = "+1 (416) 555-1234" })
    assert.equal("CA.1A", code { recipient = "CA.1A" })
    assert.equal(100, code {})
    assert.equal(100, code { to = "CA.1A" })
    assert.equal(100, code { recipient = "14165551234" })
    assert.equal(100, code { to = "1", recipient_type = "crowd" })
    assert.equal(131021, code { to = "15550783881" })
  end)

  it("says Brazil's, Mexico's and Argentina's numbers as WhatsApp does", function()
    assert.equal("551187654321", people.wa_id "5511987654321")
    assert.equal("5215512345678", people.wa_id "525512345678")
    assert.equal("5491123456789", people.wa_id "541123456789")
    assert.equal("14165551234", people.wa_id "+1 416-555-1234")
    assert.is_nil(people.wa_id "CA.1")
  end)
end)

describe("a send to the stand-in for Meta", function()
  local stand_ins

  setup(function() stand_ins = standins.new() end)
  teardown(process.close_all)
  after_each(function() stand_ins:calm() end)

  local path = "/" .. meta.phone_number_id .. "/messages"

  local function send(fields)
    local message = { messaging_product = "whatsapp", type = "text", text = { body = "hi" } }
    for name, value in pairs(fields) do message[name] = value end
    return stand_ins:graph("POST", path, message)
  end

  local function fails(phone, code)
    return shell.until_(function()
      local last = stand_ins:screen(phone).messages
      return #last > 0 and last[#last].ticks == "failed" and last[#last].error == code
    end, 5, "a failed message with " .. code)
  end

  it("needs the token and an object that exists, under any version", function()
    local function raw(where, headers)
      local answer = wire.http(stand_ins.port, "POST", where, { headers = headers, body = "{}" })
      local fault = json.decode(answer.body, { null_as_nil = true }).error
      assert.truthy(fault.fbtrace_id)
      return { answer.status, fault.code, fault.error_subcode }
    end
    local bearer = { { "Authorization", "Bearer " .. stand_ins.token } }
    assert.same({ 401, 190 }, raw("/sandbox/graph/v26.0" .. path, {}))
    assert.same({ 401, 190 }, raw("/sandbox/graph/v26.0" .. path, { { "Authorization", "Bearer other" } }))
    assert.same({ 400, 100, 33 }, raw("/sandbox/graph/v26.0/1/messages", bearer))
    assert.same({ 400, 100 }, raw("/sandbox/graph" .. path, bearer))
    assert.same({ 400, 100, 33 }, raw("/sandbox/graph/v26.0/a/b" .. path, bearer))
    assert.same({ 400, 100, 33 }, raw("/sandbox/graph/v26.0/" .. meta.phone_number_id .. "/nothing", bearer))
    assert.same({ 400, 100 }, raw("/sandbox/graph/v99.9" .. path, bearer))
    stand_ins:fault { graph = "expired" }
    local expired = send { to = meta.phone() }
    assert.same({ 401, 190, 463 }, { expired.status, expired.json.error.code, expired.json.error.error_subcode })
  end)

  it("says who got it: a number as WhatsApp knows it, or the id without a number", function()
    assert.same({ { input = "5511987654321", wa_id = "551187654321" } }, send({ to = "5511987654321" }).json.contacts)
    assert.same({ { input = "CA.Zq1", user_id = "CA.Zq1" } }, send({ recipient = "CA.Zq1" }).json.contacts)
  end)

  it("to one person beyond the burst is refused with 131056, to the next it is not", function()
    stand_ins:account { pair_burst = 2, pair_seconds = 600 }
    local phone = meta.phone()
    assert.equal(200, send({ to = phone }).status)
    assert.equal(200, send({ to = phone }).status)
    local third = send { to = phone }
    assert.same({ 131056, "OAuthException" }, { third.json.error.code, third.json.error.type })
    assert.is_nil(third.headers["retry-after"])
    assert.equal(200, send({ to = meta.phone() }).status)
    stand_ins:account { pair_burst = 45, pair_seconds = 6 }
  end)

  it("beyond the account's rate is refused with 130429 and says when to come back", function()
    stand_ins:account { per_second = 0 }
    local answer = send { to = meta.phone() }
    assert.same({ 429, 130429, "1" }, { answer.status, answer.json.error.code, answer.headers["retry-after"] })
    assert.truthy(answer.headers["x-business-use-case-usage"]:find("estimated_time_to_regain_access", 1, true))
    stand_ins:account { per_second = 1000 }
    stand_ins:fault { graph = { kind = "code", code = 80007, retry_after = "Sun, 06 Nov 2044 08:49:37 GMT" } }
    local dated = send { to = meta.phone() }
    assert.equal("Sun, 06 Nov 2044 08:49:37 GMT", dated.headers["retry-after"])
    stand_ins:fault { graph = { kind = "429", retry_after = "none", minutes = 7 } }
    local limited = send { to = meta.phone() }
    assert.is_nil(limited.headers["retry-after"])
    assert.truthy(limited.headers["x-business-use-case-usage"]:find('"estimated_time_to_regain_access":7', 1, true))
  end)

  it("fails by status when the window is closed, nobody wrote, or the file is of another kind", function()
    local phone = meta.phone()
    stand_ins:write { from = phone, text = "hi", age_s = 25 * 3600 }
    assert.equal(200, send({ to = phone }).status)
    fails(phone, 131047)
    stand_ins:write { from = phone, text = "by an ad", age_s = 25 * 3600, referral = true }
    local id = send({ to = phone }).json.messages[1].id
    stand_ins:account { strict = 1 }
    local stranger = meta.phone()
    assert.equal(200, send({ to = stranger }).status)
    fails(stranger, 131047)
    assert.equal(131009, send({ to = phone, context = { message_id = "wamid.never" } }).json.error.code)
    assert.equal(200, send({ to = phone, context = { message_id = id } }).status)
    local voice = meta.phone()
    stand_ins:write { from = voice, type = "audio" }
    assert.equal(200, send({ to = voice, type = "image", image = { id = stand_ins:screen(voice).messages[1].media } }).status)
    fails(voice, 131053)
    stand_ins:account { strict = 0 }
  end)

  it("can be held, and is sent later", function()
    stand_ins:fault { graph = { kind = "held", delay_ms = 50 } }
    local phone = meta.phone()
    assert.equal("held_for_quality_assessment", send({ to = phone }).json.messages[1].message_status)
    shell.until_(function() return stand_ins:screen(phone).messages[1].ticks == "delivered" end, 5, "delivery after it was held")
  end)

  it("a read mark is for a customer's message that exists", function()
    local phone = meta.phone()
    local known_id = stand_ins:write { from = phone, text = "hi" }[1]
    stand_ins:account { strict = 1 }
    local function read(id, typing)
      return stand_ins:graph("POST", path, { messaging_product = "whatsapp", status = "read", message_id = id, typing_indicator = typing })
    end
    assert.same({ success = true }, read(known_id, { type = "text" }).json)
    assert.is_true(stand_ins:screen(phone).typing)
    assert.equal(131009, read("wamid.unknown").json.error.code)
    assert.equal(131009, read(send({ to = phone }).json.messages[1].id).json.error.code)
    assert.equal(100, read(known_id, { type = "dance" }).json.error.code)
    stand_ins:account { strict = 0 }
  end)

  it("blocks only who wrote in the last 24 hours, and nothing reaches whom it blocked", function()
    stand_ins:account { strict = 1 }
    local phone, where = meta.phone(), "/" .. meta.phone_number_id .. "/block_users"
    local function block(method) return stand_ins:graph(method, where, { messaging_product = "whatsapp", block_users = { { user = phone } } }) end
    local answer = block "POST"
    assert.same({ 400, 139100, 131047 }, { answer.status, answer.json.error.code, answer.json.block_users.failed_users[1].errors[1].code })
    stand_ins:write { from = phone, text = "hi" }
    assert.same({ { input = phone, wa_id = phone } }, block("POST").json.block_users.added_users)
    assert.same({ { messaging_product = "whatsapp", wa_id = phone } }, stand_ins:graph("GET", where).json.data)
    send { to = phone }
    fails(phone, 131026)
    assert.same({ { input = phone, wa_id = phone } }, block("DELETE").json.block_users.removed_users)
    stand_ins:account { strict = 0 }
  end)
end)
