-- What each chat costs is stored, and shown to owners, to machines and to the person.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

describe("the costs of a chat", function()
  local scene, service, metrics_port

  setup(function()
    metrics_port = shell.port()
    scene = chat.open { env = { METRICS_LISTEN = "127.0.0.1:" .. metrics_port } }
    service = scene.service
    scene.stand_ins:account { delivered_ms = 600000 }
  end)

  teardown(process.close_all)

  local function row(phone) return service:rows("SELECT * FROM costs WHERE conversation_id = '" .. phone .. "'")[1] or {} end

  -- A chat with one answer of the model; its message was accepted.
  local function answered()
    local phone = meta.phone()
    local word = scene:ask(phone)
    scene:sent(phone, word)
    return phone, scene:state(word, "sent")
  end

  local function delivered(phone, message, state, pricing)
    local status = meta.status(message.wamid, phone, state, { mark = message.id })
    status.pricing = pricing
    assert.equal(200, service:hook { statuses = { status } })
  end

  local CHARGED = { billable = true, pricing_model = "PMP", category = "service", type = "regular" }

  it("D15: holds the tokens that the model's server counted, once per turn, and each delivered message once, in its category", function()
    local phone, message = answered()
    shell.until_(function() return (row(phone).tokens_in or 0) > 0 end, 5, "the tokens")
    assert.is_true(row(phone).tokens_out > 0 and row(phone).dollars > 0)
    assert.equal(0, row(phone).service) -- sent, and not delivered
    for _, state in ipairs { "delivered", "delivered", "read" } do delivered(phone, message, state, CHARGED) end
    scene:state(message.content, "read")
    assert.same({ 1, 0, 0.0034 }, { row(phone).service, row(phone).free, row(phone).message_dollars })
    for _, one in ipairs {
      { { billable = false, pricing_model = "PMP", category = "service", type = "free_customer_service" }, "free" },
      { { billable = true, category = "utility", type = "free_entry_point" }, "free" },
      { { billable = true, category = "marketing_lite" }, "marketing" }, { { billable = true, category = "authentication-international" }, "authentication" },
      { nil, "service" }, { { billable = "yes", category = 7, type = {} }, "service" },
    } do
      local other, reply = answered()
      delivered(other, reply, "read", one[1]) -- "delivered" may be skipped
      scene:state(reply.content, "read")
      assert.equal(1, row(other)[one[2]], one[2])
    end
    local sums = service:rows("SELECT sum(dollars) AS dollars, sum(message_dollars) AS messages FROM costs WHERE conversation_id <> ''")[1]
    local total = service:rows("SELECT dollars, message_dollars FROM costs WHERE conversation_id = ''")[1]
    assert.is_true(math.abs(sums.dollars - total.dollars) < 1e-9 and math.abs(sums.messages - total.message_dollars) < 1e-9)
  end)

  it("is in `status`, in the metrics and in `assistant costs`, with the chats that cost most", function()
    local phone, message = answered()
    delivered(phone, message, "delivered", { billable = true, category = "marketing" })
    scene:state(message.content, "delivered")
    local _, words = service:cli "status"
    assert.truthy(words:find("The model has cost $0.%d%d today. WhatsApp has charged %d+ messages? today: $0.%d%d."), words)
    local business = service:status().business
    assert.is_true(business.model_dollars_today > 0 and business.message_dollars_today >= 0.025 and business.messages_charged_today >= 1)
    local text = wire.http(metrics_port, "GET", "/metrics").body
    assert.truthy(text:find('assistant_messages_delivered_total{category="marketing"}', 1, true), text)
    assert.truthy(text:find("assistant_message_cost_dollars_total 0.", 1, true))
    local code, report = service:cli "costs"
    assert.equal(0, code)
    assert.truthy(report:find("The chats that cost most:", 1, true) and report:find(("+1 %s-%s-%s"):format(phone:sub(2, 4), phone:sub(5, 7), phone:sub(8)), 1, true),
      report)
    assert.truthy(report:find("From %d%d%d%d%-%d%d%-01 to %d%d%d%d%-%d%d%-%d%d: %$0.%d%d\n  the model:  %$"), report)
    assert.equal(0, (service:cli("costs", "--since", "2026-01-31")))
    for _, wrong in ipairs { "2026-1-1", "yesterday", "2026-13-01" } do
      assert.same({ 1, true }, { service:cli("costs", "--since", wrong), (select(2, service:cli("costs", "--since", wrong))):find("Usage", 1, true) ~= nil })
    end
    code, report = service:cli("costs", "--since", "2999-01-01")
    assert.truthy(code == 1 and report:find("has not come yet", 1, true))
  end)

  it("H4: is exported to the person and goes when they are erased; the day's total, which names nobody, stays", function()
    local phone, message = answered()
    delivered(phone, message, "delivered", CHARGED)
    scene:state(message.content, "delivered")
    local _, text = service:cli("export", phone)
    local costs = json.decode(text).costs
    assert.equal(1, #costs)
    assert.is_true(costs[1].model.dollars > 0 and costs[1].messages.service == 1 and costs[1].messages.dollars == 0.0034)
    assert.truthy(select(2, service:cli("export", phone, "--text")):find("What the chat cost us", 1, true))
    local before = service:value "SELECT dollars FROM costs WHERE conversation_id = ''"
    local _, said = service:cli("erase", phone)
    assert.truthy(said:find("1 day of costs", 1, true), said)
    assert.is_nil(row(phone).day)
    assert.equal(before, service:value "SELECT dollars FROM costs WHERE conversation_id = ''")
  end)

  it("`assistant check` says which prices nobody has written", function()
    local function check(business, env)
      local other = process.new { start = false, files = { ["prompts/business.yaml"] = business }, env = env }
      local _, said = other:run_once "check"
      other:close()
      return said
    end
    local said = check("name: Ann's\n")
    assert.truthy(said:find('"message_prices" is not there', 1, true) and said:find('"model_prices" does not say', 1, true), said)
    local prices = "model_prices:\n  cached_input: 1\n  input: 1\n  output: 1\nmessage_prices:\n  service: 0.01\n"
    assert.falsy(check(prices):find("_prices", 1, true))
    assert.truthy(check((prices:gsub("service: 0.01", "reply: 0.01"))):find('"message_prices.reply" is not known', 1, true))
  end)
end)
