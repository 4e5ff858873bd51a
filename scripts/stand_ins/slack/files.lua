-- Files of the stand-in for Slack: upload in three steps, what a file is, its bytes behind the token, and what staff upload.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local chat = require "stand_ins.slack.chat"
local common = require "stand_ins.common"
local events = require "stand_ins.slack.events"
local messages = require "stand_ins.slack.messages"
local mishaps = require "stand_ins.slack.mishaps"
local multipart = require "stand_ins.meta.multipart"
local rows = require "stand_ins.slack.file_rows"
local samples = require "stand_ins.meta.samples"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local no = chat.no
local largest = 1 << 30

local function ask(given)
  local length = math.tointeger(tonumber(given.length))
  local missing = (given.filename == nil or given.filename == "") and "filename" or given.length == nil and "length"
  if missing then return no("invalid_arguments", { ("missing required field: %s"):format(missing) }) end
  if not length or length < 1 then return no("invalid_arguments", { "must be more than 0 [json-pointer:/length]" }) end
  if length > largest then return no "file_upload_size_restricted" end
  local name = tostring(given.filename)
  local row = rows.add { name = name, mime_type = rows.type_of(name), size = length, user = workspace.bot_user, state = "asked" }
  return { ok = true, upload_url = common.here() .. "/sandbox/slack/upload/v1/" .. row.upload, file_id = row.id }
end

local function upload(request)
  local row = db.one("SELECT * FROM sandbox_slack_files WHERE upload = ? AND state = 'asked'",
    request.path:sub(#"/sandbox/slack/upload/v1/" + 1))
  if not row then return mishaps.text(404, "file not found") end
  local bytes = request.body
  if (request.headers["content-type"] or ""):find("^multipart/") then
    local parts = multipart.read(request.headers["content-type"], request.body)
    local _, part = next(parts or {})
    if not part then return mishaps.text(400, "the body is not multipart/form-data") end
    bytes = part.bytes
  end
  if #bytes ~= row.size then return mishaps.text(400, "the length is not the one that was said") end
  db.run("UPDATE sandbox_slack_files SET bytes = ?, state = 'uploaded' WHERE id = ?", bytes, row.id)
  return mishaps.text(200, "OK - " .. #bytes)
end

---POST /sandbox/slack/upload/v1/…: the bytes, as they are or as multipart/form-data. The address itself is the permission.
M.upload = mishaps.around(upload)

local function complete(given)
  if type(given.files) ~= "table" or #given.files == 0 then return no("invalid_arguments", { "missing required field: files" }) end
  local ids, shared = {}, json.array()
  for index, wish in ipairs(given.files) do
    local row = type(wish) == "table" and rows.get(wish.id)
    if not row or row.state ~= "uploaded" then return no "file_not_found" end
    ids[index], shared[index] = row.id, { id = row.id, title = wish.title or row.name }
  end
  local thread_ts, channel
  if given.channel_id ~= nil then
    local refusal, why
    channel, refusal = chat.open_channel(given.channel_id)
    if not channel then return refusal end
    thread_ts, why = messages.thread(given.thread_ts, channel.id)
    if why then return no(why) end
  end
  for _, one in ipairs(shared) do
    db.run("UPDATE sandbox_slack_files SET state = 'shared', title = ? WHERE id = ?", one.title, one.id)
  end
  if channel then
    events.message(messages.add { channel = channel.id, via = "api", text = given.initial_comment, thread_ts = thread_ts, files = ids })
  end
  return { ok = true, files = shared }
end

local function info(given)
  local row = rows.get(given.file)
  if not row or row.state == "asked" or row.state == "uploaded" then return no "file_not_found" end
  if row.state == "deleted" then return no "file_deleted" end
  local shares = db.all("SELECT channel, ts, thread_ts FROM sandbox_slack WHERE instr(files, ?) > 0 AND deleted = 0 ORDER BY seq", row.id)
  return { ok = true, file = rows.public(row, shares), comments = json.array(),
    response_metadata = { next_cursor = "" } }
end

local function delete(given)
  local row = rows.get(given.file)
  if not row then return no "file_not_found" end
  if row.user ~= workspace.bot_user then return no "cant_delete_file" end
  db.run("UPDATE sandbox_slack_files SET state = 'deleted', bytes = NULL WHERE id = ?", row.id)
  return { ok = true }
end

M.methods = {
  ["files.getUploadURLExternal"] = { run = ask, scope = "files:write", tier = 4, form = true },
  ["files.completeUploadExternal"] = { run = complete, scope = "files:write", tier = 4 },
  ["files.info"] = { run = info, scope = "files:read", tier = 4, form = true },
  ["files.delete"] = { run = delete, scope = "files:write", tier = 3 },
}

local function found(request)
  local id = request.path:match("%-(F%d+)/")
  local row = id and rows.get(id)
  return row and row.state ~= "deleted" and row.bytes and row or nil
end

local function download(request)
  local token = (request.headers.authorization or ""):match("^[Bb]earer%s+(%S+)$")
  -- Without a right token Slack shows its page to sign in, not an error.
  if workspace.refuses(token, "files:read") then
    return { status = 302, headers = { Location = common.here() .. "/sandbox/slack/signin" }, body = "" }
  end
  local row = found(request)
  if not row then return mishaps.text(404, "<html>File not found</html>") end
  return { status = 200, body = row.bytes, headers = { ["Content-Type"] = row.mime_type } }
end

---GET /sandbox/slack/files-pri/…: url_private and url_private_download.
M.download = mishaps.around(download)

---GET /sandbox/slack/signin
function M.signin() return mishaps.text(200, "<!DOCTYPE html><html><title>Sign in | Slack</title></html>") end

---GET /sandbox/slack/file/F…: the bytes for the sandbox's page.
function M.look(request)
  local row = rows.get(request.path:sub(#"/sandbox/slack/file/" + 1))
  if not row or not row.bytes then return { status = 404, json = { error = "no such file" } } end
  return { status = 200, body = row.bytes, headers = { ["Content-Type"] = row.mime_type, ["X-Content-Type-Options"] = "nosniff",
    ["Content-Security-Policy"] = "sandbox" } }
end

---A file that staff upload: {name=, mime_type=, base64= | size=, salt=}; mode = "external": it is elsewhere; check = true: the event
---tells only its id; says_size: what Slack says of its size.
---@return table? row nil: base64 is none
function M.given(wish, user)
  local name = tostring(wish.name or "photo.jpg")
  local mime_type = wish.mime_type or rows.type_of(name)
  local bytes = wish.base64 and crypto.unbase64(wish.base64)
  if wish.base64 and not bytes then return nil end
  bytes = bytes or samples.make(mime_type, wish.size, wish.salt)
  return rows.add { name = name, mime_type = mime_type, size = wish.says_size or #bytes, bytes = bytes, user = user, state = "shared",
    mode = wish.mode, check = wish.check == true }
end

return M
