-- What customers want, said in their words: T1, T3, T4, T5, T6, T7, T10, T12.

local intents = require "language.intents"

local READY = intents.ready { { code = "en" }, { code = "fr" } }

local function kind(message, context)
  local found = intents.find(READY, { message }, context or {})
  return found and found.kind
end

-- Each line: a message that is of the kind. With "~": one that looks like it and is none of any kind.
local function each(name, lines, context)
  describe(name, function()
    for line in lines:gmatch("[^\n]+") do
      local other = line:match("^~%s*(.+)$")
      if other then
        it("leaves alone: " .. other, function() assert.is_nil(kind(other, context)) end)
      else
        it("finds it in: " .. line, function() assert.equal(name, kind(line, context)) end)
      end
    end
  end)
end

local BOOKED = { booked = true }

each("cancel_visit", [[
annulation svp
please cancel everything we changed plans
~did you cancel my appointment?
~I don't want to cancel
~i dont have to cancel, right
I need to cancel
i have to cancel, sorry
Cancel my appointment please
can u cancel the pickup for tomorrow
CANCEL
please cancel everything
I'd like to cancel my booking for Tuesday
how do I cancel?
We want to cancel the assessment
pls cancle it
cancelling my appointment
I want my appointment cancelled
don't come tomorrow
No need to come anymore
you don't have to come tomorrow
please dont send anyone
can we call it off
not interested anymore
I no longer need the pickup
found someone else, thanks
we have to cancel because my landlord said no
cancel the couch pickup
I would like to cancel the pick up
actually cancel that
~never mind
~nvm
J'aimerais annuler
je dois annuler mon rendez-vous
Annulez la visite svp
ne venez pas demain
je n'ai plus besoin du ramassage
~cancel the couch, just the fridge
~what happens if I cancel?
~is there a fee to cancel
~can I cancel later if I change my mind
~what's your cancellation policy
~I don't want to cancel, just checking
~the other company cancelled on me
~don't come before 9
~please don't come to the front door, use the back
~i would never cancel on you
~if I need to cancel how late can I do it
~see you then
~ok thanks
~the can is full
~I have 3 chairs
~there is a concert that got cancelled on our street
~Is it free to cancel?
~y a-t-il des frais pour annuler
~si je dois annuler, que se passe-t-il
~je ne veux pas annuler
~annulez le divan, juste le frigo
~à demain]], BOOKED)

each("change_visit", [[
actually can we do thursday
~the address is wrong its 21 not 12
can we move it to friday
something came up, cant make it tomorrow
I need to reschedule
Can I reschedule for next week?
could you come an hour earlier instead
can you come later instead
we need to postpone
I can't make it on Tuesday
I can't make it in the morning
I won't be home tomorrow
is there another time available
can we do Thursday instead
push it to 3pm
can we change the time
I'd like to change my appointment
can we switch to Monday
tomorrow doesn't work anymore
move my appointment please
i wont be able to make it
unable to make it today
different day please
delay the pickup
can we pick another day
can we resched
not tomorrow, friday
can't do it tomorrow
wednesday instead please
peut-on déplacer le rendez-vous à vendredi
je dois reporter la visite
un imprévu, je ne peux pas être là
est-ce possible une autre date
je ne serai pas là demain
~can we move the couch to the curb
~move it to the garage
~can you change the address to 5 Elm St
~can I reschedule later if needed
~what if I need to reschedule
~I have another fridge
~there is a different couch too
~we are moving next month
~it's on the other side of the building
~change the number of chairs to 4
~I made it home
~the time is fine
~see you Friday
~Tuesday at 3 works
~my movers rescheduled
~the fridge won't make it through the door
~we move to a new place next week
~push the fridge out the back door
~pouvez-vous changer l'adresse
~déplacer le divan dans le garage
~vendredi me convient
~l'autre porte est à gauche
~changer la liste: 3 chaises]], BOOKED)

each("call_me", [[
i missed your call, pls call back
~i missed a call from you
gimme a call
call me
Call me!!
can someone call me back at 5
give me a ring
please give me a call
can you call me
could someone call me please
call me at 416-555-0199
I'd prefer a phone call
pls call me back asap
can u ring me
give us a shout
phone me
i want to talk on the phone
can I get a call back
Could you have someone call me tomorrow?
please call my husband at 647 555 0123
just call me
call me when you can
I need a callback
can we speak over the phone
give me a call when you get a chance
u can call me at 6
appelez-moi
pouvez-vous me rappeler
rappelez moi demain svp
j'aimerais un coup de fil
pouvez-vous m'appeler à 5h
~call me Ana
~give me a shout if you need anything
~you can call me Bob
~the call box code is 12
~don't call me, text only
~please stop calling me
~call me when you arrive
~call when you get here
~call 30 minutes before
~I will call you back
~no need to call
~I called yesterday
~everyone calls me Jo
~ring the doorbell
~they call me crazy
~the building is called The Ring
~is there a call out fee
~my phone is broken, take it too
~a phone booth and a desk
~je m'appelle Ana
~ne m'appelez pas svp
~appelez en arrivant
~le code d'appel est 12
~vous appelez ça un divan]])

