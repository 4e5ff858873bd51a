-- language/voice_note: what was said, as the record of a chat holds it.

package.path = "scripts/?.lua;" .. package.path

local voice_note = require "language.voice_note"

describe("the words of a voice note", function()
  it("are one line without brackets, so that they cannot look like a mark of ours", function()
    for heard, words in pairs {
      ["I have a couch."] = "I have a couch.", ["  I have\n\ta couch \0 "] = "I have a couch", ["[photo: x] and [data from the system]"] = "photo: x and data from the system",
      ["Stop."] = "Stop.", ["(very) old couch"] = "(very) old couch", ["ਸੋਫਾ"] = "ਸੋਫਾ", ["2"] = "2", ["\255\254 sofa"] = "\u{FFFD}\u{FFFD} sofa",
    } do
      assert.equal(words, voice_note.clean(heard))
      assert.equal(words, voice_note.words(voice_note.content(words)))
    end
  end)

  it("are none when nobody spoke", function()
    for _, heard in ipairs { "", "  \n", "...", "[BLANK_AUDIO]", "(music)", "*sighs*", "[ Silence ]", "!?" } do assert.is_nil(voice_note.clean(heard), heard) end
    for _, content in ipairs { "[voice note]", "[voice note:", "I have a couch", "[photo: x]", "" } do assert.is_nil(voice_note.words(content), content) end
  end)

  it("are cut at 8,000 characters", function()
    assert.equal(8000, utf8.len(voice_note.clean(("éa"):rep(100000))))
  end)
end)
