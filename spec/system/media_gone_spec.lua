-- When a received file goes: erasure, deletion, age. What another row names stays.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local FILES, MESSAGES = 2000, 100000

describe("a received file", function()
  local scene, service
  local mine, other = "16470008801", "16470008802"
  local shared, theirs, sent, orphan = ("5"):rep(64), ("6"):rep(64), ("7"):rep(64), ("8"):rep(64)

  local function path(hash) return ("%s/media/%s/%s"):format(service.data, hash:sub(1, 2), hash) end
  local function is_there(hash) return shell.read(path(hash)) ~= nil end
  local function put(hash)
    shell.run("mkdir -p -m 700 " .. service.data .. "/media/" .. hash:sub(1, 2))
    shell.write(path(hash), "bytes of " .. hash)
  end
  local function count() return tonumber((select(2, shell.run("find " .. service.data .. "/media -type f | wc -l")))) end
  local function hash_of(phone)
    return shell.until_(function()
      return service:value(("SELECT hash FROM media WHERE conversation_id = '%s' AND state = 'stored' ORDER BY id DESC LIMIT 1"):format(phone))
    end, 10, "a stored file")
  end
  -- A row for each file of mine is made by SQL, as are the messages of others.
  local function fill()
    local rows = {}
    for i = 1, FILES do
      local hash = crypto.hex(crypto.sha256("file " .. i))
      put(hash)
      rows[i] = ("('%s', 'm%d', 'image', 'stored', '%s', 9, 1)"):format(mine, i, hash)
    end
    for _, hash in ipairs { shared, theirs, sent, orphan } do put(hash) end
    shell.write(service.home .. "/fill.sql", ([[
      INSERT INTO conversations(id, phone_number, created_at, updated_at) SELECT value, value, '2026-01-01 00:00:00.000', '2099-01-01 00:00:00.000' FROM json_each('["%s","%s"]');
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
      INSERT INTO messages(id, conversation_id, role, content, created_at, seq, state, file) SELECT 'x' || i, '%s', 'assistant', 'Any stairs? ' || i,
        '2099-01-01 00:00:00.000', i, 'read', iif(i = 50000, '%s', iif(i %% 10 = 0, printf('%%064d', i), NULL)) FROM n;
      INSERT INTO media(conversation_id, message_id, kind, state, hash, bytes, created_at) VALUES %s,
        ('%s', 's1', 'image', 'stored', '%s', 9, 4070908800000), ('%s', 's2', 'image', 'stored', '%s', 9, 4070908800000), ('%s', 's3', 'image', 'stored', '%s', 9, 4070908800000);
      UPDATE jobs SET run_at = 4070908800000 WHERE kind = 'retention';]]):format(mine, other, MESSAGES, other, sent, table.concat(rows, ","),
      mine, shared, other, shared, other, theirs))
    local code, text = shell.run(("sqlite3 -bail %s < %s/fill.sql"):format(service.db, service.home))
    assert.equal(0, code, text)
  end

  setup(function()
    scene = chat.open { env = { LUA_SLICE_MS = process.sanitized() and 1000 or 100 } }
    service = scene.service
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'retention'" == 1 end, 10, "the job that is put off")
    service:kill()
    fill()
    service:start()
  end)
  teardown(process.close_all)

  it("B29 H4: goes with its person: 2,000 files among 100,000 messages, in slices of under 100 ms, and what others have stays", function()
    assert.equal(FILES + 4, count())
    local pid = service:pid()
    local code, text = service:cli("erase", "+" .. mine)
    assert.equal(0, code, text)
    assert.truthy(text:find(("%d received files"):format(FILES + 1), 1, true), text)
    assert.equal(4, count())
    for _, hash in ipairs { shared, theirs, sent, orphan } do assert.is_true(is_there(hash)) end
    assert.equal(pid, service:pid())
  end)

  it("B29: goes soon when its message is deleted, unless another message brought the same bytes", function()
    local phone, twin = meta.phone(), meta.phone()
    local alone = scene.stand_ins:write { from = phone, type = "image", media = { size = 3000, salt = "alone" } }[1]
    local hash = hash_of(phone)
    for _, from in ipairs { phone, twin } do scene.stand_ins:write { from = from, type = "image", media = { size = 3000, salt = "twice" } } end
    local twice = hash_of(twin)
    shell.until_(function() return hash_of(phone) == twice end, 10, "the same file of both")
    local function revoke(id)
      assert.equal(200, service:hook { messages = { meta.message(phone, "revoke", { revoke = { original_message_id = id } }) } })
    end
    revoke(service:value(("SELECT message_id FROM media WHERE conversation_id = '%s' AND hash = '%s'"):format(phone, twice)))
    revoke(alone)
    shell.until_(function() return not is_there(hash) end, 5, "the deleted message's file to be gone")
    assert.is_true(is_there(twice))
    assert.equal(0, service:value(("SELECT count(*) FROM media WHERE conversation_id = '%s'"):format(phone)))
  end)

  it("B29 H5: goes when its row is too old or no row names it, and what a row or a message of ours names stays", function()
    local before = #service:logged "retention.done"
    service:kill()
    service:sql("UPDATE media SET created_at = 1 WHERE hash = '" .. theirs .. "'; UPDATE jobs SET run_at = 0 WHERE kind = 'retention'")
    service:start()
    shell.until_(function() return #service:logged "retention.done" > before end, 20, "the end of the retention")
    assert.same({ true, false, true, false }, { is_there(shared), is_there(theirs), is_there(sent), is_there(orphan) })
    assert.equal(2, service:logged("retention.done")[before + 1].files)
  end)
end)
