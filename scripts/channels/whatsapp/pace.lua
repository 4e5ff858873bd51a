-- How fast we may send: to one person, and for the account after Meta asked us to wait. The rate of all sends together is SEND_RATE, which
-- the host keeps. Nothing here waits.

local circuits = require "records.circuits"
local codes = require "channels.whatsapp.codes"
local json = require "host.json"

local M = {}

local PERSON_MS = 6000 -- one message to one person
local BURST = 45       -- so many may go at once
local BACKOFF_MOST_MS = 10 * 60000
local MOST_MINUTES = 24 * 60

---Until when a message to this person must wait; nil: it can go now. A time farther away than one message: the clock was set back.
---@param paced_at? integer ms, as `M.after` gave it for the last message
---@param now integer ms
---@return integer? at ms
function M.wait(paced_at, now)
  local at = (paced_at or 0) - (BURST - 1) * PERSON_MS
  return at > now and at <= now + PERSON_MS and at or nil
end

---What the next message to this person is measured by.
---@param paced_at? integer ms
---@param now integer ms
---@return integer ms
function M.after(paced_at, now)
  return math.min(math.max(paced_at or 0, now), now + (BURST - 1) * PERSON_MS) + PERSON_MS
end

-- In how many minutes Meta says that the account may send again. Its header holds lists of limits by account.
local function usage_ms(response)
  local header = response and response.headers["x-business-use-case-usage"]
  local usage = header and #header <= 8192 and json.decode(header, { null_as_nil = true })
  local most
  for _, list in pairs(type(usage) == "table" and usage or {}) do
    for _, limit in ipairs(type(list) == "table" and list or {}) do
      local minutes = type(limit) == "table" and limit.estimated_time_to_regain_access
      if type(minutes) == "number" and minutes > 0 and minutes <= MOST_MINUTES then most = math.max(most or 0, minutes) end
    end
  end
  return most and math.ceil(most * 60000)
end

---How long a refusal asks us to wait: Retry-After, otherwise the minutes of the usage header; nil: it does not ask.
---@param response? host.http.Response
---@return integer? ms
function M.asked_ms(response)
  if not response or response.status < 400 then return nil end
  local asked = circuits.asked_wait_ms(response)
  if asked then return asked end
  local usage = usage_ms(response)
  return usage and math.min(usage, circuits.LONGEST_WAIT_MS)
end

---How long a send that was refused for now waits for its next try. One person's limit needs longer each time than other troubles.
---@param base_ms integer RETRY_BASE_MS
---@param attempts integer tries before this one
---@param code? integer
---@param asked_ms? integer
---@return integer ms
function M.backoff_ms(base_ms, attempts, code, asked_ms)
  local exponent = math.min(attempts, 12)
  local wait = base_ms * (code == codes.PAIR and 4 ^ (exponent + 1) or 3 ^ exponent)
  wait = math.ceil(math.min(wait, BACKOFF_MOST_MS) * (1 + 0.3 * (2 * math.random() - 1)))
  return math.max(wait, asked_ms or 0)
end

---The account has sent too much: everybody waits, not only this message.
---@param code? integer
---@param until_ms integer
function M.hold_all(code, until_ms)
  if codes.ACCOUNT[code] then circuits.hold("whatsapp", until_ms) end
end

---Until when everybody waits; nil: nobody does.
---@param row {circuit_open?: integer, probe_at?: integer} of the circuit "whatsapp"
---@param now integer ms
---@return integer? ms
function M.held(row, now)
  local at = row.circuit_open ~= 1 and row.probe_at
  return at and at > now and at <= now + circuits.LONGEST_WAIT_MS and at or nil
end

return M
