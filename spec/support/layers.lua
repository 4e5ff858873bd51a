-- Which folder may depend on which, and what breaks that: read from the C units after the preprocessor, and from every `require` of
-- the scripts, lazy ones too. ./dev lint prints it (spec/support/layer_lint.lua). There is no list of exceptions.
--
--   layers.c(root, commands)   → { fault, … }   root: the repository; commands: compile_commands.json, decoded
--   layers.lua(root)           → { fault, … }   a fault is a text: file, line, what depends on what by which chain, rule, remedy

local patterns = require "spec.support.patterns"

local M = {}

-- ---- the tables: the highest layer first -------------------------------------------------------------------------------
-- A file may depend on its own folder, on folders of lower rows, and on others of its own row as long as that makes no cycle;
-- in a row that is `apart`, never on others of that row.

M.C = {
  { "cli" },
  { "service" },
  { "bind" },
  { "scripts" },
  { "lua.h" }, -- the headers of Lua, wherever they are: nothing below may reach them
  { "work" },
  { "store", "server", "client", apart = true },
  { "metrics" },
  { "settings" },
  { "base" },
}

-- A name stands for its module and for all modules below it that have no row of their own.
M.LUA = {
  { "rehearsal", "stand_ins", apart = true },
  { "main", "online", "settings", "exports" },
  { "turn", "channels.slack", apart = true }, -- nothing below main knows Slack
  { "channels.calcom" }, -- its news go to customers by WhatsApp
  { "channels.whatsapp" },
  { "channels" },
  { "staff", "person", "ops" },
  { "brain", "records", "owner", "mask" },
  { "host" },
  { "flow" },
  { "language" },
  { "host.words" }, -- pure
}

local LUA_HEADERS = { ["lua.h"] = true, ["luaconf.h"] = true, ["lauxlib.h"] = true, ["lualib.h"] = true }
-- The headers of databases, and the one folder whose files may reach each of them.
local ENGINES = { ["sqlite3.h"] = "store/sqlite", ["libpq-fe.h"] = "store/postgres" }
local AT_ONCE = 4 -- preprocessors
local PRIVATE = { "parts%.h$", "inside%.h$" } -- headers that only their own folder includes

-- ---- graphs ------------------------------------------------------------------------------------------------------------
-- A graph maps each node to its edges in order: {to=, file=, line=}.

local function add(graph, from, to, file, line)
  graph[from] = graph[from] or { to = {} }
  if graph[from].to[to] or from == to then return end
  graph[from].to[to] = true
  table.insert(graph[from], { to = to, file = file, line = line })
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

