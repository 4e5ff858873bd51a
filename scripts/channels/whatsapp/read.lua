-- The inbox's reader: goes through one accepted webhook item by item. Each item becomes rows: the conversation, the message, and the job
-- of the turn that will answer it. An item that cannot be read is parked with its reason, and the others are read. Nothing here waits.

local beside = require "channels.whatsapp.beside"
local cases = require "records.cases"
local changes = require "channels.whatsapp.changes"
local codes = require "channels.whatsapp.codes"
local conversation_flow = require "flow.conversation"
local conversations = require "records.conversations"
local fetch = require "channels.whatsapp.fetch"
local heads = require "language.heads"
local inbound = require "channels.whatsapp.inbound"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local json = require "host.json"
local languages = require "language.languages"
local left_over = require "records.left_over"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local numbers = require "records.numbers"
local opt_out = require "language.opt_out"
local owner = require "owner"
local pauses = require "staff.pauses"
local people = require "records.people"
local say = require "channels.whatsapp.say"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local replies = require "flow.replies"
local sender = require "channels.whatsapp.sender"
local settings = require "host.settings"
local statuses = require "channels.whatsapp.statuses"
local strip = require "channels.whatsapp.strip"
local tell = require "staff.tell"
local text = require "language.text"
local time = require "host.time"
local turns = require "records.turns"
local whose = require "channels.whatsapp.whose"

local M = {}

-- Kinds without text that staff should know about at once, because nothing in the chat shows them.
local function tell_staff(event, conversation)
  if event.for_staff and not event.map then tell.word(conversation, table.unpack(event.for_staff)) end
  if event.map then
    tell.word(conversation, table.unpack(event.for_staff))
  elseif event.card then
    tell.word(conversation, "sent a contact card:", event.card)
  elseif event.kind == "edit" and event.reply_to and cases.current(conversation.id) then
    tell.follow_up(conversation, nil, event.content, "has edited a message that they have an answer to:")
  end
end

-- Puts the turn that answers: when the customer has been quiet, but not later than the longest wait after the first unanswered message.
local function enqueue_turn(conversation, now)
  local due = conversation_flow.due({ last_message_ms = now, first_unanswered_ms = conversation.waiting_since }, now,
    settings.get("TURN_QUIET_MS"), settings.get("TURN_MAX_WAIT_MS"))
  turns.enqueue(conversation.id, due)
end

-- Handles STOP and START, which work without a model in every state. True: the message was one of them.
local function opt_words(event, conversation, now)
  local word, code = opt_out.word(owner.spoken, event.content)
  if not owner.spoken.used[code] then code = nil end
  if word == "stop" then
    if conversations.opt_out(conversation.id, code, now) then
      say.say(conversation, replies.say(owner, "opted_out", {}, code or conversation.language),
        { kind = "opt_out", keys = { "opted_out" } })
      tell.word(conversation, "has opted out (" .. text.clip(event.content, 20) .. "): nothing automatic is sent any more.")
    end
    return true
  elseif word == "start" and conversation.opted_out == 1 then
    conversations.opt_in(conversation.id, now)
    people.opted_in(people.names(conversation.id))
    if code and code ~= conversation.language then conversations.speaks(conversation.id, code) end
    say.say(conversation, replies.say(owner, "opted_in", {}, code or conversation.language), { kind = "opt_out", keys = { "opted_in" } })
    tell.word(conversation, "has opted in again.")
    return true
  end
  return false
end

-- The message as staff read it.
local function shown(event)
  local sent = event.for_staff
  if sent and (event.map or event.kind == "unsupported" or event.kind == "undelivered") then
    return sent[2] and sent[2] .. "\n" .. (event.map or sent[1]) or sent[1]
  end
  return event.card or heads.shown(event.content, event.kind, event.reply_to and messages.quoted(event))
end

