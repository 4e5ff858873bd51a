-- A customer comes back with a new request, in the real process.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local FULL = { address = "10 Main St, Brampton", elevator_access = "yes", stairs = "none", inventory = "1 piano" }

describe("a customer who comes back", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open()
    service, stand_ins = scene.service, scene.stand_ins
  end)
  teardown(process.close_all)

  -- A quote of these customers is complete, and staff closed its case so many days ago.
  local function served(days, ...)
    for _, phone in ipairs { ... } do
      scene:ask(phone, { times = 1, answer = { reply_to_user = "Perfect.", extracted_data = FULL } }, "the old piano")
      shell.until_(function() return stand_ins:cards(phone)[1] end, 5, "the card")
      scene:sent(phone, "Perfect.") -- before staff take the chat: they would get it as a draft
      service:click(phone, { user_id = "U1" })
      service:click(phone, { user_id = "U1", action = "resume_chat" })
    end
    service:kill()
    service:sql(("UPDATE cases SET closed_at = closed_at - %d"):format(days * 86400000))
    service:sql(("UPDATE messages SET created_at = strftime('%%Y-%%m-%%d %%H:%%M:%%f', created_at, '-%d days')"):format(days))
    service:start()
  end

  local function asked(word) return json.encode(stand_ins:models(word)[1].body.messages):gsub('\\"', '"') end

  it("after 14 days starts a new quote: the model is told the address to confirm and nothing else of the old request", function()
    local phone = meta.phone()
    served(15, phone)
    service:say(phone, "Thanks!")
    scene:sent(phone, nil, 2)
    assert.equal("1 piano", scene:known(phone).inventory, "thanks are no new request")
    local word = scene:ask(phone, { answer = { reply_to_user = "Welcome back! Is it again at 10 Main St?", extracted_data = { address = FULL.address, inventory = "2 beds" } } },
      "I have two beds this time")
    scene:sent(phone, "Is it again")
    local request = asked(word)
    assert.truthy(request:find('"to_confirm":{"address":"10 Main St, Brampton"}', 1, true), request)
    assert.truthy(request:find('"known":{}', 1, true), request)
    assert.is_nil(request:find("piano", 1, true))
    assert.same({ address = FULL.address, inventory = "2 beds" }, scene:known(phone))
    assert.equal("address", scene:column(phone, "confirm"))
    scene:ask(phone, { answer = { reply_to_user = "Great.", extracted_data = { address = FULL.address, elevator_access = "no", stairs = "2 flights" } } }, "yes, and 2 flights")
    scene:sent(phone, "Great.")
    assert.is_nil(scene:column(phone, "confirm"))
    local card = shell.until_(function() return stand_ins:cards(phone)[2] end, 5, "the new card")
    local shown = json.encode(card.body)
    assert.truthy(shown:find("2 beds", 1, true), shown)
    assert.is_nil(shown:find("piano", 1, true))
  end)

  it("is asked by the fixed questions too, and before 14 days the old quote goes on", function()
    local phone, soon = meta.phone(), meta.phone()
    served(15, phone)
    scene:ask(phone, { content = "no JSON" }, "hello, I have a desk")
    assert.truthy(scene:sent(phone, "Is it again at 10 Main St, Brampton?")[1].text:find("^Hi!"))
    scene:ask(phone, { content = "no JSON" }, "yes, the same")
    scene:sent(phone, "elevator")
    assert.equal(FULL.address, scene:known(phone).address)
    assert.is_nil(scene:known(phone).stairs)
    served(13, soon)
    scene:sent(soon, scene:ask(soon, nil, "hello again"))
    assert.equal("1 piano", scene:known(soon).inventory)
  end)
end)
