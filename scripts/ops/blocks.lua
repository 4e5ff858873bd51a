-- Blocks a person: their messages are stored and counted, and nothing else follows: no turn, no message to them, no word to staff.
-- Our own list decides. WhatsApp is asked too (the job `block`, channels/whatsapp/block), so that nothing more comes.

local audit = require "records.audit"
local cases = require "records.cases"
local conversations = require "records.conversations"
local identities = require "records.identities"
local jobs = require "host.jobs"
local leads = require "staff.leads"
local log = require "host.log"
local names = require "staff.names"
local people = require "records.people"
local time = require "host.time"
local window = require "records.window"

local M = {}

local COMMAND = { id = "command line", name = "the command line" }

local function ask_whatsapp(id)
  jobs.put { kind = "block", lane = "block:" .. id, unique = "block:" .. id, payload = { conversation = id } }
end

---Blocks the person of a chat. Call it in a transaction; afterwards call whatsapp.hush, so that nothing under way leaves.
---@param conversation table a row of conversations
---@param by {id: string, name: string, team?: string} who does it
---@return boolean changed false: they were blocked before
---@return boolean? asked WhatsApp is asked too; it takes only people who wrote in the last 24 hours
function M.block(conversation, by)
  local now = time.now_ms()
  if not conversations.block(conversation.id, by.name, now) then return false end
  audit.add(by, "block", conversation.id)
  if cases.close(conversation.id) then leads.changed(conversation.id, "closed", { reason = "blocked", by = by.name }) end
  conversations.resume(conversation.id, now)
  local asked = now - conversation.inbound_at < window.OPEN_MS
  if asked then ask_whatsapp(conversation.id) end
  log.info("chat.blocked", { user = by.id })
  return true, asked
end

---@param conversation table
---@param by {id: string, name: string, team?: string}
---@return boolean changed false: they were not blocked
function M.unblock(conversation, by)
  people.unblocked(people.names(conversation.id))
  if not conversations.unblock(conversation.id, time.now_ms()) then return false end
  audit.add(by, "unblock", conversation.id, conversation.blocked_by)
  ask_whatsapp(conversation.id)
  log.info("chat.unblocked", { user = by.id })
  return true
end

-- ---- the commands ----

local function day(at) return names.date(at, time, true) end

local function messages_since(count) return ("%d message%s since"):format(count, count == 1 and "" or "s") end

local function list()
  local lines = {}
  for i, conversation in ipairs(conversations.blocked()) do
    lines[i] = ("%s: blocked on %s by %s, %s"):format(names.who(conversation), day(conversation.blocked_at),
      conversation.blocked_by or "nobody known", messages_since(conversation.blocked_messages))
  end
  local erased = people.blocked_marks()
  if erased > 0 then
    lines[#lines + 1] = ("Erased people who stay blocked: %d keyed mark%s, which name nobody."):format(erased, erased == 1 and "" or "s")
  end
  return #lines > 0 and table.concat(lines, "\n") or "Nobody is blocked."
end

-- The chat of a typed number or id; a person who never wrote gets one.
local function chat_of(ids)
  local conversation = people.find(ids)
  if conversation then return conversation, true end
  local id, now = ids[1], time.now_ms()
  local number = not id:find("%D") and id or nil
  conversations.meet({ conversation = id, number = number, user_id = not number and id or nil }, now)
  identities.link(number and "number" or "user", id, id, now)
  return conversations.get(id), false
end

local USAGE = "Usage: assistant %s PHONE   (the number with its country code, like +1 416 555 1234, or the id that staff see)"

---`assistant block`, `assistant block PHONE`, `assistant block --platform`
---@async
---@param args string[]
---@param whatsapp {hush: fun(id: string), blocked: fun(): string?, string?}
---@return string? report
---@return string? problem
function M.command(args, whatsapp)
  if #args == 0 then return list() end
  if args[1] == "--platform" and #args == 1 then return whatsapp.blocked() end
  local ids = #args == 1 and people.ids(args[1]) or {}
  if #ids == 0 then
    return nil, USAGE:format("block") .. "\nWithout PHONE it lists who is blocked here, with --platform who is blocked there."
  end
  local conversation, known = chat_of(ids)
  local who = names.who(conversation)
  local changed, asked = M.block(conversation, COMMAND)
  if not changed then
    return ("%s was blocked already, on %s by %s."):format(who, day(conversation.blocked_at), conversation.blocked_by or "nobody known")
  end
  whatsapp.hush(conversation.id)
  return ("%s is blocked%s. What they write is stored, and nothing follows from it. `assistant unblock` ends it.\n%s"):format(who,
    known and "" or ", although they never wrote here",
    asked and "WhatsApp is asked to block them too. If it refuses, staff are told, and the block here still counts."
      or "WhatsApp blocks only people who wrote in the last 24 hours. So it is asked when they write again.")
end

---`assistant unblock PHONE`
---@param args string[]
---@return string? report
---@return string? problem
function M.unblock_command(args)
  local ids = #args == 1 and people.ids(args[1]) or {}
  if #ids == 0 then return nil, USAGE:format("unblock") end
  local conversation = people.find(ids)
  local count = conversation and conversation.blocked_messages
  if conversation and M.unblock(conversation, COMMAND) then
    return ("%s is not blocked any more. Their next message is answered. Stored and not answered: %s."):format(names.who(conversation),
      messages_since(count):gsub(" since$", ""))
  end
  if not conversation and people.unblocked(ids) > 0 then
    return ("%s was erased while they were blocked. They are not blocked any more."):format(names.phone(ids[1]) or ids[1])
  end
  return nil, ("%s is not blocked. Nothing was changed."):format(conversation and names.who(conversation) or names.phone(ids[1]) or ids[1])
end

---A blocked person wrote, so WhatsApp does not block them. It is asked again at the 1st, 10th, 100th… such message.
---@param id string
---@param count integer of their messages since they were blocked
function M.wrote(id, count)
  if tostring(count):find("^10*$") then
    jobs.put { kind = "block", lane = "block:" .. id, unique = "block:" .. id, payload = { conversation = id, again = true } }
  end
end

return M
