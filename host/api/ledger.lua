---@meta host.ledger
-- An append-only file beside the database. When an older copy replaces the database, the next start reads what was erased.
-- The marks are keyed, so the file alone names nobody. In memory for a database in memory.

---@class host.ledger
local ledger = {}

---The keyed mark of a text: 64 hex digits, the same as long as `<database>.key` is the same.
---@param text string
---@return string hex
function ledger.mark(text) end

---Adds lines. They are on the disk when this returns, also when the transaction is lost.
---@param lines string[] without line breaks, each of at most 65536 bytes
---@return boolean? added
---@return string? error nothing was added
function ledger.add(lines) end

---Lines from an offset on, a part per call.
---@param from? integer 0, or what the call before gave as next
---@return string[] lines
---@return integer? next nil: that was all
function ledger.read(from) end

return ledger
