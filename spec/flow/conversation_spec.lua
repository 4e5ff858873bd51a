local conversation = require "flow.conversation"
local english = require "language.english"
local languages = require "language.languages"
local shell = require "spec.support.shell"
local yaml = require "host.yaml"

local function language(code)
  local value = assert(yaml.decode(assert(shell.read(("%s/replies.%s.yaml"):format(shell.prompts, code))), code))
  return { code = code, words = value.words }
end

local SPOKEN = languages.prepare { { code = "en", words = english.words }, language "fr", language "es", language "pt", language "pa" }

local FIELDS = { "address", "elevator_access", "stairs", "inventory" }
local FULL = { address = "5 Elm", elevator_access = "yes", stairs = "no", inventory = "1 couch" }

describe("conversation.word", function()
  local function word(message) return { conversation.word(SPOKEN, message) } end

  it("takes STOP and similar words as a whole message, with any signs and politeness around them", function()
    for _, message in ipairs { "STOP", "stop", "Stop.", " stop! ", "STOP 🛑", "‘Stop’", "\u{200B}STOP", "StopAll", "Stop, thanks", "please stop", "stop ok", "ok, stop now" } do
      assert.same({ "stop" }, word(message), message)
    end
    for _, message in ipairs { "UNSUBSCRIBE", "Unsubscribe...", "unsubscribe please" } do assert.same({ "stop", "en" }, word(message), message) end
    for _, message in ipairs { "ARRET", "ARRÊT", "arrêt.", "Arret!", "ARRE\u{302}T", "arrêt svp", "Arrêtez, merci" } do
      assert.same({ "stop", "fr" }, word(message), message)
    end
    assert.equal("start", word("Start!")[1])
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
      ["dejen de mandarme mensajes"] = "es", ["darme de baja"] = "es", ["Pare de me mandar mensagens"] = "pt", ["não me mandem mais mensagens, obrigado"] = "pt",
      ["me tirem da lista"] = "pt", ["não quero mais receber mensagens"] = "pt", ["ਮੈਨੂੰ ਮੈਸੇਜ ਨਾ ਕਰੋ"] = "pa", ["ਮੈਸੇਜ ਬੰਦ ਕਰੋ ਜੀ"] = "pa",
      ["mainu message na karo ji"] = "pa", ["ਮੈਨੂੰ ਮੈਸੇਜ ਨਾ ਕਰੋ।"] = "pa" } do
      assert.same({ "stop", code }, word(message), message)
    end
  end)

  it("works without any file", function()
    local none = languages.prepare {}
    for message, code in pairs { STOP = "", STOPALL = "", UNSUBSCRIBE = "en", ARRET = "fr", ["ARRÊT"] = "fr" } do
      local kind, own = conversation.word(none, message)
      assert.same({ "stop", code }, { kind, own or "" }, message)
    end
  end)

  it("reads a word among very many spaces", function()
    assert.equal("stop", word("STOP" .. (" "):rep(60000))[1])
    assert.equal("stop", word((" \n"):rep(3000) .. "stop")[1])
    assert.is_true(conversation.wants_human(SPOKEN, "human please" .. ("\n"):rep(60000)))
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

describe("conversation.wants_human", function()
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
    it("finds a wish in: " .. line, function() assert.is_true(conversation.wants_human(SPOKEN, line)) end)
  end
  for line in OTHERS:gmatch("[^\n]+") do
    it("leaves to the model: " .. line, function() assert.is_false(conversation.wants_human(SPOKEN, line)) end)
  end
  it("fails at no message", function()
    for _, message in ipairs { "", "\0", "\xff", ("talk to "):rep(5000), "👩" } do assert.is_false(conversation.wants_human(SPOKEN, message)) end
  end)
end)

describe("conversation.due", function()
  it("waits for quiet, but never longer than the longest wait", function()
    assert.equal(14000, conversation.due({ last_message_ms = 10000, first_unanswered_ms = 9000 }, 10000, 4000, 15000))
    assert.equal(15000, conversation.due({ last_message_ms = 14000, first_unanswered_ms = 0 }, 14000, 4000, 15000))
    assert.equal(20000, conversation.due({ last_message_ms = 14000, first_unanswered_ms = 0 }, 20000, 4000, 15000))
  end)
  it("does not wait longer when the clock jumps", function()
    assert.equal(4000, conversation.due({ last_message_ms = 9000000, first_unanswered_ms = 9000000 }, 0, 4000, 15000))
  end)
end)

describe("conversation.paused_reply_due", function()
  it("is due once in a pause, again after a day, never after staff have written", function()
    local hour = 3600000
    assert.is_true(conversation.paused_reply_due({}, 5))
    assert.is_false(conversation.paused_reply_due({ paused_told_at = 0 }, 23 * hour))
    assert.is_true(conversation.paused_reply_due({ paused_told_at = 0 }, 24 * hour))
    assert.is_false(conversation.paused_reply_due({ staff_reached_at = 1 }, 48 * hour))
    assert.is_false(conversation.paused_reply_due({ opted_out = 1 }, 5))
  end)
end)

describe("conversation.after", function()
  local function after(state)
    state.fields, state.action = FIELDS, state.action or "continue"
    state.before, state.merged, state.changed = state.before or {}, state.merged or {}, state.changed or {}
    return conversation.after(state)
  end
  local almost = { address = "5 Elm", elevator_access = "yes", stairs = "no" }

  it("does nothing more for a plain answer", function()
    assert.same({ link = false }, after {})
  end)
  it("hands off in the turn that completes the fields, whatever the model said", function()
    for _, action in ipairs { "continue", "handoff" } do
      assert.same({ link = false, card = "complete" }, after { before = almost, merged = FULL, changed = { "inventory" }, action = action })
    end
  end)
  it("sends link and card for schedule in the completing turn", function()
    assert.same({ link = true, card = "complete" }, after { before = almost, merged = FULL, changed = { "inventory" }, action = "schedule" })
    assert.same({ link = true }, after { action = "schedule" })
  end)
  it("does not hand off again in later turns", function()
    assert.same({ link = false }, after { before = FULL, merged = FULL, last_case = { known = FULL } })
  end)
  it("hands off again when a known value changes after the last case was closed", function()
    local new = { address = "9 Oak", elevator_access = "yes", stairs = "no", inventory = "1 couch" }
    assert.equal("complete", after({ before = FULL, merged = new, changed = { "address" }, last_case = { known = FULL } }).card)
  end)
  it("posts a card when the model asks for it", function()
    assert.equal("model", after({ action = "handoff" }).card)
  end)
  it("never opens a second case: new facts and wishes become a follow-up", function()
    local case = { state = "open" }
    assert.same({ link = false }, after { action = "handoff", case = case })
    assert.same({ link = false, follow_up = "Inventory: 1 couch" }, after { before = almost, merged = FULL, changed = { "inventory" }, case = case })
    assert.same({ link = false, follow_up = "asks again for a person.", reason = "asked" }, after { wants_human = true, case = case })
    assert.same({ link = false, theirs = "Open on Sunday?", lead = "asks:" }, after { question = "Open on Sunday?", case = case })
  end)
  it("hands off when the answer was so long that it lost its end", function()
    assert.equal("model", after({ cut = true }).card)
    assert.is_truthy(after({ cut = true, case = { state = "open" } }).follow_up)
  end)
  it("hands off for a wish for a person and passes questions on", function()
    assert.equal("asked", after({ wants_human = true, action = "handoff" }).card)
    assert.same({ link = false, theirs = "Open on Sunday?", lead = "asks:" }, after { question = "Open on Sunday?" })
  end)
end)

describe("conversation.after a wish", function()
  local function after(kind, state)
    state.fields, state.action, state.before, state.merged, state.changed = FIELDS, "continue", {}, state.merged or {}, state.changed or {}
    state.intent = { kind = kind, text = "their words" }
    return conversation.after(state)
  end

  it("T1: T3: T4: posts a card that names it, or tells staff of a live case the words", function()
    for kind, reason in pairs { cancel_visit = "cancel", change_visit = "change", complaint = "complaint", call_me = "asked" } do
      assert.same({ link = false, card = reason }, after(kind, {}))
      local live = after(kind, { case = { state = "open" } })
      assert.equal("their words", live.theirs)
      assert.equal(reason, live.reason)
      assert.is_nil(live.card)
    end
  end)

  it("T5: T10: tells staff in one line, without a case, also when the facts are complete", function()
    for _, kind in ipairs { "not_interested", "wrong_number" } do
      for _, state in ipairs { {}, { merged = FULL, changed = { "address" } }, { case = { state = "open" } } } do
        local effects = after(kind, state)
        assert.equal("their words", effects.theirs)
        assert.is_nil(effects.card)
      end
    end
  end)

  it("T2: tells staff what changed while a visit is booked, also without a case", function()
    local effects = conversation.after { fields = FIELDS, before = FULL, merged = { address = "21 Elm St" }, changed = { "address" }, action = "continue",
      visit = { state = "booked" } }
    assert.equal("Address: 21 Elm St", effects.follow_up)
  end)

  it("tells staff the words that nobody understood", function()
    local effects = conversation.after { fields = FIELDS, before = {}, merged = {}, changed = {}, action = "continue", unread = "grmpf\nzzz" }
    assert.equal("grmpf\nzzz", effects.theirs)
  end)
end)

describe("conversation.unusable", function()
  it("says it once, not twice running, and hands off at the third message running", function()
    assert.equal("say", conversation.unusable(0, 1, false))
    assert.is_nil(conversation.unusable(1, 2, true))
    assert.equal("handoff", conversation.unusable(2, 3, false))
    assert.equal("handoff", conversation.unusable(0, 4, false))
    assert.is_nil(conversation.unusable(3, 4, false))
    assert.equal("say", conversation.unusable(1, 2, false))
    assert.equal("say", conversation.unusable(0, 0, false)) -- a photo without words
  end)
end)

describe("conversation.may_ask", function()
  it("asks for what is missing, and for nothing after a wish for a person", function()
    assert.same({ "stairs", "inventory" }, conversation.may_ask(nil, { address = "x", elevator_access = "no" }, FIELDS))
    assert.equal(4, #conversation.may_ask({ state = "open", reason = "model" }, {}, FIELDS))
    for _, reason in ipairs { "asked", "cancel", "change", "complaint" } do
      assert.same({}, conversation.may_ask({ state = "open", reason = reason }, {}, FIELDS))
    end
    assert.same({}, conversation.may_ask(nil, {}, FIELDS, { state = "booked" }))
  end)
end)
