-- Stores every message to staff, as plain text, in a row of kind "card" or "slack" (the names that older versions used). The channel
-- that main.lua names posts it. Nothing here waits.
-- Both kinds share the channel's rate, and cards go first. A message about a chat names its number and uses the chat's own lane, so it
-- arrives in order. A line that begins with "> " is quoted.

local alerts = require "records.alerts"
local cases = require "records.cases"
local jobs = require "host.jobs"
local leads = require "staff.leads"
local log = require "host.log"
local messages = require "records.messages"
local metrics = require "host.metrics"
local names = require "staff.names"
local settings = require "host.settings"
local text = require "language.text"
local time = require "host.time"

local M = {}

local FOLLOW_UP_EVERY_MS = 60000
local WORDS = 2800

function M.lane(conversation_id)
  return "slack:" .. conversation_id
end

-- Does the channel keep a thread for each case, in which every message of the chat stands? main.lua says so.
M.threads = false

---@param about? {conversation: string, reply?: string, broadcast?: boolean} the chat that the words are about
local function enqueue(lane, words, about)
  about = about or {}
  jobs.put { kind = "slack", lane = lane, payload = { what = "words", text = words, reply = about.reply, conversation = about.conversation,
    broadcast = about.broadcast } }
end

---What a person or a model wrote. Each line is marked as quoted, so that nobody takes it for ours.
local function quoted(words, limit)
  return "> " .. text.squeeze(text.shown(words, limit or WORDS)):gsub("\n", "\n> ")
end

---Our text in one line, and below it the text of somebody else.
local function said(words, theirs)
  local line = text.shown(words, WORDS, true)
  return theirs and line .. "\n" .. quoted(theirs) or line
end

---Opens the chat's case and posts its card once. A live case gets no second card.
---@param conversation table a row of conversations
---@param reason "complete"|"asked"|"cancel"|"change"|"complaint"|"model"|"question"|"failed"|"limit"|"loop"
---@return table case
---@return boolean fresh a card was enqueued
function M.card(conversation, reason)
  local case, fresh = cases.open(conversation, reason)
  if fresh then
    metrics.add("assistant_handoffs_total", 1, { reason = reason })
    leads.changed(conversation.id, "opened", { reason = reason }, case)
    M.post_card(case)
  end
  return case, fresh
end

function M.post_card(case)
  jobs.put { kind = "card", lane = M.lane(case.conversation_id), unique = "slack:card:" .. tostring(case.id),
    payload = { what = "card", case = case.id } }
  if M.threads and not case.posted_at then
    jobs.put { kind = "slack", lane = M.lane(case.conversation_id), unique = "slack:so_far:" .. tostring(case.id), keep = true,
      payload = { what = "so_far", conversation = case.conversation_id, upto = messages.newest_place() } }
  end
end

---Asks staff whether to keep an idle pause.
function M.ask_keep(conversation, idle_hours)
  jobs.put { kind = "card", lane = M.lane(conversation.id), unique = "slack:keep:" .. conversation.id,
    payload = { what = "keep", conversation = conversation.id, hours = idle_hours } }
end

local function put_follow_up(case_id, run_at)
  jobs.put { kind = "slack", unique = "slack:follow:" .. tostring(case_id), keep = true, run_at = run_at,
    payload = { what = "follow_up", case = case_id, plain = true } }
end

