-- The business's numbers for METRICS_LISTEN: what there is, and those that are looked up when somebody asks. The host adds its own.
-- Labels are kinds of things, never people. docs/ops/alerts.yml says which numbers mean that somebody has to do something.

local cases = require "records.cases"
local circuits = require "records.circuits"
local conversations = require "records.conversations"
local messages = require "records.messages"
local status = require "ops.status"
local time = require "host.time"

local M = {}

local SECONDS = { 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 120, 300, 900 }

M.list = {
  { name = "assistant_turns_total", type = "counter", labels = { "brain", "action" },
    help = "Turns, by who decided (model, scripted, words) and what was decided." },
  { name = "assistant_turn_duration_seconds", type = "histogram", buckets = SECONDS,
    help = "From the arrival of the first unanswered message to the answer that is stored; the wait for the customer to finish is in it." },
  { name = "assistant_model_request_duration_seconds", type = "histogram", labels = { "outcome" }, buckets = SECONDS,
    help = "Requests to the model: answered, auth, limited, server_error, refused, or how the connection failed." },
  { name = "assistant_model_tokens_total", type = "counter", labels = { "kind" },
    help = "Tokens the model's provider counted: prompt_cached, prompt_uncached, completion." },
  { name = "assistant_model_cost_dollars_total", type = "counter",
    help = "What they cost at the prices in prompts/business.yaml (model_prices)." },
  { name = "assistant_messages_delivered_total", type = "counter", labels = { "category" },
    help = "Messages that were delivered, as WhatsApp charges them: free, service, utility, marketing, authentication." },
  { name = "assistant_message_cost_dollars_total", type = "counter",
    help = "What they cost at the prices in prompts/business.yaml (message_prices)." },
  { name = "assistant_deliveries_total", type = "counter", labels = { "state" },
    help = "States of messages to customers, counted when they are reached: queued, sending, accepted, sent, delivered, "
      .. "read, failed, unknown, dropped, draft." },
  { name = "assistant_sends_total", type = "counter", labels = { "outcome" },
    help = "Requests to WhatsApp that carry a message: accepted, unknown, unsent, transient, auth, permanent." },
  { name = "assistant_posts_total", type = "counter", labels = { "outcome" },
    help = "Requests to Slack: ok, busy, form (the blocks were refused), door (we were refused), dead." },
  { name = "assistant_handoffs_total", type = "counter", labels = { "reason" },
    help = "Chats handed to staff: complete, asked, model, question, failed, limit, loop." },
  { name = "assistant_bookings_total", type = "counter", labels = { "event" },
    help = "Events of the booking page about visits: booked, moved, cancelled, requested, rejected." },
  { name = "assistant_circuit_open", type = "gauge", labels = { "provider" },
    help = "1 while this provider refuses us and is only probed; number: while webhooks come for another number and none for ours; "
      .. "clock: while ours is wrong." },
  { name = "assistant_oldest_unanswered_seconds", type = "gauge",
    help = "The longest wait of a customer for the assistant's answer; 0 when nobody waits." },
  { name = "assistant_cases", type = "gauge", labels = { "state" }, help = "Chats that staff should look at: open, taken." },
  { name = "assistant_cases_unposted", type = "gauge", help = "Cases whose card is not in Slack yet." },
  { name = "assistant_oldest_untaken_case_seconds", type = "gauge",
    help = "Age of the oldest case that is not taken; 0 when there is none." },
  { name = "assistant_messages_in_doubt", type = "gauge",
    help = "Messages in doubt: they may have arrived or not." },
  { name = "assistant_last_backup_timestamp_seconds", type = "gauge",
    help = "When the newest backup that still exists was made (assistant backup); 0: there is none." },
}

local function seconds_since(at, now)
  return at and at < now and (now - at) / 1000 or 0
end

-- The gauges. It runs between two commits with a few small reads, and must not wait.
---@return {[1]: string, [2]: number, [3]?: table}[]
function M.gauges()
  local now, counts, backup = time.now_ms(), cases.counts(), status.newest_backup()
  local list = {
    { "assistant_oldest_unanswered_seconds", seconds_since(conversations.oldest_waiting(), now) },
    { "assistant_cases", counts.open, { state = "open" } },
    { "assistant_cases", counts.taken, { state = "taken" } },
    { "assistant_cases_unposted", counts.unposted },
    { "assistant_oldest_untaken_case_seconds", seconds_since(counts.oldest_open_at, now) },
    { "assistant_messages_in_doubt", messages.in_doubt() },
    { "assistant_last_backup_timestamp_seconds", backup and backup.made_at / 1000 or 0 },
  }
  local open = { clock = 0, model = 0, number = 0, slack = 0, transcriber = 0, whatsapp = 0 }
  for _, circuit in ipairs(circuits.all_open()) do open[circuit.name] = 1 end
  for provider, value in pairs(open) do list[#list + 1] = { "assistant_circuit_open", value, { provider = provider } } end
  return list
end

return M
