-- Numbers, clock times, dates and weekdays in a reply, and where they come from: "what was said => the reply". Today is Sunday,
-- November 29, 2026, and it is 10:47.

local guarded = require "spec.support.guarded"
local guards = require "language.guards"

local kind, lines = guarded.kind, guarded.lines

local FROM_NOWHERE = [==[
I have a couch => We have 25 boxes noted.
I have 24 boxes => 25 boxes, noted.
1,251 sq ft => So that is 1,250 sq ft.
a few boxes => Twenty boxes, noted.
a few boxes => Vingt boîtes, c'est noté.
can you come? => How about Thursday?
can you come? => Does Friday work for you?
what day => Wäre es jeudi possible ?
qué día => ¿Le va bien el jueves?
que dia => Pode ser na quinta-feira?
which day => ਸ਼ੁੱਕਰਵਾਰ ਠੀਕ ਹੈ?
I have 3 couches => How about 3 pm?
I have 15 boxes => Would 3 pm be fine?
is 3 pm good => Is 3 am good for you?
can you come at 5 => Would 6 pm be fine?
5 pm? => Would 17:30 be fine?
nov 24 => Is November 25 good?
the 24th => Is the 25th good for you?
saturday => Would Saturday the 5th be good?
next week => Would 2026-12-09 be good?
next week => Would 12/09 be good?
when => We are fully booked until March.
when => Our team comes back to you in twenty minutes.
when => It takes about 45 minutes.
when => We reply within 24 hours.
tell me about you => We've been doing this since 1999.
tell me about you => We have ٢٥ trucks.
tell me about you => We have ２５ trucks.
my address is 350 Queen St => Thanks, 530 Queen St. Are there stairs?
unit 12 at 350 Queen => So that is unit 21?
my postal code is M5V 3L9 => Thanks! Is the buzzer code 1204?
what time is it => It is 10:47.
rules? => The rules say 77.
when do you open => We can take it Monday at 8:30.
are you free => We have an opening on Thursday at 8 am.
are you free => We're available next Wednesday afternoon.
are you free => Would Thursday at 6 pm suit you?
are you free => Would noon be fine?
are you free => Shall we say half a day on 3 December?
Typically 99 per item.
That's about two hundred.
You're looking at four figures, like 1200.
Two-fifty should do it.
Our crew arrives at 9:30.
We have a slot on Friday.
December 3 works.
We can come by at half past nine.
We'll be there at nine.
You are number 15 in line.
Our truck fits 20 cubic yards.
We've done over 5,000 jobs.
Expect a reply in 15 minutes.
Expect a reply within two hours, at five o'clock.
Your confirmation number is 48213.
See you on the 3rd!
See you at noon.
next week => Mon or Tue would be good?
which day => How about Wed at 9?
my locker is b12 => Thanks (b21)! Is there an elevator?
my locker is b123 => Thanks (b12)! Is there an elevator?
my locker is b12 => Thanks (b12)! Are there 14 stairs?
my locker is b12 => Thanks (b12 pm)! Is that from 15?
]==]

local FROM_SOMEWHERE = [==[
I have 14 boxes, can you come Tuesday at 3 pm? => 14 boxes, noted. Our team will confirm Tuesday at 3 pm.
6pm works => 18:00, noted. Our team will confirm the time.
18:00 => Is 6 pm the latest?
it's at 15h30 => 3:30 pm, noted.
come between 2 and 4 pm => Noted: between 2 and 4. Our team will confirm.
tuesday 3ish => Tuesday around 3, noted. The team will confirm.
3 works => 3 pm, noted. The team will confirm.
at three => At 3, noted. The team will confirm.
Nov 24 works => November 24, noted. Our team will confirm.
24 November => Nov 24th, noted. Our team will confirm.
2026-11-24 => Is the 24th of November still good?
11/24 => Is November 24 what you mean?
le 24 novembre => Le 24 novembre, c'est noté, l'équipe confirmera.
el 24 de noviembre => Anotado: 24 de noviembre. El equipo lo confirma.
the 24th => November 24, noted. The team will confirm.
on the 5th => December 5, noted. The team will confirm.
Tues or Weds => Tuesday or Wednesday, noted. The team will confirm.
this weekend => Is Saturday or Sunday better? The team will confirm.
martes => ¿Martes por la mañana? El equipo lo confirma.
mardi => Mardi, c'est noté. Notre équipe confirmera.
ਮੰਗਲਵਾਰ => ਮੰਗਲਵਾਰ ਠੀਕ ਹੈ?
terça-feira => Terça, anotado.
its 1,250 sq ft => 1250 sq ft, got it.
1250 => 1,250, got it.
1 250 pieds carrés => 1250 pieds carrés, c'est noté.
20 boxes => Twenty boxes, noted.
twenty-five boxes => 25 boxes, noted.
two hundred and fifty books => 250 books, noted.
vingt boîtes => 20 boîtes, c'est noté.
٢٥ boxes => 25 boxes, noted.
[12 photos] => Thanks for the 12 photos!
350 queen st w unit 1204, m5v 3l9 => 350 Queen St W, unit 1204, M5V 3L9. Is there an elevator?
us: Is it 20 or 30 bags?|the first => 20 bags, noted.
Hi => Thanks! 3 couches and 2 chairs, noted.
Hi => Two couches and a dozen chairs, noted.
Hi => To prepare the quote I need:\n1. The address\n2. The floor\n3. A list of the items
Hi => Today is Sunday and tomorrow is Monday.
can I write at night => You can write to us here 24/7.
Hi => Today is November 29, 2026.
Hi => Is that tomorrow, the 30th?
Hi => Is the couch a 3 seater, on the 2nd floor?
when are you open => We're open Monday to Saturday, from 8 am to 6 pm.
when are you open => Monday: 8:00-18:00\nTuesday: 8:00-18:00\nWe are closed on Sunday.
when are you open => Our hours are:\nMonday 8 am\nSaturday 8 am
are you open on thursday => Yes, we're open on Thursday until 18:00.
vos heures? => Nous sommes ouverts du lundi au samedi, de 8 h à 18 h.
quotes? => You have the 1st quote request of today, thank you.
it is 5 feet by 12 => 5 by 12 feet, noted.
my locker is b12 => Thanks (b12)! Is there an elevator?
my locker is B12, buzz 14 => Thanks (b12)! Is the buzzer 14?
]==]

