-- Makes cards for staff from the facts of a chat (staff/facts): a title, lines and a button, as plain text. Pure.

local amount = require "language.amount"
local dates = require "language.dates"
local hazardous = require "language.hazardous"
local names = require "staff.names"
local text = require "language.text"

local M = {}

M.REPLY, M.NOTE = 3000, 600 -- characters of a text box
M.CLOSE_REASONS = { "done", "not a lead", "too far", "too expensive", "no answer", "other" }
local VALUE = 500
local WORDS = 300
local MISSING = 1000

local REASONS = {
  complete = "everything needed is known",
  asked = "the customer asked for a person or a call",
  cancel = "the customer wants to cancel the visit",
  change = "the customer wants another time for the visit",
  complaint = "the customer complains, or reports damage",
  model = "the assistant hands over",
  question = "a question for the team",
  failed = "the assistant could not answer",
  loop = "the other side writes like a machine (the same words again and again, or faster than anybody types), so the assistant is silent "
    .. "until something else is written",
  limit = "this chat has reached its turns per hour, so the assistant is silent for now",
}

---@class staff.Card all of it plain text
---@field summary string shown where only one line fits
---@field title? string
---@field lines staff.CardLine[]
---@field controls (staff.Box|staff.Row)[] below the lines, in their order

---@class staff.Box a text box
---@field box string its name
---@field id string another one once its words were used
---@field label string
---@field hint? string
---@field most integer characters
---@field lines? boolean several lines
---@field value? string what it holds already

---@class staff.Row buttons and menus side by side
---@field row (staff.Button|staff.Menu)[]

---@class staff.Button
---@field words string
---@field action string
---@field value string the conversation's id
---@field style? "primary"|"danger"
---@field confirm? {title: string, words: string, yes: string, no: string} asked before it counts

---@class staff.Menu
---@field menu string its name
---@field words string shown until something is chosen
---@field options string[]

---@class staff.CardLine a label with its value, words that somebody wrote, or words of ours
---@field label? string
---@field value? string
---@field call? string the digits of a number to call, which the value shows
---@field quote? string
---@field words? string

---Facts of a card: `case`, `conversation` (rows), `quote` (known values by field), `fields` (their order), `missing`
---(unknown fields), `outside` (the place, when it is outside our area), `label` (field → words), `words` (the customer's newest
---messages), `offer` (the newest quote), `language` (its name, when it is not English), `writable_until` (ms), `boxes` (how often each
---text box was used), `typed` (what its boxes hold already), `can_edit` (facts can be edited in a window), `visit` (requested or
---booked), `now` and `time`.
---@class staff.Facts

---Why a case was opened, in words.
---@param case {reason: string}
---@return string
function M.reason(case) return REASONS[case.reason] or REASONS.model end

