-- Accepted versions of scripts and prompts: going back to one, and starting when the files on disk do not load. G1, G5, G15.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local standins = require "spec.support.standins"

describe("versions of scripts and prompts", function()
  local stand_ins
  local prompt = shell.read(shell.prompts .. "/system_prompt.yaml")
  local turn = shell.read(shell.root .. "/scripts/turn.lua")

  setup(function()
    stand_ins = standins.new()
  end)
  before_each(function()
    stand_ins:calm()
    stand_ins:forget()
    stand_ins:plan { contains = "zq", echo = true }
  end)
  teardown(process.close_all)

  local function answered(service)
    local phone, word = meta.phone(), meta.word()
    service:say(phone, "hello " .. word)
    shell.until_(function() return #stand_ins:sends(phone, word) == 1 end, 8, "an answer")
  end

  local function identity(text) return (prompt:gsub("identity: [^\n]+", ('identity: "%s"'):format(text))) end

  local function has(text, ...)
    for _, piece in ipairs { ... } do
      if not text:find(piece, 1, true) then error(("%q is not in:\n%s"):format(piece, text), 2) end
    end
  end

  local function saved(service, text)
    local before = service:status().version.number
    service:write("prompts/system_prompt.yaml", text)
    return shell.until_(function()
      local number = service:status().version.number
      return number ~= before and number
    end, 6, "the saved file to be accepted")
  end

  local function serves(service, identity_text) -- what the model is told
    local word = meta.word()
    service:say(meta.phone(), "hello " .. word)
    local call = shell.until_(function() return stand_ins:models(word)[1] end, 6, "the model to be asked")
    return require("host.json").encode(call.body):find(identity_text, 1, true) ~= nil
  end

  it("G15: one command rolls back a wrong change; the files stay, a restart keeps the rollback, and a saved file is loaded next", function()
    local service = process.new { stand_ins = stand_ins, env = { META_APP_SECRET = stand_ins.secret } }
    assert.equal(2, saved(service, identity "Wrong zebra."))
    assert.is_true(serves(service, "Wrong zebra."))
    local code, text = service:cli "versions"
    assert.equal(0, code)
    has(text, "*     2 ", "changed prompts/system_prompt.yaml\n", "      1 ", "the first version\n")
    assert.is_true(text:find("*     2 ", 1, true) < text:find("      1 ", 1, true))

    code, text = service:cli "rollback"
    assert.equal(0, code, text)
    has(text, "Version 1 of ", " is running now, also after a restart.", "The files on disk were not touched.", "changed prompts/system_prompt.yaml",
      "They are loaded again when one of them is saved.", '+identity: "Wrong zebra."\n')
    shell.until_(function() return service:status().version.number == 1 end, 2, "version 1 to serve")
    assert.is_false(serves(service, "Wrong zebra."))
    assert.equal(identity "Wrong zebra.", service:read "prompts/system_prompt.yaml")
    has(select(2, service:cli "status"), "This is version 1 of ", "chosen with `assistant rollback`")

    service:restart()
    assert.equal(1, service:status().version.number)
    assert.equal("owner", service:status().version.held_by)
    code, text = service:cli "reload" -- for a secret: the chosen version with the secrets read again
    assert.equal(0, code)
    has(text, "The files on disk are not loaded until one of them is saved")
    assert.is_false(serves(service, "Wrong zebra."))

    assert.equal(3, saved(service, identity "Right okapi."))
    assert.is_true(serves(service, "Right okapi."))
    assert.is_nil(service:status().version.held_by)
    has(select(2, service:cli "rollback"), "Version 1 of ") -- what served before version 3
    assert.equal(0, (service:cli("rollback", "3")))
    assert.is_nil(service:status().version.held_by)
    service:kill()
  end)

  it("G15: `versions show` prints the changed lines, of one file if wanted, and how the files on disk differ, also without a service", function()
    local service = process.new { stand_ins = stand_ins }
    saved(service, identity "First line.")
    service:write("scripts/turn.lua", turn .. "-- a remark\n")
    shell.until_(function() return service:status().version.number == 3 end, 6, "version 3")
    local code, text = service:cli("versions", "show", "2")
    assert.equal(0, code, text)
    has(text, "prompts/system_prompt.yaml\n@@ line ", '\n+identity: "First line."\n', "\n-identity: ")
    assert.is_nil(text:find("turn.lua", 1, true))
    has(select(2, service:cli("versions", "show", "3", "scripts/turn.lua")), "\n+-- a remark\n")
    code, text = service:cli("versions", "show", "3", "prompts/system_prompt.yaml")
    assert.equal("0No difference.", code .. text:gsub("\n", ""))
    assert.equal(1, (service:cli("versions", "show", "3", "turn.lua")))
    has(select(2, service:cli("versions", "show", "17")), "There is no version 17. `assistant versions` lists them.")
    service:kill()
    service:write("scripts/turn.lua", turn)
    has(select(2, service:cli("versions", "show", "disk")), "scripts/turn.lua\n", "\n--- a remark\n")
  end)

  it("G15 H2: without a service a rollback is for the next start; what cannot be gone back to is refused; the versions hold no secret", function()
    local service = process.new { stand_ins = stand_ins }
    saved(service, identity "Second.")
    answered(service)
    service:term()

    local folder, list = shell.quote(service.data .. "/versions"), service.home .. "/needles"
    local needles = table.move(service:secrets(), 1, #service:secrets(), 1, {})
    for _, phone in ipairs(meta.phones) do needles[#needles + 1] = phone:sub(2) end
    shell.write(list, table.concat(needles, "\n") .. "\n")
    assert.is_true(#needles > 5)
    assert.equal(1, (shell.run(("grep -rqaF -f %s %s"):format(list, folder))))
    local _, modes = shell.run(("stat -c %%a %s %s/*"):format(folder, folder))
    assert.equal("700 600 600 600", (modes:gsub("\n$", ""):gsub("\n", " ")))

    local file = service.data .. "/versions/000001.version"
    local whole = shell.read(file)
    for _, case in ipairs {
      { (whole:gsub("return", "retrun", 1)), "Version 1 cannot be read: ", "000001.version is damaged. Choose another version." },
      { (whole:gsub("\nschema %x", "\nschema x", 1)), "Version 1 has another list of schema steps" },
    } do
      shell.write(file, case[1])
      local code, text = service:cli "rollback"
      assert.equal(1, code)
      has(text, table.unpack(case, 2))
    end
    shell.write(file, whole)
    local code, text = service:cli "rollback"
    assert.equal(0, code, text)
    has(text, "Version 1 of ", " is used from the next start on.")
    service:start()
    assert.equal(1, service:status().version.number)
    assert.is_false(serves(service, "Second."))
    service:kill()
  end)

  it("G1: when the files do not load at a start, the last version serves; staff, status and the log name it, and a corrected file is loaded", function()
    local service = process.new { stand_ins = stand_ins }
    saved(service, identity "Second.")
    for _, case in ipairs {
      { "scripts/turn.lua", "local x = = 1\n", "scripts/turn.lua:1:" },
      { "scripts/flow/quote.lua", nil, "quote" },
    } do
      local path, broken, where = table.unpack(case, 1, 3)
      local right = service:read(path)
      service:term()
      if broken then service:write(path, broken) else os.remove(service.home .. "/" .. path) end
      service:start()
      local status = service:status()
      assert.equal(2, status.version.number)
      has(status.last_reload_error, "At the start the files on disk did not load. Version 2 of ", where)
      local words = select(2, service:cli "status")
      has(words, "\nStarted at ", ":\n  At the start the files on disk did not load. Version 2 of ", where)
      assert.is_nil(words:find("previous version", 1, true))
      if broken then assert.is_true(serves(service, "Second.")) end
      shell.until_(function()
        for _, post in ipairs(stand_ins:posts "did not load") do
          if post.body.text:find(where, 1, true) then return post.body.text:find "^[^%w]*At the start the files on disk did not load%. Version 2 of " end
        end
      end, 6, "staff to be told of " .. path)
      assert.equal(5, (service:cli "reload"))
      service:write(path, right)
      shell.until_(function() return not service:status().last_reload_error end, 6, "the corrected file")
    end
    assert.equal(2, service:status().version.number)
    service:kill()
  end)

  it("G15: a rollback that cannot be stored changes nothing and says why, with and without a service", function()
    local service = process.new { stand_ins = stand_ins }
    local serving = service.data .. "/versions/serving"
    local blocked = ("mv %s %s.away && mkdir %s"):format(serving, serving, serving)
    local freed = ("rmdir %s && mv %s.away %s"):format(serving, serving, serving)
    saved(service, identity "Second.")
    for _, args in ipairs { { "rollback" }, { "rollback", "2" } } do -- another version; the one that serves
      assert.equal(0, (shell.run(blocked)))
      local code, text = service:cli(table.unpack(args))
      assert.equal(3, code, text)
      has(text, "Nothing changed: " .. serving .. " cannot be read and written (Is a directory): look at the file, at its folder and at its disk")
      assert.equal(2, service:status().version.number)
      assert.equal(0, (shell.run(freed)))
    end
    for _, line in ipairs(service:logged "versions.not_written") do has(line.remedy, "ls -la") end
    service:restart()
    assert.equal(2, service:status().version.number)
    service:term()
    assert.equal(0, (shell.run(blocked)))
    local code, text = service:cli("rollback", "1")
    assert.equal(3, code, text)
    has(text, "Nothing changed: " .. serving .. " cannot be read and written (Is a directory): ")
  end)

  it("G15: the service's user can read what root's rollback wrote; a choice that it cannot read is named with its remedy, and is kept", function()
    if shell.run "test $(id -u) = 0 && setpriv --reuid=65534 --regid=65534 --clear-groups true" ~= 0 then return pending "it needs root" end
    local user = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    local service = process.new { start = false, stand_ins = stand_ins, wrap = user }
    local serving = service.data .. "/versions/serving"
    assert.equal(0, (shell.run("chown -R 65534:65534 " .. service.home)))
    service:start()
    saved(service, identity "Second.")
    service:term()
    service.wrap = nil
    service:write_runner()
    assert.equal(0, (service:cli "rollback"))
    assert.equal("65534:65534 600\n", select(2, shell.run("stat -c '%u:%g %a' " .. serving)))
    service.wrap = user
    service:start()
    assert.equal(1, service:status().version.number)
    service:term()

    shell.run("chown 0:0 " .. serving)
    service:start()
    local _, words = service:cli "status"
    has(words, "\nKept versions: " .. serving .. " belongs to user root, and this program runs as user ", serving .. "`, and restart.")
    local remedy = words:match "as root `(chown [^`]+)`"
    has(service:logged("versions.not_read")[1].remedy, remedy)
    shell.until_(function() return stand_ins:posts "A kept version of scripts and prompts cannot be read"[1] end, 6, "staff to be told")
    has(stand_ins:posts "A kept version of scripts and prompts cannot be read"[1].body.text, remedy)
    local _, list = service:cli "versions"
    has(list, serving .. " belongs to user root", "the first version\n")
    assert.equal(1, select(2, list:gsub("the first version", "")))
    local code, text = service:cli("rollback", "1")
    assert.equal(3, code)
    has(text, "Nothing changed: " .. serving .. " belongs to user root", remedy)
    service:term()
    assert.equal(0, (shell.run(remedy)))
    service:start() -- root's choice is still there
    assert.equal(1, service:status().version.number)
    assert.is_nil(service:status().versions_trouble)
    service:term()

    shell.run(("chown 0:0 %s && chmod 700 %s"):format(service.data, service.data)) -- and for a command: not "no database"
    for _, name in ipairs { "status", "versions", "rollback" } do
      code, text = service:cli(name)
      assert.equal(3, code)
      has(text, service.data .. " belongs to user root, and this program runs as user ", "Run the command as the user of the service.")
      assert.is_nil(text:find("there is no database", 1, true))
    end
  end)

  it("G1: files that do not load and a missing setting are both named, and end the start with exit 2", function()
    local service = process.new { stand_ins = stand_ins }
    service:term()
    service:write("scripts/turn.lua", "local x = = 1\n")
    service.env.META_APP_SECRET = nil
    service:write_runner()
    local code, text = service:run_once "serve"
    assert.equal(2, code)
    has(text, "scripts/turn.lua:1:", "META_APP_SECRET")
  end)

  it("G1: with no version kept, or none that can be read, files that do not load end the start with exit 5", function()
    local service = process.new { start = false, files = { ["scripts/turn.lua"] = "local x = = 1\n" } }
    local code, text = service:run_once "serve"
    assert.equal(5, code)
    has(text, "scripts/turn.lua:1:")
    service:write("scripts/turn.lua", turn)
    service:start()
    service:term()
    service:write("scripts/turn.lua", "local x = = 1\n")
    shell.run(("for f in %s/versions/*.version; do echo nonsense > $f; done"):format(service.data))
    code, text = service:run_once "serve"
    assert.equal(5, code)
    has(text, "scripts/turn.lua:1:")
  end)

  it("G11: the version that served well before the newest one is known after a restart too, and the newest one falls back to it", function()
    local service = process.new { stand_ins = stand_ins }
    answered(service)
    local main = service:read "scripts/main.lua"
    local bad = main:gsub("turn = { run = turns%.run,", 'turn = { run = function() error "broken on purpose" end,')
    assert.is_true(bad ~= main)
    service:write("scripts/main.lua", bad)
    shell.until_(function() return service:status().version.number == 2 end, 6, "the bad version")
    service:restart { kill = true }
    assert.equal(2, service:status().version.number)
    for _ = 1, 5 do answered(service) end -- by the version before
    shell.until_(function() return service:status().version.number == 1 end, 6, "the way back")
    assert.equal("judge", service:status().version.held_by)
    has(select(2, service:cli "versions"), "changed scripts/main.lua (rolled back: it failed)")
    service:kill()
  end)

  it("G5: a saved script that never finishes compiling delays no answer, is refused by name, and does not stop a start", function()
    local service = process.new { stand_ins = stand_ins }
    -- Each label is compared with all those before it: seconds in Lua's compiler, which no hook and no slice can stop.
    local lines = { "local a = print" }
    for _ = 1, 2 do
      lines[#lines + 1] = "local function f()"
      for n = 1, 31000 do lines[#lines + 1] = ("::_%d::a()"):format(n) end
      lines[#lines + 1] = "end"
    end
    local slow = table.concat(lines, "\n")
    -- About a second of the compiler each: together twice the limit, also on a machine twice as fast.
    for _, name in ipairs { "one", "two", "three", "four" } do service:write("scripts/spec_" .. name .. ".lua", slow) end
    local asked = socket.gettime()
    answered(service) -- while the child is busy
    assert.is_true(socket.gettime() - asked < 1.9)
    local problem = shell.until_(function() return service:status().last_reload_error end, 20, "the refusal")
    has(problem, "scripts/spec_", ".lua: the files did not load within ")
    assert.equal(1, service.starts)
    assert.is_true(service:alive())
    service:kill()
    service:start()
    has(service:status().last_reload_error, "Version 1 of ", "scripts/spec_")
    answered(service)
    service:kill()
  end)

  it("G5: as PID 1 it tries changed files in a child, and reaps that child and what others left behind", function()
    if shell.run "unshare -fp true" ~= 0 then return pending "unshare needs root" end
    local service = process.new { stand_ins = stand_ins, wrap = [[unshare --fork --pid sh -c '(sleep 0.2 &); exec "$@"' sh]] }
    saved(service, identity "Second.")
    shell.until_(function()
      return not (shell.read(("/proc/%d/task/%d/children"):format(service:pid(), service:pid())) or "-"):find "%d"
    end, 3, "no child to be left")
    service:kill()
  end)

  it("G5: two saves while the first is tried are loaded together, and every caller of reload is answered", function()
    local service = process.new { stand_ins = stand_ins }
    shell.run(([[cd %s && for i in 1 2 3 4; do echo "-- $i" >> scripts/turn.lua; sh ./run reload > said.$i 2>&1 & done; wait]]):format(service.home))
    for i = 1, 4 do has(service:read("said." .. i), "Reloaded: generation") end
    shell.until_(function() return (service:read "scripts/turn.lua"):find("-- 4", 1, true) end, 2, "the last save")
    assert.equal(0, (service:cli "reload"))
    has(select(2, service:cli("versions", "show", "disk")), "No difference.")
    service:kill()
  end)
end)
