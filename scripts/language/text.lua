-- Makes text from people and models comparable: valid UTF-8, folded letters, words.
-- The recognisers in language/ search only in what these functions return.
local words = require "host.words"

local M = {}

local REPLACEMENT = "\u{FFFD}"

local of_code = utf8.char

local function range(map, from, to, value)
  for code = from, to do map[of_code(code)] = value end
end

local DIGITS = { "1", "2", "3", "4", "5", "6", "7", "8", "9" }

local function letters(map, target, list)
  for _, code in utf8.codes(list) do
    map[utf8.char(code)] = target
  end
end

-- Where each script's ten digits begin. The last entries are mathematical digits.
local ZEROS = { 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0,
  0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0x2080, 0xA620, 0xA8D0, 0xA900,
  0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650,
  0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
  0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6 }
-- Signs that show 1 to 9: in circles, in brackets, with a full stop.
local ONES = { 0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A }

-- Signs of no width, accents that are combined with a letter, marks of a style.
local UNSEEN = { { 0x200B, 0x200F }, { 0x202A, 0x202E }, { 0x2060, 0x206F }, { 0xFE00, 0xFE0F }, { 0x0300, 0x036F }, { 0x1AB0, 0x1AFF },
  { 0x1DC0, 0x1DFF }, { 0x0A3C, 0x0A3C }, { 0x20D0, 0x20F0 }, { 0xFE20, 0xFE2F }, { 0xE0000, 0xE007F }, { 0xE0100, 0xE01EF } }

local function digits(map)
  for _, zero in ipairs(ZEROS) do
    map[of_code(zero)] = "0"
    for i = 1, 9 do map[of_code(zero + i)] = DIGITS[i] end
  end
  for _, one in ipairs(ONES) do
    for i = 1, 9 do map[of_code(one + i - 1)] = DIGITS[i] end
  end
  letters(map, "0", "⁰⓪⓿")
  for i, char in ipairs { "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" } do
    map[char] = tostring(i)
  end
end

-- The plain letter for each look-alike. A price in full-width digits, or with a zero-width space inside, is still a price.
local function build_folds()
  local map = {}
  letters(map, "", "\u{AD}\u{34F}\u{61C}\u{180E}\u{FEFF}")
  for _, span in ipairs(UNSEEN) do range(map, span[1], span[2], "") end
  range(map, 0x2000, 0x200A, " ")
  letters(map, " ", "¿¡\u{A0}\u{115F}\u{1160}\u{1680}\u{202F}\u{205F}\u{2800}\u{3000}\u{3164}\u{FFA0}")
  letters(map, "\n", "\u{85}\u{2028}\u{2029}")
  letters(map, "'", "‘’‛′ʼ´")
  letters(map, '"', "“”„″«»")
  letters(map, "-", "‐‑‒–—―−")
  letters(map, "...", "…")
  letters(map, ".", "。·‧∙⋅・")
  letters(map, "$", "€£¥₹₽₩₿¢₤₣₱₺₴₪")
  for code = 0xFF01, 0xFF5E do map[of_code(code)] = string.char(code - 0xFEE0):lower() end
  letters(map, "$", "＄￡￥￠")
  digits(map)
  letters(map, "a", "àáâãäåāąÀÁÂÃÄÅĀĄаА")
  letters(map, "c", "çćčÇĆČсС")
  letters(map, "e", "èéêëēęěÈÉÊËĒĘĚеЕ")
  letters(map, "i", "ìíîïīÌÍÎÏĪіІ")
  letters(map, "l", "łŁ")
  letters(map, "n", "ñńÑŃ")
  letters(map, "o", "òóôõöøōÒÓÔÕÖØŌоО")
  letters(map, "p", "рР")
  letters(map, "s", "śšŚŠ")
  letters(map, "u", "ùúûüūÙÚÛÜŪ")
  letters(map, "x", "хХ")
  letters(map, "y", "ýÿÝŸуУ")
  letters(map, "z", "źżžŹŻŽ")
  -- Gurmukhi: a letter with its dot is the letter.
  for plain, dotted in pairs { ["\u{A38}"] = "\u{A36}", ["\u{A16}"] = "\u{A59}", ["\u{A17}"] = "\u{A5A}", ["\u{A1C}"] = "\u{A5B}",
    ["\u{A2B}"] = "\u{A5E}", ["\u{A32}"] = "\u{A33}" } do
    map[dotted] = plain
  end
  letters(map, "oe", "œŒ")
  letters(map, "ae", "æÆ")
  return map
