-- Block Kit's rules: which blocks and elements there are, what each may hold, how long it may be. It names the place of each mistake as
-- Slack does (a JSON pointer). Pure.

local json = require "host.json"

local M = {}

---Slack counts UTF-16 units.
function M.length(text)
  local count = utf8.len(text)
  if not count then return #text end
  return count + (text:find("[\240-\244]") and select(2, text:gsub("[\240-\244]", "")) or 0)
end

-- ---- what a value may be: each rule is a function (value, at, out, surface) that adds what is wrong to out -------------------------

local function fail(out, at, words, ...) out[#out + 1] = { words = words:format(...), at = at } end

local function str(most, least)
  return function(value, at, out)
    if type(value) ~= "string" then return fail(out, at, "must be a string") end
    local length = M.length(value)
    if length < (least or 1) then fail(out, at, "must be more than %d characters", (least or 1) - 1) end
    if length > most then fail(out, at, "must be less than %d characters", most + 1) end
  end
end

local function bool(value, at, out)
  if type(value) ~= "boolean" then fail(out, at, "must be a boolean") end
end

local function whole(least, most)
  return function(value, at, out)
    if math.type(value) ~= "integer" then return fail(out, at, "must be an integer") end
    if value < least or value > most then fail(out, at, "must be between %d and %d", least, most) end
  end
end

local function one_of(...)
  local allowed = { ... }
  return function(value, at, out)
    for _, one in ipairs(allowed) do
      if one == value then return end
    end
    fail(out, at, "must be a valid enum value")
  end
end

local function match(pattern, words)
  return function(value, at, out)
    if type(value) ~= "string" or not value:match(pattern) then fail(out, at, words) end
  end
end

local function any() end

local function list(rule, most, least)
  return function(value, at, out, surface)
    if type(value) ~= "table" or not json.is_array(value) and next(value) ~= nil then return fail(out, at, "must be an array") end
    if #value < (least or 0) then fail(out, at, "no fewer than %d items allowed", least) end
    if #value > most then fail(out, at, "no more than %d items allowed", most) end
    for index, item in ipairs(value) do rule(item, at .. "/" .. index - 1, out, surface) end
  end
end

-- An object: fields by name; a name with "!" must be there.
local function object(fields, extra)
  local rules, needed = {}, {}
  for name, rule in pairs(fields) do
    local bare = name:gsub("!$", "")
    rules[bare] = rule
    if bare ~= name then needed[#needed + 1] = bare end
  end
  table.sort(needed)
  return function(value, at, out, surface)
    if type(value) ~= "table" or json.is_array(value) and #value > 0 then return fail(out, at, "must be an object") end
    for _, name in ipairs(needed) do
      if value[name] == nil then fail(out, at, "missing required field: %s", name) end
    end
    for name, item in pairs(value) do
      local rule = rules[name]
      if not rule then
        fail(out, at, "invalid additional property: %s", tostring(name))
      else
        rule(item, at .. "/" .. name, out, surface)
      end
    end
    if extra then extra(value, at, out, surface) end
  end
end

-- One of several objects, told apart by `type`.
local function by_type(kinds, allowed)
  return function(value, at, out, surface)
    if type(value) ~= "table" then return fail(out, at, "must be an object") end
    local kind = type(value.type) == "string" and value.type or ""
    if value.type == nil then return fail(out, at, "missing required field: type") end
    if not kinds[kind] or allowed and not allowed:find(" " .. kind .. " ", 1, true) then
      return fail(out, at .. "/type", "unsupported type: %s", tostring(value.type))
    end
    kinds[kind](value, at, out, surface)
  end
end

local function both(first, second)
  local all = {}
  for name, rule in pairs(first) do all[name] = rule end
  for name, rule in pairs(second) do all[name] = rule end
  return all
end

-- ---- texts, options, dialogs --------------------------------------------------------------------------------------------------------

local function plain(most)
  return object { ["type!"] = one_of("plain_text"), ["text!"] = str(most), emoji = bool }
end

local function words(most)
  return by_type {
    plain_text = plain(most),
    mrkdwn = object { ["type!"] = any, ["text!"] = str(most), verbatim = bool },
  }
end

local confirm = object { ["title!"] = plain(100), ["text!"] = words(300), ["confirm!"] = plain(30), ["deny!"] = plain(30),
  style = one_of("primary", "danger") }

local function option(text)
  return object { ["text!"] = text, ["value!"] = str(150), description = words(75), url = str(3000) }
end

local plain_option, any_option = option(plain(75)), option(words(75))
local option_group = object { ["label!"] = plain(75), ["options!"] = list(plain_option, 100, 1) }

-- ---- elements -----------------------------------------------------------------------------------------------------------------------

local ids = { type = any, action_id = str(255) }
local shared = both(ids, { confirm = confirm, focus_on_load = bool })
local chosen = both(shared, { placeholder = plain(150) })
local typed = both(ids, { placeholder = plain(150), focus_on_load = bool, initial_value = str(3000, 0),
  dispatch_action_config = object { trigger_actions_on = list(one_of("on_enter_pressed", "on_character_entered"), 2, 1) } })

local function same(one, other) return json.encode(one) == json.encode(other) end

-- A menu's choice before anybody chose must be one of its options.
local function knows_initial(element, at, out)
  local all = {}
  for _, one in ipairs(type(element.options) == "table" and element.options or {}) do all[#all + 1] = one end
  for _, group in ipairs(type(element.option_groups) == "table" and element.option_groups or {}) do
    for _, one in ipairs(type(group.options) == "table" and group.options or {}) do all[#all + 1] = one end
  end
  local initial = element.initial_options or element.initial_option and { element.initial_option } or {}
  for _, wanted in ipairs(initial) do
    local found = false
    for _, one in ipairs(all) do found = found or same(one, wanted) end
    if not found then fail(out, at .. "/initial_option", "initial option must match exactly one provided option") end
  end
end

local function menu(element, at, out)
  if (element.options == nil) == (element.option_groups == nil) then fail(out, at, "must define either `options` or `option_groups`") end
  knows_initial(element, at, out)
end

local menu_fields = both(chosen, { options = list(plain_option, 100, 1), option_groups = list(option_group, 100, 1) })
local fetched = both(chosen, { min_query_length = whole(0, 1000), initial_option = any, initial_options = any, initial_user = any,
  initial_users = any, initial_conversation = any, initial_conversations = any, initial_channel = any, initial_channels = any,
  default_to_current_conversation = bool, response_url_enabled = bool, filter = any, max_selected_items = whole(1, 1000) })

local function picture(element, at, out)
  if element.image_url == nil and element.slack_file == nil then fail(out, at, "missing required field: image_url") end
end

local elements = {
  button = object(both(ids, { ["text!"] = plain(75), url = str(3000), value = str(2000), style = one_of("primary", "danger"),
    confirm = confirm, accessibility_label = str(75) })),
  static_select = object(both(menu_fields, { initial_option = plain_option }), menu),
  multi_static_select = object(both(menu_fields, { initial_options = list(plain_option, 100, 1), max_selected_items = whole(1, 100) }),
    menu),
  overflow = object(both(ids, { ["options!"] = list(plain_option, 5, 1), confirm = confirm })),
  radio_buttons = object(both(shared, { ["options!"] = list(any_option, 10, 1), initial_option = any_option }), knows_initial),
  checkboxes = object(both(shared, { ["options!"] = list(any_option, 10, 1), initial_options = list(any_option, 10, 1) }), knows_initial),
  datepicker = object(both(chosen, { initial_date = match("^%d%d%d%d%-%d%d%-%d%d$", "must be a date like 2026-11-30") })),
  timepicker = object(both(chosen, { initial_time = match("^%d%d:%d%d$", "must be a time like 14:30"), timezone = str(100) })),
  datetimepicker = object(both(shared, { initial_date_time = whole(1000000000, 9999999999) })),
  plain_text_input = object(both(typed, { multiline = bool, min_length = whole(0, 3000), max_length = whole(1, 3000) }),
    function(element, at, out)
      local initial, most, least = element.initial_value, element.max_length, element.min_length
      if math.type(most) == "integer" and type(initial) == "string" and M.length(initial) > most then
        fail(out, at .. "/initial_value", "must be less than %d characters", most + 1)
      end
      if math.type(most) == "integer" and math.type(least) == "integer" and least > most then
        fail(out, at .. "/min_length", "must be less than max_length")
      end
    end),
  number_input = object(both(typed, { ["is_decimal_allowed!"] = bool, min_value = str(100), max_value = str(100) })),
  email_text_input = object(typed),
  url_text_input = object(typed),
  rich_text_input = object(both(typed, { initial_value = any })),
  file_input = object(both(ids, { filetypes = list(str(20), 100, 1), max_files = whole(1, 10) })),
  image = object({ ["type!"] = any, image_url = str(3000), slack_file = any, ["alt_text!"] = str(2000) }, picture),
  workflow_button = object(both(ids, { ["text!"] = plain(75), ["workflow!"] = any, style = one_of("primary", "danger") })),
  plain_text = plain(2000),
  mrkdwn = object { ["type!"] = any, ["text!"] = str(2000), verbatim = bool },
}
for _, kind in ipairs { "external", "users", "conversations", "channels" } do
  elements[kind .. "_select"] = object(fetched)
  elements["multi_" .. kind .. "_select"] = object(fetched)
end

-- ---- blocks -------------------------------------------------------------------------------------------------------------------------

local selects = " static_select external_select users_select conversations_select channels_select multi_static_select "
  .. "multi_external_select multi_users_select multi_conversations_select multi_channels_select "
local clicked = selects .. "button overflow datepicker timepicker datetimepicker radio_buttons checkboxes workflow_button "
local acting, beside = by_type(elements, clicked), by_type(elements, clicked .. "image ")
local filled = by_type(elements, selects .. "plain_text_input email_text_input url_text_input number_input rich_text_input datepicker "
  .. "timepicker datetimepicker radio_buttons checkboxes file_input ")

local named = { ["type!"] = any, block_id = str(255) }

-- An action_id names one element of its block.
local function actions_differ(block, at, out)
  local seen = {}
  for index, element in ipairs(type(block.elements) == "table" and block.elements or {}) do
    local id = type(element) == "table" and element.action_id
    if id and seen[id] then fail(out, at .. "/elements/" .. index - 1, "`action_id` already exists: %s", tostring(id)) end
    if id then seen[id] = true end
  end
end

local blocks = {
  section = object(both(named, { text = words(3000), fields = list(words(2000), 10, 1), accessory = beside, expand = bool }),
    function(block, at, out)
      if block.text == nil and block.fields == nil then fail(out, at, "must define either `text` or `fields`") end
    end),
  header = object(both(named, { ["text!"] = plain(150) })),
  divider = object(named),
  image = object(both(named, { image_url = str(3000), slack_file = any, ["alt_text!"] = str(2000), title = plain(2000) }), picture),
  actions = object(both(named, { ["elements!"] = list(acting, 25, 1) }), actions_differ),
  context = object(both(named, { ["elements!"] = list(by_type(elements, " mrkdwn plain_text image "), 10, 1) })),
  input = object(both(named, { ["label!"] = plain(2000), ["element!"] = filled, dispatch_action = bool, hint = plain(2000),
    optional = bool }),
    function(block, at, out, surface)
      if type(block.element) == "table" and block.element.type == "file_input" and surface == "message" then
        fail(out, at .. "/element/type", "unsupported type: file_input")
      end
    end),
  rich_text = object(both(named, { ["elements!"] = list(any, 1000) })),
  video = object(both(named, { ["video_url!"] = str(3000), ["thumbnail_url!"] = str(3000), ["alt_text!"] = str(2000),
    ["title!"] = plain(200), title_url = str(3000),
    description = plain(200), provider_name = str(50), provider_icon_url = str(3000), author_name = str(50) })),
  markdown = object(both(named, { ["text!"] = str(12000) }), function(_, at, out, surface)
    if surface ~= "message" then fail(out, at .. "/type", "unsupported type: markdown") end
  end),
}
local block = by_type(blocks)

-- A block_id names one block.
local function blocks_differ(all, at, out)
  local seen = {}
  for index, one in ipairs(all) do
    local id = type(one) == "table" and one.block_id
    if id and seen[id] then fail(out, at .. "/" .. index - 1, "`block_id` already exists: %s", tostring(id)) end
    if id then seen[id] = true end
  end
end

---What is wrong with the blocks of a message (50) or a modal (100).
---@param all any
---@param surface "message"|"modal"
---@param at? string where they are; default /blocks
---@return {words: string, at: string}[] problems none: all is well
function M.check(all, surface, at)
  local out = {}
  at = at or "/blocks"
  list(block, surface == "modal" and 100 or 50)(all, at, out, surface)
  if type(all) == "table" then blocks_differ(all, at, out) end
  return out
end

local view = object({ ["type!"] = one_of("modal"), ["title!"] = plain(24), ["blocks!"] = any, close = plain(24), submit = plain(24),
  private_metadata = str(3000, 0), callback_id = str(255, 0), external_id = str(255, 0), clear_on_close = bool, notify_on_close = bool,
  submit_disabled = bool },
  function(value, at, out)
    if value.blocks == nil then return end
    for _, problem in ipairs(M.check(value.blocks, "modal", at .. "/blocks")) do out[#out + 1] = problem end
    for _, one in ipairs(type(value.blocks) == "table" and value.blocks or {}) do
      if type(one) == "table" and one.type == "input" and value.submit == nil then
        return fail(out, at, "missing required field: submit")
      end
    end
  end)

---What is wrong with a modal.
---@param value any
---@return {words: string, at: string}[] problems
function M.check_view(value)
  local out = {}
  view(value, "/view", out, "modal")
  return out
end

---The problems as Slack writes them.
---@param problems {words: string, at: string}[]
---@return string[] lines like "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
function M.lines(problems)
  local lines = json.array()
  for index, problem in ipairs(problems) do lines[index] = ("%s [json-pointer:%s]"):format(problem.words, problem.at) end
  table.sort(lines)
  return lines
end

return M
