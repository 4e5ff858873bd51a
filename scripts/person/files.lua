-- `assistant media list PHONE`: names what a person sent beside words.

local media = require "records.media"
local names = require "staff.names"
local people = require "records.people"
local text = require "language.text"
local time = require "host.time"

local M = {}

local WORDS = 120 -- characters of a voice note's words

local function line(row)
  return ("%s  %s  %s  %s"):format(names.date(row.created_at, time), media.CALLED[row.kind], row.state,
    row.hash and ("%s  %d bytes  %s%s"):format(row.hash, row.bytes, row.mime or "", row.name and "  " .. row.name or "")
      .. (row.words and "  " .. text.shown(row.words, WORDS, true) or "") or row.why or "")
end

---@param args string[]
---@return string? list
---@return string? problem
function M.command(args)
  local ids = args[1] == "list" and #args == 2 and people.ids(args[2]) or {}
  if #ids == 0 then
    return nil, "Usage: assistant media list PHONE   (the number with its country code, like +1 416 555 1234, or the id that staff see)\n"
      .. "       assistant media get HASH FILE   (a hash that `media list` prints, and a file that does not exist yet)"
  end
  local conversation = people.find(ids)
  if not conversation then return nil, ("There is no chat with %s."):format(names.phone(ids[1]) or ids[1]) end
  local lines = {}
  for i, row in ipairs(media.of(conversation.id)) do lines[i] = line(row) end
  return #lines > 0 and table.concat(lines, "\n") or "Nothing was received beside words."
end

return M
