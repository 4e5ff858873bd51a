-- The words of a voice note. A job sends the kept file to an OpenAI-compatible /audio/transcriptions (TRANSCRIBE_URL); the turn waits for
-- the words, but not for long. A note whose words do not come is answered without them, and staff read how to listen to it. Words that
-- come later are answered then. What was said counts as what was written, also STOP and a wish for a person.

local access = require "ops.access"
local circuits = require "records.circuits"
local conversations = require "records.conversations"
local db = require "host.db"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local media = require "records.media"
local messages = require "records.messages"
local plain = require "language.text"
local settings = require "host.settings"
local tell = require "staff.tell"
local time = require "host.time"
local turns = require "records.turns"
local voice_note = require "language.voice_note"

local M = {}

local NAME = "transcriber" -- of its circuit
local WAIT_MS = 20000      -- from the note's arrival
local TRY_MS = 60000
local ANSWER_BYTES = 262144
local GIVE_UP_MS = 30 * 60000
local BACKOFF_MOST_MS = 600000
local NONSENSE_TRIES = 3
local FAILURES_TO_OPEN = 3
local AT = "/audio/transcriptions"
local ENDINGS = { ["audio/ogg"] = "ogg", ["audio/mpeg"] = "mp3", ["audio/mp4"] = "m4a", ["audio/aac"] = "aac", ["audio/amr"] = "amr",
  ["audio/flac"] = "flac", ["audio/wav"] = "wav", ["video/mp4"] = "mp4", ["video/webm"] = "webm" }
local NOT_SET = "there is no transcriber (TRANSCRIBE_URL)"
local NOT_YET = "its words have not come yet"

local function on() return settings.get("TRANSCRIBE_URL") ~= nil end

