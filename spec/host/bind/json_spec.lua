local json = require "host.json"

local REPLACEMENT = "\u{FFFD}"

local function refused(text)
  local value, err = json.decode(text)
  assert.is_nil(value)
  assert.is_string(err)
  return err
end

local function seconds(f, ...)
  local from = os.clock()
  f(...)
  return os.clock() - from
end

describe("json.keep", function()
  it("changes nothing of what is written", function()
    local text = ('She said "no",\n\255 é \\ \1'):rep(100)
    local before = json.encode { text, { text = text, more = text .. "x" } }
    json.keep(text)
    json.keep("short")
    assert.equal(before, json.encode { text, { text = ("%s"):format(text), more = text .. "x" } })
    assert.equal('["short"]', json.encode { "short" })
    assert.is_false(pcall(json.keep, 5))
  end)
end)

describe("json.decode", function()
  it("reads every kind of value", function()
    local value = json.decode('{"text":"a\\n\\"\\/é","list":[1,-2.5,true,false],"none":null,"inner":{"x":1e3}}')
    assert.equal('a\n"/é', value.text)
    assert.same({ 1, -2.5, true, false }, value.list)
    assert.equal(json.null, value.none)
    assert.equal(1000, value.inner.x)
  end)

  it("keeps integers integers, all their digits included", function()
    assert.equal("1720000000", tostring(json.decode("1720000000")))
    assert.equal("9007199254740993", tostring(json.decode("9007199254740993")))
    assert.equal("-9223372036854775808", tostring(json.decode("-9223372036854775808")))
    assert.equal("integer", math.type(json.decode("1.0")))
    assert.equal("integer", math.type(json.decode("-0")))
    assert.equal("float", math.type(json.decode("1.5")))
  end)

  it("B6: makes a float of an integer of 40 digits", function()
    assert.equal(1e39, json.decode("1" .. ("0"):rep(39)))
  end)

  it("B6: refuses NaN, Infinity, hex and numbers too large, and says where", function()
    for _, text in ipairs { "NaN", "Infinity", "-Infinity", "0x10", "1e999", "-1e999", "01", "+1", ".5", "1.", "1e", "-" } do
      assert.matches("^line 1, byte %d+: ", refused("[" .. text .. "]"))
    end
    assert.equal("line 2, byte 7: a number too large to hold", refused('{"a":1,\n "bb":1e999}'))
  end)

  it("B5: makes U+FFFD of a lone surrogate, and the rest of the batch survives", function()
    local batch = json.decode('[{"body":"a \\ud83d b"},{"body":"\\ude00"},{"body":"\\ud83d\\u0041"},{"body":"\\ud83d\\ude00"}]')
    assert.equal("a " .. REPLACEMENT .. " b", batch[1].body)
    assert.equal(REPLACEMENT, batch[2].body)
    assert.equal(REPLACEMENT .. "A", batch[3].body)
    assert.equal("😀", batch[4].body)
  end)

  it("B5: makes U+FFFD of invalid UTF-8, one for each broken sequence", function()
    assert.equal("a" .. REPLACEMENT .. "b", json.decode('"a\xFFb"'))
    assert.equal(REPLACEMENT:rep(2), json.decode('"\xC0\x80"'))
    assert.equal(REPLACEMENT, json.decode('"\xE2\x82"'))
    assert.equal(REPLACEMENT:rep(3), json.decode('"\xED\xA0\x80"'))
    assert.equal("x" .. REPLACEMENT, json.decode('{"k":"x\xF0\x9F\x98"}').k)
    assert.equal(1, json.decode('{"\xFF":1}')[REPLACEMENT])
  end)

  it("B5: leaves U+2028, right-to-left marks, joiners and four-byte characters as they are", function()
    local text = "\u{2028}\u{202E}👨\u{200D}👩\u{10FFFF}"
    assert.equal(text, json.decode('"' .. text .. '"'))
  end)

  it("B5: lets no NUL through, escaped or raw", function()
    assert.equal("a" .. REPLACEMENT .. "b" .. REPLACEMENT, json.decode('"a\\u0000b\0"'))
    assert.matches("^line 1", refused("[1]\0"))
  end)

  it("B5: takes raw control characters inside strings, and keeps them", function()
    assert.equal("a\tb\nc\27", json.decode('"a\tb\nc\27"'))
  end)

  it("B5: skips a byte order mark, and only one", function()
    assert.same({ 1 }, json.decode("\u{FEFF}[1]"))
    refused("\u{FEFF}\u{FEFF}[1]")
  end)

  it("refuses what is not JSON, with line and byte, and without quoting the text", function()
    for _, text in ipairs { "", " ", "[1,]", '{"a":1,}', "[1 2]", '{"a" 1}', "{a:1}", "'a'", "nul", "truex", "[1]x", '"abc',
      '"\\x"', '"\\u12"', "[", "{", "]", '{"secret":', "\\" } do
      local err = refused(text)
      assert.matches("^line %d+, byte %d+: [%w ,:'%[%]{}]+$", err)
      assert.is_nil(err:find("secret", 1, true))
    end
    assert.equal("line 3, byte 2: expected ',' or '}'", refused('{\n"a":1\n "b":2}'))
    assert.equal("line 1, byte 3: the text ends too early", refused("[1"))
  end)

  it("B6: takes 64 levels and refuses 65", function()
    assert.is_table(json.decode(("["):rep(64) .. ("]"):rep(64)))
    assert.matches("deeper than 64 levels", refused(("["):rep(65) .. ("]"):rep(65)))
    assert.matches("deeper than 64 levels", refused(('{"a":'):rep(100000)))
  end)

  it("refuses more than 8 MiB", function()
    assert.matches("larger than 8 MiB", refused('"' .. ("x"):rep(8 * 1024 * 1024) .. '"'))
  end)

  it("B6: gives the last of two equal keys", function()
    assert.equal("second", json.decode('{"id":"first","id":"second"}').id)
    assert.is_nil(json.decode('{"id":"first","id":null}', { null_as_nil = true }).id)
  end)

  it("B6: reads hostile texts in time that grows with their size", function()
    local keys = {}
    for i = 1, 200000 do keys[i] = ('"k%d":%d'):format(i, i) end
    for name, text in pairs {
      ["3 MB of ["] = ("["):rep(3000000),
      ["200,000 keys"] = "{" .. table.concat(keys, ",") .. "}",
      ["500,000 escapes"] = '"' .. ("\\u00e9"):rep(500000) .. '"',
      ["500,000 lone surrogates"] = '"' .. ("\\ud83d"):rep(500000) .. '"',
      ["1 MB of text"] = '"' .. ("x"):rep(1000000) .. '"',
      ["1 MB of bad bytes"] = '"' .. ("\xFF"):rep(1000000) .. '"',
      ["1 MB of digits"] = ("7"):rep(1000000),
    } do
      assert.is_true(seconds(json.decode, text) < 2, name)
    end
  end)

  it("leaves out members that are null when asked, and keeps them in arrays", function()
    local value = json.decode('{"a":null,"b":{"c":null,"d":[null,1]}}', { null_as_nil = true })
    assert.is_nil(value.a)
    assert.is_nil(value.b.c)
    assert.equal(json.null, value.b.d[1])
    assert.equal(json.null, json.decode('{"a":null}').a)
  end)

  it("throws at what is no text", function()
    assert.has_error(function() json.decode(nil) end)
    assert.has_error(function() json.decode({}) end)
    assert.has_error(function() json.decode(1) end)
    assert.has_error(function() json.decode("1", 1) end)
  end)
end)

