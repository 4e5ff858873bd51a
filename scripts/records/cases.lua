-- The table cases: chats that staff should look at. A case is open (its card is in Slack or will be), then taken, then closed.
-- A conversation has at most one case that is not closed; the index cases_live holds that, whatever a script does.
-- Nothing here waits.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"

local M = {}

local EXPIRES_MS = 24 * 3600000
local NOTES_BYTES = 4000

---The quote's fields as they are stored now, to compare with them later.
local function known_now(conversation_id)
  local row = db.one("SELECT json_dump FROM quote_data WHERE conversation_id = ?", conversation_id)
  return row and row.json_dump or "{}"
end

---The case that is open or taken; nil: none.
function M.current(conversation_id)
  return db.one("SELECT * FROM cases WHERE conversation_id = ? AND state <> 'closed'", conversation_id)
end

---The newest case, closed or not; nil: none.
function M.last(conversation_id)
  return M.current(conversation_id)
    or db.one("SELECT * FROM cases WHERE conversation_id = ? ORDER BY id DESC LIMIT 1", conversation_id)
end

function M.get(id)
  return db.one("SELECT * FROM cases WHERE id = ?", id)
end

---The quote's fields when this case was opened or, for a closed case, when it was closed.
function M.known(case)
  local value = case.known and json.decode(case.known, { null_as_nil = true })
  return type(value) == "table" and value or {}
end

---The live case. When there is none, it is opened.
---@param conversation table a row of conversations
---@param reason "complete"|"asked"|"cancel"|"change"|"complaint"|"model"|"question"|"failed"|"limit"|"loop"
---@return table case
---@return boolean fresh this call opened it
function M.open(conversation, reason)
  local case = M.current(conversation.id)
  if case then return case, false end
  local now = time.now_ms()
  db.run("INSERT INTO cases(conversation_id, state, reason, opened_at, active_at, known) VALUES (?, 'open', ?, ?, ?, ?)",
    conversation.id, reason, now, now, known_now(conversation.id))
  return M.current(conversation.id), true
end

---The live case has another reason now: the customer waits for a person.
---@param conversation_id string
---@param reason "asked"|"cancel"|"change"|"complaint"|"failed"
function M.because(conversation_id, reason)
  db.run("UPDATE cases SET reason = ? WHERE conversation_id = ? AND state <> 'closed'", reason, conversation_id)
end

---A member of staff takes the case; the first one wins. Without a case there is nothing to take, and that is no error.
---@param conversation_id string
---@param user {id: string, name: string}
---@return boolean ok this user has the case, or there is none
---@return table? holder {id=, name=, at=} of another user who has it
function M.take(conversation_id, user)
  local now = time.now_ms()
  local taken = db.run([[UPDATE cases SET state = 'taken', taken_at = ?, taken_by = ?, taken_by_name = ?, active_at = ?
    WHERE conversation_id = ? AND state = 'open']], now, user.id, user.name, now, conversation_id)
  if taken > 0 then return true end
  local case = M.current(conversation_id)
  if not case or case.taken_by == user.id then return true end
  return false, { id = case.taken_by, name = case.taken_by_name, at = case.taken_at }
end

---One side said something about the live case.
---@param conversation_id string
function M.active(conversation_id)
  db.run("UPDATE cases SET active_at = ? WHERE conversation_id = ? AND state <> 'closed'", time.now_ms(), conversation_id)
end

---@param conversation_id string
---@return boolean closed false: there was none
function M.close(conversation_id)
  local now = time.now_ms()
  return db.run([[UPDATE cases SET state = 'closed', closed_at = ?, active_at = ?, known = ?
    WHERE conversation_id = ? AND state <> 'closed']], now, now, known_now(conversation_id), conversation_id) > 0
end