-- Staff have this chat: they get the message. The customer gets at most one text that says so.
local function forward(event, conversation, now)
  tell.message_from_customer(conversation, shown(event))
  conversations.pause_active(conversation.id, now)
  if conversation_flow.paused_reply_due(conversation, now) then
    conversations.paused_told(conversation.id, now)
    say.say(conversation, replies.say(owner, "paused", { event.content }, conversation.language),
      { kind = "paused", keys = { "paused" }, told = true })
  end
end

-- A shared location fills the address field when no address is known yet.
local function keep_address(event)
  local data, locked = quotes.get(event.conversation)
  if quote.known(data.address) then return end
  local merged, changed = quote.merge(data, { address = event.address }, owner.system.quote_fields_needed, locked)
  if #changed > 0 then quotes.put(event.conversation, merged) end
end

-- The message came before the database was restored, so staff may have answered it since.
local function leave(event, conversation, now)
  tell.word(conversation, "wrote before the database was restored. The assistant does not answer it. Please look at it:",
    shown(event))
  conversations.answered(conversation.id, conversation.last_seq, nil, conversation.asked, now)
end

-- A message is stored: decides who is told, and who answers.
local function heard(event, conversation, now)
  local words = event.kind ~= "unsupported" and event.kind ~= "undelivered" and event.kind ~= "deleted" and not event.bare
  if words and opt_words(event, conversation, now) then return end
  if event.kind == "deleted" then
    tell.follow_up(conversation, "has deleted a message.")
    if conversation.status == "PAUSED" or conversation.opted_out == 1 or not conversation.waiting_since then return end
    return enqueue_turn(conversation, now) -- it answers the other messages, if any, and then nobody waits
  end
  if conversation.status == "PAUSED" and pauses.over(conversation, now) then
    conversation = conversations.get(conversation.id)
  end
  if conversation.status == "PAUSED" then return forward(event, conversation, now) end
  if conversation.opted_out == 1 then return tell.message_from_customer(conversation, shown(event)) end
  if left_over.is(now) then return leave(event, conversation, now) end
  tell_staff(event, conversation)
  enqueue_turn(conversation, now)
end

-- What they write shows another language than the chat's, whatever carried it: it takes more to leave a known one.
local function hear(event, conversation)
  local code = languages.clear(owner.spoken, event.content, conversation.language)
  if not code then return end
  conversations.speaks(conversation.id, code)
  conversation.language = code
end

-- A message arrived.
local function arrived(event, now)
  local words = event.kind ~= "unsupported" and event.kind ~= "undelivered" and not event.bare
  event.language = words and languages.clear(owner.spoken, event.content) or nil
  local conversation = conversations.arrive(event, now)
  if event.fresh then whose.remember(event, now) end
  if conversation.last_seq == 1 and people.opted_out_before { event.conversation, event.number or event.user_id,
      event.user_id or event.number, event.also } then
    conversations.opt_out(event.conversation, nil, now)
    conversation = conversations.get(event.conversation)
  end
  messages.add_user(event, conversation.last_seq, now)
  if event.media then
    event.media.declared = fetch.hex_of(event.media.sha256)
    fetch.arrived(event, now)
  end
  if event.address then keep_address(event) end
  if event.language and event.language ~= conversation.language then hear(event, conversation) end
  log.info("whatsapp.received", { from = mask(event.conversation), kind = event.kind })
  heard(event, conversation, now)
end

local QUIET = {}

function QUIET.edit(event, now)
  if event.original then changes.read(event, now, arrived, heard) end
end

QUIET.revoke = QUIET.edit

function QUIET.system(_, now, item) whose.changed(item, now) end

