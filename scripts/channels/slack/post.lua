-- The job that posts what staff/ stored to Slack. It retries for a day while Slack is busy or down. When Slack refuses all posts (403,
-- 404, 410), the circuit opens and everything waits for the probe. A card that Slack finds malformed is sent again in plainer forms, so
-- that no card is lost because of its form.

local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local metrics = require "host.metrics"
local settings = require "host.settings"
local time = require "host.time"
local cases = require "records.cases"
local circuits = require "records.circuits"
local clock = require "ops.clock"
local card = require "channels.slack.card"
local cards = require "staff.cards"
local facts = require "staff.facts"
local conversations = require "records.conversations"
local names = require "staff.names"
local tell = require "staff.tell"
local text = require "channels.slack.text"
local answer_url = require "channels.slack.answer_url"

local M = {}

local CIRCUIT = "slack"
local DAY_MS = 24 * 3600000
local MAX_WAIT_MS = 600000
local ANSWER_TRIES = 5
local ANSWER_MS = 30 * 60000
local AFTER_CARD_MS = 5000

-- Errors with which chat.postMessage refuses all posts. The webhook shows it by its status.
local REFUSALS = {
  channel_not_found = true, not_in_channel = true, is_archived = true, invalid_auth = true, not_authed = true,
  account_inactive = true, token_revoked = true, token_expired = true, missing_scope = true, restricted_action = true,
}

-- Errors that mean: too fast.
local LIMITS = { ["429"] = true, ratelimited = true }

local function backoff(attempts)
  local wait = math.min(settings.get("RETRY_BASE_MS") * 2 ^ math.min(attempts, 20), MAX_WAIT_MS)
  return math.floor(wait * (0.85 + 0.3 * math.random()))
end

---The meaning of an answer: "ok", "form" (the blocks are refused), "door" (all posts are refused), "busy", "dead"; why; the wait of busy.
---@param response? host.http.Response
---@param err? host.http.Error
---@return string verdict
---@return string? reason
---@return integer? wait_ms
function M.judge(response, err)
  if not response then return "busy", err and err.kind or "no answer" end
  local status = response.status
  if status == 429 then return "busy", "429", circuits.asked_wait_ms(response) end
  if status >= 500 or status == 408 or status == 425 then return "busy", tostring(status) end
  if status == 400 then return "form", "400" end
  if status == 401 or status == 403 or status == 404 or status == 410 or status >= 300 and status < 400 then
    return "door", tostring(status)
  end
  if status >= 300 then return "dead", tostring(status) end
  if not (response.headers["content-type"] or ""):find("json", 1, true) then return "ok" end
  local body = json.decode(response.body, { null_as_nil = true })
  if type(body) ~= "table" or body.ok ~= false then return "ok" end
  local problem = type(body.error) == "string" and body.error:match("^[%w_]+$") or "not ok"
  if problem == "ratelimited" or problem == "internal_error" or problem == "service_unavailable" then return "busy", problem end
  return REFUSALS[problem] and "door" or "form", problem
end

---The secret that Slack refuses. A changed secret closes the circuit.
local function secret()
  return settings.get("SLACK_BOT_TOKEN") or settings.get("SLACK_WEBHOOK_URL")
end

---Counts the result of a request.
local function judged(response, err)
  local verdict, reason, wait_ms = M.judge(response, err)
  metrics.add("assistant_posts_total", 1, { outcome = verdict })
  return verdict, reason, wait_ms
end

local function post(address, body, headers)
  return http.request { url = address, method = "POST", json = body, headers = headers, timeout_ms = settings.get("SEND_TIMEOUT_MS"),
    max_bytes = 65536 }
end

---Posts to the channel: with a bot token by the Web API, else by the incoming webhook.
local function send(payload)
  local token = settings.get("SLACK_BOT_TOKEN")
  local body = { text = payload.text, blocks = payload.blocks, parse = payload.parse, unfurl_links = false, unfurl_media = false }
  local address, headers = settings.get("SLACK_WEBHOOK_URL"), nil
  if token and settings.get("SLACK_CHANNEL_ID") then
    address, headers = settings.get("SLACK_API_URL") .. "/chat.postMessage", { Authorization = "Bearer " .. token }
    body.channel = settings.get("SLACK_CHANNEL_ID")
  end
  local response, err = post(address, body, headers)
  clock.heard(response)
  return response, err
end

---Sends a payload in its forms, from the best to the plainest. Waits.
---@async
local function send_in_some_form(payload)
  local verdict, reason, wait_ms = judged(send(payload))
  if verdict ~= "form" or not payload.blocks then return verdict, reason, wait_ms end
  log.error("slack.blocks_refused", { reason = reason })
  local without = card.without_boxes(payload)
  if without then
    verdict, reason, wait_ms = judged(send(without))
    if verdict ~= "form" then return verdict, reason, wait_ms end
  end
  local plain, bare = card.simpler(payload)
  verdict, reason, wait_ms = judged(send(plain))
  if verdict ~= "form" then return verdict, reason, wait_ms end
  return judged(send(bare))
end

---Wakes the cards that wait: their jobs run now, not only at the next probe.
local function wake_cards()
  for _, case in ipairs(cases.unposted()) do tell.post_card(case) end
end

---While the circuit is open: when to try again; nil: now. One job per minute runs as the probe.
local function held_until()
  local now = time.now_ms()
  if not circuits.is_open(CIRCUIT, secret()) or circuits.probe(CIRCUIT, now) then return nil end
  local circuit = circuits.get(CIRCUIT)
  return circuit and circuit.probe_at or now + circuits.PROBE_MS
