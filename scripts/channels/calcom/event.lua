-- Reads what Cal.com posts into one event, with every type checked. An owner's payload template may have changed the payload: flat
-- fields, all text, other names, metadata as JSON in a text. Pure: the JSON codec and the reader of times are given.

local M = {}

local plain = require "language.text"
local url = require "host.url"

local TEXT_BYTES = 300
local UID_BYTES = 200
local NO_ID = { null = true, undefined = true, none = true, ["nil"] = true } -- what a template writes for a missing value
local EARLIEST_MS, LATEST_MS = 1420070400000, 4102444800000 -- 2015 to 2100: other times are mistakes

local KINDS = {
  BOOKING_CREATED = "booked", BOOKING_RESCHEDULED = "moved", BOOKING_CANCELLED = "cancelled", BOOKING_REQUESTED = "requested",
  BOOKING_REJECTED = "rejected",
}

-- A new request and a move name the booking that they replace.
local TAKES_A_PLACE = { booked = true, moved = true, requested = true }

local function flag(value)
  return value == true or value == "true" or nil
end

-- One line of text, or nil. A number counts as text.
local function text_of(value)
  if math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= "string" or value:find("^{{.*}}$") then return nil end -- a field whose name the template misspells
  value = plain.clip(plain.one_line(plain.clip(value, TEXT_BYTES * 4)), TEXT_BYTES)
  return value ~= "" and value or nil
end

-- A template that is not JSON arrives as a form.
local function form_of(body)
  local fields, found = {}, false
  for pair in body:gmatch("[^&]+") do
    local name, value = pair:match("^%s*([^=%s]+)=(.*)$")
    name = name and url.decode(name)
    if name then fields[name], found = url.decode(value), true end
  end
  return found and fields or nil
end

-- A table, also when it is JSON in a text.
local function table_of(value, json)
  if type(value) == "string" and value:find("^%s*[%[{]") then value = json.decode(value, { null_as_nil = true }) end
  return type(value) == "table" and value or nil
end

-- The first of these names that has a value in either table.
local function first(places, names, read, ...)
  for _, place in ipairs(places) do
    for _, name in ipairs(names) do
      local value = read(place[name], ...)
      if value ~= nil then return value end
    end
  end
end

-- A time without its zone could be any hour, so it is none.
local function moment(value, time)
  local ms
  if type(value) == "string" then
    value = #value <= 64 and plain.trim(value) or ""
    ms = (value:find("[Zz]$") or value:find("[+-]%d%d:?%d?%d?$", 11)) and time.parse(value)
  elseif math.type(value) == "integer" then
    ms = value < 100000000000 and value * 1000 or value
  end
  return ms and ms > EARLIEST_MS and ms < LATEST_MS and ms or nil
end

-- A phone number in digits with its country code (ten digits are Canadian); nil: not a phone number.
function M.phone(value)
  if type(value) ~= "string" or #value > 40 or not value:find("^[%+%d%s%(%)%.%-/]+$") then return nil end
  local digits, plus = value:gsub("%D", ""), value:find("^%s*%+") ~= nil
  if not plus then
    digits = digits:gsub("^00", ""):gsub("^011", "")
    if #digits == 10 then digits = "1" .. digits end
  end
  return #digits >= 10 and #digits <= 15 and digits or nil
end

-- A customer's answer to a question of the booking page: {label=, value=}, or the value itself. For a place its text, for a name in two
-- fields both.
local function answer_of(response)
  if type(response) == "table" then response = response.value end
  if type(response) == "table" then
    local both = (text_of(response.firstName) or "") .. " " .. (text_of(response.lastName) or "")
    response = both ~= " " and both or response.optionValue
  end
  return response
end

local ASKS_A_NUMBER = { "phone", "whatsapp", "mobile", "cell", "tél" }

