-- Reminds a customer of the question that they have not answered. flow/nudges says when; a chat has one job for it.

local conversations = require "records.conversations"
local db = require "host.db"
local jobs = require "host.jobs"
local log = require "host.log"
local mask = require "mask"
local nudges = require "flow.nudges"
local owner = require "owner"
local replies = require "flow.replies"
local say = require "channels.whatsapp.say"
local time = require "host.time"
local window = require "records.window"

local M = {}

local function enqueue(payload, run_at)
  jobs.put { kind = "nudge", unique = "nudge:" .. payload.conversation, run_at = run_at, payload = payload }
end

---A reply with an open question is stored: plans the reminder. It takes the place of one that is planned.
---@param conversation_id string
---@param seq integer the last message that the reply answers
---@param question string
---@param now integer ms
function M.plan(conversation_id, seq, question, now)
  local run_at = nudges.next(owner.business.nudges.after_hours, 0, now, now)
  if run_at then enqueue({ conversation = conversation_id, seq = seq, asked_at = now, question = question }, run_at) end
end

-- Everything is read again now, in the step that stores the reminder.
local function remind(job)
  local asked, now = job.payload, time.now_ms()
  local conversation, case, visit = conversations.for_turn(asked.conversation, now)
  if not conversation or not asked.question or conversation.blocked_at then return nil end
  local at = nudges.due({ conversation = conversation, case = case and case.state ~= "closed" and case or nil, visit = visit,
    seq = asked.seq, asked_at = asked.asked_at, until_ms = window.until_ms(conversation) }, owner.business, now, time)
  if not at then return log.info("nudge.none", { to = mask(conversation.id) }) end
  if at > now then return jobs.later(at, "not due yet, or outside business hours") end
  local words = nudges.fill(replies.say(owner, "nudge", { asked.question }, conversation.language), owner.business.name, asked.question)
  say.say(conversation, words, { kind = "nudge", keys = { "nudge" } })
  conversations.nudged(conversation.id)
  local next_at = nudges.next(owner.business.nudges.after_hours, conversation.nudged + 1, asked.asked_at, now)
  if next_at then enqueue(asked, next_at) end
  log.info("nudge.sent", { to = mask(conversation.id), number = conversation.nudged + 1 })
end

---@param job host.jobs.Job payload.conversation, .seq, .asked_at, .question
function M.run(job)
  return db.transaction(remind, job)
end

return M
