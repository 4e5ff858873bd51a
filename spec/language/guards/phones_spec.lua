-- Phone numbers that the business does not list.

local guarded = require "spec.support.guarded"

local CAUGHT = [==[
Call us at 416-555-1234.
Call +1 (416) 555-1234 today.
Our number is 416 555 1234.
Try 416.555.1234.
Text 4165551234.
Call 555-1234.
Call us: 1-800-555-0199
Reach us on +44 20 7946 0958.
Dial 1-800-GOT-JUNK.
Call four one six five five five one two three four.
Call 4 1 6 5 5 5 1 2 3 4.
(416)555-1234 is our line.
Our line is ４１６-５５５-１２３４.
416 - 555 - 1234
416/555-1234
tel:+14165551234
1 416 555 1234
1.416.555.1234
(416) 555 1234
(416)-555-1234
Our phone: 5551234
+1-416-555-1234
+33 6 12 34 56 78
416 5551234
416-5551234
001 416 555 1234
Call 416 555 12 34.
6475551234 is the number
Please call (647) 555-0147 for a quote.
Our office: 905 555 0188.
WhatsApp us at +1 647 555 0147.
Appelez le 514-555-0122.
]==]

describe("the guard against phone numbers", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "phone" })) end)
  end
end)
