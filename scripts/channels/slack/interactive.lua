-- Handles a click in Slack. The signature over the raw bytes is checked first. One transaction holds the decision and its effects, and
-- the answer says the result. Slack ignores the answer's body for these buttons, so what staff must see also goes to the click's
-- response_url, by a job. What the click does is staff/desk's.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local jobs = require "host.jobs"
local log = require "host.log"
local time = require "host.time"
local allowed = require "channels.slack.allowed"
local blocks = require "ops.blocks"
local card = require "channels.slack.card"
local cards = require "staff.cards"
local cases = require "records.cases"
local conversations = require "records.conversations"
local desk = require "staff.desk"
local details = require "channels.slack.details"
local events = require "channels.slack.events"
local form = require "channels.slack.form"
local names = require "staff.names"
local offers = require "staff.offers"
local plain = require "language.text"
local posts = require "records.slack_posts"
local settings = require "host.settings"
local tell = require "staff.tell"

local M = {}

local PAUSED = '{"replace_original":true,"text":"✅ Chat paused. Staff has taken over the conversation."}'
local NO_WORDS = "Slack did not send the words of the box. Press Send again, or write: "
local SAME_MS = 60000
local UNKNOWN = "This conversation is not known here (any more). Nothing was changed."

local function answer(status, body)
  return { status = status, headers = { ["Content-Type"] = "application/json" }, body = body }
end

---The user who clicked, as far as the payload says.
local function user_of(payload)
  local user = type(payload.user) == "table" and payload.user or {}
  local team = type(payload.team) == "table" and payload.team.id or user.team_id
  local name = names.name(user.name) or names.name(user.username) or names.name(user.id) or "Staff"
  local id = plain.shown(user.id, 64, true)
  return { id = id ~= "" and id or name, name = name, team = type(team) == "string" and plain.shown(team, 64, true) or nil }
end

---Whom the payload names, for the owner's list.
local function who_of(payload)
  local user, team = type(payload.user) == "table" and payload.user or {}, type(payload.team) == "table" and payload.team or {}
  return { user = user.id, team = team.id or user.team_id, app = payload.api_app_id }
end

---@class slack.Click
---@field action string
---@field value string the conversation's id, compared unchanged
---@field user staff.User
---@field url? string
---@field boxes? table<string, string> what the message's boxes and menus hold, by name; nil: Slack did not say
---@field who? string the customer, as staff read them
---@field private? boolean the message is shown to the clicker alone
---@field door slack.Door

---How staff reach customers: the channel that main.lua names.
---@class slack.Door
---@field file fun(file: table): table?, string? a kept file in WhatsApp's form; or why it takes none
---@field say fun(conversation: table, text: string, options: table): string?, string? whatsapp.say
---@field template fun(key: string, language?: string, values: string[], replies?: string[]): table?, string? an approved template
---@field hush fun(conversation_id: string) as recall, for everything that waits to be sent to a blocked person; waits
---@field recall fun(conversation_id: string) takes back messages that wait to be sent; waits

---What boxes and menus hold.
local function boxes_of(payload, click)
  local state = type(payload.state) == "table" and payload.state.values
  if type(state) ~= "table" then return end
  click.boxes = {}
  for _, id in ipairs(plain.sorted_names(state)) do
    local block = state[id]
    for name, element in pairs(type(block) == "table" and block or {}) do
      local chosen = type(element) == "table" and type(element.selected_option) == "table" and element.selected_option.value
      local value = type(element) == "table" and element.value or chosen
      if type(name) == "string" and type(value) == "string" and (click.boxes[name] or "") == "" then click.boxes[name] = value end
    end
  end
end

---The first known action in a payload; nil: none.
---@param payload any decoded JSON
---@param known table<string, any> action ids
---@return slack.Click?
local function click_of(payload, known)
  if type(payload) ~= "table" or payload.type ~= "block_actions" or type(payload.actions) ~= "table" then return nil end
  for _, action in ipairs(payload.actions) do
    if type(action) == "table" and type(action.action_id) == "string" and known[action.action_id] and type(action.value) == "string" then
      local url = payload.response_url
      local click = { action = action.action_id, value = action.value, user = user_of(payload),
        url = type(url) == "string" and url ~= "" and url:sub(1, 2001) or nil,
        private = type(payload.container) == "table" and payload.container.is_ephemeral == true }
      boxes_of(payload, click)
      return click
    end
  end
  return nil
end

---Shows something at the click's response_url, when there is one.
local function show(click, body)
  if not click.url then return end
  jobs.put { kind = "answer", lane = "slack:click:" .. click.value, payload = { what = "answer", url = click.url, body = body } }
end

---Tells only the user who clicked.
---@param controls? (staff.Box|staff.Row)[]
local function whisper(click, words, controls)
  if click.who and not words:find(click.who, 1, true) then words = click.who .. ": " .. words end
  local body = card.whisper(words, controls)
  show(click, body)
  return json.encode(body)
end

