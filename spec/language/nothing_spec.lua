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
    }, false))
  end)

  it("D19: takes \"not available\" for an answer about an elevator, and for none about an address", function()
    local words = { "not available", "unavailable", "none available" }
    for _, field in ipairs { "address", "pickup_location", "inventory" } do assert.equal("", found(words, true, field)) end
    for _, field in ipairs { "elevator_access", "stairs" } do assert.equal("", found(words, false, field)) end
  end)

  it("D19: knows the words of the field's own name", function()
    local field = "parking_gate_code"
    assert.equal("", found({ "no parking mentioned", "parking: not specified", "no gate code given" }, true, field))
    assert.equal("", found({ "no parking", "parking", "gate code" }, false, field))
  end)
end)
