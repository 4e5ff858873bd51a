-- A visit from the link in the chat to the reminder the day before, with the real process.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local time = require "host.time"
local wire = require "spec.support.wire"

local NEW, OLD = "cal-new-" .. meta.word(), "cal-old-" .. meta.word()
-- Tuesdays at 2:30 PM in Toronto, in winter and in summer; far ahead, so that they stay in the future.
local WINTER, SUMMER = "2035-11-27T19:30:00.000Z", "2035-07-10T18:30:00.000Z"
local WINTER_SAID, SUMMER_SAID = "Tuesday, November 27 at 2:30 PM", "Tuesday, July 10 at 2:30 PM"

local serial = 0

local function uid()
  serial = serial + 1
  return ("uid%d%s"):format(serial, meta.word())
end

local made_ms = time.now_ms()

-- An event of Cal.com, made one second after the previous one.
local function word(trigger, fields, top)
  made_ms = made_ms + 1000
  local payload = {
    type = "assessment", title = "On-site assessment", startTime = SUMMER, length = 30, organizer = { name = "ClearoutSpaces", timeZone = "America/Toronto" },
    attendees = { { name = "Ann Smith", email = "ann@example.com", timeZone = "America/Toronto", language = { locale = "en" } } }, metadata = {},
  }
  for name, value in pairs(fields or {}) do payload[name] = value end
  local body = { triggerEvent = trigger, createdAt = time.iso(made_ms), payload = payload }
  for name, value in pairs(top or {}) do body[name] = value end
  return json.encode(body)
end

local function signed(secret, body) return crypto.hex(crypto.hmac_sha256(secret, body)) end

local function post(service, body, headers)
  return wire.http(service.port, "POST", "/calcom/webhook", { body = body, headers = headers or { { "X-Cal-Signature-256", signed(NEW, body) } }, timeout = 5 })
end

-- Gives a chat a mark, as if it had been sent a link.
local function mark_of(service, phone)
  local mark = crypto.hex(crypto.random(12))
  service:term()
  assert(shell.run(("sqlite3 %s \"UPDATE conversations SET token = '%s' WHERE id = '%s'\""):format(service.db, mark, phone)) == 0)
  service:start()
  return mark
end

local function tell(service, ...)
  local body = word(...)
  assert.equal(200, post(service, body).status)
  return body
end

