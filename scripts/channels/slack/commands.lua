-- The slash command: what the cards do, typed, in both modes. Each answer is for the person who typed it.

local allowed = require "channels.slack.allowed"
local amount = require "language.amount"
local blocks = require "ops.blocks"
local cards = require "staff.cards"
local card = require "channels.slack.card"
local cases = require "records.cases"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local db = require "host.db"
local desk = require "staff.desk"
local facts = require "staff.facts"
local form = require "channels.slack.form"
local jobs = require "host.jobs"
local json = require "host.json"
local markup = require "channels.slack.plain"
local messages = require "records.messages"
local names = require "staff.names"
local offers = require "staff.offers"
local people = require "records.people"
local plain = require "language.text"
local quote = require "flow.quote"
local status = require "ops.status"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local MOST_CASES, MOST_FOUND, MOST_LINES = 20, 10, 12
local NUMBER_WORDS = 6 -- "+1 (416) 555 12 34" is one number

local HELP = [[What you can type (NUMBER is the customer's number, or the id that a card shows):
/assistant open: the cases that wait, the oldest first
/assistant find NUMBER: chats whose number or name holds it
/assistant show NUMBER: what is known, the last messages and what became of them
/assistant take NUMBER: the chat is yours, the assistant is silent
/assistant return NUMBER: the assistant has the chat again
/assistant send NUMBER words: writes to the customer, once the chat is taken
/assistant quote NUMBER AMOUNT note: sends a quote with Accept and Decline
/assistant set NUMBER field value: corrects what is known; the assistant does not change it any more. "?" in place of the value forgets it
/assistant close NUMBER reason amount: reasons are done (an amount may follow), not a lead, too far, too expensive, no answer, other
/assistant block NUMBER: nothing follows any more from what they write
/assistant status: how the assistant is
/assistant help: this list]]

-- The chat that the first words name, and the words after it.
local function chat_of(words)
  local named, place = "", 0
  for from, word, to in words:gmatch "()(%S+)()" do
    place = place + 1
    if place > NUMBER_WORDS or place > 1 and not word:find "^[%d%(%)%.%-]+$" then break end
    word = word:match "^<tel:[^|>]*|([^>]*)>$" or word
    named = named .. word
    local conversation = from and people.find(people.ids(named))
    if conversation then return conversation, plain.trim(words:sub(to)) end
  end
  return nil, ("There is no chat with %s. /assistant find searches for a part of a number or a name."):format(
    named ~= "" and "the number " .. named or "nobody: a number is missing")
end

local function line_of(conversation, more)
  return names.who(conversation) .. ": " .. more
end

-- The card cannot follow what is typed where there is no thread, so the channel reads it.
local function stands(conversation, words, theirs)
  if not tell.threads then tell.word(conversation, words, theirs) end
end

-- "$1,200 note", "350 CAD note": the amount as it is typed, and what is behind it.
local function amount_of(words)
  local sign, number, rest = words:match "^([A-Za-z]*%$?)%s*(%S+)%s*(.*)$"
  if not number then return words, "" end
  local mark, note = rest:match "^([Cc][Aa][Dd])%f[%A]%s*(.*)$"
  if not mark then mark, note = rest:match "^(%$)%f[%s%z]%s*(.*)$" end
  return sign .. number .. (mark and " " .. mark or ""), note or rest
end

-- "1 200": is it one amount, or an amount and the beginning of the note? What is meant, or a question for the writer.
local function one_amount(typed, note)
  local part, behind = note:match "^(%d%d%d)%f[^%w,][%.]?(%d*)"
  if not part then return typed, note end
  local joined = typed .. " " .. part .. (behind ~= "" and "." .. behind or "")
  local cents, alone = amount.cents(joined), amount.cents(typed)
  if not cents then return typed, note end
  local rest = plain.trim(note:sub(#joined - #typed))
  if rest == "" then return joined, "" end
  if not alone then return joined, rest end
  return nil, ("Is it %s or %s? Nothing was sent. Write the amount without blanks, then the note."):format(amount.shown(alone),
    amount.shown(cents))
end

local VERB = {}

function VERB.help() return HELP end

function VERB.status() return status.words() end

function VERB.open()
  local lines, now = {}, time.now_ms()
  for _, case in ipairs(cases.open_now(MOST_CASES)) do
    local conversation = conversations.get(case.conversation_id)
    if conversation then
      lines[#lines + 1] = line_of(conversation, "since " .. names.moment(case.opened_at, now, time) .. ", " .. cards.reason(case))
    end
  end
  return #lines > 0 and table.concat(lines, "\n") or "No case waits."
end

function VERB.find(words)
  local lines = {}
  for _, conversation in ipairs(people.like(words, MOST_FOUND)) do
    lines[#lines + 1] = line_of(conversation, conversation.status == "PAUSED" and "with staff" or "with the assistant")
  end
  if #lines > 0 then return table.concat(lines, "\n") end
  return "Nobody is found. Type at least three digits of the number, or three letters of the name."
end

function VERB.show(conversation)
  local known = facts.gather(conversation.id)
  local now = conversation.status == "PAUSED" and cards.taken(known) or cards.open(known)
  local lines = { names.who(conversation) }
  for _, line in ipairs(now.lines) do
    if line.label then lines[#lines + 1] = line.label .. ": " .. line.value end
  end
  for _, row in ipairs(messages.last_of_both(conversation.id, MOST_LINES)) do
    local who = row.role == "user" and "Customer" or row.author or "Assistant"
    lines[#lines + 1] = ("> %s: %s%s"):format(who, plain.shown(row.content, 300, true), row.state and " [" .. row.state .. "]" or "")
  end
  return table.concat(lines, "\n")
end

function VERB.take(conversation, _, user, door)
  local outcome = desk.take(conversation, user, door.say)
  if outcome == "other" then
    return names.taken(conversation) .. "."
  end
  if outcome == "taken" and not (tell.threads and cases.carded(conversation.id)) then
    jobs.put { kind = "card", lane = tell.lane(conversation.id), payload = { what = "control", conversation = conversation.id } }
  end
  return names.who(conversation) .. " is yours. The assistant is silent. Write with: /assistant send NUMBER words"
end

VERB["return"] = function(conversation, _, user, door)
  if not desk.give_back(conversation, user, door.say) then return names.who(conversation) .. " is already with the assistant." end
  stands(conversation, user.name .. " has returned this chat to the assistant.")
  return names.who(conversation) .. ": the assistant has the chat again."
end

function VERB.send(conversation, words, user, door)
  words = markup.words(words)
  local id, why = desk.write(conversation, user, words, door.say)
  if not id then return why .. (words ~= "" and "\nYour words were:\n> " .. words:gsub("\n", "\n> ") or "") end
  return "Sent to " .. names.who(conversation) .. ":\n> " .. words:gsub("\n", "\n> ")
end

function VERB.quote(conversation, words, user, door)
  local typed, note = one_amount(amount_of(markup.words(words)))
  if not typed then return note end
  local offer, why = offers.send(conversation, user, typed, note, door)
  if not offer then return why .. "\n" .. offers.given_back(typed, note) end
  stands(conversation, ("%s sends a quote of %s."):format(user.name, amount.shown(offer.amount_cents)))
  return "The quote goes to " .. names.who(conversation) .. "."
end

function VERB.set(conversation, words, user)
  local field, value = desk.field_of(words)
  if not field then return value end
  local changed, why = desk.set(conversation, user, field, value)
  if not changed then return why end
  stands(conversation, ("%s has set %s:"):format(user.name, quote.label(field)), changed == "?" and "unknown" or changed)
  return ("%s: %s is now %s."):format(names.who(conversation), quote.label(field), changed == "?" and "unknown" or "“" .. changed .. "”")
end

function VERB.close(conversation, words, user)
  local reason, rest = desk.reason_of(words)
  local closed, why = desk.close(conversation, user, reason or words, rest)
  if closed then stands(conversation, ("%s has closed the case: %s."):format(user.name, reason)) end
  if not closed then return why end
  local cents = amount.cents(rest)
  return ("%s is closed: %s%s."):format(names.who(conversation), reason, cents and ", " .. amount.shown(cents) or "")
end

function VERB.block(conversation, _, user)
  if not blocks.block(conversation, user) then return names.who(conversation) .. " is blocked already." end
  stands(conversation, user.name .. " has blocked this customer.")
  return names.who(conversation) .. " is blocked: what they write is stored, and nobody is told. assistant unblock ends it."
end

local ALONE = { help = true, status = true, open = true, find = true }

-- What a command says, and the chat that it was about.
local function answer(typed, user, door)
  local verb, words = typed:match "^(%S*)%s*(.*)$"
  verb = verb:lower()
  local run = VERB[verb ~= "" and verb or "help"]
  if not run then return ("There is no \"%s\".\n%s"):format(plain.shown(verb, 40, true), HELP) end
  if ALONE[verb] or verb == "" then return run(words) end
  local conversation, rest = chat_of(words)
  if not conversation then return rest end
  return run(conversation, rest, user, door), verb, conversation
end

---An authentic command.
---@async
---@param request host.Request
---@param door slack.Door
---@return host.Response
function M.handle(request, door)
  local fields = form.decode(request.body)
  if not fields then return { status = 400, json = { error = "bad request" } } end
  local function say(words) -- in blocks in which Slack makes no links
    local shown = card.words(words)
    return { status = 200, json = { response_type = "ephemeral", text = shown.text, blocks = shown.blocks } }
  end
  local id = plain.shown(fields.user_id, 64, true)
  if not allowed.check { user = fields.user_id, team = fields.team_id, app = fields.api_app_id } then return say(allowed.WORDS .. id) end
  local user = { id = id ~= "" and id or "?", name = names.name(fields.user_name) or names.name(id) or "Staff",
    team = fields.team_id and plain.shown(fields.team_id, 64, true) or nil }
  local mark = crypto.hex(crypto.sha256(request.headers["x-slack-signature"]))
  local words, verb, conversation = db.transaction(function()
    local before = cases.seen(mark) -- the same request came again: it does nothing more
    if before then return json.decode(before.body).words end
    local words, verb, conversation = answer(plain.trim(fields.text or ""), user, door)
    local who = conversation and names.who(conversation)
    if who and not words:find(who, 1, true) then words = who .. ": " .. words end
    cases.see(mark, 200, json.encode { words = words })
    return words, verb, conversation
  end)
  if conversation and verb == "take" then door.recall(conversation.id) end
  if conversation and verb == "block" then door.hush(conversation.id) end
  return say(words)
end

return M
