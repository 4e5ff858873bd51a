-- The table conversations: one row per chat. Times that people read are UTC text, the others milliseconds.

local db = require "host.db"
local identities = require "records.identities"
local json = require "host.json"
local time = require "host.time"
local window = require "records.window"

local M = {}

-- The old id of a chat that was merged finds the chat that stays, so that old buttons and jobs work.
---@param id string
---@return table? conversation
function M.get(id)
  local row = db.one("SELECT * FROM conversations WHERE id = ?", id)
  local stays = not row and identities.find("chat", id)
  return row or stays and db.one("SELECT * FROM conversations WHERE id = ?", stays) or nil
end

-- All that a turn decides on, in one query: the chat, its newest case (the live one, when there is one) and its next visit.
---@param id string
---@return table? conversation
---@param now integer ms
---@return {state: string, reason: string, known?: string}? case the newest, closed or not
---@return {state: string, start_at: integer, uid?: string}? booking the next visit that is requested or booked; uid: the booking page's id
function M.for_turn(id, now)
  local row = db.one([[SELECT c.id, c.phone_number, c.status, c.name, c.language, c.opted_out, c.last_seq, c.answered_seq,
      c.inbound_at, c.free_until, c.waiting_since, c.asked, c.asked_times, c.unread_times, c.token, c.turns_from, c.limited_at, c.edits,
      c.nudged, c.ended_at, c.after_hours_at, c.confirm, c.quote_from, c.photos_asked, c.blocked_at, c.loop,
      k.closed_at AS case_closed_at, c.area, c.area_place, c.area_told, k.state AS case_state,
      CASE WHEN EXISTS (SELECT 1 FROM offers WHERE conversation_id = c.id AND state = 'open') THEN 1 ELSE 0 END AS offered,
      k.reason AS case_reason, k.known AS case_known,
      b.state AS booking_state, b.start_at AS booking_at, b.uid AS booking_uid
    FROM conversations c LEFT JOIN cases k ON k.id = (SELECT max(id) FROM cases WHERE conversation_id = c.id)
      LEFT JOIN bookings b ON b.id = (SELECT id FROM bookings WHERE conversation_id = c.id AND state IN ('requested', 'booked')
        AND coalesce(end_at, start_at) > ?2 ORDER BY start_at NULLS FIRST LIMIT 1)
    WHERE c.id = ?1]], id, now)
  if not row then return nil end
  return row, row.case_state and { state = row.case_state, reason = row.case_reason, known = row.case_known,
      closed_at = row.case_closed_at } or nil,
    row.booking_state and { state = row.booking_state, start_at = row.booking_at,
      uid = not row.booking_uid:find("^at:") and row.booking_uid or nil }
      or nil
end

---The chat whose booking link has this mark.
---@param token string
---@return table? conversation
function M.by_token(token)
  local row = db.one("SELECT * FROM conversations WHERE token = ?", token)
  local stays = not row and identities.find("token", token)
  return row or stays and M.get(stays) or nil
end

