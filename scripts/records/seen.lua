-- The table seen: marks of what came from a platform and stored no message, like a call. The same one that is delivered again counts once.

local db = require "host.db"
local people = require "records.people"

local M = {}

---@param id string the platform's
---@param now integer ms
---@return boolean first it has not come before
function M.first(id, now)
  return db.run("INSERT INTO seen(mark, at) VALUES(?, ?) ON CONFLICT DO NOTHING", people.message_mark(id), now) == 1
end

return M
