-- Plays a customer with a phone: writes anything that WhatsApp can send, and has a screen that can be read.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local meta = require "stand_ins.meta"

local M = {}

local media_types = { image = "image/jpeg", video = "video/mp4", audio = "audio/ogg; codecs=opus", document = "application/pdf",
  sticker = "image/webp" }

local function media(wish, kind)
  local out = { id = tostring(common.next("media") + 1000000000), mime_type = media_types[kind], sha256 = meta.media_sha256() }
  if kind == "audio" then out.voice = true
  elseif kind == "sticker" then out.animated = false
  else out.caption = wish.caption or wish.text end
  if kind == "document" then out.filename = wish.filename or "list.pdf" end
  return out, out.caption and ("[%s: %s]"):format(kind, out.caption) or "[" .. kind .. "]"
end

local function choice(kind, wish, reply)
  reply.id, reply.title = wish.id or reply.id, wish.title or wish.text or reply.title
  return { type = "interactive", interactive = { type = kind, [kind] = reply } }, reply.title
end

-- kind → the fields of Meta's message, and what the screen shows
local shapes = {
  text = function(wish) return { text = { body = wish.text or "" } }, wish.text or "" end,
  location = function(wish)
    local pin = { latitude = wish.latitude or 43.6426, longitude = wish.longitude or -79.3871, name = wish.name_of_place,
      address = wish.address }
    return { location = pin }, "[location: " .. (wish.address or pin.latitude .. ", " .. pin.longitude) .. "]"
  end,
  button = function(wish) return { button = { payload = wish.payload or wish.text, text = wish.text or "Yes" } }, wish.text or "Yes" end,
  button_reply = function(wish) return choice("button_reply", wish, { id = "b1", title = "Yes" }) end,
  list_reply = function(wish) return choice("list_reply", wish, { id = "l1", title = "Sofa", description = wish.description }) end,
  reaction = function(wish)
    return { reaction = { message_id = wish.message_id or "wamid.none", emoji = wish.emoji or "👍" } },
      "[reacted " .. (wish.emoji or "👍") .. "]"
  end,
  contacts = function(wish)
    local name = wish.title or "Joe Mover"
    local card = { name = { formatted_name = name, first_name = name },
      phones = { { phone = wish.phone or "+1 416-555-0100", type = "CELL" } } }
    return { contacts = { card } }, "[contact: " .. name .. "]"
  end,
  order = function()
    local item = { product_retailer_id = "a1", quantity = 1, item_price = 2, currency = "CAD" }
    return { order = { catalog_id = "1", product_items = { item } } }, "[order]"
  end,
  unsupported = function()
    local words = "Message type unknown"
    local why = { code = 131051, title = words, message = words, error_data = { details = "Message type is currently not supported." } }
    return { errors = { why }, unsupported = { type = "poll" } }, "[unsupported]"
  end,
  system = function(wish)
    return { system = { body = "User changed number", wa_id = wish.new_number or "16470000001", type = "user_changed_number" } },
      "[changed number]"
  end,
  edit = function(wish)
    local text = wish.text or ""
    return { edit = { original_message_id = wish.message_id, message = { type = "text", text = { body = text } } } },
      "[edited: " .. text .. "]"
  end,
  revoke = function(wish) return { revoke = { original_message_id = wish.message_id } }, "[deleted a message]" end,
}
for kind in pairs(media_types) do
  shapes[kind] = function(wish)
    local part, shown = media(wish, kind)
    return { [kind] = part }, shown
  end
end

