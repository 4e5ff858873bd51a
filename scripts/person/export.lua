-- `assistant export PHONE [--text]`: prints everything that is kept about one person, for that person. It holds nobody else's data.

local costs = require "records.costs"
local erase = require "person.erase"
local inbox = require "host.inbox"
local json = require "host.json"
local media = require "records.media"
local names = require "staff.names"
local people = require "records.people"
local pieces = require "person.pieces"
local text = require "language.text"
local time = require "host.time"

local M = {}

local function iso(ms) return ms and ms > 0 and time.iso(ms) or nil end

-- The three oldest tables store times as text.
local function iso_of(stamp)
  local at = stamp and time.parse(stamp)
  return at and time.iso(at) or stamp
end

local function object(value)
  local decoded = value and json.decode(value, { null_as_nil = true })
  return type(decoded) == "table" and decoded or nil
end

local function list_of(rows, fn)
  local list = json.array()
  for i, row in ipairs(rows) do list[i] = fn(row) end
  return list
end

local function message_of(m)
  return {
    id = m.id, platform_id = m.wamid, from = m.role == "user" and "customer" or m.author and "staff"
      or m.role == "assistant" and "assistant" or m.role,
    staff = m.author, kind = m.kind, text = m.content, at = iso_of(m.created_at), said_at = iso(m.said_at),
    state = m.state, state_at = iso(m.state_at), problem = m.error, replies_to = m.reply_to, edited_at = iso(m.edited_at),
    form = object(m.form), template = object(m.template),
  }
end

local function case_of(c)
  return {
    state = c.state, reason = c.reason, opened_at = iso(c.opened_at), posted_at = iso(c.posted_at), taken_at = iso(c.taken_at),
    taken_by = c.taken_by_name or c.taken_by, closed_at = iso(c.closed_at), known = object(c.known), notes = c.notes,
    close_reason = c.close_reason, final_dollars = c.close_cents and c.close_cents / 100, closed_by = c.closed_by,
  }
end

local function booking_of(b)
  return { id = b.uid, state = b.state, starts_at = iso(b.start_at), ends_at = iso(b.end_at), name = b.name, phone = b.phone,
    changed_at = iso(b.event_at) }
end

local function change_of(c)
  return { id = c.id, message = c.original, text = c.content, deletes = not c.content or nil, at = iso(c.at) }
end

local function media_of(m)
  return { kind = m.kind, type = m.mime, name = m.name, state = m.state, why = m.why, hash = m.hash, bytes = m.bytes, words = m.words,
    message = m.message_id, at = iso(m.created_at) }
end

local function cost_of(c)
  return { day = c.day,
    model = { tokens_in = c.tokens_in, tokens_cached = c.tokens_cached, tokens_out = c.tokens_out, dollars = c.dollars },
    messages = { service = c.service, utility = c.utility, marketing = c.marketing, authentication = c.authentication, free = c.free,
      dollars = c.message_dollars } }
end

local function turn_of(t)
  return { at = iso(t.started_at), ended_at = iso(t.ended_at), decided_by = t.brain, action = t.action, model_calls = t.calls,
    rejected_answer = t.rejected, why = t.why, scripts = t.generation }
end

local function offer_of(o)
  return { id = o.id, dollars = o.amount_cents / 100, note = o.note, staff = o.author, state = o.state, at = iso(o.created_at),
    answered_at = iso(o.answered_at) }
end

local function action_of(a)
  return { at = iso(a.at), staff = a.user_name or a.user_id, staff_id = a.user_id, team = a.team, action = a.action,
    before = a.before, after = a.after }
end

local function stage_of(s) return { at = iso(s.at), lead = s.case_id, change = s.kind, more = object(s.more) } end

local function quote_of(q)
  return { fields = object(q.json_dump) or {}, corrected_by_staff = object(q.locked), changed_at = iso_of(q.updated_at) }
end

-- The person's parts of the raw webhooks that are still kept.
---@async
local function raw_of(ids, conversation, bookings, readers)
  local list, theirs = json.array(), { tokens = erase.set(people.tokens(conversation)), bookings = {} }
  for _, booking in ipairs(bookings) do theirs.bookings[booking.uid] = true end
  local words, set = erase.words(ids, conversation, bookings), erase.set(ids)
  for row_id in pieces(function(from) return inbox.find(words, from) end, 0) do
    local row = inbox.get(row_id)
    local reader = row and readers[row.reader]
    local parts = reader and reader.parts(row.body, set, theirs) or {}
    if #parts > 0 then list[#list + 1] = { received_at = iso(row.received_at), parts = parts } end
  end
  return list
