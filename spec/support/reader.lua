-- Reads webhooks of WhatsApp with the business's own reader over the database of this process, without a service: what becomes of each, as
-- one line. Nothing leaves this process. Require it before any script.
--
--   local reader = require "spec.support.reader"
--   reader.open() in setup, reader.close() in teardown
--   reader.clear()                          nobody has written yet
--   reader.ours(state) → id                 a message of ours to reader.phone, with the platform's id "wamid.ours" and the id "m1"
--   reader.read(body) → fate                body: bytes, or a table that becomes JSON
--   reader.hook(change, …) → body           changes of one entry
--   reader.change(field, value) → change    value gets our metadata, unless it has its own
--   reader.messages(message, …) → change    of the field messages
--
-- A fate is a list of what happened, joined by " / ": parked: reason; kind: stored text; ours: state of our message; told: words for staff;
-- noted: what only the log says; turn, send, fetch: jobs.

local json = require "host.json"
local host_settings = require "host.settings"

local M = { phone = "16475550101", number_id = "106540352242922", now = 1795370000000 }

local SETTINGS = { META_PHONE_NUMBER_ID = M.number_id, TURN_QUIET_MS = 1, TURN_MAX_WAIT_MS = 1, TURNS_PER_HOUR = 60, RETRY_BASE_MS = 1 }
package.loaded["host.settings"] = setmetatable({ get = function(name) return SETTINGS[name] end, source = function() return "" end }, { __index = host_settings })

local db = require "host.db"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local log = require "host.log"
local tables = require "spec.support.tables"
local task = require "host.task"

local TABLES = { "messages", "quote_data", "turns", "cases", "bookings", "held", "changes_early", "statuses_early", "identities", "costs", "media", "seen", "circuits",
  "alerts", "erased", "erased_messages", "conversations" }
local NOTED = { ["whatsapp.other_field"] = "field", ["whatsapp.other_object"] = true, ["whatsapp.other_number"] = true, ["whatsapp.wrong_number"] = true,
  ["whatsapp.platform_error"] = "code", ["whatsapp.own_message"] = true, ["whatsapp.preference"] = "value", ["whatsapp.duplicate"] = true, ["whatsapp.merged"] = true }
local SHOWN = 160

local originals, happened = {}, {}

local function patch(module, name, fn)
  originals[#originals + 1] = { module, name, module[name] }
  module[name] = fn
end

local function note(what) happened[#happened + 1] = what end

local function logged(event, fields)
  local shown = NOTED[event]
  if shown then note("noted: " .. event:match "[%w_]+$" .. (shown ~= true and " " .. tostring(fields[shown]) or "")) end
end

function M.open()
  tables()
  for _, level in ipairs { "info", "debug", "warn" } do patch(log, level, logged) end
  patch(inbox, "park", function(reason) note("parked: " .. reason) end)
  patch(inbox, "put", function() note "again" end)
  patch(task, "spawn", function() end)
  patch(jobs, "cancel", function() end)
  patch(jobs, "put", function(job)
    local payload = job.payload or {}
    if job.kind == "slack" and payload.text then
      note("told: " .. payload.text:gsub("^%+?[%d -]+: ?", ""):gsub("\n> ?", " > "):sub(1, SHOWN))
    elseif job.kind ~= "slack" then
      note(job.kind)
    end
    return 1
  end)
end

function M.close()
  for i = #originals, 1, -1 do originals[i][1][originals[i][2]] = originals[i][3] end
  originals = {}
  M.clear()
end

function M.clear()
  for _, name in ipairs(TABLES) do db.run("DELETE FROM " .. name) end
end

function M.ours(state)
  db.run("INSERT INTO conversations(id, phone_number, write_to) VALUES(?1, ?1, ?1) ON CONFLICT DO NOTHING", M.phone)
  db.run("INSERT INTO identities(kind, value, conversation_id, linked_at) VALUES('number', ?1, ?1, 0) ON CONFLICT DO NOTHING", M.phone)
  db.run([[INSERT INTO messages(id, conversation_id, role, content, seq, part, kind, state, wamid) VALUES('m1', ?, 'assistant', 'Any stairs?', 0, 1, 'model', ?,
    'wamid.ours')]], M.phone, state or "accepted")
  return "m1"
end

function M.change(field, value)
  value.messaging_product = "whatsapp"
  if value.metadata == nil then value.metadata = { display_phone_number = "15550783881", phone_number_id = M.number_id } end
  return { field = field, value = value }
end

function M.messages(...) return M.change("messages", { messages = { ... } }) end

function M.hook(...) return { object = "whatsapp_business_account", entry = { { id = "1", changes = { ... } } } } end

local function state()
  local row = db.one "SELECT state, content FROM messages WHERE id = 'm1'"
  return row and row.state .. (row.content ~= "Any stairs?" and " " .. row.content or "")
end

-- The customer's and the phone's words, in the order of storing.
local function stored()
  local list = {}
  for i, row in ipairs(db.all "SELECT id, kind, content FROM messages WHERE id <> 'm1' ORDER BY rowid") do list[i] = row.kind .. ": " .. row.content end
  return list
end

function M.read(body)
  happened = {}
  local before, was = #stored(), state()
  require("channels.whatsapp.read").run { id = 0, body = type(body) == "table" and json.encode(body) or body, received_at = M.now }
  local list, now_stored, now = {}, stored(), state()
  for i = before + 1, #now_stored do list[#list + 1] = now_stored[i] end
  if now ~= was then list[#list + 1] = "ours: " .. now end
  table.move(happened, 1, #happened, #list + 1, list)
  return #list > 0 and table.concat(list, " / ") or "nothing"
end

return M
