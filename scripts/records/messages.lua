-- The table messages: what was said, by whom, and how its delivery went.

local db = require "host.db"
local heads = require "language.heads"
local metrics = require "host.metrics"
local time = require "host.time"

local M = {}

-- A delivery's state only moves forward. `failed` follows only states before delivery.
M.rank = { queued = 1, sending = 2, unknown = 3, accepted = 4, sent = 5, delivered = 6, read = 7 }

-- The label of each state, made once, because every message passes several of them.
local STATE = {}
for _, state in ipairs { "queued", "sending", "unknown", "accepted", "sent", "delivered", "read", "failed", "dropped", "draft" } do
  STATE[state] = { state = state }
end

-- Counts one more message in this state.
local function came(state)
  metrics.add("assistant_deliveries_total", 1, STATE[state])
end

-- Is the message stored already? Were any messages erased lately, so that this one may be among them? Did an edit or a deletion of it come
-- before it? Which chats do the names of its person lead to (records/identities)? One query for all.
---@param id string
---@param number? string
---@param user_id? string
---@return boolean stored
---@return boolean erasures
---@return boolean changed
---@return string? by_number
---@return string? by_user
function M.known(id, number, user_id)
  local row = db.one([[SELECT CASE WHEN EXISTS (SELECT 1 FROM messages WHERE id = ?1) THEN 1 ELSE 0 END AS stored,
    CASE WHEN EXISTS (SELECT 1 FROM erased_messages) THEN 1 ELSE 0 END AS erasures,
    CASE WHEN EXISTS (SELECT 1 FROM changes_early WHERE original = ?1) THEN 1 ELSE 0 END AS changed,
    (SELECT conversation_id FROM identities WHERE kind = 'number' AND value = ?2) AS number,
    (SELECT conversation_id FROM identities WHERE kind = 'user' AND value = ?3) AS user]], id, number, user_id)
  return row.stored == 1, row.erasures == 1, row.changed == 1, row.number, row.user
end

function M.get(id)
  return db.one("SELECT * FROM messages WHERE id = ?", id)
end

-- What the customer wrote.
---@param event table
---@param seq integer
---@param now integer ms
function M.add_user(event, seq, now)
  db.run([[INSERT INTO messages(id, conversation_id, role, content, created_at, seq, kind, said_at, reply_to)
    VALUES(?, ?, 'user', ?, ?, ?, ?, ?, ?)]],
    event.id, event.conversation, event.content, time.stamp(now), seq, event.kind,
    event.said_at, event.reply_to)
end