describe("a booking", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { env = { CALCOM_WEBHOOK_SECRET = NEW .. "," .. OLD },
      files = { ["prompts/business.yaml"] = "booking:\n  templates:\n    booked: visit_booked\n    cancelled: no_such_template\n    moved: hello_world\n" } }
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  local function customer(text)
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone, nil, text))
    return phone
  end

  -- A customer who has been sent the link, and the mark in it.
  local function with_link()
    local phone = meta.phone()
    scene:ask(phone, { answer = { reply_to_user = "Sure.", action = "schedule" } })
    local sent = scene:sent(phone, "You can pick a time for an on-site assessment here:")[1]
    return phone, assert(sent.text:match("metadata%%5Bconv%%5D=(%w+)")), sent.text
  end

  local function visits(phone) return service:rows("SELECT * FROM bookings WHERE conversation_id = '" .. phone .. "' ORDER BY id") end

  local function reminders(phone)
    return service:rows("SELECT j.run_at, b.uid FROM jobs j JOIN bookings b ON b.reminder_job = j.id WHERE j.kind = 'reminder' AND b.conversation_id = '" .. phone .. "'")
  end

  -- What the model is asked at the end of a next turn, as data.
  local function data_of_next_turn(phone)
    local mark = scene:ask(phone)
    scene:sent(phone, mark)
    local messages = stand_ins:models(mark)[1].body.messages
    return json.decode(messages[#messages].content:match("%b{}%s*$"), { null_as_nil = true }), messages
  end

  it("goes from the link to the chat, to Slack and into the next turn", function()
    local phone, token, link = with_link()
    assert.truthy(link:find("https://bookings.clearoutspaces.ca/clearoutspaces/assessment?name=Pat%20Doe&metadata%5Bconv%5D=" .. token, 1, true), link)
    assert.is_nil(link:find(phone:sub(-7), 1, true))
    assert.is_true(#token >= 24)
    local before = data_of_next_turn(phone)
    assert.is_nil(before.booked)
    assert.is_true(#before.missing > 0)

    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token } })
    local said = scene:sent(phone, SUMMER_SAID)[1]
    assert.equal("You're booked for an on-site assessment: " .. SUMMER_SAID .. ". See you then!", said.text)
    local slack = json.encode(scene:posts("booked an on-site assessment: " .. SUMMER_SAID)[1].body)
    assert.truthy(slack:find(phone:sub(-4), 1, true), slack)

    local after, messages = data_of_next_turn(phone)
    assert.equal(SUMMER_SAID, after.booked)
    assert.same({}, after.missing)
    local other = select(2, data_of_next_turn(customer()))
    assert.equal(other[1].content, messages[1].content) -- the system prompt is the same for every chat
  end)

  it("says winter's hours in winter", function()
    local phone, token = with_link()
    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token }, startTime = WINTER })
    scene:sent(phone, WINTER_SAID)
  end)

  it("is answered 401 and stored nowhere when it is not signed exactly as Cal.com signs", function()
    local _, token = with_link()
    local body, S = word("BOOKING_CREATED", { uid = uid(), metadata = { conv = token } }), "X-Cal-Signature-256"
    local good = signed(NEW, body)
    local before = service:value "SELECT count(*) FROM inbox WHERE reader = 'calcom'"
    for what, headers in pairs {
      nothing = {}, empty = { { S, "" } }, ["another secret"] = { { S, signed("other", body) } }, prefix = { { S, "sha256=" .. good } }, ["upper case"] = { { S, good:upper() } },
      short = { { S, good:sub(1, -2) } }, long = { { S, good .. "0" } }, twice = { { S, good }, { S, good } }, ["bad, then good"] = { { S, "0" }, { S, good } },
      ["no secret set there"] = { { S, "no-secret-provided" } }, ["another's header"] = { { "X-Hub-Signature-256", "sha256=" .. good } },
      ["another body"] = { { S, signed(NEW, body .. " ") } },
    } do
      local answer = post(service, body, headers)
      assert.same({ 401, '{"error":"unauthorized"}' }, { answer.status, answer.body }, what)
    end
    assert.equal(before, service:value "SELECT count(*) FROM inbox WHERE reader = 'calcom'")
    local get = wire.http(service.port, "GET", "/calcom/webhook", {})
    assert.same({ 405, "POST" }, { get.status, get.headers.allow })
  end)

  it("is accepted with either secret while one is rotated", function()
    for _, secret in ipairs { NEW, OLD } do
      local phone, token = with_link()
      local body = word("BOOKING_CREATED", { uid = uid(), metadata = { conv = token } })
      assert.equal(200, post(service, body, { { "X-Cal-Signature-256", signed(secret, body) } }).status)
      scene:sent(phone, SUMMER_SAID)
    end
  end)

  it("posted several times has one effect", function()
    local phone, token = with_link()
    local body = tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token } })
    for _ = 1, 3 do assert.equal(200, post(service, body).status) end
    scene:sent(phone, scene:ask(phone))
    assert.equal(1, #scene:tries(phone, SUMMER_SAID))
    assert.equal(1, #visits(phone))
    assert.equal(1, #stand_ins:posts(phone:sub(-4) .. " (Pat Doe): booked an on-site"))
  end)

  it("moves under a new id, and an old event about the old id changes nothing", function()
    local phone, token = with_link()
    local first, second = uid(), uid()
    local created = tell(service, "BOOKING_CREATED", { uid = first, metadata = { conv = token } })
    scene:sent(phone, SUMMER_SAID)
    tell(service, "BOOKING_RESCHEDULED", { uid = second, rescheduleUid = first, startTime = WINTER, rescheduleStartTime = SUMMER })
    assert.equal("Your on-site assessment has been moved to " .. WINTER_SAID .. ".", scene:sent(phone, WINTER_SAID)[1].text)
    scene:posts("has moved from " .. SUMMER_SAID .. " to " .. WINTER_SAID)
    assert.equal(200, post(service, created).status)
    tell(service, "BOOKING_CANCELLED", { uid = first })
    assert.equal(WINTER_SAID, data_of_next_turn(phone).booked)
    assert.equal(1, #scene:tries(phone, "You're booked"))
    assert.equal(0, #scene:tries(phone, "cancelled"))
    assert.same({ "moved", "booked" }, { visits(phone)[1].state, visits(phone)[2].state })
  end)

  it("moves also when the event does not name the old visit", function()
    local phone, token = with_link()
    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token } })
    scene:sent(phone, SUMMER_SAID)
    tell(service, "BOOKING_RESCHEDULED", { uid = uid(), metadata = { conv = token }, startTime = WINTER })
    scene:sent(phone, "has been moved to " .. WINTER_SAID)
    assert.equal(WINTER_SAID, data_of_next_turn(phone).booked)
    assert.same({ "moved", "booked" }, { visits(phone)[1].state, visits(phone)[2].state })
    assert.equal(1, #reminders(phone))
  end)

  it("that the customer wants at another time is moved by the link, not booked a second time", function()
    local phone, token = with_link()
    local id = uid()
    tell(service, "BOOKING_CREATED", { uid = id, metadata = { conv = token } })
    scene:sent(phone, SUMMER_SAID)
    scene:ask(phone, { answer = { reply_to_user = "Of course.", action = "schedule" } }, "could we do another day")
    local text = scene:sent(phone, "here:", 2)[2].text
    assert.truthy(text:find("metadata%5Bconv%5D=" .. token, 1, true) and text:find("&rescheduleUid=" .. id, 1, true), text)
    assert.equal("change", service:value("SELECT group_concat(reason) FROM cases WHERE conversation_id = '" .. phone .. "'")) -- staff are told that they want it
    tell(service, "BOOKING_CANCELLED", { uid = id })
    scene:sent(phone, "is cancelled")
    scene:ask(phone, { answer = { reply_to_user = "Of course.", action = "schedule" } }, "could we do another day")
    assert.is_nil(scene:sent(phone, "here:", 3)[3].text:find("rescheduleUid", 1, true))
  end)

  it("that is cancelled is over: the customer and staff are told, the assistant can ask again, a replay does not bring it back", function()
    local phone, token = with_link()
    local id = uid()
    local created = tell(service, "BOOKING_CREATED", { uid = id, metadata = { conv = token } })
    tell(service, "BOOKING_CANCELLED", { uid = id, cancellationReason = "Sold the <couch>" })
    scene:sent(phone, "Your on-site assessment of " .. SUMMER_SAID .. " is cancelled.")
    scene:posts("Sold the &lt;couch&gt;")
    assert.equal(200, post(service, created).status)
    local data = data_of_next_turn(phone)
    assert.is_nil(data.booked)
    assert.is_true(#data.missing > 0)
    assert.equal(1, #scene:tries(phone, "You're booked"))
  end)

  it("whose events come in the wrong order ends as the newest event says", function()
    local phone, token = with_link()
    local id, moved_id = uid(), uid()
    local created = word("BOOKING_CREATED", { uid = id, metadata = { conv = token } })
    local moved = word("BOOKING_RESCHEDULED", { uid = moved_id, rescheduleUid = id, metadata = { conv = token }, startTime = WINTER })
    local cancelled = word("BOOKING_CANCELLED", { uid = moved_id, metadata = { conv = token }, startTime = WINTER })
    for _, body in ipairs { cancelled, moved, created } do assert.equal(200, post(service, body).status) end
    scene:sent(phone, "is cancelled")
    assert.is_nil(data_of_next_turn(phone).booked)
    assert.equal(0, #scene:tries(phone, "You're booked"))
    assert.equal(0, #scene:tries(phone, "moved"))
  end)

  it("that has to be confirmed is asked for, then booked or rejected", function()
    local phone, token = with_link()
    local one, two = uid(), uid()
    tell(service, "BOOKING_REQUESTED", { uid = one, metadata = { conv = token } })
    scene:sent(phone, "We've received your request for an on-site assessment: " .. SUMMER_SAID)
    scene:posts "Confirm or reject it on the booking page"
    assert.equal(SUMMER_SAID, data_of_next_turn(phone).requested)
    assert.same({}, reminders(phone))
    tell(service, "BOOKING_CREATED", { uid = one, metadata = { conv = token } })
    scene:sent(phone, "You're booked")
    assert.equal(1, #reminders(phone))
    tell(service, "BOOKING_REQUESTED", { uid = two, metadata = { conv = token }, startTime = WINTER })
    tell(service, "BOOKING_REJECTED", { uid = two, startTime = WINTER })
    scene:sent(phone, "Sorry, " .. WINTER_SAID .. " doesn't work for our team.")
    scene:posts("was rejected")
  end)

  it("with another person's number is told to staff, belongs to no chat and sends that person nothing, whatever follows", function()
    local phone, token = with_link()
    local attendees = { { name = "Zoe " .. meta.word(), phoneNumber = "(" .. phone:sub(2, 4) .. ") " .. phone:sub(5) } }
    local id = uid()
    for i, step in ipairs {
      { "BOOKING_CREATED", { uid = id } }, { "BOOKING_REQUESTED", { uid = uid(), startTime = WINTER } },
      { "BOOKING_RESCHEDULED", { uid = uid(), rescheduleUid = id, startTime = WINTER, rescheduleStartTime = SUMMER } },
      { "BOOKING_CREATED", { uid = json.null } }, { "BOOKING_CANCELLED", { uid = json.null } },
    } do
      step[2].attendees = attendees
      tell(service, step[1], step[2])
      local seen = json.encode(shell.until_(function()
        local list = stand_ins:posts(attendees[1].name)
        return #list == i and list
      end, 5, "word " .. i .. " to staff")[i].body)
      assert.truthy(seen:find("Perhaps somebody else made it", 1, true), seen)
    end
    assert.same({}, visits(phone))
    assert.same({}, reminders(phone))
    local data = data_of_next_turn(phone)
    assert.same({ "nil", "nil" }, { tostring(data.booked), tostring(data.requested) })
    for _, words in ipairs { "You're booked", "cancelled", "moved", "received your request" } do assert.equal(0, #scene:tries(phone, words), words) end
    -- The customer's own booking at the same time is no part of it, and a stranger's word does not end it.
    tell(service, "BOOKING_CREATED", { uid = json.null, metadata = { conv = token } })
    scene:sent(phone, SUMMER_SAID)
    tell(service, "BOOKING_CANCELLED", { uid = id, attendees = attendees })
    assert.equal(SUMMER_SAID, data_of_next_turn(phone).booked)
  end)

  it("whose id is in one event and not in the next is cancelled by its mark, or by its time and attendee, and loses its reminder", function()
    local function others_stand(names)
      for i, name in ipairs(names) do
        local phone, token = with_link()
        tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token }, attendees = { { name = name } }, startTime = i == 1 and SUMMER or WINTER })
        scene:sent(phone, "You're booked")
      end
    end
    local at = 0
    for name, case in pairs {
      ["no id, then id and time"] = { { uid = json.null }, { uid = uid() } },
      ["no id, then id and mark"] = { { uid = json.null }, { uid = uid(), mark = true } },
      ["no id, then id, name in capitals"] = { { uid = json.null }, { uid = uid(), attendees = { { name = "ANN SMITH" } } } },
      ["no id, then id and number"] = { { uid = json.null }, { uid = uid(), attendees = { { name = "A. S." } }, number = true } },
      ["no id, then id and nobody"] = { { uid = json.null }, { uid = uid(), attendees = json.null } },
      ["id, then none"] = { { uid = uid() }, { uid = json.null } },
      ["id, then none, and the mark"] = { { uid = uid() }, { uid = json.null, mark = true } },
      ["never one"] = { { uid = json.null }, { uid = json.null } },
    } do
      at = at + 1
      local start = ("2036-03-%02dT15:00:00.000Z"):format(at)
      local phone, token = with_link()
      local created, cancelled = case[1], case[2]
      created.startTime, created.metadata = start, { conv = token }
      cancelled.startTime, cancelled.metadata = start, cancelled.mark and { conv = token } or nil
      if cancelled.number then cancelled.attendees[1].phoneNumber = "+" .. phone end
      cancelled.mark, cancelled.number = nil, nil
      tell(service, "BOOKING_CREATED", created)
      scene:sent(phone, "You're booked")
      assert.equal(1, #reminders(phone), name)
      tell(service, "BOOKING_CANCELLED", cancelled)
      scene:sent(phone, "is cancelled")
      assert.equal(0, #reminders(phone), name)
      assert.same({ "cancelled" }, { visits(phone)[1].state, visits(phone)[2] and "a second" }, name)
      assert.equal(0, service:value("SELECT count(*) FROM jobs WHERE kind = 'reminder' AND CAST(payload AS TEXT) LIKE '%\"booking\":" .. visits(phone)[1].id .. ",%'"), name)
    end
    others_stand { "Bob", "Bob" }
    tell(service, "BOOKING_CANCELLED", { uid = uid(), attendees = { { name = "Bob" } } }) -- a third one's: ids that are known are not guessed
    local seen = json.encode(scene:posts("Bob: the on-site assessment of")[1].body)
    assert.truthy(seen:find("belongs to no known chat", 1, true), seen)
  end)

  it("moved without a new id stays one visit, with its reminder at the new time", function()
    local phone, token = with_link()
    local id = uid()
    tell(service, "BOOKING_CREATED", { uid = id, metadata = { conv = token } })
    scene:sent(phone, SUMMER_SAID)
    tell(service, "BOOKING_RESCHEDULED", { uid = json.null, rescheduleUid = id, startTime = WINTER })
    scene:sent(phone, "has been moved to " .. WINTER_SAID)
    assert.same({ 1, "booked", 1 }, { #visits(phone), visits(phone)[1].state, #reminders(phone) })
    tell(service, "BOOKING_REQUESTED", { uid = uid(), rescheduleUid = id }) -- a move by Cal.com's API
    scene:sent(phone, "We've received your request for an on-site assessment: " .. SUMMER_SAID)
    assert.same({ "moved", "requested" }, { visits(phone)[1].state, visits(phone)[2].state })
    assert.equal(0, #reminders(phone))
    -- One that takes the place of a visit we never heard of leaves the others alone.
    tell(service, "BOOKING_RESCHEDULED", { uid = uid(), rescheduleUid = "never-heard-of" .. id, metadata = { conv = token }, startTime = WINTER })
    scene:sent(phone, "has been moved to " .. WINTER_SAID, 2)
    assert.equal("requested", visits(phone)[2].state)
  end)

  it("is over when the team asks for another time, and the customer is told that, not that it is cancelled", function()
    for name, wish in pairs { flag = true, ["a template's text"] = "true" } do
      local phone, token = with_link()
      local id = uid()
      tell(service, "BOOKING_CREATED", { uid = id, metadata = { conv = token } })
      scene:sent(phone, SUMMER_SAID)
      tell(service, "BOOKING_CANCELLED", { uid = id, requestReschedule = wish })
      assert.equal("Our team asks for another time for your on-site assessment of " .. SUMMER_SAID .. ". Write to us here and we'll find one.",
        scene:sent(phone, "another time")[1].text, name)
      scene:posts(phone:sub(-4) .. " (Pat Doe): was asked on the booking page to pick another time than " .. SUMMER_SAID)
      assert.equal(0, #scene:tries(phone, "is cancelled"))
      assert.equal(0, #reminders(phone))
      assert.is_nil(data_of_next_turn(phone).booked)
      tell(service, "BOOKING_RESCHEDULED", { uid = uid(), rescheduleUid = id, startTime = WINTER })
      scene:sent(phone, "has been moved to " .. WINTER_SAID)
      assert.equal(1, #reminders(phone))
    end
  end)

  it("without a mark is told to staff with name and time", function()
    local name = "Zoe " .. meta.word()
    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = "0123456789abcdef01234567" }, attendees = { { name = name } } })
    local seen = json.encode(scene:posts(name)[1].body)
    assert.truthy(seen:find("belongs to no known chat", 1, true), seen)
    assert.truthy(seen:find(SUMMER_SAID, 1, true), seen)
  end)

  it("from a payload template is read as far as possible; the rest is kept, and staff are told why", function()
    local phone, token = with_link()
    local flat = json.encode { triggerEvent = "BOOKING_CREATED", startTime = SUMMER, metadata = json.encode { conv = token } }
    assert.equal(200, post(service, flat).status)
    assert.equal(200, post(service, flat).status)
    scene:sent(phone, SUMMER_SAID)
    assert.equal(200, post(service, json.encode { triggerEvent = "BOOKING_CANCELLED", conv = token }).status)
    scene:sent(phone, "is cancelled")
    for _, body in ipairs { "not JSON", "[]", '{"triggerEvent":"BOOKING_CREATED","payload":{"uid":"x","metadata":7}}', "\31\139\8\0" } do
      assert.equal(200, post(service, body).status, body)
    end
    scene:posts "could not be read and is parked"
    assert.is_true(service:value "SELECT count(*) FROM parked WHERE reader = 'calcom'" >= 4)
    assert.equal(200, post(service, '{"triggerEvent":"PING","createdAt":"' .. SUMMER .. '","payload":{}}').status)
    assert.is_true(service:healthy())
    assert.equal(1, #scene:tries(phone, "You're booked"))
  end)

  it("is told to a customer whose chat staff have; about a customer who opted out only staff are told", function()
    local phone, token = with_link()
    assert.equal(200, service:click(phone).status)
    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token } })
    scene:sent(phone, SUMMER_SAID)
    local gone, gone_token = with_link()
    service:say(gone, "STOP")
    scene:sent(gone, "START")
    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = gone_token } })
    local seen = json.encode(scene:posts(gone:sub(-4) .. " (Pat Doe): booked an on-site assessment")[1].body)
    assert.truthy(seen:find("opted out", 1, true), seen)
    scene:marker()
    assert.equal(0, #scene:tries(gone, SUMMER_SAID))
  end)

  it("is told in French to a customer who writes French", function()
    local phone = customer "Bonjour, je voudrais faire enlever un canapé et deux chaises s'il vous plaît"
    tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = mark_of(service, phone) } })
    scene:sent(phone, "mardi 10 juillet à 14 h 30")
  end)

  describe("more than 24 hours after the customer's last words", function()
    local function silent()
      local phone = meta.phone()
      service:say(phone, "hello " .. meta.word(), { timestamp = tostring(os.time() - 25 * 3600) })
      scene:posts(phone:sub(-4))
      return phone, { conv = mark_of(service, phone) }
    end

    it("goes by the approved template, with the time in it", function()
      local phone, metadata = silent()
      tell(service, "BOOKING_CREATED", { uid = uid(), metadata = metadata })
      local sent = scene:sent(phone)[1]
      assert.equal("template", sent.body.type)
      assert.is_nil(sent.body.text)
      assert.same({ name = "visit_booked", language = { code = "en" },
        components = { { type = "body", parameters = { { type = "text", text = SUMMER_SAID } } } } }, sent.body.template)
      scene:posts "They were told by template."
      scene:state("You're booked for an on-site assessment", "sent")
    end)

    it("goes to staff with the text to send, when there is no template, an unknown one, or one that needs other values", function()
      local phone, metadata = silent()
      local id = uid()
      tell(service, "BOOKING_REQUESTED", { uid = id, metadata = metadata })
      local seen = json.encode(scene:posts("Please tell them: “We've received your request")[1].body)
      assert.truthy(seen:find("booking.templates.requested", 1, true) and seen:find(phone:sub(-4), 1, true), seen)
      tell(service, "BOOKING_CANCELLED", { uid = id })
      seen = json.encode(scene:posts("code 132001")[1].body)
      assert.truthy(seen:find(SUMMER_SAID, 1, true), seen)
      tell(service, "BOOKING_RESCHEDULED", { uid = uid(), rescheduleUid = uid(), metadata = metadata })
      seen = json.encode(scene:posts("code 132000")[1].body)
      assert.truthy(seen:find(SUMMER_SAID, 1, true), seen)
      assert.same({}, (function()
        local texts = {}
        for _, one in ipairs(scene:tries(phone)) do if one.body.type ~= "template" then texts[#texts + 1] = one.body end end
        return texts
      end)())
    end)
  end)

  describe("has its reminder", function()
    local function at(phone) return reminders(phone)[1] and reminders(phone)[1].run_at end

    it("the day before at 10:00 in the business's time zone; it moves with the visit, and is removed when the visit is cancelled", function()
      local phone, token = with_link()
      local first, second = uid(), uid()
      tell(service, "BOOKING_CREATED", { uid = first, metadata = { conv = token } })
      scene:sent(phone, SUMMER_SAID)
      assert.equal(time.parse "2035-07-09T14:00:00Z", at(phone))
      -- A Monday after the night in which the clocks go forward: still 10:00.
      tell(service, "BOOKING_RESCHEDULED", { uid = second, rescheduleUid = first, startTime = "2035-03-12T13:00:00Z" })
      scene:sent(phone, "Monday, March 12 at 9:00 AM")
      assert.equal(1, #reminders(phone))
      assert.equal(time.parse "2035-03-11T14:00:00Z", at(phone))
      tell(service, "BOOKING_CANCELLED", { uid = second })
      scene:sent(phone, "is cancelled")
      assert.equal(0, #reminders(phone))
      assert.equal(0, service:value("SELECT count(*) FROM jobs WHERE kind = 'reminder' AND ukey LIKE 'reminder:%' AND CAST(payload AS TEXT) LIKE '%\"booking\":"
        .. visits(phone)[1].id .. ",%'"))
    end)

    it("not when it is booked after that moment", function()
      local phone, token = with_link()
      tell(service, "BOOKING_CREATED", { uid = uid(), metadata = { conv = token }, startTime = time.iso(time.now_ms() + 2 * 3600000) })
      scene:sent(phone, "You're booked")
      assert.equal(0, #reminders(phone))
    end)
  end)
end)

describe("a reminder", function()
  teardown(chat.close_all)

  -- A clock of the business on which this hour has begun, so that the run's own hour says nothing.
  local function zone_at(hour)
    local ahead = (hour - tonumber(os.date("!%H")) + 12) % 24 - 12
    return ("Etc/GMT%+d"):format(-ahead)
  end

  -- Books for the day after tomorrow; then, between two lives of the service, a day passes.
  local function due_now(business, hour, clock)
    local scene = chat.open { env = { CALCOM_WEBHOOK_SECRET = NEW, TZ = zone_at(hour or 12) },
      files = { ["prompts/business.yaml"] = ('booking: {reminder_at: "%s"}\n'):format(clock or "11:30") } }
    local service, phone = scene.service, meta.phone()
    scene:sent(phone, scene:ask(phone))
    tell(service, "BOOKING_CREATED", { uid = uid(), startTime = time.iso(time.now_ms() + 48 * 3600000), metadata = { conv = mark_of(service, phone) } })
    scene:sent(phone, "You're booked")
    assert.equal(1, service:value "SELECT count(*) FROM jobs WHERE kind = 'reminder'")
    service:term()
    local start = service:value "SELECT start_at FROM bookings"
    local sql = ("UPDATE bookings SET start_at = start_at - 86400000; UPDATE jobs SET run_at = 0, payload = CAST(replace(CAST(payload AS TEXT), '%d', '%d') AS BLOB) WHERE kind = 'reminder'")
      :format(start, start - 86400000)
    assert.equal(0, (shell.run("sqlite3 " .. service.db .. ' "' .. sql .. '"')))
    if business then service:write("prompts/business.yaml", business) end
    service:start()
    return scene, phone
  end

  it("is sent once, when its hour has come", function()
    local scene, phone = due_now()
    scene:sent(phone, "A reminder: your on-site assessment is on ")
    scene.service:restart()
    scene:sent(phone, scene:ask(phone))
    assert.equal(1, #scene:tries(phone, "A reminder"))
    assert.equal(0, scene.service:value "SELECT count(*) FROM jobs WHERE kind = 'reminder'")
  end)

  it("waits for the owner's new hour when that was changed", function()
    local scene, phone = due_now 'booking: {reminder_at: "23:30"}\n'
    scene:sent(phone, scene:ask(phone))
    assert.equal(0, #scene:tries(phone, "A reminder"))
    assert.is_true(scene.service:value "SELECT run_at FROM jobs WHERE kind = 'reminder'" > time.now_ms())
  end)

  it("that is late waits for the morning", function()
    local scene, phone = due_now(nil, 3, "00:30")
    scene:sent(phone, scene:ask(phone))
    assert.equal(0, #scene:tries(phone, "A reminder"))
    local hours = (scene.service:value "SELECT run_at FROM jobs WHERE kind = 'reminder'" - time.now_ms()) / 3600000
    assert.is_true(hours > 3.9 and hours <= 5, tostring(hours)) -- it is 3 something, and comes at 8
  end)

  it("is not sent when the owner has switched reminders off", function()
    local scene, phone = due_now 'booking: {reminder: false, reminder_at: "11:30"}\n'
    scene:sent(phone, scene:ask(phone))
    shell.until_(function() return scene.service:value "SELECT count(*) FROM jobs WHERE kind = 'reminder'" == 0 end, 5, "the job to be gone")
    assert.equal(0, #scene:tries(phone, "A reminder"))
  end)
end)

describe("without Cal.com", function()
  teardown(chat.close_all)

  it("any other link is sent unchanged, and the webhook's route does not exist", function()
    local scene = chat.open { env = { BOOKING_URL = "https://calendly.example/clearout" } }
    local phone = meta.phone()
    scene:ask(phone, { answer = { reply_to_user = "Sure.", action = "schedule" } })
    local text = scene:sent(phone, "here:")[1].text
    assert.equal("https://calendly.example/clearout", text:match("here: (%S+)$"))
    local body = word("BOOKING_CREATED", { uid = uid() })
    for _, method in ipairs { "POST", "GET" } do
      local off = wire.http(scene.service.port, method, "/calcom/webhook", { body = method == "POST" and body or nil })
      local unknown = wire.http(scene.service.port, method, "/no/such/route", {})
      assert.same({ 404, unknown.body, unknown.headers["content-type"] }, { off.status, off.body, off.headers["content-type"] })
    end
  end)
end)

describe("the sandbox", function()
  teardown(process.close_all)

  it("books, moves and cancels on its own page, as Cal.com does", function()
    local unset = {}
    for _, name in ipairs { "META_VERIFY_TOKEN", "META_APP_SECRET", "META_ACCESS_TOKEN", "META_PHONE_NUMBER_ID", "DEEPSEEK_API_KEY", "SLACK_SIGNING_SECRET", "SLACK_WEBHOOK_URL",
      "SLACK_API_URL", "SLACK_RESPONSE_HOSTS", "META_GRAPH_URL", "DEEPSEEK_URL" } do unset[name] = false end
    local service, phone = process.new { start = false, env = unset }, meta.phone()
    service:start { args = "sandbox" }
    local function call(method, path, value)
      local answer = wire.http(service.port, method, "/sandbox/" .. path, { body = value and json.encode(value), timeout = 5 })
      assert.equal(200, answer.status, answer.body)
      return json.decode(answer.body, { null_as_nil = true })
    end
    local function screen(text)
      return shell.until_(function()
        for _, message in ipairs(call("GET", "phone?number=" .. phone).messages) do
          if message.from == "business" and message.text:find(text, 1, true) then return message.text end
        end
      end, 8, "on the phone: " .. text)
    end
    call("POST", "customer", { from = phone, name = "Ann Smith", text = "Can I book a visit?" })
    local url = screen("here:"):match("here: (%S+)")
    assert.truthy(url:find("http://127.0.0.1:" .. service.port .. "/sandbox/book/", 1, true), url)
    local page = wire.http(service.port, "GET", url:match("^http://[^/]+(.*)$"), {})
    assert.same({ 200, "text/html; charset=utf-8" }, { page.status, page.headers["content-type"] })
    local day = call("GET", "bookings").days[1]
    local booking = call("POST", "bookings", { start_ms = day.slots[1].start_ms, name = "Ann Smith", metadata = { conv = url:match("conv%%5D=(%w+)") } }).booking
    screen("You're booked for an on-site assessment: " .. day.day .. " at " .. day.slots[1].clock)
    local moved = call("POST", "bookings", { start_ms = day.slots[2].start_ms, reschedule_uid = booking.uid }).booking
    screen("has been moved to " .. day.day .. " at " .. day.slots[2].clock)
    call("POST", "bookings/cancel", { uid = moved.uid, reason = "rain" })
    screen "is cancelled"
    local refused = wire.http(service.port, "POST", "/sandbox/bookings/cancel", { body = json.encode { uid = moved.uid } })
    assert.equal(400, refused.status)
    refused = wire.http(service.port, "POST", "/sandbox/bookings/cancel", { body = "{}" })
    assert.same({ 400, '{"error":"uid is missing: name the booking\'s uid"}' }, { refused.status, refused.body })
  end)
end)