-- again: collects the names of the people whose erased messages were delivered again.
local function read_message(item, one, now, again)
  inbox.about(inbound.whose(item))
  local event, reason = inbound.message(item, one.names, now, one.links)
  local id = event and event.id or type(item) == "table" and type(item.id) == "string" and item.id
  local stored, erasures, changed
  if id then stored, erasures, changed = messages.known(id) end
  if erasures and (people.is_erased_message(id) or event and event.original and people.is_erased_message(event.original)) then
    again[#again + 1] = sender.set(event and event.number, event and event.user_id)
    return log.debug("whatsapp.erased", {})
  end
  if not event then return inbox.park(reason, json.encode(item)) end
  if event.number and event.number == one.own then
    return log.info("whatsapp.own_message", {})
  end
  if stored then return log.debug("whatsapp.duplicate", { from = mask(event.conversation) }) end
  whose.find(event, now)
  inbox.about(event.conversation)
  if event.silent then
    if QUIET[event.kind] then QUIET[event.kind](event, now, item) end
    if event.for_staff then
      tell.word(conversations.get(event.conversation) or { id = event.conversation, phone_number = event.number or "" }, event.for_staff[1])
    end
    return log.debug("whatsapp.silent", { kind = event.kind })
  end
  if changed then changes.early(event) end
  arrived(event, now)
end

-- The fields of a change that are read, and the lists in them beside messages and statuses.
local FIELDS = { messages = true, smb_message_echoes = true, message_echoes = true, calls = true, user_preferences = true }
local BESIDE = { "message_echoes", "calls", "user_preferences" }

-- ---- the items of a webhook: { read = function(item, now, again), … } ----

local function read_one_message(one, now, again) read_message(one.item, one, now, again) end

local function read_one_status(one, now, again) statuses.read(one.item, one.first, now, again) end

local function read_one_beside(one, now) beside[one.field](one.item, now) end

local function park_one(one) inbox.park(one.reason, json.encode(one.item)) end

local function warn_of(one)
  local fault = one.item
  log.warn("whatsapp.platform_error", { code = type(fault) == "table" and codes.number(fault.code) or 0 })
end

-- Adds each item that value[field] holds to items.
local function add_list(items, value, field, read, names, own, links)
  local list = value[field]
  if type(list) == "table" and json.is_array(list) then
    for i, item in ipairs(list) do
      items[#items + 1] = { read = read, item = item, value = value, field = field, first = i == 1, names = names, own = own,
        links = links }
    end
  elseif list ~= nil and list ~= json.null then
    items[#items + 1] = { read = park_one, item = list, reason = field .. " that are not a list" }
  end
end

-- A webhook for another number than ours: nobody is answered. When none comes for ours, META_PHONE_NUMBER_ID is wrong.
local function for_another(one, now)
  local ours, other = settings.get("META_PHONE_NUMBER_ID"), tostring(one.number):gsub("[^%w_]", "?"):sub(1, 40)
  local alone, first = numbers.other(ours, other, now)
  local line = { number = other, ours = ours }
  if not alone then return log.info("whatsapp.other_number", line) end
  line.remedy = "put the right id into META_PHONE_NUMBER_ID and restart"
  log.warn("whatsapp.wrong_number", line)
  if not first then return end
  tell.alert("whatsapp.number", ("webhooks come for the number with the id %s, and in the last 24 hours none came for META_PHONE_NUMBER_ID,"
    .. " which is %s, so no customer is answered. Put the right id into META_PHONE_NUMBER_ID (Meta: WhatsApp, API Setup) and restart "
    .. "the service."):format(other, ours))
end

-- Reads one change. Only messages and statuses for our own number are used.
local function add_value(items, value)
  local metadata = type(value.metadata) == "table" and value.metadata or {}
  local number_id = metadata.phone_number_id
  if number_id ~= nil and number_id ~= json.null and number_id ~= settings.get("META_PHONE_NUMBER_ID") then
    items[#items + 1] = { read = for_another, number = number_id }
    return
  end
  if number_id == settings.get("META_PHONE_NUMBER_ID") then numbers.ours(number_id, time.now_ms()) end
  local own = type(metadata.display_phone_number) == "string" and metadata.display_phone_number or nil
  if own and not own:find("^%d*$") then own = own:gsub("%D", "") end
  local names = value.messages and inbound.contacts(value.contacts)
  add_list(items, value, "messages", read_one_message, names, own, names and sender.links(value.contacts, value.messages))
  add_list(items, value, "statuses", read_one_status)
  for _, field in ipairs(BESIDE) do
    if value[field] ~= nil then add_list(items, value, field, read_one_beside) end
  end
  for _, fault in ipairs(type(value.errors) == "table" and value.errors or {}) do items[#items + 1] = { read = warn_of, item = fault } end
end

local function add_change(items, change)
  if type(change) ~= "table" then
    items[#items + 1] = { read = park_one, item = change, reason = "a change that is not an object" }
  elseif change.field ~= nil and change.field ~= json.null and not FIELDS[change.field] then
    local field = type(change.field) == "string" and change.field:gsub("[^%w_]", "?"):sub(1, 60) or "?"
    items[#items + 1] = { read = function() log.info("whatsapp.other_field", { field = field }) end }
  elseif type(change.value) ~= "table" then
    items[#items + 1] = { read = park_one, item = change, reason = "a change without a value" }
  else
    add_value(items, change.value)
  end
end

-- nil: the webhook has nothing to read.
local function items_of(bytes)
  if bytes:sub(1, 2) == "\31\139" then return inbox.park("compressed (gzip), which is not read here") end
  local body, why = json.decode(bytes)
  if body == nil then return inbox.park("not JSON: " .. tostring(why)) end
  if type(body) ~= "table" or type(body.entry) ~= "table" or not json.is_array(body.entry) then
    return inbox.park("not a webhook of WhatsApp: it has no list of entries")
  end
  if body.object ~= nil and body.object ~= json.null and body.object ~= "whatsapp_business_account" then
    return log.info("whatsapp.other_object", {})
  end
  local items = {}
  for _, entry in ipairs(body.entry) do
    if type(entry) == "table" and type(entry.changes) == "table" then
      for _, change in ipairs(entry.changes) do add_change(items, change) end
    else
      items[#items + 1] = { read = park_one, item = entry, reason = "an entry without changes" }
    end
  end
  return items
end

-- A webhook with many items is read in pieces, but decoded once.
local large = {}

local function items_in(row)
  if large.body == row.body then return large.items end
  large = {}
  local items = items_of(row.body)
  if items and row.most and #items > row.most then large = { body = row.body, items = items } end
  return items
end

-- An item that makes this reader fail gets a row of its own, so that the others are read. Alone it is parked, and read again after a
-- reload.
local function set_apart(one, row)
  local contacts, value = type(one.value.contacts) == "table" and one.value.contacts or {}, json.array()
  for _, contact in ipairs(contacts) do
    if #contacts == 1 or type(contact) == "table" and sender.same(one.item, contact) then value[#value + 1] = contact end
  end
  value = { metadata = one.value.metadata, contacts = value, [one.field] = json.array { one.item } }
  log.warn("whatsapp.set_apart", { row = row.id, item = row.place + 1, why = row.refused })
  inbox.put("whatsapp", json.encode { object = "whatsapp_business_account",
    entry = json.array { { changes = json.array { { field = "messages", value = value } } } } })
end

-- Removes the parts of erased people from a redelivered webhook's row, and their bytes from the files. unread: the row is not read to its
-- end, so messages that they wrote after the erasure stay.
local function forget(row_id, again, unread)
  local function erased(id) return type(id) == "string" and people.is_erased_message(id) end
  for _, ids in ipairs(again) do
    local left = inbox.get(row_id)
    if left then inbox.replace(row_id, (strip.person(left.body, ids, erased, unread))) end
  end
  jobs.put { kind = "scrub", unique = "scrub", payload = {} }
end

---@param row host.inbox.Row
---@return integer? place nil: everything is read
function M.run(row)
  local items = items_in(row)
  if not items then return end
  local place, again = row.place or 0, {}
  local last = math.min(#items, place + (row.most or #items))
  if row.refused then
    if #items == 1 or not items[place + 1].field then error(row.refused, 0) end
    set_apart(items[place + 1], row)
    last = place + 1
  else
    for i = place + 1, last do items[i].read(items[i], row.received_at, again) end
  end
  if #again > 0 then forget(row.id, again, last < #items) end
  if last < #items then return last end
  large = {}
end

return M
