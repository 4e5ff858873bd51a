-- What staff do in a chat, whatever they do it with (a card, the slash command, a thread): it is checked, done, and noted in audit.
-- Each function says in plain words why it did nothing. Nothing here waits, so that the caller's writes belong to the same step.

local amount = require "language.amount"
local audit = require "records.audit"
local cards = require "staff.cards"
local cases = require "records.cases"
local conversations = require "records.conversations"
local leads = require "staff.leads"
local names = require "staff.names"
local owner = require "owner"
local pauses = require "staff.pauses"
local quotes = require "records.quotes"
local tell = require "staff.tell"
local text = require "language.text"
local time = require "host.time"
local window = require "records.window"

local M = {}

M.MOST_CHARACTERS = 4096 -- of a WhatsApp message

---@class staff.User
---@field id string
---@field name string
---@field team? string

---The chat becomes this user's; the first one wins.
---@param conversation table
---@param user staff.User
---@param say fun(conversation: table, text: string, options: table) tells the customer, where the owner wants it
---@return "taken"|"again"|"other"
function M.take(conversation, user, say)
  local outcome = pauses.take(conversation, user, say)
  if outcome == "taken" then
    audit.add(user, "take", conversation.id)
    tell.refresh(conversation.id)
  end
  return outcome
end

---The chat goes back to the assistant.
---@param conversation table
---@param user staff.User
---@param say fun(conversation: table, text: string, options: table) as for take
---@return boolean given false: it was back already
function M.give_back(conversation, user, say)
  local given = pauses.resume(conversation, say)
  if given then
    audit.add(user, "return", conversation.id, conversation.paused_by_name)
    tell.refresh(conversation.id, { by = user.name })
  end
  return given
end

---The pause goes on, although nobody wrote.
---@param conversation table
---@param user staff.User
---@return boolean kept false: the chat is not paused
function M.keep(conversation, user)
  if conversation.status ~= "PAUSED" then return false end
  conversations.pause_active(conversation.id)
  audit.add(user, "keep", conversation.id)
  return true
end

---Staff close the case and say why. The assistant has the chat again, and answers when the customer writes.
---@param conversation table
---@param user staff.User
---@param reason any of cards.CLOSE_REASONS
---@param typed any the final amount, only for "done"
---@return boolean closed
---@return string? why in words for the user, when it is not closed
function M.close(conversation, user, reason, typed)
  reason = type(reason) == "string" and text.trim(reason:lower():gsub("_", " ")) or ""
  local known = false
  for _, one in ipairs(cards.CLOSE_REASONS) do known = known or one == reason end
  if not known then return false, "Choose why it is closed: " .. table.concat(cards.CLOSE_REASONS, ", ") .. "." end
  typed = type(typed) == "string" and text.trim(typed) or ""
  local cents = typed ~= "" and amount.cents(typed) or nil
  if typed ~= "" and not cents then return false, "This is no amount. " .. amount.EXPECTED end
  if cents and reason ~= "done" then return false, "A final amount belongs to a case that is done. Empty its box, or choose done." end
  local case = cases.current(conversation.id)
  if not case and conversation.status ~= "PAUSED" then return false, names.who(conversation) .. " has no case that is open." end
  if cases.close_as(conversation.id, { reason = reason, cents = cents, by = user.name }) then
    leads.changed(conversation.id, "closed", { reason = reason, cents = cents, by = user.name }, case)
  end
  if pauses.release(conversation) then -- what came while the assistant had the chat still waits for its answer
    conversations.answered(conversation.id, conversation.last_seq, nil, conversation.asked, time.now_ms())
  end
  tell.refresh(conversation.id)
  audit.add(user, "close", conversation.id, case and case.state or nil, reason .. (cents and ", " .. amount.shown(cents) or ""))
  return true
end

-- The text after a known name at the beginning, where blanks, _ and - are the same.
local function after(words, name)
  local said, wanted = words:lower():gsub("[_%-]", " "), name:lower():gsub("[_%-]", " ")
  if said:sub(1, #wanted) == wanted and not words:sub(#wanted + 1, #wanted + 1):find("%w") then return text.trim(words:sub(#wanted + 1)) end
end

local function longest(words, list)
  local best, rest
  for _, name in ipairs(list) do
    local behind = after(words, name)
    if behind and (not best or #name > #best) then best, rest = name, behind end
  end
  return best, rest
end

---"elevator access yes": a field that is asked for, and what is behind it.
---@param words string
---@return string? field
---@return string value, or why there is none
function M.field_of(words)
  local fields = owner.system.quote_fields_needed
  local field, value = longest(words, fields)
  if not field then return nil, "There is no such field. The fields are: " .. table.concat(fields, ", ") .. "." end
  return field, value
end

---"too far": a reason to close a case, and what is behind it.
---@param words string
---@return string? reason
---@return string? amount
function M.reason_of(words) return longest(words, cards.CLOSE_REASONS) end

---Corrects a fact of the quote. The model does not change it any more.
---@param conversation table
---@param user staff.User
---@param field string of the prompt file
---@param value string "?": it is unknown again
---@return string? value as it is stored
---@return string? why in words for the user, when it is nil
function M.set(conversation, user, field, value)
  value = text.trim(value)
  if value == "" then return nil, "A value is missing. Write it behind the field, or \"?\" when it is not known." end
  if (utf8.len(value) or #value) > text.FIELD then return nil, ("A value can have at most %d characters."):format(text.FIELD) end
  local before = quotes.correct(conversation.id, field, value ~= "?" and value or nil)
  tell.refresh(conversation.id)
  audit.add(user, "set", conversation.id, before and field .. ": " .. before or nil, field .. ": " .. value)
  return value
end

-- Why these words cannot be sent now; nil: they can.
local function refusal(conversation, words, once)
  if not words:find("%S") then return "There are no words to send. Write them into the box, then press Send." end
  local length = utf8.len(words) or #words
  if length > M.MOST_CHARACTERS then
    return ("A WhatsApp message has at most %d characters, and this one has %d. Send it in two parts."):format(M.MOST_CHARACTERS, length)
  end
  if conversation.blocked_at then return names.who(conversation) .. " is blocked, so nothing is sent to them." end
  if conversation.status ~= "PAUSED" and not once then
    return "The assistant has this chat. Take it over first, then send your words again."
  end
end

-- How else the customer can be reached, when WhatsApp takes no free text any more.
local function other_way(conversation)
  if window.is_open(conversation, time.now_ms()) then return "" end
  local digits = names.digits(conversation)
  return digits and " Call them: " .. names.phone(digits) .. "." or " Wait until they write again."
end

---Sends a customer what a member of staff wrote. Any colleague may write once the chat is taken over.
---@param conversation table
---@param user staff.User
---@param words any
---@param say fun(conversation: table, text: string, options: table): string?, string?
---@param once? boolean also while the assistant has the chat
---@param form? table a file in WhatsApp's form; the words are its caption, or its name
---@return string? message_id of ours
---@return string? why in words for the writer, when it is nil
function M.write(conversation, user, words, say, once, form)
  words = text.typed(words)
  local why = refusal(conversation, words, once)
  if why then return nil, why end
  local id, unfit = say(conversation, words, { kind = "staff", author = user.name, form = form })
  if not id then return nil, (unfit or "WhatsApp does not take these words.") .. other_way(conversation) end
  conversations.pause_active(conversation.id)
  cases.active(conversation.id)
  audit.add(user, "write", conversation.id, nil, words)
  return id
end

return M
