-- The table of contents: who answers which request, reads what was accepted, does which work, and when.

local circuits = require "records.circuits"
local client = require "brain.client"
local conversations = require "records.conversations"
local db = require "host.db"
local messages = require "records.messages"
local notices = require "notices"
local owner = require "owner"
local settings = require "host.settings"
local slack = require "channels.slack"
local time = require "host.time"
local turn = require "turn"
local whatsapp = require "channels.whatsapp"

local model = client.new()
local turns = turn.new { owner = owner, model = model }

-- Small things that nobody needs any more.
local function housekeeping()
  messages.forget_early(time.now_ms())
end

-- The business half of `assistant status`.
local function status()
  local now, waiting, open = time.now_ms(), conversations.oldest_waiting(), {}
  for _, circuit in ipairs(circuits.all_open()) do
    open[#open + 1] = { name = circuit.name, reason = circuit.reason, since = circuit.since and time.iso(circuit.since) }
  end
  return {
    deliveries = messages.counts(),
    open_circuits = open,
    oldest_unanswered_ms = waiting and math.max(0, now - waiting) or 0,
    cases = {
      open = db.one("SELECT count(*) AS n FROM cases WHERE state = 'open'").n,
      taken = db.one("SELECT count(*) AS n FROM cases WHERE state = 'taken'").n,
      unposted = db.one("SELECT count(*) AS n FROM cases WHERE state <> 'closed' AND posted_at IS NULL").n,
    },
  }
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
    turn = { run = turns.run, failed = turns.failed, limit = settings.get("LLM_CONCURRENCY"), drain = "turn" },
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
  status = status,
  start = start,
}
