-- Recognises a wish for a person: who is named, and whether the wish is the writer's own. flow/conversation says what follows.
local phrases = require "language.phrases"
local text = require "language.text"

local M = {}

local KIND = text.set "a an the le la your ur votre real live actual human un une vrai vraie vivant vivante reel reelle de"
local POLITE = text.set [[please pls plz thanks thank you hi hello hey ok okay now asap just immediately right away kindly sir madam thx ty
  svp merci bonjour salut maintenant stp s il vous te plait]]
local TALK = text.set [[talk speak chat connect talking speaking chatting connected tlk tlkin talkin speek spk
  parler discuter clavarder]]
local WANT = text.set "want wanna need wnt veux voudrais"
local GET = text.set "get give gimme put transfer pass connect send passez mettez donnez" -- "get me a manager", "put me through to"
local THROUGH = text.set "through thru over on up in touch en contact"
local TOWARDS = text.set "to with a avec 2 w wit wth wid"
-- Words that can come before the verb when the wish is the writer's own.
local LEAD = text.set [[i we d m ll id im wed can could may might would will should like love need have prefer rather want wanna please pls
  let me us just really to now get put is it possible there any way how do hi hello hey ok okay no yes but and so well sorry thanks
  actually still instead rather be able this not working useless lemme gotta got cn wld wud plz
  je j nous on peux puis pourrais peut pouvons pouvez veux voudrais voudrait aimerais aimerait souhaite est ce que possible il
  me moi faire passer mettre bonjour salut svp oui non mais vous besoin ai de d]]
local AFTER = text.set [[about regarding instead from who because now today tonight tomorrow before for asap on over here directly
  re if as and in please pls thanks thank not right immediately svp merci maintenant pour au sur de a qui directement]]

-- The token after "a real live human agent" that begins at i, or nil when no person is named there.
local function person_at(people, words, i)
  local named
  while words[i] do
    local last = phrases.at(people, words, i)
    if last then
      named, i = true, last
    elseif words[i] ~= "being" and (named or not KIND[words[i]]) then
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

-- "want / talk / speak / chat / connect / get me / put me through + (to, with, w, 2) + a / the / real / live + one of these"
local function wish_in(people, words)
  for i, word in ipairs(words) do
    local talk, get = TALK[word], GET[word]
    if talk or get or WANT[word] then
      local j = i + 1
      local me = word == "gimme" or words[j] == "me" or words[j] == "us" or words[j] == "moi"
      j = me and word ~= "gimme" and j + 1 or j
      while get and THROUGH[words[j]] do j = j + 1 end
      local towards = TOWARDS[words[j]] and words[j] ~= "a" or words[j] == "a" and (word == "parler" or word == "discuter")
      j = towards and j + 1 or j
      local after = (me or not get or talk) and person_at(people, words, j)
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

local SENTENCE_WORDS = 3 -- of a wish that is a phrase of its own, inside a message

-- Does this message wish for a person?
-- "The whole message is human / agent / person / … , or want / talk / speak / chat / connect / get me / put me through + (to, with) +
-- a / the / real / live + one of these, in every language's file." Politeness does not count. "My real estate agent will let you in",
-- "is a human needed on site?" and "one person can carry it" are left to the model.
---@param spoken language.Spoken
---@param message string
---@return boolean
function M.for_a_person(spoken, message)
  message = #message > 600 and text.message(message) or message
  if #message > 600 then
    return false
  end
  local people = spoken.person
  if not text.has_word(message, spoken.person_marks) then -- most messages
    return false
  end
  local folded = text.fold(message):gsub("'", " ")
  local whole = text.list(folded)
  local first = 1
  while whole[first] and POLITE[whole[first]] do
    first = first + 1
  end
  local after = person_at(people, whole, first)
  if after and only_polite(whole, after) or phrases.whole(people, whole, spoken.polite) then
    local wish = phrases.at(people, whole, first) or first
    return not folded:find("%?") or #whole <= SENTENCE_WORDS or wish - first >= SENTENCE_WORDS - 1
  end
  for sentence in (folded .. "\n"):gmatch("[^.!?\n;]+") do
    local words = text.list(sentence)
    if wish_in(people, words) or #words >= SENTENCE_WORDS and phrases.whole(people, words, spoken.polite) then
      return true
    end
  end
  return false
end

return M
