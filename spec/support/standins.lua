-- The stand-ins for Meta's Graph API, Slack and the model: `assistant sandbox --stand-ins` as a process of its own, and its control API.
--
--   local standins = require "spec.support.standins"
--   local stand_ins = standins.new()                 started and ready; then process.new{stand_ins = stand_ins}
--   :aim(service)                                    statuses and clicks go to this service (process.new does it; it restarts the stand-ins)
--   :close()                                         process.close_all() in teardown closes them too
--
-- What the model answers (default: the fixed questions; order: faults, then plans):
--   :plan{contains = "zq…", answer = {reply_to_user=, extracted_data=, action=} | content = "raw", finish = "length" | echo = true,
--         http = {status=, headers=, body=} (the whole answer),
--         hold = true, times = n} → id               contains: in the unanswered texts ("" or nil: any). echo: "Noted zq… zq…. Are there any
--                                                    stairs involved?" with every word of meta.word() that was not answered yet
--   :release(id | nil)                               lets a held plan's (all plans') answers go
--   :forget()                                        no plans
-- Faults (scripts/stand_ins/faults.lua lists the kinds; {kind=, times=, every=, delay_ms=, code=, contains = only requests that hold this}; "off" ends it):
--   :fault{model = "500"}  :fault{graph = {kind = "code", code = 131047, times = 1}}  :fault{slack = "404"}   :calm() (all off)
--      graph (sends), read (read marks), media (where a file is), bytes (the file), upload, block, transcribe; status =, retry_after = (seconds, a date, "none") and minutes = of a refusal;
--      graph: lost (taken, never answered, statuses come), vanished (the same without statuses), silent (taken, no statuses), html, empty,
--      slow (delay_ms, then taken), held, code (refused with a code), failed (taken; a failed status with the code)
-- Requests to the stand-ins, in order (each: id, upstream, path, at, ended_at (ms; nil: not answered yet), status, body (decoded)):
--   :requests("model"|"graph"|"slack"|nil, {contains = text, after = id})
--   :models(text)        model calls whose request holds the text
--   :sends(phone, text)  messages to a customer, read marks left out: {to, text, mark (biz_opaque_callback_data), body, …}
--   :posts(text)         what was posted to Slack (webhook, Web API and response_url); :cards(phone) those with a take-over button for them
-- What people see:
--   :screen(phone) → {messages = {{id, from = "customer"|"business", text, ticks, error}}, typing}     :replies(phone) → texts of the business
--   :channel() → messages of the Slack channel       :press{action_id=, value=, user=} → {status, body, warning}
--   Slack's threads, boxes, modals, commands, files, reactions and failures: spec/support/slack.lua
--   :write{from =, text =, …} → ids                  writes as a customer, through Meta's stand-in (it posts until it gets 200)
--   :reset()
-- Meta's Graph API itself, and what it holds:
--   :graph(method, path, body | table, headers) → response with .json      path: after the version, like "/" .. phone_number_id .. "/media"
--   :account{strict = 1, pair_burst =, pair_seconds =, per_second =, delivered_ms =}     strict: only what this stand-in delivered exists
--   :status{id =, state = | states =, code =, copies =}                    posts statuses of a message of the business

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local url = require "host.url"
local wire = require "spec.support.wire"

local M = {}

local StandIns = {}
StandIns.__index = StandIns
require("spec.support.slack")(StandIns)

local function launch(self)
  self.service = setmetatable({ home = self.home, data = self.home, port = self.port, env = self.env, starts = self.starts or 0 }, process.Service)
  self.service:start { args = "sandbox --stand-ins" }
  self.starts = self.service.starts
end

function M.new(options)
  options = options or {}
  local port, home = shell.port(), shell.folder()
  local self = setmetatable({ port = port, home = home, url = "http://127.0.0.1:" .. port, secret = "app-" .. meta.word(), token = "EAA" .. meta.word(),
    key = "sk-" .. meta.word(), transcriber_key = "tr-" .. meta.word(), signing_secret = "sign-" .. meta.word() }, StandIns)
  shell.home(home)
  self.env = {
    PATH = os.getenv "PATH", LANG = "C.UTF-8", TZ = "America/Toronto", LISTEN = "127.0.0.1:" .. port, DATABASE_URL = "sqlite:" .. home .. "/stand-ins.sqlite",
    SCRIPTS_DIR = home .. "/scripts", PROMPTS_DIR = home .. "/prompts", META_APP_SECRET = self.secret, META_ACCESS_TOKEN = self.token,
    META_PHONE_NUMBER_ID = meta.phone_number_id, DEEPSEEK_API_KEY = self.key, TRANSCRIBE_API_KEY = self.transcriber_key, SLACK_SIGNING_SECRET = self.signing_secret,
    REQUEST_DEADLINE_MS = 200000, SANDBOX_TARGET = "http://127.0.0.1:1",
  }
  for name, value in pairs(options.env or {}) do self.env[name] = value or nil end
  launch(self)
  return self
