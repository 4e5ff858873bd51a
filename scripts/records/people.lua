-- Everything that is kept about one person, over all tables of the business: to show it, to remove it, and the keyed marks that stay
-- afterwards (tables erased and erased_messages). Nothing here waits.

local conversations = require "records.conversations"
local costs = require "records.costs"
local db = require "host.db"
local identities = require "records.identities"
local ledger = require "host.ledger"
local plain = require "language.text"

local M = {}

local MARK_DIGITS = 32 -- of a message's mark: 128 bits recognise it

-- The ids that a typed number or id can mean, the likeliest first.
---@param text string with or without +, spaces, dashes, brackets
---@return string[]
function M.ids(text)
  text = plain.trim(text)
  if text:find("^%u%u%.[%w%.]+$") then return { text } end
  if not text:find("^[%d%s%+%-%.%(%)]+$") then return {} end
  local digits = text:gsub("%D", "")
  if #digits < 6 or #digits > 20 then return {} end
  if #digits == 10 then return { "1" .. digits, digits } end
  return { digits }
end

---@param ids string[] numbers, business-scoped ids, ids of chats
---@return table? conversation a row of conversations
function M.find(ids)
  for _, id in ipairs(ids) do
    local row = conversations.get(identities.any(id) or id)
    if row then return row end
  end
end

-- Up to 500 chats, the ids alone, so that few bytes are read. Every number of a person is in identities.
local FOUND = "SELECT * FROM conversations WHERE id IN (%s LIMIT 500) ORDER BY inbound_at DESC LIMIT ?2"
local BY_NUMBER = FOUND:format "SELECT conversation_id FROM identities WHERE kind = 'number' AND instr(value, ?1) > 0"
local BY_NAME = FOUND:format "SELECT id FROM conversations WHERE instr(lower(name), ?1) > 0 OR id = ?3"

-- Chats whose number or name holds these words; at least three characters. The newest first.
---@param words string
---@param count integer
---@return table[]
function M.like(words, count)
  words = plain.trim(plain.clip(words, 100))
  local digits = words:find("^[%d%s%+%-%.%(%)]+$") and words:gsub("%D", "") or ""
  if #digits < 3 and (digits ~= "" or (utf8.len(words) or 0) < 3) then return {} end
  if digits ~= "" then return db.all(BY_NUMBER, digits, count) end
  return db.all(BY_NAME, words:lower(), count, words)
end

