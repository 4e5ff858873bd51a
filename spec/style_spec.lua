-- The rules of CONTRIBUTING that a text alone can break.

local patterns = require "spec.support.patterns"
local shell = require "spec.support.shell"

local MOST_CONDITIONS = 3

-- Each file of the repository whose path begins with one of these and has one of these endings: path, text.
local function files(folders, ...)
  local names = {}
  for i, ending in ipairs { ... } do names[i] = "-name '*." .. ending .. "'" end
  local _, list = shell.run(("cd %s && find %s -type f \\( %s \\) | sort"):format(shell.root, folders, table.concat(names, " -o ")))
  local next_path = list:gmatch "[^\n]+"
  return function()
    local path = next_path()
    return path, path and shell.read(shell.root .. "/" .. path)
  end
end

local function line_of(text, at) return 1 + select(2, text:sub(1, at - 1):gsub("\n", "")) end

describe("the sources", function()
  it("have no CHECK of more than three conditions, because a failing one must say what failed", function()
    local found = {}
    for path, text in files("spec fuzz", "c", "h") do
      for at, check in text:gmatch "()%f[%w_]CHECK(%b())" do
        local count = 1 + select(2, check:gsub("&&", ""))
        if count > MOST_CONDITIONS then found[#found + 1] = ("%s:%d: a CHECK of %d conditions; make it several"):format(path, line_of(text, at), count) end
      end
    end
    assert.same({}, found)
  end)

  it("of the specs name only folders of their own in /tmp, because several of them can run at once", function()
    local found = {}
    for path, text in files("spec fuzz", "c", "h", "lua") do
      for at in text:gmatch "()/tmp/[%w_-]+%*" do found[#found + 1] = path .. ":" .. line_of(text, at) end
    end
    assert.same({}, found)
  end)

  it("say \"must not\" or \"cannot\", because \"may not\" means both", function()
    local found = {}
    for path, text in files("host scripts docs prompts README.md SECURITY.md", "c", "h", "lua", "md", "yaml") do
      for at in text:gmatch "()%f[%a]may%s+not%f[%A]" do found[#found + 1] = path .. ":" .. line_of(text, at) end
    end
    assert.same({}, found)
  end)

  it("of the scripts have no function and no value of a module that nothing uses", function()
    local uses, made, found = {}, {}, {}
    for path, text in files("scripts", "lua") do
      local code, at = {}, 1
      while at <= #text do -- without comments; what stands in a text can be a name too
        local from, stop = patterns.next_string(text, at)
        code[#code + 1] = text:sub(at, (from or #text + 1) - 1):gsub("%-%-%[(=*)%[.-%]%1%]", ""):gsub("%-%-[^\n]*", "")
        code[#code + 1] = from and text:sub(from, stop) or ""
        at = (stop or #text) + 1
      end
      code = table.concat(code)
      for word in code:gmatch "[%a_][%w_]*" do uses[word] = (uses[word] or 0) + 1 end
      for name in ("\n" .. code):gmatch "\nfunction M[.:]([%w_]+)" do made[name] = path end
      for name in ("\n" .. code):gmatch "\nM%.([%w_]+)[^\n]-=" do made[name] = path end
    end
    for name, path in pairs(made) do
      if uses[name] < 2 then found[#found + 1] = ("%s: M.%s is used nowhere; delete it"):format(path, name) end
    end
    assert.same({}, found)
  end)
end)
