-- Whose webhooks come: those of our number, or only those of another one. In the table circuits, since `status`, the numbers and a
-- changed setting treat it like a provider that refuses us: its name is "number", its reason the other number's id.

local circuits = require "records.circuits"
local db = require "host.db"

local M = {}

local function seen_name(ours) return "number " .. ours end

local function seen(ours)
  return db.one("SELECT 1 AS yes FROM circuits WHERE name = ?", seen_name(ours)) ~= nil
end

---A webhook for our number came.
---@param ours string
function M.ours(ours)
  if seen(ours) then return end
  db.run("INSERT INTO circuits(name, open, failures) VALUES(?, 0, 0)", seen_name(ours))
  circuits.close("number")
end

---A webhook for another number came. One app may have several, so it means something only as long as none has come for ours.
---@param ours string
---@param other string
---@return boolean alone none has come for ours yet
---@return boolean? first this call is the one that noticed
function M.other(ours, other, now)
  if seen(ours) then return false end
  return true, circuits.open("number", other, ours, now)
end

---The setting may be another one now.
function M.start(ours) circuits.is_open("number", ours) end

return M