end

---@async
---@param id string
---@param conversation? table nil: the person has no chat, but booked a visit with their number
---@param readers person.Readers
---@return table
function M.person(id, conversation, readers)
  local all, ids = people.all(id), people.names(id)
  local c = conversation or { phone_number = id, name = all.bookings[1] and all.bookings[1].name }
  return {
    exported_at = time.iso(time.now_ms()),
    id = id, also_known_as = #ids > 1 and json.array { table.unpack(ids, 2) } or nil,
    phone_number = c.phone_number ~= "" and c.phone_number or nil, name = c.name, language = c.language,
    opted_out = c.opted_out == 1,
    chat = conversation and {
      status = c.status, began_at = iso_of(c.created_at), changed_at = iso_of(c.updated_at), last_message_at = iso(c.inbound_at),
      area_place = c.area_place, source = object(c.source), free_until = iso(c.free_until), write_to = c.write_to,
      photos_asked_at = iso(c.photos_asked),
      blocked_at = iso(c.blocked_at), blocked_by = c.blocked_by,
      waiting_since = iso(c.waiting_since), paused_at = iso(c.paused_at), paused_by = c.paused_by_name or c.paused_by,
    } or nil,
    messages = list_of(all.messages, message_of),
    quote_data = all.quote and quote_of(all.quote) or nil,
    cases = list_of(all.cases, case_of),
    bookings = list_of(all.bookings, booking_of),
    turns = list_of(all.turns, turn_of),
    offers = list_of(all.offers, offer_of),
    staff_actions = list_of(all.audit, action_of),
    lead_changes = list_of(all.stages, stage_of),
    media = list_of(media.of(id), media_of),
    costs = list_of(costs.of(ids), cost_of),
    changes_before_their_message = list_of(all.changes, change_of),
    raw = raw_of(ids, conversation, all.bookings, readers),
  }
end

-- ---- as text -------------------------------------------------------------------------------------------------------

local function clock(stamp)
  local at = stamp and time.parse(stamp)
  return at and names.date(at, time) or "?"
end

