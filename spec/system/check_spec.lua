-- `assistant check`: owners' mistakes, and what they are told. A reload tells the same; a few mistakes are tried there.

local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

local function has(text, piece, what) assert.is_truthy(text:find(piece, 1, true), (what or "") .. ": not said: " .. piece .. "\n" .. text) end

local function with(pattern, replacement)
  return function(text)
    local changed, n = text:gsub(pattern, replacement)
    assert(n > 0, pattern .. " is not there")
    return changed
  end
end

local function added(line) return function(text) return text .. line .. "\n" end end

-- Puts a line into a function, behind its head.
local function inside(head, line) return with(head .. "%b()\n", function(found) return found .. line .. "\n" end) end

-- What, file, how it is changed (nil: deleted; a table: several files), and the words. {line} is where the marker stands.
local refused = {
  { "a misspelt function of another script", "scripts/turn.lua", with("quote%.merge%(", "quote.mrege("),
    "quote.mrege: the module flow.quote has no 'mrege'. Did you mean 'merge'?", "quote%.mrege" },
  { "a function that was renamed where it is defined", "scripts/flow/quote.lua", with("function M%.complete%(", "function M.is_complete("),
    "quote.complete: the module flow.quote has no 'complete'. Correct the name, or add it to scripts/flow/quote.lua." },
  { "a misspelt function of the same script", "scripts/flow/quote.lua", inside("function M%.merge", "  local one = M.knwon('x')"),
    "M.knwon: the module flow.quote has no 'knwon'. Did you mean 'known'?", "M%.knwon" },
  { "a misspelt function of the host", "scripts/turn.lua", with("time%.now_ms%(", "time.now_sm(", 1),
    "time.now_sm: the module host.time has no 'now_sm'. Did you mean 'now_ms'?", "time%.now_sm" },
  { "a misspelt function of Lua", "scripts/flow/quote.lua", inside("function M%.merge", "  if string.fnid('a', 'b') then return end"),
    "string.fnid: the library string has no 'fnid'. Did you mean 'find'?", "string%.fnid" },
  { "a misspelt variable", "scripts/flow/quote.lua", inside("function M%.merge", "  local wanted = 1 if wantde then return end"),
    "undefined global 'wantde'. Did you mean 'wanted'?", "wantde" },
  { "a variable without local", "scripts/flow/quote.lua", inside("function M%.merge", "  counter = 1"),
    "global 'counter' is assigned. Write `local` before it.", "counter" },
  { "what scripts may not have", "scripts/flow/quote.lua", inside("function M%.merge", "  io.write('x')"),
    "undefined global 'io'. Scripts do not get this part of Lua. Use what the modules in host/api offer.", "io%.write" },
  { "a misspelt module", "scripts/turn.lua", with('require "flow.quote"', 'require "flow.qoute"'),
    "require \"flow.qoute\": there is no scripts/flow/qoute.lua. Did you mean 'flow.quote'?", "flow%.qoute" },
  { "a misspelt handler", "scripts/main.lua", with("run = slack%.post", "run = slack.pots"),
    "slack.pots: the module channels.slack has no 'pots'. Did you mean 'post'?", "slack%.pots" },
  { "an endless loop", "scripts/flow/quote.lua", inside("function M%.merge", "  while true do end"),
    "it ran for more than 200 ms without waiting. Look for a loop that does not end, while the story \"", "while true" },
  { "a handler that throws", "scripts/turn.lua", inside("function Turn:run", "  error 'not finished'"),
    "not finished, while the story \"", "not finished" },
  { "a card that cannot be built", "scripts/staff/cards.lua", inside("function M%.open", "  local t = {} t.x.y = 1"),
    "attempt to index a nil value (field 'x'), while the story \"", "t%.x%.y" },
  { "a button that throws", "scripts/channels/slack/interactive.lua", inside("function ACTIONS%.resume_chat", "  error 'not finished'"),
    "not finished, while a click in Slack was tried.", "not finished" },
  { "a sending that throws", "scripts/channels/whatsapp/send.lua", inside("local function finish", "  local x = nil + 1"),
    "attempt to perform arithmetic on a nil value, while the sending of a message was tried.", "nil %+ 1" },
  { "a timer that does not end", "scripts/staff/reminders.lua", inside("function M%.sweep", "  while true do end"),
    "while the timer sweep was tried.", "while true" },
  { "a syntax error", "scripts/turn.lua", inside("function Turn:run", "  local x = = 1"), "unexpected symbol near '='. Look at", "= = 1" },
  { "a key that is misspelt", "prompts/system_prompt.yaml", with("business_rules", "bussiness_rules"),
    "\"bussiness_rules\" is not known. Did you mean \"business_rules\"?", "bussiness_rules" },
  { "a quotation mark that is not closed", "prompts/system_prompt.yaml", with("identity: \"[^\n]*", "identity: \"You are"),
    "there is text after the closing quotation mark of a text that begins on line" },
  { "a question for a field that is not asked", "prompts/replies.yaml", added "ask_parking: \"Where can we park?\"",
    "\"ask_parking\" is not known. Add \"parking\" to quote_fields_needed in system_prompt.yaml, or delete this line.", "ask_parking" },
  { "a rule that a # empties", "prompts/system_prompt.yaml", with('  %- "We do NOT[^\n]*', "  - #1 junk removers"),
    "\"business_rules[2]\" is empty, because everything after the # is a comment: \"#1 junk removers\". Put the whole text in straight quotes (\").", "#1 junk" },
  { "a French text in the English file", "prompts/replies.yaml", added "greeting_fr: \"Bonjour\"",
    "\"greeting_fr\" is not known. Each language has a file of its own: move this text to prompts/replies.fr.yaml, as \"greeting\".", "greeting_fr" },
  { "a misspelt key of another language", "prompts/replies.fr.yaml", added "greting: \"Bonjour\"", "\"greting\" is not known. Did you mean \"greeting\"?", "greting" },
  { "a goodbye in another language that does not name START", "prompts/replies.fr.yaml", with("\nopted_out: [^\n]*", "\nopted_out: \"Au revoir.\""),
    "\"opted_out\" must name START, in capitals", "\nopted_out:" },
  { "CANCEL as a word to opt out", "prompts/replies.fr.yaml", with("%[\"arret|", "[Cancel, \"arret|"),
    "\"words.stop[1]\" is no word to opt out: customers write it about a visit. Remove it.", "Cancel" },
  { "a language that is none", "prompts/business.yaml", added "languages: [en, xx]", "\"languages[2]\" is no code of a language. Write it like en, fr or es.", "\nlanguages: %[en, xx" },
  { "a text that nothing sends", "prompts/replies.yaml", added "farewell_words: \"Bye\"",
    "\"farewell_words\" is not known. Delete this line. docs/OWNERS.md lists the names that are allowed here.", "farewell_words" },
  { "a reply that is a list", "prompts/replies.yaml", with("\nthanks: [^\n]*", "\nthanks: [a, b]"), "\"thanks\" must be one text, and not a list", "\nthanks:" },
  { "hours with a dot", "prompts/business.yaml", with("mon: 08:00%-18:00", "mon: 8.30-18"), "\"hours.mon\" must look like 08:00-18:00, or be closed.", "mon: 8" },
  { "an item of a list that stands one space too far", "prompts/business.yaml", with("\n  %- Brampton", "\n   - Brampton"),
    "this line begins with \"-\" but stands further right than the item above, so YAML reads both as one text. Line it up" },
  { "an item of a list that stands one space too near", "prompts/business.yaml", with("\n  %- Brampton", "\n - Brampton"),
    "this item does not stand under the other items of its list. Line its \"-\" up with theirs." },
  { "a key without its blank", "prompts/business.yaml", added "notify_reloads:true", "a blank is missing after the ':' of this line. Write key: value." },
  { "an item without its blank", "prompts/business.yaml", with("\n  %- Toronto", "\n  -Toronto"),
    "a blank is missing after the \"-\" of this line. Write \"- \" and then the text." },
  { "a list of one item without its blank", "prompts/business.yaml", with("\nserves:\n.-Toronto\n", "\nserves:\n  -Toronto\n"),
    "\"serves\" must be a list. Write a blank after each \"-\", like \"- Toronto\".", "\nserves:" },
  { "{tme} for {time}", "prompts/replies.yaml", with("\nvisit: [^\n]*", "\nvisit: \"On {tme}.\""),
    "\"visit\" must hold {time}. The day and hour of the visit are filled in there. Did you mean {time} where it says {tme}?", "\nvisit:" },
  { "a story that cannot be read", "prompts/stories/mine.yaml", function() return "story: \"Mine\"\nturns:\n  - custmer: hi\n" end,
    "turns[1].custmer is not known here.", "custmer" },
}

