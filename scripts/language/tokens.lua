-- The words of a sentence with their places, so that what is stored is cut out of the sentence as it was written.
local text = require "language.text"

local M = {}

local ONE = { [35] = "#", [38] = "&", [43] = "&", [42] = "&", [64] = "&", [33] = "!",
  [63] = "!", [40] = ",", [41] = ",", [58] = ",", [59] = ",", [124] = ",", [10] = "," } -- one byte between two words

-- What stands between two words: "" nothing, "," a sign that ends a piece, "&" a sign that joins two, "#" a number sign, "!" an end.
local function gap_between(s, from, to, a, b)
  if to < from then
    return ""
  elseif to == from then
    local byte = s:byte(from)
    if byte ~= 44 and byte ~= 47 then
      return ONE[byte] or ""
    end
  end
  local between = s:sub(from, to)
  if between:find("[!?]") then
    return "!"
  elseif between:find("[,;:|()\n]") then
    return between == "," and a:find("^%d+$") and b:find("^%d%d%d") and "" or "," -- "1,000 lbs"
  elseif between:find("/", 1, true) then
    return a:find("%d$") and b:find("^%d") and "" or "&" -- "1/2 truck load"
  elseif between:find("[+&@*\226]") or between:find(" -", 1, true) then
    return "&"
  end
  return between:find("#", 1, true) and "#" or ""
end

-- A list for each property of the words 1 to n: `plain` folded, without points; `from` and `to` its first and last byte; `gap` what
-- stands before it; `bare` without the article of "l'ascenseur".
---@param s string
---@return {s: string, n: integer, plain: string[], bare: string[], from: integer[], to: integer[], gap: string[]}
function M.of(s)
  local ascii = utf8.len(s) == #s
  local signs = not ascii or s:find("['.-]") ~= nil
  local plains, froms, tos, gaps = {}, {}, {}, {}
  local bares = signs and {} or plains
  local n, last = 0, 0
  for from, plain in (ascii and s:lower() or s):gmatch("()([%w\128-\255][%w\128-\255'.-]*)") do
    local to = from + #plain - 1
    if signs then
      plain = text.trim_end(plain, "[.'-]")
      to = from + #plain - 1
      plain = (ascii and plain or text.fold(plain)):gsub("[\".]", ""):gsub("^'", "")
    end
    if ascii or plain:find("[%w\128-\255]") and (plain:byte() < 128 or text.words(plain) ~= "") then
      n = n + 1
      plains[n], froms[n], tos[n] = plain, from, to
      if signs then
        bares[n] = plain:byte(2) == 39 and #plain > 2 and plain:sub(3) or plain
      end
      gaps[n] = from == last + 2 and n > 1 and s:byte(last + 1) == 32 and ""
        or n > 1 and gap_between(s, last + 1, from - 1, plains[n - 1], plain) or s:byte(from - 1) == 35 and "#" or "!"
      last = to
    end
  end
  return { s = s, n = n, plain = plains, bare = bares, from = froms, to = tos, gap = gaps }
end

local SHORTENED = text.set "etc ft in lb lbs oz kg pc pcs qty misc incl approx sq"

-- The places of the first and the last byte of the words i to j, with the number sign before them, and after them the sign of inches, the
-- point of an abbreviation and the closing bracket.
---@return integer, integer
function M.span(t, i, j)
  local from, to = t.from[i], t.to[j]
  from = from > 1 and t.s:byte(from - 1) == 35 and from - 1 or from
  to = (t.s:find('^%d"', to) or SHORTENED[t.plain[j]] and t.s:byte(to + 1) == 46) and to + 1 or to
  local bracket = t.s:byte(to + 1) == 41 and t.s:find("(", from, true)
  return from, bracket and bracket < to and to + 1 or to
end

-- The text of the words i to j as it was written.
function M.text(t, i, j)
  return t.s:sub(M.span(t, i, j))
end

-- Is one of the words i to j in the set? Returns its place.
---@return integer?
function M.find(t, i, j, set)
  local plain = t.plain
  for k = i, j do
    if set[plain[k]] then
      return k
    end
  end
end

-- The words i to j with one blank between them.
function M.plain(t, i, j)
  return table.concat(t.plain, " ", i, j)
end

return M
