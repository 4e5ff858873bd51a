-- Reads application/x-www-form-urlencoded strictly. Pure.

local url = require "host.url"

local M = {}

local MAX_BYTES = 1048576 -- Slack's payloads are far smaller

---@param text string
---@return string? nil: a broken escape, or a NUL
local function unescape(text)
  if text:find("%%%X") or text:find("%%%x%X") or text:find("%%%x?$") then return nil end
  return url.decode(text)
end

---The fields by name. A name given twice is an error, because a later reader might use the value that was not checked.
---@param body string
---@return table<string, string>? fields
---@return string? problem
function M.decode(body)
  if #body > MAX_BYTES then return nil, "too large" end
  local fields, count = {}, 0
  for pair in body:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=(.*)$")
    name, value = unescape(name or pair), unescape(value or "")
    if not name or not value then return nil, "a broken escape" end
    if fields[name] then return nil, "a field twice" end
    fields[name] = value
    count = count + 1
    if count > 100 then return nil, "too many fields" end
  end
  return fields
end

return M
