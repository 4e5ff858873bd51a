-- The specs pass in an owner's clone, because they do not depend on prompts/, which belongs to the owner.

local shell = require "spec.support.shell"

local STORY = [[
story: "We ask where to park"
turns:
  - customer: "I have a couch"
    reply: "Good day from Other Movers. Where do we come to?"
  - customer: "12 Main St"
    reply: "Thanks! Where can we park?"
    brain: scripted
]]

describe("an owner's clone", function()
  local home
  setup(function()
    home = shell.home()
    assert(shell.run(("cp -r %s/spec %s/"):format(shell.root, home)) == 0)
    local edits = ([[cd %s/prompts && sed -i '/^quote_fields_needed/,/^workflow/{/^  - /d}; s/^quote_fields_needed:.*/&\n  - address\n  - parking\n  - inventory/' system_prompt.yaml &&
      sed -i '/^greeting:/d; /^ask_address:/d' replies.yaml && cat >>replies.yaml <<'END'
greeting: "Good day from Other Movers."
ask_address: "Where do we come to?"
ask_parking: "Where can we park?"
END
      echo 'ask_parking: "Où peut-on stationner?"' >>replies.fr.yaml
      sed -i 's/^  - Toronto/  - Hamilton/; s/idle_hours: 12/idle_hours: 3/' business.yaml && mkdir -p stories]]):format(home)
    assert(shell.run(edits) == 0)
    shell.write(home .. "/prompts/stories/parking.yaml", STORY)
  end)
  teardown(shell.remove_folders)

  local function specs(words)
    return shell.run(("cd %s && TZ=America/Toronto ASSISTANT=%s timeout -s KILL 120 %s run spec/run.lua %s </dev/null"):format(home,
      shell.quote(shell.binary), shell.quote(shell.binary), words))
  end

  it("passes the shipped specs and stories with a field, words and towns of the owner's, and plays the owner's story", function()
    local code, text = specs "spec/flow/scripted_spec.lua spec/brain spec/system/replay_spec.lua --filter-out=export -o TAP"
    assert.equal(0, code, text:sub(-3000))
    assert.is_truthy(text:find("goes as it is written down: We ask where to park", 1, true), text:sub(-3000))
  end)

  it("fails when the owner's texts no longer give the owner's story", function()
    assert(shell.run(("sed -i 's/^ask_parking:.*/ask_parking: \"Any parking?\"/' %s/prompts/replies.yaml"):format(home)) == 0)
    local code, text = specs "spec/system/replay_spec.lua --filter=park"
    assert.equal(1, code)
    assert.is_truthy(text:find("now: Thanks! Any parking?", 1, true), text:sub(-3000))
  end)
end)
