-- Looks once per minute for cases and pauses that are due: reminders in business time, customers whose case could not be posted, cases
-- without a message for a day, idle pauses. Nothing here waits.

local cases = require "records.cases"
local conversations = require "records.conversations"
local daily = require "staff.daily"
local leads = require "staff.leads"
local replies = require "flow.replies"
local time = require "host.time"
local owner = require "owner"
local hours = require "flow.hours"
local offers = require "staff.offers"
local pauses = require "staff.pauses"
local tell = require "staff.tell"
local window = require "records.window"

local M = {}

local MINUTE_MS = 60000
local LATE_MS = 15 * MINUTE_MS

local function duration(minutes)
  if minutes % 60 == 0 then return ("%d hour%s"):format(minutes // 60, minutes == 60 and "" or "s") end
  return ("%d minutes"):format(minutes)
end

local function remind(now)
  local after = owner.business.reminders.after_minutes
  for _, case in ipairs(cases.waiting(#after)) do
    local minutes = after[case.reminded + 1]
    if minutes and hours.inside(owner.business.hours, now, time)
      and hours.between(owner.business.hours, case.opened_at, now, time) >= minutes * MINUTE_MS then
      cases.reminded(case.id, case.reminded + 1)
      local conversation = conversations.get(case.conversation_id)
      if conversation then
        local words = ("nobody has taken this chat over for %s (case %d)."):format(duration(math.floor(minutes)), case.id)
        tell.word(conversation, words, nil, true)
      end
    end
  end
end

---Staff could not be reached for 15 minutes, so the customer is told once that the team will see it later.
local function tell_late(now, say)
  for _, case in ipairs(cases.unposted(now - LATE_MS)) do
    if not case.told_late then
      cases.told_late(case.id)
      local conversation = conversations.get(case.conversation_id)
      if conversation and conversation.status ~= "PAUSED" and conversation.opted_out == 0
        and window.is_open(conversation, now) then
        tell.post_card(case) -- it waits already; this keeps the promise even when somebody removed it
        say(conversation, replies.say(owner, "staff_late", cases.last_words(conversation.id), conversation.language),
          { kind = "canned", keys = { "staff_late" }, told = true })
      end
    end
  end
end

---@param say fun(conversation: table, text: string, options: table) whatsapp.say
function M.sweep(say)
  local now = time.now_ms()
  remind(now)
  tell_late(now, say)
  for _, case in ipairs(cases.expire_due(now)) do leads.changed(case.conversation_id, "closed", { reason = "expired" }, case) end
  daily.tell(now)
  pauses.ask_idle(now)
  offers.expire(now)
end

return M
