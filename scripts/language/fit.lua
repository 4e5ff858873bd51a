-- Makes a reply fit for WhatsApp: WhatsApp's formatting instead of Markdown, no invisible characters, at most three parts of
-- 4,096 characters. A part ends at the end of a sentence if possible, and never inside what a reader sees as one character.
local text = require "language.text"

local M = {}

M.MAX_CHARACTERS = 4096
M.MAX_PARTS = 3

M.MAX_BYTES = 64000 -- three parts cannot hold more

-- ---- Markdown ------------------------------------------------------------------------------------------------------

local function link(words, url)
  words = text.trim(words)
  if words == "" or words == url or url:gsub("^%a+://", "") == words then
    return url
  end
  return words .. " " .. url
end

-- "**words**" as "*words*", within a line. Each mark is looked at once.
local function marked(s, mark, sign)
  local out, at = {}, 1
  local from = s:find(mark, 1, true)
  while from do
    local first = from + #mark
    local wordless = s:find("^[%s" .. sign .. "]", first)
    local to = not wordless and s:find(mark, first + 1, true)
    if to then
      out[#out + 1] = s:sub(at, from - 1) .. sign .. s:sub(first, to - 1) .. sign
      at = to + #mark
      from = s:find(mark, at, true)
    else
      local _, run = s:find("^[" .. sign .. "]+", from)
      from = wordless and s:find(mark, math.max(from, run - #mark) + 1, true)
    end
  end
  out[#out + 1] = s:sub(at)
  return table.concat(out)
end

local function between(s, mark, sign)
  local lines = {}
  for line in text.lines(s) do -- a <br> has split it into several lines
    lines[#lines + 1] = marked(line, mark, sign)
  end
  return table.concat(lines, "\n")
end

local function inline(s)
  if not s:find("[%[<\\*_~]") then
    return s
  end
  if s:find("[%[<&\\]") then
    if s:find("](", 1, true) then
      s = s:gsub("!?%[([^%[%]]*)%]%(([^()%s]*)%)", link)
      if s:find('"', 1, true) then
        s = s:gsub("!?%[([^%[%]]*)%]%(([^()%s]+)%s+\"[^\"\n]*\"%)", link)
      end
    end
    if s:find("</?%a") then
      s = s:gsub("<(%a[%w+.-]*://[^<>%s]+)>", "%1")
      s = s:gsub("<[bB][rR]%s*/?>", "\n"):gsub("</?[bB]>", "*"):gsub("</?strong>", "*"):gsub("</?[iI]>", "_"):gsub("</?em>", "_")
    end
    s = s:gsub("\\([\\`*_{}%[%]()#+%-.!~|>])", "%1")
  end
  if s:find("**", 1, true) then
    s = between(s:gsub("%*%*%*([^%s*][^*]-)%*%*%*", "*_%1_*"), "**", "*"):gsub("%*%*", "")
  end
  if s:find("__", 1, true) then
    s = s:gsub("%f[%w_]__([^%s_][^\n_]-)__%f[^%w_]", "*%1*")
  end
  if s:find("~~", 1, true) then
    s = between(s, "~~", "~")
  end
  return s
end

local byte = string.byte
local PIPE, HASH, EQUALS, STAR, PLUS, DASH, UNDERSCORE = byte("|#=*+-_", 1, -1)

local function table_row(line)
  local shown = text.trim(line)
  if #shown == 1 or byte(shown, -1) ~= PIPE then
    return inline(line)
  elseif line:find("^[%s|:%-]+$") then
    return nil
  end
  local cells = {}
  for cell in line:gmatch("[^|]+") do
    cell = text.trim(cell)
    if cell ~= "" then
      cells[#cells + 1] = cell
    end
  end
  return inline(table.concat(cells, #cells == 2 and ": " or ", "))
end

local function heading(line)
  local marks, words = line:match("^%s?%s?%s?(#+)%s+(.*)$")
  if not marks or #marks > 6 then
    return inline(line)
  end
  words = text.trim(words)
  if byte(words, -1) == HASH then
    words = text.trim(text.trim_end(words, "[#]"))
  end
  words = inline(words):gsub("[*]", "")
  return words ~= "" and "*" .. words .. "*" or nil
end

local function double_rule(line)
  return not line:find("^%s*===+%s*$") and inline(line) or nil
end

local function item(line)
  local indent, words = line:match("^(%s*)[*+]%s+(.*)$")
  if words then
    line = indent .. "- " .. words
  end
  if line:find("[", 1, true) then
    line = line:gsub("^(%s*%- )%[[ xX]%]%s+", "%1")
  end
  return inline(line)
end

local function rule_or_item(line)
  local is_rule = line:find("^%s*[-*_][-*_ ]+$") and select(2, line:gsub("[-*_]", "")) >= 3
  return not is_rule and item(line) or nil
end

-- By a line's first sign, what the line can be. Each gives the line as it is shown, or nil for a line that only draws a rule.
local BLOCKS = { [PIPE] = table_row, [HASH] = heading, [EQUALS] = double_rule, [PLUS] = item,
  [STAR] = rule_or_item, [DASH] = rule_or_item, [UNDERSCORE] = rule_or_item }

local function block(line)
  local first = byte(line)
  if first and first <= 32 then
    first = byte(line, line:find("%S"))
  end
  return (BLOCKS[first] or inline)(line)
end

local function whatsapp(s)
  local out, in_code, fenced = {}, false, s:find("```", 1, true) ~= nil
  for line in text.lines(s) do
    if fenced and line:find("^%s*```") then
      in_code = not in_code
      out[#out + 1] = "```" .. text.trim(line:match("^%s*```%a*(.*)$"))
    elseif in_code then
      out[#out + 1] = line
    else
      out[#out + 1] = block(line)
    end
  end
  local shown = table.concat(out, "\n")
  if shown:find("[ \t]\n") then
    out = {}
    for line in text.lines(shown) do
      out[#out + 1] = text.trim_end(line, "[ \t]")
    end
    shown = table.concat(out, "\n")
  end
  return (shown:gsub("\n\n\n+", "\n\n"))
end

-- ---- characters as people see them ----------------------------------------------------------------------------------

local EXTENDS = {
  { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05C7 }, { 0x0610, 0x061A }, { 0x064B, 0x065F }, { 0x06D6, 0x06ED },
  { 0x0900, 0x0903 }, { 0x093A, 0x094F }, { 0x0981, 0x0983 }, { 0x09BC, 0x09CD }, { 0x0A3C, 0x0A4D }, { 0x0B3C, 0x0B4D },
  { 0x0BBE, 0x0BCD }, { 0x0C3E, 0x0C4D }, { 0x0D3B, 0x0D4D }, { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E },
  { 0x1160, 0x11FF }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x200C, 0x200D }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F },
  { 0xFE20, 0xFE2F }, { 0x1F3FB, 0x1F3FF }, { 0xE0020, 0xE007F }, { 0xE0100, 0xE01EF },
}

local extends = {}
for _, span in ipairs(EXTENDS) do
  for code = span[1], span[2] do
    extends[code] = true
  end
end

local function is_flag(code)
  return code >= 0x1F1E6 and code <= 0x1F1FF
end

local ENDS = { [0x21] = true, [0x2E] = true, [0x3F] = true, [0x2026] = true } -- ! . ? …
local CLOSES = { [0x22] = true, [0x27] = true, [0x29] = true, [0x2A] = true, [0x5F] = true } -- " ' ) * _

local WINDOW = 512 -- how far before the limit we look for a good place to cut

local function count_emoji(s, from, stop)
  return select(2, s:sub(from, stop - 1):gsub("[\240-\244]", ""))
end

-- The last byte of the longest first part of s[from..] that has at most `limit` characters. An emoji outside the basic plane
-- counts as two, because some clients count it so. The part ends with a paragraph, else a sentence, else a word, else a
-- character within the last WINDOW characters.
local function part_end(s, from, limit)
  local used = math.min(limit - WINDOW, utf8.len(s, from) - 1) -- at first this many characters; fewer where emoji count twice
  local start = utf8.offset(s, used + 1, from)
  local emoji = count_emoji(s, from, start)
  while used + emoji > limit - WINDOW do
    local fewer = (used + emoji - (limit - WINDOW) + 1) // 2
    local sooner = utf8.offset(s, -fewer, start)
    used, emoji, start = used - fewer, emoji - count_emoji(s, sooner, start), sooner
  end
  used = used + emoji
  local previous, before, flags, ended = start > from and utf8.codepoint(s, utf8.offset(s, -1, start)) or 0, 0, 0, false
  while start - 4 * flags > from + 3 and s:find("^\240\159\135[\166-\191]", start - 4 * flags - 4) do
    flags = flags + 1
  end
  local paragraph, sentence, word, character
  for at, code in utf8.codes(s:sub(start, start + limit * 4 + 8)) do
    at = start + at - 1
    if not (extends[code] or previous == 0x200D or is_flag(code) and flags % 2 == 1) then
      character = at - 1
      if (previous == 32 or previous == 10) and code ~= 32 and code ~= 10 then
        word = at - 1
        if previous == 10 and before == 10 then
          paragraph = at - 1
        elseif previous == 10 or ended then
          sentence = at - 1
        end
      end
    end
    used = used + (code >= 0x10000 and 2 or 1)
    if used > limit then
      if paragraph and paragraph - from >= limit // 2 then
        return paragraph
      end
      -- A "character" that is longer than a part must be cut somewhere.
      return sentence or paragraph or word or character or at - 1
    end
    if code ~= 32 and code ~= 10 and not CLOSES[code] then
      ended = ENDS[code] or false
    end
    flags = is_flag(code) and flags + 1 or 0
    before, previous = previous, code
  end
  return #s
end

-- ---- the whole reply ------------------------------------------------------------------------------------------------

-- One line of printable ASCII without * < [ \ _ ` | ~. Most replies are that.
local SIMPLE = "^[a-z -)+-;=-Z%]^{}]*$"

-- Is this trimmed text fit already? A line that begins with one of # + - = can be a heading, an item or a rule.
local function is_fit(s)
  return #s <= M.MAX_CHARACTERS and s:find(SIMPLE) ~= nil and s ~= "" and not s:find("^#+%s") and not s:find("^[+=-]")
end

-- The parts (1 to 3, none empty; no part when the reply has nothing visible), and whether the end was cut off.
function M.fit(reply)
  local trimmed = text.trim(reply)
  if is_fit(trimmed) then
    return { trimmed }, false
  end
  local cut = #reply > M.MAX_BYTES
  local plain = text.trim(text.clean(text.valid(text.clip(reply, M.MAX_BYTES)))):gsub("\n\n\n+", "\n\n")
  local s = plain
  if s:find("[*_~`#|<%[\\=+-]") then
    s = text.trim(whatsapp(s))
    if not s:find("[^%s*_~`]") then
      s = plain
    end
  end
  if text.blank(s) then
    return {}, false
  end
  if #s <= M.MAX_CHARACTERS then
    return { s }, cut
  end
  local parts, from = {}, 1
  while from <= #s and #parts < M.MAX_PARTS do
    local to = part_end(s, from, M.MAX_CHARACTERS)
    local part = text.trim(s:sub(from, to))
    if not text.blank(part) then
      parts[#parts + 1] = part
    end
    from = to + 1
  end
  return parts, cut or s:find("%S", from) ~= nil
end

return M
