-- Helpers of the system specs: the shell, files, waiting, random ports. Linux, POSIX sh.
--
--   shell.root, shell.binary            the repository; the program under test (ASSISTANT, else build/assistant)
--   shell.prompts                       the specs' own prompt files: owners change prompts/, and no spec may depend on that
--   shell.home(folder?) → folder        the scripts and those prompts, copied there (default: a new temporary folder)
--   shell.quote(text)                   one word for sh
--   shell.run(command) → code, output   runs to its end; output is stdout and stderr
--   shell.read(path) → text | nil       shell.write(path, text)
--   shell.folder() → path               a new temporary folder; shell.remove_folders() removes them all
--   shell.port()                        a port of 127.0.0.1 that nobody listens on
--   shell.now_ms()                      wall clock
--   shell.until_(fn, timeout_s, what)   calls fn every 5 ms until it returns something true, and returns that; else throws, naming `what`.
--                                       Other tasks of the spec run meanwhile. A limit under 3 s is a claim; a longer one only ends the
--                                       wait for what never comes, and is three times as long on a machine that does other work.
--   shell.never(fn, seconds, what)      the opposite: throws as soon as fn is true. Waits the whole time: only where absence itself is
--                                       the claim and no later event can stand for it.
--   shell.rounds(n, long_n)             how often to repeat: n in `./dev test`, long_n with --long

local socket = require "socket"
local task = require "host.task"

local M = {}

M.root = debug.getinfo(1, "S").source:match "^@(.*)/spec/support/[^/]*$" or "."
if M.root:sub(1, 1) ~= "/" then
  local pipe = assert(io.popen "pwd")
  M.root = (pipe:read "l" .. "/" .. M.root):gsub("/%.$", "")
  pipe:close()
end
M.prompts = M.root .. "/spec/support/prompts"
M.binary = os.getenv "ASSISTANT" or M.root .. "/build/assistant"
if M.binary:sub(1, 1) ~= "/" then M.binary = M.root .. "/" .. M.binary end

function M.quote(text) return "'" .. tostring(text):gsub("'", "'\\''") .. "'" end

function M.run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1"))
  local output = pipe:read "a"
  local _, how, code = pipe:close()
  return how == "exit" and code or 128 + (code or 0), output
end

function M.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

function M.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local folders = {}

function M.folder()
  local code, path = M.run "mktemp -d /tmp/spec-XXXXXX"
  assert(code == 0, path)
  path = path:gsub("%s+$", "")
  folders[#folders + 1] = path
  return path
end

function M.home(folder)
  folder = folder or M.folder()
  local code, text = M.run(("cp -r %s/scripts %s %s/"):format(M.root, M.prompts, M.quote(folder)))
  assert(code == 0, text)
  return folder
end

function M.remove_folders()
  for _, path in ipairs(folders) do os.execute("rm -rf " .. M.quote(path)) end
  folders = {}
end

-- Below the ports that the kernel hands out by itself, and never one twice: until whoever asked binds it, nobody else takes it.
local urandom = assert(io.open("/dev/urandom", "rb"))
local last_port = 10000 + string.unpack("<I4", urandom:read(4)) % 22000
urandom:close()

function M.port()
  for _ = 1, 100 do
    last_port = last_port < 32000 and last_port + 1 or 10000
    local port = last_port
    local server = socket.bind("127.0.0.1", port)
    if server then
      server:close()
      return port
    end
  end
  error "no port of 100 tried is free"
end

function M.now_ms() return math.floor(socket.gettime() * 1000) end

function M.until_(fn, timeout_s, what)
  local limit_s = timeout_s or 5
  if limit_s >= 3 then limit_s = limit_s * 3 end
  local deadline = socket.gettime() + limit_s
  while true do
    local value = fn()
    if value then return value end
    if socket.gettime() > deadline then error(("not within %.1f s: %s"):format(limit_s, what or "what was waited for"), 2) end
    task.sleep(5)
  end
end

function M.never(fn, seconds, what)
  local deadline = socket.gettime() + seconds
  while socket.gettime() < deadline do
    if fn() then error("it happened: " .. (what or "what must not"), 2) end
    task.sleep(10)
  end
end

function M.rounds(n, long_n) return _G.SPEC_LONG and long_n or n end

return M
