-- The table identities: how Meta names the person of each chat. Kinds: number (digits), user (business-scoped id), chat (the id of a chat
-- that was merged into this one), token (the mark of that chat's booking link). Nothing here waits.

local db = require "host.db"

local M = {}

---@param kind "number"|"user"|"chat"|"token"
---@param value string
---@return string? conversation_id
function M.find(kind, value)
  local row = db.one("SELECT conversation_id FROM identities WHERE kind = ? AND value = ?", kind, value)
  return row and row.conversation_id
end

-- The chats that a number and a business-scoped id lead to, in one query.
---@param number? string
---@param user_id? string
---@return string? by_number
---@return string? by_user
function M.chats(number, user_id)
  local row = db.one([[SELECT (SELECT conversation_id FROM identities WHERE kind = 'number' AND value = ?1) AS number,
    (SELECT conversation_id FROM identities WHERE kind = 'user' AND value = ?2) AS user]], number, user_id)
  return row.number, row.user
end

-- Whatever it is that names a chat.
---@param value string
---@return string? conversation_id
function M.any(value)
  return M.find("number", value) or M.find("user", value) or M.find("chat", value)
end

---@param conversation_id string
---@return {kind: string, value: string, linked_at: integer}[]
function M.of(conversation_id)
  return db.all("SELECT kind, value, linked_at FROM identities WHERE conversation_id = ? ORDER BY linked_at, kind, value", conversation_id)
end

-- Remembers it. What named another chat before names this one now.
---@param kind "number"|"user"|"chat"|"token"
---@param value? string nil: nothing is done
---@param conversation_id string
---@param now integer ms
function M.link(kind, value, conversation_id, now)
  if not value then return end
  db.run([[INSERT INTO identities(kind, value, conversation_id, linked_at) VALUES(?, ?, ?, ?)
    ON CONFLICT(kind, value) DO UPDATE SET conversation_id = excluded.conversation_id,
      linked_at = max(identities.linked_at, excluded.linked_at)]],
    kind, value, conversation_id, now)
end

-- Has this chat a business-scoped id that belongs to this number? An id that was linked before the number came by a number change is the
-- id of the number before it.
---@param conversation_id string
---@param number string
---@return boolean
function M.is_taken(conversation_id, number)
  return db.one([[SELECT 1 AS yes FROM identities WHERE conversation_id = ?1 AND kind = 'user' AND linked_at >=
    coalesce((SELECT linked_at FROM identities WHERE kind = 'number' AND value = ?2 AND conversation_id = ?1), 0) LIMIT 1]],
    conversation_id, number) ~= nil
end

-- A time after that of every link of this chat, for what a system message says.
---@param conversation_id string
---@param now integer ms
---@return integer ms
function M.after(conversation_id, now)
  local row = db.one("SELECT max(linked_at) AS at FROM identities WHERE conversation_id = ?", conversation_id)
  return math.max(now, (row.at or 0) + 1)
end

return M
