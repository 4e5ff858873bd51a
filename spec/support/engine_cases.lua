-- What the records do to rows that two engines can easily see differently, and the same statements on PostgreSQL.
--
--   engine_cases.stand_ins()             the stand-ins' tables in the database of this process
--   engine_cases.record() → calls        runs the cases here: {{how = "one"|"all"|"run", sql =, values = (with n), result =}, …}
--   engine_cases.compare(calls, server) → faults     runs the calls there in the same order

local db = require "host.db"
local both = require "spec.support.both_engines"
local time = require "host.time"

local M = {}

function M.stand_ins()
  if db.one "SELECT 1 AS yes FROM sqlite_schema WHERE name = 'sandbox_messages'" then return end
  for _, step in ipairs(require "stand_ins.schema") do
    for statement in step:gsub("%-%-[^\n]*", ""):gmatch "[^;]+" do
      if statement:find "%S" then db.run(statement) end
    end
  end
end

local DAY = 86400000
local NOW = 1790000000000

-- ---- the cases ----

local function chats()
  local conversations = require "records.conversations"
  for i, one in ipairs { { "16475550101", "Zoe Q" }, { "16475550102", "ZOÉ" }, { "16475550103", nil }, { "CA.b", "anna" }, { "CA.B", "Anna" } } do
    local number = not one[1]:find "%a" and one[1] or nil
    local event = { conversation = one[1], number = number, user_id = not number and one[1] or nil, name = one[2], said_at = NOW + i }
    conversations.arrive(event, NOW + i)
    event.name, event.said_at, event.language = nil, NOW - i, "fr"
    conversations.arrive(event, NOW + 2 * i)
    require("records.identities").link(number and "number" or "user", one[1], one[1], NOW - i)
    require("records.identities").link(number and "number" or "user", one[1], one[1], NOW - 2 * i)
  end
  conversations.meet({ conversation = "16475550101", number = "16475550101" }, NOW)
  conversations.renamed("CA.b", nil, "CA.bb")
  conversations.renamed("CA.B", "16475550199", "CA.BB")
  conversations.renamed("16475550101", nil, "CA.new")
  conversations.renamed("16475550103", "16475550104", nil)
  conversations.lost_number("16475550103", "16475550104")
  conversations.answered("16475550101", 1, nil, "address", NOW, { asked = 2 })
  conversations.answered("16475550101", 0, NOW, nil, NOW)
  conversations.unanswer("16475550101", 5, NOW)
  conversations.set_area("16475550101", { verdict = "out", said = "Hamilton" }, NOW, true)
  conversations.set_area("16475550101", { verdict = "out" }, nil, false)
  conversations.set_area("16475550101", { verdict = "out" }, nil, true)
  conversations.block("CA.B", "Sam", NOW)
  conversations.block("CA.B", "Sam", NOW)
  conversations.unheard "CA.B"
  conversations.blocked()
  conversations.blocked_counts()
  conversations.pause("16475550102", "U1", "Sam", NOW)
  conversations.opt_out("16475550103", nil, NOW)
  conversations.oldest_waiting()
  conversations.for_turn("16475550101", NOW)
  for _, words in ipairs { "zoe", "ZOÉ", "zoé", "ann", "905 555", "647 555", "CA.B", "ca.b" } do require("records.people").like(words, 10) end
  require("records.people").ids_after("", 100)
end

