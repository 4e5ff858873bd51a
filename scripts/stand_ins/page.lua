-- Serves the page, and the state and reset of the control API.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local faults = require "stand_ins.faults"
local files = require "host.files"
local journal = require "stand_ins.journal"
local phone = require "stand_ins.meta.phone"
local slack = require "stand_ins.slack"

local M = {}

local folder = "scripts/stand_ins/page/"
local types = { css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8" }
local parts = { "page.css", "main.js", "dom.js", "phone.js", "blocks.js", "slack.js" }
for _, name in ipairs(parts) do parts[name] = true end

---GET /sandbox/: the page. It runs and loads nothing from elsewhere.
function M.page()
  local answer = common.page(folder .. "page.html")
  if answer.headers then
    answer.headers["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'"
  end
  return answer
end

---GET /sandbox/page/…: its styles and scripts.
function M.part(request)
  local name = request.path:sub(#"/sandbox/page/" + 1)
  local text = parts[name] and files.read(folder .. name)
  if not text then return { status = 404, json = { error = "the page has no such part" } } end
  return { status = 200, body = text, headers = { ["Content-Type"] = types[name:match("%.(%a+)$")], ["Cache-Control"] = "no-store",
    ["X-Content-Type-Options"] = "nosniff" } }
end

---GET /sandbox → GET /sandbox/
function M.door() return { status = 308, headers = { Location = "/sandbox/" }, body = "" } end

---What answers as the model: the stand-in, or the server that DEEPSEEK_URL names.
local function model()
  local at = common.setting("DEEPSEEK_URL")
  local stands_in = not at or at:find("/sandbox/model", 1, true) ~= nil
  return { stand_in = stands_in, url = not stands_in and at or nil, name = not stands_in and common.setting("DEEPSEEK_MODEL") or nil }
end

---GET /sandbox/view?number=…: everything that the page shows, in one answer.
function M.view(request)
  return common.ok {
    phone = phone.screen(request.query.number or ""), phones = phone.phones(), slack = slack.messages(), views = slack.views(),
    faults = faults.current(), model = model(), slack_mode = common.setting("SLACK_BOT_TOKEN") and "bot" or "webhook",
    refused = journal.refused(),
  }
end

---GET /sandbox/state
function M.state()
  local posted = json.array()
  for _, row in ipairs(db.all("SELECT * FROM sandbox_webhooks ORDER BY id DESC LIMIT 20")) do
    posted[#posted + 1] = { path = row.path, status = row.status, ms = row.ms, at = time.iso(row.at), error = row.error }
  end
  local counts = {}
  for _, row in ipairs(db.all("SELECT side || '.' || state AS name, count(*) AS n FROM sandbox_messages GROUP BY 1")) do
    counts[row.name] = row.n
  end
  return common.ok { target = common.target(), phones = phone.phones(), messages = counts, faults = faults.current(), posted = posted }
end

local TABLES = { "phones", "messages", "media", "account", "slack", "response_urls", "faults", "webhooks", "requests", "plans",
  "bookings", "slack_workspace", "slack_channels", "slack_people", "slack_buckets", "slack_triggers", "slack_boxes", "slack_views",
  "slack_files" }

---POST /sandbox/reset: empty phones, an empty channel, no faults. The assistant's chats stay, so use another number afterwards.
function M.reset()
  for _, name in ipairs(TABLES) do db.run("DELETE FROM sandbox_" .. name) end
  return common.ok { reset = true }
end

return M
