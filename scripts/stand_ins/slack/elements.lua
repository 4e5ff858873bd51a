-- The elements of blocks that people click, choose from and write in: where they are, their ids, what they hold. Pure.

local json = require "host.json"
local block_kit = require "stand_ins.slack.block_kit"

local M = {}

local function each(blocks, fn)
  for _, block in ipairs(type(blocks) == "table" and blocks or {}) do
    if type(block) == "table" then
      if type(block.accessory) == "table" then fn(block.accessory, block) end
      if type(block.element) == "table" then fn(block.element, block) end
      if block.type == "actions" then
        for _, element in ipairs(type(block.elements) == "table" and block.elements or {}) do
          if type(element) == "table" then fn(element, block) end
        end
      end
    end
  end
end

---Every button, with its block's id.
---@return {action_id: string?, value: string?, text: table?, style: string?, confirm: table?, block_id: string?}[]
function M.buttons(blocks)
  local list = {}
  each(blocks, function(element, block)
    if element.type == "button" then
      list[#list + 1] = { action_id = element.action_id, value = element.value, text = element.text, style = element.style,
        confirm = element.confirm, block_id = block.block_id }
    end
  end)
  return list
end

---The element with this action_id, in this block when block_id is given; and its block.
function M.find(blocks, action_id, block_id)
  local found, at
  each(blocks, function(element, block)
    if not found and element.action_id == action_id and (block_id == nil or block.block_id == block_id) then found, at = element, block end
  end)
  return found, at
end

---Gives an id to each block and each acting element that has none, as Slack does: another one each time.
---@param blocks table changed
---@param make fun(): string
function M.name(blocks, make)
  for _, block in ipairs(blocks) do block.block_id = block.block_id or make() end
  each(blocks, function(element)
    if element.type ~= "image" then element.action_id = element.action_id or make() end
  end)
  return blocks
end

-- What holds something, where it stands in state.values, and what it holds at first.
local holds = {
  plain_text_input = { "value", "initial_value" }, email_text_input = { "value", "initial_value" },
  url_text_input = { "value", "initial_value" }, number_input = { "value", "initial_value" },
  rich_text_input = { "rich_text_value", "initial_value" }, static_select = { "selected_option", "initial_option" },
  radio_buttons = { "selected_option", "initial_option" }, datepicker = { "selected_date", "initial_date" },
  timepicker = { "selected_time", "initial_time" }, datetimepicker = { "selected_date_time", "initial_date_time" },
  users_select = { "selected_user", "initial_user" }, channels_select = { "selected_channel", "initial_channel" },
  conversations_select = { "selected_conversation", "initial_conversation" }, external_select = { "selected_option", "initial_option" },
  multi_static_select = { "selected_options", "initial_options", many = true },
  checkboxes = { "selected_options", "initial_options", many = true }, file_input = { "files", "", many = true },
}

---state.values: what each box and menu holds.
---@param blocks table
---@param typed table<string, table<string, table>> by block_id and action_id: what somebody typed or chose there (M.state)
---@return table<string, table<string, table>> values
function M.values(blocks, typed)
  local values = {}
  each(blocks, function(element, block)
    local place = holds[element.type]
    if not place then return end
    local state = (typed[block.block_id] or {})[element.action_id]
    if not state or state.type ~= element.type then
      local first = element[place[2]]
      state = { type = element.type, [place[1]] = first == nil and (place.many and json.array() or json.null) or first }
    end
    values[block.block_id] = values[block.block_id] or {}
    values[block.block_id][element.action_id] = state
  end)
  return values
end

local function option(element, wanted)
  local groups = { element }
  for _, group in ipairs(element.option_groups or {}) do groups[#groups + 1] = group end
  for _, group in ipairs(groups) do
    for _, one in ipairs(group.options or {}) do
      if one.value == wanted or one.text.text == wanted then return one end
    end
  end
  return nil
end

---What an element holds after somebody typed this, or chose the option with this value or text. Slack's window lets nobody type or
---choose anything else.
---@param element table
---@param wanted any
---@return table? state
---@return string? why not
function M.state(element, wanted)
  local place = holds[element.type]
  if not place then return nil, "nobody can write in a " .. tostring(element.type) end
  if place.many or place[1] == "selected_option" then
    local list = json.array()
    for index, one in ipairs(type(wanted) == "table" and wanted or { wanted }) do
      list[index] = option(element, one)
      if not list[index] then return nil, ("'%s' is not one of the options"):format(tostring(one)) end
    end
    return { type = element.type, [place[1]] = place.many and list or list[1] or json.null }
  end
  if type(wanted) ~= "string" then return nil, "the words are a text" end
  if block_kit.length(wanted) > (element.max_length or 3000) then
    return nil, ("the box takes at most %d characters"):format(element.max_length or 3000)
  end
  return { type = element.type, [place[1]] = wanted == "" and json.null or wanted }
end

---Why a modal cannot be submitted: block_id → words. Slack's window checks this itself.
function M.unfilled(blocks, values)
  local out = {}
  each(blocks, function(element, block)
    if block.type ~= "input" then return end
    local place = holds[element.type]
    local held = place and values[block.block_id][element.action_id][place[1]]
    local empty = held == json.null or type(held) == "table" and json.is_array(held) and #held == 0
    if empty and not block.optional then out[block.block_id] = "Please complete this required field." end
    if type(held) == "string" and element.min_length and block_kit.length(held) < element.min_length then
      out[block.block_id] = ("Please write at least %d characters."):format(element.min_length)
    end
  end)
  return out
end

return M
