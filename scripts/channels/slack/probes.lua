-- Do Slack's webhook, token, scopes and channel work? For `assistant check --online`. Nothing is posted: an empty message shows by its
-- refusal whether the webhook lives.

local probes = require "ops.probes"
local settings = require "host.settings"

local M = {}

-- What the bot's token must be allowed to do, and what is missing without it. docs/ops/slack-manifest.yaml asks for the same.
M.SCOPES = {
  { "chat:write", "cards and threads are not posted" },
  { "channels:history", "what staff write in a thread of a public channel does not come", public = true },
  { "groups:history", "what staff write in a thread of a private channel does not come", private = true },
  { "reactions:write", "no reaction shows whether a message reached the customer" },
  { "files:read", "files that staff put into a thread do not reach the customer" },
  { "files:write", "customers' photos and voice notes do not come into the thread" },
  { "users:read", "staff are shown by their ids, without names" },
  { "commands", "the command /assistant does not exist" },
}

local WEBHOOK = {
  no_service = "This webhook was deleted", no_service_id = "This is no webhook's whole address", no_team = "Slack knows no such workspace",
  invalid_token = "This is no webhook's whole address", no_active_hooks = "This webhook is switched off",
  team_disabled = "The workspace is switched off", channel_not_found = "Its channel was deleted",
  channel_is_archived = "Its channel is archived", user_not_found = "Who it posts to does not exist",
  action_prohibited = "The workspace's owners do not allow this webhook to post",
  posting_to_general_channel_denied = "This webhook is not allowed to post to its channel",
}
local NEW_WEBHOOK = ". Make a new one for the staff channel (the app's page, Incoming Webhooks) and copy it whole."

local TOKEN = {
  invalid_auth = "Slack does not know this token. Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions again.",
  not_authed = "Slack does not know this token. Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions again.",
  token_revoked = "This token was revoked. Install the app again (OAuth & Permissions, Reinstall) and copy the new token.",
  token_expired = "This token has expired. Switch token rotation off, install the app again and copy the new token.",
  account_inactive = "The app was removed from the workspace. Install it again and copy the new token.",
  team_access_not_granted = "The app is not installed in this workspace. Install it and copy the new token.",
}

---@async
---@return ops.Finding
local function webhook()
  local response, why = probes.ask { url = settings.get("SLACK_WEBHOOK_URL"), method = "POST", json = {} }
  if not response then return probes.away("SLACK_WEBHOOK_URL", "Slack", why) end
  local said, status = response.body:match("^%s*([%w_]+)%s*$") or "", response.status
  if WEBHOOK[said] then return probes.wrong("SLACK_WEBHOOK_URL", WEBHOOK[said] .. " (" .. said .. ")" .. NEW_WEBHOOK) end
  if status == 429 then return probes.fine("SLACK_WEBHOOK_URL", "The webhook is there. It takes no more posts at the moment.") end
  if status >= 500 then
    return probes.wrong("SLACK_WEBHOOK_URL", ("Slack answers with HTTP %d. Look at slack-status.com, and try again."):format(status))
  end
  if status == 400 or status == 200 then return probes.fine("SLACK_WEBHOOK_URL", "The webhook is there. Nothing was posted.") end
  return probes.wrong("SLACK_WEBHOOK_URL", ("This address is no webhook that posts (HTTP %d)"):format(status) .. NEW_WEBHOOK)
end

---A method of the Web API. `ok` of its answer is true or false.
---@async
---@return table? answer
---@return string? why
---@return host.http.Response?
local function call(method, form)
  local response, why = probes.ask { url = settings.get("SLACK_API_URL") .. "/" .. method, method = "POST", form = form,
    headers = { Authorization = "Bearer " .. settings.get("SLACK_BOT_TOKEN") } }
  if not response then return nil, why end
  local answer = probes.body(response)
  if type(answer.ok) ~= "boolean" then return nil, ("it answers with HTTP %d"):format(response.status) end
  return answer, nil, response
end

local function error_of(answer) return type(answer.error) == "string" and answer.error:match("^[%w_]+$") or "no reason given" end

