-- Tells the customer in the chat, and staff in their channel, what happened to a visit. Times are in the business's time zone. Nothing
-- here waits.

local booking_flow = require "flow.booking"
local cases = require "records.cases"
local dates = require "language.dates"
local languages = require "language.languages"
local names = require "staff.names"
local owner = require "owner"
local replies = require "flow.replies"
local tell = require "staff.tell"
local time = require "host.time"
local whatsapp = require "channels.whatsapp"
local window = require "records.window"

local M = {}

---"Tuesday, November 24 at 2:30 PM"
---@param ms integer
---@param language? string
---@return string
function M.when(ms, language)
  return dates.when(time.zoned(ms), language)
end

-- page: the language in which the booking page was read.
local function language_of(conversation, page)
  local texts = conversation.language and {} or cases.last_words(conversation.id)
  return languages.of(owner.spoken, conversation.language or #texts == 0 and page or nil, texts)
end

-- The approved template that the owner set under this key, otherwise the one for any words; nil: none.
local function template_for(name, when, code, words)
  local templates = owner.business.booking.templates
  if not templates[name] then return (whatsapp.template("after_window", code, { words })) end
  return { name = templates[name], language = templates["language_" .. code] or templates.language, parameters = { when } }
end

---@class calcom.News
---@field key string the fixed text's key in replies.yaml
---@field template string the key of booking.templates in business.yaml
---@field start_at integer ms
---@field old_start_at? integer ms
---@field page_language? string in which the booking page was read

---Tells the customer in the chat; its callers tell staff what it says. After 24 hours of silence by template;
---without a template staff are asked to do it.
---@param conversation table a row of conversations
---@param news calcom.News
---@return string outcome a sentence for staff
---@return boolean told false: staff must act
function M.customer(conversation, news)
  if conversation.blocked_at then return "They are blocked, so nothing was sent to them.", false end
  if conversation.opted_out == 1 then return "They have opted out, so nothing was sent to them.", false end
  local code = language_of(conversation, news.page_language)
  local when = M.when(news.start_at, code)
  local words = booking_flow.fill(replies.get(owner, news.key, code), when,
    news.old_start_at and M.when(news.old_start_at, code) or when)
  local template = template_for(news.template, when, code, words)
  local open = window.is_open(conversation, time.now_ms())
  if not open and not template then
    return ("They wrote more than 24 hours ago, so WhatsApp takes no free text, and neither booking.templates.%s nor "
      .. "templates.after_window in prompts/business.yaml names a template. Please tell them: “%s”"):format(news.template, words), false
  end
  -- It is placed before unanswered messages, so that the next turn still ends with the customer's words.
  local seq = conversation.status == "PAUSED" and conversation.last_seq or conversation.answered_seq
  whatsapp.say(conversation, words, { kind = "canned", seq = seq, template = template, keys = { news.key }, told = true })
  return open and "They were told in the chat." or "They were told by template.", true
end

local DID = {
  booked = "booked an on-site assessment: %s", requested = "asks for an on-site assessment: %s",
  cancelled = "the on-site assessment of %s is cancelled",
  another_time = "was asked on the booking page to pick another time than %s",
  rejected = "the request for an on-site assessment on %s was rejected",
}

-- What happened, without the customer's number.
local function happened(event, start_at, old_start_at)
  local when = M.when(start_at)
  local words
  if event.kind == "moved" then
    words = old_start_at and ("the on-site assessment has moved from %s to %s"):format(M.when(old_start_at), when)
      or ("the on-site assessment has moved to %s"):format(when)
  else
    words = DID[event.kind]:format(when)
  end
  return words .. "."
end

---A message to staff about a chat's booking.
---@param conversation table
---@param event calcom.Event
---@param outcome string what the customer was told
function M.staff(conversation, event, start_at, old_start_at, outcome)
  local words = happened(event, start_at, old_start_at)
  if event.name and event.name ~= conversation.name then
    words = words .. " Booked as " .. (names.name(event.name) or "somebody without a name") .. "."
  end
  if event.kind == "requested" then words = words .. " Confirm or reject it on the booking page." end
  tell.word(conversation, words .. " " .. outcome .. (event.reason and " They wrote:" or ""), event.reason)
end

---A booking that belongs to no known chat.
---@param event calcom.Event
---@param has_chat boolean its number has a chat, but the booking did not come from that chat's link
function M.unmatched(event, start_at, old_start_at, has_chat)
  local who = names.name(event.name) or "somebody without a name"
  if event.phones[1] then who = who .. " (" .. (names.phone(event.phones[1]) or event.phones[1]) .. ")" end
  local stranger = has_chat and " This number has a chat, but the booking did not come through the link that was sent there. Perhaps"
    .. " somebody else made it: ask the customer." or ""
  tell.note("A booking belongs to no known chat. " .. who .. ": " .. happened(event, start_at, old_start_at)
    .. " Nothing was sent to them from here." .. stranger .. (event.reason and " They wrote:" or ""), event.reason)
end

return M
