-- Scripts that never return, or use all memory (G5): each is stopped at its line, and the process with all other
-- work continues.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

-- What a mistake, or somebody who tries, may write; each is a function's body. These would run for ever, and are stopped:
local runs = {
  -- loops
  plain = "while true do end",
  ["repeat"] = "repeat local x = 1 until false",
  numeric = "for i = 1, math.huge do end",
  ["goto"] = "::a:: goto a",
  iterator = "for _ in function() return 1 end do end",
  pcalled = "while true do pcall(function() while true do end end) end",
  pcall_error = "while true do pcall(error) end",
  nested = "local function f() return pcall(f) end while true do f() end",
  recursion = "local function f() return f() end f()",
  deep = "local function f() f() f() end f()",
  index_chain = "local t = {} for i = 1, 1e6 do t = setmetatable({}, { __index = t }) end return t.x",
  tostring = "return tostring(setmetatable({}, { __tostring = function() while true do end end }))",
  close = "local x <close> = setmetatable({}, { __close = function() while true do end end })",
  close_pcall = "pcall(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error 'x' end)",
  next = "local t = {} for i = 1, 1e5 do t[i] = i end while true do local k = next(t) if k then t[k] = nil end end",
  spawn = "for i = 1, 1e7 do require('host.task').spawn(function() end) end",
  -- patterns
  find = "local s = ('a'):rep(40) s:find(('.-'):rep(20) .. 'b')",
  find_maybe = "local s = ('a'):rep(30) s:find(('a?'):rep(30) .. ('a'):rep(30))",
  find_long = "return (('x'):rep(1 << 20)):find('.-.-y')",
  find_pcall = "local s = ('a'):rep(5000) while true do pcall(string.find, s, '.-.-.-b') end",
  match_blanks = "return ((' '):rep(200000) .. 'x'):match('^(.-)%s*$')",
  match_capture = "return (('a'):rep(1 << 20)):match('((a*)*)b')",
  match_back = "return (('a'):rep(1 << 20)):match('(a*)%1%1b')",
  match_frontier = "return (('a'):rep(1 << 20)):match('.-%f[b].-%f[b]')",
  match_balanced = "return (('('):rep(1 << 20)):match('%b()')",
  match_set = "return (('a'):rep(1 << 20)):match('[^' .. ('b'):rep(1 << 16) .. ']*c')",
  match_small = "while true do local x = ('ab'):match('b') end",
  gsub = "while true do (('a'):rep(1000)):gsub('a', function() return 'b' end) end",
  gsub_pattern = "return (('a'):rep(30000)):gsub('a-b', '')",
  gsub_inside = "return (('a'):rep(1000)):gsub('a', function() return (('a'):rep(1000)):gsub('.-.-b', '') end)",
  gsub_pcall = "return (('a'):rep(1e6)):gsub('a', function() pcall(string.find, ('a'):rep(1000), '.-.-.-b') end)",
  gsub_text = "return (('a'):rep(1e6)):gsub('()', ('%%1'):rep(1e6))",
  gmatch = "while true do for _ in ('aaa'):gmatch('a*') do end end",
  gmatch_pattern = "for _ in (('a'):rep(1e6)):gmatch('a-b') do end",
  gmatch_pcall = "local g = (('a'):rep(1e6)):gmatch('a-b') while true do pcall(g) end",
  find_text = "local s = ('a'):rep(1 << 20) while true do s:find(('a'):rep(1 << 19) .. 'b', 1, true) end",
  -- counts
  rep_many = "while true do local s = ('x'):rep(1 << 20) end",
  rep_pcall = "while true do pcall(string.rep, 'x', 16 << 20) end",
  move_pcall = "while true do pcall(table.move, {}, 1, 1e6, 2) end",
  concat_nothing = "return table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 62)",
  unpack_pcall = "while true do pcall(table.unpack, {}, 1, 900000) end",
  sort = "local t = {} for i = 1, 1e5 do t[i] = i end table.sort(t, function() while true do end end)",
  sort_wrong = "local t = {} for i = 1, 3e5 do t[i] = i % 7 end while true do pcall(table.sort, t, function(a, b) return true end) end",
  sort_long = "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1 << 20) .. i % 2 if i > 9 then t[i] = t[i % 9 + 1] end end table.sort(t)",
  format_many = "while true do local s = ('%99d'):format(1) end",
  utf8 = "while true do utf8.char(0x7FFFFFFF) end",
  codes = "for _ in utf8.codes(('é'):rep(1e6)) do end while true do end",
  bytes = "return (('x'):rep(16 << 20)):byte(1, -1)",
  number = "while true do local n = tonumber(('9'):rep(1 << 20)) end",
  -- memory
  double = "local s = 'x' while true do s = s .. s end",
  grow = "local t = {} while true do t[#t + 1] = { #t } end",
  json_deep = "local t = {} for i = 1, 1e6 do t = { t } end require('host.json').encode(t)",
  json_wide = "local t = {} for i = 1, 3e6 do t[i] = i end require('host.json').encode(t)",
  -- the host's own
  query_all = "require('host.db').all('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c')",
  query_run = "require('host.db').run('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c')",
  query_count = "require('host.db').one('WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c')",
  db = "while true do require('host.db').one('SELECT 1') end",
}

