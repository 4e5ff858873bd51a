-- The job that fetches what a customer sent beside words: asks the platform for the file's address, which is valid for five minutes, then
-- streams the bytes into a file, checks them, and keeps the file under its hash. Nothing is shown before it is whole and checked.

local circuits = require "records.circuits"
local codes = require "channels.whatsapp.codes"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local db = require "host.db"
local file_type = require "channels.whatsapp.file_type"
local files = require "host.media"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local media = require "records.media"
local plain = require "language.text"
local quotes = require "records.quotes"
local settings = require "host.settings"
local tell = require "staff.tell"
local time = require "host.time"
local url = require "host.url"
local voice = require "channels.whatsapp.voice"

local M = {}

local MB = 1024 * 1024
local MOST_BYTES = { image = 5 * MB, video = 16 * MB, audio = 16 * MB, document = 100 * MB }
local BYTES_MS = 120000
local GIVE_UP_MS = 24 * 3600000
local BACKOFF_MOST_MS = 600000

local function graph() return plain.trim_end(settings.get("META_GRAPH_URL"), "[/]") end

-- Only the hosts that the settings name get our token. http is for this machine alone.
local function allowed(address)
  local parts = type(address) == "string" and #address <= 4000 and url.parse(address)
  if not parts then return false end
  local own = url.parse(graph())
  if own and parts.scheme == own.scheme and parts.host == own.host and parts.port == own.port then return true end
  if parts.scheme ~= "https" and not (parts.host == "127.0.0.1" or parts.host == "localhost" or parts.host == "[::1]") then return false end
  for _, host in ipairs(settings.get("MEDIA_HOSTS")) do
    if parts.host == host:lower() or ("%s:%d"):format(parts.host, parts.port) == host:lower() then return true end
  end
  return false
end

local function wait_ms(job, response)
  local ms = math.min(settings.get("RETRY_BASE_MS") * 3 ^ math.min(job.attempts, 8), BACKOFF_MOST_MS)
  return math.max(math.ceil(ms), circuits.asked_wait_ms(response) or 0)
end

local AGAIN = "Ask the customer to send it again."

-- There will be no file: staff read why, and what to do. Runs inside a transaction.
local function give_up(id, state, why, remedy)
  local row = media.get(id)
  if not row or row.state ~= "waiting" then return end
  if state == "refused" then quotes.photo_gone(row.message_id) end
  media.without_file(id, state, why)
  local conversation = conversations.get(row.conversation_id)
  local what = media.CALLED[row.kind] or "file"
  if conversation then
    tell.word(conversation, ("sent a %s that %s: %s. %s"):format(what, state == "refused" and "was not kept" or "could not be fetched", why,
      remedy or AGAIN))
  end
  if row.kind == "audio" then voice.gone(row, time.now_ms()) end
  log.warn("media." .. state, { from = mask(row.conversation_id), media = id, why = why })
end

local ROOM = "Make room on the disk of MEDIA_DIR."
local UNREACHED = "WhatsApp could not be reached for 24 hours"

-- Another try, for a day. cause: what happened, short; words: the same for staff, when it is over.
local function again(job, row, cause, words, response, remedy)
  if time.now_ms() - row.created_at > GIVE_UP_MS then return db.transaction(give_up, row.id, "gone", words, remedy) end
  return jobs.retry(wait_ms(job, response), cause)
end

local function without_room(job, row, problem)
  tell.alert("media.disk", ("a customer's file was not stored, because %s. %s The file is fetched again by itself, for 24 hours. "
    .. "The customer's message is answered."):format(problem, ROOM))
  return again(job, row, problem, "the assistant's disk took no more", nil, ROOM .. " Then ask the customer to send it again.")
end

local function refused_by_meta(job, row, cause, class, response)
  if class == "auth" then
    return again(job, row, cause, "WhatsApp refuses META_ACCESS_TOKEN", response,
      "Set a valid one and restart. Then ask the customer to send it again.")
  end
  return again(job, row, cause, ("WhatsApp answered with an error for 24 hours (%s)"):format(cause), response)
end

local function get(address, options)
  return http.request { url = address, headers = { Authorization = "Bearer " .. settings.get("META_ACCESS_TOKEN") }, lane = "media",
    query = options.query, timeout_ms = options.timeout_ms, max_bytes = options.max_bytes, to_file = options.to_file }
end

-- What the platform says about the file; nil: what the job returns.
local function described(job, row)
  if not row.meta_id then return nil, db.transaction(give_up, row.id, "gone", "WhatsApp gave no id of it") end
  local response, err = get(graph() .. "/" .. url.encode(row.meta_id), { query = { phone_number_id = settings.get("META_PHONE_NUMBER_ID") },
    timeout_ms = settings.get("SEND_TIMEOUT_MS"), max_bytes = 65536 })
  if not response then return nil, again(job, row, err.kind, UNREACHED) end
  local body = json.decode(response.body, { null_as_nil = true })
  body = type(body) == "table" and body or {}
  if response.status >= 200 and response.status <= 299 and type(body.url) == "string" then return body end
  local fault = type(body.error) == "table" and body.error or {}
  local code = math.tointeger(tonumber(fault.code))
  local class = response.status >= 300 and codes.class(code, response.status) or "transient"
  local why = code and ("error %d"):format(code) or ("HTTP %d"):format(response.status)
  if class == "transient" or class == "auth" then return nil, refused_by_meta(job, row, why, class, response) end
  if code == 100 or response.status == 404 then why = "WhatsApp does not have it any more" end
  return nil, db.transaction(give_up, row.id, "gone", why)
