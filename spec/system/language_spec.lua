-- The customer's language in a real process without a model: what shows it, and which texts are in it.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"

describe("a chat's language", function()
  local scene, service

  setup(function()
    scene = chat.open()
    service = scene.service
    scene.stand_ins:fault { model = "401" }
  end)

  teardown(chat.close_all)

  -- The answer to what was just sent, when it is the count-th.
  local function answer(phone, count)
    local list = scene:sent(phone, nil, count or 1)
    return list[#list].text
  end

  local function say(phone, text, count)
    service:say(phone, text)
    return answer(phone, count)
  end

  local function has(text, piece) assert.truthy(text:find(piece, 1, true), text) end

  it("T50: a wish for a person in French is answered in French, and so in the other languages", function()
    for text, piece in pairs { ["Je veux parler à quelqu'un"] = "Bien sûr", ["¿Puedo hablar con una persona?"] = "Por supuesto",
      ["Quero falar com um atendente"] = "Claro", ["ਮੈਨੂੰ ਕਿਸੇ ਨਾਲ ਗੱਲ ਕਰਨੀ ਹੈ"] = "ਜ਼ਰੂਰ" } do
      local phone = meta.phone()
      has(say(phone, text), piece)
      assert.equal("asked", service:value("SELECT reason FROM cases WHERE conversation_id = '" .. phone .. "'"))
    end
  end)

  it("is kept whatever carried it: a caption, a button, a word to opt out", function()
    local photo, button, stop = meta.phone(), meta.phone(), meta.phone()
    service:hook { messages = { meta.message(photo, "image", { image = { id = "1", caption = "voici mon canapé et mes chaises" } }) } }
    has(answer(photo), "adresse")
    service:hook { messages = { meta.message(button, "button", { button = { payload = "p", text = "Sí, gracias" } }) } }
    has(answer(button), "dirección")
    has(say(stop, "ARRÊT"), "désabonné")
    has(say(stop, "START", 2), "Bon retour")
    assert.same({ "fr", "es", "fr" }, { scene:column(photo, "language"), scene:column(button, "language"), scene:column(stop, "language") })
  end)

  it("stays over answers that show none, and follows a customer who clearly changes", function()
    local phone = meta.phone()
    has(say(phone, "Bonjour, j'ai un canapé"), "adresse")
    has(say(phone, "12 King St W, Toronto", 2), "ascenseur")
    has(say(phone, "ok", 3), "ascenseur")
    has(say(phone, "Sorry, I have to write in English now. There is no elevator.", 4), "stairs")
    assert.equal("en", scene:column(phone, "language"))
  end)

  it("decides the confirmation of STOP, which is the same word in many; a phrase to opt out has its own", function()
    local spanish, english, none = meta.phone(), meta.phone(), meta.phone()
    has(say(spanish, "Hola, buenos días"), "dirección")
    has(say(spanish, "STOP", 2), "START")
    has(answer(spanish, 2), "Ya no recibirá")
    has(say(english, "Hi, I have a couch"), "address")
    has(say(english, "Retirez-moi de votre liste", 2), "désabonné")
    has(say(none, "Please remove me from your list"), "unsubscribed")
    has(say(none, "START", 2), "Welcome back")
    has(say(none, "unsubscribe", 3), "unsubscribed")
    has(say(none, "Recommencez svp", 4), "Bon retour")
    assert.equal("fr", scene:column(none, "language"))
  end)
end)
