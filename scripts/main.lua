-- The table of contents: which function answers a request, reads an inbox row, does a job, and when.

local blocks = require "ops.blocks"
local audit = require "person.audit"
local calcom = require "channels.calcom"
local client = require "brain.client"
local costs = require "ops.costs"
local erase = require "person.erase"
local export = require "person.export"
local exports = require "exports"
local files = require "person.files"
local leads = require "channels.leads"
local leads_of = require "person.leads"
local metrics = require "ops.metrics"
local notices = require "ops.notices"
local owner = require "owner"
local reminders = require "staff.reminders"
local restore = require "person.restore"
local retention = require "person.retention"
local settings = require "host.settings"
local second_route = require "channels.second_route"
local slack = require "channels.slack"
local status = require "ops.status"
local tell = require "staff.tell"
local turn = require "turn"
local whatsapp = require "channels.whatsapp"

exports.check()

tell.threads = slack.threads

local model = client.new { prices = owner.business.model_prices, prices_known = owner.prices_known(settings.get("DEEPSEEK_MODEL")) }
local turns = turn.new { owner = owner, model = model }
local readers = { whatsapp = whatsapp.raw, calcom = calcom.raw }

-- A new generation may have new secrets, or a provider may have stopped refusing us.
local function start()
  slack.start()
  whatsapp.start()
  model:start()
end

return {
  routes = {
    ["GET /whatsapp/webhook"] = whatsapp.verify,
    ["POST /whatsapp/webhook"] = whatsapp.receive,
    ["POST /slack/interactive"] = function(request) return slack.interactive(request, whatsapp) end,
    ["POST /slack/events"] = slack.events,
    ["POST /slack/commands"] = function(request) return slack.commands(request, whatsapp) end,
    ["POST /calcom/webhook"] = calcom.on() and calcom.receive or nil, -- the environment switches it on or off for the life of the process
  },

  inbox = {
    whatsapp = whatsapp.read,
    calcom = calcom.read,
  },

  jobs = {
    turn = { run = turns.run, failed = turns.failed, limit = settings.get("LLM_CONCURRENCY"), drain_ms = settings.get("LLM_DEADLINE_MS") },
    send = { run = whatsapp.send, per_second = settings.get("SEND_RATE") },
    card = { run = slack.post, per_second = settings.get("SLACK_RATE"), burst = 3 }, -- posts to the channel; cards go before other messages
    slack = { run = slack.post, after = "card" },
    answer = { run = slack.post }, -- to a click's response_url, which has its own limit
    scrub = { run = erase.scrub },
    reminder = { run = calcom.remind },
    nudge = { run = whatsapp.nudge },
    media = { run = whatsapp.fetch, limit = 4 },
    voice = { run = whatsapp.fetch, limit = 4 },
    transcribe = { run = whatsapp.transcribe, limit = 8 },
    media_word = { run = whatsapp.media_word },
    media_sweep = { run = whatsapp.media_sweep },
    block = { run = whatsapp.block },
    probe = { run = turns.probe },
    staff_said = { run = function(job) return slack.said(job, whatsapp) end }, -- in a card's thread
    lead = { run = leads.run, limit = 2 }, -- to the owner's own system
    second_route = { run = second_route.run }, -- to the owner, when the staff channel cannot be reached
  },

  every = {
    retention = { seconds = 3600, run = retention.job(function() return owner.business.retention end) },
    sweep = { seconds = 60, run = function()
      reminders.sweep(whatsapp.say)
      slack.look()
    end },
  },

  commands = {
    erase = { run = function(args) return erase.command(args, readers) end },
    media = { run = files.command },
    costs = { run = costs.command },
    block = { run = function(args) return blocks.command(args, { hush = whatsapp.hush, blocked = whatsapp.blocked }) end },
    unblock = { run = blocks.unblock_command },
    audit = { run = audit.command },
    leads = { run = leads_of.command },
    export = { run = function(args) return export.command(args, readers) end },
  },

  schema = require "records.schema",
  warnings = owner.warnings,
  notice = function(notice) notices.tell(notice, whatsapp.say) end,
  status = function(words) return words and status.words() or status.figures(), status.fine() end,
  metrics = metrics.list,
  gauges = metrics.gauges,
  prepare = function() restore.prepare(readers) end,
  start = start,
}
