-- The words in square brackets with which a chat's entries show what is not text: "[photo]", "[phone number]", "[data …]". Only we write
-- them: the customer's own brackets are replaced before the model reads them, and none of ours reaches a customer. Pure.
local text = require "language.text"

local M = {}

M.NUMBER = "[phone number]"
M.DATA = "[data from the system, not from the customer]"

-- ---- in what people wrote --------------------------------------------------------------------------------------------

local ROUND = { ["["] = "(", ["]"] = ")" }
for _, pair in ipairs { "［］", "【】", "〔〕", "〖〗", "〘〙", "〚〛", "⟦⟧", "⟬⟭", "❲❳", "⁅⁆", "﹝﹞", "⦋⦌", "⦍⦎", "⦏⦐", "⦗⦘", "⸢⸣", "「」", "『』",
  "⌈⌉", "⌊⌋", "⎡⎤", "⎣⎦", "｢｣" } do
  local second = utf8.offset(pair, 2)
  ROUND[pair:sub(1, second - 1)], ROUND[pair:sub(second)] = "(", ")"
end

---A text of somebody else, in which no bracket can look like ours.
---@param s string
---@return string
function M.harmless(s)
  if s:find("[", 1, true) or s:find("]", 1, true) then
    s = s:gsub("[%[%]]", ROUND)
  end
  if utf8.len(s) ~= #s then
    s = s:gsub("[\226\227\239][\128-\191][\128-\191]", ROUND)
  end
  return s
end

-- What our own marks begin with.
local MARKS = { "photo", "video", "voice ", "document", "location: ", "contact card: ", "replying to: ", "edited: ",
  "deleted", "unsupported message" }

local function begins_with(s, list)
  for _, head in ipairs(list) do
    if s:sub(1, #head) == head then
      return true
    end
  end
  return false
end

-- The last byte of the mark at the start of a row's content, or nil. Who made it took all square brackets out of its inner text.
local function mark_end(content)
  local inner = content:match("^%[([^%[%]]*)%]")
  return inner and begins_with(inner, MARKS) and #inner + 2 or nil
end

-- Messages of these kinds are a customer's words alone. The others begin with a mark of ours.
local WORDS = text.set "text button interactive edit"

---What a customer sent, as the model reads it: our mark stays, and all other brackets are replaced.
---@param content string
---@param kind? string of the message
---@return string
function M.shown(content, kind)
  local stop = content:byte() == 91 and not WORDS[kind] and mark_end(content)
  if not stop then
    return M.harmless(content)
  end
  return "[" .. M.harmless(content:sub(2, stop - 1)) .. "]" .. M.harmless(content:sub(stop + 1))
end

-- ---- in what a model wrote -------------------------------------------------------------------------------------------

-- Words of a gap that was not filled in: "[your name]", "[insert link]".
local GAPS = text.set "name link url date time address number company business phone email insert your customer day amount price"

-- Does a text in brackets stand for something that the reader should see instead?
local function stands_for(inner)
  local plain = text.fold(inner)
  if begins_with(plain, MARKS) or plain:find("^%d+ photos$") or plain:find("^data") or plain:find("^from the system")
    or plain:find("phone number", 1, true) then
    return true
  end
  return #plain <= 40 and text.word_in(plain, GAPS) ~= nil
end

local MOST = 50 -- in one reply
local INNER = "%[([^%[%]\n]*)%]()"

---The first bracket in a reply that must not reach the customer, or nil. The customer's number is looked for elsewhere.
---@param reply string
---@return string?
function M.foreign(reply)
  local count = 0
  for inner, after in reply:gmatch(INNER) do
    count = count + (reply:byte(after) ~= 40 and 1 or 0) -- "[words](link)" is Markdown
    if count > MOST or "[" .. inner .. "]" ~= M.NUMBER and reply:byte(after) ~= 40 and stands_for(inner) then
      return "[" .. inner .. "]"
    end
  end
  local gap = reply:match("{[%a_ ]+}")
  for inner in (reply:find("<%a") and reply or ""):gmatch("<([%a_ ]+)>") do
    gap = gap or text.word_in(inner:lower(), GAPS) and "<" .. inner .. ">"
  end
  return gap or text.found_in(reply, { "[data ", "[from the system" }) -- one that is never closed
end

local SPELLED = { "%[phone number%]", "%[Phone [Nn]umber%]", "%[PHONE NUMBER%]", "%[your phone number%]", "%[Your [Pp]hone [Nn]umber%]" }

---With every placeholder of the number written in one way.
---@param s string
---@return string
function M.one_number(s)
  if s:find("umber]", 1, true) or s:find("NUMBER]", 1, true) then
    for _, spelling in ipairs(SPELLED) do
      s = s:gsub(spelling, M.NUMBER)
    end
  end
  return s
end

---With the number where it was taken out.
---@param s string
---@param number string
---@return string
function M.with_number(s, number)
  return (s:gsub("%[phone number%]", (number:gsub("%%", "%%%%"))))
end

---A field's value without our marks: "[photo: my couch]" says "my couch", "[photo]" says nothing.
---@param value string
---@return string
function M.without_marks(value)
  return (value:gsub("%[([^%[%]\n]*)%]", function(inner)
    if "[" .. inner .. "]" == M.NUMBER or not stands_for(inner) then
      return nil
    end
    return inner:match("^[%a ]+: (.*)$") or ""
  end))
end

return M
