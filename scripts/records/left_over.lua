-- Did this lie unread in an older copy of the database that was put back? Then it has been seen to since: it is kept, and staff look at
-- it, but nothing automatic is said to anybody because of it.

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
