-- Prices and free removals: none may be sent. One that holds a number of which nothing else says that it is a price is refused as invented.

local guarded = require "spec.support.guarded"

local CAUGHT = [==[
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
unit 250 => That would be 250 plus tax.
unit 250 => That would be 250.
It runs about 150 to 250.
You'd be looking at 300-ish.
unit 250 => That'll be 250 all in.
250 boxes => It comes to 250.
250 boxes => You'd be looking at 250.
250 boxes => It runs about 250.
250 boxes => We can do it for 250.
250 boxes => 250 + HST.
It's on the house!
Don't worry, that's on the house.
my budget is 300 dollars => You said that 300 dollars is your budget.
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
It costs between 200 and 400.
We remove it free.
We'll pick it up free.
I don't have the money => Don't worry, removal is on the house.
my budget is $350 => That works, it will be $350.
is 350 ok => The price is 350.
is it 350? => Yes, the quote is 350 for the couch.
I paid 200 last time => We charge 200 as well.
150 per load? => Yes, we charge 150 per load.
The job is quoted at five hundred.
You pay seventy-five for the mattress.
$1 per bag
Our fee is forty dollars.
We can haul away the sofa at no extra cost.
Everything is removed for free this week.
Le ramassage ne coûte rien, c'est gratuit.
Nous ramassons le divan gratuitement.
El total es 300 dollars.
The deposit would be 50.
Removal's free.
We haul it for nothing.
We'll take it at no cost to you.
We'll take it away free of charge.
We won't charge a thing to remove it.
There's no fee for taking it.
Pickup is complimentary.
Taking the couch is free.
We can take that off your hands for free!
We'll get rid of it for free.
It's free to have it removed.
You won't pay anything for the removal.
Nothing to pay for the pickup.
We don't charge for hauling.
We pick up for free
It is free of charge to pick it up.
We'll come get it free.
It starts at ninety-nine dollars
Between $200-$400.
Around 2 hundred bucks
The ballpark would be three to four hundred.
quote is 3 hundred
Son 200 dólares.
El precio es 200.
La recogida es gratis.
La recogida es gratuita.
Lo recogemos gratis.
No cobramos la recogida.
São 200 dólares.
O preço é 200.
A coleta é gratuita.
A retirada é grátis.
Retiramos de graça.
Não cobramos pela coleta.
On ramasse ça gratuitement.
On vous débarrasse sans frais.
]==]

describe("the guard against prices", function()
  for _, case in ipairs(guarded.lines(CAUGHT)) do
    it("catches " .. case.line, function() assert.is_nil(guarded.missed(case, { "money", "number" })) end)
  end

  it("T90, T91: a range after a word for price, and a free removal, are money", function()
    for _, reply in ipairs { "It costs between 200 and 400.", "We remove it free.", "We'll pick it up free.", "That's $350.", "350 $", "CA$350", "350 CAD",
      "350 bucks", "three hundred dollars" } do
      assert.equal("money", (guarded.kind(reply)), reply)
    end
  end)

  it("finds a price that the customer named first", function()
    for _, reply in ipairs { "Yes, the quote is 350.", "It costs 350.", "That will be $350.", "350 is fine." } do
      assert.not_equal("ok", (guarded.kind(reply, "is $350 ok for you?")), reply)
    end
  end)
end)
