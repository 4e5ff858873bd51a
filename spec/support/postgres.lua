-- A real PostgreSQL for Lua specs: spec/support/postgres.py as a child, and its commands (its head lists them and the options).
--
--   local server = postgres.new "standby max_connections=20"     ends with this process, or with server:close()
--   server.port .proxy .standby                                  ports of 127.0.0.1
--   server:url(port) → "postgres://assistant@127.0.0.1:PORT/assistant"; with the option password=… the password is in it
--   server.password                                              that option
--   server:tell "stop" → what the command answers; throws what it refuses

local shell = require "spec.support.shell"
local socket = require "socket"

local M = {}

local Server = {}
Server.__index = Server

function M.new(options)
  local template = shell.binary:match "^(.*)/" .. "/postgres-template"
  local child = assert(io.popen(("exec python3 %s/spec/support/postgres.py %s %s"):format(shell.quote(shell.root), shell.quote(template), options or "")))
  local said = child:read "l"
  local control, port, proxy, standby = (said or ""):match "^control=(%d+) port=(%d+) proxy=(%d+) standby=(%d+)$"
  assert(control, "PostgreSQL did not start")
  local line = assert(socket.connect("127.0.0.1", math.tointeger(control)))
  line:settimeout(120)
  local password = (options or ""):match "password=(%S+)"
  return setmetatable({ child = child, line = line, password = password, port = math.tointeger(port), proxy = math.tointeger(proxy), standby = math.tointeger(standby) }, Server)
end

function Server:url(port)
  return ("postgres://assistant%s@127.0.0.1:%d/assistant"):format(self.password and ":" .. self.password or "", port or self.port)
end

function Server:tell(command)
  assert(self.line:send(command .. "\n"))
  local answer = assert(self.line:receive "*l")
  return (assert(answer:match "^ok ?(.*)$", command .. ": " .. answer))
end

function Server:close()
  self.line:send "end\n"
  self.line:close()
  self.child:close()
end

return M
