---@meta host.inbox
-- What was accepted raw, and is read afterwards, one row a slice, in order, by the reader that main.lua names.

---@class host.inbox
local inbox = {}

---@class host.inbox.Row
---@field id integer
---@field body string        the bytes as they came
---@field received_at integer ms
---@field place integer      how many of its items are read already; 0 at first
---@field most integer       read so many items at most, and return how many are read then (nothing: all of them are). Each piece is
--- committed by itself, so a large body is never one large transaction. A reader that ignores it reads every row at once.
---@field refused? string    why the item after `place` could not be read, several times: park it and return place + 1. After
--- three crashes of the process at this item, what the reader puts into the inbox for it is kept for staff and never read.

---Appends one row. Its reader runs after it is durable.
---@param reader string  a key of `inbox` in main.lua
---@param body string
---@return integer id
function inbox.put(reader, body) end

---Says whose item the reader is at, before anything that could fail; outside a reader it does nothing. Failures of the newest
---scripts bring the last good files back only when they come from two conversations or more, and an item of which the reader says
---nothing is never the second. What follows the last colon counts, as in a job's lane, so that both name the same.
---@param conversation? string
function inbox.about(conversation) end

---Only inside a reader: keeps an item that cannot be read, with the reason, for staff; the rest of the row goes on.
---Without an item the whole row is kept and read again after each reload.
---@param reason string
---@param item? string
function inbox.park(reason, item) end

-- Taking out what must not be kept.

---Rows whose body holds one of the words, whole; looks for a few milliseconds.
---@param words string[] of at least 4 bytes each
---@param from? integer 0, or what the call before gave as next
---@return integer[] ids
---@return integer? next nil: that was all
---@return integer last the last row looked at
function inbox.find(words, from) end

---The same among items that were parked out of their rows.
---@param words string[]
---@param from? integer
---@return integer[] ids of parked items
---@return integer? next
---@return integer last
function inbox.find_parked(words, from) end

---@param id integer
---@return {id: integer, reader: string, body: string, received_at: integer, unread: boolean}? row unread: its reader is still to see it, or sees it again after a reload
function inbox.get(id) end

---Other bytes in a row's place; none: the row goes.
---@param id integer
---@param body? string
---@return boolean done false: no such row
function inbox.replace(id, body) end

---@param id integer as inbox.find_parked gives it
---@return boolean done
function inbox.erase_parked(id) end

---Removes rows that were accepted before a time and have been read, the oldest first, and after them parked items of that age.
---@param before_ms integer
---@param limit integer at most so many
---@return integer count
function inbox.forget(before_ms, limit) end

return inbox
