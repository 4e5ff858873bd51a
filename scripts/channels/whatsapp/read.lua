-- The inbox's reader: one accepted webhook, walked item by item. What arrived becomes rows: the conversation, the message, and the
-- job of the turn that will answer it. An item that cannot be read is parked with its reason; the others go on. Nothing here waits.

local conversation_flow = require "flow.conversation"
local conversations = require "records.conversations"
local inbound = require "channels.whatsapp.inbound"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local json = require "host.json"
local language = require "flow.language"
local left_over = require "records.left_over"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local owner = require "owner"
local people = require "records.people"
local say = require "channels.whatsapp.say"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local replies = require "flow.replies"
local settings = require "host.settings"
local slack = require "channels.slack"
local statuses = require "channels.whatsapp.statuses"
local strip = require "channels.whatsapp.strip"

local M = {}

-- Other words than text that staff should hear of at once: there is nothing in the chat that shows them.
local function tell_staff(event, conversation)
  if event.wordless then
    slack.word(conversation, "sent a " .. event.content:gsub("[%[%]]", "") .. ". Look at it on the business phone; it cannot be shown here yet.")
  elseif event.card then
    slack.word(conversation, "sent a contact card:", event.card)
  end
end

-- The turn that answers: when the customer has been quiet, at most so long after the first word that waits.
local function enqueue_turn(conversation, now)
  local due = conversation_flow.due({ last_message_ms = now, first_unanswered_ms = conversation.waiting_since }, now,
    settings.get("TURN_QUIET_MS"), settings.get("TURN_MAX_WAIT_MS"))
  local lane = "turn:" .. conversation.id
  jobs.put { kind = "turn", lane = lane, unique = lane,
    payload = { conversation = conversation.id }, run_at = due }
end

-- A fixed text; known: "fr" when the customer's words have shown it.
local function reply_in(known, key, texts)
  return replies.get(owner.replies, key, language.french(owner.business.languages, texts or {}, nil, known))
end

-- STOP and START work without a model, in every state. True: the message was one of them.
local function opt_words(event, conversation, now)
  local word, spoken = conversation_flow.word(event.content)
  if word == "stop" then
    if conversations.opt_out(conversation.id, spoken == "fr" and "fr" or nil, now) then
      say.say(conversation, reply_in(spoken, "opted_out"), { kind = "opt_out" })
      slack.word(conversation, "has opted out (" .. event.content:sub(1, 20) .. "): nothing automatic is sent any more.")
    end
    return true
  elseif word == "start" and conversation.opted_out == 1 then
    conversations.opt_in(conversation.id, now)
    people.opted_in(conversation.id)
    say.say(conversation, reply_in(conversation.language, "opted_in"), { kind = "opt_out" })
    slack.word(conversation, "has opted in again.")
    return true
  end
  return false
end

-- Staff have this chat: they get the words, the customer at most a line that says so.
local function forward(event, conversation, now)
  slack.message_from_customer(conversation, event.card or event.content)
  conversations.pause_active(conversation.id, now)
  if conversation_flow.paused_reply_due(conversation, now) then
    conversations.paused_told(conversation.id, now)
    say.say(conversation, reply_in(conversation.language, "paused", { event.content }), { kind = "paused" })
  end
end

-- A pin says where: it fills the address, where none is known yet.
local function keep_address(event)
  local data, locked = quotes.get(event.conversation)
  if quote.known(data.address) then return end
  local merged, changed = quote.merge(data, { address = event.address }, owner.system.quote_fields_needed, locked)
  if #changed > 0 then quotes.put(event.conversation, merged) end
end

-- It came before the database was restored, and was answered then if anybody could.
local function leave(event, conversation, now)
  slack.word(conversation, "wrote before the database was restored. Nothing is answered by itself now, please look at it:", event.card or event.content)
  conversations.answered(conversation.id, conversation.last_seq, nil, conversation.asked, now)
end

-- A message that is stored: who hears of it, and who answers.
local function arrived(event, now)
  local conversation = conversations.arrive(event, now)
  if conversation.last_seq == 1 and people.opted_out_before(event.conversation) then
    conversations.opt_out(event.conversation, nil, now)
    conversation = conversations.get(event.conversation)
  end
  messages.add_user(event, conversation.last_seq, now)
  if event.address then keep_address(event) end
  log.info("whatsapp.received", { from = mask(event.conversation), kind = event.kind })
  if event.kind ~= "unsupported" and not event.wordless and opt_words(event, conversation, now) then return end
  if conversation.status == "PAUSED" and slack.pause_over(conversation, now) then
    conversation = conversations.get(conversation.id)
  end
  if conversation.status == "PAUSED" then return forward(event, conversation, now) end
  if conversation.opted_out == 1 then return slack.message_from_customer(conversation, event.card or event.content) end
  if left_over.is(now) then return leave(event, conversation, now) end
  tell_staff(event, conversation)
  enqueue_turn(conversation, now)
