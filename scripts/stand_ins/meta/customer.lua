-- Plays a customer with a phone: writes anything that WhatsApp can send, alone or in batches of any form.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local events = require "stand_ins.meta.events"
local hooks = require "stand_ins.meta.hooks"
local people = require "stand_ins.meta.people"
local shapes = require "stand_ins.meta.shapes"
local statuses = require "stand_ins.meta.statuses"

local M = {}

-- Who writes, and how Meta names them in this webhook: wish.by is "both" (number and id, the rule since April 2026), "number", "id" (the
-- number is an empty text) or "absent" (no number at all). Who has no number is always named by id.
local function writer(wish)
  local from = wish.from
  if type(from) ~= "string" or not from:match("^[%w.+]+$") then return nil, "from must be the customer's number in digits, as text" end
  local known = people.find(from)
  local by_id = people.is_user_id(from)
  local by = wish.by or by_id and "id" or "both"
  if by ~= "both" and by ~= "number" and by ~= "id" and by ~= "absent" then return nil, "by is both, number, id or absent" end
  local number = not by_id and from or known and not people.is_user_id(known.number) and known.number or nil
  local user_id = by_id and from or wish.user_id or known and known.user_id or people.user_id_of(from)
  local name = type(wish.name) == "string" and wish.name or known and known.wrote_at and known.name or "Pat Doe"
  return {
    key = known and known.number or number or user_id, name = name, username = wish.username, user_id = user_id,
    blocked = known and known.blocked == 1,
    from = (by == "both" or by == "number") and number or by == "id" and "" or nil, from_user_id = by ~= "number" and user_id or nil,
  }
end

local function contact_of(who)
  return { profile = { name = who.name, username = who.username }, wa_id = who.from, user_id = who.from_user_id }
end

-- One of Meta's messages, who wrote it, and what the screen shows; or nil and what is wrong with the wish.
local function message_of(wish)
  local who, problem = writer(wish)
  if not who then return nil, problem end
  local fields, shown = shapes.fields(wish)
  if not fields then return nil, shown end
  local at = time.now_ms() // 1000 - (math.tointeger(wish.age_s) or 0)
  local message = { from = who.from, from_user_id = who.from_user_id, timestamp = tostring(at), group_id = wish.group_id,
    id = wish.wamid or "wamid." .. crypto.base64("in " .. crypto.sha256(who.key .. common.next("wamid")):sub(1, 24)) }
  for name, value in pairs(fields) do message[name] = value end
  return message, who, shown
end

-- Shows on the phone what the customer wrote.
local function show(who, message, shown, wish)
  if message.type ~= "system" then
    people.wrote(who.key, { name = who.name, user_id = who.user_id, username = who.username, ad = wish.referral ~= nil,
      age_s = wish.age_s })
  end
  local part = message[message.type]
  local form = type(part) == "table" and json.encode { [message.type] = part } or nil
  db.run([[INSERT INTO sandbox_messages(wamid, number, side, type, text, state, at, form)
    VALUES(?, ?, 'customer', ?, ?, 'sending', ?, ?) ON CONFLICT DO NOTHING]],
    tostring(message.id), who.key, tostring(message.type), shown, time.now_ms(), form)
end

