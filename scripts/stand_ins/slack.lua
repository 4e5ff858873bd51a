-- Plays Slack: for the assistant an incoming webhook, a Web API, response URLs and files; for staff a channel with cards, threads and
-- modals. The table of contents; the parts are in slack/.

local api = require "stand_ins.slack.api"
local common = require "stand_ins.common"
local conversations = require "stand_ins.slack.conversations"
local events = require "stand_ins.slack.events"
local files = require "stand_ins.slack.files"
local hooks = require "stand_ins.slack.hooks"
local journal = require "stand_ins.journal"
local messages = require "stand_ins.slack.messages"
local staff = require "stand_ins.slack.staff"
local views = require "stand_ins.slack.views"
local workspace = require "stand_ins.slack.workspace"

---GET /sandbox/slack/channel: all messages, oldest first.
local function channel() return common.ok { channel = workspace.main_channel(), messages = messages.screen() } end

local web_api = journal.watch("slack", api.handle)

return {
  messages = messages.screen,
  views = views.list,
  event_job = events.job,
  routes = {
    -- what the assistant calls
    ["POST /sandbox/slack/webhook"] = journal.watch("slack", hooks.webhook),
    ["POST /sandbox/slack/response/*"] = journal.watch("slack", hooks.response),
    ["POST /sandbox/slack/api/*"] = web_api,
    ["GET /sandbox/slack/api/*"] = web_api,
    ["POST /sandbox/slack/upload/v1/*"] = journal.watch("slack", files.upload),
    ["GET /sandbox/slack/files-pri/*"] = files.download,
    ["GET /sandbox/slack/signin"] = files.signin,
    -- what staff do
    ["POST /sandbox/slack/press"] = staff.press,
    ["POST /sandbox/slack/type"] = staff.type,
    ["POST /sandbox/slack/submit"] = views.submit,
    ["POST /sandbox/slack/close"] = views.close,
    ["POST /sandbox/slack/command"] = staff.command,
    ["POST /sandbox/slack/say"] = staff.say,
    ["POST /sandbox/slack/share"] = staff.share,
    ["POST /sandbox/slack/edit"] = staff.edit,
    ["POST /sandbox/slack/delete"] = staff.delete,
    ["POST /sandbox/slack/react"] = staff.react,
    -- what can be seen and set
    ["GET /sandbox/slack/channel"] = channel,
    ["GET /sandbox/slack/views"] = views.show,
    ["GET /sandbox/slack/people"] = conversations.people,
    ["GET /sandbox/slack/file/*"] = files.look,
    ["POST /sandbox/slack/verify"] = events.verify,
    ["POST /sandbox/slack/workspace"] = workspace.set,
    ["POST /sandbox/slack/channel"] = workspace.set_channel,
    ["POST /sandbox/slack/person"] = workspace.set_person,
  },
}