---Staff close it, and say why. A case that a return closed gets its reason so.
---@param conversation_id string
---@param closing {reason: string, cents?: integer, by: string}
---@return boolean closed false: there never was one
function M.close_as(conversation_id, closing)
  local case = M.last(conversation_id)
  if not case then return false end
  db.run("UPDATE cases SET close_reason = ?, close_cents = ?, closed_by = ? WHERE id = ?", closing.reason, closing.cents, closing.by,
    case.id)
  M.close(conversation_id)
  return true
end

---Closes taken cases without a message from either side for 24 hours. A paused chat is not closed here; its own rule returns it.
---@param now integer ms
---@return table[] cases as they were before
function M.expire_due(now)
  local stale = db.all([[SELECT c.* FROM cases c JOIN conversations v ON v.id = c.conversation_id
    WHERE c.state <> 'closed' AND c.state = 'taken' AND c.active_at <= ? AND v.inbound_at <= ? AND v.status <> 'PAUSED'
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.conversation_id AND m.seq = v.last_seq AND m.created_at > ?)]],
    now - EXPIRES_MS, now - EXPIRES_MS, time.stamp(now - EXPIRES_MS))
  for _, case in ipairs(stale) do M.close(case.conversation_id) end
  return stale
end

---The card, or the text in its place, reached the channel.
---@param id integer
---@param channel? string where it is, with a bot token
---@param ts? string
function M.posted(id, channel, ts)
  db.run("UPDATE cases SET posted_at = coalesce(posted_at, ?), channel = coalesce(?, channel), ts = coalesce(?, ts) WHERE id = ?",
    time.now_ms(), channel, ts, id)
end

---The newest case whose card has a place.
---@param conversation_id string
---@return table?
function M.carded(conversation_id)
  return db.one("SELECT * FROM cases WHERE conversation_id = ? AND ts IS NOT NULL ORDER BY id DESC LIMIT 1", conversation_id)
end

---The case whose card this is.
---@return table?
function M.of_card(channel, ts)
  return db.one("SELECT * FROM cases WHERE ts = ? AND channel = ?", ts, channel)
end

---The cards of a chat are gone.
---@param conversation_id string
---@return {channel: string, ts: string}[] where they were
function M.uncarded(conversation_id)
  local places = db.all("SELECT channel, ts FROM cases WHERE conversation_id = ? AND ts IS NOT NULL", conversation_id)
  db.run("UPDATE cases SET channel = NULL, ts = NULL WHERE conversation_id = ?", conversation_id)
  return places
end

---Cases whose card is not in the channel yet, oldest first.
---@param before? integer ms, opened before
---@return table[]
function M.unposted(before)
  return db.all([[SELECT * FROM cases WHERE state <> 'closed' AND posted_at IS NULL AND opened_at <= ? ORDER BY opened_at, id LIMIT 500]],
    before or time.now_ms())
end

---Cases that nobody has taken, the oldest first.
---@param count integer
---@return table[]
function M.open_now(count)
  return db.all("SELECT * FROM cases WHERE state <> 'closed' AND state = 'open' ORDER BY opened_at, id LIMIT ?", count)
end

---Cases that nobody has taken, for the reminders.
---@param times integer how many reminders a case gets
---@return table[]
function M.waiting(times)
  return db.all([[SELECT * FROM cases WHERE state <> 'closed' AND state = 'open' AND posted_at IS NOT NULL AND reminded < ?
    ORDER BY opened_at, id LIMIT 500]], times)
end

function M.reminded(id, count)
  db.run("UPDATE cases SET reminded = ? WHERE id = ?", count, id)
end

function M.told_late(id)
  db.run("UPDATE cases SET told_late = ? WHERE id = ?", time.now_ms(), id)
end

---Does the next follow-up hold so much that a further text would be dropped?
---@param case table
---@return boolean
function M.is_full(case)
  return #(case.notes or "") > NOTES_BYTES
end

