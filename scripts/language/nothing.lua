-- Says whether a field's value says only that nothing was said: "Not provided in this message", "none specified by the customer", "to be
-- determined". What its words mean together decides, so the words can stand in any order and in any number. "no", "none" and "n/a"
-- alone are answers, and so is every value that holds one word of another kind. Pure.
local text = require "language.text"

local M = {}

local MOST_BYTES, MOST_WORDS = 200, 30 -- nobody needs more to say nothing
local WORD = "[%w\128-\255']+"

-- The kinds of words, each with a letter. A word that is not here says something.
local KINDS = {
  -- enough alone
  E = [[unknown unk unspecified unclear undetermined undefined unprovided unmentioned unanswered null nil nan tbd tbc tba pending
    missing blank empty omitted absent skipped waiting awaiting placeholder string progress later notprovided notspecified notmentioned
    undisclosed incomplete inconnu inconnue inconnus inconnues indetermine indeterminee attente manquant manquante vide preciser
    determiner confirmer definir desconocido desconocida pendiente determinar confirmar desconhecido desconhecida pendente vacio vazio]],
  -- a negation of a thing, and one of something done
  n = "no none nothing without aucun aucune rien sans sin sem nada",
  N = [[not insufficient never cannot cant couldnt unable havent hasnt hadnt didnt dont doesnt wasnt werent isnt arent wont non ne pas
    jamais nao nunca]],
  A = "na applicable aplicable aplicavel", -- "n/a"
  X = "unsure uncertain", -- an answer, but not where a text is wanted
  V = "available present disponible disponibles disponivel", -- after a negation: an answer for an elevator, none for an address
  C = "clear set clair", -- "not clear", but "a set of stairs"
  -- information, and what people do with it
  S = [[specified specify specifies specifying provided provide provides providing mentioned mention mentions mentioning given give
    gave gives stated state states known found find said say says saying told tell tells answered answer answers replied reply replies
    responded respond response responses supplied supply shared share indicated indicate indicates indication listed determined
    determine confirmed confirm confirmation collected received receive obtained obtain described describe detailed entered enter
    filled noted discussed clarified clarify clarification identified identify detected extracted extract inferred infer recorded named
    included include includes contained contain contains defined captured gathered disclosed disclose reported revealed decided advised
    announced scheduled written write wrote sent send follow info information detail details data value values input text specification
    file address message messages conversation chat part specifie specifiee specifiees precise precisee precises mentionne mentionnee
    mentionnes mentionnees fourni fournie fournis fournies donne donnee indique indiquee communique communiquee renseigne renseignee
    connu connue trouve trouvee defini definie dit dite repondu reponse informations renseignement adresse especificado especificada
    proporcionado proporcionada mencionado mencionada indicado indicada dado dada dicho dijo conocido conocida encontrado encontrada
    respuesta informacion direccion menciono informado informada informou fornecido fornecida dito disse resposta informacao endereco]],
  Q = "ask asked asking question demande demander preguntado perguntado",
  P = "yet encore aun todavia ainda", -- with a negation: not so far
  B = "to",
  D = "need needs needed require requires required still",
  W = "will would must should",
  U = [[customer customers client clients user users sender person caller homeowner they he she we i cliente usuario]],
  -- what fields are about
  T = [[elevator elevators lift lifts stairs stair staircase steps floor floors flights item items inventory thing things access
    location pickup ascenseur ascenseurs escalier escaliers etage etages article articles acces ascensor escaleras articulos elevador
    escadas itens]],
  s = "as", -- "as stated" repeats an answer
  -- joins the others
  F = [[a an the any anything this that these those it its their there in on by from of at for be been being was were is are am did do
    does has have had having all about if whether explicitly specifically directly currently now clearly here also time moment current
    left more further specific particular exact full street anywhere stage made next enough list remain remains only hello hi greeting
    por la le les l du de des par dans ce cet cette ces il elle ils un une y ete est qu que en pour au aux el los las este esta esto ha
    sido se su al o os foi pelo pela nesta neste]],
}

local KIND = {}
for kind, words in pairs(KINDS) do
  for word in words:gmatch("%S+") do
    KIND[word] = kind
  end
end
KIND.unavailable, KIND.indisponible = "NV", "NV"

-- Is "not available" in this field like "not given"? It is where the field wants a text and no yes or no.
local function wants_text(field)
  return field ~= nil and (field:find("address", 1, true) or field:find("location", 1, true) or field:find("inventory", 1, true)
    or field:find("item", 1, true)) ~= nil
