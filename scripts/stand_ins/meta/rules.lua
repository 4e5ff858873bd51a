-- What Meta takes as a message, and how it refuses the rest. Pure: what must exist is asked of `known`.

local templates = require "stand_ins.meta.templates"

local M = {}

local function length(text) return utf8.len(text) or #text end

local function text_of(value, path, most, wanted)
  if value == nil and not wanted then return nil end
  if type(value) ~= "string" or not value:find("%S") then return 131008, "Required parameter is missing: " .. path end
  if length(value) > most then return 131009, ("%s is too long. Max length: %d"):format(path, most) end
  return nil
end

local function object(value) return type(value) == "table" and value or {} end

-- The first refusal of several checks: each an array {code, words}, or empty.
local function first(...)
  for _, check in ipairs { ... } do
    if check[1] then return check[1], check[2] end
  end
  return nil
end

local function unexpected(value, path, allowed)
  local names = {}
  for name in pairs(object(value)) do names[#names + 1] = tostring(name) end
  table.sort(names)
  for _, name in ipairs(names) do
    if not allowed:find(" " .. name .. " ", 1, true) then return 100, ('Unexpected key "%s" on param "%s".'):format(name, path) end
  end
  return nil
end

local function buttons(action)
  local list, ids, titles = action.buttons, {}, {}
  if type(list) ~= "table" or #list < 1 or #list > 3 then
    return 131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"
  end
  for _, button in ipairs(list) do
    local reply = object(object(button).reply)
    if object(button).type ~= "reply" then return 131009, "interactive.action.buttons.type must be reply" end
    local id, title = reply.id, reply.title
    if type(id) ~= "string" or id == "" or length(id) > 256 or id:find("^%s") or id:find("%s$") then
      return 131009, "Button id is not valid"
    end
    if type(title) ~= "string" or not title:find("%S") or length(title) > 20 then
      return 131009, "Button title length invalid. Min length: 1, Max length: 20"
    end
    if ids[id] or titles[title] then return 131009, "Duplicated button id or title" end
    ids[id], titles[title] = true, true
  end
  return nil
end

local function rows_of(section, several, ids)
  local title = section.title
  if several and (type(title) ~= "string" or title == "") then return nil, "Section title is required when there are several sections" end
  if title ~= nil and (type(title) ~= "string" or length(title) > 24) then return nil, "Section title is too long. Max length: 24" end
  if type(section.rows) ~= "table" or #section.rows < 1 then return nil, "A section needs rows" end
  for _, row in ipairs(section.rows) do
    row = object(row)
    if type(row.id) ~= "string" or row.id == "" or length(row.id) > 200 or ids[row.id] then
      return nil, "Row id is missing, too long or duplicated"
    end
    if type(row.title) ~= "string" or row.title == "" or length(row.title) > 24 then
      return nil, "Row title is missing or too long. Max length: 24"
    end
    if row.description ~= nil and (type(row.description) ~= "string" or length(row.description) > 72) then
      return nil, "Row description is too long. Max length: 72"
    end
    ids[row.id] = true
  end
  return #section.rows
end

local function sections(action)
  local code, words = text_of(action.button, "interactive.action.button", 20, true)
  if code then return code, words end
  local list, ids, count = action.sections, {}, 0
  if type(list) ~= "table" or #list < 1 or #list > 10 then return 131009, "Invalid sections count. Min: 1, Max: 10" end
  for _, section in ipairs(list) do
    local rows, why = rows_of(object(section), #list > 1, ids)
    if not rows then return 131009, why end
    count = count + rows
  end
  if count > 10 then return 131009, "Total row count exceed max allowed count: 10" end
  return nil
end

local function link(action)
  local parameters = object(action.parameters)
  if action.name ~= "cta_url" then return 131009, "interactive.action.name must be cta_url" end
  local code, words = text_of(parameters.display_text, "interactive.action.parameters.display_text", 20, true)
  if code then return code, words end
  if type(parameters.url) ~= "string" or not parameters.url:match("^https?://%S+$") then
    return 131009, "interactive.action.parameters.url is not a valid URL"
  end
  return nil
end

local actions = {
  button = buttons, list = sections, cta_url = link,
  location_request_message = function(action)
    if action.name ~= "send_location" then return 131009, "interactive.action.name must be send_location" end
    return nil
  end,
}

local kinds = {}

function kinds.text(text)
  if type(text.body) ~= "string" or not text.body:find("%S") then return 131008, "Required parameter is missing: text.body" end
  if length(text.body) > 4096 then return 100, "Param text['body'] must be at most 4096 characters long." end
  if text.preview_url ~= nil and type(text.preview_url) ~= "boolean" then return 100, "Param text['preview_url'] must be a boolean." end
  return unexpected(text, "text", " body preview_url ")
end

function kinds.interactive(interactive)
  local check = actions[interactive.type]
  if not check then return 100, "Param interactive['type'] must be one of {BUTTON, LIST, CTA_URL, LOCATION_REQUEST_MESSAGE}." end
  local header = interactive.header
  if type(header) == "table" and header.type == "text" and interactive.type ~= "location_request_message" then
    local code, words = text_of(header.text, "interactive.header.text", 60, true)
    if code then return code, words end
  elseif header ~= nil and interactive.type ~= "button" then
    return 131009, "interactive.header is not valid for this type"
  end
  return first({ unexpected(interactive, "interactive", " type header body footer action ") },
    { text_of(object(interactive.body).text, "interactive.body.text", interactive.type == "list" and 4096 or 1024, true) },
    { text_of(interactive.footer and object(interactive.footer).text, "interactive.footer.text", 60, interactive.footer ~= nil) },
    { check(object(interactive.action)) })
end

function kinds.location(place)
  local function within(value, most) return type(value) == "number" and value >= -most and value <= most end
  if not (within(place.latitude, 90) and within(place.longitude, 180)) then
    return 131009, "location.latitude and location.longitude must be degrees"
  end
  return nil
end

function kinds.contacts(cards)
  if #cards < 1 then return 131008, "Required parameter is missing: contacts" end
  for _, card in ipairs(cards) do
    local name = object(object(card).name)
    if type(name.formatted_name) ~= "string" or not (name.first_name or name.last_name or name.suffix) then
      return 131009, "contacts.name needs formatted_name and one more name"
    end
  end
  return nil
end

function kinds.reaction(reaction, known)
  if type(reaction.emoji) ~= "string" then return 131008, "Required parameter is missing: reaction.emoji" end
  if not known.message(reaction.message_id) then return 131009, "Message ID is invalid." end
  return nil
end

for kind, caption in pairs { image = true, video = true, document = true, audio = false, sticker = false } do
  kinds[kind] = function(file, known)
    if (file.id == nil) == (file.link == nil) then return 100, ("Param %s must have one of id, link."):format(kind) end
    if file.id ~= nil and not (type(file.id) == "string" and known.media(file.id)) then
      return 100, ("Param %s['id'] is not a valid whatsapp business account media attachment ID"):format(kind)
    end
    if file.link ~= nil and not tostring(file.link):match("^https?://%S+$") then return 131009, kind .. ".link is not a valid URL" end
    if file.caption ~= nil and not caption then return 100, ('Unexpected key "caption" on param "%s".'):format(kind) end
    if file.caption ~= nil and (type(file.caption) ~= "string" or length(file.caption) > 1024) then
      return 131009, kind .. ".caption is too long. Max length: 1024"
    end
    if file.filename ~= nil and kind ~= "document" then return 100, ('Unexpected key "filename" on param "%s".'):format(kind) end
    return nil
  end
end

---Whom a message is for: what was given, and whether it is a business-scoped id; or nil, a code and words.
---@param message table
---@param people {wa_id: (fun(text: string): string?), is_user_id: fun(text: any): boolean}
---@param display_number string the business's own
---@return string? key digits or the id
---@return integer|string code_or_given
---@return string? words
function M.addressee(message, people, display_number)
  local to, recipient = message.to, message.recipient
  if to == nil and recipient == nil then return nil, 100, "The parameter to is required." end
  if message.recipient_type ~= nil and message.recipient_type ~= "individual" then
    return nil, 100, "Param recipient_type must be one of {INDIVIDUAL}."
  end
  if to ~= nil then
    local number = type(to) == "string" and people.wa_id(to)
    if not number then return nil, 100, "Param to must be a WhatsApp phone number." end
    if number == display_number then return nil, 131021, "Recipient cannot be sender" end
    return number, to
  end
  if not people.is_user_id(recipient) then return nil, 100, "Param recipient must be a business-scoped user ID." end
  return recipient, recipient
end

---Why Meta refuses this message; nil: it takes it.
---@param message table the body of POST /{phone}/messages, the addressee apart
---@param known {message: (fun(id: any): boolean), media: fun(id: string): boolean}
---@return integer? code
---@return string? words for code 100 the message itself, otherwise its details
function M.refusal(message, known)
  local kind = message.type or "text"
  if kind == "template" then
    local text, code, words = templates.render(message.template)
    if not text then return code, words end
  elseif not kinds[kind] then
    return 100, "Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, STICKER, TEMPLATE, TEXT, "
      .. "VIDEO}."
  else
    local part = message[kind]
    if type(part) ~= "table" then return 131008, "Required parameter is missing: " .. kind end
    local code, words = kinds[kind](part, known)
    if code then return code, words end
  end
  local opaque, context = message.biz_opaque_callback_data, message.context
  if opaque ~= nil and (type(opaque) ~= "string" or length(opaque) > 512) then
    return 100, "Param biz_opaque_callback_data must be at most 512 characters long."
  end
  if context ~= nil and not known.message(object(context).message_id) then return 131009, "context.message_id is not a valid message ID" end
  return nil
end

return M