-- Adds a message of ours. A job sends it.
---@param m {id: string, conversation: string, content: string, seq: integer, part: integer, kind: string, author?: string,
---  state: string, template?: string, form?: string, file?: string, reply_to?: string} file: the hash that form names
function M.add_assistant(m, now)
  db.run([[INSERT INTO messages(id, conversation_id, role, content, created_at, seq, part, kind, author, state, state_at, template,
      form, file, reply_to)
    VALUES(?, ?, 'assistant', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]],
    m.id, m.conversation, m.content, time.stamp(now), m.seq, m.part, m.kind, m.author, m.state, now, m.template,
    m.form, m.file, m.reply_to)
  came(m.state)
end

-- A customer's message, and the edits of it that are messages of their own, the newest last.
---@param conversation_id string
---@param id string of the message, or of an edit of it
---@return {id: string, content: string, kind: string, seq: integer, edited_at?: integer}[]
function M.versions(conversation_id, id)
  local columns = "SELECT id, content, kind, seq, edited_at, reply_to FROM messages "
  local first = db.one(columns .. "WHERE id = ? AND conversation_id = ? AND role = 'user'", id, conversation_id)
    or db.one(columns .. "WHERE conversation_id = ? AND edit_id = ?", conversation_id, id)
  if not first then return {} end
  if first.kind == "edit" and first.reply_to then
    local whole = M.versions(conversation_id, first.reply_to)
    return #whole > 0 and whole or { first }
  end
  return { first, table.unpack(first.edited_at and db.all([[SELECT id, content, kind, seq, edited_at FROM messages
    WHERE conversation_id = ? AND seq > ? AND kind = 'edit' AND reply_to = ? ORDER BY seq]], conversation_id, first.seq, id) or {}) }
end

-- The customer edited or deleted a message.
---@param id string
---@param content string
---@param kind? string
---@param edited_at integer ms
---@param edit_id string of the edit or deletion
function M.replace(id, content, kind, edited_at, edit_id)
  return db.run("UPDATE messages SET content = ?, kind = coalesce(?, kind), edited_at = ?, edit_id = ? WHERE id = ?", content, kind,
    edited_at, edit_id, id)
end

-- A message of ours in this chat, by our id or the platform's.
---@param conversation_id string
---@param id string
---@return {id: string, content: string, edited_at?: integer, author?: string}?
function M.ours(conversation_id, id)
  local columns = "SELECT id, content, edited_at, author FROM messages "
  return db.one(columns .. "WHERE id = ? AND conversation_id = ? AND role = 'assistant'", id, conversation_id)
    or db.one(columns .. "WHERE wamid = ? AND conversation_id = ?", id, conversation_id)
    or db.one(columns .. "WHERE conversation_id = ? AND edit_id = ? AND role = 'assistant'", conversation_id, id)
end

-- The words of a voice note. seq: it counts as said now, because it was answered without them.
---@param id string
---@param content string
---@param seq? integer
function M.set_words(id, content, seq)
  db.run("UPDATE messages SET content = ?, seq = coalesce(?, seq) WHERE id = ?", content, seq, id)
end

-- When the customer's newest message arrived (ms).
---@return integer
function M.newest_at(conversation_id)
  local row = db.one([[SELECT created_at FROM messages WHERE conversation_id = ? AND role = 'user' ORDER BY seq DESC LIMIT 1]],
    conversation_id)
  return row and time.parse(row.created_at) or time.now_ms()
end

-- What the message says that another one quotes. We know ours by the platform's id.
local QUOTED = [[CASE WHEN m.reply_to IS NOT NULL AND m.role = 'user' AND m.kind <> 'edit' THEN coalesce(
    (SELECT content FROM messages q WHERE q.id = m.reply_to AND q.conversation_id = m.conversation_id),
    (SELECT content FROM messages q WHERE q.wamid = m.reply_to AND q.conversation_id = m.conversation_id ORDER BY rowid LIMIT 1)) END
    AS quoted]]

-- 1: it is a photo whose file was refused.
local REFUSED_PHOTO = [[CASE WHEN m.kind = 'image' AND EXISTS (SELECT 1 FROM media f WHERE f.message_id = m.id AND f.state = 'refused')
    THEN 1 END AS refused]]

---@param event {id: string} a message that is stored
---@return string?
function M.quoted(event)
  return db.one("SELECT " .. QUOTED .. " FROM messages m WHERE id = ?", event.id).quoted
end

local MOST_WAITING = 500 -- messages that one turn answers

-- The texts of what each turn asks are joined once.
local UNANSWERED = "SELECT id, content, kind, seq, said_at, created_at, " .. REFUSED_PHOTO .. ", " .. QUOTED .. [[ FROM messages m
  WHERE conversation_id = ? AND seq > ? AND role = 'user' ORDER BY seq LIMIT ?]]
local RECENT = "SELECT id, role, content, kind, seq, said_at, created_at, " .. REFUSED_PHOTO .. ", " .. QUOTED .. [[ FROM messages m
  WHERE conversation_id = ? AND seq <= ? AND (state IS NULL OR state NOT IN ('dropped', 'draft', 'failed'))
    AND coalesce(kind, '') <> 'paused' AND (created_at >= ? OR seq > ?)
  ORDER BY seq DESC, rowid DESC LIMIT ?]]

-- The customer's unanswered messages, oldest first.
function M.unanswered(conversation)
  return db.all(UNANSWERED, conversation.id, conversation.answered_seq, MOST_WAITING)
end

-- The customer's newest messages as staff read them: at most three, the newest last. Photos in a row are one.
---@param conversation_id string
---@param from_ms? integer what came before belongs to an earlier quote
---@return string[]
function M.last_shown(conversation_id, from_ms)
  local rows = {}
  for _, row in ipairs(db.all("SELECT content, kind, " .. QUOTED .. [[ FROM messages m WHERE conversation_id = ? AND role = 'user'
      AND created_at >= ? ORDER BY seq DESC LIMIT 30]], conversation_id, from_ms and time.stamp(from_ms) or "")) do
    table.insert(rows, 1, row)
  end
  local shown = heads.all(rows)
  return table.move(shown, math.max(1, #shown - 2), #shown, 1, {})
end

-- The newest messages up to seq that were sent or will be, oldest first. Within one seq the order of storing counts, so that an
-- answer comes after what it answers, although something arrived meanwhile. The text that says that staff have the chat answers
-- nothing, so it is left out. The index gives this order without sorting.
---@param conversation_id string
---@param seq integer
---@param count integer
---@param from_ms? integer what came before belongs to an earlier quote
---@param answered? integer messages after this one count whenever they came
function M.recent(conversation_id, seq, count, from_ms, answered)
  local rows = db.all(RECENT, conversation_id, seq, from_ms and time.stamp(from_ms) or "", answered, count)
  for i = 1, #rows // 2 do rows[i], rows[#rows - i + 1] = rows[#rows - i + 1], rows[i] end
  return rows
end

-- What a turn reads of the chat, in one query: `unanswered`, and `recent` up to the last of these, with the same rows. (Both apart took
-- 20 k instructions more.)
---@param conversation {id: string, last_seq: integer, answered_seq: integer, quote_from?: integer}
---@param count integer of messages that are answered
---@return table[] waiting
---@return table[] rows
function M.of_turn(conversation, count)
  local answered, upto = conversation.answered_seq, conversation.last_seq
  if upto - answered > MOST_WAITING then
    local first = M.unanswered(conversation)
    upto = #first > 0 and first[#first].seq or upto
  end
  local most = count + math.min(upto - answered, MOST_WAITING)
  local rows, waiting = M.recent(conversation.id, upto, most, conversation.quote_from, answered), {}
  if #rows == most and rows[1].seq > answered then -- what staff wrote took the places of messages that wait
    waiting = M.unanswered(conversation)
    return waiting, #waiting > 0 and M.recent(conversation.id, waiting[#waiting].seq, count + #waiting, conversation.quote_from) or rows
  end
  for _, row in ipairs(rows) do
    if row.seq > answered and row.role == "user" then waiting[#waiting + 1] = row end
  end
  while #waiting > 0 and rows[#rows].seq > waiting[#waiting].seq do rows[#rows] = nil end
  return waiting, rows
end

-- Those of these rows that were stored since then.
---@param rows {created_at: string}[]
---@param from_ms integer
---@return table[]
function M.since(rows, from_ms)
  local newer, from = {}, time.stamp(from_ms)
  for _, row in ipairs(rows) do
    if row.created_at >= from then newer[#newer + 1] = row end
  end
  return newer
end

-- When the first message after seq arrived; nil: there is none.
function M.newer_at(conversation_id, seq)
  local row = db.one([[SELECT created_at FROM messages WHERE conversation_id = ? AND seq > ? AND role = 'user'
    ORDER BY seq LIMIT 1]], conversation_id, seq)
  return row and (time.parse(row.created_at) or time.now_ms())
end

-- How many messages that we cannot use came running, up to the newest one.
---@param conversation_id string
---@return integer
function M.unusable_running(conversation_id)
  return db.one([[SELECT count(*) AS n FROM messages WHERE conversation_id = ?1 AND role = 'user' AND kind = 'unsupported'
    AND seq > coalesce((SELECT max(seq) FROM messages WHERE conversation_id = ?1 AND role = 'user'
      AND coalesce(kind, '') NOT IN ('unsupported', 'undelivered', 'deleted')), 0)]], conversation_id).n
end

-- The customer's words up to seq that nobody understood: those of this turn, and the second time also those of the turn before, which
-- staff have not read.
---@param conversation {id: string, answered_seq: integer}
---@param seq integer
---@param times integer how many turns running
---@return string
function M.since_understood(conversation, seq, times)
  local rows = db.all([[SELECT content FROM messages WHERE conversation_id = ? AND role = 'user' AND seq <= ? AND seq > ? ORDER BY seq]],
    conversation.id, seq, times == 2 and M.answered_before(conversation.id, conversation.answered_seq) or conversation.answered_seq)
  local words = {}
  for i, row in ipairs(rows) do words[i] = row.content end
  return table.concat(words, "\n")
end

-- The newest messages of both sides, oldest first, as staff read them.
---@param conversation_id string
---@param count integer
---@param upto? integer the place (rowid) of the last one
---@return {role: string, content: string, author?: string, state?: string}[]
function M.last_of_both(conversation_id, count, upto)
  return db.all([[SELECT * FROM (SELECT role, content, author, state, seq, rowid AS place FROM messages WHERE conversation_id = ?
      AND rowid <= ? AND coalesce(state, '') NOT IN ('dropped', 'draft') ORDER BY seq DESC, rowid DESC LIMIT ?) AS newest
    ORDER BY seq, place]],
    conversation_id, upto or math.maxinteger, count)
end

-- The place (rowid) of the newest message of all.
function M.newest_place()
  return db.one("SELECT coalesce(max(rowid), 0) AS place FROM messages").place
end

-- Our newest message that the customer got or will get. The index gives this order without sorting.
function M.last_reply(conversation_id)
  local row = db.one([[SELECT content FROM messages WHERE conversation_id = ? AND role = 'assistant'
    AND state NOT IN ('dropped', 'draft', 'failed') ORDER BY seq DESC, rowid DESC LIMIT 1]], conversation_id)
  return row and row.content
end

-- Did a text of ours that holds these words go out since then, or will it?
---@param conversation_id string
---@param words string
---@param since integer ms
---@return boolean
function M.said_since(conversation_id, words, since)
  return db.one([[SELECT 1 AS yes FROM messages WHERE conversation_id = ? AND role = 'assistant' AND instr(content, ?) > 0
    AND created_at >= ? AND state NOT IN ('dropped', 'draft', 'failed') LIMIT 1]], conversation_id, words, time.stamp(since)) ~= nil
end

-- Did the customer get a reply of the assistant, or will they? STOP's confirmation and the like are none.
function M.greeted(conversation_id)
  return db.one([[SELECT 1 AS yes FROM messages WHERE conversation_id = ? AND role = 'assistant' AND kind IN ('model', 'scripted')
    AND state NOT IN ('dropped', 'draft', 'failed') LIMIT 1]], conversation_id) ~= nil
end

-- The seq up to which the answer before this one answered; 0 when there was none.
function M.answered_before(conversation_id, seq)
  local row = db.one([[SELECT max(seq) AS seq FROM messages WHERE conversation_id = ? AND seq < ? AND role = 'assistant'
    AND state IN ('accepted', 'sent', 'delivered', 'read')]], conversation_id, seq)
  return row and row.seq or 0
end

-- A message, with what decides whether it is sent. circuit_open: WhatsApp refused us; probe_at: until when everybody waits, while it does
-- not. clock_off: the reason of the circuit "clock" (records/window). paced_at: the latest of this person's messages (channels/whatsapp/
-- pace), which need not be the one with the highest seq: news of a visit stand before words that came earlier.
function M.to_send(id)
  return db.one([[SELECT m.id, m.conversation_id, m.content, m.created_at, m.seq, m.kind, m.state, m.state_at, m.wamid, m.template,
      m.form, m.reply_to,
      c.status, c.opted_out, c.blocked_at, c.inbound_at, c.free_until, c.last_seq, c.phone_number, c.write_to,
      k.open AS circuit_open, k.probe_at,
      (SELECT reason FROM circuits WHERE name = 'clock' AND open = 1) AS clock_off,
      (SELECT max(p.paced_at) FROM messages p WHERE p.conversation_id = m.conversation_id AND p.paced_at IS NOT NULL) AS paced_at
    FROM messages m JOIN conversations c ON c.id = m.conversation_id LEFT JOIN circuits k ON k.name = 'whatsapp' WHERE m.id = ?]], id)
end

-- The message after its request. early: a status with the platform's id came before the answer.
function M.after_send(id, wamid)
  return db.one([[SELECT state, state_at, error, (SELECT open FROM circuits WHERE name = 'whatsapp') AS circuit_open,
      CASE WHEN EXISTS (SELECT 1 FROM statuses_early WHERE wamid = ?2) THEN 1 ELSE 0 END AS early
    FROM messages WHERE id = ?1]], id, wamid)
end

-- Its file was uploaded, so its form names the platform's id.
function M.set_form(id, form)
  db.run("UPDATE messages SET form = ? WHERE id = ?", form, id)
end

-- It is sent as words alone: no buttons, and nothing quoted.
function M.words_alone(id)
  db.run("UPDATE messages SET form = NULL, reply_to = NULL WHERE id = ?", id)
end

-- The request for it starts. paced_at: what the next message to this person is measured by.
function M.opened(id, now, paced_at)
  db.run("UPDATE messages SET state = 'sending', state_at = ?1, opened_at = ?1, error = NULL, paced_at = ?3 WHERE id = ?2",
    now, id, paced_at)
  came("sending")
end

-- Sets a state, whatever it was before. No request is in flight afterwards.
---@param id string
---@param state string
---@param now integer ms
---@param why? string
function M.set_state(id, state, now, why)
  db.run("UPDATE messages SET state = ?, state_at = ?, opened_at = NULL, error = ? WHERE id = ?", state, now, why, id)
  came(state)
end

---A message that waits to be sent is not sent any more.
---@param id string
---@param now integer ms
---@param why string
function M.take_back(id, now, why)
  local row = db.one("SELECT state FROM messages WHERE id = ?", id)
  if row and row.state == "queued" then M.set_state(id, "dropped", now, why) end
end

-- The platform accepted a message that waits for nothing else: no status was faster, and WhatsApp does not refuse us. So it is with nearly
-- every send, and one statement takes a third less than after_send and accepted. False: it is not so.
---@param id string
---@param wamid string
---@param now integer ms
---@return boolean
function M.just_accepted(id, wamid, now)
  local done = db.run([[UPDATE messages SET wamid = ?1, opened_at = NULL, state = 'accepted', state_at = ?2 WHERE id = ?3
    AND state = 'sending' AND NOT EXISTS (SELECT 1 FROM statuses_early WHERE wamid = ?1)
    AND NOT EXISTS (SELECT 1 FROM circuits WHERE name = 'whatsapp' AND open = 1)]], wamid, now, id) == 1
  if done then came("accepted") end
  return done
end

-- The platform accepted it. A status can come first, so the state never goes back.
---@param row table what after_send returned in the same step
---@param why? string what staff should know of it
function M.accepted(id, row, wamid, now, why)
  local rank = M.rank[row.state]
  local forward = rank ~= nil and rank < M.rank.accepted
  db.run("UPDATE messages SET wamid = ?, opened_at = NULL, state = ?, state_at = ?, error = coalesce(?, error) WHERE id = ?",
    wamid, forward and "accepted" or row.state, forward and now or row.state_at, why, id)
  if forward then came("accepted") end
end

-- What a status is applied to. The whole row costs 15 thousand instructions more, and a reply gets three statuses.
local MOVING = [[SELECT id, conversation_id, kind, state, wamid, resent, template, opened_at,
    (SELECT open FROM circuits WHERE name = 'whatsapp') AS circuit_open FROM messages WHERE ]]
local BY_MARK = MOVING .. "id = ? AND role = 'assistant'"
local BY_WAMID = MOVING .. "wamid = ?"

-- The message that a status is about, found by our mark, otherwise by the platform's id.
function M.of_status(mark, wamid)
  return mark and db.one(BY_MARK, mark) or wamid and db.one(BY_WAMID, wamid) or nil
end

-- A status changed its state. A request in flight stays in flight.
---@param id string
---@param state string
---@param wamid? string nil: as it is, so that its index is not written
---@param now integer ms
---@param why? string
function M.moved(id, state, wamid, now, why)
  if wamid then db.run("UPDATE messages SET wamid = ? WHERE id = ?", wamid, id) end
  db.run("UPDATE messages SET state = ?, state_at = ?, error = ? WHERE id = ?", state, now, why, id)
  came(state)
end

-- It is sent once more, because a status reported a temporary failure.
---@param id string
---@param now integer ms
---@param why? string
function M.resend(id, now, why)
  db.run("UPDATE messages SET state = 'queued', state_at = ?, resent = resent + 1, wamid = NULL, error = ? WHERE id = ?",
    now, why, id)
  came("queued")
end

-- All messages that wait to be sent, oldest first.
function M.queued(conversation_id)
  return db.all("SELECT id, content FROM messages WHERE conversation_id = ? AND state = 'queued' ORDER BY rowid", conversation_id)
end

-- Messages of the assistant that have not left yet.
function M.unsent(conversation_id)
  return db.all([[SELECT id, content, state, seq, part FROM messages WHERE conversation_id = ? AND role = 'assistant'
    AND kind IN ('model', 'scripted') AND state IN ('queued', 'sending', 'unknown') ORDER BY seq, created_at, part]],
    conversation_id)
end

---@param wamid string
---@param status string
---@param now integer ms
---@param why? string
function M.keep_early(wamid, status, now, why)
  db.run("INSERT INTO statuses_early(wamid, status, at, error) VALUES(?, ?, ?, ?)", wamid, status, now, why)
end

function M.take_early(wamid)
  local rows = db.all("SELECT status, error FROM statuses_early WHERE wamid = ? ORDER BY at", wamid)
  if #rows > 0 then db.run("DELETE FROM statuses_early WHERE wamid = ?", wamid) end
  return rows
end

function M.hold(id, conversation_id)
  db.run("INSERT INTO held(message, conversation_id) VALUES(?, ?) ON CONFLICT DO NOTHING", id, conversation_id)
end

-- Up to `count` of the waiting sends; they are no longer marked as waiting.
function M.release(count)
  local rows = db.all("SELECT message, conversation_id FROM held LIMIT ?", count)
  for _, row in ipairs(rows) do db.run("DELETE FROM held WHERE message = ?", row.message) end
  return rows
end

-- How many are in doubt. (The query repeats the index's condition, so that the index is used.)
function M.in_doubt()
  return db.one([[SELECT count(*) AS n FROM messages
    WHERE state IN ('unknown', 'failed') AND state = 'unknown']]).n
end

-- How many failed since then. Staff were told about each.
function M.failed_since(at)
  return db.one([[SELECT count(*) AS n FROM messages
    WHERE state IN ('unknown', 'failed') AND state = 'failed' AND state_at >= ?]], at).n
end

-- For status: the states of the newest thousand, and of all that are in doubt or failed.
function M.counts()
  local counts = {}
  for _, row in ipairs(db.all([[SELECT state, count(*) AS n FROM
      (SELECT state FROM messages WHERE role = 'assistant' ORDER BY rowid DESC LIMIT 1000) AS newest GROUP BY state]])) do
    counts[row.state] = row.n
  end
  for _, row in ipairs(db.all([[SELECT state, count(*) AS n FROM messages WHERE state IN ('unknown', 'failed')
      GROUP BY state]])) do
    counts[row.state] = row.n
  end
  return counts
end

return M
