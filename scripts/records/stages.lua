-- The table stages: what became of each lead, one row a change. A lead is a case.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"

local M = {}

---@class records.Stage
---@field id integer
---@field case_id integer
---@field conversation_id string
---@field kind "opened"|"taken"|"quoted"|"accepted"|"declined"|"booked"|"closed"
---@field at integer ms
---@field more? string JSON: reason, by, cents, start_at

---@param case {id: integer, conversation_id: string}
---@param kind string
---@param more? table
---@return integer id
function M.add(case, kind, more)
  return db.one("INSERT INTO stages(case_id, conversation_id, kind, at, more) VALUES(?, ?, ?, ?, ?) RETURNING id", case.id,
    case.conversation_id, kind, time.now_ms(), more and json.encode(more) or nil).id
end

---@return records.Stage?
function M.get(id)
  return db.one("SELECT * FROM stages WHERE id = ?", id)
end

---@param since integer ms
---@return records.Stage[] oldest first
function M.since(since)
  return db.all("SELECT * FROM stages WHERE at >= ? ORDER BY at, id", since)
end

---The leads that were opened since then, oldest first, each with its chat.
---@param since integer ms
---@param after integer the last id of the piece before
---@param count integer
---@return table[]
function M.leads(since, after, count)
  return db.all([[SELECT k.*, c.name, c.phone_number, c.source FROM cases k JOIN conversations c ON c.id = k.conversation_id
    WHERE k.opened_at >= ? AND k.id > ? ORDER BY k.id LIMIT ?]], since, after, count)
end

---@param case_id integer
---@return records.Stage[]
function M.of_case(case_id)
  return db.all("SELECT * FROM stages WHERE case_id = ? ORDER BY id", case_id)
end

return M
