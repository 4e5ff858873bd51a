-- The table offers: quotes that staff sent to customers. One is `sending` until WhatsApp takes it, then `open` until the customer answers,
-- staff withdraw it, or 14 days have passed. At most one is open in a chat; the index offers_open holds that. Nothing here waits.

local db = require "host.db"

local M = {}

M.EXPIRES_MS = 14 * 24 * 3600000

---@class records.Offer
---@field id integer
---@field conversation_id string
---@field amount_cents integer
---@field note? string
---@field author string
---@field state "sending"|"open"|"accepted"|"declined"|"withdrawn"|"expired"
---@field created_at integer ms
---@field answered_at? integer ms
---@field message_id? string

---@param offer {conversation: string, amount_cents: integer, note?: string, author: string}
---@param now integer ms
---@return integer id
function M.add(offer, now)
  return db.one([[INSERT INTO offers(conversation_id, amount_cents, note, author, state, created_at) VALUES(?, ?, ?, ?, 'sending', ?)
    RETURNING id]], offer.conversation, offer.amount_cents, offer.note, offer.author, now).id
end

---It was not sent after all.
function M.remove(id)
  db.run("DELETE FROM offers WHERE id = ?", id)
end

---@param id integer
---@param message_id string
function M.carried(id, message_id)
  db.run("UPDATE offers SET message_id = ? WHERE id = ?", message_id, id)
end

---@return records.Offer?
function M.get(id)
  return db.one("SELECT * FROM offers WHERE id = ?", id)
end

---The newest one of a chat, whatever its state.
---@return records.Offer?
function M.last(conversation_id)
  return db.one("SELECT * FROM offers WHERE conversation_id = ? ORDER BY id DESC LIMIT 1", conversation_id)
end

---The one that the customer can answer, or will be able to.
---@return records.Offer?
function M.standing(conversation_id)
  return db.one("SELECT * FROM offers WHERE conversation_id = ? AND state IN ('sending', 'open') ORDER BY id DESC LIMIT 1", conversation_id)
end

---@return records.Offer?
function M.of_message(message_id)
  return db.one("SELECT * FROM offers WHERE message_id = ?", message_id)
end

---The one whose message has this id of WhatsApp, whatever its state.
---@return records.Offer?
function M.of_wamid(conversation_id, wamid)
  return db.one([[SELECT o.* FROM messages m JOIN offers o ON o.message_id = m.id WHERE m.wamid = ? AND o.conversation_id = ?]], wamid,
    conversation_id)
end

---@param id integer
---@param state "accepted"|"declined"|"withdrawn"|"expired"
---@param now integer ms
---@return boolean changed false: it was over already
function M.close(id, state, now)
  if db.run("UPDATE offers SET state = ?, answered_at = ? WHERE id = ? AND state IN ('sending', 'open')", state, now, id) ~= 1 then
    return false
  end
  if state == "accepted" or state == "declined" then -- the answer can come before WhatsApp's own: the quote before it is over, too
    db.run([[UPDATE offers SET state = 'withdrawn', answered_at = ?2 WHERE state = 'open' AND id < ?1
      AND conversation_id = (SELECT conversation_id FROM offers WHERE id = ?1)]], id, now)
  end
  return true
end

---WhatsApp took the message that carries it, so it is open, and an earlier one is not any more.
---@param message_id string
---@param now integer ms
---@return records.Offer? offer that is open now
function M.opened(message_id, now)
  local offer = M.of_message(message_id)
  if not offer or offer.state ~= "sending" then return end
  db.run("UPDATE offers SET state = 'withdrawn', answered_at = ? WHERE conversation_id = ? AND state = 'open'", now, offer.conversation_id)
  db.run("UPDATE offers SET state = 'open' WHERE id = ?", offer.id)
  return offer
end

---The message that carries it did not arrive.
---@param message_id string
---@param now integer ms
function M.failed(message_id, now)
  local offer = M.of_message(message_id)
  if offer then M.close(offer.id, "withdrawn", now) end
end

---Ends those that nobody answered for 14 days.
---@param now integer ms
---@return records.Offer[]
function M.expire(now)
  local list = db.all("SELECT * FROM offers WHERE state = 'open' AND created_at <= ? LIMIT 200", now - M.EXPIRES_MS)
  for _, offer in ipairs(list) do M.close(offer.id, "expired", now) end
  return list
end

---Is this message the last thing that the customer was sent?
---@param conversation_id string
---@param message_id string
---@return boolean
function M.is_last_said(conversation_id, message_id)
  local row = db.one([[SELECT id FROM messages WHERE conversation_id = ? AND role = 'assistant'
    AND state NOT IN ('dropped', 'draft', 'failed') ORDER BY seq DESC, rowid DESC LIMIT 1]], conversation_id)
  return row ~= nil and row.id == message_id
end

---Before two chats become one: of their open offers only the newest stays open.
---@param kept_id string
---@param lost_id string
---@param now integer ms
function M.keep_newest(kept_id, lost_id, now)
  db.run([[UPDATE offers SET state = 'withdrawn', answered_at = ?3 WHERE conversation_id IN (?1, ?2) AND state = 'open'
    AND id < (SELECT max(id) FROM offers WHERE conversation_id IN (?1, ?2) AND state = 'open')]], kept_id, lost_id, now)
end

return M
