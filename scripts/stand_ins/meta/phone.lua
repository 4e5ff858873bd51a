-- What a customer of the stand-in for Meta sees: the screen of their phone, and who has a phone here.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local kept = require "stand_ins.kept"
local media = require "stand_ins.meta.media"
local people = require "stand_ins.meta.people"
local statuses = require "stand_ins.meta.statuses"
local templates = require "stand_ins.meta.templates"

local M = {}

-- The file of a message, as the page shows it: what the assistant has kept of it, else what was sent.
local function file_of(row, id, name)
  local kept_file = row.side == "customer" and row.type ~= "sticker" and kept.of(row.wamid)
  if kept_file and not kept_file.waits then return kept_file end
  local file = media.find(id)
  return { url = file and "/sandbox/media/" .. id, type = file and file.mime_type, name = name, note = kept_file and kept_file.note }
end

-- What can be pressed or looked at in a message.
local function extras(row)
  local message = row.form and json.decode(row.form, { null_as_nil = true }) or {}
  local interactive = type(message.interactive) == "table" and message.interactive or {}
  local action = type(interactive.action) == "table" and interactive.action or {}
  local choices = json.array()
  for _, button in ipairs(interactive.type == "button" and action.buttons or {}) do
    choices[#choices + 1] = { type = "button_reply", id = button.reply.id, title = button.reply.title }
  end
  for _, section in ipairs(interactive.type == "list" and action.sections or {}) do
    for _, item in ipairs(section.rows) do choices[#choices + 1] = { type = "list_reply", id = item.id, title = item.title } end
  end
  for _, button in ipairs(templates.buttons(message.template)) do
    choices[#choices + 1] = { type = "button", id = button.payload, title = button.title }
  end
  if interactive.type == "location_request_message" then choices[1] = { type = "location", title = "Send location" } end
  local part = type(message[row.type]) == "table" and message[row.type] or {}
  return #choices > 0 and choices or nil, part.id, interactive.type == "cta_url" and action.parameters or nil, part.filename
end

---The screen of one phone: both sides, in order, with ticks. `choices` are buttons to press, `media` is the id of a file, `file` what can
---be shown of it: {url=, type=, name=, note= what became of it}.
function M.screen(number)
  local phone = people.find(number)
  number = phone and phone.number or number
  local messages = json.array()
  local rows = db.all([[SELECT * FROM (SELECT * FROM sandbox_messages WHERE number = ? ORDER BY seq DESC LIMIT 500) AS newest
    ORDER BY seq]], number)
  for _, row in ipairs(rows) do
    local choices, file, link, name = extras(row)
    messages[#messages + 1] = {
      id = row.wamid, from = row.side, type = row.type, text = row.text, ticks = row.state, error = row.error, at = time.iso(row.at),
      choices = row.side == "business" and choices or nil, media = file or nil, link = link,
      file = file and file_of(row, file, name) or nil,
    }
  end
  return { number = number, name = phone and phone.name or number, user_id = phone and phone.user_id, messages = messages,
    typing = phone ~= nil and phone.typing_until > time.now_ms(), blocked = phone ~= nil and phone.blocked == 1 }
end

---GET /sandbox/phone?number=14165551234
function M.get(request)
  local number = request.query.number
  if not number then return common.bad("say which: /sandbox/phone?number=14165551234") end
  return common.ok(M.screen(number))
end

---POST /sandbox/read {"number": "14165551234"}: the customer looks at the chat.
M.read = common.control(function(wish)
  if type(wish.number) ~= "string" then return common.bad("number is missing") end
  local phone = people.find(wish.number)
  return common.ok { read = statuses.read_by_customer(phone and phone.number or wish.number) }
end)

---Everyone who has a phone here, the latest first.
function M.phones()
  local list = json.array()
  local rows = db.all([[SELECT p.number, p.name, (SELECT max(seq) FROM sandbox_messages m WHERE m.number = p.number) AS newest
    FROM sandbox_phones p ORDER BY newest DESC NULLS LAST LIMIT 100]])
  for _, row in ipairs(rows) do
    list[#list + 1] = { number = row.number, name = row.name }
  end
  return list
end

return M