local function add(lines, label, value, limit)
  local shown = text.shown(value, limit or VALUE, true)
  if shown ~= "" then lines[#lines + 1] = { label = text.shown(label, 100, true), value = shown } end
end

---One line per known value: first the fields of the prompt in their order, then other values by name.
local function add_known(lines, facts)
  local seen, others = {}, {}
  for _, field in ipairs(facts.fields) do
    if not seen[field] then add(lines, facts.label(field), facts.quote[field]) end
    seen[field] = true
  end
  for field in pairs(facts.quote) do
    if type(field) == "string" and not seen[field] then others[#others + 1] = field end
  end
  table.sort(others)
  for _, field in ipairs(others) do add(lines, facts.label(field), facts.quote[field]) end
end

---Things among the facts and the customer's newest messages that may be hazardous, as they were written.
local function hazards(facts)
  local texts = {}
  for _, field in ipairs(text.sorted_names(facts.quote)) do texts[#texts + 1] = tostring(facts.quote[field]) end
  return table.concat(hazardous.find(table.move(facts.words or {}, 1, #(facts.words or {}), #texts + 1, texts)), ", ")
end

---The advertisement or post that brought the customer, in one line. Its link is not shown: a card holds none of other people's links.
local function source_of(source)
  local said = source.headline or source.body
  return (source.type == "post" and "a post" or "an ad") .. (said and ": " .. said or "")
    .. (source.welcome and " (its greeting: " .. source.welcome .. ")" or "") .. (source.id and " [" .. source.id .. "]" or "")
end

local OFFER = { open = "Quote sent %s", sending = "Quote of %s is being sent", accepted = "Quote of %s accepted",
  declined = "Quote of %s declined", withdrawn = "Quote of %s withdrawn", expired = "Quote of %s expired" }

---Where the case stands, in a few words: who has the chat, the quote, the visit.
local function state_of(facts)
  local conversation, case, words = facts.conversation, facts.case, {}
  if conversation.blocked_at then
    words[1] = "Blocked"
  elseif conversation.status == "PAUSED" then
    words[1] = "Taken by @" .. (names.name(conversation.paused_by_name) or "staff")
      .. (conversation.paused_at and " at " .. names.moment(conversation.paused_at, facts.now, facts.time) or "")
  elseif case and case.state == "closed" and case.close_reason then
    words[1] = "Closed: " .. case.close_reason .. (case.close_cents and ", " .. amount.shown(case.close_cents) or "")
      .. (names.name(case.closed_by) and " (" .. names.name(case.closed_by) .. ")" or "")
  elseif case and case.state == "closed" then
    words[1] = "Returned"
  else
    words[1] = "Assistant is answering"
  end
  if facts.offer then words[#words + 1] = OFFER[facts.offer.state]:format(amount.shown(facts.offer.amount_cents)) end
  if facts.visit and facts.visit.state == "booked" then
    words[#words + 1] = "Booked for " .. dates.when(facts.time.zoned(facts.visit.start_at))
  end
  return table.concat(words, " · ")
end

---@param facts staff.Facts
---@return staff.CardLine[]
local function lines_of(facts)
  local conversation, lines = facts.conversation, {}
  local digits = names.digits(conversation)
  add(lines, digits and "Phone" or "Customer", digits or names.id(conversation))
  if digits then lines[#lines + 1] = { label = "Call", call = digits, value = names.phone(digits) } end
  add(lines, "Name", names.name(conversation.name))
  add(lines, "State", state_of(facts))
  if facts.source then add(lines, "Came from", source_of(facts.source)) end
  add_known(lines, facts)
  add(lines, "Photos", facts.photos and tostring(facts.photos))
  add(lines, "Outside our area", facts.outside)
  add(lines, "⚠️ May be hazardous", hazards(facts))
  if facts.visit then
    add(lines, facts.visit.state == "requested" and "Visit asked for" or "Visit booked",
      dates.when(facts.time.zoned(facts.visit.start_at)))
  end
  local since = conversation.waiting_since or facts.case and facts.case.state == "open" and facts.case.opened_at
  if since and conversation.status ~= "PAUSED" then add(lines, "Waits since", names.moment(since, facts.now, facts.time)) end
  if facts.writable_until then
    add(lines, "WhatsApp takes free text until", facts.writable_until > facts.now
      and names.moment(facts.writable_until, facts.now, facts.time) or "the customer writes again")
  end
  if facts.language then add(lines, "Language", facts.language) end
  local missing = {}
  for i, field in ipairs(facts.missing) do missing[i] = facts.label(field) end
  add(lines, "Still missing", table.concat(missing, ", "), MISSING)
  if facts.case then
    add(lines, "Why", (REASONS[facts.case.reason] or REASONS.model) .. " (case " .. tostring(facts.case.id) .. ")")
  end
  for _, words in ipairs(facts.words or {}) do
    local shown = text.shown(words, WORDS, true)
    if shown ~= "" then lines[#lines + 1] = { quote = shown } end
  end
  return lines
end

local function take_over(conversation)
  return { { row = { { words = "Take Over Chat", action = "take_over_chat", value = conversation.id } } } }
end

---The box in which staff write to the customer, and its button.
---@param conversation table
---@param used integer how often it was used
---@param value? string what it holds already
---@return staff.Box, staff.Row
function M.reply_box(conversation, used, value)
  return { box = "reply_text", id = "reply_text:" .. used, label = "Write to the customer", most = M.REPLY, lines = true, value = value },
    { row = { { words = "Send", action = "send_reply", value = conversation.id, style = "primary" } } }
end

---What staff can do in a chat that is theirs.
---@param facts staff.Facts
---@return (staff.Box|staff.Row)[]
local function controls_of(facts)
  local conversation, used = facts.conversation, facts.boxes or {}
  local typed = facts.typed or {}
  local reply, send = M.reply_box(conversation, used.reply_text or 0, typed.reply_text)
  local id, quotes = conversation.id, used.quote or 0
  local offer = { { words = "Send quote", action = "send_quote", value = id } }
  if facts.offer and (facts.offer.state == "open" or facts.offer.state == "sending") then
    offer[2] = { words = "Withdraw quote", action = "withdraw_quote", value = id, confirm = { title = "Withdraw the quote?",
      words = "The customer is not told. If they accept it later, they are told that it no longer counts.", yes = "Withdraw",
      no = "Keep" } }
  end
  local give_back = { words = "Return to assistant", action = "resume_chat", value = id }
  local block = { words = "Block", action = "block_customer", value = id, style = "danger", confirm = { title = "Block this customer?",
    words = "What they write is stored, and nobody is told. assistant unblock ends it.", yes = "Block", no = "Cancel" } }
  return {
    reply, send,
    { box = "quote_amount", id = "quote_amount:" .. quotes, label = "Quote: amount in dollars",
      hint = "Like 350 or 1,200.50. Tax is added in the text.",
      most = 20, value = typed.quote_amount },
    { box = "quote_note", id = "quote_note:" .. quotes, label = "Quote: note for the customer", most = M.NOTE, lines = true,
      value = typed.quote_note },
    { row = offer },
    { box = "close_amount", id = "close_amount:" .. (used.close_amount or 0), label = "Final amount, when it is done", most = 20,
      value = typed.close_amount },
    { row = {
      { menu = "close_reason", words = "Why it is closed", options = M.CLOSE_REASONS },
      { words = "Close", action = "close_case", value = id, confirm = { title = "Close this case?",
        words = "The assistant has the chat again. It answers when the customer writes.", yes = "Close", no = "Not yet" } },
    } },
    { row = facts.can_edit and { give_back, { words = "Edit details", action = "edit_details", value = id }, block }
      or { give_back, block } },
  }
end

---The card of an open case.
---@param facts staff.Facts
---@return staff.Card
function M.open(facts)
  return { summary = "New Quote Request from " .. names.number(facts.conversation), title = "New Quote Request", lines = lines_of(facts),
    controls = take_over(facts.conversation) }
end

---The card of a paused chat: who took it over and since when, and what staff can do.
---@param facts staff.Facts
---@return staff.Card
function M.taken(facts)
  local conversation, lines = facts.conversation, lines_of(facts)
  local by = (names.name(conversation.paused_by_name) or "Staff")
    .. (conversation.paused_at and " since " .. names.moment(conversation.paused_at, facts.now, facts.time) or "")
  return { summary = names.who(conversation) .. ": taken over by " .. by, title = "Taken over by " .. by, lines = lines,
    controls = controls_of(facts) }
end

---The card after the chat went back to the assistant. The facts stay readable, and the button takes the chat over again.
---@param facts staff.Facts
---@param by? string who returned it; nil: the pause ended by itself
---@return staff.Card
function M.returned(facts, by)
  local name = names.name(by)
  local closed = facts.case and facts.case.state == "closed" and facts.case.close_reason
  local words = names.who(facts.conversation) .. (closed and ": closed, " .. closed
    or ": back with the assistant since " .. names.moment(facts.now, facts.now, facts.time) .. (name and " (" .. name .. ")" or ""))
  return { summary = words, title = words, lines = lines_of(facts), controls = take_over(facts.conversation) }
end

---The card of the chat as it is now: taken over, or back with the assistant.
---@param facts staff.Facts
---@param by? string who returned it
---@return staff.Card
function M.now(facts, by)
  return facts.conversation.status == "PAUSED" and M.taken(facts) or M.returned(facts, by)
end

---The question that staff get an hour before an idle pause ends.
---@param conversation table
---@param idle_hours number
---@return staff.Card
function M.keep(conversation, idle_hours)
  local words = names.who(conversation) .. ": nobody has written in this paused chat for a while. After "
    .. ("%g"):format(idle_hours) .. " idle hours it goes back to the assistant at the customer's next message."
  return { summary = words, lines = { { words = words } },
    controls = { { row = { { words = "Keep paused", action = "keep_paused", value = conversation.id } } } } }
end

return M
