-- The job that hands a change of a lead to the owner's own system: signed JSON by POST to LEADS_WEBHOOK_URL, as docs/leads.schema.json
-- describes it. It is retried for a day, then dead and told.

local cases = require "records.cases"
local conversations = require "records.conversations"
local crypto = require "host.crypto"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local offers = require "records.offers"
local quotes = require "records.quotes"
local settings = require "host.settings"
local stages = require "records.stages"
local tell = require "staff.tell"
local time = require "host.time"

local M = {}

local VERSION = 1
local DAY_MS = 24 * 3600000
local MAX_WAIT_MS = 3600000

local function iso(ms) return ms and time.iso(ms) or nil end

local function dollars(cents) return cents and cents / 100 or nil end

---What is sent about a stage.
---@param stage records.Stage
---@return table? nil: the person was erased
function M.body(stage)
  local case, conversation = cases.get(stage.case_id), conversations.get(stage.conversation_id)
  if not case or not conversation then return nil end
  local more = stage.more and json.decode(stage.more) or {}
  local facts = quotes.get(conversation.id)
  local offer, source = offers.last(conversation.id), conversation.source and json.decode(conversation.source) or nil
  return {
    version = VERSION, id = "lead-change-" .. stage.id, event = "lead." .. stage.kind, at = iso(stage.at),
    lead = {
      id = case.id, chat = conversation.id, phone = conversation.phone_number ~= "" and "+" .. conversation.phone_number or nil,
      name = conversation.name, language = conversation.language, why = case.reason, state = case.state,
      facts = facts,
      source = source and { type = source.type, headline = source.headline, id = source.id } or nil,
      opened_at = iso(case.opened_at), taken_at = iso(case.taken_at), taken_by = case.taken_by_name, closed_at = iso(case.closed_at),
      close_reason = case.close_reason, final_dollars = dollars(case.close_cents),
      quote = offer and { dollars = dollars(offer.amount_cents), state = offer.state, note = offer.note } or nil,
      visit_at = stage.kind == "booked" and iso(more.start_at) or nil,
    },
  }
end

local function backoff(attempts)
  return math.floor(math.min(settings.get("RETRY_BASE_MS") * 2 ^ math.min(attempts, 20), MAX_WAIT_MS) * (0.85 + 0.3 * math.random()))
end

---@async
---@param job host.jobs.Job
function M.run(job)
  local url, secret = settings.get("LEADS_WEBHOOK_URL"), settings.get("LEADS_WEBHOOK_SECRET")
  local stage = stages.get(job.payload.stage)
  local value = url and stage and M.body(stage)
  if not value then return nil end
  local body = json.encode(value)
  local response, err = http.request { url = url, method = "POST", body = body, timeout_ms = settings.get("SEND_TIMEOUT_MS"),
    max_bytes = 4096,
    headers = { ["Content-Type"] = "application/json", ["X-Signature-256"] = "sha256=" .. crypto.hex(crypto.hmac_sha256(secret, body)) } }
  if response and response.status >= 200 and response.status <= 299 then return nil end
  local why = response and "HTTP " .. response.status or err.kind
  if time.now_ms() - job.created_at < DAY_MS then return jobs.retry(backoff(job.attempts), "LEADS_WEBHOOK_URL: " .. why) end
  tell.alert("leads", "LEADS_WEBHOOK_URL has not taken a change of a lead for a day (" .. why .. "). Repair the system behind it, then:"
    .. " assistant jobs --dead, assistant requeue ID.")
  return jobs.dead("LEADS_WEBHOOK_URL: " .. why)
end

return M
