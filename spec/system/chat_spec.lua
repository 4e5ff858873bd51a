-- `assistant chat`: the flow in the terminal, with nobody outside.

local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

-- Runs it with these lines on its stdin. options: env, scripts (a folder that holds scripts/ and prompts/), before (sh)
local function chat(lines, options)
  options = options or {}
  local env = { "PATH=" .. shell.quote(os.getenv "PATH"), "TZ=America/Toronto", "SCRIPTS_DIR=" .. (options.home or shell.root) .. "/scripts",
    "PROMPTS_DIR=" .. (options.home and options.home .. "/prompts" or shell.prompts) }
  for _, name in ipairs { "ASAN_OPTIONS", "UBSAN_OPTIONS" } do
    if os.getenv(name) then env[#env + 1] = name .. "=" .. shell.quote(os.getenv(name)) end
  end
  for name, value in pairs(options.env or {}) do env[#env + 1] = name .. "=" .. shell.quote(value) end
  local folder = shell.folder()
  shell.write(folder .. "/lines", table.concat(lines, "\n") .. (#lines > 0 and "\n" or ""))
  local code, text = shell.run(("cd %s && env -i %s timeout -s KILL 60 %s chat <lines"):format(folder, table.concat(env, " "), shell.quote(shell.binary)))
  local _, left = shell.run("ls -A " .. folder)
  return code, text, left
end

local function place(text, piece)
  return assert(text:find(piece, 1, true), "not said: " .. piece .. "\n" .. text)
end

describe("assistant chat", function()
  teardown(process.close_all)

  it("answers each line of a pipe without any settings, and leaves nothing behind", function()
    local code, text, left = chat { "Hi, I have a couch", "12 Main St, Toronto" }
    assert.equal(0, code, text)
    place(text, "DEEPSEEK_API_KEY is not set")
    local asked = place(text, "assistant> Hi! Thanks for reaching out to us. What's the pickup address?")
    assert.is_true(asked < place(text, "you> 12 Main St, Toronto"))
    assert.is_true(place(text, "you> 12 Main St, Toronto") < place(text, "Is there an elevator we can use?"))
    assert.equal("lines\n", left)
  end)

  it("shows the action, what is known and missing, and what staff would read", function()
    local _, text = chat { "I have a couch", "/known", "can I talk to a person please", "/frob" }
    place(text, "continue · the fixed questions · known: inventory · missing: address, elevator access, stairs")
    place(text, "Inventory: a couch")
    place(text, "Missing: address, elevator access, stairs")
    place(text, "  · handoff · known: inventory")
    place(text, "→ Slack: New Quote Request from +1 416-555-0100")
    place(text, "Why: the customer asked for a person")
    place(text, "There is no /frob. /help lists the commands.")
  end)

  it("asks the open question again after a fixed answer of the owner", function()
    local home = shell.home()
    local path = home .. "/prompts/business.yaml"
    shell.write(path, assert(shell.read(path)) .. "\nanswers:\n  - words: [parking]\n    text: Leave it in front.\n")
    local _, text = chat({ "Hi, I have a couch", "parking?" }, { home = home })
    place(text, "assistant> Leave it in front. Could you send me the address")
  end)

  it("plays a take-over, a return, and another customer", function()
    local _, text = chat { "I have a couch", "/take I'm on it", "are you there?", "/return", "/new", "/known" }
    local silent = place(text, "  · paused")
    assert.is_nil(text:sub(place(text, "you> are you there?"), silent):find("assistant>", 1, true))
    assert.is_true(silent < text:find("assistant>", silent, true))
    place(text, "Nothing is known yet.")
  end)

  it("ends with 0 at /quit, at the end of its input, and without any input", function()
    local code, text = chat { "/quit", "never said" }
    assert.equal(0, code)
    assert.is_nil(text:find("never said", 1, true))
    assert.equal(0, (chat {}))
    assert.equal(0, (chat { "no line end" }))
  end)

  it("asks the model that is configured, shows what the guards stopped, and sends nothing to anybody else", function()
    local stand_ins = standins.new()
    local calls = 0
    stand_ins:plan { contains = "how much", answer = { reply_to_user = "That is $350." } }
    stand_ins:plan { contains = "book", answer = { reply_to_user = "With pleasure!", action = "schedule" } }
    local base = stand_ins.url .. "/sandbox"
    local code, text = chat({ "how much is it", "/why", "I want to book a visit", "speak to a human" }, { env = {
      DEEPSEEK_API_KEY = stand_ins.key, DEEPSEEK_URL = base .. "/model", META_ACCESS_TOKEN = stand_ins.token, META_GRAPH_URL = base .. "/graph/v26.0",
      SLACK_WEBHOOK_URL = base .. "/slack/webhook", TYPING_INDICATOR = "on", META_PHONE_NUMBER_ID = "not even digits",
      META_APP_SECRET_FILE = "/nowhere", DATABASE_URL = "sqlite:/nowhere/at/all.sqlite", LISTEN = "nonsense",
    } })
    assert.equal(0, code, text)
    for _, line in ipairs { "The model's answers were stopped: the reply promises a price", "schedule · the model", "assistant> With pleasure!",
      "https://bookings.clearoutspaces.ca/clearoutspaces/assessment?", "→ Slack: New Quote Request" } do place(text, line) end
    assert.is_nil(text:gsub("you> [^\n]*", ""):find("assistant> That is $350", 1, true))
    for _, request in ipairs(stand_ins:requests()) do
      assert.equal("model", request.upstream)
      calls = calls + 1
    end
    assert.equal(3, calls) -- twice about the price, once about the visit
    stand_ins:close()
  end)

  it("says that the model did not answer, and continues with the fixed questions", function()
    local code, text = chat({ "I have a couch" }, { env = { DEEPSEEK_API_KEY = "sk-x", DEEPSEEK_URL = "http://127.0.0.1:" .. shell.port(),
      RETRY_BASE_MS = "1", LLM_DEADLINE_MS = "300" } })
    assert.equal(0, code, text)
    place(text, "assistant> Hi! Thanks for reaching out to us.")
    place(text, "The model did not answer (")
  end)

  it("uses a saved change with the next line, and keeps the last good files over a broken one", function()
    local home = shell.home()
    local replies = home .. "/prompts/replies.yaml"
    local script = ([[
      cd %s
      said() { n=0; while ! grep -q "$1" out && [ $n -lt 400 ]; do sleep 0.05; n=$((n+1)); done; }
      { echo 'I have a couch'; said 'pickup address'
        sed -i 's/^ask_elevator_access:.*/ask_elevator_access: "Any lift?"/' %s; echo '12 Main St'; said 'Any lift'
        echo 'broken: [' >>%s; echo 'yes there is'; said 'stairs'
      } | env -i PATH="$PATH" SCRIPTS_DIR=scripts PROMPTS_DIR=prompts %s chat >out 2>&1
      echo "code $?"; cat out]]):format(home, replies, replies, shell.quote(shell.binary))
    local _, text = shell.run(script)
    place(text, "code 0")
    place(text, "Any lift?")
    place(text, "prompts/replies.yaml")
    place(text, "Reload failed. The previous version is still running.")
    place(text, "assistant> Thanks! Are there any stairs involved?")
  end)

  it("does not start with scripts that do not load: exit 5, with file and line", function()
    local home = shell.home()
    shell.write(home .. "/scripts/flow/quote.lua", "local x = = 1\n")
    local code, text = chat({ "hello" }, { home = home })
    assert.equal(5, code)
    place(text, "scripts/flow/quote.lua:1:")
    assert.equal(2, (chat({ "hello" }, { env = { DEEPSEEK_URL = "not a url" } })))
  end)

  it("sends the terminal no commands, whatever is written", function()
    local _, text = chat { "\27[2Jclear\7 \xff\xfe couch", ("x"):rep(20000), "[photo: \27[31mred]" }
    assert.is_nil(text:gsub("you> [^\n]*", ""):find("\27", 1, true))
    place(text, "longer than any message")
  end)

  it("prompts in a terminal, and ends with 0 at Ctrl-D and at Ctrl-C", function()
    local talk = [[
import os, pty, sys, time
def run(end):
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(sys.argv[1], [sys.argv[1], "chat"], {"TERM": "xterm", "SCRIPTS_DIR": sys.argv[2] + "/scripts", "PROMPTS_DIR": sys.argv[2] + "/prompts"})
    seen = b""
    def until(piece):
        nonlocal seen
        while piece not in seen:
            seen += os.read(fd, 4096)
    until(b"you>")
    os.write(fd, b"I have a couch\n")
    until(b"pickup address")
    seen = seen.split(b"pickup address")[1]
    until(b"you>")
    os.write(fd, end)
    try:
        while os.read(fd, 4096): pass
    except OSError: pass
    print("code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
run(b"\x04")
run(b"\x03")
]]
    local folder = shell.folder()
    shell.write(folder .. "/talk.py", talk)
    local _, text = shell.run(("timeout -s KILL 30 python3 %s/talk.py %s %s"):format(folder, shell.quote(shell.binary), shell.home()))
    assert.equal("code 0\ncode 0\n", text)
  end)
end)
