-- The server that specs of PostgreSQL use: what it must be for them to be worth anything.

local postgres = require "spec.support.postgres"
local shell = require "spec.support.shell"

describe("the PostgreSQL of the specs", function()
  teardown(shell.remove_folders)

  it("is durable, and its synchronous standby has what was committed when the primary is killed", function()
    local server = postgres.new "standby"
    assert.equal("on", server:tell "sql SHOW fsync")
    server:tell "sql CREATE TABLE kept (a BIGINT)"
    server:tell "sql INSERT INTO kept VALUES (7)"
    server:tell "kill"
    server:tell "promote"
    assert.equal("7", server:tell "sql SELECT a FROM kept")
    server:close()
  end)

  it("does not run as root, and ends with the spec that started it, also when that is killed", function()
    local folder = shell.folder()
    shell.write(folder .. "/hold.lua", ([[
      package.path = %q
      local server = require("spec.support.postgres").new ""
      local file = io.open(%q, "w")
      file:write(server:tell "sql SELECT pg_backend_pid()", "\n")
      file:close()
      while true do os.execute "sleep 1" end]]):format(shell.root .. "/?.lua;" .. package.path, folder .. "/pid"))
    local line = ("sh -c 'echo $$ >%s/holder; exec %s run %s/hold.lua' >/dev/null 2>&1 &"):format(folder, shell.quote(shell.binary), folder)
    assert(os.execute(line))
    shell.until_(function() return (shell.read(folder .. "/pid") or ""):find "\n" end, 60, "the server to answer")
    local _, servers = shell.run "ps -eo uid,pid,args | awk '$4 == \"-D\" && $3 ~ /postgres$/ && $5 ~ /spec-postgres/'"
    assert.is_nil(servers:match "^%s*0%s")
    local pid = servers:match "^%s*%d+%s+(%d+)"
    assert(pid, servers)
    assert(shell.run("kill -KILL " .. shell.read(folder .. "/holder")) == 0)
    shell.until_(function()
      return not shell.read("/proc/" .. shell.read(folder .. "/pid"):match "%d+" .. "/stat")
    end, 20, "the server's processes to end")
  end)
end)
