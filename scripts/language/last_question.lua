-- The question at the end of a reply.

local text = require "language.text"

local M = {}

local MOST = 300 -- characters; a longer question is no short one
local SHORTENED = text.set "st ave av blvd rd dr ct cres hwy apt no mr mrs ms dr e.g i.e approx"

local MARKS = { "?", "\u{FF1F}", "\u{61F}" }
local STOPS = { ["\u{964}"] = true, ["\u{3002}"] = true }

-- Does a sentence end with the sign at this place? Not after an abbreviation ("St. Clair") or inside a number.
local function ends(s, at)
  if not s:find("^%s", at + 1) then return false end
  if s:sub(at, at) ~= "." then return true end
  local before = s:sub(math.max(1, at - 8), at - 1)
  return not SHORTENED[(before:match("^.*[^%a.](.*)$") or before):lower()]
end

---The last sentence of a text when it asks something, or nil.
---@param reply string
---@return string?
function M.of(reply)
  local s = text.clip(reply, -4 * MOST)
  local ascii = utf8.len(s) == #s
  local stop, mark
  for i = 1, ascii and 1 or #MARKS do
    local at = s:find(MARKS[i], 1, true)
    while at do
      if not stop or at > stop then stop, mark = at, MARKS[i] end
      at = s:find(MARKS[i], at + 1, true)
    end
  end
  if not stop or stop + #mark <= #s and text.words(s:sub(stop + #mark)) ~= "" then return nil end
  local from, at = 1, s:find(ascii and "[.!?\n]" or "[.!?\n\224\227]")
  while at and at < stop do
    local wide = STOPS[s:sub(at, at + 2)]
    if wide or s:byte(at) < 128 and (s:byte(at) == 10 or ends(s, at)) then from = wide and at + 3 or at + 1 end
    at = s:find(ascii and "[.!?\n]" or "[.!?\n\224\227]", at + 1)
  end
  local question = text.one_line(s:sub(from, stop + #mark - 1))
  return text.length(question) <= MOST and question:find("[%w\128-\255]") and question or nil
end

return M
