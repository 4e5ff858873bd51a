-- The question at the end of a reply.

local text = require "language.text"

local M = {}

local MOST = 300 -- characters; a longer question is no short one
local SHORTENED = text.set "st ave av blvd rd dr ct cres hwy apt no mr mrs ms dr e.g i.e approx"

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
  local stop, mark
  for _, sign in ipairs { "?", "\u{FF1F}", "\u{61F}" } do
    local at = s:find(sign, 1, true)
    while at do
      if not stop or at > stop then stop, mark = at, sign end
      at = s:find(sign, at + 1, true)
    end
  end
  if not stop or text.words(s:sub(stop + #mark)) ~= "" then return nil end
  local from = stop
  while from > 1 do
    local before = s:sub(from - 1, from - 1)
    if before == "\n" or before:find("[.!?]") and ends(s, from - 1) or STOPS[s:sub(from - 3, from - 1)] then break end
    from = from - 1
  end
  local question = text.one_line(s:sub(from, stop + #mark - 1))
  return text.length(question) <= MOST and question:find("[%w\128-\255]") and question or nil
end

return M
