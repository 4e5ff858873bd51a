local nothing = require "language.nothing"

local function found(list, want, field)
  local wrong = {}
  for _, value in ipairs(list) do
    if nothing.is(value, field) ~= want then wrong[#wrong + 1] = value end
  end
  return table.concat(wrong, "\n")
end

describe("nothing.is", function()
  it("D19, T60, T61: is true for a value that says only that nothing was said, in whatever words", function()
    assert.equal("", found({
    "Not provided in this message", "no items mentioned", "none specified by the customer", "unknown (not mentioned)",
    "N/A - not provided", "Not found", "pending", "not yet asked", "-1", "?", "to be determined", "customer did not say",
    "not applicable yet", "waiting for customer", "no address given", "(empty)", "non précisé", "pas encore demandé", "inconnu",
    "le client n'a pas précisé", "aucune information", "aucune adresse fournie", "adresse non fournie", "à déterminer", "à confirmer",
    "en attente de réponse", "rien de mentionné", "non spécifié par le client", "no especificado", "sin información", "não informado",
    "Unknown", "UNKNOWN.", "not specified", "not_specified", "not-provided", "Not mentioned by customer", "None mentioned", "none given",
    "nothing mentioned yet", "No information", "no info provided", "information not available", "not available yet",
    "elevator not mentioned", "no elevator mentioned", "elevator: unknown", "Address: not provided", "Customer hasn't said",
    "customer has not specified the address in this message", "this message does not contain an address",
    "The customer did not provide this information", "not stated in the conversation", "N/A (not specified)", "n.a. - unknown",
    "None (not mentioned)", "none yet", "no answer yet", "not yet", "Not known", "unclear", "unclear if there is an elevator",
    "undefined", "null", "TBD", "tbd by customer", "to be confirmed", "needs to be confirmed", "still needed", "still unknown",
    "awaiting response", "will provide later", "customer will provide", "cannot be determined", "couldn't determine",
    "unable to determine from the message", "not disclosed", "no response from customer", "Unspecified", "missing", "left blank",
    "[empty]", "<unknown>", "not in this message", "not part of the conversation", "No mention of an elevator", "no mention",
    "needs clarification", "information needed", "ask customer", "need to ask", "question pending", "None provided; not mentioned.",
    "no details given so far", "nothing so far", "we do not have this information yet", '"unknown"', "N/A, not yet provided",
    "not available in the message", "unk", "no data", "in progress", "not asked", "not been asked yet",
    "Not specified yet", "N/A (customer hasn't mentioned)", "unknown - need to ask", "Need more info", "Awaiting customer response", "TBD - ask customer", "no info",
    "not disclosed yet", "none stated", "hasn't been provided", "customer has not provided yet", "Information not provided", "Not asked yet", "no data available",
    "not determined", "undisclosed", "not given by user", "not collected", "not yet collected", "no value", "not indicated", "not applicable (not mentioned)",
    "unspecified by customer", "none (not provided)", "none - not mentioned", "Unknown; customer did not say", "not clear from the message",
    "can't be determined from conversation", "—", "...", "not answered yet", "no reply yet", "user did not specify", "User has not mentioned any items",
    "items not listed yet", "No address has been given", "address pending", "address to follow", "to follow", "will be provided later", "customer to confirm",
    "to be confirmed by customer", "to be advised", "not yet confirmed", "not shared", "not shared yet", "no details shared", "nothing specified",
    "no inventory provided", "no inventory yet", "[unknown]", "{unknown}", "<not provided>", "(none provided)", "*not provided*", '"not provided"', "not-specified",
    "NotProvided", "not_mentioned", "NONE_PROVIDED", "UNKNOWN_ADDRESS", "None given yet", "no specific items mentioned", "no specific address provided",
    "not explicitly mentioned", "Customer hasn't specified stairs", "stairs not discussed", "elevator access unknown", "no info on stairs",
    "no information about elevator", "no mention of stairs yet", "missing info", "incomplete", "insufficient information", "not enough information", "more info needed",
    "more details needed", "further details required", "details pending", "awaiting details", "awaiting inventory list", "question not answered", "did not answer",
    "customer didn't answer the question", "skipped by customer", "customer not asked", "to ask later", "ask next", "current message has no address", "-", "--",
    "not obtained", "not received", "Customer hasn’t said", "Not Provided (customer only said hello)", "greeting only, no address", "not supplied by the sender",
    "has yet to be provided", "yet to be determined", "yet to be confirmed", "remains unknown", "currently unknown", "unknown at this time", "unknown at the moment",
    "not known at this stage", "still to be asked", "the customer did not mention it", "not mentioned in chat", "not mentioned anywhere", "never mentioned",
    "no mention made", "address not yet shared by the customer", "exact address not provided", "full address not given", "street address missing",
    "customer gave no address", "pas mentionné", "pas précisé", "aucun article mentionné", "adresse inconnue", "non communiquée", "pas d'adresse", "à demander",
    "en attente du client", "information non fournie", "pas encore fourni", "dirección no proporcionada", "no mencionado", "por confirmar", "pendiente",
    "não mencionado", "endereço não informado",
    }, true))
  end)

  it("T62: is false for an answer, also for \"no\", \"none\" and \"n/a\" alone", function()
    assert.equal("", found({
    "no", "none", "n/a", "N/A", "None.", "no stairs", "not sure", "no elevator mentioned on the listing but there is one",
    "customer is not sure", "not applicable", "no elevator", "no access", "no stairs at all", "no stairs, customer confirmed",
    "no elevator, as stated", "no (customer said)", "none, customer said so", "unknown brand of couch", "5", "0", "yes",
    "no elevator available", "elevator not available", "no elevator present", "elevator unavailable", "customer does not know",
    "customer doesn't remember", "doesn't know, new building", "not on the ground floor", "no items in the basement, 2 couches upstairs",
    "a set of stairs", "2 flights, elevator not mentioned", "12 Elm St (unit not given)", "address not given exactly, near Bay and King",
    "box of unknown things, 3 chairs", "pas d'ascenseur", "non", "aucun", "le client ne sait pas", "no need", "not needed",
    "not required", "customer said no stairs", "customer has said no stairs", "customer mentioned 3 boxes", "there is no elevator",
    "nothing", "oui", "empty boxes", "missing handrail, 2 flights", "waiting room furniture", "later model fridge", "blank canvas frames",
    "the customer refused to say", "prefers not to say", "text books", "message board", "no longer has stairs", "-2 couches", "1",
    "not many", "no elevator yet but soon", "yes, number of steps unknown to me", "stairs", "elevator",
    "no stairs, elevator not mentioned", "sin escaleras",
    "none of the above", "no steps", "not applicable, it's a house", "n/a - ground floor", "n/a (bungalow)", "none, ground level", "no need for elevator",
    "not required, ground floor", "unknown number of boxes in the garage", "unknown age fridge", "no elevator, stairs only", "not many stairs", "no stairs inside",
    "elevator not working", "elevator not needed", "no parking", "not accessible", "no access from street", "customer unsure", "not sure, customer will check",
    "customer thinks there is one", "customer said there is no elevator", "customer says no", "customer says no stairs", "they said no", "no (confirmed by customer)",
    "no, as mentioned", "yes (not sure how many)", "address is 5 Oak, unit not given", "Main St (number not provided)", "Toronto (exact address not provided)",
    "downtown Toronto, street not given", "couch (size not specified)", "1 couch; other items not mentioned", "stairs yes, count not specified",
    "2nd floor, elevator unknown", "a few things, not specified which", "various items", "none that I know of", "no clue", "doesn't matter", "pas d'escalier",
    "pas d'ascenseur mentionné sur l'annonce mais il y en a un", "pas sûr", "le client n'est pas sûr", "sem elevador", "no hay ascensor", "n/a for a house", "ground",
    "garage", "same as before", "see photos", "in the photos",
    }, false))
  end)

  it("D19: takes \"not available\" and \"unsure\" for an answer about an elevator, and for none about an address", function()
    local words = { "not available", "unavailable", "none available", "unsure" }
    for _, field in ipairs { "address", "pickup_location", "inventory" } do assert.equal("", found(words, true, field)) end
    for _, field in ipairs { "elevator_access", "stairs" } do assert.equal("", found(words, false, field)) end
  end)

  it("D19: knows the words of the field's own name", function()
    local field = "parking_gate_code"
    assert.equal("", found({ "no parking mentioned", "parking: not specified", "no gate code given" }, true, field))
    assert.equal("", found({ "no parking", "parking", "gate code" }, false, field))
  end)
end)
