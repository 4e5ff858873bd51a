-- The Web API of the stand-in for Slack: who calls, whether the token may, how fast, with which arguments. The methods are in chat,
-- conversations, files and views.

local json = require "host.json"
local form = require "channels.slack.form"
local mishaps = require "stand_ins.slack.mishaps"
local workspace = require "stand_ins.slack.workspace"
local common = require "stand_ins.common"

local M = {}

local tiers = { [1] = 1, [2] = 20, [3] = 50, [4] = 100 } -- calls a minute
local prefix = "/sandbox/slack/api/"

---@class stand_ins.SlackMethod
---@field run fun(arguments: table, request: host.Request): table the answer; with `ok`
---@field scope? string
---@field tier? integer 1 to 4; nil: as many as one likes
---@field paced? boolean one a second to a channel
---@field form? boolean reads forms only: JSON is passed over

local methods = {
  ["auth.test"] = { run = function()
    return { ok = true, url = common.here() .. "/", team = "Sandbox", team_id = workspace.team, user = "assistant",
      user_id = workspace.bot_user, bot_id = workspace.bot, is_enterprise_install = false }
  end },
}
for _, name in ipairs { "chat", "conversations", "files", "views" } do
  for method, what in pairs(require("stand_ins.slack." .. name).methods) do methods[method] = what end
end

-- In a form every value is a text; some are JSON or numbers.
local structured = { blocks = true, attachments = true, view = true, files = true, metadata = true }

---The arguments, or an error.
local function arguments_of(request, method)
  local kind = (request.headers["content-type"] or ""):match("^[^;%s]*"):lower()
  local given
  if request.method == "GET" or request.body == "" then
    given = {}
    for name, value in pairs(request.query) do given[name] = value end
  elseif kind == "application/json" then
    local value = json.decode(request.body, { null_as_nil = true })
    if value == nil then return nil, "invalid_json" end
    if type(value) ~= "table" or json.is_array(value) and #value > 0 then return nil, "json_not_object" end
    given = method.form and {} or value
  elseif kind == "application/x-www-form-urlencoded" then
    given = form.decode(request.body)
    if not given then return nil, "invalid_form_data" end
  else
    return nil, "invalid_post_type"
  end
  for name in pairs(structured) do
    if type(given[name]) == "string" then
      local value = json.decode(given[name], { null_as_nil = true })
      if value == nil then return nil, name == "blocks" and "invalid_blocks_format" or "invalid_arguments" end
      given[name] = value
    end
  end
  return given
end

local function token_of(request, given)
  local header = request.headers.authorization
  if header then return header:match("^[Bb]earer%s+(%S+)$") or "" end
  local kind = request.headers["content-type"] or ""
  return given and not kind:find("json", 1, true) and type(given.token) == "string" and given.token or nil
end

local function answered(answer, method)
  local headers = { ["X-OAuth-Scopes"] = workspace.get("scopes") }
  if method.scope then headers["X-Accepted-OAuth-Scopes"] = method.scope:gsub("|", ",") end
  return { status = 200, json = answer, headers = headers }
end

local function call(request)
  local name = request.path:sub(#prefix + 1)
  local method = methods[name]
  if not method then return common.ok { ok = false, error = "unknown_method", req_method = name } end
  local given, broken = arguments_of(request, method)
  local refusal, more = workspace.refuses(token_of(request, given), method.scope)
  if refusal then
    local answer = more or {}
    answer.ok, answer.error = false, refusal
    return refusal == "missing_scope" and answered(answer, method) or common.ok(answer)
  end
  if broken then return answered({ ok = false, error = broken }, method) end
  local wait_s = method.tier and workspace.too_fast(name, tiers[method.tier], tiers[method.tier])
    or method.paced and workspace.too_fast("channel:" .. tostring(given.channel), 60, workspace.get("burst"))
  if wait_s then return mishaps.too_fast(request, wait_s) end
  return answered(method.run(given, request), method)
end

---All of /sandbox/slack/api/*, GET and POST: answers 200 with ok true or false.
M.handle = mishaps.around(call)

return M
