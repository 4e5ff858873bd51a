-- assistant run spec/support/fault_lint.lua FILE…: one line for each place where fault codes and docs/faults.md disagree.
-- A spec carries a code at the head of its sentence ("A1 A12: …") or in parentheses ("(B12)"). Comments name codes freely.
-- Letters past I are ids of examples (T20, W10), not fault codes.

local PAGE = "docs/faults.md"

local function lines_of(path)
  local file = io.open(path)
  local text = file and file:read "a" or ""
  if file then file:close() end
  return text:gmatch "([^\n]*)\n?"
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- The codes of the sentences in a line.
local function carried(line)
  local codes = {}
  for head in line:gmatch "%f[%w_]([A-Z]%d[A-Z%d, ]*):%f[%s]" do
    for code in head:gmatch "%f[%w]([A-I]%d%d?)%f[%W]" do codes[#codes + 1] = code end
  end
  for code in line:gmatch "%(([A-I]%d%d?)%)" do codes[#codes + 1] = code end
  return codes
end

local COMMENT = { lua = "%-%-(.*)$", c = "/[*/](.*)$", sh = "#(.*)$" }

-- Those and the codes in its comment. "M3.2.0" is none.
local function named(line, kind)
  local codes = carried(line)
  local comment = line:match(COMMENT[kind]) or kind == "c" and line:match "^%s*%* (.*)$" or ""
  for code, rest in comment:gmatch "%f[%w_]([A-I]%d%d?)%f[^%w_](.?.?)" do
    if not rest:find "^%.%d" then codes[#codes + 1] = code end
  end
  return codes
end

local function complain(path, number, problem, ...) print(("%s:%d: " .. problem):format(path, number, ...)) end

-- code → true, for the rows that name a spec.
local function rows()
  local known, number = {}, 0
  for line in lines_of(PAGE) do
    number = number + 1
    if line:find "^## Not shown" then break end
    local code, shown = line:match "^| (%u%d%d?) |.*| ([^|]*) |$"
    if code then
      if known[code] then complain(PAGE, number, "%s has two rows; make one of them", code) end
      known[code] = true
      if not shown:find "`" then complain(PAGE, number, "%s names no spec; name the file that carries it, in `quotes`", code) end
      for path in shown:gmatch "`([^`]+)`" do
        local found = false
        for each in lines_of(path) do
          for _, one in ipairs(carried(each)) do found = found or one == code end
        end
        if not exists(path) then
          complain(PAGE, number, "%s names %s, which does not exist; name the spec that carries it", code, path)
        elseif not found then
          complain(PAGE, number, "%s names %s, where no sentence carries it; put it before the sentence, or name another file", code, path)
        end
      end
    end
  end
  return known
end

local known = rows()
for _, path in ipairs(arg) do
  local number = 0
  local kind = path:match "%.lua$" and "lua" or path:match "%.[ch]$" and "c" or "sh"
  for line in lines_of(path) do
    number = number + 1
    local told = {}
    for _, code in ipairs(named(line, kind)) do
      if not known[code] and not told[code] then
        told[code] = true
        complain(path, number, "%s has no row in %s that names a spec; add the row, or correct the code", code, PAGE)
      end
    end
  end
end
