local json = require "host.json"
local prompt = require "brain.prompt"

local SYSTEM = { identity = "You are helpful.", business_rules = { "Be kind." }, quote_fields_needed = { "address", "stairs" }, workflow = "Ask once." }

local function user(text, at) return { role = "user", content = text, said_at = at or 1 } end
local function assistant(text) return { role = "assistant", content = text } end
local function ask(rows, phone) return prompt.messages("SYSTEM", rows, { address = "5 Elm" }, { "stairs" }, phone or "14165551234") end

describe("brain.prompt", function()
  it("renders the blueprint's form and names json, which JSON mode needs", function()
    local text = prompt.system_text(SYSTEM)
    assert.equal(1, (text:find("Identity: You are helpful.\nBusiness Rules:\n- Be kind.\nQuote Fields Needed: address, stairs\nWorkflow: Ask once.\n", 1, true)))
    assert.is_truthy(text:find("json", 1, true))
    assert.equal(text, prompt.system_text(SYSTEM))
  end)

  it("alternates the roles and counts a burst as one entry", function()
    local messages = ask { user "a", user "b", assistant "c", user "d" }
    assert.same({ "system", "user", "assistant", "user" }, { messages[1].role, messages[2].role, messages[3].role, messages[4].role })
    assert.equal("a\nb", messages[2].content)
  end)

  it("sorts a burst by the customer's own clock (B12)", function()
    assert.equal(1, (ask { user("third", 3), user("first", 1), user("second", 2) }[2].content:find("first\nsecond\nthird", 1, true)))
  end)

  it("folds photos in a row", function()
    assert.equal(1, (ask { user "[photo]", user "[photo]", user "[photo]", user "hello" }[2].content:find("[3 photos]\nhello", 1, true)))
  end)

  it("keeps the newest twenty entries (D14)", function()
    local rows = {}
    for i = 1, 30 do
      rows[#rows + 1] = user("q" .. i)
      rows[#rows + 1] = assistant("a" .. i)
    end
    rows[#rows + 1] = user "last"
    local messages = ask(rows)
    assert.equal(21, #messages)
    assert.equal(1, (messages[21].content:find("last", 1, true)))
  end)

  it("keeps the newest words of a history that is too long in bytes (D14)", function()
    local messages = ask { user(("x"):rep(20000)), assistant(("y"):rep(20000)), user "last" }
    local bytes = 0
    for _, m in ipairs(messages) do bytes = bytes + #m.content end
    assert.is_true(bytes < 45000)
    assert.equal(1, (messages[#messages].content:find("last", 1, true)))
  end)

  it("never shows the customer's number, however it is written (H3)", function()
    local text = ask({ user "call +1 (416) 555-1234 or 4165551234, 416.555.1234, 1 416 555 1234; unit 350" })[2].content
    assert.is_nil(text:find("555", 1, true))
    assert.is_truthy(text:find("unit 350", 1, true))
  end)

  it("shows a visit that is booked beside what is known, and changes nothing else for it", function()
    local rows = { user "hi" }
    local without, with = prompt.messages("SYSTEM", rows, {}, {}, "1"), prompt.messages("SYSTEM", rows, {}, {}, "1", { booked = "Tuesday at 2" })
    assert.same({ known = {}, missing = {}, booked = "Tuesday at 2" }, json.decode(with[2].content:match("%b{}$")))
    assert.equal(without[1].content, with[1].content)
  end)

  it("ends with what is known and missing, marked as data", function()
    local text = ask { user "hi" }[2].content
    local data = json.decode(text:match("%b{}$"))
    assert.same({ known = { address = "5 Elm" }, missing = { "stairs" } }, data)
  end)
end)
