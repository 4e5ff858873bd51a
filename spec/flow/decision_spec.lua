local decision = require "flow.decision"
local json = require "host.json"

local FIELDS = { "address", "elevator_access", "stairs", "inventory" }

local function parse(content)
  return decision.parse(content, FIELDS, json.decode, json.null)
end

local GOOD = '{"reply_to_user":"Any stairs?","extracted_data":{"address":"5 Elm"},"action":"continue"}'

describe("decision.parse", function()
  it("takes the contract's own example", function()
    local found = assert(parse [[{
      "reply_to_user": "Sounds good! Are there any stairs involved?",
      "extracted_data": { "address": "123 Main St", "elevator_access": "unknown", "stairs": "unknown", "inventory": "1 couch, 2 chairs" },
      "action": "continue" }]])
    assert.same({ reply = "Sounds good! Are there any stairs involved?", action = "continue",
      data = { address = "123 Main St", inventory = "1 couch, 2 chairs" } }, found)
  end)

  it("accepts text around one object", function()
    for _, content in ipairs { "\u{FEFF}" .. GOOD, "```json\n" .. GOOD .. "\n```", "```\n" .. GOOD .. "```", "Here you go:\n" .. GOOD .. "\nBye {name}!",
      " \n\n " .. GOOD .. "  \n", 'I said "hello {there}" and: ' .. GOOD, "It's " .. GOOD } do
      assert.same("Any stairs?", (parse(content) or {}).reply, content)
    end
  end)

  it("ignores braces and quotes inside texts", function()
    local found = parse('ok ' .. [[{"reply_to_user":"a } \" { b \\","action":"continue"}]])
    assert.equal('a } " { b \\', found.reply)
  end)

  it("refuses everything else, in a sentence", function()
    for _, content in ipairs { "", "   ", "\n\n", "null", "5", '"text"', "true", "[]", "[" .. GOOD .. "]", "no object here", GOOD .. GOOD, GOOD .. "\nor\n" .. GOOD,
      '{"reply_to_user":"x","action":"continue",}', "{'reply_to_user':'x','action':'continue'}", '{"reply_to_user":NaN,"action":"continue"}',
      '"{\\"reply_to_user\\":\\"x\\",\\"action\\":\\"continue\\"}"', GOOD:sub(1, -2), GOOD:sub(1, 40), '{"reply_to_user":"x","action":"continue"',
      '{"a":' .. GOOD, "{}", "{name}", ("{"):rep(5000) } do
      local found, why = parse(content)
      assert.is_nil(found, content)
      assert.is_truthy(type(why) == "string" and why:find("%.$"), content)
    end
    for _, content in ipairs { 5, true, {} } do assert.is_nil((parse(content))) end
    assert.is_nil((parse(nil)))
    assert.is_nil((parse(json.null)))
  end)

  it("accepts capitals and spaces in the action, and no other change", function()
    local function with(action) return parse('{"reply_to_user":"x","action":' .. action .. "}") end
    assert.equal("handoff", with('" Handoff "').action)
    assert.equal("schedule", with('"SCHEDULE\\n"').action)
    for _, action in ipairs { '"transfer"', '"hand off"', '"hand-off"', '"continue."', '""', "null", "5", "true", '["continue"]', '{"a":1}', '"continue|handoff"' } do
      local found, why = with(action)
      assert.is_nil(found, action)
      assert.is_truthy(why:find("action", 1, true))
    end
    assert.is_nil((parse '{"reply_to_user":"x"}'))
  end)

  it("refuses a reply that shows nothing", function()
    for _, reply in ipairs { '""', '" "', "null", "5", "true", "[]", "{}", '"\\n\\t"', '"\\u200b"', '"\\u00a0"' } do
      local found, why = parse('{"reply_to_user":' .. reply .. ',"action":"continue"}')
      assert.is_nil(found, reply)
      assert.is_truthy(why:find("reply_to_user", 1, true))
    end
    assert.equal("👍", parse('{"reply_to_user":" 👍 ","action":"continue"}').reply)
  end)

  it("reads the data field by field", function()
    local function data(value) return parse('{"reply_to_user":"x","action":"continue","extracted_data":' .. value .. "}").data end
    for _, value in ipairs { "null", "{}", "[]", '"text"', "5", "true", '["address","5 Elm"]' } do assert.same({}, data(value)) end
    assert.same({}, parse('{"reply_to_user":"x","action":"continue"}').data)
    assert.same({ stairs = "2", elevator_access = "no", inventory = "1 couch, 2 chairs" },
      data '{"address":{"street":"x"},"stairs":2,"elevator_access":false,"inventory":["1 couch","2 chairs"],"evil":"x","__proto__":"y"}')
    assert.same({ stairs = "none" }, data('{"address":"' .. ("x"):rep(501) .. '","stairs":"none","inventory":[["a"]],"elevator_access":null}'))
    assert.same({}, data('{"address":"' .. ("x"):rep(100000) .. '"}'))
  end)

  it("cuts a reply after 8,192 characters, and says so", function()
    local found = assert(parse('{"reply_to_user":"' .. ("écru "):rep(2000) .. '","action":"continue"}'))
    assert.equal(8192, utf8.len(found.reply))
    assert.is_true(found.cut)
    assert.is_nil(parse(GOOD).cut)
    assert.is_nil(parse('{"reply_to_user":"' .. ("x "):rep(4096) .. '","action":"continue"}').cut)
  end)

  it("ignores keys it does not know", function()
    assert.equal("x", parse('{"thoughts":"hm","reply_to_user":"x","action":"continue","price":350}').reply)
  end)
end)
