-- The table turns: one row per decision, for an owner who asks why the assistant wrote something.

local conversation_flow = require "flow.conversation"
local db = require "host.db"
local files = require "host.files"
local jobs = require "host.jobs"
local settings = require "host.settings"
local words = require "language.text"

local M = {}

local RAW_BYTES = 20000

---@param t {conversation: string, started_at: integer, brain: string, action: string, calls?: integer, rejected?: string, why?: string}
function M.add(t, now)
  db.run([[INSERT INTO turns(conversation_id, started_at, ended_at, generation, brain, action, calls, rejected, why)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)]],
    t.conversation, t.started_at, now, files.hash(), t.brain, t.action, t.calls or 0,
    t.rejected and words.clip(t.rejected, RAW_BYTES), t.why)
end

-- Puts the turn that answers this chat's unanswered messages. At most one waits; putting it again only moves it.
---@param conversation_id string
---@param run_at? integer ms
function M.enqueue(conversation_id, run_at)
  local lane = "turn:" .. conversation_id
  jobs.put { kind = "turn", lane = lane, unique = lane, payload = { conversation = conversation_id }, run_at = run_at }
end

-- The same when the customer has been quiet, but not later than the longest wait after the first unanswered message.
---@param conversation {id: string, waiting_since?: integer}
---@param now integer ms
---@param newest_at integer ms, when their newest message came
function M.when_quiet(conversation, now, newest_at)
  M.enqueue(conversation.id, conversation_flow.due({ last_message_ms = newest_at, first_unanswered_ms = conversation.waiting_since }, now,
    settings.get("TURN_QUIET_MS"), settings.get("TURN_MAX_WAIT_MS")))
end

-- How many turns of this chat began after `since`: those that asked the model, and the others that wrote something. The index
-- turns_conversation makes it fast.
---@param conversation_id string
---@param since integer ms
---@return integer asked
---@return integer others
function M.count(conversation_id, since)
  local row = db.one([[SELECT count(*) FILTER (WHERE calls > 0) AS asked,
    count(*) FILTER (WHERE calls = 0 AND action <> 'limited') AS others
    FROM turns WHERE conversation_id = ? AND started_at > ?]], conversation_id, since)
  return row.asked, row.others
end

-- The newest decision about a chat.
---@param conversation_id string
---@return {id: integer, brain: string, action: string, rejected?: string, why?: string}?
function M.last(conversation_id)
  return db.one("SELECT id, brain, action, rejected, why FROM turns WHERE conversation_id = ? ORDER BY id DESC LIMIT 1", conversation_id)
end

return M
