-- Plays Meta's Graph API: messages, read marks, "typing…", media, blocked users. meta/hooks.lua posts the webhooks.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local task = require "host.task"
local time = require "host.time"
local account = require "stand_ins.meta.account"
local block = require "stand_ins.meta.block"
local common = require "stand_ins.common"
local errors = require "stand_ins.meta.errors"
local faults = require "stand_ins.faults"
local hooks = require "stand_ins.meta.hooks"
local media = require "stand_ins.meta.media"
local people = require "stand_ins.meta.people"
local rules = require "stand_ins.meta.rules"
local statuses = require "stand_ins.meta.statuses"
local templates = require "stand_ins.meta.templates"

local M = {}

local typing_ms = 25000

---A message of the business as the screen shows it.
local function shown(message)
  local kind = message.type or "text"
  local part = message[kind]
  if kind == "text" then return part.body end
  if kind == "interactive" then return ("%s [%s]"):format(part.body.text, part.type) end
  if kind == "template" then return (templates.render(part)) end
  return part.caption and ("[%s: %s]"):format(kind, part.caption) or "[" .. kind .. "]"
end

-- Is this the id of a message, of either side? A test that is not strict writes messages that this stand-in never saw.
local function known_message(id)
  if type(id) ~= "string" or not id:match("^wamid%.%S+$") then return false end
  return not account.strict() or db.one("SELECT 1 AS yes FROM sandbox_messages WHERE wamid = ?", id) ~= nil
end

local known = { message = known_message, media = function(id) return media.find(id) ~= nil end }

local function mark_read(message)
  local row = db.one("SELECT * FROM sandbox_messages WHERE wamid = ?", tostring(message.message_id))
  if row and row.side ~= "customer" or not row and not known_message(message.message_id) then
    return errors.refuse(131009, { details = "message_id is not a valid message ID of a customer" })
  end
  local typing = message.typing_indicator
  if typing ~= nil and (type(typing) ~= "table" or typing.type ~= "text") then
    return errors.refuse(100, { message = "Param typing_indicator['type'] must be one of {TEXT}." })
  end
  -- When the stand-ins run alone, the customer can write without us. Then no screen shows it.
  if not row then return common.ok { success = true } end
  db.run("UPDATE sandbox_messages SET state = 'read' WHERE number = ? AND side = 'customer' AND seq <= ?", row.number, row.seq)
  if typing then db.run("UPDATE sandbox_phones SET typing_until = ? WHERE number = ?", time.now_ms() + typing_ms, row.number) end
  return common.ok { success = true }
end

-- The code by which a message fails after it was taken, or nil.
local function failure(message, person, fault)
  if fault.kind == "failed" then return fault.code end
  if fault.kind == "undeliverable" or person.blocked == 1 then return 131026 end
  if fault.kind == "window" then return 131047 end
  if account.strict() and not person.wrote_at and people.is_user_id(person.number) then return 131026 end
  if message.type ~= "template" and not people.window_is_open(person, account.strict()) then return 131047 end
  local file = message[message.type]
  local row = type(file) == "table" and type(file.id) == "string" and media.find(file.id)
  if row and message.type ~= "document" and media.kind_of(row.mime_type) ~= message.type then return 131053 end
  return nil
end

local function take(message, key, given, fault)
  local person = people.meet(key)
  if account.too_many(person) then return errors.refuse(131056) end
  local wamid = "wamid." .. crypto.base64("out" .. crypto.sha256(key .. common.next("wamid")):sub(1, 24))
  db.run("UPDATE sandbox_phones SET typing_until = 0 WHERE number = ?", person.number)
  db.run([[INSERT INTO sandbox_messages(wamid, number, side, type, text, state, opaque, at, form)
    VALUES(?, ?, 'business', ?, ?, 'accepted', ?, ?, ?)]],
    wamid, person.number, message.type or "text", shown(message), message.biz_opaque_callback_data, time.now_ms(), json.encode(message))
  local code = failure(message, person, fault)
  -- Meta looks at some templates first. Nothing is sent meanwhile.
  local held = fault.kind == "held"
  if fault.kind ~= "silent" and fault.kind ~= "vanished" then statuses.plan(wamid, code, held and (fault.delay_ms or 5000) or nil) end
  local by_id = people.is_user_id(key)
  local contact = { input = given, wa_id = not by_id and key or nil, user_id = by_id and key or nil }
  return common.ok { messaging_product = "whatsapp", contacts = { contact },
    messages = { { id = wamid, message_status = held and "held_for_quality_assessment" or "accepted" } } }
