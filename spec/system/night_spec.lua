-- For an operator at night: within ten seconds `status`, the log, the metrics and a message to staff name the cause of a trouble,
-- and the named remedy works: H13.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

describe("at night", function()
  teardown(process.close_all)

  local function status_says(service, words, seconds)
    local last
    local ok = pcall(shell.until_, function()
      local _, text = service:cli "status"
      last = text
      return last:find(words, 1, true)
    end, seconds or 8)
    assert.is_true(ok, ("%q is not in:\n%s"):format(words, last))
    return last
  end


  local function last_logged(service, event)
    local lines = service:logged(event)
    return lines[#lines]
  end

  it("H13: a write lock of another program: log, status, numbers and staff name its process, and ending that is the remedy", function()
    local stand_ins, port = standins.new(), shell.port()
    local service = process.new { stand_ins = stand_ins, env = { METRICS_LISTEN = "127.0.0.1:" .. port } }
    local wire = require "spec.support.wire"
    local sign = service.home .. "/held"
    os.execute(("(echo '.timeout 3000'; echo 'BEGIN IMMEDIATE;'; echo '.shell touch %s'; exec sleep 60) | exec env --default-signal sqlite3 %s >/dev/null & echo $! >%s.pid")
      :format(sign, service.db, sign))
    shell.until_(function() return shell.read(sign) end, 5, "the other program's transaction")
    local _, pid = shell.run("fuser " .. service.db .. "-shm 2>/dev/null | tr ' ' '\\n' | grep -v '^" .. service:pid() .. "$' | grep .")
    pid = pid:match "%d+"
    assert.equal(503, service:hook { messages = { meta.text(meta.phone(), "hello") } })
    shell.until_(function() return last_logged(service, "store.locked") end, 3, "the log to name it")
    local line = last_logged(service, "store.locked")
    assert.equal(pid, tostring(line.pid))
    assert.equal("sqlite3", line.program)
    assert.truthy(line.error:find("process " .. pid .. " (sqlite3) holds the database's write lock", 1, true), line.error)
    local text = status_says(service, "process " .. pid .. " (sqlite3) holds the database's write lock")
    assert.truthy(text:find "^NOT accepting messages since %d%d%d%d%-", text)
    local figures = wire.http(port, "GET", "/metrics").body
    assert.truthy(figures:find 'assistant_database_locked_seconds{program="sqlite3"} %d', figures:match "[^\n]*locked[^\n]*")
    assert.truthy(figures:find("\nassistant_database_locks_total 1\n", 1, true))
    assert.equal(1, (service:cli "status"))
    local remedy = text:match "Remedy: close it %(`(kill %d+)`%)"
    assert.equal("kill " .. pid, remedy)
    assert.equal(0, (shell.run(remedy)))
    shell.until_(function() return service:healthy() end, 4, "messages to be accepted")
    shell.until_(function() return last_logged(service, "store.unlocked") end, 3, "the end in the log")
    line = last_logged(service, "store.unlocked")
    assert.equal(pid, tostring(line.pid))
    assert.is_true(line.ms > 1000)
    shell.until_(function() return #stand_ins:posts("process " .. pid .. " (sqlite3)") > 0 end, 5, "staff to hear of it")
    assert.is_nil(wire.http(port, "GET", "/metrics").body:find("assistant_database_locked_seconds{", 1, true))
    service:kill()
  end)

  it("H13: a start and `status` under a write lock of another program end with code 3 and name its process, and ending that is the remedy", function()
    local service = process.new()
    service:term()
    local sign = service.home .. "/held"
    os.execute(("(echo '.timeout 3000'; echo 'BEGIN IMMEDIATE;'; echo '.shell touch %s'; exec sleep 60) | exec env --default-signal sqlite3 %s >/dev/null & echo $! >%s.pid")
      :format(sign, service.db, sign))
    shell.until_(function() return shell.read(sign) end, 5, "the other program's transaction")
    local remedy
    for _, command in ipairs { "serve", "status" } do
      local code, text = service:run_once(command)
      assert.equal(3, code, text)
      local pid = text:match "process (%d+) %(sqlite3%) holds the database's write lock: close it %(`kill %d+`%), and start again"
      assert.truthy(pid, text)
      remedy = text:match "`(kill %d+)`"
      assert.equal("kill " .. pid, remedy)
    end
    assert.equal(0, (shell.run(remedy)))
    service:start()
    service:kill()
  end)

  it("H13 B10: webhooks for another number alone: log, status, numbers and staff name both ids, nobody is answered, and the right id is the remedy", function()
    local stand_ins, port, wire = standins.new(), shell.port(), require "spec.support.wire"
    local service = process.new { stand_ins = stand_ins, env = { METRICS_LISTEN = "127.0.0.1:" .. port, META_PHONE_NUMBER_ID = "999000111222333" } }
    assert.equal(0, (service:cli "status"))
    local phone = meta.phone()
    for _ = 1, 2 do assert.equal(200, service:hook { messages = { meta.text(phone, "hello") } }) end
    local text = status_says(service, "Webhooks come only for the number with the id " .. meta.phone_number_id .. ". None come for META_PHONE_NUMBER_ID, which is 999000111222333.")
    assert.truthy(text:find("put the right id into META_PHONE_NUMBER_ID", 1, true), text)
    assert.equal(1, (service:cli "status"))
    local line = last_logged(service, "whatsapp.wrong_number")
    assert.equal("warn", line.level)
    assert.same({ meta.phone_number_id, "999000111222333" }, { line.number, line.ours })
    assert.truthy(wire.http(port, "GET", "/metrics").body:find('assistant_circuit_open{provider="number"} 1', 1, true))
    shell.until_(function() return #stand_ins:posts("none came for META_PHONE_NUMBER_ID") == 1 end, 5, "staff to hear of it")
    assert.equal(0, service:value "SELECT count(*) FROM messages")
    service.env.META_PHONE_NUMBER_ID = meta.phone_number_id
    service:restart()
    assert.equal(0, (service:cli "status"))
    service:say(phone, "hello")
    shell.until_(function() return service:value "SELECT count(*) FROM messages WHERE role = 'user'" == 1 end, 5, "the message")
    service:hook { messages = { meta.text(phone, "hello") }, phone_number_id = "555" }
    shell.until_(function() return last_logged(service, "whatsapp.other_number") end, 5, "the other number's line")
    assert.equal(0, (service:cli "status"))
    assert.equal(1, #stand_ins:posts("none came for META_PHONE_NUMBER_ID"))
    -- The number was changed at Meta: ours came once, and not for a day. The last word for ours is the status of our answer.
    shell.until_(function() return service:value "SELECT state FROM messages WHERE role = 'assistant'" == "delivered" end, 10, "the answer's last status")
    service:kill()
    service:sql "UPDATE circuits SET since = since - 86400001 WHERE name LIKE 'number %'"
    service:start()
    service:hook { messages = { meta.text(phone, "hello") }, phone_number_id = "555" }
    status_says(service, "Webhooks come only for the number with the id 555.")
    service:say(phone, "hello again")
    shell.until_(function() return (service:cli "status") == 0 end, 5, "the alarm to end with the first webhook for ours")
    service:kill()
  end)
end)
