local english = require "language.english"
local phrases = require "language.phrases"
local text = require "language.text"

-- A phrase as people write it: which of its words stands at each place, and with or without what is in brackets.
local function written(phrase, which, with)
  local said = with and phrase:gsub("[()]", "") or phrase:gsub("%b()", "")
  return (said:gsub("%S+", function(part)
    local forms = {}
    for form in part:gmatch("[^|]+") do forms[#forms + 1] = form:gsub("-", " ") end
    return forms[math.min(which, #forms)]
  end))
end

describe("phrases.marks_of and phrases.words_of", function()
  it("miss no text that holds a phrase, however it is written", function()
    for _, kind in ipairs { "stop", "start", "polite", "person", "yes", "no", "not_sure" } do
      local list = {}
      for _, phrase in ipairs(english.words[kind]) do phrases.add(list, phrase, true) end
      local marks, words = phrases.marks_of(list), phrases.words_of(list)
      for _, phrase in ipairs(english.words[kind]) do
        for which = 1, 12 do
          local said = written(phrase, which % 6 + 1, which > 6)
          assert.is_true(phrases.whole(list, text.list(said), {}), said)
          assert.is_true(text.has_word("Hello! " .. said:upper() .. ", thanks", text.word_map(marks)), said)
          for _, word in ipairs(text.list(said)) do assert.is_true(words[word], word) end
        end
      end
    end
  end)

  it("refuse signs that mean something in other lists only", function()
    for _, phrase in ipairs { "stop … me", "stop ... me", "cancel {visit}" } do assert.truthy(phrases.problem(phrase):find("Write the words", 1, true), phrase) end
    for _, phrase in ipairs { "stop", "stop texting (me)", "don't|do-not text", "arrêt." } do assert.is_nil(phrases.problem(phrase), phrase) end
  end)

  it("mark a phrase by words that few texts hold", function()
    local list = {}
    phrases.add(list, "is there (a|an) (real) person|human (that) i|we can|could talk to", true)
    assert.same({ person = true, human = true }, phrases.marks_of(list))
  end)
end)