---Where voice notes are sent: TRANSCRIBE_URL, which must be set, names the server or the whole address.
---@return string
function M.address()
  local given = plain.trim_end(settings.get("TRANSCRIBE_URL"), "[/]")
  return given:sub(-#AT) == AT and given or given .. AT
end

local function key() return settings.get("TRANSCRIBE_API_KEY") or "" end

-- A turn that waited for the words can start, unless the customer still writes.
local function wake(conversation, now)
  if conversation and conversation.waiting_since and conversation.status ~= "PAUSED" and conversation.opted_out ~= 1 then
    turns.when_quiet(conversation, now, messages.newest_at(conversation.id))
  end
end

---The answer will not have the words of this note: staff are told once how to listen to it. Call it inside a transaction.
---@param row records.Media
---@param why string without a full stop
---@param conversation? table
local function without(row, why, conversation)
  if row.why or not row.hash then return end
  media.no_words(row.id, why)
  local ending = ENDINGS[row.mime] or "audio"
  tell.word(conversation or { id = row.conversation_id, phone_number = "" },
    ("sent a voice note, and the assistant cannot read its words: %s. To listen to it: `assistant media get %s voice-note-%d.%s`.")
    :format(why, row.hash, row.id, ending))
  log.info("voice.without_words", { from = mask(row.conversation_id), media = row.id, why = why })
end

---A voice note's file is kept. Call it inside the transaction that stores it.
---@param row records.Media as it is now
---@param now integer ms
function M.stored(row, now)
  if on() then
    jobs.put { kind = "transcribe", unique = ("transcribe:%d"):format(row.id),
      payload = { media = row.id, conversation = row.conversation_id } }
    return
  end
  local conversation = conversations.get(row.conversation_id)
  without(row, NOT_SET, conversation)
  wake(conversation, now)
end

---There will be no file, so nobody waits for its words.
function M.gone(row, now) wake(conversations.get(row.conversation_id), now) end

---Until when a turn of this chat waits for words: 20 s after the oldest note whose words are due, and 20 s longer than it would wait
---for a customer who goes on writing. nil: it does not wait. Call it only when a voice note without words waits for its answer.
---@param conversation {id: string, waiting_since?: integer}
---@param now integer ms
---@return integer? at ms
function M.due(conversation, now)
  local oldest = on() and media.words_due(conversation.id, now - WAIT_MS, now)
  if not oldest then return nil end
  local at = math.min(oldest, (conversation.waiting_since or oldest) + settings.get("TURN_MAX_WAIT_MS")) + WAIT_MS
  return at > now and at or nil
end

---A turn answers without the words of these notes: staff are told of those that they do not know of. Call it inside a transaction.
---@param conversation table
function M.unheard(conversation)
  for _, row in ipairs(on() and media.without_words(conversation.id) or {}) do without(row, NOT_YET, conversation) end
end

-- ---- the request -------------------------------------------------------------------------------------------------------

-- What an answer means: { words }, { silence = true }, or { why, … }: again: it is tried again; refused: the settings are wrong;
-- nonsense: an answer that has no words; told: staff hear of it once.
local function sort(response, err)
  if not response then
    if err.kind == "disk" then return { why = "its file cannot be read" } end
    local large = err.kind == "too_large"
    return { why = large and "the transcriber's answer was too large" or "the transcriber did not answer (" .. err.kind .. ")",
      again = true, nonsense = large, reason = err.kind }
  end
  local status = response.status
  local reason = ("HTTP %d"):format(status)
  if status >= 200 and status <= 299 then
    local body = json.decode(response.body, { null_as_nil = true })
    local heard = type(body) == "table" and body.text
    if type(heard) ~= "string" then
      return { why = "the transcriber's answer made no sense", again = true, nonsense = true, reason = reason .. " without a text" }
    end
    local words = voice_note.clean(heard)
    return { words = words, silence = not words, why = "nobody is heard in it" }
  end
  local why = "the transcriber did not take it (" .. reason .. ")"
  if status == 408 or status == 429 or status >= 500 then
    return { why = why, again = true, reason = reason, after_ms = circuits.asked_wait_ms(response) }
  elseif status < 400 or status == 401 or status == 402 or status == 403 or status == 404 or status == 405 then
    return { why = why, again = true, refused = true, reason = reason }
  end
  return { why = why, reason = reason, told = status == 400 or status == 422 } -- perhaps the file, perhaps the model's name
end

-- No language is named: a wrong one would turn the words into that language.
---@async
local function ask(row)
  local ending = ENDINGS[row.mime] or "ogg"
  return sort(http.request {
    method = "POST", url = M.address(), lane = "voice", timeout_ms = TRY_MS, max_bytes = ANSWER_BYTES,
    headers = key() ~= "" and { Authorization = "Bearer " .. key() } or {},
    form_data = {
      { name = "model", value = settings.get("TRANSCRIBE_MODEL") }, { name = "response_format", value = "json" },
      { name = "file", file = row.hash, filename = "voice-note." .. ending, type = row.mime },
    },
  })
end

-- ---- what comes of it --------------------------------------------------------------------------------------------------

-- The words are known. said: decides who is told, and who answers (read.said).
local function heard(id, words, said)
  local row, now = media.get(id), time.now_ms()
  if not row or row.words then return end -- deleted or erased meanwhile, or known
  media.set_words(id, words)
  local message, content = messages.get(row.message_id), voice_note.content(words)
  if not message or message.kind ~= "audio" then return end
  local conversation = conversations.get(row.conversation_id)
  local late = message.seq <= conversation.answered_seq
  local active = conversation.status ~= "PAUSED" and conversation.opted_out ~= 1
  local answer = active and now - row.created_at <= GIVE_UP_MS
  if late and answer then conversation = conversations.heard_again(conversation.id, now) end
  messages.set_words(message.id, content, late and answer and conversation.last_seq or nil)
  log.info("voice.words", { from = mask(row.conversation_id), media = id, late = late })
  if late and active then
    tell.word(conversation, "said in the voice note that was answered without its words:", words)
    if not answer then return end
  end
  conversation = conversations.edited(conversation.id) -- a turn that runs answers without them, so it is done again
  said({ id = message.id, conversation = conversation.id, kind = "audio", content = content,
    newest_at = late and now or messages.newest_at(conversation.id) }, conversation, now)
end

-- The note is answered without words, and is tried again when that can help.
local function failed(job, outcome, now)
  local row = media.get(job.payload.media)
  if not row or row.words then return end
  local conversation = conversations.get(row.conversation_id)
  local over = now - row.created_at > GIVE_UP_MS or outcome.nonsense and job.attempts + 1 >= NONSENSE_TRIES
  local again = outcome.again and not over
  if not again or outcome.refused then
    without(row, outcome.why, conversation)
    wake(conversation, now)
  end
  if not again then return end
  if outcome.refused then return jobs.later(now + circuits.PROBE_MS, outcome.why) end
  local ms = math.min(settings.get("RETRY_BASE_MS") * 3 ^ math.min(job.attempts, 8), BACKOFF_MOST_MS)
  return jobs.retry(math.max(math.ceil(ms), outcome.after_ms or 0), outcome.why)
end

-- Counts a failure. A transcriber that refuses us, or fails three times running, is asked once per minute, and no turn waits for it.
local function count(outcome, now)
  if outcome.told then
    tell.alert("transcriber refused", ("The transcriber refuses a voice note (%s). When it refuses every one, check TRANSCRIBE_MODEL and "
      .. "TRANSCRIBE_URL, and restart the service."):format(outcome.reason))
  end
  if not outcome.again then return end
  local opens = outcome.refused or circuits.failed(NAME) >= FAILURES_TO_OPEN
  if not opens or not circuits.open(NAME, outcome.reason, key(), now) then return end
  local what, remedy = access.transcriber(outcome.reason)
  log.warn("voice.circuit_open", { reason = outcome.reason })
  tell.alert(NAME .. " " .. outcome.reason,
    ("%s (%s): %s. Until then voice notes are answered without their words."):format(what, outcome.reason, remedy))
end

-- What the answer means, in one step.
local function settle(job, outcome, said)
  local now = time.now_ms()
  if outcome.words or outcome.silence then
    local circuit = circuits.get(NAME)
    if circuit and (circuit.open == 1 or circuit.failures > 0) then circuits.close(NAME) end
    if outcome.words then return heard(job.payload.media, outcome.words, said) end
  else
    count(outcome, now)
    outcome.refused = outcome.refused or circuits.is_open(NAME, key())
  end
  return failed(job, outcome, now)
end

---The job that asks for the words of a kept voice note.
---@async
---@param job host.jobs.Job payload.media
---@param said fun(event: table, conversation: table, now: integer) told of the words, inside the transaction that stores them
function M.run(job, said)
  local row = media.get(job.payload.media)
  if not row or row.words or not row.hash then return nil end
  if not on() then return db.transaction(failed, job, { why = NOT_SET }, time.now_ms()) end
  local now = time.now_ms()
  if circuits.is_open(NAME, key()) and not circuits.probe(NAME, now) then
    return db.transaction(failed, job, { why = "the transcriber cannot be used at the moment", again = true, refused = true }, now)
  end
  local outcome = ask(row)
  return db.transaction(settle, job, outcome, said)
end

---A new generation can have another key, so an open circuit is probed at once. Without a transcriber there is none.
function M.start()
  if not on() then circuits.close(NAME) else circuits.due(NAME, time.now_ms()) end
end

return M
