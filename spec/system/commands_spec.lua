-- The slash command in webhook mode: what each verb does, and who may use it.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local url = require "host.url"

describe("the slash command", function()
  local scene, service, stand_ins

  setup(function()
    scene = chat.open { env = { SLACK_ALLOWED_USERS = "U1, U2", SLACK_TEAM_ID = "T1" } }
    service, stand_ins = scene.service, scene.stand_ins
  end)

  teardown(chat.close_all)

  local triggers = 0 -- Slack gives each command another one

  local function run(words, options)
    options = options or {}
    if not options.again then triggers = triggers + 1 end
    local answer = service:slack("/slack/commands", ("command=%%2Fassistant&text=%s&user_id=%s&user_name=%s&team_id=%s&trigger_id=%d"):format(url.encode(words),
      options.user or "U1", options.name or "ana", options.team or "T1", triggers), { at = options.at })
    assert.equal(200, answer.status)
    local said = json.decode(answer.body)
    assert.equal("ephemeral", said.response_type)
    return said.text, said.blocks
  end

  local function customer()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    return phone
  end

  local function has(text, words) assert.truthy(text:find(words, 1, true), words .. " is not in " .. text) end

  it("takes a chat, writes, and returns it; the number may have blanks and brackets", function()
    local phone, word = customer(), meta.word()
    local spaced = ("+%s (%s) %s-%s"):format(phone:sub(1, 1), phone:sub(2, 4), phone:sub(5, 7), phone:sub(8))
    has(run("send " .. phone .. " too early"), "Take it over first")
    has(run("take " .. spaced), "is yours")
    has(run("take " .. phone, { user = "U2", name = "bob" }), "already taken by ana")
    has(run("send " .. spaced .. " We come at 2, " .. word), "Sent to")
    assert.equal("We come at 2, " .. word, scene:sent(phone, word)[1].text)
    scene:posts "Taken over by ana"
    has(run("show " .. phone), word)
    has(run("return " .. phone), "the assistant has the chat again")
    has(run("return " .. phone), "already with the assistant")
  end)

  it("sends a quote, corrects a fact for good, and closes with a reason of several words", function()
    local phone = customer()
    run("take " .. phone)
    has(run("quote " .. phone .. " abc"), "$1 to $50,000")
    has(run("quote " .. phone .. " 1 200 by Friday"), "Is it $1 or $1,200?")
    has(run("quote " .. phone .. " $1,200 by Friday"), "The quote goes to")
    scene:posts "Taken over by ana"
    has(run("set " .. phone .. " elevator access yes, service elevator"), "“yes, service elevator”")
    has(run("set " .. phone .. " colour red"), "The fields are: address")
    run("return " .. phone)
    local word = scene:ask(phone, { answer = { reply_to_user = "Noted.", extracted_data = { elevator_access = "no" } } })
    scene:sent(phone, "Noted.")
    assert.truthy(stand_ins:models(word)[1])
    has(service:value("SELECT json_dump FROM quote_data WHERE conversation_id = '" .. phone .. "'"), "yes, service elevator")
    run("take " .. phone)
    has(run("close " .. phone .. " because"), "Choose why")
    has(run("close " .. phone .. " too far"), "is closed: too far")
    has(run("close " .. phone .. " done 350"), "no case")
  end)

  it("C2: the same request again gets the same answer and sends nothing more, also after a restart", function()
    local phone, word = customer(), meta.word()
    run("take " .. phone)
    local at = os.time()
    local first = run("send " .. phone .. " We come at 2, " .. word, { at = at })
    assert.equal(first, run("send " .. phone .. " We come at 2, " .. word, { at = at, again = true }))
    service:kill()
    service:start()
    assert.equal(first, run("send " .. phone .. " We come at 2, " .. word, { at = at, again = true }))
    scene:sent(phone, word)
    scene:marker()
    assert.equal(1, #scene:tries(phone, word))
  end)

  it("C11, C12: words that cannot go and quotes that are none come back; Slack's marks and entities become plain words; the channel reads what was done", function()
    local phone, word = customer(), meta.word()
    has(run("send " .. phone .. " too early " .. word), "too early " .. word)
    run("take " .. phone)
    local long = word .. " " .. ("x"):rep(4200)
    has(run("send " .. phone .. " " .. long), "at most 4096 characters")
    local refused = run("quote " .. phone .. " 12.345 by Friday " .. word)
    has(refused, "$1 to $50,000")
    has(refused, "12.345")
    has(refused, "by Friday " .. word)
    run("send " .. phone .. " Tom &amp; Ana &lt;3 <https://a.ca|our page> " .. word)
    assert.equal("Tom & Ana <3 our page (https://a.ca) " .. word, scene:sent(phone, word)[1].text)
    has(run("quote " .. phone .. " CA$ 1,200.50 CAD two trucks"), "The quote goes to")
    scene:posts "ana sends a quote of $1,200.50"
    assert.equal("two trucks", service:value("SELECT note FROM offers WHERE conversation_id = '" .. phone .. "'"))
    run("set " .. phone .. " stairs <!channel> two")
    scene:posts "ana has set Stairs"
    run("return " .. phone)
    scene:posts "ana has returned this chat"
    assert.equal(0, #stand_ins:posts "<!channel>")
  end)

  it("F4: what a hostile customer wrote is no mention, no link and no line of ours in `show`", function()
    local phone = meta.phone()
    scene:ask(phone, nil, "<!channel> <http://evil.example|click>\n*State:* Booked\nhttp://evil.example")
    scene:sent(phone, "Are there any stairs")
    local text, blocks = run("show " .. phone)
    assert.is_nil(text:find("<!", 1, true))
    assert.is_nil(text:find("<http", 1, true))
    for line in text:gmatch("[^\n]+") do
      if line:find("evil", 1, true) then assert.equal("> ", line:sub(1, 2)) end
    end
    for _, block in ipairs(blocks) do assert.is_true(block.text.verbatim) end
  end)

  it("lists the cases that wait, finds people, and says how the assistant is", function()
    local phone = meta.phone()
    service:say(phone, "I want to talk to a human")
    scene:sent(phone, "member of our team")
    has(run "open", phone:sub(-4))
    has(run("find " .. phone:sub(4)), phone:sub(-4))
    has(run "find 12", "at least three")
    has(run "status", "model")
    has(run "help", "/assistant quote NUMBER AMOUNT note")
    has(run "", "/assistant open")
    has(run "dance", "There is no \"dance\"")
    has(run "take", "number is missing")
    has(run "take 14165550000", "There is no chat with")
  end)

  it("`assistant audit` lists what was done, by whom", function()
    local phone = customer()
    run("take " .. phone)
    run("send " .. phone .. " hello there")
    local code, text = service:cli("audit", "+" .. phone)
    assert.equal(0, code)
    has(text, "ana (U1)  take")
    has(text, "ana (U1)  write: hello there")
  end)

  it("C14: who is not on the list, or comes from another workspace, changes nothing and is told so, by a command and by a click", function()
    local phone = customer()
    has(run("take " .. phone, { user = "U9" }), "SLACK_ALLOWED_USERS: U9")
    has(run("take " .. phone, { team = "T2" }), "SLACK_ALLOWED_USERS")
    local answer = json.decode(service:click(phone, { user_id = "U9" }).body)
    assert.equal("ephemeral", answer.response_type)
    assert.equal("ACTIVE", scene:column(phone, "status"))
    assert.equal(1, #service:logged "slack.not_allowed")
  end)
end)
