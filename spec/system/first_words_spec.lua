-- First words to a new customer, and words outside business hours, in the real process.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local FIRST, CLOSED = "This is the assistant of Tidy & Co.", "We are closed at the moment."

describe("words beside the reply", function()
  local scene, service

  setup(function()
    local replies = assert(shell.read(shell.prompts .. "/replies.yaml")):gsub("first_contact: [^\n]*", ""):gsub("after_hours: [^\n]*", "")
    local business = "hours:\n"
    for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do business = business .. "  " .. day .. ": closed\n" end
    scene = chat.open { files = { ["prompts/business.yaml"] = business,
      ["prompts/replies.yaml"] = ("%s\nfirst_contact: \"%s\"\nafter_hours: \"%s\"\n"):format(replies, FIRST, CLOSED) } }
    service = scene.service
  end)
  teardown(process.close_all)

  it("stand before the first reply to a new customer, once; a STOP before it gets its confirmation alone", function()
    local phone = meta.phone()
    service:say(phone, "STOP")
    assert.is_nil(scene:sent(phone, "START")[1].text:find(FIRST, 1, true))
    service:say(phone, "START")
    scene:sent(phone, nil, 2)
    local word = scene:ask(phone, "Thanks! Any stairs?")
    assert.equal(FIRST .. "\n\nThanks! Any stairs? " .. word, scene:sent(phone, word)[1].text)
    scene:sent(phone, scene:ask(phone))
    assert.equal(1, #scene:tries(phone, FIRST))
  end)

  it("stand before a fixed text too; those for outside hours follow a handoff, once a night", function()
    local phone = meta.phone()
    service:say(phone, "a human please")
    local text = scene:sent(phone)[1].text
    assert.equal(FIRST, text:sub(1, #FIRST))
    assert.equal("\n\n" .. CLOSED, text:sub(-#CLOSED - 2))
    service:say(phone, "an agent please")
    scene:sent(phone, nil, 2)
    assert.equal(1, #scene:tries(phone, FIRST))
    assert.equal(1, #scene:tries(phone, CLOSED))
  end)
end)
