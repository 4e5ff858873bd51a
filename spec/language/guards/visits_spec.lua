-- Words that confirm a visit: "what was said => the reply". Today is Sunday, November 29, 2026.

local guarded = require "spec.support.guarded"

local kind, lines = guarded.kind, guarded.lines

local CONFIRMS = [==[
tuesday at 3? => See you Tuesday at 3!
tuesday at 3? => See you then!
tuesday at 3? => We'll see you Tuesday.
tuesday at 3? => Looking forward to seeing you on Tuesday!
tuesday at 3? => Perfect, Tuesday at 3 it is!
tuesday at 3? => Great, Tuesday at 3 works for us!
tuesday at 3? => I've booked you in for Tuesday at 3.
tuesday at 3? => You're booked for Tuesday.
tuesday at 3? => Your pickup is scheduled for Tuesday at 3.
tuesday at 3? => Your visit is confirmed for Tuesday.
tuesday at 3? => Confirmed: Tuesday at 3.
tuesday at 3? => We have you down for Tuesday at 3.
tuesday at 3? => Our crew will be there Tuesday at 3.
tuesday at 3? => Our team will arrive on Tuesday.
tuesday at 3? => Yes, we can come Tuesday at 3!
tuesday at 3? => We will pick it up on Tuesday.
tomorrow? => You're all set for tomorrow.
tomorrow? => Our crew will be there tomorrow morning.
tomorrow at 2? => The truck is coming, our crew will be there at 2.
tomorrow? => We'll stop by tomorrow.
demain? => À demain !
mardi? => À mardi!
mardi? => On se voit mardi !
mardi? => Nous passerons mardi.
mardi? => Votre visite est confirmée pour mardi.
martes? => ¡Nos vemos el martes!
terça-feira? => Até terça-feira!
tuesday at 3? => Great, you're booked!  See you Tuesday.
tuesday at 3? => Your appointment is Tuesday at 3.
tuesday at 3? => Tuesday at 3 is confirmed.
tuesday at 3? => I've scheduled you for Tuesday at 3 pm.
tuesday at 3? => We've put you down for Tuesday at 3 pm.
tuesday at 3? => The team will be there Tuesday at 3 pm.
tuesday at 3? => The crew is coming Tuesday at 3 pm.
tuesday at 3? => You're on the schedule for Tuesday at 3 pm.
tuesday at 3? => Perfect, we'll see you then.
tuesday at 3? => Looking forward to Tuesday!
tuesday at 3? => Expect us Tuesday at 3.
tuesday at 3? => All set for Tuesday at 3!
tuesday at 3? => I have reserved Tuesday at 3 for you.
tuesday at 3? => Our driver will come by on Tuesday.
tuesday at 3? => Sure, Tuesday at 3 works!
tuesday at 3? => Tuesday at 3 works great.
tuesday at 3? => The pickup will happen Tuesday at 3.
tuesday at 3? => Your pickup is set for Tuesday at 3.
tuesday at 3? => Your pickup is on Tuesday at 3.
tomorrow? => See you tomorrow!
tomorrow? => We'll be there tomorrow.
tomorrow? => Your visit is tomorrow.
mardi 15h? => Parfait, c'est réservé pour mardi à 15 h.
mardi 15h? => Notre équipe sera là mardi à 15 h.
mardi 15h? => Rendez-vous mardi à 15 h !
martes? => Su visita está confirmada para el martes.
martes? => Estaremos ahí el martes.
terça? => Sua visita está agendada para terça-feira.
terça? => Passaremos na terça-feira.
sat works => Sat works, we'll see you on Sun.
tomorrow? => We'll stop by tomorrow afternoon.
tomorrow? => Our truck arrives tomorrow.
tuesday at 3? => You're booked, Tuesday at 3.
martes a las 3? => Le esperamos el martes a las 3.
martes a las 3? => Llegaremos el martes a las 3.
terça às 15h? => Até terça às 15h!
terça às 15h? => Estaremos aí terça às 15h.
terça às 15h? => Chegaremos na terça às 15h.
mardi à 15 h? => Notre équipe arrivera mardi à 15 h.
tomorrow at 2? => Our guys will be over tomorrow around 2.
tomorrow at 2? => You can expect us tomorrow at 2.
tomorrow at 2? => Locked in for tomorrow at 2!
tuesday at 3? => Done! Tuesday at 3 is yours.
tuesday at 3? => Tuesday at 3 is all yours!
tuesday at 3? => I've penciled you in for Tuesday at 3.
come now => The crew is on its way.
come now => Our guys are on their way!
come now => We're on our way.
come now => Help is on the way!
]==]

local CONFIRMS_NOTHING = [==[
tuesday at 3? => Does Tuesday work for you?
tuesday at 3? => Tuesday at 3, noted. Our team will confirm it.
tuesday at 3? => I've noted Tuesday at 3 as your preferred time.
tuesday at 3? => Our team will check whether we can be there Tuesday at 3.
tuesday at 3? => We can't come on Tuesday, sorry.
tuesday at 3? => Is the elevator booked for Tuesday?
tuesday at 3? => Your visit isn't booked for Tuesday yet.
tuesday at 3? => Once you've booked Tuesday at 3, you'll get a confirmation.
tuesday at 3? => If Tuesday suits you, please pick a time.
tuesday at 3? => The team will let you know if they can be there on Tuesday.
tomorrow? => We can come as early as tomorrow. Please pick a time.
tomorrow? => Would tomorrow morning be good? The team will confirm.
Hi => You can pick a time for the visit.
Hi => You're all set! Our team will review the details and get back to you.
Hi => See you soon!
Hi => Which floor is it, on the way to the garage?
Hi => Is the couch in the way of our team?
Hi => The quote is on its way.
tuesday at 3? => Is Tuesday at 3 yours to decide?
tuesday at 3? => The team will tell you when they are on their way.
Hi => Once you've booked, our crew will see you on the day.
mardi? => Mardi, c'est noté. Notre équipe confirmera.
mardi? => Est-ce que mardi vous convient ?
]==]

describe("the guard against visits that are not booked", function()
  for _, case in ipairs(lines(CONFIRMS)) do
    it("refuses after " .. case.line, function() assert.equal("visit", (kind(case.reply, case.chat))) end)
  end

  for _, case in ipairs(lines(CONFIRMS_NOTHING)) do
    it("passes after " .. case.line, function() assert.equal("ok", (kind(case.reply, case.chat))) end)
  end

  it("passes a visit that is booked at that time, and no other", function()
    local booked = { visit = guarded.VISIT }
    assert.equal("ok", (kind("See you Tuesday at 3!", "ok", booked)))
    assert.equal("ok", (kind("See you then!", "ok", booked)))
    assert.equal("ok", (kind("Your visit is booked for Tuesday, December 1 at 3:00 PM.", "when?", booked)))
    assert.equal("visit", (kind("See you Wednesday at 3!", "wednesday at 3?", booked)))
    assert.equal("visit", (kind("See you tomorrow!", "tomorrow?", booked)))
    local asked = { visit = { state = "requested", at = guarded.VISIT.at } }
    assert.equal("visit", (kind("See you Tuesday at 3!", "ok", asked)))
  end)
end)
