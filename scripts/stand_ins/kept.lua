-- The files that the assistant has kept, for the sandbox's page: what staff could open, in place of what the phone sent.

local common = require "stand_ins.common"
local files = require "host.media"
local media = require "records.media"

local M = {}

local UNSAFE = { html = true, svg = true, xml = true, xhtml = true, javascript = true, ecmascript = true, flash = true }

---The headers of a file from outside: it is shown under its own type, or downloaded, and runs no script. (The host adds nosniff.)
---@param mime? string
---@param name? string of a document
---@return table<string, string>
function M.headers(mime, name)
  mime = (mime or ""):lower():match("^[^;%s]*")
  local safe = #mime <= 100 and mime:find("^%a+/[%w.+-]+$") ~= nil
  for word in mime:gmatch("%w+") do safe = safe and not UNSAFE[word] end
  local family = mime:match("^%a+")
  local shown = safe and (family == "image" or family == "audio" or family == "video")
  local headers = {
    ["Content-Type"] = safe and mime or "application/octet-stream", ["Cache-Control"] = "no-store",
    ["Content-Security-Policy"] = "sandbox; script-src 'none'; object-src 'none'", ["Cross-Origin-Resource-Policy"] = "same-origin",
  }
  if not shown then
    headers["Content-Disposition"] = ('attachment; filename="%s"'):format((name or "file"):sub(1, 100):gsub("[^%w ._-]", "_"))
  end
  return headers
end

---What became of the file of a customer's message: {url=, type=, name=} once it is kept, {note=} before that or when it is not kept.
---nil: this process keeps none, because the stand-ins run alone, or the message brought no file.
---@param message_id string
---@return {url?: string, type?: string, name?: string, note?: string, waits?: boolean}?
function M.of(message_id)
  if common.setting("SANDBOX_TARGET") then return nil end
  local row = media.of_message(message_id)
  if not row then return nil end
  if row.state == "stored" then
    return { url = "/sandbox/file/" .. row.hash, type = row.mime, name = row.name,
      note = ("kept by the assistant, %d KB%s"):format((row.bytes + 1023) // 1024,
        row.words and ": " .. row.words or row.why and ", without its words: " .. row.why or "") }
  end
  local waits = row.state == "waiting"
  return { waits = waits or nil, name = row.name, note = waits and "is being fetched" or "not kept: " .. row.why }
end

---GET /sandbox/file/{hash}
---@param request host.Request
---@return host.Response
function M.file(request)
  local hash = request.path:sub(#"/sandbox/file/" + 1)
  local row = hash:find("^%x+$") and #hash == 64 and hash == hash:lower() and media.with_hash(hash)
  if not row or not files.bytes(hash) then return { status = 404, json = { error = "no such file" } } end
  return { status = 200, file = hash, headers = M.headers(row.mime, row.name) }
end

return M
