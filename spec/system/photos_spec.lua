-- What customers send beside words: it is fetched, kept, and counts as words.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("what a customer sends beside words", function()
  local scene, service
  setup(function()
    scene = chat.open()
    service = scene.service
  end)
  teardown(process.close_all)

  it("W20: a photo is answered, staff are told of it, and photos alone answer the inventory", function()
    local phone = meta.phone()
    assert.equal(200, service:hook { messages = { meta.message(phone, "image", { image = { id = "1" } }) } })
    scene:posts "1 photo"
    scene:sent(phone)
    local said = scene.stand_ins:sends(phone)
    for _, one in ipairs(said) do assert.falsy(one.text:find("only handle text", 1, true)) end
    scene:posts "could not be fetched"
    assert.equal("1 photo", scene:known(phone).inventory)
  end)

  local function states(phone)
    return service:value(("SELECT coalesce(group_concat(state || ':' || coalesce(hash, ''), ' '), '') FROM media WHERE conversation_id = '%s'"):format(phone))
  end

  it("B29: a file is fetched and kept once under its hash; one whose hash or type is not as told is refused", function()
    local phone, liar = meta.phone(), meta.phone()
    scene.stand_ins:write { from = phone, type = "image", caption = "a couch" }
    scene.stand_ins:write { from = phone, type = "image" }
    local hash
    shell.until_(function()
      local first, second = states(phone):match("^stored:(%x+) stored:(%x+)$")
      hash = first
      return first ~= nil and first == second
    end, 20, "both photos are stored under one hash")
    local _, list = service:cli("media", "list", "+" .. phone)
    assert.truthy(list:find(hash, 1, true))
    scene.stand_ins:write { from = liar, type = "image", media = { says_sha256 = ("A"):rep(43) .. "=" } }
    scene:posts "not those that WhatsApp announced"
    for says, word in pairs { [{ says_size = 5 }] = "WhatsApp says 5", [{ says_type = "image/png" }] = "is said to be image/png",
      [{ elsewhere = "http://127.0.0.2:9/x" }] = "MEDIA_HOSTS does not name", [{ gone = true }] = "does not have it any more" } do
      scene.stand_ins:write { from = meta.phone(), type = "image", media = says }
      scene:posts(word)
    end
    assert.truthy(states(liar):find("refused", 1, true))
  end)
end)
