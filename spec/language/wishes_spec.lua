local languages = require "language.languages"
local spoken = require "spec.support.spoken"
local wishes = require "language.wishes"

local SPOKEN = languages.prepare(spoken)

describe("wishes.for_a_person", function()
  local WISHES = [[
human
Agent!!
a person please
Representative
someone
representative, please
hello, agent
real human
a real person please
Human 🙏
human being please
I want a human
i want someone
want a live agent
I want to talk to a human
can I speak to a real person please
connect me with an agent
Can you connect me to a real person?
I'd like to speak with a representative
chat with a live agent
can i talk to someone?
speak to someone real
talk to human
talk to a person now
This is useless. I want to talk to a human.
Hi, can I talk to someone about my couch?
I would like to chat with someone from your team
please let me speak to a person
is it possible to talk to a human?
I need to speak to someone
I’d rather talk to a person
Let me talk to a human!!!
parler à un humain
Je veux parler à quelqu'un
Je veux parler à quelqu’un svp
J'aimerais parler avec un agent
un humain svp
Puis-je parler à quelqu'un?
s'il vous plaît, parler à une personne
représentant
operator
manager please
supervisor
can i tlk 2 a real person
speak w/ someone
i wanna tlk to sum1
put me through to someone
Put me thru to a manager pls
get me a manager
can you get me a human?
gimme a real person
could you transfer me to an agent please
pass me over to an operator
connect me w a human
I need a human
customer service please
let me speak to the manager
talk to a live representative
Hello! Can I speak with your manager?
Passez-moi un agent svp
puis-je parler à un responsable?
passez-moi le gérant
je peux parler a qqun?
mettez-moi en contact avec un agent
is there a real person i can talk to?
can i get a human
can someone talk to me
not a bot, a human please
hi can i talk to a person thx
quiero hablar con una persona
¿Puedo hablar con alguien?
necesito hablar con un agente por favor
persona
Hola, quiero hablar con un representante
Esto no sirve. Quisiera hablar con el gerente.
atendente
quero falar com uma pessoa
Posso falar com um atendente?
pode me passar para um humano?
ਮੈਨੂੰ ਕਿਸੇ ਬੰਦੇ ਨਾਲ ਗੱਲ ਕਰਨੀ ਹੈ
mainu kise naal gal karni hai]]

  local OTHERS = [[
My real estate agent will let you in
is a human needed on site?
one person can carry it
I want someone to haul my couch
I want a couch removed
the person at the door will let you in
I'm a real person
I spoke to an agent yesterday
you can speak with the person at the desk
talk to the building agent before entering
my agent will be there
I don't want to talk to a human
do you want to talk to someone
there is one person at home
Someone will let you in
my wife would like to speak to someone
please speak to someone at the front desk
you can talk to my agent
is it a human or a bot
Does someone need to be there?
can someone call me
two people can carry it
Un agent immobilier sera là
une personne suffit
quelqu'un sera à la maison
no one
agent orange paint
I want to know the price
get me a quote
can I get someone to take my couch
can someone come and talk about the price tomorrow
my manager will let you in
the property manager has the key
I need someone to take my couch
I need a person with a truck
can you get someone here by 5?
put me down for Tuesday
send someone tomorrow
give me a price
can you pick up from customer service desk
mi esposa quiere hablar con el portero
habrá una persona en casa
meu marido é uma pessoa ocupada
uma pessoa vai abrir a porta
ਘਰ ਵਿੱਚ ਇੱਕ ਬੰਦਾ ਹੋਵੇਗਾ]]

  for line in WISHES:gmatch("[^\n]+") do
    it("finds a wish in: " .. line, function() assert.is_true(wishes.for_a_person(SPOKEN, line)) end)
  end
  for line in OTHERS:gmatch("[^\n]+") do
    it("leaves to the model: " .. line, function() assert.is_false(wishes.for_a_person(SPOKEN, line)) end)
  end
  it("finds a wish among very many line breaks", function()
    assert.is_true(wishes.for_a_person(SPOKEN, "human please" .. ("\n"):rep(60000)))
  end)
  it("fails at no message", function()
    for _, message in ipairs { "", "\0", "\xff", ("talk to "):rep(5000), "👩" } do assert.is_false(wishes.for_a_person(SPOKEN, message)) end
  end)
end)
