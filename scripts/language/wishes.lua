-- Recognises a wish for a person: who is named, and whether the wish is the writer's own. flow/conversation decides what follows.
local text = require "language.text"

local M = {}

local PEOPLE = text.set [[human humans agent agents person representative representatives rep someone somebody
  humain humaine agente personne representant representante quelquun]]
-- Each such wish holds one of these words.
local PEOPLE_HINTS = { "hum", "agent", "person", "rep", "someone", "somebody", "quelqu" }
local KIND = text.set "a an the real live actual human un une vrai vraie vivant vivante reel reelle de"
local POLITE = text.set [[please pls plz thanks thank you hi hello hey ok okay now asap just immediately right away kindly sir madam
  svp merci bonjour salut maintenant stp sil vous te plait]]
local TALK = text.set "talk speak chat connect talking speaking chatting connected parler discuter clavarder"
local WANT = text.set "want wanna veux voudrais"
local TOWARDS = text.set "to with a avec"
-- Words that can come before the verb when the wish is the writer's own.
local LEAD = text.set [[i we d m ll id im wed can could may might would will should like love need have prefer rather want wanna please pls
  let me us just really to now get put is it possible there any way how do hi hello hey ok okay no yes but and so well sorry thanks
  actually still instead rather be able this not working useless
  je j nous on peux puis pourrais peut pouvons pouvez veux voudrais voudrait aimerais aimerait souhaite est ce que possible il
  me moi faire passer mettre bonjour salut svp oui non mais vous besoin ai de d]]
local AFTER = text.set [[about regarding instead from who because now today tonight tomorrow before for asap on over here directly
  re if as and in please pls thanks thank not right immediately svp merci maintenant pour au sur de a qui directement]]

-- The token after "a real live human agent" that begins at i, or nil when no person is named there.
local function person_at(words, i)
  local named
  while words[i] do
    if PEOPLE[words[i]] then
      named = true
    elseif words[i] == "being" and named then
      named = true
    elseif named or not KIND[words[i]] then
      break
    end
    i = i + 1
  end
  -- "speak to someone real"
  if named and (words[i] == "real" or words[i] == "live" or words[i] == "else") then
    i = i + 1
  end
  return named and i or nil
end

local function only_polite(words, from)
  for i = from, #words do
    if not POLITE[words[i]] then
      return false
    end
  end
  return true
end

local function lead_is_own(words, last)
  local you, me = false, false
  for i = 1, last do
    local word = words[i]
    if word == "you" or word == "u" then
      you = true
    elseif word == "me" or word == "us" or word == "moi" then
      me = true
    elseif not LEAD[word] and not POLITE[word] then
      return false
    end
  end
  return not you or me
end

-- "want / talk / speak / chat / connect + (to, with) + a / real / live + one of these"
local function wish_in(words)
  for i, word in ipairs(words) do
    local talk = TALK[word]
    if talk or WANT[word] then
      local j = i + 1
      local me = words[j] == "me" or words[j] == "us"
      j = me and j + 1 or j
      local towards = TOWARDS[words[j]] and words[j] ~= "a" or words[j] == "a" and (word == "parler" or word == "discuter")
      j = towards and j + 1 or j
      local after = person_at(words, j)
      local own = lead_is_own(words, i - 1) or me and lead_is_own(words, i - 2)
      if after and (own or me and words[i - 1] == "you") then
        if only_polite(words, after) or talk and AFTER[words[after]] then
          return true
        end
      end
    end
  end
  return false
end

-- Does this message wish for a person?
---@param message string
---@return boolean
function M.for_a_person(_, message)
  message = #message > 600 and text.message(message) or message
  if #message > 600 then
    return false
  end
  local folded = text.fold(message)
  if not text.found_in(folded, PEOPLE_HINTS) then
    return false
  end
  folded = folded:gsub("quelqu'une?", "quelquun"):gsub("s'il", "sil"):gsub("'", " ")
  local whole = text.split(text.words(folded))
  local first = 1
  while whole[first] and POLITE[whole[first]] do
    first = first + 1
  end
  local after = person_at(whole, first)
  if after and only_polite(whole, after) then
    return not folded:find("%?") or #whole <= 3
  end
  for sentence in (folded .. "\n"):gmatch("[^.!?\n;]+") do
    if wish_in(text.split(text.words(sentence))) then
      return true
    end
  end
  return false
end

return M
