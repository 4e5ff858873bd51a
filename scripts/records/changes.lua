-- The table changes_early: edits and deletions whose message has not arrived. They wait for it, at most 7 days.

local db = require "host.db"

local M = {}

local MOST = 50 -- edits of edits

-- Keeps one. The same one that is delivered again is stored once.
---@param change {id: string, original: string, conversation: string, content?: string, said_at?: integer} content: nil for a deletion
---@param now integer ms
function M.put(change, now)
  db.run([[INSERT INTO changes_early(id, original, conversation_id, content, at, said_at) VALUES(?, ?, ?, ?, ?, ?)
    ON CONFLICT(id) DO NOTHING]], change.id, change.original, change.conversation, change.content, now, change.said_at or now)
end

-- Takes out what waits for this message, and the edits of its edits: whether it was deleted, and its newest text.
---@param event {id: string, conversation: string, number?: string, user_id?: string} an edit can have come before the chat was known
---@return boolean deleted
---@return string? content
---@return integer? said_at ms, of the newest text
---@return string? id of the newest edit
function M.take(event)
  local theirs = "FROM changes_early WHERE original = ? AND conversation_id IN (?, ?, ?)"
  local originals, deleted, newest, i = { event.id }, false, nil, 1
  while originals[i] and i <= MOST do
    for _, row in ipairs(db.all("SELECT id, content, said_at, at " .. theirs .. " ORDER BY at", originals[i], event.conversation,
        event.number, event.user_id)) do
      row.said_at = row.said_at or row.at
      if not row.content then
        deleted = true
      elseif not newest or row.said_at >= newest.said_at then
        newest = row
      end
      originals[#originals + 1] = row.id
    end
    db.run("DELETE " .. theirs, originals[i], event.conversation, event.number, event.user_id)
    i = i + 1
  end
  if deleted then return true end
  if newest then return false, newest.content, newest.said_at, newest.id end
  return false
end

return M