local function words()
  local messages, conversations = require "records.messages", require "records.conversations"
  local id = "16475550101"
  local function user(name, seq, more)
    local event = { id = name, conversation = id, content = "it's " .. name, kind = "text", said_at = NOW + seq }
    for k, v in pairs(more or {}) do event[k] = v end
    messages.add_user(event, seq, NOW + seq)
  end
  local function ours(name, seq, part, state, more)
    local m = { id = name, conversation = id, content = "our " .. name, seq = seq, part = part, kind = "model", state = state }
    for k, v in pairs(more or {}) do m[k] = v end
    messages.add_assistant(m, NOW + seq)
  end
  user("u1", 1)
  ours("a1", 1, 1, "queued")
  ours("a1b", 1, 2, "queued")
  user("u2", 2, { kind = "image" })
  user("u3", 3, { reply_to = "a1", kind = nil })
  user("u4", 4, { reply_to = "wamid.a1" })
  user("u5", 5, { kind = "unsupported" })
  ours("late", 2, 1, "draft")
  ours("b1", 5, 1, "unknown", { author = "Sam", kind = "staff" })
  messages.known("u1", id, "CA.bb")
  messages.known("nobody", nil, nil)
  messages.opened("a1", NOW, NOW + 7)
  messages.to_send "a1"
  messages.keep_early("wamid.a1", "sent", NOW, nil)
  messages.accepted("a1", messages.after_send("a1", "wamid.a1"), "wamid.a1", NOW)
  messages.after_send("a1b", nil)
  messages.take_early "wamid.a1"
  messages.accepted("b1", messages.after_send("b1", "wamid.a1"), "wamid.a1", NOW) -- twice the same, which nothing forbids
  messages.unanswered { id = id, answered_seq = 0 }
  messages.recent(id, 5, 3)
  messages.recent(id, 5, 50, NOW)
  messages.last_shown(id)
  messages.last_of_both(id, 4)
  messages.last_reply(id)
  messages.unusable_running(id)
  messages.newest_place()
  messages.queued(id)
  messages.unsent(id)
  messages.said_since(id, "OUR", NOW - DAY)
  messages.said_since(id, "our", NOW - DAY)
  messages.of_status("a1", nil)
  messages.of_status(nil, "wamid.a1")
  messages.in_doubt()
  messages.failed_since(NOW)
  messages.counts()
  messages.hold("a1b", id)
  messages.hold("a1b", id)
  messages.release(5)
  messages.versions(id, "u2")
  require("records.quotes").put(id, { junk_items = "sofa, 2 photos" })
  require("records.quotes").correct(id, "address", "it's 1 Main St")
  require("records.quotes").put(id, { junk_items = "sofa" }, true)
  require("records.quotes").photo_gone "u2"
  require("records.media").add({ id = "u2", conversation = id, media = { meta_id = "m", kind = "image", mime = "image/jpeg" } }, NOW)
  require("records.media").without_file(1, "refused", "too large")
  messages.unanswered { id = id, answered_seq = 0 }
  require("records.media").sweep { ("f"):rep(64) }
  conversations.for_turn(id, NOW)
end

local function staff()
  local cases, offers, stages = require "records.cases", require "records.offers", require "records.stages"
  local id = "16475550101"
  local case = cases.open({ id = id }, "asked")
  cases.open({ id = "CA.b" }, "question")
  cases.note(case, "first", 1000)
  cases.note(case, "second", 1000)
  cases.note(case, "third", 1000)
  cases.followed_up(case.id, "first\nsecond")
  cases.followed_up(case.id, "other")
  cases.take(id, { id = "U1", name = "Sam" })
  cases.posted(case.id, "C1", "1.5")
  cases.posted(case.id, nil, nil)
  cases.unposted(NOW * 2)
  cases.waiting(3)
  cases.counts()
  cases.idle_pauses(NOW * 2)
  cases.see("mark", 200, "it's")
  cases.see("mark", 200, "new")
  cases.seen("mark", nil)
  for i = 1, 3 do
    local offer = offers.add({ conversation = id, amount_cents = 100 * i, author = "Sam" }, NOW)
    offers.carried(offer, "a" .. i)
    offers.opened("a" .. i, NOW)
    stages.add(case, "quoted", { cents = i })
  end
  offers.close(3, "accepted", NOW)
  offers.standing(id)
  offers.expire(NOW * 2)
  offers.is_last_said(id, "b1")
  stages.since(0)
  require("records.slack_posts").add { channel = "C1", ts = "1.5", conversation = id, staff = true }
  require("records.slack_posts").add { channel = "C1", ts = "1.5", conversation = id, staff = false }
  require("records.audit").add({ id = "U1" }, "take", id, nil, "it's")
  cases.close(id)
  require("records.expiry").cases(NOW * 2, 10)
