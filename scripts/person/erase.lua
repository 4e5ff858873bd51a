-- `assistant erase PHONE`: removes everything about one person, and every byte of it from the database's files.
--
--   1. a line in the ledger, so that the erasure is finished after a crash, and repeated in an older copy that is restored
--   2. raw webhooks and jobs, piece by piece; running jobs about the person end
--   3. one transaction removes the rest and adds the keyed mark
--   4. the file is cleaned and searched

local db = require "host.db"
local inbox = require "host.inbox"
local jobs = require "host.jobs"
local ledger = require "host.ledger"
local log = require "host.log"
local mask = require "mask"
local media = require "records.media"
local names = require "staff.names"
local people = require "records.people"
local pieces = require "person.pieces"
local task = require "host.task"
local text = require "language.text"
local time = require "host.time"

local M = {}

local AT_ONCE = 500 -- messages in one transaction
local MARKS_A_LINE = 200
local LOOKS = 3
local SCRUB_AGAIN_MS = 5000
local WORD_BYTES = 40 -- shorter texts of the person are not searched for in the file

---How each reader of the inbox finds one person in the bytes that it reads.
---@alias person.Readers table<string, {parts: fun(body: string, names: table<string, boolean>,
---  theirs: {tokens: table<string, boolean>, bookings: table<string, boolean>}): table[],
---  without?: fun(body: string, names: table<string, boolean>, is_theirs: fun(id: any): boolean?): string?, string[]}>

local function shown(id) return names.phone(id) or id end

-- A list as a set.
function M.set(list)
  local set = {}
  for _, word in ipairs(list) do set[word] = true end
  return set
end

