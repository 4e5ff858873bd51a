-- With a bot token the thread of a case's card is the chat: each message of either side is posted there once and in order, files too, and
-- the state of what staff wrote there is a reaction on it. These are the jobs that do it.

local answer_url = require "channels.slack.answer_url"
local api = require "channels.slack.api"
local card = require "channels.slack.card"
local cards = require "staff.cards"
local cases = require "records.cases"
local conversations = require "records.conversations"
local facts = require "staff.facts"
local heads = require "language.heads"
local http = require "host.http"
local jobs = require "host.jobs"
local log = require "host.log"
local media = require "records.media"
local messages = require "records.messages"
local names = require "staff.names"
local outage = require "channels.slack.outage"
local plain = require "language.text"
local posts = require "records.slack_posts"
local settings = require "host.settings"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local WAIT_MS = 3000 -- for the card, whose thread it is
local UPLOAD_MS = 120000
local SIGNS = { accepted = "outbox_tray", sent = "outbox_tray", delivered = "white_check_mark", read = "eyes", failed = "x",
  unknown = "question" }
local TRIES = 6
local DAY_MS = 24 * 3600000
local NO_SCOPE = "missing_scope"

M.MORE = "#" -- between the place of a message and the number of its second, third… file

---The thread of a chat: of the card of its newest case that has one.
---@param conversation_id string
---@return {channel: string, ts: string}?
function M.of(conversation_id)
  local case = api.bot() and cases.carded(conversation_id)
  return case and case.channel == settings.get("SLACK_CHANNEL_ID") and { channel = case.channel, ts = case.ts } or nil
end

-- While Slack takes nothing it waits as the posts do; what Slack refuses is not tried again. A scope that is missing is told once a day.
local function again(job, verdict, reason, wait_ms)
  if verdict == "busy" or verdict == "door" and reason ~= NO_SCOPE then return outage.settle(job, verdict, reason, wait_ms) end
  log.warn("slack.thread", { reason = reason, job = job.payload.what })
  if reason == NO_SCOPE then
    tell.alert("slack.scope", "The Slack app lacks a scope, so not everything can be shown in threads. `assistant check --online` "
      .. "names it. Add it under OAuth & Permissions, then press Reinstall.", DAY_MS)
  end
  return nil
end

---A chat that has a case gets a card of its own in the channel. Without one there is no thread.
---@param conversation_id string
local function renew(conversation_id)
  jobs.put { kind = "card", lane = "slack:renew:" .. conversation_id, unique = "slack:renew:" .. conversation_id, keep = true,
    payload = { what = "renew", conversation = conversation_id } }
end

---The card of a chat is gone, and with it the thread, so a new one is posted. What staff write in the old thread still belongs to the chat.
---@param conversation_id string
function M.gone(conversation_id)
  local case = cases.carded(conversation_id)
  if not case then return end
  log.warn("slack.card_gone", { case = case.id })
  for _, place in ipairs(cases.uncarded(conversation_id)) do
    posts.add { channel = place.channel, ts = place.ts, conversation = conversation_id, staff = false }
  end
  renew(conversation_id)
end

---Posts the card of a chat whose card is gone, or was posted before there was a bot.
---@async
function M.renewed(job, deliver)
  local known = facts.gather(job.payload.conversation)
  if not known or not known.case or M.of(known.conversation.id) then return nil end
  local paused = known.conversation.status == "PAUSED"
  if not paused and known.case.state == "closed" then return nil end
  local outcome, answer = deliver(job, card.payload(paused and cards.taken(known) or cards.open(known)))
  if outcome == nil and answer then cases.posted(known.case.id, answer.channel, answer.ts) end
  return outcome
end

-- The thread, or what the job does until there is one; nothing: there is none to wait for.
local function thread_or_wait(job, conversation)
  local thread = M.of(conversation.id)
  if thread then return thread end
  local case = cases.last(conversation.id)
  if not case or time.now_ms() - job.created_at >= DAY_MS then return nil end
  if case.state == "closed" and conversation.status ~= "PAUSED" then return nil end
  if case.state == "closed" or case.posted_at then renew(case.conversation_id) end
  return nil, jobs.later(time.now_ms() + WAIT_MS, "after the card")
end

local function author_of(message, conversation)
  if message.role == "user" then return names.name(conversation.name) or names.number(conversation) end
  return names.name(message.author) or "Assistant"
end

local function line_of(message, conversation)
  local theirs = message.role == "user"
  local words = heads.shown(message.content, message.kind, theirs and messages.quoted(message) or nil)
  local head = theirs and names.who(conversation) or author_of(message, conversation) .. " to " .. names.number(conversation)
  return head .. ":\n> " .. plain.squeeze(plain.shown(words, 2800)):gsub("\n", "\n> ")
end

---Posts one message of the chat in its thread.
---@param deliver fun(job: host.jobs.Job, payload: table, place: table?): any, table? post.lua's
---@async
function M.mirror(job, deliver)
  local message, conversation = messages.get(job.payload.message), conversations.get(job.payload.conversation)
  if not message or not conversation or posts.of_message(message.id) then return nil end
  local thread, outcome = thread_or_wait(job, conversation)
  if not thread then return outcome end
  local answer
  outcome, answer = deliver(job, card.words(line_of(message, conversation)), { thread_ts = thread.ts, conversation = conversation.id })
  if outcome == nil and answer and answer.ts then
    posts.add { channel = thread.channel, ts = answer.ts, conversation = conversation.id, message = message.id, staff = false }
  end
  return outcome
