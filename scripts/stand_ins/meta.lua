-- Plays Meta: posts webhooks, signed over Meta's own bytes, until they are accepted; and answers as the Graph API.

local crypto = require "host.crypto"
local db = require "host.db"
local jobs = require "host.jobs"
local json = require "host.json"
local task = require "host.task"
local time = require "host.time"
local common = require "stand_ins.common"
local faults = require "stand_ins.faults"
local templates = require "stand_ins.meta.templates"

local M = {}

M.account = "102290129340398"
M.display_number = "15550783881"
local window_ms = 24 * 3600 * 1000
local typing_ms = 25000
-- Meta repeats for seven days. Here time is compressed: the webhook is dropped after about five minutes.
local most_tries = 40

---@return string the id of the business's number
function M.phone_number_id() return common.setting("META_PHONE_NUMBER_ID") or "106540352242922" end

-- ---- webhooks ------------------------------------------------------------------------------------------------------

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
function M.post_webhook(body, run_at, lane, marks)
  jobs.put { kind = "sandbox_webhook", lane = lane, run_at = run_at, payload = { body = body, marks = marks } }
end

---The envelope around an event: value = {messages=, statuses=, contacts=, …}
function M.envelope(value, field)
  value.messaging_product = "whatsapp"
  value.metadata = value.metadata or { display_phone_number = M.display_number, phone_number_id = M.phone_number_id() }
  return M.encode {
    object = "whatsapp_business_account",
    entry = { { id = M.account, time = time.now_ms() // 1000, changes = { { field = field or "messages", value = value } } } },
  }
end

local function headers_for(body)
  local secret = common.setting("META_APP_SECRET") or "sandbox-app-secret"
  return {
    ["Content-Type"] = "application/json",
    ["User-Agent"] = "facebookexternalua",
    ["X-Hub-Signature-256"] = "sha256=" .. crypto.hex(crypto.hmac_sha256(secret, body)),
  }
end

---Job: posts one webhook. It is retried until it gets 200, as Meta does.
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

-- ---- statuses ------------------------------------------------------------------------------------------------------

local rank = { accepted = 0, sent = 1, delivered = 2, read = 3, failed = 4 }
local titles = { [131047] = "Re-engagement message", [131026] = "Message undeliverable" }

---Posts one status of a message that the business sent, and shows it on the phone.
local function status(message, state, code)
  local item = {
    id = message.wamid, status = state, timestamp = tostring(time.now_ms() // 1000), recipient_id = message.number,
    biz_opaque_callback_data = message.opaque,
    pricing = { billable = true, pricing_model = "PMP", category = "service", type = "regular" },
  }
  if code then
    item.errors = { { code = code, title = titles[code], message = titles[code], error_data = { details = titles[code] } } }
  end
  if rank[state] > rank[message.state] then
    db.run("UPDATE sandbox_messages SET state = ?, error = ? WHERE wamid = ?", state, code, message.wamid)
  end
  M.post_webhook(M.envelope { statuses = { item } }, nil, nil, nil)
end

---Job: posts a status that was planned when the message was accepted.
function M.status_job(job)
  local message = db.one("SELECT * FROM sandbox_messages WHERE wamid = ?", job.payload.wamid)
  if message and message.state ~= "failed" then status(message, job.payload.state, job.payload.code) end
end

---The customer has looked at the chat: everything delivered is read now. Returns how many messages.
function M.read_by_customer(number)
  local unread = db.all("SELECT * FROM sandbox_messages WHERE number = ? AND side = 'business' AND state IN ('sent', 'delivered')", number)
  for _, message in ipairs(unread) do status(message, "read") end
  return #unread
end

local function plan_statuses(wamid, phone, fault, given_code, kind)
  if fault == "silent" or fault == "vanished" then return end
  local code
  if fault == "failed" then code = given_code end
  if fault == "undeliverable" then code = 131026 end
  -- Templates can be sent when the window is closed.
  local closed = kind ~= "template" and phone and phone.wrote_at and phone.wrote_at < time.now_ms() - window_ms
  if fault == "window" or closed then code = 131047 end
  local function plan(state, after_ms, why)
    jobs.put { kind = "sandbox_status", run_at = time.now_ms() + after_ms, payload = { wamid = wamid, state = state, code = why } }
  end
  if code then return plan("failed", 0, code) end
  plan("sent", 0)
  plan("delivered", 800)
end

-- ---- the Graph API -------------------------------------------------------------------------------------------------

local function refuse(http_status, code, message, subcode, headers)
  local trace = crypto.base64(crypto.sha256("trace" .. common.next("trace"))):gsub("[+/=]", ""):sub(1, 23)
  local fault = { message = ("(#%d) %s"):format(code, message), type = "OAuthException", code = code, error_subcode = subcode,
    fbtrace_id = "A" .. trace }
  return { status = http_status, headers = headers, json = { error = fault } }
end

local refusals = {
  ["429"] = { 429, 130429, "Rate limit hit" },
  pair = { 429, 131056, "(Business Account, Consumer Account) pair rate limit hit" },
  ["500"] = { 500, 131000, "Something went wrong" },
  ["503"] = { 503, 131016, "Service unavailable" },
  expired = { 401, 190, "Error validating access token: Session has expired", 463 },
}

-- The HTTP status of each code; 400 for the others.
local status_of = {
  [1] = 500, [2] = 503, [4] = 429, [10] = 403, [190] = 401, [200] = 403, [368] = 403, [80007] = 429, [130429] = 429,
  [131000] = 500, [131016] = 503, [131031] = 403, [131056] = 429,
}

---A message of the business as the screen shows it.
local function shown(message)
  if message.type == "text" then return message.text.body end
  if message.type == "interactive" and type(message.interactive) == "table" then
    local body = type(message.interactive.body) == "table" and message.interactive.body.text or ""
    return body .. " [" .. tostring(message.interactive.type) .. "]"
  end
  if message.type == "template" then return (templates.render(message.template)) or "[template]" end
  return "[" .. tostring(message.type) .. "]"
end

---Why Meta would refuse this message: a code and a sentence, or nil.
local function unfit(message)
  local to = message.to or message.recipient
  if type(to) ~= "string" or to == "" then return 100, "The parameter to is required." end
  if to == M.display_number then return 131021, "Recipient cannot be sender" end
  if type(message.type) ~= "string" then return 100, "The parameter type is required." end
  if message.type == "text" then
    local text = type(message.text) == "table" and message.text.body
    if type(text) ~= "string" or not text:find("%S") then return 131008, "Required parameter is missing: text.body" end
    if (utf8.len(text) or #text) > 4096 then return 131009, "Parameter value is not valid: text.body is too long" end
  end
  if message.type == "template" then
    local text, code, words = templates.render(message.template)
    if not text then return code, words end
  end
  local opaque = message.biz_opaque_callback_data
  if opaque ~= nil and (type(opaque) ~= "string" or #opaque > 512) then
    return 100, "Param biz_opaque_callback_data must be at most 512 characters"
  end
  return nil
end

local function mark_read(message)
  local row = db.one("SELECT * FROM sandbox_messages WHERE wamid = ? AND side = 'customer'", message.message_id)
  -- When the stand-ins run alone, the customer can write without us. Then no screen shows it.
  if not row then return common.ok { success = true } end
  db.run("UPDATE sandbox_messages SET state = 'read' WHERE number = ? AND side = 'customer' AND seq <= ?", row.number, row.seq)
  if message.typing_indicator then
    db.run("UPDATE sandbox_phones SET typing_until = ? WHERE number = ?", time.now_ms() + typing_ms, row.number)
  end
  return common.ok { success = true }
end

local function take(message, fault, code)
  local number = message.to or message.recipient
  local wamid = "wamid." .. crypto.base64("out" .. crypto.sha256(number .. common.next("wamid")):sub(1, 24))
  db.run("INSERT OR IGNORE INTO sandbox_phones(number, name) VALUES(?, ?)", number, number)
  db.run("UPDATE sandbox_phones SET typing_until = 0 WHERE number = ?", number)
  db.run([[INSERT INTO sandbox_messages(wamid, number, side, type, text, state, opaque, at)
    VALUES(?, ?, 'business', ?, ?, 'accepted', ?, ?)]],
    wamid, number, message.type, shown(message), message.biz_opaque_callback_data, time.now_ms())
  plan_statuses(wamid, db.one("SELECT * FROM sandbox_phones WHERE number = ?", number), fault, code, message.type)
  return common.ok { messaging_product = "whatsapp", contacts = { { input = number, wa_id = number } },
    messages = { { id = wamid, message_status = "accepted" } } }
end

---POST /sandbox/graph/*: sends, read marks, "typing…".
function M.graph_post(request)
  local id, what = request.path:match("^/sandbox/graph/v%d+%.%d+/([^/]+)/([%w_]+)$")
  if not common.bearer(request, common.setting("META_ACCESS_TOKEN")) then return refuse(401, 190, "Invalid OAuth access token.") end
  if id ~= M.phone_number_id() or what ~= "messages" then return refuse(400, 100, "Unsupported post request. Object does not exist", 33) end
  local message = json.decode(request.body, { null_as_nil = true })
  if type(message) ~= "table" then return refuse(400, 100, "Invalid JSON") end
  if message.messaging_product ~= "whatsapp" then return refuse(400, 100, "The parameter messaging_product is required.") end
  if message.status == "read" then return mark_read(message) end
  local code, words = unfit(message)
  if code then return refuse(code == 132001 and 404 or 400, code, words) end
  local fault = faults.meet("graph", request.body)
  if fault and fault.kind == "http" then return faults.page(fault) end
  local refusal = fault and refusals[fault.kind]
  if refusal then return refuse(table.unpack(refusal)) end
  if fault and fault.kind == "slow" then task.sleep(fault.delay_ms or 3000) end
  local kind = fault and fault.kind
  if kind == "code" then return refuse(status_of[fault.code] or 400, fault.code, "Refused on purpose") end
  local answer = take(message, kind, fault and fault.code)
  if kind == "lost" or kind == "vanished" then task.sleep(fault.delay_ms or 60000) end
  if kind == "html" then return { status = 200, headers = { ["Content-Type"] = "text/html" }, body = "<html>Sorry</html>" } end
  if kind == "empty" then return common.ok {} end
  return answer
end

-- One black pixel, for those who download it.
local pixel = crypto.unbase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")

---The SHA-256 of every file of the stand-ins, as webhooks and the API give it.
function M.media_sha256() return crypto.base64(crypto.sha256(pixel)) end

---GET /sandbox/graph/*: for a media id the address of its bytes; under that address the bytes. Both need the token.
function M.graph_get(request)
  if not common.bearer(request, common.setting("META_ACCESS_TOKEN")) then return refuse(401, 190, "Invalid OAuth access token.") end
  if request.path:match("^/sandbox/graph/bytes/%d+$") then
    return { status = 200, headers = { ["Content-Type"] = "image/png" }, body = pixel }
  end
  local id = request.path:match("^/sandbox/graph/v%d+%.%d+/(%d+)$")
  if not id then return refuse(400, 100, "Unsupported get request. Object does not exist", 33) end
  return common.ok { messaging_product = "whatsapp", id = id, url = common.here() .. "/sandbox/graph/bytes/" .. id,
    mime_type = "image/png", sha256 = M.media_sha256(), file_size = #pixel }
end

return M
