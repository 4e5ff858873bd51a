-- Handles a click in Slack. The signature over the raw bytes is checked first. One transaction holds the decision and its effects, and
-- the answer says the result. Slack ignores the answer's body for these buttons, so what staff must see also goes to the click's
-- response_url, by a job.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local jobs = require "host.jobs"
local log = require "host.log"
local time = require "host.time"
local cases = require "records.cases"
local conversations = require "records.conversations"
local form = require "channels.slack.form"
local pauses = require "staff.pauses"
local names = require "staff.names"
local plain = require "language.text"
local tell = require "staff.tell"
local text = require "channels.slack.text"

local M = {}

local PAUSED = '{"replace_original":true,"text":"✅ Chat paused. Staff has taken over the conversation."}'
local UNKNOWN = "This conversation is not known here (any more). Nothing was changed."

local function answer(status, body)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = body }
end

---The user who clicked, as far as the payload says.
local function user_of(payload)
  local user = type(payload.user) == "table" and payload.user or {}
  local name = names.name(user.name) or names.name(user.username) or names.name(user.id) or "Staff"
  local id = plain.shown(user.id, 64, true)
  return { id = id ~= "" and id or name, name = name }
end

---@class slack.Click
---@field action string
---@field value string the conversation's id, compared unchanged
---@field user {id: string, name: string}
---@field url? string

---The first known action in a payload; nil: none.
---@param payload any decoded JSON
---@param known table<string, any> action ids
---@return slack.Click?
local function click_of(payload, known)
  if type(payload) ~= "table" or payload.type ~= "block_actions" or type(payload.actions) ~= "table" then return nil end
  for _, action in ipairs(payload.actions) do
    if type(action) == "table" and type(action.action_id) == "string" and known[action.action_id] and type(action.value) == "string" then
      local url = payload.response_url
      return { action = action.action_id, value = action.value, user = user_of(payload),
        url = type(url) == "string" and url ~= "" and url:sub(1, 2001) or nil }
    end
  end
  return nil
end

---Shows something at the click's response_url, when there is one.
local function show(click, body)
  if not click.url then return end
  jobs.put { kind = "answer", lane = "slack:click:" .. click.value, payload = { what = "answer", url = click.url, body = body } }
end

---Tells only the user who clicked.
local function whisper(click, words)
  local body = { response_type = "ephemeral", replace_original = false, text = text.fit(words) }
  show(click, body)
  return json.encode(body)
end

---Gives the card its new look. Without a response_url the channel gets a new card of a chat that was taken over.
local function redraw(click, by)
  local lane = click.url and "slack:click:" .. click.value or tell.lane(click.value)
  jobs.put { kind = click.url and "answer" or "card", lane = lane,
    payload = { what = click.url and "answer" or "control", url = click.url, conversation = click.value, by = by } }
end

local ACTIONS = {}

function ACTIONS.take_over_chat(click, conversation)
  local outcome = pauses.take(conversation, click.user)
  if outcome == "taken" then redraw(click) end
  if outcome ~= "other" then return PAUSED end
  local since = conversation.paused_at and " since " .. names.moment(conversation.paused_at, time.now_ms(), time) or ""
  return whisper(click, names.who(conversation) .. " is already taken by " .. (names.name(conversation.paused_by_name) or "a colleague")
    .. since .. ".")
end

function ACTIONS.resume_chat(click, conversation)
  local given = pauses.resume(conversation)
  if click.url then redraw(click, given and click.user.name or nil) end
  if given then
    return json.encode { replace_original = true, text = "↩️ The assistant has the conversation again." }
  end
  return whisper(click, names.who(conversation) .. " is already with the assistant.")
end

function ACTIONS.keep_paused(click, conversation)
  if conversation.status ~= "PAUSED" then
    return whisper(click, names.who(conversation) .. " is already back with the assistant.")
  end
  conversations.pause_active(conversation.id)
  local body = { replace_original = true, text = text.fit(names.who(conversation) .. ": the chat stays paused.") }
  show(click, body)
  return json.encode(body)
end

---Decides, and writes all effects. Runs inside a transaction.
local function decide(click, mark)
  local conversation = conversations.get(click.value)
  local body
  if conversation then
    click.value = conversation.id -- the button can have the id of a chat that was merged into this one
    body = ACTIONS[click.action](click, conversation)
  else
    log.warn("slack.unknown_conversation", { user = click.user.id, action = click.action })
    body = whisper(click, UNKNOWN)
  end
  cases.see(mark, 200, body)
  return { status = 200, body = body }
end

---An authentic request. Its action happens once, also when the request comes twice.
---@async
---@param request host.Request
---@param recall fun(conversation_id: string) takes back messages that wait to be sent; waits
---@return host.Response
function M.handle(request, recall)
  local fields = form.decode(request.body)
  local payload = fields and fields.payload and json.decode(fields.payload, { null_as_nil = true })
  if payload == nil then return answer(400, '{"error":"bad request"}') end
  local click = click_of(payload, ACTIONS)
  if not click then return answer(200, "{}") end
  local mark = crypto.hex(crypto.sha256(request.headers["x-slack-signature"]))
  local reply = db.transaction(function() return cases.seen(mark) or decide(click, mark) end)
  -- For every click on a paused chat the answer means that nothing of the assistant leaves any more.
  if click.action == "take_over_chat" then
    local conversation = conversations.get(click.value)
    if conversation and conversation.status == "PAUSED" then recall(conversation.id) end
  end
  return answer(reply.status, reply.body)
end

return M
