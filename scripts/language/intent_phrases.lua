-- The built-in phrases by which language/intents recognises what a customer wants. How a phrase is written: docs/OWNERS.md. Between two
-- phrases of a list stands a semicolon.

local words = require "host.words"

local M = {}

local function lists(source)
  local all = {}
  local _, last, name = source:find("^([%l_]+):")
  while name do
    local first, next_last, next_name = source:find("\n([%l_]+):", last)
    all[name], last, name = words.pieces(source:sub(last + 1, first), ";\n"), next_last, next_name
  end
  return all
end

M.en = lists [[
visit: visit; appointment; booking; assessment; pickup; slot; reservation; job; removal; service; collection; haul; order; request;
  quote; estimate; team; crew
time: today; tonight; tomorrow; monday; tuesday; wednesday; thursday; friday; saturday; sunday; mon; tue; tues; wed; thu; thur; thurs;
  fri; sat; sun; weekend; week; month; morning; afternoon; evening; noon; later; earlier; sooner; next; another; different; january;
  february; march; april; june; july; august; september; october; november; december
ours: guys; guy; boys; team; crew; driver; drivers; movers; workers; worker; employee; employees; staff; truck; technician; company;
  haulers; helper; helpers
broke: damaged; broke; broken; scratched; dented; cracked; ruined; destroyed; smashed; chipped; hit; wrecked; scraped; scuffed; stole;
  blocked; blocking;  trashed; crushed; knocked; punctured; damage
others: other; tenant; tenants; owner; owners; kids; dog; previous; landlord; son; husband; wife; storm; flood; contractor;
  contractors
property: wall; walls; floor; floors; flooring; hardwood; door; doors; doorframe; doorway; gate; fence; driveway; window; windows; car;
  lawn; grass; property; house; home; stairs; staircase; railing; ceiling; garage; porch; deck; banister; hallway; elevator; lobby;
  garden; landscaping; interlock; sprinkler; mailbox; countertop; tile; tiles; paint; drywall; light; vehicle; place; condo
cancel_visit: cancel.; = cancel that; cancel my|our {time}; cancel it|this|everything|all|now|today|because|cause|cuz|since|due|asap|us;
  cancel me.; cancel for|on … {time}; cancel {time}; cancel … {visit}; canceling|cancelling.; canceling|cancelling … {visit};
  want|need … {visit} cancelled|canceled; {visit} … be cancelled|canceled; call it off; call off … {visit};
  dont|not|never come anymore|today|tomorrow; dont|not come.; no need to come; dont need you to come; dont have to come;
  dont send anyone|anybody|truck|crew|guys|team|driver|someone; scrap|drop … {visit}|booking; take me off … schedule|calendar|list
cancel_visit_not: if … cancel; happens … cancel; when … can|do … cancel; late can … cancel;
  fee|fees|charge|penalty|policy|cost … cancel; cancel … fee|fees|policy|penalty|charge|charges; cancel anytime|later; always cancel;
  free to cancel; didnt|dont|not|never|wont|wouldnt (you|ever) cancel; no need to cancel;
  did|have|has you|anyone|they … cancel|cancelled|canceled; didnt|dont|not|never|wont|wouldnt … to|will|would|should|ill cancel;
  they|company|he|she … cancel|cancelled|canceled;
  or cancel; cancel … {thing} only; only cancel … {thing}; easy to cancel
cancel_visit_booked: = no longer needed; no need.; = not needed anymore; = no need anymore; got rid of it|everything|them … already
change_visit: reschedule|rescheduling|postpone|rebook; move it|this|that|us|me to … {time};
  move it|this|that up|back|earlier|later|forward; move to {time}; move … {visit}; push it|this … {time}|back; push to … {time};
  push … {visit}; push back.; change … {visit}; change my|our|date|time|day|it|this to … {time}; change date|time|day;
  change my|our date|time|day; switch … to {time}; switch my|our {visit}; switch day|days|time|times|date; delay … {visit}; delay it;
  cant|couldnt make it; cant|couldnt make tomorrow|today|{time}; not make it; wont make it; not be able to make; wont be able to make;
  unable to make; wont be able to do {time}; something|somethings came up; something has come up; something come up;
  wont be home|there|around … {time}; not going to be home|there|around; cant do {time} anymore;
  {time} doesnt|wont|dont work … anymore; {time} no longer works; running late … {visit}; do|make it {time} instead;
  not available|free … {time} anymore; come … {time} instead
change_visit_not: address … wrong; wrong address; address is|its|should; if … reschedule|postpone|change; reschedule fee|later|policy;
  change … address|items|item|list|inventory|number|phone|name|email|mind|order; they|company … rescheduled|cancelled;
  move … {thing}; change … {thing}; move it to … street|st|ave|avenue|road|rd|unit|apt; dont|not need to reschedule;
  no need to reschedule|move|change|postpone; nothing came up; moving company; change … lightbulb; not want to reschedule;
  didnt reschedule; you cant make it;
  make it up|down|through|fit|past|into|out; {thing} … make it
change_visit_booked: wrong day|date|time;
  pick|choose|book|need|want|get|find|do|have … another|different|new|better|other time|date|day|slot;
  earlier|later time|slot|date|appointment; come … earlier|later|sooner instead; not {time}.; cant do … {time}; plans … changed;
  another|different|new|better|other time|date|day; {time} instead; earlier|later|sooner.; come earlier|later|sooner;
  {time} doesnt|wont|dont work; cant do {time}; not free|available|home {time}; = not home {time};
  can|could we do|make … {time}; can|could you do {time}
call_me: call|ring|phone|telephone me.; call|phone us.; = call; call anytime|asap|now|tonight;
  call me|us back|at|on|now|before|after|to|about|regarding|soon|instead|around|in|between|this|anytime|first|directly|and|or|with|for;
  call me|us from|once|as|asap|if|when|whenever|right|maybe|immediately|again|quick|tho|though|up|{time}; ring me|us; ring me at;
  gimme … call|ring|shout|callback; give me|us … call|ring|buzz|callback|shout|phone; give … call|ring to|at|on; phone me|us;
  telephone me;
  call|ring|phone my|this cell|number|mobile|phone|wife|husband|son|daughter|mom|mother|dad|father|office|work|line; call back.;
  call me back; callback; get|want|need|request|like|have|expecting|arrange|schedule|book … call from|back;
  want|need|request|like|arrange|schedule|prefer … phone|telephone call; prefer … call|phone|talk; talk|speak|chat on|over|by phone;
  hop|jump|get on … call; have someone|somebody|anyone|them call; can we talk|speak … phone; want|like to talk|speak … phone;
  quick call.; reach me by phone; i need … call.; want … call.; waiting for … call; expecting … call; phone call.; by phone.;
  over phone.
call_me_not: if you need|have|want; dont|never|not|stop|no|without|wont … call|calling|ring|phone;
  call|ring|phone|text … when|once|before|if … arrive|arriving|here|there|outside|come|coming|close|way|driver|leave|reach|minutes;
  call|ring|phone … minutes|hour|mins … before|ahead|prior; they|people|friends|everyone|who|some|folks … call me;
  call me crazy|old|names|mr|mrs|ms|dr; ill|i|we|will call; call box;
  call|ring … doorbell|bell|buzzer|unit|intercom|superintendent|concierge|security; i … called; missed … call from|at|on;
  call|called it;
  phone|call number … is; {thing} … call; who called|calling; did … call me; why … call; call center; want to call it; on call
complaint: you|they|he|she|{ours} {broke} my|our; you|they|he|she|{ours} … {broke} my|our … {property}; {ours} {broke} {property};
  someone|somebody {broke} my|our {property};
  you {broke} {property}; you|they|{ours} have|has|had {broke} … {property};
  {ours} … caused|did|made|left … damage|damages|hole|holes|scratch|scratches|dent|dents|mess;
  you … caused|made|left … damage|damages|hole|holes|scratch|scratches|dent|dents|mess; {broke} by you|your|{ours};
  my|our … got|was|were|is|been|has|have {broke} … by|during|after|when|while|since;
  my|our {property} … {broke} … by|during|after|when|while|since; damage to my|our … {property}; damage … to my|our {property};
  damage from your|you; damage you|your; {property} … damaged|broken|scratched|dented|cracked … because of you|your;
  {broke} something; you left … behind; crew left … behind; left … mess;
  you|crew|team|guys|driver|they|workers left garbage|trash|junk|debris|nails|glass … in|on|my|our|at|all;
  hole|scratch|dent … my|our {property} … from|after|since; your guys|crew|driver|team|truck … leaked|spilled|dropped;
  nobody|never showed|shows|came|arrived|turned; nobody ever showed|came; nobody has showed|shown|come|arrived; nobody showed|show up;
  nobody is here|there; no one showed|came|shows|arrived|turned|ever|has|is here; didnt|not|never show up;
  you|they|he|crew|driver|guys|team|truck|who … never|didnt|not showed|show|came|come|arrived|arrive;
  still waiting for|on you|your|someone|somebody|anyone|quote|call|callback|reply|answer|response|guys|crew|driver|team|refund|truck;
  you|your|youre|this useless; still waiting.; waiting since;
  still havent|hasnt|havnt|not|no … called|heard|replied|answered|responded|come|received;
  havent|hasnt|havnt|never heard back|anything;
  nobody|they|you never|has called|replied|answered|responded;
  nobody|they|you never|didnt … call|called|reply|replied|responded … back|yet|me|us;
  been waiting … hours|hour|days|weeks|day|week|all; waiting all day|morning|afternoon;
  where are … you|your|guys|they … supposed; where is|are … driver|crew|truck|team|guys; no show; noshow;
  youre|you|they|theyre|driver|crew|guys|truck|hes … late.; youre|they|theyre|driver|crew … late again; supposed to be here;
  supposed to come … hour|hours|yesterday|ago; unacceptable; this is joke; still nobody; refund; money back;
  complaint|complain|complaining; this|that|thats is ridiculous; thats ridiculous; this ridiculous;
  terrible|horrible|awful|worst|disgusting|pathetic|lousy … service|experience|company|job|customer|crew|work;
  service|experience|company … is|was horrible|terrible|awful|bad|poor|worst|disgusting; am|im angry|upset|livid|mad|frustrated;
  we are angry|upset|frustrated; bad|negative review; one star; 1 star; compensation|compensate|reimburse|reimbursed|reimbursement;
  hole|holes|scratch|scratches|dent|dents|mark|marks … from|by you|your;
  hole|holes|scratch|scratches|dent|dents … because of you|your; because of your guys|crew|driver|team|truck;
  you people|folks|all {broke}; who pays; who … paying … damage; bad|poor service|experience|job|customer; rude to;
  was|were|is|so|being|being|driver rude; unprofessional; ripped me|us off; ripped off; rip off;
  you|youre|are|bunch of|scammed scammers|scam; you scammed; scammed me; this is scam; sue you; small claims; report you;
  better business bureau; see you in court; overcharged|overcharge; charged me|us twice|extra|more|too|wrong; double charged;
  charged twice; not|isnt|arent|wasnt|werent|am happy with … you|your|service|work|job|way|result|how|crew|team; not happy.; unhappy;
  very unhappy; disappointed; dissatisfied; not satisfied; unsatisfied; furious; pissed; fed up; you|they|crew|guys … forgot;
  you|they|guys|crew didnt take|pick|finish|clean|remove|do; job … half|not done|finished; pay for … damage|damages; file … claim;
  damage claim; wasnt|not what i paid|was promised; you lied; they lied; waste of … time
complaint_not: not … complaint|complaints; no complaint|complaints; heard … landlord|super|management|tenant|condo|wife|husband;
  last guys|crew|company|movers|team|people|one|ones … left|broke|damaged|ruined|broken|destroyed|scratched;
  no|without|any|not|never|avoid|careful|dont|isnt damage|damages|damaging;
  no|without … complaint|complaints;
  refund policy; refunds policy; do|can|if … get|give|offer|do … refund|refunds; refundable; if … {broke};
  will|would|could|do|can|did|might you … damage|scratch|break|hurt; would … damage;
  worried|concerned|afraid|scared … damage|damaged|scratch; {broke} {thing}; {broke} … {thing} … remove|removed|pickup|gone;
  someone left … behind; {others} … left|broke|damaged|ruined|broken|destroyed; not happy with … {thing}; is this … scam;
  movers|they … broke|broken|damaged … {thing}; complaint department; any refund; insured … damage; insurance … damage; what if;
  happens if; in case; not complaining; nobody … home; already … broken; bad … quality; junk … left behind; disappointed … if;
  you … be disappointed; left behind … tenant|tenants|owner|owners; nobody showed me; never came with; hit … with;
  where is|are … located|based|from|going; are you late; open late; how late; was … water damaged
not_interested: not interested; another|other|different company|guy|service|someone is|are doing|coming|taking|handling;
  = nah im|were good|ok; = i|im|we|were keeping it|them|everything; no longer interested|looking|needed|required;
  no longer need … service|services|{visit}|you|your|help; no longer require;
  dont|wont need … you|your|service|services|pickup|help|removal|quote|visit … anymore|now;
  dont need your|you … service|services|help; not needed anymore; found someone|somebody|other|another|different|cheaper;
  found … else; went with someone|somebody|another|other|different|your; going|gone with someone|somebody|another|other|different;
  i|we went with 1800|junk|got|college|them|cheaper|local; = (i|we|ive) already sold|gave it|them|everything (away);
  = (i|we|ive) sold|gave it|them|everything (away) already;
  = (i|we|ive) got rid of it|them|everything (already);
  = too expensive|pricey no thanks|pass; = too expensive|pricey; got|have it sorted; hired someone|somebody|another|other;
  chose|picked|choosing|using|used|booked someone|somebody|another|other|different … else|company|service|guys|one|people;
  decided not to; decided against; decided to go with|another|different; decided to keep everything|them|it;
  going … different|another direction; got rid of it|everything|them|that|all already|myself|ourselves;
  already got rid of it|everything|them; someone|somebody|friend|neighbor|neighbour|brother|buddy already took|taking it|everything|them;
  someone|friend|neighbor|neighbour took it|everything; got it taken care of; already taken care of; been taken care of;
  its taken care of; changed my|our mind about this|it|service|whole|pickup|removal|everything;
  wont be needing … you|your|service|pickup|help|it|this; not going ahead; not going to go ahead; not moving|going forward;
  not proceeding; dont want … service|pickup|removal|quote … anymore; dont want your; not want your … service;
  went|going another|different route|way; sorted it; took care of it already|ourselves|myself;
  brother|sister|son|friend|cousin|uncle|dad|husband|neighbor|neighbour took it|everything; go|going elsewhere; gone elsewhere;
  look|looking elsewhere; doing it ourselves|myself; do it myself|ourselves; = never mind; = thanks but no thanks; = nevermind;
  = nevermind then|thanks; = never mind then; = forget it; = forget about it; = forget that; = changed my|our mind;
  = i|ive|we|weve changed my|our mind; = no thanks; = no thank you; = nope thanks; = no thanks im|were good; = no im|were good;
  = im|were all set; = all set; = already gone|taken; = already hauled|picked|taken away|up; = im|were good now; = all good now;
  = all set thanks; = im|were good; = im|were good thanks; = ill|well pass; = pass; = going to pass; = im|were going to pass;
  = dont bother; = i|we dont need it|this|that anymore; = dont need it|this|that anymore; = dont need it;
  = i|we dont want it|this anymore; = not needed; = no longer needed; = no longer need it|this; = i|we no longer need it|this;
  = not right now thanks; = maybe another time; = no need; = no need anymore|thanks; = it sold; = sold it; = i|we sold it; = its sold;
  = its gone already; = its already gone; = on second thought
not_interested_not: not interested in … booking|visit|assessment|appointment|{thing}|buying|selling|donating|keeping|donation|money|value;
  not interested in them; if … not interested; not interested … {thing}; found … {thing};
  found another|other|different … {thing}|one|items; changed my|our mind … {thing}|also|can|take; not interested … just|only|but;
  are you not interested; no longer … {thing}; found someone to help … carry|move|load;
  decided not to … keep|move|bring|sell|take|throw|donate|include|get|remove|part|give; decided not to … {thing};
  dont need … {thing}; found someone … else to help|let; decided to keep … {thing}; went with me
wrong_number: wrong number|person|num|recipient|guy|chat|contact|phone|text; wrong no.; = not my number; message … not for me;
  wasnt for me; messaged|texted|contacted|messaging|texting|text wrong; meant for someone|somebody|another|other; not meant for you;
  wasnt meant for you; sent … to you by mistake; sent … by mistake; messaged … by mistake; texted … by mistake;
  didnt|dont|never contact|contacted|text|texted|message|messaged|request|requested … you|this|anything|junk|quote;
  didnt|dont|never sign|signed|ask|asked|order|ordered … you|this|anything|junk|up|quote; never heard of you; not who you;
  not person you; meant to text|message someone|somebody|my; who gave you … number; how did you get … number; dont know who you are;
  dont know who this is; dont know you.
wrong_number_not: wrong number … its|is|should|correct|right|new|other|another|use|try|call|street|house|apt|unit|i|my|meant|be|of;
  gave|give|wrote|typed|put|sent|entered|have|had you wrong; gave|wrote|typed|put|entered … wrong;
  house|unit|street|apartment|apt|building|postal|street number; wrong number of; number … wrong number; wrong number on|for;
  didnt ask|order|request … {thing}; wrong phone number; number is wrong; wrong chat|contact … should; didnt ask you … yet;
  called wrong; you … call wrong number; i never asked you about
bot: is real person|human;
  are you … bot|robot|chatbot|ai|automated|automatic|computer|machine|human|chatgpt|gpt|real|person|program|virtual|bots|alive|live;
  is this … bot|robot|chatbot|ai|automated|automatic|computer|machine|human|chatgpt|gpt|auto|real|program; is this … person;
  am i … talking|speaking|chatting|texting|messaging … bot|robot|chatbot|ai|computer|machine|human|person|chatgpt|automated|someone|real;
  bot or human|person|real|not; bot or … person|human; human or … bot|robot|machine|ai|computer;
  person or … bot|robot|machine|ai|computer|machine; real or … bot; robot or … human|person;
  you|youre|your … bot|robot|chatbot|chatgpt|ai.; this is … bot|robot|chatbot|chatgpt; bot right; this … bot right;
  sounds|sound|seems|seem like … bot|robot|ai; talking|speaking|chatting to|with … bot|robot|machine|computer|ai;
  is it … bot|robot|human; is there … real|actual|human person|human|someone; is there human;
  who am i … talking|speaking|chatting|texting; who is this; whos this; who are you; what are you.; who … on other end;
  anyone|anybody real … there; do you have … feelings; = bot; = who dis; = real person|human;
  do i talk|speak … human|bot|robot|person; = robot; = ai; = human or bot
bot_not: real estate|busy|quick|deal|company|business|address|number|cheap|expensive|close|quote|price|offer; robot vacuum;
  are you person who|that|in|from; are you … live in|near|at; person … coming; human resources; is this … {thing};
  computer … desk|chair|monitor|screen; bring … machine; take … machine; washing machine; who is this … for;
  machine|computer|robot … remove|take|pickup; what are you … taking|doing; who are you … sending
thanks: = thanks; = sorry; = im|so sorry; = oh; = its|thats ok; = thank you; = thank you much|again|all|guys; = thanks … help;
  = thank u; = thankyou; = many thanks; = thanks much; = thanks lot; = thanks again; = thanks bunch; = ok; = okay; = k; = great;
  = perfect; = awesome; = cool; = nice; = sounds good; = sounds great; = got it; = bye; = bye bye; = goodbye; = see you; = see ya;
  = see you then; = see you soon; = cheers; = appreciate it; = appreciated; = much appreciated; = i|we appreciate it; = you too;
  = have good|great|nice one|day|night|evening|weekend; = good night; = will do; = alright; = all right; = np; = no problem;
  = no worries; = take care; = god bless; = god bless you; = understood; = wonderful; = excellent; = amazing; = good;
  = thats great|good|fine|perfect|all; = ok bye; = fine; = yep; = yes thanks; = for; = for your|you help|time; = your|you help;
  = quick reply|response; = everything; = in advance; = sir; = man; = buddy; = ttyl; = lol; = haha; = ok ok; = you as well;
  = same to you; = all good; = talk soon; = talk later; = later; = sure; = i|im so grateful; = welcome; = youre welcome; = glad; = hear;
  = help; = and; = lots; = tons
]]

