-- Slack, played by the stand-ins: what staff do there, what Slack answers, and how it can fail. Methods of spec/support/standins.
--
-- Two modes. Webhook mode: nothing more. Bot mode: standins.new{env = {SLACK_BOT_TOKEN = "xoxb-…", SLACK_CHANNEL_ID = "C0QUOTES"}} and the same
-- two for process.new. With SLACK_CHANNEL_ID no other channel exists; without it every C… is one, with the bot in it.
--
-- What staff do (user: a name, default maria; "U123456": an id. A name's id is U and its capitals: UMARIA):
--   :press{action_id = "take_over_chat", value =, ts =, user =, words = {reply_text = "…"}, …} → {status, body, ms, warning, error}
--       a click on the newest button of that name (ts: on that message). words: typed first in the boxes of the same message, and chosen from its
--       menus (an option's value or text); they stay there until the box goes: state.values comes with each click of that user.
--       boxes = {block_id = {action_id = "…"}}: the same, where boxes have the same name (also in :submit).
--       option = for a menu in an actions block: the choice is a click of its own. confirm = true: yes to the button's question (else 409).
--       stale = true: a button that is no longer there. values = {block_id = {action_id = {…}}}: state.values as it is. team =, app =: of a stranger.
--       In a modal: the newest one of the user, or view = its id.
--   :type{words = {…}, ts =, user =}                  only types
--   :command("take 14165551234", {user =, command = "/assistant", team =, app =}) → {status, body, warning}    the answer is in the channel too
--   :say{text =, thread_ts =, user =, channel =} → ts         broadcast = true; raw = true: text as Slack gives it ("<@U1>", "<https://a.ca|a>");
--       bot = true: another app writes.  :say, :share, :edit, :delete, :react: copies = 11: the event comes so often; new_ids = true: each copy with
--       an event_id of its own; team =, app = of a stranger
--   :share{name = "photo.jpg", mime_type =, base64 = | size =, salt =, text =, thread_ts =} → ts, ids      files = {…}: several; mode = "external":
--       elsewhere; check = true: the event gives only the id (file_access check_file_info); says_size = n
--   :edit{ts =, text =}      unfurl = true: only a link's preview came: the same text, no `edited`
--   :delete{ts =} → {stone}  any message; one with answers leaves a stone and its thread goes on
--   :react{ts =, name = "eyes", off = true}
--   :views() → {{user, view}}    the open modals; view.state.values
--   :submit{words = {…}, user =, view =} → {closed} | {errors = {block_id = words}} | {view = the next} | {unfilled = …} | {warning = true, error}
--   :close_view{user =, view =}
--   :verify() → {verified}   Slack checks the address of the events
-- What is seen (:channel() lists all): :message(text | ts) → the newest with this text or of this ts; :thread(ts) → the answers to it, oldest first.
--   Each: {ts, thread_ts, channel, via = "webhook"|"api"|"response"|"staff"|"bot", user, ephemeral, text, blocks, updates, edited, stone, broadcast,
--   reactions = {{name, sign, users, count}}, files = {{id, name, size, …}}, boxes = {user = {block_id = {action_id = state}}}}
--   :file(id) → the bytes
-- How Slack is:
--   :workspace{token = "ok"|"revoked"|"expired"|"inactive", scopes = "chat:write,…", rates = 1 (1/s per channel after `burst`, tiers per method),
--              boxes = "all"|"api" (the webhook refuses input blocks)|"none", strict =, own_events =, minute_ms = (between tries of an event),
--              trigger_ms =}
--   :slack_channel{id =, is_archived =, is_private =, is_member =, gone =, name =}     default: the channel of the setting
--   :person{name =, real_name =}
--   :fault{slack = {kind = "down"|"lost"|"html"|"error" (error = "is_archived")|"429" (retry_after =)|…, times =, contains = "chat.update"}}
--       contains looks at path and body: /webhook, /response/, a method's name, a text
-- The Web API itself: :slack_api("chat.postMessage", {…}, {token =, form = true, get = true}) → decoded answer, response

local json = require "host.json"
local url = require "host.url"
local wire = require "spec.support.wire"

---Adds the methods to the class of the stand-ins.
return function(StandIns)
  local function control(name, path, result)
    StandIns[name] = function(self, wish)
      local answer = self:call("POST", "/sandbox/slack/" .. path, wish or {})
      if not result then return answer end
      return answer[result[1]], result[2] and answer[result[2]]
    end
  end

  control("press", "press")
  control("type", "type")
  control("say", "say", { "ts", "thread_ts" })
  control("share", "share", { "ts", "files" })
  control("edit", "edit")
  control("delete", "delete")
  control("react", "react")
  control("submit", "submit")
  control("close_view", "close")
  control("verify", "verify")
  control("workspace", "workspace")
  control("slack_channel", "channel")
  control("person", "person")

  function StandIns:command(text, options)
    local wish = { text = text }
    for name, value in pairs(options or {}) do wish[name] = value end
    return self:call("POST", "/sandbox/slack/command", wish)
  end

  function StandIns:views() return self:call("GET", "/sandbox/slack/views").views end
  function StandIns:channel() return self:call("GET", "/sandbox/slack/channel").messages end

  function StandIns:message(wanted)
    local list = self:channel()
    for index = #list, 1, -1 do
      local one = list[index]
      if one.ts == wanted or one.text:find(wanted, 1, true) or one.blocks and json.encode(one.blocks):find(wanted, 1, true) then return one end
    end
    return nil
  end

  function StandIns:thread(ts)
    local list = {}
    for _, one in ipairs(self:channel()) do
      if one.thread_ts == ts then list[#list + 1] = one end
    end
    return list
  end

  function StandIns:file(id) return wire.http(self.port, "GET", "/sandbox/slack/file/" .. id, { timeout = 10 }).body end

  function StandIns:slack_api(method, arguments, options)
    options = options or {}
    local token = options.token or self.env and self.env.SLACK_BOT_TOKEN or "xoxb-any"
    local headers = { token ~= "" and { "Authorization", "Bearer " .. token } or nil }
    local path, body = "/sandbox/slack/api/" .. method, json.encode(arguments)
    if options.form or options.get then
      local parts = {}
      for name, value in pairs(arguments) do
        parts[#parts + 1] = name .. "=" .. url.encode(type(value) == "table" and json.encode(value) or tostring(value))
      end
      body = table.concat(parts, "&")
    end
    headers[#headers + 1] = { "Content-Type", options.form and "application/x-www-form-urlencoded" or "application/json; charset=utf-8" }
    if options.get then path, body = path .. "?" .. body, nil end
    local answer = wire.http(self.port, options.get and "GET" or "POST", path, { headers = headers, body = body, timeout = 10 })
    return json.decode(answer.body, { null_as_nil = true }), answer
  end
end
