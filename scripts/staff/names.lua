-- Writes people, numbers and times for staff, as plain text. Pure.

local text = require "language.text"

local M = {}

local NAME_BYTES = 400
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

---A person's display name: one line of at most 80 characters, without formatting marks and without anything that reads as a link; nil
---when nothing is left.
---@param name any
---@return string?
function M.name(name)
  if type(name) ~= "string" then return nil end
  local bare = text.clip(name, NAME_BYTES):gsub("[*_~`]", " "):gsub("%.%f[%w]", "\u{2024}"):gsub("//", "/ /"):gsub("%s+", " ")
  local shown = text.shown(bare, 80, true)
  return shown ~= "" and shown or nil
end

---"+1 416-555-1234" for 11 North American digits, "+4479…" for others, nil for what is no number.
---@param digits any
---@return string?
function M.phone(digits)
  if type(digits) ~= "string" then return nil end
  local area, exchange, line = digits:match("^1(%d%d%d)(%d%d%d)(%d%d%d%d)$")
  if area then return "+1 " .. area .. "-" .. exchange .. "-" .. line end
  if #digits >= 5 and #digits <= 20 and digits:match("^%d+$") then return "+" .. digits end
  return nil
end

---The digits of a conversation's number; nil when it has none.
---@param conversation table a row of conversations
---@return string?
function M.digits(conversation)
  if M.phone(conversation.phone_number) then return conversation.phone_number end
  return conversation.phone_number ~= "" and M.phone(conversation.id) and conversation.id or nil -- "": it is somebody else's now
end

---The id of a conversation, in one line.
function M.id(conversation)
  return text.shown(conversation.id, 150, true)
end

---The number of a conversation; without a number the name, else the id.
function M.number(conversation)
  return M.phone(M.digits(conversation)) or M.name(conversation.name) or M.id(conversation)
end

---"+1 416-555-1234 (Ann)"; after a change of number also the old one; without a number "Ann (CA.123)".
function M.who(conversation)
  local digits, name = M.digits(conversation), M.name(conversation.name)
  local number = M.phone(digits)
  local before = number and digits ~= conversation.id and M.phone(conversation.id)
  if before then name = (name and name .. ", " or "") .. "before: " .. before end
  if number then return name and number .. " (" .. name .. ")" or number end
  return name and name .. " (" .. M.id(conversation) .. ")" or M.id(conversation)
end

---"+1 416-555-1234 (Ann) is already taken by Bob", without a full stop.
---@param conversation table a row of conversations
---@return string
function M.taken(conversation)
  return M.who(conversation) .. " is already taken by " .. (M.name(conversation.paused_by_name) or "a colleague")
end

---"2026-11-28 14:05" in the business's time zone, for lists and reports.
---@param at_ms integer
---@param time table host.time
---@param with_zone? boolean "2026-11-28 14:05 EST"
---@return string
function M.date(at_ms, time, with_zone)
  local at = time.zoned(at_ms)
  return ("%04d-%02d-%02d %02d:%02d%s"):format(at.year, at.month, at.day, at.hour, at.min, with_zone and " " .. at.zone or "")
end

---"14:05" today, "Nov 21, 14:05" on another day, in the business's time zone.
---@param at_ms integer
---@param now_ms integer
---@param time table host.time
---@return string
function M.moment(at_ms, now_ms, time)
  local at, now = time.zoned(at_ms), time.zoned(now_ms)
  local clock = ("%02d:%02d"):format(at.hour, at.min)
  if at.day == now.day and at.month == now.month and at.year == now.year then return clock end
  return MONTHS[at.month] .. " " .. at.day .. ", " .. clock
end

return M
