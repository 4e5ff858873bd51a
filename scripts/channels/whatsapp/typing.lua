-- Shows "read" and "typing…" while a turn works. "typing…" ends after 25 seconds, so it is shown again while the model thinks.
-- Nobody waits for it.

local conversations = require "records.conversations"
local settings = require "host.settings"

local M = {}

local EVERY_MS = 18000 -- a request for it takes up to 5 seconds more

---Until `done` is set; not in a chat that staff took meanwhile, or that opted out.
---@async
---@param show fun(wamid: string)
---@param conversation_id string
---@param wamid string the customer's newest message
---@param done host.task.Event
function M.keep(show, conversation_id, wamid, done)
  local every_ms = math.min(settings.get("LLM_DEADLINE_MS") * 2 // 5, EVERY_MS)
  for _ = 1, 2 + settings.get("LLM_DEADLINE_MS") // every_ms do -- a turn takes no longer
    show(wamid)
    if done:wait(every_ms) then return end
    local conversation = conversations.get(conversation_id)
    if not conversation or conversation.status == "PAUSED" or conversation.opted_out == 1 then return end
  end
end

return M