describe("the guard against invented numbers", function()
  for _, case in ipairs(lines(FROM_NOWHERE)) do
    it("refuses after " .. case.line, function()
      local got, found = kind(case.reply, case.chat)
      assert.equal("number", got)
      assert.is_truthy(found.say:find(found.found, 1, true))
    end)
  end

  for _, case in ipairs(lines(FROM_SOMEWHERE)) do
    it("passes after " .. case.line, function() assert.equal("ok", (kind(case.reply, case.chat))) end)
  end

  it("T95, D21: a time and a weekday that nobody named are refused, and the words for the repair name the first", function()
    local got, found = kind("We can be there at 3 pm on Tuesday.")
    assert.equal("number", got)
    assert.is_truthy(found.say:find("3 pm", 1, true))
  end)

  it("T96: what the customer named passes, where the team will confirm it", function()
    assert.equal("ok", (kind("14 boxes, noted. Our team will confirm Tuesday at 3 pm.", "I have 14 boxes, can you come Tuesday at 3 pm?")))
  end)

  it("knows the numbers of a value that the customer is asked to confirm", function()
    local sources = guards.sources { kept = { field = "address", value = "10 Main St, Brampton" } }
    local ready = guards.prepare { system = { identity = "x", business_rules = {}, workflow = "x", quote_fields_needed = {} }, business = {} }
    assert.is_nil(guards.check("Is it again at 10 Main St?", ready, sources))
    assert.equal("number", guards.check("Is it again at 12 Main St?", ready, sources).kind)
  end)

  it("reads what was said only where a reply names a figure", function()
    local function unread() error "was read" end
    local sources = guards.sources { messages = setmetatable({}, { __index = unread, __len = unread }), today = setmetatable({}, { __index = unread }) }
    assert.is_nil(guards.check("Happy to help! Is there an elevator in the building?", guarded.ready(), sources))
    assert.error_matches(function() guards.check("25 boxes, noted.", guarded.ready(), sources) end, "was read")
  end)

  it("takes the facts, the booking and the owner's rules for sources", function()
    assert.equal("ok", (kind("25 boxes, noted.", "Hi", { facts = { inventory = "25 boxes" } })))
    assert.equal("ok", (kind("Your visit is on Tuesday, December 1 at 3:00 PM.", "when?", { visit = guarded.VISIT })))
    assert.equal("number", (kind("Your visit is on Tuesday, December 1 at 4:00 PM.", "when?", { visit = guarded.VISIT })))
    assert.equal("ok", (kind("We were founded in 2010.", "since when?", {}, { answers = { { words = { "since" }, text = "Since 2010." } } })))
    assert.equal("number", (kind("We keep messages for 180 days.", "how long?", {}, { retention = { messages_days = 180 } })))
  end)

  it("passes the customer's own number only where they wrote it", function()
    local reply, own = "Our team will call you at 416-555-0100.", { phone = "14165550100" }
    assert.equal("ok", (kind(reply, "please call me at [phone number]", own)))
    assert.equal("phone", (kind(reply, "please call me")))
    assert.equal("phone", (kind("Our team will call you at 416-555-0101.", "please call me at [phone number]", own)))
  end)

  it("is switched off by guards.numbers", function()
    assert.equal("ok", (kind("We have 25 boxes noted. See you Tuesday at 3!", "Hi", {}, { guards = { numbers = false } })))
  end)

  it("looks at nothing without sources", function()
    assert.is_nil(guards.check("25 boxes, noted.", guarded.ready()))
  end)
end)
