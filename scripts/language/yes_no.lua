-- The words for yes, no and not sure, of English, French and the owner's languages.
local text = require "language.text"
local tokens = require "language.tokens"

local M = {}

local set = text.set

local YES = [[yes|ya|yeah|yea|yep|yup|yah|yess|yessir|ye|y|oui|ouais|correct|of course|for sure|definitely|absolutely|affirmative
i think so|i believe so|bien sur|je crois]]
local NO = [[no|nope|nop|nah|na|not|none|never|n|non|pas|aucun|aucune|sans|without|zero|neither|isn't|isnt|aren't|arent|don't|dont
doesn't|doesnt|ain't|aint|can't|cant|nothing|nada|negative|haven't|havent|no way]]
local NOT_SURE = [[i don't know|i dont know|don't know|dont know|dunno|idk|not sure|i'm not sure|im not sure|unsure|no idea|no clue
not certain|i can't say|i cant say|can't remember|cant remember|je ne sais pas|je sais pas|aucune idee|pas sur|pas certain]]
-- Politeness is no answer, whatever a list says.
local NO_ANSWER = set "ok okay k sure thanks thx please"

local function add(ready, name, phrase)
  local words, plain = text.words(phrase), text.trim(text.fold(phrase))
  if words == "" or NO_ANSWER[words] then
    return
  elseif name == "not_sure" then
    ready.not_sure[#ready.not_sure + 1] = words
  elseif plain:find(" ", 1, true) then
    ready.phrases[#ready.phrases + 1] = { " " .. plain .. " ", " " .. name .. " " }
  else
    ready[name][plain] = true
  end
end

-- The words for yes, no and not sure of English, French and of the owner's languages.
---@param languages? {words?: table<string, string[]>}[]
function M.ready(languages)
  local ready = { yes = {}, no = {}, not_sure = {}, phrases = {} }
  for name, phrases in pairs { yes = YES, no = NO, not_sure = NOT_SURE } do
    for phrase in phrases:gmatch("[^|\n]+") do
      add(ready, name, phrase)
    end
    for _, language in ipairs(languages or {}) do
      for _, phrase in ipairs(language.words and language.words[name] or {}) do
        add(ready, name, phrase)
      end
    end
  end
  return ready
end

M.DEFAULT = M.ready()

local NOT_UNSURE = set "what why who how which quoi pourquoi"

-- Do the words i to j say that the customer does not know? "Not sure what you mean" says "asks back".
---@return boolean|"asks back"
function M.is_unsure(ready, t, i, j)
  if j - i > 12 then
    return false
  end
  local said = text.words(tokens.plain(t, i, j)) .. " "
  for _, phrase in ipairs(ready.not_sure) do
    local at, stop = said:find(phrase, 1, true)
    if at and (at == 1 or said:byte(at - 1) == 32) and said:byte(stop + 1) == 32 then
      return not NOT_UNSURE[said:match("^%S+", stop + 2) or ""] or "asks back"
    end
  end
  return false
end

-- The words i to j with one blank around each, where a phrase that means yes or no is that word.
---@return string
function M.said(ready, t, i, j)
  local said = " " .. tokens.plain(t, i, j) .. " "
  for _, phrase in ipairs(ready.phrases) do
    local a, b = said:find(phrase[1], 1, true)
    if a then
      said = said:sub(1, a - 1) .. phrase[2] .. said:sub(b + 1)
    end
  end
  return said
end

return M