each("complaint", [[
your truck blocked my driveway for 2 hours
~not a complaint just asking
~no complaints, great job
ur guys still havent called
nobody has called me back
i still havent heard back
you came last week and left a mess in the hallway
~i havent heard back from my landlord
you guys damaged my wall
ur driver broke my gate
nobody showed up
no one came yesterday
this is unacceptable, I want a refund
Your crew scratched my hardwood floor
the movers dented our fridge door and you did not care, your guys broke my fence
my wall got damaged during the pickup
you broke my window
there's a hole in my wall after your guys left
your guys left a huge mess
you never showed up
I want my money back
Someone broke my wall last week when they took the couch
I'd like to make a complaint
your driver was so rude
worst service ever
you overcharged me
still waiting for your driver
I'm very disappointed
I am not happy with your service
you forgot to take the mattress
they broke my garage door
damage to my floor from your crew
my lawn was wrecked by your truck
where is your truck, we've been waiting for 3 hours
you scammed me
still nobody here
they did not show up
you left the couch behind
this is a joke
vous avez brisé mon mur
votre chauffeur a abîmé ma porte
personne n'est venu
c'est inacceptable, je veux un remboursement
je suis très déçu du service
~the dresser is damaged
~no damage
~there is water damage on the couch
~I have a broken fridge
~my couch is scratched
~the table has a broken leg
~do you take damaged drywall
~the previous tenant left a mess
~my tenants broke the door, can you take it
~will you damage my floor?
~please be careful not to damage the wall
~nobody will be home
~no one is using it
~do you give refunds
~what is your refund policy
~my kids broke the couch
~I hit a deer with my car
~is this a scam?
~what if you damage something
~are you insured for damage
~the last guys damaged our wall
~where are you guys located
~a storm damaged our fence, it needs to go
~I'm not happy with this couch anymore
~la commode est endommagée
~pas de dommage
~un frigo brisé
~mes enfants ont brisé le divan
~personne ne sera à la maison]])

