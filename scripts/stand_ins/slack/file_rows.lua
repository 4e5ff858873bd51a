-- The files of the stand-in for Slack, as rows and as Slack shows them.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local workspace = require "stand_ins.slack.workspace"

local M = {}

-- Slack's word for what is left of a file or message that was deleted. The glossary's word is another thing's.
M.gone = "tomb" .. "stone"

---@param file {name: string, mime_type?: string, size: integer, bytes?: string, user: string, state: "asked"|"uploaded"|"shared",
---  mode?: string, check?: boolean}
---@return table row
function M.add(file)
  local id = ("F%010d"):format(common.next("slack_file"))
  db.run([[INSERT INTO sandbox_slack_files(id, name, mime_type, size, bytes, "user", state, upload, mode, made_at)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]], id, file.name, file.mime_type, file.size, file.bytes, file.user, file.state,
    crypto.hex(crypto.random(12)), file.check and "check_file_info" or file.mode or "hosted", time.now_ms())
  return M.get(id)
end

function M.get(id) return db.one("SELECT * FROM sandbox_slack_files WHERE id = ?", tostring(id)) end

local types = { jpg = "image/jpeg", jpeg = "image/jpeg", png = "image/png", gif = "image/gif", webp = "image/webp", mp4 = "video/mp4",
  mp3 = "audio/mpeg", ogg = "audio/ogg", m4a = "audio/mp4", pdf = "application/pdf", txt = "text/plain", csv = "text/csv" }

---The type that Slack finds for a file: by its name.
function M.type_of(name) return types[(name:match("%.(%w+)$") or ""):lower()] or "application/octet-stream" end

local function address(row, download)
  return ("%s/sandbox/slack/files-pri/%s-%s/%s%s"):format(common.here(), workspace.team, row.id, download and "download/" or "",
    (row.name:lower():gsub("[^%w._-]", "_")))
end

---A file as Slack gives it to an app.
---@param row table
---@param shares? {channel: string, ts: string, thread_ts: string?}[]
function M.public(row, shares)
  if row.state == "deleted" then return { id = row.id, mode = M.gone } end
  local kind = (row.name:match("%.(%w+)$") or "binary"):lower()
  local out = { id = row.id, created = row.made_at // 1000, timestamp = row.made_at // 1000, name = row.name, title = row.title or row.name,
    mimetype = row.mime_type, filetype = kind, pretty_type = kind:upper(), user = row.user, editable = false, size = row.size,
    mode = row.mode == "external" and "external" or "hosted", is_external = row.mode == "external",
    external_type = row.mode == "external" and "gdrive" or "", is_public = true, public_url_shared = false, url_private = address(row),
    url_private_download = address(row, true), has_rich_preview = false,
    permalink = common.here() .. "/sandbox/slack/archives/files/" .. row.id }
  if row.mode == "external" then out.url_private, out.url_private_download = "https://drive.example.com/" .. row.id, nil end
  for _, share in ipairs(shares or {}) do
    out.shares = out.shares or { public = {} }
    local list = out.shares.public[share.channel] or {}
    list[#list + 1] = { ts = share.ts, thread_ts = share.thread_ts, channel_name = "quotes", team_id = workspace.team }
    out.shares.public[share.channel] = list
  end
  return out
end

---The files of a message, from its column.
---@param ids string? JSON
function M.shown(ids)
  if not ids then return nil end
  local list = {}
  for _, id in ipairs(json.decode(ids)) do
    local row = M.get(id)
    if row then
      list[#list + 1] = row.mode == "check_file_info" and { id = id, file_access = "check_file_info" } or M.public(row)
    end
  end
  return #list > 0 and list or nil
end

return M
