-- Every message to staff begins here: it becomes a row of kind "card" or "slack", and channels/slack/post.lua carries it out. Nothing here waits.
-- Both kinds share the channel's pace, and cards go first; one chat has one lane, in which the order holds.
-- A message about a chat names its number, goes through the chat's own lane and so arrives in order.

local cases = require "records.cases"
local alerts = require "records.alerts"
local jobs = require "host.jobs"
local log = require "host.log"
local metrics = require "host.metrics"
local text = require "channels.slack.text"

local M = {}

local FOLLOW_UP_EVERY_MS = 60000
local WORDS = 2800

---@param conversation table a row of conversations
---@return string
function M.lane(conversation)
  return "slack:" .. conversation.id
end

local function enqueue(lane, words)
  jobs.put { kind = "slack", lane = lane, payload = { what = "text", text = words } }
end

---Our words in one line, and below them what somebody else wrote, each line of it marked as quoted.
local function said(words, theirs)
  local line = text.fit(words, WORDS, true)
  return theirs and line .. "\n" .. text.quoted(theirs, WORDS) or line
end

---The card of a chat: opens its case and posts it once. While a case is live there is no second card.
---@param conversation table
---@param reason "complete"|"asked"|"model"|"question"|"failed"|"limit"
---@return table case
---@return boolean fresh a card was enqueued
function M.card(conversation, reason)
  local case, fresh = cases.open(conversation, reason)
  if fresh then
    metrics.add("assistant_handoffs_total", 1, { reason = reason })
    M.post_card(case)
  end
  return case, fresh
end

---@param case table
function M.post_card(case)
  jobs.put { kind = "card", lane = "slack:" .. case.conversation_id, unique = "slack:card:" .. tostring(case.id),
    payload = { what = "card", case = case.id } }
end

---New facts, a question or a second wish while the case is live: short, without a button, one message a minute at most.
---@param conversation table
---@param words? string our lines, in which other people's words are parts of a line
---@param theirs? string what the customer wrote, below lead, which is ours
---@param lead? string
function M.follow_up(conversation, words, theirs, lead)
  local case = cases.current(conversation.id)
  local lines = {}
  if words then lines[1] = text.fit(words, 1000) end
  if theirs then lines[#lines + 1] = lead .. "\n" .. text.quoted(theirs, 1000) end
  if not case then return enqueue(M.lane(conversation), text.who(conversation) .. ": " .. table.concat(lines, "\n")) end
  local run_at = cases.note(case, table.concat(lines, "\n"), FOLLOW_UP_EVERY_MS)
  jobs.put { kind = "slack", unique = "slack:follow:" .. tostring(case.id), keep = true, run_at = run_at,
    payload = { what = "follow_up", case = case.id } }
end

---What the customer of a paused chat writes.
---@param conversation table
---@param words string
function M.message_from_customer(conversation, words)
  enqueue(M.lane(conversation), text.who(conversation) .. ":\n" .. text.quoted(words, WORDS))
end

---A reply that was called back when somebody took over.
---@param conversation table
---@param words string
function M.draft(conversation, words)
  enqueue(M.lane(conversation), "Draft for " .. text.who(conversation) .. ", not sent because the chat was taken over:\n"
    .. text.quoted(words, WORDS))
end

---One word about a chat.
---@param conversation table
---@param words string ours, in one line
---@param theirs? string what somebody else wrote
function M.word(conversation, words, theirs)
  enqueue(M.lane(conversation), text.who(conversation) .. ": " .. said(words, theirs))
end

---One word that belongs to no chat we know.
---@param words string ours, in one line
---@param theirs? string what somebody else wrote
function M.note(words, theirs)
  enqueue("slack:notes", said(words, theirs))
end

---A word about the service: once per cause in 15 minutes, then with how often it happened meanwhile.
---@param cause string short and stable, like "whatsapp.auth"
---@param words string no secrets
---@param quiet_ms? integer instead of the 15 minutes
function M.alert(cause, words, quiet_ms)
  log.warn("alert", { cause = cause })
  local tell, before, next_at = alerts.count(cause, quiet_ms)
  if tell then
    local more = before > 0 and " (" .. tostring(before) .. " more like this before)" or ""
    jobs.put { kind = "slack", lane = "alerts", payload = { what = "text", text = "⚠️ " .. text.fit(words, WORDS) .. more } }
  elseif before == 1 then
    jobs.put { kind = "slack", unique = "slack:alert:" .. cause, keep = true, run_at = next_at,
      payload = { what = "alert", cause = cause, text = text.fit(words, WORDS) } }
  end
end

return M
