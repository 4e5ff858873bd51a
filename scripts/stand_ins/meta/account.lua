-- What the stand-in for Meta knows of the business's account, and its limits. They can be changed, so that a test needs no minutes.

local db = require "host.db"
local time = require "host.time"
local common = require "stand_ins.common"

local M = {}

-- strict: 1: only what this stand-in delivered exists: a send to a person who never wrote fails with 131047, a read mark or quotation of an
-- unknown message is refused. 0 where customers are played by somebody else, as in specs that post webhooks themselves.
-- per_second: messages a second before 130429. pair_burst and pair_seconds: to one person so many at once, then one per so many seconds.
local function default(name)
  if name == "strict" then return common.setting("SANDBOX_TARGET") and 0 or 1 end
  return ({ per_second = common.setting("SANDBOX_TARGET") and 1000 or 80, pair_burst = 45, pair_seconds = 6, delivered_ms = 800 })[name]
end
local names = { "strict", "per_second", "pair_burst", "pair_seconds", "delivered_ms" }

---@param name "strict"|"per_second"|"pair_burst"|"pair_seconds"|"delivered_ms"
---@return number
function M.get(name)
  local row = db.one("SELECT value FROM sandbox_account WHERE name = ?", name)
  return row and row.value or default(name)
end

---@return boolean
function M.strict() return M.get("strict") == 1 end

---POST /sandbox/account {"strict": 1, "pair_burst": 3}: sets limits; answers with all of them.
M.set = common.control(function(wish)
  for name, value in pairs(wish) do
    if type(value) ~= "number" or value < 0 or not default(name) then
      return common.bad("there are " .. table.concat(names, ", ") .. ", each a number from 0")
    end
    db.run([[INSERT INTO sandbox_account(name, value) VALUES(?, ?)
      ON CONFLICT(name) DO UPDATE SET value = excluded.value]], name, value)
  end
  local all = {}
  for _, name in ipairs(names) do all[name] = M.get(name) end
  return common.ok(all)
end)

local second, sent = 0, 0

---Is this message one too many in this second? Counts it.
function M.too_fast()
  local now = time.now_ms() // 1000
  if now ~= second then second, sent = now, 0 end
  sent = sent + 1
  return sent > M.get("per_second")
end

---Is this message one too many for this person? Takes it from the burst.
---@param person {number: string, tokens: number?, tokens_at: integer?}
function M.too_many(person)
  local now, most = time.now_ms(), M.get("pair_burst")
  local tokens = math.min((person.tokens or most) + (now - (person.tokens_at or now)) / 1000 / M.get("pair_seconds"), most)
  if tokens < 1 then return true end
  db.run("UPDATE sandbox_phones SET tokens = ?, tokens_at = ? WHERE number = ?", tokens - 1, now, person.number)
  return false
end

return M
