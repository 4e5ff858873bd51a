-- Amounts that staff type.

local amount = require "language.amount"

describe("an amount of money", function()
  it("C12: is read with a dollar sign, CAD, blanks and thousands commas", function()
    for typed, cents in pairs { ["350"] = 35000, ["$350"] = 35000, [" $1,200 "] = 120000, ["1 200"] = 120000, ["1,200.50"] = 120050, ["CA$350"] = 35000,
      ["350 CAD"] = 35000, ["350.5"] = 35050, ["cad 350"] = 35000, ["$1"] = 100, ["50,000"] = 5000000, ["350 $"] = 35000, ["0350"] = 35000 } do
      assert.equal(cents, amount.cents(typed), typed)
    end
  end)

  it("C12: is none when it is no number, too small, too large, negative, or has other marks", function()
    for _, typed in ipairs { "abc", "-5", "0", "1e9", "12.345", "", "  ", "0.50", "50,000.01", "50001", "1,20", "12,0000", "350,50", "1.200,50", "1,200 50", "$", "CAD",
      "350-400", "350.", ".50", "0x10", "٣٥٠", ("9"):rep(60), "1 2 3", "three fifty", "350 USD" } do
      assert.is_nil(amount.cents(typed), typed)
    end
    for _, typed in ipairs { 350, true, {} } do assert.is_nil(amount.cents(typed)) end
  end)

  it("is shown with thousands commas, and with cents only where there are some", function()
    assert.same({ "$1", "$350", "$1,200", "$50,000", "$1,200.50", "$350.05" },
      { amount.shown(100), amount.shown(35000), amount.shown(120000), amount.shown(5000000), amount.shown(120050), amount.shown(35005) })
  end)
end)
