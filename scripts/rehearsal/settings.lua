-- The business's settings for `assistant chat` and `assistant replay`. Nothing is required, and settings that only a service needs
-- (Meta, Slack) are not read. With DEEPSEEK_API_KEY the model answers, without it the fixed questions.

local used = require("language.text").set
  "DEEPSEEK_API_KEY DEEPSEEK_URL DEEPSEEK_MODEL BOOKING_URL LLM_TIMEOUT_MS LLM_DEADLINE_MS RETRY_BASE_MS"

-- A setting that a rehearsal does not use: any value is accepted, and no secret file is opened.
local function unused(declared)
  local list = declared.type == "list"
  local filler = declared.type == "url" and "https://rehearsal.invalid" or "rehearsal"
  return { name = declared.name, type = list and "list" or "text", default = declared.default or declared.required and filler or nil,
    help = declared.help }
end

local out = {}
for index, declared in ipairs(require "settings") do
  local number = declared.type == "integer" or declared.type == "choice"
  local copy = {}
  for key, value in pairs(declared) do copy[key] = value end
  copy.required = false
  out[index] = (used[copy.name] or number) and copy or unused(declared)
end
return out
