-- What a message says that is neither a text nor a file: a pin, contact cards, a form's answer, an order, an advertisement, and what the
-- business wrote from its own phone. Pure, except for JSON.

local json = require "host.json"
local plain = require "language.text"

local M = {}

local LABEL, FIELD = plain.LABEL, plain.FIELD
local TEXT_BYTES = 65536
local MOST_FIELDS, MOST_DEPTH, MOST_ITEMS, MOST_NUMBERS = 40, 4, 30, 20
local FORM_BYTES = 20000

-- Clean text that says something, or nil.
---@param value any
---@return string?
function M.text(value)
  if type(value) ~= "string" then return nil end
  if #value > TEXT_BYTES then value = plain.clip(value, TEXT_BYTES) end
  if not value:find("^%C*$") then -- much faster than searching for a %c
    value = value:gsub("\r\n?", "\n"):gsub("[\0-\8\11-\31\127]", "")
  end
  return value:find("%S") and value or nil
end

-- A line of text for use inside brackets: without brackets and line breaks.
---@param value any
---@param most? integer characters; nil: no limit
---@return string?
function M.inline(value, most)
  if type(value) == "string" and #value <= (most or LABEL) and value:find("^[%w.,'-][%w .,'-]*$") and not value:find("  ", 1, true)
    and value:byte(-1) ~= 32 then return value end -- as most names are
  if most and type(value) == "string" then value = plain.first(value, most) end
  local text = M.text(value)
  if not text then return nil end
  text = plain.trim(text:gsub("[%s%[%]]+", " "))
  return text ~= "" and text or nil
end

local inline = M.inline

local function list_of(value) return type(value) == "table" and value or {} end

-- A pin: the words in the chat, the address, and the link to a map.
---@param place any
---@return string? content
---@return string? address the given address or name, always with the coordinates
---@return string? map
function M.location(place)
  if type(place) ~= "table" then return nil end
  local name, address = inline(place.name, LABEL), inline(place.address, FIELD)
  local latitude, longitude = tonumber(place.latitude), tonumber(place.longitude)
  local point = latitude and longitude and math.abs(latitude) <= 90 and math.abs(longitude) <= 180
    and ("%.5f, %.5f"):format(latitude, longitude) or nil
  local shown = name and address and name .. ", " .. address or address or name
  if not shown and not point then return nil end
  local function with_point(words) return words and point and words .. " (" .. point .. ")" or words or point end
  return "[location: " .. with_point(shown) .. "]", with_point(address or name),
    point and "https://www.google.com/maps?q=" .. point:gsub(" ", "") or nil
end

