-- What goes wrong at Slack when a fault says so: late, lost, down, refused. Around every address that the assistant calls.

local task = require "host.task"
local common = require "stand_ins.common"
local faults = require "stand_ins.faults"

local M = {}

---@return host.Response a text, as the webhook and response URLs answer
function M.text(status, text, headers)
  headers = headers or {}
  headers["Content-Type"] = "text/html"
  return { status = status, headers = headers, body = text }
end

local refusals = {
  ["500"] = { 500, "rollup_error" }, ["404"] = { 404, "no_service" }, ["403"] = { 403, "action_prohibited" },
  ["410"] = { 410, "channel_is_archived" }, ["400"] = { 400, "invalid_blocks" },
}

-- The status with which a webhook says an error.
M.status_of = {
  action_prohibited = 403, posting_to_general_channel_denied = 403, invalid_token = 403, no_active_hooks = 403, team_disabled = 403,
  no_service = 404, no_service_id = 404, no_team = 404, channel_not_found = 404, channel_is_archived = 410, rollup_error = 500,
}

---Slow down: seconds to wait; the Web API says it in JSON, the webhook as text.
function M.too_fast(request, wait_s)
  local headers = { ["Retry-After"] = tostring(wait_s) }
  if request.path:find("/api/", 1, true) then
    return { status = 429, headers = headers, json = { ok = false, error = "ratelimited" } }
  end
  return M.text(429, "rate_limited", headers)
end

local down = { kind = "down", code = 503 }

local kinds = {
  down = function() return faults.page(down) end,
  http = function(fault) return faults.page(fault) end,
  slow = function(fault, request, fn)
    task.sleep(fault.delay_ms or 3000)
    return fn(request)
  end,
  lost = function(fault, request, fn)
    local answer = fn(request)
    task.sleep(fault.delay_ms or 60000)
    return answer
  end,
  html = function(_, request, fn)
    fn(request)
    return M.text(200, "<html>Sorry</html>")
  end,
  ["429"] = function(fault, request)
    local answer = M.too_fast(request, fault.retry_after or "1")
    if fault.retry_after == "none" then answer.headers["Retry-After"] = nil end
    return answer
  end,
  error = function(fault, request)
    if request.path:find("/api/", 1, true) then return common.ok { ok = false, error = fault.error } end
    return M.text(M.status_of[fault.error] or 400, fault.error)
  end,
}

---Wraps a handler, so that a fault meets its requests. A fault's `contains` looks at the path too: {"kind": "500", "contains":
---"chat.update"}.
function M.around(fn)
  return function(request)
    local fault = faults.meet("slack", request.path .. "\n" .. request.body)
    if not fault then return fn(request) end
    local kind = kinds[fault.kind]
    if kind then return kind(fault, request, fn) end
    return M.text(table.unpack(refusals[fault.kind]))
  end
end

return M
