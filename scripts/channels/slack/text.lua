-- Makes people's text safe for Slack: clean, escaped, cut. It can never become a mention, a link or a command. Pure.

local plain_text = require "language.text"

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local ELLIPSIS = "…"

---The length of valid text as Slack counts it: UTF-16 units, with an entity counted as written.
function M.length(text)
  local astral = text:find("[\240-\244]") and select(2, text:gsub("[\240-\244]", "")) or 0
  return utf8.len(text) + astral
end

-- At most so many units of an escaped text, without cutting a character or an entity.
local function first_units(fitted, units)
  local stop = utf8.len(fitted) > units and utf8.offset(fitted, units + 1)
  fitted = stop and fitted:sub(1, stop - 1) or fitted
  local over = M.length(fitted) - units
  while over > 0 do
    fitted = fitted:sub(1, utf8.offset(fitted, -((over + 1) // 2)) - 1)
    over = M.length(fitted) - units
  end
  local open = fitted:find("&%l*$")
  return open and fitted:sub(1, open - 1) or fitted
end

---At most so many of Slack's characters of valid text, from its beginning.
---@param text string
---@param units integer
---@return string
function M.first(text, units)
  return M.length(text) > units and first_units(text, units) or text
end

---Clean text (language/text.shown) with Slack's three entities for the characters that Slack would act on, at most `limit` of Slack's
---characters long (UTF-16 units). It never cuts an entity or a character.
function M.escape(text, limit)
  local fitted = text:gsub("[&<>]", ENTITIES, limit // 4 + 1) -- each is at least four units, so later ones are cut anyway
  -- A backtick would open a code block that hides the rest of a card.
  fitted = fitted:gsub("`+", function(run) return ("\u{02CB}"):rep(#run) end)
  if M.length(fitted) <= limit then return fitted end
  return plain_text.trim(first_units(fitted, limit - 1)) .. ELLIPSIS
end

---Any text, made readable and safe for Slack.
---@param text any what is not text counts as ""
---@param limit? integer
---@param one_line? boolean line breaks become spaces
---@return string
function M.fit(text, limit, one_line)
  limit = limit or 3000
  return M.escape(plain_text.shown(text, limit, one_line), limit)
end

---A text for staff (staff/tell), made safe for Slack. Lines that begin with "> " are quotes. It belongs in a block that makes no links
---(card.words).
function M.lines(text, limit)
  return ("\n" .. M.fit(text, limit)):gsub("\n&gt; ", "\n> "):sub(2)
end

---Without entities: for a plain_text, which Slack does not parse.
function M.plain(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&"))
end

return M
