-- Recognises a message that asks for one of the owner's fixed answers: it consists of the words of that answer, and of politeness. Pure.
local text = require "language.text"

local M = {}

local MOST_BYTES, MOST_WORDS, MOST_TEXTS = 300, 20, 10
local POLITE = text.set [[hi hello hey hiya please pls plz thanks thank you u ok okay good morning afternoon evening day there sir madam
  guys just quick question so and bonjour bonsoir salut allo svp stp merci vous il s te plait]]
-- Words of a question that say nothing about what is asked.
local ASKING = text.set [[what whats s is are your ur the a an do does can could i we me us tell give know about which of for to would
  like love ask let may any have got need info information quel quelle quels quelles sont est vos votre le la les l d de des du un une c
  ce que qu quoi puis je j peux pouvez dire donner moi nous connaitre savoir avoir avez aimerais voudrais sur]]

-- The words of a message without politeness, and without the words of a question too. nil: it is too long to be one.
local function forms_of(message)
  if #message > MOST_BYTES then return nil end
  local words = text.list(message:gsub("’", "'"))
  if #words > MOST_WORDS then return nil end
  local said, asked = {}, {}
  for _, word in ipairs(words) do
    if not POLITE[word] then
      said[#said + 1] = word
      if not ASKING[word] then asked[#asked + 1] = word end
    end
  end
  return table.concat(said, " "), table.concat(asked, " ")
end
M.forms_of = forms_of

local MOST_WORDINGS = 32

---The wordings of a phrase like "when|what-time are you open (today)": | stands between what can take the same place, - joins the words
---of one of these, what is in brackets can be missing.
---@param phrase string
---@return string[]
function M.wordings(phrase)
  if not phrase:find("[|()]") then return { phrase } end
  local list, inside = { "" }, false
  for piece in phrase:gsub("[()]", " %0 "):gmatch("%S+") do
    if piece == "(" or piece == ")" then
      inside = piece == "("
    else
      local longer = inside and { table.unpack(list) } or {}
      for _, before in ipairs(list) do
        for form in piece:gmatch("[^|]+") do
          if piece:find("|", 1, true) then form = form:gsub("-", " ") end
          if #longer < MOST_WORDINGS then longer[#longer + 1] = before == "" and form or before .. " " .. form end
        end
      end
      list = #longer > 0 and longer or list
    end
  end
  if #list > 1 and list[1] == "" then table.remove(list, 1) end -- all of it is in brackets
  return list
end

---@class language.keywords.Answer as business.yaml has it, in one shape
---@field words table<string, string[]> by the code of a language; "any": for all of them
---@field text table<string, string> likewise

---The answers made ready, once per generation.
---@param answers language.keywords.Answer[]
---@return table<string, language.keywords.Answer> ready by the words that ask for one
function M.ready(answers)
  local ready = {}
  for _, answer in ipairs(answers or {}) do
    for _, list in pairs(answer.words) do
      for _, phrase in ipairs(list) do
        for _, words in ipairs(M.wordings(phrase)) do
          for _, form in ipairs { forms_of(words) } do
            if form ~= "" then ready[form] = ready[form] or answer end
          end
        end
      end
    end
  end
  return ready
end

---The answer that these texts ask for, when they ask for nothing else; or nil.
---@param ready table<string, language.keywords.Answer>
---@param texts string[]
---@return language.keywords.Answer?
function M.find(ready, texts)
  local found
  for i = 1, next(ready) and #texts <= MOST_TEXTS and #texts or 0 do
    local said, asked = forms_of(texts[i])
    local answer = said and (ready[said] or asked ~= "" and ready[asked])
    if not said or said ~= "" and not answer or found and answer and found ~= answer then return nil end
    found = found or answer or nil
  end
  return found
end

---The answer's text in a language.
---@param answer language.keywords.Answer
---@param code? string
---@return string
function M.text(answer, code)
  return answer.text[code or "en"] or answer.text.any or answer.text.en or select(2, next(answer.text))
end

return M
