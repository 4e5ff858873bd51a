-- The people that the stand-in for Meta knows: each has a number, a business-scoped id, or both.

local db = require "host.db"
local crypto = require "host.crypto"
local time = require "host.time"

local M = {}

---Is this a business-scoped id, like CA.1A2b or US.ENT.x?
function M.is_user_id(text)
  if type(text) ~= "string" then return false end
  local rest = text:match("^%u%u%.(%w+)$") or text:match("^%u%u%.ENT%.(%w+)$")
  return rest ~= nil and #rest <= 128
end

---The number as WhatsApp's id of it: digits, and in Brazil, Mexico and Argentina not the digits that people dial. nil: not a number.
---@param text string
---@return string?
function M.wa_id(text)
  local digits = text:gsub("[%s()%-.+]", "")
  if not digits:match("^%d+$") or #digits < 5 or #digits > 15 then return nil end
  local area, rest = digits:match("^55(%d%d)9(%d+)$")
  if area and #rest == 8 then return "55" .. area .. rest end
  if digits:match("^52%d+$") and #digits == 12 then return "521" .. digits:sub(3) end
  if digits:match("^54[1-8]%d+$") and #digits == 12 then return "549" .. digits:sub(3) end
  return digits
end

---The business-scoped id of a number: always the same one.
function M.user_id_of(number) return "CA." .. crypto.hex(crypto.sha256("user of " .. number)):sub(1, 20):upper() end

---The person with this number or id, or nil.
---@param name string
function M.find(name)
  return db.one("SELECT * FROM sandbox_phones WHERE number = ?", name) or db.one("SELECT * FROM sandbox_phones WHERE user_id = ?", name)
end

---The same, and where there is none a new person who never wrote.
function M.meet(name)
  local person = M.find(name)
  if person then return person end
  return db.one("INSERT INTO sandbox_phones(number, name, user_id) VALUES(?, ?, ?) RETURNING *", name, name,
    M.is_user_id(name) and name or M.user_id_of(name))
end

---The person wrote just now.
---@param number string digits, or the id of a person without a number
---@param given {name: string, user_id: string?, username: string?, ad: boolean?, age_s: integer?} age_s: so long ago
function M.wrote(number, given)
  local now = time.now_ms() - (given.age_s or 0) * 1000
  return db.one([[INSERT INTO sandbox_phones(number, name, user_id, username, wrote_at, ad_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT(number) DO UPDATE SET name = excluded.name, user_id = coalesce(excluded.user_id, sandbox_phones.user_id),
      username = coalesce(excluded.username, sandbox_phones.username),
      wrote_at = max(coalesce(sandbox_phones.wrote_at, 0), excluded.wrote_at),
      ad_at = coalesce(excluded.ad_at, sandbox_phones.ad_at) RETURNING *]],
    number, given.name, given.user_id, given.username, now, given.ad and now or nil)
end

---Did the person write within these hours?
function M.wrote_within(person, hours)
  return person.wrote_at ~= nil and person.wrote_at > time.now_ms() - hours * 3600000
end

---Is the window for free words open? `strict`: who never wrote here has none; otherwise they may have written elsewhere.
function M.window_is_open(person, strict)
  if not person.wrote_at then return not strict end
  return M.wrote_within(person, 24) or person.ad_at ~= nil and person.ad_at > time.now_ms() - 72 * 3600000
end

return M
