-- Says whether WhatsApp still takes free text: for 24 hours after the customer's last message, by WhatsApp's own clock. A row "clock" of
-- the table circuits holds the error of ours (ops/clock writes it). Nothing here waits.

local circuits = require "records.circuits"

local M = {}

M.OPEN_MS = 24 * 3600000

---How far our clock is known to be ahead of the platforms' clocks; negative: behind.
---@return integer ms
function M.clock_off_ms()
  local row = circuits.get("clock")
  return row and row.open == 1 and math.tointeger(tonumber(row.reason)) * 1000 or 0
end

---Until when WhatsApp takes free text for a customer whose last message came at this time.
---@param inbound_at integer ms
---@return integer ms
function M.until_ms(inbound_at)
  return inbound_at + M.OPEN_MS + math.max(0, M.clock_off_ms())
end

---Does WhatsApp take free text for a customer whose last message came at this time? A message in the future counts as now, because our
---clock is behind then.
---@param inbound_at integer ms, the customer's last message
---@param now integer ms
---@param off_ms? integer in place of the known error of our clock
---@return boolean
function M.is_open(inbound_at, now, off_ms)
  return now - math.max(0, off_ms or M.clock_off_ms()) - inbound_at < M.OPEN_MS
end

return M
