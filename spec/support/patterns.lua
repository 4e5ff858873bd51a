-- Finds Lua patterns that can walk a text again and again: n * n steps (or worse) for a text of n bytes that somebody else
-- chose. It reads the pattern and does not run it. ./dev lint checks all of scripts/ with it.
--
--   patterns.problem("%s+$")        → a sentence, or nil
--   patterns.in_source(lua_text)    → {{line=, pattern=, problem=}, …}

local M = {}

-- The bytes that one item of a pattern ("%s", "[^,]", "x", ".") stands for.
local sets = {}

local function set_of(item)
  if sets[item] then return sets[item] end
  local set = {}
  for byte = 0, 255 do set[byte] = string.char(byte):find("^" .. item .. "$") ~= nil end
  sets[item] = set
  return set
end

local function meet(one, other)
  for byte = 0, 255 do
    if one.set[byte] and other.set[byte] then return true end
  end
  return false
end

-- The item that begins at i: its text and the place after it. nil: nothing that takes a byte.
local function item_at(pattern, i)
  local char = pattern:sub(i, i)
  if char == "(" or char == ")" then return nil, i + 1 end
  if char == "%" then
    local kind = pattern:sub(i + 1, i + 1)
    if kind == "b" then return "%b", i + 4 end
    if kind == "f" then
      local _, after = item_at(pattern, i + 2)
      return nil, after
    end
    if kind:find("%d") then return ".", i + 2 end
    return pattern:sub(i, i + 1), i + 2
  end
  if char == "[" then
    local stop = i + 1
    if pattern:sub(stop, stop) == "^" then stop = stop + 1 end
    repeat
      if pattern:sub(stop, stop) == "%" then stop = stop + 1 end
      stop = stop + 1
    until pattern:sub(stop, stop) == "]" or stop > #pattern
    return pattern:sub(i, stop), stop + 1
  end
  return char == "." and "." or "%" .. char:gsub("%w", ""), i + 1
end

local function parse(pattern)
  local items, i = {}, 1
  local anchored = pattern:sub(1, 1) == "^"
  if anchored then i = 2 end
  local last = #pattern
  local ends = pattern:sub(-1) == "$" and pattern:sub(-2, -2) ~= "%"
  if ends then last = last - 1 end
  while i <= last do
    local char = pattern:sub(i, i)
    local text, after = item_at(pattern, i)
    if text == "%" then text = char end -- a letter or a digit stands for itself
    if text then
      local mark = after <= last and pattern:sub(after, after):match("[+*?-]") or ""
      items[#items + 1] = { set = text == "%b" and set_of(".") or set_of(text), balance = text == "%b", mark = mark,
        unbounded = mark == "+" or mark == "*" or mark == "-", must = mark == "" or mark == "+" }
      after = after + #mark
    end
    i = after
  end
  local final = items[#items]
  if ends and final and final.mark == "*" and not final.must then -- ".*$" takes whatever there is
    local all = true
    for byte = 0, 255 do all = all and final.set[byte] end
    ends = not all
  end
  return items, anchored, ends
end

-- Can what stands after item i fail, so that i is tried with less?
local function may_fail_after(items, i, ends)
  for j = i + 1, #items do
    if items[j].must then return true end
  end
  return ends
end

-- Does a byte stand between that cannot be part of one of the two, so that there is one place only where they meet?
local function parted(items, i, j)
  for k = i + 1, j - 1 do
    if items[k].must and not (meet(items[k], items[i]) and meet(items[k], items[j])) then return true end
  end
  return false
end

---@param pattern string
---@return string? problem
function M.problem(pattern)
  local good, items, anchored, ends = pcall(parse, pattern)
  if not good then return nil end -- it is no pattern
  for j, item in ipairs(items) do
    if item.balance then return "%b walks to the end from every opening sign" end
    if item.unbounded and may_fail_after(items, j, ends) then
      local begun = anchored
      for i = 1, j - 1 do
        local before = items[i]
        begun = begun or before.must and not meet(before, item)
        if before.unbounded and meet(before, item) and not parted(items, i, j) then
          return "two parts of it can share a run, and what follows can fail"
        end
      end
      if not begun then return "it begins anew at every byte of a run" end
    end
  end
  return nil
end

-- ---- in a source -----------------------------------------------------------------------------------------------------

local ESCAPES = { n = "\n", t = "\t", r = "\r", a = "\a", b = "\b", f = "\f", v = "\v", ["\n"] = "\n" }

local function unescaped(text)
  text = text:gsub("\\z%s*", "")
  text = text:gsub("\\u{(%x+)}", function(hex) return utf8.char(tonumber(hex, 16)) end)
  text = text:gsub("\\x(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  text = text:gsub("\\(%d%d?%d?)", function(code) return string.char(tonumber(code)) end)
  return (text:gsub("\\(.)", function(char) return ESCAPES[char] or char end))
end

-- The next string of a source from `at` on, comments left out: where it begins, where it ends, what it says.
function M.next_string(source, at)
  while true do
    local from = source:find("[-\"'%[]", at)
    if not from then return nil end
    local char = source:sub(from, from)
    local comment = source:sub(from, from + 1) == "--"
    local level = source:match("^%[(=*)%[", comment and from + 2 or from)
    if level then
      local stop = select(2, source:find("]" .. level .. "]", from, true)) or #source
      if not comment then return from, stop, source:sub(from + #level + 2, stop - #level - 2) end
      at = stop + 1
    elseif comment then
      at = (source:find("\n", from, true) or #source) + 1
    elseif char == '"' or char == "'" then
      local stop = from + 1
      while source:sub(stop, stop) ~= char and stop <= #source do
        stop = stop + (source:sub(stop, stop) == "\\" and 2 or 1)
      end
      return from, stop, unescaped(source:sub(from + 1, stop - 1))
    else
      at = from + 1
    end
  end
end

-- Is the string a pattern? What is given to one of the four functions is, unless it is to be found as it stands; so is any other that
-- looks like one: patterns are kept in tables and names too.
local function is_pattern(source, from, stop, text)
  local before, after = source:sub(math.max(1, from - 120), from - 1), source:sub(stop + 1, stop + 60)
  if before:find("[:.]find%s*%($") or before:find("[:.]match%s*%($") or before:find("[:.]gmatch%s*%($") or before:find("[:.]gsub%s*%($") then
    return not after:find("^%s*,[^,\n]*,%s*true")
  end
  if before:find("gsub%([^()]*,%s*$") then return false end -- what takes the place
  if after:find("^%)?:format") or before:find("format%($") then return false end
  return text:find("[%]%a.)][+*]") ~= nil and (text:find("%%[acdglpsuwxACDGLPSUWX][+*-]") or text:find("%][+*-]") or text:find("%.[*+-]%$?$")) ~= nil
    or text:find("%(%.%-%)") ~= nil or text:find("^[^%w]*%][+*]%$$") ~= nil
end

---@param source string
---@return {line: integer, pattern: string, problem: string}[]
function M.in_source(source)
  local found, at, line, counted = {}, 1, 1, 1
  while true do
    local from, stop, text = M.next_string(source, at)
    if not from then return found end
    local problem = is_pattern(source, from, stop, text) and M.problem(text)
    if problem then
      line = line + select(2, source:sub(counted, from - 1):gsub("\n", ""))
      counted = from
      found[#found + 1] = { line = line, pattern = text, problem = problem }
    end
    at = stop + 1
  end
end

return M
