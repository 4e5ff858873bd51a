-- Notices when webhooks come only for another business number. It is a row of the table circuits, because `status`, metrics and a
-- changed setting treat it like a provider that refuses us: its name is "number", its reason the other number's id.

local circuits = require "records.circuits"
local db = require "host.db"

local M = {}

local function seen_name(ours) return "number " .. ours end

local MINUTE_MS, HOUR_MS = 60000, 3600000
local DAY_MS = 24 * HOUR_MS

-- The number, and when its row was last seen or written (ms): each webhook asks, and once a minute is enough.
local known = {}

-- Did a webhook for our number come within the last so many ms?
local function seen(ours, within_ms, now)
  local row = db.one("SELECT since FROM circuits WHERE name = ?", seen_name(ours))
  return row ~= nil and row.since ~= nil and math.abs(now - row.since) < within_ms
end

---A webhook for our number came. It is stored at most once per hour.
function M.ours(ours, now)
  if known.number == ours and math.abs(now - known.at) < MINUTE_MS then return end
  known.number, known.at = ours, now
  if seen(ours, HOUR_MS, now) then return end
  db.run("INSERT INTO circuits(name, open, since, failures) VALUES(?1, 0, ?2, 0) ON CONFLICT(name) DO UPDATE SET since = ?2",
    seen_name(ours), now)
  circuits.close("number")
end

---A webhook for another number came. One app can have several numbers, so it counts only when none has come for ours in a day.
---@param ours string
---@param other string
---@return boolean alone no webhook has come for ours
---@return boolean? first this call noticed it first
function M.other(ours, other, now)
  if seen(ours, DAY_MS, now) then return false end
  return true, circuits.open("number", other, ours, now)
end

---The setting may have changed.
function M.start(ours) circuits.is_open("number", ours) end

return M
