-- A quote from the card to the customer's answer.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"

describe("a quote", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open {}
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  local function customer()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    service:click(phone, { user = "ana" })
    return phone
  end

  local function quote(phone, amount, note, options)
    options = options or {}
    options.action, options.boxes = "send_quote", { quote_amount = amount, quote_note = note or "" }
    return service:click(phone, options)
  end

  local function offers(phone) return service:rows("SELECT * FROM offers WHERE conversation_id = '" .. phone .. "' ORDER BY id") end

  -- The messages with buttons that the customer got.
  local function shown(phone, count)
    return shell.until_(function()
      local list = {}
      for _, send in ipairs(stand_ins:sends(phone)) do
        if send.status == 200 and type(send.body.interactive) == "table" then list[#list + 1] = send.body.interactive end
      end
      return #list >= count and list
    end, 6, "a quote with buttons")
  end

  local function open_quote(phone, amount, note)
    local before = #offers(phone)
    assert.equal("{}", quote(phone, amount, note, { user = "ana" }).body)
    shell.until_(function()
      local all = offers(phone)
      return #all > before and all[#all].state == "open"
    end, 6, "an open offer")
    return offers(phone)[before + 1]
  end

  local function press(phone, id, title)
    service:hook { messages = { meta.message(phone, "interactive", { interactive = { type = "button_reply", button_reply = { id = id, title = title } } }) } }
  end

  it("goes out with its amount, tax and note, is accepted by its button, told to staff, and answered with the booking link", function()
    local phone, word = customer(), meta.word()
    local offer = open_quote(phone, "$1,200.50", "Two trucks " .. word)
    assert.same({ 120050, "ana", "Two trucks " .. word }, { offer.amount_cents, offer.author, offer.note })
    local body = shown(phone, 1)[1]
    assert.truthy(body.body.text:find("$1,200.50 plus HST", 1, true) and body.body.text:find(word, 1, true), body.body.text)
    local ids = {}
    for i, button in ipairs(body.action.buttons) do ids[i] = button.reply.id .. " " .. button.reply.title end
    assert.same({ "offer_accept:" .. offer.id .. " Accept", "offer_decline:" .. offer.id .. " Decline" }, ids)
    scene:posts("Quote sent $1,200.50")
    assert.equal(0, #stand_ins:posts "Quote of $1,200.50 is being sent")
    press(phone, "offer_accept:" .. offer.id, "whatever the title says")
    scene:sent(phone, "you accept the quote")
    assert.truthy(scene:sent(phone, "you accept the quote")[1].text:find("http", 1, true))
    assert.truthy(json.encode(scene:posts("accepts the quote of $1,200.50")[1].body):find("ana sent", 1, true))
    assert.equal("accepted", offers(phone)[1].state)
    scene:marker()
    assert.equal(0, #stand_ins:sends(phone, "Our team is handling"))
  end)

  it("C13: is accepted once; a second press and the other button change nothing and are told truthfully", function()
    local phone = customer()
    local offer = open_quote(phone, "350")
    for _ = 1, 2 do press(phone, "offer_accept:" .. offer.id, "Accept") end
    scene:sent(phone, "answered this quote already")
    press(phone, "offer_decline:" .. offer.id, "Decline")
    scene:posts "declines the quote of $350, which they accepted before"
    assert.equal("accepted", offers(phone)[1].state)
    assert.equal(1, #stand_ins:sends(phone, "you accept the quote"))
  end)

  it("C13: a withdrawn, replaced or expired one is answered with the truth, and staff are told", function()
    local phone = customer()
    local first = open_quote(phone, "350")
    local second = open_quote(phone, "400")
    assert.same({ "withdrawn", "open" }, { offers(phone)[1].state, offers(phone)[2].state })
    press(phone, "offer_accept:" .. first.id, "Accept")
    scene:posts "accepts the quote of $350, which was withdrawn or replaced"
    scene:sent(phone, "no longer counts")
    service:click(phone, { action = "withdraw_quote" })
    press(phone, "offer_accept:" .. second.id, "Accept")
    scene:posts "accepts the quote of $400, which was withdrawn or replaced"
    local third = open_quote(phone, "500")
    service:kill()
    service:sql("UPDATE offers SET created_at = created_at - 15 * 86400000 WHERE id = " .. third.id)
    service:start()
    press(phone, "offer_accept:" .. third.id, "Accept")
    scene:posts "accepts the quote of $500, which has expired"
    assert.equal("expired", offers(phone)[3].state)
  end)

  it("is accepted by plain words where it was the last thing said; words that say more go to staff; \"ok\" without a quote accepts nothing", function()
    local phone, other, word = customer(), customer(), meta.word()
    service:say(other, "ok " .. word)
    open_quote(phone, "350")
    service:say(phone, "yes but can you do 300?")
    scene:posts "yes but can you do 300?"
    assert.equal("open", offers(phone)[1].state)
    service:say(phone, "Yes please")
    scene:posts "accepts the quote of $350"
    scene:posts(word)
    assert.equal(0, #offers(other))
  end)

  it("C13: a yes that quotes a quote which was replaced gets the truth, one that quotes the open one accepts it, whatever was said since", function()
    local phone = customer()
    open_quote(phone, "350")
    local first = service:value("SELECT wamid FROM messages WHERE id = (SELECT message_id FROM offers WHERE conversation_id = '" .. phone .. "')")
    open_quote(phone, "400")
    local second = service:value("SELECT wamid FROM messages WHERE id = (SELECT message_id FROM offers WHERE conversation_id = '" .. phone .. "' AND state = 'open')")
    service:click(phone, { action = "send_reply", boxes = { reply_text = "Is there parking at the house?" } })
    scene:sent(phone, "Is there parking")
    local function yes_to(wamid)
      service:hook { messages = { meta.message(phone, "text", { text = { body = "yes" }, context = { id = wamid } }) } }
    end
    yes_to(first)
    scene:posts "accepts the quote of $350, which was withdrawn or replaced"
    scene:sent(phone, "no longer counts")
    assert.equal("open", offers(phone)[2].state)
    yes_to(second)
    scene:posts "accepts the quote of $400"
    assert.equal("accepted", offers(phone)[2].state)
  end)

  it("C13: an id that belongs to another chat, or to no quote, accepts nothing", function()
    local phone, other = customer(), customer()
    local offer = open_quote(phone, "350")
    press(other, "offer_accept:" .. offer.id, "Accept")
    press(phone, "offer_accept:99999999999999999999", "Accept it")
    press(phone, "offer_accept:" .. offer.id .. " OR 1=1", "Tell me more")
    scene:marker()
    assert.equal("open", offers(phone)[1].state)
    assert.equal(0, #stand_ins:sends(other, "you accept the quote"))
  end)

  it("\"Is there parking?\" \"yes\" accepts nothing", function()
    local phone = customer()
    open_quote(phone, "350")
    service:click(phone, { action = "send_reply", boxes = { reply_text = "Is there parking at the house?" } })
    scene:sent(phone, "Is there parking")
    service:say(phone, "yes")
    scene:posts "> yes"
    assert.equal("open", offers(phone)[1].state)
  end)

  it("its answer leaves the assistant's open question open", function()
    local phone = customer()
    open_quote(phone, "350")
    service:click(phone, { action = "resume_chat" })
    service:sql("UPDATE conversations SET asked = 'address' WHERE id = '" .. phone .. "'")
    press(phone, "offer_decline", "Decline")
    scene:sent(phone, "Thank you for letting us know")
    assert.equal("address", scene:column(phone, "asked"))
  end)

  it("is accepted after its case was closed and the chat returned, and declined by a word", function()
    local phone = customer()
    local offer = open_quote(phone, "350")
    service:click(phone, { action = "resume_chat" })
    press(phone, "offer_accept", "Accept")
    scene:sent(phone, "you accept the quote")
    assert.equal("accepted", service:value("SELECT state FROM offers WHERE id = " .. offer.id))
    service:click(phone)
    open_quote(phone, "300")
    service:say(phone, "no thanks")
    scene:sent(phone, "Thank you for letting us know")
    scene:posts "declines the quote of $300"
  end)

  it("C12: what is no amount is answered with what is expected, and nothing is sent", function()
    local phone = customer()
    for _, typed in ipairs { "abc", "-5", "0", "1e9", "12.345", "" } do
      local answer = json.decode(quote(phone, typed, "my note").body)
      assert.equal("ephemeral", answer.response_type)
      assert.truthy(answer.text:find("$1 to $50,000", 1, true), typed)
      assert.truthy(answer.text:find("my note", 1, true), typed)
    end
    assert.truthy(quote(phone, "350", ("x"):rep(601)).body:find("at most 600", 1, true))
    assert.equal(0, #offers(phone))
  end)

  it("C12: two people at once leave one open offer", function()
    local phone = customer()
    quote(phone, "350", "", { user = "ana" })
    quote(phone, "400", "", { user = "bob" })
    shell.until_(function() return #service:rows("SELECT 1 FROM offers WHERE state = 'open' AND conversation_id = '" .. phone .. "'") == 1
      and #service:rows("SELECT 1 FROM offers WHERE state = 'sending' AND conversation_id = '" .. phone .. "'") == 0 end, 6, "one open offer")
  end)

  it("is not open while Meta refuses it, and staff are told that it did not go out", function()
    local phone = customer()
    stand_ins:fault { graph = { kind = "code", code = 131026, times = 1 } }
    quote(phone, "350")
    scene:posts "could not be sent"
    assert.equal("withdrawn", offers(phone)[1].state)
  end)

  it("C13: is open when only a status tells that WhatsApp took it, and the next one can be sent", function()
    local phone = customer()
    stand_ins:fault { graph = { kind = "lost", times = 1 } }
    open_quote(phone, "350")
    open_quote(phone, "400")
    shell.until_(function() return service:value("SELECT count(*) FROM offers WHERE state = 'withdrawn' AND conversation_id = '" .. phone .. "'") == 1 end, 6, "one open offer")
  end)

  -- Withdraws a quote whose message is in this state of a send that WhatsApp refuses again and again.
  local function is_taken_back_while(state, delay_ms)
    local phone, word = customer(), meta.word()
    stand_ins:fault { graph = { kind = "500", contains = word, delay_ms = delay_ms } }
    quote(phone, "350", word)
    local function tries() return stand_ins:requests("graph", { contains = word }) end
    if state == "queued" then shell.until_(function() return #tries() > 0 end, 6, "a try") end
    shell.until_(function() return scene:message(word).state == state end, 6, state)
    assert.equal("{}", service:click(phone, { action = "withdraw_quote" }).body)
    assert.equal("withdrawn", offers(phone)[1].state)
    shell.until_(function() return scene:message(word).state == "dropped" end, 6, "the end of its message")
    stand_ins:calm()
    open_quote(phone, "300")
    for _, try in ipairs(tries()) do assert.not_equal(200, try.status) end
  end

  it("C13: is not sent any more when it is withdrawn while it waits", function() is_taken_back_while("queued") end)

  it("C13: is not tried again when it is withdrawn during a try that is refused", function() is_taken_back_while("sending", 1500) end)

  it("C12: one whose message was dropped holds up no other", function()
    local phone, word = customer(), meta.word()
    stand_ins:fault { graph = { kind = "500", contains = word } }
    quote(phone, "350", word)
    shell.until_(function() return #stand_ins:requests("graph", { contains = word }) > 0 end, 6, "a try")
    service:kill()
    service:sql("UPDATE messages SET state = 'dropped' WHERE instr(content, '" .. word .. "') > 0 AND role = 'assistant'")
    stand_ins:calm()
    service:start()
    open_quote(phone, "300")
    assert.same({ "withdrawn", "open" }, { offers(phone)[1].state, offers(phone)[2].state })
  end)

  it("outside the 24 hours the writer is told why, nothing is stored, and the words come back", function()
    local phone = customer()
    service:kill()
    service:sql("UPDATE conversations SET inbound_at = inbound_at - 90000000 WHERE id = '" .. phone .. "'")
    service:start()
    local answer = quote(phone, "350", "by Friday").body
    assert.truthy(answer:find("templates.quote", 1, true) and answer:find("by Friday", 1, true), answer)
    assert.equal(0, #offers(phone))
  end)

  it("a case is closed with its reason and amount, and the assistant has the chat again", function()
    local phone = customer()
    assert.truthy(service:click(phone, { action = "close_case", boxes = { close_amount = "" } }).body:find("Choose why", 1, true))
    assert.equal("{}", service:click(phone, { action = "close_case", boxes = { close_amount = "$350", close_reason = "done" } }).body)
    assert.equal("ACTIVE", scene:column(phone, "status"))
    assert.equal("close", service:value("SELECT action FROM audit WHERE conversation_id = '" .. phone .. "' ORDER BY id DESC LIMIT 1"))
    scene:sent(phone, scene:ask(phone))
  end)

  it("Block on the card lets nothing follow from what the customer writes", function()
    local phone, word = customer(), meta.word()
    local answer = service:click(phone, { action = "block_customer" })
    assert.equal("{}", answer.body, service:log_text():sub(-1500))
    service:say(phone, word)
    scene:marker()
    assert.equal(0, #stand_ins:posts(word))
    assert.truthy(service:click(phone, { action = "block_customer", user = "bob" }).body:find("blocked already", 1, true))
    local said = service:click(phone, { action = "send_reply", boxes = { reply_text = "hi" } }).body
    assert.truthy(said:find("is blocked", 1, true), said)
    local other = meta.phone()
    scene:sent(other, scene:ask(other))
    service:click(other, { action = "block_customer", user = "ana" })
    assert.truthy(scene:posts(other:sub(-4))[1].body.text:find("this customer is blocked (ana)", 1, true))
  end)
end)
