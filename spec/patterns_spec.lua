local patterns = require "spec.support.patterns"
local shell = require "spec.support.shell"

-- Seconds of CPU that a pattern takes for a text of n such pieces between two ends.
local function cost(pattern, head, piece, tail, n)
  local text, begun = head .. piece:rep(n) .. tail, os.clock()
  string.find(text, pattern)
  return os.clock() - begun
end

describe("patterns over what somebody else wrote", function()
  it("are found in no script when they can walk a text again and again", function()
    local found = {}
    for path in io.popen("find " .. shell.quote(shell.root .. "/scripts") .. " -name '*.lua'"):lines() do
      local file = assert(io.open(path))
      for _, one in ipairs(patterns.in_source(file:read "a")) do
        found[#found + 1] = ("%s:%d: %s: %s"):format(path, one.line, one.pattern, one.problem)
      end
      file:close()
    end
    assert.equal("", table.concat(found, "\n"))
  end)

  it("are named with their line, in a call, in a table, in long brackets and with an escape", function()
    local source = [==[
      local a = s:gsub("%s+$", "") -- "[x]+$" in a comment is none
      local LEADS = { "^fine", "^(.-)%s*$" }
      local b = string.match(s, [[([^&=]+)=]])
      local c = s:find("[ \t]*\n", 1, true) or s:find('[\'"]+$')
    ]==]
    local lines = {}
    for _, one in ipairs(patterns.in_source(source)) do lines[#lines + 1] = one.line .. " " .. one.pattern end
    assert.same({ "1 %s+$", "2 ^(.-)%s*$", "3 ([^&=]+)=", "4 ['\"]+$" }, lines)
  end)

  it("are told apart: those that are named take the square of a text's length, those that are not take its length", function()
    local long = 20000
    for _, case in ipairs { { "%s+$", "a", " ", "b" }, { "[^=]+=", "", "a", "" }, { "^(.-)%s*$", "a", " ", "b" }, { "[,;]?[ \t]*\n", "a", " ", "b" },
      { "'+$", "a", "'", "b" }, { "^%s*(.-)%s*$", "", " ", "" }, { "%w[%w-]*%.", "", "a", "" }, { "%b()", "", "(", "" } } do
      assert.is_string(patterns.problem(case[1]), case[1])
    end
    for _, case in ipairs { { "^%s+", "", " ", "" }, { "[ \t]+", "", " ", "b" }, { "<(%a[%w+.-]*://[^<>%s]+)>", "", "<a", "" }, { "^.*%S", "a", " ", "" },
      { "%[([^%[%]]*)%]%(", "", "[a", "" }, { "\n\n\n+", "", "\n", "" }, { "^%s*[-*_][-*_ ]+$", "", " ", "x" } } do
      assert.is_nil(patterns.problem(case[1]), case[1])
      assert.is_true(cost(case[1], case[2], case[3], case[4], long) < 0.05, case[1])
    end
  end)
end)

describe("utf8.len of a text alone", function()
  it("gives what it gives with a first place too: the characters, or nil and the first bad byte", function()
    for _, bytes in ipairs { "", "a", "é", "\xff", "\xc3", "\0", "漢", "\xed\xa0\x80" } do
      for before = 0, 17 do
        for after = 0, 9 do
          local s = ("x"):rep(before) .. bytes .. ("y"):rep(after)
          assert.same({ utf8.len(s, 1) }, { utf8.len(s) }, s)
        end
      end
    end
    assert.same({ utf8.len(416) }, { utf8.len("416") })
    assert.is_false(pcall(utf8.len))
  end)
end)
