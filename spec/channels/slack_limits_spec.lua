-- What customers and staff wrote must not make a message that Slack refuses: cards of random chats, checked by Block Kit's own rules.

local block_kit = require "stand_ins.slack.block_kit"
local card = require "channels.slack.card"
local cards = require "staff.cards"
local json = require "host.json"
local quote = require "flow.quote"
local time = require "host.time"

local CHATS = rawget(_G, "SPEC_LONG") and 5000 or 200
local MOST_JSON = 13200 -- of all blocks, at the Web API

local LOOKS = { cards.open, cards.taken, cards.returned, cards.now }

local PIECES = { "couch ", "\"", "\\", "<!channel>", "<@U1>", "<http://evil.example|click>", "&", "```", "*b*", "_", "~", "\n", "\r\n", "\0", "\27[31m", "\u{202E}", "\u{FEFF}", "😀", "é",
  "\u{0A1C}\u{0A40}", "> ours: ", "http://evil.example/a?b=c ", "2 cans of latex paint, ", ("x"):rep(300), "\xFF", "\xED\xA0\x80", "{amount}", "%s", "'; DROP TABLE cases;--" }

local function words(most)
  local list, length = {}, 0
  while length < most do
    local piece = PIECES[math.random(#PIECES)]
    list[#list + 1], length = piece, length + #piece
  end
  return table.concat(list)
end

local STATES = { "sending", "open", "accepted", "declined", "withdrawn", "expired" }

local function facts()
  local fields, known, missing = {}, {}, {}
  for i = 1, math.random(0, 20) do
    fields[i] = math.random(5) == 1 and words(60) or "field_" .. i
    if math.random(3) > 1 then known[fields[i]] = words(math.random(10) == 1 and 3000 or math.random(1, 400)) else missing[#missing + 1] = fields[i] end
  end
  local typed = {}
  for _, name in ipairs { "reply_text", "quote_amount", "quote_note", "close_amount" } do typed[name] = math.random(2) == 1 and words(math.random(1, 6000)) or nil end
  local said = {}
  for i = 1, math.random(0, 3) do said[i] = words(math.random(10) == 1 and 9000 or math.random(1, 900)) end
  return { case = math.random(9) > 1 and { id = math.random(1000), reason = "complete", state = math.random(2) == 1 and "open" or "closed", close_reason = math.random(2) == 1 and "other" or nil,
      closed_by = words(50) } or nil,
    conversation = { id = math.random(2) == 1 and "14165551234" or "CA.12ab", phone_number = "", name = words(200), status = math.random(2) == 1 and "PAUSED" or "ACTIVE",
      paused_by_name = words(100), paused_at = 1, waiting_since = 1 },
    quote = known, fields = fields, missing = missing, label = quote.label, words = said, outside = math.random(2) == 1 and words(500) or nil, photos = math.random(0, 99),
    source = math.random(2) == 1 and { headline = words(500), id = "1", welcome = words(300) } or nil, language = words(20), boxes = { reply_text = math.random(0, 99) }, typed = typed,
    can_edit = math.random(2) == 1, offer = math.random(2) == 1 and { state = STATES[math.random(#STATES)], amount_cents = math.random(100, 5000000) } or nil,
    writable_until = 1, now = 2, time = time }
end

local function complaint(payload)
  local problems = block_kit.lines(block_kit.check(payload.blocks, "message"))
  if #problems > 0 then return problems[1] end
  local length = block_kit.length(json.encode(payload.blocks))
  return length > MOST_JSON and length .. " characters of blocks" or nil
end

describe("F3, F4: a message to Slack from a hostile chat", function()
  it(("stays within Block Kit's limits and names nobody, as a card and in its plainer forms: %d random chats"):format(CHATS), function()
    math.randomseed(11)
    for i = 1, CHATS do
      local known = facts()
      local payload = card.payload(LOOKS[i % #LOOKS + 1](known))
      assert.is_nil(complaint(payload), i)
      local shown, typed = json.encode(payload.blocks) .. payload.text, json.encode(known.typed)
      for _, mark in ipairs { "<!", "<@" } do assert.is_true(not shown:find(mark, 1, true) or typed:find(mark, 1, true) ~= nil, i) end
      for _, form in ipairs { card.without_boxes(payload) or payload, (card.simpler(payload)) } do assert.is_nil(complaint(form), i) end
    end
  end)

  it("stays within them as words, with a Reply button, and as an answer with a box that gives words back", function()
    math.randomseed(12)
    for i = 1, CHATS do
      assert.is_nil(complaint(card.words("> " .. words(math.random(1, 9000)), "14165551234")), i)
      local payload = card.whisper(words(math.random(1, 9000)), { cards.reply_box({ id = "14165551234" }, i, words(9000)) })
      assert.is_nil(complaint(payload), i)
    end
  end)
end)
