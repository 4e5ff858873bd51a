-- Reads what Meta posts, item by item, with every type checked: a message becomes an event, a status a status, and an item that cannot
-- be read becomes a reason. Pure: no database, and the clock is given.

local M = {}

local codes = require "channels.whatsapp.codes"
local kinds = require "channels.whatsapp.kinds"
local sender = require "channels.whatsapp.sender"

local ID_BYTES = 512
local EARLIEST_MS = 1420070400000 -- 2015: older than any message of WhatsApp, so it is a mistake
local AHEAD_MS = 300000
local NAME = 100 -- characters of a person's name

local MEDIA = { image = "photo", video = "video", document = "document", audio = "voice note" }
local SILENT = { sticker = true, reaction = true, request_welcome = true, ephemeral = true }

local text_of, inline = kinds.text, kinds.inline
local NONE = {}

local function id_of(value)
  if type(value) == "string" and #value > 0 and #value <= ID_BYTES and value:find("^%C*$") then return value end
end

-- The time on the customer's clock, in ms; now when that time makes no sense.
local function said_at(value, now)
  local seconds = type(value) == "string" and #value <= 12 and value:match("^%d+$") and math.tointeger(tonumber(value))
    or math.type(value) == "integer" and value
  if not seconds or seconds > 99999999999 then return now end
  local ms = seconds * 1000
  if ms < EARLIEST_MS or ms > now + AHEAD_MS then return now end
  return math.min(ms, now)
end

-- By type: sets kind, content and further fields. Returns false for a bad item, nil for a kind that we cannot use.
local READ = {}

function READ.text(message, event)
  local body = type(message.text) == "table" and text_of(message.text.body)
  if not body then return false end
  event.content = body
  return true
end

function READ.button(message, event)
  local button = type(message.button) == "table" and message.button or {}
  event.content, event.button_id = text_of(button.text) or text_of(button.payload), id_of(button.payload)
  return event.content and true
end

function READ.interactive(message, event)
  local value = type(message.interactive) == "table" and message.interactive or {}
  local reply = type(value.button_reply) == "table" and value.button_reply or type(value.list_reply) == "table" and value.list_reply
  local permission = type(value.call_permission_reply) == "table" and value.call_permission_reply
  if permission then
    event.silent = true
    event.for_staff = { permission.response == "accept" and "allows us to call them on WhatsApp."
      or "does not allow us to call them on WhatsApp." }
  elseif reply then
    event.content, event.button_id = text_of(reply.title) or text_of(reply.id), id_of(reply.id)
  else
    event.content = kinds.form(value.nfm_reply)
  end
  if event.content or permission then return true end
end

function READ.call_permission_reply(message, event)
  return READ.interactive({ interactive = message.interactive or message }, event)
end

function READ.location(message, event)
  local map
  event.content, event.address, map = kinds.location(message.location)
  event.map = map
  if map then event.for_staff = { "sent a pin. The map: " .. map, event.content } end
  return event.content and true
end

function READ.contacts(message, event)
  event.content, event.card = kinds.contacts(message.contacts)
  return event.content and true
end

-- A kind that we cannot use, but staff read what is in it.
function READ.order(message, event)
  event.for_staff = { "sent an order from the catalogue, which the assistant cannot use:", kinds.order(message.order) }
end

function READ.unsupported(message, event)
  if not kinds.undelivered(message) then return nil end
  event.kind, event.content = "undelivered", "[message that could not be read]"
  event.for_staff = { "wrote a message that could not be read, because WhatsApp did not deliver it whole." }
  return true
end

function READ.edit(message, event)
  local edit = type(message.edit) == "table" and message.edit or {}
  local inner = type(edit.message) == "table" and edit.message or {}
  event.original = id_of(edit.original_message_id)
  event.content = type(inner.text) == "table" and text_of(inner.text.body)
    or type(inner[inner.type]) == "table" and MEDIA[inner.type] and inline(inner[inner.type].caption)
      and ("[%s: %s]"):format(MEDIA[inner.type], inline(inner[inner.type].caption)) or nil
  event.silent, event.inner = true, MEDIA[inner.type] and inner.type
  return event.original ~= nil and event.content ~= nil
end

function READ.revoke(message, event)
  local revoke = type(message.revoke) == "table" and message.revoke or {}
  event.original = id_of(revoke.original_message_id)
  event.silent = true
  return event.original ~= nil
end

function READ.system(_, event)
  event.silent = true
  return true
end

local function media(message, event)
  local kind, one = event.kind, type(message[event.kind]) == "table" and message[event.kind] or {}
  local caption, name = inline(one.caption), kind == "document" and inline(one.filename, NAME) or nil
  local words = name and caption and name .. ", " .. caption or name or caption
  event.content = words and ("[%s: %s]"):format(MEDIA[kind], words) or "[" .. MEDIA[kind] .. "]"
  event.media = { kind = kind, meta_id = id_of(one.id), mime = inline(one.mime_type, NAME), sha256 = id_of(one.sha256), name = name }
  event.bare = not caption or nil
  return true
end

-- What an edit or a deletion changes; nil: it is none that can be read.
---@param item table a message, or what the business wrote from its phone
---@param now integer ms
---@return {original: string, content?: string, said_at: integer}? change content: nil for a deletion
function M.change(item, now)
  local event, read = {}, (item.type == "edit" or item.type == "revoke") and READ[item.type]
  if not read or not read(item, event) then return nil end
  return { original = event.original, content = event.content, said_at = said_at(item.timestamp, now) }
