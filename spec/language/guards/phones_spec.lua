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

local SAID = [==[
call my wife at 416-555-0177 => Our team will call your wife at 416-555-0177.
call my wife at 4165550177 please|ok? => Noted: (416) 555-0177.
mon concierge: 514 555 0122 => Merci, le 514-555-0122 est noté.
super is +1 905 555 0188, unit 12 => Thanks, we have +1 905-555-0188 for the super.
]==]

local NOT_SAID = [==[
call my wife at 416-555-0177 => Our team will call your wife at 416-555-0178.
hi|us: Call 416-555-0177.|ok => Call 416-555-0177.
[call my wife] => Call 555-0177.
]==]

describe("the guard against phone numbers", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "phone" })) end)
  end

  for _, case in ipairs(guarded.lines(SAID)) do
    it("passes a number of somebody else that the customer wrote: " .. case.line, function()
      assert.equal("ok", (guarded.kind(case.reply, case.chat)))
    end)
  end

  for _, case in ipairs(guarded.lines(NOT_SAID)) do
    it("catches one that the customer did not write: " .. case.line, function()
      assert.equal("phone", (guarded.kind(case.reply, case.chat)))
    end)
  end
end)
