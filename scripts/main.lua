-- The table of contents: who answers which request, reads what was accepted, does which work, and when.

local client = require "brain.client"
local exports = require "exports"
local messages = require "records.messages"
local notices = require "notices"
local owner = require "owner"
local settings = require "host.settings"
local slack = require "channels.slack"
local status = require "status"
local time = require "host.time"
local turn = require "turn"
local whatsapp = require "channels.whatsapp"

exports.check()

local model = client.new()
local turns = turn.new { owner = owner, model = model }

-- Small things that nobody needs any more.
local function housekeeping()
  messages.forget_early(time.now_ms())
end

-- A new generation may bring new secrets and an end of somebody's refusal.
local function start()
  slack.start()
  whatsapp.start()
  model:start()
end

return {
  settings = require "settings",

  routes = {
    ["GET /whatsapp/webhook"] = whatsapp.verify,
    ["POST /whatsapp/webhook"] = whatsapp.receive,
    ["POST /slack/interactive"] = slack.interactive,
    ["POST /slack/events"] = slack.events,
    ["POST /slack/commands"] = slack.commands,
  },

  inbox = {
    whatsapp = whatsapp.read,
  },

  jobs = {
    turn = { run = turns.run, failed = turns.failed, limit = settings.get("LLM_CONCURRENCY"), drain_ms = settings.get("LLM_DEADLINE_MS") },
    send = { run = whatsapp.send, per_second = settings.get("SEND_RATE") },
    slack = { run = slack.post },
    probe = { run = function() return model:probe() end },
  },

  every = {
    housekeeping = { seconds = 3600, run = housekeeping },
    sweep = { seconds = 60, run = slack.sweep },
  },

  schema = require "records.schema",
  notice = notices.tell,
  status = function(words) return words and status.words() or status.figures() end,
  start = start,
}
