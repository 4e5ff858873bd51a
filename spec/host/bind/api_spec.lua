-- The stubs in host/api are the contract: what they declare exists, and what exists is declared.

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read "a"
  file:close()
  return text
end

local function files(pattern)
  local list, found = assert(io.popen("ls " .. pattern)), {}
  for line in list:lines() do found[#found + 1] = line end
  list:close()
  return found
end

-- Each line of each stub, after "file:line".
local function stub_lines()
  return coroutine.wrap(function()
    for _, path in ipairs(files "host/api/*.lua") do
      local number = 0
      for line in io.lines(path) do
        number = number + 1
        coroutine.yield(path .. ":" .. number, line)
      end
    end
  end)
end

-- Names of the functions and fields that a stub declares for its module, and of the methods of its other classes.
local function declared(text)
  local module = text:match "\nreturn ([%w_]+)"
  local names, methods = {}, {}
  for owner, separator, name in text:gmatch "\nfunction ([%w_]+)([.:])([%w_]+)%(" do
    if owner == module and separator == "." then names[name] = true else methods[name] = true end
  end
  local class = text:match("%-%-%-@class host%.[%w_]+\n(.-)local " .. tostring(module) .. " = {}")
  for name in (class or ""):gmatch "%-%-%-@field ([%w_]+)" do names[name] = true end
  return names, methods
end

local function existing(module)
  local names = {}
  for name in pairs(module) do names[name] = true end
  return names
end

local modules = {
  "http", "db", "jobs", "inbox", "task", "json", "yaml", "crypto", "time", "log", "files", "settings", "metrics", "ledger", "url", "words",
  "media",
}

describe("host/api", function()
  for _, name in ipairs(modules) do
    it("declares exactly what host." .. name .. " has", function()
      local names = declared(read("host/api/" .. name .. ".lua"))
      assert.same(names, existing(require("host." .. name)))
    end)
  end

  it("declares exactly the methods an event has", function()
    local _, methods = declared(read "host/api/task.lua")
    local event = require("host.task").event "spec"
    for name in pairs(methods) do assert.is_function(event[name]) end
    assert.same({ wait = true, set = true }, methods)
  end)

  it("has a stub for every module of the host and no other", function()
    local stubs = {}
    for _, path in ipairs(files "host/api/*.lua") do
      local stub = path:match "([%w_]+)%.lua$"
      if stub ~= "request" then stubs[#stubs + 1] = stub end
    end
    table.sort(stubs)
    local known = { table.unpack(modules) }
    table.sort(known)
    assert.same(known, stubs)
  end)

  it("documents the parameters of every function it declares, and no others", function()
    local pending = {}
    for at, line in stub_lines() do
      local parameter = line:match "^%-%-%-@param ([%w_.]+)"
      local list = line:match "^function [%w_.:]+%(([^)]*)%)"
      if parameter then
        pending[parameter] = true
      elseif list then
        for wanted in list:gmatch "[%w_.]+" do
          assert.is_true(wanted == "..." or pending[wanted], at .. ": lacks @param " .. wanted)
          pending[wanted] = nil
        end
        assert.is_nil(next(pending), at .. ": the function has no parameter " .. tostring(next(pending)))
      end
    end
  end)
end)

-- The fields of the tables that pass between scripts and bindings. This compares texts: `---@field name` and `{name: type}` in a stub with
-- literal names in C. There, a function whose name ends in `field` reads the name it gets, and one with `set` in its name writes it. A
-- field that C names in another way is reported as missing. Types are not compared, nor which fields may be absent.
-- Per file of C: the classes, and the functions with a table in braces, whose fields it reads and writes. `own`: names for itself alone.
local units = {
  ["bind/db.c"] = { writes = "host.db.Backup" },
  ["bind/http.c"] = { writes = "host.http.Response host.http.Error", own = "message" },
  ["bind/http_ask.c"] = { reads = "host.http.Request host.http.Part", own = "sort" },
  ["bind/inbox.c"] = { writes = "host.inbox.Row host.Notice" },
  ["bind/jobs.c"] = { reads = "host.jobs.Put", writes = "host.jobs.Job", own = "job_end at reason encode decode" },
  ["bind/json.c"] = { reads = "json.decode", own = "null" },
  ["bind/media.c"] = { writes = "host.media.File", own = "name" },
  ["bind/metrics.c"] = { reads = "host.metrics.Declared" },
  ["bind/purge.c"] = { writes = "inbox.get" },
  ["bind/request.c"] = { reads = "host.Response", writes = "host.Request" },
  ["bind/settings.c"] = { reads = "host.settings.Declared" },
  ["bind/time.c"] = { reads = "time.from_zoned", writes = "host.time.Zoned" },
  ["bind/url.c"] = { writes = "host.url.Parts" },
  ["bind/yaml.c"] = { writes = "yaml.decode", own = "decode" },
  ["scripts/main_table.c"] = { reads = "host.Main" },
}

-- owner -> field -> "file:line" of every stub. The owner of a table in braces is its class, or the function declared below it.
local function stub_fields()
  local owners, pending, class = {}, {}, nil
  for at, line in stub_lines() do
    class = line:match "^%-%-%-@class ([%w_.]+)" or line:find "^%-%-%-" and class
    local owner = class and (owners[class] or {}) or pending
    local name, called = line:match "^%-%-%-@field ([%w_]+)", line:match "^function ([%w_.:]+)"
    if name then owner[name] = at end
    for braces in (line:find "^%-%-%-@" and line:gsub("fun%b()", "") or ""):gmatch "%b{}" do
      for key in braces:gmatch "[{,]%s*([%w_]+)%??:" do owner[key] = at end
    end
    if class and next(owner) and not class:find "^host%.%l+$" then owners[class] = owner end
    if called and next(pending) then owners[called], pending = pending, {} end
  end
  return owners
end

-- What a file of C reads and writes: field -> "file:line". Names in the registry and metamethods are no fields.
local function c_fields(path)
  local text = read(path)
  local found = { reads = {}, writes = {} }
  for place, call, arguments, name in text:gmatch '()([%w_]+)%(([^()"]-)"([%w_]+)"' do
    if call:find "field$" and not arguments:find "REGISTRYINDEX" and not name:find "^__" then
      local _, lines = text:sub(1, place):gsub("\n", "")
      found[call:find "set" and "writes" or "reads"][name] = path .. ":" .. lines + 1
    end
  end
  return found
end

describe("host/api, field by field:", function()
  local stubs, stated = stub_fields(), {}
  for _, path in ipairs(files "host/bind/*.c host/scripts/main_table.c") do
    local unit = units[path:sub(#"host/" + 1)] or {}
    for way, verb in pairs { reads = "read", writes = "written" } do
      for owner in (unit[way] or ""):gmatch "%S+" do stated[owner] = path end
      it("the stubs declare what " .. path .. " " .. way, function()
        local there, declared_fields, wrong = c_fields(path)[way], {}, {}
        for owner in (unit[way] or ""):gmatch "%S+" do
          for name, at in pairs(assert(stubs[owner], owner .. ": no stub declares it")) do
            declared_fields[name] = true
            if not there[name] then
              wrong[#wrong + 1] = ("%s: `%s` of %s is not %s in %s"):format(at, name, owner, verb, path)
            end
          end
        end
        for name, at in pairs(there) do
          if not declared_fields[name] and not (" " .. (unit.own or "") .. " "):find(" " .. name .. " ", 1, true) then
            wrong[#wrong + 1] = ("%s: `%s` is %s here, and no stub declares it (%s)"):format(at, name, verb, unit[way] or "none")
          end
        end
        table.sort(wrong)
        assert.equal("", table.concat(wrong, "\n"))
      end)
    end
  end

  it("every class belongs to a file of C", function()
    for owner in pairs(stubs) do assert.is_string(stated[owner], owner .. ": this spec names no file of C for it") end
  end)

  it("the functions and the fields of main.lua that a comment names exist", function()
    local known = {}
    for _, name in ipairs(modules) do known[name] = require("host." .. name) end
    for at, line in stub_lines() do
      for _, form in ipairs { "`([%w_]+)` [oi][fn] main%.lua", "main%.lua's `([%w_]+)`" } do
        for name in line:gmatch(form) do
          assert.is_truthy(stubs["host.Main"][name], at .. ": main.lua has no `" .. name .. "`")
        end
      end
      for module, name in line:gsub("[%w_]+[./][%w_./]+%.[%w_]+", ""):gmatch "%f[%w_]([%l_]+)%.([%w_]+)" do
        assert.is_truthy(not known[module] or known[module][name] ~= nil, ("%s: there is no %s.%s"):format(at, module, name))
      end
    end
  end)
end)
