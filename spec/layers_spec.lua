local json = require "host.json"
local layers = require "spec.support.layers"
local shell = require "spec.support.shell"

local function commands_of_build() return json.decode(assert(shell.read(shell.binary:match "^(.*)/" .. "/compile_commands.json"))) end

-- A copy of host/ and scripts/, in which the preprocessor reads these units only.
local function copy(...)
  local folder = shell.folder()
  assert.equal(0, (shell.run(("cp -r %s/host %s/scripts %s/"):format(shell.root, shell.root, folder))))
  local commands, units = {}, {}
  for _, unit in ipairs { ... } do units[shell.root .. "/host/" .. unit] = true end
  for _, one in ipairs(commands_of_build()) do
    if units[one.file] then
      commands[#commands + 1] = { directory = one.directory, file = folder .. one.file:sub(#shell.root + 1),
        command = one.command:gsub(shell.root:gsub("%p", "%%%0") .. "/host", folder .. "/host") }
    end
  end
  assert.equal(select("#", ...), #commands)
  return folder, commands
end

local function put(folder, path, line)
  local old = shell.read(folder .. "/" .. path)
  shell.write(folder .. "/" .. path, line .. "\n" .. (old or ""))
end

-- The faults that name `file`.
local function naming(faults, file)
  local found = {}
  for _, fault in ipairs(faults) do
    if fault:sub(1, #file) == file then found[#found + 1] = fault end
  end
  return table.concat(found, "\n")
end

describe("the layers of the host", function()
  after_each(shell.remove_folders)

  it("are kept", function() assert.equal("", table.concat(layers.c(shell.root, commands_of_build()), "\n")) end)

  it("are broken by one include upwards, which is named with its line, its chain and a remedy", function()
    local folder, commands = copy("work/sqlite/jobs_clock.c", "base/near.c")
    assert.same({}, layers.c(folder, { commands[2] }))
    put(folder, "host/base/near.h", '#include "cli/help.h"')
    put(folder, "host/work/sqlite/jobs_clock.c", '#include "service/diff.h"')
    local faults = layers.c(folder, commands)
    assert.equal("host/base/near.h:1: base/near.c → base/near.h → cli/help.h\n    rule: base must not depend on cli, which is a higher layer.\n" ..
      "    remedy: move what is needed to a lower layer, or return it to the caller, or call a function that the caller gave.",
      naming(faults, "host/base/near.h"))
    assert.matches("^host/work/sqlite/jobs_clock%.c:1: work/sqlite/jobs_clock%.c → service/diff%.h\n", naming(faults, "host/work/sqlite/jobs_clock.c"))
  end)

  it("are broken by a header of Lua that is reached through another header", function()
    local folder, commands = copy("store/ledger.c")
    put(folder, "host/base/through.h", "#define LUA_HEADER <lua.h>\n#include LUA_HEADER")
    put(folder, "host/store/ledger.c", '#include "base/through.h"')
    local found = naming(layers.c(folder, commands), "host/base/through.h")
    assert.matches("^host/base/through%.h:2: store/ledger%.c → base/through%.h → /[%w/._-]+/lua%.h\n    rule: base must not depend on lua%.h", found)
  end)

  it("are broken by the header of a database outside of its engine's folder, also through one of the folder's headers", function()
    local folder, commands = copy("work/sqlite/jobs_clock.c", "store/ledger.c", "store/sqlite/check.c")
    put(folder, "host/work/sqlite/jobs_clock.c", "#include <sqlite3.h>")
    put(folder, "host/store/ledger.c", '#include "store/sqlite/statements.h"')
    local faults = layers.c(folder, commands)
    assert.matches("^host/work/sqlite/jobs_clock%.c:1: work/sqlite/jobs_clock%.c → /[%w/._-]+/sqlite3%.h\n    rule: only files of host/store/sqlite may reach " ..
      "sqlite3%.h%.\n    remedy: go through store/store%.h%.$", naming(faults, "host/work/sqlite/jobs_clock.c"))
    assert.matches("ledger%.c:1: store/ledger%.c → store/sqlite/statements%.h → /[%w/._-]+/sqlite3%.h\n", naming(faults, "host/store/ledger.c"))
    assert.equal(2, #faults)
  end)

  it("do not count what the preprocessor leaves out", function()
    local folder, commands = copy("base/near.c")
    put(folder, "host/base/near.c", '#if 0\n#include "cli/help.h"\n#endif\n// #include "cli/help.h"')
    assert.same({}, layers.c(folder, commands))
  end)

  it("are broken by store, server and client that depend on one another, and by another folder's parts", function()
    local folder, commands = copy("client/shard.c")
    put(folder, "host/client/shard.c", '#include "store/store.h"\n#include "metrics/parts.h"')
    local found = naming(layers.c(folder, commands), "host/client/shard.c")
    assert.matches("shard%.c:1: .-client must not depend on store, which stands beside it", found)
    assert.matches("shard%.c:2: client/shard%.c → metrics/parts%.h\n    rule: only its own folder", found)
  end)

  it("are broken by two headers that include one another, also when a guard hides it", function()
    local folder, commands = copy("base/near.c")
    put(folder, "host/base/near.h", '#pragma once\n#include "base/far.h"')
    put(folder, "host/base/far.h", '#pragma once\n#include "base/near.h"')
    assert.matches("base/far%.h → base/near%.h → base/far%.h %(host/base/far%.h:2, host/base/near%.h:2%)\n    rule: files must not",
      table.concat(layers.c(folder, commands)))
  end)

  it("are broken by two units whose sources include one another's header, also through a header that only they share", function()
    local folder, commands = copy("work/sqlite/jobs_list.c", "work/sqlite/jobs_clock.c")
    put(folder, "host/work/sqlite/one_parts.h", '#include "work/sqlite/jobs_clock.h"')
    put(folder, "host/work/sqlite/jobs_list.c", '#include "work/sqlite/one_parts.h"')
    put(folder, "host/work/sqlite/jobs_clock.c", '#include "work/sqlite/jobs_list.h"')
    put(folder, "host/work/sqlite/jobs_clock.h", "")
    put(folder, "host/work/sqlite/jobs_list.h", "")
    assert.matches("work/sqlite/jobs_clock → work/sqlite/jobs_list → work/sqlite/jobs_clock %(host/work/sqlite/jobs_clock%.c:1, host/work/sqlite/one_parts%.h:1%)\n" ..
      "    rule: units must not", table.concat(layers.c(folder, commands)))
  end)
end)

describe("the layers of the scripts", function()
  after_each(shell.remove_folders)

  local function scripts()
    local folder = shell.folder()
    assert.equal(0, (shell.run(("cp -r %s/scripts %s/"):format(shell.root, folder))))
    return folder
  end

  it("are kept", function() assert.equal("", table.concat(layers.lua(shell.root), "\n")) end)

  it("are broken by one require sideways, also a lazy one inside a function", function()
    local folder = scripts()
    put(folder, "scripts/channels/whatsapp/codes.lua", 'local function lazy()\n  return require("channels.slack.text")\nend\nlazy()')
    assert.matches("^scripts/channels/whatsapp/codes%.lua:2: channels%.whatsapp%.codes → channels%.slack%.text\n" ..
      "    rule: channels%.whatsapp must not depend on channels%.slack", naming(layers.lua(folder), "scripts/channels/whatsapp/codes.lua:2"))
  end)

  it("are broken by a flow that requires the host", function()
    local folder = scripts()
    put(folder, "scripts/flow/hours.lua", "-- require 'brain.client' in a comment is none\nlocal _ = require 'host.time'")
    local found = naming(layers.lua(folder), "scripts/flow/hours.lua")
    assert.matches("^scripts/flow/hours%.lua:2: flow%.hours → host%.time\n", found)
    assert.is_nil(found:find("brain.client", 1, true))
  end)

  it("are broken by modules and by folders that depend on one another", function()
    local folder = scripts()
    put(folder, "scripts/records/one.lua", 'local _ = require "records.two"')
    put(folder, "scripts/records/two.lua", 'local _ = require "brain.three"')
    put(folder, "scripts/brain/three.lua", 'local _ = require "records.one"')
    local found = table.concat(layers.lua(folder), "\n")
    assert.matches("brain%.three → records%.one → records%.two → brain%.three .-rule: modules must not depend on one another", found)
    assert.matches("brain → records → brain .-rule: folders must not depend on one another", found)
  end)

  it("are broken by a name that is computed, and by a module that has no layer", function()
    local folder = scripts()
    put(folder, "scripts/flow/odd.lua", 'local _ = require("fl" .. "ow")')
    put(folder, "scripts/odd.lua", "")
    local found = table.concat(layers.lua(folder), "\n")
    assert.matches("scripts/flow/odd%.lua:1: flow%.odd → %?\n    rule: the name of a required module stands in the source", found)
    assert.matches("scripts/odd%.lua:1: odd\n    rule: every module belongs to a layer", found)
  end)
end)
