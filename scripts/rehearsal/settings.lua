-- The business's settings as `assistant chat` and `assistant replay` see them: nothing is required, and what only a service needs
-- (Meta, Slack) is not even looked at. With DEEPSEEK_API_KEY the model is asked, without it the fixed questions answer.

local used = {
  DEEPSEEK_API_KEY = true, DEEPSEEK_URL = true, DEEPSEEK_MODEL = true, BOOKING_URL = true, LLM_TIMEOUT_MS = true, LLM_DEADLINE_MS = true,
  RETRY_BASE_MS = true,
}

-- A setting that nothing here uses: whatever stands in the environment is no problem, and no secret file is opened.
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