local BEGIN = [[INSERT INTO conversations(id, phone_number, created_at, updated_at, name, last_seq, inbound_at, waiting_since, language,
    free_until, write_to, source)
  VALUES(?1, ?2, ?3, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(id) DO NOTHING]]
local GO_ON = [[UPDATE conversations SET phone_number = CASE WHEN ?2 <> '' THEN ?2 ELSE phone_number END, updated_at = ?3,
    name = coalesce(?4, name), last_seq = last_seq + 1, inbound_at = max(inbound_at, ?5), waiting_since = coalesce(waiting_since, ?6),
    language = coalesce(language, ?7), free_until = coalesce(?8, free_until), write_to = ?9, source = coalesce(?10, source), nudged = 0
  WHERE id = ?1]]
local BRIEF = "SELECT id, status, language, opted_out, last_seq, answered_seq, waiting_since, blocked_at FROM conversations WHERE id = ?"

local function values(event, now)
  local source = event.source
  return event.conversation, event.number or "", time.stamp(now), event.name, event.said_at, now, event.language,
    source and source.type == "ad" and event.said_at + window.AD_MS or nil, event.number or event.user_id, source and json.encode(source)
end

-- A message of the customer arrived. Creates the chat's row if needed, and counts the message in last_seq.
---@param event {conversation: string, number?: string, user_id?: string, name?: string, language?: string, said_at: integer,
---  fresh?: boolean} language: of a chat without one; fresh: no chat is known of this person
---@param now integer
---@return table conversation the columns of BRIEF. The whole row costs 23 thousand instructions more, and few messages need it
function M.arrive(event, now)
  if event.fresh and db.run(BEGIN, values(event, now)) == 1 then
    return { id = event.conversation, status = "ACTIVE", language = event.language, opted_out = 0, last_seq = 1, answered_seq = 0,
      waiting_since = now }
  end
  if db.run(GO_ON, values(event, now)) == 0 then db.run(BEGIN, values(event, now)) end
  return db.one(BRIEF, event.conversation)
end

-- Staff wrote first to a person who has no chat: it begins without a message of theirs.
---@param event {conversation: string, number?: string, user_id?: string}
---@param now integer ms
function M.meet(event, now)
  local stamp = time.stamp(now)
  db.run([[INSERT INTO conversations(id, phone_number, created_at, updated_at, write_to) VALUES(?1, ?2, ?3, ?3, ?4)
    ON CONFLICT(id) DO NOTHING]], event.conversation, event.number or "", stamp, event.number or event.user_id)
end

-- The person has another number now, or another business-scoped id.
---@param id string
---@param number? string
---@param user_id? string
function M.renamed(id, number, user_id)
  db.run([[UPDATE conversations SET phone_number = coalesce(?2, phone_number), write_to = CASE WHEN ?2 IS NOT NULL THEN ?2
    WHEN coalesce(write_to, phone_number) = '' OR ltrim(coalesce(write_to, phone_number), '0123456789') <> '' THEN coalesce(?3, write_to)
    ELSE write_to END, updated_at = ?4 WHERE id = ?1]], id, number, user_id, time.stamp(time.now_ms()))
end

-- The number belongs to somebody else now. The chat is written to by its business-scoped id.
---@param id string
---@param number string
---@return table conversation as it was before
function M.lost_number(id, number)
  local before = M.get(id)
  db.run([[UPDATE conversations SET phone_number = CASE WHEN phone_number = ?2 THEN '' ELSE phone_number END,
    write_to = CASE WHEN coalesce(write_to, ?2) <> ?2 THEN write_to ELSE (SELECT value FROM identities WHERE conversation_id = ?1
      AND kind = 'user' ORDER BY linked_at DESC LIMIT 1) END, updated_at = ?3 WHERE id = ?1]], id, number, time.stamp(time.now_ms()))
  return before
end

-- Since when the messages belong to the present quote, and the field whose old value the customer is asked to confirm.
---@param id string
---@param quote_from? integer ms
---@param confirm? string
function M.set_quote(id, quote_from, confirm)
  db.run("UPDATE conversations SET quote_from = ?, confirm = ? WHERE id = ?", quote_from, confirm, id)
end

-- The customer was told that we are closed.
function M.told_after_hours(id, at)
  db.run("UPDATE conversations SET after_hours_at = ? WHERE id = ?", at, id)
end

-- The customer was asked for photos.
function M.asked_for_photos(id, at)
  db.run("UPDATE conversations SET photos_asked = ? WHERE id = ?", at, id)
end

-- The customer was reminded of the open question.
function M.nudged(id)
  db.run("UPDATE conversations SET nudged = nudged + 1 WHERE id = ?", id)
end

-- The customer edited or deleted a message.
---@return table conversation
function M.edited(id)
  db.run("UPDATE conversations SET edits = edits + 1 WHERE id = ?", id)
  return M.get(id)
end

-- A message that was answered without its words is heard now: it comes last, and waits for its answer.
---@return table conversation
function M.heard_again(id, now)
  db.run("UPDATE conversations SET last_seq = last_seq + 1, waiting_since = coalesce(waiting_since, ?) WHERE id = ?", now, id)
  return M.get(id)
end

-- Messages up to seq need no answer any more. newer_at: when the first message after them arrived; nil: there is none.
---@param id string
---@param seq integer
---@param newer_at? integer ms
---@param asked? string
---@param now integer ms
---@param times? {asked: integer, unread: integer} how often running it was asked, and messages were not understood; nil: as before
---@param loop? string what language/loops remembers; nil: as before
function M.answered(id, seq, newer_at, asked, now, times, loop)
  return db.run([[UPDATE conversations SET answered_seq = max(answered_seq, ?), waiting_since = ?, asked = ?, updated_at = ?,
    asked_times = coalesce(?, asked_times), unread_times = coalesce(?, unread_times), loop = coalesce(?, loop) WHERE id = ?]],
    seq, newer_at, asked, time.stamp(now), times and times.asked, times and times.unread, loop, id)
end

-- Takes an answer back: messages after seq are unanswered again.
---@param id string
---@param seq integer
---@param now integer ms
function M.unanswer(id, seq, now)
  return db.run([[UPDATE conversations SET answered_seq = min(answered_seq, ?), waiting_since = coalesce(waiting_since, ?),
    updated_at = ? WHERE id = ?]], seq, now, time.stamp(now), id)
end

-- The customer wrote STOP: from here on nothing automatic is sent. True when this call changed it.
---@param id string
---@param language? string
---@param now integer ms
function M.opt_out(id, language, now)
  return db.run([[UPDATE conversations SET opted_out = 1, language = coalesce(?, language), answered_seq = last_seq,
    waiting_since = NULL, updated_at = ? WHERE id = ? AND opted_out = 0]], language, time.stamp(now), id) == 1
end

-- Staff block this person: what they wrote and will write needs no answer. True when this call changed it.
---@param id string
---@param by string who blocks them, in words for staff
---@param now integer ms
function M.block(id, by, now)
  return db.run([[UPDATE conversations SET blocked_at = ?, blocked_by = ?, blocked_messages = 0, answered_seq = last_seq,
    waiting_since = NULL, updated_at = ? WHERE id = ? AND blocked_at IS NULL]], now, by, time.stamp(now), id) == 1
end

-- True when they were blocked.
function M.unblock(id, now)
  return db.run([[UPDATE conversations SET blocked_at = NULL, blocked_by = NULL, blocked_messages = 0, updated_at = ?
    WHERE id = ? AND blocked_at IS NOT NULL]], time.stamp(now), id) == 1
end

-- A message of a blocked person arrived: it is only counted.
---@return integer count since they were blocked
function M.unheard(id)
  return db.one([[UPDATE conversations SET answered_seq = last_seq, waiting_since = NULL, blocked_messages = blocked_messages + 1
    WHERE id = ? RETURNING blocked_messages AS n]], id).n
end

---@return table[] rows of blocked people, the newest block first
function M.blocked()
  return db.all([[SELECT * FROM conversations WHERE blocked_at IS NOT NULL ORDER BY blocked_at DESC]])
end

---@return integer people that are blocked
---@return integer messages of theirs since
function M.blocked_counts()
  local row = db.one([[SELECT count(*) AS people, CAST(coalesce(sum(blocked_messages), 0) AS BIGINT) AS messages FROM conversations
    WHERE blocked_at IS NOT NULL]])
  return row.people, row.messages
end

-- The customer writes this language.
function M.speaks(id, language)
  db.run("UPDATE conversations SET language = ? WHERE id = ?", language, id)
end

-- The customer wrote START after STOP.
function M.opt_in(id, now)
  return db.run([[UPDATE conversations SET opted_out = 0, answered_seq = last_seq, waiting_since = NULL, updated_at = ?
    WHERE id = ? AND opted_out = 1]], time.stamp(now), id) == 1
end

-- A member of staff takes the chat. True when this call paused it; the first of two clicks wins.
---@param id string
---@param user string
---@param name string
---@param now? integer ms
function M.pause(id, user, name, now)
  now = now or time.now_ms()
  return db.run([[UPDATE conversations SET status = 'PAUSED', paused_at = ?1, paused_by = ?2, paused_by_name = ?3,
    pause_active_at = ?1, paused_told_at = NULL, staff_reached_at = NULL, updated_at = ?4
    WHERE id = ?5 AND status <> 'PAUSED']], now, user, name, time.stamp(now), id) == 1
end

-- The chat goes back to the assistant, and its turns are counted from 0. True when it was paused.
function M.resume(id, now)
  now = now or time.now_ms()
  return db.run([[UPDATE conversations SET status = 'ACTIVE', paused_at = NULL, paused_by = NULL, paused_by_name = NULL,
    pause_active_at = NULL, paused_told_at = NULL, staff_reached_at = NULL, turns_from = ?, limited_at = NULL, loop = NULL, updated_at = ?
    WHERE id = ? AND status = 'PAUSED']], now, time.stamp(now), id) == 1
end

-- Where the pickup lies, as it was judged. told_at: the customer was told now that we do not come there. Once it lies inside, or with a new
-- request, they can be told again.
---@param id string
---@param area {verdict?: string, said?: string}
---@param told_at? integer ms
---@param fresh? boolean a new request begins
function M.set_area(id, area, told_at, fresh)
  db.run([[UPDATE conversations SET area = ?1, area_place = ?2,
    area_told = CASE WHEN ?1 = 'in' OR ?5 THEN ?3 ELSE coalesce(?3, area_told) END WHERE id = ?4]],
    area.verdict, area.said, told_at, id, fresh and 1 or 0)
end

-- The customer was told that TURNS_PER_HOUR is reached (ms). The time stays, because a customer who writes automatically reaches the
-- limit again at once.
function M.limit(id, at)
  db.run("UPDATE conversations SET limited_at = ? WHERE id = ?", at, id)
end

-- The customer wants nothing more since then (ms); nil: something is asked of them again.
function M.set_ended(id, at)
  db.run("UPDATE conversations SET ended_at = ? WHERE id = ?", at, id)
end

-- A person wrote or clicked in this pause, so it is not idle.
function M.pause_active(id, now)
  now = now or time.now_ms()
  return db.run("UPDATE conversations SET pause_active_at = ?, updated_at = ? WHERE id = ? AND status = 'PAUSED'",
    now, time.stamp(now), id)
end

function M.paused_told(id, now)
  return db.run("UPDATE conversations SET paused_told_at = ?, updated_at = ? WHERE id = ?", now, time.stamp(now), id)
end

-- A staff message reached the customer in this pause.
function M.staff_reached(id, now)
  return db.run([[UPDATE conversations SET staff_reached_at = ?1, pause_active_at = ?1, updated_at = ?2
    WHERE id = ?3 AND status = 'PAUSED']], now, time.stamp(now), id)
end

-- How often each text box of the chat's card was used, by name. A used box gets a new id, so that Slack shows it empty.
---@param conversation {boxes?: string}
---@return table<string, integer>
function M.boxes(conversation)
  return conversation.boxes and json.decode(conversation.boxes) or {}
end

---@param conversation {id: string, boxes?: string}
---@param name string whose words were used: reply_text, quote
function M.used_boxes(conversation, name)
  local boxes = M.boxes(conversation)
  boxes[name] = (boxes[name] or 0) + 1
  conversation.boxes = json.encode(boxes)
  db.run("UPDATE conversations SET boxes = ? WHERE id = ?", conversation.boxes, conversation.id)
end

-- The opaque mark of the booking link. It is made once.
function M.set_token(id, token)
  db.run("UPDATE conversations SET token = ?, updated_at = ? WHERE id = ? AND token IS NULL", token,
    time.stamp(time.now_ms()), id)
  return db.one("SELECT token FROM conversations WHERE id = ?", id).token
end

-- Since when the customer who waits longest has waited; nil: nobody waits.
function M.oldest_waiting()
  local row = db.one([[SELECT waiting_since FROM conversations
    WHERE waiting_since IS NOT NULL AND status = 'ACTIVE' AND opted_out = 0 ORDER BY waiting_since LIMIT 1]])
  return row and row.waiting_since
end

return M
