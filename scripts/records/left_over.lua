-- Says whether an item lay unread in an older copy of the database that was put back. Staff have dealt with such an item since, so it
-- is kept and shown to staff, but nothing automatic is sent because of it.

local db = require "host.db"
local time = require "host.time"

local M = {}

M.STALE_MS = 30 * 60000

---@param received_at integer ms
---@return boolean
function M.is(received_at)
  return db.restored() and time.now_ms() - received_at >= M.STALE_MS
end

return M
