-- Block Kit's rules in the stand-in for Slack. Pure.

local block_kit = require "stand_ins.slack.block_kit"
local elements = require "stand_ins.slack.elements"
local json = require "host.json"
local limits = require "stand_ins.slack.limits"

local function words(text) return { type = "plain_text", text = text } end
local function mrkdwn(text) return { type = "mrkdwn", text = text } end
local function section(text) return { type = "section", text = mrkdwn(text) } end
local function actions(...) return { type = "actions", elements = { ... } } end
local function button(text, fields)
  local out = { type = "button", text = words(text or "Go"), action_id = "go" }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end
local function box(fields)
  local out = { type = "plain_text_input", action_id = "reply_text" }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end
local function input(element, fields)
  local out = { type = "input", label = words "Write to the customer", element = element or box() }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end
local function option(text, value) return { text = words(text or "Done"), value = value or "done" } end
local function menu(fields)
  local out = { type = "static_select", action_id = "close_reason", options = { option() } }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end
local function confirm(fields)
  local out = { title = words "Close?", text = mrkdwn "It cannot be undone.", confirm = words "Close", deny = words "Back" }
  for name, value in pairs(fields or {}) do out[name] = value end
  return out
end
local function many(count, make)
  local list = {}
  for index = 1, count do list[index] = make(index) end
  return list
end
local function a(count) return ("a"):rep(count) end