end

---Slack accepted a post. An open circuit is closed, and the waiting posts go out.
local function close_circuit()
  if not circuits.is_open(CIRCUIT) then return end
  circuits.close(CIRCUIT)
  log.info("slack.open_again", {})
  wake_cards()
end

---Slack refuses all posts. Everything waits for the probe. The log says so, because Slack cannot.
local function open_circuit(reason)
  local now = time.now_ms()
  if circuits.open(CIRCUIT, reason, secret(), now) then
    log.error("slack.refused", { reason = reason,
      remedy = "check SLACK_WEBHOOK_URL (or SLACK_BOT_TOKEN and SLACK_CHANNEL_ID), then: assistant reload" })
  end
  return jobs.later(now + circuits.PROBE_MS, "Slack refused: " .. reason)
end

---Posts to the channel. Returns nil when Slack has accepted it, otherwise what the job does next.
---@async
local function deliver(job, payload)
  local look_again = held_until()
  if look_again then return jobs.later(look_again, "Slack refuses all posts") end
  look_again = circuits.held(CIRCUIT, time.now_ms(), circuits.LONGEST_WAIT_MS)
  if look_again then return jobs.later(look_again, "Slack asked to wait") end
  local verdict, reason, wait_ms = send_in_some_form(payload)
  if verdict == "ok" then
    close_circuit()
    return nil
  end
  if verdict == "door" then return open_circuit(reason) end
  if verdict == "busy" and time.now_ms() - job.created_at < DAY_MS then
    wait_ms = wait_ms or backoff(job.attempts)
    if LIMITS[reason] then circuits.hold(CIRCUIT, time.now_ms() + wait_ms) end -- the limit holds for the whole channel
    return jobs.retry(wait_ms, "Slack: " .. reason)
  end
  log.error("slack.lost", { reason = reason, job = job.id })
  return jobs.dead("Slack: " .. reason)
end

---The card with the facts of this moment.
---@async
local function post_card(job)
  local case = cases.get(job.payload.case)
  if not case or case.state == "closed" or case.posted_at then return nil end -- the probe that closed the circuit was this card
  local known = facts.gather(case.conversation_id, case)
  if not known then return nil end
  local shown = known.conversation.status == "PAUSED" and cards.taken(known) or cards.open(known)
  local outcome = deliver(job, card.payload(shown))
  if outcome == nil then cases.posted(case.id) end
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
  local outcome = deliver(job, card.words(names.who(conversation) .. ": " .. notes))
  if outcome == nil then tell.followed_up(case.id, case.notes) end
  return outcome
end

---A card with a button that asks about a paused chat.
---@async
local function post_keep(job)
  local conversation = conversations.get(job.payload.conversation)
  if not conversation or conversation.status ~= "PAUSED" then return nil end
  return deliver(job, card.payload(cards.keep(conversation, job.payload.hours)))
end

---Answers to the response_url of a click: five tries in 30 minutes. When that fails, the channel shows it.
---@async
local function post_answer(job)
  local payload = job.payload.body
  if not payload then -- the card's new look, read now, so that a late one is right too
    local known = facts.gather(job.payload.conversation)
    if not known then return nil end
    known.typed = job.payload.typed
    payload = card.payload(cards.now(known, job.payload.by))
    payload.replace_original = true
  end
  local reason = "the host is not one of SLACK_RESPONSE_HOSTS"
  if answer_url.allowed(job.payload.url, settings.get("SLACK_RESPONSE_HOSTS")) then
    local verdict, why, wait_ms = judged(post(job.payload.url, payload))
    local without = verdict == "form" and card.without_boxes(payload)
    if without then verdict, why, wait_ms = judged(post(job.payload.url, without)) end
    if verdict == "ok" then return nil end
    local age_ms = time.now_ms() - job.created_at
    if verdict == "busy" and job.attempts + 1 < ANSWER_TRIES and age_ms < ANSWER_MS then
      return jobs.retry(wait_ms or backoff(job.attempts * 2), "response_url: " .. why)
    end
    reason = why
  end
  log.warn("slack.answer_not_shown", { reason = reason })
  if not job.payload.body then
    jobs.put { kind = "card", lane = tell.lane(job.payload.conversation),
      payload = { what = "control", conversation = job.payload.conversation, by = job.payload.by } }
  end
  return nil
end

---A take-over without a response_url: its card goes to the channel, so that staff can give the chat back.
---@async
local function post_control(job)
  local known = facts.gather(job.payload.conversation)
  if not known or known.conversation.status ~= "PAUSED" then return nil end
  return deliver(job, card.payload(cards.taken(known)))
end

local HANDLERS = {
  card = post_card, follow_up = post_follow_up, keep = post_keep, answer = post_answer, control = post_control,
  words = function(job)
    -- With a bot token the thread is where staff write.
    return deliver(job, card.words(job.payload.text, not settings.get("SLACK_BOT_TOKEN") and job.payload.reply or nil))
  end,
  -- A message of an older version, whose row was ready for Slack.
  text = function(job) return deliver(job, card.mrkdwn(job.payload.text)) end,
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

---At a start or reload Slack may accept posts again, so the next job tries at once.
function M.start()
  if not circuits.is_open(CIRCUIT) then return end
  circuits.due(CIRCUIT, time.now_ms())
  wake_cards()
end

return M
