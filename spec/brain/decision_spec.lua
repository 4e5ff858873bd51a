local decision = require "brain.decision"
local json = require "host.json"

local FIELDS = { "address", "elevator_access", "stairs", "inventory" }

local function parse(content)
  return decision.parse(content, FIELDS, json.decode, json.null)
end

local GOOD = '{"reply_to_user":"Any stairs?","extracted_data":{"address":"5 Elm"},"action":"continue"}'

describe("decision.parse", function()
  it("takes the contract's own example", function()
    local found = assert(parse [[{
      "reply_to_user": "Sounds good! Are there any stairs involved?",
      "extracted_data": { "address": "123 Main St", "elevator_access": "unknown", "stairs": "unknown", "inventory": "1 couch, 2 chairs" },
      "action": "continue" }]])
    assert.same({ reply = "Sounds good! Are there any stairs involved?", action = "continue",
      data = { address = "123 Main St", inventory = "1 couch, 2 chairs" } }, found)
  end)

  it("accepts text around one object", function()
    for _, content in ipairs { "\u{FEFF}" .. GOOD, "```json\n" .. GOOD .. "\n```", "```\n" .. GOOD .. "```", "Here you go:\n" .. GOOD .. "\nBye {name}!",
      " \n\n " .. GOOD .. "  \n", 'I said "hello {there}" and: ' .. GOOD, "It's " .. GOOD } do
      assert.same("Any stairs?", (parse(content) or {}).reply, content)
    end
  end)

  it("ignores braces and quotes inside texts", function()
    local found = parse('ok ' .. [[{"reply_to_user":"a } \" { b \\","action":"continue"}]])
    assert.equal('a } " { b', found.reply)
  end)

  it("refuses everything else, in a sentence", function()
    for _, content in ipairs { "", "   ", "\n\n", "null", "5", '"text"', "true", "[]", "[" .. GOOD .. "]", "no object here", GOOD .. GOOD, GOOD .. "\nor\n" .. GOOD,
      '{"reply_to_user":"x","action":"continue",}', "{'reply_to_user':'x','action':'continue'}", '{"reply_to_user":NaN,"action":"continue"}',
      '"{\\"reply_to_user\\":\\"x\\",\\"action\\":\\"continue\\"}"', GOOD:sub(1, -2), GOOD:sub(1, 40), '{"reply_to_user":"x","action":"continue"',
      '{"a":' .. GOOD, "{}", "{name}", ("{"):rep(5000) } do
      local found, why = parse(content)
      assert.is_nil(found, content)
      assert.is_truthy(type(why) == "string" and why:find("%.$"), content)
    end
    for _, content in ipairs { 5, true, {} } do assert.is_nil((parse(content))) end
    assert.is_nil((parse(nil)))
    assert.is_nil((parse(json.null)))
  end)

  it("accepts capitals and spaces in the action, and no other change", function()
    local function with(action) return parse('{"reply_to_user":"x","action":' .. action .. "}") end
    assert.equal("handoff", with('" Handoff "').action)
    assert.equal("schedule", with('"SCHEDULE\\n"').action)
    for _, action in ipairs { '"transfer"', '"hand off"', '"hand-off"', '"continue."', '""', "null", "5", "true", '["continue"]', '{"a":1}', '"continue|handoff"' } do
      local found, why = with(action)
      assert.is_nil(found, action)
      assert.is_truthy(why:find("action", 1, true))
    end
    assert.is_nil((parse '{"reply_to_user":"x"}'))
  end)

  it("refuses a reply that shows nothing", function()
    for _, reply in ipairs { '""', '" "', "null", "5", "true", "[]", "{}", '"\\n\\t"', '"\\u200b"', '"\\u00a0"' } do
      local found, why = parse('{"reply_to_user":' .. reply .. ',"action":"continue"}')
      assert.is_nil(found, reply)
      assert.is_truthy(why:find("reply_to_user", 1, true))
    end
    assert.equal("👍", parse('{"reply_to_user":" 👍 ","action":"continue"}').reply)
  end)

  it("reads the data field by field", function()
    local function data(value) return parse('{"reply_to_user":"x","action":"continue","extracted_data":' .. value .. "}").data end
    for _, value in ipairs { "null", "{}", "[]", '"text"', "5", "true", '["address","5 Elm"]' } do assert.same({}, data(value)) end
    assert.same({}, parse('{"reply_to_user":"x","action":"continue"}').data)
    assert.same({ stairs = "2", elevator_access = "no", inventory = "1 couch, 2 chairs" },
      data '{"address":{"street":"x"},"stairs":2,"elevator_access":false,"inventory":["1 couch","2 chairs"],"evil":"x","__proto__":"y"}')
    assert.same({ stairs = "none" }, data('{"address":"' .. ("x"):rep(501) .. '","stairs":"none","inventory":[["a"]],"elevator_access":null}'))
    assert.same({}, data('{"address":"' .. ("x"):rep(100000) .. '"}'))
  end)

  it("cuts a reply after 8,192 characters, and says so", function()
    local found = assert(parse('{"reply_to_user":"' .. ("écru "):rep(2000) .. '","action":"continue"}'))
    assert.equal(8192, utf8.len(found.reply))
    assert.is_true(found.cut)
    assert.is_nil(parse(GOOD).cut)
    assert.is_nil(parse('{"reply_to_user":"' .. ("x "):rep(4096) .. '","action":"continue"}').cut)
  end)

  it("ignores keys it does not know", function()
    assert.equal("x", parse('{"thoughts":"hm","reply_to_user":"x","action":"continue","price":350}').reply)
  end)

  local function reply(text) return (parse(json.encode { reply_to_user = text, action = "continue" }) or {}).reply end

  it("D20, T80: removes control tokens of models, and the role that follows one", function()
    for _, token in ipairs { "<｜end▁of▁sentence｜>", "<|im_end|>", "</s>", "<|eot_id|>", "<end_of_turn>", "<eos>", "<|endoftext|>", "[/INST]", "<|end|>", " [EOS]",
      "<｜Assistant｜>", "<|im_end|>\n<|im_start|>assistant", "<|start_header_id|>assistant<|end_header_id|>", "<<SYS>>", "</answer>", "<|reserved_special_token_1|>",
      "&lt;|im_end|&gt;" } do
      assert.equal("Are there any stairs?", reply("Are there any stairs?" .. token), token)
    end
    assert.equal("Any stairs?", reply "<s>[INST]Any stairs?[/INST]</s>")
    assert.equal("Any stairs?", reply "<start_of_turn>model\nAny stairs?<end_of_turn>")
    assert.equal("Thanks! Any stairs?", reply "Thanks!<|im_end|> Any stairs?")
    assert.equal("Any stairs?", reply "assistant: Any stairs?")
    local _, why = parse(json.encode { reply_to_user = "<|im_end|>", action = "continue" })
    assert.equal("the value of reply_to_user was blank.", why)
  end)

  it("D20, T81: takes a written \\n for a line break, and removes stray backslashes", function()
    assert.equal("Thanks!\n\nAre there any stairs?", reply "Thanks!\\n\\nAre there any stairs?")
    assert.equal("Thanks!\n\nAre there any stairs?", reply "Thanks!\\\\n\\\\nAre there any stairs?")
    assert.equal("it's a \"couch\", 1/2 full", reply [[it\'s a \"couch\", 1\/2 full\]])
    assert.equal("a b", reply [[a\tb]])
    assert.equal("café 😀", reply [[caf\u00e9 \ud83d\ude00]])
  end)

  it("D20, T82: writes the characters that HTML entities stand for", function()
    assert.equal("Couch & chairs, got it.", reply "Couch &amp; chairs, got it.")
    assert.equal("it's \"fine\", I <3 it", reply "it&#39;s &quot;fine&quot;, I &lt;3&nbsp;it")
    assert.equal("it's", reply "it&amp;#39;s")
    assert.equal("C'est noté", reply "C&#x27;est not&eacute;")
    assert.equal("AT&T & Sons", reply "AT&T & Sons")
  end)

  it("D20: leaves alone what only looks like debris", function()
    for _, text in ipairs { "1 < 2 and 3 > 2", "I <3 it", "see <https://clearoutspaces.ca>", "<b>ok</b>", "a [small] couch", "R&B; ok" } do
      assert.equal(text, reply(text))
    end
  end)

  it("D20: removes the model's thoughts, in the reply and around the JSON", function()
    assert.equal("Any stairs?", reply "<think>They want a price.</think>\nAny stairs?")
    assert.equal("Any stairs?", reply "They want a price.</think>Any stairs?")
    assert.equal("Any stairs?", reply "Any stairs?<thinking>and now")
    for _, around in ipairs { "<think>They said {hello}.</think>\n%s", "<think>Maybe {\"reply_to_user\":\"no\"} or not</think>%s", "<think>They want {x} and { so %s",
      "so they want it</think>\n%s", "[THINK]x[/THINK]%s", "◁think▷{\"a\":1}◁/think▷%s", "%s<|im_end|>", "<|channel|>final<|message|>%s<|end|>",
      "<reasoning>\nno\n</reasoning>\n```json\n%s\n```", "<answer>%s</answer>" } do
      assert.equal("Any stairs?", (parse((around:gsub("%%s", function() return GOOD end))) or {}).reply, around)
    end
  end)

  it("D22, T86: reads extracted_data that is JSON in a text", function()
    local function data(value) return parse(json.encode { reply_to_user = "x", action = "continue", extracted_data = value }).data end
    assert.same({ address = "5 Oak St" }, data '{"address":"5 Oak St"}')
    assert.same({ address = "5 Oak St" }, data ' ```json\n{"address":"5 Oak St","stairs":"unknown"}\n``` ')
    for _, text in ipairs { "", "none", "{", "[]", '["address"]', "null", "5" } do assert.same({}, data(text), text) end
  end)

  it("D22, T87: reads keys in another case, with blanks or a colon", function()
    assert.same({ reply = "Any stairs?", action = "continue", data = { address = "5 Oak St", inventory = "a couch", elevator_access = "no" } },
      parse '{"Reply_To_User:":"Any stairs?","EXTRACTED DATA":{"Address:":"5 Oak St","INVENTORY":"a couch"," elevator access ":"no"},"Action ":"continue"}')
    assert.same("Any stairs?", (parse '{"replyToUser":"Any stairs?","action":"continue"}' or {}).reply)
    assert.same({ address = "5 Elm" }, parse('{"reply_to_user":"x","action":"continue","extracted_data":{"Address":"9 Oak","address":"5 Elm"}}').data)
  end)

  it("D20: undoes debris in a value as well", function()
    assert.same({ address = "5 Oak & Elm", inventory = "1 couch, 2 chairs", stairs = "no" },
      parse(json.encode { reply_to_user = "x", action = "continue", extracted_data = { address = "5 Oak &amp; Elm<|im_end|>", inventory = { [[1 couch\n2 chairs]] },
        stairs = "no</s>", elevator_access = "not provided<｜end▁of▁sentence｜>" } }).data)
  end)
end)

describe("any mixture of what models write", function()
  local PIECES = { GOOD, "{", "}", '"', "\\", "\\n", "\\u00e9", "\\ud83d", "&amp;", "&#39;", "&#x1F600;", "&#xD800;", "&", "<think>", "</think>", "<", ">", "<|im_end|>",
    "<<SYS>>", "[INST]", "[", "]", "[photo]", "[phone number]", "◁think▷", "｜", "<｜", "\n", "```json", "Any stairs?", "reply_to_user", '{"a":1}', "\0", "\xff", "é" }

  it("D20: never makes the reader throw; no control token and no placeholder is left", function()
    math.randomseed(11)
    for _ = 1, 1200 do
      local parts = {}
      for i = 1, math.random(8) do parts[i] = PIECES[math.random(#PIECES)] end
      local mixture = table.concat(parts)
      for _, content in ipairs { mixture, json.encode { reply_to_user = "x" .. mixture, action = "continue", extracted_data = { address = mixture, stairs = { mixture } } } } do
        local found, why = parse(content)
        assert.is_truthy(found or why)
        if found then
          assert.is_nil(found.reply:find("<|im_end|>", 1, true), content)
          decision.own_words(found, { known = {}, phone = "14165550100", number = "416 555 0100" })
          for _, value in pairs(found.data) do assert.is_nil(value:find("[photo]", 1, true), content) end
        end
      end
    end
  end)
end)

describe("decision.own_words", function()
  local function chat(known, number) return { known = known or {}, phone = "14165550100", number = number } end
  local function undo(reply, data, known, number)
    local one = { reply = reply, data = data or {} }
    local problem = decision.own_words(one, chat(known, number))
    return problem, problem or decision.put_number(one.reply, number), one.data
  end

  it("D20, T70: puts the number back as the customer wrote it", function()
    local problem, reply = undo("Our team will call you at [phone number].", nil, nil, "416-555-0100")
    assert.is_nil(problem)
    assert.equal("Our team will call you at 416-555-0100.", reply)
    assert.equal("416 555 0100, right?", select(2, undo("[Phone Number], right?", nil, nil, "416 555 0100")))
    assert.equal("%1 416", select(2, undo("[phone number]", nil, nil, "%1 416")))
  end)

  it("D20: refuses the number's placeholder where no number was taken out, and every other placeholder", function()
    assert.is_truthy(undo("We'll call you at [phone number]."):find("[phone number]", 1, true))
    for _, words in ipairs { "[photo]", "[photo: my couch]", "[12 photos]", "[location: 5 Elm]", "[data from the system, not from the customer] {}", "[data", "[video]",
      "[voice message]", "[document: x.pdf]", "[contact card: Ann]", '[replying to: "hi"]', "[deleted]", "[from the system]", "[your name]", "[Name]", "[booking link]",
      "[insert date]", "[your phone number]", "{name}", "{{customer_name}}", "<your name>" } do
      assert.is_truthy(undo("Thanks for " .. words .. " there"), words)
    end
  end)

  it("D20: leaves brackets that stand for nothing", function()
    for _, words in ipairs { "a [small] couch", "[x] done", "[ ] to do", "see [our page](https://clearoutspaces.ca)", "[1] a couch", "a <3 couch", "5 < 6 > 4", "{1}" } do
      assert.is_nil((undo(words)), words)
    end
  end)

  it("D20: stores no placeholder: the number is put back, the words of a caption stay", function()
    local _, _, data = undo("ok", { address = "5 Elm, call [phone number]", inventory = "[photo: my couch]", stairs = "[photo]", elevator_access = "[location: 9 Oak St]" },
      { stairs = "two" }, "416-555-0100")
    assert.same({ address = "5 Elm, call 416-555-0100", inventory = "my couch", elevator_access = "9 Oak St" }, data)
  end)

  it("D20: a value that only repeats what is known changes nothing", function()
    local known = { address = "5 Elm, call 1 (416) 555-0100", inventory = "1 couch [blue]" }
    local _, _, data = undo("ok", { address = "5 Elm, call [phone number]", inventory = "1 couch (blue)" }, known, "416-555-0100")
    assert.equal(known.address, data.address)
  end)
end)
