-- Runs the real program in its own folder: environment, start, stop, log, database.
--
--   local process = require "spec.support.process"
--   local service = process.new{              -- all optional
--     stand_ins = stand_ins,                  -- spec/support/standins: upstreams point at it (without: at a port where nobody listens)
--     env = { NAME = "value" | false },       -- over the defaults (FAST below); false: unset
--     files = { ["scripts/x.lua"] = "…" },    -- over the copies of scripts/ and of the specs' prompts in its home
--     limits = "ulimit -f 100",               -- sh commands before it starts
--     wrap = "strace -f -o x",                -- words before the program's name
--     data = path,                            -- another service's data folder
--     postgres = server,                      -- spec/support/postgres: its database, for `assistant sandbox`; rows() asks it
--     start = false,                          -- else it is started and ready
--   }
--   service.port .home .data .db .secret (app) .verify_token .token .key .signing_secret
--   service:start{args=, wait=false} :ready(timeout) :pid() :alive() :signal "TERM" :kill() (SIGKILL, waits) :term(timeout) → code, seconds
--   service:exit(timeout) → code | nil (still runs)   :restart{kill = true}   :close() (kills it; process.close_all() in teardown does so for all,
--                                                             stand-ins included, and removes their homes. It fails when the output
--                                                             of any of them shows a canary: one of its secrets, a whole phone number)
--   service:leaks() → list of lines of its output that show one, masked          service.leaky = true: this spec makes it do so on purpose
--   service:cli("status", "--json") → code, text      :run_once("serve", …) → code, text, seconds  (a second process, same environment;
--     seconds as of a normal build)
--   service:write("scripts/flow/x.lua", text) :read(path)       files of its home
--   service:http(method, path, options) → response    :healthy() → bool
--   service:hook(bytes | meta.body's argument) → status         a signed webhook; 0: no answer
--   service:say(phone, text, fields) → wamid                    one text message, must get 200
--   service:click(phone, {action=, user=, response_url=, boxes=, private=}) → response      a signed Slack click; boxes: words by name
--   service:slack(path, body, {content_type=, at = seconds}) → response   anything signed as Slack signs
--   service:rows(sql) → list of tables by column name           on a copy of the database: no lock is touched
--   service:sql(sql)                        changes the database, while the service is stopped
--   service:value(sql) → the first column of the first row
--   service:log() → list of decoded lines   :logged(event) → lines of that event   :log_text() (stdout and stderr as they are)
--   service:holds(text) → is it in any file of the data folder, byte by byte?
--   service:status() → `assistant status --json`, decoded
--   service:rss_kb() :fds()
--   process.memory(kb) → that bound, or a wide one for a sanitizer's build, which keeps what is freed
--   process.sanitized() → is this a sanitizer's build?

local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local socket = require "socket"
local url = require "host.url"
local wire = require "spec.support.wire"

local M = {}

-- Short times, so that specs wait for events and not for clocks.
M.FAST = {
  TURN_QUIET_MS = 100, TURN_MAX_WAIT_MS = 1000, LLM_TIMEOUT_MS = 1500, LLM_DEADLINE_MS = 5000, RETRY_BASE_MS = 50, SEND_GRACE_MS = 1500,
  REQUEST_DEADLINE_MS = 2000, DRAIN_MS = 2000, SLACK_RATE = 10000,
}

local sanitized

function M.sanitized()
  if sanitized == nil then sanitized = select(2, shell.run("ldd " .. shell.quote(shell.binary))):find "lib[at]san" ~= nil end
  return sanitized
end

function M.memory(kb) return M.sanitized() and kb * 8 or kb end

local all = {}

local Service = {}
Service.__index = Service

local function secret(prefix) return prefix .. crypto.hex(crypto.random(12)) end

local function environment(self, options)
  local dead = "http://127.0.0.1:" .. shell.port()
  local stand_ins = options.stand_ins
  local base = stand_ins and stand_ins.url .. "/sandbox" or dead
  local env = {
    PATH = os.getenv "PATH", HOME = self.home, LANG = "C.UTF-8", TZ = "America/Toronto",
    META_VERIFY_TOKEN = self.verify_token, META_APP_SECRET = self.secret, META_ACCESS_TOKEN = self.token,
    META_PHONE_NUMBER_ID = meta.phone_number_id, DEEPSEEK_API_KEY = self.key, SLACK_SIGNING_SECRET = self.signing_secret,
    SLACK_WEBHOOK_URL = base .. "/slack/webhook", SLACK_API_URL = base .. "/slack/api", SLACK_RESPONSE_HOSTS = "127.0.0.1",
    META_GRAPH_URL = base .. "/graph/v26.0", DEEPSEEK_URL = base .. "/model",
    LISTEN = "127.0.0.1:" .. self.port, DATABASE_URL = self.postgres and self.postgres:url() or "sqlite:" .. self.db,
    STATE_DIR = self.postgres and self.data,
    SCRIPTS_DIR = self.home .. "/scripts", PROMPTS_DIR = self.home .. "/prompts",
  }
  for _, name in ipairs { "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS" } do env[name] = os.getenv(name) end
  for name, value in pairs(M.FAST) do env[name] = value end
  for name, value in pairs(options.env or {}) do env[name] = value or nil end
  return env
end

-- A small sh program that becomes the service: `sh run serve`.
function Service:write_runner()
  local lines = { self.limits or "", "exec env -i --default-signal \\" }
  for name, value in pairs(self.env) do lines[#lines + 1] = " " .. shell.quote(name .. "=" .. tostring(value)) .. " \\" end
  lines[#lines + 1] = (" %s %s \"$@\""):format(self.wrap or "", shell.quote(shell.binary))
  shell.write(self.home .. "/run", table.concat(lines, "\n") .. "\n")
end

function M.new(options)
  options = options or {}
  local home = shell.folder()
  local stand_ins = options.stand_ins
  local self = setmetatable({
    home = home, data = options.data or home .. "/data", port = options.port or shell.port(), limits = options.limits, wrap = options.wrap,
    postgres = options.postgres,
    secret = stand_ins and stand_ins.secret or secret "as", verify_token = secret "vt", token = stand_ins and stand_ins.token or secret "EAA",
    key = stand_ins and stand_ins.key or secret "sk-", signing_secret = stand_ins and stand_ins.signing_secret or secret "sg", starts = 0,
  }, Service)
  self.db = self.data .. "/db.sqlite"
  assert(shell.run("mkdir -p " .. shell.quote(self.data)) == 0)
  shell.home(home)
  for path, text in pairs(options.files or {}) do self:write(path, text) end
  self.env = environment(self, options)
  self:write_runner()
  if stand_ins then stand_ins:aim(self) end
  if options.start ~= false then self:start() end
  return self
end

-- What was posted to Slack is kept for the check of its types (spec/clients), where ./dev asks for it.
local function keep_posts(service)
  local folder, posts = os.getenv "SLACK_CARDS", service.home .. "/stand-ins.sqlite"
  if (folder or "") == "" or service.signing_secret then return end
  shell.run(([[sqlite3 -batch %s "SELECT DISTINCT body FROM sandbox_requests WHERE upstream = 'slack' AND status = 200 AND body LIKE '{%%'" >>%s/$$.jsonl]]):format(
    shell.quote(posts), shell.quote(folder)))
end

-- After every run all output of the services is searched for what must never be shown (H2).
function M.close_all()
  local found = {}
  for _, service in ipairs(all) do
    service:kill()
    keep_posts(service)
    for _, line in ipairs(service.leaky and {} or service:leaks()) do found[#found + 1] = line end
  end
  all = {}
  shell.remove_folders()
  if #found > 0 then error("H2: the output of a service shows what it must not:\n" .. table.concat(found, "\n"), 0) end
end

-- ---- canaries ----

local SECRET = { "META_VERIFY_TOKEN", "META_APP_SECRET", "META_ACCESS_TOKEN", "DEEPSEEK_API_KEY", "SLACK_WEBHOOK_URL", "SLACK_SIGNING_SECRET",
  "SLACK_BOT_TOKEN", "CALCOM_WEBHOOK_SECRET", "TRANSCRIBE_API_KEY" }

local function add_secrets(list, text)
  for one in (text or ""):gmatch "[^,%c]+" do
    one = one:match "^%s*(.-)%s*$"
    if #one >= 8 and not list[one] then
      list[one] = true
      list[#list + 1] = one
    end
  end
end

---Its secrets, from wherever it has them, and those it had.
function Service:secrets()
  local list = self.had or {}
  self.had = list
  for _, name in ipairs(SECRET) do
    local file = self.env[name .. "_FILE"]
    add_secrets(list, self.env[name])
    if file and file ~= "" then -- what stands there may be a pipe, on purpose
      local code, text = shell.run(("test -f %s && head -c 4096 %s"):format(shell.quote(file), shell.quote(file)))
      if code == 0 then add_secrets(list, text) end
    end
  end
  for _, name in ipairs { "secret", "verify_token", "token", "key", "signing_secret" } do add_secrets(list, self[name]) end
  add_secrets(list, self.postgres and self.postgres.password)
  return list
end

local function masked(line, canaries)
  for _, canary in ipairs(canaries) do
    line = line:gsub(canary:gsub("%p", "%%%0"), canary:sub(1, 3) .. "•••")
  end
  local at = line:find("•••", 1, true) or 1
  return line:sub(math.max(1, at - 200), at + 200)
end

function Service:leaks()
  if not self.signing_secret then return {} end -- stand-ins play the outside: they keep nothing of ours secret
  local canaries = table.move(self:secrets(), 1, #self:secrets(), 1, {})
  for _, phone in ipairs(meta.phones) do canaries[#canaries + 1] = phone:sub(2) end -- with its country code or without
  canaries[#canaries + 1] = "Authorization: "
  canaries[#canaries + 1] = "Bearer "
  local list = self.home .. "/canaries"
  shell.write(list, table.concat(canaries, "\n") .. "\n")
  local code, text = shell.run(("cd %s && cat out.log err.log 2>/dev/null | grep -aF -m 5 -f %s"):format(shell.quote(self.home), shell.quote(list)))
  local lines = {}
  if code == 0 then
    for line in text:gmatch "[^\n]+" do lines[#lines + 1] = masked(line, canaries) end
  end
  return lines
end

-- Neither what it is called by nor what a command prints shows a secret.
function Service:assert_no_secret(text, what)
  for _, one in ipairs(self:secrets()) do
    if text:find(one, 1, true) then error("H2: " .. what .. " shows a secret: " .. masked(text, { one }), 3) end
  end
end

-- ---- start and stop ----

function Service:start(options)
  options = options or {}
  if not self.listed then
    self.listed = true
    all[#all + 1] = self
  end
  if self.run and not self:alive() then self:exit(5) end -- its former life, with all its threads
  self:write_runner()
  self.starts = self.starts + 1
  self.run = ("%s/life-%d"):format(self.home, self.starts)
  local command = ("( cd %s; sh ./run %s >>out.log 2>>err.log </dev/null & echo $! >%s.pid; wait $!; echo $? >%s.rc ) >/dev/null 2>&1 &"):format(
    self.home, options.args or (self.postgres and "sandbox" or "serve"), self.run, self.run)
  self.started_at = socket.gettime()
  assert(os.execute(command))
  shell.until_(function() return (shell.read(self.run .. ".pid") or ""):find "\n" end, 5, "the program to be started")
  self.root_pid = math.tointeger(tonumber(shell.read(self.run .. ".pid")))
  if options.wait ~= false then
    if not self:ready() then error("the service did not come up: " .. self:log_text():sub(-1500), 2) end
    self:assert_no_secret(shell.read("/proc/" .. self:pid() .. "/cmdline") or "", "the program's name and arguments")
  end
  return self
end

function Service:healthy() return wire.http(self.port, "GET", "/health", { timeout = 2 }).status == 200 end

function Service:ready(timeout)
  local deadline = socket.gettime() + (timeout or 15)
  while socket.gettime() < deadline do
    if self:exit(0) then return false end
    if self:healthy() then return true end
    socket.sleep(0.005)
  end
  return false
end

---The program itself, below wrappers such as strace.
function Service:pid()
  local pid = self.root_pid
  for _ = 1, 5 do
    local exe = shell.read("/proc/" .. pid .. "/cmdline") or ""
    if exe:sub(1, #shell.binary) == shell.binary or not self.wrap then return pid end
    local child = (shell.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):match "%d+"
    if not child then return pid end
    pid = math.tointeger(tonumber(child))
  end
  return pid
end

local function running(pid)
  local stat = pid and shell.read("/proc/" .. pid .. "/stat")
  return stat ~= nil and stat:match "%) (%a)" ~= "Z"
end

function Service:alive() return running(self.root_pid) end

---Waits for its end. The exit code (128 + signal when one killed it), or nil: it still runs.
function Service:exit(timeout)
  local deadline = socket.gettime() + (timeout or 5)
  while true do
    local code = (shell.read(self.run .. ".rc") or ""):match "(%d+)\n"
    if code then return math.tointeger(tonumber(code)), socket.gettime() - self.started_at end
    if socket.gettime() >= deadline then return nil end
    socket.sleep(0.003)
  end
end

function Service:signal(name) return os.execute(("kill -%s %d 2>/dev/null"):format(name, self:pid())) == true end

function Service:kill()
  if not self.root_pid or not self:alive() then return end
  self:signal "KILL"
  if self.wrap and not self:exit(1) then os.execute("kill -KILL " .. self.root_pid .. " 2>/dev/null") end
  self:exit(5) -- reaped: a zombie's other threads may still hold its files
end

function Service:term(timeout)
  local begun = socket.gettime()
  self:signal "TERM"
  local code = self:exit(timeout or 8)
  if not code then self:kill() end
  return code, socket.gettime() - begun
end

function Service:restart(options)
  if options and options.kill then self:kill() else self:term() end
  return self:start()
end

function Service:close() self:kill() end

-- ---- commands ----

function Service:cli(...)
  local words = {}
  for i, word in ipairs { ... } do words[i] = shell.quote(word) end
  local code, text = shell.run(("cd %s && timeout -s KILL 20 sh ./run %s </dev/null"):format(self.home, table.concat(words, " ")))
  if not self.leaky then self:assert_no_secret(text, "`" .. (...) .. "`") end
  return code, text
end

function Service:run_once(...)
  local begun = socket.gettime()
  local code, text = self:cli(...)
  local seconds = socket.gettime() - begun
  return code, text, M.sanitized() and seconds / 4 or seconds
end

function Service:status()
  local code, text = self:cli("status", "--json")
  assert(code == 0 or code == 1, text)
  return assert(json.decode(text, { null_as_nil = true }))
end

-- ---- files ----

function Service:write(path, text)
  path = path:sub(1, 1) == "/" and path or self.home .. "/" .. path
  shell.run("mkdir -p " .. shell.quote(path:match "^(.*)/"))
  shell.write(path, text)
end

function Service:read(path) return shell.read(self.home .. "/" .. path) end

-- ---- talking to it ----

function Service:http(method, path, options) return wire.http(self.port, method, path, options) end

function Service:hook(what, timeout)
  local bytes = type(what) == "string" and what or meta.body(what)
  local list = wire.raw(self.port, meta.request(self.secret, bytes), { timeout = timeout or 10 })
  return list[1] and list[1].status or 0
end

function Service:say(phone, text, fields)
  local message = meta.text(phone, text, fields)
  local status = self:hook { messages = { message } }
  if status ~= 200 then error("the webhook got " .. status, 2) end
  return message.id
end

function Service:slack(path, body, options)
  options = options or {}
  local at = tostring(options.at or os.time())
  local signature = "v0=" .. crypto.hex(crypto.hmac_sha256(self.signing_secret, "v0:" .. at .. ":" .. body))
  local headers = { { "X-Slack-Request-Timestamp", at }, { "X-Slack-Signature", options.signature or signature },
    { "Content-Type", options.content_type or "application/x-www-form-urlencoded" } }
  return wire.http(self.port, "POST", path, { body = body, headers = headers, timeout = options.timeout or 5 })
end

function Service:click(phone, options)
  options = options or {}
  local payload = { type = "block_actions", user = { id = options.user_id or "U123456", username = options.user or "staff" },
    actions = { { action_id = options.action or "take_over_chat", value = phone } }, response_url = options.response_url,
    container = { type = "message", is_ephemeral = options.private or false } }
  if options.boxes then -- what the message's boxes hold, by name
    payload.state = { values = {} }
    for name, value in pairs(options.boxes) do
      payload.state.values[(options.block or name) .. ":0"] = { [name] = { type = "plain_text_input", value = value } }
    end
  end
  return self:slack("/slack/interactive", "payload=" .. url.encode(json.encode(payload)), options)
end

-- ---- looking at it ----

-- A copy of the database and its log, taken between two looks that agree.
function Service:copy()
  local folder = self.home .. "/copy"
  local command = ([[
    mkdir -p %s && cd %s && rm -f db*
    mark() { stat -c '%%Y %%y %%s' %s 2>/dev/null; head -c 32 %s-wal 2>/dev/null | od -An -tx1; }
    for i in 1 2 3 4 5 6 7 8 9 10; do
      a="$(mark)"; cp %s db && { [ ! -e %s-wal ] || cp %s-wal db-wal; }; [ "$a" = "$(mark)" ] && exit 0; rm -f db*
    done; exit 1]]):format(folder, folder, self.db, self.db, self.db, self.db, self.db)
  local code, text = shell.run("(" .. command .. ")")
  assert(code == 0, "no quiet copy of the database: " .. text)
  return folder .. "/db"
end

function Service:rows(sql)
  if self.postgres then
    local text = self.postgres:tell("sql SELECT json_agg(one) FROM (" .. sql:gsub("%s+", " ") .. ") one")
    return text ~= "" and assert(json.decode(text, { null_as_nil = true })) or {}
  end
  local problem
  for _ = 1, 5 do
    local code, text = shell.run(("sqlite3 -batch -json %s %s"):format(self:copy(), shell.quote(sql)))
    if code == 0 then return text:find "%S" and assert(json.decode(text, { null_as_nil = true })) or {} end
    problem = text
  end
  error("sqlite3: " .. problem, 2)
end

-- Changes the database itself: only while the service is stopped.
function Service:sql(sql)
  local code, text = shell.run(("sqlite3 -batch -bail %s %s"):format(self.db, shell.quote(sql)))
  if code ~= 0 then error("sqlite3: " .. text, 2) end
end

function Service:value(sql)
  local row = self:rows("SELECT (" .. sql .. ") AS value")[1]
  return row and row.value
end

function Service:log_text() return (shell.read(self.home .. "/out.log") or "") .. (shell.read(self.home .. "/err.log") or "") end

function Service:log()
  local lines = {}
  for line in (shell.read(self.home .. "/out.log") or ""):gmatch "[^\n]+" do
    local value = json.decode(line, { null_as_nil = true })
    lines[#lines + 1] = type(value) == "table" and value or { event = "(not JSON)", text = line }
  end
  return lines
end

function Service:logged(event)
  local list = {}
  for _, line in ipairs(self:log()) do
    if line.event == event then list[#list + 1] = line end
  end
  return list
end

function Service:holds(text)
  return (shell.run(("grep -rqaF -e %s %s"):format(shell.quote(text), shell.quote(self.data)))) == 0
end

function Service:rss_kb() return tonumber((shell.read("/proc/" .. self:pid() .. "/status") or ""):match "VmRSS:%s*(%d+)") end

function Service:fds()
  local _, text = shell.run("ls /proc/" .. self:pid() .. "/fd | wc -l")
  return tonumber(text)
end


M.Service = Service -- for spec/support/standins

return M
