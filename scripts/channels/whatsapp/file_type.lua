-- What a file is, by its first bytes, and whether it is what the platform declared. Pure.

local M = {}

local KEPT = {
  image = { ["image/jpeg"] = true, ["image/png"] = true, ["image/webp"] = true, ["image/gif"] = true },
  video = { ["video/mp4"] = true, ["video/3gpp"] = true },
  audio = { ["audio/ogg"] = true, ["audio/mpeg"] = true, ["audio/aac"] = true, ["audio/amr"] = true, ["audio/mp4"] = true,
    ["audio/opus"] = true },
}
local MARKS = {
  { "\255\216\255", "image/jpeg" }, { "\137PNG\r\n\26\n", "image/png" }, { "GIF87a", "image/gif" }, { "GIF89a", "image/gif" },
  { "OggS", "audio/ogg" }, { "ID3", "audio/mpeg" }, { "#!AMR", "audio/amr" }, { "%PDF-", "application/pdf" },
  { "PK\3\4", "application/zip" }, { "\208\207\17\224\161\177\26\225", "application/x-ole-storage" },
}

---@param head string the first 512 bytes
---@return string? mime nil: not known
function M.of(head)
  for _, mark in ipairs(MARKS) do
    if head:sub(1, #mark[1]) == mark[1] then return mark[2] end
  end
  if head:sub(1, 4) == "RIFF" and head:sub(9, 12) == "WEBP" then return "image/webp" end
  if head:sub(5, 8) == "ftyp" then
    return head:sub(9, 10) == "3g" and "video/3gpp" or head:sub(9, 11) == "M4A" and "audio/mp4" or "video/mp4"
  end
  local first, second = head:byte(1, 2)
  if first == 255 and second and second & 0xF6 == 0xF0 then return "audio/aac" end
  if first == 255 and second and second & 0xE0 == 0xE0 then return "audio/mpeg" end
  if not head:find("[\0-\8\14-\26\28-\31]") then return "text/plain" end
end

local SAME = { ["audio/opus"] = "audio/ogg", ["image/jpg"] = "image/jpeg", ["video/3gp"] = "video/3gpp", ["audio/mp3"] = "audio/mpeg" }

---@param kind string of the message
---@param declared? string the type that the platform told
---@param head string
---@return string? mime what it is
---@return string? problem for staff
function M.check(kind, declared, head)
  local found = M.of(head)
  declared = declared and declared:match("^[^;%s]*"):lower()
  declared = declared and SAME[declared] or declared
  if kind == "document" then
    local office = declared and (declared:find("office", 1, true) or declared:find("msword", 1, true) or declared:find("ms-", 1, true))
    local lie = declared == "application/pdf" and found ~= declared
      or office and found ~= "application/zip" and found ~= "application/x-ole-storage"
      or declared and declared:sub(1, 5) == "text/" and found ~= "text/plain" or head:sub(1, 2) == "MZ" or head:sub(1, 4) == "\127ELF"
    if lie then return nil, ("it is said to be %s and is not"):format(declared or "a document") end
    return declared or found or "application/octet-stream"
  end
  if found == "video/mp4" and kind == "audio" then found = "audio/mp4" end
  if not (found and KEPT[kind] and KEPT[kind][found]) then return nil, "it is not what WhatsApp says it is" end
  if declared and declared ~= found and KEPT[kind][declared] then return nil, ("it is said to be %s and is %s"):format(declared, found) end
  return found
end

return M
