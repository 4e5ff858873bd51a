---@meta host.inbox
-- What was accepted raw, and is read afterwards, one row a slice, in order, by the reader that main.lua names.

---@class host.inbox
local inbox = {}

---@class host.inbox.Row
---@field id integer
---@field body string        the bytes as they came
---@field received_at integer ms

---Appends one row. Its reader runs after it is durable.
---@param reader string  a key of `inbox` in main.lua
---@param body string
---@return integer id
function inbox.put(reader, body) end

---Only inside a reader: keeps an item that cannot be read, with the reason, for staff; the rest of the row goes on.
---Without an item the whole row is kept and read again after each reload.
---@param reason string
---@param item? string
function inbox.park(reason, item) end

return inbox
