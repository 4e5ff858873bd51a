-- Gets a usable answer of the model, or none. A bad answer gets one more try, which says what was wrong. The rejected answer is not shown
-- to the model, because a model tends to repeat it, and because the same prefix keeps the provider's cache.

local M = {}

local MORE_TOKENS = 4096

-- The messages of the repair try.
---@param messages table[] of the first try; the last is the user's
---@param problem string a sentence
---@return table[] messages
function M.messages(messages, problem)
  local again = { table.unpack(messages) }
  local last = again[#again]
  again[#again] = { role = last.role, content = last.content
    .. "\n\n[from the system] Your first answer could not be used: " .. problem
    .. " Answer again, as one json object with reply_to_user, extracted_data and action, and nothing around it." }
  return again
end

-- What is wrong with the form of an answer, before its meaning is checked; nil: nothing.
---@param answer {content: string, finish?: string}
---@return string? problem
---@return integer? max_tokens for the repair try
function M.form_problem(answer)
  if answer.finish == "length" then return "it was cut short. Be briefer.", MORE_TOKENS end
  if answer.finish == "content_filter" then return "it was stopped by a filter." end
  if answer.finish == "insufficient_system_resource" then return "it was cut short." end
  if not answer.content:find("%S") then return "it was blank." end
end

---@async
---@param client table brain.client
---@param messages table[]
---@param check fun(content: string): table?, string? the decision, or what is wrong
---@param deadline integer monotonic ms
---@param conversation_id? string the chat that pays
---@return table? decision
---@return {calls: integer, rejected?: string, why?: string, alerts?: brain.Alert[]} record for the turn's row, and what staff should hear
function M.decide(client, messages, check, deadline, conversation_id)
  local calls, record, max_tokens = { n = 0 }, {}, nil
  for _ = 1, 2 do
    local answer, failure = client:ask(messages, { deadline = deadline, calls = calls, max_tokens = max_tokens,
      conversation = conversation_id })
    record.calls = calls.n
    if not answer then
      record.why, record.alerts = failure.reason, failure.alerts
      return nil, record
    end
    local decision
    local problem, more = M.form_problem(answer)
    if not problem then decision, problem = check(answer.content) end
    if decision then return decision, record end
    record.rejected, record.why = answer.content, problem
    messages, max_tokens = M.messages(messages, problem), more
  end
  return nil, record
end

return M
