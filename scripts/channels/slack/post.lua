-- The job that posts what staff/ stored to Slack. While Slack is down or refuses all posts, everything waits (outage.lua). A card that
-- Slack finds malformed is sent again in plainer forms, so that no card is lost because of its form.

local jobs = require "host.jobs"
local log = require "host.log"
local settings = require "host.settings"
local time = require "host.time"
local api = require "channels.slack.api"
local cases = require "records.cases"
local card = require "channels.slack.card"
local cards = require "staff.cards"
local facts = require "staff.facts"
local conversations = require "records.conversations"
local names = require "staff.names"
local posts = require "records.slack_posts"
local outage = require "channels.slack.outage"
local sum_up = require "channels.slack.sum_up"
local tell = require "staff.tell"
local text = require "channels.slack.text"
local threads = require "channels.slack.thread"
local answer_url = require "channels.slack.answer_url"

local M = {}

local ANSWER_POSTS = 3 -- of one click; Slack takes five
local ANSWER_MS = 30 * 60000
local AFTER_CARD_MS = 5000
local SENDING_MS, SENDING_LOOK_MS = 4000, 200

local NO_THREAD = "thread_not_found"

---Posts to the channel: with a bot token by the Web API, else by the incoming webhook.
---@param place? {thread_ts: string, broadcast?: boolean} with a bot token: the thread
local function send(payload, place)
  local body = { text = payload.text, blocks = payload.blocks, parse = payload.parse, unfurl_links = false, unfurl_media = false }
  if not api.bot() then return api.post(settings.get("SLACK_WEBHOOK_URL"), body) end
  body.channel, body.thread_ts = settings.get("SLACK_CHANNEL_ID"), place and place.thread_ts
  body.reply_broadcast = place and place.broadcast or nil
  return api.call("chat.postMessage", body)
end

---Sends a payload in its forms, from the best to the plainest. Waits.
---@async
local function send_in_some_form(payload, place)
  local verdict, reason, wait_ms, answer = send(payload, place)
  if verdict ~= "form" or not payload.blocks or reason == NO_THREAD then return verdict, reason, wait_ms, answer end
  log.error("slack.blocks_refused", { reason = reason })
  local plain, bare = card.simpler(payload)
  local without = card.without_boxes(payload)
  local forms = without and { without, plain, bare } or { plain, bare }
  for _, form in ipairs(forms) do
    verdict, reason, wait_ms, answer = send(form, place)
    if verdict ~= "form" then break end
  end
  return verdict, reason, wait_ms, answer
end

---Posts to the channel, or into a thread. Returns nil when Slack has accepted it, otherwise what the job does next; and Slack's answer.
---@async
---@param place? {thread_ts: string, conversation: string, broadcast?: boolean}
local function deliver(job, payload, place)
  local held = outage.held()
  if held then return held end
  local verdict, reason, wait_ms, answer = send_in_some_form(payload, place)
  -- Where the thread is gone, Slack posts into the channel and says nothing of it.
  local posted = verdict == "ok" and place and answer and type(answer.message) == "table" and answer.message
  if posted and not posted.thread_ts then threads.gone(place.conversation) end
  if place and reason == NO_THREAD then
    threads.gone(place.conversation)
    return jobs.retry(AFTER_CARD_MS, "the thread is gone")
  end
  return outage.settle(job, verdict, reason, wait_ms), answer
end

---Where words about a chat go: into its thread, when there is one.
---@param broadcast? boolean also to the channel
local function place_of(conversation_id, broadcast)
  local thread = conversation_id and threads.of(conversation_id)
  return thread and { thread_ts = thread.ts, broadcast = broadcast, conversation = conversation_id } or nil
end

---The card with the facts of this moment.
---@async
local function post_card(job)
  local case = cases.get(job.payload.case)
  if not case or case.state == "closed" or case.posted_at then return nil end -- the probe that closed the circuit was this card
  local known = facts.gather(case.conversation_id, case)
  if not known then return nil end
  local shown = known.conversation.status == "PAUSED" and cards.taken(known) or cards.open(known)
  local outcome, answer = deliver(job, card.payload(shown))
  if outcome == nil then cases.posted(case.id, answer and answer.channel, answer and answer.ts) end
  return outcome
end

---@async
local function post_follow_up(job)
  local case = cases.get(job.payload.case)
  if not case or (case.notes or "") == "" then return nil end
  if case.state ~= "closed" and not case.posted_at then
    return jobs.later(time.now_ms() + AFTER_CARD_MS, "after the card")
  end
  local conversation = conversations.get(case.conversation_id)
  if not conversation then return nil end
  local notes = job.payload.plain and case.notes or text.plain(case.notes) -- older versions stored notes that were escaped for Slack
  local outcome = deliver(job, card.words(names.who(conversation) .. ": " .. notes), place_of(conversation.id))
  if outcome == nil then tell.followed_up(case.id, case.notes) end
  return outcome
