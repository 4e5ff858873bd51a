---@meta host.url
-- Percent encoding, and the parts of a URL. Texts up to 1 MB.

---@class host.url
local url = {}

---@param text string
---@return string encoded letters, digits and -._~ as they are, all other bytes as %XX
function url.encode(text) end

---Reads a part of a query or of a form: + is a blank. An invalid escape is not changed.
---@param text string
---@return string? decoded nil when it holds a NUL
function url.decode(text) end

---@class host.url.Parts
---@field scheme "http"|"https"
---@field host string in lower case; an IPv6 address in brackets
---@field port integer the scheme's default when the URL has none

---Reads an http or https URL. A URL with a user, without a host, or with a byte outside ASCII is refused.
---@param text string
---@return host.url.Parts? parts nil when it is not such a URL
---@return string? problem
function url.parse(text) end

return url