-- These end at once, with an error or without harm:
local ends = {
  index_loop = "local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x",
  gc = "setmetatable({}, { __gc = function() while true do end end })",
  load = "return _G.load('while true do end')()",
  coroutine = "return _G.coroutine.wrap(function() while true do end end)()",
  xpcall = "_G.xpcall(error, function() while true do end end)",
  rep = "return ('x'):rep(1 << 62)",
  rep_nothing = "return (''):rep(1 << 62)",
  rep_nothing_between = "return (''):rep(1 << 62, '')",
  move = "table.move({}, 1, 1 << 53, 2)",
  move_down = "table.move({}, -(1 << 53), 1, 2)",
  move_all = "table.move({}, math.mininteger, math.maxinteger, 2)",
  insert = "table.insert(setmetatable({}, { __len = function() return 1 << 53 end }), 1, 2)",
  insert_powers = "local t = {} for k = 62, 0, -1 do t[1 << k] = 1 end table.insert(t, 1, 2)",
  remove = "table.remove(setmetatable({}, { __len = function() return 1 << 53 end }), 1)",
  remove_powers = "local t = {} for k = 62, 0, -1 do t[1 << k] = 1 end table.remove(t, 1)",
  concat = "return table.concat(setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return 'x' end }))",
  concat_type = "return table.concat(setmetatable({}, { __index = math.type }), '', 1, 1 << 62)",
  unpack = "return table.unpack({}, 1, 1e8)",
  unpack_len = "return table.unpack(setmetatable({}, { __len = function() return 1 << 53 end }))",
  sort_len = "table.sort(setmetatable({}, { __len = function() return 1 << 30 end }), rawequal)",
  format = "return string.format('%99999999d', 1)",
  pack = "return string.pack('!16 j', 1):rep(1 << 40)",
  pack_size = "return string.pack('c1000000000000', '')",
  pack_sizes = "return string.pack(('c16000000'):rep(1000), table.unpack(('x '):rep(1000), 1, 1000))",
  json_shared = "local t = {} for i = 1, 60 do t = { t, t } end require('host.json').encode(t)",
  json_powers = "local t = {} for k = 62, 0, -1 do t[1 << k] = 1 end require('host.json').encode(t)",
  ledger_powers = "local t = {} for k = 62, 0, -1 do t[1 << k] = 'x' end require('host.ledger').add(t)",
  random = "return require('host.crypto').random(1 << 40)",
  zoned = "return require('host.time').zoned(math.maxinteger)",
  from_zoned = "return require('host.time').from_zoned { year = 1 << 60, month = 1 << 60, day = 1 << 60 }",
}

