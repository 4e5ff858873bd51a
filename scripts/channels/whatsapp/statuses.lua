-- Stores what Meta reports about our messages. A state only moves forward. Our own mark is looked for first.

local access = require "channels.whatsapp.access"
local circuits = require "records.circuits"
local codes = require "channels.whatsapp.codes"
local conversations = require "records.conversations"
local costs = require "records.costs"
local http = require "host.http"
local inbound = require "channels.whatsapp.inbound"
local inbox = require "host.inbox"
local json = require "host.json"
local leads = require "staff.leads"
local log = require "host.log"
local messages = require "records.messages"
local offers = require "records.offers"
local metrics = require "host.metrics"
local owner = require "owner"
local people = require "records.people"
local say = require "channels.whatsapp.say"
local sender = require "channels.whatsapp.sender"
local settings = require "host.settings"
local task = require "host.task"
local templates = require "channels.whatsapp.templates"
local tell = require "staff.tell"

local M = {}

local SETTLE_MS = 500
local DELIVERED = {}
for _, category in ipairs { "free", table.unpack(costs.CATEGORIES) } do DELIVERED[category] = { category = category } end

-- A request whose message already has a status needs no answer any more. After a moment it is cancelled, so that the lane continues.
local function settle(message)
  task.spawn(function()
    task.sleep(SETTLE_MS)
    local row = messages.get(message.id)
    if row and row.opened_at == message.opened_at then http.cancel(say.lane(message.conversation_id)) end
  end)
end

local function tell_failed(message, status)
  local conversation = conversations.get(message.conversation_id)
  if conversation then
    tell.word(conversation, "a message could not be delivered: " .. codes.advice(status.code, status.why)
      .. " The text was:", message.content)
  end
end

-- A message is charged once, when it is delivered. What Meta does not say is counted as it usually is.
local function charge(message, status, now)
  local category = status.charged_as or message.template and "utility" or "service"
  local dollars = owner.business.message_prices[category] or 0
  costs.add_message(message.conversation_id, category, dollars, now)
  metrics.add("assistant_messages_delivered_total", 1, DELIVERED[category])
  if dollars > 0 then metrics.add("assistant_message_cost_dollars_total", dollars) end
end

---WhatsApp has taken a message of staff: a quote that it carries is open now.
---@param message {id: string, conversation_id: string}
---@param now integer ms
function M.staff_arrived(message, now)
  tell.state(message.id)
  conversations.staff_reached(message.conversation_id, now)
  local offer = offers.opened(message.id, now)
  if not offer then return end
  leads.changed(message.conversation_id, "quoted", { cents = offer.amount_cents, by = offer.author })
  tell.refresh(message.conversation_id)
end

-- Moves one of our messages to the state of a status.
---@param message table at least the columns of messages.of_status
---@param status {state: string, wamid?: string, code?: integer, why?: string, charged_as?: string}
function M.apply(message, status, now)
  local rank, new_wamid = messages.rank[message.state], status.wamid ~= message.wamid and status.wamid or nil
  if status.state == "failed" then
    if not rank or rank >= messages.rank.delivered then return end
    -- Our message was sent again since, so the failure of an old try says nothing about the new one.
    if message.resent > 0 and (message.state == "queued" or message.wamid and status.wamid ~= message.wamid) then return end
    local why = ("%s %s"):format(status.code or "", status.why or "failed")
    message = messages.get(message.id)
    if status.code and codes.class(status.code) == "auth" then -- everybody is refused: it waits, and is sent once we are not
      messages.resend(message.id, now, why)
      access.refused(message, tostring(status.code), now, true)
      say.enqueue(message.conversation_id, message.id, now + circuits.PROBE_MS)
    elseif message.resent == 0 and status.code and codes.class(status.code) == "transient" then
      messages.resend(message.id, now, why)
      say.enqueue(message.conversation_id, message.id, now + settings.get("RETRY_BASE_MS"))
    elseif status.code == templates.CLOSED and templates.instead(message) then
      messages.resend(message.id, now, why)
      say.enqueue(message.conversation_id, message.id, now)
    else
      messages.moved(message.id, "failed", new_wamid, now, why)
      if message.kind == "staff" then
        offers.failed(message.id, now)
        tell.state(message.id)
        tell.refresh(message.conversation_id)
      end
      tell_failed(message, status)
    end
  else
    local known = rank or message.state == "failed" and messages.rank.sent or nil
    if not known or messages.rank[status.state] <= known then return end
    messages.moved(message.id, status.state, new_wamid, now)
    if message.kind == "staff" then
      if known < messages.rank.accepted then M.staff_arrived(message, now) else tell.state(message.id) end
    end
    if known < messages.rank.delivered and messages.rank[status.state] >= messages.rank.delivered then charge(message, status, now) end
    if message.circuit_open == 1 then access.granted(now, true) end
    if message.state == "unknown" then say.enqueue(message.conversation_id, message.id, now) end
  end
  if message.opened_at then settle(message) end
end

-- One status of a change.
---@param first boolean whether it is the first status of the change
---@param again table[] collects the names of the people whose erased messages the status is about
function M.read(item, first, now, again)
  inbox.about(inbound.whose(item))
  local status, reason = inbound.status(item)
  if status then
    local message = messages.of_status(status.mark, status.wamid)
    if message then
      inbox.about(message.conversation_id)
      M.apply(message, status, now)
    elseif people.is_erased_message(status.mark or status.wamid) or status.wamid and people.is_erased_message(status.wamid) then
      again[#again + 1] = sender.set(sender.of(item))
    elseif status.wamid then
      messages.keep_early(status.wamid, status.state, now, (status.code or status.charged_as)
        and json.encode { code = status.code, why = status.why, charged_as = status.charged_as })
    end
  elseif reason then
    inbox.park(reason, json.encode(item))
  elseif first then
    log.info("whatsapp.status_ignored", {})
  end
end

-- Applies statuses that came before we knew the platform's id of this message.
---@param message_id string
---@param wamid string
---@param now integer ms
function M.catch_up(message_id, wamid, now)
  for _, early in ipairs(messages.take_early(wamid)) do
    local extra = early.error and json.decode(early.error) or {}
    local message = messages.get(message_id)
    if message then M.apply(message, { state = early.status, wamid = wamid, code = extra.code, why = extra.why,
      charged_as = extra.charged_as }, now) end
  end
end

return M
