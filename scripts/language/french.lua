-- Decides the language of the fixed texts for a customer: English or French. The model decides for itself.
local address = require "language.address"
local text = require "language.text"

local M = {}

local set = text.set

local FRENCH = set [[bonjour bonsoir salut je j'ai jai suis c'est cest vous nous le la les des une est et avec pour oui non merci pas besoin
  mon ma mes il elle au aux du dans rue chez canape chaise chaises matelas escalier escaliers ascenseur l'ascenseur adresse svp
  combien quand etage deux trois votre notre devons pouvons equipe utiliser quels quelle articles ramassage ceci vous a-t-il]]
local STRONG = set "bonjour bonsoir merci oui escalier escaliers ascenseur l'ascenseur d'ascenseur"
local WORD = "[%a\128-\255][%a'\128-\255]*"
local ENGLISH = set "the is are there and yes no hello hi with have i my need thanks you it"

local function without_address(s)
  local a, b = address.find(s)
  return a and s:sub(1, a - 1) .. " " .. s:sub(b + 1) or s
end

-- Does this customer write French? Two French words show it, or one in a very short message. A French street name shows nothing.
-- `last_reply` decides when the words do not, because an answer of one word is in the language of the question.
function M.is_french(texts, last_reply)
  local hits, words, strong, english = 0, 0, false, 0
  for i = math.max(1, #texts - 10), #texts do
    for word in text.fold(without_address(text.clip(texts[i], 1000))):gmatch(WORD) do
      words = words + 1
      if FRENCH[word] then
        hits = hits + 1
        strong = strong or STRONG[word] or false
      elseif ENGLISH[word] then
        english = english + 1
      end
    end
  end
  if hits >= 2 and hits * 5 >= words or strong and words <= 4 then
    return true
  end
  return english == 0 and last_reply ~= nil and M.is_french { last_reply }
end

local function has_english(texts)
  for i = math.max(1, #texts - 10), #texts do
    if text.word_in(text.fold(without_address(text.clip(texts[i], 1000))), ENGLISH, WORD) then return true end
  end
  return false
end

-- Does this customer get the fixed texts in French?
---@param languages? string[] those of the fixed texts (business.yaml); a customer whose language is not known gets the first
---@param texts string[] what the customer wrote
---@param last_reply? string
---@param known? string "fr" when the customer's earlier words were French
---@return boolean
function M.french(languages, texts, last_reply, known)
  local speaks = set(table.concat(languages or { "en", "fr" }, " "))
  if not (speaks.en and speaks.fr) then return speaks.fr == true end
  if known == "fr" or M.is_french(texts, last_reply) then return true end
  return languages ~= nil and languages[1] == "fr" and not has_english(texts)
end

return M
