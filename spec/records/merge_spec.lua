-- records/merge over the real database: run inside the host (`assistant run`), pending elsewhere.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("records/merge", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local json = require "host.json"
local tables = require "spec.support.tables"
local time = require "host.time"

local function clear()
  for _, name in ipairs { "messages", "quote_data", "turns", "cases", "bookings", "held", "changes_early", "identities", "costs", "media", "conversations" } do
    db.run("DELETE FROM " .. name)
  end
end

local NUMBER, USER = "16475550123", "CA.900100200300"

local function chat(id, at, fields)
  db.run("INSERT INTO conversations(id, phone_number, created_at, updated_at, inbound_at) VALUES(?, ?, ?, ?, ?)", id, id:find "%D" and "" or id,
    time.stamp(at), time.stamp(at), at)
  db.run("INSERT INTO identities(kind, value, conversation_id, linked_at) VALUES(?, ?, ?, 0)", id:find "%D" and "user" or "number", id, id)
  for name, value in pairs(fields or {}) do db.run(("UPDATE conversations SET %s = ? WHERE id = ?"):format(name), value, id) end
end

local function said(chat_id, seq, at, content, role)
  db.run("INSERT INTO messages(id, conversation_id, role, content, created_at, seq, state) VALUES(?, ?, ?, ?, ?, ?, ?)", content, chat_id, role or "user", content,
    time.stamp(at), seq, role and "queued" or nil)
end

local function order(id)
  local list = {}
  for i, row in ipairs(db.all("SELECT content, seq FROM messages WHERE conversation_id = ? ORDER BY seq, rowid", id)) do list[i] = row.content .. " " .. row.seq end
  return list
end

describe("records/merge", function()
  local merge, conversations

  setup(tables)
  before_each(function()
    clear()
    merge, conversations = require "records.merge", require "records.conversations"
  end)
  teardown(clear)

  it("B26: keeps the older chat and puts the messages of both into one order by arrival, each answer behind what it answers", function()
    chat(NUMBER, 1000, { last_seq = 3, answered_seq = 3 })
    chat(USER, 2000, { last_seq = 2, answered_seq = 1, waiting_since = 4500 })
    said(NUMBER, 1, 1000, "a1")
    said(NUMBER, 1, 1100, "A1", "assistant")
    said(USER, 1, 2000, "b1")
    said(NUMBER, 2, 3000, "a2")
    said(NUMBER, 3, 4000, "a3")
    said(USER, 2, 3500, "b2")
    said(NUMBER, 3, 4100, "A3", "assistant")
    said(USER, 1, 2100, "B1", "assistant")
    for _, pair in ipairs { { USER, NUMBER } } do
      local kept, lost, unsent = merge.chats(pair[1], pair[2], 5000)
      assert.same({ NUMBER, USER }, { kept.id, lost.id })
      assert.same({ "B1" }, unsent)
      assert.same({ "a1 1", "A1 1", "b1 2", "B1 2", "a2 3", "a3 4", "A3 4", "b2 5" }, order(NUMBER))
      assert.same({ 5, 4, 4500 }, { kept.last_seq, kept.answered_seq, kept.waiting_since })
    end
    assert.equal(NUMBER, conversations.get(USER).id)
  end)

  it("B26: an opt-out and a pause on either side hold, with who paused it; nothing is due any more after an opt-out", function()
    chat(NUMBER, 1000, { last_seq = 1, waiting_since = 1000 })
    said(NUMBER, 1, 1000, "a1")
    chat(USER, 2000, { opted_out = 1, status = "PAUSED", paused_at = 2500, paused_by = "U1", paused_by_name = "ana" })
    db.run("INSERT INTO cases(conversation_id, state, reason, opened_at, active_at) VALUES(?, 'open', 'question', 1, 1)", NUMBER)
    local kept = merge.chats(NUMBER, USER, 5000)
    assert.same({ NUMBER, 1, "PAUSED", "U1", 2500 }, { kept.id, kept.opted_out, kept.status, kept.paused_by, kept.paused_at })
    assert.same({ 1, 1 }, { kept.last_seq, kept.answered_seq })
    assert.is_nil(kept.waiting_since)
    assert.equal("taken", db.one("SELECT state FROM cases").state)
  end)

  it("B26: of two live cases the taken one stays; a known value wins over an unknown one, staff's over all, else the newer", function()
    chat(NUMBER, 1000, { token = "aaaa1111" })
    chat(USER, 2000, { token = "bbbb2222" })
    for _, one in ipairs { { NUMBER, "open" }, { USER, "taken" } } do
      db.run("INSERT INTO cases(conversation_id, state, reason, opened_at, active_at) VALUES(?, ?, 'complete', 1, 1)", one[1], one[2])
    end
    local function data(id, at, fields, locked)
      db.run("INSERT INTO quote_data(conversation_id, json_dump, updated_at, locked) VALUES(?, ?, ?, ?)", id, json.encode(fields), time.stamp(at), locked)
    end
    data(NUMBER, 4000, { address = "10 Main St", stairs = "unknown", inventory = "a couch" })
    data(USER, 3000, { address = "5 Oak St", stairs = "two flights", inventory = "a bed", elevator_access = "no" }, '["inventory"]')
    local closed = select(4, merge.chats(NUMBER, USER, 5000))
    assert.same({ NUMBER, "closed" }, { closed.conversation_id, closed.state })
    assert.same({ { conversation_id = NUMBER, state = "closed" }, { conversation_id = NUMBER, state = "taken" } },
      db.all "SELECT conversation_id, state FROM cases ORDER BY state")
    local row = db.one "SELECT * FROM quote_data"
    assert.same({ address = "10 Main St", stairs = "two flights", inventory = "a bed", elevator_access = "no" }, json.decode(row.json_dump))
    assert.equal('["inventory"]', row.locked)
    assert.equal(NUMBER, conversations.by_token("bbbb2222").id)
  end)
end)
