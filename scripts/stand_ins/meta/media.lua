-- The media of the stand-in for Meta: upload, the address of a file, its bytes, deletion. An address is valid for five minutes, and
-- the bytes too need the token. What customers send lives seven days, what is uploaded thirty.

local crypto = require "host.crypto"
local db = require "host.db"
local task = require "host.task"
local time = require "host.time"
local common = require "stand_ins.common"
local errors = require "stand_ins.meta.errors"
local faults = require "stand_ins.faults"
local hooks = require "stand_ins.meta.hooks"
local kept = require "stand_ins.kept"
local multipart = require "stand_ins.meta.multipart"
local samples = require "stand_ins.meta.samples"

local M = {}

local address_ms = 5 * 60000
local day_ms = 24 * 3600 * 1000
local mb = 1024 * 1024

-- What WhatsApp takes, and the largest file of each kind.
local kinds = {
  image = { most = 5 * mb, "image/jpeg", "image/png" },
  video = { most = 16 * mb, "video/mp4", "video/3gpp" },
  audio = { most = 16 * mb, "audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/opus" },
  sticker = { most = mb // 2, "image/webp" },
  document = { most = 100 * mb, "text/plain", "application/pdf", "application/msword", "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
}
local kind_of = {}
for kind, types in pairs(kinds) do
  for _, name in ipairs(types) do kind_of[name] = kind end
end

---The kind of message that a file of this type can be sent as, besides document: image, video, audio, sticker, document; or nil.
function M.kind_of(mime_type) return kind_of[tostring(mime_type):match("^[^;%s]*"):lower()] end

-- A customer's file is its bytes, or how they are made: so a hundred large files take no room.
local function store(file)
  local id = ("%d"):format(1300000000000000 + common.next("media") * 7919)
  db.run([[INSERT INTO sandbox_media(id, side, mime_type, sha256, file_size, bytes, size, salt, elsewhere, made_at)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]], id, file.side, file.mime_type, file.sha256, file.file_size, file.bytes, file.size, file.salt,
    file.elsewhere, file.made_at or time.now_ms())
  return id
end

local function bytes_of(row) return row.bytes or samples.make(row.mime_type, row.size, row.salt) end

local function address(id, expires_at)
  local seconds = expires_at // 1000
  local hash = crypto.hex(crypto.hmac_sha256("media", id .. ":" .. seconds)):sub(1, 32)
  return ("%s/sandbox/graph/attachments/?mid=%s&ext=%d&hash=%s"):format(common.here(), id, seconds, hash)
end

---A file that a customer sends. wish: {mime_type=, base64= | size=, salt=} and what the platform says untruly of it: {says_type=,
---says_sha256=, says_size=}; gone = true: its id is unknown; elsewhere = "http://…": the address names another host; old = true: made
---eight days ago.
---@return {id: string, mime_type: string, sha256: string, url: string}? nil: base64 is none
function M.received(wish)
  local mime_type = wish.mime_type
  local bytes = wish.base64 and crypto.unbase64(wish.base64)
  if wish.base64 and not bytes then return nil end
  local whole = bytes or samples.make(mime_type, wish.size, wish.salt)
  local sha256 = wish.says_sha256 or crypto.base64(crypto.sha256(whole))
  local id = wish.gone and ("%d"):format(1200000000000000 + common.next("media")) or store {
    side = "customer", mime_type = mime_type, sha256 = sha256, file_size = wish.says_size or #whole, bytes = bytes, size = wish.size,
    salt = wish.salt, elsewhere = wish.elsewhere, made_at = wish.old and time.now_ms() - 8 * day_ms or nil,
  }
  local at = address(id, time.now_ms() + address_ms)
  return { id = id, mime_type = wish.says_type or mime_type, sha256 = sha256, url = wish.elsewhere or at }
end

---The file of this id; nil when there is none, or no longer.
function M.find(id)
  local row = db.one("SELECT * FROM sandbox_media WHERE id = ?", id)
  local lives_ms = row and (row.side == "customer" and 7 or 30) * day_ms
  return row and row.made_at + lives_ms > time.now_ms() and row or nil
end

---POST /{phone}/media
function M.upload(request)
  local fault = faults.meet("upload", request.path)
  local refusal = errors.of_fault(fault)
  if refusal then return refusal end
  if fault and fault.kind == "http" then return faults.page(fault) end
  if fault and fault.kind == "slow" then task.sleep(fault.delay_ms or 3000) end
  local parts, why = multipart.read(request.headers["content-type"] or "", request.body)
  if not parts then return errors.refuse(100, { message = "The request cannot be read: " .. why }) end
  if not parts.messaging_product or parts.messaging_product.bytes ~= "whatsapp" then
    return errors.refuse(100, { message = "The parameter messaging_product is required." })
  end
  local file = parts.file
  if not (file and file.filename) then return errors.refuse(100, { message = "The parameter file is required." }) end
  -- The part's own type counts. The field `type` is for those that name none.
  local mime_type = file.type or parts.type and parts.type.bytes or "application/octet-stream"
  local kind = M.kind_of(mime_type)
  if not kind then
    return errors.refuse(100, { message = "Param file must be a file with one of the following types: "
      .. table.concat(kinds.audio, ", ") .. ", " .. table.concat(kinds.image, ", ") .. ", … Received file of type '" .. mime_type .. "'." })
  end
  if #file.bytes == 0 then return errors.refuse(131053, { details = "The file is empty." }) end
  if #file.bytes > kinds[kind].most then
    return errors.refuse(131053, { details = ("The file is larger than %d bytes, the most for %s."):format(kinds[kind].most, kind) })
  end
  return common.ok { id = store { side = "business", mime_type = mime_type, bytes = file.bytes,
    sha256 = crypto.base64(crypto.sha256(file.bytes)), file_size = #file.bytes } }
end

---GET /{media id}: where its bytes are.
function M.show(request, id)
  local fault = faults.meet("media", request.path)
  local refusal = errors.of_fault(fault)
  if refusal then return refusal end
  local kind = fault and fault.kind
  if kind == "http" then return faults.page(fault) end
  if kind == "slow" then task.sleep(fault.delay_ms or 3000) end
  local row = M.find(id)
  local phone = request.query.phone_number_id
  if not row or kind == "gone" or phone and phone ~= hooks.phone_number_id() then return errors.missing(id, "get") end
  local at = address(id, time.now_ms() + (kind == "stale" and -1000 or address_ms))
  if kind == "elsewhere" then at = "http://127.0.0.1:1/steal" end
  return common.ok { messaging_product = "whatsapp", id = id, url = row.elsewhere or at,
    mime_type = row.mime_type, sha256 = crypto.hex(crypto.unbase64(row.sha256) or row.sha256), file_size = row.file_size }
end

---DELETE /{media id}
function M.delete(request, id)
  local phone = request.query.phone_number_id
  if not M.find(id) or phone and phone ~= hooks.phone_number_id() then return errors.missing(id, "delete") end
  db.run("DELETE FROM sandbox_media WHERE id = ?", id)
  return common.ok { success = true }
end

-- The part of the bytes that a Range header names.
local function ranged(header, bytes, headers)
  local first, last = header:match("^bytes=(%d*)%-(%d*)$")
  if not first or first == "" and last == "" then return { status = 200, headers = headers, body = bytes } end
  local from, to = tonumber(first), tonumber(last)
  if not from then from, to = math.max(#bytes - to, 0), #bytes - 1 end
  to = math.min(to or #bytes - 1, #bytes - 1)
  if from > to then
    headers["Content-Range"] = "bytes */" .. #bytes
    return { status = 416, headers = headers, body = "" }
  end
  headers["Content-Range"] = ("bytes %d-%d/%d"):format(from, to, #bytes)
  return { status = 206, headers = headers, body = bytes:sub(from + 1, to + 1) }
end

---GET the address of a file: its bytes.
function M.bytes(request)
  local query = request.query
  local fault = faults.meet("bytes", request.path)
  local refusal = errors.of_fault(fault)
  if refusal then return refusal end
  local kind = fault and fault.kind
  if kind == "http" then return faults.page(fault) end
  if kind == "redirect" then return { status = 302, headers = { Location = "http://127.0.0.1:1/steal" }, body = "" } end
  if kind == "slow" then task.sleep(fault.delay_ms or 3000) end
  local id, seconds = query.mid or "", math.tointeger(tonumber(query.ext))
  local row = seconds and query.hash and address(id, seconds * 1000):find(query.hash, 1, true) and M.find(id)
  if not row or seconds * 1000 < time.now_ms() then return { status = 404, headers = { ["Content-Type"] = "text/plain" }, body = "" } end
  local bytes = bytes_of(row)
  if kind == "cut" then bytes = bytes:sub(1, #bytes // 2) end
  if kind == "other" then bytes = bytes:reverse() end
  return ranged(request.headers.range or "", bytes, { ["Content-Type"] = row.mime_type, ["Accept-Ranges"] = "bytes",
    ["Content-Disposition"] = "inline;filename=File" })
end

---GET /sandbox/media/{id}: the bytes for the sandbox's page.
function M.look(request)
  local row = M.find(request.path:sub(#"/sandbox/media/" + 1))
  if not row then return { status = 404, json = { error = "no such file" } } end
  return { status = 200, body = bytes_of(row), headers = kept.headers(row.mime_type) }
end

return M
