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

---Runs fn inside a savepoint: all of it, or nothing if it throws (the error goes on). fn may not wait.
---@generic T
---@param fn fun(...): T
---@return T
function db.transaction(fn, ...) end

---Waits until everything written so far is on disk.
---@async
function db.durable() end

return db
