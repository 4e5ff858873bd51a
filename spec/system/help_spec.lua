-- The program's help, and its answers to arguments that fit no command.

local process = require "spec.support.process"
local shell = require "spec.support.shell"

local function assistant(words)
  local folder = shell.folder()
  local code, text = shell.run(("cd %s && env -i PATH=%s SCRIPTS_DIR=%s/scripts PROMPTS_DIR=%s/prompts timeout -s KILL 20 %s %s </dev/null"):format(folder,
    shell.quote(os.getenv "PATH"), shell.root, shell.root, shell.quote(shell.binary), words))
  local _, left = shell.run("ls -A " .. folder)
  assert.equal("", left, words .. " left something behind")
  return code, text
end

local COMMANDS = { "serve", "sandbox", "check", "chat", "replay", "run", "status", "reload", "jobs", "requeue", "export", "erase", "backup", "health", "version", "help" }

describe("assistant help", function()
  teardown(process.close_all)

  it("lists every command in a line, and the exit codes", function()
    local code, text = assistant "help"
    assert.equal(0, code)
    for _, name in ipairs(COMMANDS) do assert.is_truthy(text:find("\nassistant " .. name .. "%f[%W]") or text:find("^assistant " .. name), name) end
    assert.is_truthy(text:find("Exit codes: 0 fine, 1 failed, 2 settings, 3 storage, 4 database in use, 5 scripts or prompts.", 1, true))
    for _, words in ipairs { "--help", "-h", "" } do assert.same({ code, text }, { assistant(words) }) end
  end)

  it("has a page of 5 to 15 lines for each: usage, exit codes, an example", function()
    for _, name in ipairs(COMMANDS) do
      local code, text = assistant("help " .. name)
      assert.equal(0, code, name)
      assert.equal(1, (text:find("Usage: assistant " .. name, 1, true)), name)
      assert.is_truthy(text:find("\nExit codes: 0", 1, true), name)
      assert.is_truthy(text:find("\nExample:  .*assistant " .. name), name)
      local _, lines = text:gsub("\n", "")
      assert.is_true(lines >= 5 and lines <= 15, name .. " has " .. lines)
      for line in text:gmatch "[^\n]+" do assert.is_true(utf8.len(line) <= 105, line) end
      assert.same({ code, text }, { assistant(name .. " --help") })
    end
  end)

  it("names the command that was meant, and exits with 1", function()
    for words, said in pairs {
      ["help stauts"] = "There is no command \"stauts\". Did you mean `assistant status`? `assistant help` lists them.\n",
      ["replai x.yaml"] = "There is no command \"replai\". Did you mean `assistant replay`? `assistant help` lists them.\n",
      ["frobnicate"] = "There is no command \"frobnicate\". `assistant help` lists them.\n",
      ["help frobnicate"] = "There is no command \"frobnicate\". `assistant help` lists them.\n",
      ["--frob"] = "There is no command \"--frob\". `assistant help` lists them.\n",
    } do assert.same({ 1, said }, { assistant(words) }) end
  end)

  it("lists the scripts' commands too", function()
    local main = shell.read(shell.root .. "/scripts/main.lua")
    local greet = "greet = function(words) return \"hello \" .. words[1] end,"
    local changed, done = main:gsub("\n  commands = {", "%0 " .. greet, 1)
    if done == 0 then changed = main:gsub("\nreturn {", "%0 commands = { " .. greet .. " },", 1) end
    local service = process.new { files = { ["scripts/main.lua"] = changed } }
    assert.same({ 0, "hello Ann\n" }, { service:cli("greet", "Ann") })
    service:close()
  end)

  it("refuses wrong arguments before anything is opened, says how the command is called, and exits with 1", function()
    for words, said in pairs {
      ["backup"] = "assistant backup: FILE is missing.\nUsage: assistant backup FILE\n",
      ["backup a b"] = "assistant backup does not take \"b\".\n", ["requeue"] = "assistant requeue: ID is missing.\n",
      ["serve extra"] = "assistant serve does not take \"extra\".\nUsage: assistant serve\n", ["sandbox --standins"] = "assistant sandbox does not know --standins.\n",
      ["status --jsn"] = "assistant status does not know --jsn.\nUsage: assistant status [--json]\n", ["jobs dead"] = "assistant jobs does not take \"dead\".\n",
      ["export"] = "assistant export: PHONE is missing.\n", ["erase"] = "assistant erase: PHONE is missing.\n", ["replay"] = "assistant replay: FILE… is missing.\n",
      ["run"] = "assistant run: FILE is missing.\n", ["check a b"] = "assistant check does not take \"b\".\n", ["health now"] = "assistant health does not take \"now\".\n",
      ["reload all"] = "assistant reload does not take \"all\".\n", ["version 2"] = "assistant version does not take \"2\".\n", ["chat hello"] = "assistant chat does not take \"hello\".\n",
      ["help a b"] = "assistant help does not take \"b\".\n",
    } do
      local code, text = assistant(words)
      assert.equal(1, code, words)
      assert.equal(1, (text:find(said, 1, true)), words .. ": " .. text)
      assert.is_truthy(text:find("\nUsage: assistant ", 1, true), words)
    end
  end)

  it("refuses the stand-ins alone without the address of the assistant that they serve", function()
    local code, text = assistant "sandbox --stand-ins"
    assert.equal(2, code)
    assert.equal("SANDBOX_TARGET: is missing: where the assistant under test listens, like http://127.0.0.1:8080.\n", text)
  end)

  it("prints its version", function()
    for _, words in ipairs { "version", "--version" } do
      local code, text = assistant(words)
      assert.equal(0, code)
      assert.is_truthy(text:find "^assistant %d+%.%d+%.%d+\n$")
    end
  end)
end)
