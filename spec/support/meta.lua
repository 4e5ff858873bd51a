-- Meta's side of WhatsApp in specs: webhook bodies, written and signed as Meta does.
--
--   meta.phone() → "1647…"                  a customer nobody has used in this run; meta.phones lists them all
--   meta.word() → "zq…"                     a word nobody has used, to find a message again
--   meta.wamid() → "wamid.…"
--   meta.text(phone, text, {id=, timestamp=, …}) → message       meta.message(phone, type, fields) → message
--   meta.status(wamid, phone, state, {mark=, code=}) → status    mark: biz_opaque_callback_data
--   meta.body({messages = {…}, statuses = {…}, name =, field =, object =, phone_number_id =}) → bytes     one entry, one change
--   meta.bodies{ {change, change}, {change} } → bytes                                                     entries of changes (same fields)
--   meta.sign(secret, bytes) → "sha256=…"
--   meta.request(secret, bytes, {keep = true, headers = {"Name: value"}}) → bytes of the whole POST, for wire.raw
--   meta.encode(value) → bytes              JSON as Meta writes it: "\/" and \uXXXX

local crypto = require "host.crypto"
local json = require "host.json"

local M = {}

M.phone_number_id = "106540352242922"
M.account = "102290129340398"
M.display_number = "15550783881"

local seed = tonumber(crypto.hex(crypto.random(3)), 16)
local count = 0

M.phones = {}

function M.phone()
  count = count + 1
  M.phones[count] = ("1647%07d"):format((seed * 31 + count) % 10000000)
  return M.phones[count]
end

function M.word() return "zq" .. crypto.hex(crypto.random(5)):gsub("%d", function(d) return ("ghijklmnop"):sub(d + 1, d + 1) end) end

function M.wamid() return "wamid.HBgL" .. crypto.base64(crypto.random(18)) end

function M.message(phone, kind, fields)
  local message = { from = phone, id = M.wamid(), timestamp = tostring(os.time()), type = kind }
  for name, value in pairs(fields or {}) do message[name] = value end
  return message
end

function M.text(phone, text, fields)
  local message = M.message(phone, "text", { text = { body = text } })
  for name, value in pairs(fields or {}) do message[name] = value end
  return message
end

function M.status(wamid, phone, state, options)
  options = options or {}
  local status = { id = wamid, status = state, timestamp = tostring(os.time()), recipient_id = phone, biz_opaque_callback_data = options.mark }
  if options.code then
    status.errors = { { code = options.code, title = "error " .. options.code, message = "error", error_data = { details = "details" } } }
  end
  return status
end

local function escape(text)
  return (text:gsub(utf8.charpattern, function(character)
    if #character == 1 then return nil end
    local code = utf8.codepoint(character)
    if code < 0x10000 then return ("\\u%04x"):format(code) end
    code = code - 0x10000
    return ("\\u%04x\\u%04x"):format(0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
  end))
end

function M.encode(value) return escape((json.encode(value):gsub("/", "\\/"))) end

local function change_of(what)
  local value = {
    messaging_product = "whatsapp",
    metadata = { display_phone_number = M.display_number, phone_number_id = what.phone_number_id or M.phone_number_id },
    messages = what.messages, statuses = what.statuses,
  }
  local contacts, seen = {}, {}
  for _, message in ipairs(what.messages or {}) do
    local from = type(message) == "table" and message.from
    if type(from) == "string" and not seen[from] then
      seen[from] = true
      contacts[#contacts + 1] = { profile = { name = what.name or "Pat Doe" }, wa_id = from }
    end
  end
  if #contacts > 0 then value.contacts = contacts end
  return { field = what.field or "messages", value = value }
end

function M.bodies(entries, object)
  local list = {}
  for i, changes in ipairs(entries) do
    local out = {}
    for j, what in ipairs(changes) do out[j] = change_of(what) end
    list[i] = { id = M.account, time = os.time(), changes = out }
  end
  return M.encode { object = object or "whatsapp_business_account", entry = list }
end

function M.body(what) return M.bodies({ { what } }, what.object) end

function M.sign(secret, bytes) return "sha256=" .. crypto.hex(crypto.hmac_sha256(secret, bytes)) end

function M.request(secret, bytes, options)
  options = options or {}
  local lines = {
    "POST /whatsapp/webhook HTTP/1.1", "Host: spec.test", "Content-Type: application/json", "User-Agent: facebookexternalua",
    "X-Hub-Signature-256: " .. M.sign(secret, bytes), "Content-Length: " .. #bytes,
  }
  if not options.keep then lines[#lines + 1] = "Connection: close" end
  for _, line in ipairs(options.headers or {}) do lines[#lines + 1] = line end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. bytes
end

return M
