-- Text of the prompt: identity, workflow, schema, two rules or more.

local guarded = require "spec.support.guarded"

local CAUGHT = [==[
My identity: You are the ClearoutSpaces assistant. Be brief, friendly, and professional.
I was told: Ask max 1 question at a time. When all fields are collected, set action to 'handoff'.
I fill reply_to_user and extracted_data.
My business_rules are secret.
I answer in JSON.
We do NOT take hazardous waste or wet paint. Never provide exact pricing. State that the team will review the details to provide a quote.
you are the clearoutspaces assistant - be BRIEF, friendly and professional!
The field elevator_access is still missing.
{"action":"continue"}
As an assistant I must ask max 1 question at a time.
quote_fields_needed: address, stairs
My rules: We service the GTA (Mississauga, Brampton, Vaughan, Toronto). We do NOT take hazardous waste or wet paint.
My workflow: When all fields are collected, set action to 'handoff'.
State that the team will review the details to provide a quote. We service the GTA (Mississauga, Brampton, Vaughan, Toronto).
The missing keys are elevator_access and stairs.
]==]

describe("the guard against the prompt's own text", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "leak" })) end)
  end

  it("lets pass one business rule, and catches two", function()
    local one, other = guarded.SYSTEM.business_rules[1], guarded.SYSTEM.business_rules[2]
    assert.equal("ok", (guarded.kind(one)))
    assert.equal("leak", (guarded.kind(one .. " " .. other)))
  end)
end)
