-- Slack's routes. Staff get a card for every lead; a click takes a chat over, another gives it back.
-- slack/verify checks the signature, interactive handles clicks, post is the job that posts what staff/ stored, card and text make
-- Slack's payloads.

local commands = require "channels.slack.commands"
local api = require "channels.slack.api"
local crypto = require "host.crypto"
local events = require "channels.slack.events"
local json = require "host.json"
local settings = require "host.settings"
local signature = require "channels.signature"
local time = require "host.time"
local interactive = require "channels.slack.interactive"
local post = require "channels.slack.post"
local tell = require "staff.tell"
local verify = require "channels.slack.verify"

local M = { post = post.run, start = post.start, look = post.look, said = events.run, threads = api.bot() }

---Did Slack send this? A right signature at the wrong time means that a clock is wrong, so staff are told.
---@param request host.Request
---@return boolean
function M.verify(request)
  local authentic, why = verify.check(request, settings.get("SLACK_SIGNING_SECRET"), time.now_ms(), crypto)
  if why == "clock" then
    tell.alert("clock", "a request with a right signature of Slack was more than 5 minutes old or early. This server's clock is wrong, "
      .. "or old requests are replayed.")
  end
  return authentic
end

---POST /slack/interactive: a click.
---@async
---@param request host.Request
---@param door slack.Door how staff reach customers
---@return host.Response
function M.interactive(request, door)
  if not M.verify(request) then return signature.UNAUTHORIZED end
  return interactive.handle(request, door)
end

---POST /slack/events: answers Slack's address check, and stores what staff write in a card's thread. Without a bot token no event is used.
---@param request host.Request
---@return host.Response
function M.events(request)
  if not M.verify(request) then return signature.UNAUTHORIZED end
  local event = json.decode(request.body, { null_as_nil = true })
  if type(event) == "table" and event.type == "url_verification" and type(event.challenge) == "string" and #event.challenge <= 1000 then
    return { status = 200, json = { challenge = event.challenge } }
  end
  events.handle(event)
  return { status = 200, json = {} }
end

---POST /slack/commands: the slash command.
---@async
---@param request host.Request
---@param door slack.Door how staff reach customers
---@return host.Response
function M.commands(request, door)
  if not M.verify(request) then return signature.UNAUTHORIZED end
  return commands.handle(request, door)
end

return M
