-- STOP and START. These words work without a model, and the rule is quoted from docs/contract.md.
local phrases = require "language.phrases"
local text = require "language.text"

local M = {}

local MOST_BYTES = 200 -- longer than any of these words as a message
local KINDS = { "stop", "start" }

-- The code of the one language that the politeness around the word is in, or nil: "Stop, merci".
local function around(spoken, words)
  local found, i = nil, 1
  while words[i] do
    local last, code = phrases.at(spoken.polite, words, i)
    if code and found and code ~= found then return nil end
    found, i = code or found, (last or i) + 1
  end
  return found
end

-- "STOP, STOPALL, UNSUBSCRIBE, ARRET, ARRÊT and those of the other languages' files opt out as a whole message; never CANCEL or END;
-- politeness around it does not count; START counts only after an opt-out."
-- Returns "stop" or "start" and the code of the word's language (nil where it is the
-- same in many, and so is what stands around it), or nil.
---@param spoken language.Spoken
---@param message string
function M.word(spoken, message)
  local short = #message > MOST_BYTES and text.message(message) or message
  if #short > MOST_BYTES then return nil end
  if not text.only_words(short, spoken.opting) then return nil end
  local words = text.list(short)
  for _, kind in ipairs(KINDS) do
    local found, code = phrases.whole(spoken[kind], words, spoken.polite)
    if found then return kind, code or around(spoken, words) end
  end
  return nil
end

return M
