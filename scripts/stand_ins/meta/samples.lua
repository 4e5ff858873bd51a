-- Small real files for the stand-in customer to send, and files of any size that begin like them. Pure.

local crypto = require "host.crypto"

local M = {}

local function b(text) return assert(crypto.unbase64(text)) end

local whole = {
  jpeg = b(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAA"
    .. "AAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFla"
    .. "AAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxt"
    .. "bHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAA"
    .. "ts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcA"
    .. "bwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm"
    .. "x5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCABAAGADASIAAhEBAxEB"
    .. "/8QAGgABAAMBAQEAAAAAAAAAAAAAAAEEBgUCA//EACYQAAEDAgUEAwEAAAAAAAAAAAABAhEDBBITFFFTBWGhoiE0gbH/xAAWAQEBAQAAAAAAAAAAAAAAAAAAAgH/"
    .. "xAAYEQEBAQEBAAAAAAAAAAAAAAAAEQESAv/aAAwDAQACEQMRAD8A7IAIUAAAAAAAAAAAAAABW6h9Op+f1ALIM8CavloQZ4CnLQgzwFOWhBngKctCCt0/6dP9/qlk"
    .. "pAZ40JnidX5fRjUVqKqE4G7Hlr4SIJzO3klacDdiHtRGqqIMzt5Ic+UiAJY1FaiqhOBux5a+EiCczt5AnA3Yh7URqqiDM7eSHPlIgDwaEzxoSsR6DjdWpMt8rJTD"
    .. "imfmdjsgpGbHOsLajWs6dSoyXLMrK7qWNDbcfspZBkbdVtDbcfso0Ntx+ylkCMuq2htuP2UaG24/ZSyBC6raG24/ZSvf21GjZ1KlNkOSIWV3Q6IEbdcbpNJlxm5y"
    .. "YsMR8xudkA1m7X//2Q=="),
  png = b(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  webp = b(
    "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"),
  ogg = b(
    "T2dnUwACAAAAAAAAAAAHAAAAAAAAAIELNS8BE09wdXNIZWFkAQE4AYC7AAAAAABPZ2dTAAAAAAAAAAAAAAcAAAABAAAADivTfAEUT3B1c1RhZ3MEAAAAbm"
    .. "9uZQAAAABPZ2dTAATAEgAAAAAAAAcAAAACAAAAk1YuIgUDAwMDA/j//vj//vj//vj//vj//g=="),
  mp4 = b(
    "AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29tAAAACG1kYXQ="),
  pdf = [[%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 46>>stream
BT /F 18 Tf 20 50 Td (1 couch, 2 chairs) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
%%EOF
]],
}

local of_type = {
  ["image/jpeg"] = "jpeg", ["image/png"] = "png", ["image/webp"] = "webp", ["video/mp4"] = "mp4", ["video/3gpp"] = "mp4",
  ["audio/mp4"] = "mp4", ["audio/ogg"] = "ogg", ["application/pdf"] = "pdf",
}

---The bytes of a file of this type: the small one, or with a size one that is exactly so long.
---@param mime_type string
---@param size? integer bytes; less than the small file: cut
---@param salt? string at the end, so that two files differ
---@return string
function M.make(mime_type, size, salt)
  local bytes = whole[of_type[mime_type:match("^[^;]*")] or "none"] or "a list of things\n"
  if not size then return bytes .. (salt or "") end
  salt = salt or ""
  return (bytes .. ("\0"):rep(size - #bytes - #salt) .. salt):sub(1, size)
end

return M
