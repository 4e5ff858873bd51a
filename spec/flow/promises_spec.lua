-- A fixed text that says something reached the team is sent only together with that very thing: every key, in every state.

local conversation = require "flow.conversation"
local promises = require "flow.promises"
local quote = require "flow.quote"
local replies = require "flow.replies"
local scripted = require "flow.scripted"
local shell = require "spec.support.shell"
local wants = require "flow.wants"
local yaml = require "host.yaml"

local FIELDS = { "address", "elevator_access", "stairs", "inventory" }
local FULL = { address = "5 Elm", elevator_access = "yes", stairs = "no", inventory = "1 couch" }
local VISIT = { state = "booked", at = { month = 11, day = 24, hour = 14, min = 30, wday = 2 } }

-- Texts that promise nothing about the team's having heard something.
local NO_CLAIM = {}
for key in ([[unsupported booking opted_out opted_in write_again booked moved cancelled rejected booking_reminder bot greeting
  ask_address ask_elevator_access ask_stairs ask_inventory ask_other ask_address_again ask_elevator_access_again ask_stairs_again
  ask_inventory_again ask_other_again left_open first_contact ask_photos nudge confirm_address thanks thanks_again unclear visit welcome late
  button_yes button_no button_not_sure button_booking voice_note quote_sent button_accept button_decline quote_answered notice_returned]]):gmatch("%S+") do NO_CLAIM[key] = true end

-- Words of a text that says something reached somebody.
local SAYS_SO = { "passed", "added", "noted", "our team", "told", "asked", "someone from", "get in touch", "let me check" }

local STATES = {
  ["without a case"] = {}, ["with an open case"] = { case = { state = "open", reason = "complete" } },
  ["after a wish for a person"] = { case = { state = "open", reason = "asked" } }, ["with a taken case"] = { case = { state = "taken", reason = "model" } },
  ["with a booked visit"] = { visit = VISIT }, ["with a booked visit and an open case"] = { visit = VISIT, case = { state = "open", reason = "complete" } },
  ["while no model can be reached"] = { circuit_open = true },
}

-- Do staff get what this key claims?
local function heard(key, effects, live, texts)
  local claim = promises.CLAIMS[key]
  local has_words = effects.theirs ~= nil or effects.card ~= nil and #texts <= 3 and #texts[1] <= 300
  if claim.case and not (live or effects.card) then return false end
  if claim.words and not has_words then return false end
  if claim.facts and not (has_words or effects.follow_up) then return false end
  if claim.question and not (has_words and (effects.lead == "asks:" or effects.lead == "writes:" or effects.card)) then return false end
  return true
end

describe("what the words promise", function()
  it("is known for every text", function()
    for _, entry in ipairs(replies.defaults) do
      local key, words = entry[1], entry[2]:lower()
      if not key:find("_fr$") then
        assert.is_truthy((promises.CLAIMS[key] ~= nil) ~= (NO_CLAIM[key] == true), key .. ": say in flow/promises or here what it promises")
        for _, piece in ipairs(SAYS_SO) do
          local conditional = key == "bot" or key == "ask_other" or key == "unsupported" or key == "rejected"
          if NO_CLAIM[key] and not conditional then assert.is_nil(words:find(piece, 1, true), key .. " promises: " .. piece) end
        end
      end
    end
  end)

  it("says that staff write here where a person was asked for, because they can, and nowhere that they will call", function()
    local here = { en = "write to you here", fr = "écrira ici", es = "escribirá aquí", pt = "escrever para você aqui", pa = "ਇੱਥੇ ਲਿਖੇਗਾ" }
    local asked = { human = true, stuck = true, stuck_again = true, change_visit = true }
    for code, piece in pairs(here) do
      local texts = {}
      if code == "en" then
        for _, entry in ipairs(replies.defaults) do texts[entry[1]] = entry[2] end
      else
        texts = assert(yaml.decode(assert(shell.read(shell.root .. "/prompts/replies." .. code .. ".yaml"))))
      end
      for _, entry in ipairs(replies.defaults) do
        local found = type(texts[entry[1]]) == "string" and texts[entry[1]]:find(piece, 1, true) ~= nil
        assert.equal(asked[entry[1]] == true, found, code .. ": " .. entry[1])
      end
    end
  end)

  for name, state in pairs(STATES) do
    it("is put before staff with each key, " .. name, function()
      for key, claim in pairs(promises.CLAIMS) do
        for _, texts in ipairs { { "hello" }, { "one", "two", "three", "four" }, { ("long "):rep(200) } } do
          local effects = promises.keep({ "greeting", key }, { link = false }, texts, state.case ~= nil)
          if not claim.told then assert.is_true(heard(key, effects, state.case ~= nil, texts), key) end
        end
      end
    end)

    it("is kept by whatever the fixed questions answer, " .. name, function()
      math.randomseed(7)
      local lines = { "hi", "zzz", "no", "how much?", "do u come here", "a couch", "5 Elm St", "2 flights", "[photo]", "ok then fine", "I don't know", "?",
        "the gate is locked", ("zzz "):rep(100), "my stuff needs to be back by 6" }
      for round = 1, 60 do
        local data, last, asked, times, unread = round % 2 == 0 and FULL or {}, round % 5 > 0 and "x" or nil, nil, nil, nil
        for _ = 1, 8 do
          local texts = { lines[math.random(#lines)] }
          local kinds = { "cancel_visit", "change_visit", "complaint", "call_me", "not_interested", "wrong_number", "bot" }
          local intent = math.random(5) == 1 and { kind = kinds[math.random(#kinds)], text = texts[1] } or nil
          local answer = scripted.answer { fields = FIELDS, data = data, texts = texts, asked = asked, asked_times = times, unread_times = unread, last_reply = last,
            human = conversation.waits(state.case), visit = state.visit, circuit_open = state.circuit_open, intent = intent }
          answer.brain = "scripted"
          if intent then wants.decide(intent, answer, function(key) return key end) end
          local merged, changed = quote.merge(data, answer.data, FIELDS)
          local effects = promises.keep(answer.keys, conversation.after { fields = FIELDS, before = data, merged = merged, changed = changed,
            action = answer.action, intent = intent, question = answer.question, case = state.case, visit = state.visit,
            unread = answer.unread_times >= 2 and answer.unread or nil }, texts, state.case ~= nil)
          for _, key in ipairs(answer.keys) do
            local claim = promises.CLAIMS[key]
            assert.is_true(not claim or heard(key, effects, state.case ~= nil, texts), key .. " after: " .. texts[1])
          end
          local before = { asked = asked, asked_times = times }
          times = scripted.times(answer.asked, before).asked
          data, asked, last, unread = merged, answer.asked, answer.reply, answer.unread_times
        end
      end
    end)
  end

  it("is refused where a text outside a turn is said without it", function()
    assert.has_error(function() promises.check({ "staff_late" }, nil) end)
    assert.has_error(function() promises.check(nil, true) end)
    promises.check({ "staff_late" }, true)
    promises.check({ "opted_out" }, nil)
  end)
end)
