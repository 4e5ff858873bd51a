-- The service area in a chat: the words, what staff read, and a changed list, which counts at once.

local live = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local OUTSIDE = "Sorry, that is outside the area we serve. I've passed your message on to our team."

-- A chat in the terminal: each line is what the customer writes, or a command of the shell that runs when the answer before it has come.
local function chat(home, script)
  local _, text = shell.run(([[
    cd %s
    said() { n=0; while ! grep -q "$1" out && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done; }
    { %s
    } | env -i PATH="$PATH" TZ=America/Toronto SCRIPTS_DIR=scripts PROMPTS_DIR=prompts %s chat >out 2>&1
    cat out]]):format(home, script, shell.quote(shell.binary)))
  return text
end

local function has(text, piece) assert.is_truthy(text:find(piece, 1, true), "not said: " .. piece .. "\n" .. text) end
local function count(text, piece) return select(2, text:gsub(piece:gsub("%p", "%%%0"), "")) end

describe("the service area", function()
  teardown(process.close_all)

  it("is told to a customer outside it once, and to staff with what was written (T30)", function()
    local text = chat(shell.home(), [[echo 'im in Hamilton do u come here'; echo 'I have a couch'; echo 'ok'; echo 'you sure? Hamilton?'; echo 'I want to speak to a human']])
    assert.equal(1, count(text, OUTSIDE), text)
    has(text, "→ Slack: +1 416-555-0100: is outside our area: Hamilton. The customer was told so, and wrote:\n           > im in Hamilton do u come here")
    has(text, "Outside our area: Hamilton")
    assert.is_nil(text:find("pickup address", 1, true), text)
  end)

  it("is judged by the lists as they are now: Hamilton, added to serves, is inside at once (K1)", function()
    local text = chat(shell.home(), [[echo 'I have a couch at 12 Elm St, Hamilton'; said 'outside the area'
      sed -i 's/^serves:/serves:\n  - Hamilton/' prompts/business.yaml; echo 'and a table'; said 'elevator'; echo 'speak to a human']])
    has(text, OUTSIDE)
    has(text, "Is there an elevator we can use?")
    assert.is_nil(text:find("Outside our area:", 1, true), text)
  end)

  it("is told to the model with each message, and remembered until an address lies inside", function()
    local scene, phone = live.open(), meta.phone()
    local function told(word)
      local sent = scene.stand_ins:models(word)[1].body.messages
      return sent[#sent].content:find('"area":"outside"', 1, true) ~= nil
    end
    local first = scene:ask(phone, "What's the pickup address?", "im in Hamilton do u come here")
    scene:sent(phone, OUTSIDE)
    local second = scene:ask(phone, "We do not come there, sorry.", "not even for a big job?")
    scene:sent(phone, second)
    assert.same({ true, true }, { told(first), told(second) })
    assert.same({ "out", "Hamilton" }, { scene:column(phone, "area"), scene:column(phone, "area_place") })
    local third = scene:plan { answer = { reply_to_user = "Great! Any stairs?", extracted_data = { address = "12 Elm St, Toronto" } } }
    scene.service:say(phone, "its at 12 Elm St Toronto " .. third)
    scene:sent(phone, "Great! Any stairs?")
    local fourth = scene:ask(phone, "Is there an elevator?", "no stairs")
    scene:sent(phone, fourth)
    assert.same({ false, false }, { told(third), told(fourth) })
    assert.equal("in", scene:column(phone, "area"))
    scene:close()
  end)

  it("is not judged when the owner lists no place", function()
    local home = shell.home()
    assert(shell.run(("sed -i '/^serves:/,/Toronto/d' %s/prompts/business.yaml && echo 'serves: []' >>%s/prompts/business.yaml"):format(home, home)) == 0)
    local text = chat(home, [[echo '12 Elm St, Hamilton'; echo 'do you come to Barrie?']])
    assert.equal(0, count(text, OUTSIDE), text)
    has(text, "Is there an elevator we can use?")
  end)

  it("is refused with file, line and remedy when a place is in both lists", function()
    local home = shell.home()
    assert(shell.run(("sed -i 's/^not_served:.*/not_served: [Barrie, sauga]/' %s/prompts/business.yaml"):format(home)) == 0)
    local code, text = shell.run(("%s check %s"):format(shell.quote(shell.binary), home))
    assert.equal(5, code, text)
    assert.is_truthy(text:find('prompts/business.yaml:%d+: "not_served%[2%]" %(sauga%) is also in serves %(Mississauga%). Remove one of the two.'), text)
  end)

  it("names the town that is probably meant, when one in the list has a slip", function()
    local home = shell.home()
    assert(shell.run(("sed -i 's/^not_served:.*/not_served: [Oakvill]/' %s/prompts/business.yaml"):format(home)) == 0)
    local code, text = shell.run(("%s check %s"):format(shell.quote(shell.binary), home))
    assert.equal(0, code, text)
    has(text, 'Did you mean "Oakville"?')
  end)
end)
