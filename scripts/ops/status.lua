-- The business half of `assistant status`: a table for machines, lines with remedies for people.

local access = require "ops.access"
local cases = require "records.cases"
local circuits = require "records.circuits"
local clock_of = require "ops.clock"
local conversations = require "records.conversations"
local costs = require "records.costs"
local db = require "host.db"
local json = require "host.json"
local messages = require "records.messages"
local settings = require "host.settings"
local time = require "host.time"

local M = {}

local DAY_MS = 86400000

-- The newest copy that is still where it was made; nil: there is none.
function M.newest_backup()
  local newest
  for _, copy in ipairs(db.backups()) do
    if copy.exists and not copy.before_step and (not newest or copy.made_at >= newest.made_at) then newest = copy end
  end
  return newest
end

local function charged(row)
  local count = 0
  for _, category in ipairs(costs.CATEGORIES) do count = count + row[category] end
  return count
end

function M.figures()
  local now, waiting, open, backup = time.now_ms(), conversations.oldest_waiting(), json.array(), M.newest_backup()
  local today = costs.today(now)
  local blocked, unheard = conversations.blocked_counts()
  for _, circuit in ipairs(circuits.all_open()) do
    open[#open + 1] = { name = circuit.name, reason = circuit.reason, since = circuit.since and time.iso(circuit.since) }
  end
  return {
    deliveries = messages.counts(),
    open_circuits = open,
    oldest_unanswered_ms = waiting and math.max(0, now - waiting) or 0,
    cases = cases.counts(),
    failed_last_day = messages.failed_since(now - DAY_MS),
    in_doubt = messages.in_doubt(),
    model_dollars_today = today.dollars,
    message_dollars_today = today.message_dollars,
    messages_charged_today = charged(today),
    messages_free_today = today.free,
    blocked = blocked, blocked_messages = unheard,
    last_backup_at = backup and backup.made_at or json.null,
  }
end

-- A moment in the time zone TZ: "14:02 EST" for today, otherwise with its date.
local function clock(at, now)
  local t, today = time.zoned(at), time.zoned(now)
  local hour = ("%02d:%02d %s"):format(t.hour, t.min, t.zone)
  if t.year == today.year and t.month == today.month and t.day == today.day then return hour end
  return ("%04d-%02d-%02d %s"):format(t.year, t.month, t.day, hour)
end

-- A length of time: "3 min", "2 h 5 min".
local function span(ms)
  local s = ms // 1000
  if s < 120 then return ("%d s"):format(s) end
  if s < 7200 then return ("%d min"):format(s // 60) end
  return ("%d h %d min"):format(s // 3600, s % 3600 // 60)
end

local renew = access.renew

local WORDS = {}

function WORDS.whatsapp(reason) return access.words(reason) end

function WORDS.slack(reason) return access.slack(reason) end

function WORDS.model(reason)
  local code = (reason or ""):match("^HTTP (%d+)")
  if code == "402" then return "The model's provider has no balance left for us", "top the account up; nothing else is needed" end
  if code == "401" or code == "403" then
    return "The model's provider has refused the key", "make a new one, " .. renew("DEEPSEEK_API_KEY")
  end
  return "The model has not answered", "look at its provider's status page; the assistant asks it again every minute"
end

function WORDS.transcriber(reason) return access.transcriber(reason) end

-- This is no refusal: webhooks come for another number.
function WORDS.number(reason)
  return ("Webhooks come only for the number with the id %s. None come for META_PHONE_NUMBER_ID, which is %s."
    .. " This has been so"):format(reason,
    settings.get("META_PHONE_NUMBER_ID")), "put the right id into META_PHONE_NUMBER_ID (Meta: WhatsApp, API Setup) and restart the service"
end

-- This is no refusal either: the platforms' clock differs from ours.
function WORDS.clock(reason)
  local words = clock_of.words(math.tointeger(tonumber(reason)), time.now_ms())
  return words:sub(1, 1):upper() .. words:sub(2) .. ". This has been so", clock_of.REMEDY
end

local MEANWHILE = {
  clock = " Meanwhile clicks in Slack are refused, and reminders come at the wrong time.",
  number = " No customer is answered until then.",
  whatsapp = " Until then answers are kept. They are sent afterwards.",
  slack = " Until then cards and messages are kept. They are posted afterwards.",
  model = " Meanwhile the fixed questions answer.",
  transcriber = " Meanwhile voice notes are answered without their words.",
}

local function say_circuit(circuit, now)
  local words = WORDS[circuit.name]
  local what, remedy = circuit.name .. " has refused us", "see the log"
  if words then what, remedy = words(circuit.reason) end
  return ("%s since %s (%s): %s.%s"):format(what, circuit.since and clock(circuit.since, now) or "some time",
    circuit.reason or "no reason given", remedy, MEANWHILE[circuit.name] or "")
end

local function say_spending(figures)
  local limit, today = tonumber(settings.get("MODEL_DOLLARS_PER_DAY")), figures.model_dollars_today
  local messages_cost = (" WhatsApp has charged %d message%s today: $%.2f."):format(figures.messages_charged_today,
    figures.messages_charged_today == 1 and "" or "s", figures.message_dollars_today)
  if limit == 0 or today < limit then return ("The model has cost $%.2f today."):format(today) .. messages_cost end
  return ("The model has cost $%.2f today, and MODEL_DOLLARS_PER_DAY is %g: the fixed questions answer until midnight."
    .. " To use the model again today, set MODEL_DOLLARS_PER_DAY higher and restart the service."):format(today, limit) .. messages_cost
end

local function say_deliveries(figures)
  local states = {}
  for state, count in pairs(figures.deliveries) do
    if state ~= "failed" and state ~= "unknown" then states[#states + 1] = ("%d %s"):format(count, state) end
  end
  table.sort(states)
  local lines = { "The newest messages to customers (up to 1000): " .. (#states > 0 and table.concat(states, ", ") or "none yet") .. "." }
  if figures.in_doubt > 0 then
    lines[#lines + 1] = ("In doubt: %d that may have arrived or not. A status from WhatsApp decides, or they are sent again.")
      :format(figures.in_doubt)
  end
  if figures.failed_last_day > 0 then
    lines[#lines + 1] = ("Not delivered in the last 24 hours: %d. Staff were told of each in Slack, with its text.")
      :format(figures.failed_last_day)
  end
  return table.concat(lines, "\n")
end

-- True when no circuit is open.
function M.fine() return #circuits.all_open() == 0 end

function M.words()
  local figures, lines, now = M.figures(), {}, time.now_ms()
  for _, circuit in ipairs(circuits.all_open()) do lines[#lines + 1] = say_circuit(circuit, now) end
  lines[#lines + 1] = say_spending(figures)
  lines[#lines + 1] = say_deliveries(figures)
  local handed = figures.cases
  lines[#lines + 1] = ("Chats for staff: %d not taken%s, %d taken%s."):format(handed.open,
    handed.oldest_open_at and (" (the oldest for %s)"):format(span(math.max(0, now - handed.oldest_open_at))) or "", handed.taken,
    handed.unposted > 0 and (", %d whose card is not in Slack yet"):format(handed.unposted) or "")
  if figures.blocked > 0 then
    lines[#lines + 1] = ("Blocked people: %d, with %d messages since. Nobody was told of these. `assistant block` lists the people.")
      :format(figures.blocked, figures.blocked_messages)
  end
  if figures.oldest_unanswered_ms > 0 then
    lines[#lines + 1] = ("The longest wait of a customer for the assistant: %s."):format(span(figures.oldest_unanswered_ms))
  end
  local backup = M.newest_backup()
  lines[#lines + 1] = backup and ("Last backup: %s, %s."):format(clock(backup.made_at, now), backup.path)
    or "There is no backup of this database yet. `assistant backup FILE` makes one."
  return table.concat(lines, "\n")
end

return M
