-- Finds links and phone numbers in a text. A model must write only those that the business lists.
local text = require "language.text"

local M = {}

-- Endings that are always domains, and endings that are also words ("done.So", with the space forgotten).
local DOMAINS = text.set [[com co ca org app net io biz gov edu info dev gl ly ru cn uk fr xyz site online club cc tk ai eu tv
  website space tech agency quebec]]
local WORDLIKE = text.set "me us de to link shop store click live top page be it gd so is in at am my"

-- `tail` is the text after the last letter of the domain.
local function is_domain(host, tail)
  local before, ending = host:match("^(.*)%.([^.]*)$")
  if not (DOMAINS[ending] or WORDLIKE[ending]) or host:find("..", 1, true) then
    return false
  end
  local label = before:match("^.*%.([^.]*)$") or before
  if #label < 2 and not tail:find("^/") then
    return false
  end
  return DOMAINS[ending] or (label ~= before or tail:find("^[/?]%w") ~= nil)
end

-- Where a web address ends: the comma or bracket after it belongs to the sentence.
local function trimmed_end(s, from, to)
  while to > from and s:find("^[.,;:!?'\")%]>}*_~]", to) do
    to = to - 1
  end
  return to
end

-- Where the run of such characters that ends right before `at` begins, at `least` or later.
local function back(s, at, least, class)
  while at > least and s:find(class, at - 1) do
    at = at - 1
  end
  return at
end

local function scheme_at(s, from)
  local at = from
  while true do
    local slash = s:find("[a-z0-9+.-]:/", at)
    if not slash then
      return nil
    end
    slash = slash + 1
    local first = back(s, slash, math.max(from, slash - 20), "^[a-z0-9+.-]")
    while first < slash and not s:find("^[a-z]", first) do
      first = first + 1
    end
    local stop = first < slash and select(2, s:find("^/[/\\]?[^%s<>\"]+", slash + 1))
    if stop then
      return first, stop
    end
    at = slash + 2
  end
end

local function www_at(s, from)
  return s:find("%f[%w]www%d?%.[^%s<>\"]+", from)
end

local AFTER_LABEL = "[%w\128-\255-]%.[%w\128-\255.-]"

-- The first and last byte of the next name with dots in it, or nil. Each name is looked at once, from its first dot.
local function dotted_at(s, at)
  local label = s:find(AFTER_LABEL, at)
  while label do
    local dot = label + 1
    local a = s:find("[^-]", back(s, dot, at, "^[%w\128-\255-]"))
    if a < dot then
      local _, run = s:find("^[%w\128-\255.-]*", dot + 1)
      local b = run
      while b > dot and s:find("^[.-]", b) do
        b = b - 1
      end
      if b > dot then
        return a, b
      end
      dot = run
    end
    label = s:find(AFTER_LABEL, dot)
  end
  return nil
end

local function plain_at(s, from)
  local at = from
  while true do
    local a, b = dotted_at(s, at)
    if not a then
      return nil
    end
    local user = a > 1 and s:byte(a - 1) == 64 and back(s, a - 1, math.max(from, a - 65), "^[%w._%%+-]")
    local tail = s:sub(b + 1, b + 2)
    if user and user < a - 1 then
      return user, b -- an e-mail address
    end
    local host = s:sub(a, b)
    if host:find("^%d%d?%d?%.%d%d?%d?%.%d%d?%d?%.%d%d?%d?$") then
      return a, select(2, s:find("^[^%s<>\"]*", b + 1)) or b
    elseif is_domain(host, tail) then
      return a, tail:find("^[/?#:@]") and select(2, s:find("^[^%s<>\"]*", b + 1)) or b
    end
    at = b + 1
  end
end