each("not_interested", [[
gave it away already
we went with 1800 got junk
already sold it thanks
too expensive, no thanks
its ok i got it sorted
nvm
not interested anymore
I'm not interested
Not interested, thanks
no longer interested
found someone else
we found another company
went with someone else
i hired someone else
never mind
Nevermind
nvm
never mind, thanks
nvm found someone cheaper
forget it
changed my mind
I changed my mind, sorry
we got rid of it already
My neighbour took it already
we decided to keep it
decided not to go ahead
I don't need your service anymore
don't want your service
no thanks
I'm all set
we decided against it
it's been taken care of
nvm we're keeping it
nah im good
another company is doing it
no thank you
pas intéressé
je ne suis plus intéressée
j'ai trouvé quelqu'un d'autre
laissez tomber
j'ai changé d'avis
~sorry
~it's ok
~not interested in the booking, just a quote
~I'm not interested in an assessment, just give me a price
~I don't need the couch anymore
~I no longer need the fridge, take it
~never mind the couch
~never mind, there is an elevator
~I changed my mind about the couch, keep it off the list
~found another couch
~we found more chairs
~are you interested in furniture
~if you're not interested tell me
~my wife is interested too
~someone else will let you in
~no
~no thanks needed
~don't forget the basement
~forget the chairs, only the table
~I changed my mind, also take the lamp
~we decided not to get rid of the couch
~my brother took them, only the couch is left
~I don't want it in the house anymore, 2 mattresses
~the last thing we need gone
~I'll think about it
~too expensive for me
~i dont need it anymore, it's an old fridge
~pas intéressé par une visite
~j'ai trouvé un autre divan
~laissez tomber le divan, juste le frigo
~non
~un ascenseur, pas besoin d'escaliers]])

each("wrong_number", [[
Sorry, wrong number
wrong number
you have the wrong number
I think you've got the wrong person
wrong person
wrong chat sorry
I never contacted you
I didn't request this
this was meant for someone else
I don't know you
sorry I texted the wrong number
wrong recipient
How did you get my number?
i do not know who you are
I didn't ask for a quote
sent to you by mistake
mauvais numéro
vous avez le mauvais numéro
désolé, je me suis trompé de numéro
mauvaise personne
je ne vous ai pas contacté
~wrong address, its 21 Elm St
~I gave you the wrong number, it's 21 not 12
~wrong number, it's 416 555 0199
~that's the wrong number of chairs, it's 4
~the street number is wrong
~wrong house number, should be 45
~wrong unit
~wrong day
~the number is 45
~I put the wrong postal code
~the right number is 416 555 0199
~something is wrong with the elevator
~you are not wrong
~I don't know your prices
~I don't know you take paint
~the wrong side of the street
~number 45, buzz 12
~mauvaise adresse, c'est le 21 rue Elm
~le numéro est 45
~le mauvais étage
~c'est le mauvais numéro de porte
~numéro 12]])

each("bot", [[
are you a bot?
are you a robot
r u a bot
Are you a real person?
are you human
is this a bot
Is this automated?
am I talking to a human?
am I chatting with a machine
bot or human?
are you AI
are you chatgpt
you're a bot right
is this a real person
Who am I talking to?
who is this
this is a bot
sounds like a bot
is a real person reading this?
etes-vous un robot?
êtes-vous une vraie personne
est-ce que je parle à un robot
c'est un robot?
êtes-vous humain
~I have a robot vacuum
~are you real busy tomorrow
~are you the person who called
~my real estate agent will let you in
~a computer and a machine
~is this a real company
~is this address ok
~are you near Toronto
~are you open on Sunday
~one person can carry it
~is there a person coming today
~a washing machine
~are you coming tomorrow
~I am a real person
~can you take a computer desk
~un aspirateur robot
~une personne suffit
~êtes-vous ouverts
~la personne qui sera là
~c'est un ordinateur]])

describe("thanks", function()
  it("T7: is thanks, ok, bye or a thumb, and nothing else", function()
    for _, message in ipairs { "thanks!", "ok", "👍", "🙏", "Thank you so much", "ok thanks, bye", "perfect", "Great, thank you", "sounds good", "bye", "Merci beaucoup!",
      "d'accord merci", "bonne journée", "👍👍", "ok 👍", "got it, thanks", "thx", "ty", "have a good day", "you too" } do
      assert.is_true(intents.thanks(READY, { message }), message)
    end
  end)

  it("is nothing that asks or says something", function()
    for _, message in ipairs { "?", "", "hello", "ok, and a couch", "thanks, when can you come", "no", "yes", "ok call me", "123", "???", "thanks to my neighbour it is gone",
      "a great couch", "merci de prendre le divan", "bonjour", "12 Elm St" } do
      assert.is_false(intents.thanks(READY, { message }), message)
    end
  end)
end)

describe("intents.find", function()
  it("T1: gives the words of the message that says it", function()
    assert.same({ kind = "cancel_visit", text = "I need to cancel" }, intents.find(READY, { "hi", "I need to cancel", "sorry" }, BOOKED))
  end)

  it("T5: takes 'no thanks' for an answer while yes or no is asked", function()
    for _, message in ipairs { "no thanks", "not needed", "we don't need it", "no need", "non merci" } do assert.is_nil(kind(message, { yes_no = true }), message) end
    assert.equal("not_interested", kind("not interested", { yes_no = true }))
  end)

  it("adds the owner's phrases to the built-in ones", function()
    local own = intents.ready { { code = "en", words = { complaint = { "grumble … {visit}" }, complaint_not = { "unacceptable blue" } } } }
    local function is(message) return (intents.find(own, { message }, {}) or {}).kind == "complaint" end
    assert.is_true(is "I grumble about the visit")
    assert.is_true(is "this is unacceptable")
    assert.is_false(is "what an unacceptable blue")
  end)

  it("needs the words in order, with at most three others at a gap, and ends where the phrase does", function()
    local own = intents.ready { { code = "xx", words = { bot = { "red … green|blue", "to end.", "= very well", "re-do|again (twice) it", "can't" } } } }
    local function is(message) return intents.find(own, { message }, {}) ~= nil end
    assert.is_false(is "Red, and blue")
    assert.is_true(is "red one two three blue")
    assert.is_false(is "red one two three four blue")
    assert.is_false(is "blue red")
    assert.is_true(is "I want to end, bye")
    assert.is_false(is "I want to end up there")
    assert.is_true(is "Well!")
    assert.is_false(is "well I have a couch")
    for _, message in ipairs { "re-do it", "redo? re do twice it", "again it", "do again twice it", "I can’t" } do assert.is_true(is(message), message) end
  end)

  it("T3, T4: after a wish for the team the question for the quote is taken off a reply, another question is not", function()
    for _, wish in ipairs { "call_me", "complaint", "cancel_visit", "change_visit" } do
      for _, reply in ipairs { "Thanks! What's the pickup address?", "Sorry! Is there an elevator?", "Merci! Y a-t-il un ascenseur?", "¿Hay escaleras?" } do
        assert.is_truthy(intents.before_question(wish, reply), reply)
      end
      for _, reply in ipairs { "I've told our team. What number is best?", "I'm so sorry. What happened?", "Our team will call you about the items." } do
        assert.is_nil(intents.before_question(wish, reply), reply)
      end
    end
    assert.equal("Noted.", intents.before_question("call_me", "Noted. Are there any stairs involved?"))
    assert.is_nil(intents.before_question("bot", "Any stairs?"))
  end)

  it("fails at no text", function()
    for _, message in ipairs { "", "\0", "\xff", "...", "?!?!", ("you "):rep(3000), ("cancel the "):rep(3000), "👩‍👩‍👧" } do
      assert.has_no.errors(function() intents.find(READY, { message }, BOOKED) end)
    end
  end)
end)

describe("while a visit is booked", function()
  it("a wish to end or move it is known in other words too", function()
    for message, wanted in pairs { ["somebody else took the couch so no need"] = "cancel_visit", ["wrong day, i meant wednesday"] = "change_visit",
      ["no need to reschedule, all good"] = false, ["we dont want it anymore cancel the booking"] = "cancel_visit" } do
      assert.equal(wanted or nil, kind(message, BOOKED), message)
    end
  end)
end)
