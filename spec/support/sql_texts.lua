-- Every SQL text that scripts/ give to host.db, found in the source: each call of db.one, db.all and db.run, whether a spec reaches it or not.
--
--   sql_texts.all() → texts, unseen      texts: {{place = "scripts/records/cases.lua:22", sql = …}, …}; unseen: places and words for calls
--                                        whose text is not known
--
-- The first argument is evaluated as Lua: literals, what is joined and formatted, locals of the function that are set before the call, and
-- those of the file with the value that the loaded module has. What only a run knows (the names that a loop puts in) is declared in
-- VARIANTS. A use of db that the search does not understand is unseen, so that no text is missed in silence.

local shell = require "spec.support.shell"

local M = {}

-- By file and variable: an expression of the file that gives a list of all its values, or a list.
local VARIANTS = {
  ["records/costs.lua"] = { category = "{ 'free', table.unpack(M.CATEGORIES) }" },
  ["records/expiry.lua"] = { name = { "offers", "audit", "stages", "slack_posts" } },
  ["records/merge.lua"] = { name = "MOVED", names = "{ NEWEST, GREATEST, PAUSE }" },
  ["stand_ins/page.lua"] = { name = "TABLES" },
}

local FUNCTIONS = { one = true, all = true, run = true }
-- Uses of db without SQL.
local OTHERS = { transaction = true, durable = true, backups = true, restored = true, scrub = true, holds = true }
local STATEMENT = { ["local"] = true, ["return"] = true, ["end"] = true, ["if"] = true, ["for"] = true, ["while"] = true, ["then"] = true,
  ["do"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true, ["repeat"] = true, ["break"] = true }

-- Tokens without comments: {from, to, kind ("name", "text" or the sign itself), word, line}.
local function tokens_of(source)
  local list, at, line = {}, 1, 1
  local function add(to, kind)
    list[#list + 1] = { from = at, to = to, kind = kind, word = source:sub(at, to), line = line }
    for _ in source:sub(at, to):gmatch "\n" do line = line + 1 end
    at = to + 1
  end
  local function long(from)
    local level = source:match("^%[(=*)%[", from)
    return level and select(2, source:find("]" .. level .. "]", from, true))
  end
  while at <= #source do
    local sign = source:sub(at, at)
    local _, name = source:find("^[%a_][%w_]*", at)
    if source:find("^%-%-", at) then
      local to = long(at + 2) or (source:find("\n", at, true) or #source + 1) - 1
      for _ in source:sub(at, to):gmatch "\n" do line = line + 1 end
      at = to + 1
    elseif sign:find "%s" then
      if sign == "\n" then line = line + 1 end
      at = at + 1
    elseif name then
      add(name, "name")
    elseif long(at) then
      add(long(at), "text")
    elseif sign == '"' or sign == "'" then
      local to = at + 1
      while source:sub(to, to) ~= sign do to = to + (source:sub(to, to) == "\\" and 2 or 1) end
      add(to, "text")
    else
      add(at, sign)
    end
  end
  return list
end

local OPENS, CLOSES = { ["("] = true, ["{"] = true, ["["] = true }, { [")"] = true, ["}"] = true, ["]"] = true }

-- The token that ends the first argument, which begins at tokens[i].
local function argument_end(tokens, i)
  local depth = 0
  for k = i, #tokens do
    local kind = tokens[k].kind
    if depth == 0 and (kind == "," or kind == ")") then return k - 1 end
    depth = depth + (OPENS[kind] and 1 or CLOSES[kind] and -1 or 0)
  end
end

-- The longest expression that begins at tokens[i].
local function expression_at(source, tokens, i)
  local found, depth
  depth = 0
  for k = i, math.min(#tokens, i + 300) do
    local token = tokens[k]
    if depth == 0 and token.kind == "name" and STATEMENT[token.word] then break end
    depth = depth + (OPENS[token.kind] and 1 or CLOSES[token.kind] and -1 or 0)
    local text = source:sub(tokens[i].from, token.to)
    if load("return " .. text) then found = text end
  end
  return found
end

-- A value that functions of the loaded module hold under this name.
local function held(name, value, seen)
  if seen[value] then return nil end
  seen[value] = true
  if type(value) == "table" then
    for _, one in next, value do
      local found = (type(one) == "function" or type(one) == "table") and held(name, one, seen)
      if found then return found end
    end
  elseif type(value) == "function" then
    for i = 1, 255 do
      local upvalue, one = debug.getupvalue(value, i)
      if not upvalue then break end
      if upvalue == name then return one end
      local found = type(one) == "function" and held(name, one, seen)
      if found then return found end
    end
  end
end

local File = {}
File.__index = File

-- Does tokens[k] declare a name? "one": by a local of its own with a value; "more": beside others, without a value, by a loop or as a
-- parameter. Of a local also where it stands.
local function declares(t, k)
  local first = k
  while t[first - 1].kind == "," and t[first - 2].kind == "name" do first = first - 2 end
  local word, before = t[first - 1].word, t[first - 2]
  if word == "local" then return first == k and t[k + 1].kind == "=" and "one" or "more", t[first - 1].from end
  if word == "for" then return "more" end
  if word ~= "(" or not before then return end
  for b = first - 2, math.max(1, first - 6), -1 do
    if t[b].word == "function" then return "more" end
    if t[b].kind ~= "name" and t[b].kind ~= "." and t[b].kind ~= ":" then return end
  end
end

-- What the name stands for at tokens[at]: the nearest local before it.
function File:value(name, at)
  local t = self.tokens
  for k = at - 1, 3, -1 do
    local how, from
    if t[k].word == name then how, from = declares(t, k) end
    if how then
      local file_wide = from and self.source:find("^\n?local", math.max(1, from - 1))
      local loaded, module = pcall(require, (self.name:gsub("%.lua$", ""):gsub("/", ".")))
      local value = file_wide and loaded and held(name, module, {}) -- what it is once the file has run
      if value or how == "more" then return value end
      return self:evaluate(expression_at(self.source, t, k + 2) or "nil", k)
    end
  end
end

local PLAIN = { string = string, table = table, ipairs = ipairs, pairs = pairs, require = require, math = math, tostring = tostring }

function File:evaluate(text, at, given)
  local env = setmetatable({}, { __index = function(_, name)
    if given and given[name] ~= nil then return given[name] end
    local value = PLAIN[name]
    if value == nil then value = self:value(name, at) end
    if value == nil then error(("'%s' is not known"):format(name), 0) end
    return value
  end })
  return assert(load("return " .. text, "=" .. self.name, "t", env))()
end

-- The names in an expression, those inside its texts left out.
local function names_of(text)
  local names = {}
  for _, token in ipairs(tokens_of(text)) do names[token.kind == "name" and token.word or ""] = true end
  return names
end

-- All texts that this expression can give.
function File:texts(text, at)
  local lists = { {} }
  for name, values in pairs(VARIANTS[self.name] or {}) do
    if names_of(text)[name] then
      local longer = {}
      for _, value in ipairs(type(values) == "string" and self:evaluate(values, #self.tokens) or values) do
        for _, given in ipairs(lists) do
          local one = { [name] = value }
          for k, v in pairs(given) do one[k] = v end
          longer[#longer + 1] = one
        end
      end
      lists = longer
    end
  end
  local texts = {}
  for _, given in ipairs(lists) do
    local sql = self:evaluate(text, at, given)
    if type(sql) ~= "string" then error("it is no text", 0) end
    texts[#texts + 1] = sql
  end
  return texts
end

function File:each(found, unseen)
  local t = self.tokens
  for i = 1, #t do
    local where = ("scripts/%s:%d"):format(self.name, t[i].line)
    local dot, word, after = t[i + 1], t[i + 2], t[i + 3]
    if t[i].word ~= "db" or (t[i - 1] and (t[i - 1].kind == "." or t[i - 1].word == "local")) then goto next end
    if not (dot and dot.kind == "." and after and (FUNCTIONS[word.word] or OTHERS[word.word])) then
      unseen[#unseen + 1] = where .. ": this use of db is not known to the search"
    elseif FUNCTIONS[word.word] then
      local first = after.kind == "(" and i + 4 or i + 3
      local last = after.kind == "(" and argument_end(t, first) or first
      local text = self.source:sub(t[first].from, t[last].to)
      if after.kind ~= "(" and after.kind ~= "text" then
        unseen[#unseen + 1] = where .. ": db." .. word.word .. " is not called"
      else
        local ok, texts = pcall(self.texts, self, text, i)
        if not ok then unseen[#unseen + 1] = ("%s: %s (in: %s)"):format(where, texts, text) end
        for _, sql in ipairs(ok and texts or {}) do found[#found + 1] = { place = where, sql = sql } end
      end
    end
    ::next::
  end
end

---@return {place: string, sql: string}[]
---@return string[]
function M.all()
  local found, unseen = {}, {}
  local _, names = shell.run("cd " .. shell.quote(shell.root .. "/scripts") .. " && find . -name '*.lua' | sort")
  for name in names:gmatch "%./(%S+)" do
    local source = shell.read(shell.root .. "/scripts/" .. name)
    if source:find("host.db", 1, true) then
      setmetatable({ name = name, source = source, tokens = tokens_of(source) }, File):each(found, unseen)
    end
  end
  return found, unseen
end

return M
