-- Statuses of messages that the business sent: planned when a message is taken, or wanted by a test.

local db = require "host.db"
local jobs = require "host.jobs"
local json = require "host.json"
local time = require "host.time"
local account = require "stand_ins.meta.account"
local common = require "stand_ins.common"
local errors = require "stand_ins.meta.errors"
local hooks = require "stand_ins.meta.hooks"
local people = require "stand_ins.meta.people"

local M = {}

local rank = { accepted = 0, sent = 1, delivered = 2, read = 3, played = 4, failed = 5 }

---One status as Meta writes it.
---@param message {wamid: string, number: string, opaque: string?, type: string?}
---@param state string
---@param code? integer|string
function M.item(message, state, code)
  local person = people.find(message.number)
  local by_id = people.is_user_id(message.number)
  local item = {
    id = message.wamid, status = state, timestamp = tostring(time.now_ms() // 1000), recipient_id = not by_id and message.number or nil,
    recipient_user_id = by_id and message.number or person and person.user_id, biz_opaque_callback_data = message.opaque,
  }
  if code then
    local title = errors.titles[math.tointeger(tonumber(code))] or "Error " .. code
    item.errors = { { code = code, title = title, message = title, error_data = { details = title .. "." },
      href = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/" } }
  else
    local category = message.type == "template" and "utility" or "service"
    item.pricing = { billable = true, pricing_model = "PMP", category = category, type = "regular" }
  end
  return item
end

---Posts one status of a message, and shows it on the phone.
local function post(message, state, code)
  if rank[state] > rank[message.state] then
    db.run("UPDATE sandbox_messages SET state = ?, error = ? WHERE wamid = ?", state, math.tointeger(tonumber(code)), message.wamid)
  end
  hooks.post(hooks.envelope { statuses = { M.item(message, state, code) } })
end

---Job: posts a status that was planned when the message was accepted.
function M.job(job)
  local message = db.one("SELECT * FROM sandbox_messages WHERE wamid = ?", job.payload.wamid)
  if message and message.state ~= "failed" then post(message, job.payload.state, job.payload.code) end
end

---Plans what becomes of a message: `code` fails it at once, otherwise it is sent and delivered.
function M.plan(wamid, code, held_ms)
  local function plan(state, after_ms)
    jobs.put { kind = "sandbox_status", run_at = time.now_ms() + after_ms, payload = { wamid = wamid, state = state, code = code } }
  end
  if code then return plan("failed", 0) end
  plan("sent", held_ms or 0)
  plan("delivered", (held_ms or 0) + math.tointeger(account.get("delivered_ms") // 1))
end

---The customer has looked at the chat: everything delivered is read now. Returns how many messages.
function M.read_by_customer(number)
  local unread = db.all([[SELECT * FROM sandbox_messages WHERE number = ? AND side = 'business' AND state IN ('sent', 'delivered')
    ORDER BY seq]], number)
  for _, message in ipairs(unread) do post(message, "read") end
  return #unread
end

---POST /sandbox/status {"id": "wamid…", "state": "failed", "code": 131026, "copies": 1}: posts this status now, whatever came before.
---code may be text. A list `states` posts them in this order, which need not be the real one.
M.post = common.control(function(wish)
  local message = db.one("SELECT * FROM sandbox_messages WHERE wamid = ? AND side = 'business'", wish.id)
  if not message then return common.bad("no message of the business has this id") end
  local states = type(wish.states) == "table" and wish.states or { wish.state }
  for _, state in ipairs(states) do
    if not rank[state] or state == "accepted" then return common.bad("state is sent, delivered, read, played or failed") end
  end
  for _ = 1, math.tointeger(wish.copies) or 1 do
    for _, state in ipairs(states) do post(message, state, state == "failed" and (wish.code or 131000) or nil) end
  end
  return common.ok { posted = json.array(states) }
end)

return M