local function fields_of(data)
  local lines = {}
  for _, name in ipairs(text.sorted_names(data)) do
    local value = data[name]
    lines[#lines + 1] = ("  %s: %s"):format(name:gsub("_", " "), type(value) == "table" and json.encode(value) or tostring(value))
  end
  return lines
end

-- The ad or post that brought them, in one line.
local function came_from(source)
  if not source then return "nothing is known" end
  local words = { source.type or "ad" }
  for _, name in ipairs { "headline", "body", "url" } do words[#words + 1] = source[name] end
  return table.concat(words, ", ")
end

---@param person table the result of M.person
---@return string
function M.text(person)
  local now = time.zoned(time.parse(person.exported_at))
  local lines = {
    ("What is kept about %s, on %s (times are %s)"):format(names.phone(person.id) or person.id, clock(person.exported_at), now.zone),
    "",
    "Name: " .. (person.name or "not known") .. (person.also_known_as and "; other numbers and ids: "
      .. table.concat(person.also_known_as, ", ") or ""),
    person.chat and "Chat: since " .. clock(person.chat.began_at) .. ", now "
      .. (person.chat.status == "PAUSED" and "with staff" or "with the assistant")
      or "Chat: none",
    "Came from: " .. came_from(person.chat and person.chat.source),
    "Blocked: " .. (person.chat and person.chat.blocked_at
      and ("since %s, by %s"):format(clock(person.chat.blocked_at), person.chat.blocked_by or "nobody known") or "no"),
    "Opted out: " .. (person.opted_out and "yes, nothing automatic is sent" or "no"),
  }
  local function section(title, list, fn)
    if #list == 0 then return end
    lines[#lines + 1] = ""
    lines[#lines + 1] = title
    for _, item in ipairs(list) do lines[#lines + 1] = fn(item) end
  end
  if person.quote_data then section("For the quote", fields_of(person.quote_data.fields), function(line) return line end) end
  section("Bookings", person.bookings, function(b)
    return ("  %s: %s (%s)"):format(b.state, b.starts_at and clock(b.starts_at) or "no time", b.id)
  end)
  section("Handed to staff", person.cases, function(k)
    return ("  %s: %s, %s%s"):format(clock(k.opened_at), k.reason, k.state, k.taken_by and ", taken by " .. k.taken_by or "")
  end)
  section("Quotes that were sent", person.offers, function(o)
    return ("  %s: $%.2f by %s, %s%s"):format(clock(o.at), o.dollars, o.staff, o.state, o.note and " (" .. o.note .. ")" or "")
  end)
  section("What staff did", person.staff_actions, function(a)
    return ("  %s  %s: %s%s"):format(clock(a.at), a.staff, a.action, a.after and " (" .. a.after:gsub("\n", " ") .. ")" or "")
  end)
  section("Messages", person.messages, function(m)
    local who = m.from == "customer" and "they" or m.staff or "assistant"
    return ("  %s  %s: %s%s"):format(clock(m.at), who, m.text:gsub("\n", "\n    "), m.state and " [" .. m.state .. "]" or "")
  end)
  section("Photos, videos, voice notes and documents", person.media, function(m)
    local what = m.hash and ("%s, %d bytes, %s"):format(m.type or "?", m.bytes, m.hash) or m.why and m.state .. ": " .. m.why or m.state
    return ("  %s  %s%s: %s%s"):format(clock(m.at), media.CALLED[m.kind] or m.kind, m.name and " " .. m.name or "", what,
      m.words and "\n    " .. m.words:gsub("\n", "\n    ") or "")
  end)
  section("Edits and deletions that wait for their message", person.changes_before_their_message, function(c)
    return ("  %s  %s"):format(clock(c.at), c.deletes and "deletes " .. c.message or c.text:gsub("\n", "\n    "))
  end)
  section("Decisions of the assistant", person.turns, function(t)
    return ("  %s  %s: %s%s"):format(clock(t.at), t.decided_by, t.action, t.why and " (" .. t.why .. ")" or "")
  end)
  section("What the chat cost us", person.costs, function(c)
    return ("  %s  the model $%.4f, messages $%.4f"):format(c.day, c.model.dollars, c.messages.dollars)
  end)
  if #person.raw > 0 then
    section("Raw webhooks", { ("  %d webhook%s (without --text they are shown in full)"):format(#person.raw,
      #person.raw == 1 and "" or "s") },
      function(line) return line end)
  end
  return table.concat(lines, "\n")
end

-- Readable JSON: two spaces per level, keys in order.
---@param value any
---@return string
function M.indented(value, margin)
  margin = margin or ""
  if type(value) ~= "table" or next(value) == nil then
    return type(value) == "table" and (json.is_array(value) and "[]" or "{}") or json.encode(value)
  end
  local inner, parts = margin .. "  ", {}
  if json.is_array(value) then
    for i, item in ipairs(value) do parts[i] = inner .. M.indented(item, inner) end
    return "[\n" .. table.concat(parts, ",\n") .. "\n" .. margin .. "]"
  end
  for i, name in ipairs(text.sorted_names(value)) do parts[i] = inner .. json.encode(name) .. ": " .. M.indented(value[name], inner) end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. margin .. "}"
end

---@async
---@param args string[]
---@param readers person.Readers
---@return string? export
---@return string? problem
function M.command(args, readers)
  local as_text, phone
  for _, word in ipairs(args) do
    if word == "--text" then as_text = true elseif phone == nil then phone = word else phone = "" end
  end
  local ids = phone and people.ids(phone) or {}
  if #ids == 0 then
    return nil, "Usage: assistant export PHONE [--text]"
      .. "   (the number with its country code, like +1 416 555 1234, or the id that staff see)"
  end
  local conversation = people.find(ids)
  local id = conversation and conversation.id
  for _, other in ipairs(ids) do
    if not id and (#people.bookings { other } > 0 or #people.changes(other) > 0) then id = other end
  end
  if not id then return nil, ("There is no chat with %s, and no booking."):format(names.phone(ids[1]) or ids[1]) end
  local person = M.person(id, conversation, readers)
  return as_text and M.text(person) or M.indented(person)
end

return M
