-- Slack, where staff are: every lead arrives as a card, one click takes a chat over, one gives it back.
-- This file holds the routes; behind it: slack/verify (who sent this), interactive (clicks), post (the job
-- that carries words), card (what they look like); and staff/tell (words on their way), pauses (who has a chat), due (what comes up by the clock).

local crypto = require "host.crypto"
local json = require "host.json"
local settings = require "host.settings"
local time = require "host.time"
local due = require "staff.due"
local interactive = require "channels.slack.interactive"
local pauses = require "staff.pauses"
local post = require "channels.slack.post"
local tell = require "staff.tell"
local verify = require "channels.slack.verify"

local M = {
  card = tell.card,
  follow_up = tell.follow_up,
  message_from_customer = tell.message_from_customer,
  draft = tell.draft,
  word = tell.word,
  note = tell.note,
  alert = tell.alert,
  post = post.run,
  start = post.start,
  pause_over = pauses.over,
}

local UNAUTHORIZED = { status = 401, headers = { ["Content-Type"] = "application/json" }, body = '{"error":"unauthorized"}' }

-- The channel to customers needs this page, and this page needs it: it is looked up when it is used.
local function whatsapp()
  return require "channels.whatsapp"
end

---Did Slack send this? A request that is rightly signed at the wrong time says that a clock is wrong: staff are told.
---@param request host.Request
---@return boolean
function M.verify(request)
  local authentic, why = verify.check(request, settings.get("SLACK_SIGNING_SECRET"), time.now_ms(), crypto)
  if why == "clock" then
    tell.alert("clock", "a rightly signed request of Slack was more than 5 minutes off: this server's clock is wrong, or old requests are replayed.")
  end
  return authentic
end

---POST /slack/interactive: a click.
---@async
---@param request host.Request
---@return host.Response
function M.interactive(request)
  if not M.verify(request) then return UNAUTHORIZED end
  return interactive.handle(request, function(conversation_id) return whatsapp().recall(conversation_id) end)
end

---POST /slack/events: the address check is answered; without a bot token nothing else is for us.
---@param request host.Request
---@return host.Response
function M.events(request)
  if not M.verify(request) then return UNAUTHORIZED end
  local event = json.decode(request.body, { null_as_nil = true })
  if type(event) == "table" and event.type == "url_verification" and type(event.challenge) == "string" and #event.challenge <= 1000 then
    return { status = 200, json = { challenge = event.challenge } }
  end
  return { status = 200, json = {} }
end

---POST /slack/commands: says what is missing.
---@param request host.Request
---@return host.Response
function M.commands(request)
  if not M.verify(request) then return UNAUTHORIZED end
  local missing = {}
  for _, name in ipairs { "SLACK_BOT_TOKEN", "SLACK_CHANNEL_ID" } do
    if not settings.get(name) then missing[#missing + 1] = name end
  end
  local words = "There are no commands yet. The buttons on the cards work."
  if #missing > 0 then
    words = "The command needs " .. table.concat(missing, " and ")
      .. ": set what is missing and restart the assistant. The buttons on the cards work without."
  end
  return { status = 200, json = { response_type = "ephemeral", text = words } }
end

---What comes due, once per minute: main.lua's `every`.
function M.sweep()
  due.sweep(whatsapp().say)
end

return M
