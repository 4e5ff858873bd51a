-- Edits, deletions, calls and other things that come twice, late or in the wrong order: what is stored in the end, and what staff read.

package.path = "scripts/?.lua;" .. package.path

if not pcall(require, "host.db") then
  describe("edits and deletions of WhatsApp", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local db = require "host.db"
local reader = require "spec.support.reader"
local time = require "host.time"

local P = reader.phone
local clock

local function message(id, kind, fields)
  clock = clock + 1
  local one = { from = P, id = "wamid." .. id, timestamp = tostring(clock), type = kind }
  for name, value in pairs(fields) do one[name] = value end
  return one
end

local function says(body, fields)
  fields = fields or {}
  local id = fields.id or "o"
  fields.id, fields.text = nil, { body = body }
  return message(id, "text", fields)
end

local function edit(id, original, body, fields)
  fields = fields or {}
  fields.edit = { original_message_id = "wamid." .. original, message = { type = "text", text = { body = body } } }
  return message(id, "edit", fields)
end

local function revoke(id, original) return message(id, "revoke", { revoke = { original_message_id = "wamid." .. original } }) end

local function read(one) return reader.read(reader.hook(reader.messages(one))) end

-- The customer got an answer to all so far.
local function answer() db.run("UPDATE conversations SET answered_seq = last_seq, waiting_since = NULL") end

local function stored()
  local list = {}
  for i, row in ipairs(db.all "SELECT kind, content FROM messages ORDER BY seq, rowid") do list[i] = row.kind .. ": " .. row.content end
  return table.concat(list, " / ")
end

-- Name, what comes (functions, called in order), what is stored then.
local STORIES = {
  { "edited twice before its turn", { function() read(says "a") read(edit("e1", "o", "b")) read(edit("e2", "o", "c")) end }, "text: c" },
  { "an edit of its edit, before its turn", { function() read(says "a") read(edit("e1", "o", "b")) read(edit("e2", "e1", "c")) end }, "text: c" },
  { "an edit of an edit of its edit", { function() read(says "a") read(edit("e1", "o", "b")) read(edit("e2", "e1", "c")) read(edit("e3", "e2", "d")) end }, "text: d" },
  { "edited twice after the answer", { function() read(says "a") answer() read(edit("e1", "o", "b")) answer() read(edit("e2", "o", "c")) end }, "text: c / edit: c / edit: c" },
  { "edited twice after the answer, the second before its turn", { function() read(says "a") answer() read(edit("e1", "o", "b")) read(edit("e2", "o", "c")) end },
    "text: c / edit: c" },
  { "an edit of its edit, after the answer", { function() read(says "a") answer() read(edit("e1", "o", "b")) answer() read(edit("e2", "e1", "c")) end },
    "text: c / edit: c / edit: c" },
  { "edited, then deleted", { function() read(says "a") read(edit("e1", "o", "b")) read(revoke("r", "o")) end }, "deleted: [deleted]" },
  { "answered, edited, then deleted", { function() read(says "a") answer() read(edit("e1", "o", "b")) read(revoke("r", "o")) end }, "deleted: [deleted] / deleted: [deleted]" },
  { "answered, edited, then its edit deleted", { function() read(says "a") answer() read(edit("e1", "o", "b")) read(revoke("r", "e1")) end },
    "deleted: [deleted] / deleted: [deleted]" },
  { "deleted, then edited", { function() read(says "a") read(revoke("r", "o")) read(edit("e1", "o", "b")) end }, "deleted: [deleted]" },
  { "deleted twice", { function() read(says "a") read(revoke("r", "o")) read(revoke("r2", "o")) end }, "deleted: [deleted]" },
  { "edited twice, the newer edit first", { function()
    read(says "a")
    local older = edit("e1", "o", "b")
    read(edit("e2", "o", "c"))
    read(older)
  end }, "text: c" },
  { "both edits before it, the newer one first", { function()
    local first, older = says "a", edit("e1", "o", "b")
    read(edit("e2", "o", "c"))
    read(older)
    read(first)
  end }, "text: c" },
  { "an edit and the edit of it before it", { function()
    local first, older = says "a", edit("e1", "o", "b")
    read(edit("e2", "e1", "c"))
    read(older)
    read(first)
  end }, "text: c" },
  { "a newer edit before it, an older one behind it", { function()
    local first, older = says "a", edit("e1", "o", "b")
    read(edit("e2", "o", "c"))
    read(first)
    read(older)
  end }, "text: c" },
  { "edit and deletion before it", { function()
    local first = says "a"
    read(edit("e1", "o", "b"))
    read(revoke("r", "o"))
    read(first)
  end }, "deleted: [deleted]" },
  { "deletion and edit before it", { function()
    local first = says "a"
    read(revoke("r", "o"))
    read(edit("e1", "o", "b"))
    read(first)
  end }, "deleted: [deleted]" },
  { "the deletion of its edit before it", { function()
    local first = says "a"
    read(edit("e1", "o", "b"))
    read(revoke("r", "e1"))
    read(first)
  end }, "deleted: [deleted]" },
  { "edited 8 days after it", { function() read(says "a") answer() clock = clock + 8 * 86400 reader.now = reader.now + 8 * 86400000 read(edit("e1", "o", "b")) end },
    "text: b / edit: b" },
  { "the same edit again, 7 times", { function()
    read(says "a")
    local one = edit("e1", "o", "b")
    for _ = 1, 7 do read(one) end
    answer()
    for _ = 1, 7 do read(one) end
  end }, "text: b" },
  { "edited by somebody else", { function() read(says "a") read(edit("e1", "o", "b", { from = "16475550199" })) end }, "text: a" },
  { "another photo's words", { function()
    read(message("o", "image", { image = { id = "1", caption = "a" } }))
    read(message("e1", "edit", { edit = { original_message_id = "wamid.o", message = { type = "image", image = { id = "1", caption = "b" } } } }))
  end }, "image: [photo: b]" },
}

describe("edits and deletions of WhatsApp", function()
  local began = reader.now

  setup(reader.open)
  teardown(function()
    reader.now = began
    reader.close()
  end)
  before_each(function()
    reader.clear()
    reader.now = began
    clock = began // 1000 - 3600
  end)

  for _, story in ipairs(STORIES) do
    it("B27: " .. story[1], function()
      for _, step in ipairs(story[2]) do step() end
      assert.equal(story[3], stored())
    end)
  end

  it("B27: a deletion that came 7 days before its message is gone; one that came 6 days before it counts", function()
    local expiry = require "records.expiry"
    for days, content in pairs { [6] = "deleted: [deleted]", [8] = "text: a" } do
      reader.clear()
      reader.now = began
      local first = says "a"
      read(revoke("r", "o"))
      reader.now = began + days * 86400000
      expiry.changes(reader.now - expiry.IDS_MS, 10)
      read(first)
      assert.equal(content, stored(), days)
    end
  end)

  it("B28: of a quoted text of 60 KB the model and staff read 120 characters; of an unknown one nothing, of a deleted one that it was deleted", function()
    local messages, heads = require "records.messages", require "language.heads"
    read(says(("a long story "):rep(4700)))
    read(says("that one", { id = "q1", context = { id = "wamid.o" } }))
    read(says("and that", { id = "q2", context = { id = "wamid.unknown" } }))
    local function shown(id) return heads.shown("words", "text", messages.quoted { id = "wamid." .. id }) end
    assert.equal(('[replying to: "%s"] words'):format(("a long story "):rep(10):sub(1, 120):gsub("%s+$", "")), shown "q1")
    assert.equal("words", shown "q2")
    read(revoke("r", "o"))
    assert.equal('[replying to: "deleted"] words', shown "q1")
    local began_ms = time.monotonic_ms()
    for _ = 1, 50 do messages.recent(P, 5, 20) end
    assert.is_true(time.monotonic_ms() - began_ms < 500)
  end)

  it("B11 W29: a call, a permission and a changed number that are delivered again are told once, and a changed number is not undone", function()
    local function call() return reader.read(reader.hook(reader.change("calls", { calls = { { id = "wacid.c", from = P, event = "connect", timestamp = "1795369990" } } }))) end
    assert.truthy(call():find("told", 1, true))
    for _ = 1, 3 do assert.equal("noted: duplicate", call()) end
    local allows = message("p", "interactive", { interactive = { type = "call_permission_reply", call_permission_reply = { response = "accept" } } })
    assert.equal("told: allows us to call them on WhatsApp.", read(allows))
    assert.equal("noted: duplicate", read(allows))
    read(says "hi")
    local function to(id, from, number) return message(id, "system", { from = from, system = { type = "user_changed_number", wa_id = number } }) end
    local first = to("n1", P, "16475550102")
    assert.truthy(read(first):find("has changed their WhatsApp number", 1, true))
    read(to("n2", "16475550102", "16475550103"))
    assert.equal("noted: duplicate", read(first))
    assert.equal("16475550103", db.one("SELECT write_to FROM conversations WHERE id = ?", P).write_to)
    local expiry = require "records.expiry"
    assert.equal(4, expiry.seen(reader.now + 8 * 86400000, 10))
    assert.is_nil(db.one "SELECT 1 AS yes FROM seen")
  end)

  it("W30: staff read nothing untrue of a message that could not be read: of who is asked to write again, only in a pause, where it is theirs to ask", function()
    local function lost(id) return read(message(id, "unsupported", { errors = { { code = 131060 } } })) end
    local before = lost "u1"
    assert.falsy(before:find("again", 1, true), before)
    db.run "UPDATE conversations SET opted_out = 1"
    local opted_out = lost "u2"
    assert.truthy(opted_out:find("could not be read", 1, true))
    assert.falsy(opted_out:find("again", 1, true), opted_out)
    db.run "UPDATE conversations SET opted_out = 0, status = 'PAUSED'"
    local paused = lost "u3"
    assert.truthy(paused:find("Please ask them to write it again.", 1, true), paused)
  end)
end)
