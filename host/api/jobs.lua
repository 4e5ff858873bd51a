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
---@field attempts integer  tries that a platform refused
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

---Jobs, dead ones too, that hold one of the words, as a whole word in their lane, mark, payload or error. Searches for a few milliseconds per call.
---@param words string[] of at least 4 bytes each
---@param from? integer 0, or what the call before gave as next
---@return integer[] ids
---@return integer? next nil: that was all
---@return integer last the last job looked at
function jobs.find(words, from) end

---Jobs of a kind that are not dead, in the order of their ids, a hundred at a time.
---@param kind string
---@param from? integer 0, or what the call before gave as next
---@return host.jobs.Job[] jobs
---@return integer? next nil: that was all
function jobs.list(kind, from) end

---Removes dead jobs that were put before a time, the oldest first.
---@param before_ms integer
---@param limit integer at most so many
---@return integer count
function jobs.forget(before_ms, limit) end

---Removes a job in any state. A run of it is cancelled, with its requests.
---@param id integer
---@return boolean removed
function jobs.erase(id) end

-- What a handler may return. Nothing means done: the row is deleted.

---The platform refused: try again after after_ms, attempts + 1.
---@param after_ms integer
---@param reason string shown in `assistant jobs`
---@return table
function jobs.retry(after_ms, reason) end

---Try again at run_at; no attempt is counted.
---@param run_at integer ms since 1970
---@param reason? string
---@return table
function jobs.later(run_at, reason) end

---Not tried again: the job is kept as dead, its lane continues, and `notice` of main.lua is called.
---@param reason string
---@return table
function jobs.dead(reason) end

return jobs