end

local function refused(code, words)
  return errors.refuse(code, code == 100 and { message = words } or { details = words })
end

-- The answer to a fault that lets nothing through, or nil.
local function stopped(fault)
  if fault.kind == "http" then return faults.page(fault) end
  return errors.of_fault(fault)
end

---POST /{phone}/messages
local function messages(request)
  local message = json.decode(request.body, { null_as_nil = true })
  if type(message) ~= "table" then return errors.refuse(100, { message = "Invalid parameter" }) end
  if message.messaging_product ~= "whatsapp" then
    return errors.refuse(100, { message = "The parameter messaging_product is required." })
  end
  if message.status ~= nil then
    if message.status ~= "read" then return errors.refuse(100, { message = "Param status must be one of {READ}." }) end
    local fault = faults.meet("read", request.body) or {}
    if fault.kind == "slow" then task.sleep(fault.delay_ms or 3000) end
    return stopped(fault) or mark_read(message)
  end
  local key, given, words = rules.addressee(message, people, hooks.display_number)
  if not key then return refused(given, words) end
  local code, why = rules.refusal(message, known)
  if code then return refused(code, why) end
  local fault = faults.meet("graph", request.body) or {}
  local refusal = stopped(fault)
  if refusal then
    if fault.delay_ms then task.sleep(fault.delay_ms) end
    return refusal
  end
  if fault.kind == "slow" then task.sleep(fault.delay_ms or 3000) end
  if account.too_fast() then return errors.refuse(130429) end
  local answer = take(message, key, given, fault)
  if fault.kind == "lost" or fault.kind == "vanished" then task.sleep(fault.delay_ms or 60000) end
  if fault.kind == "html" then return { status = 200, headers = { ["Content-Type"] = "text/html" }, body = "<html>Sorry</html>" } end
  if fault.kind == "empty" then return common.ok {} end
  return answer
end

local edges = {
  POST = { messages = messages, media = media.upload, block_users = block.add },
  DELETE = { block_users = block.remove },
  GET = { block_users = block.list },
}

---All of /sandbox/graph/*, any version.
---@param request host.Request
---@return host.Response
function M.graph(request)
  if request.path == "/sandbox/graph/attachments/" then
    if errors.stranger(request) then return { status = 401, body = "" } end
    return media.bytes(request)
  end
  -- A path without a version is the oldest version's.
  local path = request.path:match("^/sandbox/graph/v%d+%.%d+/(.+)$") or request.path:sub(#"/sandbox/graph/" + 1)
  local id, edge = path:match("^([^/]+)/([%w_]+)$")
  if not id then id = path:match("^[^/]+$") end
  local stranger = errors.stranger(request)
  if stranger then return stranger end
  if request.query.appsecret_proof and not errors.proven(request) then
    return errors.refuse(100, { message = "Invalid appsecret_proof provided in the API argument", type = "GraphMethodException" })
  end
  local verb = request.method:lower()
  if not id then return errors.missing(path, verb) end
  if edge then
    local handler = edges[request.method][edge]
    if id ~= hooks.phone_number_id() or not handler then return errors.missing(id, verb) end
    return handler(request)
  end
  if request.method == "POST" then return errors.missing(id, verb) end
  -- The id of the phone number names a number, which has no address and no bytes.
  if request.method == "GET" and id == hooks.phone_number_id() then
    return common.ok { id = id, verified_name = "ClearoutSpaces", display_phone_number = "+1 555-078-3881", quality_rating = "GREEN" }
  end
  return (request.method == "GET" and media.show or media.delete)(request, id)
end

return M
