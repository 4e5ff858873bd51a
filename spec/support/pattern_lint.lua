-- assistant run spec/support/pattern_lint.lua FILE…: one line for each pattern that can walk a text again and again.

local root = arg[0]:match("^(.*)/spec/support/pattern_lint%.lua$") or "."
package.path = root .. "/?.lua;" .. package.path
local patterns = require "spec.support.patterns"

for _, path in ipairs(arg) do
  local file = assert(io.open(path))
  for _, found in ipairs(patterns.in_source(file:read "a")) do
    print(("%s:%d: \"%s\": %s"):format(path, found.line, found.pattern:gsub("\n", "\\n"), found.problem))
  end
  file:close()
end
