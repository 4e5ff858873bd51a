-- `assistant costs [--since DAY]`: what the model and WhatsApp's messages cost, and which chats cost most.

local conversations = require "records.conversations"
local costs = require "records.costs"
local names = require "staff.names"
local time = require "host.time"

local M = {}

local MOST_CHATS = 10

-- 1204000 → "1,204,000"
local function grouped(count)
  local text = ("%d"):format(count):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

local function messages_of(row)
  local parts, count = {}, 0
  for _, category in ipairs(costs.CATEGORIES) do
    count = count + row[category]
    if row[category] > 0 then parts[#parts + 1] = ("%s %s"):format(category, grouped(row[category])) end
  end
  return ("%s charged%s, %s free"):format(grouped(count), #parts > 0 and " (" .. table.concat(parts, ", ") .. ")" or "", grouped(row.free))
end

local function name_of(id)
  local conversation = conversations.get(id)
  return conversation and names.who(conversation) or names.phone(id) or id
end

-- The first day to count: as written, else the first of this month.
local function first_day(args, today)
  if #args == 0 then return today:sub(1, 7) .. "-01" end
  return args[1] == "--since" and #args == 2 and costs.is_day(args[2]) and args[2] or nil
end

---@param args string[]
---@return string? report
---@return string? problem
function M.command(args)
  local today = costs.day(time.now_ms())
  local since = first_day(args, today)
  if not since then return nil, "Usage: assistant costs [--since DAY]   (a day like 2026-11-01; without it, the first of this month)" end
  if since > today then return nil, ("%s has not come yet. Today is %s."):format(since, today) end
  local all = costs.between(since, today)
  local lines = {
    ("From %s to %s: $%.2f"):format(since, today, all.dollars + all.message_dollars),
    ("  the model:  $%.2f, %s tokens asked (%s of them from its cache), %s answered"):format(all.dollars,
      grouped(all.tokens_in + all.tokens_cached), grouped(all.tokens_cached), grouped(all.tokens_out)),
    ("  WhatsApp:   $%.2f, messages delivered: %s"):format(all.message_dollars, messages_of(all)),
  }
  local dearest = costs.dearest(since, today, MOST_CHATS)
  if #dearest > 0 then lines[#lines + 1] = "The chats that cost most:" end
  for _, row in ipairs(dearest) do
    lines[#lines + 1] = ("  $%.4f  %s: the model $%.4f, messages $%.4f"):format(row.dollars + row.message_dollars,
      name_of(row.conversation_id), row.dollars, row.message_dollars)
  end
  lines[#lines + 1] = "Counted with model_prices and message_prices of prompts/business.yaml. The invoices decide."
  return table.concat(lines, "\n")
end

return M
