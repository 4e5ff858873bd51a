-- `assistant replay`: recorded conversations with today's scripts. The stories of scripts/rehearsal/stories are specs of the flow, with the
-- specs' own prompts. The owner's stories, in prompts/stories, are played with the owner's prompts.

local json = require "host.json"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

local function replay(words, options)
  options = options or {}
  local scripts, prompts = (options.home or shell.root) .. "/scripts", options.home and options.home .. "/prompts" or shell.prompts
  local env = { "PATH=" .. shell.quote(os.getenv "PATH"), "TZ=America/Toronto", "SCRIPTS_DIR=" .. scripts, "PROMPTS_DIR=" .. prompts }
  for name, value in pairs(options.env or {}) do env[#env + 1] = name .. "=" .. shell.quote(value) end
  return shell.run(("env -i %s timeout -s KILL 60 %s replay %s </dev/null"):format(table.concat(env, " "), shell.quote(shell.binary), words))
end

local function file(name, text)
  local path = shell.folder() .. "/" .. name
  shell.write(path, type(text) == "table" and json.encode(text) or text)
  return path
end

local function has(text, piece) assert.is_truthy(text:find(piece, 1, true), "not said: " .. piece .. "\n" .. text) end

local story = [[
story: "A couch"
turns:
  - customer: "I have a couch"
    model: {reply_to_user: "Thanks! What's the pickup address?", extracted_data: {inventory: couch}, action: continue}
    reply: "Thanks! What's the pickup address?"
    known: {inventory: couch}
    action: continue
  - customer: 12 Main St
    reply: "Thanks! Is there an elevator we can use?"
    known: {inventory: couch, address: 12 Main St}
    brain: scripted
    card: none
]]

describe("a recorded conversation", function()
  local function stories(folder, home)
    local _, listed = shell.run(("ls -d %s/%s/*.yaml 2>/dev/null"):format(shell.root, folder))
    for path in listed:gmatch "[^\n]+" do
      local title = (shell.read(path) or ""):match '^story: "(.-)"\n' or path
      it("goes as it is written down: " .. title, function()
        local code, text = replay(path, { home = home })
        assert.equal(0, code, text)
        has(text, ": unchanged\n")
      end)
    end
  end
  stories "scripts/rehearsal/stories"
  stories("prompts/stories", shell.root)
  teardown(process.close_all)
end)

describe("assistant replay", function()
  teardown(process.close_all)

  it("says only \"unchanged\" when nothing changed, and exits with 0", function()
    local path = file("couch.yaml", story)
    local code, text = replay(path)
    assert.equal(0, code)
    assert.equal(path .. ": A couch: unchanged\n", text)
  end)

  it("tells turn by turn what changed then and now, and exits with 1", function()
    local other = story:gsub("elevator we can use", "lift"):gsub("address: 12 Main St}", "address: 13 Main St}"):gsub("card: none", "card: complete")
      :gsub("brain: scripted", "brain: model")
    local one, two = file("couch.yaml", story), file("other.yaml", other)
    local code, text = replay(one .. " " .. two)
    assert.equal(1, code)
    for _, line in ipairs { one .. ": A couch: unchanged\n", two .. ": A couch: changed\n  turn 2, \"12 Main St\"\n", "reply  then: Thanks! Is there an lift?\n",
      "now: Thanks! Is there an elevator we can use?\n", "known  then: address: 13 Main St; inventory: couch\n", "brain  then: model\n            now: scripted\n",
      "card   then: complete\n            now: none\n", "1 of 2 conversations would change.\n" } do has(text, line) end
    assert.is_nil(text:find("turn 1", 1, true))
  end)

  it("shows what a changed prompt file would change", function()
    local home = shell.home()
    assert(shell.run(("sed -i 's/^ask_elevator_access:.*/ask_elevator_access: \"Any lift?\"/' %s/prompts/replies.yaml"):format(home)) == 0)
    local code, text = replay(file("couch.yaml", story), { home = home })
    assert.equal(1, code)
    has(text, "then: Thanks! Is there an elevator we can use?\n            now: Thanks! Any lift?\n")
  end)

  it("writes the story with today's answers, and that one is unchanged", function()
    local code, text = replay("--record " .. file("couch.yaml", (story:gsub("elevator we can use", "lift"))))
    assert.equal(0, code)
    has(text, 'reply: "Thanks! Is there an elevator we can use?"')
    assert.equal(0, (replay(file("new.yaml", text))))
  end)

  it("reads several stories in one file, and JSON", function()
    local turn = { customer = { "I have a couch", "and a desk" }, model = { "nonsense", { reply_to_user = "Noted.", action = "continue" } }, reply = "Noted.", brain = "model" }
    local code, text = replay(file("two.json", { { story = "one", turns = { turn } }, { story = "two", turns = { turn } } }))
    assert.equal(0, code, text)
    has(text, "one: unchanged\n")
    has(text, "0 of 2 conversations would change.\n")
  end)

  it("plays an exported chat: the model's answers are checked again, staff's messages are not", function()
    local function message(role, content, kind, author) return { role = role, content = content, kind = kind, author = author, created_at = "2026-11-20 15:00:00.000" } end
    local chat = { messages = {
      message("user", "I have a couch", "text"), message("assistant", "Thanks! What's the pickup address?", "model"),
      message("user", "12 Main St", "text"), message("assistant", "Hello, Bob here.", "staff", "U1"), message("user", "hi Bob", "text"),
    }, quote_data = { inventory = "couch" } }
    local code, text = replay(file("ann.json", chat))
    assert.equal(0, code, text)
    chat.messages[2].content = "That is $350."
    code, text = replay(file("ann.json", chat))
    assert.equal(1, code)
    has(text, "then: That is $350.")
    has(text, "why:    the reply promises a price")
  end)

  it("plays an exported chat with a visit: news about the visit is no reply of a turn, and the link is filled in as it was", function()
    local function message(from, content, kind) return { from = from, text = content, kind = kind, at = "2026-11-20T15:00:00.000Z" } end
    local link = "\n\nYou can pick a time for an on-site assessment here: https://bookings.clearoutspaces.ca/clearoutspaces/assessment?name=Ann&metadata%5Bconv%5D="
    local code, text = replay(file("ann.json", { name = "Ann", messages = {
      message("customer", "Can I book a visit?", "text"), message("assistant", "Gladly." .. link .. "0123abcd", "model"),
      message("assistant", "You're booked for an on-site assessment: Monday, November 30 at 2:30 PM. See you then!", "canned"),
      message("customer", "another day please", "text"), message("assistant", "Sure." .. link .. "0123abcd&rescheduleUid=u1", "model"),
    } }))
    assert.equal(0, code, text)
    has(text, ": unchanged\n")
  end)

  it("plays what `assistant export` prints", function()
    local stand_ins = standins.new()
    local service = process.new { stand_ins = stand_ins }
    stand_ins:plan { contains = "couch", answer = { reply_to_user = "Thanks! What's the pickup address?", extracted_data = { inventory = "couch" } } }
    service:say("14165550177", "I have a couch")
    shell.until_(function() return #stand_ins:replies "14165550177" > 0 end, 8, "the answer")
    local code, document = service:cli("export", "14165550177")
    assert.equal(0, code, document)
    local text
    code, text = replay(file("export.json", document))
    assert.equal(0, code, text)
    has(text, ": unchanged\n")
    service:close()
    stand_ins:close()
  end)

  it("asks the configured model with --model, where no answer is recorded", function()
    local stand_ins = standins.new()
    stand_ins:plan { contains = "Main St", answer = { reply_to_user = "The model was here." } }
    local path = file("couch.yaml", story)
    local env = { DEEPSEEK_API_KEY = stand_ins.key, DEEPSEEK_URL = stand_ins.url .. "/sandbox/model" }
    assert.equal(0, (replay(path, { env = env })))
    local code, text = replay("--model " .. path, { env = env })
    assert.equal(1, code)
    has(text, "now: The model was here.")
    assert.equal(1, #stand_ins:requests "model")
    stand_ins:close()
    code, text = replay("--model " .. path)
    assert.equal(2, code)
    has(text, "DEEPSEEK_API_KEY")
  end)

  it("names file and line of what it cannot read, and exits with 2", function()
    for _, case in ipairs {
      { "turns:\n  - customer: \"x\n", ":2:15: " }, { "turns:\n  - customer: a\n    replys: b\n", ":3: turns[1].replys is not known here." },
      { "turns:\n  - reply: b\n", ":2: turns[1] must have one of customer, staff and returned" }, { "turns: []\n", ":1: turns must be a list of turns" },
      { "turns:\n  - customer: a\n    action: contine\n", ":3: turns[1].action must be one of" }, { "[]", "the file holds no story" },
      { "{\"messages\": [", ": line 1, byte " }, { "{\"messages\": []}", "nothing can be replayed" }, { "just text", "must be a story" }, { "", "is empty" }, { "a\0b", "NUL" },
    } do
      local path = file("bad.yaml", case[1])
      local code, text = replay(path)
      assert.equal(2, code, case[1] .. text)
      has(text, path)
      has(text, case[2])
    end
    local code, text = replay "/nowhere/x.yaml"
    assert.equal(2, code)
    has(text, "/nowhere/x.yaml: cannot be read (No such file or directory)")
    assert.equal(2, (replay("/tmp")))
  end)

  it("exits with 5 when the scripts do not load, or fail at a conversation", function()
    local home = shell.home()
    local quote = shell.read(home .. "/scripts/flow/quote.lua")
    shell.write(home .. "/scripts/flow/quote.lua", (quote:gsub("function M.merge%b()\n", "%0  error \"quote is broken\"\n")))
    local path = file("couch.yaml", story)
    local code, text = replay(path, { home = home })
    assert.equal(5, code)
    has(text, "the scripts failed: scripts/flow/quote.lua:")
    shell.write(home .. "/scripts/flow/quote.lua", "local x = = 1\n")
    code, text = replay(path, { home = home })
    assert.equal(5, code)
    has(text, "scripts/flow/quote.lua:1:")
  end)
end)
