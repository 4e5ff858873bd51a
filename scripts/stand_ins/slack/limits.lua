-- Checks a message against Block Kit's limits, and finds its buttons. Pure.

local M = {}

local function length(text) return utf8.len(text) or #text end

---Every button in a list of blocks, with its block.
function M.buttons(blocks)
  local list = {}
  local function add(element, block)
    if type(element) == "table" and element.type == "button" then
      list[#list + 1] = { action_id = element.action_id, value = element.value, text = element.text, style = element.style,
        block_id = block.block_id }
    end
  end
  for _, block in ipairs(type(blocks) == "table" and blocks or {}) do
    add(block.accessory, block)
    for _, element in ipairs(type(block.elements) == "table" and block.elements or {}) do add(element, block) end
  end
  return list
end

local function bad_text(object, most)
  local text = type(object) == "table" and object.text
  return type(text) ~= "string" or text == "" or length(text) > most
end

local function bad_section(block)
  local fields = block.fields
  if block.text ~= nil and bad_text(block.text, 3000) then return true end
  if fields == nil then return block.text == nil end
  if type(fields) ~= "table" or #fields > 10 then return true end
  for _, field in ipairs(fields) do
    if bad_text(field, 2000) then return true end
  end
  return false
end

local function bad_block(block)
  if type(block) ~= "table" or type(block.type) ~= "string" then return true end
  if block.block_id and #block.block_id > 255 then return true end
  if block.type == "section" then return bad_section(block) end
  if block.type == "header" then return bad_text(block.text, 150) end
  if block.type == "actions" or block.type == "context" then
    local count = type(block.elements) == "table" and #block.elements or 0
    return count < 1 or count > (block.type == "actions" and 25 or 10)
  end
  return false
end

---Slack's error code for a message, or nil.
function M.check(message)
  local text, blocks = message.text, message.blocks
  if text ~= nil and type(text) ~= "string" or blocks ~= nil and type(blocks) ~= "table" then return "invalid_payload" end
  if (text == nil or text == "") and (blocks == nil or #blocks == 0) and message.attachments == nil then return "no_text" end
  if text and length(text) > 40000 then return "msg_too_long" end
  if blocks and #blocks > 50 then return "invalid_blocks" end
  for _, block in ipairs(blocks or {}) do
    if bad_block(block) then return "invalid_blocks" end
  end
  for _, button in ipairs(M.buttons(blocks)) do
    if bad_text(button.text, 75) or #(button.value or "") > 2000 or #(button.action_id or "") > 255 then return "invalid_blocks" end
  end
  return nil
end

---The text that people typed, changed as Slack changes it before it tells anyone.
function M.escape(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;")) end

return M
