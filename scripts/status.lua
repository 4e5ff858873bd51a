-- The business half of `assistant status`: as a table for machines, as lines with remedies for people.

local cases = require "records.cases"
local circuits = require "records.circuits"
local conversations = require "records.conversations"
local json = require "host.json"
local messages = require "records.messages"
local time = require "host.time"

local M = {}

local remedies = {
  whatsapp = "make a new token, write it to META_ACCESS_TOKEN (or its _FILE), then `assistant reload`",
  slack = "check that the webhook and its channel still exist, mend SLACK_WEBHOOK_URL, then `assistant reload`",
  model = "check the key and the balance at the model's provider; chats go on with the scripted brain meanwhile",
}

function M.figures()
  local now, waiting, open = time.now_ms(), conversations.oldest_waiting(), json.array()
  for _, circuit in ipairs(circuits.all_open()) do
    open[#open + 1] = { name = circuit.name, reason = circuit.reason, since = circuit.since and time.iso(circuit.since) }
  end
  return {
    deliveries = messages.counts(),
    open_circuits = open,
    oldest_unanswered_ms = waiting and math.max(0, now - waiting) or 0,
    cases = cases.counts(),
  }
end

local function clock(iso)
  local at = iso and time.parse(iso)
  if not at then return "an unknown time" end
  local t = time.zoned(at)
  return ("%04d-%02d-%02d %02d:%02d %s"):format(t.year, t.month, t.day, t.hour, t.min, t.zone)
end

function M.words()
  local figures, lines = M.figures(), {}
  for _, circuit in ipairs(figures.open_circuits) do
    lines[#lines + 1] = ("%s has refused us since %s (%s): %s."):format(
      circuit.name, clock(circuit.since), circuit.reason or "no reason given", remedies[circuit.name] or "see the log")
  end
  local states = {}
  for state, count in pairs(figures.deliveries) do states[#states + 1] = count .. " " .. state end
  table.sort(states)
  lines[#lines + 1] = "Messages to customers, by state: " .. (#states > 0 and table.concat(states, ", ") or "none yet")
  lines[#lines + 1] = ("Cases: %d open, %d taken%s"):format(figures.cases.open, figures.cases.taken,
    figures.cases.unposted > 0 and (", %d not posted to Slack yet"):format(figures.cases.unposted) or "")
  if figures.oldest_unanswered_ms > 0 then
    lines[#lines + 1] = ("The customer who has waited longest for an answer has waited %d s."):format(figures.oldest_unanswered_ms // 1000)
  end
  return table.concat(lines, "\n")
end

return M
