-- What a handoff looks like in the channel, and what becomes of it. Facts in, payload out. Pure.

local booking = require "flow.booking"
local plain_text = require "language.text"
local text = require "channels.slack.text"

local M = {}

local SECTION = 3000
local VALUE = 500
local WORDS = 300
local MAX_SECTIONS = 40

local REASONS = {
  complete = "everything needed is known",
  asked = "the customer asked for a person",
  model = "the assistant hands over",
  question = "a question for the team",
  failed = "the assistant could not answer",
  limit = "this chat has had its turns for the hour, so the assistant is silent for now",
}

---Facts of a card: `case`, `conversation` (rows), `quote` (known values by field), `fields` (their order), `missing`
---(fields still unknown), `label` (field → words), `words` (the customer's newest), `visit` (a booking that stands), `now` and `time`.
---@class slack.Facts

local function section(body)
  return { type = "section", text = { type = "mrkdwn", text = body, verbatim = true } }
end

local function button(label, action_id, conversation)
  return { type = "actions", elements = { {
    type = "button", text = { type = "plain_text", text = label }, action_id = action_id, value = conversation.id,
  } } }
end

---Each known value on a line of its own: the fields of the prompt in their order, then what else is known.
local function known_lines(facts, lines)
  local seen = {}
  local function add(field)
    local value = facts.quote[field]
    if seen[field] or type(value) ~= "string" then return end
    seen[field] = true
    local shown = text.fit(value, VALUE, true)
    if shown ~= "" then lines[#lines + 1] = "*" .. text.fit(facts.label(field), 100, true) .. ":* " .. shown end
  end
  for _, field in ipairs(facts.fields) do add(field) end
  local others = {}
  for field in pairs(facts.quote) do if type(field) == "string" and not seen[field] then others[#others + 1] = field end end
  table.sort(others)
  for _, field in ipairs(others) do add(field) end
end

---@param facts slack.Facts
---@return string[] lines fit for mrkdwn
local function lines_of(facts)
  local conversation, lines = facts.conversation, {}
  local digits = text.phone(conversation.phone_number) and conversation.phone_number or text.phone(conversation.id) and conversation.id
  lines[#lines + 1] = digits and "*Phone:* " .. digits or "*Customer:* " .. text.fit(conversation.id, 150, true)
  local name = text.name(conversation.name)
  if name then lines[#lines + 1] = "*Name:* " .. name end
  known_lines(facts, lines)
  if facts.visit then
    lines[#lines + 1] = (facts.visit.state == "requested" and "*Visit asked for:* " or "*Visit booked:* ")
      .. booking.when(facts.time.zoned(facts.visit.start_at))
  end
  local missing = {}
  for _, field in ipairs(facts.missing) do missing[#missing + 1] = text.fit(facts.label(field), 100, true) end
  if #missing > 0 then lines[#lines + 1] = "*Still missing:* " .. text.fit(table.concat(missing, ", "), 1000, true) end
  if facts.case then
    lines[#lines + 1] = "*Why:* " .. (REASONS[facts.case.reason] or REASONS.model) .. " (case " .. tostring(facts.case.id) .. ")"
  end
  for _, words in ipairs(facts.words or {}) do
    local shown = text.fit(words, WORDS, true)
    if shown ~= "" then lines[#lines + 1] = "> " .. shown end
  end
  return lines
end

---Lines packed into as few sections as Slack allows them to be.
local function sections(lines)
  local blocks, body, length = {}, {}, 0
  local function flush()
    if #body > 0 and #blocks < MAX_SECTIONS then blocks[#blocks + 1] = section(table.concat(body, "\n")) end
    body, length = {}, 0
  end
  for _, line in ipairs(lines) do
    local more = text.length(line) + 1
    if length + more > SECTION then flush() end
    body[#body + 1] = line
    length = length + more
  end
  flush()
  return blocks
end

local function payload(summary, lines, action)
  local blocks = sections(lines)
  if action then blocks[#blocks + 1] = action end
  return { text = summary, blocks = blocks }
end

---Words without a button, in blocks in which Slack makes no links.
---@param words string fit for mrkdwn
---@return table payload
function M.words(words)
  local lines = {}
  for line in plain_text.lines(words) do lines[#lines + 1] = line end
  return payload(words, lines)
end

---The card of an open case.
---@param facts slack.Facts
---@return table payload
function M.open(facts)
  local lines = lines_of(facts)
  table.insert(lines, 1, "*New Quote Request*")
  return payload("New Quote Request from " .. text.number(facts.conversation), lines,
    button("Take Over Chat", "take_over_chat", facts.conversation))
end

---Who has a paused chat, since when, the number to call, and the way back.
---@param facts slack.Facts
---@return table payload
function M.taken(facts)
  local conversation = facts.conversation
  local holder = text.name(conversation.paused_by_name) or "Staff"
  local since = conversation.paused_at and " since " .. text.clock(conversation.paused_at, facts.now, facts.time) or ""
  local lines = lines_of(facts)
  table.insert(lines, 1, "*Taken over by " .. holder .. since .. "*")
  table.insert(lines, 2, "*Call:* " .. text.call(conversation))
  return payload(text.who(conversation) .. ": taken over by " .. holder .. since, lines,
    button("Return to assistant", "resume_chat", conversation))
end

---After the chat went back: what is known stays readable, and it can be taken over again.
---@param facts slack.Facts
---@param by? string who returned it; nil: it ended by itself
---@return table payload
function M.returned(facts, by)
  local conversation = facts.conversation
  local name = text.name(by)
  local what = "back with the assistant since " .. text.clock(facts.now, facts.now, facts.time) .. (name and " (" .. name .. ")" or "")
  local lines = lines_of(facts)
  table.insert(lines, 1, "*" .. text.who(conversation) .. ": " .. what .. "*")
  return payload(text.who(conversation) .. ": " .. what, lines, button("Take Over Chat", "take_over_chat", conversation))
end

---The question an hour before an idle pause ends.
---@param conversation table
---@param idle_hours number
---@return table payload
function M.keep(conversation, idle_hours)
  local words = text.who(conversation) .. ": nobody has written in this paused chat for a while. After "
    .. ("%g"):format(idle_hours) .. " idle hours it goes back to the assistant at the customer's next message."
  return payload(words, { words }, button("Keep paused", "keep_paused", conversation))
end

---What to send when Slack refuses the blocks of a payload: first one plain section and the button, then text alone, of which Slack
---is asked to make no links.
---@param full table payload
---@return table plain, table bare
function M.simpler(full)
  local words, action = {}, nil
  for _, block in ipairs(full.blocks or {}) do
    if block.type == "section" and block.text then words[#words + 1] = block.text.text end
    if block.type == "actions" then action = block end
  end
  local body = table.concat(words, "\n"):gsub("<tel:[+%d]*|([+%d -]*)>", "%1"):gsub("[*]", "")
  local shown = text.plain(body)
  local cut = #shown > 2900 and text.plain(text.fit(shown, 2900)) or shown
  local plain = { text = full.text, blocks = { { type = "section", text = { type = "plain_text", text = cut ~= "" and cut or full.text } }, action } }
  local summary = text.plain(full.text)
  return plain, { text = text.fit(summary == shown and shown or summary .. "\n" .. shown, 3000), parse = "none" }
end

return M
