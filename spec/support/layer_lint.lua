-- assistant run spec/support/layer_lint.lua BUILD_FOLDER: one line for each dependency that the layers do not allow.

local root = arg[0]:match("^(.*)/spec/support/layer_lint%.lua$") or "."
package.path = root .. "/?.lua;" .. package.path
local json = require "host.json"
local layers = require "spec.support.layers"

local pipe = assert(io.popen(("cd '%s' && pwd && cat '%s/compile_commands.json'"):format(root, arg[1])))
local here, commands = pipe:read("l", "a")
pipe:close()
for _, faults in ipairs { layers.c(here, assert(json.decode(commands))), layers.lua(here) } do
  for _, fault in ipairs(faults) do print(fault) end
end