end

local function visits()
  local bookings = require "records.bookings"
  local id = "16475550101"
  for i, one in ipairs { { "v1", NOW + 2 * DAY, NOW + 3 * DAY }, { "v2", nil, NOW + 4 * DAY }, { "v3", NOW + DAY, nil }, { "v4", nil, nil } } do
    bookings.put { uid = one[1], conversation_id = id, state = "booked", start_at = one[2], end_at = one[3], event_at = NOW + i }
  end
  bookings.put { uid = "v5", state = "cancelled", event_at = NOW - 5, phone = "16475550101" }
  bookings.put { uid = "v3", state = "booked", event_at = NOW - 5, name = "Zoe", phone = "16475550101" } -- the last: there an upsert takes an id, too
  bookings.all_standing(id, NOW)
  require("records.conversations").for_turn(id, NOW)
  require("records.people").bookings { id, "16475550102" }
  require("records.expiry").bookings(NOW + 3, 1)
  require("records.expiry").bookings(NOW + 3, 1)
end

local function providers()
  local circuits, costs = require "records.circuits", require "records.costs"
  circuits.failed "model"
  circuits.failed "model"
  circuits.failing("slack", "500", NOW)
  circuits.failing("slack", "502", NOW + 1)
  circuits.hold("whatsapp", NOW + 50)
  circuits.hold("whatsapp", NOW + 20)
  circuits.open("whatsapp", "131031", nil, NOW)
  circuits.open("whatsapp", "131031", nil, NOW + 1)
  circuits.hold("whatsapp", NOW + 90)
  circuits.probe("whatsapp", NOW + DAY)
  circuits.failing("whatsapp", "other", NOW)
  circuits.all_open()
  circuits.close "model"
  for i = 1, 2 do
    costs.add_tokens("16475550101", { uncached = 5 * i, cached = 2, completion = 1, dollars = 0.125 }, NOW)
    costs.add_message("16475550101", "service", 0.25, NOW)
    costs.add_message("CA.b", "free", 0, NOW)
  end
  costs.tell(0.5, NOW)
  costs.tell(0.5, NOW)
  costs.tell(1.5, NOW)
  costs.today(NOW)
  costs.between("2000-01-01", "2999-01-01")
  costs.between("1999-01-01", "1999-01-02")
  costs.dearest("2000-01-01", "2999-01-01", 10)
  costs.forget(NOW, 10)
  require("records.alerts").count("c", 1000)
  require("records.alerts").count("c", 1000)
  require("records.alerts").settle "c"
  require("records.numbers").ours("1", NOW)
end

