-- A message is read: stores it with its conversation and what it brings, and decides who is told of it and who answers: STOP and START,
-- staff in a pause, else the assistant's next turn. Nothing here waits.

local asks = require "channels.whatsapp.asks"
local blocks = require "ops.blocks"
local cases = require "records.cases"
local conversation_flow = require "flow.conversation"
local conversations = require "records.conversations"
local fetch = require "channels.whatsapp.fetch"
local heads = require "language.heads"
local languages = require "language.languages"
local left_over = require "records.left_over"
local log = require "host.log"
local mask = require "mask"
local messages = require "records.messages"
local offers = require "channels.whatsapp.offers"
local opt_out = require "language.opt_out"
local owner = require "owner"
local pauses = require "staff.pauses"
local people = require "records.people"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local replies = require "flow.replies"
local say = require "channels.whatsapp.say"
local tell = require "staff.tell"
local text = require "language.text"
local turns = require "records.turns"
local voice_note = require "language.voice_note"
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

-- A chat's row as conversations.arrive returns it has few columns. Here it gets all of them.
local function whole(conversation) return conversation.created_at and conversation or conversations.get(conversation.id) end

local function enqueue_turn(conversation, now, newest_at) turns.when_quiet(conversation, now, newest_at or now) end

-- What the customer said, also in a voice note or under a photo.
local function words_of(event)
  if event.kind == "image" or event.kind == "video" then return heads.caption(event.content) end
  return event.kind == "audio" and voice_note.words(event.content) or event.content
end

-- Handles STOP and START, which work without a model in every state. True: the message was one of them.
local function opt_words(event, conversation, now)
  local content = words_of(event)
  local word, code = opt_out.word(owner.spoken, content)
  if not word then return false end
  if not owner.spoken.used[code] then code = nil end
  conversation = whole(conversation)
  if word == "stop" then
    if conversations.opt_out(conversation.id, code, now) then
      say.say(conversation, replies.say(owner, "opted_out", {}, code or conversation.language),
        { kind = "opt_out", keys = { "opted_out" } })
      tell.word(conversation, "has opted out (" .. text.clip(content, 20) .. "): nothing automatic is sent any more.")
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
  tell.message_from_customer(conversation, shown(event) .. (event.kind == "undelivered" and " Please ask them to write it again." or ""))
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

-- A blocked person wrote. Their STOP and START count, silently; nothing else follows.
local function unheard(event, conversation, words, now)
  local word = words and opt_out.word(owner.spoken, event.content)
  if word == "stop" then
    conversations.opt_out(conversation.id, nil, now)
  elseif word == "start" and conversations.opt_in(conversation.id, now) then
    people.opted_in(people.names(conversation.id))
  end
  blocks.wrote(conversation.id, conversations.unheard(conversation.id))
end

-- This message has its answer. What they wrote before it still waits for one.
local function answered_alone(conversation, now)
  if conversation.status == "PAUSED" or conversation.opted_out == 1 then return end
  if conversation.answered_seq < conversation.last_seq - 1 then return enqueue_turn(conversation, now) end
  conversations.answered(conversation.id, conversation.last_seq, nil, conversation.asked, now)
end

-- Does nothing but the assistant's turn follow the message? Mostly.
local function only_a_turn(event, conversation, now)
  return conversation.status == "ACTIVE" and conversation.opted_out == 0 and event.kind ~= "deleted" and event.kind ~= "edit"
    and not event.for_staff and not event.card and not left_over.is(now)
end

-- A message is stored: decides who is told, and who answers.
---@param event table
---@param conversation table at least the columns of conversations.arrive
---@param now integer ms
function M.heard(event, conversation, now)
  local words = event.kind ~= "unsupported" and event.kind ~= "undelivered" and event.kind ~= "deleted" and not event.bare
  if conversation.blocked_at then return unheard(event, conversation, words, now) end
  if words and opt_words(event, conversation, now) then return end
  if words and offers.answer(event, conversation, now) then return answered_alone(whole(conversation), now) end
  if only_a_turn(event, conversation, now) then return enqueue_turn(conversation, now, event.newest_at) end
  conversation = whole(conversation)
  if event.kind == "deleted" then
    tell.follow_up(conversation, "has deleted a message.")
    if conversation.status == "PAUSED" or conversation.opted_out == 1 or not conversation.waiting_since then return end
    return enqueue_turn(conversation, now) -- it answers the other messages, if any, and then nobody waits
  end
  if conversation.status == "PAUSED" and pauses.over(conversation, now, say.say) then
    conversation = conversations.get(conversation.id)
  end
  if conversation.status == "PAUSED" then return forward(event, conversation, now) end
  if conversation.opted_out == 1 then return tell.message_from_customer(conversation, shown(event)) end
  if left_over.is(now) then return leave(event, conversation, now) end
  tell_staff(event, conversation)
  enqueue_turn(conversation, now, event.newest_at)
end

-- What they write shows another language than the chat's, whatever carried it: it takes more to leave a known one.
local function hear(event, conversation)
  local code = languages.clear(owner.spoken, words_of(event), conversation.language)
  if not code then return end
  conversations.speaks(conversation.id, code)
  conversation.language = code
end

---The words of a voice note that is stored are known: they count as if they had been written.
---@param event {id: string, conversation: string, kind: string, content: string, newest_at: integer} newest_at: ms, when the customer's
---  newest message came
---@param conversation table
---@param now integer ms
function M.said(event, conversation, now)
  if conversation.blocked_at then return end
  hear(event, conversation)
  M.heard(event, conversation, now)
end

-- A message arrived.
function M.arrived(event, now)
  if event.button_id then event.content = asks.chosen(event.button_id, event.content, owner.languages) end
  local words = event.kind ~= "unsupported" and event.kind ~= "undelivered" and not event.bare
  event.language = words and languages.clear(owner.spoken, words_of(event)) or nil
  local conversation = conversations.arrive(event, now)
  if event.fresh then whose.remember(event, now) end
  local before = conversation.last_seq == 1 and people.before { event.conversation, event.number or event.user_id,
    event.user_id or event.number, event.also }
  if before then
    if before.opted_out then conversations.opt_out(event.conversation, nil, now) end
    if before.blocked then conversations.block(event.conversation, "somebody, before they were erased", now) end
    conversation = conversations.get(conversation.id)
  end
  messages.add_user(event, conversation.last_seq, now)
  if not conversation.blocked_at then tell.said(conversation.id, event.id) end
  if event.edit_id then messages.replace(event.id, event.content, nil, event.edited_at, event.edit_id) end
  if event.media and not conversation.blocked_at then
    event.media.declared = fetch.hex_of(event.media.sha256)
    fetch.arrived(event, now)
  end
  if event.address then keep_address(event) end
  if event.language and event.language ~= conversation.language then hear(event, conversation) end
  if log.on "info" then log.info("whatsapp.received", { from = mask(event.conversation), kind = event.kind }) end
  M.heard(event, conversation, now)
end

return M
