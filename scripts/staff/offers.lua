-- Quotes: staff send an amount with a note, withdraw one, and hear when one was not answered. Money comes only from here.
-- Nothing here waits.

local amount = require "language.amount"
local audit = require "records.audit"
local cases = require "records.cases"
local conversations = require "records.conversations"
local messages = require "records.messages"
local names = require "staff.names"
local offers = require "records.offers"
local owner = require "owner"
local replies = require "flow.replies"
local tell = require "staff.tell"
local text = require "language.text"
local time = require "host.time"
local window = require "records.window"

local M = {}

M.NOTE = 600 -- characters
local ON_ITS_WAY = { queued = true, sending = true, unknown = true }

---@param words string of replies.yaml
---@param offer {amount_cents: integer, note?: string}
local function fill(words, offer)
  local filled = words:gsub("{(%l+)}", { amount = amount.shown(offer.amount_cents), note = offer.note or "" })
  return text.trim((text.squeeze(filled):gsub("\n\n", "\n")))
end

local function button_text(key, code) return text.first(replies.get(owner, key, code), 20) end

-- Will its message still be sent? One that was dropped ends its quote.
local function is_on_its_way(offer)
  local message = offer.message_id and messages.get(offer.message_id)
  if message and ON_ITS_WAY[message.state] then return true end
  offers.close(offer.id, "withdrawn", time.now_ms())
  return false
end

-- Why no quote can be sent now; nil: it can.
local function refusal(conversation, cents, note)
  if not cents then return "This is no amount. " .. amount.EXPECTED end
  local length = utf8.len(note) or #note
  if length > M.NOTE then return ("The note has %d characters. It can have at most %d."):format(length, M.NOTE) end
  if conversation.blocked_at then return names.who(conversation) .. " is blocked, so nothing is sent to them." end
  if conversation.status ~= "PAUSED" then return "The assistant has this chat. Take it over first, then send the quote again." end
  local standing = offers.standing(conversation.id)
  if standing and standing.state == "sending" and is_on_its_way(standing) then
    return ("%s has just sent a quote of %s, which is on its way. Wait a moment, then send yours; it takes that one's place."):format(
      standing.author, amount.shown(standing.amount_cents))
  end
end

---Sends a customer a quote with buttons to accept and decline it. After WhatsApp's 24 hours it goes by the template `templates.quote`.
---@param conversation table
---@param user staff.User
---@param typed any the amount
---@param note any
---@param door {say: function, template: function} whatsapp
---@return records.Offer? offer
---@return string? why in words for the writer, when it is nil
function M.send(conversation, user, typed, note, door)
  note = text.typed(note)
  local cents = amount.cents(typed)
  local why = refusal(conversation, cents, note)
  if why then return nil, why end
  local code, now = conversation.language, time.now_ms()
  local offer = { conversation = conversation.id, amount_cents = cents, note = note ~= "" and note or nil, author = user.name }
  local closed, before = not window.is_open(conversation, now), offers.last(conversation.id)
  offer.id = offers.add(offer, now)
  local accept, decline = "offer_accept:" .. offer.id, "offer_decline:" .. offer.id
  local template, none = door.template("quote", code, { amount.shown(cents), offer.note or "-" }, { accept, decline })
  if closed and not template then
    offers.remove(offer.id)
    return nil, "24 hours have passed since the customer's last message, and " .. none .. ". Call them instead."
  end
  local words = fill(replies.get(owner, "quote_sent", code), offer)
  local id, unfit = door.say(conversation, words, { kind = "staff", author = user.name, parts = { words }, template = template,
    form = { type = "buttons", buttons = { { id = accept, title = button_text("button_accept", code) },
      { id = decline, title = button_text("button_decline", code) } } } })
  if not id then
    offers.remove(offer.id)
    return nil, unfit or "WhatsApp does not take these words."
  end
  offers.carried(offer.id, id)
  conversations.pause_active(conversation.id)
  cases.active(conversation.id)
  audit.add(user, "quote", conversation.id, before and amount.shown(before.amount_cents) .. ", " .. before.state or nil,
    amount.shown(cents) .. (offer.note and ": " .. offer.note or ""))
  return offers.get(offer.id)
end

---What the writer typed, for when nothing was sent.
---@param typed string the amount
---@param note string
---@return string
function M.given_back(typed, note)
  return "Nothing was sent. The amount was: " .. (typed ~= "" and text.shown(typed, 40, true) or "empty") .. "."
    .. (note ~= "" and " Your note was:\n> " .. note:gsub("\n", "\n> ") or "")
end

---Takes a quote back. One that still waits to be sent is not sent. Else the customer is not told; who accepts it later is told that it no
---longer counts.
---@param conversation table
---@param user staff.User
---@return records.Offer? offer
---@return string? why
function M.withdraw(conversation, user)
  local offer = offers.standing(conversation.id)
  local now = time.now_ms()
  if not offer or not offers.close(offer.id, "withdrawn", now) then return nil, "No quote is open in this chat." end
  if offer.message_id then messages.take_back(offer.message_id, now, "withdrawn") end
  audit.add(user, "withdraw", conversation.id, amount.shown(offer.amount_cents))
  return offer
end

---Ends quotes that nobody answered for 14 days, and tells staff.
---@param now integer ms
function M.expire(now)
  for _, offer in ipairs(offers.expire(now)) do
    local conversation = conversations.get(offer.conversation_id)
    if conversation then
      tell.word(conversation, ("the quote of %s has expired: the customer did not answer it for 14 days."):format(
        amount.shown(offer.amount_cents)))
    end
  end
end

return M
