-- The words for yes, no and not sure, of English, French and the owner's languages.
local phrases = require "language.phrases"
local text = require "language.text"
local things = require "language.things"
local tokens = require "language.tokens"

local M = {}

local set = text.set

local BUILT_IN = {
  yes = { "yes|sii|yeahh|yupp|ofc|obviously|duh|ya|yeah|yea|yep|yup|yah|yess|yessir|ye|y|oui|ouais|correct|affirmative|definitely",
    "absolutely", "of course", "for sure",
    "i think|believe so", "bien sur", "je crois" },
  no = { "no|nopee|naa|nahh|noo|nooo|nope|nop|nah|na|not|none|never|n|non|pas|aucun|aucune|sans|without|zero|neither|nothing|nada|negative",
    "isn't|isnt|aren't|arent|don't|dont|doesn't|doesnt|ain't|aint|can't|cant|haven't|havent", "no way", "il n'y en a pas" },
  not_sure = { "(i) don't|dont (really) know", "(i'm|im) not (really) sure", "not certain", "unsure|idk|dunno", "no idea|clue",
    "can't|cant say|remember", "je (ne) sais pas", "aucune idee", "pas sur|certain" },
}
-- Politeness is no answer, whatever a list says.
local NO_ANSWER = set "ok okay k sure thanks thx please right maybe"

local function add(ready, name, phrase)
  phrases.add(name == "not_sure" and ready.unsure or ready.said, phrase, name)
  if name ~= "not_sure" and not phrase:find("[ ()]") then
    for word in phrase:gmatch("[^|]+") do
      ready[name][text.fold(word)] = true
    end
  end
end

-- Without the forms that are mere politeness: "sure|yes" is "yes".
local function without_politeness(phrase)
  if phrase:find("[ ()]") then
    return phrase
  end
  local kept = {}
  for word in phrase:gmatch("[^|]+") do
    kept[#kept + 1] = not NO_ANSWER[text.words(word)] and word or nil
  end
  return table.concat(kept, "|")
end

-- The words of English, French and the owner's languages, ready to be found: `yes` and `no`, the single words; `said`, the phrases of
-- both; `unsure`, the phrases for not sure.
---@param languages? {words?: table<string, string[]>}[]
function M.ready(languages)
  local ready = { yes = {}, no = {}, said = {}, unsure = {} }
  for name, list in pairs(BUILT_IN) do
    for _, phrase in ipairs(list) do
      add(ready, name, phrase)
    end
    for _, language in ipairs(languages or {}) do
      for _, phrase in ipairs(language.words and language.words[name] or {}) do
        phrase = name == "not_sure" and phrase or without_politeness(phrase)
        if phrase ~= "" and text.words(phrase) ~= "d accord" then
          add(ready, name, phrase)
        end
      end
    end
  end
  return ready
end

M.DEFAULT = M.ready()

-- The words in the phrases for yes and no, for a quick look: a text with another word is none of them.
---@param languages? {words?: table<string, string[]>}[]
---@return table<string, boolean>
function M.words(languages)
  local all = {}
  local function take(list)
    for _, phrase in ipairs(list or {}) do
      for _, word in ipairs(text.list(phrase)) do all[word] = true end
    end
  end
  take(BUILT_IN.yes)
  take(BUILT_IN.no)
  for _, language in ipairs(languages or {}) do
    take(language.words and language.words.yes)
    take(language.words and language.words.no)
  end
  return all
end

local READY = setmetatable({}, { __mode = "k" })

-- The same, made once for each list of languages.
---@param languages? table
function M.of(languages)
  if not languages then
    return M.DEFAULT
  end
  READY[languages] = READY[languages] or M.ready(languages)
  return READY[languages]
end

local NOT_UNSURE = set "what why who how which quoi pourquoi"
local ALONE = set "idk dunno unsure" -- other single words say it only as the whole message

-- Do the words i to j say that the customer does not know? "Not sure what you mean" says "asks back".
---@return boolean|"asks back"
function M.is_unsure(ready, t, i, j)
  if j - i > 12 then
    return false
  end
  local words = text.list(tokens.plain(t, i, j))
  for k = 1, #words do
    local last = phrases.at(ready.unsure, words, k)
    if last and (last > k or #words == 1 or ALONE[words[k]]) then
      if NOT_UNSURE[words[last + 1]] then
        return "asks back"
      end
      return not things.among(t, i, j) and not text.has_digits(tokens.text(t, i, j), 1) -- "not sure, maybe 3 flights"
    end
  end
  return false
end

return M
