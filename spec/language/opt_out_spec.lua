local languages = require "language.languages"
local opt_out = require "language.opt_out"
local spoken = require "spec.support.spoken"

local SPOKEN = languages.prepare(spoken)

describe("opt_out.word", function()
  local function word(message) return { opt_out.word(SPOKEN, message) } end

  it("takes STOP and similar words as a whole message, with any signs and politeness around them", function()
    for _, message in ipairs { "STOP", "stop", "Stop.", " stop! ", "STOP 🛑", "‘Stop’", "\u{200B}STOP", "StopAll", "stop ok" } do
      assert.same({ "stop" }, word(message), message)
    end
    for message, code in pairs { ["Stop, thanks"] = "en", ["please stop"] = "en", ["ok, stop now"] = "en", ["Stop, merci"] = "fr", ["STOP svp"] = "fr",
      ["stop, gracias"] = "es", ["Stop obrigado"] = "pt" } do
      assert.same({ "stop", code }, word(message), message)
    end
    for _, message in ipairs { "UNSUBSCRIBE", "Unsubscribe...", "unsubscribe please" } do assert.same({ "stop", "en" }, word(message), message) end
    for _, message in ipairs { "ARRET", "ARRÊT", "arrêt.", "Arret!", "ARRE\u{302}T", "arrêt svp", "Arrêtez, merci" } do
      assert.same({ "stop", "fr" }, word(message), message)
    end
    assert.same({ "start" }, word "Start!")
    for message, code in pairs { ["recommencez svp"] = "fr", ["comenzar"] = "es", ["voltar"] = "pt", ["unstop"] = "en" } do
      assert.same({ "start", code }, word(message), message)
    end
  end)

  it("takes a message that says just that", function()
    for message in ([[
stop texting me
please stop messaging me
Stop sending me messages!
stop sending me these texts please
remove me from your list
Please take me off your list
remove my number from your list
unsubscribe me
unsubscribe me from this list, thanks
Don't text me again
please do not contact me anymore
no more messages please
I don't want any more messages
pls stop txting me
Could you please stop texting me?
stop msging me
stop writing to me
take me off ur list
hello please remove me from your mailing list
I want to stop receiving messages
I don't wish to receive messages anymore
I'd like to unsubscribe
lose my number
opt me out]]):gmatch("[^\n]+") do
      assert.same({ "stop", "en" }, word(message), message)
    end
    for message in ([[
arrêtez de m'écrire
Arrêtez de m'envoyer des messages svp
retirez-moi de votre liste
Désabonnez-moi
ne m'écrivez plus
je ne veux plus recevoir de messages]]):gmatch("[^\n]+") do
      assert.same({ "stop", "fr" }, word(message), message)
    end
    for message, code in pairs { ["No me escriban más"] = "es", ["por favor, no me envíen más mensajes"] = "es", ["Quítenme de su lista"] = "es",
      ["dejen de mandarme mensajes"] = "es", ["darme de baja"] = "es",
      ["alto"] = "es", ["basta!"] = "es", ["sair"] = "pt", ["parem de mandar mensagem"] = "pt",
      ["me désinscrire"] = "fr", ["ਰੋਕੋ"] = "pa", ["Pare de me mandar mensagens"] = "pt", ["não me mandem mais mensagens, obrigado"] = "pt",
      ["me tirem da lista"] = "pt", ["não quero mais receber mensagens"] = "pt", ["ਮੈਨੂੰ ਮੈਸੇਜ ਨਾ ਕਰੋ"] = "pa", ["ਮੈਸੇਜ ਬੰਦ ਕਰੋ ਜੀ"] = "pa",
      ["mainu message na karo ji"] = "pa", ["ਮੈਨੂੰ ਮੈਸੇਜ ਨਾ ਕਰੋ।"] = "pa" } do
      assert.same({ "stop", code }, word(message), message)
    end
  end)

  it("works without any file", function()
    local none = languages.prepare {}
    for message, code in pairs { STOP = "", STOPALL = "", UNSUBSCRIBE = "en", ARRET = "fr", ["ARRÊT"] = "fr" } do
      local kind, own = opt_out.word(none, message)
      assert.same({ "stop", code }, { kind, own or "" }, message)
    end
  end)

  it("reads a word among very many spaces", function()
    assert.equal("stop", word("STOP" .. (" "):rep(60000))[1])
    assert.equal("stop", word((" \n"):rep(3000) .. "stop")[1])
  end)

  it("takes nothing else", function()
    for _, message in ipairs { "please stop by at 5", "Can you stop at the shop", "can you stop by tomorrow?", "start with the garage please", "CANCEL", "END",
      "please cancel", "stop it", "don't stop", "STOP привет", "please remove the couch", "remove me a couch", "do text me", "take my list of items",
      "stopp", "restart", "", "🛑", "nonstop", "bus stop", "QUIT", ("stop "):rep(200), "annuler", "arrêt d'autobus",
      "cancelar", "cancelar mi visita", "no me manden el camión", "¿pueden pasar mañana?", "remova o sofá", "ਬੰਦ", "para mañana", "não pare" } do
      assert.same({}, word(message), message)
    end
  end)
end)