-- The words that show the person in bytes: their names as they are stored and as staff see them, the booking links' tokens, the ids of
-- their messages, also as JSON may write them.
---@param ids string[] all that names the person
---@param conversation? table
---@param bookings records.Booking[]
---@return string[]
function M.words(ids, conversation, bookings)
  local words = {}
  for _, id in ipairs(ids) do
    words[#words + 1] = id
    if shown(id) ~= id then words[#words + 1] = shown(id) end
  end
  for _, token in ipairs(people.tokens(conversation)) do words[#words + 1] = token end
  for _, booking in ipairs(bookings) do
    if #booking.uid >= 4 then words[#words + 1] = booking.uid end
  end
  return words
end

local function add_ids(words, message)
  for _, id in ipairs { message.id, message.wamid } do
    words[#words + 1] = id
    if id:find("/", 1, true) then words[#words + 1] = (id:gsub("/", "\\/")) end
  end
end

local Erasure = {}
Erasure.__index = Erasure

function Erasure:count(what, n) self.removed[what] = (self.removed[what] or 0) + n end

-- Adds the keyed marks of messages, to the ledger first.
function Erasure:add_marks(ids)
  local marks = {}
  for i, id in ipairs(ids) do marks[i] = people.message_mark(id) end
  local lines = {}
  for i = 1, #marks, MARKS_A_LINE do
    lines[#lines + 1] = ("m %d %s"):format(self.at, table.concat(marks, ",", i, math.min(i + MARKS_A_LINE - 1, #marks)))
  end
  if #lines > 0 then assert(ledger.add(lines)) end
  for _, mark in ipairs(marks) do people.add_message_mark(mark, self.at) end
end

-- Removes a raw row that names the person. When it is not read yet, only the person's parts of it are removed.
function Erasure:raw(row_id)
  local row = inbox.get(row_id)
  if not row then return end
  local reader, rest = self.readers[row.reader], nil
  if reader and reader.without then
    local taken
    rest, taken = reader.without(row.body, self.set, function(id) return self.known[id] end)
    self:add_marks(taken)
  end
  inbox.replace(row_id, row.unread and rest or nil)
  self:count("raw", 1)
end

function Erasure:job(job_id)
  if jobs.erase(job_id) then self:count("jobs", 1) end
end

-- Calls fn for everything that `find` gives from `from` on. `pause` is called between two pieces.
local function each(find, words, from, fn, pause)
  while true do
    local ids, next, last = find(words, from)
    for _, id in ipairs(ids) do fn(id) end
    if not next then return last end
    if pause then pause() end
    from = next
  end
end

-- Erases in the inbox, in parked items and in jobs. Returns how far it came in each.
function Erasure:sweep(from, pause)
  local function parked(id)
    if inbox.erase_parked(id) then self:count("parked", 1) end
  end
  return {
    inbox = each(inbox.find, self.words, from.inbox, function(id) self:raw(id) end, pause),
    parked = each(inbox.find_parked, self.words, from.parked, parked, pause),
    jobs = each(jobs.find, self.words, from.jobs, function(id) self:job(id) end, pause),
  }
end

-- Removes up to AT_ONCE messages. True when there may be more.
function Erasure:some_messages()
  local list, ids = people.messages(self.id, AT_ONCE), {}
  for _, message in ipairs(list) do
    ids[#ids + 1] = message.id
    ids[#ids + 1] = message.wamid
    if message.role == "user" and #message.content >= WORD_BYTES and #self.texts < 50 then
      self.texts[#self.texts + 1] = text.clip(message.content, 200)
    end
    if #self.gone < 5000 then add_ids(self.gone, message) end
  end
  self:add_marks(ids)
  for _, message in ipairs(list) do people.remove_message(message) end
  self:count("messages", #list)
  return #list == AT_ONCE
end

-- Removes the rest, all or nothing, with what arrived meanwhile.
function Erasure:rest(from)
  local conversation = people.find { self.id }
  self.keeps.opted_out = self.keeps.opted_out or conversation ~= nil and conversation.opted_out == 1
  self.keeps.blocked = self.keeps.blocked or conversation ~= nil and conversation.blocked_at ~= nil
  self:sweep(from)
  while self:some_messages() do end
  for _, change in ipairs(people.changes(self.id)) do
    self:add_marks { change.id, change.original }
    add_ids(self.gone, change)
    add_ids(self.gone, { id = change.original })
    if #(change.content or "") >= WORD_BYTES then self.texts[#self.texts + 1] = text.clip(change.content, 200) end
  end
  for _, booking in ipairs(people.bookings(self.names)) do
    if booking.reminder_job then self:job(booking.reminder_job) end
  end
  for what, n in pairs(people.remove(self.id, self.names, shown)) do self:count(what, n) end
  for _, name in ipairs(self.names) do people.add_mark(people.mark(name), self.at, self.keeps) end
end

-- Removes a person from the rows. The ledger has their line already.
---@async
---@param id string
---@param at integer ms, the time of the erasure, as in the ledger's line
---@param keeps? {opted_out?: boolean, blocked?: boolean} true counts although the rows do not say so
---@param readers person.Readers
---@return table erasure .removed has counts; .words and .texts are to be searched for
function M.rows(id, at, keeps, readers)
  local conversation = people.find { id }
  id = conversation and conversation.id or id
  local ids = people.names(id)
  local self = setmetatable({ id = id, names = ids, set = M.set(ids),
    at = at, keeps = keeps or {}, readers = readers, removed = {}, texts = {}, gone = {}, known = {} },
    Erasure)
  self.words = M.words(ids, conversation, people.bookings(ids))
  -- Jobs about the person end first, so that from here on nothing is sent to them and no model reads about them.
  local function pause() task.sleep(1) end
  local message_words = people.messages(id, 5000)
  for _, message in ipairs(message_words) do
    add_ids(self.words, message)
    self.known[message.id] = true
    if message.wamid then self.known[message.wamid] = true end
  end
  each(jobs.find, self.words, 0, function(job) self:job(job) end, pause)
  local from = self:sweep({ inbox = 0, parked = 0, jobs = 0 }, pause)
  while db.transaction(function() return self:some_messages() end) do pause() end
  local files = {}
  db.transaction(function()
    self:rest(from)
    files = media.remove(id)
  end)
  self:count("media", #files)
  db.durable()
  media.sweep(files)
  return self
end

-- ---- the file ----

-- Cleans the file. Waits when another task is cleaning it.
---@async
local function scrub()
  for _ = 1, 100 do
    local pages, problem = db.scrub()
    if pages or problem ~= "it is being done already" then return pages, problem end
    task.sleep(100)
  end
  return nil, "it is being done already"
end

-- The job that cleans the file after a redelivered webhook of an erased person. The webhook's rows are removed when it is read, but
-- the write-ahead log holds it since it was accepted, when nobody knew yet whose it was.
---@async
function M.scrub()
  local pages, problem = scrub()
  if pages then return log.info("person.scrubbed", { pages = pages }) end
  log.warn("person.not_scrubbed", { why = problem })
  return jobs.retry(SCRUB_AGAIN_MS, problem)
end

-- The words that the file holds.
---@async
local function held(words)
  local found, list, next = {}, {}, 0
  repeat
    local places
    places, next = db.holds(words, next)
    for _, i in ipairs(places) do found[i] = true end
    if next then task.sleep(0) end
  until not next
  for i, word in ipairs(words) do
    if found[i] then list[#list + 1] = word end
  end
  return list
end

-- Does this search of the host find the word?
---@async
local function find_any(find, word)
  return pieces(function(from) return find({ word }, from) end, 0)() ~= nil
end

-- Does a webhook or a parked item hold the word?
---@async
local function in_work(word) return find_any(inbox.find, word) or find_any(inbox.find_parked, word) end

-- Does something of another person hold the same word: another chat, or a webhook or job of another chat?
---@async
local function held_elsewhere(word)
  local next
  repeat
    local found
    found, next = people.quoted(word, next)
    if found then return true end
    if next then task.sleep(0) end
  until not next
  if people.has_stand_ins() then return true end
  return in_work(word) or find_any(jobs.find, word)
end

---@async
---@param words string[]
---@return boolean clean
---@return string[] others words that the file still holds, in what belongs to other people
---@return string? problem
local function clean_file(words)
  local others = {}
  db.durable()
  for look = 1, LOOKS do
    local cleaned, problem = scrub()
    if not cleaned then return false, {}, problem end
    words = held(words)
    for i = #words, 1, -1 do
      -- Digits that meet by chance in another person's row can read like the number. Only a word of digits can appear so.
      local neighbours = look > 1 and cleaned == 0 and not words[i]:find("%D")
      if neighbours or held_elsewhere(words[i]) then others[#others + 1] = table.remove(words, i) end
    end
    if #words == 0 then return true, others end
  end
  return false, others, "the file still holds bytes of it"
end

-- ---- the command ----

local NAMES = {
  { "conversations", "chat", "chats" }, { "messages", "message", "messages" }, { "quotes", "set of quote data", "sets of quote data" },
  { "cases", "case", "cases" }, { "bookings", "booking", "bookings" }, { "turns", "record of a turn", "records of turns" },
  { "jobs", "waiting job", "waiting jobs" }, { "raw", "raw webhook", "raw webhooks" },
  { "parked", "parked item", "parked items" },
  { "media", "received file", "received files" },
  { "costs", "day of costs", "days of costs" },
  { "offers", "quote that was sent", "quotes that were sent" },
  { "audit", "record of what staff did", "records of what staff did" },
  { "changes", "edit or deletion that waited for its message", "edits and deletions that waited for their messages" },
  { "answers", "stored answer to a click", "stored answers to clicks" },
}

local function counts(removed)
  local list = {}
  for _, name in ipairs(NAMES) do
    local n = removed[name[1]] or 0
    if n > 0 then list[#list + 1] = n .. " " .. (n == 1 and name[2] or name[3]) end
  end
  return #list > 0 and table.concat(list, ", ") or "nothing"
end

local function clock(at) return names.date(at, time, true) end

-- The backups that hold the person: those made after their chat began.
local function backups(lines, since)
  local list, unknown = {}, "Not known here: copies made in another way, and backups made after one that was restored."
  for _, copy in ipairs(db.backups and db.backups() or {}) do
    if (copy.exists or copy.media) and copy.made_at >= since then
      list[#list + 1] = ("  %s (%s)%s"):format(copy.exists and copy.path or copy.media, clock(copy.made_at),
        copy.exists and copy.media and ", with the folder " .. copy.media or "")
    end
  end
  if #list == 0 then
    lines[#lines + 1] = "No backup that `assistant backup` made of this database holds their data. " .. unknown
  else
    lines[#lines + 1] = "Backups that still hold their data:\n" .. table.concat(list, "\n")
    lines[#lines + 1] = "Delete these copies and folders. If you keep a copy, also keep the files that end in .erased and .key beside the"
      .. " database. With them the person is erased from the copy when it is restored. " .. unknown
  end
end

local function report(erasure, since, others)
  local lines = {
    "Erased " .. shown(erasure.id) .. ".",
    "Removed: " .. counts(erasure.removed) .. ".",
    "The database's files were cleaned and searched. Nothing about this person is left in them.",
  }
  if #others > 0 then
    lines[3] = "The database's files were cleaned and searched. What they still hold of the number or the words belongs to other people"
      .. (people.has_stand_ins() and " (here: to the sandbox's stand-ins)" or "") .. "."
  end
  if erasure.keeps.blocked then
    lines[#lines + 1] = "They were blocked. The block still counts if they write again: a keyed mark keeps it, without the number."
  end
  lines[#lines + 1] = erasure.keeps.opted_out
    and "They had opted out. The opt-out still counts if they write again. Nothing else about them is kept."
    or not erasure.keeps.blocked and "If they write again, they start as a new customer." or nil
  backups(lines, since)
  lines[#lines + 1] = "Delete by hand what is outside this program: posts about them in Slack, and the chat on WhatsApp."
  return table.concat(lines, "\n")
end

-- Does anything name these ids although there is no chat? For example raw webhooks whose messages could not be read.
---@async
local function named(ids)
  for _, id in ipairs(ids) do
    if #people.bookings { id } > 0 or #people.changes(id) > 0 or in_work(id) then return id end
  end
end

-- Erases, and reports the result.
---@async
---@param args string[]
---@param readers person.Readers
---@return string? report
---@return string? problem
function M.command(args, readers)
  local ids = #args == 1 and people.ids(args[1]) or {}
  if #ids == 0 then
    return nil, "Usage: assistant erase PHONE   (the number with its country code, like +1 416 555 1234, or the id that staff see)"
  end
  local conversation = people.find(ids)
  local id = conversation and conversation.id or named(ids)
  if not id then
    return nil, ("Nothing is kept about %s: no chat, no booking, no webhook. Nothing was changed."):format(shown(ids[1]))
  end
  local at, since = time.now_ms(), conversation and time.parse(conversation.created_at) or 0
  local before = people.erased(people.mark(id))
  local keeps = { opted_out = (conversation or before or {}).opted_out == 1,
    blocked = conversation and conversation.blocked_at ~= nil or not conversation and before ~= nil and before.blocked == 1 }
  local lines = {}
  for i, name in ipairs(people.names(id)) do lines[i] = ("p %s %d %d"):format(people.mark(name), at, people.digit(keeps)) end
  local added, problem = ledger.add(lines)
  if not added then return nil, "Nothing was erased: " .. problem .. "." end
  local erasure = M.rows(id, at, keeps, readers)
  local words = erasure.words
  table.move(erasure.gone, 1, #erasure.gone, #words + 1, words)
  table.move(erasure.texts, 1, #erasure.texts, #words + 1, words)
  local clean, others, why = clean_file(words)
  log.info("person.erased", { conversation = mask(id), messages = erasure.removed.messages or 0, clean = clean })
  if not clean then
    return nil, ("%s is erased from the tables, but the files could not be cleaned (%s). The service tries again every hour and at"
      .. " each start. Close other programs that have the database open."):format(shown(id), why)
  end
  people.scrubbed(at)
  return report(erasure, since, others)
end

return M
