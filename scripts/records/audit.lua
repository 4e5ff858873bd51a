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

---@param conversation_id string
---@return {at: integer, user_id: string, user_name?: string, team?: string, action: string, before?: string, after?: string}[]
function M.of(conversation_id)
  return db.all("SELECT * FROM audit WHERE conversation_id = ? ORDER BY id", conversation_id)
end

return M
