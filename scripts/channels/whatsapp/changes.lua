-- Edits and deletions of a customer's messages. An edit of a message that waits for its turn changes its words. Once the message was
-- answered, the new words are a message of their own, so that they are answered too. A deleted message is never answered.

local changes = require "records.changes"
local conversations = require "records.conversations"
local fetch = require "channels.whatsapp.fetch"
local messages = require "records.messages"

local M = {}

local DELETED = "[deleted]"
M.DELETED = DELETED

-- The message arrives after its edit or its deletion.
---@param event whatsapp.Event
function M.early(event)
  local deleted, content, said_at, id = changes.take(event)
  if deleted then
    event.kind, event.content = "deleted", DELETED
    event.address, event.card, event.media, event.bare, event.reply_to = nil, nil, nil, nil, nil
    event.for_staff, event.map = nil, nil
  elseif content then
    event.content, event.bare = content, nil
    event.edited_at, event.edit_id = said_at, id
  end
end

-- Is this edit older than what is stored, or the same again?
local function known(first, event)
  return first.kind == "deleted" or event.content == first.content or event.said_at < (first.edited_at or 0)
end

---@param event whatsapp.Event of the kind edit or revoke
---@param now integer ms
---@param arrived fun(event: table, now: integer) stores a message
---@param heard fun(event: table, conversation: table, now: integer) decides who is told of stored words, and who answers
function M.read(event, now, arrived, heard)
  local rows = messages.versions(event.conversation, event.original)
  if #rows == 0 then return changes.put(event, now) end
  if known(rows[1], event) then return end
  local deleted = event.kind == "revoke"
  for _, row in ipairs(rows) do
    local kind = deleted and "deleted" or row.kind == "wordless" and event.inner or nil
    if deleted then fetch.removed(row.id) end
    messages.replace(row.id, deleted and DELETED or event.content, kind, event.said_at, event.id)
  end
  local conversation = conversations.edited(event.conversation)
  local waits = rows[#rows].seq > conversation.answered_seq
  if deleted then
    heard({ kind = "deleted" }, conversation, now)
  elseif waits then
    heard(event, conversation, now)
  else
    event.reply_to = event.original
    arrived(event, now)
  end
end

return M
