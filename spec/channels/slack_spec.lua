-- channels/slack: what staff see and what their clicks do, without a host: its modules and the records are stood in for.

package.path = "scripts/?.lua;" .. package.path

local real = {}
local names = { "host.crypto", "host.db", "host.http", "host.jobs", "host.json", "host.log", "host.settings", "host.time", "owner",
  "records.cases", "records.conversations", "records.turns", "records.window", "records.media", "records.messages", "records.quotes", "records.bookings", "records.alerts", "records.circuits",
  "flow.quote",
  "channels.slack", "channels.slack.interactive", "staff.pauses", "staff.desk", "staff.offers", "records.audit", "records.offers", "staff.leads",
  "channels.slack.post", "channels.slack.outage", "channels.slack.sum_up", "staff.tell",
  "staff.facts", "staff.reminders" }

local text = require "channels.slack.text"
local card = require "channels.slack.card"
local cards = require "staff.cards"
local names_of = require "staff.names"
local form = require "channels.slack.form"
local verify = require "channels.slack.verify"
local hours = require "flow.hours"
local answer_url = require "channels.slack.answer_url"

local NULL = setmetatable({}, { __tostring = function() return "null" end })

-- A clock on UTC-5 without summer time.
local zone_ms = 5 * 3600000
local clock = { now = 1763800000000 }
function clock.now_ms() return clock.now end
function clock.stamp(ms) return os.date("!%Y-%m-%d %H:%M:%S", ms // 1000) .. ".000" end
function clock.zoned(ms)
  local d = os.date("!*t", (ms - zone_ms) // 1000)
  return { year = d.year, month = d.month, day = d.day, hour = d.hour, min = d.min, sec = d.sec, wday = (d.wday + 5) % 7 + 1 }
end
function clock.from_zoned(p)
  local y, m = p.year, p.month
  if m <= 2 then y, m = y - 1, m + 12 end
  local days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * (m - 3) + 2) // 5 + p.day - 1 - 719468
  return (days * 86400 + (p.hour or 0) * 3600 + (p.min or 0) * 60 + (p.sec or 0)) * 1000 + zone_ms
end
local function at(year, month, day, hour, min)
  return clock.from_zoned { year = year, month = month, day = day, hour = hour, min = min or 0 }
end

-- Not HMAC, but as different for different bytes as a spec needs.
local crypto = {}
function crypto.hmac_sha256(key, data) return key .. "\0" .. data end
function crypto.sha256(data) return "s" .. data end
function crypto.hex(data)
  local a, b = 5381, 52711
  for i = 1, #data do a, b = (a * 33 + data:byte(i)) & 0xFFFFFFFF, (b * 31 ~ data:byte(i)) & 0xFFFFFFFF end
  return (("%08x%08x"):format(a, b)):rep(4)
end
function crypto.equal(a, b) return a == b end

local ann = { id = "14165551234", phone_number = "14165551234", name = "Ann", status = "ACTIVE", opted_out = 0, answered_seq = 0, last_seq = 1 }

local function facts(more)
  local f = { case = { id = 7, reason = "complete" }, conversation = ann, quote = { inventory = "1 couch, 2 chairs" },
    fields = { "address", "inventory" }, missing = { "address" }, words = {}, now = clock.now, time = clock,
    label = function(field) return (field:gsub("_", " "):gsub("^%l", string.upper)) end }
  for k, v in pairs(more or {}) do f[k] = v end
  return f
end

-- What Slack itself would complain about.
local function complaint(payload)
  if not payload.text or payload.text == "" then return "no text" end
  if #payload.blocks < 1 or #payload.blocks > 50 then return "blocks" end
  for _, block in ipairs(payload.blocks) do
    if block.type == "section" then
      local n = utf8.len(block.text.text)
      if not n or n < 1 or n > 3000 then return "section of " .. tostring(n) end
    elseif block.type == "actions" then
      for _, e in ipairs(block.elements) do
        if e.type == "button" and (utf8.len(e.text.text) > 75 or #e.value > 2000 or e.value == "") then return "button" end
      end
    end
  end
end

local function shown(what, ...) return card.payload(cards[what](...)) end

local function flat(payload)
  local all = { payload.text }
  for _, block in ipairs(payload.blocks or {}) do if block.text then all[#all + 1] = block.text.text end end
  return table.concat(all, "\n")
end

describe("text for Slack", function()
  it("F4: escapes only the characters that Slack acts on", function()
    assert.equal("&lt;!channel&gt; &lt;@U1&gt; &lt;http://evil|click&gt; A&amp;B *x*", text.fit("<!channel> <@U1> <http://evil|click> A&B *x*"))
  end)
  it("never cuts inside an entity or a character", function()
    for limit = 2, 40 do
      local cut = text.fit(("a&é😀<"):rep(20), limit)
      assert.is_true(text.length(cut) <= limit, cut)
      assert.is_nil(cut:gsub("&amp;", ""):gsub("&lt;", ""):gsub("&gt;", ""):find("&", 1, true))
      assert.is_truthy(utf8.len(cut))
      assert.equal("…", cut:sub(-3))
    end
  end)
  it("does not change a text that fits exactly", function()
    assert.equal(("x"):rep(3000), text.fit(("x"):rep(3000)))
    assert.equal(("x"):rep(2999) .. "…", text.fit(("x"):rep(3001)))
  end)
  it("drops control characters and direction marks, keeps lines", function()
    assert.equal("abc\nd e", text.fit("a\0b\27c\r\nd\te\u{202E}\u{FEFF}"))
    assert.equal("a b", text.fit("a\nb", 10, true))
  end)
  it("makes broken UTF-8 readable", function()
    assert.equal("a\u{FFFD}b", text.fit("a\xFFb"))
    assert.equal("\u{FFFD}", text.fit("\xED\xA0\x80"))
  end)
  it("takes what is no text as empty", function()
    assert.equal("", text.fit(nil))
    assert.equal("", text.fit({}))
  end)
  it("opens no code block that would hide the rest of a card", function()
    assert.is_nil(text.fit("```"):find("`", 1, true))
  end)
  it("C10: a display name can neither ping nor format", function()
    assert.equal("<!channel> Bob x", names_of.name("<!channel> *Bob* `x`"))
    assert.is_nil(names_of.name("  * "))
    assert.is_nil(names_of.name(NULL))
    assert.is_true(utf8.len(names_of.name(("é"):rep(300))) <= 80)
  end)
  it("writes numbers as people do", function()
    assert.equal("+1 416-555-1234", names_of.phone("14165551234"))
    assert.equal("+447911123456", names_of.phone("447911123456"))
    assert.is_nil(names_of.phone("CA.1234567"))
    assert.is_nil(names_of.phone(""))
  end)
  it("names the number in every message, or the id of people without one", function()
    assert.equal("+1 416-555-1234 (Ann)", names_of.who(ann))
    assert.equal("Zoe (CA.9x)", names_of.who { id = "CA.9x", phone_number = "", name = "Zoe" })
    assert.equal("CA.9x", names_of.who { id = "CA.9x", phone_number = "" })
  end)
  it("shows the time of the business, and the date on another day", function()
    local now = at(2026, 11, 22, 17, 5)
    assert.equal("14:05", names_of.moment(at(2026, 11, 22, 14, 5), now, clock))
    assert.equal("Nov 21, 09:00", names_of.moment(at(2026, 11, 21, 9), now, clock))
  end)
end)

describe("a form", function()
  it("C5: reads + and %20 alike", function()
    assert.same({ payload = "a b c&d" }, form.decode("payload=a+b%20c%26d"))
  end)
  it("C5: refuses two fields of one name, broken escapes and NULs", function()
    for _, body in ipairs { "payload=1&payload=2", "payload=%0", "payload=%zz", "payload=%", "payload=%00", "pay\0load=1", "payload=1&p%61yload=2" } do
      assert.is_nil(form.decode(body), body)
    end
  end)
  it("takes a body without fields for an empty form", function()
    assert.same({}, form.decode(""))
  end)
  it("refuses what is far larger than anything Slack sends", function()
    assert.is_nil(form.decode("payload=" .. ("x"):rep(3000000)))
  end)
end)

describe("the signature", function()
  local now = 1763800000000
  local function request(change)
    local stamp = tostring(now // 1000)
    local r = { body = "payload=1", repeated_headers = {}, headers = { ["x-slack-request-timestamp"] = stamp,
      ["x-slack-signature"] = "v0=" .. crypto.hex(crypto.hmac_sha256("key", "v0:" .. stamp .. ":payload=1")) } }
    if change then change(r, r.headers) end
    return r
  end
  local function signed_at(ts)
    return request(function(_, h)
      h["x-slack-request-timestamp"] = tostring(ts)
      h["x-slack-signature"] = "v0=" .. crypto.hex(crypto.hmac_sha256("key", "v0:" .. ts .. ":payload=1"))
    end)
  end
  local function check(r) return verify.check(r, "key", now, crypto) end

  it("C1: accepts a right one, up to 300 s old or early", function()
    assert.is_true(check(request()))
    assert.is_true(check(signed_at(now // 1000 - 300)))
    assert.is_true(check(signed_at(now // 1000 + 300)))
  end)
  it("C1: blames the clock for a right one at the wrong time", function()
    for _, off in ipairs { -301, 301 } do
      local ok, why = check(signed_at(now // 1000 + off))
      assert.is_false(ok)
      assert.equal("clock", why)
    end
  end)
  it("C1: refuses everything else, and never blames the clock", function()
    local cases = {
      function(_, h) h["x-slack-signature"] = nil end,
      function(_, h) h["x-slack-request-timestamp"] = nil end,
      function(_, h) h["x-slack-request-timestamp"] = "abc" end,
      function(_, h) h["x-slack-request-timestamp"] = "9223372036854775808" end,
      function(_, h) h["x-slack-request-timestamp"] = "-1" end,
      function(_, h) h["x-slack-request-timestamp"] = "" end,
      function(_, h) h["x-slack-signature"] = h["x-slack-signature"]:gsub("v0", "v1") end,
      function(_, h) h["x-slack-signature"] = h["x-slack-signature"]:upper() end,
      function(_, h) h["x-slack-signature"] = h["x-slack-signature"]:sub(1, -2) end,
      function(_, h) h["x-slack-signature"] = h["x-slack-signature"] .. "0" end,
      function(_, h) h["x-slack-signature"] = " " .. h["x-slack-signature"] end,
      function(r) r.repeated_headers["x-slack-signature"] = true end,
      function(r) r.repeated_headers["x-slack-request-timestamp"] = true end,
      function(r) r.body = "payload=%31" end,
    }
    for i, change in ipairs(cases) do
      local ok, why = check(request(change))
      assert.is_false(ok, "case " .. i)
      assert.are_not.equal("clock", why, "case " .. i)
    end
    assert.is_false((verify.check(request(), "other", now, crypto)))
  end)
end)

describe("response_url", function()
  local hosts = { "hooks.slack.com", "127.0.0.1" }
  it("C6: only the named hosts, whole, over https; loopback also without", function()
    for _, url in ipairs { "https://hooks.slack.com/actions/1", "https://HOOKS.slack.com:443/a?b", "http://127.0.0.1:8099/resp/1" } do
      assert.is_true(answer_url.allowed(url, hosts), url)
    end
    for _, url in ipairs { "http://hooks.slack.com/a", "https://hooks.slack.com.evil/a", "https://hooks.slack.com@evil/a",
      "https://evil@hooks.slack.com/a", "http://169.254.169.254/a", "https://evil/hooks.slack.com", "https://hooks.slack.com:8443/a",
      "file:///etc/passwd", "https://", "//hooks.slack.com/", "https:\\\\hooks.slack.com", "https://hooks.slack.com\\@evil/",
      "http://127.0.0.2/", "http://localhost/", "http://2130706433/", "https://hooks.slack.com /", "https://hooks.slack.com#@evil/x\n",
      "http://[::1]/", "https://.hooks.slack.com/", "https://hooks.slack.com./" } do
      assert.is_false(answer_url.allowed(url, hosts), url)
    end
    assert.is_true(answer_url.is_file("https://files.slack.com/files-pri/T1-F1/a.jpg", "https://slack.com/api"))
    for _, url in ipairs { "http://files.slack.com/a", "https://files.slack.com.evil.test/a", "https://evil.test/files.slack.com", "http://slack.com/a", "ftp://files.slack.com/a" } do
      assert.is_false(answer_url.is_file(url, "https://slack.com/api"), url)
    end
    assert.is_true(answer_url.is_file("http://127.0.0.1:9/a", "http://127.0.0.1:8/api"))
    assert.is_false(answer_url.is_file(nil, "https://slack.com/api"))
    assert.is_false(answer_url.allowed(nil, hosts))
    assert.is_false(answer_url.allowed(12, hosts))
    assert.is_false(answer_url.allowed("https://hooks.slack.com/", {}))
  end)
end)

describe("business hours", function()
  local week = { mon = { "08:00", "18:00" }, tue = { "08:00", "18:00" }, wed = { "08:00", "18:00" }, thu = { "08:00", "18:00" },
    fri = { "08:00", "24:00" }, sat = {}, sun = {} }
  it("knows open from closed", function()
    assert.is_true(hours.inside(week, at(2026, 11, 23, 8), clock)) -- a Monday
    assert.is_false(hours.inside(week, at(2026, 11, 23, 7, 59), clock))
    assert.is_false(hours.inside(week, at(2026, 11, 23, 18), clock))
    assert.is_false(hours.inside(week, at(2026, 11, 22, 12), clock)) -- a Sunday
    assert.is_true(hours.inside(week, at(2026, 11, 27, 23, 59), clock))
  end)
  it("counts only business time, over nights and weekends", function()
    assert.equal(30 * 60000, hours.between(week, at(2026, 11, 23, 9), at(2026, 11, 23, 9, 30), clock))
    assert.equal(3600000, hours.between(week, at(2026, 11, 23, 17, 30), at(2026, 11, 24, 8, 30), clock))
    assert.equal(3600000, hours.between(week, at(2026, 11, 28, 10), at(2026, 11, 30, 9), clock))
    assert.equal(0, hours.between(week, at(2026, 11, 28, 10), at(2026, 11, 29, 10), clock))
    assert.equal(0, hours.between(week, at(2026, 11, 24, 9), at(2026, 11, 23, 9), clock))
  end)
end)

describe("the handoff card", function()
  it("has the blueprint's shape", function()
    local payload = shown("open", facts())
    assert.equal("New Quote Request from +1 416-555-1234", payload.text)
    assert.equal("mrkdwn", payload.blocks[1].text.type)
    assert.truthy(payload.blocks[1].text.text:find("*New Quote Request*\n*Phone:* 14165551234\n", 1, true))
    assert.truthy(payload.blocks[1].text.text:find("<tel:+14165551234|+1 416-555-1234>", 1, true))
    assert.truthy(payload.blocks[1].text.text:find("*Inventory:* 1 couch, 2 chairs", 1, true))
    assert.truthy(payload.blocks[1].text.text:find("*Still missing:* Address", 1, true))
    local button = payload.blocks[#payload.blocks].elements[1]
    assert.same({ type = "button", text = { type = "plain_text", text = "Take Over Chat" }, action_id = "take_over_chat", value = "14165551234" }, button)
    assert.is_nil(complaint(payload))
  end)
  it("shows a visit that is booked", function()
    local start = { month = 11, day = 24, hour = 14, min = 30, wday = 2 }
    local f = facts { visit = { state = "booked", start_at = 1 }, time = { zoned = function() return start end } }
    assert.truthy(shown("open", f).blocks[1].text.text:find("*Visit booked:* Tuesday, November 24 at 2:30 PM", 1, true))
  end)

  it("says since when a case waits, until somebody has it", function()
    local now = at(2026, 11, 22, 14, 20)
    local case = { id = 7, reason = "asked", state = "open", opened_at = at(2026, 11, 22, 14, 5) }
    assert.truthy(flat(shown("open", facts { case = case, now = now })):find("*Waits since:* 14:05", 1, true))
    case.state = "closed"
    assert.is_nil(flat(shown("returned", facts { case = case, now = now })):find("Waits since", 1, true))
  end)

  it("A8: carries the number of its case, so that two of the same are known to be one", function()
    assert.truthy(flat(shown("open", facts())):find("case 7", 1, true))
  end)
  it("F4: shows a customer's words without obeying them", function()
    local evil = "<!channel> <http://evil|click> & 1 piano"
    local payload = shown("open", facts { quote = { inventory = evil, address = evil }, words = { evil }, conversation = { id = "1", phone_number = "", name = "<@U1>" } })
    assert.is_nil(flat(payload):find("<", 1, true))
    assert.truthy(flat(payload):find("&lt;!channel&gt;", 1, true))
  end)
  it("F3: stays within Slack's limits, whatever is known", function()
    local quote, fields = {}, {}
    for i = 1, 200 do fields[i] = "field_" .. i; quote[fields[i]] = ("<&>😀"):rep(400) end
    local payload = shown("open", facts { quote = quote, fields = fields, missing = fields, words = { ("w"):rep(9000), ("\0"):rep(9000), "" } })
    assert.is_nil(complaint(payload))
    assert.equal("actions", payload.blocks[#payload.blocks].type)
  end)
  it("shows people without a number by name and id", function()
    local payload = shown("open", facts { conversation = { id = "CA.12ab", phone_number = "", name = "Zoe" } })
    assert.equal("New Quote Request from Zoe", payload.text)
    assert.truthy(flat(payload):find("CA.12ab", 1, true))
    assert.is_nil(complaint(payload))
  end)
  it("says who took the chat and since when, with the number to call and the button to return it", function()
    local now = at(2026, 11, 22, 14, 20)
    local paused = { id = ann.id, phone_number = ann.phone_number, name = "Ann", status = "PAUSED", paused_by = "U1", paused_by_name = "<!here> Bob",
      paused_at = at(2026, 11, 22, 14, 5) }
    local payload = shown("taken", facts { conversation = paused, now = now })
    local all = flat(payload)
    assert.truthy(all:find("Taken over by &lt;!here&gt; Bob since 14:05", 1, true))
    assert.truthy(all:find("<tel:+14165551234|+1 416-555-1234>", 1, true))
    assert.equal("resume_chat", payload.blocks[#payload.blocks].elements[1].action_id)
    assert.equal("Return to assistant", payload.blocks[#payload.blocks].elements[1].text.text)
    assert.equal(ann.id, payload.blocks[#payload.blocks].elements[1].value)
    assert.is_nil(complaint(payload))
  end)
  it("offers the chat again after it went back", function()
    local payload = shown("returned", facts(), "Bob")
    assert.truthy(flat(payload):find("(Bob)", 1, true))
    assert.equal("take_over_chat", payload.blocks[#payload.blocks].elements[1].action_id)
  end)
  it("F3: has two plainer forms, and drops the button last", function()
    local plain, bare = card.simpler(shown("open", facts { quote = { inventory = ("<&>"):rep(3000) } }))
    assert.equal(2, #plain.blocks)
    assert.equal("plain_text", plain.blocks[1].text.type)
    assert.is_nil(plain.blocks[1].text.text:find("&lt;", 1, true))
    assert.equal("actions", plain.blocks[2].type)
    assert.is_nil(complaint(plain))
    assert.is_nil(bare.blocks)
    assert.is_nil(bare.text:find("<", 1, true))
    assert.truthy(bare.text:find("14165551234", 1, true))
  end)
end)

describe("with the records stood in for", function()
  local world, whatsapp_said

  local function fakes()
    world = { jobs = {}, conversations = {}, seen = {}, cases = {}, logs = {}, recalled = {}, circuit = { open = false }, http = {}, posted = {} }
    whatsapp_said = {}
    local function nothing() end
    local loaded = {
      ["host.crypto"] = crypto, ["host.time"] = clock,
      ["host.db"] = { transaction = function(fn, ...) return fn(...) end },
      ["host.http"] = { request = function(r) world.http[#world.http + 1] = r; return table.unpack(table.remove(world.answers, 1) or { { status = 200, headers = {}, body = "ok" } }) end },
      ["host.jobs"] = {
        put = function(job) world.jobs[#world.jobs + 1] = job; return #world.jobs end,
        retry = function(ms, why) return { retry = ms, why = why } end, later = function(when, why) return { later = when, why = why } end,
        dead = function(why) return { dead = why } end,
      },
      ["host.json"] = { null = NULL, encode = function(v) return v end, decode = function(s) return world.json[s] end },
      ["host.log"] = setmetatable({}, { __index = function() return function(event) world.logs[#world.logs + 1] = event end end }),
      ["host.settings"] = { source = function(name) return name end, get = function(name) return ({ SLACK_WEBHOOK_URL = "https://hooks.slack.com/services/x", SLACK_SIGNING_SECRET = "key",
        SLACK_RESPONSE_HOSTS = { "hooks.slack.com" }, RETRY_BASE_MS = 1000, SEND_TIMEOUT_MS = 10000 })[name] end },
      owner = { system = { quote_fields_needed = { "address" } }, languages = { { code = "en", texts = { staff_late = "later" } }, { code = "fr", texts = { staff_late = "plus tard" } } },
        spoken = require("language.languages").prepare { { code = "en" }, { code = "fr" } },
        business = { notices = {}, hours = {}, pause = { idle_hours = 12 }, reminders = { after_minutes = { 30, 120 } } } },
      ["flow.quote"] = { missing = function() return {} end, label = function(f) return f end },
      ["records.bookings"] = { standing = nothing },
      ["records.media"] = { counts = function() return {} end },
      ["records.quotes"] = { get = function() return { address = "1 Elm" } end },
      ["records.messages"] = { newer_at = nothing, last_shown = function() return { "hi" } end, unanswered = function(c)
        local left = {}
        for _, row in ipairs(world.unanswered or {}) do if row.seq > c.answered_seq then left[#left + 1] = row end end
        return left
      end },
      ["records.alerts"] = { count = function(cause)
        world[cause] = (world[cause] or -1) + 1
        return world[cause] == 0, world[cause], 99
      end, settle = function() return 3 end },
      ["records.circuits"] = { PROBE_MS = 60000,
        http_date = function() end,
        asked_wait_ms = function(response) return tonumber(response.headers["retry-after"]) * 1000 end,
        LONGEST_WAIT_MS = 3600000, hold = function(_, until_ms) world.circuit.hold = until_ms end, probe = function() return world.circuit.probe end,
        get = function(name)
          local c = name == "slack" and world.circuit
          if not c then return nil end
          return { open = c.open and 1 or 0, failures = c.failures or 0, since = c.since, probe_at = c.held or c.probe_at, secret = c.secret or "mark" }
        end,
        mark = function() return "mark" end, close = function() world.circuit.open, world.circuit.failures, world.circuit.since = false, 0, nil; return true end,
        failing = function(_, _, now)
          world.circuit.failures, world.circuit.since = (world.circuit.failures or 0) + 1, world.circuit.since or now
          return world.circuit.since
        end,
        open = function() local fresh = not world.circuit.open; world.circuit.open = true; return fresh end, due = nothing },
      ["records.audit"] = { add = nothing }, ["staff.leads"] = { changed = nothing }, ["records.offers"] = { last = nothing, expire = function() return {} end },
      ["records.conversations"] = {
        boxes = function() return {} end,
        get = function(id) return world.conversations[id] end,
        pause = function(id, user, name)
          local c = world.conversations[id]
          if c.status == "PAUSED" then return false end
          c.status, c.paused_by, c.paused_by_name, c.paused_at = "PAUSED", user, name, clock.now
          return true
        end,
        resume = function(id)
          local c = world.conversations[id]
          local was = c.status == "PAUSED"
          c.status = "ACTIVE"
          return was
        end,
        pause_active = function(id) world.conversations[id].pause_active_at = clock.now end,
        answered = function(id, seq) world.conversations[id].answered_seq = seq end,
      },
      ["records.cases"] = {
        staff_seq = function() return world.staff_seq or 0 end,
        seen = function(mark) return world.seen[mark] end, see = function(mark, status, body) world.seen[mark] = { status = status, body = body } end,
        take = function(id, user) world.taken = { id, user.id } end, close = function(id) world.closed = id end,
        current = function() return world.case end, last = function() return world.case end, get = function() return world.case end,
        open = function(c, reason)
          if world.case then return world.case, false end
          world.case = { id = 7, conversation_id = c.id, state = "open", reason = reason }
          return world.case, true
        end,
        last_words = function() return { "hi" } end, posted = function(id) world.posted[#world.posted + 1] = id end, unposted = function() return { world.case } end,
        is_full = function() return false end, note = function(_, words) world.noted = words; return clock.now + 60000 end, followed_up = function() return world.more end,
        waiting = function() return {} end, expire_due = function() return {} end, idle_pauses = function() return {} end, pause_asked = nothing,
        reminded = nothing, told_late = function() world.told = (world.told or 0) + 1 end,
      },
    }
    world.json, world.answers = {}, {}
    return loaded
  end

  before_each(function()
    local loaded = fakes()
    for _, name in ipairs(names) do
      real[name] = package.loaded[name]
      package.loaded[name] = loaded[name]
    end
    world.conversations[ann.id] = { id = ann.id, phone_number = ann.id, name = "Ann", status = "ACTIVE", opted_out = 0, answered_seq = 0, inbound_at = clock.now }
  end)
  after_each(function()
    for _, name in ipairs(names) do package.loaded[name] = real[name] end
  end)

  local sent = 0
  local function click(payload, off)
    sent = sent + 1
    world.json["p" .. sent] = payload
    local stamp, body = tostring(clock.now // 1000 + (off or 0)), "payload=p" .. sent
    return { body = body, repeated_headers = {}, headers = { ["x-slack-request-timestamp"] = stamp,
      ["x-slack-signature"] = "v0=" .. crypto.hex(crypto.hmac_sha256("key", "v0:" .. stamp .. ":" .. body)) } }
  end
  local function take_over(user, url)
    return click { type = "block_actions", user = { id = user, username = user }, response_url = url,
      actions = { { action_id = "take_over_chat", value = ann.id } } }
  end
  local function interactive(request)
    return require("channels.slack").interactive(request, { recall = function(id) world.recalled[#world.recalled + 1] = id end })
  end
  local PAUSED = '{"replace_original":true,"text":"✅ Chat paused. Staff has taken over the conversation."}'

  describe("a click", function()
    it("takes the chat over with the blueprint's payload, recalls what waits, and answers exactly", function()
      local answer = interactive(take_over("U1"))
      assert.equal(200, answer.status)
      assert.equal(PAUSED, answer.body)
      assert.equal("PAUSED", world.conversations[ann.id].status)
      assert.same({ ann.id }, world.recalled)
      assert.same({ ann.id, "U1" }, world.taken)
    end)
    it("C1: unsigned does nothing and says nothing", function()
      local request = take_over("U1")
      request.headers["x-slack-signature"] = "v0=" .. ("0"):rep(64)
      local answer = interactive(request)
      assert.equal(401, answer.status)
      assert.equal('{"error":"unauthorized"}', answer.body)
      assert.equal("ACTIVE", world.conversations[ann.id].status)
      assert.same({}, world.jobs)
    end)
    it("A29: rightly signed at the wrong time alerts once", function()
      for _ = 1, 3 do assert.equal(401, interactive(click({}, 400)).status) end
      local told = 0
      for _, job in ipairs(world.jobs) do if job.payload.what == "words" then told = told + 1 end end
      assert.equal(1, told)
    end)
    it("C2: replayed gets the same answer and does nothing again", function()
      local request = take_over("U1", "https://hooks.slack.com/1")
      local first = interactive(request)
      local jobs = #world.jobs
      world.conversations[ann.id].status = "ACTIVE"
      local second = interactive(request)
      assert.same(first, second)
      assert.equal(jobs, #world.jobs)
      assert.equal("ACTIVE", world.conversations[ann.id].status)
    end)
    it("C3: the first one wins, the second is told who has it", function()
      assert.equal(PAUSED, interactive(take_over("U1")).body)
      local late = interactive(take_over("<!here>")).body
      assert.equal("ephemeral", late.response_type)
      assert.is_false(late.replace_original)
      assert.truthy(late.text:find("already taken by U1", 1, true))
      assert.equal("U1", world.conversations[ann.id].paused_by)
      assert.equal(PAUSED, interactive(take_over("U1")).body)
      assert.equal(3, #world.recalled)
    end)
    it("C4: an unknown conversation changes nothing and is told so", function()
      for _, value in ipairs { " 14165551234", "14165551234 ", "+14165551234", "14165550000", "' OR 1=1" } do
        local answer = interactive(click { type = "block_actions", actions = { { action_id = "take_over_chat", value = value } } })
        assert.equal(200, answer.status)
        assert.equal("ephemeral", answer.body.response_type)
      end
      assert.equal("ACTIVE", world.conversations[ann.id].status)
      assert.equal("slack.unknown_conversation", world.logs[1])
    end)
    it("C5: anything else is 200 or 400 and no change", function()
      local odd = {
        {}, { type = "view_submission" }, { type = "shortcut" }, { type = "block_actions" }, { type = "block_actions", actions = "x" },
        { type = "block_actions", actions = { 1, "x", {}, { action_id = 1, value = ann.id }, { action_id = "take_over_chat" },
          { action_id = "take_over_chat", value = 14165551234 }, { action_id = "other", value = ann.id } } },
        { type = { "block_actions" }, actions = { { action_id = "take_over_chat", value = ann.id } } }, "text", 12, true,
      }
      for i, payload in ipairs(odd) do
        local answer = interactive(click(payload))
        assert.equal(200, answer.status, "case " .. i)
        assert.equal("{}", answer.body)
      end
      local broken = click({})
      world.json = {}
      assert.equal(400, interactive(broken).status)
      assert.equal("ACTIVE", world.conversations[ann.id].status)
    end)
    it("finds the known action among several", function()
      local answer = interactive(click { type = "block_actions", user = { id = "U1" },
        actions = { { action_id = "x", value = "1" }, { action_id = "take_over_chat", value = ann.id } } })
      assert.equal(PAUSED, answer.body)
    end)
    it("C8: returns the chat, has the last message answered, and once only", function()
      interactive(take_over("U1"))
      world.unanswered = { { seq = 3 } }
      local function resume() return interactive(click { type = "block_actions", user = { id = "U2" }, actions = { { action_id = "resume_chat", value = ann.id } } }) end
      assert.is_true(resume().body.replace_original)
      assert.equal("ACTIVE", world.conversations[ann.id].status)
      assert.equal(ann.id, world.closed)
      local function turns()
        local list = {}
        for _, job in ipairs(world.jobs) do list[#list + 1] = job.kind == "turn" and job.lane or nil end
        return list
      end
      assert.same({ "turn:" .. ann.id }, turns())
      local again = resume().body
      assert.equal("ephemeral", again.response_type)
      assert.same({ "turn:" .. ann.id }, turns())
    end)
    it("leaves what staff answered alone when the chat goes back", function()
      interactive(take_over("U1"))
      world.unanswered, world.staff_seq = { { seq = 2 }, { seq = 3 } }, 3
      interactive(click { type = "block_actions", actions = { { action_id = "resume_chat", value = ann.id } } })
      assert.equal(3, world.conversations[ann.id].answered_seq)
      for _, job in ipairs(world.jobs) do assert.are_not.equal("turn", job.kind) end
    end)
    it("keeps an idle pause", function()
      local function keep() return interactive(click { type = "block_actions", actions = { { action_id = "keep_paused", value = ann.id } } }).body end
      assert.equal("ephemeral", keep().response_type)
      interactive(take_over("U1"))
      assert.is_true(keep().replace_original)
      assert.equal(clock.now, world.conversations[ann.id].pause_active_at)
    end)
  end)

  it("answers Slack's address check, and any other event with nothing", function()
    local slack = require "channels.slack"
    local function event(value)
      local request = click(value)
      world.json[request.body] = value
      return slack.events(request)
    end
    assert.same({ status = 200, json = { challenge = "c1" } }, event { type = "url_verification", challenge = "c1" })
    assert.same({ status = 200, json = {} }, event { type = "event_callback", event = { type = "message", text = "hi" } })
    assert.same({ status = 200, json = {} }, event { type = "url_verification", challenge = {} })
    assert.equal(401, slack.events({ body = "", headers = {}, repeated_headers = {} }).status)
  end)

  describe("the job", function()
    local function job(payload) return { id = 1, payload = payload, attempts = 0, created_at = clock.now } end
    local function run(payload) return require("channels.slack").post(job(payload)) end
    local function answers(...)
      for _, status in ipairs { ... } do world.answers[#world.answers + 1] = { { status = status, headers = { ["retry-after"] = "7" }, body = "x" } } end
    end
    before_each(function() world.case = { id = 7, conversation_id = ann.id, state = "open", reason = "model" } end)

    it("posts the card of the moment and remembers it", function()
      assert.is_nil(run { what = "card", case = 7 })
      assert.same({ 7 }, world.posted)
      assert.truthy(flat(world.http[1].json):find("1 Elm", 1, true))
      assert.equal("https://hooks.slack.com/services/x", world.http[1].url)
    end)
    it("shows the button to return the chat on a card that is posted after the take-over", function()
      world.conversations[ann.id].status = "PAUSED"
      run { what = "card", case = 7 }
      assert.equal("resume_chat", world.http[1].json.blocks[#world.http[1].json.blocks].elements[1].action_id)
    end)
    it("F3: refused blocks are sent plain, then as text alone, and never lost", function()
      answers(400, 400, 200)
      assert.is_nil(run { what = "card", case = 7 })
      assert.equal(3, #world.http)
      assert.equal("plain_text", world.http[2].json.blocks[1].text.type)
      assert.is_nil(world.http[3].json.blocks)
      assert.same({ 7 }, world.posted)
    end)
    it("F2: waits as long as Slack says", function()
      answers(429)
      assert.equal(7000, run({ what = "card", case = 7 }).retry)
      assert.same({}, world.posted)
      assert.equal(clock.now + 7000, world.circuit.hold)
      world.circuit.held = clock.now + 7000
      assert.equal(clock.now + 7000, run({ what = "words", text = "x" }).later)
      assert.equal(1, #world.http)
    end)
    it("F2: a busy Slack that is silent for a minute is asked once a minute, and then nothing is lost", function()
      world.circuit.since, world.circuit.failures = clock.now - 61000, 3
      answers(503)
      local old = job { what = "words", text = "x" }
      old.created_at = clock.now - 25 * 3600000
      assert.equal(clock.now + 60000, require("channels.slack").post(old).later)
      assert.is_true(world.circuit.open)
    end)
    it("with another token an open circuit holds nobody", function()
      world.circuit.open, world.circuit.secret, world.circuit.probe_at = true, "another", clock.now + 5000
      assert.is_nil(run { what = "card", case = 7 })
      assert.is_false(world.circuit.open)
    end)
    it("F2: backs off from 5xx and from silence, for a day", function()
      answers(500)
      assert.is_number(run({ what = "words", text = "x" }).retry)
      world.answers = { { nil, { kind = "timeout", message = "t", sent = true } } }
      assert.is_number(run({ what = "words", text = "x" }).retry)
      answers(503)
      local old = job { what = "words", text = "x" }
      old.created_at = clock.now - 25 * 3600000
      assert.is_string(require("channels.slack").post(old).dead)
    end)
    it("F1: an open circuit holds everything until a probe succeeds, then the cards go out", function()
      for _, status in ipairs { 403, 404, 410 } do
        world.circuit.open = false
        answers(status)
        assert.is_number(run({ what = "card", case = 7 }).later)
        assert.is_true(world.circuit.open)
      end
      assert.same({}, world.posted)
      local asked = #world.http
      world.circuit.probe_at = clock.now + 5000
      assert.equal(clock.now + 5000, run({ what = "card", case = 7 }).later)
      assert.equal(asked, #world.http)
      world.circuit.probe = true
      assert.is_nil(run { what = "card", case = 7 })
      assert.is_false(world.circuit.open)
      assert.same({ 7 }, world.posted)
    end)
    it("F1: a card that the successful probe posted is not posted again", function()
      world.case.posted_at = 1
      assert.is_nil(run { what = "card", case = 7 })
      assert.same({}, world.http)
    end)
    it("sends no card of a closed case", function()
      world.case.state = "closed"
      assert.is_nil(run { what = "card", case = 7 })
      assert.same({}, world.http)
    end)
    it("C6: asks nobody but the named hosts, and posts an answer three times", function()
      assert.is_nil(run { what = "answer", url = "http://169.254.169.254/", body = { text = "x" } })
      assert.same({}, world.http)
      local tries = job { what = "answer", url = "https://hooks.slack.com/1", body = { text = "x" } }
      repeat
        answers(500)
        local outcome = require("channels.slack").post(tries)
        tries.attempts = tries.attempts + 1
      until outcome == nil
      assert.equal(3, tries.attempts)
      answers(302)
      assert.is_nil(run { what = "answer", url = "https://hooks.slack.com/1", body = { text = "x" } })
    end)
    it("posts the card to the channel when the click's response_url fails", function()
      world.conversations[ann.id].status = "PAUSED"
      answers(404)
      run { what = "answer", url = "https://hooks.slack.com/1", conversation = ann.id }
      assert.equal("control", world.jobs[#world.jobs].payload.what)
      run(world.jobs[#world.jobs].payload)
      assert.equal("resume_chat", world.http[#world.http].json.blocks[#world.http[#world.http].json.blocks].elements[1].action_id)
    end)
    it("posts rows of older versions, which were written as Slack takes them, with nothing escaped twice", function()
      run { what = "text", text = "+1 416-555-1234: &lt;!channel&gt;\n> A &amp; B" }
      assert.equal("+1 416-555-1234: &lt;!channel&gt;\n> A &amp; B", world.http[1].json.text)
      world.case.posted_at, world.case.notes = 1, "asks:\n> A &amp; B"
      run { what = "follow_up", case = 7 }
      assert.equal("+1 416-555-1234 (Ann): asks:\n> A &amp; B", world.http[2].json.text)
      run { what = "alert", cause = "c", text = "A &amp; B" }
      assert.equal("⚠️ 3 more like this: A & B", world.jobs[1].payload.text)
    end)
    it("follows up without a button, after the card", function()
      world.case.notes = "Stairs: 2"
      assert.is_number(run({ what = "follow_up", case = 7 }).later)
      world.case.posted_at = 1
      assert.is_nil(run { what = "follow_up", case = 7 })
      assert.equal("+1 416-555-1234 (Ann): Stairs: 2", world.http[1].json.text)
      assert.same({ { type = "section", text = { type = "mrkdwn", verbatim = true, text = "+1 416-555-1234 (Ann): Stairs: 2" } } },
        world.http[1].json.blocks)
    end)
  end)

  describe("a message to staff", function()
    it("F5: a second handoff makes no second card while the first one waits", function()
      local tell = require "staff.tell"
      tell.card(ann, "model")
      tell.card(ann, "asked")
      assert.equal(1, #world.jobs)
      assert.equal("slack:" .. ann.id, world.jobs[1].lane)
    end)
    it("F6: many equal alerts are one message and a count", function()
      local slack, tell = require "channels.slack", require "staff.tell"
      for _ = 1, 500 do tell.alert("whatsapp.auth", "token") end
      assert.equal(2, #world.jobs)
      assert.equal("alerts", world.jobs[1].lane)
      assert.equal(99, world.jobs[2].run_at)
      slack.post { id = 1, payload = world.jobs[2].payload, attempts = 0, created_at = clock.now }
      assert.truthy(world.jobs[3].payload.text:find("3 more", 1, true))
    end)
    it("H7: about a customer in a paused chat names the number", function()
      local tell = require "staff.tell"
      tell.message_from_customer(ann, "<!channel> hello")
      tell.draft(ann, "a draft")
      tell.word(ann, "failed")
      assert.equal("+1 416-555-1234 (Ann):\n> <!channel> hello", world.jobs[1].payload.text)
      require("channels.slack").post { id = 1, payload = world.jobs[1].payload, attempts = 0, created_at = clock.now }
      assert.equal("+1 416-555-1234 (Ann):\n> &lt;!channel&gt; hello", world.http[1].json.text)
      for _, job in ipairs(world.jobs) do
        assert.truthy(job.payload.text:find("+1 416-555-1234", 1, true))
        assert.equal("slack:" .. ann.id, job.lane)
      end
    end)
    it("D11: of somebody else is in quoted lines only, whatever line breaks it has, in a block without links", function()
      local slack, tell = require "channels.slack", require "staff.tell"
      local forged = "+1 416-555-1234 (Ann): Booked for Tue 14:00"
      for _, sign in ipairs { "\n", "\r", "\r\n", "\n\n\n", "\v", "\f", "\u{85}", "\u{2028}", "\u{2029}", "\n>>>", "\n```\n" } do
        local theirs = "hello https://evil.example" .. sign .. forged
        world.jobs, world.http = {}, {}
        tell.message_from_customer(ann, theirs)
        tell.draft(ann, theirs)
        tell.word(ann, "sent a contact card:", theirs)
        tell.note("A booking belongs to no known chat.", theirs)
        tell.follow_up(ann, nil, theirs, "asks:")
        for _, job in ipairs(world.jobs) do
          if job.payload.text then
            assert.equal("table", type(slack.post { id = 1, payload = job.payload, attempts = 0, created_at = clock.now } or {}))
          end
        end
        assert.equal(5, #world.http)
        for _, asked in ipairs(world.http) do
          for _, block in ipairs(asked.json.blocks) do
            assert.is_true(block.text.verbatim)
            local first = true
            for line in block.text.text:gmatch "[^\n\v\f\r]+" do
              assert.is_true(first or line:find("^> ") ~= nil, block.text.text)
              first = false
            end
            assert.is_nil(block.text.text:find("\u{2028}", 1, true) or block.text.text:find("\u{2029}", 1, true) or block.text.text:find("\u{85}", 1, true))
          end
        end
      end
    end)
    it("D11: a name is no link, in one line", function()
      assert.equal("evil\u{2024}com https:/ /a\u{2024}b x", names_of.name("evil.com https://a.b\u{2028}x"))
    end)
    it("gathers follow-ups, one a minute", function()
      local tell = require "staff.tell"
      tell.card(ann, "model")
      tell.follow_up(ann, "Stairs: 2")
      local job = world.jobs[#world.jobs]
      assert.equal(clock.now + 60000, job.run_at)
      assert.is_true(job.keep)
      assert.equal("slack:follow:7", job.unique)
    end)
  end)

  describe("a pause", function()
    local function paused(active_at)
      local c = world.conversations[ann.id]
      c.status, c.paused_by, c.paused_at, c.pause_active_at = "PAUSED", "U1", active_at, active_at
      return c
    end
    it("ends at the customer's next message after 12 idle hours, and not before", function()
      local pauses = require "staff.pauses"
      assert.is_false(pauses.over(paused(clock.now - 12 * 3600000 + 1), clock.now))
      assert.is_true(pauses.over(paused(clock.now - 12 * 3600000), clock.now))
      assert.equal("ACTIVE", world.conversations[ann.id].status)
      assert.equal(ann.id, world.closed)
    end)
    it("does not end outside business hours", function()
      package.loaded.owner.business.hours = { mon = {}, tue = {}, wed = {}, thu = {}, fri = {}, sat = {}, sun = {} }
      assert.is_false(require("staff.pauses").over(paused(clock.now - 90 * 3600000), clock.now))
    end)
  end)

  it("F1: tells the customer once when nobody could be told for 15 minutes", function()
    world.case = { id = 7, conversation_id = ann.id, state = "open", reason = "model" }
    local function sweep()
      require("staff.reminders").sweep(function(_, words) whatsapp_said[#whatsapp_said + 1] = words end)
    end
    sweep()
    world.case.told_late = 1
    sweep()
    assert.same({ "later" }, whatsapp_said)
    world.case.told_late, world.conversations[ann.id].language = nil, "fr"
    sweep()
    assert.same({ "later", "plus tard" }, whatsapp_said)
  end)
end)
