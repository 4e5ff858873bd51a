-- Every type that Meta delivers (docs/platforms.md), with honest bytes and with bytes of something else.

local file_type = require "channels.whatsapp.file_type"

local function box(brand, more) return "\0\0\0\24ftyp" .. brand .. "\0\0\0\0" .. (more or "isom") .. "\0\0\0\8mdat" end

local function utf16(order, words, marked)
  local units = { marked and string.pack(order, 0xFEFF) or nil }
  for _, code in utf8.codes(words) do units[#units + 1] = string.pack(order, code) end
  return table.concat(units)
end

local BYTES = {
  jpeg = "\255\216\255\224\0\16JFIF\0", exif = "\255\216\255\225\1\2Exif\0\0", png = "\137PNG\r\n\26\n\0\0\0\13IHDR", gif = "GIF89a\1\0\1\0\0\0",
  webp = "RIFF\34\0\0\0WEBPVP8 ", heic = box("heic", "mif1heic"), heif = box("mif1", "mif1heic"), heix = box "heix", hevc = box "hevc", msf1 = box "msf1",
  avif = box "avif", mp4 = box "mp42", isom = box "isom", avc1 = box "avc1", ["3gp4"] = box("3gp4", "isom3gp4"), ["3gp5"] = box "3gp5", ["3g2a"] = box "3g2a",
  quicktime = box "qt  ", old_quicktime = "\0\0\0\8wide\0\6\1\2mdat",
  m4a = box "M4A ", ogg = "OggS\0\2\0\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\1\19OpusHead", id3 = "ID3\4\0\0\0\0\0\0", mp3 = "\255\251\144\68\0\0", mp3_16 = "\255\243\64\196\0\0",
  adts = "\255\241\80\128\4\63", adts_2 = "\255\249\80\128\4\63", adif = "ADIF\0\0", amr = "#!AMR\n\12", amr_wb = "#!AMR-WB\n\4", wav = "RIFF\36\0\0\0WAVEfmt ",
  pdf = "%PDF-1.7\n%\226\227\207\211\n", pdf_late = "\239\187\191\r\n%PDF-1.4\n", zip = "PK\3\4\20\0\6\0\8\0\0\0!\0[Content_Types].xml",
  ole = "\208\207\17\224\161\177\26\225\0\0\0\0", csv = "item;count\r\ncouch;1\r\nch\226ise;2\r\n", rtf = "{\\rtf1\\ansi A couch}", txt = "1 couch, 2 chairs\n",
  utf8 = "\239\187\191un canap\195\169", utf16le = utf16("<I2", "un canapé\r\nтумба", true), utf16be = utf16(">I2", "a couch 沙发", true), utf16 = utf16("<I2", "1 couch, 2 chairs"),
  spreadsheet_xml = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>', mht = "MIME-Version: 1.0\nContent-Type: multipart/related\n", tiff = "II*\0\8\0\0\0",
}

local LIES = {
  html = "<!DOCTYPE html><script>alert(1)</script>", html_late = "\239\187\191\n <!-- a --><HTML><body onload=x>", svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'>",
  svg_xml = '<?xml version="1.0"?><svg><script/></svg>', exe = "MZ\144\0\3\0\0\0\4\0\0\0\255\255", elf = "\127ELF\2\1\1\0", mach = "\207\250\237\254\7\0\0\1", zip = BYTES.zip,
  utf16_html = utf16("<I2", "<html><script>x</script>", true), script = "#!/bin/sh\nrm -rf /\n", link = "L\0\0\0\1\20\2\0\0\0\0\0\192",
  pdf_html = "<html>%PDF-1.4", exe_pdf = "MZ\144\0\3%PDF-1.4\0", rar = "Rar!\26\7\1\0", nothing = "\0\1\2\3\4\5\6\7",
}
local PROGRAMS = { exe = true, elf = true, mach = true, link = true, exe_pdf = true }

local XML = "application/vnd.openxmlformats-officedocument."

-- kind, declared type → honest bytes, and what of the lies is honest here.
local META = {
  { "image", "image/jpeg", "jpeg exif" }, { "image", "image/png", "png" }, { "image", "image/webp", "webp" }, { "image", "image/gif", "gif" },
  { "image", "image/heic", "heic heif heix hevc msf1" }, { "image", "image/heif", "heif heic" }, { "image", "image/jpg", "jpeg" },
  { "video", "video/mp4", "mp4 isom avc1 3gp4 3gp5 quicktime" }, { "video", "video/3gpp", "3gp4 3gp5 3g2a mp4 isom" }, { "video", "video/3gp", "3gp4" },
  { "audio", "audio/ogg; codecs=opus", "ogg" }, { "audio", "audio/ogg", "ogg" }, { "audio", "audio/opus", "ogg" }, { "audio", "audio/mpeg", "id3 mp3 mp3_16 m4a" }, { "audio", "audio/wav", "wav" },
  { "audio", "audio/mp4", "m4a mp4 isom 3gp4 adts" }, { "audio", "audio/aac", "adts adts_2 adif m4a mp4 id3" }, { "audio", "audio/amr", "amr amr_wb 3gp4" },
  { "audio", "audio/3gpp", "3gp4 3gp5 amr" }, { "audio", "audio/x-m4a", "m4a" },
  { "document", "application/pdf", "pdf pdf_late" }, { "document", "text/plain", "txt utf8 utf16le utf16be utf16 csv rtf", "html html_late svg svg_xml utf16_html script pdf_html" },
  { "document", "text/csv", "csv utf16le", "html html_late svg svg_xml utf16_html script pdf_html" }, { "document", "application/rtf", "rtf" }, { "document", "text/rtf", "rtf" },
  { "document", "application/msword", "ole zip rtf mht", "zip script" }, { "document", "application/vnd.ms-excel", "ole zip csv txt utf16le spreadsheet_xml", "zip script" },
  { "document", "application/vnd.ms-powerpoint", "ole zip", "zip script" }, { "document", XML .. "wordprocessingml.document", "zip ole", "zip" },
  { "document", XML .. "spreadsheetml.sheet", "zip ole", "zip" }, { "document", XML .. "presentationml.presentation", "zip ole", "zip" },
  { "document", "application/vnd.oasis.opendocument.text", "zip", "zip" }, { "document", "application/zip", "zip", "zip" },
  { "document", "image/jpeg", "jpeg exif" }, { "document", "image/heic", "heic heif" }, { "document", "image/tiff", "tiff" }, { "document", "video/quicktime", "quicktime mp4 old_quicktime" },
  { "document", "audio/wav", "wav" }, { "document", "audio/mpeg", "mp3 id3" },
}

local function words(list)
  local set = {}
  for word in (list or ""):gmatch "%S+" do set[word] = true end
  return set
end

describe("the type of a file", function()
  it("B29: is accepted where honest bytes come under each type that Meta delivers", function()
    local refused = {}
    for _, row in ipairs(META) do
      for name in pairs(words(row[3])) do
        local mime, problem = file_type.check(row[1], row[2], assert(BYTES[name], name))
        if not mime then refused[#refused + 1] = ("%s %s of %s: %s"):format(row[1], row[2], name, problem) end
      end
    end
    assert.same({}, refused)
  end)

  it("B29: is refused where the bytes are a web page, a drawing with scripts, a program or an archive under another name, with what to do", function()
    local taken = {}
    for _, row in ipairs(META) do
      local honest = words(row[4])
      for name, bytes in pairs(LIES) do
        local mime, problem, remedy = file_type.check(row[1], row[2], bytes)
        local right = honest[name] and mime or not honest[name] and not mime and problem and remedy and remedy:find("^%u.*%.$")
        if not right then taken[#taken + 1] = ("%s %s of %s: %s"):format(row[1], row[2], name, mime or problem) end
        if PROGRAMS[name] then assert.equal("it is a program", problem) end
      end
    end
    assert.same({}, taken)
  end)

  it("is what the bytes say, and for a document what it was said to be", function()
    local function of(kind, declared, name) return (file_type.check(kind, declared, BYTES[name])) end
    assert.same({ "audio/mp4", "audio/mp4", "image/heic", "video/3gpp", "image/jpeg" },
      { of("audio", "audio/aac", "m4a"), of("audio", "audio/amr", "3gp4"), of("image", "image/heif", "heif"), of("video", "video/mp4", "3gp4"), of("image", nil, "jpeg") })
    assert.same({ "application/vnd.ms-excel", "text/plain", "text/plain", "application/octet-stream" },
      { of("document", "application/vnd.ms-excel", "csv"), of("document", nil, "utf16le"), of("document", "application/octet-stream", "txt"),
        (file_type.check("document", nil, LIES.nothing)) })
  end)

  it("is named in words that staff know", function()
    local _, problem, remedy = file_type.check("image", "image/jpeg", LIES.html)
    assert.same({ "it is said to be image/jpeg and is a web page", "Ask the customer to send a new photo, taken in WhatsApp." }, { problem, remedy })
  end)
end)
