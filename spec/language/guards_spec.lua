-- Sentences that a model could write, and which guard must catch each ("ok": none).
-- \u{…} stands for a character that cannot be seen.

local guards = require "language.guards"
local text = require "language.text"

local CONTEXT = {
  system = {
    identity = "You are the ClearoutSpaces assistant. Be brief, friendly, and professional.",
    business_rules = {
      "We service the GTA (Mississauga, Brampton, Vaughan, Toronto).",
      "We do NOT take hazardous waste or wet paint.",
      "Never provide exact pricing. State that the team will review the details to provide a quote.",
    },
    quote_fields_needed = { "address", "elevator_access", "stairs", "inventory" },
    workflow = "Ask max 1 question at a time. When all fields are collected, set action to 'handoff'.",
  },
  business = { not_served = { "Ottawa", "Barrie", "Niagara Falls", "Montréal" }, links = {}, phones = {} },
}

local SENTENCES = {
  money = [==[
It's going to be 350.
The job costs 3-400 dollars.
Let's say 250 dollars.
Ballpark is 200-250.
We can give you a discount of 50 dollars.
You'll get 20 dollars off.
The rate is 99/hr.
Starting from 89.
Starting at $89.
starts at 89
Approximately two to three hundred dollars.
A single couch pickup is generally about 120 dollars
couch removal: $120
couch removal = 120$
We typically charge by load: quarter load 150, half load 250.
It costs anywhere between 100 and 500 dollars
costs around 5 hundred
Your price today: CAD$ 199.99
199.99
It'd be 199.
You owe us 250.
Please pay 250 on arrival.
It is 250 cash.
Fee: 45
A fee of 45 applies.
There's a 45 fee for mattresses.
There's a 45 dollar fee.
a 50 deposit
250 flat.
prix: 250
ça sera 250 dollars
environ deux cents dollars
Notre service de ramassage est gratuit.
pas de frais pour le ramassage
No charge, we will pick it up!
We'd be happy to remove it, free of charge!
Your pickup will be free.
The removal is free for you.
That pickup would be free of charge
free curbside pickup
Junk removal for free
We'll dispose of it for free.
That would be $350 for the couch.
It will be 350 $ in total.
We charge CA$350 for a full load.
The total is 350 CAD.
About 350 bucks should do it.
Roughly 350 dollars, give or take.
That comes to three hundred dollars.
It will cost between 200 and 300.
Usually it is between 200 and 300 for a couch.
It will cost about 300.
Your quote is 250.
The price would be around 450 depending on access.
We would charge 200-300 for that.
You would pay 180 plus tax.
It's 350 plus HST.
Free pickup for all couches!
There is no charge for removal.
Pickup is free this week.
We'll haul it away for free.
Removal is completely free.
There's no charge for the pickup.
We offer free junk removal.
We can remove it at no cost.
We can pick it up free of charge.
We do complimentary haul away.
Our price is US$300.
It costs $ 350.
It costs 350$.
It is 350.00 for one load.
That'll be $1,200.
Cela coûterait environ 350 $.
Ça coûte 350 piastres.
Le ramassage est gratuit.
Nous offrons l'enlèvement gratuit.
Le prix est de 250.
Trois cents dollars pour le tout.
It is twenty bucks per chair.
It'd be a couple hundred.
A couple hundred dollars, most likely.
It will be hundreds of dollars.
＄350 for the lot.
That is €300.
It's £ 250 all in.
3 5 0 dollars for everything.
It costs **350** dollars.
That is $\u{200B}350 total.
It is 350\u{A0}$ tout compris.
The fee is ３５０ dollars.
Our rate is 99 per hour.
Expect 150 per truckload.
That'll be 350.
It would be about 350 for everything.
You're looking at about 400.
It might run you 300 or so.
Prices start at 99.
Prices start at $99.
Our minimum charge is 120.
350 is our usual price for that.
CAD 350 for the couch.
USD350 works.
I can do it for 350cad.
350dollars please.
The cost: 350
The price? 350.
We can do 2 grand for the whole house.
It's 1.5k dollars for the house.
We charge 1k for a full house.
Costs three hundred.
It costs two-fifty.
The charge for 2 couches is 150.
The quote for your couch and 2 chairs is 250.
It would cost you 350 to remove the couch.
You'd pay anywhere from 200 to 300.
Somewhere from 200 to 300.
200 to 300 dollars.
200-300.
fifty cents per bag
We take it away at no charge.
We won't charge you for the removal.
Removal costs nothing.
The haul is on the house.
A hundred bucks.
Give us 40 euros and we come.
I can offer 10 dollars off.
Our team would quote 350 for this.
Price: 350
$350
350$
The price is 300ish.
The price is 300+.
It's 350 (CAD).
Dollars 350 for the whole thing.
We charge a dollar per bag.
3️⃣5️⃣0️⃣ dollars
Pickup is free!
Pick-up is free of charge.
There is never a charge... the pickup is always free.
Le débarras est gratuit pour vous.
Nous facturons 200 par camion.
Entre 200 et 300 pour le tout.
Pricing for a couch is typically 120 to 180.
Removal of the piano: 400.
Most couches go for around 150.
It's only 75 for a mattress.
Our crew can do that for 250.
Expect to pay about two hundred.
The total would be 275, taxes included.
It'll cost you $150-$200.
That would be 150 to 200 dollars.
It'd come to about 300.
Looks like 350 CAD plus HST
300 bucks and we're there tomorrow
We'd do it for three fifty.
For you, 200 even.
Cost is 200.
The price for one couch is 99 dollars.
I'd estimate 300.
My estimate is 300 to 400.
Budget around 500 for this job.
Around 250, taxes in.
price = 300
A deposit of 50 is required.
Minimum of 150.
We charge 45/hour.
We charge 50 an hour.
45 dollars/hour
Hourly rate: 60.
The quote came out to 320.
Your total is 420.
We'd charge you nothing for the pickup.
Pick up won't cost you anything.
The haul-away is free of charge.
We'll take your old couch for free.
We collect furniture for free.
You get free haul-away.
Enjoy free same-day pickup!
Your removal is on us, no charge.
ramassage gratuit
C'est 200 dollars.
Ça va coûter deux cents dollars.
Ça coûte environ 300.
400 piasses
Le tarif est de 150 par heure.
$3-400
CDN$200
C$200
200 Canadian dollars
two hundred and fifty Canadian dollars
a few hundred dollars
five bucks
under $100
350 (dollars)
350-dollar job
"350" dollars
£40
40¢ a pound
40 cents per pound
$ three hundred
Price would run $$300
prices range from 100 to 600
charges range between 100 and 600 depending on volume
It's typically 89 to 129 per item.
I can tell you that the charge will be one hundred fifty.
The price is two hundred and ten
We charge a hundred.
1 000 $
1 200,50 $
350,00 $
3 hundred dollars
100 loonies
Free removal of your couch.
Free junk pickup in the GTA
No fee for pickup.
No extra charge for hauling.
Pickup at no extra cost.
We pick up at no additional charge.
Pickup costs you nothing.
The cost is 0 dollars.
]==],
  link = [==[
See https://evil.example/x for details.
Go to www.evil.com now.
It is on evil.com/x today.
Visit clearoutspaces.ca for more.
Write to info@evil.com please.
Try bit.ly/abc.
Here: HTTP://EVIL.COM
Go to evil [dot] com.
Message wa.me/14165551234 instead.
[Book here](https://evil.com)
See evil。com for it.
Chat at t.me/evilbot.
ftp://files.example.org/a
http://127.0.0.1:8080/x
Check clearoutspaces.com.
Use http:/evil.com
use hxxp://evil.com
see evil.com.
see evil.com/path?x=1#y
Visit HTTPS://EVIL.COM/PATH.
See ｅｖｉｌ.com
www.evil.org
goo.gl/maps/abc
join us at clearout.app/join
Email john.doe+junk@example.co.uk
my.evil.site
maps.google.com
e.vil.com
]==],
  phone = [==[
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
]==],
  hazard = [==[
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
]==],
  area = [==[
Yes, we serve Ottawa.
We service Toronto and Ottawa.
Our crew can come to Ottawa on Friday.
Yes, Ottawa is within our service area.
Sure, we cover Niagara Falls too.
Ottawa is no problem.
We'll be happy to pick up your items in Ottawa.
Yes, we do Ottawa!
Not to worry, we serve Barrie.
Our team will be in Ottawa on Monday.
We desservons? Oui, nous desservons Montréal.
We don't serve Barrie, but yes, we serve Ottawa.
If you're in Ottawa, we can come tomorrow.
We serve OTTAWA as well.
Absolutely, we travel to Ottawa.
We also serve Barrie and Niagara Falls.
Yes, we go to Montreal.
We can pick up in Barrie tomorrow.
Barrie? Yes, we serve that area.
Good news: we cover Barrie.
Our drivers go to Ottawa every week.
Ottawa is covered by our team.
Ottawa is in our service area.
We offer service in Ottawa.
We are available in Ottawa.
We provide junk removal in Ottawa.
Of course! We come to Ottawa.
]==],
  leak = [==[
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
]==],
  ok = [==[
Is the pickup spot free from 9 to 11?
Do you have a parking spot free for our truck at pickup?
Is your building's elevator free at pickup time?
We'll be free to haul on Tuesday.
We are free for a pickup on Tuesday.
I'm free to help with your pickup questions.
Thanks, 3 couches, 2 chairs, 350 Queen St W Unit 12. Do you have an elevator?
Your address: 350 Queen St W. Your items: 20 boxes. Correct?
How many boxes: 20, 30, 40?
Is your floor the 25th?
Are there more than 20 steps?
Are there more than 20?
25?
So 25 boxes in total?
In total that's 25 boxes.
In total you have 25, right?
Is it 100% empty?
Is it more than 50 kilos?
We'd need about 30 minutes there.
We will be there in 45.
Our truck holds 15 cubic yards.
The truck is 16 feet long and 8 feet wide.
Is it a 55 inch TV?
Great, a 55" TV.
Is your building older than 1980?
Is the couch in unit 4 or 14?
Please confirm: 14 Elm St, unit 204.
We'll pass that along to our team. Is there anything else, like 2x4s?
Is it at Bay & Bloor, near 1000 Bay?
Is it near 1000 Bay St?
Do you mean 100 Bay?
Is the weight over 200?
Does it weigh around 300 pounds?
It weighs around 300 pounds.
We got photos 1-20.
We got your 20 photos.
Thanks for your payment question, the team will answer it.
Our team handles payment details.
You pay after the job.
You only pay after the pickup, our team will explain.
The cost of 25 bags depends on volume.
We can't say what it costs before seeing the 30 bags.
The price for 350 Queen St W will follow.
Prices for condos and houses differ. Are you in a condo at 25 Bay?
Let me quote your list back: 1 couch, 25 boxes, 30 bags.
To quote your words, "25 boxes and 30 bags".
Is the fee paid by your landlord at 88 King?
Is it made of 2 x 4 lumber?
Are you in unit 350?
Great, 350 Queen St it is.
Is that the Dollar Tree at 350 Main?
The piano is around 300 pounds, correct?
We offer a free estimate.
Feel free to send photos.
We'll see you at 3:50.
How about Saturday the 21st?
Is it Apt 1200, 350 King St W?
Your postal code is M5V 2T6, right?
It takes about 3 hours.
Is it a 10x20 storage unit?
Is it close to the 401?
I have 7 items on the list.
Our team will review the details to provide a quote.
I can't give exact prices, but our team will review everything and send you a quote.
Sounds good! Are there any stairs involved?
Thanks! We'll quote the pickup at 350 Queen St.
To prepare your quote for 350 Queen St W, is there an elevator?
For the quote, how many stairs are there?
To give you a quote, are there 2 flights of stairs?
The cost depends on volume.
What is the price range? Our team will tell you.
We'll send the quote within 24 hours.
The quote will be ready in 24 to 48 hours.
You'll have your quote by March 15.
The quote will be ready at 3.
We open from 8 to 6.
We can come between 2 and 4 pm.
We can come between 9 and 5.
It holds between 200 and 300 pounds.
Is the buzzer code 1205?
For the quote, is the buzzer code 1205?
We pay attention to your walls.
Quote request number 350 is with our team.
The price will be set by our team after they review the 25 items.
Is your address 1200 Dundas St E?
So that's 350 Queen St and 2 chairs.
Are you free on Saturday for the pickup?
Is anyone free to let us in?
When are you free for the pickup?
We give stress-free junk removal.
Hassle-free pickup is our thing!
A free estimate comes before the pickup.
Our on-site assessment is free.
We offer free quotes for junk removal.
There's no charge for the estimate.
Is the hallway free of furniture?
Is the driveway free for the truck?
Is the item smoke-free?
The 401 and 407 are busy between 4 and 6.
Is it a baby grand piano?
2 grand pianos, noted.
That's 20 boxes and 3 bags.
Is it a total of 25 boxes?
It was built in 1920.
We can take 10 items per load.
Do you have 10-15 bags?
A few hundred books, got it.
A couple hundred square feet, got it.
Is it on floor 12 of 350 Grand Ave?
The dollar store on Main, got it.
A hundred boxes, got it.
Is your unit 305-1200 King St W?
I've noted 123 Main St, 1 couch, 2 chairs.
Noted. 24/7 access is great.
Can you send a photo of the 6' x 8' shed?
Our team will confirm the price.
Once our team reviews it they'll send a price for the 2 couches and 3 chairs.
Thanks, one moment while I check that.
L'estimation est gratuite.
Nous offrons une soumission gratuite.
Y a-t-il des escaliers ?
Merci ! Quelle est l'adresse du ramassage ?
Il y a deux chaises et trois tables.
Notre équipe vous enverra une soumission sous 24 heures.
Combien d'étages y a-t-il ?
We charge by volume, and our team will tell you the price.
Do you pay for parking at your building?
We don't charge by the hour.
The elevator is free until 5, right?
One more question before I pass this to the team for a quote.
It weighs about 150 kg.
Is it 5'10" tall?
The couch is 84" x 36", right?
Photos 1 to 3 arrived, thanks.
Is that 2nd floor or 3rd floor?
I have you down for 12/05/2026.
Is the year 2015 right for the fridge?
Would 10:30 work?
Pickup works on Monday, feel free to text us.
No extra stairs, then?
Noted nxbcdfghjkm. Are there any stairs involved?
Great, let us book a visit nxbcdfghjkm.
Is it on St.Clair Avenue?
Bring e.g. the couch.
We saw list.pdf, thanks.
Sounds good.So when can we come?
Is it at 12 Mt.Pleasant Rd?
We work 9 a.m. to 5 p.m. daily.
Okay...great, thanks.
It is 3.5 metres.
Thanks.Is there an elevator?
Noted.It is fine.
Is it 1200-350 King St W?
The sizes are 100 x 200 x 300.
The date is 2026-11-21.
You're at 43.65107, -79.34701, right?
It is 2026-11-21 10:30.
Units 100, 200 and 300 then.
We do NOT take hazardous waste or wet paint.
Unfortunately we can't take wet paint.
Do you have any hazardous waste?
Is there any wet paint among the items?
Sorry, hazardous waste isn't something we take.
We can take everything except hazardous waste.
We take furniture, but not wet paint.
We can't take the paint, but we'll gladly take the couch.
If the paint is dry, we can take it.
Dried paint cans are fine.
We can take the cans once the paint has dried.
You can take the wet paint to a city depot.
We recommend taking wet paint to the city depot.
The team will confirm whether we can take the chemicals.
Is there any asbestos? If so, we can't take it.
Do you have hazardous waste? We can take everything else.
As long as there's no hazardous waste, we can take everything.
We can take the painting and the frames.
Please keep wet paint separate, we cannot take it.
Nous ne prenons pas la peinture fraîche ni les déchets dangereux.
No wet paint or hazardous waste, please.
Great, so no paint and no chemicals?
We cannot accept wet paint or hazardous waste. Everything else is fine!
I'm sorry, we're not able to take propane tanks.
Hazardous waste is not accepted.
We don't serve Ottawa.
Sorry, Ottawa is outside our service area.
We serve Toronto, but not Ottawa.
We serve the whole GTA except Barrie.
Is it on Ottawa Street North in Hamilton?
We serve Ottawa Street North in Hamilton.
We can come to 350 Ottawa St.
Are you in Ottawa?
Unfortunately we can't come to Niagara Falls.
Our team will check if we can serve Ottawa.
I'll ask whether we serve Barrie.
We only serve the GTA, not Ottawa.
Ottawa is too far for us, I'm afraid.
No, we serve Toronto. Ottawa is not covered.
Nous ne desservons pas Montréal.
We service the GTA (Mississauga, Brampton, Vaughan, Toronto).
I'm the ClearoutSpaces assistant. How can I help?
I can't share my instructions, but I can help with your pickup.
Is there elevator access?
One question at a time: is there an elevator?
The team will review the details to provide a quote.
Thank you! The team will review the details and get back to you with a quote for 2 couches, 3 chairs and 20 boxes.
I can't quote prices here. What floor are you on?
Our team sets the price after seeing photos 1 through 25.
Prices vary, so the team will send you a quote by 5 pm.
We need the address to give a quote: is it 45 Elm or 54 Elm?
Got it: 45 Elm Street, Unit 1204, buzzer 1204. How many items should we quote?
Before we quote, is it 12 or 14 steps?
For a quote, tell me about the 30 bags.
To quote 40 bags, we need a photo.
The quote is for 30 bags, right?
Your quote covers 25 boxes.
We'll pay you a visit at 350 King.
Are the stairs free of clutter?
Pickup days are Monday to Friday. Which one leaves you free?
Are you free between 10 and 12 for pickup?
Which day are you free for us to pick up the couch?
Let me know when you're free and we'll arrange the pickup.
The pickup window is free from 2 pm.
Feel free to leave it outside for pickup.
Please feel free to share photos for the pickup.
We can hold the 10 am slot for free cancellation.
Is it Dollarama at 350 Main?
100 Dollar Tree bags?
Is the shed 10 by 12?
So 350 Queen St, 3rd floor, no elevator. What are the items?
It's about 45 minutes.
We arrive within 30 to 60 minutes.
Is the basement about 900 square feet?
The freezer is 500 pounds? Wow.
300 lbs is fine.
Sounds like 200 to 300 pounds of junk.
Is it 2 1/2 storeys?
That's 1/2 a truck.
I see 3 of the 5 photos.
Is that 1 or 2 mattresses?
Route 66 furniture, got it.
Is it in tower 2, unit 2304?
Can the truck park within 50 feet?
Can we use the elevator from 9 to 11?
What's the max weight, 250 or 300?
Is the entry code 4455?
Is your house number 350?
Is your unit 350?
So the address is 350?
I've got 350 as the unit, is that right?
Thanks for waiting 20 minutes.
We have 15 trucks.
We've served 5,000 homes since 2010.
We've been doing this for 20 years.
Over 1,000 happy customers!
The pool table is 8 ft?
Apartment 1800 at 88 Queens Quay W?
L'adresse est le 350 rue Queen ?
Est-ce au 3e étage ?
Nous passerons entre 9 h et 11 h.
Il y a 25 boîtes ?
Vous êtes libre samedi ?
Notre équipe vous confirmera le prix.
Pour la soumission, avez-vous un ascenseur ?
Your quote will follow shortly; is there anything else besides the 12 chairs?
Is the couch a 3 seater or a 2 seater?
Our price list isn't something I can share, but a teammate will quote you by email within 24 h.
The crew charges up the ramp with a 200 kg trolley.
The rate of pickup is quick, about 20 items an hour.
There is no extra charge information I can share; the team will confirm.
The cost will be confirmed after our visit on May 25.
The cost will be confirmed after our visit on the 25th.
The price will be shared on November 28.
Is the grand total of items 25?
Perfect, 2 pianos (1 grand, 1 upright).
Is it 20 or 30 bags?
So about 20-30 bags?
Can I confirm the number of bags, 20-30?
About 100 to 150 bags? Wow.
Is the weight 100-150?
Noted: floors 10-12.
Toronto...Ottawa
Is it the St. Lawrence market area?
We can be there at 3.Is that ok?
i.e. the couch, vs. the bed, etc.
Dr. Smith's office, correct?
No.5 King St?
The item is approx.2 m long.
See you soon.Thanks!
Sure.We can.
Great.I will.
Yes.Our team will.
Mr.Lee at the desk?
12 chairs, 3 beds, 25 boxes, 416 books
100-1200 King St W
Is 555-1234 King St right?
between 10-11 am or 1-2 pm
L4Z 1S2 and M5V 3L9
24 x 36 x 48 inches
Order 123456
2026/11/28 14:00
Just to confirm, no wet paint or hazardous waste?
We take couches and chairs. Note that hazardous waste and wet paint can't be taken.
Everything is fine except the wet paint.
Hazardous materials like paint and propane have to go to a depot.
We're unable to take asbestos, sorry!
We aren't licensed to remove hazardous waste.
We don't handle chemicals.
Thanks for asking! We do not accept hazardous waste.
I see some wet paint cans in the photo. We can't take those, but the rest is fine.
We can take the rest, just not the wet paint.
We can take the couch. The wet paint has to stay.
We'll take the couch and leave the wet paint.
We can take your couch, however wet paint is something we can't accept.
Our team can't take hazardous waste, but they can point you to a depot that does.
Wet paint is a no-go for us.
Wet paint isn't okay, sorry.
Sure! But no hazardous waste please.
Yes, we can take it as long as it isn't hazardous.
Yes, we can take those as long as they contain no hazardous waste.
Are the walls freshly painted?
For hazardous waste, please contact the city.
We remove furniture and appliances, not hazardous waste.
We can pick up everything other than hazardous waste.
Is the furniture painted?
Is that paint dry? If so, we can take it.
Nous n'acceptons pas les déchets dangereux.
We do not service Ottawa at this time.
Ottawa isn't in our area, but Toronto is.
Thanks, so you're moving from Ottawa to Toronto?
We can only serve the GTA, so Ottawa wouldn't work.
We're sorry, Barrie is beyond our area.
Is that Ottawa, ON?
We serve Ottawa Ave in Toronto.
At the moment we don't go to Barrie.
Our team will let you know whether Barrie is possible.
I have noted Ottawa as the address. Our team will review it.
Do you mean Barrie Road in Etobicoke?
We serve Toronto rather than Ottawa.
We no longer serve Ottawa.
Our action plan: the team calls you.
]==],
}

local function shown(sentence)
  return (sentence:gsub("\\u{(%x+)}", function(hex) return utf8.char(tonumber(hex, 16)) end))
end

local function with(business)
  for key, value in pairs(CONTEXT.business) do
    if business[key] == nil then business[key] = value end
  end
  return { system = CONTEXT.system, business = business }
end

describe("guards", function()
  local ready = guards.prepare(CONTEXT)
  for kind, list in pairs(SENTENCES) do
    describe(kind, function()
      for line in list:gmatch("[^\n]+") do
        it((kind == "ok" and "lets pass: " or "catches: ") .. line, function()
          local found = guards.check(shown(line), ready)
          assert.equal(kind, found and found.kind or "ok")
          if found then
            assert.is_truthy(found.found ~= "" and found.say:find(found.found, 1, true))
          end
        end)
      end
    end)
  end

  it("says the same with and without preparing", function()
    assert.equal("money", guards.check("It is $350.", CONTEXT).kind)
    assert.is_nil(guards.check("Any stairs?", CONTEXT))
  end)

  it("needs no settings at all", function()
    assert.is_nil(guards.check("Any stairs?", {}))
    assert.equal("money", guards.check("It is $350.", {}).kind)
  end)

  it("passes the links and phones that the business lists, in any spelling", function()
    local context = with { links = { "https://www.clearoutspaces.ca/", "instagram.com/clearout" }, phones = { "+1 416-555-1234" } }
    for _, reply in ipairs { "See clearoutspaces.ca.", "See https://clearoutspaces.ca/faq?x=1, please.", "Look at www.instagram.com/clearout",
      "Call 416-555-1234.", "Call (416) 555 1234 today.", "Call +14165551234." } do
      assert.is_nil(guards.check(reply, context), reply)
    end
  end)

  it("takes no other link or phone for a listed one", function()
    local context = with { links = { "clearoutspaces.ca" }, phones = { "416-555-1234" } }
    for _, reply in ipairs { "See clearoutspaces.ca.evil.com", "See https://clearoutspaces.ca@evil.com/", "See https://clearoutspaces.ca:80@evil.com/",
      "See evil.com/clearoutspaces.ca", "See clearoutspaces.co", "See https://evil.clearoutspaces.ca/", "See http://clearoutspaces.ca\\@evil.com" } do
      assert.equal("link", (guards.check(reply, context) or {}).kind, reply)
    end
    assert.equal("phone", guards.check("Call 416-555-1235.", context).kind)
    assert.equal("phone", guards.check("Call 416-555-1234 or 647-555-1234.", context).kind)
  end)

  it("can be switched off one by one", function()
    local off = { money = "It is $350.", links = "See evil.com.", phones = "Call 416-555-1234.", hazards = "We can take your wet paint.",
      areas = "Yes, we serve Ottawa.", leaks = "I fill reply_to_user." }
    for name, reply in pairs(off) do
      assert.is_nil(guards.check(reply, with { guards = { [name] = false } }), name)
      assert.is_truthy(guards.check(reply, with { guards = { [name] = true } }), name)
    end
  end)

  it("leaves no price to a phone number that is listed", function()
    assert.is_nil(guards.check("For a quote call 416-555-1234.", with { phones = { "4165551234" } }))
  end)

  it("quotes at most a short piece of what it caught", function()
    local found = guards.check("See https://evil.com/" .. ("x"):rep(5000), CONTEXT)
    assert.is_true(#found.say < 250)
  end)

  it("takes time in proportion to the length, whatever is in it", function()
    local pieces = { "a.", "(1-", "ottawa ", "no charge ", "paint ", "1 ", "+1 ", "x@", "[x](", "free ", "8-", "a", "http://", "we can take " }
    for _, piece in ipairs(pieces) do
      local long, began = piece:rep(100000 // #piece), os.clock()
      guards.check(long, CONTEXT)
      guards.fit(long)
      guards.strip_links(long, {})
      assert.is_true(os.clock() - began < 2, piece) -- squared, each of these takes ten seconds and more
    end
  end)

  it("fails at no bytes", function()
    for _, reply in ipairs { "", " ", "\0", "\xff\xfe", "\xed\xa0\x80", ("9"):rep(20000), ("$ "):rep(5000), ("a."):rep(5000), ("(1-"):rep(5000),
      ("we can "):rep(3000) .. "paint", "👩‍👩‍👧", ("free "):rep(3000) } do
      assert.has_no.errors(function() guards.check(reply, CONTEXT) end)
    end
  end)
end)

describe("guards.strip_links", function()
  it("removes what is not listed and keeps the words around it", function()
    assert.equal("Book here. Thanks!", guards.strip_links("Book here https://evil.com/x. Thanks!", {}))
    assert.equal("Use our page please.", guards.strip_links("Use [our page](https://evil.com) please.", {}))
    assert.equal("See clearoutspaces.ca/faq.", guards.strip_links("See clearoutspaces.ca/faq.", { "https://clearoutspaces.ca" }))
    assert.equal("Déjà vu, no link", guards.strip_links("Déjà vu, no link", {}))
    assert.equal("", guards.strip_links("https://evil.com", {}))
  end)

  it("leaves no link that the guard would catch", function()
    for line in SENTENCES.link:gmatch("[^\n]+") do
      local left = guards.strip_links(shown(line), {})
      local found = guards.check(left, CONTEXT)
      if not line:find("dot", 1, true) then
        assert.is_false(found ~= nil and found.kind == "link", left)
      end
    end
  end)
end)

describe("guards, what is too long to be looked at", function()
  local function kind(reply)
    local found = guards.check(reply, CONTEXT)
    return found and found.kind
  end

  it("is refused: a word or a link of more than 256 characters, hundreds of numbers, more than 8,192 characters", function()
    assert.equal("long", kind("Here: " .. ("a"):rep(257)))
    assert.equal("long", kind(("x"):rep(40) .. " " .. ("é"):rep(257) .. " and more"))
    assert.equal("long", kind("See https://clearoutspaces.ca/" .. ("a/"):rep(200)))
    assert.equal("long", kind(("1 "):rep(600)))
    assert.equal("long", kind(("ok "):rep(2731) .. "That will be $350."))
    assert.is_string(guards.check(("a"):rep(300), CONTEXT).say)
  end)

  it("passes what people write: long words, and scripts without spaces", function()
    assert.is_nil(kind(("a"):rep(256) .. " " .. ("b"):rep(256)))
    assert.is_nil(kind(("漢"):rep(2000)))
    assert.is_nil(kind(("Нет. "):rep(300)))
    assert.is_nil(kind(("ก"):rep(400)))
  end)

  it("hides nothing: a price in the last words that are sent is found", function()
    local reply = ("We will look at it. "):rep(400) .. "That will be $350."
    assert.equal("money", kind(reply))
    assert.equal("money", kind((text.reply(("We will look at it. "):rep(405) .. "It costs $350. " .. ("And so on. "):rep(400)))))
  end)
end)
