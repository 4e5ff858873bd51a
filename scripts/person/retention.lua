-- Removes once an hour what is older than prompts/business.yaml says. It works in small pieces with a pause after each, so that
-- nobody waits for it. When it is interrupted, the next run continues there.

local db = require "host.db"
local files = require "host.media"
local log = require "host.log"
local media = require "records.media"
local people = require "records.people"
local records = require "records.expiry"
local task = require "host.task"
local time = require "host.time"

local M = {}

local DAY_MS = 86400000
local LEAST, MOST = 4, 64 -- rows per piece; each can be a few pages of a file that is not in memory
local PIECE_MS = 1 -- how long one piece should take: accepts beside it wait so long and for its commit
local REST_MS = 20

-- Removes pieces until nothing is left. On a slow machine the pieces get smaller. It notes the longest one.
---@async
local function all(what, piece, done)
  local size, sum = LEAST, 0
  while true do
    local began = time.monotonic_ms()
    local count, more = db.transaction(piece, size)
    local took = time.monotonic_ms() - began
    sum = sum + count
    done.longest_ms = math.max(done.longest_ms, took)
    if not more and count < size then break end
    size = math.max(LEAST, math.min(MOST, took > PIECE_MS and size * PIECE_MS // took or size + size // 4))
    task.sleep(REST_MS)
  end
  if sum > 0 then done[what] = sum end
end

-- Removes the files that no row names.
---@async
local function sweep_files()
  local count, after = 0, nil
  repeat
    local list, last = files.list(after)
    count, after = count + media.sweep(list), last
    task.sleep(0)
  until not after
  return count
end

---@param retention {raw_days: number, messages_days: number}
---@param now integer ms
---@return table removed counts by kind, and longest_ms
---@async
function M.run(retention, now)
  local done = { longest_ms = 0 }
  local raw = now - math.floor(retention.raw_days * DAY_MS)
  local old = now - math.floor(retention.messages_days * DAY_MS)
  local ids = math.min(raw, now - records.IDS_MS) -- the marks stay while a stored webhook can be read again
  local before = { raw = raw, early = now - records.IDS_MS, changes = now - records.IDS_MS, seen = now - records.IDS_MS,
    erased_messages = ids, answers = now, offers = math.min(old, now - records.OFFERS_MS) }
  for _, what in ipairs { "raw", "messages", "media", "costs", "jobs", "turns", "cases", "offers", "audit", "slack_posts", "bookings",
    "early", "changes", "seen", "erased_messages", "answers" } do
    all(what, function(n) return records[what](before[what] or old, n) end, done)
  end
  local swept = sweep_files()
  if swept > 0 then done.files = swept end
  local after = ""
  all("conversations", function(n)
    local count, next = records.conversations(after, old, n)
    after = next or after
    return count, next ~= nil
  end, done)
  return done
end

-- The job. It also cleans the file when an erasure could not.
---@param retention fun(): {raw_days: number, messages_days: number}
function M.job(retention)
  return function()
    local now = time.now_ms()
    local done = M.run(retention(), now)
    if next(done, next(done)) ~= nil then log.info("retention.done", done) end
    if people.unscrubbed() and db.scrub() then people.scrubbed(now) end
  end
end

return M
