-- The stand-ins' table of contents. `assistant sandbox --stand-ins` runs it alone with settings.lua, against an assistant elsewhere
-- (SANDBOX_TARGET). `assistant sandbox` runs it beside the business (main.lua). All its routes are below /sandbox/.

local calcom = require "stand_ins.calcom"
local control = require "stand_ins.page"
local customer = require "stand_ins.meta.customer"
local faults = require "stand_ins.faults"
local journal = require "stand_ins.journal"
local meta = require "stand_ins.meta"
local model = require "stand_ins.model"
local plans = require "stand_ins.model.plans"
local schema = require "stand_ins.schema"
local slack = require "stand_ins.slack"

return {
  routes = {
    ["GET /sandbox"] = control.door,
    ["GET /sandbox/"] = control.page,
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
    ["GET /sandbox/phone"] = customer.get,
    ["POST /sandbox/read"] = customer.read,
    ["GET /sandbox/book/*"] = calcom.page,
    ["GET /sandbox/bookings"] = calcom.calendar,
    ["POST /sandbox/bookings"] = calcom.book,
    ["POST /sandbox/bookings/cancel"] = calcom.cancel,
    ["POST /sandbox/booking"] = calcom.post,
    ["GET /sandbox/slack/channel"] = slack.channel,
    ["POST /sandbox/slack/press"] = slack.press,
    ["POST /sandbox/slack/say"] = slack.say,
    ["POST /sandbox/slack/command"] = slack.command,
    ["POST /sandbox/slack/webhook"] = journal.watch("slack", slack.webhook),
    ["POST /sandbox/slack/api/*"] = journal.watch("slack", slack.api),
    ["POST /sandbox/slack/response/*"] = journal.watch("slack", slack.response),
    ["GET /sandbox/graph/*"] = meta.graph_get,
    ["POST /sandbox/graph/*"] = journal.watch("graph", meta.graph_post),
    ["POST /sandbox/model/chat/completions"] = journal.watch("model", model.complete),
    ["POST /sandbox/model/v1/chat/completions"] = journal.watch("model", model.complete),
  },
  jobs = {
    sandbox_webhook = { run = meta.deliver, limit = 200 },
    sandbox_status = { run = meta.status_job, limit = 200 },
    sandbox_slack_event = { run = slack.event_job, limit = 20 },
    sandbox_booking = { run = calcom.deliver, limit = 20 },
  },
  schema = {},
  extra_schema = { name = "sandbox", steps = schema },
}
