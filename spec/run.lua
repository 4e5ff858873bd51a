-- Runs busted inside the host: `assistant run spec/run.lua [--long] [busted's arguments]`. Without a path: everything below spec/.
-- Specs may wait (host.http, task.sleep) like any task.

local arguments, long, paths = {}, false, 0
for _, word in ipairs(arg) do
  if word == "--long" then
    long = true
  else
    arguments[#arguments + 1] = word
    if word:sub(1, 1) ~= "-" then paths = paths + 1 end
  end
end
if paths == 0 then arguments[#arguments + 1] = "spec" end
_G.SPEC_LONG = long -- specs that repeat ask for their number of rounds through spec.support

local root = arg[0]:match("^(.*)/spec/run%.lua$") or "."
package.path = root .. "/?.lua;" .. root .. "/spec/support/?.lua;" .. package.path
_G.arg = arguments
arguments[0] = arg[0]

-- busted leaves by os.exit, which would close the state under the task that runs it.
local exit_code
local stop = setmetatable({}, { __tostring = function() return "busted is done" end })
os.exit = function(code) -- luacheck: ignore
  exit_code = code == true and 0 or code == false and 1 or code or 0
  error(stop, 0)
end

local ok, err = pcall(function()
  require "busted.runner" { standalone = false, output = "plainTerminal" }
end)
if not ok and err ~= stop then error(err, 0) end
if (exit_code or 0) ~= 0 then return nil, "" end -- busted has said what failed