---One of Meta's messages, and what the screen shows; or nil and what is wrong with the request.
local function message_of(wish, number)
  local kind = wish.type or "text"
  local shape = shapes[kind]
  local fields, shown
  if type(wish.raw) == "table" then fields, shown = wish.raw, "[raw " .. tostring(wish.raw.type or "message") .. "]"
  elseif kind == "text" and type(wish.text) ~= "string" then return nil, "text is missing"
  elseif (kind == "edit" or kind == "revoke") and not wish.message_id then return nil, kind .. " needs message_id"
  elseif shape then fields, shown = shape(wish)
  else return nil, "no kind of message '" .. tostring(kind) .. "'" end
  local wamid = wish.wamid or "wamid." .. crypto.base64("in " .. crypto.sha256(number .. common.next("wamid")):sub(1, 24))
  local message = { from = number, id = wamid, timestamp = tostring(time.now_ms() // 1000), type = kind }
  if wish.username then message.from, message.from_user_id = "", number end
  if wish.quote then message.context = { from = meta.display_number, id = wish.quote } end
  if wish.forwarded then message.context = { forwarded = true } end
  for name, value in pairs(fields) do message[name] = value end
  return message, shown
end

---Shows what the customer wrote on their screen.
local function show(number, name, messages, shown)
  db.run([[INSERT INTO sandbox_phones(number, name, wrote_at) VALUES(?, ?, ?)
    ON CONFLICT(number) DO UPDATE SET name = excluded.name, wrote_at = excluded.wrote_at]], number, name, time.now_ms())
  for i, message in ipairs(messages) do
    db.run([[INSERT OR IGNORE INTO sandbox_messages(wamid, number, side, type, text, state, at)
      VALUES(?, ?, 'customer', ?, ?, 'sending', ?)]],
      tostring(message.id), number, tostring(message.type), shown[i], time.now_ms())
  end
end

local function write(wish)
  local number = wish.from
  if type(number) ~= "string" or not number:match("^[%w%.]+$") then return nil, "from must be the customer's number in digits, as text" end
  local messages, shown, ids = {}, {}, {}
  for i, one in ipairs(type(wish.batch) == "table" and wish.batch or { wish }) do
    messages[i], shown[i] = message_of(one, number)
    if not messages[i] then return nil, shown[i] end
    ids[i] = messages[i].id
  end
  local name = type(wish.name) == "string" and wish.name or "Pat Doe"
  show(number, name, messages, shown)
  local contact = { profile = { name = name }, wa_id = number }
  if wish.username then contact = { profile = { name = name, username = wish.username }, wa_id = "", user_id = number } end
  local body = meta.envelope { contacts = { contact }, messages = messages }
  -- Meta promises no order. Here one customer's messages keep their order, unless the request asks for a delay.
  local lane = not wish.delay_ms and "sandbox:" .. number or nil
  for _ = 1, wish.copies or 1 do
    meta.post_webhook(body, wish.delay_ms and time.now_ms() + wish.delay_ms, lane, ids)
  end
  return { ids = ids }
end

---POST /sandbox/customer {"from": "14165551234", "text": "Hi"}: writes as a customer. See docs in README.md for the other kinds.
M.post = common.control(function(wish)
  if wish.copies ~= nil and (math.type(wish.copies) ~= "integer" or wish.copies < 1 or wish.copies > 100) then
    return common.bad("copies is a number from 1 to 100")
  end
  if wish.delay_ms ~= nil and math.type(wish.delay_ms) ~= "integer" then return common.bad("delay_ms is a whole number") end
  -- Anything at all, signed as Meta signs: a string goes as it is.
  if wish.webhook ~= nil then
    meta.post_webhook(type(wish.webhook) == "string" and wish.webhook or meta.encode(wish.webhook), nil, nil, nil)
    return common.ok { ids = json.array() }
  end
  local done, problem = write(wish)
  return done and common.ok(done) or common.bad(problem)
end)

---The screen of one phone: both sides, in order, with ticks.
function M.screen(number)
  local phone = db.one("SELECT * FROM sandbox_phones WHERE number = ?", number)
  local messages = json.array()
  local rows = db.all("SELECT * FROM (SELECT * FROM sandbox_messages WHERE number = ? ORDER BY seq DESC LIMIT 500) ORDER BY seq", number)
  for _, row in ipairs(rows) do
    messages[#messages + 1] = {
      id = row.wamid, from = row.side, type = row.type, text = row.text, ticks = row.state, error = row.error, at = time.iso(row.at),
    }
  end
  return { number = number, name = phone and phone.name or number, typing = phone ~= nil and phone.typing_until > time.now_ms(),
    messages = messages }
end

---GET /sandbox/phone?number=14165551234
function M.get(request)
  local number = request.query.number
  if not number then return common.bad("say which: /sandbox/phone?number=14165551234") end
  return common.ok(M.screen(number))
end

---POST /sandbox/read {"number": "14165551234"}: the customer looks at the chat.
M.read = common.control(function(wish)
  if type(wish.number) ~= "string" then return common.bad("number is missing") end
  return common.ok { read = meta.read_by_customer(wish.number) }
end)

---Everyone who has a phone here, the latest first.
function M.phones()
  local list = json.array()
  local rows = db.all([[SELECT p.number, p.name, (SELECT max(seq) FROM sandbox_messages m WHERE m.number = p.number) AS newest
    FROM sandbox_phones p ORDER BY newest DESC LIMIT 100]])
  for _, row in ipairs(rows) do
    list[#list + 1] = { number = row.number, name = row.name }
  end
  return list
end

return M
