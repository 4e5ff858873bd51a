-- `assistant audit PHONE`: what staff did in a person's chat.

local audit = require "records.audit"
local names = require "staff.names"
local people = require "records.people"
local text = require "language.text"
local time = require "host.time"

local M = {}

local WORDS = 200

local function line(row)
  local what = row.after and ": " .. text.shown(row.after, WORDS, true) or ""
  return ("%s  %s (%s)  %s%s%s"):format(names.date(row.at, time), row.user_name or row.user_id, row.user_id, row.action, what,
    row.before and " (before: " .. text.shown(row.before, WORDS, true) .. ")" or "")
end

---@param args string[]
---@return string? list
---@return string? problem
function M.command(args)
  local ids = #args == 1 and people.ids(args[1]) or {}
  if #ids == 0 then
    return nil, "Usage: assistant audit PHONE   (the number with its country code, like +1 416 555 1234, or the id that staff see)"
  end
  local conversation = people.find(ids)
  if not conversation then return nil, ("There is no chat with %s."):format(names.phone(ids[1]) or ids[1]) end
  local lines = {}
  for i, row in ipairs(audit.of(conversation.id)) do lines[i] = line(row) end
  return #lines > 0 and table.concat(lines, "\n") or "Staff have done nothing in this chat."
end

return M
