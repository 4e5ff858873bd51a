---@meta host.ledger
-- Lines that are only ever added, in a file beside the database: a database that is replaced by an older copy of itself meets
-- them at its next start. The marks are keyed, so that the file alone tells nobody anything. In memory for a database in memory.

---@class host.ledger
local ledger = {}

---The keyed mark of a text: 64 hex digits, the same as long as `<database>.key` is the same.
---@param text string
---@return string hex
function ledger.mark(text) end

---Adds lines. They are on the disk when this returns, whatever becomes of the transaction.
---@param lines string[] without line breaks, each of at most 65536 bytes
---@return boolean? added
---@return string? error nothing was added
function ledger.add(lines) end

---Lines from an offset on, a piece at a time.
---@param from? integer 0, or what the call before gave as next
---@return string[] lines
---@return integer? next nil: that was all
function ledger.read(from) end

return ledger