end

local QUIET = {}

-- The customer changed their words. They have the place they had; what was answered stays answered.
function QUIET.edit(event)
  if event.original then messages.replace(event.original, event.conversation, event.content) end
end

function QUIET.revoke(event)
  if event.original then messages.replace(event.original, event.conversation, "[deleted message]", "deleted") end
end

function QUIET.system(event)
  local conversation = event.changed_number and conversations.get(event.conversation)
  if conversation then slack.word(conversation, "has changed their WhatsApp number; this chat ends here, the new number begins a new one.") end
end

-- again: collects the people whose erased messages have come once more.
local function read_message(item, names, own, now, again)
  local event, reason = inbound.message(item, names, now)
  if not event then return inbox.park(reason, json.encode(item)) end
  if event.conversation == own then
    return log.info("whatsapp.own_message", {})
  end
  if event.silent then
    if QUIET[event.kind] then QUIET[event.kind](event) end
    return log.debug("whatsapp.silent", { kind = event.kind })
  end
  local stored, erasures = messages.known(event.id)
  if stored then return log.debug("whatsapp.duplicate", { from = mask(event.conversation) }) end
  if erasures and people.is_erased_message(event.id) then
    again[#again + 1] = event.conversation
    return log.debug("whatsapp.erased", {})
  end
  arrived(event, now)
end

-- One change. Anything but messages and statuses for our own number is not for us.
local function read_value(value, now, again)
  local metadata = type(value.metadata) == "table" and value.metadata or {}
  local number_id = metadata.phone_number_id
  if number_id ~= nil and number_id ~= json.null and number_id ~= settings.get("META_PHONE_NUMBER_ID") then
    return log.info("whatsapp.other_number", {})
  end
  local own = type(metadata.display_phone_number) == "string" and metadata.display_phone_number or nil
  if own and not own:find("^%d*$") then own = own:gsub("%D", "") end
  if type(value.messages) == "table" and json.is_array(value.messages) then
    local names = inbound.contacts(value.contacts)
    for _, item in ipairs(value.messages) do read_message(item, names, own, now, again) end
  elseif value.messages ~= nil and value.messages ~= json.null then
    inbox.park("messages that are not a list", json.encode(value.messages))
  end
  if type(value.statuses) == "table" and json.is_array(value.statuses) then
    statuses.read(value.statuses, now, again)
  elseif value.statuses ~= nil and value.statuses ~= json.null then
    inbox.park("statuses that are not a list", json.encode(value.statuses))
  end
  for _, fault in ipairs(type(value.errors) == "table" and value.errors or {}) do
    log.warn("whatsapp.platform_error", { code = type(fault) == "table" and math.type(fault.code) == "integer" and fault.code or 0 })
  end
end

local function read_change(change, now, again)
  if type(change) ~= "table" then return inbox.park("a change that is not an object", json.encode(change)) end
  if change.field ~= nil and change.field ~= json.null and change.field ~= "messages" then
    local field = type(change.field) == "string" and change.field:gsub("[^%w_]", "?"):sub(1, 60) or "?"
    return log.info("whatsapp.other_field", { field = field })
  end
  if type(change.value) ~= "table" then return inbox.park("a change without a value", json.encode(change)) end
  read_value(change.value, now, again)
end

---@param row host.inbox.Row
function M.run(row)
  if row.body:sub(1, 2) == "\31\139" then return inbox.park("compressed (gzip), which is not read here") end
  local body, why = json.decode(row.body)
  if body == nil then return inbox.park("not JSON: " .. tostring(why)) end
  if type(body) ~= "table" or type(body.entry) ~= "table" or not json.is_array(body.entry) then
    return inbox.park("not a webhook of WhatsApp: it has no list of entries")
  end
  if body.object ~= nil and body.object ~= json.null and body.object ~= "whatsapp_business_account" then return log.info("whatsapp.other_object", {}) end
  local now, again = row.received_at, {}
  for _, entry in ipairs(body.entry) do
    if type(entry) == "table" and type(entry.changes) == "table" then
      for _, change in ipairs(entry.changes) do read_change(change, now, again) end
    else
      inbox.park("an entry without changes", json.encode(entry))
    end
  end
  for _, id in ipairs(again) do -- a redelivery brings nobody back, nor their words
    local left = inbox.get(row.id)
    if left then inbox.replace(row.id, (strip.person(left.body, id))) end
  end
end

return M
