local hazardous = require "language.hazardous"

local function found(...) return table.concat(hazardous.find { ... }, " | ") end

describe("what may be hazardous", function()
  it("is found as it was written, without what stands beside it", function()
    for message, piece in pairs {
      ["a couch and 6 cans of latex paint"] = "6 cans of latex paint", ["old latex paint, 6 cans. and a bbq"] = "old latex paint",
      ["BBQ with a propane tank"] = "a propane tank", ["2 propane tanks, a bbq"] = "2 propane tanks", ["asbestos tiles"] = "asbestos tiles",
      ["used motor oil"] = "used motor oil", ["pool chemicals; a shed"] = "pool chemicals", ["5 car batteries"] = "5 car batteries", ["a car battery"] = "a car battery",
      ["1 fridge (freon still in it)"] = "1 fridge (freon still in it)", ["box of needles"] = "box of needles", ["a jerry can"] = "a jerry can",
      ["2 gas cans"] = "2 gas cans", ["half a can of gasoline"] = "half a can of gasoline", ["paint thinner"] = "paint thinner", ["wet paint"] = "wet paint",
      ["Paint cans"] = "Paint cans", ["1.5 gallons of paint"] = "1.5 gallons of paint", ["an oil tank"] = "an oil tank", ["oxygen cylinder"] = "oxygen cylinder",
      ["fire extinguishers"] = "fire extinguishers", ["fluorescent tubes"] = "fluorescent tubes", ["spray paint"] = "spray paint", ["do you take old paint?"] = "do you take old paint?",
      ["un canapé et de la peinture"] = "de la peinture", ["amiante"] = "amiante", ["pintura vieja"] = "pintura vieja", ["weed killer, pesticides"] = "pesticides",
      ["old gas"] = "old gas", ["lithium batteries"] = "lithium batteries", ["oil based paint"] = "oil based paint", ["an old oil drum"] = "an old oil drum",
    } do
      assert.equal(piece, found(message), message)
    end
  end)

  it("is not found in things that only sound like it, nor where there is none", function()
    for _, message in ipairs { "a painting", "2 oil paintings", "a paint-splattered desk", "a gas stove", "a gas bbq", "battery-powered lawnmower", "battery charger",
      "a fish tank", "toilet tank", "tank tops", "no paint", "no hazardous waste", "without the propane tank", "dried paint cans", "empty paint cans", "paint brushes",
      "we need to paint the room", "an oil heater", "an oil lamp", "pine needles", "a can of beans", "6 cans", "a couch and 2 chairs", "painted dresser", "paintball gun",
      "essential oils", "garden waste", "a vacuum cleaner", "light bulbs", "I can pay", "you can come", "the cans are empty", "", "Natural gas fireplace", "wine bottles",
      "sewing needles", "spainting" } do
      assert.equal("", found(message), message)
    end
  end)

  it("is named once, and at most so many", function()
    assert.equal("6 cans of paint", found("6 cans of paint", "6 cans of paint!", "6 cans of paint at 5 Elm St", "paint", "a couch"))
    local many = {}
    for i = 1, 20 do many[i] = i .. " cans of paint" end
    assert.equal(5, #hazardous.find(many))
    assert.equal(5, #hazardous.find { table.concat(many, ", ") })
  end)
end)
