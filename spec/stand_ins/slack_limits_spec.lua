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
