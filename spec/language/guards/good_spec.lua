-- Good replies: the guards let them pass. "what was said => the reply" is checked with the sources of that chat, as every reply is.

local guarded = require "spec.support.guarded"
local guards = require "language.guards"

-- Numbers without a chat: what the rules for words must let pass.
local WORDS = [==[
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
]==]

local IN_A_CHAT = [==[
hi => Hi! I'm the ClearoutSpaces assistant. What is the pickup address?
350 queen st w unit 1204 toronto => Thanks! 350 Queen St W, unit 1204. Is there an elevator in the building?
yes 2 elevators => Great. Are there any stairs between the unit and the truck?
about 12 steps => Thanks, 12 steps. What would you like us to take?
3 couches, 14 boxes and a piano => Got it: 3 couches, 14 boxes and a piano. Is there anything else?
how much => I can't give prices here, but our team will review the details and send you a quote.
how much for 25 bags => Thanks! For 25 bags our team will review the details and send you a quote.
is it more than $300? => I can't say, our team sets the price after reviewing the details.
do you charge by the hour => Our team can explain how the price is made up. What is the pickup address?
is the estimate free => Yes, the estimate is free. Would you like to book an on-site assessment?
do you take paint => We don't take wet paint or hazardous waste, but empty, dry cans are fine.
do you take old paint cans => If the paint is fully dried we can take the cans. How many are there?
can you take a propane tank => Sorry, we can't take propane tanks. The city depot accepts them.
asbestos tiles => I'm sorry, asbestos is something we can't take. Is there anything else to pick up?
do you come to hamilton => Our team will check whether we can come to Hamilton. What is the address?
do you serve ottawa => Sorry, we don't serve Ottawa. We service the GTA (Mississauga, Brampton, Vaughan, Toronto).
do you serve st catharines => Unfortunately St. Catharines is outside our service area.
im moving from ottawa to vaughan => Thanks! What is the address in Vaughan?
18 Ottawa St in Toronto => 18 Ottawa St in Toronto, noted. Is there an elevator?
where do you work => We service the GTA (Mississauga, Brampton, Vaughan, Toronto).
when are you open => We're open Monday to Saturday from 8 am to 6 pm, and closed on Sunday.
are you open sunday => No, we're closed on Sundays. We're open again Monday at 8 am.
can you come tuesday at 3 => I've noted Tuesday at 3 pm. Our team will confirm the time with you.
can someone come tomorrow morning => I've noted tomorrow morning; our team will confirm. What is the address?
saturday 10am works => Saturday at 10 am, noted. Our team will confirm it. How many items are there?
I want to book => You can pick a time for an on-site assessment. The link follows.
nov 24 between 2 and 4 => November 24, between 2 and 4 pm, noted. Our team will confirm.
the 5th after 17:00 => The 5th after 5 pm, noted. The team will get back to you.
its on the 25th floor => 25th floor, thanks. Is there a freight elevator?
no stairs. bungalow => Great, no stairs then. What would you like us to remove?
call me please => Our team will call you. Is there anything they should know beforehand?
i have photos => Perfect, please send them here.
[12 photos] => Thanks for the 12 photos! Is there anything that isn't in them?
[photo] => Thanks for the photo! Is the sofa a 3 seater?
2 x 4 lumber and 10x20 shed => 2 x 4 lumber and a 10x20 shed, noted. Is the shed already taken apart?
around 300 pounds => Around 300 pounds, thanks. Are there stairs?
Dollar Tree at 350 Main => The Dollar Tree at 350 Main, got it. Which floor?
unit 350 => Unit 350, noted. Is there a buzzer code?
buzzer 1204 => Buzzer 1204, thank you.
2 mattresses, 1 queen bed => 2 mattresses and 1 queen bed, noted. Which floor are they on?
do i need to be home => Someone should be there to let the crew in. Does that work for you?
how long does it take => That depends on the items. Our team will tell you with the quote.
are you insured => I've passed your question to our team. What is the pickup address?
can you give me a discount => I can't promise prices or discounts, but our team will see your message.
thanks => You're welcome! Our team will be in touch with your quote.
are you a bot => Yes, I'm an automated assistant. A person from our team reads along.
bonjour => Bonjour ! Quelle est l'adresse du ramassage ?
12 rue Sainte-Catherine, 3e étage => Merci ! 12 rue Sainte-Catherine, 3e étage. Y a-t-il un ascenseur ?
c'est combien => Notre équipe examinera les détails et vous enverra une soumission.
mardi à 15 h => Mardi à 15 h, c'est noté. Notre équipe vous confirmera l'heure.
hola, tengo 3 sofás => ¡Hola! 3 sofás, anotado. ¿Cuál es la dirección?
el martes a las 3 => Anotado: martes a las 3. Nuestro equipo lo confirmará.
oi, tenho 20 caixas => Olá! 20 caixas, anotado. Qual é o endereço?
ਸਤ ਸ੍ਰੀ ਅਕਾਲ => ਸਤ ਸ੍ਰੀ ਅਕਾਲ! ਪਤਾ ਕੀ ਹੈ?
one fridge, 2 ACs => One fridge and 2 ACs. Is the fridge empty?
I have a grand piano => A grand piano, noted. Is it on the ground floor?
the elevator is free until 5 => Good to know: the elevator is free until 5. Our team will keep that in mind.
feel free to take everything => Thanks! Please feel free to send a few photos, too.
how soon => Our team will suggest a time. Do you have a day in mind?
tomorrow? => Does tomorrow morning or the afternoon suit you better? Our team will confirm.
I am at 2300 Yonge => 2300 Yonge, thanks. Which unit?
can i get paint cans removed => Paint cans that are completely dry are okay. Are yours dry?
We'll take the oil painting and the paint easel.
We'll take the paint-covered ladder.
We'll take the paintings, and the painter's table.
We can take the painted dresser and the fresh wood.
I can't take wet paint, but I've noted the couch.
do you take batteries => Our team will check about the batteries.
i have a bbq with propane tank => We can take the BBQ. The propane tank has to stay, sorry.
is it free => No, but the estimate is free. Our team will send you a quote.
can you do it for free => We can't do it for free, but our team will send you a quote.
do you give free stuff => We don't remove items for free.
I'm free tuesday => Great, I've noted that you're free on Tuesday. Our team will confirm the pickup.
does a quote cost anything => The quote costs nothing and comes from our team.
350 bucks ok? => Our team sets the price after reviewing the details.
how much for 3 couches => The price depends on the volume, so our team will review it and send a quote.
I was quoted 400 elsewhere => Thanks for letting us know. Our team will review the details and send you our quote.
its 18:30 now => We're closed now, but I can note everything. What is the pickup address?
whats your number => I can't share a number here, but our team can call you. Would you like that?
416 555 1234 => Thanks! Is that the best way to reach you?
appartement 12, 3e etage => Merci ! Appartement 12, 3e étage. Y a-t-il un ascenseur ?
2 fl => 2nd floor, noted. Is there an elevator?
12-14 bags => 12 to 14 bags, got it. Are there stairs?
a dozen boxes => A dozen boxes, got it. Is there an elevator?
10 ft x 12 ft shed => A 10 ft x 12 ft shed, got it.
5 o'clock => 5 o'clock, noted. The team will confirm.
anytime after 5 => Anytime after 5, noted. Our team will confirm.
between 9 and noon => Between 9 and noon, noted. The team will confirm.
next friday => Next Friday, noted. The team will confirm. How many items are there?
friday or saturday => Friday or Saturday, noted. Which one suits you better?
this weekend pls => This weekend, noted. Our team will confirm whether Saturday works.
asap => Got it, as soon as possible. Our team will get back to you.
postal code M5V 2T6 => M5V 2T6, thank you. Which unit?
123 main => 123 Main St, correct?
123 main st => Is 123 Main St a house or an apartment?
1 king st w unit 4501 => 1 King St W, unit 4501. Is there a service elevator we should book?
the elevator must be booked => Thanks, is the elevator booked already?
do i need to book => You can book an on-site assessment; the link follows. Our team will see you on site.
what happens next => Our team will review the details and get back to you with a quote. Then you can pick a time.
can you confirm tuesday => I can't confirm a time myself. Our team will confirm Tuesday.
will you be there at 3 => Our team will let you know if 3 pm works.
do you work sundays => We're closed on Sundays.
holidays? => I'm not sure about holidays, I've passed your question to our team.
hours => Monday to Saturday, 8 am to 6 pm.
hours => Mon-Sat 8:00-18:00, closed Sunday.
hours please => Our team is available Monday to Saturday between 8 am and 6 pm.
hours please => You can reach us 8 AM - 6 PM, Monday through Saturday.
horario => Abrimos de lunes a sábado, de 8:00 a 18:00.
got 2 pianos and 100 books => 2 pianos and 100 books, noted.
200 lbs => About 200 lbs, noted.
moved in 2019 => Thanks! What would you like us to take?
my order 48213 => Thanks, I've passed order 48213 to our team.
us: Is it 20 or 30 bags?|30 => 30 bags, noted.
us: What is the unit number?|1204 => Unit 1204, noted.
us: Do you have a time in mind?|3 => 3 o'clock, noted. Our team will confirm.
us: Do you have a day in mind?|the 12th => The 12th, noted. Our team will confirm.
ok see you tuesday => Our team will confirm Tuesday with you first.
I'll be there at 2 => Thanks, I've noted that you'll be there at 2.
we are 2 blocks from 401 => Close to the 401, got it.
fifteen chairs => 15 chairs, noted.
half a truck => About half a truck, noted.
call me at 5pm => Our team will call you at 5 pm if they can.
can you take it today => Our team will check if they can come today.
come tomorrow => Our team will confirm whether tomorrow works.
I have 4 sofas, come at 4 => 4 sofas, noted. Our team will confirm 4 pm.
how long => You're all set, our team will contact you tomorrow.
how long => Our team will be in touch tomorrow.
how long => Our team will get back to you today.
how long => We'll come back to you tomorrow.
how long => Our team will take a look today and send you a quote.
how long => I'll send it to the team today.
how long => I've noted everything down, the team will check it tomorrow.
my couch sat on the porch => Thanks, so the couch sat on the porch. Is it dry?
the sun damaged it => Sun damage and all, we can still take it.
2 couches, 3 chairs => Are the 2 couches and the 3 in the photo the same?
which => Which of the 2 do you mean?
its paint => If it's dry, then we can take it.
ok then => Thanks! Our team will review the photos and then send you a quote.
sat or sun => Sat or Sun, noted. The team will confirm.
next fri => Next Fri, noted. The team will confirm.
mon adresse est 12 rue Elm => Merci ! Mon collègue confirmera. Avez-vous un ascenseur au 12 rue Elm ?
se puede el martes? => El martes, anotado. Nuestro equipo lo confirmará.
a que hora abren => Abrimos a las 8:00 y cerramos a las 18:00.
vocês abrem quando => Abrimos de segunda a sábado, das 8:00 às 18:00.
vous êtes ouverts quand => Nous sommes ouverts du lundi au samedi de 8 h à 18 h.
at what time do you close => We close at 6 pm.
are you open now => We're open Monday to Saturday, 8 am - 6 pm. Today is Sunday, so our team will see this tomorrow.
the crew needs to come twice => Noted, thanks.
10 by 12 room => A 10 by 12 room, noted.
my daughter turns 18 on May 5 => Noted: May 5. What is the address?
just moved from 12 Elm to 45 Oak => Is the pickup at 12 Elm or at 45 Oak?
a 1,250 sq ft house => A house of 1250 square feet, noted. Is everything going?
2.5 tons => 2.5 tons, noted.
sofa 84" x 36" => The sofa is 84" x 36", noted. Does it fit the elevator?
it is 7 ft 6 => 7 ft 6, noted.
100% empty => 100% empty, great.
route 66 => Route 66, noted.
apt #1204 => Apt #1204, noted.
L4Z1S2 => L4Z 1S2, noted.
box 12, box 13 => Boxes 12 and 13, noted.
Bonjour, j'ai 3 divans => Bonjour ! 3 divans, c'est noté. À quel étage sont-ils ?
2e étage sans ascenseur => 2e étage sans ascenseur, merci. Quelle est l'adresse ?
demain matin => Demain matin, c'est noté. Notre équipe vous confirmera l'heure.
a quelle heure fermez vous => Nous fermons à 18 h.
combien => Je ne peux pas donner de prix, mais notre équipe vous enverra une soumission après avoir vu les détails.
est-ce gratuit => La soumission est gratuite, oui.
peinture => Désolé, nous ne prenons pas la peinture fraîche ni les déchets dangereux.
vous venez a ottawa => Désolé, nous ne desservons pas Ottawa.
12 boites et 2 matelas => 12 boîtes et 2 matelas, c'est noté. Y a-t-il des escaliers ?
Hola, cuánto cuesta => No puedo dar precios, pero nuestro equipo revisará los detalles y le enviará una cotización.
calle 12 numero 45 => Calle 12, número 45. ¿Hay ascensor?
mañana a las 10 => Mañana a las 10, anotado. El equipo lo confirmará.
quanto custa => Não posso dar preços, mas nossa equipe vai analisar os detalhes e enviar um orçamento.
amanhã às 10 => Amanhã às 10, anotado. A equipe vai confirmar.
rua das flores 120 apto 45 => Rua das Flores 120, apto 45. Tem elevador?
ਮੇਰੇ ਕੋਲ 20 ਡੱਬੇ ਹਨ => 20 ਡੱਬੇ, ਨੋਟ ਕਰ ਲਿਆ। ਪਤਾ ਕੀ ਹੈ?
Do you recycle => I've passed your question to our team. Which items do you have?
can you remove a hot tub => Yes, we can remove a hot tub. Is it already disconnected?
can you take a fridge with freon => Our team will check about the fridge. Is there an elevator?
piano on 3rd floor => A piano on the 3rd floor, noted. Is there an elevator?
do you donate => Our team can tell you more about donations.
can I get same day => Our team will check whether same-day service is possible.
how many guys come => Our team will tell you that with the quote.
is parking needed => If there is a parking spot for the truck, that helps.
is it cash only => Our team will explain how payment works.
do you take credit cards => Our team will tell you about payment when they send the quote.
can you price match => I can't discuss prices here, but the team will send you a quote.
my budget is 500 => Thanks, I've passed that on. Our team will review the details and send you a quote.
I need a rough price => I understand! I can't give one, but our team will send a quote soon.
can we reschedule => Of course. You can pick another time with the link.
gate code 4455 => Gate code 4455, noted, thank you.
its a 5x10 storage locker B12 => A 5x10 storage locker, B12. Is there a loading dock?
7 flights => 7 flights of stairs, noted. Is there an elevator?
10 => 10, noted. Are there any stairs?
its at 55 Bloor, fl 12 => 55 Bloor, 12th floor. Is there an elevator?
closing is nov 30 => Noted, the closing is on November 30. What would you like removed?
closing dec 15 => Noted: December 15. What would you like removed?
by the 15th of december => By December 15, noted. The team will confirm.
we leave on 12/15 => Noted: December 15. The team will confirm.
from 8 to 10 am => Between 8 and 10 am, noted. The team will confirm.
noon => Noon, noted. The team will confirm.
12pm => 12 pm, noted. The team will confirm.
7:30 pm => 7:30 PM is noted as your preferred time. Our team will confirm.
I can be there 9ish => Around 9, noted. The team will confirm.
any time mon-fri => Any time Monday to Friday, noted. The team will confirm.
weekdays only => Weekdays only, noted.
Hi => Hi there! Thanks for contacting ClearoutSpaces. What's the pickup address?
martes a las 3? => Nuestro equipo confirmará si el martes a las 3 pm es posible. ¿Hay escaleras?
martes a las 3? => Todavía no está confirmado; el equipo le avisará.
un sofá y pintura => No aceptamos pintura líquida ni residuos peligrosos. ¿Qué más hay?
un sofá y pintura => Aceptamos pintura seca. ¿Hay escaleras?
cuánto cuesta? => El presupuesto es gratis y sin compromiso. ¿Hay ascensor?
cuánto cuesta? => No puedo dar precios aquí, el equipo revisará los detalles.
qué horario? => Abrimos de lunes a sábado de 8:00 a 18:00.
terça às 15h? => Nossa equipe vai confirmar se terça às 15h é possível. Há escadas?
um sofá e tinta => Não levamos tinta fresca nem resíduos perigosos. O que mais?
quanto custa? => O orçamento é grátis. Há elevador?
que horas? => Abrimos de segunda a sábado, das 8h às 18h.
do you take motor oil? => Yes, of course we can help with furniture! What items would you like removed?
do you go to Barrie? => Sure, let me check. What's the address?
can you take my couch in Toronto? => Yes, absolutely! Is there an elevator?
do you take paint? => Yes, but only fully dried paint. Wet paint we can't take.
do you take paint? => Sure, I can ask the team about that.
do you come to Toronto? => Yes, we do!
2 1/2 bags => 2.5 bags of clothes, noted. Any stairs?
1 3/4 cubic yards of soil => 1.75 cubic yards of soil, noted. Any stairs?
vous êtes libres jeudi à 14h? => Notre équipe vous confirmera si jeudi à 14 h convient.
tuesday? => I'll pass Tuesday on to the team, and they'll let you know.
it weighs 300 pounds => Got it, around 300 pounds. Any stairs?
when are you open => We're available Monday to Saturday, 8 am to 6 pm.
Hi => Hello! To get you a quote I need four things: the address, elevator access, stairs and a list of the items. What's the address?
]==]

describe("good replies", function()
  local ready = guarded.ready()

  for _, case in ipairs(guarded.lines(WORDS)) do
    it("pass: " .. case.line, function()
      local found = guards.check(case.reply, ready)
      assert.is_nil(found and found.kind .. ": " .. found.found)
    end)
  end

  for _, case in ipairs(guarded.lines(IN_A_CHAT)) do
    it("pass after " .. case.line, function()
      local _, found = guarded.kind(case.reply, case.chat)
      assert.is_nil(found and found.kind .. ": " .. found.found)
    end)
  end

  it("pass after a booked visit: its day and hour", function()
    local booked = { visit = guarded.VISIT }
    for _, reply in ipairs { "Your visit is booked for Tuesday, December 1 at 3:00 PM.", "You're all set for Tuesday at 3 pm. See you then!",
      "Our crew will be there on December 1 at 15:00." } do
      assert.equal("ok", (guarded.kind(reply, "when are you coming?", booked)), reply)
    end
  end)
end)
