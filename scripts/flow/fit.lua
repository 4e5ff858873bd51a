-- A reply made fit for WhatsApp: its own formatting instead of Markdown, nothing invisible, at most three parts of
-- 4,096 characters, split at sentences and never inside what a reader sees as one character.
local text = require "flow.text"

local M = {}

M.MAX_CHARACTERS = 4096
M.MAX_PARTS = 3

M.MAX_BYTES = 64000 -- more than three parts can ever hold

-- Controls, marks of direction and spaces of no width. The joiner inside emoji stays.
local function without_controls(s)
  s = s:gsub("\r\n?", "\n"):gsub("\t", " ")
  if s:find("[%z\1-\9\11-\31\127]") then
    s = s:gsub("[%z\1-\9\11-\31\127]", "")
  end
  if s:find("[\194\226\239]") then
    s = s:gsub("\194[\128-\159]", "")
      :gsub("\u{FEFF}", ""):gsub("\226\128[\139\142\143\170-\174]", ""):gsub("\226\129[\160\166-\169]", "")
      :gsub("\u{2028}", "\n"):gsub("\u{2029}", "\n")
  end
  return s
end

-- ---- Markdown ------------------------------------------------------------------------------------------------------

local function link(words, url)
  words = text.trim(words)
  if words == "" or words == url or url:gsub("^%a+://", "") == words then
    return url
  end
  return words .. " " .. url
end

local function inline(s)
  if s:find("[%[<&\\]") then
    s = s:gsub("!?%[([^%[%]]*)%]%(([^()%s]*)%)", link):gsub("!?%[([^%[%]]*)%]%(([^()%s]+)%s+\"[^\"\n]*\"%)", link)
    s = s:gsub("<(%a[%w+.-]*://[^<>%s]+)>", "%1")
    s = s:gsub("<[bB][rR]%s*/?>", "\n"):gsub("</?[bB]>", "*"):gsub("</?strong>", "*"):gsub("</?[iI]>", "_"):gsub("</?em>", "_")
    s = s:gsub("\\([\\`*_{}%[%]()#+%-.!~|>])", "%1")
  end
  if s:find("**", 1, true) then
    s = s:gsub("%*%*%*([^%s*][^*]-)%*%*%*", "*_%1_*"):gsub("%*%*([^%s*][^\n]-)%*%*", "*%1*"):gsub("%*%*", "")
  end
  if s:find("__", 1, true) then
    s = s:gsub("%f[%w_]__([^%s_][^\n_]-)__%f[^%w_]", "*%1*")
  end
  if s:find("~~", 1, true) then
    s = s:gsub("~~([^%s~][^\n]-)~~", "~%1~")
  end
  return s
end