-- what, the blocks, and where Slack finds the mistake; nil: it takes them.
local table_of_blocks = {
  { "the card of the contract", { section "*Phone:* 1416", actions(button("Take Over Chat", { value = "1416" })) } },
  { "50 blocks", many(50, function() return { type = "divider" } end) },
  { "51 blocks", many(51, function() return { type = "divider" } end), "/blocks", "no more than 50 items allowed" },
  { "a section of 3,000 characters", { section(("é"):rep(3000)) } },
  { "a section of 3,001", { section(a(3001)) }, "/blocks/0/text/text", "must be less than 3001 characters" },
  { "3,000 characters that take two units each", { section(("😀"):rep(1501)) }, "/blocks/0/text/text" },
  { "an empty text", { section "" }, "/blocks/0/text/text", "must be more than 0 characters" },
  { "a section of nothing", { { type = "section" } }, "/blocks/0" },
  { "ten fields", { { type = "section", fields = many(10, function() return mrkdwn "x" end) } } },
  { "eleven fields", { { type = "section", fields = many(11, function() return mrkdwn "x" end) } }, "/blocks/0/fields", "no more than 10 items allowed" },
  { "a field of 2,001", { { type = "section", fields = { mrkdwn(a(2001)) } } }, "/blocks/0/fields/0/text" },
  { "markdown for mrkdwn", { { type = "section", text = { type = "markdown", text = "x" } } }, "/blocks/0/text/type" },
  { "a text that is no object", { { type = "section", text = "x" } }, "/blocks/0/text" },
  { "verbatim on plain text", { { type = "section", text = { type = "plain_text", text = "x", verbatim = true } } }, "/blocks/0/text" },
  { "a property that is none", { { type = "divider", colour = "red" } }, "/blocks/0", "invalid additional property: colour" },
  { "a header of 151", { { type = "header", text = words(a(151)) } }, "/blocks/0/text/text" },
  { "a header in mrkdwn", { { type = "header", text = mrkdwn "x" } }, "/blocks/0/text/type" },
  { "a block that is none", { { type = "table_of_contents" } }, "/blocks/0/type", "unsupported type: table_of_contents" },
  { "a block without a type", { { text = words "x" } }, "/blocks/0" },
  { "a file block", { { type = "file", external_id = "x", source = "remote" } }, "/blocks/0/type" },
  { "25 buttons", { actions(table.unpack(many(25, function(i) return button("x", { action_id = "a" .. i }) end))) } },
  { "26 buttons", { actions(table.unpack(many(26, function(i) return button("x", { action_id = "a" .. i }) end))) }, "/blocks/0/elements" },
  { "no button", { { type = "actions", elements = {} } }, "/blocks/0/elements" },
  { "a button of 76", { actions(button(a(76))) }, "/blocks/0/elements/0/text/text", "must be less than 76 characters" },
  { "a button in mrkdwn", { actions { type = "button", text = mrkdwn "x", action_id = "go" } }, "/blocks/0/elements/0/text/type" },
  { "a value of 2,001", { actions(button("x", { value = a(2001) })) }, "/blocks/0/elements/0/value" },
  { "a value that is a number", { actions(button("x", { value = 5 })) }, "/blocks/0/elements/0/value", "must be a string" },
  { "a style that is none", { actions(button("x", { style = "green" })) }, "/blocks/0/elements/0/style" },
  { "an action_id of 256", { actions(button("x", { action_id = a(256) })) }, "/blocks/0/elements/0/action_id" },
  { "one action_id twice in a block", { actions(button(), button()) }, "/blocks/0/elements/1" },
  { "one action_id in two blocks", { actions(button()), actions(button()) } },
  { "a block_id of 256", { { type = "divider", block_id = a(256) } }, "/blocks/0/block_id" },
  { "one block_id twice", { { type = "divider", block_id = "a" }, { type = "divider", block_id = "a" } }, "/blocks/1" },
  { "a box among the buttons", { actions(box()) }, "/blocks/0/elements/0/type" },
  { "a question", { actions(button("x", { confirm = confirm() })) } },
  { "a question's title of 101", { actions(button("x", { confirm = confirm { title = words(a(101)) } })) }, "/blocks/0/elements/0/confirm/title/text" },
  { "a question's text of 301", { actions(button("x", { confirm = confirm { text = mrkdwn(a(301)) } })) }, "/blocks/0/elements/0/confirm/text/text" },
  { "a question's yes of 31", { actions(button("x", { confirm = confirm { confirm = words(a(31)) } })) }, "/blocks/0/elements/0/confirm/confirm/text" },
  { "a question without a no", { actions(button("x", { confirm = { title = words "x", text = words "x", confirm = words "x" } })) },
    "/blocks/0/elements/0/confirm", "missing required field: deny" },
  { "a menu", { actions(menu { placeholder = words "Why?", initial_option = option() }) } },
  { "a menu without options", { actions(menu { options = {} }) }, "/blocks/0/elements/0/options" },
  { "a menu of 101", { actions(menu { options = many(101, function(i) return option("x", "v" .. i) end) }) }, "/blocks/0/elements/0/options" },
  { "an option of 76", { actions(menu { options = { option(a(76)) } }) }, "/blocks/0/elements/0/options/0/text/text" },
  { "an option's value of 151", { actions(menu { options = { option("x", a(151)) } }) }, "/blocks/0/elements/0/options/0/value" },
  { "a placeholder of 151", { actions(menu { placeholder = words(a(151)) }) }, "/blocks/0/elements/0/placeholder/text" },
  { "a choice that is no option", { actions(menu { initial_option = option("x", "other") }) }, "/blocks/0/elements/0/initial_option" },
  { "a context of eleven", { { type = "context", elements = many(11, function() return mrkdwn "x" end) } }, "/blocks/0/elements" },
  { "a button in a context", { { type = "context", elements = { button() } } }, "/blocks/0/elements/0/type" },
  { "a box", { input(box { multiline = true, max_length = 3000, placeholder = words "Hello" }, { block_id = "b", optional = true, hint = words "x" }) } },
  { "a box without a label", { { type = "input", element = box() } }, "/blocks/0", "missing required field: label" },
  { "a box's label in mrkdwn", { input(box(), { label = mrkdwn "x" }) }, "/blocks/0/label/type" },
  { "a box's label of 2,001", { input(box(), { label = words(a(2001)) }) }, "/blocks/0/label/text" },
  { "a box of 3,001", { input(box { max_length = 3001 }) }, "/blocks/0/element/max_length", "must be between 1 and 3000" },
  { "3,001 characters in a box", { input(box { initial_value = a(3001) }) }, "/blocks/0/element/initial_value" },
  { "more in a box than it takes", { input(box { max_length = 5, initial_value = a(6) }) }, "/blocks/0/element/initial_value" },
  { "a button as a box", { input(button()) }, "/blocks/0/element/type" },
  { "a file box in a message", { input { type = "file_input", action_id = "f" } }, "/blocks/0/element/type" },
  { "a picture without words", { { type = "image", image_url = "https://a.ca/x.png" } }, "/blocks/0", "missing required field: alt_text" },
}

