-- A voice note as a chat's record holds it: "[voice note]", or with its words "[voice note: I have a couch]". Pure.

local text = require "language.text"

local M = {}

local HEAD = "[voice note: "
local MOST_CHARACTERS = 8000 -- about ten minutes of speech
local MARKED = { ["["] = "]", ["("] = ")", ["*"] = "*" }
local MARK_BYTES = 40

---What a transcriber heard, as one line without brackets; nil: nothing was said. A mark in brackets alone ("[BLANK_AUDIO]", "(music)")
---and signs without a letter or a digit are no words.
---@param heard string
---@return string?
function M.clean(heard)
  heard = text.one_line(text.valid(text.clip(heard, 4 * MOST_CHARACTERS)))
  local close = #heard <= MARK_BYTES and MARKED[heard:sub(1, 1)]
  if close and heard:find(close, 2, true) == #heard or not heard:find("[%w\128-\255]") then return nil end
  return text.trim((text.first(heard:gsub("[%s%[%]]+", " "), MOST_CHARACTERS)))
end

---@param words string as `clean` gave them
---@return string content of the message
function M.content(words) return HEAD .. words .. "]" end

---The words alone, as the customer said them; nil: they are not known.
---@param content string of a message of the kind audio
---@return string?
function M.words(content)
  return content:sub(1, #HEAD) == HEAD and content:sub(-1) == "]" and content:sub(#HEAD + 1, -2) or nil
end

return M
