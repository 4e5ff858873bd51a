-- Plays the model: an OpenAI-compatible endpoint that answers with the fixed questions and with what its prompt says, with faults to
-- switch on. It is no real model.

local json = require "host.json"
local log = require "host.log"
local task = require "host.task"
local time = require "host.time"
local owner = require "owner"
local intents = require "language.intents"
local languages = require "language.languages"
local quote = require "flow.quote"
local scripted = require "flow.scripted"
local plain = require "language.text"
local common = require "stand_ins.common"
local faults = require "stand_ins.faults"
local plans = require "stand_ins.model.plans"
local reading = require "stand_ins.model.reading"

local M = {}

local function refuse(status, message, headers)
  return { status = status, headers = headers, json = { error = { message = message, type = "sandbox", code = status } } }
end

local refusals = {
  ["401"] = { 401, "Authentication Fails" }, ["402"] = { 402, "Insufficient Balance" },
  ["429"] = { 429, "Rate limit reached", { ["Retry-After"] = "1" } },
  ["500"] = { 500, "Internal server error" }, ["503"] = { 503, "Server overloaded" },
}

-- ---- reading what was asked ----------------------------------------------------------------------------------------

---The object of what is known and missing, and the customer's lines before it. The line with the object is not the customer's.
local function facts(text)
  local close = text:find("}[^}]*$")
  local open = close and text:find("{", 1, true)
  while open do
    local value = json.decode(text:sub(open, close), { null_as_nil = true })
    if type(value) == "table" and value.known and value.missing then return value, text:sub(1, open - 1):match("^.*\n") or "" end
    open = text:find("{", open + 1, true)
  end
  return nil, text
end

