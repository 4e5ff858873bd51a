local shell = require "spec.support.shell"

describe("spec/run.lua", function()
  after_each(shell.remove_folders)

  it("prints a failing spec's sentence, its place and what was expected, but no log line and no traceback", function()
    local path = shell.folder() .. "/broken_spec.lua"
    shell.write(path, 'describe("a thing", function()\n  it("is one", function() assert.equal(1, 2) end)\n' ..
      '  it("is there", function() local thing; return thing.name end)\nend)\n')
    local code, text = shell.run(("cd %s && %s run spec/run.lua %s"):format(shell.root, shell.binary, path))
    assert.equal(1, code)
    assert.matches("a thing is one\n" .. path:gsub("%p", "%%%0") .. ":2: Expected objects to be equal.\nPassed in:\n%(number%) 2\nExpected:\n%(number%) 1\n", text)
    assert.matches("a thing is there\n" .. path:gsub("%p", "%%%0") .. ":3: attempt to index a nil value", text)
    assert.is_nil(text:find("traceback", 1, true))
    assert.is_nil(text:find('"level"', 1, true))
  end)
end)

describe("./dev spec", function()
  it("says so when nothing has that name", function()
    local code, text = shell.run(("cd %s && BUILD_DIR=%s ./dev spec spec/flow nothing_test"):format(shell.root, shell.binary:match "^(.*)/"))
    assert.equal(1, code)
    assert.equal("dev: no spec, no folder with specs and no C test is named 'nothing_test'\n", text)
  end)
end)
