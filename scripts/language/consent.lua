-- Does a whole message say yes or no to an offer, and nothing else? Pure.

local text = require "language.text"
local yes_no = require "language.yes_no"

local M = {}

local MOST_WORDS, MOST_BYTES = 8, 800
local set = text.set

-- Words of agreement and refusal to an offer beside the languages' words for yes and no.
local YES = set [[accept accepted agree agreed approved deal perfect great good ok okay k sure sounds go ahead works book it
  accord si sim haan accepte parfait marche acepto aceptado vale dale claro aceito aceite combinado manzoor ਮਨਜ਼ੂਰ ਠੀਕ]]
local NO = set [[decline declined refuse reject pass refuser refuse rechazo rechazado recuso recusado]]
-- What goes with either and changes nothing.
local BESIDE = set [[please pls plz thanks thx thank you u so much very i we the your that's thats that is it for me us to lets let s
  quote offer price a and s il vous plait merci bien c est d je j l offre por favor gracias muchas obrigado obrigada
  kindly sir madam with fine all right alright]]
-- A word of agreement that is one only with another: "it", "go" and "good" alone say nothing.
local WEAK = set [[go ahead do it sounds good great works book]]
local GESTURES = { ["👍"] = "yes", ["✅"] = "yes", ["👌"] = "yes", ["👎"] = "no", ["❌"] = "no" }

local KNOWN = setmetatable({}, { __mode = "k" })

-- All words that such a message can hold, made once for each list of languages.
local function known(languages)
  local key = languages or M
  KNOWN[key] = KNOWN[key] or text.word_map(text.union(yes_no.words(languages), YES, NO, BESIDE, WEAK))
  return KNOWN[key]
end

-- Can it be one? False at the first word that says something else, before anything is looked up.
---@param said string
---@param languages table?
---@return boolean
function M.may_be(said, languages)
  return #said <= MOST_BYTES and (text.only_words(said, known(languages)))
end

---@param languages table? the owner's languages, with their words for yes and no
---@param said string
---@return "yes"|"no"|nil
function M.of(languages, said)
  local short = text.trim(text.clip(said, 200))
  if short ~= text.trim(said) or short:find("?", 1, true) then return nil end
  local ready, words, gestured = yes_no.of(languages), text.list(short), nil
  for gesture, meaning in pairs(GESTURES) do
    if short:find(gesture, 1, true) then
      if gestured and gestured ~= meaning then return nil end
      gestured = meaning
    end
  end
  if gestured and #words == 0 then return gestured end
  if #words == 0 or #words > MOST_WORDS then return nil end
  local yes, no, weak = false, false, 0
  for _, word in ipairs(words) do
    local says_yes, says_no = ready.yes[word] or YES[word], ready.no[word] or NO[word]
    if WEAK[word] then weak = weak + 1
    elseif says_yes and not says_no then yes = true
    elseif says_no then no = true
    elseif not BESIDE[word] then return nil end
  end
  if yes == no then return not yes and weak >= 2 and "yes" or nil end
  return yes and "yes" or weak == 0 and "no" or nil
end

return M
