-- The inbox's reader: goes through one accepted webhook item by item. webhook takes it apart, hear decides what follows a message. An item
-- that cannot be read is parked with its reason, and the others are read. Nothing here waits.

local beside = require "channels.whatsapp.beside"
local changes = require "channels.whatsapp.changes"
local conversations = require "records.conversations"
local hear = require "channels.whatsapp.hear"
local inbound = require "channels.whatsapp.inbound"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local people = require "records.people"
local seen = require "records.seen"
local sender = require "channels.whatsapp.sender"
local statuses = require "channels.whatsapp.statuses"
local strip = require "channels.whatsapp.strip"
local tell = require "staff.tell"
local webhook = require "channels.whatsapp.webhook"
local whose = require "channels.whatsapp.whose"

local M = {}

local QUIET = {}

function QUIET.edit(event, now)
  if event.original then changes.read(event, now, hear.arrived, hear.heard) end
end

QUIET.revoke = QUIET.edit

function QUIET.system(_, now, item) whose.changed(item, now) end

-- again: collects the names of the people whose erased messages were delivered again.
local function read_message(item, one, now, again)
  inbox.about(inbound.whose(item))
  local event, reason = inbound.message(item, one.names, now, one.links)
  local id = event and event.id or type(item) == "table" and type(item.id) == "string" and item.id
  local stored, erasures, changed, by_number, by_user
  if id then stored, erasures, changed, by_number, by_user = messages.known(id, event and event.number, event and event.user_id) end
  if erasures and (people.is_erased_message(id) or event and event.original and people.is_erased_message(event.original)) then
    again[#again + 1] = sender.set(event and event.number, event and event.user_id)
    return log.debug("whatsapp.erased", {})
  end
  if not event then return inbox.park(reason, json.encode(item)) end
  if event.number and event.number == one.own then
    return log.info("whatsapp.own_message", {})
  end
  if stored then return log.debug("whatsapp.duplicate", { from = mask(event.conversation) }) end
  whose.find(event, now, by_number, by_user)
  inbox.about(event.conversation)
  if event.silent then
    local once = event.for_staff or event.kind == "system" -- no message is stored that would show that it came before
    if once and not seen.first(id, now) then return log.debug("whatsapp.duplicate", { from = mask(event.conversation) }) end
    if QUIET[event.kind] then QUIET[event.kind](event, now, item) end
    local conversation = event.for_staff and (conversations.get(event.conversation)
      or { id = event.conversation, phone_number = event.number or "" })
    if conversation and not conversation.blocked_at then tell.word(conversation, event.for_staff[1]) end
    return log.debug("whatsapp.silent", { kind = event.kind })
  end
  if changed then changes.early(event) end
  hear.arrived(event, now)
end

local function read_one_message(one, now, again) read_message(one.item, one, now, again) end

local function read_one_status(one, now, again) statuses.read(one.item, one.first, now, again) end

local function read_one_beside(one, now) beside[one.field](one.item, now) end

local READERS = { message = read_one_message, status = read_one_status, beside = read_one_beside }

-- A webhook with many items is read in pieces, but decoded once.
local large = {}

local function items_in(row)
  if large.body == row.body then return large.items end
  large = {}
  local items = webhook.items(row.body, READERS)
  if items and row.most and #items > row.most then large = { body = row.body, items = items } end
  return items
end

-- An item that makes this reader fail gets a row of its own, so that the others are read. Alone it is parked, and read again after a
-- reload.
local function set_apart(one, row)
  local contacts, value = type(one.value.contacts) == "table" and one.value.contacts or {}, json.array()
  for _, contact in ipairs(contacts) do
    if #contacts == 1 or type(contact) == "table" and sender.same(one.item, contact) then value[#value + 1] = contact end
  end
  value = { metadata = one.value.metadata, contacts = value, [one.field] = json.array { one.item } }
  log.warn("whatsapp.set_apart", { row = row.id, item = row.place + 1, why = row.refused })
  inbox.put("whatsapp", json.encode { object = "whatsapp_business_account",
    entry = json.array { { changes = json.array { { field = "messages", value = value } } } } })
end

-- Removes the parts of erased people from a redelivered webhook's row, and their bytes from the files. unread: the row is not read to its
-- end, so messages that they wrote after the erasure stay.
local function forget(row_id, again, unread)
  local function erased(id) return type(id) == "string" and people.is_erased_message(id) end
  for _, ids in ipairs(again) do
    local left = inbox.get(row_id)
    if left then inbox.replace(row_id, (strip.person(left.body, ids, erased, unread))) end
  end
  jobs.put { kind = "scrub", unique = "scrub", payload = {} }
end

---@param row host.inbox.Row
---@return integer? place nil: everything is read
function M.run(row)
  local items = items_in(row)
  if not items then return end
  local place, again = row.place or 0, {}
  local last = math.min(#items, place + (row.most or #items))
  if row.refused then
    if #items == 1 or not items[place + 1].field then error(row.refused, 0) end
    set_apart(items[place + 1], row)
    last = place + 1
  else
    for i = place + 1, last do items[i].read(items[i], row.received_at, again) end
  end
  if #again > 0 then forget(row.id, again, last < #items) end
  if last < #items then return last end
  large = {}
end

return M