M.fr = lists [[
visit: visite; rendez; rdv; reservation; evaluation; ramassage; collecte; cueillette; service; commande; demande; soumission; equipe;
  deplacement
time: aujourdhui; demain; soir; matin; midi; lundi; mardi; mercredi; jeudi; vendredi; samedi; dimanche; semaine; prochain; prochaine;
  tard; tot; autre; mois; janvier; fevrier; mars; avril; mai; juin; juillet; aout; septembre; octobre; novembre; decembre
ours: gars; equipe; chauffeur; camionneur; livreur; livreurs; demenageurs; employe; employes; camion; hommes; travailleurs; ouvriers;
  compagnie
broke: endommage; brise; casse; abime; egratigne; fracasse; defonce; raye; accroche; detruit; bousille
property: mur; murs; plancher; planchers; porte; portes; portail; barriere; cloture; entree; fenetre; fenetres; auto; voiture; gazon;
  pelouse; terrain; maison; escalier; rampe; plafond; garage; balcon; cadre; ascenseur; tuile; tuiles
cancel_visit: annuler.; = annulation; annulation … {visit}; annuler pour|car|parce|puisque|sil; annuler … {visit}; annuler ca|cela|tout;
  annulez … {visit};
  annulez|annule tout|ca|cela; annulez.; ne venez pas; venez pas; ne venez plus; venez plus; besoin que vous veniez;
  plus besoin … {visit}; nai plus besoin … {visit}
cancel_visit_not: si … annuler; frais … annuler; annuler … frais; pas annuler; peux annuler plus tard; annuler … {thing};
  veux pas … annuler; quand … annuler
change_visit: reporter … {visit}|{time}; reporter.; deplacer … {visit}; deplacer a|au … {time}; remettre a|au … {time};
  remettre … {visit}; changer … {visit}|date|heure|jour; changer pour {time}; changer lheure; autre date|jour|moment|heure;
  repousser; peux pas etre la; pourrai pas etre; serai pas la|disponible|chez; ne serai pas; peux plus {time}; imprevu; devancer;
  ca ne marche plus; empechement
change_visit_not: changer … adresse|liste|numero|nom|{thing}; changer ladresse; deplacer … {thing}; si … changer; aucun imprevu
call_me: appelez moi; appelez nous; rappelez moi; rappelez nous; appelle moi; rappelle moi; telephonez moi; mappeler; me rappeler;
  mappelle … au; me telephoner; nous appeler; nous rappeler; me contacter par telephone; coup de fil; coup de telephone;
  donner un coup; par telephone; etre rappele|rappelee; parler au telephone; passez moi un coup; appel svp; appeler svp
call_me_not: je mappelle; mappelle.; pas … appeler|appelez|mappeler|rappelez; appelez … arriver|arrivez|arrivee; appelez … avant;
  jai appele; vous appeler; on mappelle
complaint: vous|avez|ont|{ours} … {broke} … mon|ma|mes|notre|nos; {ours} … {broke} … {property}; vous … {broke} … {property};
  {property} … {broke} … par; {broke} … {property}; personne nest venu; personne est venu; personne ne sest presente;
  personne sest presente; personne sest pointe; jamais venu|venus|arrive|arrives; pas venu|venus; nest pas venu; etes pas venus;
  inacceptable; remboursement; rembourser|remboursez; porter plainte; plainte; me plaindre; service horrible|terrible|affreux;
  mauvais service; pire service; tres decu|decue; je suis decu|decue; decu … service; impoli|impolis; arnaque|arnaqueurs;
  mecontent|mecontente; insatisfait|insatisfaite; en colere; toujours pas arrive|arrives; toujours en retard; dommages a … mon|ma;
  trop facture; surfacture; honteux; scandaleux
complaint_not: pas|aucun|sans dommage|dommages; sans … briser|abimer|endommager; si … {broke}; est une arnaque;
  politique … remboursement; {thing} … {broke}; {broke} … {thing}
not_interested: pas interesse|interessee; plus interesse|interessee; plus besoin de … vos|votre|service|services;
  trouve quelquun|autre|ailleurs|moins; trouve … autre|ailleurs; trouve une autre; pris quelquun dautre; engage quelquun;
  decide de ne pas; choisi une autre|ailleurs; change davis; laissez tomber; laisse tomber; = oubliez ca; = oubliez; = oublie ca;
  = non merci; = plus besoin; = je nen ai plus besoin; = nen ai plus besoin; = cest regle; = finalement non; = ca va merci; = pas grave
not_interested_not: pas interesse … {visit}|{thing}; change davis … {thing}|aussi|prenez; trouve … {thing};
  laissez tomber … {thing}
wrong_number: mauvais|faux numero; trompe de numero; trompee de numero; tromper de numero; mauvaise personne; trompe de personne;
  erreur de numero; pas bon numero; pas la bonne personne; ne vous ai pas contacte; ai pas contacte; jamais contacte; jamais ecrit
wrong_number_not: numero de porte|rue|maison|civique; donne … mauvais; numero … cest|cetait; mauvais numero … est|mon
bot: etes vous … robot|bot|humain|humaine|machine|ordinateur|personne|vrai|vraie|ia; es tu … robot|bot|humain|machine|ia;
  vous etes … robot|bot|machine|humain|ia; tes … robot|bot|humain; cest … robot|bot; est ce … robot|bot|humain;
  je parle … robot|bot|machine|humain|personne; parle a … robot|bot|machine|humain; a qui … parle|ecris; qui etes vous;
  robot ou … humain|personne; humain ou … robot; une vraie personne
bot_not: aspirateur; robot culinaire; personne qui|sera; cest … personne
thanks: = merci; = desole|desolee; = merci beaucoup; = mille merci; = merci bien; = merci a vous; = ok; = daccord; = parfait; = super;
  = genial; = excellent; = bye; = au revoir; = bonne journee|soiree|nuit|fin; = bonne fin de semaine|journee; = a bientot; = a plus;
  = salut; = cest bon; = cest parfait; = tres bien; = bien recu; = entendu; = cool; = compris; = pas de probleme; = vous aussi;
  = pour votre|vos|tout aide; = pour votre reponse; = de rien; = bien; = note
]]

return M
