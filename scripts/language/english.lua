-- The English words that are recognised, as they are without a replies.yaml. prompts/replies.yaml shows them; language/phrases says how
-- a phrase is read.

return {
  name = "English",
  recognised_by = { "the", "is", "are", "there", "and", "yes", "hello", "hi", "hey", "with", "have", "i", "i'm", "i've", "my", "need",
    "thanks", "thank", "you", "your", "it", "it's", "this", "that", "what", "where", "when", "how", "can", "could", "would", "want",
    "please", "we", "our", "for", "not", "don't", "from", "good", "morning", "speak", "talk", "someone" },
  words = {
    polite = { "please|pls|plz", "thanks|thx|ty", "thank you|u (so|very) (much)", "hi|hello|hey", "ok|okay|k", "now", "sorry", "sir",
      "madam",
      "asap", "kindly", "right away", "immediately", "just", "guys", "already" },
    stop = { "stop", "stop all", "stopall", "unsubscribe (me)", "opt (me) out", "(i|we) want|would-like to unsubscribe|opt-out",
      "unsubscribe (me) from this|these|your|the|all (list|messages|texts)",
      "stop|quit texting|messaging|contacting|writing|bothering|spamming|calling (to) me|us|this-number (again|anymore)",
      "stop|quit sending (me|us) (any|more|these|your|the) messages|texts|msgs|spam (anymore|to-me)",
      "stop|no-more|stop-the|stop-these|stop-your|stop-all messages|texts|msgs|texting|messaging|spam",
      "remove|take me|us (off|from) (of) your|the|this|all list|lists|database", "remove me",
      "remove|delete|take my (phone) number (from|off) (your|the|this) (list|database)", "delete me from your|the|this list|database",
      "don't|dont|do-not|never (ever) text|message|contact|write (to) me|us (again|anymore|any-more)",
      "(i) don't|dont|do-not want (any|more|these|your|any-more|to-get|to-receive|to-get-any) messages|texts (anymore|from-you)",
      "leave me|us alone" },
    start = { "start", "(please) unstop", "subscribe (me) (again)", "resubscribe", "opt in" },
    person = { "human", "agent", "person", "representative|rep", "someone|somebody|some1|sum1", "operator", "manager|supervisor",
      "customer service|support|care", "human|live|real (human) being|person|agent" },
    yes = { "yes|yep|yeah|yea|yup|ya|yas|y", "sure", "of course", "correct|right", "there is", "there are", "it does", "we do", "i do",
      "affirmative", "definitely|absolutely" },
    no = { "no|nope|nah|none|n", "no there is|are not|none", "there isn't|aren't (any|one)", "not really", "not at all", "never" },
    not_sure = { "(i'm|im|i) (am) not (really) sure", "(i) don't|dont|do-not (really) know", "idk", "no idea", "no clue", "unsure", "dunno",
      "(i'm|im|i) (am) not certain", "(i) can't|cant say", "maybe" },
  },
}
