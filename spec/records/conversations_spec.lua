-- records/conversations over the real database: run inside the host (`assistant run`), pending elsewhere.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("records/conversations", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local conversations = require "records.conversations"
local messages = require "records.messages"
local tables = require "spec.support.tables"

local NUMBER = "16475550123"

local function event(more)
  local all = { conversation = NUMBER, number = NUMBER, name = "Ann", said_at = 1000, language = "fr" }
  for name, value in pairs(more) do all[name] = value or nil end
  return all
end

-- What arrive returns, and the same columns as they are stored.
local function arrive(more, now)
  local told, stored = conversations.arrive(event(more), now), {}
  local row = conversations.get(NUMBER)
  for _, name in ipairs { "id", "status", "language", "opted_out", "last_seq", "answered_seq", "waiting_since", "blocked_at" } do stored[name] = row[name] end
  return told, stored, row
end

local function empty()
  for _, name in ipairs { "messages", "conversations" } do db.run("DELETE FROM " .. name) end
end

describe("conversations.arrive", function()
  setup(tables)
  before_each(empty)
  teardown(empty)

  it("says of a new chat what is stored of it", function()
    local told, stored, row = arrive({ fresh = true }, 5000)
    assert.same(stored, told)
    assert.same({ 1, 5000, 1000, "fr", "Ann", NUMBER, NUMBER }, { row.last_seq, row.waiting_since, row.inbound_at, row.language, row.name, row.phone_number, row.write_to })
  end)

  it("goes on with a chat that is stored although no name led to it", function()
    arrive({ fresh = true }, 5000)
    conversations.block(NUMBER, "somebody", 5500)
    local told, stored = arrive({ fresh = true, language = "es" }, 6000)
    assert.same(stored, told)
    assert.same({ 2, 6000, "fr", 5500 }, { told.last_seq, told.waiting_since, told.language, told.blocked_at })
  end)

  it("begins a chat again whose row is gone although its names are not", function()
    local told, stored = arrive({}, 5000)
    assert.same(stored, told)
    assert.equal(1, told.last_seq)
  end)

  it("keeps since when they wait, the newest time, and what a later message does not say", function()
    arrive({ fresh = true, source = { type = "ad" } }, 5000)
    local told, stored, row = arrive({ said_at = 900, number = false, user_id = "CA.900100200300", name = false }, 6000)
    assert.same(stored, told)
    assert.same({ 2, 5000, 1000, "Ann", NUMBER, "CA.900100200300", 1000 + 72 * 3600000 },
      { told.last_seq, told.waiting_since, row.inbound_at, row.name, row.phone_number, row.write_to, row.free_until })
  end)

  it("keeps the newest advertisement that led to the chat", function()
    arrive({ fresh = true, source = { type = "ad", id = "1" } }, 5000)
    arrive({ source = { type = "ad", id = "2" } }, 6000)
    local _, _, row = arrive({}, 7000)
    assert.truthy(row.source:find('"2"', 1, true), row.source)
  end)
end)

describe("messages.of_turn", function()
  setup(tables)
  before_each(empty)
  teardown(empty)

  local function add(seq, role, count)
    for i = 1, count or 1 do
      db.run("INSERT INTO messages(id, conversation_id, role, content, created_at, seq) VALUES(?, ?, ?, ?, '2026-11-01T00:00:00.000Z', ?)",
        role .. seq .. "-" .. i, NUMBER, role, "said", seq)
    end
  end

  it("finds the message that waits, however much staff have written since", function()
    conversations.arrive(event { fresh = true }, 5000)
    add(1, "user")
    add(1, "assistant", 150)
    local waiting, rows = messages.of_turn({ id = NUMBER, answered_seq = 0, last_seq = 1 }, 100)
    assert.same({ "user1-1" }, { waiting[1].id, waiting[2] })
    assert.equal(101, #rows)
  end)
end)
