local limits = require "stand_ins.slack.limits"

local function section(text) return { type = "section", text = { type = "mrkdwn", text = text } } end
local function button(text, value)
  return { type = "actions", elements = { { type = "button", text = { type = "plain_text", text = text }, action_id = "take_over_chat", value = value } } }
end

describe("the stand-in for Slack", function()
  it("takes the card of the contract", function()
    assert.is_nil(limits.check { text = "New Quote Request", blocks = { section("*Phone:* 1416"), button("Take Over Chat", "1416") } })
  end)

  it("refuses what Slack would refuse, with Slack's words", function()
    assert.equal("no_text", limits.check {})
    assert.equal("no_text", limits.check { text = "" })
    assert.equal("invalid_payload", limits.check { text = 5 })
    assert.equal("msg_too_long", limits.check { text = ("a"):rep(40001) })
    assert.equal("invalid_blocks", limits.check { blocks = { section(("a"):rep(3001)) } })
    assert.equal("invalid_blocks", limits.check { blocks = { section("") } })
    assert.equal("invalid_blocks", limits.check { blocks = { button(("a"):rep(76), "1") } })
    assert.equal("invalid_blocks", limits.check { blocks = { button("ok", ("1"):rep(2001)) } })
    assert.equal("invalid_blocks", limits.check { blocks = { { type = "actions", elements = {} } } })
  end)

  it("refuses blocks and elements that Slack does not know, and boxes without a label", function()
    local function input(element, label)
      return { blocks = { { type = "input", label = label, element = element } } }
    end
    local label = { type = "plain_text", text = "Write to the customer" }
    local box = { type = "plain_text_input", action_id = "reply_text" }
    assert.is_nil(limits.check(input(box, label)))
    assert.is_nil(limits.check { blocks = { { type = "divider" }, { type = "context", elements = { { type = "mrkdwn", text = "x" } } } } })
    for _, message in ipairs {
      input(box), input(box, { type = "mrkdwn", text = "x" }), input({ type = "button" }, label), input(nil, label),
      input({ type = "plain_text_input", initial_value = ("a"):rep(3001) }, label), { blocks = { { type = "table_of_contents" } } },
      { blocks = { { type = "actions", elements = { { type = "plain_text_input" } } } } },
      { blocks = { { type = "section", text = { type = "markdown", text = "x" } } } },
      { blocks = { { type = "header", text = { type = "mrkdwn", text = "x" } } } },
      { blocks = { { type = "divider", block_id = "a" }, { type = "divider", block_id = "a" } } },
      { blocks = { { type = "actions", elements = { { type = "static_select", options = {} } } } } },
    } do
      assert.equal("invalid_blocks", limits.check(message))
    end
  end)

  it("counts characters, not bytes", function()
    assert.is_nil(limits.check { blocks = { section(("é"):rep(3000)) } })
  end)

  it("finds every button and the block it is in", function()
    local found = limits.buttons { section("x"), button("Take Over Chat", "1416") }
    assert.equal(1, #found)
    assert.equal("1416", found[1].value)
    assert.equal("take_over_chat", found[1].action_id)
  end)

  it("escapes what people type, so that nothing they write is markup", function()
    assert.equal("&lt;!channel&gt; A&amp;B", limits.escape("<!channel> A&B"))
  end)
end)

describe("the Web API of the stand-in for Slack", function()
  local json = require "host.json"
  local process = require "spec.support.process"
  local standins = require "spec.support.standins"
  local wire = require "spec.support.wire"
  local stand_ins

  setup(function() stand_ins = standins.new { env = { SLACK_BOT_TOKEN = "xoxb-right" } } end)
  teardown(process.close_all)

  local function call(method, message, token)
    local headers = { { "Content-Type", "application/json" } }
    if token then headers[2] = { "Authorization", "Bearer " .. token } end
    return json.decode(wire.http(stand_ins.port, "POST", "/sandbox/slack/api/" .. method, { headers = headers, body = json.encode(message) }).body)
  end

  it("wants the token and a channel, and lets the bot change its own messages only", function()
    assert.equal("not_authed", call("chat.postMessage", { channel = "C1", text = "x" }).error)
    assert.equal("invalid_auth", call("chat.postMessage", { channel = "C1", text = "x" }, "xoxb-wrong").error)
    assert.equal("channel_not_found", call("chat.postMessage", { text = "x" }, "xoxb-right").error)
    assert.equal("channel_not_found", call("chat.postMessage", { channel = "quotes", text = "x" }, "xoxb-right").error)
    local ts = call("chat.postMessage", { channel = "C1", text = "x" }, "xoxb-right").ts
    assert.is_true(call("chat.update", { channel = "C1", ts = ts, text = "y" }, "xoxb-right").ok)
    local said = stand_ins:call("POST", "/sandbox/slack/say", { text = "by staff" }).ts
    assert.equal("cant_update_message", call("chat.update", { channel = "C1", ts = said, text = "y" }, "xoxb-right").error)
    assert.equal("message_not_found", call("chat.update", { channel = "C1", ts = "1.1", text = "y" }, "xoxb-right").error)
  end)
end)