---Gives the card its new look. Without a response_url the channel gets a new card of a chat that was taken over, or a word that it is not.
---@param typed? table<string, string> what boxes that were not used hold
local function redraw(click, by, typed)
  if tell.threads then return tell.refresh(click.value, { by = by, typed = typed }) end
  local conversation = not click.url and conversations.get(click.value)
  if conversation and conversation.status ~= "PAUSED" then
    local now = conversation.blocked_at and "this customer is blocked (" or "the assistant has this chat again ("
    return tell.word(conversation, now .. click.user.name .. ").")
  end
  local lane = click.url and "slack:click:" .. click.value or tell.lane(click.value)
  jobs.put { kind = click.url and "answer" or "card", lane = lane,
    payload = { what = click.url and "answer" or "control", url = click.url, conversation = click.value, by = by, typed = typed } }
end

local ACTIONS = {}

function ACTIONS.take_over_chat(click, conversation)
  local outcome = desk.take(conversation, click.user, click.door.say)
  if outcome == "taken" or outcome == "again" and click.url then redraw(click) end -- "again": another card of the same case
  if outcome ~= "other" then return PAUSED end
  local since = conversation.paused_at and " since " .. names.moment(conversation.paused_at, time.now_ms(), time) or ""
  return whisper(click, names.taken(conversation) .. since .. ".")
end

function ACTIONS.resume_chat(click, conversation)
  local given = desk.give_back(conversation, click.user, click.door.say)
  if click.url or given then redraw(click, given and click.user.name or nil) end
  if given then
    return json.encode { replace_original = true, text = "↩️ The assistant has the conversation again." }
  end
  return whisper(click, names.who(conversation) .. " is already with the assistant.")
end

function ACTIONS.keep_paused(click, conversation)
  if not desk.keep(conversation, click.user) then
    return whisper(click, names.who(conversation) .. " is already back with the assistant.")
  end
  local body = card.instead(names.who(conversation) .. ": the chat stays paused.")
  show(click, body)
  return json.encode(body)
end

---A box to write to the customer, for the clicker alone, where they read the customer's words.
function ACTIONS.reply_here(click, conversation)
  return whisper(click, "Write to " .. names.who(conversation) .. ":",
    { cards.reply_box(conversation, conversations.boxes(conversation).reply_text or 0) })
end

---Was this box sent with the same words a moment ago? Two people, or one twice, press the same button: it is one send. The box has
---another id once it was used; it is the same box.
local function is_again(click, box, words)
  local mark = crypto.hex(crypto.sha256(table.concat({ "box", click.value, box, words }, "\0")))
  if cases.seen(mark, SAME_MS) then return true end
  return false, mark
end

---What the clicker's other boxes hold, which must not be lost.
local function typed_in(click, used)
  local typed = {}
  for name, value in pairs(click.boxes or {}) do typed[name] = value ~= "" and value or nil end
  for _, name in ipairs(used or {}) do typed[name] = nil end
  return typed
end

---After words left a box: the message shows the box empty. What the clicker wrote into other boxes stays.
local function emptied(click, conversation, counter, used)
  conversations.used_boxes(conversation, counter)
  redraw(click, nil, typed_in(click, used))
end

---What to say when Slack did not send what the boxes hold; nil: it did.
local function without_state(click, usage)
  return not click.boxes and NO_WORDS .. "/assistant " .. usage or nil
end