end

-- Does a part of a value, as the kinds of its words, say that nothing was said?
local function says_nothing(code, field)
  local negation = code:find("[nN]")
  local asked = code:find("Q", 1, true) and not code:find("[^QUT]")
  local unsure = code:find("X", 1, true) and wants_text(field)
  if asked or unsure or code:find("E", 1, true) or code:find("NC", 1, true) or code:find("DD", 1, true) then
    return true
  elseif negation or code:find("A", 1, true) then
    local saying = negation and code:find("[SQ]", negation)
    local stated = saying and code:find("n", 1, true) and code:sub(negation, saying):find("TU", 1, true) -- "no elevator, they said"
    local lacking = negation and code:find("V", negation, true)
    return saying and not stated or code:find("P", 1, true)
      or lacking and not code:find("T", 1, true) and (code:find("S", 1, true) or wants_text(field))
  end
  return code:find("B[SQ]") or code:find("W[UT]*S") or code:find("S", 1, true) and code:find("D", 1, true)
end

-- Is a part that does not say so an answer itself, like "no stairs"? "none" and "elevator" add nothing to another part.
local function answers(code)
  return code:find("s", 1, true) or code:find("[nN]") and code:find("[TV]")
end

-- The sign that ends a part of a value: "none (not mentioned)", "N/A - not provided".
local function ends_part(signs)
  return signs:find("[,;:()%[%]{}/|.!?<>\n]") or signs:find("%-%s") or signs:find("%s%-")
end

-- In small letters, "n/a" and "so far" as one word each, and without the French article before an apostrophe.
local function spelled(value)
  local plain = text.fold(value)
  if plain:find("n/a", 1, true) or plain:find("n.a", 1, true) then
    plain = plain:gsub("n/a", "na"):gsub("n%.a%.?", "na")
  end
  if plain:find("far", 1, true) or plain:find("of yet", 1, true) then
    plain = plain:gsub("so far", "yet"):gsub("thus far", "yet"):gsub("as of yet", "yet")
  end
  return plain:find("'", 1, true) and plain:gsub("%f[%a][cdjlns]'", "") or plain
end

local function kind_of(word, field)
  return KIND[word] or field and #word > 2 and field:find(word, 1, true) and "T" or nil
end

-- The same, by all words.
local function all_say_nothing(value, field)
  local plain, code, said, words, at = spelled(value), "", false, 0, 1
  local quotes = plain:find("'", 1, true)
  local from, to = plain:find(WORD)
  while from do
    local word = plain:sub(from, to)
    if quotes then
      word = word:gsub("'", "")
    end
    local kind = kind_of(word, field)
    if not kind and word ~= "" or words == MOST_WORDS then
      return text.trim(plain) == "-1" -- what programs write for no number
    end
    local signs = plain:sub(at, from - 1)
    if code ~= "" and signs ~= " " and ends_part(signs) then
      local nothing = says_nothing(code, field)
      if not nothing and answers(code) then
        return false
      end
      code, said = "", said or nothing
    end
    if kind then
      words, code = words + 1, kind == "F" and code or code .. kind
    end
    at = to + 1
    from, to = plain:find(WORD, at)
  end
  local last = code ~= "" and says_nothing(code, field)
  return (words == 0 or last or said and not answers(code)) and true or false
end

local MOST_KEPT = 16
local kept, count = {}, MOST_KEPT -- the newest values that were looked at word by word: a turn asks several times

---@param value string
---@param field? string the name of its field
---@return boolean
function M.is(value, field)
  local of = kept[field or ""]
  local found = of and of[value]
  if found ~= nil then
    return found
  end
  local byte = value:byte()
  if #value > MOST_BYTES or byte and byte >= 48 and byte <= 57 then -- a number says something
    return false
  end
  local first = value:match("^%w+") -- most values say something with their first word
  local after = first and value:byte(#first + 1) or 0
  if first and #first > 1 and after ~= 39 and after < 128 then -- no "d'information", no "précisé"
    local kind = kind_of(first:lower(), field)
    if not kind then
      return false
    elseif #first == #value and #kind == 1 then
      return kind == "E" or kind == "Q" or kind == "X" and wants_text(field)
    end
  end
  if count == MOST_KEPT then
    kept, count = {}, 0
  end
  found = all_say_nothing(value, field)
  of = kept[field or ""] or {}
  kept[field or ""], of[value], count = of, found, count + 1
  return found
end

return M