local warned = {
  { "no business.yaml", "prompts/business.yaml", nil, "prompts/business.yaml: is missing, so the program's own towns, hours, links and limits apply. Put the file back." },
  { "an emptied business.yaml", "prompts/business.yaml", function() return "# nothing\n" end,
    "prompts/business.yaml:1: is empty, so the program's own towns, hours, links and limits apply. Write at least one key: value." },
  { "{Label} for {label}", "prompts/replies.yaml", with("tell me the {label}", "tell me the {Label}"),
    "\"ask_other\" holds {Label}, and customers would read it unchanged. Did you mean {label}?", "{Label}" },
  { "{time} where there is none", "prompts/replies.yaml", with("\nthanks: [^\n]*", "\nthanks: \"Thanks {time}\""),
    "\"thanks\" holds {time}, and customers would read it unchanged. Nothing is filled in here: write the words themselves.", "\nthanks:" },
  { "a reply of 8,000 characters", "prompts/replies.yaml", with("\nthanks: [^\n]*", "\nthanks: \"" .. ("word "):rep(1600) .. "\""),
    "\"thanks\" has 8000 characters. WhatsApp takes 4096 in one message, so customers get it in 2 messages. Shorten it.", "\nthanks:" },
  { "{{label}}", "prompts/replies.yaml", with("tell me the {label}", "tell me the {{label}}"),
    "\"ask_other\" holds {{label}}, and customers would read a brace on each side. Write {label}.", "{{label}}" },
  { "[label] for {label}", "prompts/replies.yaml", with("tell me the {label}", "tell me the [label]"),
    "\"ask_other\" holds [label], and customers would read it unchanged. Did you mean {label}?", "%[label%]" },
  { "a brace that is not closed", "prompts/replies.yaml", with("tell me the {label}", "tell me the {label"),
    "\"ask_other\" holds {label without its closing brace, and customers would read it unchanged. Did you mean {label}?", "me the {label%?" },
  { "a text in curly quotes", "prompts/replies.yaml", with("\nthanks: [^\n]*", "\nthanks: “Thanks!”"),
    "\"thanks\" is in curly quotes, and customers would read them. Write straight quotes (\").", "\nthanks:" },
  { "a quotation mark at the end alone", "prompts/replies.yaml", with("\nthanks: [^\n]*", "\nthanks: Thanks!\""),
    "\"thanks\" has a quotation mark at its end alone, and customers would read it. Put the whole text in straight quotes (\").", "\nthanks:" },
  { "a sentence that a # ends", "prompts/system_prompt.yaml", with('  %- "We do NOT[^\n]*', "  - We are the #1 in town"),
    "\"business_rules[2]\" ends before the #, because everything after it is a comment: \"#1 in town\". Put the whole text in straight quotes (\").", "We are the" },
  { "a language without its file", "prompts/business.yaml", added "languages: [en, es, fr, pa, pt, ur]",
    "\"languages\" names ur, but prompts/replies.ur.yaml is not there, so nobody gets that language. Write the file, or take ur out.", "\nlanguages: %[" },
  { "a language's file that is not listed", "prompts/business.yaml", added "languages: [en, es, pa, pt]",
    "prompts/replies.fr.yaml: is not sent to anybody, because languages in business.yaml does not name fr: only its words are understood. Add it there, or delete the file." },
  { "an empty file of a language", "prompts/replies.fr.yaml", function() return "# nothing yet\n" end,
    "prompts/replies.fr.yaml:1: has no unsupported, paused, notice_joined, notice_returned, booking," },
  { "a language's file with a wrong name", "prompts/replies.french.yaml", function() return "thanks: Merci\n" end,
    "prompts/replies.french.yaml: is not used, because its name holds no code of a language. Name it like replies.es.yaml; English is in replies.yaml." },
  { "{lable} for {label}", "prompts/replies.yaml", with("tell me the {label}", "tell me the {lable}"),
    "\"ask_other\" holds {lable}, and customers would read it unchanged. Did you mean {label}?", "{lable}" },
  { "a language's file that ends in yml", "prompts/replies.de.yml", function() return "thanks: Danke\n" end,
    "prompts/replies.de.yml: is not read, because of its name. Name it prompts/replies.de.yaml." },
  { "business.yml beside business.yaml", "prompts/business.yml", function() return "name: X\n" end,
    "prompts/business.yml: is not read, because prompts/business.yaml is. Put what you need into that file, and delete this one." },
  { "a story that ends in yml", "prompts/stories/mine.yml", function() return "story: Mine\n" end,
    "prompts/stories/mine.yml: is not read, because of its name. Name it prompts/stories/mine.yaml." },
  { "a file that nothing reads", "prompts/rules.yaml", function() return "a: b\n" end, "prompts/rules.yaml: is not read. What is read in prompts/: system_prompt.yaml," },
  { "a handler that is handed on and is not there", "scripts/main.lua", with("= whatsapp.receive", "= whatsapp.recieve"),
    "whatsapp.recieve: the module channels.whatsapp has no 'recieve'. Did you mean 'receive'?", "whatsapp%.recieve" },
}

