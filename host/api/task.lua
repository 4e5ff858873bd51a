---@meta host.task
-- Tasks. All tasks of a generation share one Lua state; one runs at a time, until it waits.

---@class host.task
local task = {}

---Starts fn(...) as a new task when this one next waits or ends. A restart loses it: use a job for what must happen.
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

---Wakes all tasks that wait. Later waits return at once.
function event:set() end

return task