local function set_of(scopes)
  local set = {}
  for scope in (scopes or ""):gmatch("[^,%s]+") do set[scope] = true end
  return set
end

-- The channel as Slack shows it to the bot; nil: it does not.
local function channel(found)
  local id = settings.get("SLACK_CHANNEL_ID")
  local answer, why = call("conversations.info", { channel = id })
  if not answer then
    found[#found + 1] = probes.away("SLACK_API_URL", "Slack", why)
    return nil
  end
  local err = not answer.ok and error_of(answer)
  if err == "missing_scope" then
    found[#found + 1] = probes.note("SLACK_CHANNEL_ID", "The channel was not looked at, because the scope "
      .. (type(answer.needed) == "string" and answer.needed:match("^[%w:._,]+$") or "channels:read") .. " is missing.")
    return nil
  end
  if err == "channel_not_found" then
    found[#found + 1] = probes.wrong("SLACK_CHANNEL_ID", "There is no channel with this id, or it is private and the bot is not in it. "
      .. "The id (C…) stands at the bottom of the channel's About page. In a private channel type: /invite @ and the app's name.")
  elseif err then
    found[#found + 1] = probes.wrong("SLACK_CHANNEL_ID", "Slack does not show the channel (" .. err .. ").")
  end
  local seen = answer.ok and type(answer.channel) == "table" and answer.channel or nil
  if not seen then return nil end
  if seen.is_archived then
    found[#found + 1] = probes.wrong("SLACK_CHANNEL_ID", "The channel is archived. Unarchive it, or name another one.")
  elseif not seen.is_member then
    found[#found + 1] = probes.wrong("SLACK_CHANNEL_ID", "The bot is not in the channel. Type in it: /invite @ and the app's name.")
  else
    found[#found + 1] = probes.fine("SLACK_CHANNEL_ID", "The bot is in the channel.")
  end
  return seen
end

local function scopes(found, given, seen)
  local has, missing = set_of(given), 0
  for _, scope in ipairs(M.SCOPES) do
    local name, without = scope[1], scope[2]
    local other = scope.public and "groups:history" or "channels:history"
    -- The history of the one kind of channel that ours is. Of a channel that nobody knows one of them is enough.
    local needed = not (scope.public or scope.private) or seen and (scope.private ~= nil) == (seen.is_private == true)
      or not seen and not has[other] and scope.public
    if needed and not has[name] then
      missing = missing + 1
      found[#found + 1] = probes.wrong("SLACK_BOT_TOKEN", ("The scope %s is missing: %s. Add it under OAuth & Permissions, "
        .. "Bot Token Scopes, then press Reinstall."):format(name, without))
    end
  end
  if missing == 0 then found[#found + 1] = probes.fine("SLACK_BOT_TOKEN", "Slack takes the token, and it has every scope.") end
end

---@async
---@param found ops.Finding[]
local function bot(found)
  local answer, why, response = call("auth.test", {})
  if not answer then
    found[#found + 1] = probes.away("SLACK_API_URL", "Slack", why)
    return
  end
  if not answer.ok then
    local err = error_of(answer)
    found[#found + 1] = probes.wrong("SLACK_BOT_TOKEN", (TOKEN[err]
      or "Slack refuses this token. Install the app again and copy the new token.") .. " (" .. err .. ")")
    return
  end
  local seen = channel(found)
  if response.headers["x-oauth-scopes"] then
    scopes(found, response.headers["x-oauth-scopes"], seen)
  else
    found[#found + 1] = probes.note("SLACK_BOT_TOKEN", "Slack takes the token, and does not say which scopes it has.")
  end
  local team = settings.get("SLACK_TEAM_ID")
  if team and answer.team_id ~= team then
    found[#found + 1] = probes.wrong("SLACK_TEAM_ID", "The token belongs to another workspace, so every click is refused. Name the "
      .. "workspace of the token, or install the app in this one.")
  end
end

---@async
---@return ops.Finding[]
function M.run()
  local found = { webhook() }
  if settings.get("SLACK_BOT_TOKEN") and settings.get("SLACK_CHANNEL_ID") then bot(found) end
  return found
end

return M
