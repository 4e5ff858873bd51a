-- host.json held against lua-cjson (Debian: lua-cjson; only specs and a fuzz target load it).
--
--   oracle.differs(text) → nil, or a sentence: how the two differ in what they read and write, beyond the intended differences that
--                          spec/host/bind/json_oracle_spec.lua names
--   oracle.document(random) → text       a generated document; random(n) → 1..n
--   oracle.broken(text, random) → text   the same with one byte removed, added or changed
--   oracle.cjson                         lua-cjson with host.json's depth, and strict about numbers

local cjson = require "cjson"
local json = require "host.json"

local M = { cjson = cjson.new() }

M.cjson.decode_max_depth(64)
M.cjson.encode_max_depth(64)
M.cjson.decode_invalid_numbers(false)

local REPLACEMENT = "\u{FFFD}"

-- ---- what a text needs before lua-cjson can read it ---------------------------------------------------------------------

-- What may follow a first byte: how many bytes, and from where to where the first of them goes.
local function following(lead)
  if lead >= 0xC2 and lead <= 0xDF then return 1, 0x80, 0xBF end
  if lead == 0xE0 then return 2, 0xA0, 0xBF end
  if lead == 0xED then return 2, 0x80, 0x9F end
  if lead >= 0xE1 and lead <= 0xEF then return 2, 0x80, 0xBF end
  if lead == 0xF0 then return 3, 0x90, 0xBF end
  if lead >= 0xF1 and lead <= 0xF3 then return 3, 0x80, 0xBF end
  if lead == 0xF4 then return 3, 0x80, 0x8F end
  return 0, 0, 0
end

-- Invalid UTF-8, as U+FFFD per sequence that is broken off.
local function valid_utf8(text)
  local pieces, at = {}, 1
  while true do
    local _, bad = utf8.len(text, at)
    if not bad then break end
    local count, low, high = following(text:byte(bad))
    local stop = bad
    while stop - bad < count do
      local byte = text:byte(stop + 1)
      if not byte or byte < low or byte > high then break end
      low, high, stop = 0x80, 0xBF, stop + 1
    end
    pieces[#pieces + 1] = text:sub(at, bad - 1) .. REPLACEMENT
    at = stop + 1
  end
  return table.concat(pieces) .. text:sub(at)
end

-- Escapes of NUL and of surrogates that stand alone.
local function valid_escapes(text)
  local pieces, at = {}, 1
  while true do
    local from = text:find("\\", at, true)
    if not from then break end
    local stop, escape = from + 1, nil
    local code = tonumber(text:match("^u(%x%x%x%x)", from + 1) or "none", 16)
    if code then
      stop = from + 5
      local low = code >= 0xD800 and code <= 0xDBFF and tonumber(text:match("^\\u(%x%x%x%x)", from + 6) or "none", 16)
      if low and low >= 0xDC00 and low <= 0xDFFF then stop = from + 11
      elseif code == 0 or code >= 0xD800 and code <= 0xDFFF then escape = "\\uFFFD" end
    end
    pieces[#pieces + 1] = text:sub(at, from - 1) .. (escape or text:sub(from, stop))
    at = stop + 1
  end
  return table.concat(pieces) .. text:sub(at)
end

local function mended(text)
  text = text:gsub("^\u{FEFF}", "")
  return valid_escapes(valid_utf8((text:gsub("\0", REPLACEMENT))))
end

-- ---- what both read ----------------------------------------------------------------------------------------------------

-- near: a float lost its last digits on the way.
local function same(a, b, near)
  if math.type(a) and math.type(b) then
    a, b = a + 0.0, b + 0.0
    return a == b or near and math.abs(a - b) <= math.abs(a) * 1e-13
  end
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key], near) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- Does the place that host.json names hold a number that is infinite as a float?
local function too_large(text, why)
  local line, byte = why:match "^line (%d+), byte (%d+): a number too large to hold$"
  local at = 0
  for _ = 2, line or 1 do at = text:find("\n", at + 1, true) end
  local number = line and tonumber(text:match("^[%d.eE+-]+", at + byte))
  return number == math.huge or number == -math.huge
end

