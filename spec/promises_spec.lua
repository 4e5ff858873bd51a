-- A fixed text that says something reached the team is sent only in a transaction that puts that very thing before staff: whole turns,
-- in every state, with answers of a model of every kind, and without a model. Nothing leaves this process.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
if not inside then
  describe("what the words promise in whole turns", function() pending("needs the host's database: run with `assistant run`") end)
  return
end

-- The settings of a service, which this process does not have.
local host_settings = require "host.settings"
local SETTINGS = { META_PHONE_NUMBER_ID = "1", TURN_QUIET_MS = 1, TURN_MAX_WAIT_MS = 1, TURNS_PER_HOUR = 60, LLM_DEADLINE_MS = 1000, TYPING_INDICATOR = "off",
  BOOKING_URL = "https://example.com/visit" }
package.loaded["host.settings"] = setmetatable({ get = function(name) return SETTINGS[name] end }, { __index = host_settings })

local json = require "host.json"
local replies = require "flow.replies"
local promises = require "flow.promises"
local tables = require "spec.support.tables"
local text = require "language.text"
local time = require "host.time"

local AFTER_HOURS = "Our team is not here now and will see this when we open again."
local FULL = { address = "5 Elm St, Toronto", elevator_access = "yes", stairs = "no", inventory = "1 couch" }
local TABLES = { "messages", "quote_data", "turns", "cases", "bookings", "held", "changes_early", "identities", "costs", "media", "conversations", "jobs" }

-- What a customer writes in one burst.
local BURSTS = {
  { "hello" }, { "zzz qqq" }, { "zzz", "qqq again" }, { "how much does it cost?" }, { "5 Elm St, Toronto" }, { "123 Main St, Barrie" }, { "a couch and 3 boxes" }, { "no stairs" }, { "ok" },
  { "thanks!" }, { "I need to cancel" }, { "Can we reschedule?" }, { "you damaged my wall" }, { "call me" }, { "not interested anymore" }, { "sorry, wrong number" }, { "are you a bot?" },
  { "never mind" }, { "speak to a human" }, { "opening hours" }, { "do you come to Barrie?" }, { "the gate is locked", "and there is a dog" }, { "[photo]" }, { "[voice message]" },
  { "[unsupported message]" }, { "[unsupported message]", "[unsupported message]", "[unsupported message]" }, { "[unsupported message]", "hello again" }, { "[contact card: Joe]" },
  { "one", "two", "three", "four", "five things to tell" }, { ("a long story about the garage. "):rep(40) },
}

-- What a model answers: the contract kept, guards, refusals, a silent model.
local function says(reply, action, data) return { json.encode { reply_to_user = reply, action = action or "continue", extracted_data = data or {} } } end
local MODELS = {
  ["that goes on"] = says "Sounds good! Are there any stairs?", ["that hands off"] = says("Our team will look at it.", "handoff"),
  ["that books"] = says("Please pick a time.", "schedule"), ["that learns a fact"] = says("Got it, a piano.", "continue", { inventory = "a piano" }),
  ["that knows all"] = says("Thank you!", "continue", FULL), ["that learns a place far away"] = says("Great!", "continue", { address = "9 Bay St, Barrie" }),
  ["that says see you"] = says "Great, see you then!", ["that asks for the address"] = says "Sorry! What's the pickup address?", ["that names a price"] = says "That will be $350.",
  ["that writes debris"] = { "not json" }, ["that breaks the contract once"] = { "{}", json.encode { reply_to_user = "Thanks.", action = "handoff", extracted_data = {} } },
  ["that says nothing"] = {}, ["that denies being one"] = says "I'm a real person.", ["that writes too much"] = says(("It is a long story. "):rep(1200)),
  ["that cannot be reached"] = false,
}

local function model_of(answers)
  local models = require "rehearsal.models"
  if answers == nil then return models.none() end
  local model = models.recorded(answers or {})
  if answers == false then function model.usable() return false end end
  return model
end

