-- Text as people and models really write it, made comparable: valid UTF-8, folded letters, words.
-- Everything in flow/ that looks for a word looks at what these functions return.
local M = {}

local REPLACEMENT = "\u{FFFD}"

local function range(map, from, to, value)
  for code = from, to do
    map[utf8.char(code)] = type(value) == "function" and value(code) or value
  end
end

local function letters(map, target, list)
  for _, code in utf8.codes(list) do
    map[utf8.char(code)] = target
  end
end

-- What a look-alike counts as. A model that writes a price in full-width digits, or hides a space of
-- no width inside a number, has still written a price.
local function build_folds()
  local map = {}
  for _, code in utf8.codes("\u{AD}\u{34F}\u{61C}\u{180E}\u{20E3}\u{FEFF}") do
    map[utf8.char(code)] = ""
  end
  range(map, 0x200B, 0x200F, "")
  range(map, 0x202A, 0x202E, "")
  range(map, 0x2060, 0x206F, "")
  range(map, 0xFE00, 0xFE0F, "")
  range(map, 0x0300, 0x036F, "")
  range(map, 0x2000, 0x200A, " ")
  letters(map, " ", "\u{A0}\u{1680}\u{202F}\u{205F}\u{3000}")
  letters(map, "\n", "\u{85}\u{2028}\u{2029}")
  letters(map, "'", "‘’‛′ʼ´")
  letters(map, '"', "“”„″«»")
  letters(map, "-", "‐‑‒–—―−")
  letters(map, "...", "…")
  letters(map, ".", "。")
  letters(map, "$", "€£¥₹₽₩₿¢₤₣₱₺₴₪")
  range(map, 0xFF01, 0xFF5E, function(code) return string.char(code - 0xFEE0):lower() end)
  letters(map, "$", "＄￡￥￠")
  range(map, 0x0660, 0x0669, function(code) return tostring(code - 0x0660) end)
  range(map, 0x06F0, 0x06F9, function(code) return tostring(code - 0x06F0) end)
  range(map, 0x1D7CE, 0x1D7FF, function(code) return tostring((code - 0x1D7CE) % 10) end)
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
  letters(map, "oe", "œŒ")
  letters(map, "ae", "æÆ")
  return map
end

local FOLDS = build_folds()

-- Valid UTF-8, whatever came in; what is not becomes U+FFFD (lone surrogates included).
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
    -- The tail of a broken sequence is one mistake, not three.
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

-- Without white space at either end. Nearly everything has none: two bytes say so.
function M.trim(s)
  local first, last = s:byte(1), s:byte(-1)
  if first and first > 32 and last > 32 then
    return s
  end
  local from = s:find("%S")
  return from and s:match("^.*%S", from) or ""
end

-- Lower case, no accents, ASCII spaces, quotes, dashes, digits and one currency sign; nothing invisible.
function M.fold(s)
  if utf8.len(s) == #s then -- ASCII only, found out several times faster than with a pattern
    return s:lower()
  end
  return (M.valid(s):gsub("[\194-\244][\128-\191]*", FOLDS):lower())
end

-- True when nothing in it can be seen.
function M.blank(s)
  return not s:find("[!-~]") and not M.fold(s):find("[^%s%c]")
end

-- Are there at least `count` digits in it?
function M.has_digits(s, count)
  local at = 0
  for _ = 1, count do
    local _, before = s:find("^%D*", at + 1)
    at = before + 1
    if at > #s then
      return false
    end
  end
  return true
end

-- How many characters (code points) a valid text has.
function M.length(s)
  return utf8.len(s) or #s
end

-- At most `limit` bytes from the start, or from the end when `limit` is negative, never half a character.
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

-- Symbols that are not part of any word: punctuation, arrows, dingbats, emoji.
local function is_symbol(char)
  local code = utf8.codepoint(char)
  return code < 0xC0 or code == 0xD7 or code == 0xF7
    or (code >= 0x2000 and code < 0x2C00)
    or (code >= 0x3000 and code < 0x3005) or (code >= 0x3008 and code < 0x3020)
    or (code >= 0xFE00 and code < 0xFE70) or code == REPLACEMENT
    or (code >= 0x1F000 and code < 0x20000) or code >= 0xE0000
end

-- The words of a message and nothing else: "STOP! 🛑" is "stop", "I'd" is "i d".
function M.words(s)
  local folded = M.fold(s)
  if folded:find("[\128-\255]") then
    folded = folded:gsub("[\194-\244][\128-\191]*", function(char)
      return is_symbol(char) and " " or char
    end)
  end
  folded = folded:gsub("[^%w\128-\255]+", " ")
  return M.trim(folded)
end

-- The space-separated words of text already made plain by `words`.
function M.split(plain)
  local list = {}
  for word in plain:gmatch("%S+") do
    list[#list + 1] = word
  end
  return list
end

function M.set(list)
  local set = {}
  for word in list:gmatch("%S+") do
    set[word] = true
  end
  return set
end

return M
