---@meta host.crypto
-- OpenSSL 3. Keys and digests are byte strings.

---@class host.crypto
local crypto = {}

---@param key string not empty (an empty key throws, because a secret is missing)
---@param data string
---@return string digest 32 bytes
function crypto.hmac_sha256(key, data) end

---Is this the HMAC-SHA256 of the data, as 64 hex digits, small or capital? Constant time for 64 digits.
---@param key string not empty
---@param data string
---@param hex string
---@return boolean
function crypto.signed(key, data, hex) end

---@param data string
---@return string digest 32 bytes
function crypto.sha256(data) end

---@param data string
---@return string lower-case
function crypto.hex(data) end

---@param text string
---@return string? data nil when it is not an even number of hex digits
function crypto.unhex(text) end

---@param data string
---@return string base64 with padding
function crypto.base64(data) end

---@param text string
---@return string? data nil when it is not base64
function crypto.unbase64(text) end

---Constant time for equal lengths; different lengths are unequal.
---@param a string
---@param b string
---@return boolean
function crypto.equal(a, b) end

---@param count integer 1 to 1024
---@return string bytes from the operating system's generator
function crypto.random(count) end

---A UUID of version 7 (RFC 9562): the wall clock's milliseconds, then 74 random bits. Ids made at the same time are neighbours in an index.
---@return string
function crypto.uuid() end

return crypto
