-- What a file is, by its first bytes, and whether it is what the platform declared. Honest files often carry a neighbour's name: a
-- table of commas as Excel, an RTF as Word, a phone's recording as MP4 or 3GP. Those pass; another kind of file under a false name does
-- not. Pure.

local text = require "language.text"

local M = {}

-- The first bytes → the type.
local MARKS = {
  { "\255\216\255", "image/jpeg" }, { "\137PNG\r\n\26\n", "image/png" }, { "GIF87a", "image/gif" }, { "GIF89a", "image/gif" },
  { "II*\0", "image/tiff" }, { "MM\0*", "image/tiff" }, { "OggS", "audio/ogg" }, { "ID3", "audio/mpeg" }, { "#!AMR", "audio/amr" },
  { "ADIF", "audio/aac" }, { "fLaC", "audio/flac" }, { "\26\69\223\163", "video/webm" },
  { "PK\3\4", "application/zip" }, { "PK\5\6", "application/zip" }, { "\208\207\17\224\161\177\26\225", "application/x-ole-storage" },
  { "Rar!\26\7", "application/vnd.rar" }, { "7z\188\175\39\28", "application/x-7z-compressed" }, { "\31\139", "application/gzip" },
  { "\127ELF", "program" }, { "\254\237\250\206", "program" }, { "\254\237\250\207", "program" }, { "\206\250\237\254", "program" },
  { "\207\250\237\254", "program" }, { "\202\254\186\190", "program" }, { "L\0\0\0\1\20\2\0", "program" },
}
local RIFF = { WEBP = "image/webp", ["WAVE"] = "audio/wav", ["AVI "] = "video/x-msvideo" }

-- The brand of an ISO base media file (MP4 and its relatives) → the type. Any other brand is an MP4.
local BRANDS = { ["qt  "] = "video/quicktime", ["M4A "] = "audio/mp4", ["M4B "] = "audio/mp4", ["M4P "] = "audio/mp4" }
for brand in ("heic heix heim heis hevc hevx hevm hevs mif1 msf1 avif avis"):gmatch "%S+" do BRANDS[brand] = "image/heic" end

-- A film that begins without its brand, as old QuickTime does.
local OLD_BOXES = text.set "moov mdat wide free skip pnot"

