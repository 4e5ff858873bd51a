-- A webhook with very many messages is read in pieces, so that no transaction is large, a bad item stops no other one, and a crash
-- afterwards loses nothing.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local STORED, BATCH, AT_ONCE, ROUNDS = 60000, 1200, 8, 20

-- What a business has after some years, so large that each message of the batch touches pages of its own.
local SEED = [[
  PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;
  INSERT INTO conversations(id, phone_number, name, last_seq, answered_seq)
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
    SELECT 15550000000 + i * 149, 15550000000 + i * 149, printf('Customer %%-400d', i), 3, 3 FROM n;
  INSERT INTO messages(id, conversation_id, role, content, seq, kind)
    SELECT 'wamid.HBgL' || char(48 + abs(random() %% 75), 48 + abs(random() %% 75)) || hex(randomblob(60)) AS wamid, id, 'user', 'a sofa', 3, 'text'
    FROM conversations ORDER BY wamid;
  INSERT INTO quote_data(conversation_id, json_dump) SELECT id, printf('{"inventory":"%%-400d"}', id) FROM conversations;
  PRAGMA journal_mode=WAL]]

local function stored_phone(i) return ("%d"):format(15550000000 + i * 149) end

-- The reader as it ships, but for one word that makes it fail.
local function reader_that_fails()
  local text, at = assert(shell.read(shell.root .. "/scripts/channels/whatsapp/read.lua")), "local function read_message%b()\n"
  assert(text:find(at))
  return (text:gsub(at, "%0  if item.text and item.text.body:find('BAD ITEM', 1, true) then error 'a bad item' end\n"))
end

describe("a webhook of very many messages", function()
  local service

  -- Its slices are long, so that a reader that takes the whole batch at once would come to the end of it.
  local function open(files)
    service = process.new { files = files, env = { TURN_QUIET_MS = 600000, TURN_MAX_WAIT_MS = 600000, LUA_SLICE_MS = 1500 } }
    service:term()
    assert.equal(0, (shell.run(("sqlite3 %s %s"):format(service.db, shell.quote(SEED:format(STORED - 1))))))
    service:start()
  end

  teardown(chat.close_all)

  -- Messages of many customers, spread over all that are stored.
  local function batch(count)
    local messages = {}
    for i = 1, count do
      messages[i] = meta.message(stored_phone(i * 7919 % STORED), "location", { location = { address = "in the batch" } })
    end
    return messages
  end

  local function stored(text) return service:value(("SELECT count(*) FROM messages WHERE role = 'user' AND content LIKE '%%%s%%'"):format(text)) end

  -- Each call: a round of single messages on connections of their own, at once. How many were acknowledged so far.
  local function traffic()
    local acknowledged = 0
    return function()
      local peers = {}
      for i = 1, AT_ONCE do
        peers[i] = wire.dial(service.port)
        peers[i]:send(meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), "honest") } }))
      end
      for _, peer in ipairs(peers) do
        if peer:read(1, 5)[1].status == 200 then acknowledged = acknowledged + 1 end
        peer:close()
      end
      return acknowledged
    end
  end

  it("A10 A11 B7: is read except for its bad item, which is parked; after a kill every acknowledged message is there", function()
    open { ["scripts/channels/whatsapp/read.lua"] = reader_that_fails() }
    local messages = batch(BATCH)
    messages[BATCH] = meta.text(stored_phone(BATCH * 7919 % STORED), "BAD ITEM")
    local honest = traffic()
    honest()
    assert.equal(200, service:hook { messages = messages })
    shell.until_(function() return #service:logged "script.error" > 0 end, 10, "the bad item to be met")
    local acknowledged
    for _ = 1, ROUNDS do acknowledged = honest() end
    service:kill()
    service:start()
    shell.until_(function() return #service:logged "inbox.parked" > 0 and service:status().inbox.unread == 0 end, 10, "the bad item to be parked")
    assert.equal(acknowledged, stored "honest")
    assert.equal(BATCH - 1, stored "in the batch")
    assert.equal(1, service:value "SELECT count(*) FROM parked")
    local kept = service:rows "SELECT CAST(i.body AS TEXT) AS body FROM parked p JOIN inbox i ON i.id = p.inbox_id"[1].body
    assert.truthy(kept:find("BAD ITEM", 1, true))
    assert.is_true(#kept < 2000)
    service:write("scripts/channels/whatsapp/read.lua", assert(shell.read(shell.root .. "/scripts/channels/whatsapp/read.lua")))
    shell.until_(function() return stored "BAD ITEM" == 1 end, 5, "the item to be read by a mended reader")
    assert.equal(0, service:value "SELECT count(*) FROM parked")
    service:kill()
  end)
end)