describe("the stand-in for Slack", function()
  for _, case in ipairs(table_of_blocks) do
    it((case[3] and "refuses " or "takes ") .. case[1] .. (case[3] and ", and says where" or ""), function()
      local problems = block_kit.check(case[2], "message")
      if not case[3] then return assert.same({}, problems) end
      local code, lines = limits.check { blocks = case[2] }
      assert.equal("invalid_blocks", code)
      local place = "[json-pointer:" .. case[3] .. "]"
      assert.truthy(lines[1] == (case[4] or lines[1]:gsub(" %[json.*", "")) .. " " .. place, lines[1])
    end)
  end

  it("refuses a message by its text as Slack does", function()
    assert.equal("no_text", (limits.check {}))
    assert.equal("no_text", (limits.check { text = "" }))
    assert.equal("no_text", (limits.check { blocks = json.array() }))
    assert.equal("invalid_payload", (limits.check { text = 5 }))
    assert.equal("invalid_blocks_format", (limits.check { text = "x", blocks = "[]" }))
    assert.equal("msg_too_long", (limits.check { text = a(40001) }))
    assert.is_nil(limits.check { text = a(40000) })
  end)

  it("refuses a modal that is none, and says where", function()
    local function lines(fields)
      local view = { type = "modal", title = words "Edit", submit = words "Save", blocks = { input() } }
      for name, value in pairs(fields) do view[name] = value or nil end
      return block_kit.lines(block_kit.check_view(view))
    end
    assert.same({}, lines {})
    for place, fields in pairs {
      ["/view/title/text"] = { title = words(a(25)) }, ["/view/submit/text"] = { submit = words(a(25)) }, ["/view/type"] = { type = "home" },
      ["/view/private_metadata"] = { private_metadata = a(3001) }, ["/view/callback_id"] = { callback_id = a(256) },
      ["/view/blocks"] = { blocks = many(101, function() return { type = "divider" } end) }, ["/view"] = { submit = false },
      ["/view/blocks/0/type"] = { blocks = { { type = "markdown", text = "x" } } },
    } do
      assert.truthy(lines(fields)[1]:find("[json-pointer:" .. place .. "]", 1, true), place)
    end
    assert.same({}, lines { submit = false, blocks = { section "x" } })
  end)

  it("finds every button and the block it is in", function()
    local found = elements.buttons { section "x", { type = "actions", block_id = "b", elements = { button("Take Over Chat", { value = "1416" }) } } }
    assert.equal(1, #found)
    assert.same({ "1416", "go", "b" }, { found[1].value, found[1].action_id, found[1].block_id })
  end)

  it("holds in state.values what was typed, what was there at first, or null", function()
    local blocks = { input(box { initial_value = "was here" }, { block_id = "b1" }), input(menu(), { block_id = "b2" }), actions(button()) }
    blocks = elements.name(blocks, function() return "made" end)
    assert.equal("made", blocks[3].block_id)
    local empty = elements.values(blocks, {})
    assert.equal("was here", empty.b1.reply_text.value)
    assert.equal(json.null, empty.b2.close_reason.selected_option)
    assert.is_nil(empty.made)
    local typed = { b1 = { reply_text = elements.state(blocks[1].element, "hello") }, b2 = { close_reason = elements.state(blocks[2].element, "Done") } }
    local full = elements.values(blocks, typed)
    assert.equal("hello", full.b1.reply_text.value)
    assert.equal("done", full.b2.close_reason.selected_option.value)
    assert.equal(json.null, elements.state(box(), "").value)
    assert.is_nil(elements.state(box(), a(3001)))
    assert.is_nil(elements.state(menu(), "another"))
    assert.same({ b2 = "Please complete this required field." }, elements.unfilled(blocks, empty))
  end)

  it("escapes what people type, so that nothing they write is markup", function()
    assert.equal("&lt;!channel&gt; A&amp;B", limits.escape("<!channel> A&B"))
  end)
end)
