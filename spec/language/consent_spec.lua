-- Plain words that answer an offer.

local consent = require "language.consent"

describe("a message that answers an offer", function()
  it("accepts when it says yes and nothing else", function()
    for _, said in ipairs { "yes", "Yes please", "ok go ahead", "YES!", "yep", "I accept", "accepted, thanks", "sounds good", "deal", "let's do it", "ok", "👍", "perfect thank you",
      "oui", "oui merci", "d'accord", "sure", "yes that's fine", "book it", "Agreed.", "sí", "ok sounds good", "go ahead", "👍🏽", "👍👍", "👍 yes", "✅" } do
      assert.equal("yes", consent.of(nil, said), said)
    end
  end)

  it("declines when it says no and nothing else", function()
    for _, said in ipairs { "no", "No thanks", "no thank you", "nope", "I decline", "non merci", "👎", "No." } do assert.equal("no", consent.of(nil, said), said) end
  end)

  it("is for staff when it says more, asks, or says neither", function()
    for _, said in ipairs { "yes but can you do 300?", "yes but not on Tuesday", "is that with tax?", "yes?", "no, 300", "too expensive", "maybe", "let me ask my wife", "thanks",
      "yes and no", "ok, when can you come", "yes for the couch, no for the piano", "not yet", "it", "good morning", "hello", "", "👍 but cheaper",
      "👍 нет", "👍👎", "👍 ਨਹੀਂ", "350", "yes 350", "no problem" ,
      "ok no thanks but call me later please", ("yes "):rep(200) } do
      assert.is_nil(consent.of(nil, said), said)
    end
  end)
end)
