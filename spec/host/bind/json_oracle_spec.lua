-- host.json against lua-cjson, which an owner may know: what they do alike, and each difference that is meant.

local json = require "host.json"
local oracle = require "spec.support.json_oracle"

local cjson = oracle.cjson
local REPLACEMENT = "\u{FFFD}"
local DOCUMENTS = 10000

-- The same numbers on each machine: a document that differs can be made again from its place in the row.
local function generator(seed)
  return function(n)
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 33) % n + 1
  end
end

local function each_document(change)
  local random, found = generator(8), {}
  for i = 1, DOCUMENTS do
    local text = change(oracle.document(random), random)
    local difference = oracle.differs(text)
    if difference then found[#found + 1] = ("document %d: %s: %q"):format(i, difference, text:sub(1, 400)) end
  end
  assert.equal("", table.concat(found, "\n", 1, math.min(#found, 5)))
end

-- What both read of a text; nil: refused.
local function read(text)
  local good, theirs = pcall(cjson.decode, text)
  return (json.decode(text)), good and theirs or nil
end

-- What both write of a value; nil: refused.
local function written(value)
  local good, ours = pcall(json.encode, value)
  local fine, theirs = pcall(cjson.encode, value)
  return good and ours or nil, fine and theirs or nil
end

describe("host.json and lua-cjson", function()
  it("B5, B6: read 10,000 documents alike, and each reads what the other writes", function()
    each_document(function(text) return text end)
  end)

  it("B5, B6: read or refuse alike 10,000 documents that differ from a good one in one byte", function()
    each_document(oracle.broken)
  end)
end)

describe("host.json, other than lua-cjson,", function()
  it("keeps every digit of an integer", function()
    local ours, theirs = read "9007199254740993"
    assert.equal("9007199254740993", tostring(ours))
    assert.equal(9007199254740992.0, theirs)
    assert.same({ "9007199254740993", "9.007199254741e+15" }, { written(9007199254740993) })
  end)

  it("writes a float so that the same float is read back", function()
    local ours, theirs = written(0.1 + 0.2)
    assert.equal(0.1 + 0.2, json.decode(ours))
    assert.not_equal(0.1 + 0.2, cjson.decode(theirs))
  end)

  it("refuses a number that is too large to hold", function()
    assert.same({ nil, math.huge }, { read "1e999" })
  end)

  it("refuses a number without a digit before or after its point", function()
    for _, text in ipairs { "1.", "-.5", "1.e3" } do
      local ours, theirs = read(text)
      assert.is_nil(ours, text)
      assert.is_number(theirs, text)
    end
  end)

  it("refuses NaN, Infinity, hexadecimal digits and leading zeros, which lua-cjson takes unless it is told not to", function()
    local lenient = require("cjson").new()
    for _, text in ipairs { "NaN", "-Infinity", "0x10", "01", "+1" } do
      assert.is_nil((json.decode(text)), text)
      assert.is_number(lenient.decode(text), text)
    end
  end)

  it("makes U+FFFD of a lone surrogate, where lua-cjson refuses the whole text", function()
    assert.same({ { "a" .. REPLACEMENT }, nil }, { read '["a\\ud83d"]' })
    assert.same({ { REPLACEMENT }, nil }, { read '["\\ude00"]' })
  end)

  it("makes U+FFFD of invalid UTF-8, read or written, where lua-cjson passes it on", function()
    assert.same({ "a" .. REPLACEMENT, "a\xFF" }, { read '"a\xFF"' })
    assert.same({ '"a' .. REPLACEMENT .. '"', '"a\xFF"' }, { written "a\xFF" })
  end)

  it("makes U+FFFD of NUL in a text, where lua-cjson passes an escape on and refuses a raw one", function()
    assert.same({ REPLACEMENT, "\0" }, { read '"\\u0000"' })
    assert.same({ "a" .. REPLACEMENT, nil }, { read '"a\0"' })
  end)

  it("refuses what follows a NUL behind the value, where lua-cjson looks no further", function()
    assert.same({ nil, { 1 } }, { read "[1]\0x" })
  end)

  it("skips a byte order mark, which lua-cjson refuses", function()
    assert.same({ { 1 }, nil }, { read "\u{FEFF}[1]" })
  end)

  it("tells an empty array from an empty object", function()
    local ours, theirs = read "[[],{}]"
    assert.equal("[[],{}]", json.encode(ours))
    assert.equal("[{},{}]", cjson.encode(theirs))
  end)

  it("goes 64 levels deep without being told, where lua-cjson goes 1,000", function()
    local lenient = require("cjson").new()
    local text = ("["):rep(65) .. ("]"):rep(65)
    assert.is_nil((json.decode(text)))
    assert.is_table(lenient.decode(text))
  end)

  it("refuses texts over 8 MiB", function()
    local ours, theirs = read('"' .. ("x"):rep(8 * 1024 * 1024) .. '"')
    assert.is_nil(ours)
    assert.is_string(theirs)
  end)

  it("sorts the keys of objects", function()
    local value = {}
    for i = 1, 20 do value[("k%02d"):format(i)] = i end
    local ours, theirs = written(value)
    assert.matches('^{"k01":1,"k02":2,.*"k20":20}$', ours)
    assert.equal(#ours, #theirs)
  end)

  it("writes / and DEL as they are", function()
    assert.same({ '"/\127"', '"\\/\\u007f"' }, { written "/\127" })
  end)

  it("refuses gaps, mixed keys and number keys, where lua-cjson writes null or makes them text", function()
    assert.same({ nil, "[1,null,3]" }, { written { 1, nil, 3 } })
    assert.same({ nil, "[null,null,1]" }, { written { [3] = 1 } })
    assert.same({ nil, '{"1.5":1}' }, { written { [1.5] = 1 } })
  end)
end)
