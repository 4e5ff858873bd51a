-- Removes one person from a webhook's body, and keeps everybody else. Pure, except for JSON.

local json = require "host.json"
local sender = require "channels.whatsapp.sender"

local M = {}

local LISTS = { "messages", "statuses", "message_echoes", "calls", "user_preferences" }

-- The message that this one edits or deletes.
local function changed_by(item)
  local change = item.edit or item.revoke
  return type(change) == "table" and change.original_message_id or nil
end

-- A number can have passed to somebody else, so a business-scoped id decides where both have one.
local function is_named(names, number, user_id)
  if user_id and names[user_id] then return true end
  if not number or not names[number] then return false end
  if not user_id then return true end
  for name in pairs(names) do
    if sender.user_id(name) then return false end
  end
  return true
end

local function is_of(item, names, ids, only_ids)
  if type(item) ~= "table" then return false end
  if only_ids then return ids(item.id) or ids(item.biz_opaque_callback_data) or ids(changed_by(item)) end
  return is_named(names, sender.of(item)) or is_named(names, sender.names(item.wa_id, item.user_id))
    or is_named(names, sender.names(item.to, item.to_user_id))
    or ids ~= nil and (ids(item.id) or ids(item.biz_opaque_callback_data))
end

-- The list without the person's items. Adds the ids of the removed items to `taken`.
local function without(list, names, ids, taken, only_ids)
  if type(list) ~= "table" or not json.is_array(list) then return list end
  local rest = json.array()
  for _, item in ipairs(list) do
    if not is_of(item, names, ids, only_ids) then
      rest[#rest + 1] = item
    elseif type(item.id) == "string" then
      taken[#taken + 1] = item.id
    end
  end
  return rest
end

local function holds(list) return type(list) == "table" and next(list) ~= nil end

-- Is there still a message of the person?
local function writes(list, names)
  for _, item in ipairs(type(list) == "table" and list or {}) do
    if is_of(item, names) then return true end
  end
  return false
end

---@param bytes string
---@param names table<string, boolean> the person's numbers and business-scoped ids
---@param ids? fun(id: any): boolean whether it is the id of one of the person's messages
---@param only_ids? boolean removes only what `ids` recognises; the person stays named when more of theirs is left
---@return string? body what is left; nil: nothing worth reading (never with only_ids)
---@return string[] taken ids of the removed messages and statuses
---@return table? whose the removed parts, to show to the person
function M.person(bytes, names, ids, only_ids)
  local body, taken, kept = json.decode(bytes), {}, false
  if type(body) ~= "table" or type(body.entry) ~= "table" then return nil, taken end
  for _, entry in ipairs(body.entry) do
    for _, change in ipairs(type(entry) == "table" and type(entry.changes) == "table" and entry.changes or {}) do
      local value = type(change) == "table" and type(change.value) == "table" and change.value or {}
      for _, name in ipairs(LISTS) do
        if value[name] ~= nil then value[name] = without(value[name], names, ids, taken, only_ids) end
      end
      if not (only_ids and writes(value.messages, names)) then value.contacts = without(value.contacts, names, nil, taken) end
      for _, name in ipairs(LISTS) do kept = kept or holds(value[name]) end
    end
  end
  return (kept or only_ids) and json.encode(body) or nil, taken
end

-- The person's own parts of a webhook's body.
---@param bytes string
---@param names table<string, boolean> the person's numbers and business-scoped ids
---@return table[] items
function M.parts(bytes, names)
  local body, items = json.decode(bytes, { null_as_nil = true }), {}
  for _, entry in ipairs(type(body) == "table" and type(body.entry) == "table" and body.entry or {}) do
    for _, change in ipairs(type(entry) == "table" and type(entry.changes) == "table" and entry.changes or {}) do
      local value = type(change) == "table" and type(change.value) == "table" and change.value or {}
      for _, name in ipairs { "messages", "statuses", "contacts", "message_echoes", "calls", "user_preferences" } do
        for _, item in ipairs(type(value[name]) == "table" and value[name] or {}) do
          if is_of(item, names) then items[#items + 1] = { [name] = item } end
        end
      end
    end
  end
  return items
end

return M