describe("what the words promise in whole turns", function()
  local conversations, quotes, cases, bookings, whatsapp, owner, turn, tell, wire, say, number, own
  local originals, seen, said, told = {}, {}, nil, nil -- {key=…}; the jobs for staff of the turn

  local function clear()
    for _, name in ipairs(TABLES) do db.run("DELETE FROM " .. name) end
  end

  -- A booked visit on another day.
  local function book(id)
    bookings.put { uid = "u" .. id, conversation_id = id, state = "booked", start_at = time.now_ms() + 50 * 3600000, event_at = time.now_ms() }
  end

  setup(function()
    tables()
    conversations, quotes, cases, bookings = require "records.conversations", require "records.quotes", require "records.cases", require "records.bookings"
    whatsapp, owner, turn, tell = require "channels.whatsapp", require "owner", require "turn", require "staff.tell"
    wire, number = require "rehearsal.wire", 0
    say = whatsapp.say
    own = { texts = owner.languages[1].texts, hours = owner.business.hours }
    owner.languages[1].texts = setmetatable({ after_hours = AFTER_HOURS }, { __index = own.texts })
    owner.business.hours = { mon = {}, tue = {}, wed = {}, thu = {}, fri = {}, sat = {}, sun = {} } -- always closed
    whatsapp.say = function(conversation, words, options)
      for _, key in ipairs(options.keys or {}) do said[key] = words end
      if words:find(AFTER_HOURS, 1, true) then said.after_hours = words end
      return say(conversation, words, options)
    end
    require("channels.whatsapp.say").say = whatsapp.say
    for _, name in ipairs { "card", "follow_up", "word", "message_from_customer" } do
      local real = tell[name]
      originals[name] = real
      tell[name] = function(conversation, words, theirs, lead)
        told[#told + 1] = name == "card" and "card" or (words or "") .. "\n" .. (theirs or "")
        return real(conversation, words, theirs, lead)
      end
    end
  end)
  teardown(function()
    require("channels.whatsapp.say").say = say
    whatsapp.say, owner.languages[1].texts, owner.business.hours = say, own.texts, own.hours
    for name, real in pairs(originals) do tell[name] = real end
    clear()
  end)

  -- The chat before the burst. Each is one customer.
  local STATES = {
    ["of a new customer"] = function() end,
    ["in which everything is known"] = function(id) quotes.put(id, FULL) end,
    ["with an open case"] = function(id) quotes.put(id, FULL) cases.open({ id = id }, "complete") end,
    ["with an open case and facts missing"] = function(id) quotes.put(id, { address = FULL.address }) cases.open({ id = id }, "model") end,
    ["after a wish for a person"] = function(id) cases.open({ id = id }, "asked") end,
    ["with a taken case"] = function(id) cases.open({ id = id }, "model") cases.take(id, { id = "U1", name = "Ana" }) end,
    ["with a closed case"] = function(id) quotes.put(id, FULL) cases.open({ id = id }, "complete") cases.close(id) end,
    ["with a booked visit"] = function(id) quotes.put(id, FULL) book(id) end,
    ["with a booked visit and an open case"] = function(id) quotes.put(id, FULL) book(id) cases.open({ id = id }, "complete") end,
    ["that is paused"] = function(id) conversations.pause(id, "U1", "Ana", time.now_ms()) end,
    ["with a question asked twice"] = function(id) db.run("UPDATE conversations SET asked = 'address', asked_times = 2, unread_times = 1 WHERE id = ?", id) end,
    ["that wants nothing more"] = function(id) conversations.set_ended(id, time.now_ms()) end,
    ["outside the area"] = function(id)
      quotes.put(id, { address = "9 Bay St, Barrie" })
      db.run("UPDATE conversations SET area = 'out', area_place = 'Barrie', area_told = ? WHERE id = ?", time.now_ms(), id)
    end,
    ["after two messages of kinds that we cannot use"] = function(id)
      for i = 1, 2 do
        local body = wire.body({ id = id }, ("wamid.%s.before%d"):format(id, i), "[unsupported message]")
        whatsapp.read { id = 0, body = json.encode(body), received_at = time.now_ms() }
      end
      conversations.answered(id, conversations.get(id).last_seq, nil, nil, time.now_ms())
    end,
    ["with one fact missing"] = function(id)
      quotes.put(id, { address = FULL.address, elevator_access = "yes", stairs = "no" })
      db.run("UPDATE conversations SET asked = 'inventory', asked_times = 1 WHERE id = ?", id)
    end,
    ["that has reached its turns per hour"] = function(id)
      local turns, now = require "records.turns", time.now_ms()
      for _ = 1, 60 do turns.add({ conversation = id, started_at = now, brain = "model", action = "continue", calls = 1 }, now) end
    end,
  }

  local function card_of(id)
    local facts, cards = require "staff.facts", require "staff.cards"
    local lines = {}
    for _, line in ipairs(cards.open(facts.gather(id)).lines) do lines[#lines + 1] = line.value or line.quote or line.words end
    return table.concat(lines, "\n")
  end

  -- One burst of a customer, answered. Returns what staff are told, as one text.
  local function play(state, burst, handlers, last, run)
    number = number + 1
    local id = ("1416%07d"):format(number)
    local customer = { id = id, name = "Ann" }
    said, told = {}, {}
    db.transaction(function()
      whatsapp.read { id = 0, body = json.encode(wire.body(customer, "wamid.a" .. id, "hi")), received_at = time.now_ms() }
      conversations.answered(id, 1, nil, nil, time.now_ms())
      if last then say(conversations.get(id), last, { kind = "staff" }) end
      STATES[state](id)
      for i, one in ipairs(burst) do
        whatsapp.read { id = 0, body = json.encode(wire.body(customer, ("wamid.%s.%d"):format(id, i), one)), received_at = time.now_ms() }
      end
    end)
    handlers[run or "run"]({ payload = { conversation = id }, error = "tried" })
    for i, words in ipairs(told) do told[i] = words == "card" and card_of(id) or words end
    return table.concat(told, "\n"), id
  end

  -- What is untrue in what the customer read, or nil.
  local function untrue(burst, all, id)
    local words, live = true, cases.current(id) ~= nil
    for _, one in ipairs(burst) do
      local shown = one:match("^%[contact card: (.*)%]") or one == "[voice message]" and "[voice note]" or text.trim(one:sub(1, 120))
      words = words and all:find(shown, 1, true) ~= nil
    end
    for key in pairs(said) do
      local claim = promises.CLAIMS[key]
      if claim then
        local heard = words or claim.facts and all:find("Inventory: ", 1, true) or key == "complete" and all:find(FULL.stairs, 1, true)
          or key == "human" and all:find("asks again for a person", 1, true)
        if all == "" or not heard or claim.case and not live then return key end
      end
    end
  end

  -- One of seven combinations, and all in some states; all of them with --long.
  local step, thorough = 0, { ["with one fact missing"] = true,
    ["after two messages of kinds that we cannot use"] = true }
  local function skipped(state)
    step = step + 1
    return not thorough[state] and not rawget(_G, "SPEC_LONG") and step % 7 > 0
  end

  for _, state in ipairs(text.sorted_names(STATES)) do
    it("is before staff in a chat " .. state, function()
      local wrong = {}
      local function try(brain, handlers, burst, last, run)
        if skipped(state) then return end
        local all, id = play(state, burst, handlers, last, run)
        local key = untrue(burst, all, id)
        for said_key in pairs(said) do seen[said_key] = true end
        if key then wrong[#wrong + 1] = ("%s %s: %s | staff: %s | said: %s"):format(key, brain, burst[#burst]:sub(1, 40), all:sub(1, 300), said[key]:sub(1, 300)) end
      end
      for _, brain in ipairs(text.sorted_names(MODELS)) do
        local handlers = turn.new { owner = owner, model = model_of(MODELS[brain]), typing = function() end }
        for _, burst in ipairs(BURSTS) do try("a model " .. brain, handlers, burst) end
      end
      local handlers = turn.new { owner = owner, model = model_of(nil), typing = function() end }
      for _, burst in ipairs(BURSTS) do
        for _, last in ipairs { "", "wait", "unclear", "noted", "noted_again", "waiting", "question", "stuck" } do
          try("no model", handlers, burst, last ~= "" and replies.get(owner, last, "en") or nil)
        end
        try("failing scripts", handlers, burst, nil, "failed")
      end
      assert.same({}, wrong)
    end)
  end

  it("is looked at for each text of a turn", function()
    for key, claim in pairs(promises.CLAIMS) do
      local reached = key ~= "wait_again" -- only where an owner gives two texts the same words
      if reached and (not claim.told or key == "paused") then assert.is_true(seen[key], key) end
    end
  end)
end)
