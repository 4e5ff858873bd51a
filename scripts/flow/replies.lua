-- The fixed texts of the assistant, with their defaults. An owner changes a text under its key in prompts/replies.yaml. "{label}" is
-- the field that is asked for, in small letters; "{time}" is when a visit is, "{old}" when a moved one was. Keys that end in _fr are
-- the French texts.
local language = require "language.french"

local M = {}

-- First the texts that need no model, then the fixed questions, in the order in which they occur in a conversation.
M.defaults = {
  { "first_contact", "" }, { "after_hours", "" },
  { "unsupported", "Sorry, I can only handle text messages right now." },
  { "paused", "Our team is handling your request directly. We'll be in touch shortly." },
  { "booking", "You can pick a time for an on-site assessment here:" },
  { "human", "Of course. I've asked a member of our team to join this chat. They'll write to you here." },
  { "opted_out", "You're unsubscribed and won't get messages from us any more. Send START to hear from us again." },
  { "opted_in", "Welcome back! How can we help you?" },
  { "outside_area", "Sorry, that is outside the area we serve. I've passed your message on to our team." },
  { "staff_late", "Our team will see your message as soon as possible." },
  { "booked", "You're booked for an on-site assessment: {time}. See you then!" },
  { "moved", "Your on-site assessment has been moved to {time}." },
  { "cancelled", "Your on-site assessment of {time} is cancelled. Write to us here if you'd like another time." },
  { "another_time", "Our team asks for another time for your on-site assessment of {time}. Write to us here and we'll find one." },
  { "requested", "We've received your request for an on-site assessment: {time}. We'll confirm it here." },
  { "rejected", "Sorry, {time} doesn't work for our team. Write to us here and we'll find another time." },
  { "booking_reminder", "A reminder: your on-site assessment is on {time}. Write to us here if anything has changed." },
  { "nudge", "This is {business}. We still have a question for you: {question} Reply STOP to end." },
  { "first_contact_fr", "" }, { "after_hours_fr", "" },
  { "unsupported_fr", "Désolé, je ne peux lire que les messages texte pour le moment." },
  { "paused_fr", "Notre équipe s'occupe directement de votre demande. Nous vous écrirons sous peu." },
  { "booking_fr", "Choisissez ici le moment d'une évaluation sur place:" },
  { "human_fr", "Bien sûr. J'ai demandé à quelqu'un de notre équipe de se joindre à la conversation." },
  { "opted_out_fr", "Vous êtes désabonné et ne recevrez plus nos messages. Envoyez START pour reprendre." },
  { "opted_in_fr", "Bon retour! Comment pouvons-nous vous aider?" },
  { "outside_area_fr", "Désolé, c'est en dehors de la zone que nous desservons. J'ai transmis votre message à notre équipe." },
  { "staff_late_fr", "Notre équipe verra votre message dès que possible." },
  { "booked_fr", "Votre évaluation sur place est réservée: {time}. À bientôt!" },
  { "moved_fr", "Votre évaluation sur place a été déplacée: {time}." },
  { "cancelled_fr", "Votre évaluation sur place du {time} est annulée. Écrivez-nous ici pour choisir un autre moment." },
  { "another_time_fr",
    "Notre équipe demande un autre moment pour votre évaluation sur place du {time}. Écrivez-nous ici et nous le trouverons." },
  { "requested_fr", "Nous avons bien reçu votre demande d'évaluation sur place: {time}. Nous la confirmerons ici." },
  { "rejected_fr", "Désolé, notre équipe n'est pas disponible: {time}. Écrivez-nous ici et nous trouverons un autre moment." },
  { "booking_reminder_fr", "Un rappel: votre évaluation sur place est prévue le {time}. Écrivez-nous ici si quelque chose a changé." },
  { "nudge_fr", "Ici {business}. Nous avons encore une question pour vous: {question} Répondez STOP pour ne plus recevoir de messages." },
  { "greeting", "Hi! Thanks for reaching out to us." },
  { "ask_address", "What's the pickup address?" },
  { "confirm_address", "Is it again at {address}?" },
  { "ask_elevator_access", "Is there an elevator we can use?" },
  { "ask_stairs", "Are there any stairs involved?" },
  { "ask_inventory", "What items would you like removed?" },
  { "ask_other", "Could you tell me the {label}?" },
  { "again_address", "Which address should we come to? A street and number or a postal code is enough." },
  { "again_elevator_access", "Does the building have an elevator? A yes or no is enough." },
  { "again_stairs", "How many flights of stairs are there, if any?" },
  { "again_inventory", "What should we take away? For example: a couch and 3 bags." },
  { "left_open", "No problem, we can sort that out later." },
  { "thanks", "Thanks!" },
  { "thanks_again", "Got it." },
  { "unclear", "Sorry, I didn't quite get that." },
  { "question", "I've passed your question to our team." },
  { "question_again", "Our team has this question too, and will answer it here." },
  { "wait", "Let me check on that, one moment." },
  { "wait_again", "Thanks for your patience, our team will look at this with you." },
  { "complete", "Thank you, that's everything we need! Our team will review the details and get back to you with a quote." },
  { "noted", "Thanks, I've added that for our team." },
  { "noted_again", "Got it, our team will see that too." },
  { "waiting", "Our team has your message and will be with you as soon as possible." },
  { "stuck", "I'd like someone from our team to help you with this. They'll write to you here." },
  { "stuck_again", "Someone from our team will write to you here as soon as they can." },
  { "visit", "Your on-site assessment is on {time}. See you then!" },
  { "greeting_fr", "Bonjour! Merci de nous écrire." },
  { "ask_address_fr", "Quelle est l'adresse du ramassage?" },
  { "confirm_address_fr", "Est-ce encore à cette adresse: {address}?" },
  { "ask_elevator_access_fr", "Y a-t-il un ascenseur que nous pouvons utiliser?" },
  { "ask_stairs_fr", "Y a-t-il des escaliers?" },
  { "ask_inventory_fr", "Quels articles devons-nous ramasser?" },
  { "ask_other_fr", "Pouvez-vous nous donner ceci: {label}?" },
  { "again_address_fr", "À quelle adresse devons-nous venir? Un numéro et une rue ou un code postal suffisent." },
  { "again_elevator_access_fr", "L'immeuble a-t-il un ascenseur? Un oui ou un non suffit." },
  { "again_stairs_fr", "Combien d'étages d'escaliers y a-t-il, s'il y en a?" },
  { "again_inventory_fr", "Que devons-nous emporter? Par exemple: un divan et 3 sacs." },
  { "left_open_fr", "Pas de problème, nous verrons cela plus tard." },
  { "thanks_fr", "Merci!" },
  { "thanks_again_fr", "C'est noté." },
  { "unclear_fr", "Désolé, je n'ai pas bien compris." },
  { "question_fr", "J'ai transmis votre question à notre équipe." },
  { "question_again_fr", "Notre équipe a aussi cette question et y répondra ici." },
  { "wait_fr", "Je vérifie, un instant." },
  { "wait_again_fr", "Merci de votre patience, notre équipe va regarder cela avec vous." },
  { "complete_fr", "Merci, nous avons tout ce qu'il faut! Notre équipe va examiner les détails et vous revenir avec une soumission." },
  { "noted_fr", "Merci, je l'ai ajouté pour notre équipe." },
  { "noted_again_fr", "C'est noté, notre équipe le verra aussi." },
  { "waiting_fr", "Notre équipe a votre message et vous répondra dès que possible." },
  { "stuck_fr", "Quelqu'un de notre équipe va vous aider. Nous vous écrirons ici." },
  { "stuck_again_fr", "Quelqu'un de notre équipe vous écrira ici dès que possible." },
  { "visit_fr", "Votre évaluation sur place est prévue le {time}. À bientôt!" },
}

-- The text of a key: the owner's or the default, in French when there is one. nil when no such key exists.
---@param replies table<string, string>
---@param key string
---@param french? boolean
function M.get(replies, key, french)
  local names = french and { key .. "_fr", key } or { key }
  for _, name in ipairs(names) do
    local own = replies and replies[name]
    if type(own) == "string" and own ~= "" then
      return own
    end
    for _, entry in ipairs(M.defaults) do
      if entry[1] == name and entry[2] ~= "" then
        return entry[2]
      elseif entry[1] == name and name == key then
        return ""
      end
    end
  end
  return nil
end

-- Does this customer get the fixed texts in French? texts: what they wrote; known: "fr" when their earlier words were French.
---@param owner {replies: table, business: table} the owner's files
---@param texts string[]
---@param known? string
---@return boolean
function M.french(owner, texts, known)
  return language.french(owner.business.languages, texts, nil, known)
end

-- A fixed text in the customer's language.
---@param owner {replies: table, business: table}
---@param key string
---@param texts string[]
---@param known? string
---@return string
function M.say(owner, key, texts, known)
  return M.get(owner.replies, key, M.french(owner, texts, known))
end

return M