-- The records' other functions: {name, values …}.
local function others()
  local id, visit = "16475550101", NOW + 2 * DAY
  local function calls(module, list)
    local records = require("records." .. module)
    for _, one in ipairs(list) do records[one[1]](table.unpack(one, 2, one.n or #one)) end
  end
  calls("bookings", { { "get", 1 }, { "at", id, visit }, { "all_at", visit }, { "learn_uid", 1, "v1b" }, { "ended", id, visit }, { "set_reminder", 1, 7 } })
  calls("cases", { { "last", id }, { "open", { id = id }, "failed" }, { "because", id, "asked" }, { "active", id }, { "posted", 3, "C1", "2.5" },
    { "carded", id }, { "of_card", "C1", "2.5" }, { "open_now", 5 }, { "reminded", 3, 2 }, { "told_late", 3 }, { "last_words", id }, { "staff_seq", id },
    { "pause_asked", "16475550102" }, { "expire_due", NOW * 2 }, { "close_as", id, { reason = "done", cents = 12345, by = "Sam" } }, { "uncarded", id } })
  calls("changes", { { "put", { id = "e2", original = "u3", conversation = id, content = "B" }, NOW }, { "put", { id = "e3", original = "u3",
    conversation = id, content = "a" }, NOW + 1 }, { "take", { id = "u3", conversation = id, number = id } } })
  calls("circuits", { { "told", "slack", NOW }, { "due", "whatsapp", NOW } })
  calls("conversations", { { "set_token", id, "tok" }, { "set_token", id, "tok2" }, { "by_token", "tok" }, { "by_token", "none" }, { "set_quote", id, NOW, "address" },
    { "told_after_hours", id, NOW }, { "asked_for_photos", id, NOW }, { "nudged", id }, { "heard_again", id, NOW }, { "unblock", "CA.B", NOW },
    { "speaks", id, "fr" }, { "opt_in", "16475550103", NOW }, { "pause_active", "16475550102", NOW }, { "paused_told", "16475550102", NOW },
    { "staff_reached", "16475550102", NOW }, { "resume", "16475550102", NOW }, { "limit", id, NOW }, { "set_ended", id, NOW } })
  calls("costs", { { "of", { id, "" } } })
  calls("identities", { { "find", "number", id }, { "any", "CA.b" }, { "chats", id, "CA.b" }, { "is_taken", id, id }, { "after", id, NOW } })
  calls("media", { { "add", { id = "u5", conversation = id, media = { meta_id = "m2", kind = "audio", mime = "audio/ogg" } }, NOW }, { "get", 2 },
    { "words_due", id, 0, NOW }, { "stored", 2, { hash = "ab", bytes = 12 }, "audio/ogg", NOW }, { "without_words", id }, { "no_words", 2, "it's" },
    { "counts", id, 0 }, { "set_words", 2, "hello" }, { "counts", id, 0 }, { "of", id }, { "of_message", "u5" }, { "with_hash", "ab" }, { "remove_message", "u5" },
    { "forget", NOW + 1, 1 }, { "remove", id } })
  calls("messages", { { "get", "a1" }, { "versions", id, "none" }, { "replace", "u2", "new", nil, NOW, "ed", n = 6 }, { "versions", id, "u2" },
    { "ours", id, "a1" }, { "ours", id, "wamid.a1" }, { "set_words", "a1b", "other", nil, n = 4 }, { "newest_at", id }, { "quoted", { id = "u3" } }, { "newer_at", id, 2 },
    { "since_understood", { id = id, answered_seq = 1 }, 4, 2 }, { "greeted", id }, { "answered_before", id, 9 }, { "set_form", "a1b", "{}" },
    { "words_alone", "a1b" }, { "set_state", "a1b", "sending", NOW }, { "just_accepted", "a1b", "wamid.z", NOW }, { "resend", "b1", NOW, "470" },
    { "take_back", "b1", NOW, "old" }, { "of_turn", { id = id, last_seq = 5, answered_seq = 1 }, 3 } })
  calls("offers", { { "get", 2 }, { "last", id }, { "of_wamid", id, "wamid.a1" }, { "remove", 2 } })
  calls("people", { { "is_erased_message", "x" }, { "unblocked", { id } }, { "blocked_marks" }, { "opted_in", { id } } })
  calls("slack_posts", { { "get", "C1", "1.5" }, { "became", "C1", "1.5", "a1" }, { "of_message", "a1" }, { "hold", "C1", "1.5", "{}" }, { "signed", "C1", "1.5", "eyes" } })
  calls("stages", { { "get", 1 }, { "leads", 0, 0, 5 }, { "of_case", 1 } })
  calls("turns", { { "add", { conversation = id, started_at = NOW, brain = "model", action = "continue", calls = 2 }, NOW }, { "add", { conversation = id,
    started_at = NOW, brain = "words", action = "limited" }, NOW }, { "count", id, 0 }, { "last", id } })
  calls("expiry", { { "turns", NOW + 1, 1 }, { "offers", NOW + 1, 1 }, { "audit", NOW + 1, 5 }, { "slack_posts", NOW + DAY, 5 }, { "early", NOW + 1, 5 },
    { "seen", NOW + 1, 5 }, { "erased_messages", 6, 5 }, { "answers", NOW + DAY, 5 } })
end

local function ends()
  local people, expiry, messages = require "records.people", require "records.expiry", require "records.messages"
  messages.add_user({ id = "w1", conversation = "CA.b", content = "w1", kind = "text", said_at = NOW }, 1, NOW + 2)
  messages.add_user({ id = "w2", conversation = "CA.b", content = "w2", kind = "text", said_at = NOW }, 2, NOW + 3)
  require("records.merge").chats("16475550101", "CA.b", NOW)
  messages.recent("16475550101", 50, 50)
  people.before { "16475550101" }
  people.add_mark("mark", 5, { opted_out = true })
  people.add_mark("mark", 6, { blocked = true })
  people.add_message_mark("m", 5)
  people.add_message_mark("m", 6)
  people.before { "16475550101" }
  people.erased "mark"
  people.unscrubbed()
  people.scrubbed(6)
  people.has_stand_ins()
  people.quoted "it's"
  people.quoted "nowhere"
  people.all "16475550101"
  require("records.seen").first("x", NOW)
  require("records.seen").first("x", NOW)
  require("records.changes").put({ id = "e1", original = "u9", conversation = "CA.b" }, NOW)
  require("records.changes").put({ id = "e1", original = "u9", conversation = "CA.b" }, NOW)
  expiry.changes(NOW + 1, 5)
  expiry.messages(NOW + 3, 3)
  expiry.conversations("", NOW + DAY, 3)
  for _, message in ipairs(people.messages("16475550101", 100)) do people.remove_message(message) end
  people.remove("16475550101", { "16475550101" }, function(name) return name end)
end

local TABLES = { "messages", "quote_data", "turns", "cases", "bookings", "held", "changes_early", "identities", "costs", "media", "offers", "stages", "audit",
  "slack_posts", "slack_seen", "statuses_early", "circuits", "alerts", "erased", "erased_messages", "seen", "conversations" }

---@return table[] calls
function M.record()
  local calls, originals, now_ms = {}, {}, time.now_ms
  for _, name in ipairs(TABLES) do db.run("DELETE FROM " .. name) end
  db.run "DELETE FROM sqlite_sequence"
  for _, how in ipairs { "one", "all", "run" } do
    originals[how] = db[how]
    db[how] = function(sql, ...)
      local call = { how = how, sql = sql, values = table.pack(...) }
      local result = originals[how](sql, ...)
      call.result = type(result) == "table" and table.move(result, 1, #result, 1, {}) or result -- the caller may change its order
      if how == "one" and result then for name, value in pairs(result) do call.result[name] = value end end
      calls[#calls + 1] = call
      return result
    end
  end
  time.now_ms = function() return NOW end
  local ok, err = xpcall(function()
    for _, run in ipairs { chats, words, staff, visits, providers, others, ends } do run() end
  end, debug.traceback)
  for how, fn in pairs(originals) do db[how] = fn end
  time.now_ms = now_ms
  for _, name in ipairs(TABLES) do db.run("DELETE FROM " .. name) end
  assert(ok, err)
  return calls
end

-- ---- the same there ----

-- The lines of CSV, whose NULL is \N.
local function rows_of(text)
  local rows, row, at = {}, {}, 1
  while at <= #text do
    local cell, rest = text:match('^"(.-)"()[,\n]', at)
    while cell and select(2, cell:gsub('"', "")) % 2 == 1 do -- a doubled quote ended the match
      local more, after = text:match('^(.-)"()[,\n]', rest)
      if not more then break end
      cell, rest = cell .. text:sub(rest - 1, rest - 1) .. more, after
    end
    if cell then
      cell = cell:gsub('""', '"')
    else
      cell, rest = text:match("^([^,\n]*)()", at)
    end
    row[#row + 1] = cell
    if text:sub(rest, rest) ~= "," then
      rows[#rows + 1], row = row, {}
    end
    at = rest + 1
  end
  return rows
end

local function shown(value)
  if value == nil then return "\\N" end
  local number = math.type(value) and value or nil
  return number and (math.tointeger(number) and ("%d"):format(number) or ("%.15g"):format(number)) or tostring(value)
end

-- Rows as lines, the columns by name; in the statement's order when it gives one. PostgreSQL shows a rowid beside what SQLite shows.
local function lines_of(rows, ordered)
  local list = {}
  for i, row in ipairs(rows) do
    local parts = {}
    for name, value in pairs(row) do
      if name ~= "rowid" then parts[#parts + 1] = name .. "=" .. value end
    end
    table.sort(parts)
    list[i] = table.concat(parts, " ")
  end
  if not ordered then table.sort(list) end
  return table.concat(list, "\n")
end

local function ours(call)
  if call.how == "run" then return tostring(call.result) end
  local rows = {}
  for i, row in ipairs(call.how == "one" and { call.result } or call.result) do
    rows[i] = {}
    for name, value in pairs(row) do rows[i][name] = shown(value) end
  end
  return lines_of(rows, call.sql:find "ORDER BY[^()]*$")
end

local function theirs(call, text)
  if text:find "ERROR:" then return text end
  if call.how == "run" then return text:match "(%d+)\n?$" or "0" end
  text = text:gsub("\nINSERT 0 %d+\n$", "\n"):gsub("\nUPDATE %d+\n$", "\n"):gsub("\nDELETE %d+\n$", "\n")
  local lines = rows_of(text)
  local names, rows = table.remove(lines, 1) or {}, {}
  for i, line in ipairs(lines) do
    if call.how == "one" and i > 1 then break end
    rows[i] = {}
    for k, name in ipairs(names) do
      local value = line[k]
      if value ~= "\\N" then rows[i][name] = value:find "^%-?%d+%.%d+$" and shown(tonumber(value)) or value end
    end
  end
  return lines_of(rows, call.sql:find "ORDER BY[^()]*$")
end

---@return string[] faults
function M.compare(calls, server)
  local prepared, count, lines = {}, 0, { "\\set QUIET on\n\\pset format csv\n\\pset null '\\\\N'" }
  for i, call in ipairs(calls) do
    local sql, wanted = both.dollars(call.sql)
    if not prepared[sql] then
      count = count + 1
      prepared[sql] = "c" .. count
      lines[#lines + 1] = ("PREPARE c%d AS %s;"):format(count, sql)
    end
    local values = {}
    for k = 1, wanted do values[k] = both.literal(call.values[k]) end
    lines[#lines + 1] = ("\\echo ==== %d\n\\set QUIET off\nEXECUTE %s%s;\n\\set QUIET on"):format(i, prepared[sql],
      wanted > 0 and "(" .. table.concat(values, ", ") .. ")" or "")
  end
  local said, faults = {}, {}
  for number, text in (server:run(table.concat(lines, "\n")) .. "==== 0"):gmatch "==== (%d+)\n(.-)%f[=\0]%f[=]" do said[tonumber(number)] = text end
  for i, call in ipairs(calls) do
    local here, there = ours(call), theirs(call, said[i] or "")
    if here ~= there then faults[#faults + 1] = ("%d: %s\nSQLite:\n%s\nPostgreSQL:\n%s"):format(i, call.sql, here, there) end
  end
  return faults
end

return M
