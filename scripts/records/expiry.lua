-- Removes what is too old: each function removes one piece, the oldest first, and returns how many rows.
-- Nothing here waits.

local costs = require "records.costs"
local db = require "host.db"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local media = require "records.media"
local time = require "host.time"

local M = {}

local DAY_MS = 86400000
M.IDS_MS = 7 * DAY_MS -- so long platforms may repeat a webhook that was not answered
M.OFFERS_MS = 15 * DAY_MS -- a quote can be answered for 14 days

---Raw webhooks, and parked items.
M.raw = inbox.forget

-- The oldest rows come first, so it stops at the first row that is young enough.
local function prefix(rows, before, age, remove)
  local count = 0
  for _, row in ipairs(rows) do
    if age(row) >= before then break end
    remove(row)
    count = count + 1
  end
  return count
end

---Messages, with the sends that wait for a closed circuit.
function M.messages(before, limit)
  local stamp = time.stamp(before)
  local rows = db.all("SELECT rowid AS seq, id, wamid, created_at FROM messages ORDER BY rowid LIMIT ?", limit)
  return prefix(rows, stamp, function(row) return row.created_at end, function(row)
    db.run("DELETE FROM held WHERE message = ?", row.id)
    db.run("DELETE FROM messages WHERE rowid = ?", row.seq)
  end)
end

---What was sent beside words. Its files go with the sweep.
M.media = media.forget

---What chats cost. The totals of the days stay.
M.costs = costs.forget

---Dead jobs, because a payload can hold a person's words.
M.jobs = jobs.forget

---Records of turns.
function M.turns(before, limit)
  local rows = db.all("SELECT id, ended_at FROM turns ORDER BY id LIMIT ?", limit)
  return prefix(rows, before, function(row) return row.ended_at end, function(row) db.run("DELETE FROM turns WHERE id = ?", row.id) end)
end

---Cases that were closed before, each with what became of the lead. A live one stays, and does not stop the search.
function M.cases(before, limit)
  local rows = db.all([[SELECT id FROM cases WHERE state = 'closed' AND closed_at < ?
    ORDER BY closed_at LIMIT ?]], before, limit)
  for _, row in ipairs(rows) do
    db.run("DELETE FROM stages WHERE case_id = ?", row.id)
    db.run("DELETE FROM cases WHERE id = ?", row.id)
  end
  return #rows
end

---Quotes that were sent.
function M.offers(before, limit)
  local rows = db.all("SELECT id, created_at FROM offers ORDER BY id LIMIT ?", limit)
  return prefix(rows, before, function(row) return row.created_at end, function(row) db.run("DELETE FROM offers WHERE id = ?", row.id) end)
end

---What staff did, with the words that they wrote.
function M.audit(before, limit)
  return db.run("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)", before, limit)
end

---Posts in Slack's threads, with words that still wait for a decision. A post's ts is its time in seconds.
function M.slack_posts(before, limit)
  local stamp, count, channel = tostring(before // 1000), 0, ""
  while count < limit do
    channel = db.one("SELECT min(channel) AS next FROM slack_posts WHERE channel > ?", channel).next
    if not channel then break end
    count = count + db.run([[DELETE FROM slack_posts WHERE channel = ?1 AND ts IN (SELECT ts FROM slack_posts
      WHERE channel = ?1 AND ts < ?2 ORDER BY ts LIMIT ?3)]], channel, stamp, limit - count)
  end
  return count
end

---Visits that are over, and visits without a time.
function M.bookings(before, limit)
  return db.run([[DELETE FROM bookings WHERE id IN (SELECT id FROM bookings
    WHERE max(coalesce(end_at, start_at, event_at), event_at) < ?1
    ORDER BY max(coalesce(end_at, start_at, event_at), event_at) LIMIT ?2)]], before, limit)
end

function M.early(before, limit)
  return db.run("DELETE FROM statuses_early WHERE rowid IN (SELECT rowid FROM statuses_early WHERE at < ? LIMIT ?)", before, limit)
end

---Edits and deletions whose message never came.
function M.changes(before, limit)
  return db.run("DELETE FROM changes_early WHERE id IN (SELECT id FROM changes_early WHERE at < ? LIMIT ?)", before, limit)
end

---What counts once.
function M.seen(before, limit)
  return db.run("DELETE FROM seen WHERE mark IN (SELECT mark FROM seen WHERE at < ? LIMIT ?)", before, limit)
end

function M.erased_messages(before, limit)
  return db.run("DELETE FROM erased_messages WHERE mark IN (SELECT mark FROM erased_messages WHERE erased_at < ? LIMIT ?)", before, limit)
end

---Answers to clicks, which matter for ten minutes.
function M.answers(now, limit)
  return db.run("DELETE FROM slack_seen WHERE mark IN (SELECT mark FROM slack_seen WHERE at < ? LIMIT ?)", now - 600000, limit)
end

-- A chat with nothing left but its row: no message, no case, no visit, and no member of staff has it.
local IDLE = [[SELECT c.id, c.opted_out, c.blocked_at FROM conversations c
  WHERE c.id > ?1 AND c.id <= ?2 AND c.updated_at < ?3 AND c.status <> 'PAUSED' AND (c.opted_out = 0 AND c.blocked_at IS NULL
    OR coalesce(c.name, c.language, c.asked, c.token, c.paused_by, c.area_place, c.confirm, c.source, c.loop) IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id)
  AND NOT EXISTS (SELECT 1 FROM cases k WHERE k.conversation_id = c.id)
  AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.conversation_id = c.id)]]

---Chats that have nothing left, from an id on. Who opted out or is blocked keeps the number, and that.
---@param after string
---@return integer count
---@return string? next nil: that was the last chat
function M.conversations(after, before, limit)
  local last = db.one([[SELECT max(id) AS id, count(*) AS n FROM (SELECT id FROM conversations WHERE id > ? ORDER BY id LIMIT ?) AS piece]],
    after, limit)
  if last.n == 0 then return 0 end
  local rows = db.all(IDLE, after, last.id, time.stamp(before))
  for _, row in ipairs(rows) do
    db.run("DELETE FROM quote_data WHERE conversation_id = ?", row.id)
    if row.opted_out == 1 or row.blocked_at then
      db.run([[UPDATE conversations SET name = NULL, language = NULL, asked = NULL, token = NULL, paused_by = NULL, paused_by_name = NULL,
        area = NULL, area_place = NULL, confirm = NULL, loop = NULL, source = NULL, free_until = NULL, photos_asked = NULL
        WHERE id = ?]], row.id)
    else
      db.run("DELETE FROM turns WHERE conversation_id = ?", row.id)
      costs.remove(row.id)
      for _, name in ipairs { "offers", "audit", "stages", "slack_posts" } do
        db.run("DELETE FROM " .. name .. " WHERE conversation_id = ?", row.id)
      end
      db.run("DELETE FROM identities WHERE conversation_id = ?", row.id)
      db.run("DELETE FROM conversations WHERE id = ?", row.id)
    end
  end
  return #rows, last.n == limit and last.id or nil
end

return M
