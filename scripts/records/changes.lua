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
---@param event {id: string, conversation: string, number?: string, user_id?: string} an edit can have come before the chat was known
---@return boolean deleted
---@return string? content
function M.take(event)
  local theirs = "FROM changes_early WHERE original = ? AND conversation_id IN (?, ?, ?)"
  local rows = db.all("SELECT content " .. theirs .. " ORDER BY at", event.id, event.conversation, event.number, event.user_id)
  db.run("DELETE " .. theirs, event.id, event.conversation, event.number, event.user_id)
  local content
  for _, row in ipairs(rows) do
    if not row.content then return true end
    content = row.content
  end
  return false, content
end

return M
