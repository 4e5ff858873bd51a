-- The table media: what customers sent beside words, and which file of host.media holds it. Only `sweep` waits.

local db = require "host.db"
local files = require "host.media"
local task = require "host.task"

local M = {}

local AT_ONCE = 50 -- files in one slice

-- What each kind is called.
M.CALLED = { image = "photo", video = "video", audio = "voice note", document = "document" }

---@class records.Media
---@field id integer
---@field conversation_id string
---@field message_id string
---@field meta_id? string the platform's id
---@field kind "image"|"video"|"audio"|"document"
---@field mime? string
---@field declared? string sha256 that the platform told, hex
---@field name? string
---@field state "waiting"|"stored"|"refused"|"gone"
---@field why? string
---@field hash? string
---@field bytes? integer
---@field words? string of a voice note
---@field created_at integer ms

---@param event whatsapp.Event with media
---@param now integer ms
---@return integer id
function M.add(event, now)
  local one = event.media
  return db.one([[INSERT INTO media(conversation_id, message_id, meta_id, kind, mime, declared, name, state, created_at)
    VALUES(?, ?, ?, ?, ?, ?, ?, 'waiting', ?) RETURNING id]], event.conversation, event.id, one.meta_id, one.kind, one.mime, one.declared,
    one.name, now).id
end

---@return records.Media?
function M.get(id) return db.one("SELECT * FROM media WHERE id = ?", id) end

---Its file is kept.
function M.stored(id, file, mime, now)
  db.run("UPDATE media SET state = 'stored', hash = ?, bytes = ?, mime = ?, stored_at = ? WHERE id = ?",
    file.hash, file.bytes, mime, now, id)
end

---There will be no file.
---@param state "refused"|"gone"
---@param why string for staff
function M.without_file(id, state, why) db.run("UPDATE media SET state = ?, why = ? WHERE id = ?", state, why, id) end

---What was said in a voice note.
function M.set_words(id, words) db.run("UPDATE media SET words = ?, why = NULL WHERE id = ?", words, id) end

---A voice note is answered without its words, and staff were told why. Its words can still come.
function M.no_words(id, why) db.run("UPDATE media SET why = ? WHERE id = ?", why, id) end

local WORDLESS = "kind = 'audio' AND words IS NULL AND why IS NULL"

---When the oldest voice note since then came whose words are on their way (ms); nil: there is none.
---@param from integer ms
---@param now integer ms
---@return integer?
function M.words_due(conversation_id, from, now)
  return db.one("SELECT min(created_at) AS at FROM media WHERE conversation_id = ? AND created_at > ? AND created_at <= ? AND "
    .. "state IN ('waiting', 'stored') AND " .. WORDLESS, conversation_id, from, now).at
end

---Kept voice notes without words, of which staff do not know that.
---@return records.Media[]
function M.without_words(conversation_id)
  return db.all("SELECT * FROM media WHERE conversation_id = ? AND state = 'stored' AND " .. WORDLESS .. " ORDER BY id", conversation_id)
end

---All of a chat, the oldest first.
---@return records.Media[]
function M.of(conversation_id) return db.all("SELECT * FROM media WHERE conversation_id = ? ORDER BY id", conversation_id) end

---The file of a message, or nil.
---@return records.Media?
function M.of_message(message_id) return db.one("SELECT * FROM media WHERE message_id = ? ORDER BY id LIMIT 1", message_id) end

---A row whose file has this hash, or nil.
---@return records.Media?
function M.with_hash(hash) return db.one("SELECT * FROM media WHERE hash = ? ORDER BY id LIMIT 1", hash) end

---How many of each kind a chat sent since then. A file that was refused is none, nor a voice note whose missing words staff know of.
---@param from_ms? integer
---@return table<string, integer>
function M.counts(conversation_id, from_ms)
  local counts = {}
  for _, row in ipairs(db.all([[SELECT kind, count(*) AS n FROM media WHERE conversation_id = ? AND created_at >= ?
      AND state <> 'refused' AND NOT (kind = 'audio' AND state = 'stored' AND why IS NOT NULL) GROUP BY kind]],
      conversation_id, from_ms or 0)) do
    counts[row.kind] = row.n
  end
  return counts
end

-- Does a row name this file?
local function is_named(hash)
  return db.one([[SELECT CASE WHEN EXISTS (SELECT 1 FROM media WHERE hash = ?1)
    OR EXISTS (SELECT 1 FROM messages WHERE file = ?1) THEN 1 ELSE 0 END AS named]], hash).named == 1
end

local function hashes(rows)
  local list = {}
  for _, row in ipairs(rows) do list[#list + 1] = row.hash end
  return list
end

---Removes the rows of a message. Give the hashes to `sweep` once that is durable.
---@return string[] hashes
function M.remove_message(message_id)
  local list = hashes(db.all("SELECT hash FROM media WHERE message_id = ? AND hash IS NOT NULL", message_id))
  db.run("DELETE FROM media WHERE message_id = ?", message_id)
  return list
end

---Removes a chat's rows. Give the hashes to `sweep` once that is durable.
---@return string[] hashes
function M.remove(conversation_id)
  local list = hashes(db.all("SELECT hash FROM media WHERE conversation_id = ? AND hash IS NOT NULL", conversation_id))
  db.run("DELETE FROM media WHERE conversation_id = ?", conversation_id)
  return list
end

---Removes the files that no row names.
---@async
---@param list string[]
---@return integer count
function M.sweep(list)
  local count = 0
  for i, hash in ipairs(list) do
    if not is_named(hash) and files.remove(hash) then count = count + 1 end -- nothing waits between the look and the removal
    if i % AT_ONCE == 0 then task.sleep(0) end
  end
  return count
end

---Removes rows that are too old, the oldest first.
---@return integer count
function M.forget(before, limit)
  return db.run("DELETE FROM media WHERE id IN (SELECT id FROM media ORDER BY id LIMIT ?2) AND created_at < ?1", before, limit)
end

return M
