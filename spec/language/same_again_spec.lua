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

it("language/same_again: a yes with another unit or a 'but' keeps the customer's words beside the old value", function()
  assert.equal("10 Main St", same_again.confirmed("10 Main St", "yes please", nil))
  assert.equal("10 Main St", same_again.confirmed("10 Main St", "yes, and 2 flights", nil))
  assert.equal("10 Main St, apt 12", same_again.confirmed("10 Main St", "yes, apt 12", "apt 12"))
  assert.equal("10 Main St #201 (customer: yes but it's unit 5 now)", same_again.confirmed("10 Main St #201", "yes but it's unit 5 now", "unit 5"))
  assert.equal("10 Main St (customer: yes but the back door)", same_again.confirmed("10 Main St", "yes but the back door", nil))
end)
