-- Every kind of message that a customer of the stand-in for Meta can write, in Meta's shape, and what their screen shows of it.

local hooks = require "stand_ins.meta.hooks"
local json = require "host.json"
local media = require "stand_ins.meta.media"
local transcriber = require "stand_ins.transcriber"

local M = {}

local media_types = { image = "image/jpeg", video = "video/mp4", audio = "audio/ogg; codecs=opus", document = "application/pdf",
  sticker = "image/webp" }

-- A file: wish.media describes it (meta/media.lua, received), otherwise it is a small real one of this kind.
local function file(wish, kind)
  local of = { mime_type = media_types[kind] }
  if kind == "audio" and wish.text then of.salt = transcriber.mark(wish.text) end
  for name, value in pairs(type(wish.media) == "table" and wish.media or {}) do of[name] = value end
  local out = media.received(of)
  if not out then return nil, "media.base64 is not base64" end
  if of.no_url then out.url = nil end
  if kind == "audio" then out.voice = wish.voice ~= false
  elseif kind == "sticker" then out.animated = wish.animated == true
  else out.caption = wish.caption or wish.text end
  if kind == "document" then out.filename = wish.filename or "list.pdf" end
  return out, out.caption and ("[%s: %s]"):format(kind, out.caption) or "[" .. kind .. "]"
end

local function choice(kind, wish, reply)
  reply.id, reply.title = wish.id or reply.id, wish.title or wish.text or reply.title
  return { type = "interactive", interactive = { type = kind, [kind] = reply } }, reply.title
end

-- The kinds of system messages; wish.system names one.
local systems = {
  user_changed_number = function(wish)
    local new = wish.new_number or "16470000001"
    local words = ("User %s changed from %s to %s"):format(wish.name or "Pat Doe", wish.from or "", new)
    return { body = words, wa_id = new, user_id = wish.new_user_id }
  end,
  user_changed_user_id = function(wish)
    return { body = "User changed their user ID", user_id = wish.new_user_id or "CA.NEW1" }
  end,
  customer_identity_changed = function(wish)
    return { body = "User " .. (wish.name or "Pat Doe") .. " changed their identity", customer = wish.from, identity = "DF2lS5v2W6x=" }
  end,
}

-- The codes of messages that Meta could not deliver whole; wish.unsupported names the type, wish.code the code.
local unreadable = {
  [131051] = { "Message type unknown", "Message type is currently not supported." },
  [131060] = { "This message is currently unavailable.", "This message is currently unavailable." },
}

