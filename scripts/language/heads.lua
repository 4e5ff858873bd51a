-- What stands before a customer's words where the model or staff read them: the words that it replies to, or that it was edited. The row
-- of the message holds the words alone, because the recognisers read what the customer wrote.

local text = require "language.text"

local M = {}

local QUOTED = 120 -- characters of the words that a message replies to

---@param words string
---@param kind? string of the message
---@param quoted? string what the quoted message says
---@return string
function M.shown(words, kind, quoted)
  if kind == "edit" then return "[edited: " .. words .. "]" end
  if not quoted or kind == "deleted" then return words end
  local line = text.one_line(text.clip(quoted, 16 * QUOTED):gsub('[%[%]"]+', " "))
  if line == "" then return words end
  return '[replying to: "' .. text.trim((text.first(line, QUOTED))) .. '"] ' .. words
end

---The customer's own words under a photo or a video; any other text as it is. Only for texts in which no customer's brackets are left.
---@param content string
---@return string
function M.caption(content)
  local head = content:sub(1, 8)
  if (head == "[photo: " or head == "[video: ") and content:sub(-1) == "]" then return content:sub(9, -2) end
  return content
end

---Messages as people read them, oldest first: photos without words in a row are one, "[12 photos]".
---@param rows {content: string, kind?: string, quoted?: string}[]
---@return string[]
function M.all(rows)
  local list, running = {}, 0
  for _, row in ipairs(rows) do
    running = row.kind == "image" and row.content == "[photo]" and running + 1 or 0
    if running > 1 then list[#list] = ("[%d photos]"):format(running) else list[#list + 1] = M.shown(row.content, row.kind, row.quoted) end
  end
  return list
end

return M