describe("json.null", function()
  it("equals only itself, is true, and prints as null", function()
    assert.equal(json.null, json.decode("null"))
    assert.is_truthy(json.null)
    assert.equal("null", tostring(json.null))
    assert.equal("null", json.encode(json.null))
  end)
end)

describe("arrays", function()
  it("stay arrays and objects stay objects, also when empty", function()
    local text = '{"a":[],"b":{},"c":[[],{}]}'
    assert.equal(text, json.encode(json.decode(text)))
  end)

  it("are told from other tables", function()
    local value = json.decode('{"a":[],"b":{}}')
    assert.is_true(json.is_array(value.a))
    assert.is_false(json.is_array(value.b))
    assert.is_true(json.is_array({ 1, 2 }))
    assert.is_false(json.is_array({}))
    assert.is_false(json.is_array({ 1, nil, 3 }))
    assert.is_false(json.is_array({ 1, x = 2 }))
    assert.is_false(json.is_array("text"))
    assert.is_false(json.is_array(json.null))
    assert.is_true(json.is_array(json.array()))
  end)

  it("are plain tables for everything else", function()
    local list = json.decode("[1,2,3]")
    assert.equal(3, #list)
    list[#list + 1] = 4
    table.remove(list, 1)
    assert.same({ 2, 3, 4 }, list)
    local seen = {}
    for i, v in ipairs(list) do seen[i] = v end
    assert.same({ 2, 3, 4 }, seen)
  end)

  it("are marked in place, once or twice, and are still arrays when emptied", function()
    local list = { 1 }
    assert.equal(list, json.array(json.array(list)))
    list[1] = nil
    assert.equal("[]", json.encode(list))
  end)

  it("G7: share a mark that scripts cannot change", function()
    assert.equal("json.array", getmetatable(json.array()))
    assert.has_error(function() setmetatable(json.array(), {}) end)
    assert.has_error(function() json.array(setmetatable({}, {})) end)
    assert.has_error(function() json.array("text") end)
  end)
end)

describe("json.encode", function()
  it("gives equal bytes for equal values: keys sorted, no blanks, / as it is", function()
    assert.equal('{"B":1,"a":{"x":"/","y":[1,"2",true,null]},"aa":2}',
      json.encode({ aa = 2, a = { y = { 1, "2", true, json.null }, x = "/" }, B = 1 }))
  end)

  it("writes integers with all digits and floats so that they come back the same", function()
    assert.equal("1720000000123456", json.encode(1720000000123456))
    assert.equal("9007199254740993", json.encode(9007199254740993))
    assert.equal("-9223372036854775808", json.encode(math.mininteger))
    assert.equal("3", json.encode(3.0))
    assert.equal("9007199254740992", json.encode(2.0 ^ 53))
    assert.equal("0.1", json.encode(0.1))
    for _, number in ipairs { 1 / 3, 1e300, -5e-324, 0.1 + 0.2, 2.0 ^ 63, 123456.789 } do
      assert.equal(number, json.decode(json.encode(number)))
    end
  end)

  it("B5: writes valid UTF-8 whatever the text holds", function()
    assert.equal('"a' .. REPLACEMENT .. 'b"', json.encode("a\xFFb"))
    assert.equal('"\\u0000\\u001b\\n\\t\\"\\\\é😀\127"', json.encode("\0\27\n\t\"\\é😀\127"))
    assert.equal('{"' .. REPLACEMENT .. '":1}', json.encode({ ["\xC3"] = 1 }))
    for byte = 0, 255 do
      assert.is_truthy(utf8.len(json.encode("x" .. string.char(byte) .. "y")))
    end
  end)

  it("names the place of what JSON cannot hold", function()
    local function message(value)
      local ok, err = pcall(json.encode, value)
      assert.is_false(ok)
      return err
    end
    assert.matches("a function %(at messages%[3%]%.content%)", message({ messages = { 1, 2, { content = print } } }))
    assert.matches("NaN %(at x%)", message({ x = 0 / 0 }))
    assert.matches("Infinity %(at %[1%]%[2%]%)", message({ { 1, -math.huge } }))
    assert.matches("a userdata or thread", message(io.stdout))
    assert.matches("gaps", message({ 1, nil, 3 }))
    assert.matches("keys than 1..n", message({ 1, 2, x = 3 }))
    assert.matches("neither 1..n nor all text", message({ [5] = 1 }))
    assert.matches("neither 1..n nor all text", message({ [true] = 1 }))
    assert.matches("gaps or with other keys", message(json.array({ x = 1 })))
    assert.matches("nil", message(nil))
  end)

  it("G9: names the place of a table that contains itself", function()
    local value = { list = { {} } }
    value.list[1].again = value
    assert.has_error(function() json.encode(value) end)
    local _, err = pcall(json.encode, value)
    assert.matches("contains itself %(at list%[1%]%.again%)", err)
  end)

  it("writes one table in two places twice", function()
    local shared = { 1 }
    assert.equal('{"a":[1],"b":[1]}', json.encode({ a = shared, b = shared }))
  end)

  it("G9: writes 64 levels and refuses 65", function()
    local function nested(levels)
      local value = {}
      for _ = 2, levels do value = { value } end
      return value
    end
    assert.is_string(json.encode(nested(64)))
    assert.has_error(function() json.encode(nested(65)) end)
  end)

  it("G6: refuses what would be larger than 16 MiB, and works afterwards", function()
    local _, err = pcall(json.encode, { text = ("\1"):rep(3000000) })
    assert.matches("more than 16 MiB %(at text%)", err)
    local doubled = { "leaf" }
    for _ = 1, 40 do doubled = { doubled, doubled } end
    assert.has_error(function() json.encode(doubled) end)
    assert.equal("[1]", json.encode({ 1 }))
  end)

  it("calls no metamethod", function()
    local function bad() error("called") end
    local value = setmetatable({ a = 1 }, { __index = bad, __pairs = bad, __len = bad, __tostring = bad })
    assert.equal('{"a":1}', json.encode(value))
  end)

  it("throws at the caller's line", function()
    local _, err = pcall(function() json.encode(print) end)
    assert.matches("json_spec%.lua:%d+: ", err)
  end)
end)
