-- Finds links and e-mail addresses in a text.
local text = require "language.text"

local M = {}

-- Can it hold a link?
function M.possible(s)
  return (s:find(".", 1, true) or s:find(":", 1, true)) and s:find("[.:][%w/\128-\255-]") ~= nil
end

-- Endings that are always domains, and endings that are also words ("done.So", with the space forgotten).
local DOMAINS = text.set [[com co ca org app net io biz gov edu info dev gl ly ru cn uk fr xyz site online club cc tk ai eu tv
  website space tech agency quebec]]
local WORDLIKE = text.set "me us de to link shop store click live top page be it gd so is in at am my"
local NAME, REST = "^[%w\128-\255-]", "^[^%s<>\"]*"
local PART = "[%w\128-\255-][.:][%w/\128-\255-]" -- each link holds it

-- `tail` is the text after the last letter of the domain.
local function is_domain(host, tail)
  local before, ending = host:match("^(.*)%.([^.]*)$")
  if host:find("..", 1, true) or not (DOMAINS[ending] or WORDLIKE[ending]) then return false end
  local label = before:match("^.*%.([^.]*)$") or before
  if #label < 2 and not tail:find("^/") then return false end
  return DOMAINS[ending] or label ~= before or tail:find("^[/?]%w") ~= nil
end

-- Where the run of such characters that ends right before `at` begins, at `least` or later.
local function back(s, at, least, class)
  while at > least and s:find(class, at - 1) do at = at - 1 end
  return at
end

-- The first and last byte of the link of which s:sub(c, c + 2) is a part, like "p:/" or "s.c"; or nil and where the search goes on.
local function link_at(s, c, least)
  if s:byte(c + 1) == 58 then
    local first = back(s, c + 1, math.max(least, c - 19), "^[a-z0-9+.-]")
    first = s:find("[a-z]", first) or c + 1
    local _, stop = s:find("^/[/\\]?[^%s<>\"]+", c + 2)
    if first <= c and stop then return first, stop end
    return nil, c + 3
  end
  local a, _, b = back(s, c + 1, least, NAME), s:find("^[%w\128-\255.-]*", c + 2)
  while b > c + 1 and s:find("^[.-]", b) do b = b - 1 end
  local user = a > 1 and s:byte(a - 1) == 64 and back(s, a - 1, math.max(least, a - 65), "^[%w._%%+-]")
  if user and user < a - 1 then return user, b end -- an e-mail address
  local host, tail = s:sub(a, b), s:sub(b + 1, b + 2)
  if host:find("^%d%d?%d?%.%d%d?%d?%.%d%d?%d?%.%d%d?%d?$") or host:find("^www%d?%..") then return a, select(2, s:find(REST, b + 1)) end
  if is_domain(host:gsub("^%-", ""), tail) then return a, tail:find("^[/?#:@]") and select(2, s:find(REST, b + 1)) or b end
  return nil, b + 1
end

-- Walks the links of lower-case text. Each call gives the first and last byte of the next one.
function M.each(s)
  local at = 1
  return function()
    local c, from = s:find(PART, at), at
    while c do
      local a, b = link_at(s, c, from)
      if a then
        while b > a and s:find("^[.,;:!?'\")%]>}*_~]", b) do b = b - 1 end -- these belong to the sentence
        at = b + 1
        return a, b
      end
      c = s:find(PART, b - 1)
    end
  end
end

return M
