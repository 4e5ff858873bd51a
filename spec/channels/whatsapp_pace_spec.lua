-- How fast is sent, and what Meta's refusals mean: codes, waits, words for staff.

local answers = require "channels.whatsapp.answers"
local codes = require "channels.whatsapp.codes"
local circuits = require "records.circuits"
local inbound = require "channels.whatsapp.inbound"
local json = require "host.json"
local pace = require "channels.whatsapp.pace"

local NOW = 1800000000000

local function response(status, value, headers)
  return { status = status, headers = headers or {}, body = type(value) == "string" and value or json.encode(value) }
end

local function refusal(code, status, headers)
  return response(status, { error = { code = code, message = "(#1) no" } }, headers)
end

describe("the pace of sends to one person", function()
  it("E13: lets 45 go at once, then one in 6 seconds: 200 replies to one person are out in 15.5 minutes", function()
    local paced_at, now, waits = nil, NOW, {}
    for i = 1, 200 do
      local at = pace.wait(paced_at, now)
      if at then waits[#waits + 1], now = ("%d: %d"):format(i, at - now), at end
      paced_at = pace.after(paced_at, now)
    end
    assert.same({ 155, "46: 6000", "200: 6000" }, { #waits, waits[1], waits[155] })
    assert.equal(155 * 6000, now - NOW)
  end)

  it("E13: a person who was left alone for a while may get so many more at once", function()
    local paced_at
    for _ = 1, 45 do paced_at = pace.after(paced_at, NOW) end
    local later = NOW + 60000
    local count = 0
    while not pace.wait(paced_at, later) do paced_at, count = pace.after(paced_at, later), count + 1 end
    assert.equal(10, count)
  end)

  it("E13: nobody waits for longer than one message because a clock was set back", function()
    assert.is_nil(pace.wait(NOW + 86400000, NOW))
    assert.is_true(pace.after(NOW + 86400000, NOW) <= NOW + 45 * 6000)
  end)
end)

describe("what Meta asks us to wait", function()
  local function asked(headers, status) return pace.asked_ms(response(status or 429, "", headers)) end

  it("E14: seconds, a fraction and a date are honoured; at least a second, at most an hour", function()
    assert.equal(2000, asked { ["retry-after"] = "2" })
    assert.equal(1500, asked { ["retry-after"] = "1.5" })
    assert.equal(1000, asked { ["retry-after"] = "0" })
    assert.equal(3600000, asked { ["retry-after"] = "7200" })
    local date = { ["retry-after"] = "Sun, 06 Nov 2044 08:49:47 GMT", date = "Sun, 06 Nov 2044 08:49:37 GMT" }
    assert.equal(10000, asked(date))
  end)

  it("E14: nonsense is ignored", function()
    for _, text in ipairs { "-5", "1e9", "1000000000", "soon", "", "2;3", "nan", ("9"):rep(400) } do
      assert.is_nil(asked { ["retry-after"] = text }, text)
    end
  end)

  it("E14: minutes of the usage header count where there is no Retry-After", function()
    local function usage(minutes, more)
      local headers = { ["x-business-use-case-usage"] = json.encode { ["1022"] = { { type = "whatsapp", estimated_time_to_regain_access = minutes } } } }
      for name, value in pairs(more or {}) do headers[name] = value end
      return asked(headers)
    end
    assert.equal(300000, usage(5))
    assert.equal(2000, usage(5, { ["retry-after"] = "2" }))
    assert.equal(300000, usage(5, { ["retry-after"] = "soon" }))
    assert.equal(3600000, usage(90))
    for _, nonsense in ipairs { 0, -3, 1e9, "5", true } do assert.is_nil(usage(nonsense), tostring(nonsense)) end
    assert.is_nil(asked { ["x-business-use-case-usage"] = "not JSON" })
    assert.is_nil(asked({ ["x-business-use-case-usage"] = json.encode { a = { { estimated_time_to_regain_access = 5 } } } }, 200))
  end)

  it("W31 E14: the model's client reads the same header", function()
    assert.equal(1500, circuits.asked_wait_ms(response(429, "", { ["retry-after"] = "1.5" })))
    assert.is_true(circuits.asked_wait_ms(response(429, "", { ["retry-after"] = "Sun, 06 Nov 2044 08:49:37 GMT" })) > 60000)
  end)

  it("E1: one person's limit is waited for longer each time, by a factor of four", function()
    for attempts, factor in pairs { [0] = 4, [1] = 16, [2] = 64 } do
      local wait = pace.backoff_ms(1000, attempts, 131056)
      assert.is_true(wait >= 700 * factor and wait <= 1301 * factor, ("%d: %d"):format(attempts, wait))
    end
  end)
end)

describe("an answer of the Graph API", function()
  it("E1 E4: is sorted by its code, which can be text, and not by the HTTP status", function()
    for _, case in ipairs {
      { 131056, 400, "transient" }, { "131056", 429, "transient" }, { 131056, 500, "transient" }, { 131026, 500, "permanent" },
      { "131026", 429, "permanent" }, { 131047, 400, "permanent" }, { 100, 429, "permanent" }, { 190, 400, "auth" }, { "368", 400, "auth" },
      { 131042, 400, "auth" }, { 133010, 400, "auth" }, { 131031, 500, "auth" }, { 80007, 400, "transient" }, { 4, 400, "transient" },
    } do
      local code, status, kind = table.unpack(case)
      local found, detail = answers.sort(refusal(code, status))
      assert.equal(kind, found, tostring(code) .. " with " .. status)
      assert.equal(codes.number(code), detail.code)
    end
    assert.equal("transient", (answers.sort(response(503, "<html>"))))
    assert.equal("auth", (answers.sort(response(401, "{}"))))
    assert.is_nil(codes.number "12x")
    assert.is_nil(codes.number(1.5))
    assert.is_nil(codes.number { 1 })
  end)

  it("E7: a message that Meta holds to look at its quality is accepted", function()
    local kind, detail = answers.sort(response(200, { messages = { { id = "wamid.1", message_status = "held_for_quality_assessment" } } }))
    assert.equal("accepted", kind)
    assert.equal("wamid.1", detail.wamid)
    assert.is_true(detail.held)
  end)

  it("E8: a failed status has its code as a number or as text", function()
    for _, code in ipairs { 131026, "131026" } do
      local status = inbound.status { id = "wamid.1", status = "failed", errors = { { code = code, title = "Undeliverable" } } }
      assert.equal(131026, status.code)
    end
  end)

  it("E4 E8: the words for staff end in a full stop and name what to do", function()
    for _, code in ipairs { 131047, 131026, 131048, 131049, 131050, 131051, 131052, 131053, 131021, 131030, 131062, 131064, 130472, 132000, 132001, 132005, 132007,
      132012, 132015, 132016, 132018, 137000, 100, 999999 } do
      for _, why in ipairs { "Param is wrong.", "Param is wrong" } do
        local words = codes.advice(code, why)
        assert.truthy(words:find(("(code %d)"):format(code), 1, true), words)
        assert.truthy(words:find("[%a%d}]%.$"), words)
        assert.truthy(words:find "%. %u" , words)
        assert.is_nil(words:find("..", 1, true), words)
      end
    end
    assert.truthy(codes.advice(nil, nil):find "no reason given%. Call the customer.*%.$")
  end)
end)
