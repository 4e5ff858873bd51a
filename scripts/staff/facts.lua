-- Reads the facts of a card from the database, at the moment when the card is posted.

local area = require "flow.area"
local bookings = require "records.bookings"
local cases = require "records.cases"
local conversations = require "records.conversations"
local quotes = require "records.quotes"
local json = require "host.json"
local media = require "records.media"
local messages = require "records.messages"
local offers = require "records.offers"
local owner = require "owner"
local quote = require "flow.quote"
local returning = require "flow.returning"
local tell = require "staff.tell"
local time = require "host.time"
local window = require "records.window"

local M = {}

-- The name of a language that is not the first one.
local function language_of(code)
  for i, language in ipairs(owner.languages or {}) do
    if language.code == code then return i > 1 and language.name or nil end
  end
end

---@param conversation_id string
---@param case? table
---@return staff.Facts? nil: the conversation is gone
function M.gather(conversation_id, case)
  local conversation = conversations.get(conversation_id)
  if not conversation then return nil end
  conversation_id = conversation.id -- the chat can have been merged into another one
  local fields = owner.system.quote_fields_needed
  local data = quotes.get(conversation_id)
  returning.mark(data, conversation.confirm)
  local where = area.of_chat(data, fields, conversation.area_place, {}, owner.places)
  return {
    case = case or cases.last(conversation_id),
    conversation = conversation,
    source = conversation.source and json.decode(conversation.source) or nil,
    photos = media.counts(conversation_id, conversation.quote_from).image,
    quote = data,
    fields = fields,
    missing = quote.missing(data, fields),
    outside = where.verdict == "out" and where.place or nil,
    label = quote.label,
    words = messages.last_shown(conversation_id, conversation.quote_from),
    visit = bookings.standing(conversation_id, time.now_ms()),
    boxes = conversations.boxes(conversation),
    can_edit = tell.threads,
    offer = offers.last(conversation_id),
    language = language_of(conversation.language),
    writable_until = conversation.inbound_at > 0 and window.until_ms(conversation) or nil,
    now = time.now_ms(),
    time = time,
  }
end

return M
