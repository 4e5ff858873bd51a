-- Checks Slack's signature over the raw bytes, before the body is read. Pure: crypto is given.

local signed = require "channels.signature"

local M = {}

M.WINDOW_S = 300

---@param request host.Request
---@param secrets string|string[] two while one is rotated
---@param now_ms integer
---@param crypto table host.crypto
---@return boolean authentic
---@return string? why "clock": the signature is right, but too old or too new
function M.check(request, secrets, now_ms, crypto)
  local headers, repeated = request.headers, request.repeated_headers or {}
  local signature, stamp = headers["x-slack-signature"], headers["x-slack-request-timestamp"]
  if not signature or not stamp then return false, "missing" end
  if repeated["x-slack-signature"] or repeated["x-slack-request-timestamp"] then return false, "repeated" end
  if #stamp > 15 or not stamp:match("^%d+$") then return false, "timestamp" end
  local hex = #signature == 67 and signature:match("^v0=([0-9a-f]+)$")
  if not hex then return false, "form" end
  if not signed.any(secrets, "v0:" .. stamp .. ":" .. request.body, hex, crypto) then return false, "signature" end
  local apart_s = math.abs(now_ms // 1000 - math.tointeger(tonumber(stamp)))
  if apart_s > M.WINDOW_S then return false, "clock" end
  return true
end

return M
