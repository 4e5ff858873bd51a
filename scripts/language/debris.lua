-- Undoes what models and servers leave in a text by mistake: control tokens, HTML entities, "\n" written out, stray backslashes, thoughts.
-- What comes out is what a reader should see. Pure.
local text = require "language.text"

local M = {}

-- ---- HTML entities ---------------------------------------------------------------------------------------------------

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', apos = "'", nbsp = " ", ensp = " ", emsp = " ", thinsp = " ", rsquo = "’",
  lsquo = "‘", ldquo = "“", rdquo = "”", laquo = "«", raquo = "»", hellip = "…", mdash = "—", ndash = "–", bull = "•", middot = "·",
  deg = "°", frac12 = "½", frac14 = "¼", frac34 = "¾", times = "×", copy = "©", reg = "®", trade = "™", euro = "€", pound = "£",
  cent = "¢", dollar = "$", eacute = "é", egrave = "è", ecirc = "ê", euml = "ë", agrave = "à", acirc = "â", ccedil = "ç", icirc = "î",
  iuml = "ï", ocirc = "ô", ugrave = "ù", ucirc = "û", aacute = "á", iacute = "í", oacute = "ó", uacute = "ú", ntilde = "ñ", atilde = "ã",
  otilde = "õ", Eacute = "É", Agrave = "À", Ccedil = "Ç", oelig = "œ", iquest = "¿", iexcl = "¡", num = "#", lbrack = "[",
  rbrack = "]", lpar = "(", rpar = ")", colon = ":", excl = "!", quest = "?", comma = ",", period = ".", newline = "\n", NewLine = "\n" }

local function character(code)
  if code == 10 or code >= 32 and code < 0xD800 and code ~= 127 or code > 0xDFFF and code <= 0x10FFFF then
    return utf8.char(code)
  end
  return ""
end

local function entities(s)
  s = s:gsub("&([%a][%w]*);", ENTITIES)
  if s:find("&#", 1, true) then
    s = s:gsub("&#(%d%d?%d?%d?%d?%d?%d?);", function(code) return character(tonumber(code)) end)
    s = s:gsub("&#[xX](%x%x?%x?%x?%x?%x?);", function(code) return character(tonumber(code, 16)) end)
  end
  return s
end

-- ---- backslashes -----------------------------------------------------------------------------------------------------

local WRITTEN = { n = "\n", r = "", t = " ", ["\n"] = "\n" }

-- "\u00e9" written out, also as a pair of surrogates.
local function written_codes(s)
  s = s:gsub("\\u[dD]([89abAB]%x%x)\\u[dD]([c-fC-F]%x%x)", function(high, low)
    return utf8.char(0x10000 + ((tonumber(high, 16) - 0x800) << 10) + (tonumber(low, 16) - 0xC00))
  end)
  return (s:gsub("\\u(%x%x%x%x)", function(code) return character(tonumber(code, 16)) end))
end

local function backslashes(s)
  s = s:gsub("\\+", "\\")
  if s:find("\\u", 1, true) then
    s = written_codes(s)
  end
  return (s:gsub("\\(.?)", function(sign) return WRITTEN[sign] or sign end))
end

-- ---- control tokens --------------------------------------------------------------------------------------------------

local NAMES = text.set [[s bos eos pad unk mask sep cls eod eot eom sys start_of_turn end_of_turn end_of_text end_of_utterance
  start_of_image end_of_image begin_of_text tool_call tool_calls tool_response tool_output function_call answer response output final
  result json assistant user system model human bot im_start im_end endoftext channel message content text reply reply_to_user]]
local THOUGHTS = text.set "think thinking thought thoughts reasoning reflection scratchpad analysis inner_monologue seed:think"
local BRACKETED = text.set [[INST SYS BOS EOS PAD UNK SEP CLS MASK EOT END STOP TOOL_CALLS TOOL_CALL AVAILABLE_TOOLS TOOL_RESULTS
  SYSTEM_PROMPT THINK ASSISTANT USER SYSTEM]]

local LONGEST_TOKEN = 64
-- After the token that opens a turn the turn's role is written.
local OPENS = { "start_header", "im_start", "start_of_turn", "<|start|>", "im_user", "im_assistant" }
local ROLES = text.set "assistant user system model tool final analysis"

