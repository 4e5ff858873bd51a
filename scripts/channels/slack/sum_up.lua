-- After Slack was away for a day or longer its channel does not get everything that waited, one by one: the messages are counted by chat
-- and summed up in one. Cards still come each once, and threads get what was said as one message.

local cases = require "records.cases"
local conversations = require "records.conversations"
local jobs = require "host.jobs"
local messages = require "records.messages"
local names = require "staff.names"
local time = require "host.time"

local M = {}

local MOST_JOBS = 5000 -- what is more is posted one by one
local MOST_CHATS = 30

-- Messages that are summed up. What is not here (files) is posted.
local SUMMED = { words = true, text = true, follow_up = true, mirror = true }

local function chat_of(job, case)
  return job.payload.conversation or case and case.conversation_id or (job.lane or ""):match("^slack:(.+)$")
end

-- The thread of a chat whose messages were counted gets the last ones in one message.
local function so_far(conversation_id)
  local case = cases.last(conversation_id)
  if not case then return end
  jobs.put { kind = "slack", lane = "slack:" .. conversation_id, unique = "slack:so_far:" .. tostring(case.id),
    payload = { what = "so_far", conversation = conversation_id, upto = messages.newest_place() } }
end

---Takes the messages that wait out of the queue, and puts one in their place. Nothing here waits.
---@param since integer ms
---@param now integer ms
function M.begin(since, now)
  local chats, order, service, mirrored, from, seen = {}, {}, 0, {}, 0, 0
  repeat
    local list
    list, from = jobs.list("slack", from)
    for _, job in ipairs(list) do
      local what = job.payload.what
      local case = what == "follow_up" and cases.get(job.payload.case) or nil
      seen = seen + 1
      if SUMMED[what] and jobs.cancel(job.id) then
        local id = chat_of(job, case)
        if case then cases.followed_up(case.id, case.notes or "") end
        if what == "mirror" then mirrored[id] = true end
        if id and id ~= "notes" then
          if not chats[id] then order[#order + 1] = id end
          chats[id] = (chats[id] or 0) + 1
        else
          service = service + 1
        end
      end
    end
  until not from or seen >= MOST_JOBS
  for id in pairs(mirrored) do so_far(id) end
  if #order == 0 and service == 0 then return end
  local counts = {}
  for index, id in ipairs(order) do counts[index] = { id, chats[id] } end
  jobs.put { kind = "slack", lane = "alerts", payload = { what = "summary", since = since, at = now, chats = counts, service = service } }
end

local function moment(ms) return names.date(ms, time) end

local function messages_of(count) return ("%d message%s"):format(count, count == 1 and "" or "s") end

---The text of the summary, from its row.
---@param payload {since: integer, at: integer, chats: table, service: integer}
---@return string
function M.words(payload)
  local lines, total = {}, payload.service
  for index, entry in ipairs(payload.chats) do
    total = total + entry[2]
    local conversation = index <= MOST_CHATS and conversations.get(entry[1])
    if conversation then lines[#lines + 1] = ("• %s: %s"):format(names.who(conversation), messages_of(entry[2])) end
  end
  if #payload.chats > MOST_CHATS then lines[#lines + 1] = ("• and %d more chats"):format(#payload.chats - MOST_CHATS) end
  if payload.service > 0 then lines[#lines + 1] = "• about the service: " .. messages_of(payload.service) .. " (they are in the log)" end
  return ("⚠️ Slack took no posts from %s to %s. %s that waited are summed up here. Each card that waited is posted too. "
    .. "`/assistant show NUMBER` shows what was said.\n"):format(moment(payload.since), moment(payload.at), messages_of(total))
    .. table.concat(lines, "\n")
end

return M
