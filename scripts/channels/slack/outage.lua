-- When Slack takes no posts: it refuses all of them (a circuit opens at once), or it has not answered for a minute (then, too). Everything
-- waits in order, and one post a minute tries. After ten minutes, and again after a day, the owner is told by ALERT_WEBHOOK_URL, and once
-- more when it is over. What waited for less than a day is posted then; what waited longer is summed up (sum_up.lua).

local access = require "ops.access"
local cases = require "records.cases"
local circuits = require "records.circuits"
local jobs = require "host.jobs"
local log = require "host.log"
local names = require "staff.names"
local settings = require "host.settings"
local sum_up = require "channels.slack.sum_up"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local CIRCUIT = "slack"
local MINUTE_MS, HOUR_MS, DAY_MS = 60000, 3600000, 24 * 3600000
local TELL_MS = 10 * MINUTE_MS
local MAX_WAIT_MS = 10 * MINUTE_MS

-- Errors that mean: too fast.
local LIMITS = { ["429"] = true, ratelimited = true }

-- The secret that Slack refuses. With another one all may try.
local function secret() return settings.get("SLACK_BOT_TOKEN") or settings.get("SLACK_WEBHOOK_URL") end

---@param attempts integer
---@return integer ms
function M.backoff(attempts)
  local wait = math.min(settings.get("RETRY_BASE_MS") * 2 ^ math.min(attempts, 20), MAX_WAIT_MS)
  return math.floor(wait * (0.85 + 0.3 * math.random()))
end

---What a job does instead of a post while Slack takes none; nil: it can post.
---@return table? outcome
function M.held()
  local now, row = time.now_ms(), circuits.get(CIRCUIT)
  if not row then return nil end
  if row.open == 1 then
    if row.secret ~= circuits.mark(secret()) or circuits.probe(CIRCUIT, now) then return nil end
    return jobs.later(row.probe_at or now + circuits.PROBE_MS, "Slack takes no posts")
  end
  local at = row.probe_at
  if not at or at <= now or at > now + circuits.LONGEST_WAIT_MS then return nil end
  return jobs.later(at, "Slack asked to wait")
end

-- Cards go out now, not only when their time comes.
local function wake_cards()
  for _, case in ipairs(cases.unposted()) do tell.post_card(case) end
end

-- "3 cards and 12 messages": what waits to be posted.
local function waiting()
  local counts = {}
  for _, kind in ipairs { "card", "slack" } do
    local count, from = 0, 0
    repeat
      local list
      list, from = jobs.list(kind, from)
      count = count + #list
    until not from
    counts[kind] = count
  end
  return ("%d card%s and %d message%s"):format(counts.card, counts.card == 1 and "" or "s", counts.slack, counts.slack == 1 and "" or "s")
end

local function moment(ms) return names.date(ms, time, true) end

-- Slack has taken a post.
local function over()
  local now, row = time.now_ms(), circuits.get(CIRCUIT)
  if not row or row.open ~= 1 and row.failures == 0 then return end
  circuits.close(CIRCUIT)
  if row.open == 1 then log.info("slack.open_again", {}) end
  local long = row.since and now - row.since >= DAY_MS
  if long then sum_up.begin(row.since, now) end
  wake_cards()
  if row.told_at then
    tell.outside(("Slack takes posts again. It took none since %s. %s"):format(moment(row.since), long
      and "The cards that waited come now. The messages that waited are summed up in one message." or "What waited comes now, in order."))
  end
end

local function open(reason)
  local now = time.now_ms()
  if circuits.open(CIRCUIT, reason, secret(), now) then
    local what, remedy = access.slack(reason)
    log.error("slack.refused", { reason = reason, what = what, remedy = remedy })
  end
  return jobs.later(now + circuits.PROBE_MS, "Slack: " .. reason)
end

---What a job does after an answer of Slack (api.judge); nil: it is done.
---@param job host.jobs.Job
---@return table? outcome
function M.settle(job, verdict, reason, wait_ms)
  if verdict == "ok" then return over() end
  if verdict == "door" then return open(reason) end
  local now = time.now_ms()
  local age_ms = now - job.created_at
  if verdict == "busy" and LIMITS[reason] and age_ms < DAY_MS then
    wait_ms = wait_ms or M.backoff(job.attempts)
    circuits.hold(CIRCUIT, now + wait_ms) -- the limit holds for the whole channel
    return jobs.retry(wait_ms, "Slack: " .. reason)
  elseif verdict == "busy" and not LIMITS[reason] then
    local silent_ms = now - circuits.failing(CIRCUIT, reason, now)
    if silent_ms >= MINUTE_MS then return open(reason) end
    -- A post that nothing else explains fails by itself.
    if age_ms < DAY_MS or silent_ms >= HOUR_MS then return jobs.retry(wait_ms or M.backoff(job.attempts), "Slack: " .. reason) end
  end
  log.error("slack.lost", { reason = reason, job = job.id })
  return jobs.dead("Slack: " .. reason)
end

---Tells the owner by the second route, once after ten minutes and once after a day. Called every minute.
function M.look()
  local now, row = time.now_ms(), circuits.get(CIRCUIT)
  if not row or not row.since or row.open ~= 1 and row.failures == 0 then return end
  local first, second = not row.told_at, row.told_at and row.told_at < row.since + DAY_MS
  if not (first and now - row.since >= TELL_MS or second and now - row.since >= DAY_MS) then return end
  circuits.told(CIRCUIT, now)
  local what, remedy = access.slack(row.reason)
  log.error("slack.away", { reason = row.reason, since = time.iso(row.since) })
  tell.outside(("%s since %s (%s). Remedy: %s. %s wait%s"):format(what, moment(row.since), row.reason or "no answer", remedy, waiting(),
    second and " for a day or less. When Slack is back, each card is posted, and the messages are summed up."
    or " and are posted when Slack is back."))
end

---At a start or reload Slack may take posts again, so the next job tries at once.
function M.start()
  local row = circuits.get(CIRCUIT)
  if not row or row.open ~= 1 then return end
  circuits.due(CIRCUIT, time.now_ms())
  wake_cards()
end

return M
