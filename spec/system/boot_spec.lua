-- The process is killed while it starts, migrates, checkpoints or reloads (A10); a start that storage prevents (A31). The process
-- dies at a chosen system call that changes a file, so that each place between two such calls is tried.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local CALLS = "pwrite64,fdatasync,fsync,ftruncate,rename,renameat2,unlink,linkat"

describe("a start", function()
  teardown(process.close_all)

  local function post(service)
    local word = meta.word()
    assert.equal(200, service:hook { messages = { meta.text(meta.phone(), word) } })
    return word
  end

  local function sound(service) assert.equal("ok", service:value "SELECT * FROM pragma_integrity_check") end

  -- schema.lua with steps added at its end.
  local function with_steps(service, ...)
    local text = assert(service:read "scripts/records/schema.lua")
    local steps = {}
    for _, sql in ipairs { ... } do steps[#steps + 1] = ("%q"):format(sql) end
    return "local all = (function()\n" .. text .. "\nend)()\nfor _, step in ipairs { " .. table.concat(steps, ", ") .. " } do all[#all + 1] = step end\nreturn all\n"
  end

  -- Starts it again and again, killed at the first, then at a later one of its calls (each one, or in steps), until it comes up. How
  -- many died.
  local function killed_everywhere(service, after, step)
    local died, at = 0, 1
    while true do
      service.wrap = ("strace -f -o /dev/null -e trace=%s -e inject=%s:signal=KILL:when=%d"):format(CALLS, CALLS, at)
      service:start { wait = false }
      local ready = service:ready(10)
      service:kill()
      if ready then break end
      died = died + 1
      if after then after(service, at) end
      at = at + (step or shell.rounds(4, 1))
      assert.is_true(at < 400)
    end
    service.wrap = nil
    return died
  end

  it("A10: killed at any write, the next start completes or undoes what it began, and no acknowledged message is lost", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local words = { post(service), post(service) }
    service:kill() -- a log is left to be recovered
    local died = killed_everywhere(service)
    assert.is_true(died >= 3, died)
    service:start()
    words[#words + 1] = post(service)
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    for _, word in ipairs(words) do assert.equal(1, service:value("SELECT count(*) FROM messages WHERE content = '" .. word .. "'"), word) end
    sound(service)
    service:kill()
  end)

  it("A10: killed at any write of a first start, the next start begins again or continues", function()
    local service = process.new { start = false }
    local died = killed_everywhere(service, nil, 1) -- a first start changes files only a few times
    assert.is_true(died >= 10, died)
    service:start()
    post(service)
    sound(service)
    service:kill()
  end)

  it("A10: killed at any write of a migration, the schema is the old or the new one, never half, and a copy from before is there", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    local word = post(service)
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    assert.equal(0, (service:term()))
    local old = service:value "SELECT step FROM schema_steps WHERE owner = 'scripts'"
    service:write("scripts/records/schema.lua", with_steps(service, "CREATE TABLE extra (a TEXT); INSERT INTO extra SELECT content FROM messages",
      "CREATE TABLE later (b TEXT); CREATE INDEX later_b ON later (b)"))
    local died = killed_everywhere(service, function(one)
      local step = one:value "SELECT step FROM schema_steps WHERE owner = 'scripts'"
      assert.is_true(step >= old and step <= old + 2)
      assert.equal(step - old >= 1 and 1 or 0, one:value "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'")
      assert.equal(step - old == 2 and 2 or 0, one:value "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'later%'")
      assert.equal(step, one:value "SELECT user_version FROM pragma_user_version")
      sound(one)
    end)
    assert.is_true(died >= 5, died)
    service:start()
    assert.equal(old + 2, service:value "SELECT step FROM schema_steps WHERE owner = 'scripts'")
    assert.equal(1, service:value("SELECT count(*) FROM extra WHERE a = '" .. word .. "'"))
    local copy = ("%s.before-step-%d"):format(service.db, old + 1)
    local _, text = shell.run("sqlite3 -readonly " .. copy .. " 'PRAGMA integrity_check; PRAGMA user_version'")
    assert.equal("ok\n" .. old .. "\n", text)
    service:kill()
  end)

  it("A10: jobs that an earlier version stored run, also one that it had claimed", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100, RETRY_BASE_MS = 20 } } -- WhatsApp cannot be reached: sends wait to be tried again
    for _ = 1, 3 do post(service) end
    local function sends(where) return service:value("SELECT count(*) FROM jobs WHERE kind = 'send' AND " .. where) end
    shell.until_(function() return sends "attempts > 0" == 3 end, 10, "three sends that failed")
    service:kill()
    service:sql [[DROP INDEX jobs_state; CREATE INDEX jobs_state ON jobs (state, kind, run_at);
      UPDATE schema_steps SET step = 2 WHERE owner = 'host';
      UPDATE jobs SET attempts = 0, crashes = 0;
      UPDATE jobs SET state = 2, claim = 5, run_at = 1 WHERE id = (SELECT min(id) FROM jobs WHERE kind = 'send')]]
    service:start()
    shell.until_(function() return sends "attempts > 0" == 3 end, 10, "three sends that were tried again")
    assert.equal(1, service:value "SELECT count(*) FROM sqlite_schema WHERE name = 'jobs_state' AND sql LIKE '%WHERE claim = 0'")
    sound(service)
    service:kill()
  end)

  it("A31: a schema step that fails half way is undone as a whole: exit 3 with its number and what is wrong, and nobody is answered", function()
    local service = process.new {}
    local word = post(service)
    assert.equal(0, (service:term()))
    local dump = "sqlite3 " .. service.db .. " '.dump conversations messages schema_steps'"
    local schema = service:read "scripts/records/schema.lua"
    local _, before = shell.run(dump)
    service:write("scripts/records/schema.lua", with_steps(service, "CREATE TABLE extra (a TEXT); CREATE TABEL later (b TEXT)"))
    for _ = 1, 2 do
      local code, text, seconds = service:run_once "serve"
      assert.equal(3, code, text)
      assert.is_true(seconds < 2)
      assert.truthy(text:find "assistant: schema step %d+ of scripts failed: [^\n]*TABEL[^\n]*\n$", text)
    end
    local _, after = shell.run(dump)
    assert.equal(before, after)
    assert.equal(0, service:value "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'")
    service:write("scripts/records/schema.lua", schema)
    service:start()
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE content = '" .. word .. "'"))
    service:kill()
  end)

  it("A10: killed while it reloads and checkpoints, ten times, every acknowledged message is there", function()
    local service, words = process.new { env = { LLM_DEADLINE_MS = 100 } }, {}
    for round = 1, shell.rounds(10, 60) do
      for _ = 1, 5 do words[#words + 1] = post(service) end
      service:write("scripts/flow/zz_round.lua", "return " .. round)
      service:signal "HUP"
      for _ = 1, round % 4 do words[#words + 1] = post(service) end
      service:restart { kill = true }
    end
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
    for _, word in ipairs(words) do assert.equal(1, service:value("SELECT count(*) FROM messages WHERE content = '" .. word .. "'"), word) end
    sound(service)
    service:kill()
  end)
end)
