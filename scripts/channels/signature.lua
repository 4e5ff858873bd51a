-- Checks an HMAC-SHA256 against our secrets. There are two while one is rotated, so that a sender who still uses the old one loses
-- nothing. Every secret is tried, and every comparison takes the same time.

local crypto = require "host.crypto"

local M = {}

M.HEX_DIGITS = 64
M.UNAUTHORIZED = { status = 401, headers = { ["Content-Type"] = "application/json" }, body = '{"error":"unauthorized"}' }

local function is_signed(secret, bytes, hex, how)
  if secret == "" then return false end
  if not how then return crypto.signed(secret, bytes, hex) end
  return how.equal(hex, how.hex(how.hmac_sha256(secret, bytes)))
end

---@param secrets string|string[]|nil one secret or several; without any, nothing is authentic
---@param bytes string what was signed, unchanged
---@param hex string? the signature of the request: 64 hex digits
---@param how table? in place of host.crypto
---@return boolean
function M.any(secrets, bytes, hex, how)
  if not secrets or type(hex) ~= "string" or #hex ~= M.HEX_DIGITS then return false end
  if type(secrets) == "string" then return is_signed(secrets, bytes, hex, how) end
  local found = false
  for _, secret in ipairs(secrets) do
    if is_signed(secret, bytes, hex, how) then found = true end
  end
  return found
end

return M