-- A handler, or a part of one, that no story reaches: file, the function's head, and what was tried.
local BROKEN = "  local z = nil; z.x = 1"
local handlers = {
  { "scripts/channels/whatsapp.lua", "function M%.verify", "the verification of the webhook" },
  { "scripts/channels/whatsapp.lua", "function M%.receive", "a message's webhook" },
  { "scripts/channels/whatsapp/read.lua", "function QUIET%.edit", "the reading of a message" },
  { "scripts/channels/whatsapp/statuses.lua", "local function tell_failed", "the reading of a message" },
  { "scripts/channels/whatsapp/send.lua", "function M%.typing", "the typing indicator" },
  { "scripts/channels/calcom.lua", "function M%.receive", "a booking's webhook" },
  { "scripts/channels/calcom.lua", "function M%.read", "the reading of a booking" },
  { "scripts/channels/calcom.lua", "local function remind", "the reading of a booking" },
  { "scripts/channels/slack.lua", "function M%.commands", "a command of Slack" },
  { "scripts/brain/client.lua", "function Client:ask", "the call of the model" },
  { "scripts/brain/client.lua", "local function try", "the call of the model" },
  { "scripts/brain/client.lua", "local function meter", "" },
  { "scripts/brain/client.lua", "local function open", "the call of the model" },
  { "scripts/brain/client.lua", "function Client:probe", "the probe of the model" },
  { "scripts/brain/client.lua", "function Client:start", "the start" },
  { "scripts/turn.lua", "local function too_late", "a turn that is too late" },
  { "scripts/turn.lua", "function Turn:failed", "" },
  { "scripts/person/erase.lua", "function M%.scrub", "the job scrub" },
  { "scripts/person/erase.lua", "function M%.command", "the command erase" },
  { "scripts/person/export.lua", "function M%.command", "the command export" },
  { "scripts/person/restore.lua", "function M%.prepare", "the preparation of a start" },
}
local AT_ONCE = 3 -- of these checks