-- All that names the person of a chat: its id, their numbers, their business-scoped ids, the ids of merged chats. A number that is the id
-- of another person's chat is left out.
---@param id string of the conversation
---@return string[]
function M.names(id)
  local names, seen = { id }, { [id] = true }
  for _, identity in ipairs(identities.of(id)) do
    local value = identity.value
    if identity.kind ~= "token" and not seen[value] and not db.one("SELECT 1 AS yes FROM conversations WHERE id = ?", value) then
      names[#names + 1], seen[value] = value, true
    end
  end
  return names
end

-- The marks of the booking links that the chat was sent.
---@param conversation? table
---@return string[]
function M.tokens(conversation)
  local tokens = { conversation and conversation.token }
  for _, identity in ipairs(conversation and identities.of(conversation.id) or {}) do
    if identity.kind == "token" then tokens[#tokens + 1] = identity.value end
  end
  return tokens
end

-- ---- marks ----

---@param id string of a conversation
function M.mark(id) return ledger.mark("person " .. id) end

---@param id string of a message: the platform's, or ours
function M.message_mark(id) return ledger.mark("message " .. id):sub(1, MARK_DIGITS) end

-- Was this message erased? For a message that is delivered again.
function M.is_erased_message(id)
  return db.one("SELECT 1 AS yes FROM erased_messages WHERE mark = ?", M.message_mark(id)) ~= nil
end

-- For a new chat: was this person erased after they had opted out, or while they were blocked? nil: neither.
---@param names string[] all that names the person
---@return {opted_out: boolean, blocked: boolean}?
function M.before(names)
  local row, found = db.one("SELECT 1 AS yes FROM erased WHERE opted_out = 1 OR blocked = 1 LIMIT 1"), nil
  for _, name in ipairs(row and names or {}) do
    local mark = db.one("SELECT opted_out, blocked FROM erased WHERE mark = ? AND (opted_out = 1 OR blocked = 1)", M.mark(name))
    if mark then
      found = found or { opted_out = false, blocked = false }
      found.opted_out, found.blocked = found.opted_out or mark.opted_out == 1, found.blocked or mark.blocked == 1
    end
  end
  return found
end

-- They are not blocked any more.
---@param names string[] all that names the person
---@return integer count of marks
function M.unblocked(names)
  local count = 0
  for _, name in ipairs(names) do count = count + db.run("UPDATE erased SET blocked = 0 WHERE mark = ? AND blocked = 1", M.mark(name)) end
  return count
end

-- How many marks of erased people still block them.
---@return integer
function M.blocked_marks() return db.one("SELECT count(*) AS n FROM erased WHERE blocked = 1").n end

-- They have opted in again.
---@param names string[] all that names the person
function M.opted_in(names)
  for _, name in ipairs(names) do db.run("UPDATE erased SET opted_out = 0 WHERE mark = ? AND opted_out = 1", M.mark(name)) end
end

---@return {erased_at: integer, opted_out: integer, blocked: integer, scrubbed: integer}?
function M.erased(mark)
  return db.one("SELECT erased_at, opted_out, blocked, scrubbed FROM erased WHERE mark = ?", mark)
end

---@param mark string
---@param at integer ms
---@param keeps {opted_out?: boolean, blocked?: boolean}
function M.add_mark(mark, at, keeps)
  db.run([[INSERT INTO erased(mark, erased_at, opted_out, blocked, scrubbed) VALUES(?, ?, ?, ?, 0)
    ON CONFLICT(mark) DO UPDATE SET erased_at = excluded.erased_at, opted_out = excluded.opted_out, blocked = excluded.blocked,
      scrubbed = 0]], mark, at, keeps.opted_out and 1 or 0, keeps.blocked and 1 or 0)
end

-- What a mark keeps, as one digit of the ledger's line.
---@param keeps {opted_out?: boolean, blocked?: boolean}
---@return integer
function M.digit(keeps) return (keeps.opted_out and 1 or 0) + (keeps.blocked and 2 or 0) end

function M.add_message_mark(mark, at)
  db.run("INSERT INTO erased_messages(mark, erased_at) VALUES(?, ?) ON CONFLICT DO NOTHING", mark, at)
end

-- Must the file still be cleaned after an erasure?
function M.unscrubbed()
  return db.one("SELECT 1 AS yes FROM erased WHERE scrubbed = 0") ~= nil
end

---@param at integer of erasures up to this time
function M.scrubbed(at)
  db.run("UPDATE erased SET scrubbed = 1 WHERE scrubbed = 0 AND erased_at <= ?", at)
end

-- ---- what is kept ----

---@class records.Person
---@field messages table[]
---@field quote? table
---@field cases table[]
---@field bookings table[]
---@field turns table[]
---@field changes table[]
---@field offers table[]
---@field audit table[] what staff did
---@field stages table[] what became of each case

---@param id string of the conversation
---@return records.Person
function M.all(id)
  return {
    messages = db.all("SELECT * FROM messages WHERE conversation_id = ? ORDER BY seq, rowid", id),
    quote = db.one("SELECT * FROM quote_data WHERE conversation_id = ?", id),
    cases = db.all("SELECT * FROM cases WHERE conversation_id = ? ORDER BY id", id),
    bookings = M.bookings(M.names(id)),
    turns = db.all("SELECT * FROM turns WHERE conversation_id = ? ORDER BY id", id),
    changes = M.changes(id),
    offers = db.all("SELECT * FROM offers WHERE conversation_id = ? ORDER BY id", id),
    audit = db.all("SELECT * FROM audit WHERE conversation_id = ? ORDER BY id", id),
    stages = db.all("SELECT * FROM stages WHERE conversation_id = ? ORDER BY id", id),
  }
end

-- The visits of a person's chat, and those that were booked with one of their numbers.
---@param names string[]
---@return records.Booking[]
function M.bookings(names)
  local list = {}
  for _, name in ipairs(names) do
    for _, row in ipairs(db.all("SELECT * FROM bookings WHERE conversation_id = ?1 OR phone = ?1 ORDER BY id", name)) do
      list[#list + 1] = row
    end
  end
  return list
end

-- Edits and deletions whose message has not arrived.
---@return {id: string, original: string, content?: string, at: integer}[]
function M.changes(id)
  return db.all("SELECT id, original, content, at FROM changes_early WHERE conversation_id = ? ORDER BY at", id)
end

-- The oldest of the person's messages.
---@return {id: string, wamid?: string, content: string, role: string}[]
function M.messages(id, limit)
  return db.all("SELECT id, wamid, content, role FROM messages WHERE conversation_id = ? ORDER BY seq LIMIT ?", id, limit)
end

-- The ids of people, in order, one piece per call: those with a chat, and those of whom only a visit, or an edit or a deletion that
-- waits for its message, is kept.
function M.ids_after(after, limit)
  local ids = {}
  for i, row in ipairs(db.all([[SELECT id FROM conversations WHERE id > ?1
    UNION SELECT conversation_id FROM changes_early WHERE conversation_id > ?1
    UNION SELECT phone FROM bookings WHERE phone > ?1 ORDER BY 1 LIMIT ?2]], after, limit)) do ids[i] = row.id end
  return ids
end

-- ---- removing it ----

-- Removes one message, with everything that is stored under its ids.
---@param message {id: string, wamid?: string}
function M.remove_message(message)
  db.run("DELETE FROM held WHERE message = ?", message.id)
  if message.wamid then db.run("DELETE FROM statuses_early WHERE wamid = ?", message.wamid) end
  db.run("DELETE FROM messages WHERE id = ?", message.id)
end

-- Removes everything else. The messages are removed before.
---@param id string
---@param names string[] all that names the person
---@param shown fun(name: string): string the name as staff see it
---@return table<string, integer> counts by kind
function M.remove(id, names, shown)
  local bookings, answers, days = 0, 0, 0
  for _, name in ipairs(names) do
    days = days + costs.remove(name)
    bookings = bookings + db.run("DELETE FROM bookings WHERE conversation_id = ?1 OR phone = ?1", name)
    answers = answers + db.run("DELETE FROM slack_seen WHERE instr(body, ?1) > 0 OR instr(body, ?2) > 0", name, shown(name))
  end
  db.run("DELETE FROM identities WHERE conversation_id = ?", id)
  return {
    bookings = bookings, answers = answers, costs = days,
    turns = db.run("DELETE FROM turns WHERE conversation_id = ?", id),
    cases = db.run("DELETE FROM cases WHERE conversation_id = ?", id),
    offers = db.run("DELETE FROM offers WHERE conversation_id = ?", id),
    audit = db.run("DELETE FROM audit WHERE conversation_id = ?", id),
    slack_posts = db.run("DELETE FROM slack_posts WHERE conversation_id = ?", id),
    stages = db.run("DELETE FROM stages WHERE conversation_id = ?", id),
    held = db.run("DELETE FROM held WHERE conversation_id = ?", id),
    changes = db.run("DELETE FROM changes_early WHERE conversation_id = ?", id),
    quotes = db.run("DELETE FROM quote_data WHERE conversation_id = ?", id),
    conversations = db.run("DELETE FROM conversations WHERE id = ?", id),
  }
end

-- Does another person's message hold these words? One piece per call.
---@param word string
---@param after? integer `next` of the call before
---@return boolean found
---@return integer? next nil: everything was searched
function M.quoted(word, after)
  local first = after or (db.one("SELECT min(rowid) AS first FROM messages").first or 0) - 1
  local last = db.one("SELECT max(rowid) AS last FROM messages").last or 0
  local upto = first + 5000
  local found = db.one("SELECT 1 AS yes FROM messages WHERE rowid > ? AND rowid <= ? AND instr(content, ?) > 0 LIMIT 1", first, upto, word)
    or not after and db.one("SELECT 1 AS yes FROM changes_early WHERE instr(content, ?) > 0 LIMIT 1", word) or nil
  return found ~= nil, not found and upto < last and upto or nil
end

-- The sandbox keeps the stand-ins' tables, with their phones and their channel, in the same file.
function M.has_stand_ins()
  return db.one("SELECT 1 AS yes FROM schema_steps WHERE owner = 'sandbox'") ~= nil
end

return M
