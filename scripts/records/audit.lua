-- The table audit: what staff did, one row an action, for `assistant audit` and the person's export.

local db = require "host.db"
local time = require "host.time"

local M = {}

---@param user {id: string, name?: string, team?: string}
---@param action "take"|"return"|"keep"|"write"|"quote"|"withdraw"|"set"|"close"|"block"|"unblock"
---@param conversation_id string
---@param before? string
---@param after? string
function M.add(user, action, conversation_id, before, after)
  db.run([[INSERT INTO audit(at, user_id, user_name, team, action, conversation_id, before, after) VALUES(?, ?, ?, ?, ?, ?, ?, ?)]],
    time.now_ms(), user.id, user.name, user.team, action, conversation_id, before, after)
end

return M
