---@meta host.inbox
-- Accepted bodies. The reader that main.lua names reads them afterwards, in order, one row per slice.

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

---Names the conversation of the reader's current item; call it before anything that can fail. Outside a reader it does nothing.
---The last good files come back only after failures in two conversations or more, and an item without a name never counts as the
---second. The part after the last colon counts, as in a job's lane.
---@param conversation? string
function inbox.about(conversation) end

---Only inside a reader: parks an item that cannot be read, with the reason for staff. The rest of the row is read.
---Without an item the whole row is kept and read again after each reload.
---@param reason string
---@param item? string
function inbox.park(reason, item) end

-- Deleting.

---Rows whose body holds one of the words as a whole word. Searches for a few milliseconds per call.
---@param words string[] of at least 4 bytes each
---@param from? integer 0, or what the call before gave as next
---@return integer[] ids
---@return integer? next nil: that was all
---@return integer last the last row looked at
function inbox.find(words, from) end

---The same in parked items.
---@param words string[]
---@param from? integer
---@return integer[] ids of parked items
---@return integer? next
---@return integer last
function inbox.find_parked(words, from) end

---@param id integer
---@return {id: integer, reader: string, body: string, received_at: integer, unread: boolean}? row unread: its reader is still to see it, or sees it again after a reload
function inbox.get(id) end

---Replaces a row's body; without a body the row is removed.
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
