-- What becomes of a message by its statuses, by WhatsApp's window and by the pace; over the real database: run inside the host.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("a message and its statuses", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

local json = require "host.json"
local tables = require "spec.support.tables"
local time = require "host.time"

local CHAT = "16475550144"

local function clear()
  for _, name in ipairs { "messages", "statuses_early", "conversations", "jobs" } do db.run("DELETE FROM " .. name) end
end

local function chat(fields)
  db.run("INSERT INTO conversations(id, phone_number, inbound_at) VALUES(?, ?, ?)", CHAT, CHAT, time.now_ms())
  for name, value in pairs(fields or {}) do db.run(("UPDATE conversations SET %s = ?"):format(name), value) end
end

-- One of ours; returns the row as statuses find it.
local function ours(fields)
  local row = { id = "m1", conversation_id = CHAT, role = "assistant", content = "See you then!", seq = 1, part = 1, kind = "staff", state = "accepted",
    state_at = 0, wamid = "wamid.1" }
  for name, value in pairs(fields or {}) do row[name] = value end
  local names, values = {}, {}
  for name, value in pairs(row) do names[#names + 1], values[#values + 1] = name, value end
  db.run(("INSERT INTO messages(%s) VALUES(%s)"):format(table.concat(names, ", "), ("?, "):rep(#names):sub(1, -3)), table.unpack(values))
  return row.id
end

local function words_for_staff()
  local list = {}
  for i, job in ipairs(db.all("SELECT CAST(payload AS TEXT) AS payload FROM jobs WHERE kind = 'slack' ORDER BY id")) do list[i] = json.decode(job.payload).text end
  return list
end

describe("a message and its statuses", function()
  local messages, statuses, owner, conversations, before

  setup(function()
    tables()
    messages, statuses, owner = require "records.messages", require "channels.whatsapp.statuses", require "owner"
    conversations, before = require "records.conversations", owner.business.templates
  end)
  before_each(function()
    clear()
    owner.business.templates = { language = "en", language_fr = "fr_CA" }
  end)
  teardown(function()
    owner.business.templates = before
    clear()
  end)

  local function status(state, fields)
    local one = { state = state, wamid = "wamid.1" }
    for name, value in pairs(fields or {}) do one[name] = value end
    statuses.apply(messages.of_status("m1"), one, time.now_ms())
  end

  local function now() return messages.get("m1") end

  for name, case in pairs {
    ["read before delivered stays read"] = { { "read", "delivered", "sent" }, "read" },
    ["delivered before sent stays delivered"] = { { "delivered", "sent" }, "delivered" },
    ["failed after delivered stays delivered"] = { { "delivered", "failed" }, "delivered" },
    ["failed and then delivered was delivered"] = { { "failed", "delivered" }, "delivered" },
    ["failed and then sent stays failed"] = { { "failed", "sent" }, "failed" },
    ["the same one several times changes nothing"] = { { "sent", "sent", "sent" }, "sent" },
    ["before the answer to its send counts"] = { { "delivered" }, "delivered", "sending" },
  } do
    it("B13: " .. name, function()
      chat()
      ours { state = case[3] }
      for _, state in ipairs(case[1]) do status(state, { code = state == "failed" and 131026 or nil }) end
      assert.equal(case[2], now().state)
    end)
  end

  it("B13: one that comes before its message is known is kept, and applied with the platform's id", function()
    chat()
    messages.keep_early("wamid.1", "delivered", 1)
    messages.keep_early("wamid.2", "read", 1)
    ours()
    statuses.catch_up("m1", "wamid.1", time.now_ms())
    assert.equal("delivered", now().state)
    assert.equal(1, db.one("SELECT count(*) AS n FROM statuses_early").n)
  end)

  it("E2: 131047 by status sends it again as the owner's template, in the chat's language, once; then staff are told, once", function()
    owner.business.templates.after_window = "after_window"
    chat { language = "fr" }
    ours { content = "We come\nat 9  o'clock." }
    status("failed", { code = 131047, why = "Re-engagement message" })
    assert.same({ "queued", 1 }, { now().state, now().resent })
    assert.same({ type = "template", name = "after_window", language = "fr_CA", parameters = { "We come at 9 o'clock." } }, json.decode(now().form))
    assert.same({}, words_for_staff())
    status("failed", { code = 131047 }) -- the first try's status again
    assert.equal("queued", now().state)
    db.run("UPDATE messages SET state = 'accepted', wamid = 'wamid.2'")
    status("failed", { code = 131047, wamid = "wamid.2" })
    status("failed", { code = 131047, wamid = "wamid.2" })
    assert.equal("failed", now().state)
    local told = words_for_staff()
    assert.equal(1, #told)
    assert.truthy(told[1]:find("24 hours", 1, true) and told[1]:find("> at 9", 1, true), told[1])
  end)

  it("E2: 131047 by status gives staff the words where no template fits them", function()
    for name, case in pairs {
      ["no template"] = { {} }, ["too long for a template"] = { { content = ("Words. "):rep(200) }, "after_window" },
      ["a file"] = { { form = '{"type":"media","kind":"image","id":"1"}' }, "after_window" }, ["the answer to STOP"] = { { kind = "opt_out" }, "after_window" },
    } do
      clear()
      chat()
      owner.business.templates.after_window = case[2]
      ours(case[1])
      status("failed", { code = 131047 })
      assert.same({ "failed", 1 }, { now().state, #words_for_staff() }, name)
    end
  end)

  it("E2: news of a visit keep the template that came with them", function()
    owner.business.templates.after_window = "after_window"
    chat()
    ours { kind = "canned", template = '{"name":"visit_moved","language":"en","parameters":["Tuesday"]}' }
    status("failed", { code = 131047 })
    assert.same({ type = "template", name = "visit_moved", language = "en", parameters = { "Tuesday" } }, json.decode(now().form))
  end)

  it("E2: staff are told at once what cannot go after 24 hours: a file, or words without a template", function()
    local say = require "channels.whatsapp.say"
    chat { inbound_at = time.now_ms() - 25 * 3600000 }
    local function said(form) return say.say(conversations.get(CHAT), "See you", { kind = "staff", author = "ana", form = form }) end
    local quote = { type = "template", name = "quote_ready", language = "en", parameters = { "$350", "plus HST" }, replies = { "offer_accept:1" } }
    local file = { type = "media", kind = "image", hash = ("a"):rep(64), mime = "image/png", bytes = 10 }
    local _, why = said()
    assert.truthy(why:find("templates.after_window in prompts/business.yaml names no template.", 1, true), why)
    owner.business.templates.after_window = "after_window"
    assert.is_string((said()))
    assert.is_string((said(quote)))
    _, why = said(file)
    assert.truthy(why:find("it carries no file.", 1, true), why)
    assert.equal(2, db.one("SELECT count(*) AS n FROM messages").n)
    db.run("UPDATE conversations SET free_until = ?", time.now_ms() + 1000) -- an ad keeps it open
    assert.is_string((said(file)))
    assert.equal(file.hash, db.one("SELECT file FROM messages WHERE file IS NOT NULL").file)
  end)

  it("E8: a failure that a status tells before the send was answered is not lost with the answer", function()
    local answers, get = require "channels.whatsapp.answers", require("host.settings").get
    finally(function() require("host.settings").get = get end)
    require("host.settings").get = function(name) return name == "RETRY_BASE_MS" and 1000 or get(name) end
    chat()
    ours { state = "sending", wamid = db.null, opened_at = 5 }
    statuses.apply(messages.of_status("m1"), { state = "failed", wamid = "wamid.1", code = 131000 }, time.now_ms())
    local outcome = answers.finish({ attempts = 0 }, messages.get("m1"), "accepted", { wamid = "wamid.1" }, time.now_ms())
    assert.is_table(outcome) -- it is sent once more
    assert.same({ "queued", 1 }, { now().state, now().resent })
  end)

  it("E13: the pace is measured by the latest message, although news of a visit stand before words that came earlier", function()
    chat()
    ours { id = "m2", seq = 9, paced_at = 5000 }
    ours { id = "m3", seq = 4, paced_at = 7000 }
    ours { seq = 9, state = "queued" }
    assert.equal(7000, messages.to_send("m1").paced_at)
  end)

  it("a message that could not be read does not interrupt the run of kinds that we cannot use", function()
    chat()
    for i, kind in ipairs { "text", "unsupported", "undelivered", "unsupported", "deleted", "unsupported" } do
      ours { id = "u" .. i, role = "user", kind = kind, seq = i, state = db.null }
    end
    assert.equal(3, messages.unusable_running(CHAT))
  end)

  it("typing is shown again within 25 seconds for as long as a turn may take, and no longer once staff have the chat", function()
    local typing, settings = require "channels.whatsapp.typing", require "host.settings"
    local get = settings.get
    finally(function() settings.get = get end)
    settings.get = function(name) return name == "LLM_DEADLINE_MS" and 45000 or get(name) end
    local function shown(staff_after)
      clear()
      chat()
      local count, longest, total = 0, 0, 0
      local done = { wait = function(_, ms)
        longest, total = math.max(longest, ms), total + ms
        if count == staff_after then db.run("UPDATE conversations SET status = 'PAUSED'") end
        return false
      end }
      typing.keep(function() count = count + 1 end, CHAT, "wamid.1", done)
      return count, longest, total
    end
    local count, longest, total = shown()
    assert.is_true(longest + 5000 < 25000, longest)
    assert.is_true(total >= settings.get("LLM_DEADLINE_MS") and total <= 4 * settings.get("LLM_DEADLINE_MS"), total)
    assert.is_true(count >= 2)
    assert.equal(1, (shown(1)))
    assert.is_not_nil(conversations.get(CHAT))
  end)
end)
