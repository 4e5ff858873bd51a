-- What staff write in the thread of a card. An event is durable before it is answered, counts once however often it comes, and is done by
-- a job: to the customer when the chat is taken; else the writer alone is asked what to do with it.

local allowed = require "channels.slack.allowed"
local answer_url = require "channels.slack.answer_url"
local api = require "channels.slack.api"
local card = require "channels.slack.card"
local cases = require "records.cases"
local conversations = require "records.conversations"
local db = require "host.db"
local desk = require "staff.desk"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local media = require "host.media"
local names = require "staff.names"
local plain = require "channels.slack.plain"
local posts = require "records.slack_posts"
local settings = require "host.settings"
local text = require "language.text"
local threads = require "channels.slack.thread"

local M = {}

local SUBTYPES = { file_share = true, thread_broadcast = true }
local MOST_FILES = 10
local MOST_BYTES = 100 * 1024 * 1024 -- WhatsApp's largest: a document
local FETCH_MS = 120000
local TRIES = 5
local NAMES, known_names = {}, 0 -- of members, as users.info gave them

local function id_of(value) return type(value) == "string" and #value <= 64 and value:find("^[%w.]+$") and value or nil end

local function files_of(event)
  local list = {}
  for _, file in ipairs(type(event.files) == "table" and event.files or {}) do
    if type(file) == "table" and id_of(file.id) and #list <= MOST_FILES then list[#list + 1] = file.id end
  end
  return #list > 0 and list or nil
end

---Tells the writer alone, in the thread.
---@async
local function whisper(payload, words, controls)
  local conversation = conversations.get(payload.conversation)
  local who = conversation and names.who(conversation)
  local body = card.whisper(who and not words:find(who, 1, true) and who .. ": " .. words or words, controls)
  return api.call("chat.postEphemeral", { channel = payload.channel, user = payload.user, thread_ts = payload.thread_ts, text = body.text,
    blocks = body.blocks })
end

-- A message in the thread of a card, also of one that was replaced: the chat that it belongs to.
local function chat_of(event)
  local thread = id_of(event.thread_ts)
  if not thread or thread == event.ts then return nil end
  local row = cases.of_card(event.channel, thread) or posts.get(event.channel, thread)
  return row and conversations.get(row.conversation_id) or nil
end

local function put(what, event, conversation, more)
  more.what, more.conversation, more.channel, more.ts, more.thread_ts = what, conversation.id, event.channel, event.ts, event.thread_ts
  jobs.put { kind = "staff_said", lane = "slack:said:" .. conversation.id, payload = more }
end

-- Staff changed or deleted what the customer has.
local function changed(event)
  local before = type(event.previous_message) == "table" and event.previous_message or {}
  local now = type(event.message) == "table" and event.message or {}
  local row = posts.get(event.channel, id_of(before.ts) or "")
  if not row or row.staff ~= 1 or not (row.message_id or row.held) or not id_of(before.user) or now.text == before.text then return end
  local conversation = conversations.get(row.conversation_id)
  if not conversation then return end
  local deleted = event.subtype == "message_deleted"
  if row.held and deleted then posts.hold(row.channel, row.ts, nil) end
  put("changed", { channel = event.channel, ts = row.ts, thread_ts = before.thread_ts }, conversation,
    { user = before.user, deleted = deleted, held = row.held ~= nil })
end

-- The same event comes again with its id, or with another one: then its place is the same.
local function is_again(body, event)
  local marks = { id_of(body.event_id) and "event:" .. body.event_id,
    event.subtype and id_of(event.ts) and "event:" .. event.subtype .. event.ts }
  local again = false
  for i = 1, 2 do
    local mark = marks[i]
    if mark and cases.seen(mark) then
      again = true
    elseif mark then
      cases.see(mark, 200, "{}")
    end
  end
  return again
end

