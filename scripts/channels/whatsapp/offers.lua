-- What a customer answers to a quote: a button, or plain words where the quote was the last thing said or is quoted. It works while staff
-- have the chat and after its case is closed. Nothing here waits.

local amount = require "language.amount"
local booking_link = require "channels.booking_link"
local bookings = require "records.bookings"
local consent = require "language.consent"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local leads = require "staff.leads"
local names = require "staff.names"
local offers = require "records.offers"
local owner = require "owner"
local replies = require "flow.replies"
local say = require "channels.whatsapp.say"
local settings = require "host.settings"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local STATE = { accept = "accepted", decline = "declined" }

-- The quote that a message answers, and how; nil: none.
local function answered(event, conversation)
  local verb, id
  if event.button_id then verb, id = event.button_id:match("^offer_(%l+):?(%d*)$") end
  if STATE[verb] then
    local offer = #id > 0 and #id < 16 and offers.get(math.tointeger(tonumber(id)))
    if #id == 0 then offer = offers.standing(conversation.id) or offers.last(conversation.id) end
    return offer and offer.conversation_id == conversation.id and offer or nil, STATE[verb]
  end
  if event.kind ~= "text" and event.kind ~= "button" and event.kind ~= "interactive"
    or not consent.may_be(event.content, owner.languages) then
    return nil
  end
  local offer
  if event.reply_to then -- the quote that they quote, which can be over
    offer = offers.of_wamid(conversation.id, event.reply_to)
  else
    offer = offers.standing(conversation.id)
    if offer and not (offer.message_id and offers.is_last_said(conversation.id, offer.message_id)) then return nil end
  end
  if not offer then return nil end
  local meaning = consent.of(owner.languages, event.content)
  return meaning and offer or nil, meaning == "yes" and "accepted" or "declined"
end

-- The words of acceptance, with the booking link unless a visit is booked.
local function accepted_words(conversation, code)
  local words = replies.get(owner, "quote_accepted", code)
  if bookings.standing(conversation.id, time.now_ms()) then return words end
  local token = conversation.token or conversations.set_token(conversation.id, crypto.hex(crypto.random(12)))
  return words .. "\n\n" .. replies.get(owner, "booking", code) .. " "
    .. booking_link.fill { url = settings.get("BOOKING_URL"), name = conversation.name, token = token,
      calcom = settings.get("CALCOM_WEBHOOK_SECRET") ~= nil }
end

local WHY = { withdrawn = "which was withdrawn or replaced", expired = "which has expired", accepted = "which they accepted before",
  declined = "which they declined before" }

-- Says it to the customer, unless they have opted out.
local function reply(conversation, key, words)
  if conversation.opted_out == 1 then return end
  say.say(conversation, words or replies.get(owner, key, conversation.language), { kind = "canned", keys = { key }, told = true })
end

---A message of the customer answers a quote: the quote's state changes once, staff are told, and the customer gets one reply.
---@param event table
---@param conversation {id: string}
---@param now integer ms
---@return boolean handled false: it answers none
function M.answer(event, conversation, now)
  local offer, state = answered(event, conversation)
  if not offer then return false end
  conversation = conversations.get(conversation.id)
  local shown, did = amount.shown(offer.amount_cents), state == "accepted" and "accepts" or "declines"
  local expired = offer.created_at + offers.EXPIRES_MS <= now and offers.close(offer.id, "expired", now)
  if not expired and offers.close(offer.id, state, now) then
    tell.word(conversation, ("%s the quote of %s, which %s sent."):format(did, shown, names.name(offer.author) or "a colleague"),
      event.button_id == nil and event.content or nil)
    leads.changed(conversation.id, state, { cents = offer.amount_cents })
    tell.refresh(conversation.id)
    if state == "accepted" then
      reply(conversation, "quote_accepted", accepted_words(conversation, conversation.language))
    else
      reply(conversation, "quote_declined")
    end
  else
    local was = expired and "expired" or offers.get(offer.id).state
    if was ~= state then tell.word(conversation, ("%s the quote of %s, %s. Please write to them."):format(did, shown, WHY[was])) end
    reply(conversation, (was == "accepted" or was == "declined") and "quote_answered" or "quote_over")
  end
  if conversation.status == "PAUSED" then conversations.pause_active(conversation.id, now) end
  return true
end

return M
