-- Makes one chat of two that turned out to be one person's. The older chat stays; everything of the other moves to it, in the caller's
-- transaction. Nothing here waits.

local cases = require "records.cases"
local conversation_flow = require "flow.conversation"
local conversations = require "records.conversations"
local costs = require "records.costs"
local db = require "host.db"
local identities = require "records.identities"
local json = require "host.json"
local offers = require "records.offers"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local text = require "language.text"
local time = require "host.time"

local M = {}

local NEWEST = { "name", "language", "asked", "asked_times", "unread_times", "area", "area_place", "confirm", "write_to", "phone_number" }
local GREATEST = { "inbound_at", "area_told", "turns_from", "limited_at", "after_hours_at", "nudged", "quote_from", "free_until",
  "photos_asked", "blocked_at", "blocked_messages", "edits" }
local PAUSE = { "status", "paused_at", "paused_by", "paused_by_name", "pause_active_at", "pause_asked_at", "paused_told_at",
  "staff_reached_at" }
local MOVED = { "bookings", "turns", "cases", "held", "changes_early", "media", "offers", "audit", "stages", "slack_posts" }

-- One order by arrival for the messages of both. What nobody answered comes last, so that nothing is answered twice. Ours stay with the
-- message that they answer.
---@return integer count of the customer's messages
---@return integer answered
local function renumber(kept, lost)
  local function done(chat) return chat.opted_out == 1 and chat.last_seq or chat.answered_seq end
  local counts = db.one([[SELECT count(*) AS n,
      count(*) FILTER (WHERE seq <= CASE conversation_id WHEN ?1 THEN CAST(?3 AS BIGINT) ELSE CAST(?4 AS BIGINT) END) AS answered
    FROM messages WHERE conversation_id IN (?1, ?2) AND role = 'user']], kept.id, lost.id, done(kept), done(lost))
  db.run([[WITH theirs AS (
      SELECT rowid AS stored, conversation_id AS chat, seq, role,
        max(created_at) OVER (PARTITION BY conversation_id ORDER BY seq) AS arrived,
        seq > CASE conversation_id WHEN ?1 THEN CAST(?3 AS BIGINT) ELSE CAST(?4 AS BIGINT) END AS waits
      FROM messages WHERE conversation_id IN (?1, ?2)),
    numbered AS (SELECT stored, row_number() OVER (ORDER BY waits, arrived, stored) AS place FROM theirs WHERE role = 'user'),
    placed AS (SELECT t.stored AS stored, max(n.place) OVER (PARTITION BY t.chat ORDER BY t.seq) AS place
      FROM theirs t LEFT JOIN numbered n ON n.stored = t.stored)
    UPDATE messages SET conversation_id = ?1, seq = coalesce(placed.place, 0) FROM placed WHERE messages.rowid = placed.stored]],
    kept.id, lost.id, done(kept), done(lost))
  return counts.n, counts.answered
end

