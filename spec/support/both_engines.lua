-- A PostgreSQL of its own on loopback, with the tables that the schema steps make there, and SQL as it takes it. Its databases order texts
-- as English does (where the server can): what depends on that order differs from SQLite.
--
--   both_engines.missing() → what is not installed, or nil
--   local server = both_engines.start()          a server (spec/support/postgres.py) with one empty database
--   server:schema()                              the steps of the host, the business and the stand-ins, translated by host/store/postgres/ddl
--   server:run(sql) → text                       what psql prints, errors included
--   server:stop()
--   both_engines.dollars(sql) → sql, count       ? and ?1 as $1
--   both_engines.literal(value)                  a bound value, as text whose type the statement gives

local db = require "host.db"
local shell = require "spec.support.shell"

local M = {}

local Server = {}
Server.__index = Server

function M.missing()
  if shell.run "ls /usr/lib/postgresql/*/bin/initdb" ~= 0 then return "PostgreSQL is not installed" end
  if shell.run "command -v python3 psql cc" ~= 0 then return "python3, psql or a C compiler is not installed" end
end

function M.start()
  local pipe = assert(io.popen(("echo $$; cd %s && exec python3 spec/support/postgres.py %s/postgres-template fsync=off"):format(shell.quote(shell.root),
    shell.quote(shell.binary:match "^(.*)/"))))
  local self = setmetatable({ pipe = pipe, pid = pipe:read "n", database = "assistant" }, Server)
  self.port = pipe:read "l" and (pipe:read "l" or ""):match " port=(%d+)"
  assert(self.port, "PostgreSQL did not start")
  local said = self:run "CREATE DATABASE records TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
  if said:find "ERROR" then said = self:run "CREATE DATABASE records" end
  assert(not said:find "ERROR", said)
  self.database = "records"
  return self
end

function Server:stop()
  shell.run("kill " .. self.pid)
  self.pipe:close()
end

function Server:run(sql)
  local path = os.tmpname()
  shell.write(path, sql)
  local _, text = shell.run(("psql -X -h 127.0.0.1 -p %d -U assistant -f %s %s"):format(self.port, path, self.database))
  os.remove(path)
  return text
end

-- The host's tables as they are in the database of this process, then the steps.
local function steps()
  local list = { "" }
  for _, row in ipairs(db.all([[SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name IN
      ('schema_steps', 'jobs', 'inbox', 'parked', 'marks', 'backups') ORDER BY type DESC]])) do list[1] = list[1] .. row.sql .. ";\n" end
  for _, name in ipairs { "records.schema", "stand_ins.schema" } do
    for _, step in ipairs(require(name)) do list[#list + 1] = step end
  end
  return list
end

function Server:schema()
  local folder = shell.folder()
  local code, words = shell.run(("cd %s && cc -std=c11 -D_GNU_SOURCE -Ihost -o %s/print spec/host/store/ddl_print.c host/store/postgres/ddl.c host/base/buf.c")
    :format(shell.quote(shell.root), folder))
  assert(code == 0, words)
  shell.write(folder .. "/steps", table.concat(steps(), "\0"))
  code, words = shell.run(("%s/print < %s/steps"):format(folder, folder))
  assert(code == 0, words)
  local said = self:run("\\set ON_ERROR_STOP on\n\\set QUIET on\n" .. words)
  assert(said == "", said)
end

function M.dollars(sql)
  local out, at, most = {}, 1, 0
  while at <= #sql do
    local part = sql:match("^'[^']*'", at) or sql:match('^"[^"]*"', at) or sql:match("^[^'\"?]+", at)
    if part then
      out[#out + 1] = part
    else
      part = sql:match("^%?%d*", at)
      local n = tonumber(part:sub(2)) or most + 1
      most = math.max(most, n)
      out[#out + 1] = "$" .. n
    end
    at = at + #part
  end
  return table.concat(out), most
end

function M.literal(value)
  if value == nil then return "NULL" end
  if type(value) == "boolean" then value = value and 1 or 0 end
  if math.type(value) == "float" then value = ("%.17g"):format(value) end
  return "'" .. tostring(value):gsub("'", "''") .. "'"
end

return M
