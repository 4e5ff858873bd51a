-- The words of everyday talk. A name of a street, a town or a building is none of them, and a message of politeness is nothing else.
local text = require "language.text"

local M = {}

-- Greetings and politeness.
M.CHAT = text.set [[hi hello hey hiya yo good morning afternoon evening night day there bonjour salut bonsoir allo ok okay okey k kk thanks
  thank you thx ty tks merci cool great perfect awesome nice sure alright fine yes no ya yeah yep yup nope nah oui non please pls plz svp
  how are doing u ur help need assistance quote question info information a i im i'm for your my of the team lol haha hmm hm um uh umm oh
  ah test so much very guys sir madam dear hun hon honey sweetie bro dude mate buddy bud tysm amigo amiga quero quiero um uma una une
  orcamento cotizacion presupuesto soumission devis veux voudrais again welcome bye goodbye ciao cheers appreciate appreciated it got
  understood noted
  beaucoup bien vous a tous bonne journee soiree parfait super d'accord daccord hola gracias buenos dias obrigado]]

-- Words that are no name.
M.WORDS = text.set [[a an the this that these those my our your his her its it's their me you u ur we us i im i'm ive i've id i'd ill
  i'll he
  she it they them who who's what what's when where why how which whose is are was were am be been being isn't isnt aren't arent wasn't do
  does did don't dont doesn't doesnt didn't didnt done have has had having haven't got get gets getting go goes going gone went come comes
  coming came can can't cant cannot could couldn't will won't wont would wouldn't should may might must not no yes yeah yep yup nope nah ok
  okay k sure thanks thank thx ty please pls plz hi hello hey bye good morning afternoon evening night day days today tonight tomorrow tmrw
  2day 2nite 2moro tmr yesterday now later soon asap week weeks weekend month months year years monday tuesday wednesday thursday friday
  saturday sunday mon
  tue wed thu fri sat sun hour hours hr hrs minute minutes min mins sec secs second seconds moment time times pm am and or but if so cause
  because then than as at by for from in into of off on out over to up with without about after before since until till just only also too
  very really much many more most less few some any all each every other another again still already even maybe perhaps probably actually
  sorry wrong right correct number numbers call calling called text texting message msg email mail phone send sending sent pic pics picture
  pictures photo photos video know think guess need needs want wants wanna gonna like love hope mean meant say says said tell told ask
  asking asked see saw look looking looks find found help work working works worked job busy wait waiting hold let lets let's try trying
  use using take taking took make made give gave put keep thing things something anything nothing someone anyone somebody anybody people
  person guy guys man woman kids wife husband friend friends mom dad mother father brother sister landlord tenant boss mine yours house
  home place apartment condo building office price prices quote quotes cost costs cheap expensive free pay paid money cash card estimate
  book booking booked cancel change reschedule appointment visit visits stop info information question questions problem problems issue
  interested anymore mind never ever nice great cool awesome perfect fine lol haha hmm hm um uh oh here there near nearby close far down
  away back inside outside front first last next new old big small same different long short whole bit lot lots kind sort way ways worries
  matter deal idea clue order orders service services company business moving move moved remove removed removal pickup picked pick drop
  dropped leave left stay live lives living waste junk stuff ready done finished start started end stuck lost broke broken address
  location street city town area zone neighbourhood neighborhood unit floor elevator stairs yet else instead both neither either none one
  two three four five six seven eight nine ten dozen couple half hundred pair reason sense person human agent manager real machine robot
  bot ai chat hours open closed damaged damage complaint refund wall never
  je j'ai tu il elle nous vous ils elles on le la les un une des du de et ou mais non oui merci bonjour salut bonsoir svp sil s'il plait
  pas plus pour avec sans dans sur chez est sont c'est cest ce cet cette ces ai as avons avez ont suis sommes etes etait veux voudrais peux
  pouvez peut besoin mon ma mes ton votre vos notre nos quand comment combien pourquoi qui que quoi quel quelle demain aujourd'hui
  maintenant y en ne n'ai n'est aussi tres bien si alors donc comme faire fait vais va aller appelez appeler moi toi lui leur adresse]]

-- Is every word of a folded text politeness? True of a text without words too ("👍").
---@param plain string
---@return boolean
function M.is_chat(plain)
  for _, word in ipairs(text.list(plain)) do
    if not M.CHAT[word] then
      return false
    end
  end
  return true
end

return M