-- Is the text between < and > a control token? "|im_end|", "｜end▁of▁sentence｜", "/s", "end_of_turn"; not "b", "3", "https://…".
local function is_token(inner)
  if #inner > LONGEST_TOKEN then
    return false
  end
  if inner:byte() == 124 or inner:find("^｜") or inner:find("｜$") then -- "|"
    return true
  end
  local name = inner:match("^/?([%a_:]+)/?$")
  return name ~= nil and (NAMES[name:lower()] or THOUGHTS[name:lower()] or false)
end

local function tokens(s)
  if text.found_in(s, OPENS) then
    s = s:gsub("(<[^<>\n]*>)%s*(%a+)", function(token, word)
      return ROLES[word:lower()] and text.found_in(token, OPENS) and token or nil
    end)
  end
  return (s:gsub("<<?([^<>\n]*)>>?", function(inner) return is_token(inner) and "" or nil end))
end

local function bracketed(s)
  return (s:gsub("%[/?([%u_]+)%]", function(name) return BRACKETED[name] and "" or nil end))
end

-- ---- thoughts --------------------------------------------------------------------------------------------------------

-- Where the next mark of a thought is: its first byte, the place after it, and whether it ends the thought.
local function thought_mark(s, at)
  local from, to = s:find("[<%[]/?[%a_:]+[>%]]", at)
  while from do
    local closes = s:byte(from + 1) == 47
    if THOUGHTS[s:sub(from + (closes and 2 or 1), to - 1):lower()] then
      return from, to + 1, closes
    end
    from, to = s:find("[<%[]/?[%a_:]+[>%]]", to)
  end
end

---The text without the model's thoughts. A thought that nothing closes goes on to the end; one that nothing opens begins the text.
---@param s string
---@return string text
---@return string? unclosed what follows a mark that opens a thought and is not closed
function M.without_thoughts(s)
  if s:find("◁", 1, true) then
    s = s:gsub("◁(/?think)▷", "<%1>")
  end
  local out, at = {}, 1
  local from, to, closes = thought_mark(s, 1)
  while from do
    if closes then
      out = {}
      at = to
    else
      out[#out + 1] = s:sub(at, from - 1)
      local _, after
      _, after, closes = thought_mark(s, to)
      while after and not closes do
        _, after, closes = thought_mark(s, after)
      end
      if not after then
        return text.trim(table.concat(out)), s:sub(to)
      end
      at = after
    end
    from, to, closes = thought_mark(s, at)
  end
  out[#out + 1] = s:sub(at)
  return text.trim(table.concat(out))
end

-- ---- all of it -------------------------------------------------------------------------------------------------------

-- Has a text nothing to undo? In a long one a plain search for each sign is faster than one for all.
local SHORT, SIGNS = 300, { "\\", "&", "<", "[", "◁" }

local function is_clean(s)
  if #s <= SHORT then
    return not s:find("[\\&<%[\226]")
  end
  return text.found_in(s, SIGNS) == nil
end

---The text as its reader should see it.
---@param s string
---@return string
function M.undo(s)
  if is_clean(s) then
    return s
  end
  if s:find("\\", 1, true) then
    s = backslashes(s)
  end
  if s:find("&", 1, true) then
    s = entities(s)
    if s:find("&", 1, true) then
      s = entities(s) -- "&amp;#39;"
    end
  end
  if thought_mark(s, 1) or s:find("◁", 1, true) then
    s = M.without_thoughts(s)
  end
  for _ = 1, 3 do -- what is taken out can have stood inside another
    local before = #s
    if s:find("<", 1, true) then
      s = tokens(s)
    end
    if #s == before then
      break
    end
  end
  if s:find("[", 1, true) then
    s = bracketed(s)
  end
  return s
end

local MAX_VALUE = 16 * text.FIELD -- bytes; a longer value of a field is dropped anyway

---A field's value with its texts as their reader should see them.
---@param value any
---@return any
function M.undo_all(value)
  if type(value) == "string" and #value <= MAX_VALUE then
    return M.undo(value)
  elseif type(value) ~= "table" then
    return value
  end
  local list = {}
  for i, item in pairs(value) do
    list[i] = type(item) == "string" and M.undo_all(item) or item
  end
  return list
end

---A model's answer without the control tokens and thoughts around its JSON.
---@param s string
---@return string
---@return string? unclosed what follows a mark that opens thoughts and is not closed: the JSON may be at its end
function M.around_json(s)
  if s:byte() == 123 or not s:find("[<%[\226]") then -- "{"
    return s
  end
  local plain, unclosed = M.without_thoughts(s)
  return tokens(plain), not plain:find("{", 1, true) and unclosed or nil
end

return M
