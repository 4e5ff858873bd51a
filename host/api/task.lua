---@meta host.task
-- Things that run beside each other. All tasks of a generation share one Lua state; only one runs at a time, until it waits.

---@class host.task
local task = {}

---Starts fn(...) as a task of its own when this one next waits or ends. Not durable: what must happen is a job.
---@param fn fun(...)
---@param ... any
function task.spawn(fn, ...) end

---@async
---@param ms integer
function task.sleep(ms) end

---@class host.task.Event
local event = {}

---An event in this generation, not set.
---@param name string for logs
---@return host.task.Event
function task.event(name) end

---Waits until it is set, at most ms.
---@async
---@param ms? integer
---@return boolean set false: the time ran out
function event:wait(ms) end

---Wakes everyone who waits, and everyone who will.
function event:set() end

return task
