-- With a bot token the thread of a case's card is the chat, in both directions.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

local BOT = { SLACK_BOT_TOKEN = "xoxb-right", SLACK_CHANNEL_ID = "C0QUOTES" }

describe("the thread of a card", function()
  local scene, service, slack

  setup(function()
    slack = standins.new { env = BOT }
    scene = chat.open { stand_ins = slack, env = { SLACK_BOT_TOKEN = BOT.SLACK_BOT_TOKEN, SLACK_CHANNEL_ID = BOT.SLACK_CHANNEL_ID, SLACK_RATE = 100 } }
    service = scene.service
  end)

  teardown(process.close_all)

  -- A chat whose card is in the channel; the card.
  local function case()
    local phone = meta.phone()
    service:say(phone, "I want to talk to a human")
    local card = shell.until_(function()
      for _, message in ipairs(slack:channel()) do
        if not message.thread_ts and json.encode(message.blocks or {}):find(phone, 1, true) then return message end
      end
    end, 6, "the card")
    scene:sent(phone, "member of our team")
    return phone, card.ts
  end

  local function in_thread(ts, words)
    return shell.until_(function()
      for _, message in ipairs(slack:thread(ts)) do
        if (json.encode(message.blocks or {}) .. message.text):find(words, 1, true) then return message end
      end
    end, 6, "in the thread: " .. words)
  end

  local function card_now(ts, words)
    return shell.until_(function()
      local message = slack:message(ts)
      return json.encode(message.blocks):find(words, 1, true) and message
    end, 6, "on the card: " .. words)
  end

  local function press(ts, action, more)
    local wish = { action_id = action, ts = ts, confirm = true }
    for name, value in pairs(more or {}) do wish[name] = value end
    local answer = slack:press(wish)
    assert.equal(200, answer.status, json.encode(answer))
    return answer
  end

  local function reaction(ts, name)
    return shell.until_(function()
      for _, one in ipairs(slack:message(ts).reactions or {}) do
        if one.name == name then return true end
      end
    end, 6, name .. " on " .. ts)
  end

  it("holds what was said before, then each message of either side once and in order; words of staff there reach the customer once", function()
    local phone, card = case()
    in_thread(card, "I want to talk to a human")
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local one, two, word = meta.word(), meta.word(), meta.word()
    service:say(phone, "first " .. one)
    service:say(phone, "second " .. two)
    in_thread(card, two)
    local ts = slack:say { text = "We come at two, <https://a.ca|our page> &amp; *soon* " .. word, thread_ts = card, user = "ana", raw = true, copies = 11, new_ids = true }
    local sent = scene:sent(phone, word)
    assert.equal("We come at two, our page (https://a.ca) & *soon* " .. word, sent[1].text)
    reaction(ts, "white_check_mark")
    scene:marker()
    assert.equal(1, #slack:sends(phone, word))
    local places = {}
    for i, message in ipairs(slack:thread(card)) do
      local shown = json.encode(message.blocks or {}) .. message.text
      for _, wanted in ipairs { one, two, word } do
        if shown:find(wanted, 1, true) then places[#places + 1] = wanted .. i end
      end
    end
    assert.equal(3, #places, json.encode(places))
    assert.equal(one, places[1]:sub(1, #one))
    assert.equal("ana", service:value("SELECT lower(author) FROM messages WHERE instr(content, '" .. word .. "')"))
  end)

  it("while the assistant has the chat the writer alone decides: take over and send, send once, or discard", function()
    local phone, card = case()
    local function write(word) return slack:say { text = "hello " .. word, thread_ts = card, user = "ana" } end
    local function asked(word)
      write(word)
      return shell.until_(function()
        for _, message in ipairs(slack:channel()) do
          if message.ephemeral and not message.stone and json.encode(message.blocks or {}):find("thread_once", 1, true) then return message end
        end
      end, 6, "the question to the writer")
    end
    local first, second, third = meta.word(), meta.word(), meta.word()
    press(asked(first).ts, "thread_discard", { user = "ana" })
    press(asked(second).ts, "thread_once", { user = "ana" })
    scene:sent(phone, second)
    assert.equal("ACTIVE", scene:column(phone, "status"))
    press(asked(third).ts, "thread_take", { user = "ana" })
    scene:sent(phone, third)
    assert.equal("PAUSED", scene:column(phone, "status"))
    assert.equal(0, #slack:sends(phone, first))
  end)

  it("`note:` stays private, other bots are ignored, and an edit or a deletion is not forwarded and told to the writer", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local private, robot, word = meta.word(), meta.word(), meta.word()
    reaction(slack:say { text = "note: " .. private, thread_ts = card, user = "ana" }, "memo")
    slack:say { text = robot, thread_ts = card, bot = true }
    local ts = slack:say { text = "at two " .. word, thread_ts = card, user = "ana" }
    scene:sent(phone, word)
    slack:edit { ts = ts, text = "at three" }
    shell.until_(function() return slack:message "still has what you wrote first" end, 6, "the word about the edit")
    slack:delete { ts = ts }
    shell.until_(function() return slack:message "still has what you deleted" end, 6, "the word about the deletion")
    assert.equal(0, #slack:sends(phone, private))
    assert.equal(0, #slack:sends(phone, robot))
    assert.equal(0, #slack:sends(phone, "at three"))
  end)

  it("files go both ways: staff's to the customer, the customer's photo into the thread", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local word = meta.word()
    slack:share { name = "plan.pdf", mime_type = "application/pdf", size = 2000, text = "the plan " .. word, thread_ts = card, user = "ana" }
    local send = shell.until_(function()
      for _, one in ipairs(slack:sends(phone)) do
        if type(one.body.document) == "table" and one.status == 200 then return one.body.document end
      end
    end, 8, "the document")
    assert.same({ "plan.pdf", "the plan " .. word }, { send.filename, send.caption })
    slack:write { from = phone, type = "image", caption = "my couch" }
    shell.until_(function()
      for _, message in ipairs(slack:thread(card)) do
        if message.files and message.files[1] and message.user ~= "UANA" then return true end
      end
    end, 10, "the photo in the thread")
  end)

  it("Edit details opens a window; what staff save wins over the model for good", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "edit_details")
    press(card, "edit_details", { user = "ana" })
    local view = shell.until_(function() return slack:views()[1] end, 5, "the window")
    assert.equal("Edit details", view.view.title.text)
    slack:submit { user = "ana", values = { ["field:address"] = { value = { type = "plain_text_input", value = "12 Elm St" } } }, words = { value = "12 Elm St" } }
    shell.until_(function()
      return (service:value("SELECT coalesce(max(locked), '') FROM quote_data WHERE conversation_id = '" .. phone .. "'") or "") ~= ""
    end, 5, "a locked field")
    card_now(card, "12 Elm St")
  end)

  it("the card says how things stand, and is not rewritten for a customer's words while it is taken", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local before = slack:message(card).updates
    local word = meta.word()
    service:say(phone, word)
    in_thread(card, word)
    assert.equal(before, slack:message(card).updates)
    press(card, "send_quote", { user = "ana", words = { quote_amount = "350" } })
    card_now(card, "Quote sent $350")
    service:say(phone, "yes please")
    card_now(card, "accepted")
    press(card, "resume_chat", { user = "ana" })
    card_now(card, "take_over_chat")
  end)
end)
