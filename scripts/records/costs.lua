-- The table costs: what each chat cost per day, on the clock of TZ: tokens of the model, and messages that WhatsApp delivered. The rows of
-- the chat '' are the totals of the days. They name nobody and stay. Nothing here waits.

local db = require "host.db"
local time = require "host.time"

local M = {}

M.CATEGORIES = { "service", "utility", "marketing", "authentication" }

local TOTAL = ""

local MINUTE_MS = 60000
local last = {} -- the minute that was asked for last, and its day: a turn and its statuses ask five times

---@param now integer ms
---@return string "2026-11-28"
function M.day(now)
  local minute = now // MINUTE_MS
  if last.minute ~= minute then
    local t = time.zoned(now)
    last.minute, last.day = minute, ("%04d-%02d-%02d"):format(t.year, t.month, t.day)
  end
  return last.day
end

---@class records.Costs
---@field tokens_in integer that the provider did not have in its cache
---@field tokens_cached integer
---@field tokens_out integer
---@field dollars number of the model
---@field service integer charged messages, and so on for each of CATEGORIES
---@field free integer messages that are not charged
---@field message_dollars number

local NOTHING = { tokens_in = 0, tokens_cached = 0, tokens_out = 0, dollars = 0, service = 0, utility = 0, marketing = 0,
  authentication = 0, free = 0, message_dollars = 0 }

---@param now integer ms
---@return records.Costs of this day so far, all chats together
function M.today(now)
  return db.one("SELECT * FROM costs WHERE conversation_id = '' AND day = ?", M.day(now)) or NOTHING
end

local SECOND_MS = 1000
local known = {} -- what the model has cost on a day, read at most a second ago: a turn asks twice (16 k instructions)

---@param now integer ms
---@return number dollars that the model has cost today
function M.model_today(now)
  local day = M.day(now)
  if known.day ~= day or now < known.at or now - known.at >= SECOND_MS then
    local row = db.one("SELECT dollars FROM costs WHERE conversation_id = '' AND day = ?", day)
    known.day, known.at, known.dollars = day, now, row and row.dollars or 0
  end
  return known.dollars
end

-- The total and the chat's row, one statement each: both in one, with RETURNING, take twice as long.
local TOTAL_TOKENS = [[UPDATE costs SET tokens_in = tokens_in + ?2, tokens_cached = tokens_cached + ?3, tokens_out = tokens_out + ?4,
  dollars = dollars + ?5 WHERE conversation_id = '' AND day = ?1]]
local CHAT_TOKENS = [[INSERT INTO costs(day, tokens_in, tokens_cached, tokens_out, dollars, conversation_id) VALUES(?, ?, ?, ?, ?, ?)
  ON CONFLICT(conversation_id, day) DO UPDATE SET tokens_in = costs.tokens_in + excluded.tokens_in,
    tokens_cached = costs.tokens_cached + excluded.tokens_cached, tokens_out = costs.tokens_out + excluded.tokens_out,
    dollars = costs.dollars + excluded.dollars]]

-- A request to the model was answered.
---@param conversation_id? string nil: it was about no chat
---@param used {uncached: integer, cached: integer, completion: integer, dollars: number}
---@param now integer ms
---@return number dollars of the model on this day so far, all chats together
function M.add_tokens(conversation_id, used, now)
  local day = M.day(now)
  if db.run(TOTAL_TOKENS, day, used.uncached, used.cached, used.completion, used.dollars) == 0 then
    db.run(CHAT_TOKENS, day, used.uncached, used.cached, used.completion, used.dollars, TOTAL)
  end
  if conversation_id then db.run(CHAT_TOKENS, day, used.uncached, used.cached, used.completion, used.dollars, conversation_id) end
  if known.day == day then known.dollars = known.dollars + used.dollars end
  return M.model_today(now)
end

local ADD_MESSAGE = {}
for _, category in ipairs { "free", table.unpack(M.CATEGORIES) } do
  ADD_MESSAGE[category] = ([[INSERT INTO costs(conversation_id, day, %s, message_dollars) VALUES('', ?1, 1, ?2), (?3, ?1, 1, ?2)
    ON CONFLICT(conversation_id, day) DO UPDATE SET %s = costs.%s + 1, message_dollars = costs.message_dollars + excluded.message_dollars]])
    :format(category, category, category)
end

-- A message was delivered.
---@param conversation_id string
---@param category "free"|"service"|"utility"|"marketing"|"authentication"
---@param dollars number
---@param now integer ms
function M.add_message(conversation_id, category, dollars, now)
  db.run(ADD_MESSAGE[category], M.day(now), dollars, conversation_id)
end

-- True for the first caller of a day, and once more after the limit was raised.
---@param limit number dollars
---@param now integer ms
function M.tell(limit, now)
  return db.run("UPDATE costs SET told = ?1 WHERE conversation_id = '' AND day = ?2 AND (told IS NULL OR told < ?1)",
    limit, M.day(now)) == 1
end

-- PostgreSQL's sum of whole numbers is none.
local SUMS = "sum(dollars) AS dollars, sum(message_dollars) AS message_dollars"
for _, name in ipairs { "tokens_in", "tokens_cached", "tokens_out", "free", table.unpack(M.CATEGORIES) } do
  SUMS = ("%s, CAST(sum(%s) AS BIGINT) AS %s"):format(SUMS, name, name)
end

---@param day string the first day, "2026-11-01"
---@param upto string the last day
---@return records.Costs
function M.between(day, upto)
  local row = db.one("SELECT " .. SUMS .. " FROM costs WHERE conversation_id = '' AND day BETWEEN ? AND ?", day, upto)
  return row.dollars and row or NOTHING
end

-- The chats that cost most, model and messages together, the dearest first.
---@param day string
---@param upto string
---@param count integer
---@return records.Costs[] each with conversation_id
function M.dearest(day, upto, count)
  return db.all("SELECT conversation_id, " .. SUMS .. [[ FROM costs WHERE day BETWEEN ? AND ? AND conversation_id <> ''
    GROUP BY conversation_id ORDER BY sum(dollars) + sum(message_dollars) DESC, conversation_id LIMIT ?]], day, upto, count)
end

---@param ids string[] all that names a person: a request that was under way when chats were merged counted for the one that is gone
---@return table[] rows in the order of their days
function M.of(ids)
  local list = {}
  for _, id in ipairs(ids) do
    for _, row in ipairs(id ~= TOTAL and db.all("SELECT * FROM costs WHERE conversation_id = ? ORDER BY day", id) or {}) do
      list[#list + 1] = row
    end
  end
  return list
end

---@param id string
---@return integer count
function M.remove(id) return id ~= TOTAL and db.run("DELETE FROM costs WHERE conversation_id = ?", id) or 0 end

-- Removes rows of chats that are too old. The totals stay.
---@param before integer ms
---@param limit integer
---@return integer count
function M.forget(before, limit)
  return db.run([[DELETE FROM costs WHERE (conversation_id, day) IN (SELECT conversation_id, day FROM costs
    WHERE day < ? AND conversation_id <> '' ORDER BY day LIMIT ?)]], M.day(before), limit)
end

---A day as people write it.
---@param words any
---@return boolean
function M.is_day(words)
  local month, day = tostring(words):match("^%d%d%d%d%-(%d%d)%-(%d%d)$")
  return month ~= nil and tonumber(month) >= 1 and tonumber(month) <= 12 and tonumber(day) >= 1 and tonumber(day) <= 31
end

return M
