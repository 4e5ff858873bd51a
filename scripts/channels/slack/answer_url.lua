-- Decides to which addresses a click can make us answer: only to hosts that the owner named, compared as a whole. Pure.

local url = require "host.url"

local M = {}

---@param text any the payload's response_url
---@param hosts string[] SLACK_RESPONSE_HOSTS
---@return boolean
function M.allowed(text, hosts)
  local parts = type(text) == "string" and #text <= 2000 and url.parse(text)
  if not parts then return false end
  local host = parts.host:gsub("^%[(.*)%]$", "%1")
  local loopback = host == "localhost" or host == "::1" or host:find("^127%.%d+%.%d+%.%d+$")
  if not loopback and (parts.scheme ~= "https" or parts.port ~= 443) then return false end
  for _, name in ipairs(hosts) do
    if name:lower():gsub("^%[(.*)%]$", "%1") == host then return true end
  end
  return false
end

return M
