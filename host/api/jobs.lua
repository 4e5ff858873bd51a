---@meta host.jobs
-- Durable work. A job is a row; the handler that main.lua names for its kind runs it. A lane runs one job at a time, in order.

---@class host.jobs
local jobs = {}

---@class host.jobs.Put
---@field kind string       a key of `jobs` in main.lua
---@field lane? string      one job of a lane at a time, in the order they were put
---@field payload? any      anything json.encode takes
---@field run_at? integer   ms since 1970; default now
---@field unique? string    at most one job with this mark that does not run yet: the older takes the newer's run_at and payload
---@field keep? boolean     with unique: the older stays as it is

---@class host.jobs.Job     what a handler gets
---@field id integer
---@field kind string
---@field lane? string
---@field payload any
---@field attempts integer  tries the outside world refused
---@field crashes integer   deaths of the process with this job on the CPU
---@field created_at integer ms
---@field run_at integer    ms
---@field error? string     of the last attempt
---@field orphan boolean    it was running when an earlier process died: what it sends may have been sent

---Enqueues; part of the same durable step as what was written beside it. Returns the job's id.
---@param job host.jobs.Put
---@return integer id
function jobs.put(job) end

---Removes a job that does not run yet.
---@param id integer
---@return boolean removed
function jobs.cancel(id) end

-- What a handler may return instead of nothing (nothing: done, the row is deleted):

---The outside world refused: again after after_ms, attempts + 1.
---@param after_ms integer
---@param reason string shown in `assistant jobs`
---@return table
function jobs.retry(after_ms, reason) end

---Not now: again at run_at, no attempt counted.
---@param run_at integer ms since 1970
---@param reason? string
---@return table
function jobs.later(run_at, reason) end

---Never again: kept as dead, its lane goes on, `dead` of main.lua is told.
---@param reason string
---@return table
function jobs.dead(reason) end

return jobs
