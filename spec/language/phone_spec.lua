local guards = require "language.guards"
local phone = require "language.phone"
local prompt = require "brain.prompt"
local text = require "language.text"

local NUMBER = "14165551234"

local function digits_from(zero)
  return (("4165551234"):gsub("%d", function(digit) return utf8.char(zero + tonumber(digit)) end))
end

local WRITTEN = {
  "4165551234", "14165551234", "+1 (416) 555-1234", "1-416-555-1234", "001 416 555 1234", "416.555.1234", "416_555_1234", "416*555*1234",
  "416,555,1234", "416:555:1234", "416/555/1234", "416 / 555 / 1234", "4 1 6 5 5 5 1 2 3 4", "4-1-6-5-5-5-1-2-3-4", "(416)5551234",
  "416\u{A0}555\u{A0}1234", "416\u{2011}555\u{2011}1234", "416\u{200B}5\u{200D}55\u{FEFF}1234", "416·555·1234", "416–555—1234", "416\n555\n1234",
  "４１６５５５１２３４", "+１　（４１６）　５５５－１２３４", digits_from(0x0660), digits_from(0x06F0), digits_from(0x0966), digits_from(0x09E6), digits_from(0x0E50),
  digits_from(0x1D7CE), digits_from(0x1D7F6), digits_from(0x1FBF0), digits_from(0x2080),
  "4\u{FE0F}\u{20E3}1\u{FE0F}\u{20E3}6\u{FE0F}\u{20E3}5\u{FE0F}\u{20E3}5\u{FE0F}\u{20E3}5\u{FE0F}\u{20E3}1\u{FE0F}\u{20E3}2\u{FE0F}\u{20E3}3\u{FE0F}\u{20E3}4\u{FE0F}\u{20E3}",
  "④①⑥⑤⑤⑤①②③④", "٤1６5۵५1٢３4", "416😀555😀1234", "4165551234x1",
}

describe("language.phone", function()
  it("hides the customer's number in digits of any script, with signs, blanks or nothing visible between them (D10)", function()
    for _, written in ipairs(WRITTEN) do
      local hidden = phone.hide("call " .. written .. " today", NUMBER)
      assert.equal(1, select(2, hidden:gsub("%[phone number%]", "")), written .. " became " .. hidden)
      assert.is_nil(text.fold(hidden):find("[2-9]"), written .. " became " .. hidden)
      assert.equal("call ", hidden:sub(1, 5))
      assert.equal(" today", hidden:sub(-6))
    end
  end)

  it("changes no other number and no other word", function()
    for _, kept in ipairs { "416 555 1235", "unit 416, 555 King St, code 1234", "4165551", "order 123456789012", "٤١٦", "2 chairs, 10:30, $1,250",
      "4 one 6 555 1234" } do
      assert.equal(kept, phone.hide(kept, NUMBER))
    end
    assert.equal("unit 21 [phone number], 4 chairs", phone.hide("unit 21 416 555 1234, 4 chairs", NUMBER))
    assert.equal("é４ [phone number] ü", phone.hide("é４ ４１６ ５５５ １２３４ ü", NUMBER))
    assert.equal("416 555 1234", phone.hide("416 555 1234", ""))
  end)

  it("knows numbers of other countries as they are dialled there and from abroad", function()
    assert.equal("[phone number] or [phone number] or [phone number]",
      phone.hide("07911 123456 or +44 7911 123456 or 0044-7911123456", "447911123456"))
    assert.equal("[phone number]", phone.hide("06 12 34 56 78", "33612345678"))
  end)

  it("hides it from the model in what was said and in what is known (D10)", function()
    for _, written in ipairs(WRITTEN) do
      local asked = prompt.messages("S", { { role = "user", content = "I am at " .. written } }, { notes = "call " .. written }, {}, NUMBER)
      local seen = text.fold(asked[2].content):gsub("[^%d]", "")
      assert.is_nil(seen:find("4165551234", 1, true), written .. " reached the model: " .. asked[2].content)
    end
  end)
end)

describe("language.guards", function()
  it("finds a phone number in a reply in digits of any script (D10)", function()
    local ready = guards.prepare { system = {}, business = {} }
    for _, written in ipairs(WRITTEN) do
      if not written:find("\n", 1, true) and not written:find("😀", 1, true) and not written:find("x", 1, true) then
        local found = guards.check("Please call us at " .. written:gsub("416", "647") .. " today.", ready)
        assert.is_truthy(found and found.kind == "phone", written)
      end
    end
  end)
end)
