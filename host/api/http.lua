---@meta host.http
-- Outbound HTTP. A request leaves when everything written before it is durable.

---@class host.http
local http = {}

---@class host.http.Request
---@field url string                     absolute, http or https
---@field method? string                 default GET, or POST with a body
---@field headers? table<string, string> CR, LF and NUL are refused, naming the header
---@field query? table<string, string|number|boolean> added to the URL, percent-encoded
---@field json? any                      body as JSON (`Content-Type: application/json`)
---@field form? table<string, string|number|boolean> body as application/x-www-form-urlencoded
---@field body? string                   body as it is; one of json, form, body
---@field timeout_ms? integer            total, from the call to the last byte; default 30000
---@field max_bytes? integer             of the answer; default 1048576
---@field once? boolean                  never sent twice: a silent resend on a dead connection is refused
---@field lane? string                   what `http.cancel` names; default the lane of the job that runs

---@class host.http.Response
---@field status integer
---@field headers table<string, string>  names lower-case; values of a name sent twice are joined with ", "
---@field body string
---@field ms integer                     from the call to the last byte

---@class host.http.Error                prints as its message
---@field kind "connect"|"dns"|"tls"|"timeout"|"too_large"|"refused"|"cancelled"|"broken"
---@field message string
---@field sent boolean                   true when the peer may have seen the request

---Waits for the answer. An HTTP status is data, not an error. Misuse (no url, two bodies) throws at the caller's line.
---@async
---@param request host.http.Request
---@return host.http.Response? response
---@return host.http.Error? error
function http.request(request) end

---Cancels every request of this lane, also those of older generations and those not yet released, and waits until the pool
---has answered: how many were sent (the peer may have seen them) and how many were not.
---@async
---@param lane string
---@return integer sent
---@return integer unsent
function http.cancel(lane) end

return http
