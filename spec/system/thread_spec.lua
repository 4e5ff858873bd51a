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

  it("a card that somebody deleted is noticed: a new one is posted and its thread goes on; what staff write in the old thread still goes out", function()
    local phone, card = case()
    local known = { [card] = true }
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local function next_card()
      local found = shell.until_(function()
        for _, message in ipairs(slack:channel()) do
          if not message.thread_ts and not message.stone and not known[message.ts] and json.encode(message.blocks or {}):find("send_reply", 1, true)
            and json.encode(message.blocks):find(phone, 1, true) then return message end
        end
      end, 10, "a new card")
      known[found.ts] = true
      return found.ts
    end
    local word, stone, late, lost, after = meta.word(), meta.word(), meta.word(), meta.word(), meta.word()
    in_thread(card, "so far")
    slack:delete { ts = card } -- it has answers, so a stone stays
    slack:command("set " .. phone .. " stairs two flights " .. stone, { user = "ana" })
    local second = next_card()
    service:say(phone, "hello " .. word)
    in_thread(second, word)
    slack:say { text = "here I am " .. late, thread_ts = card, user = "ana" }
    scene:sent(phone, late)
    in_thread(second, word)
    for _, message in ipairs(slack:thread(second)) do slack:delete { ts = message.ts } end
    slack:delete { ts = second } -- nothing stays: what is posted into its thread stands in the channel
    service:say(phone, "is anybody there " .. lost)
    local third = next_card()
    assert.is_nil(slack:message(lost).thread_ts)
    service:say(phone, "and again " .. after)
    in_thread(third, after)
    assert.equal(1, #slack:posts(after))
  end)

  it("what is longer than a WhatsApp message, has eleven files, or is deleted before it is decided goes nowhere, and the writer is told", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local long, kept = meta.word(), meta.word()
    reaction(slack:say { text = long .. (" word"):rep(900), thread_ts = card, user = "ana" }, "x")
    shell.until_(function() return slack:message "at most 4096 characters" end, 6, "what to do with long words")
    local files = {}
    for i = 1, 11 do files[i] = { name = i .. ".pdf", mime_type = "application/pdf", size = 100, salt = tostring(i) } end
    slack:share { files = files, text = kept, thread_ts = card, user = "ana" }
    shell.until_(function() return slack:message "at most 10 files" end, 6, "what to do with eleven files")
    press(card, "resume_chat", { user = "ana" })
    local waits = slack:say { text = "later " .. kept, thread_ts = card, user = "ana" }
    local question = shell.until_(function()
      for _, message in ipairs(slack:channel()) do
        if message.ephemeral and not message.stone and json.encode(message.blocks or {}):find(waits, 1, true) then return message end
      end
    end, 6, "the question to the writer")
    slack:delete { ts = waits }
    shell.until_(function() return slack:message "It is not sent" end, 6, "the word about the deletion")
    press(question.ts, "thread_once", { user = "ana" })
    scene:marker()
    assert.equal(0, #slack:sends(phone, kept))
    assert.equal(0, #slack:sends(phone, long))
  end)

  it("two files are two messages to the customer and none more in the thread; bold words that begin with note: stay private", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    local private = meta.word()
    reaction(slack:say { text = "*Note:* they owe us " .. private, thread_ts = card, user = "ana" }, "memo")
    slack:share { files = { { name = "one.pdf", mime_type = "application/pdf", size = 900, salt = "1" }, { name = "two.pdf", mime_type = "application/pdf", size = 900, salt = "2" } },
      thread_ts = card, user = "ana" }
    shell.until_(function()
      local count = 0
      for _, send in ipairs(slack:sends(phone)) do count = count + (type(send.body.document) == "table" and send.status == 200 and 1 or 0) end
      return count == 2
    end, 8, "two documents")
    local word = meta.word()
    service:say(phone, "thanks " .. word)
    in_thread(card, word)
    assert.equal(0, #slack:sends(phone, private))
    for _, message in ipairs(slack:thread(card)) do assert.is_nil((json.encode(message.blocks or {}) .. message.text):find("[two.pdf]", 1, true)) end
  end)

  it("a blocked customer's words are in no thread", function()
    local phone, card = case()
    press(card, "take_over_chat", { user = "ana" })
    card_now(card, "Taken by")
    press(card, "block_customer", { user = "ana" })
    card_now(card, "Blocked")
    local word = meta.word()
    service:say(phone, word)
    scene:marker()
    assert.equal(0, #slack:posts(word))
  end)

  it("Edit details: a field that staff did not touch is not theirs, also when it changed while the window was open", function()
    local phone = meta.phone()
    scene:ask(phone, { answer = { reply_to_user = "Someone will look at it.", action = "handoff", extracted_data = { address = "1 King St", stairs = "none" } } })
    scene:sent(phone, "Someone will look at it.")
    local card = shell.until_(function()
      for _, message in ipairs(slack:channel()) do
        if not message.thread_ts and json.encode(message.blocks or {}):find(phone, 1, true) then return message.ts end
      end
    end, 6, "the card")
    press(card, "take_over_chat", { user = "bob" })
    card_now(card, "edit_details")
    press(card, "edit_details", { user = "bob" })
    shell.until_(function()
      for _, one in ipairs(slack:views()) do
        if one.view.private_metadata:find(phone, 1, true) then return true end
      end
    end, 5, "the window")
    slack:submit { user = "bob", words = { value = "12 Elm St" } } -- the first field
    local locked = shell.until_(function()
      local value = service:value("SELECT coalesce(max(locked), '') FROM quote_data WHERE conversation_id = '" .. phone .. "'")
      return value ~= "" and value
    end, 5, "a locked field")
    assert.truthy(locked:find("address", 1, true))
    assert.is_nil(locked:find("stairs", 1, true))
  end)
end)
