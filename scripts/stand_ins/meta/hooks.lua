-- The webhooks of the stand-in for Meta: Meta's own bytes, signed, posted until the assistant accepts them.

local crypto = require "host.crypto"
local db = require "host.db"
local jobs = require "host.jobs"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"

local M = {}

M.account = "102290129340398"
M.display_number = "15550783881"
-- Meta repeats for seven days, ever more seldom. Here time is compressed: the webhook is dropped after about five minutes.
local most_tries = 40

---@return string the id of the business's number
function M.phone_number_id() return common.setting("META_PHONE_NUMBER_ID") or "106540352242922" end

local function escape_character(character)
  local code = utf8.codepoint(character)
  if code < 0x10000 then return string.format("\\u%04x", code) end
  code = code - 0x10000
  return string.format("\\u%04x\\u%04x", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
end

---JSON as Meta writes it: slashes escaped, every code point above U+007F as \uXXXX. The signature is over these bytes.
function M.encode(value)
  return (json.encode(value):gsub("/", "\\/"):gsub("[\xC2-\xF4][\x80-\xBF]+", escape_character))
end

---Enqueues one signed POST to the assistant's webhook. `marks` names customer messages that it carries.
---@param body string
---@param run_at? integer ms
---@param lane? string
---@param marks? string[]
function M.post(body, run_at, lane, marks)
  jobs.put { kind = "sandbox_webhook", lane = lane, run_at = run_at, payload = { body = body, marks = marks } }
end

---One change of an entry: value = {messages=, statuses=, contacts=, …}
function M.change(value, field)
  value.messaging_product = "whatsapp"
  value.metadata = value.metadata or { display_phone_number = M.display_number, phone_number_id = M.phone_number_id() }
  return { field = field or "messages", value = value }
end

---The envelope around entries; each is a list of changes.
function M.bodies(entries)
  local list = {}
  for i, changes in ipairs(entries) do list[i] = { id = M.account, time = time.now_ms() // 1000, changes = changes } end
  return M.encode { object = "whatsapp_business_account", entry = list }
end

---The envelope around one change.
function M.envelope(value, field) return M.bodies { { M.change(value, field) } } end

local function headers_for(body)
  local secret = common.setting("META_APP_SECRET") or "sandbox-app-secret"
  return {
    ["Content-Type"] = "application/json",
    ["User-Agent"] = "facebookexternalua",
    ["X-Hub-Signature-256"] = "sha256=" .. crypto.hex(crypto.hmac_sha256(secret, body)),
  }
end

---Job: posts one webhook. It is retried until it gets 200, as Meta does, also after a 4xx.
function M.deliver(job)
  local payload = job.payload
  local _, why = common.post { path = "/whatsapp/webhook", headers = headers_for(payload.body), body = payload.body, timeout_ms = 10000 }
  if not why then
    for _, wamid in ipairs(payload.marks or {}) do
      db.run("UPDATE sandbox_messages SET state = 'delivered' WHERE wamid = ? AND state = 'sending'", wamid)
    end
    return nil
  end
  if job.attempts >= most_tries then return nil end
  return jobs.retry(math.min(100 << math.min(job.attempts, 7), 10000), why)
end

return M
