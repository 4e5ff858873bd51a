-- Takes a webhook of WhatsApp apart: bytes become a list of items, each with the function that reads it. What cannot be read becomes an
-- item that parks itself. Messages and statuses for another number than ours are left out.

local codes = require "channels.whatsapp.codes"
local inbound = require "channels.whatsapp.inbound"
local inbox = require "host.inbox"
local json = require "host.json"
local log = require "host.log"
local numbers = require "records.numbers"
local sender = require "channels.whatsapp.sender"
local settings = require "host.settings"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

-- The fields of a change that are read, and the lists in them beside messages and statuses.
local FIELDS = { messages = true, smb_message_echoes = true, message_echoes = true, calls = true, user_preferences = true }
local BESIDE = { "message_echoes", "calls", "user_preferences" }

local function park_one(one) inbox.park(one.reason, json.encode(one.item)) end

local function warn_of(one)
  local fault = one.item
  log.warn("whatsapp.platform_error", { code = type(fault) == "table" and codes.number(fault.code) or 0 })
end

-- Adds each item that value[field] holds to items. (Most fields are missing, so callers look first.)
local function add_list(items, value, field, read, names, own, links)
  local list = value[field]
  if type(list) == "table" and json.is_array(list) then
    for i = 1, #list do
      items[#items + 1] = { read = read, item = list[i], value = value, field = field, first = i == 1, names = names, own = own,
        links = links }
    end
  elseif list ~= json.null then
    items[#items + 1] = { read = park_one, item = list, reason = field .. " that are not a list" }
  end
end

-- A webhook for another number than ours: nobody is answered. When none comes for ours, META_PHONE_NUMBER_ID is wrong.
local function for_another(one, now)
  local ours, other = settings.get("META_PHONE_NUMBER_ID"), tostring(one.number):gsub("[^%w_]", "?"):sub(1, 40)
  local alone, first = numbers.other(ours, other, now)
  local line = { number = other, ours = ours }
  if not alone then return log.info("whatsapp.other_number", line) end
  line.remedy = "put the right id into META_PHONE_NUMBER_ID and restart"
  log.warn("whatsapp.wrong_number", line)
  if not first then return end
  tell.alert("whatsapp.number", ("webhooks come for the number with the id %s, and in the last 24 hours none came for META_PHONE_NUMBER_ID,"
    .. " which is %s, so no customer is answered. Put the right id into META_PHONE_NUMBER_ID (Meta: WhatsApp, API Setup) and restart "
    .. "the service."):format(other, ours))
end

-- Reads one change. Only messages and statuses for our own number are used.
local function add_value(items, value, read)
  local metadata = type(value.metadata) == "table" and value.metadata or {}
  local number_id, ours = metadata.phone_number_id, settings.get("META_PHONE_NUMBER_ID")
  if math.type(number_id) == "integer" then number_id = tostring(number_id) end
  if number_id == ours then
    if ours then numbers.ours(ours, time.now_ms()) end
  elseif number_id ~= nil and number_id ~= json.null then
    items[#items + 1] = { read = for_another, number = number_id }
    return
  end
  local own = type(metadata.display_phone_number) == "string" and metadata.display_phone_number or nil
  if own and not own:find("^%d*$") then own = own:gsub("%D", "") end
  if value.messages ~= nil then
    add_list(items, value, "messages", read.message, inbound.contacts(value.contacts), own, sender.links(value.contacts, value.messages))
  end
  if value.statuses ~= nil then add_list(items, value, "statuses", read.status) end
  for i = 1, #BESIDE do
    if value[BESIDE[i]] ~= nil then add_list(items, value, BESIDE[i], read.beside) end
  end
  if type(value.errors) ~= "table" then return end
  for _, fault in ipairs(value.errors) do items[#items + 1] = { read = warn_of, item = fault } end
end

local function add_change(items, change, read)
  if type(change) ~= "table" then
    items[#items + 1] = { read = park_one, item = change, reason = "a change that is not an object" }
  elseif change.field ~= nil and change.field ~= json.null and not FIELDS[change.field] then
    local field = type(change.field) == "string" and change.field:gsub("[^%w_]", "?"):sub(1, 60) or "?"
    items[#items + 1] = { read = function() log.info("whatsapp.other_field", { field = field }) end }
  elseif type(change.value) ~= "table" then
    items[#items + 1] = { read = park_one, item = change, reason = "a change without a value" }
  else
    add_value(items, change.value, read)
  end
end

---@param bytes string
---@param read {message: function, status: function, beside: function} what reads an item of each kind: fn(item, now, again)
---@return {read: function, item: any, value?: table, field?: string, first?: boolean, names?: table, own?: string, links?: table}[]? items
---  nil: the webhook has nothing to read
function M.items(bytes, read)
  local body, why = json.decode(bytes)
  if body == nil then
    return inbox.park(bytes:sub(1, 2) == "\31\139" and "compressed (gzip), which is not read here" or "not JSON: " .. tostring(why))
  end
  if type(body) ~= "table" or type(body.entry) ~= "table" or not json.is_array(body.entry) then
    return inbox.park("not a webhook of WhatsApp: it has no list of entries")
  end
  if body.object ~= nil and body.object ~= json.null and body.object ~= "whatsapp_business_account" then
    return log.info("whatsapp.other_object", {})
  end
  local items = {}
  for i = 1, #body.entry do
    local entry = body.entry[i]
    local changes = type(entry) == "table" and entry.changes
    if type(changes) == "table" then
      for k = 1, #changes do add_change(items, changes[k], read) end
    else
      items[#items + 1] = { read = park_one, item = entry, reason = "an entry without changes" }
    end
  end
  return items
end

return M
