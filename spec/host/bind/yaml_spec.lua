local yaml = require "host.yaml"
local json = require "host.json"

local function refused(text)
  local value, err = yaml.decode(text, "prompts/x.yaml")
  assert.is_nil(value)
  assert.is_string(err)
  return err
end

describe("yaml.decode", function()
  it("reads the blueprint's system prompt", function()
    local value = yaml.decode([[
identity: "You are the ClearoutSpaces assistant. Be brief, friendly, and professional."
business_rules:
  - "We service the GTA (Mississauga, Brampton, Vaughan, Toronto)."
  - "We do NOT take hazardous waste or wet paint."
quote_fields_needed:
  - address
  - elevator_access
workflow: "Ask max 1 question at a time. When all fields are collected, set action to 'handoff'."
]])
    assert.equal("You are the ClearoutSpaces assistant. Be brief, friendly, and professional.", value.identity)
    assert.equal("We do NOT take hazardous waste or wet paint.", value.business_rules[2])
    assert.same({ "address", "elevator_access" }, value.quote_fields_needed)
    assert.matches("'handoff'%.$", value.workflow)
  end)

  it("G1: reads values that only look like another type as text", function()
    local texts = { "no", "off", "yes", "on", "NO", "9:00", "17:30", "1_000", "2026-01-01", "0b1", "e5", "1.2.3", "416-555", "+",
      ".", "nUll", "tRUE", "0o8", "0xg", "12 couches" }
    for _, text in ipairs(texts) do assert.equal(text, yaml.decode("k: " .. text).k) end
  end)

  it("G1: takes numbers, truth values and null as the core schema of YAML 1.2 does", function()
    local value = yaml.decode("a: 0123\nb: +14165551234\nc: -5\nd: 0o17\ne: 0x1F\nf: 1.10\ng: .5\nh: 5.\ni: 1e3\n" ..
      "j: true\nk: False\nl: ~\nm: null\nn:\no: TRUE\n")
    assert.same({ 123, 14165551234, -5, 15, 31 }, { value.a, value.b, value.c, value.d, value.e })
    assert.same({ 1.1, 0.5, 5.0, 1000.0 }, { value.f, value.g, value.h, value.i })
    assert.equal("integer", math.type(value.b))
    assert.equal("float", math.type(value.h))
    assert.same({ true, false, true }, { value.j, value.k, value.o })
    for _, key in ipairs { "l", "m", "n" } do assert.equal(json.null, value[key]) end
  end)

  it("reads everything quoted, and every block, as text", function()
    local value = yaml.decode("a: \"12\"\nb: 'true'\nc: |\n  null\nd: >-\n  1\n  2\ne: \"\"\n")
    assert.same({ a = "12", b = "true", c = "null\n", d = "1 2", e = "" }, value)
  end)

  it("tells an empty list from an empty table", function()
    local value = yaml.decode("a: []\nb: {}\n")
    assert.is_true(json.is_array(value.a))
    assert.is_false(json.is_array(value.b))
    assert.same({ a = {}, b = {} }, value)
  end)

  it("reads keys as text", function()
    assert.same({ ["24"] = 1, ["1.5"] = 2, no = 3, ["true"] = 4 }, (yaml.decode("24: 1\n1.5: 2\nno: 3\n'true': 4\n")))
  end)

  it("gives the line of each value", function()
    local _, marks = yaml.decode("# a comment\na: 1\nlist:\n  - x\n  - b: 2\n    c:\n      - y\n")
    assert.same({ [""] = 2, a = 2, list = 3, ["list[1]"] = 4, ["list[2]"] = 5, ["list[2].b"] = 5, ["list[2].c"] = 6,
      ["list[2].c[1]"] = 7 }, marks)
  end)

  it("takes Windows line ends, a byte order mark, emoji and smart quotes", function()
    assert.same({ a = "x", b = "😀" }, (yaml.decode("\u{FEFF}a: x\r\nb: 😀\r\n")))
    assert.equal("“hi”", yaml.decode("a: “hi”").a)
  end)

  it("takes 32 levels and refuses 33", function()
    assert.is_table((yaml.decode(("["):rep(32) .. ("]"):rep(32))))
    assert.matches("more than 32 levels", refused(("["):rep(33) .. ("]"):rep(33)))
  end)

  it("names the file of its errors, or yaml", function()
    assert.matches("^prompts/x%.yaml:1:1: ", refused(""))
    local _, err = yaml.decode("")
    assert.matches("^yaml:1:1: ", err)
  end)

  it("throws at what is no text", function()
    assert.has_error(function() yaml.decode(nil) end)
    assert.has_error(function() yaml.decode({}) end)
    assert.has_error(function() yaml.decode("a: 1", {}) end)
  end)
end)

