-- The fixed texts of the assistant in English, with which each other language's file is completed. An owner changes a text under its key
-- in prompts/replies.yaml, and writes the other languages in prompts/replies.<code>.yaml. "{label}" is the field that is asked for, in
-- small letters; "{time}" is when a visit is, "{old}" when a moved one was.
local languages = require "language.languages"

local M = {}

-- First the texts that need no model, then the fixed questions, in the order in which they occur in a conversation.
M.defaults = {
  { "first_contact", "" }, { "after_hours", "" }, { "ask_photos", "" },
  { "unsupported", "Sorry, I can only handle text messages right now." },
  { "paused", "Our team is handling your request directly. We'll be in touch shortly." },
  { "notice_joined", "{name} from our team has joined this chat." },
  { "notice_returned", "Our assistant has this chat again and will answer you here." },
  { "booking", "You can pick a time for an on-site assessment here:" },
  { "human", "Of course. I've asked a member of our team to join this chat. They'll write to you here." },
  { "opted_out", "You're unsubscribed and won't get messages from us any more. Send START to hear from us again." },
  { "opted_in", "Welcome back! How can we help you?" }, { "write_again", "We could not read your message. Could you write it again?" },
  { "voice_note", "Thanks for the voice note. I can't listen to it here, sorry. Could you write it to me?" },
  { "outside_area", "Sorry, that is outside the area we serve. I've passed your message on to our team." },
  { "staff_late", "Our team will see your message as soon as possible." },
  { "booked", "You're booked for an on-site assessment: {time}. See you then!" },
  { "moved", "Your on-site assessment has been moved to {time}." },
  { "cancelled", "Your on-site assessment of {time} is cancelled. Write to us here if you'd like another time." },
  { "another_time", "Our team asks for another time for your on-site assessment of {time}. Write to us here and we'll find one." },
  { "requested", "We've received your request for an on-site assessment: {time}. We'll confirm it here." },
  { "rejected", "Sorry, {time} doesn't work for our team. Write to us here and we'll find another time." },
  { "booking_reminder", "A reminder: your on-site assessment is on {time}. Write to us here if anything has changed." },
  { "bot", "I'm an automated assistant. Write \"agent\" if you'd like a person from our team to get in touch." },
  { "cancel_visit", "I've told our team that you want to cancel. Somebody will confirm it with you." },
  { "change_visit", "I've told our team that you need another time. Somebody will write to you here to arrange it." },
  { "call_me", "Of course. I've asked our team to call you." },
  { "complaint", "I'm sorry about that. I've passed it on to our team, and somebody will get in touch with you." },
  { "not_interested", "No problem, thanks for letting us know. I've told our team. Write to us here if you need us again." },
  { "wrong_number", "Sorry for the mix-up. I've told our team, and we won't ask you anything more." },
  { "nudge", "This is {business}. We still have a question for you: {question} Reply STOP to end." },
  { "quote_sent", "Our quote: {amount} plus HST.\n{note}\nYou can accept or decline it with the buttons below, or write to us here." },
  { "button_accept", "Accept" }, { "button_decline", "Decline" },
  { "quote_accepted", "Thank you! I've told our team that you accept the quote." },
  { "quote_declined", "Thank you for letting us know. I've told our team." },
  { "quote_answered", "You have answered this quote already. Write to us here if you'd like to change something." },
  { "quote_over", "Sorry, this quote no longer counts. I've told our team, and they will get back to you." },
  { "greeting", "Hi! Thanks for reaching out to us." },
  { "ask_address", "What's the pickup address?" }, { "confirm_address", "Is it again at {address}?" },
  { "ask_elevator_access", "Is there an elevator we can use?" },
  { "ask_stairs", "Are there any stairs involved?" },
  { "ask_inventory", "What items would you like removed?" },
  { "ask_other", "Could you tell me the {label}?" },
  { "ask_address_again", "Could you send me the address, with street, number, and the town or postal code?" },
  { "ask_elevator_access_again", "Can things be taken down in an elevator? Yes, no or \"not sure\" is enough." },
  { "ask_stairs_again", "How many flights of stairs are there on the way out? \"None\" or \"not sure\" is fine too." },
  { "ask_inventory_again", "Which items should we take away? A short list is enough, like \"1 couch, 3 boxes\"." },
  { "ask_other_again", "I still need one thing: the {label}. If you don't know it, just say so." },
  { "left_open", "No problem, we can sort that out later." },
  { "thanks", "Thanks!" }, { "thanks_again", "Got it." }, { "late", "Sorry that this answer took so long." },
  { "button_yes", "Yes" }, { "button_no", "No" }, { "button_not_sure", "Not sure" }, { "button_booking", "Pick a time" },
  { "unclear", "Sorry, I didn't quite get that." },
  { "question", "I've passed your question to our team." },
  { "question_again", "Our team has this question too." },
  { "wait", "Let me check on that, one moment." },
  { "wait_again", "Thanks for your patience, our team will look at this with you." },
  { "complete", "Thank you, that's everything we need! Our team will review the details and get back to you with a quote." },
  { "noted", "Thanks, I've added that for our team." },
  { "noted_again", "Got it, our team will see that too." },
  { "waiting", "Our team has your message and will be with you as soon as possible." },
  { "stuck", "I'd like someone from our team to help you with this. They'll write to you here." },
  { "stuck_again", "Someone from our team will write to you here as soon as they can." },
  { "visit", "Your on-site assessment is on {time}. See you then!" },
  { "welcome", "You're welcome! Write to us here if anything changes." },
}

local BUILT_IN = {}
for _, entry in ipairs(M.defaults) do BUILT_IN[entry[1]] = entry[2] end

-- The text of a key in a language: the owner's, else in English, else as it is here. nil when no such key exists.
---@param owner {languages?: {code: string, texts: table<string, string>}[]} the owner's files; English is first in the list
---@param key string
---@param code? string
---@return string?
function M.get(owner, key, code)
  local list = owner.languages or {}
  local english = list[1] and list[1].texts[key]
  for i = 2, code ~= "en" and #list or 0 do
    local own = list[i].code == code and list[i].texts[key]
    if own and own ~= "" then return own end
  end
  return english and (english ~= "" or key == "late") and english or BUILT_IN[key]
end

-- A fixed text in the customer's language.
---@param owner {languages: table, spoken: language.Spoken}
---@param key string
---@param texts string[] what the customer wrote; it decides where the language is not known
---@param known? string the conversation's language
---@return string
function M.say(owner, key, texts, known) return M.get(owner, key, languages.of(owner.spoken, known, texts)) end

return M