-- Has the text a number without a digit before or after its point? lua-cjson takes what strtod takes.
local function bare_point(text)
  local code = text:gsub("\\.", ""):gsub('"[^"]*"', '""')
  return code:find "%-%." or code:find "%d%.%D" or code:find "%d%.$"
end

function M.differs(text)
  local ours, why = json.decode(text)
  local read, theirs = pcall(M.cjson.decode, mended(text))
  if why and not read then return nil end
  if why then
    if bare_point(text) or too_large(text, why) then return nil end
    return "host.json refuses what lua-cjson reads: " .. why
  end
  if not read then return "host.json reads what lua-cjson refuses: " .. theirs end
  if not same(ours, theirs) then return "they read different values" end
  local written = json.encode(ours)
  local again, back = pcall(M.cjson.decode, written)
  if not again or not same(ours, back) then return "lua-cjson does not read back what host.json writes: " .. written end
  written = M.cjson.encode(ours)
  back = json.decode(written)
  if back == nil or not same(ours, back, true) then return "host.json does not read back what lua-cjson writes: " .. written end
  return nil
end

-- ---- generated documents -----------------------------------------------------------------------------------------------

local NUMBERS = { "0", "-0", "1", "-7", "12.5", "0.1", "1e3", "-2.5E-3", "1e+20", "1720000000123", "9007199254740991", "9007199254740993",
  "-9223372036854775808", "9223372036854775808", "123456789012345678901234567890", "3.141592653589793", "1e-320", "1.7976931348623157e308", "1e999" }
local PIECES = { "a", "stairs ", "/", "\\/", "\\n", "\\\"", "\\\\", "\\u00e9", "\\u0041", "é", "😀", "\\ud83d\\ude00", "\u{2028}", "\t", "\27",
  "\127", "\\u007F", "\\b\\f\\r\\t", "{", "]", ",", ":", "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\u0000", "\0", "\xFF", "\xE2\x82", "\xED\xA0\x80" }
local PLAIN_PIECES = 22 -- those before the lone surrogate need no mending
local BLANKS = { "", "", "", "", " ", "\n", "\t ", "\r\n" }
local WORDS = { "true", "false", "null" }

local function one_of(list, random, count) return list[random(count or #list)] end

local function text_of(random)
  local pieces = {}
  local known = random(8) == 1 and #PIECES or PLAIN_PIECES
  for i = 1, random(6) - 1 do pieces[i] = one_of(PIECES, random, known) end
  return '"' .. table.concat(pieces) .. '"'
end

local function number_of(random)
  if random(2) == 1 then return one_of(NUMBERS, random) end
  local digits = tostring(random(10 ^ random(9) // 1 | 0))
  return (random(3) == 1 and "-" or "") .. digits .. (random(2) == 1 and "." .. random(999) or "") .. (random(4) == 1 and "e" .. (random(40) - 20) or "")
end

local function value_of(random, depth)
  local kind = random(depth > 5 and 3 or 5)
  if kind == 1 then return text_of(random) end
  if kind == 2 then return number_of(random) end
  if kind == 3 then return one_of(WORDS, random) end
  local items = {}
  for i = 1, random(5) - 1 do
    local key = kind == 4 and "" or text_of(random) .. one_of(BLANKS, random) .. ":"
    items[i] = one_of(BLANKS, random) .. key .. one_of(BLANKS, random) .. value_of(random, depth + 1) .. one_of(BLANKS, random)
  end
  local inside = table.concat(items, ",")
  return kind == 4 and "[" .. inside .. "]" or "{" .. inside .. "}"
end

function M.document(random)
  return (random(20) == 1 and "\u{FEFF}" or "") .. one_of(BLANKS, random) .. value_of(random, 0) .. one_of(BLANKS, random)
end

local BYTES = '[]{}",:\\/0123456789.+-eEtfnu \n\0\1\xC3\xFF'

function M.broken(text, random)
  local at, what = random(#text), random(3)
  local byte = random(#BYTES)
  return text:sub(1, at - (what == 1 and 0 or 1)) .. (what == 2 and "" or BYTES:sub(byte, byte)) .. text:sub(at + 1)
end

return M
