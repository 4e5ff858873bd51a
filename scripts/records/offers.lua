-- The table offers: quotes that staff sent to customers. At most one is open in a chat; the index offers_open holds that.
-- Nothing here waits.

local db = require "host.db"

local M = {}

---Before two chats become one: of their open offers only the newest stays open.
---@param kept_id string
---@param lost_id string
---@param now integer ms
function M.keep_newest(kept_id, lost_id, now)
  db.run([[UPDATE offers SET state = 'withdrawn', answered_at = ?3 WHERE conversation_id IN (?1, ?2) AND state = 'open'
    AND id < (SELECT max(id) FROM offers WHERE conversation_id IN (?1, ?2) AND state = 'open')]], kept_id, lost_id, now)
end

return M
