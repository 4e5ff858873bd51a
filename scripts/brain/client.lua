-- Asks a model: any server with OpenAI's chat completions. It retries within one deadline when that helps. The result is text or a
-- reason, never a decision; the caller tells staff what they should know.

local circuits = require "records.circuits"
local costs = require "records.costs"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local metrics = require "host.metrics"
local plain = require "language.text"
local settings = require "host.settings"
local task = require "host.task"
local time = require "host.time"

local M = {}

local TRIES = 4
local JITTER = 0.3
local RETRY_AFTER_MOST_MS = 60000
local FAILURES_TO_OPEN = 3
local MAX_TOKENS = 1024
local BYTES_PER_TOKEN = 4 -- for text that no server counted
local CACHED, UNCACHED, COMPLETION = { kind = "prompt_cached" }, { kind = "prompt_uncached" }, { kind = "completion" }

local function url()
  return plain.trim_end(settings.get("DEEPSEEK_URL"), "[/]") .. "/chat/completions"
end

-- The content as text. Some servers write a list of parts, of which those that are no text (the model's thoughts) do not count.
local function content_of(content)
  if type(content) == "string" then return content end
  if type(content) ~= "table" then return "" end
  if not json.is_array(content) then return type(content.text) == "string" and content.text or json.encode(content) end
  local parts = {}
  for _, part in ipairs(content) do
    local kind = type(part) == "table" and part.type or nil
    local text = type(part) == "table" and part.text or part
    if type(text) == "table" then text = text.value end
    if type(text) == "string" and (kind == nil or kind == "text" or kind == "output_text") then parts[#parts + 1] = text end
  end
  return table.concat(parts)
end

-- The kind of an answer: { content, finish } | { again = reason, after_ms } | { stop = kind, reason }.
local function sort_answer(response, err)
  if not response then
    if err.kind == "cancelled" then return { stop = "cancelled", reason = "cancelled" } end
    if err.kind == "too_large" then return { stop = "refused", reason = "an answer of more than 1 MB" } end
    return { again = err.kind }
  end
  local status = response.status
  if status == 401 or status == 402 or status == 403 then
    return { stop = "auth", reason = status == 402 and "HTTP 402: the account's balance is used up"
      or ("HTTP %d: the key is refused"):format(status) }
  end
  if status == 429 or status == 408 or status >= 500 then
    return { again = "HTTP " .. status, after_ms = circuits.asked_wait_ms(response) }
  end
  if status < 200 or status > 299 then
    return { stop = "refused", reason = "HTTP " .. status, body = response.body }
  end
  local text = response.body
  if (text:byte() or 0) <= 32 then text = text:match("^%s*(.*)$") end -- blank lines keep the connection alive while the answer is slow
  local body = json.decode(text, { null_as_nil = true })
  local choice = type(body) == "table" and type(body.choices) == "table" and body.choices[1]
  local message = type(choice) == "table" and type(choice.message) == "table" and choice.message
  return { content = content_of(message and message.content),
    usage = type(body) == "table" and type(body.usage) == "table" and body.usage or nil,
    finish = type(choice) == "table" and type(choice.finish_reason) == "string" and choice.finish_reason or nil }
end

-- The result of a request, in one word.
local function outcome_of(answer, response, err)
  if answer.content then return "answered" end
  if not response then return err.kind end
  if answer.stop then return answer.stop end
  return response.status == 429 and "limited" or "server_error"
end

-- A provider's count of tokens; anything else counts as none.
local function tokens(value)
  return math.type(value) == "integer" and value > 0 and value < 100000000 and value or 0
end

local function bytes_of(messages)
  local size = 0
  for _, message in ipairs(messages) do size = size + #message.content end
  return size
end

-- The tokens that were used, as far as we can tell. Requests that no server counted are counted by length.
local function usage_of(answer, messages, err)
  if answer.usage and tokens(answer.usage.prompt_tokens) > 0 then return answer.usage end
  if not answer.content and not (err and err.sent) then return nil end
  return { prompt_tokens = bytes_of(messages) // BYTES_PER_TOKEN, completion_tokens = #(answer.content or "") // BYTES_PER_TOKEN }
end

-- MODEL_DOLLARS_PER_DAY as a number; 0: no limit.
local function daily_limit()
  return tonumber(settings.get("MODEL_DOLLARS_PER_DAY")) or 0
end

-- The tokens of an answer, and their cost. A provider that does not name its cache counts as one without.
---@param usage table
---@param conversation_id? string
local function meter(self, usage, conversation_id)
  local prompt, cached, completion = tokens(usage.prompt_tokens), tokens(usage.prompt_cache_hit_tokens), tokens(usage.completion_tokens)
  local details = usage.prompt_tokens_details
  if cached == 0 and type(details) == "table" then cached = tokens(details.cached_tokens) end
  local uncached = math.max(0, prompt - cached)
  metrics.add("assistant_model_tokens_total", cached, CACHED)
  metrics.add("assistant_model_tokens_total", uncached, UNCACHED)
  metrics.add("assistant_model_tokens_total", completion, COMPLETION)
  local prices = self.prices
  if not prices then return end
  local dollars = (cached * prices.cached_input + uncached * prices.input + completion * prices.output) / 1000000
  metrics.add("assistant_model_cost_dollars_total", dollars)
  self.within_budget = costs.add_tokens(conversation_id, { uncached = uncached, cached = cached, completion = completion,
    dollars = dollars }, time.now_ms()) < daily_limit()
end

-- Sends one request and counts what it cost. Returns its answer, and its result in one word.
---@async
local function post(self, body, timeout_ms, lane, conversation_id)
  local response, err = http.request {
    method = "POST", url = url(), json = body, max_bytes = 1048576, lane = lane, timeout_ms = timeout_ms,
    headers = { Authorization = "Bearer " .. settings.get("DEEPSEEK_API_KEY") },
  }
  local answer = sort_answer(response, err)
  local usage = usage_of(answer, body.messages, err)
  if usage then meter(self, usage, conversation_id) end
  return answer, outcome_of(answer, response, err)
end

-- Asks again until there is an answer, the deadline is near, or another try does not help.
local function try(self, body, deadline, calls, conversation_id)
  local base = settings.get("RETRY_BASE_MS")
  local reason = "no time left"
  for attempt = 1, TRIES do
    local left = deadline - time.monotonic_ms()
    if left < 20 then break end
    calls.n = calls.n + 1
    local begun = time.monotonic_ms()
    local answer, outcome = post(self, body, math.max(1, math.min(settings.get("LLM_TIMEOUT_MS"), left)), nil, conversation_id)
    metrics.observe("assistant_model_request_duration_seconds", (time.monotonic_ms() - begun) / 1000, { outcome = outcome })
    if answer.content then return answer end
    if answer.stop == "refused" and body.thinking and (answer.body or ""):find("thinking", 1, true) then
      self.no_thinking, body.thinking = true, nil
    elseif answer.stop then
      return nil, answer
    else
      reason = answer.again
      local wait = base * 3 ^ (attempt - 1) * (1 + JITTER * (2 * math.random() - 1))
      if answer.after_ms then
        if answer.after_ms > RETRY_AFTER_MOST_MS then break end
        wait = answer.after_ms
      end
      wait = math.ceil(wait)
      if attempt == TRIES or time.monotonic_ms() + wait >= deadline then break end
      log.info("model.again", { attempt = attempt, reason = reason, wait_ms = wait })
      task.sleep(wait)
    end
  end
  return nil, { stop = "failed", reason = reason }
end

local function request_body(self, messages, max_tokens)
  local model = settings.get("DEEPSEEK_MODEL")
  return {
    model = model, messages = messages, response_format = { type = "json_object" }, max_tokens = max_tokens,
    temperature = 0.3, stream = false,
    thinking = not self.no_thinking and model:find("^deepseek") and { type = "disabled" } or nil,
  }
end

local function open(reason, alerts)
  if circuits.open("model", reason, settings.get("DEEPSEEK_API_KEY"), time.now_ms()) then
    log.warn("model.circuit_open", { reason = reason })
    alerts[#alerts + 1] = { cause = "model",
      words = ("The model does not answer (%s). Until it does, the assistant uses its fixed questions."):format(reason) }
  end
  jobs.put { kind = "probe", unique = "probe:model", payload = { provider = "model" }, run_at = time.now_ms() + circuits.PROBE_MS }
end

-- What a failure means for later turns.
local function count_failure(failure, alerts)
  if failure.stop == "cancelled" then return end
  if failure.stop == "auth" then return open(failure.reason, alerts) end
  if failure.stop == "refused" then
    alerts[#alerts + 1] = { cause = "model refused", words = ("The model's server refuses our requests (%s)."):format(failure.reason) }
  end
  if circuits.failed("model") >= FAILURES_TO_OPEN then open(failure.reason, alerts) end
end

---What staff should know about the model. `cause`: the same cause is told once in a while.
---@class brain.Alert
---@field cause string
---@field words string

local Client = {}
Client.__index = Client

-- A client remembers, as long as its generation lives, whether the server knows the option `thinking`.
---@param options? {prices?: {cached_input: number, input: number, output: number}, prices_known?: boolean} dollars a million tokens
function M.new(options)
  return setmetatable({ no_thinking = false, prices = options and options.prices, prices_known = options and options.prices_known }, Client)
end

local function refused()
  return circuits.is_open("model", settings.get("DEEPSEEK_API_KEY"))
end

-- Should the model be asked? Not while the circuit is open, nor when the day's money is spent.
---@return boolean
function Client:usable()
  if refused() then return false end
  local limit = self.prices and daily_limit() or 0
  return limit == 0 or costs.model_today(time.now_ms()) < limit
end

-- What staff do not know yet about the day's money. It is stored as told, so the caller tells it in the same step.
---@return brain.Alert? alert
function Client:untold()
  local now, limit = time.now_ms(), daily_limit()
  if self.within_budget or limit == 0 then return nil end
  local today = costs.model_today(now)
  if today < limit or not costs.tell(limit, now) then return nil end
  log.warn("model.budget_spent", { dollars = today, limit = limit })
  return { cause = "model budget",
    words = ("The model has cost $%.2f today, and MODEL_DOLLARS_PER_DAY is %g. Until midnight the assistant uses"
    .. " its fixed questions. To use the model again today, set MODEL_DOLLARS_PER_DAY higher and restart the service.")
    :format(today, limit) }
end

---@async
---@param messages table[]
---@param options {deadline: integer, calls: {n: integer}, max_tokens?: integer, conversation?: string} deadline on the monotonic clock;
---  conversation: the id of the chat that pays
---@return {content: string, finish?: string}? answer content can be blank or nonsense
---@return {stop: "cancelled"|"auth"|"refused"|"failed", reason: string, alerts: brain.Alert[]}? failure
function Client:ask(messages, options)
  local answer, failure = try(self, request_body(self, messages, options.max_tokens or MAX_TOKENS), options.deadline, options.calls,
    options.conversation)
  if answer then
    local circuit = circuits.get("model")
    if circuit and (circuit.failures > 0 or circuit.open == 1) then circuits.close("model") end
    return answer
  end
  log.warn("model.failed", { reason = failure.reason, calls = options.calls.n })
  failure.alerts = {}
  count_failure(failure, failure.alerts)
  return nil, failure
end

-- At the start of a generation: warns about unknown prices, and lets an open circuit be probed at once.
function Client:start()
  if self.prices and not self.prices_known then
    log.warn("model.prices_unknown",
      { model = settings.get("DEEPSEEK_MODEL"), remedy = "MODEL_DOLLARS_PER_DAY is counted with the prices that came"
      .. " with the program. Write what this model costs under model_prices in prompts/business.yaml." })
  end
  if not refused() then return end
  jobs.put { kind = "probe", unique = "probe:model", payload = { provider = "model" } }
end

-- The job that probes the model once a minute.
---@async
function Client:probe()
  if not refused() then return end
  local messages = {
    { role = "system", content = "Answer with one json object: {\"ok\":true}" }, { role = "user", content = "Are you there?" },
  }
  local answer = post(self, request_body(self, messages, 256), settings.get("LLM_TIMEOUT_MS"), "probe:model")
  if not answer.content then return jobs.later(time.now_ms() + circuits.PROBE_MS, "still refused") end
  circuits.close("model")
  log.info("model.circuit_closed", {})
end

return M