-- The number of the line that a pattern is first in.
local function line_of(text, pattern)
  local at = text:find(pattern)
  if text:sub(at, at) == "\n" then at = at + 1 end
  return select(2, text:sub(1, at - 1):gsub("\n", "")) + 1
end

describe("assistant check DIR", function()
  local home
  setup(function() home = shell.home() end)
  teardown(process.close_all)

  local function check()
    return shell.run(("env -i PATH=%s DEEPSEEK_URL=nonsense timeout -s KILL 30 %s check %s </dev/null"):format(shell.quote(os.getenv "PATH"), shell.quote(shell.binary), home))
  end

  -- Makes one mistake, checks, and takes it back. What was said, and "file:line: " where the marker stands.
  local function mistake(paths, change, marker)
    local before, place = {}, ""
    for path, edit in pairs(type(paths) == "table" and paths or { [paths] = change or false }) do
      before[path] = shell.read(home .. "/" .. path) or false
      local changed = edit and edit(before[path] or "")
      shell.run(("mkdir -p %s/%s"):format(home, path:match "^(.*)/"))
      if changed then shell.write(home .. "/" .. path, changed) else os.remove(home .. "/" .. path) end
      if marker then place = ("%s:%d: "):format(path, line_of(changed, marker)) end
    end
    local code, text = check()
    for path, old in pairs(before) do
      if old then shell.write(home .. "/" .. path, old) else os.remove(home .. "/" .. path) end
    end
    return code, text, place
  end

  it("plays the shipped stories with any settings, and says only that all is fine", function()
    local code, text = check()
    assert.equal(("Scripts and prompts in %s are fine.\n"):format(home), text)
    assert.equal(0, code)
  end)

  it("names file, line and remedy when something does not load or fails for a customer, and exits with 5", function()
    for _, case in ipairs(refused) do
      local what, path, change, words, marker = table.unpack(case)
      local code, text, place = mistake(path, change, marker)
      assert.equal(5, code, what .. ": " .. text)
      has(text, words, what)
      has(text, place, what)
    end
  end)

  it("calls each handler of main.lua, so that one that fails at its first line is named with that line", function()
    local folders, list = {}, shell.folder() .. "/list"
    for i, case in ipairs(handlers) do
      local path = "/" .. case[1]
      folders[i] = shell.home()
      shell.write(folders[i] .. path, inside(case[2], BROKEN)(shell.read(folders[i] .. path)))
    end
    shell.write(list, table.concat(folders, "\n"))
    shell.run(("xargs -P %d -I DIR env -i sh -c '%s check DIR >DIR/said 2>&1; echo $? >DIR/code' <%s"):format(AT_ONCE, shell.binary, list))
    for i, case in ipairs(handlers) do
      local said, line = shell.read(folders[i] .. "/said"), line_of(shell.read(folders[i] .. "/" .. case[1]), "local z = nil")
      has(said, ("%s:%d: attempt to index a nil value (local 'z'), while %s"):format(case[1], line, case[3]), case[2])
      assert.equal("5\n", shell.read(folders[i] .. "/code"), case[2])
    end
  end)

  it("does not call a wrong setting a mistake of the scripts", function()
    local code, text = shell.run(("env -i MODEL_DOLLARS_PER_DAY=x DEEPSEEK_URL=nonsense %s check %s"):format(shell.binary, home))
    assert.equal(("Scripts and prompts in %s are fine.\n"):format(home), text)
    assert.equal(0, code)
  end)

  it("says what DIR must hold when scripts/ or prompts/ is missing, and names no setting", function()
    local code, text = shell.run(("%s check %s/nowhere 2>&1"):format(shell.binary, home))
    assert.equal(5, code, text)
    assert.equal(("%s/nowhere: DIR must be a folder that holds scripts/ and prompts/. %s/nowhere/scripts is not there.\n"):format(home, home), text)
  end)

  it("warns about what is accepted but probably a mistake, with file, line and remedy, and exits with 0", function()
    for _, case in ipairs(warned) do
      local what, path, change, words, marker = table.unpack(case, 1, 5)
      local code, text, place = mistake(path, change, marker)
      assert.equal(0, code, what .. ": " .. text)
      has(text, words, what)
      has(text, place, what)
      assert.equal(2, select(2, text:gsub("\n", "")), what .. ": one warning and the closing line\n" .. text)
    end
  end)

  it("lists for each language the texts that it lacks", function()
    local code, text = mistake { ["prompts/system_prompt.yaml"] = with("  %- inventory\n", "  - inventory\n  - parking\n"),
      ["prompts/replies.yaml"] = added "ask_parking: \"Where can we park?\"", ["prompts/replies.fr.yaml"] = with("\nthanks: [^\n]*", ""),
      ["prompts/replies.it.yaml"] = function() return "language: {name: French, recognised_by: [bonjour, merci, je]}\n" end }
    assert.equal(0, code, text)
    has(text, "prompts/replies.fr.yaml:3: has no thanks, ask_parking, so customers who write French get English there. Add what is missing, or take fr out of languages in business.yaml.")
    has(text, "prompts/replies.pa.yaml:4: has no ask_parking, so customers who write Punjabi get English there.")
    has(text, "prompts/replies.it.yaml:1: \"language.name\" is French, as in prompts/replies.fr.yaml. Write the name of the language of this file.")
    has(text, "prompts/replies.it.yaml:1: \"language.recognised_by\" has mostly the words of prompts/replies.fr.yaml, so the program cannot tell the two languages apart. Write words")
  end)

  it("accepts other wording, a # in quotes and a comment on its own line without a warning", function()
    local code, text = mistake { ["prompts/replies.yaml"] = with("\nthanks: [^\n]*", "\n# ours\nthanks: \"We are the #1, merci!\"  # really"),
      ["prompts/system_prompt.yaml"] = with("identity: [^\n]*", "identity: We are ours") }
    assert.equal(("Scripts and prompts in %s are fine.\n"):format(home), text)
    assert.equal(0, code)
  end)

  it("reports a file that does not parse as the only mistake, not what depends on it", function()
    local code, text = mistake { ["prompts/system_prompt.yaml"] = with("identity: ", "identity "),
      ["prompts/replies.yaml"] = added "ask_parking: \"Where can we park?\"" }
    assert.equal(5, code)
    has(text, "prompts/system_prompt.yaml:")
    assert.is_nil(text:find("ask_parking", 1, true), text)
    assert.equal(1, select(2, text:gsub("\n", "")), text)
  end)

  it("leaves names alone that come and go: fields that some script sets or asks for, and files that nothing requires", function()
    local code, text = mistake { ["scripts/flow/quote.lua"] = inside("function M%.merge", "  if M.hook then M.hook() end"),
      ["scripts/turn.lua"] = inside("function Turn:run", "  if quote.hook then quote.hook() end quote.late = function() end quote.late()"),
      ["scripts/tools/report.lua"] = function() return "io.write(os.time())\n" end }
    assert.equal(0, code, text)
  end)
end)

