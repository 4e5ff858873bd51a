-- Edit details: a modal with the fields of the quote. What staff change there wins over the model for good.

local api = require "channels.slack.api"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local db = require "host.db"
local desk = require "staff.desk"
local log = require "host.log"
local names = require "staff.names"
local owner = require "owner"
local plain = require "language.text"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local tell = require "staff.tell"

local M = {}

M.CALLBACK = "edit_details"
local TRIGGER_MS = 2500 -- Slack's trigger lives three seconds
local MOST_FIELDS = 40

local function fields() return table.move(owner.system.quote_fields_needed, 1, MOST_FIELDS, 1, {}) end

-- A field's value as the modal shows it, and a short mark of it: what staff did not touch is not theirs.
local function shown(value) return value and (plain.first(tostring(value), plain.FIELD)) or "" end

local function mark(value) return crypto.hex(crypto.sha256(plain.trim(shown(value)))):sub(1, 12) end

local function view(conversation)
  local data, blocks, marks = quotes.get(conversation.id), {}, {}
  for i, field in ipairs(fields()) do
    blocks[i] = { type = "input", block_id = "field:" .. field, optional = true,
      label = { type = "plain_text", text = (plain.first(quote.label(field), 200)) },
      element = { type = "plain_text_input", action_id = "value", max_length = plain.FIELD, multiline = true,
        initial_value = data[field] and shown(data[field]) or nil } }
    marks[i] = mark(data[field])
  end
  return { type = "modal", callback_id = M.CALLBACK, private_metadata = conversation.id .. " " .. table.concat(marks, " "), blocks = blocks,
    title = { type = "plain_text", text = "Edit details" }, submit = { type = "plain_text", text = "Save" },
    close = { type = "plain_text", text = "Cancel" } }
end

---Opens the modal for who clicked.
---@async
---@return boolean opened
---@return string? why in words for the user
function M.open(conversation, trigger_id)
  if not api.bot() then return false, "This needs a bot token. Type: /assistant set " .. names.number(conversation) .. " field value" end
  if type(trigger_id) ~= "string" or #trigger_id > 200 then return false, "Slack did not say where to open it. Press the button again." end
  local verdict, reason = api.call("views.open", { trigger_id = trigger_id, view = view(conversation) }, TRIGGER_MS)
  if verdict == "ok" then return true end
  log.warn("slack.no_modal", { reason = reason })
  return false, "Slack did not open it (" .. tostring(reason) .. "). Press the button again, or type: /assistant set "
    .. names.number(conversation) .. " field value"
end

---The modal was saved: changed fields are stored and locked.
---@param payload table a view_submission
---@param user staff.User
---@return table answer for Slack
function M.save(payload, user)
  local values = type(payload.view.state) == "table" and payload.view.state.values
  local about = {}
  for word in tostring(payload.view.private_metadata):gmatch("%S+") do about[#about + 1] = word end
  local conversation = about[1] and conversations.get(about[1])
  if type(values) ~= "table" or not conversation then
    return { response_action = "clear" }
  end
  return db.transaction(function()
    local data = quotes.get(conversation.id)
    for i, field in ipairs(fields()) do
      local block = values["field:" .. field]
      local element = type(block) == "table" and type(block.value) == "table" and block.value
      if element then
        local value = type(element.value) == "string" and plain.trim(element.value) or ""
        if mark(value) ~= (about[i + 1] or mark(data[field])) and value ~= data[field] then
          local stored, why = desk.set(conversation, user, field, value ~= "" and value or "?")
          if not stored then return { response_action = "errors", errors = { ["field:" .. field] = why } } end
        end
      end
    end
    tell.refresh(conversation.id)
    return {}
  end)
end

return M
