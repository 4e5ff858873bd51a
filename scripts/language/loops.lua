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

-- Words by which two texts are compared.
local function plain(said)
  local words = text.first(said, CHARACTERS):lower():gsub("[%s%p]+", " ")
  return #words > END and words:gsub("%d+", "0"):sub(-END) or words
end

-- "<ms of our last reply> <1: it is on> <quick ones> <count per rule>… :<mark of their words>…", the newest mark first
local function parse(stored)
  local numbers, marks = {}, {}
  for word in (stored or ""):gmatch("%S+") do
    if word:find(":", 1, true) then marks[#marks + 1] = word else numbers[#numbers + 1] = math.tointeger(tonumber(word)) or 0 end
  end
  local counts = {}
  for i = 1, #RULES do counts[i] = numbers[3 + i] or 0 end
  return { at = numbers[1] or 0, on = numbers[2] == 1, quick = numbers[3] or 0, counts = counts, marks = marks }
end

-- How far back the same words stand; nil: they are new.
local function same(marks, mark)
  for i, other in ipairs(marks) do
    if other == mark then return i end
  end
end

local function is_typed(waiting)
  for _, message in ipairs(waiting) do
    if message.kind ~= "text" then return false end
  end
  return true
end

local function is_quick(said, gap_ms)
  local length = utf8.len((text.first(said, CHARACTERS))) or 0
  return gap_ms >= QUICK_LEAST_MS and gap_ms <= QUICK_MOST_MS and length >= QUICK_CHARACTERS and length * 1000 > gap_ms * QUICK_PER_SECOND
end

---@class language.Loop
---@field on boolean a machine writes: nothing is answered
---@field fires boolean it begins now
---@field why? "same"|"quick"
---@field at integer ms, when our last reply was stored; 0: what they wrote last was not answered
---@field quick integer
---@field counts integer[]
---@field marks string[]

---Looks at the unanswered messages of a turn.
---@param stored? string what M.remember gave after the turn before
---@param waiting {content: string, kind?: string}[]
---@param arrived_at integer ms, of the first of them
---@param hash fun(words: string): string short, in hex digits
---@return language.Loop
function M.look(stored, waiting, arrived_at, hash)
  local was = parse(stored)
  if #waiting == 0 or not is_typed(waiting) then return { on = false, fires = false, at = 0, quick = 0, counts = {}, marks = {} } end
  local said = {}
  for i = 1, math.min(#waiting, 5) do said[i] = (text.first(waiting[i].content, CHARACTERS)) end
  local words = plain(table.concat(said, " "))
  local mark = ":" .. hash(words)
  local back, gap = same(was.marks, mark), was.at > 0 and arrived_at - was.at or math.huge
  local counts, why = {}, nil
  for i, rule in ipairs(RULES) do
    local again = back and back <= rule.memory and #words >= rule.letters and gap >= 0 and gap <= rule.within_ms
    counts[i] = again and math.max(was.counts[i], 1) + 1 or 1
    if counts[i] >= rule.times then why = "same" end
  end
  local quick = is_quick(waiting[1].content, gap) and was.quick + 1 or gap < QUICK_LEAST_MS and was.quick or 0
  if quick >= QUICK_TIMES then why = why or "quick" end
  local marks = table.move(was.marks, 1, MEMORY - 1, 2, { mark })
  if was.on and back then return { on = true, fires = false, at = 0, quick = 0, counts = was.counts, marks = was.marks } end
  if was.on then return { on = false, fires = false, at = 0, quick = QUICK_TIMES - 2, counts = {}, marks = marks } end
  return { on = why ~= nil, fires = why ~= nil, why = why, at = 0, quick = quick, counts = counts, marks = marks }
end

---What the chat's row is to remember of this turn.
---@param loop language.Loop
---@param replied_at? integer ms; nil: nothing was said
---@return string
function M.remember(loop, replied_at)
  local words = { ("%d %d %d"):format(replied_at or 0, loop.on and 1 or 0, loop.quick) }
  for i = 1, #RULES do words[#words + 1] = ("%d"):format(loop.counts[i] or 0) end
  return table.concat(table.move(loop.marks, 1, #loop.marks, #words + 1, words), " ")
end

return M
