-- The job that tells the owner by ALERT_WEBHOOK_URL what staff cannot be told in their channel: JSON {"text": …} by POST, in order, retried
-- for a day. It carries counts and remedies, never what a customer wrote.

local http = require "host.http"
local jobs = require "host.jobs"
local log = require "host.log"
local settings = require "host.settings"
local time = require "host.time"

local M = {}

local DAY_MS = 24 * 3600000
local MAX_WAIT_MS = 600000

---@async
---@param job host.jobs.Job
function M.run(job)
  local url = settings.get("ALERT_WEBHOOK_URL")
  if not url then return nil end
  local response, err = http.request { url = url, method = "POST", json = { text = job.payload.text }, max_bytes = 4096,
    timeout_ms = settings.get("SEND_TIMEOUT_MS") }
  if response and response.status >= 200 and response.status <= 299 then return nil end
  local why = "ALERT_WEBHOOK_URL: " .. (response and "HTTP " .. response.status or err.kind)
  log.warn("second_route.failed", { reason = why })
  if time.now_ms() - job.created_at >= DAY_MS then return jobs.dead(why) end
  return jobs.retry(math.floor(math.min(settings.get("RETRY_BASE_MS") * 2 ^ math.min(job.attempts, 20), MAX_WAIT_MS)), why)
end

return M
