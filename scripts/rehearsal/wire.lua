-- Turns a customer's text into what WhatsApp would post. What is not text is written as the record and `assistant export` show it:
-- "[photo: the garage]", "[location: 123 Main St]". Pure, except that the caller gives the id.

local plain = require "language.text"

local M = {}

local MEDIA = { photo = "image", video = "video", document = "document" }

local function item(message, text)
  local name, detail = text:match("^%[([%a ]+):(.*)%]$")
  detail = detail and plain.trim(detail)
  name = name or text:match("^%[([%a ]+)%]$")
  local kind = name and (MEDIA[name] or name:find("^voice ") and "audio")
  if kind then
    message.type, message[kind] = kind, { id = message.id, caption = detail }
  elseif name == "location" and detail then
    message.type, message.location = "location", { latitude = 43.6, longitude = -79.5, address = detail }
  elseif name == "contact card" and detail then
    message.type, message.contacts = "contacts", { { name = { formatted_name = detail } } }
  elseif name == "unsupported message" then
    message.type = "unsupported"
  else
    message.type, message.text = "text", { body = text }
  end
  return message
end

-- One message as a webhook's body (a table).
---@param customer {id: string, name?: string}
---@param id string
---@param text string
function M.body(customer, id, text)
  local contacts = { { wa_id = customer.id, profile = { name = customer.name } } }
  local message = item({ from = customer.id, id = id }, text)
  return { object = "whatsapp_business_account",
    entry = { { changes = { { field = "messages", value = { contacts = contacts, messages = { message } } } } } } }
end

return M
