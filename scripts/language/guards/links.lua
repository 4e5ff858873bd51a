-- Finds links in a text. A model must write only those that the business lists.
local links = require "language.links"
local text = require "language.text"

local M = {}

local function bare(link)
  return text.trim_end(link:lower():gsub("^[a-z][a-z0-9+.-]*:/[/\\]*", ""):gsub("^www%.", ""), "[/.]")
end

-- Is it a listed link, or a page below one? "ours.ca.evil.com" and "ours.ca@evil.com" only begin with the same letters.
local function is_allowed(link, allowed)
  local name = bare(link)
  for _, listed in ipairs(allowed or {}) do
    local own = bare(text.fold(tostring(listed)))
    if own ~= "" and name:sub(1, #own) == own and (#name == #own or name:find("^[/?#]", #own + 1)) then return true end
  end
  return false
end

-- In folded text: the first link that is not listed, or nil; and the text without links. `only`: stop at the first one.
function M.find(folded, allowed, only)
  if folded:find("dot", 1, true) and folded:find("[%[(]%s*dot%s*[%])]") then -- "evil [dot] com"
    folded = text.squeeze(folded):gsub("%s?%s?[%[(]%s?dot%s?[%])]%s?%s?", ".")
  end
  if not links.possible(folded) then return nil, folded end
  local out, at, foreign = {}, 1, nil
  for a, b in links.each(folded) do
    local link = folded:sub(a, b)
    if not foreign and (#link > text.WORD or not is_allowed(link, allowed)) then
      foreign = link
      if only then return foreign, folded end
    end
    out[#out + 1], at = folded:sub(at, a - 1), b + 1
  end
  if at == 1 then return nil, folded end
  out[#out + 1] = folded:sub(at)
  return foreign, table.concat(out, " ")
end

-- The text without links that are not listed. "[our page](https://…)" keeps its words.
function M.strip(s, allowed)
  s = text.valid(s)
  if utf8.len(s) == #s and not links.possible(s) and not s:find("](", 1, true) then return s end
  if s:find("[\226\227\239]") then -- characters that look like dots and slashes
    s = s:gsub("\u{200B}", ""):gsub("\u{2060}", ""):gsub("\u{3002}", "."):gsub("\u{FF0E}", "."):gsub("\u{FF0F}", "/"):gsub("\u{FF1A}", ":")
  end
  s = s:gsub("%[([^%[%]\n]+)%]%(([^()%s]+)%)", function(words, link)
    return not is_allowed(link, allowed) and words or nil
  end)
  local lower, out, at = s:lower(), {}, 1
  for a, b in links.each(lower) do
    out[#out + 1], at = s:sub(at, a - 1) .. (is_allowed(s:sub(a, b), allowed) and s:sub(a, b) or ""), b + 1
    if #out > 20 then return s end -- it is refused anyway
  end
  if at == 1 then return s end
  s = (table.concat(out) .. s:sub(at)):gsub("[<(%[]%s*[>)%]]", ""):gsub("[ \t]+", " "):gsub(" ([.,!?;])", "%1"):gsub(" \n", "\n")
  return text.trim(s)
end

return M
