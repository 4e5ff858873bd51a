-- The longest lists of words that the guards look for, in English, French, Spanish and Portuguese. By guard and list. Pure.
local text = require "language.text"

local set = text.set

return {
  money = {
    CURRENCY = set [[
      $ dollar dollars buck bucks cad usd cdn eur euro euros piastre piastres cent cents quid grand loonie loonies toonie toonies peso
      pesos dolar dolares reais rupee rupees yen yuan sterling piasse piasses balles]],
    LABEL = set [[
      unit units apt apartment suite room rooms floor floors level number numbers building box highway route step option item page code
      buzzer door tower locker lot house id case order photo photos picture pictures app appt appartement porte etage numero]],
    PRICE = set [[
      cost costs costing price prices priced pricing charge charges charged charging quote quotes quoted quoting owe owes pay pays
      paying paid payment payments fee fees ballpark budget invoice bill deposit surcharge discount rate total totals cout couts coute
      coutent coutera couterait coutant prix tarif tarifs facture facturons payer payez paierez paye soumission frais cuesta cuestan
      costara precio precios cobramos custa custam custara preco precos]],
    HARMLESS = set [[
      estimate estimates quote quotes quotation assessment assessments consultation consult evaluation inspection appraisal time slot
      slots spot weekend parking advice question questions booking cancellation estimation estimations soumission soumissions devis
      presupuesto presupuestos orcamento orcamentos evaluacion avaliacao visita cotizacion]],
    MOVED = set [[
      pickup pickups pickup's removal removals removal's haul hauls hauling haulaway disposal collection delivery dropoff hauled
      cleanout cleanup clearout ramassage enlevement collecte cueillette debarras transport livraison recuperation recogida recogidas
      recoleccion retirada retiro coleta recolha]],
    MOVE = set [[
      take taking remove removing removed get rid collect dispose clear pick picked haul hauled ramasser ramassons enlever enlevons
      debarrasser prenons ramasse enleve debarrasse recogemos llevamos retiramos levamos recolhemos buscamos]],
    FREE = set [[
      free nothing complimentary gratis gratuit gratuite gratuits gratuites gratuitement gratuita gratuitas gratuito gratuitos
      gratuitamente graca]],
  },
  promises = {
    WE = set [[
      we we'll we're we'd we've i i'll i'd i'm team crew guys crews driver drivers truck they they'll clearoutspaces nous on equipe
      equipo podemos]],
    HELPERS = set [[
      can will could would may might do does did also gladly happily definitely certainly be able to absolutely always of course sure
      happy glad usually normally even just are is have been going gonna safely properly easily totally help you your love like offer
      provide both 'll 'd pleased still now again too the them with handling dealing yes pouvons pourrons allons va peut aussi bien
      puede pode tambien tambem claro sim]],
    NEGATED = set [[
      not never no cannot can't don't doesn't won't wouldn't couldn't didn't isn't aren't shouldn't unable nor neither unfortunately ne
      pas jamais aucun nao nunca sin sem nem tampoco]],
  },
  visits = {
    DONE = set [[
      booked scheduled confirmed set reserved arranged locked down penciled pencilled reserve confirme confirmee prevu prevue planifie
      reservado confirmado confirmada agendado agendada programado programada]],
    OURS = set [[
      you you're your you've we we've i i've it it's visit pickup appointment assessment slot time everything all team crew confirmed
      booked scheduled locked reserved c'est est votre su sua esta visite rendez]],
    COMING = set [[
      come comes coming arrive arrives arriving see visit visits pick picks swing stop drop show there heading collect grab haul remove
      take passerons passera viendrons viendra serons sera arrivera arriverons over]],
    NOT_YET = set [[
      will can could once if when after until before to be not isn't aren't never yet we'll haven't hasn't get you'll may might whether
      si quand sera fois puede pode nao aun todavia ainda]],
    CHECKS = set [[
      confirm confirms check checks checking whether if once know review choose unless when confirmer confirmera verifier confirmar
      confirmara avisara]],
    MEET = set "voit vemos estaremos pasaremos passaremos iremos esperamos llegaremos chegaremos vendremos recogeremos",
  },
}