-- A change of messages: each wish is one message. Returns its value and the ids, or nil and what is wrong.
local function messages_of(wishes)
  local value, ids, seen = { messages = {}, contacts = {} }, {}, {}
  for i, wish in ipairs(wishes) do
    local message, who, shown = message_of(wish)
    if not message then return nil, who end
    show(who, message, shown, wish)
    if not who.blocked then value.messages[#value.messages + 1] = message end
    ids[i] = message.id
    -- System messages come without contacts.
    if message.type ~= "system" and not seen[who.key] then
      seen[who.key] = true
      value.contacts[#value.contacts + 1] = contact_of(who)
    end
  end
  if #value.contacts == 0 then value.contacts = nil end
  if #value.messages == 0 then value = nil end
  return value or {}, ids
end

local function inherit(wish, outer)
  local out = {}
  for _, name in ipairs { "from", "name", "by", "user_id", "username" } do out[name] = outer[name] end
  for name, value in pairs(wish) do out[name] = value end
  return out
end

-- A change as a test describes it: {messages = [wishes], statuses = [{id=, state=, code=}], field=, value = raw}
local function change_of(wish, outer, ids)
  if type(wish.value) == "table" then return hooks.change(wish.value, wish.field) end
  local list, value = {}, {}
  for i, one in ipairs(wish.messages or {}) do list[i] = inherit(one, outer) end
  if #list > 0 then
    local made, written = messages_of(list)
    if not made then return nil, written end
    value = made
    for _, id in ipairs(written) do ids[#ids + 1] = id end
  end
  for _, one in ipairs(wish.statuses or {}) do
    local message = db.one("SELECT * FROM sandbox_messages WHERE wamid = ?", one.id) or { wamid = one.id, number = outer.from or "" }
    value.statuses = value.statuses or {}
    value.statuses[#value.statuses + 1] = statuses.item(message, one.state or "delivered", one.code)
  end
  return hooks.change(value, wish.field)
end

-- Bodies to post, in order, and the ids in them.
local function bodies_of(wish)
  if type(wish.entries) == "table" then
    local entries, ids = {}, {}
    for i, changes in ipairs(wish.entries) do
      entries[i] = {}
      for j, change in ipairs(changes) do
        local made, problem = change_of(change, wish, ids)
        if not made then return nil, problem end
        entries[i][j] = made
      end
    end
    return { hooks.bodies(entries) }, ids
  end
  if events.kinds[wish.type] then
    local who, problem = writer(wish)
    if not who then return nil, problem end
    local value, field, id = events.kinds[wish.type](wish, who, contact_of(who))
    return { hooks.envelope(value, field) }, { id }
  end
  local list, bodies = {}, {}
  for i, one in ipairs(type(wish.batch) == "table" and wish.batch or { wish }) do list[i] = inherit(one, wish) end
  if not wish.separate then
    local value, ids = messages_of(list)
    if not value then return nil, ids end
    return value.messages and { hooks.envelope(value) } or {}, ids
  end
  local ids = {}
  for i, one in ipairs(list) do
    local value, id = messages_of { one }
    if not value then return nil, id end
    bodies[i], ids[i] = value.messages and hooks.envelope(value), id[1]
  end
  local ordered = {}
  for i = 1, #list do ordered[i] = bodies[wish.order and wish.order[i] or i] end
  return ordered, ids
end

local function write(wish)
  local bodies, ids = bodies_of(wish)
  if not bodies then return nil, ids end
  -- Meta promises no order. Here one customer's messages keep their order, unless the request asks for a delay.
  local lane = not wish.delay_ms and "sandbox:" .. tostring(wish.from) or nil
  for _, body in ipairs(bodies) do
    for _ = 1, wish.copies or 1 do hooks.post(body, wish.delay_ms and time.now_ms() + wish.delay_ms, lane, ids) end
  end
  return { ids = json.array(ids) }
end

---POST /sandbox/customer {"from": "14165551234", "text": "Hi"}: writes as a customer.
---  type: text (default), image, video, audio, document, sticker, location, contacts, button, button_reply, list_reply, flow_reply, order,
---    reaction, edit, revoke, system, unsupported, request_welcome, call_permission_reply, interactive (without its object), unknown;
---    echo (staff write in the business's app), call, preference; raw = {…}: these fields.
---    The text of an audio is what is said in it.
---  by, user_id, username: how Meta names the person. age_s: written so long ago. quote, forwarded, product, referral.
---  batch = [wishes]: one webhook; with separate = true one each, in the order of `order`.
---  entries = [[{messages =, statuses =}]]: entries of changes in one webhook.
---  copies: duplicates. delay_ms: later, and after what is written meanwhile. webhook: anything at all, a text as it is.
M.post = common.control(function(wish)
  if wish.copies ~= nil and (math.type(wish.copies) ~= "integer" or wish.copies < 1 or wish.copies > 100) then
    return common.bad("copies is a number from 1 to 100")
  end
  if wish.delay_ms ~= nil and math.type(wish.delay_ms) ~= "integer" then return common.bad("delay_ms is a whole number") end
  -- Anything at all, signed as Meta signs: a string goes as it is.
  if wish.webhook ~= nil then
    hooks.post(type(wish.webhook) == "string" and wish.webhook or hooks.encode(wish.webhook))
    return common.ok { ids = json.array() }
  end
  local done, problem = write(wish)
  return done and common.ok(done) or common.bad(problem)
end)

return M
