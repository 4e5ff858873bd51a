-- Finds phone numbers in a text. A model must write only those that the business lists, the customer's own, and those that the customer
-- wrote. Pure.
local text = require "language.text"

local M = {}

local DIGIT_WORDS = text.set "zero oh one two three four five six seven eight nine"
local GOES_ON = text.set "for to or and if any anytime call phone text dial" -- after a number that is to be called
local CALLING = text.set "call phone text dial tel telephone ring reach sms whatsapp fax mobile cell appelez telephonez texto fone"
local LEAST_DIGITS = 7
-- "416,555,1234", "416:555:1234": other numbers hold these signs too, so only this shape counts.
local LISTED_DIGITS = "%f[%d]%d?[,:]?%d%d%d[,:]%d%d%d[,:]%d%d%d%d%f[%D]"

local function national(number)
  local digits = tostring(number):gsub("%D", "")
  return #digits == 11 and digits:match("^1(.*)") or (digits:gsub("^00", ""))
end

local function is_calling(s, from)
  local near = s:sub(math.max(1, from - 40), from - 1)
  return text.word_in(near, CALLING) ~= nil or near:find("number%s*[:i]") ~= nil
end

-- Is the run of digits from a to b a phone number? Addresses, sizes, dates and codes hold digits too.
local function is_phone(s, a, b)
  local run = s:sub(a, b)
  local digits = #run:gsub("%D", "")
  if digits < LEAST_DIGITS or digits > 15 then return digits > 15 and is_calling(s, a) end
  if run:find("^%+") or run:find("^%d+$") or run:find("^0?0?1?[ .%-/]*%(?%d%d%d%)?[ .%-/]*%d%d%d[ .%-]*%d%d%d%d$") then return true end
  if run:find("^%d%d%d[.-]%d%d%d%d$") then -- "555-1234" alone; "305-1200 King St" is an apartment
    return is_calling(s, a) or not s:find("^ %a", b + 1) or GOES_ON[s:match("^ (%a+)", b + 1)]
  end
  if not run:find("%d%d") then return digits >= 10 or not run:find("%d%s*[-/]%s*%d%s*[-/]") end
  return is_calling(s, a)
end

local function is_listed(digits, listed)
  if listed.said and #national(digits) >= LEAST_DIGITS and listed.said(national(digits)) then return true end
  for _, number in ipairs(listed) do
    if national(number) == national(digits) then return true end
  end
end

local function spelled_out(s)
  local run = 0
  for word in s:gmatch("[%a']+") do
    run = DIGIT_WORDS[word] and run + 1 or 0
    if run == LEAST_DIGITS then return "a number in words" end
  end
end

-- In folded text without links: the first phone number that is not listed, or nil; and the text without phone numbers. said: did the
-- customer write these digits?
function M.find(s, listed, own, said)
  listed = { own or "", table.unpack(listed or {}) }
  listed.said = said
  local vanity = s:find("8", 1, true) and s:find("8%d%d%-%a") and s:match("%f[%d]1?[- .]?8%d%d%-%a%a%a+[- ]?%a*") -- "1-800-GOT-…"
  if not text.has_digits(s, LEAST_DIGITS) then
    local spelled = s:find("seven", 1, true) or s:find("four", 1, true) or s:find("one ", 1, true)
    return vanity or spelled and spelled_out(s) or nil, s
  end
  local out, at, foreign, a = {}, 1, nil, s:find("%d")
  while a do
    local b = select(2, s:find("^[%d ().%-/]*%d", a + 1)) or a
    for _, sign in ipairs { "(", "+" } do a = s:sub(a - 1, a - 1) == sign and a - 1 or a end
    local glued = a > 1 and s:find("^[%a$]", a - 1) or s:find("^%a", b + 1)
    if not glued and is_phone(s, a, b) then
      foreign = foreign or not is_listed(s:sub(a, b), listed) and s:sub(a, b) or nil
      out[#out + 1], at = s:sub(at, a - 1), b + 1
    end
    a = s:find("%d", b + 1)
  end
  local odd = s:match(LISTED_DIGITS)
  foreign = foreign or odd and not is_listed(odd, listed) and odd or vanity or nil
  if at == 1 then return foreign, s end
  out[#out + 1] = s:sub(at)
  return foreign, table.concat(out, " . ")
end

return M
