-- The job that blocks a person at WhatsApp, or unblocks them there, as our own list says now. WhatsApp takes only people who wrote in the
-- last 24 hours. Whatever it says, our own list counts.

local codes = require "channels.whatsapp.codes"
local conversations = require "records.conversations"
local http = require "host.http"
local jobs = require "host.jobs"
local json = require "host.json"
local log = require "host.log"
local mask = require "mask"
local names = require "staff.names"
local pace = require "channels.whatsapp.pace"
local plain = require "language.text"
local settings = require "host.settings"
local tell = require "staff.tell"

local M = {}

local TRIES = 8 -- over about an hour, with the usual backoff
local CLOSED = 131047
local MOST_PAGES = 50

---@async
local function request(method, rest, body)
  return http.request { method = method, timeout_ms = settings.get("SEND_TIMEOUT_MS"), max_bytes = 1048576, json = body,
    url = plain.trim_end(settings.get("META_GRAPH_URL"), "[/]") .. "/" .. settings.get("META_PHONE_NUMBER_ID") .. "/block_users" .. rest,
    headers = { Authorization = "Bearer " .. settings.get("META_ACCESS_TOKEN") } }
end

-- Meta lists people one by one, or in lists of their own.
local function people_of(body)
  local list = {}
  for _, one in ipairs(type(body.data) == "table" and body.data or {}) do
    for _, user in ipairs(type(one) == "table" and type(one.block_users) == "table" and one.block_users or { one }) do
      local name = type(user) == "table" and (user.wa_id or user.user_id)
      if type(name) == "string" then list[#list + 1] = names.phone(name) or plain.shown(name, 150, true) end
    end
  end
  return list
end

local function first(list) return type(list) == "table" and type(list[1]) == "table" and list[1] or {} end

-- nil: done. Otherwise why not, whether another try helps, and the code.
local function refusal(response, err)
  if not response then return err.kind, true end
  local body = json.decode(response.body, { null_as_nil = true })
  body = type(body) == "table" and body or {}
  local users = type(body.block_users) == "table" and body.block_users or {}
  local fault = first(first(users.failed_users).errors)
  if not fault.code then fault = type(body.error) == "table" and body.error or fault end
  if not fault.code and response.status >= 200 and response.status <= 299 then return nil end
  local code = codes.number(fault.code)
  local why = code == CLOSED and "it blocks only people who wrote in the last 24 hours"
    or type(fault.message) == "string" and plain.shown(fault.message, 200, true) or "HTTP " .. response.status
  return why .. (code and (" (code %d)"):format(code) or ""), codes.class(code, response.status) ~= "permanent", code
end

---@async
---@param job host.jobs.Job payload.conversation; .again: staff know already that WhatsApp did not block them
function M.run(job)
  local conversation = conversations.get(job.payload.conversation)
  if not conversation then return end
  local blocks = conversation.blocked_at ~= nil
  local name = conversation.write_to or conversation.phone_number ~= "" and conversation.phone_number or conversation.id
  local response, err = request(blocks and "POST" or "DELETE", "", { messaging_product = "whatsapp",
    block_users = json.array { { user = name } } })
  local why, again, code = refusal(response, err)
  if not why then return log.info("whatsapp.block", { to = mask(conversation.id), blocked = blocks }) end
  log.warn("whatsapp.block_refused", { to = mask(conversation.id), blocked = blocks, code = code })
  if again and job.attempts < TRIES then
    return jobs.retry(pace.backoff_ms(settings.get("RETRY_BASE_MS"), job.attempts, nil, pace.asked_ms(response)), why)
  end
  if blocks and not job.payload.again then
    tell.word(conversation, ("WhatsApp did not block this person: %s. The block here still counts: nothing follows from what they write, "
      .. "and nothing is sent to them."):format(why))
  elseif not blocks then
    tell.word(conversation, ("WhatsApp did not unblock this person: %s. If nothing of theirs arrives, unblock them in WhatsApp Manager.")
      :format(why))
  end
end

---Who is blocked at WhatsApp, as it says.
---@async
---@return string? list
---@return string? problem
function M.list()
  if not settings.get("META_ACCESS_TOKEN") then return nil, "META_ACCESS_TOKEN is not set here. Run this where the service runs." end
  local lines, rest = {}, ""
  for _ = 1, MOST_PAGES do
    local response, err = request("GET", rest)
    local why = refusal(response, err)
    local body = not why and json.decode(response.body, { null_as_nil = true })
    if type(body) ~= "table" then
      return nil, "WhatsApp did not say who is blocked: " .. (why or "no answer that can be read") .. "."
    end
    local people = people_of(body)
    table.move(people, 1, #people, #lines + 1, lines)
    local paging = type(body.paging) == "table" and body.paging or {}
    local after = type(paging.cursors) == "table" and paging.cursors.after
    if not paging.next or type(after) ~= "string" or not after:find("^[%w_%-=]+$") then break end
    rest = "?after=" .. after
  end
  return #lines > 0 and table.concat(lines, "\n") or "Nobody is blocked at WhatsApp."
end

return M
