---@meta host.db
-- The one SQLite connection. All that a task writes and enqueues until it next waits is stored together.
-- A wrong statement or a broken constraint throws at the caller's line. When the transaction of a task is lost (full disk),
-- the task is cancelled and cannot catch that: its response is 503, its job runs again.

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

---Runs fn inside a savepoint. When fn throws, nothing of it is stored, and the error is thrown again. fn must not wait.
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
---@field before_step boolean  made beside the database before a schema step, and not by `assistant backup`
---@field media? string    the folder with its received files; nil: there is none

---The copies of the database that are known: those that `assistant backup` made, oldest first, then those made beside the
---database before schema steps.
---@return host.db.Backup[]
function db.backups() end

---true: this is not the database file of the last start, or its folder knows of none. It may be an older copy. Never true of a new
---database.
---@return boolean
function db.restored() end

---Removes from the file what SQLite leaves of deleted rows: copies of cells in the unused parts of pages, and the log.
---Call it when the deletion is durable. Other tasks run meanwhile.
---@async
---@return integer? pages that had something in them
---@return string? error
function db.scrub() end

---Which of the words the file and its log hold, byte by byte. Searches for a few milliseconds per call.
---@param words string[] of at least 4 bytes each
---@param from? integer 0, or what the call before gave as next
---@return integer[] found places in `words`
---@return integer? next nil: that was all
function db.holds(words, from) end

return db
