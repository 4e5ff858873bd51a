-- Promises to take hazardous waste or wet paint.

local guarded = require "spec.support.guarded"

local CAUGHT = [==[
Sure, we take asbestos.
We can take your wet paint.
Yes, we can take your wet paint.
No problem, we can pick up the hazardous waste.
We'll happily remove the propane tanks.
Our team can dispose of hazardous materials.
Wet paint is fine.
Hazardous waste can be included.
Wet paint? Sure, we can take that.
We don't usually take wet paint, but for you we'll make an exception.
We take everything, including wet paint.
We take not only furniture but also wet paint.
Absolutely, wet paint is no problem.
Don't worry, we accept hazardous waste.
Yes, hazardous waste too.
Nous prenons la peinture fraîche.
We do take paint cans with wet paint.
Of course we can remove asbestos for you!
We can't normally take asbestos, but we can take it this once.
We can definitely take care of the hazardous waste removal for you.
Yes we pick up wet paint.
Great, leave the wet paint outside and we will take it.
Sure thing, paint cans are okay.
I'm happy to say we handle asbestos.
We'd be glad to take your wet paint and chemicals.
Oui, nous ramassons l'amiante.
Wet paint can be taken too.
Hazardous waste? Absolutely.
Hazardous waste? No problem!
Chemicals are welcome.
We can help with the hazardous waste.
Our crew will take the couch, the table and the wet paint.
Yes, we can pick up the couch and the wet paint.
We take wet and dry paint.
No need to worry, we take propane tanks.
Sure, bring the gasoline out and we will take it.
Yes, our crew removes asbestos.
Fresh paint is fine.
Motor oil? Yes, we take that.
We can handle the acid and the solvents for you.
Bien sûr, nous prenons la peinture.
The pesticides are okay.
We'll grab the used oil too.
We accept both dry and wet paint.
Sure, paint's fine!
Yes, we'll take the paint.
We take all paint, wet or dry.
We can dispose of leftover paint for you.
Leftover paint is no problem.
Bring out the propane tanks, we'll load them.
We do handle chemicals.
Car batteries and motor oil, we take them all.
Our crew can haul your hazardous materials.
Podemos llevarnos la pintura líquida.
Sí, aceptamos pintura fresca.
Recogemos gasolina y productos químicos.
Podemos levar a tinta fresca.
Sim, aceitamos tinta líquida.
Retiramos gasolina e produtos químicos.
do you take motor oil? => Yes, absolutely!
can u take old paint? => Sure! What's the pickup address?
We have asbestos siding. Do you take asbestos? => Yes, we do.
]==]

describe("the guard against hazardous waste", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "hazard" })) end)
  end

  it("T92: wet and dry paint together are wet", function() assert.equal("hazard", (guarded.kind("We take wet and dry paint."))) end)

  it("T94: a painting, and what is joined with paint, are things", function()
    for _, reply in ipairs { "We'll take the painting and the paint-splattered desk.", "We can take the paint-stained chair and the paint brushes.",
      "We'll take the propane grill and the acid-washed jeans." } do
      assert.equal("ok", (guarded.kind(reply)), reply)
    end
  end)
end)
