local guards = require "language.guards"

local function one(reply)
  local parts, cut = guards.fit(reply)
  assert.equal(1, #parts)
  assert.is_false(cut)
  return parts[1]
end

-- What most clients count: characters outside the basic plane are two.
local function units(part)
  local n = 0
  for _, code in utf8.codes(part) do n = n + (code >= 0x10000 and 2 or 1) end
  return n
end

describe("guards.fit", function()
  it("turns Markdown into WhatsApp's own formatting", function()
    local cases = {
      ["**bold** and __bold__"] = "*bold* and *bold*", ["***both***"] = "*_both_*", ["~~gone~~"] = "~gone~",
      ["# Title\ntext"] = "*Title*\ntext", ["### **Title** ###"] = "*Title*", ["#hashtag"] = "#hashtag",
      ["* one\n* two\n+ three\n- four"] = "- one\n- two\n- three\n- four", ["- [ ] todo\n- [x] done"] = "- todo\n- done",
      ["[our page](https://a.ca)"] = "our page https://a.ca", ["[https://a.ca](https://a.ca)"] = "https://a.ca", ["<https://a.ca>"] = "https://a.ca",
      ["![couch](https://a.ca/x.jpg)"] = "couch https://a.ca/x.jpg",
      ["| Item | Count |\n|------|:-----:|\n| couch | 1 |"] = "Item: Count\ncouch: 1", ["| a | b | c |"] = "a, b, c",
      ["a\n\n---\n\nb"] = "a\n\nb", ["`code` stays"] = "`code` stays", ["```lua\n**x**\n```"] = "```\n**x**\n```",
      ["2 * 3 * 4 is 24"] = "2 * 3 * 4 is 24", ["*already bold* _it_ ~s~"] = "*already bold* _it_ ~s~", ["1. one\n2. two"] = "1. one\n2. two",
      ["a\\*b"] = "a*b", ["a<br>b"] = "a\nb", ["<b>x</b>"] = "*x*", ["snake_case__name stays"] = "snake_case__name stays",
      ["- **Couch:** 1\n- **Chairs:** 2"] = "- *Couch:* 1\n- *Chairs:* 2", ["> quoted"] = "> quoted", ["a **unclosed"] = "a unclosed",
    }
    for from, to in pairs(cases) do assert.equal(to, one(from)) end
  end)

  it("removes what cannot be seen and keeps emoji whole", function()
    assert.equal("ab", one("a\0b"))
    assert.equal("a\nb c", one("  a\r\nb\tc\27 \n"))
    assert.equal("a\u{FFFD}\u{FFFD}b", one("a\xff\xfeb"))
    assert.equal("\u{FFFD}x", one("\xed\xa0\x80x"))
    assert.equal("👩‍👩‍👧 ✌🏽 🇨🇦", one("👩‍👩‍👧 ✌🏽 🇨🇦"))
    assert.equal("abc", one("\u{FEFF}a\u{202E}b\u{200B}c"))
  end)

  it("makes no part when nothing is visible", function()
    for _, reply in ipairs { "", " \n ", "\0", "\u{200B}", "\u{FEFF}" } do
      local parts, cut = guards.fit(reply)
      assert.same({}, parts)
      assert.is_false(cut)
    end
    for _, reply in ipairs { "---", "**", "...", "👍" } do assert.equal(1, #(guards.fit(reply)), reply) end
  end)

  it("keeps 4,096 characters in one part and makes two of 4,097", function()
    assert.equal(4096, #one(("a"):rep(4096)))
    assert.equal(4096, utf8.len(one(("é"):rep(4096))))
    local parts, cut = guards.fit(("a"):rep(4097))
    assert.same({ 4096, 1 }, { #parts[1], #parts[2] })
    assert.is_false(cut)
  end)

  it("splits at the end of a sentence", function()
    local sentence = "This is a sentence of some words that is not very long. "
    local parts, cut = guards.fit(sentence:rep(150))
    assert.is_false(cut)
    assert.equal(3, #parts)
    for _, part in ipairs(parts) do
      assert.is_true(units(part) <= 4096)
      assert.is_truthy(part:find("^This") and part:find("long%.$"))
    end
    assert.equal((sentence:rep(150):gsub("%s", "")), (table.concat(parts):gsub("%s", "")))
  end)

  it("prefers a paragraph, then a sentence, then a word", function()
    local long = ("word "):rep(600) .. "\n\n" .. ("other "):rep(500)
    assert.is_truthy(guards.fit(long)[2]:find("^other"))
    local parts = guards.fit(("word"):rep(900) .. " " .. ("more"):rep(300))
    assert.equal(("word"):rep(900), parts[1])
  end)

  it("D11: never splits what a reader sees as one character", function()
    for _, cluster in ipairs { "👩‍👩‍👧‍👦", "🇨🇦", "✌🏽", "e\u{301}", "1\u{FE0F}\u{20E3}", "🏴\u{E0067}\u{E0062}\u{E007F}", "é", "😀" } do
      for offset = 0, 3 do
        local parts = guards.fit(("x"):rep(offset) .. cluster:rep(3000))
        for i, part in ipairs(parts) do
          assert.is_true(units(part) <= 4096)
          local body = i == 1 and part:sub(offset + 1) or part
          assert.equal(0, #body % #cluster, cluster .. " at " .. offset)
        end
      end
    end
  end)

  it("cuts what does not fit in three parts and says so", function()
    local parts, cut = guards.fit(("A sentence here. "):rep(6000))
    assert.equal(3, #parts)
    assert.is_true(cut)
    for _, part in ipairs(parts) do assert.is_true(units(part) <= 4096 and part:find("here%.$") ~= nil) end
  end)

  it("makes valid parts within the limits from any text", function()
    math.randomseed(11)
    local pieces = { "a", " ", "\n", "**", "é", "😀", "\u{200D}", "\u{301}", "\xff", "\xf0\x9f", "|", "# ", "[x](y)", ". ", "\0", "`", "_", "```\n" }
    for _ = 1, 60 do
      local out = {}
      for i = 1, math.random(1, 9000) do out[i] = pieces[math.random(#pieces)] end
      local parts = guards.fit(table.concat(out))
      assert.is_true(#parts <= 3)
      for _, part in ipairs(parts) do
        assert.is_truthy(utf8.len(part))
        assert.is_true(units(part) <= 4096 and part:find("%S") ~= nil)
      end
    end
  end)
end)
