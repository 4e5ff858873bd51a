-- The table alerts: what staff were told about the service. A cause is told once in 15 minutes, then with its count.
-- Nothing here waits.

local db = require "host.db"
local time = require "host.time"

local M = {}

M.EVERY_MS = 15 * 60000

---@param cause string
---@param quiet_ms? integer how long the same cause is not told again
---@return boolean tell now
---@return integer before how often it happened without being told
---@return integer next_at ms, when this cause may be told again
function M.count(cause, quiet_ms)
  local now = time.now_ms()
  quiet_ms = quiet_ms or M.EVERY_MS
  local row = db.one("SELECT told_at, count FROM alerts WHERE cause = ?", cause)
  if row and row.told_at > now - quiet_ms and row.told_at <= now then
    db.run("UPDATE alerts SET count = count + 1 WHERE cause = ?", cause)
    return false, row.count + 1, row.told_at + quiet_ms
  end
  db.run([[INSERT INTO alerts(cause, told_at, count) VALUES (?, ?, 0)
    ON CONFLICT(cause) DO UPDATE SET told_at = excluded.told_at, count = 0]], cause, now)
  return true, row and row.count or 0, now + quiet_ms
end

---When the quiet time of a cause is over: how often it happened meanwhile. Counting starts again.
function M.settle(cause)
  local row = db.one("SELECT count FROM alerts WHERE cause = ?", cause)
  if not row or row.count == 0 then return 0 end
  db.run("UPDATE alerts SET count = 0, told_at = ? WHERE cause = ?", time.now_ms(), cause)
  return row.count
end

return M