function ACTIONS.send_reply(click, conversation)
  local missing = without_state(click, "send " .. names.number(conversation) .. " words")
  if missing then return whisper(click, missing) end
  local words = click.boxes.reply_text or ""
  local again, mark = false, nil
  if words ~= "" then again, mark = is_again(click, "reply_text", words) end
  if again then return whisper(click, "The same words were sent to " .. names.who(conversation) .. " less than a minute ago.") end
  local id, why = desk.write(conversation, click.user, words, click.door.say)
  if not id then
    if plain.trim(words) == "" then return whisper(click, why) end
    local first, more = plain.first(words, cards.REPLY)
    local rest = more and "\nThe box holds the beginning of your words. The rest was:\n> " .. words:sub(#first + 1):gsub("\n", "\n> ") or ""
    return whisper(click, why .. " Your words were not sent:" .. rest,
      { cards.reply_box(conversation, conversations.boxes(conversation).reply_text or 0, first) })
  end
  cases.see(mark, 200, "{}")
  if click.private then
    show(click, card.instead("Sent to " .. names.who(conversation) .. ":\n> " .. words:gsub("\n", "\n> ")))
  else
    emptied(click, conversation, "reply_text", { "reply_text" })
  end
  return "{}"
end

function ACTIONS.send_quote(click, conversation)
  local missing = without_state(click, "quote " .. names.number(conversation) .. " AMOUNT note")
  if missing then return whisper(click, missing) end
  local typed, note = click.boxes.quote_amount or "", click.boxes.quote_note or ""
  local again, mark = is_again(click, "quote_amount", typed .. "\0" .. note)
  if again then return whisper(click, "The same quote was sent to " .. names.who(conversation) .. " less than a minute ago.") end
  local offer, why = offers.send(conversation, click.user, typed, note, click.door)
  if not offer then return whisper(click, why .. " " .. offers.given_back(typed, note)) end
  cases.see(mark, 200, "{}")
  emptied(click, conversation, "quote", { "quote_amount", "quote_note" })
  return "{}"
end

function ACTIONS.withdraw_quote(click, conversation)
  local offer, why = offers.withdraw(conversation, click.user)
  if not offer then return whisper(click, why) end
  redraw(click, nil, typed_in(click))
  return "{}"
end

function ACTIONS.close_case(click, conversation)
  local missing = without_state(click, "close " .. names.number(conversation) .. " reason")
  if missing then return whisper(click, missing) end
  local closed, why = desk.close(conversation, click.user, click.boxes.close_reason, click.boxes.close_amount)
  if not closed then return whisper(click, why) end
  redraw(click)
  return "{}"
end

function ACTIONS.block_customer(click, conversation)
  if not blocks.block(conversation, click.user) then return whisper(click, names.who(conversation) .. " is blocked already.") end
  redraw(click)
  return "{}"
end

-- What becomes of words that staff wrote in a thread while the assistant has the chat. The button's value is their place.
local THREAD = { thread_take = "take", thread_once = "once", thread_discard = "discard" }

local function choose(click)
  local row = posts.get(settings.get("SLACK_CHANNEL_ID") or "", click.value)
  local conversation = row and conversations.get(row.conversation_id)
  if not conversation then return whisper(click, UNKNOWN) end
  click.value = conversation.id
  local choice = THREAD[click.action]
  if choice == "take" and desk.take(conversation, click.user, click.door.say) == "other" then
    return whisper(click, names.taken(conversation) .. ". Write in the thread again, and it is sent.")
  end
  if not events.choose(row, choice) then return whisper(click, "This message was decided before.") end
  show(click, { delete_original = true })
  return "{}"
end

for action in pairs(THREAD) do ACTIONS[action] = choose end

---Opened after the answer is stored (details.lua).
function ACTIONS.edit_details() return "{}" end

---Decides, and writes all effects. Runs inside a transaction.
local function decide(click, mark)
  local conversation = conversations.get(click.value)
  click.who = conversation and names.who(conversation)
  local body
  if THREAD[click.action] then
    body = choose(click)
  elseif conversation then
    conversations.pause_active(conversation.id) -- a click keeps a pause alive
    click.value = conversation.id -- the button can have the id of a chat that was merged into this one
    body = ACTIONS[click.action](click, conversation)
  else
    log.warn("slack.unknown_conversation", { user = click.user.id, action = click.action })
    body = whisper(click, UNKNOWN)
  end
  cases.see(mark, 200, body)
  return { status = 200, body = body }
end

-- A modal was saved.
local function submitted(payload, mark)
  if payload.view.callback_id ~= details.CALLBACK then return answer(200, "{}") end
  if not allowed.check(who_of(payload)) then return answer(200, json.encode { response_action = "clear" }) end
  local reply = db.transaction(function()
    local before = cases.seen(mark)
    if before then return before end
    local body = json.encode(details.save(payload, user_of(payload)))
    cases.see(mark, 200, body)
    return { status = 200, body = body }
  end)
  return answer(reply.status, reply.body)
end

---An authentic request. Its action happens once, also when the request comes twice.
---@async
---@param request host.Request
---@param door slack.Door
---@return host.Response
function M.handle(request, door)
  local fields = form.decode(request.body)
  local payload = fields and fields.payload and json.decode(fields.payload, { null_as_nil = true })
  if payload == nil then return answer(400, '{"error":"bad request"}') end
  local mark = crypto.hex(crypto.sha256(request.headers["x-slack-signature"]))
  if type(payload) == "table" and payload.type == "view_submission" and type(payload.view) == "table" then
    return submitted(payload, mark)
  end
  local click = click_of(payload, ACTIONS)
  if not click then return answer(200, "{}") end
  if not allowed.check(who_of(payload)) then return answer(200, whisper(click, allowed.WORDS .. click.user.id)) end
  click.door = door
  local reply = db.transaction(function() return cases.seen(mark) or decide(click, mark) end)
  -- For every click on a paused chat the answer means that nothing of the assistant leaves any more.
  if click.action == "edit_details" then
    local conversation = conversations.get(click.value)
    local opened, why = true, nil
    if conversation then opened, why = details.open(conversation, payload.trigger_id) end
    if not opened then return answer(200, db.transaction(whisper, click, why)) end
  elseif click.action == "take_over_chat" or click.action == "thread_take" then
    local conversation = conversations.get(click.value)
    if conversation and conversation.status == "PAUSED" then door.recall(conversation.id) end
  elseif click.action == "block_customer" then
    local conversation = conversations.get(click.value)
    if conversation and conversation.blocked_at then door.hush(conversation.id) end
  end
  return answer(reply.status, reply.body)
end

return M
