local intents = require "language.intents"
local languages = require "language.languages"
local text = require "language.text"
local spoken = require "spec.support.spoken"

local READY = languages.prepare(spoken)

local function shows(code, messages, known)
  for message in messages:gmatch("[^\n]+") do assert.equal(code, languages.clear(READY, message, known), message) end
end

describe("languages.clear", function()
  it("hears a language in two of its words, or in one of a few", function()
    shows("en", [[
hello, I have a couch
Hi there
How much would it be for a fridge and two chairs?
thanks
Can you come on Tuesday?
yes please]])
    shows("fr", [[
bonjour, j'ai un canapé
bonjour, j ai un sofa
Bonjour!
Merci
oui
Je veux parler à quelqu'un
Combien pour deux matelas et un frigo?
il y a un ascenseur
12 rue Saint-Denis, il y a des escaliers et c'est au deuxième étage]])
  end)

  it("hears Spanish and Portuguese, which share many words, and Punjabi by its script and in Latin letters", function()
    shows("es", [[
Hola
Buenos días, necesito que se lleven un sofá
¿Cuánto cuesta recoger dos colchones?
Tengo una mesa y tres sillas
gracias
muchas gracias
quiero hablar con alguien]])
    shows("pt", [[
Olá, tudo bem?
Bom dia, tenho um sofá e duas cadeiras para retirar
Quanto custa levar uma geladeira?
não tem elevador
obrigado
muito obrigada]])
    shows("pa", [[
ਸਤ ਸ੍ਰੀ ਅਕਾਲ
ਮੈਨੂੰ 2 sofa ਚੁਕਵਾਉਣੇ ਹਨ
hello ji, ਮੇਰੇ ਕੋਲ ਇੱਕ ਮੰਜਾ ਹੈ
Sat sri akal
mainu purana sofa chukwana hai
tusi kado aa sakde ho
kinne paise lagge, mere kol 2 sofa hai]])
    shows(nil, [[
مرحبا، عندي كنبة
你好]])
  end)

  it("takes a Gurmukhi letter with its dot for one however it is encoded", function()
    assert.equal(text.words("\u{A38}\u{A3C}"), text.words("\u{A36}"))
    assert.equal("\u{A38}", text.words("\u{A36}।"))
  end)

  it("hears none in a street, a place or what no language shows", function()
    shows(nil, [[
12 Main Street
45 avenue du Parc
1234 Rue de la Montagne, Montréal
rue Sainte-Catherine
12 Calle Ocho
[location: 12 rue de la Paix, Paris]
ok
👍
2
[photo]
Mon 5 pm]])
  end)

  it("hears it in a caption", function()
    shows("fr", "[photo: voici mon canapé et mes chaises]")
  end)

  it("follows a customer who clearly changes, and not for a single word", function()
    assert.equal("en", languages.clear(READY, "Sorry, I have to write in English, is that okay with you?", "fr"))
    assert.equal("fr", languages.clear(READY, "Je préfère parler en français avec vous", "en"))
    for _, word in ipairs { "merci", "oui", "Merci Bob" } do assert.is_nil(languages.clear(READY, word, "en")) end
    for _, word in ipairs { "yes", "thanks", "ok" } do assert.is_nil(languages.clear(READY, word, "fr")) end
  end)

  it("hears only languages that the owner uses", function()
    local only = languages.prepare(spoken, { "en" })
    assert.is_nil(languages.clear(only, "bonjour, j'ai un canapé"))
    assert.equal("en", languages.of(only, "fr", { "bonjour, j'ai un canapé" }))
  end)
end)

describe("languages.of", function()
  it("is what is known, else what the words show, else the language of the question, else the owner's first", function()
    assert.equal("fr", languages.of(READY, "fr", { "hello, I have a couch" }))
    assert.equal("fr", languages.of(READY, nil, { "bonjour, j'ai un canapé", "12" }, "What is the address?"))
    assert.equal("fr", languages.of(READY, nil, { "12" }, "Merci! Quelle est l'adresse du ramassage?"))
    assert.equal("en", languages.of(READY, nil, { "12 Main Street" }))
    assert.equal("fr", languages.of(languages.prepare(spoken, { "fr", "en" }), nil, { "12 Main Street" }))
    assert.equal("en", languages.of(READY, "ur", {}))
  end)
end)

describe("the phrases of each language's file", function()
  local ready = intents.ready(spoken)
  for kind, lines in pairs {
    cancel_visit = "Hola, quiero cancelar la cita\nquero cancelar a visita\nਮੈਂ ਬੁਕਿੰਗ ਕੈਂਸਲ ਕਰਨੀ ਹੈ\nappointment cancel karni hai\nmon rendez-vous, je veux l'annuler",
    change_visit = "Necesito cambiar la fecha\nquero remarcar a visita\nਸਮਾਂ ਬਦਲਣਾ ਹੈ",
    call_me = "me pueden llamar?\nLlámeme por favor\nOlá, me liga por favor\nਮੈਨੂੰ ਫ਼ੋਨ ਕਰੋ\nmainu call karo ji",
    complaint = "rompieron mi pared\nvocês quebraram minha mesa\nਤੁਸੀਂ ਮੇਰੀ ਕੰਧ ਨੂੰ ਨੁਕਸਾਨ ਕੀਤਾ",
    not_interested = "ya no me interesa\nnão tenho interesse\nhun nahi chahida",
    wrong_number = "número equivocado\nnúmero errado\nਗਲਤ ਨੰਬਰ",
    bot = "¿eres un robot?\nvocê é um robô?",
  } do
    it("say " .. kind, function()
      for message in lines:gmatch("[^\n]+") do
        assert.equal(kind, (intents.find(ready, { message }, {}) or {}).kind, message)
      end
    end)
  end
  it("say nothing of the kind in an answer", function()
    for _, message in ipairs { "un sofá y dos sillas", "sí, hay ascensor", "mi número es el 12", "um sofá e três cadeiras", "não tem elevador", "ਹਾਂ", "2 ਸੋਫ਼ੇ" } do
      assert.is_nil(intents.find(ready, { message }, {}), message)
    end
  end)
end)
