-- Which addresses may a click have us answer to? Only the hosts the owner named, compared whole. Pure.

local M = {}

local function loopback(host)
  return host == "localhost" or host == "::1" or host:match("^127%.%d+%.%d+%.%d+$") ~= nil
end

---@param url any the payload's response_url
---@param hosts string[] SLACK_RESPONSE_HOSTS
---@return boolean
function M.allowed(url, hosts)
  if type(url) ~= "string" or #url > 2000 or url:find("[%c%s\\]") or url:find("[\128-\255]") then return false end
  local scheme, authority = url:match("^(https?)://([^/?#]+)")
  if not scheme then return false end
  local host, port = authority:match("^%[([%x:]+)%]:?(%d*)$")
  if not host then
    host, port = authority:match("^([%w.-]+):(%d+)$")
    host = host or authority:match("^([%w.-]+)$")
  end
  if not host then return false end
  host = host:lower()
  local near = loopback(host)
  if not near and (scheme ~= "https" or port and port ~= "" and port ~= "443") then return false end
  for _, name in ipairs(hosts) do
    if name:lower():gsub("^%[(.*)%]$", "%1") == host then return true end
  end
  return false
end

return M
