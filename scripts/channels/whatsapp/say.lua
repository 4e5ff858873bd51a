-- Says something to a customer: stores a row, and puts the job that sends it. Only `recall` waits.

local conversations = require "records.conversations"
local crypto = require "host.crypto"
local db = require "host.db"
local forms = require "channels.whatsapp.forms"
local guards = require "language.guards"
local http = require "host.http"
local jobs = require "host.jobs"
local identities = require "records.identities"
local json = require "host.json"
local log = require "host.log"
local messages = require "records.messages"
local promises = require "flow.promises"
local tell = require "staff.tell"
local templates = require "channels.whatsapp.templates"
local time = require "host.time"
local window = require "records.window"

local M = {}

local MOST_CHARACTERS = 4096

function M.lane(conversation_id)
  return "whatsapp:" .. conversation_id
end

-- Puts the job that sends a stored message. There is one per message; putting it again only moves it.
---@param conversation_id string
---@param message_id string
---@param run_at? integer ms
function M.enqueue(conversation_id, message_id, run_at)
  jobs.put { kind = "send", lane = M.lane(conversation_id), unique = "send:" .. message_id, payload = { message = message_id },
    run_at = run_at }
end

local CLOSED = "24 hours have passed since the customer's last message, so WhatsApp takes no free text. A template would go, but %s."

-- The parts in which a text is sent. A text of the model is made fit for WhatsApp; another text is changed only when it is too long.
local function parts_of(text, kind)
  if kind ~= "model" and kind ~= "scripted" then
    local length = utf8.len(text)
    if length and length <= MOST_CHARACTERS then return { text } end
  end
  return (guards.fit(text))
end

-- Stores what we say and enqueues its sending.
---@param conversation table a row of conversations
---@param text string
---@param options? {kind?: "model"|"scripted"|"canned"|"paused"|"opt_out"|"staff", author?: string, seq?: integer, parts?: string[],
---  template?: {name: string, language: string, parameters: string[]}, keys?: string[], told?: boolean,
---  form?: whatsapp.Form, quotes?: string}
---  keys: of a fixed text, its keys of replies.yaml; told: what it promises is told to staff in the same transaction (flow/promises);
---  form: what is sent beside the words (forms.lua), with the last part; quotes: the customer's message that the first part quotes;
---  seq: the last message that it answers; default the newest. parts: the text as it is sent, when the caller has made it fit;
---  template: the approved template with the same meaning (one part only), for when WhatsApp takes no free text any more
---@return string? id of the first part; nil when the text was blank, or when WhatsApp does not take the form
---@return string? why it does not take the form, or words of staff after its 24 hours, in words for staff
function M.say(conversation, text, options)
  options = options or {}
  local kind = options.kind or "canned"
  if kind ~= "model" and kind ~= "staff" then promises.check(options.keys, options.told) end
  local now, first = time.now_ms(), nil
  local parts = options.parts or parts_of(text, kind)
  local form = options.form
  if kind == "staff" and not (form and form.type == "template") and not window.is_open(conversation, now) then
    local none = "it carries no file" -- the writer is there, and is told at once
    if form and form.type == "media" then return nil, CLOSED:format(none) end
    form, none = templates.form("after_window", conversation.language, { text })
    if not form then return nil, CLOSED:format(none) end
  end
  local why = form and forms.unfit(form, parts[#parts] or "")
  if why then
    log.warn("whatsapp.form_unfit", { form = form.type, why = why })
    if not forms.has_plain_text(form) then return nil, why end
    form = nil
  end
  for part, content in ipairs(parts) do
    if content:find("%S") then
      local id = crypto.uuid()
      first = first or id
      messages.add_assistant({ id = id, conversation = conversation.id, content = content, seq = options.seq or conversation.last_seq,
        part = part, kind = kind, author = options.author, state = "queued",
        template = options.template and json.encode(options.template), form = form and part == #parts and json.encode(form) or nil,
        file = form and part == #parts and form.hash or nil,
        reply_to = part == 1 and options.quotes or nil }, now)
      M.enqueue(conversation.id, id)
    end
  end
  return first
end

-- Keeps a text as a draft, because staff took the chat over, and shows it to staff.
---@param conversation table
---@param text string
---@param seq integer
function M.draft(conversation, text, seq)
  messages.add_assistant({ id = crypto.uuid(), conversation = conversation.id, content = text, seq = seq, part = 1, kind = "model",
    state = "draft" }, time.now_ms())
  tell.draft(conversation, text)
end

---@async
---@return integer unsent requests that had not left
local function cancel_lanes(conversation_id)
  local _, unsent = http.cancel(M.lane(conversation_id))
  for _, identity in ipairs(identities.of(conversation_id)) do -- a request of a chat that was merged into this one
    if identity.kind == "chat" then unsent = unsent + select(2, http.cancel(M.lane(identity.value))) end
  end
  return unsent
end

-- Call it after a person was blocked: when it returns, nothing more leaves. What was to be sent is dropped when its job runs.
---@async
---@param conversation_id string
function M.hush(conversation_id) cancel_lanes(conversation_id) end

-- Takes back the assistant's messages that have not left. Call it after the pause is stored; when it returns, nothing more leaves.
---@async
---@param conversation_id string
---@return string[] drafts the texts that were taken back; staff see them
function M.recall(conversation_id)
  local unsent = cancel_lanes(conversation_id)
  return db.transaction(function()
    local drafts, now = {}, time.now_ms()
    local conversation = conversations.get(conversation_id)
    for _, message in ipairs(messages.unsent(conversation_id)) do
      -- A message that the peer may have seen left before the click. Only its status shows whether it arrived.
      local left = message.state == "unknown" or message.state == "sending" and unsent == 0
      if not left then
        messages.set_state(message.id, "draft", now, "taken over")
        drafts[#drafts + 1] = message.content
      end
    end
    if #drafts > 0 and conversation then tell.draft(conversation, table.concat(drafts, "\n\n")) end
    return drafts
  end)
end

return M
