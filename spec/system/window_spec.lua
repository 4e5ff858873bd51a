-- WhatsApp's window in the real process: templates after it, an ad that keeps it open, refusals that come only by status.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local SECRET = "cal-" .. meta.word()
local HOUR = 3600

describe("WhatsApp's window", function()
  local scene, service, stand_ins
  local silent, from_ad, opted_out = meta.phone(), meta.phone(), meta.phone()

  -- A message of ours as staff's half will store it.
  local function queue(id, phone, content, kind, form)
    service:sql(([[INSERT INTO messages(id, conversation_id, role, content, seq, part, kind, state, state_at, form)
      VALUES('%s', '%s', 'assistant', '%s', 1, 1, '%s', 'queued', 0, %s); INSERT INTO held VALUES('%s', '%s')]]):format(id, phone, content, kind,
      form and "'" .. json.encode(form) .. "'" or "NULL", id, phone))
  end

  -- What was sent under this mark, in order.
  local function bodies(mark)
    local list = {}
    for _, one in ipairs(stand_ins:requests("graph", { contains = mark })) do list[#list + 1] = one.body end
    return list
  end

  local function taken(mark)
    return shell.until_(function()
      for _, one in ipairs(stand_ins:requests("graph", { contains = mark })) do if one.status == 200 then return one.body end end
    end, 6, "a send with " .. mark)
  end

  setup(function()
    scene = chat.open { env = { CALCOM_WEBHOOK_SECRET = SECRET, TYPING_INDICATOR = "off" },
      files = { ["prompts/business.yaml"] = "templates:\n  after_window: after_window\n  quote: quote_ready\n" } }
    service, stand_ins = scene.service, scene.stand_ins
    local old = tostring(os.time() - 30 * HOUR)
    service:say(silent, "hello", { timestamp = old })
    service:say(from_ad, "hello", { timestamp = old, referral = { source_type = "ad", source_id = "1", headline = "Spring" } })
    service:say(opted_out, "hello", { timestamp = old })
    for _, phone in ipairs { silent, from_ad, opted_out } do scene:posts(phone:sub(-4)) end
    service:term()
    service:sql(("UPDATE conversations SET token = id; UPDATE conversations SET opted_out = 1 WHERE id = '%s'"):format(opted_out))
    queue("staffzq", silent, "We can come on Friday.\nIs that fine?", "staff")
    queue("longzq", silent, ("Long words. "):rep(100), "staff")
    queue("quotezq", silent, "Your quote: $350. plus HST", "staff",
      { type = "template", name = "quote_ready", language = "en", parameters = { "$350", "plus HST" }, replies = { "offer_accept:1", "offer_decline:1" } })
    queue("listzq", from_ad, "Which day?", "staff", { type = "list", button = "Choose", sections = { { rows = { { id = "day_fri", title = "Friday" } } } } })
    queue("silencezq", opted_out, "We have moved.", "canned")
    queue("pausezq", silent, "Our team is handling it.", "paused")
    service:start()
  end)
  teardown(chat.close_all)
  after_each(function() stand_ins:calm() end)

  local function visit(phone)
    local body = json.encode { triggerEvent = "BOOKING_CREATED", createdAt = os.date "!%Y-%m-%dT%H:%M:%SZ", payload = { uid = meta.word(), startTime = "2035-07-10T18:30:00Z",
      attendees = { { name = "Ann", language = { locale = "en" } } }, metadata = { conv = phone } } }
    assert.equal(200, wire.http(service.port, "POST", "/calcom/webhook", { body = body,
      headers = { { "X-Cal-Signature-256", crypto.hex(crypto.hmac_sha256(SECRET, body)) } }, timeout = 5 }).status)
  end

  it("E2: an answer of staff goes by the owner's template once it is closed; what does not fit a template is told to them", function()
    local body = taken "staffzq"
    assert.same({ "template", "after_window" }, { body.type, body.template.name })
    assert.same({ { type = "text", text = "We can come on Friday. Is that fine?" } }, body.template.components[1].parameters)
    assert.truthy(json.encode(scene:posts("Long words.")[1].body):find("24 hours", 1, true))
    assert.same({}, bodies "longzq")
  end)

  it("C11: what staff write on the card goes by it, too; what does not fit it comes back to the writer", function()
    assert.equal(200, service:click(silent).status)
    local word = meta.word()
    service:click(silent, { action = "send_reply", boxes = { reply_text = "We will call you " .. word } })
    assert.equal("after_window", taken(word).template.name)
    local said = service:click(silent, { action = "send_reply", boxes = { reply_text = ("Long words. "):rep(100) } }).body
    assert.truthy(said:find("longer than 1024 characters", 1, true) and said:find("Call them: +", 1, true), said)
    service:click(silent, { action = "resume_chat" })
  end)

  it("E2: news of a visit go by it where they have no template of their own", function()
    visit(silent)
    local body = taken "You're booked"
    assert.equal("after_window", body.template.name)
    scene:posts "They were told by template."
  end)

  it("E2: an ad keeps it open for 72 hours: news of a visit are plain text", function()
    visit(from_ad)
    assert.equal("text", scene:sent(from_ad, "You're booked")[1].body.type)
    assert.equal(72 * HOUR * 1000, service:value("SELECT free_until - inbound_at FROM conversations WHERE id = '" .. from_ad .. "'"))
  end)

  it("E11: a template is no way to somebody who opted out; that staff have the chat is nothing to say days later", function()
    for _, id in ipairs { "silencezq", "pausezq" } do
      shell.until_(function() return service:value("SELECT state FROM messages WHERE id = '" .. id .. "'") == "dropped" end, 6, "the drop")
      assert.same({}, bodies(id))
    end
    assert.equal(0, #stand_ins:posts "Our team is handling it.")
  end)

  it("a quote's template carries the ids of its quick replies; the one that is pressed counts as its title", function()
    local components = taken("quotezq").template.components
    assert.same({ "button", "quick_reply", "0", "offer_accept:1" }, { components[2].type, components[2].sub_type, components[2].index, components[2].parameters[1].payload })
    assert.equal("offer_decline:1", components[3].parameters[1].payload)
    local phone, word = meta.phone(), scene:plan()
    service:hook { messages = { meta.message(phone, "button", { button = { payload = "visit:1", text = "Accept " .. word } }) } }
    scene:sent(phone, word)
    assert.truthy(json.encode(stand_ins:models(word)[1].body.messages):find("Accept " .. word, 1, true))
  end)

  it("a list is sent as one; its row counts as its title, and words answer it as well", function()
    local interactive = taken("listzq").interactive
    assert.same({ "list", "Choose", "Friday" }, { interactive.type, interactive.action.button, interactive.action.sections[1].rows[1].title })
    for _, answer in ipairs { "row", "words" } do
      local phone, word = meta.phone(), scene:plan()
      local row = { interactive = { type = "list_reply", list_reply = { id = "day_fri", title = "Friday " .. word } } }
      service:hook { messages = { answer == "row" and meta.message(phone, "interactive", row) or meta.text(phone, "Friday " .. word) } }
      scene:sent(phone, word)
      assert.truthy(json.encode(stand_ins:models(word)[1].body.messages):find("Friday " .. word, 1, true))
    end
  end)

  for _, way in ipairs { "answer", "status" } do
    it("E2: 131047 by " .. way .. " sends a reply again as the template, once", function()
      local phone = meta.phone()
      stand_ins:fault { graph = { kind = way == "answer" and "code" or "window", code = 131047, times = 1, contains = phone } }
      local word = scene:ask(phone)
      local row = scene:state(word, "delivered")
      assert.equal("after_window", json.decode(row.form).name)
      local kinds = {}
      for i, body in ipairs(bodies(row.id)) do kinds[i] = body.type end
      assert.same({ "text", "template" }, kinds)
      assert.equal(0, #stand_ins:posts(word))
    end)
  end

  it("E2: when the template is refused so too, staff are told, once", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "window", contains = phone } }
    local word = scene:ask(phone)
    scene:posts(word)
    scene:state(word, "failed")
    scene:marker()
    assert.same({ 2, 1 }, { #bodies(scene:message(word).id), #scene:posts(word) })
  end)

  it("E8: staff are told of a message that WhatsApp holds to look at its quality", function()
    local phone = meta.phone()
    stand_ins:fault { graph = { kind = "held", delay_ms = 1500, times = 1, contains = phone } }
    local word = scene:ask(phone)
    assert.truthy(json.encode(scene:posts(word)[1].body):find("looks at its quality", 1, true))
    assert.equal("held for quality assessment", scene:message(word).error)
    scene:state(word, "delivered")
    assert.is_nil(scene:message(word).error)
  end)

  it("B13: a thousand statuses in one webhook are read, and nobody is answered for them", function()
    local phone = meta.phone()
    local word = scene:ask(phone)
    local row, list = scene:state(word, "delivered"), {}
    local calls = #stand_ins:models()
    for i = 1, 999 do list[i] = meta.status("wamid.unknown" .. i, phone, i % 2 == 0 and "sent" or "read") end
    list[1000] = meta.status(row.wamid, phone, "read")
    assert.equal(200, service:hook { statuses = list })
    scene:state(word, "read")
    assert.equal(calls, #stand_ins:models())
    assert.equal(999, service:value "SELECT count(*) FROM statuses_early WHERE wamid LIKE 'wamid.unknown%'")
  end)
end)
