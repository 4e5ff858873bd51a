-- Pauses of a chat: staff take it over, staff give it back, or the pause ends by itself.

local cases = require "records.cases"
local conversations = require "records.conversations"
local leads = require "staff.leads"
local messages = require "records.messages"
local log = require "host.log"
local time = require "host.time"
local owner = require "owner"
local hours = require "flow.hours"
local plain = require "language.text"
local replies = require "flow.replies"
local tell = require "staff.tell"
local turns = require "records.turns"
local window = require "records.window"

local M = {}

local HOUR_MS = 3600000

-- The name by which a customer is told of a colleague: of "maria.lopez", whose point names.name changed, it is Maria. nil: no letters.
local function first_name(name)
  local letters = plain.shown(name, 60, true):gsub("\u{2024}", " "):match("[%a\128-\255][%a\128-\255'-]*")
  return letters and letters:sub(1, 1):upper() .. letters:sub(2)
end

-- Tells the customer who has the chat now, where the owner wants it: each message costs.
---@param conversation table
---@param what "joined"|"returned"
---@param say? fun(conversation: table, text: string, options: table) nil: nobody is told
---@param name? string
local function notice(conversation, what, say, name)
  if not say or not owner.business.notices[what] or conversation.opted_out == 1 or conversation.blocked_at
    or not window.is_open(conversation, time.now_ms()) then return end
  local key = "notice_" .. what
  local words = replies.get(owner, key, conversation.language)
  if what == "joined" then
    local known = first_name(name)
    if not known then return end
    words = words:gsub("{name}", function() return known end)
  end
  say(conversation, words, { kind = "canned", keys = { key }, told = true })
end

---Gives the chat to this user; the first one wins. It does not wait, so that the caller's writes belong to the same step.
---@param conversation table
---@param user {id: string, name: string}
---@param say? fun(conversation: table, text: string, options: table) tells the customer who joined, where notices.joined is on
---@return "taken"|"again"|"other"
function M.take(conversation, user, say)
  if conversations.pause(conversation.id, user.id, user.name) then
    cases.take(conversation.id, user)
    if cases.current(conversation.id) then leads.changed(conversation.id, "taken", { by = user.name }) end
    notice(conversation, "joined", say, user.name)
    log.info("chat.taken", { user = user.id })
    return "taken"
  end
  if conversation.paused_by and conversation.paused_by ~= user.id then return "other" end
  conversations.pause_active(conversation.id)
  return "again"
end

---The chat goes back to the assistant. What staff have answered needs no other answer. False: it had gone back already.
local function give_back(conversation)
  if not conversations.resume(conversation.id) then return false end
  if cases.close(conversation.id) then leads.changed(conversation.id, "closed", { reason = "returned" }) end
  local seq = cases.staff_seq(conversation.id)
  if seq > conversation.answered_seq then
    conversations.answered(conversation.id, seq, messages.newer_at(conversation.id, seq), conversation.asked, time.now_ms())
  end
  return true
end

---The chat goes back without an answer to what the customer wrote: staff are done with it.
---@param conversation table
---@return boolean released false: it was not paused
function M.release(conversation)
  return conversations.resume(conversation.id)
end

---A click gives the chat back. The assistant answers the customer's last message when staff did not.
---@param conversation table
---@param say? fun(conversation: table, text: string, options: table) tells the customer, where notices.returned is on
---@return boolean given
function M.resume(conversation, say)
  if not give_back(conversation) then return false end
  notice(conversation, "returned", say)
  log.info("chat.returned", {})
  if conversation.opted_out == 0 and #messages.unanswered(conversations.get(conversation.id)) > 0 then
    turns.enqueue(conversation.id)
  end
  return true
end

---The customer writes in a paused chat. When the pause has ended by itself, the chat goes back to the assistant now.
---@param conversation table as it was before this message
---@param now integer ms
---@param say? fun(conversation: table, text: string, options: table) as for resume
---@return boolean ended
function M.over(conversation, now, say)
  if conversation.status ~= "PAUSED" then return false end
  local active_at = conversation.pause_active_at or conversation.paused_at or now
  if now - active_at < owner.business.pause.idle_hours * HOUR_MS or not hours.inside(owner.business.hours, now, time) then return false end
  if not give_back(conversation) then return false end
  notice(conversation, "returned", say)
  log.info("chat.returned", { idle = true })
  tell.word(conversation, "nobody wrote in the pause, so it has ended. The assistant answers again.")
  return true
end

---Asks staff, an hour before a pause ends, whether to keep it.
---@param now integer ms
function M.ask_idle(now)
  local idle_hours = owner.business.pause.idle_hours
  for _, conversation in ipairs(cases.idle_pauses(now - math.max((idle_hours - 1) * HOUR_MS, 0))) do
    cases.pause_asked(conversation.id)
    tell.ask_keep(conversation, idle_hours)
  end
end

return M
