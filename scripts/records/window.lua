-- WhatsApp takes free text for 24 hours after the customer's last message, by its own clock. By how much ours is off stands in the table
-- circuits in a row named "clock" (ops/clock writes it). Nothing here waits.

local circuits = require "records.circuits"

local M = {}

M.OPEN_MS = 24 * 3600000

---By how much our clock is ahead of the platforms', as far as is known; negative: behind.
---@return integer ms
function M.clock_off_ms()
  local row = circuits.get("clock")
  return row and row.open == 1 and math.tointeger(tonumber(row.reason)) * 1000 or 0
end

---Does WhatsApp take free text for who wrote last at this moment? A clock that is behind makes no message older: what is in its
---future is now.
---@param inbound_at integer ms, the customer's last message
---@param now integer ms
---@param off_ms? integer in place of what is known of our clock
---@return boolean
function M.is_open(inbound_at, now, off_ms)
  return now - math.max(0, off_ms or M.clock_off_ms()) - inbound_at < M.OPEN_MS
end

return M
