-- The business's settings for `assistant sandbox`. Nothing is required, and every outside address is a stand-in on our own listener.

local settings = require "host.settings"

local here = "http://127.0.0.1:" .. settings.get("LISTEN"):match("^.*:(%d+)$")

local stand_in = {
  META_VERIFY_TOKEN = "sandbox-verify",
  META_APP_SECRET = "sandbox-app-secret",
  META_ACCESS_TOKEN = "sandbox-token",
  META_PHONE_NUMBER_ID = "106540352242922",
  META_GRAPH_URL = here .. "/sandbox/graph/v26.0",
  DEEPSEEK_API_KEY = "sandbox-key",
  DEEPSEEK_URL = here .. "/sandbox/model",
  TRANSCRIBE_URL = here .. "/sandbox/transcribe",
  TRANSCRIBE_API_KEY = "sandbox-transcribe",
  SLACK_WEBHOOK_URL = here .. "/sandbox/slack/webhook",
  SLACK_SIGNING_SECRET = "sandbox-signing",
  SLACK_API_URL = here .. "/sandbox/slack/api",
  SLACK_RESPONSE_HOSTS = "127.0.0.1",
  BOOKING_URL = here .. "/sandbox/book/clearoutspaces/assessment",
  CALCOM_WEBHOOK_SECRET = "sandbox-calcom",
}

local out = {}
for index, declared in ipairs(require "settings") do
  local copy = {}
  for key, value in pairs(declared) do copy[key] = value end
  if stand_in[copy.name] then
    copy.default, copy.required = stand_in[copy.name], false
  end
  out[index] = copy
end
out.check = require "settings".check
return out