-- text, the place of the error, a word of it
local mistakes = {
  ["an empty file"] = { "", "1:1", "empty" },
  ["a file of comments"] = { "# nothing yet\n", "1:1", "empty" },
  ["a file that is only null"] = { "~", "1:1", "empty" },
  ["a doubled key"] = { "a: 1\nb: 2\na: 3\n", "3:1", 'key "a" is there twice' },
  ["a doubled key, once in quotes"] = { 'a: 1\n"a": 2\n', "2:1", "twice" },
  ["a doubled key in a list's item"] = { "l:\n  - a: 1\n    a: 2\n", "3:5", "twice" },
  ["an anchor"] = { "a: &x 1\n", "1:4", "begin with &" },
  ["a cycle"] = { "&a [*a]", "1:1", "begin with &" },
  ["an alias"] = { "a: *x\n", "1:4", "begin with %*" },
  ["Markdown's bold"] = { "- *Never* give prices\n", "1:3", "begin with %*" },
  ["a text that begins with &"] = { "- & Sons\n", "1:3", "begin with &" },
  ["a tag"] = { "a: !!str 1\n", "1:4", "begin with !" },
  ["a merge key"] = { "<<: {a: 1}\n", "1:1", "merging" },
  ["a second document"] = { "a: 1\n---\nb: 2\n", "2:1", "second document" },
  ["a directive"] = { "%YAML 1.1\n---\na: 1\n", "1:1", "begin with %%" },
  ["a tab"] = { "a:\n\tb: 1\n", "2:1", "uses a tab; YAML wants spaces" },
  ["a tab after spaces"] = { "a:\n  - x\n  \t- y: z: 1\n", "3:3", "uses a tab" },
  ["infinity"] = { "a: .inf\n", "1:4", "no number" },
  ["not a number"] = { "a: .NaN\n", "1:4", "no number" },
  ["an integer too large"] = { "a: 99999999999999999999\n", "1:4", "too large" },
  ["a float too large"] = { "a: 1e999\n", "1:4", "too large" },
  ["a second colon"] = { "a: Note: be nice\n", "1:8", "in quotes" },
  ["quotes inside quotes"] = { '- "We do NOT take "hazardous" waste"\n', "1:20", "after the closing quotation mark" },
  ["a quote that is closed by the next line's"] = { 'a: 1\nb: "You are\nc: "We do"\n', "3:5", "of a text that begins on line 2%. Close that text on line 2" },
  ["an apostrophe inside single quotes"] = { "- 'It's fine'\n", "1:7", "after the closing quotation mark" },
  ["a quote that is never closed"] = { 'a: 1\nb: "x\nc: 2\n', "2:4", "never closed" },
  ["a list that is never closed"] = { "a: [1, 2\nb: 1\n", "1:4", "not closed" },
  ["a brace that is never closed"] = { "a: {x\n", "1:4", "not closed" },
  ["a text that begins with @"] = { "a: @home\n", "1:4", "begin with @" },
  ["a line out of line"] = { "a:\n  - x\n y: 1\n", "3:2", "does not fit" },
  ["a list's item out of line"] = { "a:\n  - x\n  y: 1\n", "3:3", "does not fit the list" },
  ["an item that stands left of its list"] = { "a:\n  - x\n - y\n", "3:2", "Line its" },
  ["an item that stands right of its list"] = { "a:\n  - x\n   - y\n  - z\n", "3:4", "further right than the item above" },
  ["an item without its blank that stands right of its list"] = { "a:\n  - x\n   -y\n", "3:4", "further right than the item above" },
  ["an item without its blank"] = { "a:\n  - x\n  -y\nb: 1\n", "3:3", "a blank is missing after the \"-\"" },
  ["a key without its blank, above others"] = { "# ours\na:1\n\n# more\nb: 2\n", "2:1", "a blank is missing after the ':'" },
  ["a key without its blank, below others"] = { "a: 1\nb:2\n", "2:1", "a blank is missing after the ':'" },
  ["a backslash"] = { 'a: "C:\\qux"\n', "1:7", "backslash" },
  ["a text after |"] = { "a: | text\n", "1:6", "begin with | or >" },
  ["a missing colon"] = { "a: 1\nb\nc: 2\n", "2:1", "':' is missing" },
  ["a list as key"] = { "[a]: b\n", "1:1", "key must be a text" },
  ["true as key"] = { "true: 1\n", "1:1", "cannot be a key" },
  ["NUL"] = { "a: \0\n", "1:4", "invisible" },
  ["an escaped NUL"] = { 'a: "x\\0"\n', "1:4", "\\0" },
  ["ESC"] = { "a: 1\nb: \27[1m\n", "2:4", "invisible" },
  ["another encoding"] = { "a: 1\ncaf\xe9: 1\n", "2:4", "UTF%-8" },
  ["UTF-16"] = { "\xff\xfea\0:\0", "1:1", "UTF%-8" },
}

describe("G1: yaml.decode says where and what to do about", function()
  for name, mistake in pairs(mistakes) do
    it(name, function()
      local err = refused(mistake[1])
      assert.matches("^prompts/x%.yaml:" .. mistake[2] .. ": .+%. .+%.$", err)
      assert.matches(mistake[3], err)
    end)
  end

  it("a file of 10 MB", function()
    assert.matches("larger than 1 MiB", refused(("a"):rep(10000000)))
  end)

  it("a file of too many values", function()
    assert.matches("more than 50,000 values", refused(("- a\n"):rep(60000)))
  end)

  it("an alias bomb, at once", function()
    local bomb = { "a0: &a0 [x,x,x,x,x,x,x,x,x]" }
    for i = 1, 8 do
      bomb[#bomb + 1] = ("a%d: &a%d [%s]"):format(i, i, ("*a" .. i - 1 .. ","):rep(9))
    end
    local from = os.clock()
    refused(table.concat(bomb, "\n"))
    assert.is_true(os.clock() - from < 1)
  end)

  it("hostile files, in time that grows with their size", function()
    for _, unit in ipairs { "[", "{", "- ", "? ", "&a ", "'", "a: ", "[a,", "\t", "|", ":", "-", "a b ", '"\\x41', "[\n" } do
      local from = os.clock()
      yaml.decode(unit:rep(1000000 // #unit))
      assert.is_true(os.clock() - from < 2, unit)
    end
  end)
end)
