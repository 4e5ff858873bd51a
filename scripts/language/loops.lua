-- Does a machine answer us? Two bots that answer each other would go on until TURNS_PER_HOUR. One look per turn, at what the chat's row
-- remembers. Pure.
--
-- A machine writes, each time after a reply of ours, with nothing else between:
--   the same words (of more than 60 letters the last 60 count, whatever the digits are), by their length:
--     letters     within     times running
--       30+        60 s          5
--       15+        60 s          6
--       15+       10 min         8
--        1+        15 s         10      the very same words as the last time
--   or what nobody can have typed since our reply: 80 characters or more, over 12 per second, 8 times running. What comes sooner than a
--   quarter of a second was under way before our reply arrived, so it counts for nothing here.
-- A photo, a voice note, a button or a pin is a person's. People repeat short words ("hello?", "yes"), and long ones once or twice. Once it
-- has begun, anything but the same words ends it; two more answers that nobody can have typed begin it again.

local text = require "language.text"

local M = {}

local RULES = {
  { letters = 30, within_ms = 60000, times = 5, memory = 3 },
  { letters = 15, within_ms = 60000, times = 6, memory = 3 },
  { letters = 15, within_ms = 600000, times = 8, memory = 3 },
  { letters = 1, within_ms = 15000, times = 10, memory = 1 },
}
local QUICK_CHARACTERS, QUICK_PER_SECOND, QUICK_TIMES = 80, 12, 8
local QUICK_LEAST_MS, QUICK_MOST_MS = 250, 30000
local MEMORY = 3
local CHARACTERS, END = 400, 60

-- What two texts are compared by: a short one as it is, a long one by its end, with 0 for each number.
local function plain(said)
  if #said <= END then return said:lower() end
  return text.clip(text.clip(said, CHARACTERS), -2 * END):lower():gsub("%d+", "0"):sub(-END)
end

-- ms of our last reply, 1: it is on, quick ones, a count per rule, and the marks of their newest words, the newest first
local STORED = "^(%d+) ([01]) (%d+) (%d+) (%d+) (%d+) (%d+) ([%x:]*)$"
local MARK = 9 -- ":" and 8 digits

local function is_typed(waiting)
  for _, message in ipairs(waiting) do
    if message.kind ~= "text" then return false end
  end
  return #waiting > 0
end

-- All that was written in one go; the beginning of it.
local function said_in(waiting)
  local said = waiting[1].content
  for i = 2, math.min(#waiting, 5) do said = said .. " " .. text.first(waiting[i].content, CHARACTERS) end
  return said
end

local function is_quick(said, gap_ms)
  if gap_ms < QUICK_LEAST_MS or gap_ms > QUICK_MOST_MS or #said < QUICK_CHARACTERS then return false end
  local length = utf8.len((text.first(said, CHARACTERS))) or 0
  return length >= QUICK_CHARACTERS and length * 1000 > gap_ms * QUICK_PER_SECOND
end

---@class language.Loop
---@field on boolean a machine writes: nothing is answered
---@field fires boolean it begins now
---@field why? "same"|"quick"
---@field quick integer
---@field counts integer[]
---@field marks string

local NONE, ONES = { 0, 0, 0, 0 }, { 1, 1, 1, 1 }
local CALM = " 0 0 1 1 1 1 " -- it is not on, and nothing was counted: nearly every turn (27 k instructions less than the whole look)

---Looks at the unanswered messages of a turn.
---@param stored? string what M.remember gave after the turn before
---@param waiting {content: string, kind?: string}[]
---@param arrived_at integer ms, of the first of them
---@param hash fun(words: string): string 8 hex digits
---@return language.Loop
function M.look(stored, waiting, arrived_at, hash)
  if not is_typed(waiting) then return { on = false, fires = false, quick = 0, counts = NONE, marks = "" } end
  local mark = ":" .. hash(plain(said_in(waiting)))
  local _, calm = (stored or CALM):find(CALM, 1, true)
  local long = stored and #waiting[1].content >= QUICK_CHARACTERS -- it may be quick
  if calm and not (long and is_quick(waiting[1].content, arrived_at - (tonumber(stored:match("^%d+")) or 0)))
    and not (stored and stored:find(mark, calm, true)) then
    local marks = stored and mark .. stored:sub(calm + 1, calm + (MEMORY - 1) * MARK) or mark
    return { on = false, fires = false, quick = 0, counts = ONES, marks = marks }
  end
  local at, on, were_quick, a, b, c, d, known = (stored or ""):match(STORED)
  local found = known and known:find(mark, 1, true)
  local back = found and found // MARK + 1 -- how far back the same words stand
  local marks = known and known ~= "" and mark .. known:sub(1, (MEMORY - 1) * MARK) or mark
  if on == "1" then
    if back then return { on = true, fires = false, quick = 0, counts = NONE, marks = known } end
    return { on = false, fires = false, quick = QUICK_TIMES - 2, counts = NONE, marks = marks }
  end
  local gap = at and at ~= "0" and arrived_at - tonumber(at) or math.huge
  local counts, letters, why = { tonumber(a) or 0, tonumber(b) or 0, tonumber(c) or 0, tonumber(d) or 0 }, #waiting[1].content, nil
  for i, rule in ipairs(RULES) do
    local again = back and back <= rule.memory and letters >= rule.letters and gap >= 0 and gap <= rule.within_ms
    counts[i] = again and math.max(counts[i], 1) + 1 or 1
    if counts[i] >= rule.times then why = "same" end
  end
  local quick = tonumber(were_quick) or 0
  if gap >= QUICK_LEAST_MS then quick = is_quick(waiting[1].content, gap) and quick + 1 or 0 end
  if quick >= QUICK_TIMES then why = why or "quick" end
  return { on = why ~= nil, fires = why ~= nil, why = why, quick = quick, counts = counts, marks = marks }
end

---What the chat's row is to remember of this turn.
---@param loop language.Loop
---@param replied_at? integer ms; nil: nothing was said
---@return string
function M.remember(loop, replied_at)
  local counts = loop.counts
  if counts == ONES then return ("%d"):format(replied_at or 0) .. CALM .. loop.marks end
  return ("%d %d %d %d %d %d %d %s"):format(replied_at or 0, loop.on and 1 or 0, loop.quick, counts[1], counts[2], counts[3], counts[4],
    loop.marks)
end

return M
