-- Compares this machine's clock with the Date of the platforms' answers. When they differ by two minutes, `status`, metrics and staff
-- say so (a row of the table circuits named "clock"; its reason is the difference in seconds). Then Meta's 24 hours are judged by
-- the platforms' clock, because on a clock two days ahead every customer seemed to have written too late to be answered.

local circuits = require "records.circuits"
local http = require "host.http"
local log = require "host.log"
local settings = require "host.settings"
local tell = require "staff.tell"
local time = require "host.time"
local window = require "records.window"

local M = {}

M.REMEDY = "set it right with `timedatectl set-ntp true` (in Docker on the machine itself); nothing else is needed"

local OFF_MS = 120000
local ASK_MS = 3000

---Both clocks, as text for people.
function M.words(seconds, now)
  return ("this machine's clock shows %s, and the clocks of the platforms %s (UTC)"):format(time.stamp(now):sub(1, 16),
    time.stamp(now - seconds * 1000):sub(1, 16))
end

---Looks at every answer of Meta and Slack. The model's answers are left out: a send follows each, and a look costs 8 µs.
---@param response? host.http.Response
---@param right? boolean our clock was known to be right when the request was made
function M.heard(response, right)
  local now = time.now_ms()
  local theirs = response and circuits.http_date(response.headers.date)
  if not theirs then return end
  local off = now - theirs
  if right and math.abs(off) < OFF_MS then return end
  local known = window.clock_off_ms()
  if math.abs(off) < OFF_MS then
    if known ~= 0 then
      circuits.close("clock")
      log.info("clock.right", {})
    end
  elseif math.abs(off - known) >= OFF_MS then
    local seconds = off // 1000
    circuits.open("clock", tostring(seconds), nil, now)
    local words = M.words(seconds, now)
    log.warn("clock.wrong", { seconds = seconds, error = words, remedy = M.REMEDY })
    tell.alert("clock", words .. ": " .. M.REMEDY .. ".")
  end
end

---A message seems to be more than a day old: is our clock wrong? Asks Meta, where every path answers with a Date.
---@async
---@return integer ms by which ours is ahead; negative: behind
function M.ask()
  M.heard((http.request { method = "GET", url = settings.get("META_GRAPH_URL"), timeout_ms = ASK_MS, max_bytes = 65536 }))
  return window.clock_off_ms()
end

return M
