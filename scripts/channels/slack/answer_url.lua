-- Decides to which addresses of Slack's payloads we write: answers to a click only to hosts that the owner named, the token only to
-- Slack's files. Hosts are compared as a whole. Pure.

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

---Is this the address of a file at Slack, to which the bot's token may go?
---@param text any
---@param api_url string SLACK_API_URL
---@return boolean
function M.is_file(text, api_url)
  local parts, ours = type(text) == "string" and #text <= 2000 and url.parse(text), url.parse(api_url)
  if not parts or not ours then return false end
  return parts.host == ours.host and parts.scheme == ours.scheme or parts.scheme == "https" and parts.host == "files.slack.com"
end

return M