end

---A card with a button that asks about a paused chat.
---@async
local function post_keep(job)
  local conversation = conversations.get(job.payload.conversation)
  if not conversation or conversation.status ~= "PAUSED" then return nil end
  return (deliver(job, card.payload(cards.keep(conversation, job.payload.hours)), place_of(conversation.id, true)))
end

-- A quote that has just been given to WhatsApp is shown as sent or not, so the card waits a moment for it. nil: now.
local function settles(job, known)
  local sending = known.offer and known.offer.state == "sending" and time.now_ms() - job.created_at < SENDING_MS
  return sending and jobs.later(time.now_ms() + SENDING_LOOK_MS, "the quote is on its way") or nil
end

---Answers to the response_url of a click: at most three posts in 30 minutes. When that fails, the channel shows it.
---@async
local function post_answer(job)
  local payload = job.payload.body
  if not payload then -- the card's new look, read now, so that a late one is right too
    local known = facts.gather(job.payload.conversation)
    if not known then return nil end
    local wait = settles(job, known)
    if wait then return wait end
    known.typed = job.payload.typed
    payload = card.payload(cards.now(known, job.payload.by))
    payload.replace_original = true
  end
  local reason = "the host is not one of SLACK_RESPONSE_HOSTS"
  if answer_url.allowed(job.payload.url, settings.get("SLACK_RESPONSE_HOSTS")) then
    local verdict, why, wait_ms = api.post(job.payload.url, payload)
    local without = verdict == "form" and job.attempts + 2 <= ANSWER_POSTS and card.without_boxes(payload)
    if without then verdict, why, wait_ms = api.post(job.payload.url, without) end
    if verdict == "ok" then return nil end
    local age_ms = time.now_ms() - job.created_at
    if verdict == "busy" and not without and job.attempts + 1 < ANSWER_POSTS and age_ms < ANSWER_MS then
      return jobs.retry(wait_ms or outage.backoff(job.attempts * 2), "response_url: " .. why)
    end
    reason = why
  end
  log.warn("slack.answer_not_shown", { reason = reason })
  if not job.payload.body then
    jobs.put { kind = "card", lane = tell.lane(job.payload.conversation),
      payload = { what = "control", conversation = job.payload.conversation, by = job.payload.by, typed = job.payload.typed } }
  end
  return nil
end

---A take-over without a response_url: its card goes to the channel, so that staff can give the chat back.
---@async
local function post_control(job)
  local known = facts.gather(job.payload.conversation)
  if not known or known.conversation.status ~= "PAUSED" then return nil end
  local wait = settles(job, known)
  if wait then return wait end
  known.typed = job.payload.typed
  local outcome, answer = deliver(job, card.payload(cards.taken(known)))
  if outcome == nil and answer and answer.ts then
    if known.case then cases.posted(known.case.id, answer.channel, answer.ts) end
    -- A chat without a case has a thread, too: what staff write there is for it.
    posts.add { channel = answer.channel, ts = answer.ts, conversation = known.conversation.id, staff = false }
  end
  return outcome
end

local HANDLERS = {
  card = post_card, follow_up = post_follow_up, keep = post_keep, answer = post_answer, control = post_control,
  words = function(job)
    local payload = job.payload
    local words = card.words(payload.text, not api.bot() and payload.reply or nil)
    return (deliver(job, words, place_of(payload.conversation, payload.broadcast)))
  end,
  mirror = function(job) return threads.mirror(job, deliver) end, so_far = function(job) return threads.so_far(job, deliver) end,
  file = function(job) return threads.file(job, deliver) end, renew = function(job) return threads.renewed(job, deliver) end,
  state = threads.state, refresh = threads.refresh,
  summary = function(job) return (deliver(job, card.words(sum_up.words(job.payload)))) end,
  -- A message of an older version, whose row was ready for Slack.
  text = function(job) return (deliver(job, card.mrkdwn(job.payload.text))) end,
  -- How often an alert's cause came back during its quiet time.
  alert = function(job) tell.alert_again(job.payload.cause, job.payload.words or text.plain(job.payload.text)) end,
}

---@async
---@param job host.jobs.Job
function M.run(job)
  local handler = HANDLERS[job.payload.what]
  if not handler then return jobs.dead("unknown: " .. tostring(job.payload.what)) end
  return handler(job)
end

M.start, M.look = outage.start, outage.look

return M