-- Is this UTF-16, by its mark, or because the high byte of nearly each character is zero?
local function is_utf16(head)
  local first, second = head:byte(1, 2)
  local marked = first == 255 and second == 254 and "<I2" or first == 254 and second == 255 and ">I2"
  for _, order in ipairs(marked and { marked } or { "<I2", ">I2" }) do
    local narrow, good = 0, #head >= 2
    for at = 1, #head - 1, 2 do
      local unit = string.unpack(order, head, at)
      if unit < 32 and not (unit >= 9 and unit <= 13) or unit >= 0xFFFE then good = false; break end
      if unit < 256 then narrow = narrow + 2 end
    end
    if good and (marked or narrow >= #head // 2) then return true end
  end
  return false
end

-- A frame of MPEG audio: eleven bits set, and neither a reserved version nor a reserved layer, rate or frequency.
local function mpeg_frame(first, second, third)
  return first == 255 and second and third and second & 0xE0 == 0xE0 and second & 0x18 ~= 0x08 and second & 0x06 ~= 0
    and third & 0xF0 ~= 0xF0 and third & 0x0C ~= 0x0C
end

local WEB = { "<!doctype html", "<html", "<head", "<body", "<script", "<svg", "<iframe", "<object", "<embed" }

local function text_type(head)
  if is_utf16(head) then head = head:gsub("\0", "") elseif head:find("[\0-\8\14-\26\28-\31]") then return nil end
  local start = head:gsub("^\239\187\191", ""):gsub("^%s+", "")
  if start:sub(1, 5) == "{\\rtf" then return "text/rtf" end
  head = head:lower()
  if head:find("<svg", 1, true) then return "image/svg+xml" end
  return text.found_in(head, WEB) and "text/html" or "text/plain"
end

---@param head string the first 512 bytes
---@return string? mime nil: not known; "program": it can run
function M.of(head)
  for _, mark in ipairs(MARKS) do
    if head:sub(1, #mark[1]) == mark[1] then return mark[2] end
  end
  if head:sub(1, 4) == "RIFF" then return RIFF[head:sub(9, 12)] end
  if head:sub(5, 8) == "ftyp" then
    local brand = head:sub(9, 12)
    return BRANDS[brand] or brand:sub(1, 2) == "3g" and "video/3gpp" or "video/mp4"
  end
  if OLD_BOXES[head:sub(5, 8)] then return "video/quicktime" end
  local first, second, third = head:byte(1, 3)
  local words = text_type(head)
  if head:sub(1, 2) == "MZ" and not words then return "program" end
  if head:find("%PDF-", 1, true) and not text.found_in(head:lower(), WEB) then return "application/pdf" end -- a few bytes may precede it
  if first == 255 and second and second & 0xF6 == 0xF0 then return "audio/aac" end
  if words then return words end
  if head:sub(1, 2) == "BM" then return "image/bmp" end
  return mpeg_frame(first, second, third) and "audio/mpeg" or nil
end

local SAME = {
  ["image/jpg"] = "image/jpeg", ["image/pjpeg"] = "image/jpeg", ["image/x-png"] = "image/png", ["image/heif"] = "image/heic",
  ["image/heic-sequence"] = "image/heic", ["image/heif-sequence"] = "image/heic", ["image/avif"] = "image/heic",
  ["audio/opus"] = "audio/ogg", ["application/ogg"] = "audio/ogg", ["video/ogg"] = "audio/ogg", ["audio/mp3"] = "audio/mpeg",
  ["audio/mpeg3"] = "audio/mpeg", ["audio/amr-wb"] = "audio/amr", ["audio/x-amr"] = "audio/amr", ["audio/aacp"] = "audio/aac",
  ["audio/x-aac"] = "audio/aac", ["audio/m4a"] = "audio/mp4", ["audio/x-m4a"] = "audio/mp4", ["audio/3gpp2"] = "audio/3gpp",
  ["audio/x-wav"] = "audio/wav", ["audio/wave"] = "audio/wav", ["audio/webm"] = "video/webm", ["video/x-matroska"] = "video/webm",
  ["video/3gp"] = "video/3gpp", ["video/3gpp2"] = "video/3gpp", ["video/x-m4v"] = "video/mp4", ["video/avi"] = "video/x-msvideo",
  ["application/rtf"] = "text/rtf", ["application/x-pdf"] = "application/pdf", ["application/x-zip-compressed"] = "application/zip",
  ["image/x-ms-bmp"] = "image/bmp",
}

-- MP4 and its relatives hold each other's tracks, and phones name them as they like. A tag of ID3 can stand before AAC.
local function films(name) return { [name] = true, ["video/mp4"] = true, ["video/3gpp"] = true, ["video/quicktime"] = true } end
local function sounds(name) return { [name] = true, ["audio/mp4"] = true, ["video/mp4"] = true, ["video/3gpp"] = true } end
local function only(...) return text.set(table.concat({ ... }, " ")) end

local OFFICE = only("application/zip", "application/x-ole-storage")
local OLD_OFFICE = only("application/zip", "application/x-ole-storage", "text/plain", "text/rtf") -- tables of commas, RTF, XML
local MPEG_4 = sounds "audio/mp4"
MPEG_4["audio/aac"] = true
local AAC = sounds "audio/aac"
AAC["audio/mpeg"] = true
local MPEG = sounds "audio/mpeg" -- some phones call M4A so

-- The declared type → what the bytes may be.
local FITS = {
  ["application/pdf"] = only "application/pdf", ["application/zip"] = only "application/zip", ["text/rtf"] = only "text/rtf",
  ["application/msword"] = OLD_OFFICE, ["application/vnd.ms-excel"] = OLD_OFFICE, ["application/vnd.ms-powerpoint"] = OLD_OFFICE,
  ["video/mp4"] = films "video/mp4", ["video/3gpp"] = films "video/3gpp", ["video/quicktime"] = films "video/quicktime",
  ["audio/mp4"] = MPEG_4, ["audio/aac"] = AAC,
  ["audio/mpeg"] = MPEG, ["audio/3gpp"] = sounds "audio/amr", ["audio/amr"] = sounds "audio/amr",
}
for name in ("image/jpeg image/png image/gif image/webp image/heic image/tiff image/bmp image/svg+xml audio/ogg audio/flac"
  .. " audio/wav video/webm video/x-msvideo"):gmatch "%S+" do FITS[name] = only(name) end
local TEXTS = only("text/plain", "text/html", "text/rtf", "image/svg+xml")

-- May the bytes be of the declared type? Of a type that is not listed: of its family, or unknown.
local function fits(declared, found)
  if FITS[declared] then return found ~= nil and FITS[declared][found] == true end
  local family = declared:match("^(%a+)/")
  if family == "text" then return TEXTS[found] == true end
  if declared:find("opendocument", 1, true) or declared:find("openxmlformats", 1, true) then return OFFICE[found] == true end
  if family == "image" or family == "audio" or family == "video" then return found == nil or found:match("^%a+") == family end
  return true
end

-- What a message of each kind may bring. What is not here is not kept, whatever it is said to be.
local KEPT = {
  image = only("image/jpeg", "image/png", "image/webp", "image/gif", "image/heic"),
  video = only("video/mp4", "video/3gpp", "video/quicktime"),
  audio = only("audio/ogg", "audio/mpeg", "audio/aac", "audio/amr", "audio/mp4", "video/mp4", "video/3gpp", "audio/wav", "audio/flac"),
}

-- What staff read.
local CALLED = {
  program = "a program", ["text/html"] = "a web page", ["image/svg+xml"] = "an SVG drawing", ["text/plain"] = "plain text",
  ["application/zip"] = "a ZIP archive", ["application/x-ole-storage"] = "an old Office file", ["text/rtf"] = "an RTF text",
  ["application/pdf"] = "a PDF",
}

local function called(found) return CALLED[found] or found or "a kind of file that we do not know" end

local WANTED = { image = "a photo", video = "a video", audio = "a voice note" }

---@param kind string of the message
---@param declared? string the type that the platform told
---@param head string
---@return string? mime what it is
---@return string? problem for staff: why it is not kept
---@return string? remedy for staff
function M.check(kind, declared, head)
  local found = M.of(head)
  declared = declared and declared:match("^[^;%s]*"):lower()
  declared = declared and SAME[declared] or declared
  if found == "program" then return nil, "it is a program", "Do not open it anywhere. Ask the customer what they want to send." end
  local told = declared and declared ~= "" and declared ~= "application/octet-stream"
  local lies = told and not fits(declared, found)
  if kind == "document" then
    if lies then
      return nil, ("it is said to be %s and is %s"):format(declared, called(found)), "Ask the customer to send it as a PDF or a photo."
    end
    return told and declared or found or "application/octet-stream"
  end
  if not (found and KEPT[kind] and KEPT[kind][found]) or lies and FITS[declared] then
    return nil, ("it is said to be %s and is %s"):format(told and declared or WANTED[kind] or "a file", called(found)),
      ("Ask the customer to send %s."):format(kind == "image" and "a new photo, taken in WhatsApp" or WANTED[kind] or "another file")
  end
  return kind == "audio" and found:gsub("^video/%w+$", "audio/mp4") or found
end

return M
