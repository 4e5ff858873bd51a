-- The blueprint's verification table, Phase 1 to 6, against the real program with stand-ins.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

describe("the blueprint's verification table", function()
  local service, stand_ins

  setup(function()
    stand_ins = standins.new()
    service = process.new { stand_ins = stand_ins }
  end)

  teardown(process.close_all)

  local function replies(phone, count)
    return shell.until_(function()
      local list = stand_ins:replies(phone)
      return #list >= count and list
    end, 6, count .. " replies on the customer's phone")
  end

  it("Phase 1: GET /health answers {\"status\":\"healthy\"}", function()
    local answer = service:http("GET", "/health")
    assert.equal(200, answer.status)
    assert.same({ status = "healthy" }, json.decode(answer.body))
  end)

  it("Phase 2: the three tables exist with their columns", function()
    local wanted = {
      conversations = { "id", "phone_number", "status", "created_at", "updated_at" },
      messages = { "id", "conversation_id", "role", "content", "created_at" },
      quote_data = { "conversation_id", "json_dump", "updated_at" },
    }
    for name, columns in pairs(wanted) do
      local have = {}
      for _, row in ipairs(service:rows("SELECT name FROM pragma_table_info('" .. name .. "')")) do have[row.name] = true end
      for _, column in ipairs(columns) do assert.is_true(have[column], name .. "." .. column) end
    end
  end)

  it("Phase 3: a signed webhook is stored, and Meta's question is answered with the challenge", function()
    local phone, word = meta.phone(), meta.word()
    local id = service:say(phone, "Hi, I need junk removed " .. word)
    local row = shell.until_(function() return service:rows("SELECT * FROM messages WHERE id = '" .. id .. "'")[1] end, 3, "the message in the database")
    assert.equal(phone, row.conversation_id)
    assert.equal("user", row.role)
    assert.truthy(row.content:find(word, 1, true))
    assert.equal("ACTIVE", service:value("SELECT status FROM conversations WHERE id = '" .. phone .. "'"))
    local answer = service:http("GET", "/whatsapp/webhook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" .. service.verify_token)
    assert.equal("1158201444", answer.body)
  end)

  it("Phase 4: two rapid messages get one answer", function()
    local phone, one, two = meta.phone(), meta.word(), meta.word()
    stand_ins:plan { contains = one, echo = true }
    service:say(phone, "I have a couch " .. one)
    service:say(phone, "and two chairs " .. two)
    local list = replies(phone, 1)
    assert.truthy(list[1]:find(one, 1, true) and list[1]:find(two, 1, true), list[1])
    shell.until_(function() return service:value("SELECT answered_seq = last_seq FROM conversations WHERE id = '" .. phone .. "'") == 1 end, 3, "nothing left to answer")
    assert.equal(1, #stand_ins:replies(phone))
    assert.equal(1, #stand_ins:models(one))
  end)

  it("Phase 5 and 6: address, elevator, stairs and inventory lead to a card in the channel; taking over pauses the chat", function()
    local phone = meta.phone()
    local lines = { "Hi there", "123 Main St, Toronto", "no elevator", "2 flights of stairs", "1 couch, 2 chairs" }
    for i, line in ipairs(lines) do
      service:say(phone, line)
      replies(phone, i)
    end
    local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card in the channel")
    local shown = json.encode(card.body)
    assert.truthy(card.body.text:find("New Quote Request", 1, true))
    for _, fact in ipairs { "123 Main St", "1 couch, 2 chairs", "Take Over Chat" } do
      assert.truthy(shown:find(fact, 1, true), fact .. " is on the card: " .. shown)
    end
    local known = json.decode(service:value("SELECT json_dump FROM quote_data WHERE conversation_id = '" .. phone .. "'"))
    for _, field in ipairs { "address", "elevator_access", "stairs", "inventory" } do
      assert.is_string(known[field], field)
    end
    local pressed = stand_ins:press { value = phone, user = "maria" }
    assert.equal(200, pressed.status)
    assert.equal("PAUSED", service:value("SELECT status FROM conversations WHERE id = '" .. phone .. "'"))
    local before, calls = #stand_ins:replies(phone), #stand_ins:requests "model"
    service:say(phone, "When can you come?")
    local list = replies(phone, before + 1)
    assert.equal("Our team is handling your request directly. We'll be in touch shortly.", list[before + 1])
    assert.equal(calls, #stand_ins:requests "model")
  end)

  it("Phase 6: a click with only the blueprint's fields gets exactly the blueprint's answer", function()
    local phone = meta.phone()
    service:say(phone, "Hello")
    replies(phone, 1)
    local answer = service:click(phone)
    assert.equal(200, answer.status)
    assert.same({ replace_original = true, text = "✅ Chat paused. Staff has taken over the conversation." }, json.decode(answer.body))
  end)
end)
