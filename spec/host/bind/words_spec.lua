local words = require "host.words"

local RUNS = { words = "[%w\128-\255]+", letters = "[%a\128-\255][%a'\128-\255]*", small = "%l+" }

-- What the functions must give, by Lua's patterns.
local function by_patterns(s, kind, bits)
  local list, found, all, other = {}, {}, 0, nil
  for word in s:gmatch(RUNS[kind]) do
    word = word:lower()
    list[#list + 1] = word
    if bits[word] then found[#found + 1] = word end
    all, other = all | (bits[word] or 0), other or not bits[word] and word or nil
  end
  return list, found, all, other
end

describe("the distance of two names", function()
  it("is the letters to add, drop, change, or swap with their neighbour", function()
    for _, pair in ipairs { { "", "", 0 }, { "greeting", "greeting", 0 }, { "greting", "greeting", 1 }, { "greetings", "greeting", 1 }, { "greating", "greeting", 1 },
      { "greeitng", "greeting", 1 }, { "", "abc", 3 }, { "serves", "hours", 5 }, { ("a"):rep(128), ("b"):rep(127), 128 } } do
      assert.equal(pair[3], words.distance(pair[1], pair[2]), pair[1])
      assert.equal(pair[3], words.distance(pair[2], pair[1]), pair[1])
    end
  end)

  it("is as large as can be where a name has more than 128 bytes", function()
    assert.equal(400, words.distance(("a"):rep(400), ("a"):rep(399)))
    assert.equal(129, words.distance("a", ("a"):rep(129)))
  end)
end)

describe("words", function()
  it("are the runs of letters and digits, in small letters; bytes from 128 on are letters and stay as they are", function()
    assert.same({}, words.list "")
    assert.same({}, words.list " .,!\0\n-'")
    assert.same({ "i", "d", "like", "2", "b12s" }, words.list "I'd LIKE 2  (b12S)")
    assert.same({ "a" }, words.list "a")
    assert.same({ "É\xffa", "z0" }, words.list "\tÉ\xffA\0z0")
    assert.same({ "i'd", "nd", "rock'n'" }, words.list("'I'd 2nd rock'n' '", "letters"))
    assert.same({ "nd", "b" }, words.list("2nd Bb É", "small"))
  end)

  it("are those that Lua's patterns find, in texts of any length and of any bytes", function()
    local seed = "aB9 -''\0\127\128\255Z[@`{/:b a"
    local bits = { a = 1, b = 2, z = 4, ab = 8, ["9"] = 16, ["b'"] = 32, ["\255z"] = 64, c = 128, [""] = 256, [("a"):rep(300)] = 512 }
    for n = 0, 1100, 7 do
      local pieces = {}
      for i = 1, n do
        local at = (i * i + n) % #seed + 1
        pieces[i] = seed:sub(at, at + i % 3)
      end
      local s = table.concat(pieces)
      for kind in pairs(RUNS) do
        local list, found, all, other = by_patterns(s, kind, bits)
        local map = words.map(bits, kind)
        assert.same(list, words.list(s, kind))
        assert.same({ found, #list }, { words.found(s, map) })
        assert.equal(all, words.look(s, map))
        local counts, seen = {}, {}
        for _, word in ipairs(found) do
          local place = math.tointeger(math.log(bits[word], 2)) + 1
          if not seen[word] then seen[word], counts[place] = true, (counts[place] or 0) + 1 end
        end
        assert.same({ counts, #list }, { words.count(s, map) })
        assert.same({ other == nil, other }, { words.only(s, map) })
      end
    end
  end)

  it("are found among thousands", function()
    local bits = {}
    for i = 1, 5000 do bits["w" .. i] = 1 << i % 60 end
    local map = words.map(bits)
    for i = 1, 5000, 37 do
      assert.equal(bits["w" .. i], words.look("none W" .. i .. " w" .. i .. "x", map))
    end
    assert.same({ { [3] = 1, [4] = 2 }, 5 }, { words.count("w2, w3 w63 w2 w5001", map) })
    assert.is_true(words.only("W1, w2: w5000!", map))
    assert.is_false(words.only("w1 w5001", map))
    assert.equal(0, words.look("w", words.map {}))
  end)

  it("refuse what is no map", function()
    assert.is_false(pcall(words.map, { one = "x" }))
    assert.is_false(pcall(words.map, { 1 }))
    assert.is_false(pcall(words.map, {}, "other"))
    assert.is_false(pcall(words.look, "one", { one = 1 }))
    assert.is_false(pcall(words.look, "one", io.stdout))
    assert.is_false(pcall(words.list))
  end)
end)

describe("lists that are written as one text", function()
  it("are cut at blanks and line breaks into a set", function()
    assert.same({ ["it's"] = true, B = true, ["c|d"] = true }, words.set " it's\n  B c|d\tB\r\n")
    assert.same({}, words.set "")
    assert.same({}, words.set " \n ")
  end)

  it("are cut at signs into pieces without blanks around them", function()
    assert.same({ "cancel it", "= never mind", "a.", "z" }, words.pieces(" cancel it; = never mind ;\n;a.\n\n z", ";\n"))
    assert.same({}, words.pieces(" ; ;", ";"))
    assert.same({ "a\0b" }, words.pieces("a\0b", ";"))
    assert.same({ "a;b" }, words.pieces("a;b", ""))
  end)

  it("counts digits, no more than asked for", function()
    assert.equal(3, words.digits("a1 ٣ 2-3", 10))
    assert.equal(2, words.digits("123", 2))
    assert.equal(0, words.digits("", 5))
    assert.equal(0, words.digits("12", 0))
  end)
end)
