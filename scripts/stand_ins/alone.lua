-- The stand-ins' table of contents. `assistant sandbox --stand-ins` runs it alone with settings.lua, against an assistant elsewhere
-- (SANDBOX_TARGET). `assistant sandbox` runs it beside the business (main.lua). All its routes are below /sandbox/.

local account = require "stand_ins.meta.account"
local calcom = require "stand_ins.calcom"
local control = require "stand_ins.page"
local customer = require "stand_ins.meta.customer"
local faults = require "stand_ins.faults"
local hooks = require "stand_ins.meta.hooks"
local journal = require "stand_ins.journal"
local media = require "stand_ins.meta.media"
local meta = require "stand_ins.meta"
local model = require "stand_ins.model"
local phone = require "stand_ins.meta.phone"
local plans = require "stand_ins.model.plans"
local schema = require "stand_ins.schema"
local slack = require "stand_ins.slack"
local statuses = require "stand_ins.meta.statuses"
local transcriber = require "stand_ins.transcriber"

local graph = journal.watch("graph", meta.graph)

local stand_ins = {
  routes = {
    ["GET /sandbox"] = control.door,
    ["GET /sandbox/"] = control.page,
    ["GET /sandbox/page/*"] = control.part,
    ["GET /sandbox/view"] = control.view,
    ["GET /sandbox/state"] = control.state,
    ["POST /sandbox/reset"] = control.reset,
    ["GET /sandbox/faults"] = faults.list,
    ["POST /sandbox/faults"] = faults.set,
    ["GET /sandbox/requests"] = journal.list,
    ["POST /sandbox/model/plan"] = plans.add,
    ["DELETE /sandbox/model/plan"] = plans.forget,
    ["POST /sandbox/model/release"] = plans.release,
    ["POST /sandbox/customer"] = customer.post,
    ["GET /sandbox/phone"] = phone.get,
    ["POST /sandbox/read"] = phone.read,
    ["GET /sandbox/book/*"] = calcom.page,
    ["GET /sandbox/bookings"] = calcom.calendar,
    ["POST /sandbox/bookings"] = calcom.book,
    ["POST /sandbox/bookings/cancel"] = calcom.cancel,
    ["POST /sandbox/booking"] = calcom.post,
    ["POST /sandbox/account"] = account.set,
    ["POST /sandbox/status"] = statuses.post,
    ["GET /sandbox/media/*"] = media.look,
    ["GET /sandbox/graph/*"] = graph,
    ["POST /sandbox/graph/*"] = graph,
    ["DELETE /sandbox/graph/*"] = graph,
    ["POST /sandbox/model/chat/completions"] = journal.watch("model", model.complete),
    ["POST /sandbox/model/v1/chat/completions"] = journal.watch("model", model.complete),
    ["POST /sandbox/transcribe/audio/transcriptions"] = journal.watch("transcribe", transcriber.hear),
  },
  jobs = {
    sandbox_webhook = { run = hooks.deliver, limit = 200 },
    sandbox_status = { run = statuses.job, limit = 200 },
    sandbox_slack_event = { run = slack.event_job, limit = 20 },
    sandbox_booking = { run = calcom.deliver, limit = 20 },
  },
  schema = {},
  extra_schema = { name = "sandbox", steps = schema },
}

for route, handler in pairs(slack.routes) do stand_ins.routes[route] = handler end
return stand_ins
