-- What people wrote, made fit for Slack: clean, escaped, cut. A customer's or a colleague's words can never become
-- a mention, a link or a command here. Pure.

local plain_text = require "language.text"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local ELLIPSIS = "…"
local CHUNK = 100
local NAME_BYTES = 400

-- What breaks a line, somewhere: all of them are one kind of line break here.
local BREAKS = { "\u{85}", "\u{2028}", "\u{2029}" }
-- The marks that turn the reading direction round or hide text, and the controls that are two bytes long.
local HIDDEN = { "\194[\128-\159]", "\226\128[\170-\174]", "\226\129[\166-\169]", "\u{FEFF}" }

local function cleaned(text)
  if text:find("[\0-\9\11-\31\127]") then
    text = text:gsub("\r\n?", "\n"):gsub("[\v\f]", "\n"):gsub("\t", " "):gsub("[\0-\8\14-\31\127]", "")
  end
  if text:find("[\194\226\239]") then
    for _, sign in ipairs(BREAKS) do text = text:gsub(sign, "\n") end
    for _, sign in ipairs(HIDDEN) do text = text:gsub(sign, "") end
  end
  -- A backtick would open a code block that swallows the rest of a card.
  return (text:gsub("`+", function(run) return ("\u{02CB}"):rep(#run) end))
end

-- How long Slack takes valid text to be: UTF-16 units. An entity counts as it is written.
local function utf16(text)
  local astral = text:find("[\240-\244]") and select(2, text:gsub("[\240-\244]", "")) or 0
  return utf8.len(text) + astral
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

-- Valid text with its entities, as far as it is needed, and how long that is.
local function escaped(text, limit)
  local out, length, i = {}, 0, 1
  while i <= #text and length <= limit do
    local chunk = plain_text.clip(text:sub(i, i + CHUNK + 3), CHUNK)
    i = i + #chunk
    out[#out + 1] = chunk:gsub("[&<>]", ENTITIES)
    length = length + utf16(out[#out])
  end
  return table.concat(out), length
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
  local first, more = plain_text.first(plain_text.trim(plain_text.clip(text, 4 * limit)), limit)
  first = cleaned(first)
  if one_line then first = first:gsub("\n", " ") end
  local fitted, length = escaped(plain_text.trim(first), limit)
  if not more and #text <= 4 * limit and length <= limit then return fitted end
  return plain_text.trim(first_units(fitted, limit - 1) .. ELLIPSIS)
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
  return utf16(text)
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
  local bare = plain_text.clip(name, NAME_BYTES):gsub("[*_~`]", " "):gsub("%.%f[%w]", "\u{2024}"):gsub("//", "/ /"):gsub("%s+", " ")
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
