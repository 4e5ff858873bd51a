-- The owner's approved templates (`templates` of prompts/business.yaml). After 24 hours without a message of the customer WhatsApp takes
-- nothing else. Nothing here waits.

local conversations = require "records.conversations"
local forms = require "channels.whatsapp.forms"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local owner = require "owner"
local plain = require "language.text"

local M = {}

M.CLOSED = 131047 -- WhatsApp takes no free text any more
-- What says something of its own. A reminder and the answer to STOP are due only while the customer is there.
local SAYS = { model = true, scripted = true, canned = true, staff = true }

---An approved template as a form, for `say`.
---@param key "after_window"|"quote" of `templates` in business.yaml
---@param language? string the code of the chat's language
---@param values string[] for {{1}}, {{2}}, …; each becomes one line
---@param replies? string[] the ids of its quick replies, in the template's order
---@return whatsapp.Form? form nil: there is none, or it cannot take these values
---@return string? why in words for staff
function M.form(key, language, values, replies)
  local templates = owner.business.templates
  local name = templates[key]
  if not name then return nil, ("templates.%s in prompts/business.yaml names no template"):format(key) end
  local form = { type = "template", name = name, language = templates["language_" .. (language or "")] or templates.language,
    parameters = {}, replies = replies }
  for i, value in ipairs(values) do form.parameters[i] = plain.one_line(value) end
  local why = forms.unfit(form, "")
  if why then return nil, why end
  return form
end

---WhatsApp takes this message as free text no longer: from now on it is a template, the one that came with it or `after_window`.
---@param message table a row of messages; its form as a table or as JSON
---@return whatsapp.Form? form nil: there is no template for it, or it is one already
function M.instead(message)
  local form = message.form
  if type(form) == "string" then form = json.decode(form) end
  if form and (form.type == "template" or form.type == "media") then return nil end
  local own = message.template and json.decode(message.template)
  if own then
    own.type = "template"
  elseif SAYS[message.kind] then
    local conversation = conversations.get(message.conversation_id)
    own = conversation and M.form("after_window", conversation.language, { message.content })
  end
  if not own then return nil end
  messages.set_form(message.id, json.encode(own))
  log.info("whatsapp.as_template", { to = mask(message.conversation_id), message = message.id })
  return own
end

return M
