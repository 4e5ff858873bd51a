local language = require "language.french"
local scripted = require "flow.scripted"

local ENGLISH, FRENCH, NEITHER = { "hello, I have a couch" }, { "bonjour, j'ai un canapé" }, { "12 Main Street" }

describe("language.french", function()
  it("is the language that the customer writes, when the owner lists both", function()
    for _, languages in ipairs { false, { "en", "fr" }, { "fr", "en" } } do
      assert.is_false(language.french(languages or nil, ENGLISH))
      assert.is_true(language.french(languages or nil, FRENCH))
      assert.is_true(language.french(languages or nil, ENGLISH, nil, "fr"))
    end
  end)

  it("is the owner's first language for a customer who has shown none", function()
    assert.is_false(language.french({ "en", "fr" }, NEITHER))
    assert.is_true(language.french({ "fr", "en" }, NEITHER))
    assert.is_true(language.french({ "fr", "en" }, {}))
  end)

  it("is never one that the owner left out", function()
    for _, texts in ipairs { ENGLISH, FRENCH, NEITHER, {} } do
      assert.is_false(language.french({ "en" }, texts, nil, "fr"))
      assert.is_true(language.french({ "fr" }, texts))
    end
  end)

  it("decides for the fixed questions too", function()
    local function first(languages, texts)
      return scripted.answer({ fields = { "address" }, texts = texts, replies = {}, languages = languages }).reply
    end
    assert.truthy(first({ "en" }, { "bonjour" }):find("pickup address", 1, true))
    assert.truthy(first({ "fr" }, { "hello" }):find("adresse du ramassage", 1, true))
    assert.truthy(first(nil, { "bonjour" }):find("adresse du ramassage", 1, true))
  end)
end)