-- Walks the links of lower-case text. Each call gives the first and last byte of the next one.
local function links_of(s)
  local finders = { scheme_at, www_at, plain_at }
  local ahead, from = {}, 1
  return function()
    local a, b
    for i, finder in ipairs(finders) do
      if ahead[i] == nil or ahead[i] and ahead[i][1] < from then
        local c, d = finder(s, from)
        ahead[i] = c and { c, d } or false
      end
      local next_one = ahead[i]
      if next_one and (not a or next_one[1] < a) then
        a, b = next_one[1], next_one[2]
      end
    end
    if a then
      b = trimmed_end(s, a, b)
      from = b + 1
    end
    return a, b
  end
end

local function bare(link)
  return text.trim_end(link:lower():gsub("^[a-z][a-z0-9+.-]*:/[/\\]*", ""):gsub("^www%.", ""), "[/.]")
end

-- Is it a listed link, or a page below one? "ours.ca.evil.com" and "ours.ca@evil.com" only begin with the same letters.
local function is_allowed(link, allowed)
  local name = bare(link)
  for _, listed in ipairs(allowed or {}) do
    local own = bare(text.fold(tostring(listed)))
    if own ~= "" and name:sub(1, #own) == own and (#name == #own or name:find("^[/?#]", #own + 1)) then
      return true
    end
  end
  return false
end

local function has_link(s)
  return s:find("%.[%w\128-\255]") ~= nil or s:find(":/", 1, true) ~= nil
end

-- In folded text: the first link that is not listed, or nil; and the text without links. `only`: stop at the first one.
---@param folded string
---@param allowed? string[]
---@param only? boolean
function M.find(folded, allowed, only)
  if folded:find("dot", 1, true) and folded:find("[%[(]%s*dot%s*[%])]") then -- "evil [dot] com"
    folded = text.squeeze(folded):gsub("%s?%s?[%[(]%s?dot%s?[%])]%s?%s?", ".")
  end
  if not has_link(folded) then
    return nil, folded
  end
  local out, at, foreign = {}, 1, nil
  for a, b in links_of(folded) do
    local link = folded:sub(a, b)
    if not foreign and (#link > text.WORD or not is_allowed(link, allowed)) then
      foreign = link
      if only then
        return foreign, folded
      end
    end
    out[#out + 1] = folded:sub(at, a - 1)
    at = b + 1
  end
  if at == 1 then
    return nil, folded
  end
  out[#out + 1] = folded:sub(at)
  return foreign, table.concat(out, " ")
end

local MOST_LINKS = 20 -- a text with more links is refused anyway

-- The text without links that are not listed. "[our page](https://…)" keeps its words.
function M.strip(s, allowed)
  s = text.valid(s)
  if s:find("[\226\227\239]") then -- characters that look like dots and slashes
    s = s:gsub("\u{200B}", ""):gsub("\u{2060}", ""):gsub("\u{3002}", "."):gsub("\u{FF0E}", "."):gsub("\u{FF0F}", "/"):gsub("\u{FF1A}", ":")
  end
  if not has_link(s) then
    return s
  end
  s = s:gsub("%[([^%[%]\n]+)%]%(([^()%s]+)%)", function(words, link)
    return not is_allowed(link, allowed) and words or nil
  end)
  local lower, out, at = s:lower(), {}, 1
  for a, b in links_of(lower) do
    out[#out + 1] = s:sub(at, a - 1)
    if is_allowed(s:sub(a, b), allowed) then
      out[#out + 1] = s:sub(a, b)
    end
    if #out > 2 * MOST_LINKS then
      return s
    end
    at = b + 1
  end
  if at == 1 then
    return s
  end
  out[#out + 1] = s:sub(at)
  s = table.concat(out):gsub("[<(%[]%s*[>)%]]", ""):gsub("[ \t]+", " "):gsub(" ([.,!?;])", "%1"):gsub(" \n", "\n")
  return text.trim(s)
end

local DIGIT_WORDS = text.set "zero oh one two three four five six seven eight nine"
local GOES_ON = text.set "for to or and if any anytime" -- after a number that is to be called
local CALLING = text.set "call phone text dial tel telephone ring reach sms whatsapp fax mobile cell appelez telephonez texto fone"

local function national(digits)
  if #digits == 11 and digits:sub(1, 1) == "1" then
    return digits:sub(2)
  end
  return (digits:gsub("^00", ""))
end

local function is_calling(s, from)
  local near = s:sub(math.max(1, from - 40), from - 1)
  return text.word_in(near, CALLING) ~= nil or near:find("number%s*[:i]") ~= nil
end

local LEAST_DIGITS = 7

-- "416,555,1234", "416:555:1234": other numbers hold these signs too, so only this shape counts.
local LISTED_DIGITS = "%f[%d]%d?[,:]?%d%d%d[,:]%d%d%d[,:]%d%d%d%d%f[%D]"

-- Is the run of digits from a to b a phone number? Addresses, sizes, dates and codes hold digits too.
local function is_phone(s, a, b)
  local run = s:sub(a, b)
  local digits = run:gsub("%D", "")
  if #digits < LEAST_DIGITS or #digits > 15 then
    return #digits > 15 and is_calling(s, a)
  elseif run:find("^%+") or run:find("^%d+$")
    or run:find("^0?0?1?[ .%-/]*%(?%d%d%d%)?[ .%-/]*%d%d%d[ .%-]*%d%d%d%d$") then
    return true
  elseif run:find("^%d%d%d[.-]%d%d%d%d$") then
    -- "555-1234" alone; "305-1200 King St" is an apartment.
    local following = s:match("^ ([%a]+)", b + 1)
    return is_calling(s, a) or not following or CALLING[following] or GOES_ON[following]
  elseif not run:find("%d%d") then
    return #digits >= 7 and not run:find("%d%s*[-/]%s*%d%s*[-/]") or #digits >= 10
  end
  return is_calling(s, a)
end

local function is_listed(digits, listed, own)
  if own and national(own) == national(digits) then
    return true
  end
  for _, number in ipairs(listed or {}) do
    if national((tostring(number):gsub("%D", ""))) == national(digits) then
      return true
    end
  end
  return false
end

local function spelled_out(s)
  local run = 0
  for word in s:gmatch("[%a']+") do
    run = DIGIT_WORDS[word] and run + 1 or 0
    if run == 7 then
      return true
    end
  end
  return false
end

-- "1-800-GOT-…"
local function vanity(s)
  return s:find("8", 1, true) and s:find("8%d%d%-%a") and s:match("%f[%d]1?[- .]?8%d%d%-%a%a%a+[- ]?%a*") or nil
end

-- In folded text without links: the first phone number that is not listed, or nil; and the text without phone numbers.
function M.phone(s, listed, own)
  local out, at, foreign = nil, 1, nil
  local a = s:find("%d", 1)
  if a and not text.has_digits(s, LEAST_DIGITS) then
    foreign = vanity(s)
  elseif a then
    while a do
      local _, b = s:find("^[%d ().%-/]*%d", a + 1)
      b = b or a
      for _, sign in ipairs { "(", "+" } do
        a = s:sub(a - 1, a - 1) == sign and a - 1 or a
      end
      local glued = a > 1 and s:find("^[%a$]", a - 1) or s:find("^%a", b + 1)
      if not glued and is_phone(s, a, b) then
        local digits = s:sub(a, b):gsub("%D", "")
        if not foreign and not is_listed(digits, listed, own) then
          foreign = s:sub(a, b)
        end
        out = out or {}
        out[#out + 1] = s:sub(at, a - 1)
        at = b + 1
      end
      a = s:find("%d", b + 1)
    end
    local odd = not foreign and s:match(LISTED_DIGITS)
    foreign = foreign or odd and not is_listed(odd:gsub("%D", ""), listed, own) and odd or vanity(s)
  elseif s:find("seven", 1, true) or s:find("four", 1, true) or s:find("one", 1, true) or s:find("nine", 1, true) then
    foreign = spelled_out(s) and "a number in words" or nil
  end
  if not out then
    return foreign, s
  end
  out[#out + 1] = s:sub(at)
  return foreign, table.concat(out, " . ")
end

return M