end

-- A name of the person whom a message or a status is about; nil: it has none. It reads only a few fields, so that it cannot fail.
function M.whose(item)
  if type(item) ~= "table" then return nil end
  local number, user_id = sender.of(item)
  return number or user_id
end

---@class whatsapp.Event
---@field id string wamid
---@field number? string in digits; nil: they wrote without one
---@field user_id? string their business-scoped id
---@field also? string another way to write their number
---@field conversation string the chat's id, once whose.find has found it; before, a name of the person
---@field fresh? boolean the chat is to be remembered under these names (whose.remember)
---@field takes? string the chat that had this number until now
---@field name? string
---@field said_at integer ms
---@field kind string
---@field content string
---@field silent? boolean nothing is stored, and nobody is answered
---@field media? {kind: string, meta_id?: string, mime?: string, sha256?: string, name?: string} a file to be fetched
---@field bare? boolean a photo or the like without a caption
---@field reply_to? string the wamid of the message that it quotes
---@field original? string the wamid of the message that it edits or deletes
---@field inner? string the kind of an edit's message
---@field edited_at? integer ms, of an edit that came before it
---@field edit_id? string of that edit
---@field source? table the advertisement that brought them (kinds.source)
---@field button_id? string the id of the button or of the row that was chosen
---@field map? string the link to the pin on a map
---@field for_staff? string[] our words for staff, and what the customer sent

-- Reads one message. contacts: names by id.
---@param message any
---@param contacts table<string, string>
---@param now integer ms
---@param links? whatsapp.Links of the message's change
---@return whatsapp.Event? event
---@return string? reason why it cannot be read
function M.message(message, contacts, now, links)
  if type(message) ~= "table" then return nil, "a message that is not an object" end
  local id = id_of(message.id)
  if not id then return nil, "a message without a usable id" end
  local number, user_id, also = sender.whole(message, links)
  if not number and not user_id then return nil, "a message without a usable sender" end
  local kind = message.type
  if type(kind) ~= "string" and type(message.text) == "table" then kind = "text" end
  if type(kind) ~= "string" then return nil, "a message without a usable type" end
  local context = message.context
  if type(context) ~= "table" then context = NONE end
  local event = { id = id, number = number, user_id = user_id, also = also, conversation = number or user_id,
    kind = #kind <= 40 and kind or kind:sub(1, 40),
    said_at = said_at(message.timestamp, now), name = contacts[number or ""] or contacts[user_id or ""] or also and contacts[also],
    reply_to = id_of(context.id), source = message.referral ~= nil and kinds.source(message.referral) or nil }
  local product = context.referred_product
  if type(product) == "table" then
    event.for_staff = { "asks about a product of the catalogue:", inline(product.product_retailer_id, NAME) or "without its id" }
  end
  if SILENT[kind] or type(message.group_id) == "string" then
    event.silent = true
    return event
  end
  local read = READ[kind] or MEDIA[kind] and media
  local good = read and read(message, event)
  if good == false then
    if not event.silent then return nil, "a message of type " .. event.kind:gsub("[^%w_]", "?") .. " without its content" end
    event.original = nil
  elseif not good then
    event.kind, event.content = "unsupported", "[unsupported message]"
  end
  return event
end

-- The names in a change, by number and by business-scoped id.
function M.contacts(list)
  local names = {}
  for i = 1, type(list) == "table" and math.min(#list, 2000) or 0 do
    local contact = list[i]
    local profile = type(contact) == "table" and contact.profile
    local name = type(profile) == "table" and inline(profile.name, NAME)
    if name then
      local number, user_id = sender.names(contact.wa_id, contact.user_id)
      if number then names[number] = name end
      if user_id then names[user_id] = name end
    end
  end
  return names
end

-- By the first word of what Meta writes, as in marketing_lite and authentication_international.
local CATEGORIES = { service = "service", utility = "utility", marketing = "marketing", authentication = "authentication",
  referral = "free" }

local STATUSES = { sent = "sent", delivered = "delivered", read = "read", played = "read", failed = "failed" }

-- The category in which Meta charges a message, or "free". nil: it does not say.
local function charged_as(pricing)
  if type(pricing) ~= "table" then return nil end
  local kind, category = pricing.type, pricing.category
  if pricing.billable == false or type(kind) == "string" and kind:find("^free_") then return "free" end
  if type(category) ~= "string" then return nil end
  return CATEGORIES[category:lower():match("^%l+")]
end

-- Reads one status. nil with a reason: it is bad; nil without a reason: we do not use this kind.
---@return {wamid?: string, mark?: string, state: string, code?: integer, why?: string, charged_as?: string}?
---@return string? reason
function M.status(status)
  if type(status) ~= "table" then return nil, "a status that is not an object" end
  local wamid, mark = id_of(status.id), id_of(status.biz_opaque_callback_data)
  if not wamid and not mark then return nil, "a status without a usable id" end
  if type(status.status) ~= "string" then return nil, "a status without a usable state" end
  local state = STATUSES[status.status]
  if not state then return nil end
  local first = type(status.errors) == "table" and status.errors[1]
  local code, why
  if type(first) == "table" then
    code = codes.number(first.code)
    why = inline(first.title, NAME) or inline(first.message, NAME)
  end
  return { wamid = wamid, mark = mark, state = state, code = code, why = why, charged_as = charged_as(status.pricing) }
end

return M
