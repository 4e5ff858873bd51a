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

-- Text of a section: of a type that Slack knows.
local function bad_typed(object, most)
  return bad_text(object, most) or object.type ~= "mrkdwn" and object.type ~= "plain_text"
end

local function bad_section(block)
  local fields = block.fields
  if block.text ~= nil and bad_typed(block.text, 3000) then return true end
  if fields == nil then return block.text == nil end
  if type(fields) ~= "table" or #fields > 10 then return true end
  for _, field in ipairs(fields) do
    if bad_typed(field, 2000) then return true end
  end
  return false
end

local function bad_plain(object, most)
  return bad_text(object, most) or object.type ~= "plain_text"
end

-- What may stand in a block of actions, or beside a section.
local acting = " button static_select external_select users_select conversations_select channels_select overflow datepicker timepicker "
  .. "datetimepicker radio_buttons checkboxes workflow_button "
local typed = " plain_text_input email_text_input url_text_input number_input rich_text_input static_select multi_static_select "
  .. "users_select datepicker timepicker radio_buttons checkboxes file_input "

local function bad_element(element, allowed)
  return type(element) ~= "table" or type(element.type) ~= "string" or not allowed:find(" " .. element.type .. " ", 1, true)
    or element.action_id ~= nil and (type(element.action_id) ~= "string" or #element.action_id > 255)
end

-- A text box, a menu, a button: their own limits.
local function bad_options(element)
  if element.confirm ~= nil then
    local confirm = element.confirm
    if type(confirm) ~= "table" or bad_plain(confirm.title, 100) or bad_text(confirm.text, 300) then return true end
  end
  if element.placeholder ~= nil and bad_plain(element.placeholder, 150) then return true end
  if element.type == "plain_text_input" then
    local initial, most = element.initial_value, element.max_length
    return most ~= nil and (math.type(most) ~= "integer" or most < 1 or most > 3000)
      or initial ~= nil and (type(initial) ~= "string" or length(initial) > (most or 3000))
  end
  if element.type ~= "static_select" then return false end
  local options = element.options
  if type(options) ~= "table" or #options < 1 or #options > 100 then return true end
  for _, option in ipairs(options) do
    if type(option) ~= "table" or bad_plain(option.text, 75) then return true end
    if type(option.value) ~= "string" or #option.value > 150 then return true end
  end
  return false
end

local kinds = {
  section = function(block)
    local beside = block.accessory
    return bad_section(block) or beside ~= nil and (bad_element(beside, acting .. "image ") or bad_options(beside))
  end,
  header = function(block) return bad_plain(block.text, 150) end,
  divider = function() return false end,
  image = function(block) return (block.image_url or block.slack_file) == nil or type(block.alt_text) ~= "string" end,
  rich_text = function(block) return type(block.elements) ~= "table" end,
  file = function() return true end, -- only Slack makes these
  video = function(block) return type(block.video_url) ~= "string" or type(block.alt_text) ~= "string" end,
  input = function(block)
    return bad_plain(block.label, 2000) or bad_element(block.element, typed) or bad_options(block.element)
      or block.hint ~= nil and bad_plain(block.hint, 2000)
  end,
  actions = function(block)
    if type(block.elements) ~= "table" or #block.elements < 1 or #block.elements > 25 then return true end
    for _, element in ipairs(block.elements) do
      if bad_element(element, acting) or bad_options(element) then return true end
    end
    return false
  end,
  context = function(block)
    if type(block.elements) ~= "table" or #block.elements < 1 or #block.elements > 10 then return true end
    for _, element in ipairs(block.elements) do
      if bad_element(element, " mrkdwn plain_text image ") or element.type ~= "image" and bad_text(element, 2000) then return true end
    end
    return false
  end,
}

local function bad_block(block)
  if type(block) ~= "table" or not kinds[block.type] then return true end
  if block.block_id ~= nil and (type(block.block_id) ~= "string" or #block.block_id > 255) then return true end
  return kinds[block.type](block)
end

-- One block_id twice, or one action_id twice in a block, is refused.
local function repeats(blocks)
  local seen = {}
  for _, block in ipairs(blocks) do
    if block.block_id and seen[block.block_id] then return true end
    seen[block.block_id or false] = true
    local actions = {}
    for _, element in ipairs(type(block.elements) == "table" and block.elements or {}) do
      if element.action_id and actions[element.action_id] then return true end
      actions[element.action_id or false] = true
    end
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
  if repeats(blocks or {}) then return "invalid_blocks" end
  for _, button in ipairs(M.buttons(blocks)) do
    if bad_plain(button.text, 75) or #(button.value or "") > 2000 or #(button.action_id or "") > 255 then return "invalid_blocks" end
  end
  return nil
end

---The text that people typed, changed as Slack changes it before it tells anyone.
function M.escape(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;")) end

return M
