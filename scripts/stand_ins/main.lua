-- `assistant sandbox`: the business, with the stand-ins in the same process. `assistant serve` never loads it.

local kept = require "stand_ins.kept"
local main = require "main"
local stand_ins = require "stand_ins.alone"

---Both tables in one. A name that both have is our mistake and stops the load.
local function both(what)
  local out = {}
  for name, value in pairs(main[what] or {}) do out[name] = value end
  for name, value in pairs(stand_ins[what]) do
    assert(out[name] == nil, what .. " has '" .. name .. "' twice: in scripts/main.lua and in scripts/stand_ins/alone.lua")
    out[name] = value
  end
  return out
end

local sandbox = {}
for name, value in pairs(main) do sandbox[name] = value end
sandbox.routes = both "routes"
sandbox.routes["GET /sandbox/file/*"] = kept.file
sandbox.jobs = both "jobs"
sandbox.extra_schema = stand_ins.extra_schema
return sandbox
