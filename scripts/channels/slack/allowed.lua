-- Who may act: the people, the workspace and the app that the owner named. Where nothing is named, everybody whom Slack's signature covers.

local log = require "host.log"
local settings = require "host.settings"
local time = require "host.time"

local M = {}

M.WORDS = "You are not on this assistant's list, so nothing was changed. Ask its owner to add your member id to SLACK_ALLOWED_USERS: "

local EVERY_MS = 1000
local last_ms = 0 -- of the last security line: one a second, however often somebody tries

local function among(list, id)
  for _, one in ipairs(list) do
    if one == id then return true end
  end
  return false
end

---@param who {user?: any, team?: any, app?: any} ids, as the payload says
---@return boolean
function M.check(who)
  local users, team, app = settings.get("SLACK_ALLOWED_USERS"), settings.get("SLACK_TEAM_ID"), settings.get("SLACK_APP_ID")
  local why = users and not among(users, who.user) and "user" or team and who.team ~= team and "team" or app and who.app ~= app and "app"
  if not why then return true end
  local now = time.now_ms()
  if now - last_ms >= EVERY_MS then
    last_ms = now
    log.warn("slack.not_allowed", { reason = why, user = type(who.user) == "string" and who.user:gsub("[^%w]", "?"):sub(1, 40) or "?" })
  end
  return false
end

return M
