-- The table circuits: providers that refuse us. While a circuit is open, its provider gets only a probe now and then.

local crypto = require "host.crypto"
local db = require "host.db"
local time = require "host.time"

local M = {}

M.PROBE_MS = 60000

M.LONGEST_WAIT_MS = 3600000
local NONSENSE_S = 86400 -- nobody asks us to wait for longer than a day

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

---A date of an HTTP header ("Sun, 06 Nov 2044 08:49:37 GMT") in ms; nil: it is none.
---@param value? string
---@return integer? ms
function M.http_date(value)
  local day, month, year, clock = (value or ""):match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$")
  if not day or not MONTHS[month] then return nil end
  return time.parse(("%s-%02d-%s %s.000"):format(year, MONTHS[month], day, clock))
end

---How long a response asks us to wait (Retry-After: seconds, also with a fraction, or a date), limited to one second to one hour;
---nil: it does not ask, or what it asks makes no sense.
---@param response? host.http.Response
---@return integer? ms
function M.asked_wait_ms(response)
  local asked = response and response.headers["retry-after"] or ""
  local seconds = #asked <= 12 and asked:find("^%s*%d") and not asked:find("[^%d%s.]") and tonumber(asked)
  if seconds and seconds > NONSENSE_S then return nil end
  local at = not seconds and M.http_date(asked)
  local wait = seconds and math.ceil(seconds * 1000) or at and at - (M.http_date(response.headers.date) or time.now_ms())
  return wait and (seconds or wait > 0) and math.min(math.max(wait, 1000), M.LONGEST_WAIT_MS) or nil
end

-- A hash that recognises a refused secret.
function M.mark(secret)
  return crypto.hex(crypto.sha256("circuit:" .. secret)):sub(1, 32)
end

function M.get(name)
  return db.one("SELECT * FROM circuits WHERE name = ?", name)
end

-- Is the circuit open, with the refused secret still in use? A changed secret closes it.
---@return boolean open
---@return table? circuit
---@return boolean? changed the secret has changed, which closed the circuit
function M.is_open(name, secret)
  local circuit = M.get(name)
  if not circuit or circuit.open ~= 1 then return false, circuit end
  if secret and circuit.secret and circuit.secret ~= M.mark(secret) then
    M.close(name)
    return false, nil, true
  end
  return true, circuit
end

-- True when this call opened it.
---@param name string
---@param reason string
---@param secret? string
---@param now integer ms
function M.open(name, reason, secret, now)
  local circuit = M.get(name)
  db.run([[INSERT INTO circuits(name, open, since, reason, failures, probe_at, secret) VALUES(?1, 1, ?2, ?3, 0, ?4, ?5)
    ON CONFLICT(name) DO UPDATE SET open = 1, since = coalesce(circuits.since, ?2), reason = ?3,
      probe_at = ?4, secret = ?5]],
    name, now, reason, now + M.PROBE_MS, secret and M.mark(secret))
  return not circuit or circuit.open ~= 1
end

-- True when it was open, or had counted failures.
function M.close(name)
  return db.run([[UPDATE circuits SET open = 0, since = NULL, reason = NULL, failures = 0, probe_at = NULL, secret = NULL, told_at = NULL
    WHERE name = ?]], name) > 0
end

-- Counts one more failure in a row; returns how many there are.
function M.failed(name)
  return db.one([[INSERT INTO circuits(name, failures) VALUES(?, 1)
    ON CONFLICT(name) DO UPDATE SET failures = circuits.failures + 1 RETURNING failures]], name).failures
end

-- Counts one more failure in a row of a closed circuit; returns when the first of them was, in ms.
function M.failing(name, reason, now)
  return db.one([[INSERT INTO circuits(name, failures, since, reason) VALUES(?1, 1, ?3, ?2)
    ON CONFLICT(name) DO UPDATE SET failures = circuits.failures + 1, since = coalesce(circuits.since, ?3),
      reason = CASE WHEN circuits.open = 1 THEN circuits.reason ELSE ?2 END RETURNING since]], name, reason, now).since
end

-- The owner was told of it by another way.
function M.told(name, now)
  db.run("UPDATE circuits SET told_at = ? WHERE name = ?", now, name)
end

-- Can this caller probe an open circuit? One caller per PROBE_MS can.
function M.probe(name, now)
  -- A time later than PROBE_MS from now means that the clock was set back.
  return db.run("UPDATE circuits SET probe_at = ?1 WHERE name = ?2 AND open = 1 AND (probe_at <= ?3 OR probe_at > ?1)", now + M.PROBE_MS,
    name, now) == 1
end

-- Everybody waits until then, because the provider asked for it. The circuit is not open.
function M.hold(name, until_ms)
  db.run([[INSERT INTO circuits(name, open, failures, probe_at) VALUES(?1, 0, 0, ?2)
    ON CONFLICT(name) DO UPDATE SET probe_at = max(coalesce(circuits.probe_at, 0), ?2) WHERE circuits.open = 0]], name, until_ms)
end

-- Until when everybody waits; nil: nobody waits. A time later than longest_ms means that the clock was set back.
---@param name string
---@param now integer ms
---@param longest_ms integer
---@return integer? until_ms
function M.held(name, now, longest_ms)
  local circuit = M.get(name)
  local at = circuit and circuit.open == 0 and circuit.probe_at
  return at and at > now and at <= now + longest_ms and at or nil
end

-- The next caller can probe at once, because something changed, or the process is new.
function M.due(name, now)
  db.run("UPDATE circuits SET probe_at = ? WHERE name = ? AND open = 1", now, name)
end

function M.all_open()
  return db.all("SELECT name, since, reason FROM circuits WHERE open = 1 ORDER BY name")
end

return M
