---@meta host.db
-- The one SQLite connection. Everything written before the task next waits is one durable step with everything it enqueued.
-- A wrong statement or a broken constraint throws at the caller's line. When the transaction that a task has touched
-- is lost (full disk), the task is cancelled, which it cannot catch: its response is 503, its job runs again.

---@class host.db
local db = {}

---@alias host.db.Value string|number|boolean|nil  json.null counts as nil; booleans are stored as 1 and 0

---The first row as a table by column name (NULL columns are absent), or nil.
---@param sql string
---@param ... host.db.Value one for each ?
---@return table<string, string|number>?
function db.one(sql, ...) end

---@param sql string
---@param ... host.db.Value
---@return table<string, string|number>[]
function db.all(sql, ...) end

---Runs a statement; rows of RETURNING are ignored.
---@param sql string
---@param ... host.db.Value
---@return integer changes
function db.run(sql, ...) end

---Runs fn inside a savepoint: all of it, or nothing if it throws (the error goes on). fn must not wait.
---@generic T
---@param fn fun(...): T
---@return T
function db.transaction(fn, ...) end

---Waits until everything written so far is on disk.
---@async
function db.durable() end

---@class host.db.Backup
---@field path string
---@field made_at integer  milliseconds since 1970
---@field exists boolean  false: moved or removed since

---The copies of the database that are known: those that `assistant backup` made, oldest first, then those made beside the
---database before schema steps.
---@return host.db.Backup[]
function db.backups() end

---Is it another file than the one that was open here last, or one in a folder that knows of none? Then an older copy may have been
---put in its place. Never true of a database that was just created.
---@return boolean
function db.restored() end

---Cleans the file of what SQLite leaves in it of rows that are gone: copies of cells in the unused parts of pages, and the log.
---Call it when the deletion is durable. The loop goes on meanwhile.
---@async
---@return integer? pages that had something in them
---@return string? error
function db.scrub() end

---How often the file and its log hold one of the words, byte by byte; looks for a few milliseconds.
---@param words string[] of at least 4 bytes each
---@param from? integer 0, or what the call before gave as next
---@return integer hits
---@return integer? next nil: that was all
function db.holds(words, from) end

return db