end

local FOLDS = build_folds()
M.FOLDS = FOLDS

-- The text as valid UTF-8. Each invalid sequence becomes U+FFFD, lone surrogates too.
function M.valid(s)
  local length, bad = utf8.len(s)
  if length then
    return s
  end
  local out, from = {}, 1
  while bad do
    out[#out + 1] = s:sub(from, bad - 1)
    out[#out + 1] = REPLACEMENT
    from = bad + 1
    -- The rest of a broken sequence belongs to the same mistake.
    while from <= #s and s:byte(from) >= 0x80 and s:byte(from) < 0xC0 do
      from = from + 1
    end
    if from > #s then
      break
    end
    length, bad = utf8.len(s, from)
    if length then
      out[#out + 1] = s:sub(from)
    end
  end
  return table.concat(out)
end

-- Without white space at both ends. Looking at two bytes is enough for nearly every text.
function M.trim(s)
  local first, last = s:byte(1), s:byte(-1)
  if first and first > 32 and last > 32 then
    return s
  end
  local from = s:find("%S")
  return from and s:match("^.*%S", from) or ""
end

-- Without the characters of a class at its end. A pattern that ends in "[…]+$" would try each run again from each of its bytes.
---@param s string
---@param class string "[%s.!,]"
function M.trim_end(s, class)
  if not s:find(class, #s) then
    return s
  end
  return s:match("^.*[^" .. class:sub(2)) or ""
end

-- Lower case, without accents and invisible characters; ASCII spaces, quotes, dashes and digits, one currency sign.
function M.fold(s)
  if utf8.len(s) == #s then -- only ASCII; this test is several times faster than a pattern
    return s:lower()
  end
  return (M.valid(s):gsub("[\194-\244][\128-\191]*", FOLDS):lower())
end

-- True when the text has no visible character.
function M.blank(s)
  local byte = s:byte(1) or 0
  if byte > 32 and byte < 127 then
    return false
  end
  return not s:find("[!-~]") and not M.fold(M.clip(s, 100)):find("[^%s%c]") and not M.fold(s):find("[^%s%c]")
end

-- Are there at least `count` digits in it?
function M.has_digits(s, count)
  return words.digits(s, count) == count
end

-- How many characters (code points) a valid text has.
function M.length(s)
  return utf8.len(s) or #s
end

-- At most `limit` bytes from the start, or from the end when `limit` is negative. It never cuts a character in half.
function M.clip(s, limit)
  if limit >= 0 then
    if #s <= limit then
      return s
    end
    local last = limit
    while last > 0 and (s:byte(last + 1) or 0) & 0xC0 == 0x80 do
      last = last - 1
    end
    return s:sub(1, last)
  end
  local first = #s + limit + 1
  if first <= 1 then
    return s
  end
  while first <= #s and s:byte(first) & 0xC0 == 0x80 do
    first = first + 1
  end
  return s:sub(first)
end

-- Limits in characters. Text from outside is cut to what its use needs before a pattern sees it.
M.MESSAGE, M.REPLY, M.FIELD, M.LABEL, M.WORD = 4096, 8192, 500, 256, 256

-- At most `limit` characters from the start, as valid UTF-8; and whether the text was longer.
function M.first(s, limit)
  local whole = #s
  s = M.valid(M.clip(s, limit * 4))
  if #s <= limit then
    return s, false
  end
  local stop = utf8.offset(s, limit + 1)
  if stop and stop <= #s then
    return s:sub(1, stop - 1), true
  end
  return s, whole > limit * 4
end

-- One space for a run of spaces, at most one empty line for a run of line breaks.
function M.squeeze(s)
  if s:find("  ", 1, true) or s:find("\t", 1, true) then
    s = s:gsub("[ \t]+", " ")
  end
  if s:find("\n", 1, true) and (s:find("\n\n\n", 1, true) or s:find("\n ", 1, true)) then
    s = s:gsub("\n[ \n]+", function(run) return run:find("\n", 2, true) and "\n\n" or "\n " end)
  end
  return s
end

-- A customer's message in the form that the model and all recognisers get.
function M.message(s)
  local first, more = M.first(s, M.MESSAGE)
  local squeezed = M.squeeze(first)
  if not more or squeezed == first then
    return squeezed
  end
  return (M.first(M.squeeze(M.clip(s, 4 * M.MESSAGE)), M.MESSAGE))
end

-- A model's reply in the form that is checked and sent; and whether its end was cut off.
function M.reply(s)
  s = M.clip(s, 8 * M.REPLY)
  if s:find("         ", 1, true) then
    s = s:gsub("         +", " ")
  end
  return M.first(s, M.REPLY)
end

-- What breaks a line, somewhere: all of them are one kind of line break here.
local BREAKS = { "\u{85}", "\u{2028}", "\u{2029}" }
-- Control characters of two bytes, direction marks and zero-width spaces. The joiner inside emoji stays.
local HIDDEN = { "\194[\128-\159]", "\226\128[\139\142\143\170-\174]", "\226\129[\160\166-\169]", "\u{FEFF}" }

-- As people read it: one kind of line break, a blank for a tab, nothing that cannot be seen.
---@param s string valid UTF-8
function M.clean(s)
  if s:find("[\0-\9\11-\31\127]") then
    s = s:gsub("\r\n?", "\n"):gsub("[\v\f]", "\n"):gsub("\t", " "):gsub("[\0-\8\14-\31\127]", "")
  end
  if s:find("[\194\226\239]") then
    for _, sign in ipairs(BREAKS) do
      s = s:gsub(sign, "\n")
    end
    for _, sign in ipairs(HIDDEN) do
      s = s:gsub(sign, "")
    end
  end
  return s
end

-- At most `limit` characters of it as people read it; the last one is "…" where something is missing.
---@param s any what is not text counts as ""
---@param limit integer
---@param one_line? boolean line breaks become blanks
---@return string
function M.shown(s, limit, one_line)
  if type(s) ~= "string" then
    return ""
  end
  local first, more = M.first(M.trim(M.clip(s, 4 * limit)), limit)
  first = M.clean(first)
  first = M.trim(one_line and first:gsub("\n", " ") or first)
  if not more and #s <= 4 * limit then
    return first
  end
  return M.trim((M.first(first, limit - 1))) .. "…"
end

-- The text in one line: a space takes the place of each line break and each control character.
function M.one_line(s)
  s = s:gsub("[%c\127]+", " ")
  if s:find("[\194\226]") then
    for _, sign in ipairs(BREAKS) do
      s = s:gsub(sign, " ")
    end
  end
  return M.trim(M.squeeze(s))
end

-- A name or a label: one line of at most 256 characters.
function M.label(s)
  return M.trim((M.first(M.one_line(M.clip(s, 4 * M.LABEL)), M.LABEL)))
end

-- Walks the lines of a text, without their line breaks.
function M.lines(s)
  local at = 1
  return function()
    if not at then
      return nil
    end
    local stop = s:find("\n", at, true)
    local line = s:sub(at, (stop or #s + 1) - 1)
    at = stop and stop + 1
    return line
  end
end

-- Symbols that are not part of a word: punctuation, arrows, dingbats, emoji. Each row is listed under its first byte.
local SYMBOLS = {
  { "\194", "\194[\128-\191]" }, { "\195", "\195[\151\183]" }, { "\226", "\226[\128-\175][\128-\191]" },
  { "\224\165", "\224\165[\164\165]" },
  { "\227\128", "\227\128[\128-\132\136-\159]" }, { "\239\184", "\239\184[\128-\191]" }, { "\239\185", "\239\185[\128-\175]" },
  { REPLACEMENT, REPLACEMENT }, { "\240\159", "\240\159[\128-\191][\128-\191]" }, { "\243", "\243[\160-\191][\128-\191][\128-\191]" },
  { "\244", "\244[\128-\191][\128-\191][\128-\191]" },
}

-- Folded, with a space for each symbol; a text of ASCII as it is, because host.words takes capitals for small letters.
local function plain(s)
  if utf8.len(s) == #s then
    return s
  end
  local folded = M.fold(s)
  for _, row in ipairs(SYMBOLS) do
    if folded:find(row[1], 1, true) then
      folded = folded:gsub(row[2], " ")
    end
  end
  return folded
end

-- Only the words of a message, as a list: "STOP! 🛑" is { "stop" }, "I'd" is { "i", "d" }.
---@return string[]
function M.list(s)
  return words.list(plain(s))
end

-- The same, with a space between two.
function M.words(s)
  return table.concat(M.list(s), " ")
end

-- The words, separated by spaces, of a text that `words` made plain.
function M.split(s)
  local list = {}
  for word in s:gmatch("%S+") do
    list[#list + 1] = word
  end
  return list
end

-- The words of a set made ready for `has_word` and `only_words`.
---@param set table<string, any> words; keys of other kinds are left out
---@return host.words.Map
function M.word_map(set)
  local bits = {}
  for word in pairs(set) do bits[word] = type(word) == "string" and 1 or nil end
  return words.map(bits)
end

-- Is one of the text's words in the map?
---@param s string
---@param map host.words.Map
---@return boolean
function M.has_word(s, map)
  return words.look(plain(s), map) ~= 0
end

-- Its words that the map has, in order, as often as they stand there.
---@param s string
---@param map host.words.Map
---@return string[]
function M.words_in(s, map)
  return (words.found(plain(s), map))
end

-- Are all of the text's words in the map?
---@param s string
---@param map host.words.Map
---@return boolean
---@return string? other the first one that is not
function M.only_words(s, map)
  return words.only(plain(s), map)
end

---The names in a map, in order.
---@param map table<string, any>
---@return string[]
function M.sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- The first entry of a list that a text holds, or nil. Every character of an entry stands for itself.
---@param s string
---@param list string[]
---@return string?
function M.found_in(s, list)
  for _, piece in ipairs(list) do
    if s:find(piece, 1, true) then return piece end
  end
end

-- The first word of a text that is in a set, or nil.
---@param s string
---@param set table<string, boolean>
---@param pattern? string of a word, in place of letters only
---@return string?
function M.word_in(s, set, pattern)
  for word in s:gmatch(pattern or "%a+") do
    if set[word] then return word end
  end
end

---@param list string
---@param pattern? string of a word; default: what stands between spaces
---@return table<string, boolean>
function M.set(list, pattern)
  if not pattern then return words.set(list) end
  local set = {}
  for word in list:gmatch(pattern) do
    set[word] = true
  end
  return set
end

---What somebody typed, without control characters but the line break, and without blanks around it; "" for what is no text.
---@param value any
---@return string
function M.typed(value)
  return type(value) == "string" and M.trim((value:gsub("[%z\1-\8\11-\31\127]", ""))) or ""
end

---A table that gets the rest of its values when one of them is read for the first time: not each version that is loaded reads a message.
---@generic T: table
---@param has T what it has from the beginning
---@param rest fun(): table
---@return T
function M.lazy(has, rest)
  return setmetatable(has, { __index = function(_, key)
    for name, value in pairs(rest()) do has[name] = value end
    setmetatable(has, nil)
    return has[key]
  end })
end

---All keys of some sets.
---@param ... table<string, any>
---@return table<string, boolean>
function M.union(...)
  local all = {}
  for _, one in ipairs { ... } do
    for word in pairs(one) do all[word] = true end
  end
  return all
end

return M
