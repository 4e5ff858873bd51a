-- Says how Meta names the person of an item: by number, by business-scoped id, or by both. Pure.

local M = {}

local MOST_CONTACTS = 2000
local DOT = 46

-- The last number: one webhook names the same person three times.
local same, same_number

-- A number in digits; nil: it is none. A plus, blanks, dashes and brackets are forgiven.
---@param value any
---@return string?
local function number_of(value)
  if type(value) ~= "string" or #value > 40 then return nil end
  if value == same then return same_number end
  same, same_number = value, nil
  if not value:find("^%d+$") then
    local rest = value:gsub("^%s+", ""):gsub("^%+", "")
    if rest:find("[^%d%s%(%)%-%.]") then return nil end
    value = value:gsub("%D", "")
  end
  if #value < 6 or #value > 20 then return nil end
  same_number = value
  return value
end
M.number = number_of

-- A business-scoped id, like CA.13491208655302741918; nil: it is none.
---@param value any
---@return string?
local function user_of(value)
  return type(value) == "string" and #value <= 140 and value:byte(3) == DOT and value:find("^%u%u%.[%w%.]+$") and value or nil
end

M.user_id = user_of

-- Either field can hold a business-scoped id.
---@param from any
---@param scoped any
---@return string? number
---@return string? user_id
local function names(from, scoped)
  local number = number_of(from)
  return number, scoped ~= nil and user_of(scoped) or not number and user_of(from) or nil
end
M.names = names

-- Who a message is from, or a status is about.
---@param item table
---@return string? number
---@return string? user_id
function M.of(item)
  local number, user_id = names(item.from, item.from_user_id)
  if number or user_id then return number, user_id end
  return names(item.recipient_id, item.recipient_user_id)
end

-- The names as a set, to recognise a person in bytes.
---@param number? string
---@param user_id? string
---@return table<string, boolean>
function M.set(number, user_id)
  local set = {}
  if number then set[number] = true end
  if user_id then set[user_id] = true end
  return set
end

-- Is this contact the person of the item?
function M.same(item, contact)
  if type(item) ~= "table" then return false end
  local number, user_id = M.of(item)
  local theirs, their_id = M.names(contact.wa_id, contact.user_id)
  return number ~= nil and number == theirs or user_id ~= nil and user_id == their_id
end

---@class whatsapp.Links which number and which id belong together, as the contacts of one change say
---@field by_number table<string, {number?: string, user_id?: string}>
---@field by_user table<string, {number?: string, user_id?: string}>
---@field only? {number?: string, user_id?: string} the one contact, when there is one contact and one sender

---@param contacts any of one change
---@param messages any of the same change
---@return whatsapp.Links?
function M.links(contacts, messages)
  if type(contacts) ~= "table" or type(messages) ~= "table" then return nil end
  local one, first = contacts[1], type(messages[1]) == "table" and messages[1] or {}
  if type(one) == "table" and #contacts == 1 and #messages == 1 and one.wa_id == first.from and one.user_id == first.from_user_id then
    return nil -- mostly: the message says all that its contact says
  end
  local links, count, last = { by_number = {}, by_user = {} }, 0, nil
  for i, contact in ipairs(contacts) do
    if i > MOST_CONTACTS then break end
    count = i
    if type(contact) == "table" then
      local number, user_id = M.names(contact.wa_id, contact.user_id)
      last = { number = number, user_id = user_id }
      if number then links.by_number[number] = last end
      if user_id then links.by_user[user_id] = last end
    end
  end
  local alone = count == 1
  for i = 2, alone and #messages or 0 do
    local message = messages[i]
    alone = alone and type(message) == "table" and message.from == first.from and message.from_user_id == first.from_user_id
  end
  links.only = alone and last or nil
  return links
end

-- Everything that is known of who wrote a message.
---@param message table
---@param links? whatsapp.Links
---@return string? number
---@return string? user_id
---@return string? also another number of the same person: Brazil, Mexico and Argentina have two ways to write one
function M.whole(message, links)
  local number, user_id = names(message.from, message.from_user_id)
  local contact = links and (links.by_number[number or ""] or links.by_user[user_id or ""] or links.only)
  if not contact then return number, user_id end
  local other = contact.number ~= number and contact.number or nil
  return number or other, user_id or contact.user_id, number and other
end

local CHANGES = { user_changed_number = true, user_changed_user_id = true }

---@param message table of the type system
---@return {old_number?: string, old_user?: string, number?: string, user_id?: string}? change nil: it tells of no other name of this person
function M.change(message)
  local system = type(message.system) == "table" and message.system or {}
  if message.type ~= "system" or not CHANGES[system.type] then return nil end
  local old_number, old_user = M.names(message.from, user_of(message.from_user_id) or system.previous_user_id)
  local named = number_of(system.wa_id) or number_of(system.new_wa_id)
  local change = { old_number = old_number, old_user = old_user, number = named,
    user_id = user_of(system.user_id) or user_of(system.new_user_id) or user_of(system.wa_id) or user_of(system.new_wa_id) }
  if system.type == "user_changed_user_id" and not old_number and not old_user then
    change.old_number, change.number = named, nil -- the number stays the same, so it is the one name that we can know
  end
  return change
end

return M
