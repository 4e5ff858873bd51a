-- Says in words why WhatsApp refuses us as a whole, and the remedy. status and the alert to staff use the same words. Pure but for
-- the setting that names where a secret comes from.

local settings = require "host.settings"

local M = {}

-- How a new value of this secret gets in. A reload reads files of secrets; only a start reads the environment.
function M.renew(name)
  local variable = settings.source(name)
  if variable ~= name then return ("write it to %s, then `assistant reload`"):format(variable) end
  return ("put it into %s and restart the service (with %s_FILE a reload is enough)"):format(name, name)
end

local BLOCKED = { "WhatsApp (Meta) has blocked us for a time, because of its policies",
  "look at Business Support Home in Meta's Business Suite, and correct what it names" }
local LOCKED = { "WhatsApp (Meta) has locked the account", "look at Business Support Home in Meta's Business Suite" }
local UNREGISTERED = { "WhatsApp (Meta) says that our number is not registered",
  "register it in WhatsApp Manager (Phone numbers), or with POST /{number's id}/register" }

local BY_CODE = {
  [368] = BLOCKED, [131031] = LOCKED, [133010] = UNREGISTERED, [131045] = UNREGISTERED,
  [131042] = { "WhatsApp (Meta) has refused us because of a payment", "pay, or correct the payment method, in WhatsApp Manager (Billing)" },
}

---@param reason? string of the circuit "whatsapp": a code, or "HTTP 401"
---@return string what without a full stop
---@return string remedy without a full stop
function M.words(reason)
  local code = tonumber((reason or ""):match("^(%d+)"))
  local known = BY_CODE[code]
  if known then return known[1], known[2] end
  if code == 3 or code == 10 or code and code >= 200 and code <= 299 then
    return "WhatsApp (Meta) has refused us for missing permissions",
      "give the system user whatsapp_business_messaging for this number and make a new token with it; " .. M.renew("META_ACCESS_TOKEN")
  end
  return "WhatsApp (Meta) has refused the token", "make a new one, " .. M.renew("META_ACCESS_TOKEN")
end

local SLACK_TOKEN = "Slack does not take the bot's token: install the app again (OAuth & Permissions), copy the new token, "
local SLACK = {
  is_archived = "the channel in SLACK_CHANNEL_ID is archived: unarchive it, or name another one and restart the service",
  channel_not_found = "there is no channel with the id in SLACK_CHANNEL_ID, or the bot cannot see it: correct the id and restart the "
    .. "service, or type in the channel: /invite @ and the app's name",
  not_in_channel = "the bot is not in the channel: type in it: /invite @ and the app's name",
  missing_scope = "the app lacks a scope, which `assistant check --online` names: add it under OAuth & Permissions, then press Reinstall",
  restricted_action = "the workspace does not let the bot post in the channel: ask its owners",
  ["403"] = "the workspace does not let the webhook post: ask its owners, or make a webhook for another channel, ",
  ["404"] = "the webhook or its channel was deleted: make a new webhook for the staff channel, ",
  ["410"] = "the channel of the webhook is archived: unarchive it, or make a webhook for another channel, ",
}
for _, refusal in ipairs { "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive" } do
  SLACK[refusal] = SLACK_TOKEN
end

---The same of Slack.
---@param reason? string of the circuit "slack": Slack's error, an HTTP status, or how the connection failed
---@return string what
---@return string remedy
function M.slack(reason)
  local remedy = SLACK[reason]
  if remedy and remedy:find(", $") then
    return "Slack has refused our posts", remedy .. M.renew(tonumber(reason) and "SLACK_WEBHOOK_URL" or "SLACK_BOT_TOKEN")
  elseif remedy then
    return "Slack has refused our posts", remedy
  elseif tonumber(reason) and tonumber(reason) < 500 and tonumber(reason) ~= 408 and tonumber(reason) ~= 425 then
    return "Slack has refused our posts", "check SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN with SLACK_CHANNEL_ID: `assistant check --online`"
  end
  return "Slack has not answered", "look at slack-status.com; it is asked again every minute"
end

---The same of the server that turns voice notes into words.
---@param reason? string "HTTP 401", or how the connection failed
---@return string what
---@return string remedy
function M.transcriber(reason)
  local status = tonumber((reason or ""):match("^HTTP (%d+)$"))
  if status == 401 or status == 403 then
    return "The transcriber of voice notes has refused the key", "make a new one, " .. M.renew("TRANSCRIBE_API_KEY")
  elseif status == 402 then
    return "The transcriber of voice notes has no balance left for us", "top the account up"
  elseif status and (status < 400 or status == 404 or status == 405) then
    return "The transcriber of voice notes does not know our request", "check TRANSCRIBE_URL and TRANSCRIBE_MODEL and restart the service"
  end
  return "The transcriber of voice notes has not answered", "look at its provider's status page; it is asked again every minute"
end

return M
