-- The wall clock is set while the service runs, or between two runs: A29. The monotonic clock continues unchanged.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local standins = require "spec.support.standins"

local DAY = 86400

describe("the wall clock", function()
  local library, stand_ins

  setup(function()
    local _, path = shell.run "ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null"
    library = path:match "[^\n]+"
    if not os.getenv "ASAN_OPTIONS" and library then stand_ins = standins.new() end
  end)
  teardown(process.close_all)

  -- A service whose clock follows a file; set(seconds) sets it so far from the true one.
  local function clocked(options)
    if not stand_ins then return nil end
    local file = shell.folder() .. "/clock"
    local function set(seconds)
      shell.write(file .. ".new", ("%+d\n"):format(seconds))
      assert(os.rename(file .. ".new", file))
    end
    set(0)
    options = options or {}
    options.stand_ins = stand_ins
    options.env = options.env or {}
    for name, value in pairs { LD_PRELOAD = library, FAKETIME_TIMESTAMP_FILE = file, FAKETIME_NO_CACHE = 1, FAKETIME_DONT_FAKE_MONOTONIC = 1 } do
      options.env[name] = value
    end
    stand_ins:forget()
    stand_ins:plan { contains = "zq", echo = true }
    return process.new(options), set
  end

  local function missing() return pending "libfaketime is not installed, or the build is a sanitizer's" end

  local function replied(phone, word, timeout)
    shell.until_(function() return #stand_ins:sends(phone, word) > 0 end, timeout or 5, "an answer with " .. word)
  end

  local function stepped(service, event)
    shell.until_(function() return #service:logged(event) > 0 end, 3, event)
  end

  it("A29: set back by a day while a turn waits for the customer to finish, it does not delay the answer", function()
    local service, set = clocked { env = { TURN_QUIET_MS = 1500, TURN_MAX_WAIT_MS = 3000 } }
    if not service then return missing() end
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "hello " .. word)
    local begun = socket.gettime()
    set(-DAY)
    stepped(service, "clock.set_back")
    assert.equal(0, #stand_ins:sends(phone, word))
    replied(phone, word)
    assert.is_true(socket.gettime() - begun < 5)
    local other, sign = meta.phone(), meta.word()
    service:say(other, "hello " .. sign)
    replied(other, sign)
    assert.equal(1, #stand_ins:sends(phone))
    service:kill()
  end)

  it("A29: set back by 6 minutes or a day, it delays neither a send's next try nor a job of `every`", function()
    local service, set = clocked { env = { RETRY_BASE_MS = 1500 } }
    if not service then return missing() end
    for i, back in ipairs { -360, -360 - DAY } do
      local phone, word = meta.phone(), meta.word()
      stand_ins:fault { graph = { kind = "500", times = 1, contains = phone } }
      service:say(phone, "hello " .. word)
      shell.until_(function() return #stand_ins:requests("graph", { contains = phone }) > 0 end, 4, "the first try")
      shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'send' AND attempts = 1 AND state = 0" == 1 end, 3, "the backoff")
      set(back)
      shell.until_(function() return #service:logged "clock.set_back" == i end, 3, "the step")
      shell.until_(function() return #stand_ins:sends(phone, word) == 2 end, 5, "the second try")
    end
    local latest = service:value "SELECT max(run_at) FROM jobs WHERE kind IN ('sweep', 'housekeeping')"
    assert.is_true(latest / 1000 - (os.time() - 360 - DAY) < 3605)
    stand_ins:calm()
    service:kill()
  end)

  it("A29: set ahead by 6 minutes or a day, and back again, every message gets one answer", function()
    local service, set = clocked()
    if not service then return missing() end
    for _, at in ipairs { 360, DAY, 0 } do
      set(at)
      socket.sleep(1.1) -- it looks at the clock once a second
      local phone, word = meta.phone(), meta.word()
      service:say(phone, "hello " .. word, { timestamp = tostring(os.time() + at) })
      replied(phone, word)
      assert.equal(1, #stand_ins:sends(phone))
      assert.is_true(service:healthy())
    end
    service:kill()
  end)

  it("A29: set back between two runs, waiting work of the first runs soon after the start", function()
    local service, set = clocked { env = { TURN_QUIET_MS = 3000, TURN_MAX_WAIT_MS = 6000 } }
    if not service then return missing() end
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "hello " .. word)
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'turn'" == 1 end, 3, "the turn to wait")
    service:kill()
    set(-DAY)
    service:start()
    assert.equal(1, #service:logged "clock.set_back")
    replied(phone, word, 6)
    service:kill()
  end)

  it("A29: clicks that Slack signed by another clock are refused, and staff are told once that a clock is wrong", function()
    local service, set = clocked()
    if not service then return missing() end
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "hello " .. word)
    replied(phone, word)
    local before = #stand_ins:posts "clock"
    set(-360)
    socket.sleep(0.1)
    for _ = 1, 3 do assert.equal(401, service:click(phone).status) end
    -- Slack's requests and the platforms' answers both tell it; whoever is first says it, once.
    shell.until_(function() return #stand_ins:posts "clock" > before end, 8, "the alert")
    assert.equal(before + 1, #stand_ins:posts "clock")
    assert.equal("ACTIVE", service:value("SELECT status FROM conversations WHERE id = '" .. phone .. "'"))
    set(0)
    socket.sleep(0.1)
    assert.equal(200, service:click(phone).status)
    service:kill()
  end)

  it("A29: no request and no timer depends on the wall clock: a deadline of 2 s takes 2 s while it jumps", function()
    local wire = require "spec.support.wire"
    local service, set = clocked()
    if not service then return missing() end
    for _, at in ipairs { DAY, -DAY } do
      local peer, begun = assert(wire.dial(service.port)), socket.gettime()
      peer:send "POST /whatsapp/webhook HTTP/1.1\r\nHost: k\r\nContent-Length: 100\r\n\r\nx"
      set(at)
      assert.equal(408, peer:read(1, 5)[1].status)
      local took = socket.gettime() - begun
      assert.is_true(took > 1.5 and took < 3.5, took)
      peer:close()
    end
    service:kill()
  end)

  it("A29 H13: two days wrong, customers are still answered; status, log, metrics and staff name both times until it is set right", function()
    local port = shell.port()
    local service, set = clocked { env = { METRICS_LISTEN = "127.0.0.1:" .. port } }
    if not service then return missing() end
    set(2 * DAY)
    socket.sleep(1.1)
    local phone, word, theirs = meta.phone(), meta.word(), os.date("!%Y-%m-%d", os.time())
    service:say(phone, "hello " .. word)
    replied(phone, word, 8)
    local function told() return (select(2, service:cli "status")):match "This machine's clock shows [^\n]*" end
    shell.until_(told, 5, "status to say it")
    assert.truthy(told():find(os.date("!clock shows %Y-%m-%d ", os.time() + 2 * DAY), 1, true), told())
    assert.truthy(told():find("the clocks of the platforms " .. theirs, 1, true), told())
    assert.truthy(told():find("`timedatectl set-ntp true`", 1, true), told())
    assert.equal(1, (service:cli "status"))
    assert.is_true(math.abs(service:logged("clock.wrong")[1].seconds - 2 * DAY) < 60)
    assert.truthy(require("spec.support.wire").http(port, "GET", "/metrics").body:find('assistant_circuit_open{provider="clock"} 1', 1, true))
    shell.until_(function() return #stand_ins:posts "the clocks of the platforms" > 0 end, 5, "staff to hear of it")
    assert.equal(0, #stand_ins:posts "more than 24 hours ago")
    local late = meta.phone()
    service:say(late, "I wrote " .. meta.word(), { timestamp = tostring(os.time() - 2 * DAY) })
    shell.until_(function() return #stand_ins:posts "more than 24 hours ago" > 0 end, 6, "one that really is late")
    assert.equal(0, #stand_ins:sends(late))
    set(0)
    socket.sleep(1.1)
    local other, sign = meta.phone(), meta.word()
    service:say(other, "hello " .. sign)
    replied(other, sign, 8)
    shell.until_(function() return not told() end, 5, "the line to go")
    assert.equal(0, (service:cli "status"))
    service:kill()
  end)

  it("A29: set ahead by 3 and by 20 hours, it brings the reminders of an open question; set back, none comes too early", function()
    local days = {}
    for i, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do days[i] = day .. ": 00:00-24:00" end
    local service, set = clocked { files = { ["prompts/business.yaml"] = "nudges: {after_hours: [3, 20]}\nhours:\n  " .. table.concat(days, "\n  ") .. "\n" } }
    if not service then return missing() end
    stand_ins:plan { contains = "settee", answer = { reply_to_user = "Thanks! Is there an elevator?" } }
    local function ask(phone)
      service:say(phone, "an old settee")
      replied(phone, "Is there an elevator?")
    end
    local phone, other = meta.phone(), meta.phone()
    ask(phone)
    for i, hours in ipairs { 3, 20 } do
      set(hours * 3600 + 5)
      shell.until_(function() return #service:logged "clock.set_forward" == i end, 5, "the step")
      shell.until_(function() return #stand_ins:sends(phone, "Reply STOP to end") == i end, 5, "reminder " .. i)
    end
    ask(other)
    set(0)
    stepped(service, "clock.set_back")
    set(4 * 3600)
    socket.sleep(1.1) -- it looks at the clock once a second
    local marker, word = meta.phone(), meta.word()
    service:say(marker, "hello " .. word)
    replied(marker, word)
    assert.equal(0, #stand_ins:sends(other, "Reply STOP to end"))
    service:kill()
  end)
end)
