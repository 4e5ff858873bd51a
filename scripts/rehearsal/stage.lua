-- Runs the flow without anybody outside: today's scripts and prompts, the real reader, the real turn, a database in memory. What
-- the customer would get is read from the rows that a service would send; what staff would get, from the jobs that it would post.

local cases = require "records.cases"
local cards = require "staff.cards"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local db = require "host.db"
local facts = require "staff.facts"
local jobs = require "host.jobs"
local json = require "host.json"
local messages = require "records.messages"
local names = require "staff.names"
local owner = require "owner"
local pauses = require "staff.pauses"
local quote = require "flow.quote"
local quotes = require "records.quotes"
local task = require "host.task"
local tell = require "staff.tell"
local time = require "host.time"
local turn = require "turn"
local turns = require "records.turns"
local whatsapp = require "channels.whatsapp"
local wire = require "rehearsal.wire"

local M = {}

local STAFF = { id = "U0REHEARSAL", name = "staff" }
local WAIT_MS = 5000

local Stage = {}
Stage.__index = Stage

-- ---- what staff would read -----------------------------------------------------------------------------------------

local function card_words(case)
  local known = facts.gather(case.conversation_id, case)
  if not known then return nil end
  local card = cards.open(known)
  local lines = { card.summary }
  for _, line in ipairs(card.lines) do
    lines[#lines + 1] = line.label and line.label .. ": " .. line.value or line.quote and "> " .. line.quote or line.words
  end
  return table.concat(lines, "\n")
end

-- The job that would post to staff. A "rehearsed" one is our own: it comes after everything that a turn put into this lane.
function Stage:post(job)
  local payload = job.payload
  if payload.what == "rehearsed" then
    local event = self.waiting[payload.mark]
    if event then event:set() end
  elseif payload.what == "card" then
    local case = cases.get(payload.case)
    local words = case and card_words(case)
    if words then
      cases.posted(case.id)
      self.posts[#self.posts + 1] = words
    end
  elseif type(payload.text) == "string" then
    self.posts[#self.posts + 1] = payload.text
  end
end

-- Waits until all jobs for staff have run, and returns their texts. A follow-up waits a minute in a service, but not here.
---@async
function Stage:heard(conversation_id)
  for _, lane in ipairs { tell.lane(conversation_id), "alerts" } do
    local mark = crypto.uuid()
    self.waiting[mark] = task.event("rehearsed")
    jobs.put { kind = "slack", lane = lane, payload = { what = "rehearsed", mark = mark } }
    self.waiting[mark]:wait(WAIT_MS)
    self.waiting[mark] = nil
  end
  local case = cases.current(conversation_id)
  if case and (case.notes or "") ~= "" then
    self.posts[#self.posts + 1] = names.who(conversations.get(conversation_id)) .. ": " .. case.notes
    cases.followed_up(case.id, case.notes)
  end
  local posts = self.posts
  self.posts = {}
  return posts
end

-- ---- the outcome ---------------------------------------------------------------------------------------------------

-- What the customer would get: the rows that wait to be sent. From here on they count as delivered.
local function take_replies(conversation_id)
  local replies, now = {}, time.now_ms()
  for _, message in ipairs(messages.queued(conversation_id)) do
    messages.set_state(message.id, "delivered", now)
    replies[#replies + 1] = message.content
  end
  return replies
end

local function before(conversation_id)
  local conversation, last, case = conversations.get(conversation_id), turns.last(conversation_id), cases.last(conversation_id)
  return { opted_out = conversation and conversation.opted_out or 0, turn = last and last.id or 0, case = case and case.id or 0 }
end

-- What happened in this chat, in one word: the turn's action, or what was done without a turn.
local function action_of(was, conversation, ran)
  if ran then return ran.action end
  if conversation.opted_out ~= was.opted_out then return conversation.opted_out == 1 and "stop" or "start" end
  if conversation.opted_out == 1 then return "opted_out" end
  return conversation.status == "PAUSED" and "paused" or "none"
end

---@class rehearsal.Outcome
---@field replies string[] what the customer gets
---@field action string continue, handoff, schedule; stop, start, opted_out, paused, none
---@field brain? string model, scripted, words; nil: no turn was needed
---@field why? string what was wrong with the model's answer, or why there was none
---@field rejected? string a model's answer that was stopped, unchanged
---@field card? string why a card was posted: complete, asked, model, question, failed
---@field known table<string, string>
---@field missing string[]
---@field posts string[] what staff read
---@async
local function outcome(self, customer, was)
  local conversation, last, case = conversations.get(customer.id), turns.last(customer.id), cases.last(customer.id)
  local ran = last and last.id > was.turn and last or nil
  local known, missing = self:known(customer)
  return {
    replies = take_replies(customer.id), action = action_of(was, conversation, ran), brain = ran and ran.brain,
    why = ran and ran.why, rejected = ran and ran.rejected, card = case and case.id > was.case and case.reason or nil,
    known = known, missing = missing, posts = self:heard(customer.id),
  }
end

-- ---- customer and staff --------------------------------------------------------------------------------------------

---@param model table brain.client, or one of rehearsal.models
function Stage:cast(model)
  self.turns = turn.new { owner = owner, model = model, typing = function() end }
end

-- The customer writes. This stores the message and answers nothing yet.
---@param customer {id: string, name?: string}
---@param texts string[]
function Stage.write(_, customer, texts)
  for _, text in ipairs(texts) do
    local body = json.encode(wire.body(customer, "wamid." .. crypto.uuid(), text))
    db.transaction(whatsapp.read, { id = 0, body = body, received_at = time.now_ms() })
  end
end

-- The customer writes these messages at once and gets an answer.
---@async
---@param customer {id: string, name?: string}
---@param texts string[]
---@return rehearsal.Outcome
function Stage:speak(customer, texts)
  local was = before(customer.id)
  self:write(customer, texts)
  self.turns.run { payload = { conversation = customer.id } }
  return outcome(self, customer, was)
end

-- Staff take the chat over and, when there is a text, write in it.
---@param customer {id: string}
---@param text? string
function Stage.staff(_, customer, text)
  local conversation, now = conversations.get(customer.id), time.now_ms()
  if not conversation then return false end
  pauses.take(conversation, STAFF)
  if text then
    messages.add_assistant({ id = crypto.uuid(), conversation = customer.id, content = text, seq = conversation.last_seq, part = 1,
      kind = "staff", author = STAFF.id, state = "delivered" }, now)
    conversations.staff_reached(customer.id, now)
  end
  return true
end

-- Staff give the chat back. Messages that they left unanswered are answered now.
---@async
---@return rehearsal.Outcome? nil: staff did not have the chat
function Stage:give_back(customer)
  local conversation = conversations.get(customer.id)
  if not conversation then return nil end
  local was = before(customer.id)
  if not pauses.resume(conversation) then return nil end
  self.turns.run { payload = { conversation = customer.id } }
  return outcome(self, customer, was)
end

local function numbered(n)
  return ("1416555%04d"):format(100 + n)
end

-- A new customer.
function Stage.newcomer(_, name)
  local n = 0
  while conversations.get(numbered(n)) do n = n + 1 end
  return { id = numbered(n), name = name }
end

-- The customer who wrote last, or the first one. It is read from the database, so a reload does not change it.
function Stage:latest()
  local n = tonumber(self:newcomer().id:sub(8)) - 100
  return { id = numbered(math.max(n - 1, 0)) }
end

-- What is known in this chat.
---@return table<string, string> known
---@return string[] missing
function Stage.known(_, customer)
  local known = quotes.get(customer.id)
  return known, quote.missing(known, owner.system.quote_fields_needed)
end

function M.new(model)
  local self = setmetatable({ posts = {}, waiting = {} }, Stage)
  self:cast(model)
  return self
end

return M
