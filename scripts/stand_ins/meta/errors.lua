-- How the stand-in for the Graph API says no: Meta's envelope with code, subcode, type and fbtrace_id, and the headers of a limit.

local crypto = require "host.crypto"
local json = require "host.json"
local common = require "stand_ins.common"
local hooks = require "stand_ins.meta.hooks"

local M = {}

-- The HTTP status of each code; 400 for the others.
local status_of = {
  [1] = 500, [2] = 503, [3] = 403, [4] = 429, [10] = 403, [190] = 401, [200] = 403, [368] = 403, [80007] = 429, [130429] = 429,
  [131000] = 500, [131005] = 403, [131016] = 503, [131031] = 403, [131056] = 429, [132001] = 404,
}
local limits = { [4] = true, [80007] = true, [130429] = true }

M.titles = {
  [4] = "Application request limit reached", [368] = "Temporarily blocked for policies violations", [80007] = "Rate limit issues",
  [130429] = "Rate limit hit", [130472] = "User's number is part of an experiment", [131000] = "Something went wrong",
  [131005] = "Access denied", [131008] = "Required parameter is missing", [131009] = "Parameter value is not valid",
  [131016] = "Service unavailable", [131021] = "Recipient cannot be sender", [131026] = "Message undeliverable",
  [131031] = "Account has been locked", [131042] = "Business eligibility payment issue", [131047] = "Re-engagement message",
  [131048] = "Spam rate limit hit", [131049] = "This message was not delivered to maintain healthy ecosystem engagement.",
  [131051] = "Unsupported message type", [131052] = "Media download error", [131053] = "Media upload error",
  [131056] = "(Business Account, Consumer Account) pair rate limit hit",
  [132000] = "Number of parameters does not match the expected number of params",
  [132001] = "Template name does not exist in the translation", [132012] = "Parameter format does not match format in the created template",
  [132018] = "There is an issue with the parameters in your template", [133010] = "Phone number not registered",
}

---What Meta answers to a call that it refuses.
---@param code integer
---@param with? {message: string?, details: string?, subcode: integer?, status: integer?, type: string?, retry_after: any, minutes: any}
---message: without the code's prefix; retry_after: in seconds, as a date, or "none"; minutes: until access comes back
---@return host.Response
function M.refuse(code, with)
  with = with or {}
  local status, headers = with.status or status_of[code] or 400, {}
  if limits[code] then
    local usage = { { type = "whatsapp", call_count = 100, total_cputime = 28, total_time = 31,
      estimated_time_to_regain_access = with.minutes or 1 } }
    headers["X-Business-Use-Case-Usage"] = json.encode { [hooks.account] = usage }
    headers["X-App-Usage"] = json.encode { call_count = 100, total_cputime = 28, total_time = 31 }
    if with.retry_after ~= "none" then headers["Retry-After"] = tostring(with.retry_after or 1) end
  elseif with.retry_after then
    headers["Retry-After"] = tostring(with.retry_after)
  end
  local words = with.message or M.titles[code] or "Refused on purpose"
  -- A token's errors and those of missing objects carry no prefix.
  if code ~= 190 and not with.subcode then words = ("(#%d) %s"):format(code, words) end
  local trace = crypto.base64(crypto.sha256("trace" .. common.next("trace"))):gsub("[+/=]", ""):sub(1, 22)
  return { status = status, headers = headers, json = { error = {
    message = words, type = with.type or "OAuthException", code = code, error_subcode = with.subcode,
    error_data = with.details and { messaging_product = "whatsapp", details = with.details } or nil, fbtrace_id = "A" .. trace,
  } } }
end

---No object with this id, or none that can do this: code 100, subcode 33.
---@param id string
---@param verb "get"|"post"|"delete"
function M.missing(id, verb)
  return M.refuse(100, { subcode = 33, type = "GraphMethodException", message = ("Unsupported %s request. Object with ID '%s' does not "
    .. "exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at "
    .. "https://developers.facebook.com/docs/graph-api"):format(verb, id) })
end

---The refusal of a request without the right bearer token, or nil.
---@param request host.Request
---@return host.Response?
function M.stranger(request)
  local token = common.setting("META_ACCESS_TOKEN")
  if common.bearer(request, token) then return nil end
  local given = request.headers.authorization ~= nil
  return M.refuse(190, { message = given and "Invalid OAuth access token - Cannot parse access token"
    or "An access token is required to request this resource." })
end

---Does the signature of the token (appsecret_proof) come from the app's secret?
---@param request host.Request
function M.proven(request)
  local secret = common.setting("META_APP_SECRET") or "sandbox-app-secret"
  local token = (request.headers.authorization or ""):match("%s(%S+)$") or ""
  return request.query.appsecret_proof == crypto.hex(crypto.hmac_sha256(secret, token))
end

---The refusal of an expired token.
function M.expired()
  return M.refuse(190, { subcode = 463, message = "Error validating access token: Session has expired on Saturday, 28-Nov-26 04:00:00 PST. "
    .. "The current time is Sunday, 29-Nov-26 05:00:00 PST." })
end

local named = {
  ["429"] = 130429, pair = 131056, ["500"] = 131000, ["503"] = 131016,
}

---The refusal that a fault asks for, or nil when the fault is none of these.
---@param fault {kind: string, code: integer?, status: integer?, retry_after: string?, minutes: integer?}?
---@return host.Response?
function M.of_fault(fault)
  if not fault then return nil end
  if fault.kind == "expired" then return M.expired() end
  local code = named[fault.kind] or fault.kind == "code" and fault.code
  if not code then return nil end
  return M.refuse(code, { status = fault.status, retry_after = fault.retry_after, minutes = fault.minutes })
end

return M
