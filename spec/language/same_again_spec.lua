local same_again = require "language.same_again"
local yes_no = require "language.yes_no"

it("language/same_again: hears whether it is the same as last time", function()
  for said, answer in pairs {
    ["Yes!"] = "yes", ["Oui, toujours"] = "yes", ["the same one"] = "yes", ["it's still there"] = "yes", ["C'est la même"] = "yes",
    ["No, I moved"] = "no", ["not the same place"] = "no", ["non"] = "no",
  } do assert.equal(answer, same_again.answer(said, yes_no.DEFAULT), said) end
  for _, said in ipairs { "", "what time do you open?", "5 Oak Street", "we need to clear out the same kind of things as we had in the other house" } do
    assert.is_nil(same_again.answer(said, yes_no.DEFAULT), said)
  end
end)
