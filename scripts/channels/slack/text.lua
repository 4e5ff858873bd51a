-- What people wrote, made fit for Slack: clean, escaped, cut. A customer's or a colleague's words can never become
-- a mention, a link or a command here. Pure.

local plain_text = require "language.text"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local ELLIPSIS = "…"

---How long Slack takes valid text to be: UTF-16 units. An entity counts as it is written.
---@param text string
---@return integer
function M.length(text)
  local astral = text:find("[\240-\244]") and select(2, text:gsub("[\240-\244]", "")) or 0
  return utf8.len(text) + astral
end

-- At most so many units of a text that is fit, whole characters and whole entities.
local function first_units(fitted, units)
  local stop = utf8.offset(fitted, units + 1)
  fitted = stop and fitted:sub(1, stop - 1) or fitted
  local over = M.length(fitted) - units
  while over > 0 do
    fitted = fitted:sub(1, utf8.offset(fitted, -((over + 1) // 2)) - 1)
    over = M.length(fitted) - units
  end
  local open = fitted:find("&%l*$")
  return open and fitted:sub(1, open - 1) or fitted
end

---Text that is clean already (language/text.shown), with Slack's three entities in place of what Slack would act on, at most `limit`
---of Slack's characters long (UTF-16 units), never cut inside an entity or a character.
---@param text string
---@param limit integer
---@return string
function M.escape(text, limit)
  local fitted = text:gsub("[&<>]", ENTITIES, limit // 4 + 1) -- each is four units at least: what stands behind so many is cut
  -- A backtick would open a code block that swallows the rest of a card.
  fitted = fitted:gsub("`+", function(run) return ("\u{02CB}"):rep(#run) end)
  if M.length(fitted) <= limit then return fitted end
  return plain_text.trim(first_units(fitted, limit - 1)) .. ELLIPSIS
end

---Any text as people would read it, fit for Slack.
---@param text any what is not text counts as ''
---@param limit? integer
---@param one_line? boolean line breaks become blanks
---@return string
function M.fit(text, limit, one_line)
  limit = limit or 3000
  return M.escape(plain_text.shown(text, limit, one_line), limit)
end

---A text for staff (staff/tell), fit for Slack: its lines that begin with "> " are quotes. It belongs in a block that makes no links
---of it (card.words).
---@param text string
---@param limit integer
---@return string
function M.lines(text, limit)
  return ("\n" .. M.fit(text, limit)):gsub("\n&gt; ", "\n> "):sub(2)
end

---Without entities: as a plain_text, which Slack does not parse.
---@param text string
---@return string
function M.plain(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&"))
end

return M
