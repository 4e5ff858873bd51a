-- Turns the host's notices into messages for staff. Nothing here waits.

local alerts = require "records.alerts"
local bookings = require "records.bookings"
local crypto = require "host.crypto"
local conversations = require "records.conversations"
local log = require "host.log"
local messages = require "records.messages"
local owner = require "owner"
local replies = require "flow.replies"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local SAY = {
  parked = "A webhook could not be read and is parked: %s",
  reload_failed = "Reload failed. The previous version of scripts, prompts and secrets is still running: %s",
  not_loaded = "%s",
  rolled_back = "%s",
  versions_unread = "A kept version of scripts and prompts cannot be read: %s",
  not_stored = "No message could be accepted for %s. Messages are accepted again. WhatsApp will deliver the missed ones again.",
}

-- What was just saved is told at once, also when the same was told a moment ago. Only many saves in a row are told once.
local SAVED_QUIET_MS = 10000

-- Another mistake in scripts or prompts is another cause, so an owner who corrects one and makes another is told about both.
local function cause(event, words)
  return event .. " " .. crypto.hex(crypto.sha256(words)):sub(1, 12)
end

-- Saved files are in use. Warnings about them are told to everyone; success only to owners who set notify_reloads.
local function reloaded(words)
  if words ~= "" then
    return tell.alert(cause("reload_warning", words), "The saved changes are in use. Please look at this:\n" .. words, SAVED_QUIET_MS)
  end
  if owner.business.notify_reloads then tell.note("✅ The saved changes are in use.") end
end

-- A mistake in the scripts. `count` failures count against the newest version, because the last good files did the same work. One
-- line of a script is one mistake, whatever values its message holds.
local function script_error(notice)
  local message = notice.message:gsub("%.$", "")
  local one = cause("script_errors", message:match "^[%w_/%.]+:%d+:" or "elsewhere")
  if notice.count == 0 then return tell.alert(one, ("A script failed: %s. Correct it and save the file."):format(message)) end
  tell.alert(one, ("The newest scripts failed (%d so far): %s. The last good files did this work instead, so nobody waits. "
    .. "Correct it and save the file."):format(notice.count, message))
end

local DEAD = {}

-- A send that failed for good by itself has told staff already.
function DEAD.send(notice)
  local message = messages.get(notice.job.payload.message)
  if not message or message.state == "failed" then return end
  local conversation = conversations.get(message.conversation_id)
  if conversation then tell.word(conversation, "a message to the customer is not tried any more: " .. notice.message) end
end

-- A turn that ended the process several times. The customer gets the text `wait`, and their messages are not tried again with the
-- next one.
local function excuse(conversation, say)
  if conversation.status ~= "ACTIVE" or conversation.opted_out == 1 or conversation.answered_seq >= conversation.last_seq then return end
  say(conversation, replies.say(owner, "wait", {}, conversation.language), { kind = "canned", keys = { "wait" }, told = true })
  conversations.answered(conversation.id, conversation.last_seq, nil, conversation.asked, time.now_ms())
end

function DEAD.turn(notice, say)
  local conversation = conversations.get(notice.job.payload.conversation)
  if not conversation then return end
  excuse(conversation, say)
  tell.card(conversation, "failed")
  tell.word(conversation, "could not be answered: " .. notice.message)
end

-- A reminder of a visit was not sent.
function DEAD.reminder(notice)
  local booking = bookings.get(notice.job.payload.booking)
  local conversation = booking and booking.conversation_id and conversations.get(booking.conversation_id)
  if conversation then tell.word(conversation, "the reminder of the on-site assessment was not sent: " .. notice.message) end
end

-- A post to Slack failed for good, so it goes to the log and by the second route, and not to Slack.
function DEAD.slack(notice)
  log.error("slack.dead", { job = notice.job.id, why = notice.message })
  local now, before = alerts.count("second_route dead")
  if not now then return end
  tell.outside(("A message to staff was not posted and is not tried any more.%s `assistant jobs --dead` says why; "
    .. "`assistant requeue ID` tries one again."):format(before > 0 and (" %d more like this before."):format(before) or ""))
end
DEAD.card = DEAD.slack

---@param notice host.Notice
---@param say fun(conversation: table, text: string, options: table) says something to a customer
function M.tell(notice, say)
  notice.message = notice.message:gsub("\nstack traceback:.*", "") -- that is for the log only
  if notice.event == "reloaded" then return reloaded(notice.message) end
  if notice.event == "job_dead" and notice.job then
    local of_kind = DEAD[notice.job.kind]
    if of_kind then return of_kind(notice, say) end
    return tell.alert("job_dead " .. notice.job.kind, "A job is dead: " .. notice.message)
  end
  if notice.event == "script_errors" then return script_error(notice) end
  local saved = notice.event == "reload_failed" or notice.event == "rolled_back"
  local one = (saved or notice.event == "not_loaded") and cause(notice.event, notice.message) or notice.event
  tell.alert(one, (SAY[notice.event] or "%s"):format(notice.message), saved and SAVED_QUIET_MS or nil)
end

return M