local shapes = {
  text = function(wish)
    if type(wish.text) ~= "string" then return nil, "text is missing" end
    return { text = { body = wish.text } }, wish.text
  end,
  location = function(wish)
    local pin = { latitude = wish.latitude or 43.6426, longitude = wish.longitude or -79.3871, name = wish.name_of_place,
      address = wish.address, url = wish.url }
    return { location = pin }, "[location: " .. (wish.address or pin.latitude .. ", " .. pin.longitude) .. "]"
  end,
  button = function(wish)
    local text = wish.text or "Yes"
    return { button = { payload = wish.payload or text, text = text } }, text
  end,
  button_reply = function(wish) return choice("button_reply", wish, { id = "b1", title = "Yes" }) end,
  list_reply = function(wish) return choice("list_reply", wish, { id = "l1", title = "Sofa", description = wish.description }) end,
  flow_reply = function(wish)
    local answers = json.encode(type(wish.answers) == "table" and wish.answers or { address = wish.text or "5 Oak St" })
    local reply = { name = "flow", body = "Sent", response_json = answers }
    return { type = "interactive", interactive = { type = "nfm_reply", nfm_reply = reply } }, "[form]"
  end,
  call_permission_reply = function(wish)
    local reply = { response = wish.text or "accept", is_permanent = false, response_source = "user_action" }
    local interactive = { type = "call_permission_reply", call_permission_reply = reply }
    return { type = "interactive", interactive = interactive }, "[call permission]"
  end,
  interactive = function() return {}, "[interactive]" end, -- Meta can leave the object out
  request_welcome = function() return {}, "[opened the chat]" end,
  unknown = function() return {}, "[unknown]" end,
  reaction = function(wish)
    local emoji = wish.emoji or not wish.removed and "👍" or nil
    local reaction = { message_id = wish.message_id or "wamid.none", emoji = emoji }
    return { reaction = reaction }, emoji and "[reacted " .. emoji .. "]" or "[no reaction]"
  end,
  contacts = function(wish)
    local name = wish.title or "Joe Mover"
    local phone = wish.phone or "+1 416-555-0100"
    local card = { name = { formatted_name = name, first_name = name },
      phones = { { phone = phone, wa_id = phone:gsub("%D", ""), type = "CELL" } } }
    return { contacts = { card } }, "[contact: " .. name .. "]"
  end,
  order = function(wish)
    local items = type(wish.items) == "table" and wish.items
      or { { product_retailer_id = "a1", quantity = 1, item_price = 2, currency = "CAD" } }
    return { order = { catalog_id = "1", text = wish.text, product_items = items } }, "[order]"
  end,
  unsupported = function(wish)
    local code = wish.code or 131051
    local words = unreadable[code] or unreadable[131051]
    local why = { code = code, title = words[1], message = words[1], error_data = { details = words[2] } }
    return { errors = { why }, unsupported = { type = wish.unsupported or "poll" } }, "[unsupported]"
  end,
  system = function(wish)
    local kind = wish.system or "user_changed_number"
    if not systems[kind] then return nil, "no kind of system message '" .. tostring(kind) .. "'" end
    local system = systems[kind](wish)
    system.type = kind
    local identity = kind == "customer_identity_changed"
      and { acknowledged = true, created_timestamp = "1764390000", hash = "DF2lS5v2W6x=" } or nil
    return { system = system, identity = identity }, "[" .. kind .. "]"
  end,
  edit = function(wish)
    if not wish.message_id then return nil, "edit needs message_id" end
    local text = wish.text or ""
    local new = { type = "text", text = { body = text } }
    return { edit = { original_message_id = wish.message_id, message = new } }, "[edited: " .. text .. "]"
  end,
  revoke = function(wish)
    if not wish.message_id then return nil, "revoke needs message_id" end
    return { revoke = { original_message_id = wish.message_id } }, "[deleted a message]"
  end,
}
for kind in pairs(media_types) do
  shapes[kind] = function(wish)
    local part, shown = file(wish, kind)
    if not part then return nil, shown end
    return { [kind] = part }, shown
  end
end

---What an ad that was clicked says.
function M.referral(given)
  local ad = {
    source_url = "https://fb.me/ad1", source_id = "120208000000000001", source_type = "ad", headline = "Spring clean-out",
    body = "We take it away.", media_type = "image", image_url = "https://scontent.example/ad.jpg", ctwa_clid = "ARAkLkA8rm",
  }
  for name, value in pairs(type(given) == "table" and given or {}) do ad[name] = value end
  return ad
end

-- What came with the words: a quotation, "forwarded", a product, or several of these.
local function context(wish)
  if not (wish.quote or wish.forwarded or wish.forwarded_often or wish.product) then return nil end
  return {
    from = wish.quote and (wish.quote_from or hooks.display_number) or nil, id = wish.quote, forwarded = wish.forwarded,
    frequently_forwarded = wish.forwarded_often,
    referred_product = wish.product and { catalog_id = "1", product_retailer_id = wish.product } or nil,
  }
end

---The fields of a message besides sender, id and time, and what the screen shows; or nil and what is wrong with the wish.
---@param wish table {type=, …}; raw = {…}: these fields as they are
---@return table? fields
---@return string shown or what is wrong
function M.fields(wish)
  local kind = wish.type or "text"
  local fields, shown
  if type(wish.raw) == "table" then
    fields, shown = {}, "[raw " .. tostring(wish.raw.type or "message") .. "]"
    for name, value in pairs(wish.raw) do fields[name] = value end
  elseif shapes[kind] then
    fields, shown = shapes[kind](wish)
  else
    return nil, "no kind of message '" .. tostring(kind) .. "'"
  end
  if not fields then return nil, shown end
  fields.type = fields.type or kind
  fields.context = fields.context or context(wish)
  if wish.referral then fields.referral = M.referral(wish.referral) end
  return fields, shown
end

return M