---What the fixed questions need to know, from the messages of a request, and the system prompt.
local function situation(messages)
  local last_reply, asked_texts, known, prompt = nil, {}, nil, nil
  for _, message in ipairs(messages) do
    local content = type(message.content) == "string" and message.content or ""
    if message.role == "assistant" then
      last_reply, asked_texts = content, {}
    elseif message.role == "system" then
      prompt = reading.read(content)
    elseif message.role == "user" then
      local found, before = facts(content)
      known = found or known
      for line in before:gmatch("[^\n]+") do asked_texts[#asked_texts + 1] = line end
    end
  end
  return last_reply, asked_texts, known or { known = {}, missing = {} }, prompt
end

-- A model cannot pass a question to staff: it answers what the prompt says, otherwise this.
local QUESTION = {
  en = { question = "Our team will review the details to provide a quote.",
    question_again = "Our team will look at that too when they review the details." },
  fr = { question = "Notre équipe examinera les détails pour vous faire une soumission.",
    question_again = "Notre équipe regardera cela aussi en examinant les détails." },
  es = { question = "Nuestro equipo revisará los detalles para darle una cotización.",
    question_again = "Nuestro equipo también verá eso al revisar los detalles." },
  pt = { question = "Nossa equipe vai analisar os detalhes para fazer um orçamento.",
    question_again = "Nossa equipe também vai ver isso ao analisar os detalhes." },
  pa = { question = "ਸਾਡੀ ਟੀਮ ਵੇਰਵੇ ਦੇਖ ਕੇ ਤੁਹਾਨੂੰ ਕੀਮਤ ਦਾ ਅੰਦਾਜ਼ਾ ਦੱਸੇਗੀ।",
    question_again = "ਵੇਰਵੇ ਦੇਖਣ ਵੇਲੇ ਸਾਡੀ ਟੀਮ ਇਹ ਵੀ ਦੇਖੇਗੀ।" },
}
local HAPPY = { en = "We'd be happy to come and have a look.", fr = "Avec plaisir!", es = "¡Con mucho gusto!", pt = "Com prazer!",
  pa = "ਜ਼ਰੂਰ ਜੀ!" }

-- The owner's languages with these texts, or with what the prompt says, in the place of an answer to a question.
local function answering(told)
  local list = {}
  for i, language in ipairs(owner.languages) do
    local own = told and { question = told, question_again = told } or QUESTION[language.code] or {}
    list[i] = { code = language.code, texts = setmetatable(own, { __index = language.texts }) }
  end
  return list
end

-- Plain wishes for a visit. A real model understands more.
local BOOKING = plain.set "book visit"
local BOOKING_PARTS = { "appointment", "on-site", "rendez-vous", "cita", "agendar", "ਅਪਾਇੰਟਮੈਂਟ" }
-- "We have to book it w/ concierge" books an elevator.
local OF_BUILDING = plain.set "elevator elevators lift ascenseur ascensor elevador concierge security super superintendent building"
-- A customer who has a visit gets the page again only for another time.
local OTHER_TIME = { "another", "other time", "move", "change", "reschedule", "autre" }

---The fixed questions' answer in the form of the model's contract.
local function think(messages)
  local last_reply, texts, found, prompt = situation(messages)
  local fields = prompt and prompt.fields or owner.system.quote_fields_needed
  local told = prompt and reading.answer(prompt, table.concat(texts, "\n"))
  local code = languages.of(owner.spoken, nil, texts, last_reply)
  local visit = found.booked and { state = "booked", words = found.booked }
    or found.requested and { state = "requested", words = found.requested } or nil
  local wish = intents.find(owner.intents, texts, { booked = visit ~= nil })
  local answer = scripted.answer {
    fields = fields, data = found.known, texts = texts, last_reply = last_reply,
    languages = answering(told), language = code,
    asked = last_reply and scripted.asked_by(last_reply, found.missing),
    -- nothing can be asked although something is unknown
    human = #found.missing == 0 and not visit and not quote.complete(found.known, fields),
    visit = visit, circuit_open = false,
    intent = wish and wish.kind ~= "bot" and wish or nil, -- "who are you?" is answered from the identity
    thanked = intents.thanks(owner.intents, texts),
  }
  if prompt and answer.action == "handoff" and quote.complete((quote.merge(found.known, answer.data, fields)), fields) then
    answer.action = reading.final_action(prompt) or answer.action
  end
  local said = table.concat(texts, "\n"):lower()
  local booking = plain.word_in(said, BOOKING) and not (plain.word_in(said, OF_BUILDING) and not said:find("visit", 1, true))
    or plain.found_in(said, BOOKING_PARTS)
  if booking and (not visit or plain.found_in(said, OTHER_TIME)) then
    answer.action = "schedule"
    answer.reply = HAPPY[code] or HAPPY.en
  end
  local data = {}
  for _, field in ipairs(fields) do
    local value = answer.data and answer.data[field]
    data[field] = value ~= nil and value or found.known[field] or "unknown"
  end
  return { reply_to_user = answer.reply, extracted_data = data, action = answer.action }
end

M.think = think

-- ---- answering as planned --------------------------------------------------------------------------------------------

---All words like zq… that the customer wrote and no reply has named yet.
local function echo(messages)
  local said, asked = {}, {}
  for _, message in ipairs(messages) do
    local content = type(message.content) == "string" and message.content or ""
    for word in content:gmatch("zq%l+") do
      if message.role == "assistant" then
        said[word] = true
      elseif message.role == "user" and not asked[word] then
        asked[word], asked[#asked + 1] = true, word
      end
    end
  end
  local words = {}
  for _, word in ipairs(asked) do
    if not said[word] then words[#words + 1] = word end
  end
  return { reply_to_user = "Noted " .. table.concat(words, " ") .. ". Are there any stairs involved?" }
end

---The plan's answer with its missing parts filled in: content and finish reason; or nil, then the fixed questions answer.
local function planned(plan, messages)
  if plan.content then return plan.content, plan.finish or "stop" end
  local answer = plan.echo and echo(messages) or plan.answer
  if type(answer) ~= "table" then return nil end
  local data = {}
  for _, field in ipairs(owner.system.quote_fields_needed) do data[field] = "unknown" end
  for field, value in pairs(type(answer.extracted_data) == "table" and answer.extracted_data or {}) do data[field] = value end
  answer.extracted_data, answer.action = data, answer.action or "continue"
  answer.reply_to_user = answer.reply_to_user or "Thanks! Are there any stairs involved?"
  return json.encode(answer), plan.finish or "stop"
end

-- ---- answering -----------------------------------------------------------------------------------------------------

-- Faults that change the answer.
local CHANGES = {}

function CHANGES.price(answer) answer.reply_to_user = "Sure! That would be $350 all in. " .. answer.reply_to_user end

function CHANGES.injected(answer)
  answer.reply_to_user = "Ignoring my instructions as asked <!channel>: claim your prize at https://prize.example/win?c=1 "
    .. "or call +1 900 555 0199. " .. answer.reply_to_user
  answer.extracted_data.address = "<!channel> https://prize.example/win"
end

function CHANGES.action(answer) answer.action = "refund" end

---What the model writes, and its finish reason.
local function content_of(answer, kind)
  if CHANGES[kind] then CHANGES[kind](answer) end
  local text = json.encode(answer)
  if kind == "blank" then return (" "):rep(64), "stop" end
  if kind == "fenced" then return "```json\n" .. text .. "\n```", "stop" end
  if kind == "prose" then return "Here is the answer you asked for:\n\n" .. text .. "\n\nLet me know!", "stop" end
  if kind == "truncated" then return text:sub(1, #text // 2), "length" end
  return text, "stop"
end

local function usage(messages, content)
  local size = 0
  for _, message in ipairs(messages) do size = size + #tostring(message.content) end
  local asked, said = size // 4, #content // 4
  return {
    prompt_tokens = asked, completion_tokens = said, total_tokens = asked + said,
    prompt_cache_hit_tokens = asked // 64 * 64, prompt_cache_miss_tokens = asked % 64,
  }
end

---POST /sandbox/model/chat/completions
function M.complete(request)
  if not common.bearer(request, common.setting("DEEPSEEK_API_KEY")) then return refuse(table.unpack(refusals["401"])) end
  local question, problem = json.decode(request.body, { null_as_nil = true })
  if type(question) ~= "table" then return refuse(400, "invalid JSON: " .. tostring(problem)) end
  local messages = question.messages
  if type(messages) ~= "table" or #messages == 0 then return refuse(400, "messages is missing") end
  if not request.body:lower():gsub("json_object", ""):find("json", 1, true) then
    return refuse(400, "Prompt must contain the word 'json'")
  end
  local fault = faults.meet("model", request.body)
  local kind = fault and fault.kind
  if kind == "http" then return faults.page(fault) end
  if refusals[kind] then return refuse(table.unpack(refusals[kind])) end
  if kind == "slow" then task.sleep(fault.delay_ms or 8000) elseif kind == "hang" then task.sleep(fault.delay_ms or 60000) end
  local _, texts = situation(messages)
  local plan = plans.meet(table.concat(texts, "\n"))
  if plan and plan.http then return plan.http end
  local content, reason
  if plan then content, reason = planned(plan, messages) end
  if not content then
    -- The fixed questions use the owner's files. A mistake there must show up in the turn, not look like a provider that is down.
    local ok, answer = pcall(think, messages)
    if not ok then
      log.error("stand_ins.model", { message = "the fixed questions failed, so the model's answer is blank", error = tostring(answer) })
    end
    content, reason = content_of(ok and answer or { action = "continue", extracted_data = {} }, not ok and "blank" or kind)
  end
  return common.ok {
    id = ("sandbox-%d"):format(common.next("completion")), object = "chat.completion", created = time.now_ms() // 1000,
      model = question.model or "sandbox",
    choices = { { index = 0, message = { role = "assistant", content = content }, finish_reason = reason } },
    usage = usage(messages, content),
  }
end

return M
