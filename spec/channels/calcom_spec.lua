local inbound = require "channels.calcom.event"
local json = require "host.json"
local time = require "host.time"

local START, STOP = "2026-11-24T19:30:00.000Z", "2026-11-24T20:00:00.000Z"

local function read(value)
  return inbound.event(type(value) == "string" and value or json.encode(value), json, time)
end

-- As Cal.com writes it.
local function full(fields, trigger)
  local payload = {
    type = "assessment", title = "On-site assessment between ClearoutSpaces and Ann", startTime = START, endTime = STOP, uid = "uid1", bookingId = 7,
    organizer = { name = "ClearoutSpaces", email = "team@example.com", phoneNumber = "+1 905 555 0100", timeZone = "America/Toronto" },
    attendees = { { name = "Ann Smith", email = "ann@example.com", timeZone = "America/Toronto", language = { locale = "fr" }, phoneNumber = "+14165551234" } },
    responses = { name = { label = "your_name", value = "Ann Smith" }, location = { label = "location", value = { optionValue = "", value = "inPerson" } } },
    userFieldsResponses = {}, location = "On site", metadata = { conv = "0123abcd" }, status = "ACCEPTED",
  }
  for name, value in pairs(fields or {}) do payload[name] = value ~= json.null and value or nil end
  return { triggerEvent = trigger or "BOOKING_CREATED", createdAt = "2026-11-22T10:00:00.000Z", payload = payload }
end

