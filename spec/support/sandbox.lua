-- `assistant sandbox` as a process: the service and its stand-ins in one.
--
--   local service, page = sandbox.open({env}, server)      page: the methods of spec/support/standins on its control API; server: spec/support/postgres

local process = require "spec.support.process"
local standins = require "spec.support.standins"

local M = {}

-- Without these the sandbox takes its own.
local UNSET = {}
for _, name in ipairs { "META_VERIFY_TOKEN", "META_APP_SECRET", "META_ACCESS_TOKEN", "META_PHONE_NUMBER_ID", "DEEPSEEK_API_KEY", "SLACK_SIGNING_SECRET",
  "SLACK_WEBHOOK_URL", "SLACK_API_URL", "SLACK_RESPONSE_HOSTS", "META_GRAPH_URL", "DEEPSEEK_URL" } do UNSET[name] = false end

function M.open(env, server)
  local all = {}
  for name, value in pairs(UNSET) do all[name] = value end
  for name, value in pairs(env or {}) do all[name] = value end
  local service = process.new { start = false, env = all, postgres = server }
  service:start { args = "sandbox" }
  return service, setmetatable({ port = service.port }, { __index = standins.StandIns })
end

return M
