-- What people wrote, made fit for Slack: clean, escaped, cut. A customer's or a colleague's words can never become
-- a mention, a link or a command here. Pure.

local plain_text = require "flow.text"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local ELLIPSIS = "…"

-- What breaks a line, somewhere: all of them are one kind of line break here.
local BREAKS = { [0x0A] = true, [0x0B] = true, [0x0C] = true, [0x0D] = true, [0x85] = true, [0x2028] = true, [0x2029] = true }

---Controls, and the marks that turn the reading direction round or hide text.
local function hidden(code)
  return code < 0x20 and code ~= 0x0A or code >= 0x7F and code <= 0x9F
    or code >= 0x202A and code <= 0x202E or code >= 0x2066 and code <= 0x2069 or code == 0xFEFF
end

-- Bytes of characters that stay as they are: all but &, <, >, ` and controls, and but what begins like a hidden sign or a line break.
local ORDINARY = "^[ !\"#$%%'-;=?-_a-~\128-\191\195-\225\227-\238\240-\244]+"
local RUN_BYTES = 256

-- How long Slack takes a piece to be: UTF-16 units. An entity counts as it is written.
local function utf16(piece)
  local astral = piece:find("[\240-\244]") and select(2, piece:gsub("[\240-\244]", "")) or 0
  return utf8.len(piece) + astral
end

-- The next piece from byte i of valid text as it is shown, how long it counts, and where the one after it begins.
local function piece_at(text, i, one_line)
  local chunk = plain_text.clip(text:sub(i, i + RUN_BYTES + 3), RUN_BYTES)
  local _, stop = chunk:find(ORDINARY)
  if stop then
    local run = chunk:sub(1, stop)
    return run, utf16(run), i + stop
  end
  local code, after = utf8.codepoint(text, i), utf8.offset(text, 2, i)
  local char = text:sub(i, after - 1)
  if BREAKS[code] then
    char = code == 0x0D and text:byte(after) == 0x0A and "" or one_line and " " or "\n"
  elseif code == 0x09 then
    char = " "
  elseif hidden(code) then
    char = ""
  elseif code == 0x60 then
    char = "\u{02CB}" -- a backtick would open a code block that swallows the rest of a card
  end
  char = ENTITIES[char] or char
  return char, char == "" and 0 or utf16(char), after
end

-- At most so many units of a text that is fit, whole characters and whole entities.
local function first_units(fitted, units)
  fitted = plain_text.first(fitted, units)
  local over = utf16(fitted) - units
  while over > 0 do
    fitted = plain_text.first(fitted, utf8.len(fitted) - (over + 1) // 2)
    over = utf16(fitted) - units
  end
  local open = fitted:find("&%l*$")
  return open and fitted:sub(1, open - 1) or fitted
end

---The text as people would read it, with Slack's three entities in place of what Slack would act on, at most `limit`
---of Slack's characters long (UTF-16 units), never cut inside an entity or a character.
---@param text any what is not text counts as ''
---@param limit? integer
---@param one_line? boolean line breaks become blanks
---@return string
function M.fit(text, limit, one_line)
  if type(text) ~= "string" then return "" end
  limit = limit or 3000
  if #text > limit * 8 then text = text:sub(1, limit * 8) end
  text = plain_text.valid(text)
  local out, length, i = {}, 0, 1
  while i <= #text do
    local piece, size, after = piece_at(text, i, one_line)
    if length + size > limit then
      out = { first_units(table.concat(out) .. piece, limit - 1), ELLIPSIS }
      break
    end
    if piece ~= "" then out[#out + 1] = piece end
    length, i = length + size, after
  end
  return plain_text.trim(table.concat(out))
end

---What a person or a model wrote, each of its lines marked as quoted, so that none can pass for one of ours. It belongs in a block
---that makes no links of it (card.words).
---@param words any
---@param limit? integer of Slack's characters, without the marks
---@return string
function M.quoted(words, limit)
  local fitted = M.fit(words, limit)
  return "> " .. plain_text.squeeze(fitted):gsub("\n", "\n> ")
end

---How long Slack takes this text to be: UTF-16 units.
---@param text string valid UTF-8
---@return integer
function M.length(text)
  local count = 0
  for _, code in utf8.codes(text) do count = count + (code > 0xFFFF and 2 or 1) end
  return count
end

---A plain_text is not parsed: the same text without entities.
---@param text string
---@return string
function M.plain(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&"))
end

---A person's display name: one line, no formatting marks, nothing that Slack makes a link of, escaped, at most 80 characters; nil
---when nothing is left.
---@param name any
---@return string?
function M.name(name)
  if type(name) ~= "string" then return nil end
  local bare = name:sub(1, 1000):gsub("[*_~`]", " "):gsub("%.%f[%w]", "\u{2024}"):gsub("//", "/ /"):gsub("%s+", " ")
  local text = M.fit(bare, 80, true)
  return text ~= "" and text or nil
end

---"+1 416-555-1234" of 11 North American digits, "+4479…" of others, nil of what is no number.
---@param digits any
---@return string?
function M.phone(digits)
  if type(digits) ~= "string" then return nil end
  local area, exchange, line = digits:match("^1(%d%d%d)(%d%d%d)(%d%d%d%d)$")
  if area then return "+1 " .. area .. "-" .. exchange .. "-" .. line end
  if #digits >= 5 and #digits <= 20 and digits:match("^%d+$") then return "+" .. digits end
  return nil
end

---The number of a conversation; for people without one their name, else their id.
---@param conversation table a row of conversations
---@return string
function M.number(conversation)
  return M.phone(conversation.phone_number) or M.phone(conversation.id) or M.name(conversation.name)
    or M.fit(conversation.id, 150, true)
end

---"+1 416-555-1234 (Ann)"; without a number "Ann (CA.123)".
---@param conversation table
---@return string
function M.who(conversation)
  local number, name = M.phone(conversation.phone_number) or M.phone(conversation.id), M.name(conversation.name)
  local id = M.fit(conversation.id, 150, true)
  if number then return name and number .. " (" .. name .. ")" or number end
  return name and name .. " (" .. id .. ")" or id
end

---A number as a link to call, where there is one.
---@param conversation table
---@return string
function M.call(conversation)
  local digits = M.phone(conversation.phone_number) and conversation.phone_number or M.phone(conversation.id) and conversation.id
  return digits and "<tel:+" .. digits .. "|" .. M.phone(digits) .. ">" or M.who(conversation)
end

---"14:05" today, "Nov 21, 14:05" on another day, on the business's clock.
---@param at_ms integer
---@param now_ms integer
---@param time table host.time
---@return string
function M.clock(at_ms, now_ms, time)
  local months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
  local at, now = time.zoned(at_ms), time.zoned(now_ms)
  local clock = ("%02d:%02d"):format(at.hour, at.min)
  if at.day == now.day and at.month == now.month and at.year == now.year then return clock end
  return months[at.month] .. " " .. at.day .. ", " .. clock
end

return M
