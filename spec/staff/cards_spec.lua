-- What a card says of a chat, as plain text.

local cards = require "staff.cards"
local quote = require "flow.quote"
local time = require "host.time"

local FIELDS = { "address", "inventory" }

local function card(more)
  local facts = { case = { id = 1, reason = "complete" }, conversation = { id = "14165551234", phone_number = "14165551234" }, quote = {}, fields = FIELDS,
    missing = {}, label = quote.label, words = {}, now = 0, time = time }
  for key, value in pairs(more) do facts[key] = value end
  local lines = {}
  for _, line in ipairs(cards.open(facts).lines) do lines[#lines + 1] = line.label and line.label .. ": " .. line.value or line.quote end
  return "\n" .. table.concat(lines, "\n") .. "\n"
end

local function has(text, line) assert.is_truthy(text:find("\n" .. line .. "\n", 1, true), line .. " is not in " .. text) end

describe("a card", function()
  it("says that the pickup lies outside our area, and where, and says nothing of the area otherwise", function()
    has(card { outside = "Hamilton", quote = { address = "12 Elm St, Hamilton" } }, "Outside our area: Hamilton")
    assert.is_nil(card({ quote = { address = "12 Elm St, Toronto" } }):find("area", 1, true))
  end)

  it("says how many photos came", function()
    has(card { photos = 3 }, "Photos: 3")
    assert.is_nil(card({}):find("Photos", 1, true))
  end)

  it("marks what may be hazardous among the facts and the customer's words", function()
    has(card { quote = { inventory = "a couch, 6 cans of latex paint" } }, "⚠️ May be hazardous: 6 cans of latex paint")
    has(card { quote = { inventory = "a couch" }, words = { "and a propane tank", "ok" } }, "⚠️ May be hazardous: a propane tank")
    has(card { quote = { inventory = "6 cans of latex paint" }, words = { "a couch and 6 cans of latex paint, 2 car batteries" } },
      "⚠️ May be hazardous: 6 cans of latex paint, 2 car batteries")
  end)

  it("marks no painting, paint-splattered desk, gas stove or battery-powered mower", function()
    assert.is_nil(card({ quote = { inventory = "2 oil paintings, a paint-splattered desk, a gas stove, a battery-powered lawnmower" } }):find("⚠️", 1, true))
  end)
end)
