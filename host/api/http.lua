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
---@field form_data? host.http.Part[]     body as multipart/form-data, 1 to 32 parts; do not set Content-Type
---@field body? string                   body as it is; one of json, form, form_data, body
---@field timeout_ms? integer            total, from the call to the last byte; default 30000
---@field max_bytes? integer             of the answer, decoded; default 1048576
---@field to_file? boolean               the body of a 2xx answer goes to a file while it comes; other answers keep the first 64 KB in `body`
---@field once? boolean                  never sent twice: a silent resend on a dead connection is refused
---@field lane? string                   what `http.cancel` names; default the lane of the job that runs

---@class host.http.Part                  text, or a kept file that is read while it is sent
---@field name string
---@field value? string                  one of value, file
---@field file? string                   the hash of a kept file (host.media)
---@field filename? string               of the file, as the receiver reads it
---@field type? string                   of the file, like "image/jpeg"

---@class host.http.Response
---@field status integer
---@field headers table<string, string>  names lower-case; values of a name sent twice are joined with ", "
---@field body string                    "" when `file` has it
---@field file? host.media.File          with to_file and status 2xx: synced; `media.keep` it, or it goes when this task ends
---@field ms integer                     from the call to the last byte

---@class host.http.Error                prints as its message
---@field kind "connect"|"dns"|"tls"|"timeout"|"too_large"|"refused"|"cancelled"|"broken"|"disk"
---                                      disk: a file of MEDIA_DIR cannot be written (no space, no rights) or read; nothing is left behind
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