describe("a reload", function()
  teardown(process.close_all)

  it("refuses a misspelt function, tells a new warning once, and confirms a good save when the owner wants it", function()
    local stand_ins = standins.new()
    local service = process.new { stand_ins = stand_ins }
    local turn, replies = service:read "scripts/turn.lua", service:read "prompts/replies.yaml"
    service:write("scripts/turn.lua", with("quote%.merge%(", "quote.mrege(")(turn))
    local post = shell.until_(function() return stand_ins:posts "quote.mrege"[1] end, 8, "the refusal in the staff channel")
    has(post.body.text, "Did you mean 'merge'?")
    service:write("scripts/turn.lua", turn)
    service:write("prompts/replies.yaml", with("tell me the {label}", "tell me the {Label}")(replies))
    post = shell.until_(function() return stand_ins:posts "{Label}"[1] end, 8, "the warning in the staff channel")
    has(post.body.text, "Did you mean {label}?")
    has(service:log_text(), "reload.warning")
    service:write("prompts/replies.de.yml", "thanks: Danke\n")
    post = shell.until_(function() return stand_ins:posts "replies.de.yml"[1] end, 8, "the warning of a name that is not read")
    has(post.body.text, "Name it prompts/replies.de.yaml.")
    assert.same({}, stand_ins:posts "✅")
    service:write("prompts/business.yaml", service:read "prompts/business.yaml" .. "\n# ours\n" .. "notify_reloads: true\n")
    post = shell.until_(function() return stand_ins:posts "✅ The saved changes are in use."[1] end, 8, "the good save's line")
    assert.is_nil(post.body.text:find("{Label}", 1, true))
    assert.equal(1, #stand_ins:posts "{Label}")
    local code, text = service:cli "reload"
    assert.equal(0, code)
    has(text, "Did you mean {label}?")
    service:say(meta.phone(), "I have a couch")
    shell.until_(function() return #stand_ins:requests "model" > 0 end, 8, "the turn")
    service:close()
    stand_ins:close()
  end)
end)
