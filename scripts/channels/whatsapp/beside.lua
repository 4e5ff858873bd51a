-- What Meta posts beside a customer's messages: calls, what staff wrote in the app of the business's phone, and choices about marketing.

local changes = require "records.changes"
local conversations = require "records.conversations"
local identities = require "records.identities"
local inbound = require "channels.whatsapp.inbound"
local inbox = require "host.inbox"
local json = require "host.json"
local kinds = require "channels.whatsapp.kinds"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local pauses = require "staff.pauses"
local people = require "records.people"
local say = require "channels.whatsapp.say"
local seen = require "records.seen"
local sender = require "channels.whatsapp.sender"
local task = require "host.task"
local tell = require "staff.tell"
local whose = require "channels.whatsapp.whose"

local M = {}

local DELETED = require("channels.whatsapp.changes").DELETED
local PHONE = { id = "business phone", name = "The business phone" }

-- The chat of a person, or what names them when they have none yet.
local function chat_of(number, user_id, now)
  local event = { number = number, user_id = user_id }
  whose.find(event, now, identities.chats(number, user_id))
  return conversations.get(event.conversation) or { id = event.conversation, phone_number = number or "" }, event
end

-- A call: nobody answers it here, so staff are told once, when it comes.
function M.calls(item, now)
  local number, user_id
  if type(item) == "table" then number, user_id = sender.names(item.from, item.from_user_id) end
  inbox.about(number or user_id)
  if not number and not user_id then return inbox.park("a call without a usable caller", json.encode(item)) end
  if item.direction == "BUSINESS_INITIATED" or item.event == "terminate" then return log.debug("whatsapp.call", {}) end
  local id = type(item.id) == "string" and item.id or ("call %s %s"):format(number or user_id, tostring(item.timestamp))
  if not seen.first(id, now) then return log.debug("whatsapp.duplicate", {}) end
  log.info("whatsapp.call", { from = mask(number or user_id) })
  local conversation = chat_of(number, user_id, now)
  if conversation.blocked_at then return end
  tell.word(conversation, "called on WhatsApp. Nobody answers calls here, so please call back.")
end

-- A text of ours is edited or deleted in the business's phone: what is stored, and what staff read, is what the customer reads now.
local function changed(item, change, number, user_id, now)
  local conversation = chat_of(number, user_id, now)
  local message = messages.ours(conversation.id, change.original)
  if not message then
    change.id, change.conversation = item.id, conversation.id
    return changes.put(change, now)
  end
  local content = change.content or DELETED
  if message.content == content or message.content == DELETED or change.said_at < (message.edited_at or 0) then return end
  messages.replace(message.id, content, nil, change.said_at, item.id)
  tell.word(conversation, change.content and "a message was edited in the business's phone. It says now:"
    or "a message was deleted in the business's phone. It said:", change.content or message.content)
end

-- A human answered from the business's phone: the text is a message of staff, and the chat is theirs.
function M.message_echoes(item, now)
  local number, user_id
  if type(item) == "table" then number, user_id = sender.names(item.to, item.to_user_id) end
  inbox.about(number or user_id)
  local id = type(item) == "table" and item.id
  if type(id) ~= "string" or id == "" or #id > 512 or id:find("%c") or not number and not user_id then
    return inbox.park("a message of the business's phone without a usable id or customer", json.encode(item))
  end
  local stored, erasures, early = messages.known(id)
  local change = inbound.change(item, now)
  if stored or erasures and (people.is_erased_message(id) or change and people.is_erased_message(change.original)) then
    return log.debug("whatsapp.duplicate", {})
  end
  if change then return changed(item, change, number, user_id, now) end
  local content = kinds.echo(item)
  if not content then return log.debug("whatsapp.silent", { kind = "echo" }) end
  local conversation, event = chat_of(number, user_id, now)
  if event.fresh then
    conversations.meet(event, now)
    whose.remember(event, now)
    conversation = conversations.get(event.conversation)
  end
  local deleted, edited, edited_at, edit_id
  if early then
    deleted, edited, edited_at, edit_id = changes.take { id = id, conversation = conversation.id, number = number, user_id = user_id }
    content = deleted and DELETED or edited or content
  end
  local taken = pauses.take(conversation, PHONE)
  messages.add_assistant({ id = id, conversation = conversation.id, content = content, seq = conversation.last_seq, part = 1,
    kind = "staff", author = PHONE.id, state = "sent" }, now)
  if edit_id then messages.replace(id, content, nil, edited_at, edit_id) end
  conversations.staff_reached(conversation.id, now)
  if taken == "taken" then task.spawn(say.recall, conversation.id) end -- once the pause is stored
  log.info("whatsapp.echo", { to = mask(conversation.id) })
  local silent = taken == "taken" and " The assistant is silent in this chat now." or ""
  tell.word(conversation, "got a message from the business's phone." .. silent, content)
end

-- The customer allows or refuses marketing messages. The assistant sends none, so it is only noted.
function M.user_preferences(item)
  local number, user_id
  if type(item) == "table" then number, user_id = sender.names(item.wa_id, item.user_id) end
  local value = type(item) == "table" and type(item.value) == "string" and item.value:gsub("[^%w_]", "?"):sub(1, 20) or "?"
  log.info("whatsapp.preference", { from = mask(number or user_id or ""), value = value })
end

return M
