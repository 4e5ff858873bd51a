-- The table bookings: visits that customers booked on the booking page, one row per id of the page. A moved visit has a new id, and
-- its old row stays as `moved`, so that a late event about it changes nothing. Nothing here waits.

local db = require "host.db"

local M = {}

---@class records.Booking
---@field id integer
---@field uid string
---@field conversation_id? string
---@field state "requested"|"booked"|"moved"|"cancelled"|"rejected"
---@field start_at? integer ms
---@field end_at? integer ms
---@field event_at integer ms
---@field name? string
---@field phone? string
---@field reminder_job? integer

---@param id integer
---@return records.Booking?
function M.get(id)
  return db.one("SELECT * FROM bookings WHERE id = ?", id)
end

---@param uid string
---@return records.Booking?
function M.by_uid(uid)
  return db.one("SELECT * FROM bookings WHERE uid = ?", uid)
end

---The visit of this chat at this time, for an event without an id.
---@return records.Booking?
function M.at(conversation_id, start_at)
  return db.one([[SELECT * FROM bookings WHERE conversation_id = ? AND start_at = ? AND state IN ('requested', 'booked')
    ORDER BY id DESC LIMIT 1]], conversation_id, start_at)
end

---The visits at this time that are requested or booked, of all chats.
---@param start_at integer ms
---@return records.Booking[]
function M.all_at(start_at)
  return db.all("SELECT * FROM bookings WHERE start_at = ? AND state IN ('requested', 'booked') ORDER BY id LIMIT 100", start_at)
end

---Stores the page's id of a visit, from the first event that names it.
---@return records.Booking?
function M.learn_uid(id, uid)
  db.run("UPDATE bookings SET uid = ? WHERE id = ?", uid, id)
  return M.get(id)
end

---The next visit of this chat that is requested or booked.
---@return records.Booking?
function M.standing(conversation_id, now) return M.all_standing(conversation_id, now)[1] end

---The visits of this chat to come that are requested or booked.
---@return records.Booking[]
function M.all_standing(conversation_id, now)
  return db.all([[SELECT * FROM bookings WHERE conversation_id = ? AND state IN ('requested', 'booked')
    AND coalesce(end_at, start_at) > ? ORDER BY start_at NULLS FIRST LIMIT 100]], conversation_id, now)
end

---The visit of this chat at this time that was cancelled or rejected last: an older event without an id must not bring it back.
---@return records.Booking?
function M.ended(conversation_id, start_at)
  return db.one([[SELECT * FROM bookings WHERE conversation_id = ? AND start_at = ? AND state IN ('cancelled', 'rejected')
    ORDER BY event_at DESC LIMIT 1]], conversation_id, start_at)
end

---Stores what an event says about a visit. Values that it leaves out stay. The number is kept only while no chat is known.
---@param b {uid: string, conversation_id?: string, state: string, start_at?: integer, end_at?: integer, event_at: integer,
---  name?: string, phone?: string}
---@return records.Booking
function M.put(b)
  db.run([[INSERT INTO bookings(uid, conversation_id, state, start_at, end_at, event_at, name, phone) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT(uid) DO UPDATE SET conversation_id = coalesce(?2, bookings.conversation_id), state = ?3,
      start_at = coalesce(?4, bookings.start_at), end_at = CASE WHEN ?4 IS NULL THEN bookings.end_at ELSE ?5 END,
      event_at = max(bookings.event_at, ?6), name = coalesce(?7, bookings.name),
      phone = CASE WHEN coalesce(?2, bookings.conversation_id) IS NULL THEN coalesce(?8, bookings.phone) END]],
    b.uid, b.conversation_id, b.state, b.start_at, b.end_at, b.event_at, b.name, b.phone)
  return M.by_uid(b.uid)
end

function M.set_reminder(id, job)
  db.run("UPDATE bookings SET reminder_job = ? WHERE id = ?", job, id)
end

return M