end

---Posts what was said before the card, as the first thing in its thread.
---@async
function M.so_far(job, deliver)
  local conversation = conversations.get(job.payload.conversation)
  if not conversation then return nil end
  local thread, outcome = thread_or_wait(job, conversation)
  if not thread then return outcome end
  local lines = { names.who(conversation) .. ", so far:" }
  for _, message in ipairs(messages.last_of_both(conversation.id, 20, job.payload.upto)) do
    lines[#lines + 1] = ("> %s: %s"):format(author_of(message, conversation), plain.shown(message.content, 250, true))
  end
  if #lines == 1 then return nil end
  return (deliver(job, card.words(table.concat(lines, "\n")), { thread_ts = thread.ts, conversation = conversation.id }))
end

---Uploads a kept file of the customer into the thread. When Slack takes none, the thread says where it is.
---@async
function M.file(job, deliver)
  local row, conversation = media.get(job.payload.media), conversations.get(job.payload.conversation)
  if not row or row.state ~= "stored" or not conversation then return nil end
  local thread, outcome = thread_or_wait(job, conversation)
  outcome = thread and outage.held() or outcome
  if not thread or outcome then return outcome end
  local name = row.name and plain.shown(row.name, 100, true)
    or ("%s-%d.%s"):format(row.kind, row.id, (row.mime or ""):match("/(%w+)") or "bin")
  local verdict, reason, wait_ms, place = api.call_form("files.getUploadURLExternal", { filename = name, length = row.bytes })
  local function refused(why)
    log.warn("slack.no_file", { reason = why })
    local words = ("%s: %s could not be shown in Slack (%s). It is kept: assistant media list %s"):format(names.who(conversation), name,
      why, names.digits(conversation) or conversation.id)
    return (deliver(job, card.words(words), { thread_ts = thread.ts, conversation = conversation.id }))
  end
  if verdict == "busy" then return again(job, verdict, reason, wait_ms) end
  if verdict ~= "ok" or not place or not answer_url.is_file(place.upload_url, settings.get("SLACK_API_URL")) then
    return refused(reason or "no upload address of Slack")
  end
  local response, err = http.request { url = place.upload_url, method = "POST", timeout_ms = UPLOAD_MS, max_bytes = 65536,
    form_data = { { name = "file", file = row.hash, filename = name, type = row.mime or "application/octet-stream" } } }
  if not response or response.status ~= 200 then
    local why = response and "HTTP " .. response.status or err.kind
    return job.attempts < TRIES and again(job, "busy", why) or refused(why)
  end
  verdict, reason, wait_ms = api.call("files.completeUploadExternal", { files = { { id = place.file_id, title = name } },
    channel_id = thread.channel, thread_ts = thread.ts })
  if verdict == "busy" then return again(job, verdict, reason, wait_ms) end
  if verdict ~= "ok" then return refused(reason) end
  return outage.settle(job, "ok")
end

-- Adds or removes a reaction. What is so already is no failure.
local function react(method, row, name)
  local verdict, reason, wait_ms = api.call("reactions." .. method, { channel = row.channel, timestamp = row.ts, name = name })
  if verdict == "ok" or reason == "already_reacted" or reason == "no_reaction" or reason == "message_not_found" then return true end
  return false, reason, wait_ms, verdict
end

---Shows a sign on a message of staff in place of the one before.
---@async
---@return boolean done
---@return string? reason
---@return integer? wait_ms
---@return string? verdict of the answer
function M.sign(row, name)
  if row.sign == name then return true end
  if row.sign then
    local gone, why, wait, verdict = react("remove", row, row.sign)
    if not gone then return false, why, wait, verdict end
  end
  local done, reason, wait_ms, verdict = react("add", row, name)
  if done then posts.signed(row.channel, row.ts, name) end
  return done, reason, wait_ms, verdict
end

---Shows how the delivery of what staff wrote in the thread stands.
---@async
function M.state(job)
  local row, message = posts.of_message(job.payload.message), messages.get(job.payload.message)
  local name = message and SIGNS[message.state]
  if not row or row.staff ~= 1 or not name or row.ts:find(M.MORE, 1, true) then return nil end
  local held = row.sign ~= name and outage.held()
  if held then return held end
  local done, reason, wait_ms, verdict = M.sign(row, name)
  if not done then return again(job, verdict, reason, wait_ms) end
  return outage.settle(job, "ok")
end

---Gives a case's card its look of now.
---@async
function M.refresh(job)
  local known = facts.gather(job.payload.conversation)
  local thread = known and M.of(known.conversation.id)
  if not thread then return nil end
  known.typed = job.payload.typed
  local live = known.case and known.case.state ~= "closed"
  local shown = known.conversation.status == "PAUSED" and cards.taken(known) or live and cards.open(known)
    or cards.returned(known, job.payload.by)
  local payload, held = card.payload(shown), outage.held()
  if held then return held end
  local verdict, reason, wait_ms = api.call("chat.update", { channel = thread.channel, ts = thread.ts, text = payload.text,
    blocks = payload.blocks })
  if verdict == "busy" or verdict == "door" then return again(job, verdict, reason, wait_ms) end
  if verdict == "ok" then return outage.settle(job, "ok") end
  log.warn("slack.card_not_updated", { reason = reason })
  if reason == "message_not_found" and (live or known.conversation.status == "PAUSED") then M.gone(known.conversation.id) end
  return nil
end

return M
