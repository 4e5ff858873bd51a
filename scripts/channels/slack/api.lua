-- Slack's Web API and incoming webhook: one request, and the meaning of its answer.

local circuits = require "records.circuits"
local clock = require "ops.clock"
local http = require "host.http"
local json = require "host.json"
local metrics = require "host.metrics"
local settings = require "host.settings"
local url = require "host.url"

local M = {}

-- Errors with which Slack refuses everything of ours. The webhook shows it by its status.
local REFUSALS = {
  channel_not_found = true, not_in_channel = true, is_archived = true, invalid_auth = true, not_authed = true,
  account_inactive = true, token_revoked = true, token_expired = true, missing_scope = true, restricted_action = true,
}

---The meaning of an answer: "ok", "form" (the blocks are refused), "door" (all posts are refused), "busy", "dead"; why; the wait of busy.
---@param response? host.http.Response
---@param err? host.http.Error
---@return string verdict
---@return string? reason
---@return integer? wait_ms
---@return table? body what a method answered
function M.judge(response, err)
  if not response then return "busy", err and err.kind or "no answer" end
  local status = response.status
  if status == 429 then return "busy", "429", circuits.asked_wait_ms(response) end
  if status >= 500 or status == 408 or status == 425 then return "busy", tostring(status) end
  if status == 400 then return "form", "400" end
  if status == 401 or status == 403 or status == 404 or status == 410 or status >= 300 and status < 400 then
    return "door", tostring(status)
  end
  if status >= 300 then return "dead", tostring(status) end
  if not (response.headers["content-type"] or ""):find("json", 1, true) then return "ok" end
  local body = json.decode(response.body, { null_as_nil = true })
  if type(body) ~= "table" or body.ok ~= false then return "ok", nil, nil, type(body) == "table" and body or nil end
  local problem = type(body.error) == "string" and body.error:match("^[%w_]+$") or "not ok"
  if problem == "ratelimited" or problem == "internal_error" or problem == "service_unavailable" then return "busy", problem end
  return REFUSALS[problem] and "door" or "form", problem, nil, body
end

---Posts JSON to an address.
---@async
---@param timeout_ms? integer
function M.post(address, body, headers, timeout_ms)
  local response, err = http.request { url = address, method = "POST", json = body, headers = headers,
    timeout_ms = timeout_ms or settings.get("SEND_TIMEOUT_MS"), max_bytes = 262144 }
  clock.heard(response)
  local verdict, reason, wait_ms, answer = M.judge(response, err)
  metrics.add("assistant_posts_total", 1, { outcome = verdict })
  return verdict, reason, wait_ms, answer
end

---Is there a bot with a channel? Then the thread of a card is the chat.
---@return boolean
function M.bot() return settings.get("SLACK_BOT_TOKEN") ~= nil and settings.get("SLACK_CHANNEL_ID") ~= nil end

function M.authorization() return { Authorization = "Bearer " .. settings.get("SLACK_BOT_TOKEN") } end

---Calls a method with the bot's token.
---@async
---@param method string
---@param body table
---@param timeout_ms? integer
---@return string verdict
---@return string? reason
---@return integer? wait_ms
---@return table? answer
function M.call(method, body, timeout_ms)
  return M.post(settings.get("SLACK_API_URL") .. "/" .. method, body, M.authorization(), timeout_ms)
end

---The same with a form in place of JSON, which some methods want.
---@async
function M.call_form(method, fields)
  local parts, headers = {}, M.authorization()
  for name, value in pairs(fields) do parts[#parts + 1] = name .. "=" .. url.encode(tostring(value)) end
  headers["Content-Type"] = "application/x-www-form-urlencoded"
  local response, err = http.request { url = settings.get("SLACK_API_URL") .. "/" .. method, method = "POST",
    body = table.concat(parts, "&"), headers = headers, timeout_ms = settings.get("SEND_TIMEOUT_MS"), max_bytes = 262144 }
  return M.judge(response, err)
end

return M