describe("calcom.inbound", function()
  it("reads a booking", function()
    local event = assert(read(full()))
    assert.same({ "booked", "uid1", "0123abcd", "Ann Smith", "fr" }, { event.kind, event.uid, event.token, event.name, event.page_language })
    assert.same({ time.parse(START), time.parse(STOP), time.parse "2026-11-22T10:00:00Z" }, { event.start_at, event.end_at, event.made_at })
    assert.same({ "14165551234" }, event.phones)
  end)

  it("knows the five kinds of event, and which booking a moved one replaces", function()
    for trigger, kind in pairs { BOOKING_CREATED = "booked", BOOKING_RESCHEDULED = "moved", BOOKING_CANCELLED = "cancelled", BOOKING_REQUESTED = "requested",
      BOOKING_REJECTED = "rejected" } do
      assert.equal(kind, assert(read(full(nil, trigger))).kind)
    end
    local moved = assert(read(full({ uid = "uid2", rescheduleUid = "uid1", rescheduleStartTime = START }, "BOOKING_RESCHEDULED")))
    assert.same({ "uid2", "uid1", time.parse(START) }, { moved.uid, moved.old_uid, moved.old_start_at })
    assert.is_nil(assert(read(full({ rescheduleUid = "uid1" }, "BOOKING_RESCHEDULED"))).old_uid) -- its own
    for _, wish in ipairs { true, "true" } do
      assert.equal("another_time", assert(read(full({ requestReschedule = wish }, "BOOKING_CANCELLED"))).kind)
    end
    for _, wish in ipairs { false, "false", 1, {}, "{{requestReschedule}}" } do
      assert.equal("cancelled", assert(read(full({ requestReschedule = wish }, "BOOKING_CANCELLED"))).kind)
    end
    assert.equal("booked", assert(read(full { requestReschedule = true })).kind)
    assert.equal("too wet", assert(read(full({ cancellationReason = "too wet" }, "BOOKING_CANCELLED"))).reason)
  end)

  it("reads a name in two fields, and a number from an answer to the owner's question", function()
    local event = assert(read(full { attendees = { { email = "a@example.com" } }, responses = {
      name = { label = "your_name", value = { firstName = "Ann", lastName = "Smith" } }, ["reach-you"] = { label = "Your WhatsApp", value = "(416) 555-1234" },
      order = { label = "Order", value = "9055550199" }, ["Cell-phone"] = { value = { "x" } },
    } }))
    assert.equal("Ann Smith", event.name)
    assert.same({ "14165551234" }, event.phones)
  end)

  it("skips what is no booking", function()
    for _, trigger in ipairs { "PING", "MEETING_ENDED", "BOOKING_PAID", "FORM_SUBMITTED", "OOO_CREATED" } do
      local event, why, other = read { triggerEvent = trigger, createdAt = START, payload = {} }
      assert.same({ "nil", "nil", trigger }, { tostring(event), tostring(why), other })
    end
  end)

  it("says why it cannot read something, without quoting it", function()
    for _, body in ipairs { "", "x", "[]", "null", "17", "{}", '{"triggerEvent":null}', '{"triggerEvent":{"a":1}}', '{"payload":{}}', '{"payload":', "\255\254" } do
      local event, why, other = read(body)
      assert.is_nil(event, body)
      assert.is_nil(other, body)
      assert.truthy(why:find("webhook", 1, true), body)
    end
  end)

  it("reads the flat text fields of a payload template", function()
    local event = assert(read { triggerEvent = "BOOKING_CREATED", startTime = START, uid = "u", name = "Ann", metadata = '{"conv":"0123abcd"}', phone = "416-555-1234" })
    assert.same({ "booked", "u", "0123abcd", "Ann", time.parse(START) }, { event.kind, event.uid, event.token, event.name, event.start_at })
    assert.same({ "14165551234" }, event.phones)
    assert.is_nil(event.made_at)
    for _, field in ipairs { "conv", "token", "metadata.conv", "metadata[conv]" } do
      assert.equal("0123abcd", assert(read { event = "booking_cancelled", start = START, [field] = "0123abcd" }).token, field)
    end
    local attendees = json.encode { { name = "Ann", phoneNumber = "+1 (416) 555-1234" } }
    event = assert(read { trigger = "BOOKING_CREATED", startTime = "2026-11-24T14:30:00-05:00", attendees = attendees })
    assert.same({ "Ann", "14165551234", time.parse(START) }, { event.name, event.phones[1], event.start_at })
    assert.same({ "booked", "Ann B", time.parse(START) }, (function()
      local form = assert(read("triggerEvent=BOOKING_CREATED&startTime=2026-11-24T19%3A30%3A00Z&name=Ann+B"))
      return { form.kind, form.name, form.start_at }
    end)())
  end)

  it("takes a field of a wrong type as missing, and reads the rest", function()
    for _, wrong in ipairs { 17, true, {}, { {} }, { a = { b = 1 } }, "", "{{startTime}}" } do
      for _, field in ipairs { "attendees", "responses", "metadata", "location", "organizer", "endTime", "cancellationReason", "userFieldsResponses", "rescheduleUid" } do
        local event = assert(read(full { [field] = wrong }), field)
        assert.same({ "booked", time.parse(START) }, { event.kind, event.start_at })
      end
      assert.is_nil(assert(read(full { startTime = wrong })).start_at)
    end
    assert.is_nil(assert(read(full { startTime = "1970-01-01T00:00:00Z" })).start_at)
    for text, same in pairs { ["2026-11-24T14:30:00-05:00"] = true, ["2026-11-24T19:30:00+0000"] = true, ["2026-11-24T19:30:00Z"] = true, ["2026-11-24T14:30:00"] = false,
      ["2026-11-24T14:30"] = false, ["November 24, 2:30 PM"] = false } do
      assert.equal(same and time.parse(START) or nil, assert(read(full { startTime = text })).start_at, text)
    end
    assert.is_nil(assert(read(full { startTime = "9999-01-01T00:00:00Z" })).start_at)
    assert.is_nil(assert(read(full { metadata = { conv = "' OR 1=1 --" } })).token)
    assert.is_nil(assert(read(full { uid = ("x"):rep(250) })).uid)
    for _, nothing in ipairs { "null", "undefined", "None", "", " ", "{{uid}}" } do assert.is_nil(assert(read(full { uid = nothing })).uid, nothing) end
  end)

  it("finds the customer's number wherever a question asked for it", function()
    local function phones(fields)
      fields.attendees = { { name = "Ann" } }
      return assert(read(full(fields))).phones
    end
    assert.same({ "14165551234" }, phones { responses = { attendeePhoneNumber = { label = "phone", value = "(416) 555-1234" } } })
    assert.same({ "14165551234" }, phones { responses = { smsReminderNumber = { value = "+14165551234" } } })
    assert.same({ "14165551234" }, phones { smsReminderNumber = "4165551234" })
    assert.same({ "14165551234" }, phones { responses = { phone = "1 416 555 1234" } })
    assert.same({ "447911123456" }, phones { responses = { location = { value = { value = "phone", optionValue = "+44 7911 123456" } } } })
    assert.same({ "14165551234" }, phones { location = "+1 416-555-1234" })
    assert.same({ "14165551234" }, assert(read(full { attendees = { { name = "Ann", email = "14165551234@sms.cal.com" } } })).phones)
    assert.same({}, phones { location = "12 King St, Toronto" })
    assert.same({}, phones { location = "integrations:daily" })
  end)

  it("reads a number as Canadians write it, and nothing else as one", function()
    for text, digits in pairs { ["416 555 1234"] = "14165551234", ["1-416-555-1234"] = "14165551234", ["+1.416.555.1234"] = "14165551234",
      ["00 33 6 12 34 56 78"] = "33612345678", ["+33612345678"] = "33612345678", ["0114420 7946 0000"] = "442079460000" } do
      assert.equal(digits, inbound.phone(text), text)
    end
    for _, text in ipairs { "", "555-1234", "350 Queen St", "123456789012345678", "unit 4165551234", "+" } do assert.is_nil(inbound.phone(text), text) end
    assert.is_nil(inbound.phone(4165551234))
  end)
end)