-- The shortest way from any of `starts` to `goal`: its edges, the first one's start; nil when there is none.
local function way(graph, starts, goal)
  local queue, before = {}, {}
  for _, start in ipairs(starts) do
    for _, edge in ipairs(graph[start] or {}) do
      if not before[edge] then queue[#queue + 1], before[edge] = edge, start end
    end
  end
  local seen, i = {}, 1
  while queue[i] do
    local edge = queue[i]
    if edge.to == goal then
      local edges = {}
      while type(edge) == "table" do
        table.insert(edges, 1, edge)
        edge = before[edge]
      end
      return edges, edge
    end
    if not seen[edge.to] then
      seen[edge.to] = true
      for _, next_edge in ipairs(graph[edge.to] or {}) do
        if not before[next_edge] then queue[#queue + 1], before[next_edge] = next_edge, edge end
      end
    end
    i = i + 1
  end
end

local function chain_text(start, edges)
  local names = { start }
  for _, edge in ipairs(edges) do names[#names + 1] = edge.to end
  return table.concat(names, " → ")
end

local function fault(faults, edge, chain, rule, remedy)
  faults[#faults + 1] = ("%s:%d: %s\n    rule: %s\n    remedy: %s"):format(edge.file, edge.line, chain, rule, remedy)
end

local REMEDY = "move what is needed to a lower layer, or return it to the caller, or call a function that the caller gave."

-- One fault per cycle, which is told by its shortest chain.
local function cycles(graph, kind, faults)
  local told = {}
  for _, node in ipairs(sorted_keys(graph)) do
    local edges = not told[node] and way(graph, { node }, node)
    if edges then
      for _, edge in ipairs(edges) do told[edge.to] = true end
      local places = {}
      for i, edge in ipairs(edges) do places[i] = edge.file .. ":" .. edge.line end
      fault(faults, edges[1], ("%s (%s)"):format(chain_text(node, edges), table.concat(places, ", ")),
        kind .. " must not depend on one another.", REMEDY)
    end
  end
end

-- ---- layers ------------------------------------------------------------------------------------------------------------

local function rows_of(layers)
  local rows = {}
  for height, row in ipairs(layers) do
    for _, name in ipairs(row) do rows[name] = { name = name, height = #layers - height, apart = row.apart } end
  end
  return rows
end

local HOMELESS = "move it into a folder that spec/support/layers.lua names."

-- Why a file of row `from` must not depend on one of row `to`; nil: it may.
local function refusal(from, to)
  local where = to.height > from.height and "is a higher layer"
    or to.height == from.height and to.name ~= from.name and from.apart and "stands beside it"
  return where and ("%s must not depend on %s, which %s."):format(from.name, to.name, where)
end

-- row_of(node) → its row, or nil: a file that is not ours, through which others may be reached. starts: where chains begin.
local function check(graph, row_of, starts, faults)
  local folders = {}
  for _, node in ipairs(sorted_keys(graph)) do
    local from = row_of(node)
    for _, edge in ipairs(from and graph[node] or {}) do
      -- Through files that are not ours to the first one that has a row.
      local reached, seen, i = { { edge } }, {}, 1
      while reached[i] do
        local path = reached[i]
        local last = path[#path]
        local to = row_of(last.to)
        local why = to and refusal(from, to)
        if why then
          local head, start = way(graph, starts, node)
          local chain = chain_text(start or node, head or {}) .. " → " .. chain_text(edge.to, { table.unpack(path, 2) })
          fault(faults, edge, chain, why, REMEDY)
        elseif to then
          add(folders, from.name, to.name, edge.file, edge.line)
        elseif not seen[last.to] then
          seen[last.to] = true
          for _, next_edge in ipairs(graph[last.to] or {}) do reached[#reached + 1] = { next_edge, table.unpack(path) } end
        end
        i = i + 1
      end
    end
  end
  cycles(folders, "folders", faults)
end

-- ---- C -----------------------------------------------------------------------------------------------------------------

-- Only the folder of a database's engine knows the database: nobody else includes its header, or one of the folder that leads there.
local function databases(graph, faults)
  local headers = {}
  for _, edges in pairs(graph) do
    for _, edge in ipairs(edges) do headers[edge.to] = ENGINES[edge.to:match "[^/]*$"] end
  end
  for header, home in pairs(headers) do
    local function inside(node) return node:match "^(.*)/" == home end
    for _, node in ipairs(sorted_keys(graph)) do
      for _, edge in ipairs(node:sub(1, 1) ~= "/" and not inside(node) and graph[node] or {}) do
        local rest = edge.to == header and {} or inside(edge.to) and way(graph, { edge.to }, header)
        if rest then
          fault(faults, edge, node .. " → " .. chain_text(edge.to, rest),
            ("only files of host/%s may reach %s."):format(home, header:match "[^/]*$"), "go through store/store.h.")
        end
      end
    end
  end
end

local function normal(path)
  local count
  path = path:gsub("/%./", "/")
  repeat path, count = path:gsub("/[^/.][^/]*/%.%./", "/") until count == 0
  return path
end

-- Adds the includes of one preprocessed unit: what `cc -E -dI | grep -n '^#'` printed, directives and line markers.
local function read_unit(text, ours, graph, known)
  local file, base, number, asked
  local unresolved = {}
  for at, line in text:gmatch "(%d+):#([^\n]*)" do
    at = tonumber(at)
    local marked, path, flags = line:match '^ (%d+) "([^"]*)"([ %d]*)'
    if marked then
      path = ours(path)
      if flags:find("1", 1, true) and asked then
        known[asked.name] = known[asked.name] or path
        add(graph, asked.file, path, "host/" .. asked.file, asked.line)
        asked = nil
      end
      file, base, number = path, at + 1, tonumber(marked)
    else
      local name = line:match '^%s*include[%w_]*%s*["<]([^">]+)[">]'
      if asked then unresolved[#unresolved + 1] = asked end
      asked = name and { name = name, file = file, line = number + at - base }
    end
  end
  if asked then unresolved[#unresolved + 1] = asked end
  return unresolved
end

-- Files below host/ are named from there ("base/buf.h"), others by their whole path.
local function c_graph(root, commands)
  local host = normal(root .. "/host/")
  local function ours(path)
    path = normal(path)
    return path:sub(1, #host) == host and path:sub(#host + 1) or path
  end
  local graph, units, known, unresolved, preprocess, pipes = {}, {}, {}, {}, {}, {}
  for _, one in ipairs(commands) do
    local unit = ours(one.file)
    if unit ~= normal(one.file) then
      units[#units + 1] = unit
      local command = one.command:gsub(" %-o %S+", ""):gsub(" %-c ", " -E -dI ")
      preprocess[#preprocess + 1] = ("cd '%s' && %s 2>&1 | grep -nE '^#|error:'"):format(one.directory, command)
    end
  end
  table.sort(units)
  for i = 1, #preprocess do
    for ahead = #pipes + 1, math.min(i + AT_ONCE - 1, #preprocess) do pipes[ahead] = assert(io.popen(preprocess[ahead])) end
    local text = pipes[i]:read "a"
    pipes[i]:close()
    if text:find("error:", 1, true) then error(text:match "[^\n]*error:[^\n]*", 0) end
    for _, asked in ipairs(read_unit(text, ours, graph, known)) do unresolved[#unresolved + 1] = asked end
  end
  -- What was already read in its unit, or is read only once, leaves no marker: it is found by its name.
  for _, asked in ipairs(unresolved) do
    local beside = asked.file:gsub("[^/]*$", "") .. asked.name
    local to = graph[asked.name] and asked.name or graph[beside] and beside or known[asked.name]
    if to then add(graph, asked.file, to, "host/" .. asked.file, asked.line) end
  end
  return graph, units
end

local function is_private(file)
  for _, pattern in ipairs(PRIVATE) do
    if file:find(pattern) then return true end
  end
  return false
end

-- a.c and a.h are one unit. What a private header includes is included by whoever includes that header.
local function unit_graph(graph)
  local whole = {}
  local function follow(unit, node, seen)
    for _, edge in ipairs(graph[node] or {}) do
      local private = is_private(edge.to)
      if edge.to:sub(1, 1) ~= "/" and not private then
        add(whole, unit, (edge.to:gsub("%.[ch]$", "")), edge.file, edge.line)
      elseif private and not seen[edge.to] then
        seen[edge.to] = true
        follow(unit, edge.to, seen)
      end
    end
  end
  for _, node in ipairs(sorted_keys(graph)) do
    if node:sub(1, 1) ~= "/" and not is_private(node) then follow(node:gsub("%.[ch]$", ""), node, {}) end
  end
  return whole
end

---@return string[] faults
function M.c(root, commands)
  local graph, units = c_graph(root, commands)
  local rows, faults = rows_of(M.C), {}
  local function row_of(node)
    if node:sub(1, 1) == "/" then return LUA_HEADERS[node:match "[^/]*$"] and rows["lua.h"] or nil end
    return rows[node:match "^[^/]+"]
  end
  for _, node in ipairs(sorted_keys(graph)) do
    if node:sub(1, 1) ~= "/" then
      local folder = node:match "^(.*)/" or ""
      if not row_of(node) then
        fault(faults, { file = "host/" .. node, line = 1 }, node, "every file belongs to a layer.", HOMELESS)
      end
      for _, edge in ipairs(graph[node]) do
        if edge.to:sub(1, 1) ~= "/" and is_private(edge.to) and edge.to:match "^(.*)/" ~= folder then
          fault(faults, edge, node .. " → " .. edge.to, "only its own folder may include a parts.h or an inside.h.",
            "declare what is needed in a header that other folders may include.")
        end
      end
    end
  end
  check(graph, row_of, units, faults)
  local own = {}
  for node, edges in pairs(graph) do
    if node:sub(1, 1) ~= "/" then own[node] = edges end
  end
  databases(graph, faults)
  cycles(own, "files", faults)
  cycles(unit_graph(graph), "units", faults)
  return faults
end

-- ---- Lua ---------------------------------------------------------------------------------------------------------------

-- Each require of a source: {name=, line=}; without a name where the name is computed.
local function requires(source)
  local found, at, line = {}, 1, 1
  while true do
    local from, stop, text = patterns.next_string(source, at)
    local code = source:sub(at, (from or #source + 1) - 1)
    code = code:gsub("%-%-%[(=*)%[.-%]%1%]", function(_) return "" end):gsub("%-%-[^\n]*", "")
    local _, count = code:gsub("%f[%w_]require%f[^%w_]", "")
    line = line + select(2, source:sub(at, (from or #source + 1) - 1):gsub("\n", ""))
    local literal = from and code:find("%f[%w_]require%s*%(?%s*$") and not source:find("^%s*%.%.", stop + 1)
    if literal then found[#found + 1] = { name = text, line = line } end
    if count > (literal and 1 or 0) then found[#found + 1] = { line = line } end
    if not from then return found end
    line = line + select(2, source:sub(from, stop):gsub("\n", ""))
    at = stop + 1
  end
end

-- All texts of a source that name a module. A file that computes a name is taken to require each of them.
local function named_modules(source, modules)
  local names, at = {}, 1
  while true do
    local from, stop, text = patterns.next_string(source, at)
    if not from then return names end
    if modules[text] then names[#names + 1] = text end
    at = stop + 1
  end
end

---@return string[] faults
function M.lua(root)
  local modules, graph, faults = {}, {}, {}
  local pipe = assert(io.popen(("cd '%s/scripts' && find . -name '*.lua'"):format(root)))
  for path in pipe:lines() do modules[path:sub(3, -5):gsub("/", ".")] = "scripts/" .. path:sub(3) end
  pipe:close()
  for _, module in ipairs(sorted_keys(modules)) do
    local path = modules[module]
    local file = assert(io.open(root .. "/" .. path))
    local source = file:read "a"
    file:close()
    graph[module] = graph[module] or { to = {} }
    for _, one in ipairs(requires(source)) do
      local names = one.name and { one.name } or named_modules(source, modules)
      for _, name in ipairs(names) do add(graph, module, name, path, one.line) end
      if #names == 0 then
        fault(faults, { file = path, line = one.line }, module .. " → ?", "the name of a required module stands in the source.",
          "write the name as a text.")
      end
    end
  end
  local rows = rows_of(M.LUA)
  local function row_of(module)
    while module do
      if rows[module] then return rows[module] end
      module = module:match "^(.*)%.[^.]*$"
    end
  end
  for module, path in pairs(modules) do
    if not row_of(module) then
      fault(faults, { file = path, line = 1 }, module, "every module belongs to a layer.", HOMELESS)
    end
  end
  check(graph, row_of, {}, faults)
  cycles(graph, "modules", faults)
  return faults
end

return M
