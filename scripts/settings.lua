-- Declares the business's settings. The host adds its own (LISTEN, DATABASE_URL, limits, …), reads every `X_FILE`, and reports all
-- problems of both lists at once, without printing a value.

local function digits(value)
  if not value:find("^%d+$") then
    return "must be the phone number's id, digits only; it is on the app's WhatsApp > API Setup page"
  end
end

-- A check gets a list unsplit, as in the environment (host/api/settings.lua).
local function one_or_two(value)
  local text = type(value) == "table" and table.concat(value, ",") or value
  local count = 0
  if text:find("[%c\127]") then
    return "holds a line break or another control character: copy it again, two secrets on one line with a comma"
  end
  if text:find("^,") or text:find(",,", 1, true) or text:find(",$") then return "holds an empty secret. Remove the stray comma." end
  for secret in text:gmatch("[^,]+") do
    if not secret:find("%S") then return "holds an empty secret. Remove the stray comma." end
    count = count + 1
  end
  if count > 2 then return "holds more than two secrets. Keep the new one, and the old one while it is rotated." end
end

local function printable(value)
  if value:find("[%c\127]") then return "holds a line break or another control character: copy it again" end
end

local function dollars(value)
  if #value > 9 or not (value:find("^%d+$") or value:find("^%d+%.%d*$")) then
    return "must be an amount in US dollars, like 20 or 0.50; 0 means no limit"
  end
end

-- Paths are added to it, so it must not end in ? or #.
local function base(value)
  if value:find("[?#]") then return "must be the address alone, without ? and #: paths are put behind it" end
end

local function no_fragment(value)
  if value:find("#", 1, true) then return "must not hold a #: copy the address again" end
end

local M = {
  { name = "META_VERIFY_TOKEN", type = "secret", required = true, check = printable,
    help = "the text you typed as Verify token in the Meta app, WhatsApp > Configuration" },
  { name = "META_APP_SECRET", type = "list", secret = true, required = true, check = one_or_two,
    help = "the Meta app's secret, App settings > Basic; two, comma-separated, while it is rotated" },
  { name = "META_ACCESS_TOKEN", type = "secret", required = true, check = printable,
    help = "a system user's token with whatsapp_business_messaging" },
  { name = "META_PHONE_NUMBER_ID", type = "text", required = true, check = digits,
    help = "the id (not the number) of the business phone, WhatsApp > API Setup" },
  { name = "DEEPSEEK_API_KEY", type = "secret", required = true, check = printable,
    help = "the key of the model's provider, platform.deepseek.com > API keys" },
  { name = "SLACK_WEBHOOK_URL", type = "url", secret = true, required = true, check = no_fragment,
    help = "the incoming webhook of the staff channel, api.slack.com > your app > Incoming Webhooks" },
  { name = "SLACK_SIGNING_SECRET", type = "list", secret = true, required = true, check = one_or_two,
    help = "the Slack app's signing secret, api.slack.com > your app > Basic Information; two, comma-separated, while it is rotated" },
  { name = "SLACK_BOT_TOKEN", type = "secret", check = printable,
    help = "xoxb-…, with SLACK_CHANNEL_ID: the bot posts to the channel instead of the webhook" },
  { name = "SLACK_CHANNEL_ID", type = "text",
    help = "the staff channel's id (C…), with SLACK_BOT_TOKEN" },
  { name = "BOOKING_URL", type = "url", default = "https://bookings.clearoutspaces.ca/clearoutspaces/assessment",
    help = "the booking page that customers are sent to" },
  { name = "CALCOM_WEBHOOK_SECRET", type = "list", secret = true, check = one_or_two,
    help = "the secret of the Cal.com webhook, which switches POST /calcom/webhook on; two, comma-separated, while it is rotated" },
  { name = "META_GRAPH_URL", type = "url", default = "https://graph.facebook.com/v26.0", check = base,
    help = "the Graph API, version included" },
  { name = "DEEPSEEK_URL", type = "url", default = "https://api.deepseek.com", insecure = "warn", check = base,
    help = "any OpenAI-compatible server" },
  { name = "DEEPSEEK_MODEL", type = "text", default = "deepseek-flash",
    help = "the model's name there" },
  { name = "SLACK_API_URL", type = "url", default = "https://slack.com/api", check = base,
    help = "Slack's Web API" },
  { name = "SLACK_RESPONSE_HOSTS", type = "list", default = "hooks.slack.com",
    help = "the hosts a response_url may name, comma-separated" },
  { name = "TURN_QUIET_MS", type = "integer", default = 4000, min = 0, max = 600000,
    help = "how long the customer must be quiet before the answer" },
  { name = "TURN_MAX_WAIT_MS", type = "integer", default = 15000, min = 0, max = 600000,
    help = "the longest wait after the first unanswered message" },
  { name = "LLM_TIMEOUT_MS", type = "integer", default = 30000, min = 100, max = 600000,
    help = "one try of a model call" },
  { name = "LLM_DEADLINE_MS", type = "integer", default = 45000, min = 100, max = 600000,
    help = "all tries of a model call" },
  { name = "SEND_TIMEOUT_MS", type = "integer", default = 10000, min = 100, max = 600000,
    help = "one send to WhatsApp or Slack" },
  { name = "RETRY_BASE_MS", type = "integer", default = 1000, min = 1, max = 60000,
    help = "the first backoff" },
  { name = "SEND_GRACE_MS", type = "integer", default = 60000, min = 0, max = 3600000,
    help = "how long a send without an answer waits for its status" },
  { name = "LLM_CONCURRENCY", type = "integer", default = 2000, min = 1, max = 100000,
    help = "model calls at once" },
  { name = "SEND_RATE", type = "integer", default = 80, min = 1, max = 1000000,
    help = "messages per second for the business number" },
  { name = "TURNS_PER_HOUR", type = "integer", default = 60, min = 0, max = 100000,
    help = "model turns that one chat may start per hour; 0: no limit" },
  { name = "MODEL_DOLLARS_PER_DAY", type = "text", default = "20", check = dollars,
    help = "US dollars that the model may cost per day, on the clock of TZ; 0: no limit" },
  { name = "SLACK_RATE", type = "integer", default = 1, min = 1, max = 1000000,
    help = "posts per second to the Slack channel, three at once after a rest; Slack takes one" },
  { name = "TYPING_INDICATOR", type = "choice", default = "on", choices = { "on", "off" },
    help = "show \"read\" and \"typing…\" at the start of a turn" },
}

-- Problems that concern two settings.
function M.check(get)
  local problems = {}
  local token, channel = get("SLACK_BOT_TOKEN"), get("SLACK_CHANNEL_ID")
  if token and not channel then
    problems[#problems + 1] = "SLACK_CHANNEL_ID is missing: SLACK_BOT_TOKEN needs it (the staff channel's id, C…), or unset both"
  elseif channel and not token then
    problems[#problems + 1] = "SLACK_BOT_TOKEN is missing: SLACK_CHANNEL_ID needs it (xoxb-…), or unset both"
  end
  return problems
end

return M
