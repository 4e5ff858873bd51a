-- One person's part of a webhook: taken out, or shown. Pure but for JSON.

package.path = "scripts/?.lua;" .. package.path

local inside, json = pcall(require, "host.json")
if not inside then
  describe("channels/whatsapp/strip", function() pending("needs the host's JSON: run with `assistant run`") end)
  return
end

local strip = require "channels.whatsapp.strip"

describe("channels/whatsapp/strip", function()
  local ANN, BOB = "16475550123", "164755501234"

  local function body(value) return json.encode { object = "whatsapp_business_account", entry = { { id = "1", changes = { { field = "messages", value = value } } } } } end

  local both = body {
    contacts = { { wa_id = ANN, profile = { name = "Ann" } }, { wa_id = BOB, profile = { name = "Bob" } } },
    messages = { { from = ANN, id = "wamid.A", type = "text", text = { body = "mine" } }, { from = BOB, id = "wamid.B", type = "text", text = { body = "his" } } },
    statuses = { { id = "wamid.C", status = "read", recipient_id = ANN }, { id = "wamid.D", status = "read", recipient_id = BOB } },
  }

  it("keeps other people's parts, also when their number begins with the same digits", function()
    local left, taken = strip.person(both, { [ANN] = true })
    assert.same({ "wamid.A", "wamid.C" }, taken)
    for _, gone in ipairs { "mine", "wamid.A", "wamid.C", "\"Ann\"" } do assert.falsy(left:find(gone, 1, true), gone) end
    local value = json.decode(left).entry[1].changes[1].value
    assert.equal("wamid.B", value.messages[1].id)
    assert.equal("wamid.D", value.statuses[1].id)
    assert.equal(BOB, value.contacts[1].wa_id)
  end)

  it("takes a status that names only one of the person's messages", function()
    local left, taken = strip.person(body { statuses = { { id = "wamid.C", status = "read" } } }, { [ANN] = true }, function(id) return id == "wamid.C" end)
    assert.is_nil(left)
    assert.same({ "wamid.C" }, taken)
  end)

  it("keeps nothing of a body that holds nobody else, or that is no webhook", function()
    assert.is_nil((strip.person(body { messages = { { from = ANN, id = "wamid.A" } } }, { [ANN] = true })))
    for _, odd in ipairs { "", "no JSON", "[]", "{}", "{\"entry\":5}", "{\"entry\":[5,{\"changes\":5},{\"changes\":[null]}]}" } do
      assert.is_nil((strip.person(odd, { [ANN] = true })), odd)
      assert.same({}, strip.parts(odd, { [ANN] = true }), odd)
    end
  end)

  it("removes only known ids on request, and then keeps the person's name beside a message that stays", function()
    local function old(id) return id == "wamid.A" or id == "wamid.C" end
    local left, taken = strip.person(both, { [ANN] = true }, old, true)
    assert.same({ "wamid.A", "wamid.C" }, taken)
    assert.falsy(left:find(ANN .. '"', 1, true))
    local more = json.decode(both)
    local value = more.entry[1].changes[1].value
    value.messages[3] = { from = ANN, id = "wamid.E" }
    value = json.decode((strip.person(json.encode(more), { [ANN] = true }, old, true))).entry[1].changes[1].value
    assert.same({ "wamid.B", "wamid.E" }, { value.messages[1].id, value.messages[2].id })
    assert.equal(ANN, value.contacts[1].wa_id)
  end)

  it("knows people without a number by their id", function()
    local scoped = body { messages = { { from_user_id = "CA.1", id = "wamid.A" }, { from_user_id = "CA.12", id = "wamid.B" } } }
    assert.equal("wamid.B", json.decode((strip.person(scoped, { ["CA.1"] = true }))).entry[1].changes[1].value.messages[1].id)
  end)

  it("shows the person their own parts and nobody else's", function()
    local parts = strip.parts(both, { [ANN] = true })
    assert.equal(3, #parts)
    assert.falsy(json.encode(parts):find("his", 1, true))
    assert.equal("mine", parts[1].messages.text.body)
  end)
end)
