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

local REQUIRED, OPTIONAL = true, nil

-- limits: the default, min, max
local function integer(name, limits, help)
  return { name = name, type = "integer", default = limits[1], min = limits.min, max = limits.max, help = help }
end

local function secret(name, required, help)
  return { name = name, type = "secret", required = required, check = printable, help = help }
end

-- A secret of which two hold while one is rotated.
local function secrets(name, required, help)
  return { name = name, type = "list", secret = true, required = required, check = one_or_two,
    help = help .. "; two, comma-separated, while it is rotated" }
end

local M = {
  secret("META_VERIFY_TOKEN", REQUIRED, "the text you typed as Verify token in the Meta app, WhatsApp > Configuration"),
  secrets("META_APP_SECRET", REQUIRED, "the Meta app's secret, App settings > Basic"),
  secret("META_ACCESS_TOKEN", REQUIRED, "a system user's token with whatsapp_business_messaging"),
  { name = "META_PHONE_NUMBER_ID", type = "text", required = true, check = digits,
    help = "the id (not the number) of the business phone, WhatsApp > API Setup" },
  secret("DEEPSEEK_API_KEY", REQUIRED, "the key of the model's provider, platform.deepseek.com > API keys"),
  { name = "SLACK_WEBHOOK_URL", type = "url", secret = true, required = true, check = no_fragment,
    help = "the incoming webhook of the staff channel, api.slack.com > your app > Incoming Webhooks" },
  secrets("SLACK_SIGNING_SECRET", REQUIRED, "the Slack app's signing secret, api.slack.com > your app > Basic Information"),
  secret("SLACK_BOT_TOKEN", OPTIONAL, "xoxb-…, with SLACK_CHANNEL_ID: the bot posts to the channel instead of the webhook"),
  { name = "SLACK_CHANNEL_ID", type = "text", help = "the staff channel's id (C…), with SLACK_BOT_TOKEN" },
  { name = "SLACK_ALLOWED_USERS", type = "list",
    help = "the member ids (U…) of staff who may act, comma-separated; unset: everybody in the channel" },
  { name = "SLACK_TEAM_ID", type = "text", help = "the workspace's id (T…); when set, clicks and commands of others are refused" },
  { name = "SLACK_APP_ID", type = "text", help = "the Slack app's id (A…); when set, clicks and commands of others are refused" },
  { name = "LEADS_WEBHOOK_URL", type = "url", secret = true, check = no_fragment,
    help = "gets every change of a lead as signed JSON, with LEADS_WEBHOOK_SECRET" },
  secret("LEADS_WEBHOOK_SECRET", OPTIONAL, "signs what goes to LEADS_WEBHOOK_URL"),
  { name = "ALERT_WEBHOOK_URL", type = "url", secret = true, check = no_fragment,
    help = "gets {\"text\": …} by POST when Slack could not be reached for 10 minutes" },
  { name = "BOOKING_URL", type = "url", default = "https://bookings.clearoutspaces.ca/clearoutspaces/assessment",
    help = "the booking page that customers are sent to" },
  secrets("CALCOM_WEBHOOK_SECRET", OPTIONAL, "the secret of the Cal.com webhook, which switches POST /calcom/webhook on"),
  { name = "META_GRAPH_URL", type = "url", default = "https://graph.facebook.com/v26.0", check = base,
    help = "the Graph API, version included" },
  { name = "MEDIA_HOSTS", type = "list", default = "lookaside.fbsbx.com",
    help = "the hosts, besides that of META_GRAPH_URL, from which files of customers are fetched, comma-separated" },
  { name = "DEEPSEEK_URL", type = "url", default = "https://api.deepseek.com", insecure = "warn", check = base,
    help = "any OpenAI-compatible server" },
  { name = "DEEPSEEK_MODEL", type = "text", default = "deepseek-flash", help = "the model's name there" },
  { name = "TRANSCRIBE_URL", type = "url", check = base,
    help = "an OpenAI-compatible server that turns voice notes into words, like https://api.openai.com/v1" },
  secret("TRANSCRIBE_API_KEY", OPTIONAL, "the key of that server, if it wants one"),
  { name = "TRANSCRIBE_MODEL", type = "text", default = "whisper-1", help = "the model's name there" },
  { name = "SLACK_API_URL", type = "url", default = "https://slack.com/api", check = base, help = "Slack's Web API" },
  { name = "SLACK_RESPONSE_HOSTS", type = "list", default = "hooks.slack.com",
    help = "the hosts a response_url may name, comma-separated" },
  integer("TURN_QUIET_MS", { 4000, min = 0, max = 600000 }, "how long the customer must be quiet before the answer"),
  integer("TURN_MAX_WAIT_MS", { 15000, min = 0, max = 600000 }, "the longest wait after the first unanswered message"),
  integer("LLM_TIMEOUT_MS", { 30000, min = 100, max = 600000 }, "one try of a model call"),
  integer("LLM_DEADLINE_MS", { 45000, min = 100, max = 600000 }, "all tries of a model call"),
  integer("SEND_TIMEOUT_MS", { 10000, min = 100, max = 600000 }, "one send to WhatsApp or Slack"),
  integer("RETRY_BASE_MS", { 1000, min = 1, max = 60000 }, "the first backoff"),
  integer("SEND_GRACE_MS", { 60000, min = 0, max = 3600000 }, "how long a send without an answer waits for its status"),
  integer("LLM_CONCURRENCY", { 2000, min = 1, max = 100000 }, "model calls at once"),
  integer("SEND_RATE", { 80, min = 1, max = 1000000 }, "messages per second for the business number"),
  integer("TURNS_PER_HOUR", { 60, min = 0, max = 100000 }, "model turns that one chat may start per hour; 0: no limit"),
  { name = "MODEL_DOLLARS_PER_DAY", type = "text", default = "20", check = dollars,
    help = "US dollars that the model may cost per day, on the clock of TZ; 0: no limit" },
  integer("SLACK_RATE", { 1, min = 1, max = 1000000 },
    "posts per second to the Slack channel, three at once after a rest; Slack takes one"),
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
  if get("LEADS_WEBHOOK_URL") and not get("LEADS_WEBHOOK_SECRET") then
    problems[#problems + 1] = "LEADS_WEBHOOK_SECRET is missing: LEADS_WEBHOOK_URL needs it (a long random text that the other side has too)"
  elseif get("LEADS_WEBHOOK_SECRET") and not get("LEADS_WEBHOOK_URL") then
    problems[#problems + 1] = "LEADS_WEBHOOK_URL is missing: LEADS_WEBHOOK_SECRET signs nothing without it. Set it, or unset both"
  end
  return problems
end

return M
