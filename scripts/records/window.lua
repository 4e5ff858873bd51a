-- Says whether WhatsApp still takes free text: for 24 hours after the customer's last message, for 72 when an ad brought them, by
-- WhatsApp's own clock. A row "clock" of the table circuits holds the error of ours (ops/clock writes it). Nothing here waits.

local circuits = require "records.circuits"

local M = {}

M.OPEN_MS = 24 * 3600000
M.AD_MS = 72 * 3600000

---How far our clock is ahead of the platforms' clocks, from the reason of the open circuit "clock".
---@param reason? string
---@return integer ms
function M.off_ms(reason) return reason and math.tointeger(tonumber(reason)) * 1000 or 0 end

---How far our clock is known to be ahead of the platforms' clocks; negative: behind.
---@return integer ms
function M.clock_off_ms()
  local row = circuits.get("clock")
  return M.off_ms(row and row.open == 1 and row.reason or nil)
end

-- Without the error of our clock.
local function ends_at(conversation)
  return math.max(conversation.inbound_at + M.OPEN_MS, conversation.free_until or 0)
end

---Until when WhatsApp takes free text for this customer.
---@param conversation {inbound_at: integer, free_until?: integer} ms: the last message, and the end of an ad's 72 hours
---@return integer ms
function M.until_ms(conversation)
  return ends_at(conversation) + math.max(0, M.clock_off_ms())
end

---Does WhatsApp take free text for this customer? A message in the future counts as now, because our clock is behind then.
---@param conversation {inbound_at: integer, free_until?: integer}
---@param now integer ms
---@param off_ms? integer in place of the known error of our clock
---@return boolean
function M.is_open(conversation, now, off_ms)
  return now - math.max(0, off_ms or M.clock_off_ms()) < ends_at(conversation)
end

return M