-- The name on a contact card: as it is shown, else its parts, else the company.
local function card_name(card)
  local name = list_of(card.name)
  local parts = {}
  for _, field in ipairs { "prefix", "first_name", "middle_name", "last_name", "suffix" } do
    parts[#parts + 1] = inline(name[field], LABEL)
  end
  return inline(name.formatted_name, LABEL) or (#parts > 0 and plain.first(table.concat(parts, " "), LABEL) or nil)
end

-- Contact cards: the words in the chat, and all of them as staff read them.
---@param list any
---@return string? content
---@return string? shown every name with its company and all its numbers
function M.contacts(list)
  local names, shown = {}, {}
  for i, card in ipairs(list_of(list)) do
    if i > MOST_ITEMS or type(card) ~= "table" then break end
    local name, company = card_name(card), inline(list_of(card.org).company, LABEL)
    names[#names + 1] = name or company or "?"
    local line = { name and company and name .. " (" .. company .. ")" or names[#names] }
    for j, phone in ipairs(list_of(card.phones)) do
      if j <= MOST_NUMBERS and type(phone) == "table" then line[#line + 1] = inline(phone.phone, LABEL) or inline(phone.wa_id, LABEL) end
    end
    shown[#shown + 1] = table.concat(line, #line > 2 and ", " or " ")
  end
  if #names == 0 then return nil end
  return "[contact card: " .. plain.first(table.concat(names, ", "), FIELD) .. "]", table.concat(shown, "; ")
end

-- Forms name their fields like screen_0_Pickup_address_1.
local function label_of(key)
  local label = tostring(key):gsub("^screen_%d+_", ""):gsub("_%d+$", ""):gsub("[_%s:]+", " ")
  return inline(label, LABEL)
end

local function value_of(value, most)
  if type(value) == "boolean" then return value and "yes" or "no" end
  if math.type(value) == "integer" then return tostring(value) end
  if type(value) == "number" then return ("%.10g"):format(value) end
  return inline(value, most or FIELD)
end

-- Adds each field as a line. A list is one value; what is inside an object is a field of its own.
local function add_fields(lines, key, value, depth)
  if depth > MOST_DEPTH or #lines >= MOST_FIELDS then return end
  local label = label_of(key)
  if type(value) ~= "table" then
    local said = value ~= json.null and value_of(value)
    if said then lines[#lines + 1] = (label and label .. ": " or "") .. said end
  elseif json.is_array(value) then
    local said = {}
    for i, one in ipairs(value) do
      if i > MOST_ITEMS then break end
      if type(one) == "table" then
        add_fields(lines, key, one, depth + 1)
      else
        said[#said + 1] = one ~= json.null and value_of(one) or nil
      end
    end
    if #said > 0 then add_fields(lines, key, plain.first(table.concat(said, ", "), FIELD), depth + 1) end
  else
    for _, name in ipairs(plain.sorted_names(value)) do
      if name ~= "flow_token" then add_fields(lines, name, value[name], depth + 1) end
    end
  end
end

-- The answer to a form: each field as `label: value`. What is not JSON is read as it is; nil: it says nothing.
---@param reply any nfm_reply
---@return string?
function M.form(reply)
  if type(reply) ~= "table" then return nil end
  local raw = reply.response_json
  local data = raw
  if type(raw) == "string" then data = #raw <= FORM_BYTES and json.decode(raw) or nil end
  if type(data) ~= "table" then return inline(raw, FIELD) end
  local lines = {}
  add_fields(lines, "", data, 0)
  return #lines > 0 and table.concat(lines, "\n") or nil
end

-- The items of an order from a catalogue, as staff read them.
---@param order any
---@return string
function M.order(order)
  local lines = { inline(list_of(order).text, FIELD) }
  for i, item in ipairs(list_of(list_of(order).product_items)) do
    if i > MOST_ITEMS then break end
    item = list_of(item)
    local price = value_of(item.item_price, LABEL)
    lines[#lines + 1] = (value_of(item.quantity, LABEL) or "1") .. " × " .. (inline(item.product_retailer_id, LABEL) or "?")
      .. (price and " (" .. price .. " " .. (inline(item.currency, 10) or "") .. ")" or "")
  end
  return #lines > 0 and table.concat(lines, "\n") or "no items"
end

-- The advertisement or post that brought the customer.
---@param referral any
---@return {type: string, headline?: string, body?: string, url?: string, id?: string, welcome?: string}?
function M.source(referral)
  if type(referral) ~= "table" or next(referral) == nil then return nil end
  return { type = referral.source_type == "post" and "post" or "ad", headline = inline(referral.headline, FIELD),
    body = inline(referral.body, FIELD), url = inline(referral.source_url, FIELD), id = inline(referral.source_id, LABEL),
    welcome = inline(list_of(referral.welcome_message).text, FIELD) }
end

-- Could Meta not deliver this message whole? The person did write.
---@param message table of the type unsupported
---@return boolean
function M.undelivered(message)
  local fault = list_of(message.errors)[1]
  return tonumber(list_of(fault).code) == 131060
end

local ECHOED = { image = "photo", video = "video", document = "document", audio = "voice note", sticker = "sticker" }

-- What staff wrote in the app of the business's phone; nil: nothing that a customer reads as a message.
---@param echo table as Meta posts it
---@return string?
function M.echo(echo)
  local kind = echo.type
  if kind == "reaction" or kind == "revoke" or kind == "edit" or kind == "system" then return nil end
  if kind == "location" then return (M.location(echo.location)) or "[location]" end
  if kind == "contacts" then return (M.contacts(echo.contacts)) or "[contact card]" end
  local body = M.text(list_of(echo.text).body)
  if body then return body end
  local file = type(kind) == "string" and list_of(echo[kind]) or {}
  local caption = inline(file.caption) or kind == "document" and inline(file.filename, LABEL)
  local shown = ECHOED[kind] or "message"
  return caption and ("[%s: %s]"):format(shown, caption) or "[" .. shown .. "]"
end

return M