---A short message about a live case: new facts, a question, a second wish for a person. It has no button; at most one per minute.
---@param conversation table
---@param words? string our lines, in which other people's words are parts of a line
---@param theirs? string what the customer wrote, shown below lead
---@param lead? string
function M.follow_up(conversation, words, theirs, lead)
  local case = cases.current(conversation.id)
  local lines = {}
  if words then lines[1] = text.shown(words, 1000) end
  if theirs then lines[#lines + 1] = lead .. "\n" .. quoted(theirs, 1000) end
  local all = table.concat(lines, "\n")
  if not case or cases.is_full(case) then
    return enqueue(M.lane(conversation.id), names.who(conversation) .. ": " .. all, { conversation = conversation.id })
  end
  if conversation.status ~= "PAUSED" then M.refresh(conversation.id) end
  put_follow_up(case.id, cases.note(case, all, FOLLOW_UP_EVERY_MS))
end

---These notes of a case have been posted. Later notes follow in a minute.
function M.followed_up(case_id, notes)
  if cases.followed_up(case_id, notes) then put_follow_up(case_id, time.now_ms() + FOLLOW_UP_EVERY_MS) end
end

---A message of a customer whom the assistant does not answer. In a chat that staff have, they can answer it where they read it. Where the
---thread shows every message, this is none more.
function M.message_from_customer(conversation, words)
  if M.threads and cases.last(conversation.id) then return end
  enqueue(M.lane(conversation.id), names.who(conversation) .. ":\n" .. quoted(words),
    { conversation = conversation.id, reply = conversation.status == "PAUSED" and conversation.id or nil })
end

---A message of either side stands in the chat now: the thread shows it.
---@param conversation_id string
---@param message_id string
function M.said(conversation_id, message_id)
  if not M.threads or not cases.last(conversation_id) then return end
  jobs.put { kind = "slack", lane = M.lane(conversation_id), payload = { what = "mirror", conversation = conversation_id,
    message = message_id } }
end

---A file of the customer is kept: the thread shows it.
---@param row {id: integer, conversation_id: string}
function M.file(row)
  if not M.threads or not cases.last(row.conversation_id) then return end
  jobs.put { kind = "slack", lane = M.lane(row.conversation_id), payload = { what = "file", conversation = row.conversation_id,
    media = row.id } }
end

---The delivery of what staff wrote has another state.
---@param message_id string
function M.state(message_id)
  if not M.threads then return end
  jobs.put { kind = "answer", lane = "slack:state:" .. message_id, payload = { what = "state", message = message_id } }
end

---A case's card says something that is no longer so.
---@param conversation_id string
---@param more? {by?: string, typed?: table<string, string>}
function M.refresh(conversation_id, more)
  if not M.threads then return end
  more = more or {}
  jobs.put { kind = "answer", lane = "slack:card:" .. conversation_id, unique = "slack:refresh:" .. conversation_id,
    payload = { what = "refresh", conversation = conversation_id, by = more.by, typed = more.typed } }
end

---A draft: a reply that was not sent because somebody took over.
function M.draft(conversation, words)
  enqueue(M.lane(conversation.id), "Draft for " .. names.who(conversation) .. ", not sent because the chat was taken over:\n"
    .. quoted(words), { conversation = conversation.id })
end

---A message about a chat.
---@param conversation table
---@param words string ours, in one line
---@param theirs? string what somebody else wrote
---@param broadcast? boolean where it stands in a thread, the channel sees it too
function M.word(conversation, words, theirs, broadcast)
  enqueue(M.lane(conversation.id), said(names.who(conversation) .. ": " .. words, theirs),
    { conversation = conversation.id, broadcast = broadcast })
end

---A message that belongs to no known chat.
---@param words string ours, in one line
---@param theirs? string what somebody else wrote
function M.note(words, theirs)
  enqueue("slack:notes", said(words, theirs))
end

---A message about the service: once per cause in 15 minutes, then with its count.
---@param cause string short and stable, like "whatsapp.auth"
---@param words string no secrets
---@param quiet_ms? integer in place of the 15 minutes
function M.alert(cause, words, quiet_ms)
  log.warn("alert", { cause = cause })
  local tell, before, next_at = alerts.count(cause, quiet_ms)
  words = text.shown(words, WORDS)
  if tell then
    enqueue("alerts", "⚠️ " .. words .. (before > 0 and " (" .. tostring(before) .. " more like this before)" or ""))
  elseif before == 1 then
    jobs.put { kind = "slack", unique = "slack:alert:" .. cause, keep = true, run_at = next_at,
      payload = { what = "alert", cause = cause, words = words } }
  end
end

---Tells the owner by the second route what the staff channel cannot carry. Without one it is in the log alone.
---@param words string counts and remedies; no customer's words, no secrets
function M.outside(words)
  if not settings.get("ALERT_WEBHOOK_URL") then return end
  jobs.put { kind = "second_route", lane = "second_route", payload = { text = "⚠️ " .. words } }
end

---When the quiet time of a cause is over: how often it happened meanwhile.
function M.alert_again(cause, words)
  local count = alerts.settle(cause)
  if count > 0 then enqueue("alerts", "⚠️ " .. tostring(count) .. " more like this: " .. words) end
end

return M
