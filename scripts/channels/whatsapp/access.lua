-- WhatsApp refuses us as a whole: the token, a permission, a payment, a locked account. Sends wait, staff are told once with the remedy,
-- and one send per minute tries. Nothing here waits.

local access = require "ops.access"
local circuits = require "records.circuits"
local log = require "host.log"
local messages = require "records.messages"
local say = require "channels.whatsapp.say"
local settings = require "host.settings"
local tell = require "staff.tell"

local M = {}

local NAME = "whatsapp"
local BY_STATUS = " by status" -- a send was accepted, and its status said that we are refused

-- Runs sends that waited for the circuit, a few per second.
function M.wake_held(now)
  for i, row in ipairs(messages.release(500)) do say.enqueue(row.conversation_id, row.message, now + i) end
end

---Why everybody waits, and the remedy, in one sentence.
---@param reason string of the circuit: a code, or "HTTP 401"
function M.words(reason)
  local what, remedy = access.words(reason)
  return ("%s (%s): %s"):format(what, reason, remedy)
end

---WhatsApp refuses us: this message waits.
---@param message {id: string, conversation_id: string}
---@param why string a code, or "HTTP 401"
---@param now integer ms
---@param by_status? boolean
function M.refused(message, why, now, by_status)
  local before = circuits.get(NAME)
  local reason = by_status and why .. BY_STATUS or why
  if circuits.open(NAME, reason, settings.get("META_ACCESS_TOKEN"), now) or before.reason ~= reason then
    local what, remedy = access.words(why)
    tell.alert("whatsapp.auth " .. why, ("WhatsApp refuses our access (%s). %s: %s. Answers wait until then."):format(why, what, remedy))
  end
  messages.hold(message.id, message.conversation_id)
end

---Can this message be sent? True, otherwise when to try again. One send per minute can probe.
---@param message {id: string, conversation_id: string, circuit_open?: integer}
---@param now integer ms
---@return boolean
---@return integer? at ms
---@return string? why in words
function M.may_try(message, now)
  if message.circuit_open ~= 1 then return true end
  local open, circuit, changed = circuits.is_open(NAME, settings.get("META_ACCESS_TOKEN"))
  if changed then M.wake_held(now) end
  if not open then return true end
  if circuits.probe(NAME, now) then return true end
  messages.hold(message.id, message.conversation_id)
  return false, math.max(circuit.probe_at, now + 1000), M.words(circuit.reason)
end

---WhatsApp took a message, or delivered it: it refuses us no longer. What a status refused, only a status allows.
---@param now integer ms
---@param by_status? boolean
function M.granted(now, by_status)
  local circuit = circuits.get(NAME)
  if not circuit or circuit.open ~= 1 or not by_status and (circuit.reason or ""):find(BY_STATUS, 1, true) then return end
  circuits.close(NAME)
  log.info("whatsapp.circuit_closed", {})
  M.wake_held(now)
end

---At the start of a generation the token or its permissions may be new, so sends that waited are tried at once. With the token that was
---refused, one send goes first as the probe.
---@param now integer ms
function M.start(now)
  if circuits.is_open(NAME, settings.get("META_ACCESS_TOKEN")) then circuits.due(NAME, now) end
  M.wake_held(now)
end

return M