local function function_of(code) return ("function() %s end"):format(code:match "^return " and code or "do " .. code .. " end") end

-- One on each line: its error must name that line.
local names, line_of, module = {}, {}, { "return {" }
for _, list in ipairs { runs, ends } do
  for name, code in pairs(list) do
    names[#names + 1] = name
    module[#module + 1] = ("[%q] = %s,"):format(name, function_of(code))
    line_of[name] = #module
  end
end
module = table.concat(module, "\n") .. "\n}"
table.sort(names)

local TRIAL = [[  routes = {
    ["POST /trial/*"] = function(request)
      require("spec_trial")[request.path:match("[^/]+$")]()
      return { status = 200, json = {} }
    end,]]

describe("scripts that do not come back", function()
  local stand_ins, service

  setup(function()
    stand_ins = standins.new()
    local main = shell.read(shell.root .. "/scripts/main.lua")
    local at = assert(main:find("  routes = {", 1, true))
    service = process.new { stand_ins = stand_ins, env = { WATCHDOG_MS = 2000, LUA_SLICE_MS = 50, LUA_MEMORY_MB = 64, LOG_LEVEL = "error" },
      files = { ["scripts/main.lua"] = main:sub(1, at - 1) .. TRIAL .. main:sub(at + #"  routes = {"),
        ["scripts/spec_trial.lua"] = module } }
  end)
  teardown(process.close_all)

  local function alive()
    local phone, word = meta.phone(), meta.word()
    stand_ins:plan { contains = word, echo = true }
    service:say(phone, "hello " .. word)
    shell.until_(function() return #stand_ins:sends(phone, word) == 1 end, 6, "an answer with " .. word)
  end

  it("G5: in a handler: each ends with an error at its line or does no harm, and the next request is answered", function()
    for _, name in ipairs(names) do
      local answer = service:http("POST", "/trial/" .. name, { body = "{}", timeout = 4 })
      assert.is_true(answer.status == 500 or answer.status == 200 and not runs[name], name .. ": " .. answer.status)
      assert.is_true(service:healthy(), name)
      if answer.status == 500 then
        local told = service:logged "script.error"
        local said = told[#told].error
        assert.truthy(said:find(("scripts/spec_trial.lua:%d:"):format(line_of[name]), 1, true), name .. ": " .. said)
      end
    end
    assert.equal(1, service.starts)
    assert.is_true(service:alive())
    assert.is_true(service:rss_kb() < process.memory(200000))
    alive()
  end)

  it("G5: at the top of a saved script: it is not loaded, the reason names its line, and the previous scripts keep serving", function()
    local first = service:status().generation.hash
    local function refused(code, wanted)
      service:write("scripts/spec_load.lua", code)
      local status, said = service:cli "reload"
      assert.equal(5, status, said)
      assert.truthy(said:find(wanted, 1, true), said)
      assert.is_true(service:healthy())
    end
    service:write("scripts/main.lua", 'require "spec_load"\n' .. service:read "scripts/main.lua")
    for _, name in ipairs { "find", "find_pcall", "gsub_inside", "gmatch_pcall" } do
      refused("\n\n(" .. function_of(runs[name]) .. ")()", "scripts/spec_load.lua:3: stopped: ")
    end
    local lines = { [[local wrong = "" local function try(line, name, f)
      local ok, why = pcall(f)
      if not ok and not why:find("spec_load.lua:" .. line .. ":", 1, true) then wrong = wrong .. name .. ": " .. why end
    end]] }
    for name, code in pairs(ends) do
      lines[#lines + 1] = ("try(%d, %q, %s)"):format(#lines + 4, name, function_of(code))
    end
    lines[#lines + 1] = "error('these did not name their line: ' .. wrong)"
    refused(table.concat(lines, "\n"), "spec_load.lua:" .. #lines + 3 .. ": these did not name their line: \n")
    assert.equal(first, service:status().generation.hash)
    assert.equal(1, service.starts)
    alive()
  end)
end)