-- A known value wins over an unknown one, staff's over the model's, else the newer.
local function merge_quotes(kept, lost)
  local rows = db.all("SELECT conversation_id FROM quote_data WHERE conversation_id IN (?, ?) ORDER BY updated_at, conversation_id = ?",
    kept.id, lost.id, kept.id)
  if #rows == 1 then return db.run("UPDATE quote_data SET conversation_id = ? WHERE conversation_id = ?", kept.id, lost.id) end
  if #rows == 0 then return end
  local older, fixed = quotes.get(rows[1].conversation_id)
  local newer, theirs = quotes.get(rows[2].conversation_id)
  for field, value in pairs(newer) do
    local wins = quote.known(value) or not quote.known(older[field])
    if wins and (theirs[field] or not fixed[field]) then older[field] = value end
    fixed[field] = fixed[field] or theirs[field]
  end
  quotes.put(kept.id, older)
  local locked = json.array(text.sorted_names(fixed))
  db.run("UPDATE quote_data SET locked = ? WHERE conversation_id = ?", #locked > 0 and json.encode(locked) or nil, kept.id)
  db.run("DELETE FROM quote_data WHERE conversation_id = ?", lost.id)
end

-- At most one case stays live: one that somebody took, else the kept chat's. Returns the one that is closed.
local function merge_cases(kept, lost)
  local mine, theirs = cases.current(kept.id), cases.current(lost.id)
  if not mine or not theirs then return end
  local stays, goes = mine, theirs
  if theirs.state == "taken" and mine.state ~= "taken" then stays, goes = theirs, mine end
  cases.close(goes.conversation_id)
  if conversation_flow.waits(goes) and not conversation_flow.waits(stays) then cases.because(stays.conversation_id, goes.reason) end
  return cases.get(goes.id)
end

local ADD_COSTS
do
  local sums = {}
  local columns = { "tokens_in", "tokens_cached", "tokens_out", "dollars", "free", "message_dollars", table.unpack(costs.CATEGORIES) }
  for i, column in ipairs(columns) do sums[i] = ("%s = costs.%s + excluded.%s"):format(column, column, column) end
  local list = table.concat(columns, ", ")
  ADD_COSTS = ([[INSERT INTO costs(conversation_id, day, %s) SELECT ?1, day, %s FROM costs WHERE conversation_id = ?2
    ON CONFLICT(conversation_id, day) DO UPDATE SET %s]]):format(list, list, table.concat(sums, ", "))
end

local function merge_costs(kept, lost)
  db.run(ADD_COSTS, kept.id, lost.id)
  db.run("DELETE FROM costs WHERE conversation_id = ?", lost.id)
end

-- The row that stays: an opt-out or a pause on either side holds.
local function merged_row(kept, lost)
  local newer, older = kept, lost
  if lost.inbound_at > kept.inbound_at then newer, older = lost, kept end
  local set = {}
  for _, name in ipairs(NEWEST) do
    set[name] = newer[name]
    if set[name] == nil or set[name] == "" then set[name] = older[name] end
  end
  for _, name in ipairs(GREATEST) do
    local a, b = kept[name], lost[name]
    set[name] = a and b and math.max(a, b) or a or b
  end
  local paused = kept.status == "PAUSED" and kept or lost.status == "PAUSED" and lost or kept
  for _, name in ipairs(PAUSE) do set[name] = paused[name] end
  set.edits = set.edits + 1 -- a turn in flight notices it
  set.opted_out = math.max(kept.opted_out, lost.opted_out)
  set.ended_at = newer.ended_at
  set.source, set.blocked_by, set.token = kept.source or lost.source, kept.blocked_by or lost.blocked_by, kept.token or lost.token
  if kept.waiting_since and lost.waiting_since then
    set.waiting_since = math.min(kept.waiting_since, lost.waiting_since)
  else
    set.waiting_since = kept.waiting_since or lost.waiting_since
  end
  return set
end

local function store(id, set)
  local names, values = text.sorted_names(set), {}
  for i, name in ipairs(names) do values[i] = set[name] end
  values[#values + 1] = id
  db.run("UPDATE conversations SET " .. table.concat(names, " = ?, ") .. " = ? WHERE id = ?", table.unpack(values))
end

---@param a string the id of a chat
---@param b string the id of another
---@param now integer ms
---@return table conversation the chat that stays
---@return table lost the row of the chat that is gone
---@return string[] unsent messages of ours of the chat that is gone, which wait to be sent
---@return table? closed the case that was closed, because both chats had a live one
function M.chats(a, b, now)
  local kept, lost = assert(conversations.get(a)), assert(conversations.get(b))
  if lost.created_at < kept.created_at or lost.created_at == kept.created_at and lost.id < kept.id then kept, lost = lost, kept end
  local unsent = {}
  for i, row in ipairs(db.all([[SELECT id FROM messages WHERE conversation_id = ? AND role = 'assistant' AND state IN ('queued', 'unknown')
      ORDER BY rowid]], lost.id)) do unsent[i] = row.id end
  local closed = merge_cases(kept, lost)
  local count, answered = renumber(kept, lost)
  merge_quotes(kept, lost)
  merge_costs(kept, lost)
  offers.keep_newest(kept.id, lost.id, now)
  for _, name in ipairs(MOVED) do db.run("UPDATE " .. name .. " SET conversation_id = ? WHERE conversation_id = ?", kept.id, lost.id) end
  db.run("DELETE FROM conversations WHERE id = ?", lost.id)
  local set = merged_row(kept, lost)
  set.last_seq, set.answered_seq = count, (set.opted_out == 1 or set.blocked_at) and count or answered
  if set.answered_seq == count then set.waiting_since = nil end
  set.updated_at = time.stamp(now)
  db.run("UPDATE conversations SET waiting_since = NULL WHERE id = ?", kept.id)
  store(kept.id, set)
  if set.status == "PAUSED" and set.paused_by then cases.take(kept.id, { id = set.paused_by, name = set.paused_by_name }) end
  db.run("UPDATE identities SET conversation_id = ? WHERE conversation_id = ?", kept.id, lost.id)
  identities.link("chat", lost.id, kept.id, 0)
  if lost.token and lost.token ~= set.token then identities.link("token", lost.token, kept.id, 0) end
  if closed then closed.conversation_id = kept.id end
  return assert(conversations.get(kept.id)), lost, unsent, closed
end

return M