---Stores a text for the case's next follow-up. Returns when to post it: at once, or `every_ms` after the last one.
---@param case table
---@param text string
---@param every_ms integer
---@return integer run_at ms
function M.note(case, text, every_ms)
  local now = time.now_ms()
  db.run([[UPDATE cases SET active_at = ?, notes = CASE WHEN length(coalesce(notes, '')) > CAST(? AS BIGINT) THEN notes
    WHEN notes IS NULL OR notes = '' THEN ? ELSE notes || ? END WHERE id = ?]], now, NOTES_BYTES, text, "\n" .. text, case.id)
  return math.max(now, (case.follow_up_at or 0) + every_ms)
end

---This text has been posted. Text that was stored meanwhile waits for the next follow-up.
---@param id integer
---@param words string
---@return boolean more
function M.followed_up(id, words)
  db.run([[UPDATE cases SET follow_up_at = ?, notes = ltrim(substr(notes, length(?2) + 1), ?3) WHERE id = ?4
    AND substr(notes, 1, length(?2)) = ?2]], time.now_ms(), words, "\n", id)
  local case = M.get(id)
  return case ~= nil and (case.notes or "") ~= ""
end

---The customer's newest messages, for the card: at most three, the newest last.
function M.last_words(conversation_id)
  local rows = db.all([[SELECT content FROM messages WHERE conversation_id = ? AND role = 'user'
    ORDER BY seq DESC LIMIT 3]], conversation_id)
  local words = {}
  for i = #rows, 1, -1 do words[#words + 1] = rows[i].content end
  return words
end

---How far staff's own messages answer the customer: the seq of the newest of them, 0 when there is none.
---@param conversation_id string
---@return integer seq
function M.staff_seq(conversation_id)
  return db.one([[SELECT coalesce(max(seq), 0) AS seq FROM messages WHERE conversation_id = ? AND author IS NOT NULL
    AND (state IS NULL OR state NOT IN ('dropped', 'draft', 'failed'))]], conversation_id).seq
end

---Answered requests of Slack, kept for ten minutes: a repeated request gets the same answer and does nothing.
---@param mark string
---@param within_ms? integer only one that is not older
---@return {status: integer, body: string}?
function M.seen(mark, within_ms)
  return db.one("SELECT status, body FROM slack_seen WHERE mark = ? AND at > ?", mark, within_ms and time.now_ms() - within_ms or 0)
end

function M.see(mark, status, body)
  local now = time.now_ms()
  db.run("DELETE FROM slack_seen WHERE at < ?", now - 600000)
  db.run("INSERT INTO slack_seen(mark, at, status, body) VALUES (?, ?, ?, ?) ON CONFLICT(mark) DO UPDATE SET at = excluded.at", mark, now,
    status, body)
end

---Paused chats without a message or click since `before`, whose staff were not asked since.
---@param before integer ms
---@return table[] conversations
function M.idle_pauses(before)
  return db.all([[SELECT * FROM conversations WHERE status = 'PAUSED' AND coalesce(pause_active_at, paused_at, 0) <= ?
    AND coalesce(pause_asked_at, 0) < coalesce(pause_active_at, paused_at, 1) LIMIT 200]], before)
end

function M.pause_asked(conversation_id)
  db.run("UPDATE conversations SET pause_asked_at = ? WHERE id = ?", time.now_ms(), conversation_id)
end

---How many cases are open, taken, and not yet in the channel; and when the oldest open one was opened (ms; nil: none).
---The condition `state <> 'closed'` is that of the index cases_live, so only live cases are read.
---@return {open: integer, taken: integer, unposted: integer, oldest_open_at?: integer}
function M.counts()
  local counts = { open = 0, taken = 0, unposted = 0 }
  for _, row in ipairs(db.all([[SELECT state, count(*) AS n, count(*) - count(posted_at) AS unposted, min(opened_at) AS oldest
      FROM cases WHERE state <> 'closed' GROUP BY state]])) do
    counts[row.state] = row.n
    counts.unposted = counts.unposted + row.unposted
    if row.state == "open" then counts.oldest_open_at = row.oldest end
  end
  return counts
end

return M
