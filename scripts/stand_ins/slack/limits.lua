-- Checks a message as Slack does before it takes it. Pure.

local block_kit = require "stand_ins.slack.block_kit"
local json = require "host.json"

local M = {}

local most_text, most_attachments = 40000, 100

local function list(value) return type(value) == "table" and (json.is_array(value) or next(value) == nil) end

local function empty(value) return type(value) ~= "table" or #value == 0 end

---Slack's error code for a message, or nil.
---@param message table
---@return string? code
---@return string[]? lines which say where the blocks are wrong
function M.check(message)
  local text, blocks, attachments = message.text, message.blocks, message.attachments
  if text ~= nil and type(text) ~= "string" then return "invalid_payload" end
  if blocks ~= nil and not list(blocks) then return "invalid_blocks_format" end
  if (text == nil or text == "") and empty(blocks) and empty(attachments) and empty(message.files) then return "no_text" end
  if text and block_kit.length(text) > most_text then return "msg_too_long" end
  if attachments ~= nil and (type(attachments) ~= "table" or #attachments > most_attachments) then return "too_many_attachments" end
  local problems = blocks and block_kit.check(blocks, "message") or {}
  if #problems > 0 then return "invalid_blocks", block_kit.lines(problems) end
  return nil
end

---Is there a box in it? Some places take none.
function M.has_box(message)
  for _, block in ipairs(type(message.blocks) == "table" and message.blocks or {}) do
    if block.type == "input" then return true end
  end
  return false
end

---The text that people typed, changed as Slack changes it before it tells anyone.
function M.escape(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;")) end

return M