-- Answers to the owner's questions that ask for a number, recognised by name or label, in a fixed order.
local function own_answers(responses)
  local list = {}
  for name, response in pairs(responses) do
    local label = type(response) == "table" and type(response.label) == "string" and response.label or ""
    local asked = (tostring(name) .. " " .. label):sub(1, TEXT_BYTES):lower()
    if plain.found_in(asked, ASKS_A_NUMBER) then list[#list + 1] = { name = tostring(name), value = answer_of(response) } end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local PHONE_ANSWERS = { "attendeePhoneNumber", "smsReminderNumber", "phone", "phoneNumber", "phone_number", "location" }

-- Every number that can be the customer's, the likeliest first.
local function phones_of(places, json)
  local list, seen = {}, {}
  local function add(value)
    local digits = M.phone(value)
    if digits and not seen[digits] then list[#list + 1], seen[digits] = digits, true end
  end
  for _, place in ipairs(places) do
    local attendees = table_of(place.attendees, json) or {}
    if type(attendees[1]) == "table" then
      add(attendees[1].phoneNumber)
      local email = attendees[1].email -- a customer who books by phone only gets an address made of the number
      if type(email) == "string" then add(email:match("^(%+?%d+)@sms%.cal%.com$")) end
    end
    for _, name in ipairs { "responses", "userFieldsResponses" } do
      local responses = table_of(place[name], json) or {}
      for _, answer in ipairs(PHONE_ANSWERS) do add(answer_of(responses[answer])) end
      for _, own in ipairs(own_answers(responses)) do add(own.value) end
    end
    for _, answer in ipairs(PHONE_ANSWERS) do add(answer_of(place[answer])) end
    for _, name in ipairs { "attendeePhone", "attendee_phone", "attendees.0.phoneNumber" } do add(place[name]) end
  end
  return list
end

local function name_of(places, json)
  for _, place in ipairs(places) do
    local attendees = table_of(place.attendees, json) or {}
    local responses = table_of(place.responses, json) or {}
    local name = type(attendees[1]) == "table" and text_of(attendees[1].name) or text_of(answer_of(responses.name))
      or first({ place }, { "name", "attendee", "attendeeName", "attendee_name", "attendees.0.name" }, text_of)
    if name then return name end
  end
end

local function locale_of(places, json)
  for _, place in ipairs(places) do
    local attendee = (table_of(place.attendees, json) or {})[1]
    local language = type(attendee) == "table" and attendee.language
    local locale = type(language) == "table" and language.locale or language
    if type(locale) == "string" then return locale:sub(1, 2):lower() end
  end
end

-- The mark of the booking link, wherever a template put it.
local function token_of(places, json)
  for _, place in ipairs(places) do
    local metadata = table_of(place.metadata, json) or {}
    local token = text_of(metadata.conv) or first({ place }, { "metadata.conv", "metadata[conv]", "conv", "token" }, text_of)
    if token and token:find("^%w+$") then return token end
  end
end

---@class calcom.Event
---@field kind "booked"|"moved"|"cancelled"|"another_time"|"requested"|"rejected" another_time: cancelled, and another time is wanted
---@field uid? string
---@field old_uid? string the booking that it replaces
---@field start_at? integer ms
---@field end_at? integer ms
---@field old_start_at? integer ms
---@field made_at? integer ms, when Cal.com wrote this
---@field token? string
---@field phones string[] digits
---@field name? string
---@field reason? string
---@field page_language? string the code of the language in which the booking page was read

---Reads one webhook.
---@param body string
---@param json table host.json
---@param time table host.time
---@return calcom.Event? event
---@return string? reason for staff: why it cannot be read
---@return string? other the kind of an event that we do not use
function M.event(body, json, time)
  local value, why = json.decode(body, { null_as_nil = true })
  if value == nil then value = form_of(body) end
  if type(value) ~= "table" then return nil, "a booking's webhook that is not JSON: " .. tostring(why or "no object") end
  local payload = table_of(value.payload, json)
  local places, outer = payload and { payload, value } or { value }, payload and { value, payload } or { value }
  local trigger = first(outer, { "triggerEvent", "trigger", "event", "trigger_event" }, text_of)
  if not trigger then return nil, "a booking's webhook that does not say what happened: it has no triggerEvent" end
  local kind = KINDS[trigger:upper()]
  if not kind then return nil, nil, (trigger:gsub("[^%w_]", "?"):sub(1, 60)) end
  if kind == "cancelled" and first(places, { "requestReschedule" }, flag) then kind = "another_time" end
  local event = {
    kind = kind,
    uid = first(places, { "uid", "bookingUid", "booking_uid" }, text_of),
    old_uid = TAKES_A_PLACE[kind] and first(places, { "rescheduleUid", "reschedule_uid" }, text_of) or nil,
    start_at = first(places, { "startTime", "start", "start_time" }, moment, time),
    end_at = first(places, { "endTime", "end", "end_time" }, moment, time),
    old_start_at = first(places, { "rescheduleStartTime" }, moment, time),
    made_at = first(outer, { "createdAt", "created_at" }, moment, time),
    token = token_of(places, json),
    phones = phones_of(places, json),
    name = name_of(places, json),
    reason = first(places, { "cancellationReason", "rejectionReason" }, text_of),
    page_language = locale_of(places, json),
  }
  for _, name in ipairs { "uid", "old_uid" } do
    if event[name] and (#event[name] > UID_BYTES or NO_ID[event[name]:lower()]) then event[name] = nil end
  end
  if event.old_uid == event.uid then event.old_uid = nil end
  return event
end

return M
