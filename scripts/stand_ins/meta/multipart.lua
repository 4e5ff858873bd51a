-- Reads multipart/form-data. Pure.

local M = {}

-- A parameter of a header, quoted or not: parameter('form-data; name="file"', "name") → "file"
local function parameter(header, name)
  return header:match(";%s*" .. name .. '="([^"]*)"') or header:match(";%s*" .. name .. "=([^;%s\"]+)")
end

---The parts by name, each {bytes=, type=, filename=}; of two with one name the last. nil and why, when it is not such a body.
---@param content_type string
---@param body string
---@return table<string, {bytes: string, type: string?, filename: string?}>? parts
---@return string? why
function M.read(content_type, body)
  if not content_type:match("^multipart/form%-data%s*;") then return nil, "the body is not multipart/form-data" end
  local boundary = parameter(content_type, "boundary")
  if not boundary then return nil, "the boundary is missing" end
  local mark, parts = "--" .. boundary, {}
  if body:sub(1, #mark) ~= mark then return nil, "the body does not begin with the boundary" end
  local at = #mark + 1
  while body:sub(at, at + 1) == "\r\n" do
    local head_ends, bytes_start = body:find("\r\n\r\n", at, true)
    local stop, after = body:find("\r\n" .. mark, bytes_start or #body, true)
    if not (bytes_start and stop) then return nil, "a part does not end" end
    local part, name = { bytes = body:sub(bytes_start + 1, stop - 1) }, nil
    for line in body:sub(at + 2, head_ends - 1):gmatch("[^\r\n]+") do
      local key, value = line:match("^([%w-]+):%s*(.*)$")
      key = key and key:lower()
      if key == "content-type" then part.type = value end
      if key == "content-disposition" then name, part.filename = parameter(value, "name"), parameter(value, "filename") end
    end
    if not name then return nil, "a part has no name" end
    parts[name], at = part, after + 1
  end
  if body:sub(at, at + 1) ~= "--" then return nil, "the last boundary is missing" end
  return parts
end

return M