-- Stores what an event asks for. Runs inside a transaction.
local function store(body, event)
  if is_again(body, event) then return end
  if event.subtype == "message_changed" or event.subtype == "message_deleted" then return changed(event) end
  if event.subtype ~= nil and not SUBTYPES[event.subtype] then return end
  if event.bot_id or event.app_id or not id_of(event.user) or not id_of(event.ts) then return end
  local conversation = chat_of(event)
  if not conversation then return end
  if not allowed.check { user = event.user, team = body.team_id, app = body.api_app_id } then
    return put("refused", event, conversation, { user = event.user })
  end
  if not posts.add { channel = event.channel, ts = event.ts, conversation = conversation.id, staff = true } then return end
  put("said", event, conversation, { user = event.user, team = id_of(body.team_id), text = text.clip(tostring(event.text or ""), 40000),
    files = files_of(event) })
end

---An authentic event.
---@param body any decoded JSON
function M.handle(body)
  local event = type(body) == "table" and body.type == "event_callback" and type(body.event) == "table" and body.event
  if not event or not api.bot() or event.type ~= "message" or event.channel ~= settings.get("SLACK_CHANNEL_ID") then return end
  db.transaction(store, body, event)
end

-- ---- the job --------------------------------------------------------------------------------------------------------

---The writer, with the name that Slack shows.
---@async
local function user_of(payload)
  local name = NAMES[payload.user]
  if not name then
    local verdict, _, _, answer = api.call_form("users.info", { user = payload.user })
    local user = verdict == "ok" and answer and type(answer.user) == "table" and answer.user or {}
    local profile = type(user.profile) == "table" and user.profile or {}
    name = names.name(profile.display_name) or names.name(user.real_name) or names.name(user.name)
    if name and known_names < 500 then NAMES[payload.user], known_names = name, known_names + 1 end
  end
  return { id = payload.user, name = name or names.name(payload.user) or "Staff", team = payload.team }
end

---Fetches a file of staff and keeps it. nil: why not, in words for the writer.
---@async
---@return table? file {hash, mime, bytes, name}
---@return string? why
---@return boolean? later it may work later
local function fetch(id)
  local verdict, reason, _, answer = api.call_form("files.info", { file = id })
  local file = verdict == "ok" and answer and type(answer.file) == "table" and answer.file
  if not file then return nil, "Slack does not give the file (" .. (reason or "no answer") .. ").", verdict == "busy" end
  local address, name = file.url_private_download or file.url_private, text.shown(file.name, 100, true)
  if not answer_url.is_file(address, settings.get("SLACK_API_URL")) then
    return nil, name .. " lies outside of Slack, so it cannot be fetched. Upload it into the thread."
  end
  if (math.tointeger(file.size) or 0) > MOST_BYTES then return nil, name .. " is larger than 100 MB, WhatsApp's limit." end
  local response, err = http.request { url = address, headers = api.authorization(), to_file = true, max_bytes = MOST_BYTES,
    timeout_ms = FETCH_MS }
  if not response then return nil, name .. " could not be fetched (" .. err.kind .. ").", err.kind ~= "too_large" end
  if not response.file then return nil, ("Slack does not give %s (HTTP %d)."):format(name, response.status), response.status >= 500 end
  local mime = type(file.mimetype) == "string" and text.clip(file.mimetype, 100) or "application/octet-stream"
  local got = response.headers["content-type"]
  if type(got) == "string" and got:find("^text/html") and not mime:find("html", 1, true) then -- the page to sign in
    return nil, ("Slack does not give %s: the bot is not allowed to read files. Its owner adds the scope files:read."):format(name)
  end
  local bytes = response.file.bytes
  local hash, unkept = media.keep(response.file)
  if not hash then return nil, name .. " could not be stored: " .. tostring(unkept) .. ".", true end
  return { hash = hash, mime = mime, bytes = bytes, name = name }
end

local CHOICES = "The assistant has this chat, so nothing was sent. What shall become of your message?"

local function choices(ts)
  return { { row = {
    { words = "Take over and send", action = "thread_take", value = ts, style = "primary" },
    { words = "Send once", action = "thread_once", value = ts },
    { words = "Discard", action = "thread_discard", value = ts },
  } } }
end