end

-- The sha256 in hex: webhooks give it in base64, some answers in hex.
local function hex_of(declared)
  if type(declared) ~= "string" then return nil end
  if #declared == 64 and declared:find("^%x+$") then return declared:lower() end
  local bytes = #declared <= 88 and crypto.unbase64(declared)
  return bytes and #bytes == 32 and crypto.hex(bytes) or nil
end
M.hex_of = hex_of

-- Why these bytes are refused, or their type.
local function judge(row, about, file)
  local size = math.tointeger(tonumber(about.file_size))
  if file.bytes == 0 then return nil, "it is empty" end
  if size and size ~= file.bytes then return nil, ("it has %d bytes, and WhatsApp says %d"):format(file.bytes, size) end
  for _, declared in ipairs { row.declared or hex_of(about.sha256) or file.hash, hex_of(about.sha256) } do
    if declared ~= file.hash then return nil, "its bytes are not those that WhatsApp announced" end
  end
  return file_type.check(row.kind, row.mime or about.mime_type, file.head)
end

-- The file is kept: its row names it. false: the message was erased or deleted meanwhile.
local function finish(id, file, mime)
  if not media.get(id) then return false end
  local now = time.now_ms()
  media.stored(id, file, mime, now)
  local row = media.get(id)
  if row.kind == "audio" then voice.stored(row, now) end
  tell.file(row)
  return true
end

---@async
---@param job host.jobs.Job payload.media
function M.run(job)
  local row = media.get(job.payload.media)
  if not row or row.state ~= "waiting" then return nil end
  local about, outcome = described(job, row)
  if not about then return outcome end
  local most, size = MOST_BYTES[row.kind], math.tointeger(tonumber(about.file_size))
  local function refuse(why, remedy) return db.transaction(give_up, row.id, "refused", why, remedy) end
  local function too_large()
    return refuse(("it is larger than %d MB"):format(most // MB), "Ask the customer for a smaller or shorter one.")
  end
  if not allowed(about.url) then
    return refuse("its address is at a host that MEDIA_HOSTS does not name",
      "If Meta uses this host, add it to MEDIA_HOSTS and restart. Then ask the customer to send it again.")
  end
  if size and size > most then return too_large() end
  local response, err = get(about.url, { timeout_ms = BYTES_MS, max_bytes = most, to_file = true })
  if not response then
    if err.kind == "too_large" then return too_large() end
    if err.kind == "disk" then return without_room(job, row, err.message) end
    return again(job, row, err.kind, UNREACHED)
  end
  if response.status >= 300 and response.status <= 399 then return refuse("its address sends us elsewhere") end
  if not response.file then return refused_by_meta(job, row, ("HTTP %d"):format(response.status), nil, response) end
  local mime, problem, remedy = judge(row, about, response.file)
  if not mime then
    files.drop(response.file)
    return refuse(problem, remedy)
  end
  local hash, unkept = files.keep(response.file)
  if not hash then return without_room(job, row, unkept) end
  if not db.transaction(finish, row.id, response.file, mime) then return media.sweep { hash } end
  log.info("media.stored", { from = mask(row.conversation_id), media = row.id, bytes = response.file.bytes })
end

---A message with a file is stored: puts the job that fetches it (a voice note does not wait behind photos and videos), and the one that
---tells staff of it.
---@param event whatsapp.Event
---@param now integer ms
function M.arrived(event, now)
  local id = media.add(event, now)
  local kind = event.media.kind == "audio" and "voice" or "media"
  jobs.put { kind = kind, unique = ("media:%d"):format(id), payload = { media = id, conversation = event.conversation } }
  jobs.put { kind = "media_word", unique = "media_word:" .. event.conversation, keep = true, run_at = now + settings.get("TURN_QUIET_MS"),
    payload = { conversation = event.conversation, since = now } }
end

local ORDER = { "image", "video", "audio", "document" }

---What a chat sent beside words, like "3 photos, 1 video"; nil: nothing.
---@param from_ms? integer
---@return string?
local function counted(conversation_id, from_ms)
  local counts, list = media.counts(conversation_id, from_ms), {}
  for _, kind in ipairs(ORDER) do
    local n = counts[kind]
    if n then list[#list + 1] = ("%d %s%s"):format(n, media.CALLED[kind], n == 1 and "" or "s") end
  end
  return #list > 0 and table.concat(list, ", ") or nil
end

---Tells staff once per burst what came beside words, and how to look at it.
---@param job host.jobs.Job payload.conversation, .since
function M.word(job)
  local conversation = conversations.get(job.payload.conversation)
  local sent = conversation and counted(conversation.id, job.payload.since)
  if not sent then return end
  tell.word(conversation, ("sent %s. `assistant media list %s` names the files."):format(sent, conversation.id))
end

---A message is deleted: its rows go now, and its files soon.
function M.removed(message_id)
  quotes.photo_gone(message_id)
  local hashes = media.remove_message(message_id)
  if #hashes > 0 then jobs.put { kind = "media_sweep", payload = { hashes = hashes } } end
end

---@async
---@param job host.jobs.Job payload.hashes
function M.sweep(job) media.sweep(job.payload.hashes or {}) end

return M
