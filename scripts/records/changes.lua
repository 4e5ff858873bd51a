-- The table changes_early: edits and deletions whose message has not arrived. They wait for it, at most 7 days.

local db = require "host.db"

local M = {}

-- Keeps one. The same one that is delivered again is stored once.
---@param change {id: string, original: string, conversation: string, content?: string} content: nil for a deletion
---@param now integer ms
function M.put(change, now)
  db.run([[INSERT INTO changes_early(id, original, conversation_id, content, at) VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING]],
    change.id, change.original, change.conversation, change.content, now)
end

-- Takes out what waits for this message: whether it was deleted, and its newest text.
---@param original string
---@param conversation_id string
---@return boolean deleted
---@return string? content
function M.take(original, conversation_id)
  local rows = db.all("SELECT content FROM changes_early WHERE original = ? AND conversation_id = ? ORDER BY at", original, conversation_id)
  db.run("DELETE FROM changes_early WHERE original = ? AND conversation_id = ?", original, conversation_id)
  local content
  for _, row in ipairs(rows) do
    if not row.content then return true end
    content = row.content
  end
  return false, content
end

return M
