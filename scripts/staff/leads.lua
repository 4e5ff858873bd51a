-- Leads: notes each change of a case as a stage, and hands it to the owner's own system (LEADS_WEBHOOK_URL). Nothing here waits.

local cases = require "records.cases"
local jobs = require "host.jobs"
local settings = require "host.settings"
local stages = require "records.stages"

local M = {}

---A lead changed. Without a case there is no lead.
---@param conversation_id string
---@param kind "opened"|"taken"|"quoted"|"accepted"|"declined"|"booked"|"closed"
---@param more? {reason?: string, by?: string, cents?: integer, start_at?: integer}
---@param case? table default: the chat's newest
function M.changed(conversation_id, kind, more, case)
  case = case or cases.last(conversation_id)
  if not case then return end
  local id = stages.add(case, kind, more)
  if not settings.get("LEADS_WEBHOOK_URL") then return end
  jobs.put { kind = "lead", lane = "lead:" .. conversation_id, payload = { stage = id } }
end

return M