local function table_row(line)
  local cells = {}
  for cell in line:gsub("^%s*|", ""):gsub("|%s*$", ""):gmatch("[^|]+") do
    cell = text.trim(cell)
    if cell ~= "" then
      cells[#cells + 1] = cell
    end
  end
  return #cells == 2 and table.concat(cells, ": ") or table.concat(cells, ", ")
end

-- One line, or nil for a line that only draws.
local function block(line)
  if line:find("^%s*|.*|%s*$") then
    if line:find("^[%s|:%-]+$") then
      return nil
    end
    return inline(table_row(line))
  elseif line:find("^%s*[-*_][-*_ ]+$") and select(2, line:gsub("[-*_]", "")) >= 3 or line:find("^%s*===+%s*$") then
    return nil
  end
  local marks, heading = line:match("^%s?%s?%s?(#+)%s+(.-)%s*#*%s*$")
  if marks and #marks <= 6 then
    heading = inline(heading):gsub("[*]", "")
    return heading ~= "" and "*" .. heading .. "*" or nil
  end
  local indent, bullet = line:match("^(%s*)[*+•]%s+(.*)$")
  if bullet then
    line = indent .. "- " .. bullet
  end
  line = line:gsub("^(%s*%- )%[[ xX]%]%s+", "%1")
  return inline(line)
end

local function whatsapp(s)
  local out, in_code = {}, false
  for line in (s .. "\n"):gmatch("([^\n]*)\n") do
    if line:find("^%s*```") then
      in_code = not in_code
      out[#out + 1] = "```" .. (line:match("^%s*```%a*%s*(.-)$") or "")
    elseif in_code then
      out[#out + 1] = line
    else
      out[#out + 1] = block(line)
    end
  end
  return (table.concat(out, "\n"):gsub("[ \t]+\n", "\n"):gsub("\n\n\n+", "\n\n"))
end

-- ---- characters as people see them ---------------------------------------------------------------------------------

local EXTENDS = {
  { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05C7 }, { 0x0610, 0x061A }, { 0x064B, 0x065F }, { 0x06D6, 0x06ED },
  { 0x0900, 0x0903 }, { 0x093A, 0x094F }, { 0x0981, 0x0983 }, { 0x09BC, 0x09CD }, { 0x0A3C, 0x0A4D }, { 0x0B3C, 0x0B4D },
  { 0x0BBE, 0x0BCD }, { 0x0C3E, 0x0C4D }, { 0x0D3B, 0x0D4D }, { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E },
  { 0x1160, 0x11FF }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x200C, 0x200D }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F },
  { 0xFE20, 0xFE2F }, { 0x1F3FB, 0x1F3FF }, { 0xE0020, 0xE007F }, { 0xE0100, 0xE01EF },
}

local function extends(code)
  if code < 0x300 then
    return false
  end
  for _, span in ipairs(EXTENDS) do
    if code >= span[1] and code <= span[2] then
      return true
    end
  end
  return false
end

local function is_flag(code)
  return code >= 0x1F1E6 and code <= 0x1F1FF
end

-- The last byte of the longest good first part of s[from..] that has at most `limit` characters, where an emoji outside the
-- basic plane counts as two: that is how some clients count. A paragraph, else a sentence, else a word, else a character.
local function part_end(s, from, limit)
  local used, previous, flags = 0, 0, 0
  local best = { paragraph = nil, sentence = nil, word = nil, character = nil }
  for at, code in utf8.codes(s:sub(from, from + limit * 4 + 8)) do
    at = from + at - 1
    local joined = extends(code) or previous == 0x200D or is_flag(code) and flags % 2 == 1
    if at > from and not joined then
      local early = used < limit // 4
      best.character = at - 1
      if not early and (previous == 32 or previous == 10) and code ~= 32 and code ~= 10 then
        best.word = at - 1
        local tail = s:sub(math.max(from, at - 12), at - 1)
        if tail:find("\n\n$") then
          best.paragraph = at - 1
        elseif tail:find("\n$") or tail:find("[.!?][\"')*_]*%s+$") or tail:find("[\128-\255]%s+$") and tail:find("…%s+$") then
          best.sentence = at - 1
        end
      end
    end
    used = used + (code >= 0x10000 and 2 or 1)
    if used > limit then
      if best.paragraph and best.paragraph - from >= limit // 2 then
        return best.paragraph
      end
      -- A single "character" longer than a part has to be cut somewhere.
      return best.sentence or best.paragraph or best.word or best.character or at - 1
    end
    flags = is_flag(code) and flags + 1 or 0
    previous = code
  end
  return #s
end

-- ---- the whole -----------------------------------------------------------------------------------------------------

-- One line of printable ASCII without * < [ \ _ ` | ~, which is what most replies are.
local SIMPLE = "^[a-z -)+-;=-Z%]^{}]*$"

-- Is this trimmed text fit as it is? A line that begins with one of # + - = may be a heading, an item or a rule.
local function is_fit(s)
  return #s <= M.MAX_CHARACTERS and s:find(SIMPLE) ~= nil and s ~= "" and not s:find("^#+%s") and not s:find("^[+=-]")
end

-- The parts (1 to 3, none empty; none at all when nothing can be seen), and whether something had to be cut off.
function M.fit(reply)
  local trimmed = text.trim(reply)
  if is_fit(trimmed) then
    return { trimmed }, false
  end
  local cut = #reply > M.MAX_BYTES
  local plain = text.trim(without_controls(text.valid(text.clip(reply, M.MAX_BYTES))))
  local s = plain
  if s:find("[*_~`#|<%[\\=+-]") or s:find("\n\n\n") then
    s = text.trim(whatsapp(s))
    if text.blank(s:gsub("[*_~`]", "")) then
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
