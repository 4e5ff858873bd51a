-- records/people and records/expiry over the real database: run inside the host (`assistant run`), pending elsewhere.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("records/people", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local inbox = require "host.inbox"
local jobs = require "host.jobs"
local ledger = require "host.ledger"
local tables = require "spec.support.tables"
local time = require "host.time"

local DAY_MS = 86400000

local function count(name, where) return db.one("SELECT count(*) AS n FROM " .. name .. (where and " WHERE " .. where or "")).n end

local function chat(id, fields)
  db.run("INSERT INTO conversations(id, phone_number, name, updated_at) VALUES(?, ?, ?, ?)", id, id, "Ann", time.stamp(fields and fields.at or time.now_ms()))
  for name, value in pairs(fields or {}) do
    if name ~= "at" then db.run(("UPDATE conversations SET %s = ? WHERE id = ?"):format(name), value, id) end
  end
end

local function message(id, conversation, at)
  db.run("INSERT INTO messages(id, conversation_id, role, content, created_at, seq) VALUES(?, ?, 'user', 'words', ?, 1)", id, conversation, time.stamp(at))
end

local function clear()
  for _, name in ipairs { "messages", "quote_data", "turns", "cases", "bookings", "held", "statuses_early", "changes_early", "slack_seen", "erased", "erased_messages",
    "conversations", "inbox", "parked", "jobs", "offers", "audit", "stages", "slack_posts" } do db.run("DELETE FROM " .. name) end
end

describe("records/people", function()
  local people

  setup(tables)
  before_each(function()
    people = require "records.people"
    clear()
  end)

  it("reads a number however it is typed, with or without the country's 1, and business-scoped ids", function()
    for _, typed in ipairs { "+1 (647) 555-0123", "16475550123", " 1-647-555-0123 ", "1.647.555.0123" } do
      assert.same({ "16475550123" }, people.ids(typed), typed)
    end
    assert.same({ "16475550123", "6475550123" }, people.ids "647 555 0123")
    assert.same({ "CA.13491208655302741918" }, people.ids "CA.13491208655302741918")
    for _, typed in ipairs { "", "Ann", "12345", "123456789012345678901", "1647555012x", "'; DROP TABLE messages", "ca.12" } do
      assert.same({}, people.ids(typed), typed)
    end
  end)

  it("finds chats by a part of any of their numbers or of the name, without reading whole chats", function()
    chat "16475550123"
    chat "16475550999"
    db.run("DELETE FROM identities")
    db.run("INSERT INTO identities VALUES('number', '16475550123', '16475550123', 0), ('number', '19055550001', '16475550123', 0), ('number', '16475550999', '16475550999', 0)")
    db.run("UPDATE conversations SET name = 'Zoe Q', inbound_at = 5 WHERE id = '16475550999'")
    local function found(words)
      local ids = {}
      for i, row in ipairs(people.like(words, 10)) do ids[i] = row.id end
      return table.concat(ids, " ")
    end
    assert.equal("16475550123", found "(905) 555-0001")
    assert.equal("16475550999 16475550123", found "647 555")
    assert.equal("16475550999", found "zoe")
    assert.equal("", found "12")
    local original, plans = db.all, {}
    db.all = function(sql, ...)
      for _, step in ipairs(original("EXPLAIN QUERY PLAN " .. sql, ...)) do plans[#plans + 1] = step.detail end
      return original(sql, ...)
    end
    found "647555"
    db.all = original
    for _, step in ipairs(plans) do assert.is_nil(step:find("SCAN conversations", 1, true), step) end
    db.run("DELETE FROM identities")
  end)

  it("recognises what was erased by keyed marks that hold nothing of it", function()
    people.add_mark(people.mark "16475550123", 5, { opted_out = true })
    people.add_message_mark(people.message_mark "wamid.A", 5)
    assert.same({ opted_out = true, blocked = false }, people.before { "16475550123" })
    assert.is_nil(people.before { "16475550124" })
    assert.is_true(people.is_erased_message "wamid.A")
    assert.is_false(people.is_erased_message "wamid.B")
    assert.same({ erased_at = 5, opted_out = 1, blocked = 0, scrubbed = 0 }, people.erased(people.mark "16475550123"))
    assert.equal(64, #people.mark "16475550123")
    assert.not_equal(people.mark "x", (ledger.mark "x"))
    people.opted_in { "16475550123" }
    assert.is_nil(people.before { "16475550123" })
    people.add_mark(people.mark "16475550125", 5, { blocked = true })
    assert.same({ opted_out = false, blocked = true }, people.before { "CA.1", "16475550125" })
    assert.same({ 1, 1, 0 }, { people.blocked_marks(), people.unblocked { "16475550125" }, people.blocked_marks() })
    assert.same({ 0, 1, 2, 3 }, { people.digit {}, people.digit { opted_out = true }, people.digit { blocked = true },
      people.digit { opted_out = true, blocked = true } })
  end)

  it("finds words in jobs, and erases a job in any state while its lane continues", function()
    local first = jobs.put { kind = "send", lane = "whatsapp:16475550123", payload = { message = "m-one-of-them" } }
    local second = jobs.put { kind = "send", lane = "whatsapp:16475550123", payload = {} }
    local other = jobs.put { kind = "send", lane = "whatsapp:164755501234", payload = {} }
    local named = jobs.put { kind = "slack", payload = { text = "+1 647-555-0123: hello" } }
    assert.same({ first, second, named }, (jobs.find { "16475550123", "+1 647-555-0123" }))
    assert.same({ first }, (jobs.find { "m-one-of-them" }))
    assert.is_true(jobs.erase(first))
    assert.is_false(jobs.erase(first))
    assert.equal(0, db.one("SELECT state FROM jobs WHERE id = ?", second).state)
    local list, next = jobs.list "send"
    assert.equal(2, #list)
    assert.equal(other, list[2].id)
    assert.is_nil(next)
  end)

  it("refuses words that would be found everywhere", function()
    assert.has_error(function() jobs.find { "abc" } end)
    assert.has_error(function() inbox.find { 12345 } end)
  end)
end)

describe("records/expiry", function()
  local retention, now

  setup(tables)
  before_each(function()
    retention, now = require "records.expiry", time.now_ms()
    clear()
  end)

  it("removes the oldest first, at most the given number, and stops at the first young one", function()
    chat "16475550123"
    for i = 1, 5 do message("old" .. i, "16475550123", now - 200 * DAY_MS) end
    message("young", "16475550123", now)
    assert.equal(3, retention.messages(now - 180 * DAY_MS, 3))
    assert.equal(3, count "messages")
    assert.equal(2, retention.messages(now - 180 * DAY_MS, 3))
    assert.equal(0, retention.messages(now - 180 * DAY_MS, 3))
    assert.equal("young", db.one("SELECT id FROM messages").id)
  end)

  it("H5: never takes a raw webhook that is still to be read", function()
    db.run("INSERT INTO inbox(id, reader, received_at, body) VALUES(-2, 'whatsapp', 5, CAST('{}' AS BLOB)), (?, 'whatsapp', 5, CAST('{}' AS BLOB))", 1 << 40)
    db.run("INSERT INTO parked(inbox_id, reader, whole, reason, parked_at, item) VALUES(-2, 'whatsapp', 0, 'odd', 5, CAST('x' AS BLOB))")
    db.run("INSERT INTO parked(inbox_id, reader, whole, reason, parked_at) VALUES(-2, 'whatsapp', 1, 'odd', 5)")
    assert.equal(2, retention.raw(now - 30 * DAY_MS, 10))
    assert.equal(1, count "inbox")
    assert.equal(0, count "parked")
    assert.equal(0, retention.raw(now - 30 * DAY_MS, 10))
  end)

  it("keeps a chat with anything left in it, a paused chat, and the number and opt-out of a customer who opted out", function()
    local old = now - 200 * DAY_MS
    chat("16470000001", { at = old })
    chat("16470000002", { at = old, opted_out = 1, token = "t" })
    chat("16470000008", { at = old, opted_out = 1 })
    db.run("UPDATE conversations SET name = NULL, source = '{\"type\":\"ad\"}', free_until = 5 WHERE id = '16470000008'")
    chat("16470000003", { at = old, status = "PAUSED" })
    chat("16470000004", { at = old })
    message("m4", "16470000004", now)
    chat("16470000005", { at = old })
    db.run("INSERT INTO cases(conversation_id, state, reason, opened_at, active_at) VALUES('16470000005', 'open', 'asked', ?1, ?1)", old)
    chat("16470000006", { at = old })
    db.run("INSERT INTO bookings(uid, conversation_id, state, start_at, event_at) VALUES('uid-6', '16470000006', 'booked', ?, ?)", now + DAY_MS, old)
    chat "16470000007"
    for _, id in ipairs { "16470000001", "16470000002", "16470000004" } do
      db.run("INSERT INTO quote_data(conversation_id, json_dump) VALUES(?, '{}')", id)
      db.run("INSERT INTO turns(conversation_id, started_at, ended_at, generation, brain, action) VALUES(?, ?2, ?2, 'g', 'model', 'continue')", id, now)
    end
    local taken, after = 0, ""
    repeat
      local n, next = retention.conversations(after, now - 180 * DAY_MS, 2)
      taken, after = taken + n, next or after
    until not next
    assert.equal(3, taken)
    assert.equal(7, count "conversations")
    assert.equal(1, count("conversations", "id = '16470000008' AND opted_out = 1 AND source IS NULL AND free_until IS NULL"))
    assert.equal(0, count("conversations", "id = '16470000001'"))
    assert.equal(1, count("conversations", "id = '16470000002' AND opted_out = 1 AND name IS NULL AND token IS NULL"))
    assert.equal(1, count "quote_data")
    assert.equal(0, retention.conversations("", now - 180 * DAY_MS, 100), "the opted-out one is not written again")
  end)

  it("takes closed cases and visits that are over, and leaves live ones of any age", function()
    local old = now - 200 * DAY_MS
    for i, state in ipairs { "closed", "open", "closed" } do
      db.run("INSERT INTO cases(conversation_id, state, reason, opened_at, active_at, closed_at) VALUES(?, ?, 'asked', ?3, ?3, ?4)",
        "1647000000" .. i, state, old, state == "closed" and (i == 1 and old or now) or nil)
      db.run("INSERT INTO bookings(uid, state, start_at, event_at) VALUES(?, 'booked', ?, ?)", "uid-" .. i, i == 1 and old or now + DAY_MS, old)
    end
    assert.equal(1, retention.cases(now - 180 * DAY_MS, 10))
    assert.equal(1, retention.bookings(now - 180 * DAY_MS, 10))
    assert.equal(2, count "cases")
    assert.equal(2, count "bookings")
  end)

  it("H5: takes old quotes, what staff did, posts in threads, and with a case what became of it", function()
    local old, before = now - 200 * DAY_MS, now - 180 * DAY_MS
    for i, at in ipairs { old, now } do
      db.run("INSERT INTO cases(id, conversation_id, state, reason, opened_at, active_at, closed_at) VALUES(?1, ?1, 'closed', 'asked', ?2, ?2, ?2)", 900 + i, at)
      db.run("INSERT INTO stages(case_id, conversation_id, kind, at) VALUES(?, 'c', 'opened', ?)", 900 + i, old)
      db.run("INSERT INTO offers(conversation_id, amount_cents, author, state, created_at) VALUES('c', 35000, 'ana', 'expired', ?)", at)
      db.run("INSERT INTO audit(at, user_id, action, conversation_id, after) VALUES(?, 'U1', 'write', 'c', 'words')", at)
      for _, channel in ipairs { "C1", "C2" } do
        db.run("INSERT INTO slack_posts(channel, ts, conversation_id, staff, held) VALUES(?, ?, 'c', 1, '{}')", channel, ("%d.000100"):format(at // 1000))
      end
    end
    for name, removed in pairs { cases = 1, offers = 1, audit = 1, slack_posts = 2 } do
      assert.equal(removed, retention[name](before, 10), name)
      assert.equal(removed, count(name), name)
      assert.equal(0, retention[name](before, 10), name)
    end
    assert.equal(1, count "stages")
  end)

  it("H5: nothing of a chat is left when its row goes", function()
    chat("16470000001", { at = now - 200 * DAY_MS })
    db.run("INSERT INTO audit(at, user_id, action, conversation_id, after) VALUES(?, 'U1', 'write', '16470000001', 'words')", now)
    assert.equal(1, (retention.conversations("", now - 180 * DAY_MS, 10)))
    assert.equal(0, count "audit")
  end)

  it("B27: an edit whose message never came goes after 7 days, and one that is delivered again is kept once", function()
    local changes = require "records.changes"
    for i, at in ipairs { now - 8 * DAY_MS, now, now } do
      changes.put({ id = "e" .. math.min(i, 2), original = "o", conversation = "1", content = "words " .. i }, at)
    end
    assert.equal(2, count "changes_early")
    assert.equal(1, retention.changes(now - retention.IDS_MS, 10))
    assert.same({ false, "words 2", now, "e2" }, { changes.take { id = "o", conversation = "1" } })
    assert.equal(0, count "changes_early")
  end)

  it("B27: a deletion before its message counts more than its edits, and only its own chat's", function()
    local changes = require "records.changes"
    changes.put({ id = "r", original = "o", conversation = "1" }, now)
    changes.put({ id = "e", original = "o", conversation = "1", content = "new" }, now + 1)
    changes.put({ id = "x", original = "o", conversation = "2", content = "another's" }, now)
    assert.is_true((changes.take { id = "o", conversation = "1" }))
    assert.equal("another's", (select(2, changes.take { id = "o", conversation = "2" })))
  end)

  it("H5: reads only what is too old, however much there is", function()
    local original, plans = db.run, {}
    db.run = function(sql, ...)
      for _, step in ipairs(db.all("EXPLAIN QUERY PLAN " .. sql, ...)) do
        if step.detail:find "^SCAN" then plans[#plans + 1] = step.detail .. " in " .. sql end
      end
      return original(sql, ...)
    end
    local fine, problem = pcall(function()
      for _, what in ipairs { "cases", "audit", "slack_posts", "bookings", "early", "changes", "erased_messages" } do retention[what](now, 10) end
    end)
    db.run = original
    assert.is_true(fine, problem)
    assert.same({}, plans)
  end)
end)