-- Sends the words and files of one message; one refusal stops it. Runs inside a transaction.
local function send(payload, conversation, user, words, files, door)
  local first
  for i, file in ipairs(files) do
    local form, why = door.file { hash = file.hash, mime = file.mime, bytes = file.bytes, name = file.name,
      caption = i == 1 and words ~= "" and words or nil }
    if not form then return nil, why end
    local id
    id, why = desk.write(conversation, user, i == 1 and words ~= "" and words or "[" .. file.name .. "]", door.say, payload.once, form)
    if not id then return nil, why end
    if first then -- the thread has this one already: a row of its own says so
      posts.add { channel = payload.channel, ts = payload.ts .. threads.MORE .. i, conversation = conversation.id, message = id,
        staff = true }
    end
    first = first or id
  end
  if #files == 0 then
    local id, why = desk.write(conversation, user, words, door.say, payload.once)
    if not id then return nil, why end
    first = id
  end
  posts.became(payload.channel, payload.ts, first)
  return first
end

---@async
local function whisper_or_again(job, words, controls)
  local verdict, reason, wait_ms = whisper(job.payload, words, controls)
  if verdict == "busy" and job.attempts < TRIES then return jobs.retry(wait_ms or 2000, "Slack: " .. reason) end
  return nil
end

-- Why a message was not sent: a sign on it for all, words for its writer.
---@async
local function tell_writer(job, row, words)
  threads.sign(row, "x")
  return whisper_or_again(job, words)
end

---@async
local function said(job, door)
  local payload = job.payload
  local row = posts.get(payload.channel, payload.ts)
  local conversation = conversations.get(payload.conversation)
  if not row or row.message_id or not conversation then return nil end
  local words = plain.words(payload.text)
  if plain.is_private(words) then
    threads.sign(row, "memo")
    return nil
  end
  if words == "" and not payload.files then return nil end
  if payload.files and #payload.files > MOST_FILES then
    return tell_writer(job, row, ("A message can have at most %d files. Nothing was sent. Send them in two messages."):format(MOST_FILES))
  end
  if conversation.status ~= "PAUSED" and not payload.once then
    posts.hold(payload.channel, payload.ts, json.encode(payload))
    return whisper_or_again(job, CHOICES, choices(payload.ts))
  end
  local user, files = user_of(payload), {}
  for i, id in ipairs(payload.files or {}) do
    local file, why, later = fetch(id)
    if not file then
      if later and job.attempts < TRIES then return jobs.retry(2000, why) end
      return tell_writer(job, row, why .. " Nothing was sent.")
    end
    files[i] = file
  end
  local id, why = db.transaction(function()
    local now = posts.get(payload.channel, payload.ts)
    if not now or now.message_id then return true end
    return send(payload, conversations.get(payload.conversation), user, words, files, door)
  end)
  return not id and tell_writer(job, row, why .. " Your message was not sent.") or nil
end

local WORDS = {
  held = "You changed a message that waits for your decision. It would go to the customer as you wrote it first. To change it, discard it "
    .. "and write it again.",
  gone = "You deleted a message that waited for your decision. It is not sent.",
  changed = "The customer still has what you wrote first: WhatsApp takes no changes. Write again in the thread what they should know.",
  deleted = "The customer still has what you deleted: WhatsApp takes nothing back. Write again in the thread what they should know.",
}

---@async
---@param job host.jobs.Job
---@param door slack.Door
function M.run(job, door)
  local payload = job.payload
  if payload.what == "said" then return said(job, door) end
  if payload.what == "refused" then return whisper_or_again(job, allowed.WORDS .. payload.user) end
  if payload.held then return whisper_or_again(job, payload.deleted and WORDS.gone or WORDS.held) end
  return whisper_or_again(job, payload.deleted and WORDS.deleted or WORDS.changed)
end

---What the writer chose for a message that waits: it is done once.
---@param row records.SlackPost
---@param choice "take"|"once"|"discard"
---@return boolean done false: it was decided before
function M.choose(row, choice)
  if not row.held or row.message_id then return false end
  local payload = json.decode(row.held)
  posts.hold(row.channel, row.ts, nil)
  if choice == "discard" then return true end
  payload.once = choice == "once" or nil
  jobs.put { kind = "staff_said", lane = "slack:said:" .. row.conversation_id, payload = payload }
  log.info("slack.thread_chosen", { choice = choice })
  return true
end

return M