end

function StandIns:aim(service)
  local target = "http://127.0.0.1:" .. service.port
  if self.env.SANDBOX_TARGET == target then return end
  self.env.SANDBOX_TARGET = target
  self.service:kill()
  launch(self)
end

function StandIns:close() self.service:kill() end

-- One call of the control API; anything but 200 is a mistake of the spec.
function StandIns:call(method, path, value)
  local answer = wire.http(self.port, method, path, { body = value and json.encode(value), headers = { { "Content-Type", "application/json" } }, timeout = 10 })
  if answer.status ~= 200 then error(("%s %s: %d %s"):format(method, path, answer.status, answer.body), 3) end
  return assert(json.decode(answer.body, { null_as_nil = true }))
end


function StandIns:plan(wish) return self:call("POST", "/sandbox/model/plan", wish).id end
function StandIns:release(id) return self:call("POST", "/sandbox/model/release", { id = id }).released end
function StandIns:forget() return self:call("DELETE", "/sandbox/model/plan") end
function StandIns:fault(wish) return self:call("POST", "/sandbox/faults", wish) end
function StandIns:calm()
  return self:fault { model = "off", graph = "off", slack = "off", read = "off", media = "off", bytes = "off", upload = "off", block = "off", transcribe = "off" }
end
function StandIns:reset() return self:call("POST", "/sandbox/reset", {}) end
function StandIns:write(wish) return self:call("POST", "/sandbox/customer", wish).ids end
function StandIns:screen(phone) return self:call("GET", "/sandbox/phone?number=" .. url.encode(phone)) end
function StandIns:account(wish) return self:call("POST", "/sandbox/account", wish) end
function StandIns:status(wish) return self:call("POST", "/sandbox/status", wish) end

function StandIns:graph(method, path, body, headers)
  local list = { { "Authorization", "Bearer " .. self.token } }
  for name, value in pairs(headers or {}) do list[#list + 1] = { name, value } end
  local answer = wire.http(self.port, method, "/sandbox/graph/v26.0" .. path,
    { body = type(body) == "table" and json.encode(body) or body, headers = list, timeout = 10 })
  answer.json = json.decode(answer.body, { null_as_nil = true })
  return answer
end

function StandIns:requests(upstream, options)
  options = options or {}
  local query = {}
  if upstream then query[#query + 1] = "upstream=" .. upstream end
  if options.contains then query[#query + 1] = "contains=" .. url.encode(options.contains) end
  if options.after then query[#query + 1] = "after=" .. options.after end
  return self:call("GET", "/sandbox/requests?" .. table.concat(query, "&")).requests
end

function StandIns:models(text) return self:requests("model", { contains = text }) end

function StandIns:sends(phone, text)
  local list = {}
  for _, request in ipairs(self:requests("graph", { contains = phone })) do
    local body = request.body
    if type(body) == "table" and body.status ~= "read" and (phone == nil or body.to == phone or body.recipient == phone) then
      request.to, request.text, request.mark = body.to or body.recipient, type(body.text) == "table" and body.text.body or "", body.biz_opaque_callback_data
      if not text or request.text:find(text, 1, true) then list[#list + 1] = request end
    end
  end
  return list
end

function StandIns:posts(text) return self:requests("slack", { contains = text }) end

function StandIns:cards(phone)
  local list = {}
  for _, post in ipairs(self:posts "take_over_chat") do
    if post.status == 200 and json.encode(post.body):find('"value":"' .. phone .. '"', 1, true) then list[#list + 1] = post end
  end
  return list
end

function StandIns:replies(phone)
  local list = {}
  for _, message in ipairs(self:screen(phone).messages) do
    if message.from == "business" then list[#list + 1] = message.text end
  end
  return list
end

M.StandIns = StandIns -- for a spec that runs them inside `assistant sandbox`

return M
