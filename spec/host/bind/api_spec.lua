-- The stubs in host/api are the contract: what they declare exists, and what exists is declared.

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read "a"
  file:close()
  return text
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

local modules = { "http", "db", "jobs", "inbox", "task", "json", "yaml", "crypto", "time", "log", "files", "settings", "metrics", "ledger", "url" }

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
    local list = assert(io.popen "ls host/api")
    for line in list:lines() do
      local stub = line:match "^([%w_]+)%.lua$"
      if stub and stub ~= "request" then stubs[#stubs + 1] = stub end
    end
    list:close()
    table.sort(stubs)
    local known = { table.unpack(modules) }
    table.sort(known)
    assert.same(known, stubs)
  end)

  it("documents every parameter of every function it declares", function()
    for _, name in ipairs(modules) do
      local text = read("host/api/" .. name .. ".lua")
      local pending = {}
      for line in (text .. "\n"):gmatch "([^\n]*)\n" do
        local parameter = line:match "^%-%-%-@param ([%w_.]+)"
        local list = line:match "^function [%w_.:]+%(([^)]*)%)"
        if parameter then
          pending[parameter] = true
        elseif list then
          for wanted in list:gmatch "[%w_.]+" do
            assert.is_true(wanted == "fn" or wanted == "..." or pending[wanted] == true or pending[wanted .. "?"] == true
              or text:find("@param " .. wanted, 1, true) ~= nil, name .. ": " .. line .. " lacks @param " .. wanted)
          end
          pending = {}
        end
      end
    end
  end)
end)
