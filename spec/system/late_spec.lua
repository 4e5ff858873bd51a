-- What customers wrote long ago, after an outage; "typing…" while the model thinks.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local window = require "records.window"

local SORRY = "Sorry that this answer took so long."
local HOUR = 3600

describe("a message that comes late", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { env = { LLM_DEADLINE_MS = 3000, LLM_TIMEOUT_MS = 20000 },
      files = { ["prompts/business.yaml"] = "late:\n  apology_after_minutes: 30\n  staff_after_hours: 3\n" } }
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(chat.close_all)

  it("B12: two of an outage get one answer, which says sorry; the next late one gets no second apology", function()
    local phone, word = meta.phone(), scene:plan()
    local old = tostring(os.time() - 2 * HOUR)
    service:hook { messages = { meta.text(phone, "a couch", { timestamp = old }), meta.text(phone, "and a fridge " .. word, { timestamp = old }) } }
    assert.equal(SORRY .. "\n\nThanks! Are there any stairs involved? " .. word, scene:sent(phone, word)[1].text)
    local second = scene:plan()
    service:say(phone, "and a chair " .. second, { timestamp = old })
    assert.is_nil(scene:sent(phone, second)[1].text:find(SORRY, 1, true))
    assert.equal(2, #stand_ins:sends(phone))
  end)

  it("B12: of a few minutes gets a plain answer", function()
    local phone, word = meta.phone(), scene:plan()
    service:say(phone, "a couch " .. word, { timestamp = tostring(os.time() - 600) })
    assert.is_nil(scene:sent(phone, word)[1].text:find(SORRY, 1, true))
  end)

  it("B12: older than late.staff_after_hours it goes to staff, and the customer gets nothing automatic", function()
    local phone, word = meta.phone(), scene:plan()
    service:say(phone, "a couch " .. word, { timestamp = tostring(os.time() - 4 * HOUR) })
    local post = json.encode(scene:posts(word)[1].body)
    assert.truthy(post:find("late.staff_after_hours", 1, true), post)
    scene:marker()
    assert.equal(0, #stand_ins:sends(phone))
    assert.equal(0, #stand_ins:models(word))
  end)

  local function marks(wamid)
    local count = 0
    for _, request in ipairs(stand_ins:requests("graph", { contains = wamid })) do
      if request.body.status == "read" and request.body.typing_indicator then count = count + 1 end
    end
    return count
  end

  it("typing is shown again while the model thinks, and not once staff have the chat", function()
    local phone = meta.phone()
    local message = meta.text(phone, "a couch " .. scene:plan { hold = true, answer = { reply_to_user = "Any stairs?" } })
    service:hook { messages = { message } }
    shell.until_(function() return marks(message.id) >= 2 end, 8, "a second typing indicator")
    assert.equal(200, service:click(phone).status)
    local seen = marks(message.id)
    stand_ins:release()
    scene:marker()
    assert.is_true(marks(message.id) <= seen)
    local paused = meta.text(phone, "hello?")
    service:hook { messages = { paused } }
    scene:sent(phone, "Our team is handling")
    assert.equal(0, marks(paused.id))
  end)

  it("a typing indicator that Meta refuses or never answers delays no answer", function()
    for _, kind in ipairs { "500", "expired", "slow" } do
      local phone = meta.phone()
      stand_ins:fault { read = { kind = kind, delay_ms = 60000 } }
      local begun = shell.now_ms()
      scene:sent(phone, scene:ask(phone))
      assert.is_true(shell.now_ms() - begun < 5000, kind)
      stand_ins:calm()
    end
    assert.same({}, service:rows "SELECT * FROM circuits WHERE open = 1")
  end)
end)

describe("an owner who wants no apology", function()
  it("leaves late blank, and the built-in words do not come back", function()
    local replies = require "flow.replies"
    local languages = { { code = "en", texts = { late = "" } }, { code = "fr", texts = { late = "" } } }
    for _, code in ipairs { "en", "fr" } do assert.equal("", replies.get({ languages = languages }, "late", code)) end
    assert.equal(SORRY, replies.get({}, "late", "en"))
  end)
end)

describe("WhatsApp's window", function()
  local now = 1800000000000

  it("E2: is open for 24 hours, and for 72 when an ad brought the customer", function()
    local hour = 3600000
    for hours, plain in pairs { [1] = true, [23] = true, [25] = false, [71] = false, [73] = false } do
      local row = { inbound_at = now - hours * hour }
      assert.equal(plain, window.is_open(row, now, 0), hours .. " hours")
      row.free_until = row.inbound_at + window.AD_MS
      assert.equal(hours < 72, window.is_open(row, now, 0), hours .. " hours after an ad")
    end
  end)
end)
