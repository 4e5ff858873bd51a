-- Finds the chat of a person, however Meta names them: by number, by business-scoped id, by both. What Meta links is remembered. Two chats
-- that turn out to be one person's become one. A known number that comes with another business-scoped id belongs to somebody else now.

local conversations = require "records.conversations"
local db = require "host.db"
local identities = require "records.identities"
local jobs = require "host.jobs"
local leads = require "staff.leads"
local log = require "host.log"
local mask = require "mask"
local merge = require "records.merge"
local names = require "staff.names"
local say = require "channels.whatsapp.say"
local sender = require "channels.whatsapp.sender"
local settings = require "host.settings"
local tell = require "staff.tell"
local turns = require "records.turns"

local M = {}

-- Removes the job with this mark that does not run yet. A job that runs is left alone.
local function cancel(job)
  job.payload = job.payload or {}
  jobs.cancel(jobs.put(job))
end

-- The jobs of the chat that is gone: its turn and the reminders go, its sends change to the lane of the chat that stays.
local function move_jobs(conversation, lost, unsent)
  local lane = "turn:" .. lost.id
  cancel { kind = "turn", lane = lane, unique = lane }
  for _, id in ipairs { lost.id, conversation.id } do cancel { kind = "nudge", unique = "nudge:" .. id } end
  for _, message in ipairs(unsent) do
    cancel { kind = "send", lane = say.lane(lost.id), unique = "send:" .. message, payload = { message = message } }
    say.enqueue(conversation.id, message)
  end
end

-- Makes one chat of two.
---@param a string
---@param b string
---@param now integer ms
---@return string id of the chat that stays
local function join(a, b, now)
  local conversation, lost, unsent, closed = db.transaction(merge.chats, a, b, now)
  move_jobs(conversation, lost, unsent)
  if closed then leads.changed(conversation.id, "closed", { reason = "the same person's other case goes on" }, closed) end
  tell.word(conversation, "is the same person as " .. names.who(lost) .. ". Both chats are one now.")
  log.info("whatsapp.merged", { stays = mask(conversation.id), goes = mask(lost.id) })
  if conversation.status ~= "PAUSED" and conversation.opted_out == 0 and conversation.waiting_since then
    turns.enqueue(conversation.id, now + settings.get("TURN_QUIET_MS"))
  end
  return conversation.id
end

-- Another way to write the person's number, as Meta says.
local function also(event, now)
  local other = identities.find("number", event.also)
  if other == event.conversation then return end
  if not other then return identities.link("number", event.also, event.conversation, now) end
  if not identities.is_taken(other, event.also) then event.conversation = join(event.conversation, other, now) end
end

local function link_both(event, chat, now)
  identities.link("number", event.number, chat, now)
  identities.link("user", event.user_id, chat, now)
end

-- The event's chat, when number and id do not lead to one and the same; nil: it is a new one.
local function unite(event, by_number, by_user, now)
  local number, user_id = event.number, event.user_id
  if by_number and user_id and identities.is_taken(by_number, number) then
    event.takes = by_number
    return by_user
  end
  if by_number and by_user then return join(by_number, by_user, now) end
  local chat = by_number or by_user
  if chat and number and user_id then link_both(event, chat, now) end
  return chat
end

-- Puts the chat's id into the event, before anything else is done with it. It costs no query, unless something new is learnt.
---@param event whatsapp.Event with number or user_id or both; sets conversation; of a person who has no chat also fresh
---@param now integer ms
---@param by_number? string the chat of the number, as identities.chats says
---@param by_user? string the chat of the business-scoped id
function M.find(event, now, by_number, by_user)
  local chat = by_number
  if by_number ~= by_user and (event.user_id or by_user) then chat = unite(event, by_number, by_user, now) end
  if not chat and event.also and not event.takes then
    chat = identities.find("number", event.also)
    if chat and event.user_id and identities.is_taken(chat, event.also) then chat = nil end
    if chat then link_both(event, chat, now) end
  end
  if chat then
    event.conversation = chat
    if event.also then also(event, now) end
    if event.takes then event.fresh = true end
    return
  end
  event.fresh = true
  local kept = event.number and event.user_id and (event.takes or identities.is_taken(event.number, event.number))
  event.conversation = kept and event.user_id or event.number or event.user_id
end

-- The first message of a new chat is stored, or the first from a number that was another person's: remembers who it is.
---@param event whatsapp.Event
---@param now integer ms
function M.remember(event, now)
  link_both(event, event.conversation, now)
  if event.also and not identities.find("number", event.also) then identities.link("number", event.also, event.conversation, now) end
  if not event.takes then return end
  local before = conversations.lost_number(event.takes, event.number)
  local conversation = conversations.get(event.conversation)
  tell.word(conversation, "has a number that was another person's until now: " .. names.who(before) .. ". That chat goes on with its id "
    .. "at WhatsApp, and this one is a new chat.")
end

-- A system message: the person has another number or another business-scoped id now.
---@param item table as Meta posts it
---@param now integer ms
function M.changed(item, now)
  local change = sender.change(item)
  if not change or not (change.number or change.user_id) then return end
  local by_number, by_user = identities.chats(change.old_number, change.old_user)
  local chat = by_user or by_number
  if not chat or not conversations.get(chat) then return end
  local other_number, other_user = identities.chats(change.number, change.user_id)
  for _, other in ipairs { other_number or false, other_user ~= other_number and other_user } do
    if other and other ~= chat and conversations.get(other) then chat = join(chat, other, now) end
  end
  local at = identities.after(chat, now)
  identities.link("number", change.number, chat, at)
  identities.link("user", change.user_id, chat, at)
  local before = conversations.get(chat)
  conversations.renamed(chat, change.number, change.user_id)
  local conversation = conversations.get(chat)
  if change.number and change.number ~= change.old_number then
    tell.word(conversation, ("has changed their WhatsApp number from %s to %s. Both belong to this chat."):format(
      names.phone(change.old_number) or names.who(before), names.phone(change.number) or change.number))
  end
  log.info("whatsapp.changed_name", { conversation = mask(chat) })
end

-- The platform's answer to a send can name the person's number in another way: both are theirs. Its business-scoped ids are not believed.
---@param conversation_id string
---@param to string the number or business-scoped id that we wrote to
---@param contacts any of the answer
---@param now integer ms
function M.answered(conversation_id, to, contacts, now)
  local contact = type(contacts) == "table" and contacts[1]
  local number = type(contact) == "table" and contact.wa_id ~= to and sender.number(contact.wa_id)
  if not number or number == to or contact.input ~= nil and (sender.number(contact.input) or contact.input) ~= to then return end
  local conversation = conversations.get(conversation_id) -- it can have been merged meanwhile
  if not conversation then return end
  local other = identities.find("number", number)
  if not other then
    identities.link("number", number, conversation.id, now)
  elseif other ~= conversation.id and not identities.is_taken(other, number) then
    join(conversation.id, other, now)
  end
end

return M
