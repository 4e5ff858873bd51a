-- Warns about what is accepted in the owner's files but probably a mistake. It refuses nothing. Each warning is a sentence with file, line
-- and remedy, for `assistant check` and for staff.

local plain = require "language.text"
local prompt_names = require "brain.prompt_names"
local towns = require "language.towns"

local M = {}

local MESSAGE_CHARACTERS = 4096 -- WhatsApp's limit of one message
local MOST_MESSAGES = 3 -- language/fit cuts what is longer

---@class brain.prompt.File
---@field name string "prompts/replies.yaml"
---@field there boolean
---@field empty boolean
---@field value? table the content; nil when it could not be read
---@field marks? table<string, integer>
---@field comments? table<string, {line: integer, text: string}>

local function add(list, file, path, sentence)
  list[#list + 1] = { file = file.name, line = file.marks and file.marks[path] or 1,
    text = path == "" and sentence or ("\"%s\" %s"):format(path, sentence) }
end

-- When a file says nothing, the program's defaults apply. Owners rarely know that these name towns and hours.
local function silent(list, file, defaults)
  if not file.there then
    list[#list + 1] = { file = file.name, text = "is missing, so " .. defaults .. " Put the file back." }
  elseif file.empty then
    add(list, file, "", "is empty, so " .. defaults .. " Write at least one key: value.")
  end
end

-- "- We are the #1 team": YAML ends the text before the #. A comment written on purpose has two spaces before it and one after it.
local function cut_by_comment(list, file)
  for path, comment in pairs(file.comments or {}) do
    if not comment.text:find("^%s%s+#%s") then
      list[#list + 1] = { file = file.name, line = comment.line,
        text = ("\"%s\" ends before the #, because everything after it is a comment: \"%s\". Put the whole text in straight"
          .. " quotes (\")."):format(path,
          comment.text:match("^%s*(.*)$")) }
    end
  end
end

-- What to write in place of a name in braces or brackets that is not filled in.
local function remedy_for(inside, filled)
  local meant = plain.trim(inside:lower())
  if filled[meant] then return ("Did you mean {%s}?"):format(meant) end
  for _, name in ipairs(plain.sorted_names(filled)) do
    if prompt_names.near(meant, name) then return ("Did you mean {%s}?"):format(name) end
  end
  return next(filled) and ("Only {%s} is filled in here."):format(table.concat(plain.sorted_names(filled), "} and {"))
    or "Nothing is filled in here: write the words themselves."
end

local function placeholders(list, file, key, value, filled)
  local function warn(shown, inside)
    add(list, file, key, ("holds %s, and customers would read it unchanged. %s"):format(shown, remedy_for(inside, filled)))
  end
  if not value:find("[{%[]") then return end
  value = value:gsub("{{([%w_ ]+)}}", function(inside)
    if filled[inside] then
      add(list, file, key, ("holds {{%s}}, and customers would read a brace on each side. Write {%s}."):format(inside, inside))
    else
      warn("{{" .. inside .. "}}", inside)
    end
    return " "
  end)
  value = value:gsub("{([%w_ ]+)}", function(inside)
    if not filled[inside] then warn("{" .. inside .. "}", inside) end
    return " "
  end)
  for inside in value:gmatch("{%s*([%w_]+)") do warn("{" .. inside .. " without its closing brace", inside) end
  for inside in value:gmatch("%[([%w_ ]+)%]") do -- words in brackets can be meant so; the names that are filled in cannot
    if filled[plain.trim(inside:lower())] then warn("[" .. inside .. "]", inside) end
  end
end

-- Quotation marks that YAML took for a part of the text: curly ones around it, or a straight one at one end alone. (60" is no such mark.)
local function quotation_marks(list, file, key, value)
  if value:find("^“") and value:find("”$") then
    add(list, file, key, "is in curly quotes, and customers would read them. Write straight quotes (\").")
  elseif select(2, value:gsub('"', "")) == 1 and (value:find('^"') or value:find('[^%d]"$')) then
    add(list, file, key, ("has a quotation mark at its %s alone, and customers would read it. Put the whole text in straight quotes (\").")
      :format(value:find('^"') and "beginning" or "end"))
  end
end

local function length(list, file, key, value)
  local characters = utf8.len(value) or #value
  if characters <= MESSAGE_CHARACTERS then return end
  local messages = math.ceil(characters / MESSAGE_CHARACTERS)
  local what = messages > MOST_MESSAGES and ("only the first %d messages of it are sent"):format(MOST_MESSAGES)
    or ("customers get it in %d messages"):format(messages)
  add(list, file, key, ("has %d characters. WhatsApp takes %d in one message, so %s. Shorten it."):format(characters,
    MESSAGE_CHARACTERS, what))
end

local MOST_NAMES = 8 -- a person does not read longer lists

-- A language whose file is not complete: its customers get the English texts, and what they write is understood in English only.
local function lacking(list, file, language, shape, english)
  local missing = {}
  for _, entry in ipairs(shape) do
    local key = entry[1]
    if key == "words" then
      for _, words in ipairs(entry[2].shape) do
        if not words[4] and not language.words[words[1]] then missing[#missing + 1] = "words." .. words[1] end
      end
    elseif key == "language" and not (file.value or {}).language then
      missing[#missing + 1] = "language, by which it is recognised"
    elseif key ~= "language" and not language.texts[key] and (english.texts[key] or "") ~= "" then
      missing[#missing + 1] = key
    end
  end
  if #missing == 0 then return end
  local shown = table.concat(missing, ", ", 1, math.min(#missing, MOST_NAMES))
  if #missing > MOST_NAMES then shown = ("%s and %d more"):format(shown, #missing - MOST_NAMES) end
  add(list, file, "", ("has no %s, so customers who write %s get English there. Add what is missing, or take %s out of languages in"
    .. " business.yaml."):format(shown, language.name, language.code))
end

-- How many words of one list of `recognised_by` the other has too.
local function shared(one, other)
  local count = 0
  for _, word in ipairs(one.folded) do count = count + (other.known[word] and 1 or 0) end
  return count
end

-- A file that was copied and still has the name or the words of the language that it was copied from. `copy` is the one that comes with
-- no program, or else the later one.
local function copied(list, one, other, shipped)
  if shipped[one.code] and not shipped[other.code] then one, other = other, one end
  local same_name = one.name:lower() == other.name:lower()
  if same_name then
    add(list, one.file, "language.name", ("is %s, as in %s. Write the name of the language of this file.")
      :format(one.name, other.file.name))
  end
  if shared(one, other) * 2 <= #one.folded then return end
  add(list, one.file, "language.recognised_by", ("has mostly the words of %s, so the program cannot tell the two languages apart. Write"
    .. " words that people write in %s and not in %s."):format(other.file.name, same_name and "the language of this file" or one.name,
    other.name))
end

-- What the file itself says of its language.
local function written_in(language, file)
  local written = type((file.value or {}).language) == "table" and file.value.language or {}
  local folded, known = {}, {}
  for i, word in ipairs(type(written.recognised_by) == "table" and written.recognised_by or {}) do
    folded[i] = plain.fold(tostring(word))
    known[folded[i]] = true
  end
  return { code = language.code, file = file, name = tostring(written.name or language.code), folded = folded, known = known }
end

-- An owner's question that only another language has.
local function no_english(list, file, fields, english)
  for _, field in ipairs(fields) do
    local key = "ask_" .. field
    if file.value[key] and not english.texts[key] then
      add(list, file, key, "has no English, so other customers are asked with ask_other. Add it to replies.yaml.")
    end
  end
end

local READ = "system_prompt.yaml, replies.yaml, replies.<code>.yaml, business.yaml, and stories/*.yaml"

-- Files with the look of a prompt file that nothing reads. They would be edited in vain.
local function unread(list, paths, there)
  for _, path in ipairs(paths) do
    local right = prompt_names.prompt_file(path)
    list[#list + 1] = { file = path, text = not right and "is not read. What is read in prompts/: " .. READ
      .. ". Name it so, or move it away."
      or there[right] and ("is not read, because %s is. Put what you need into that file, and delete this one."):format(right)
      or ("is not read, because of its name. Name it %s."):format(right) }
  end
end

-- Files and codes that do not belong together. languages: as brain/prompt found them.
local function unused(list, business, languages)
  for _, path in ipairs(languages.others) do
    list[#list + 1] = { file = path, text = "is not used, because its name holds no code of a language. Name it like replies.es.yaml;"
      .. " English is in replies.yaml." }
  end
  if not languages.listed then return end
  local listed = {}
  for _, code in ipairs(languages.listed) do
    listed[code] = true
    if not languages.there[code] then
      add(list, business, "languages", ("names %s, but prompts/replies.%s.yaml is not there, so nobody gets that language. Write the"
        .. " file, or take %s out."):format(code, code, code))
    end
  end
  for code, path in pairs(languages.there) do
    if not listed[code] and code ~= "en" then
      list[#list + 1] = { file = path, text = ("is not sent to anybody, because languages in business.yaml does not name %s: only its words"
        .. " are understood. Add it there, or delete the file."):format(code) }
    end
  end
end

-- A town with a slip in its name: nobody's address names it.
local function misspelt_towns(list, file, slip)
  for _, key in ipairs { "serves", "not_served" } do
    for i, entry in ipairs(file.value and file.value[key] or {}) do
      local _, place = towns.entry(entry)
      local meant = place and place.own and slip(place.key, towns.names())
      if meant then
        add(list, file, ("%s[%d]"):format(key, i), ("is no town that the program knows (%s), so only an address that names it like this"
          .. " counts. Did you mean \"%s\"?"):format(entry, meant))
      end
    end
  end
end

---@param files {system: brain.prompt.File, replies: brain.prompt.File, business: brain.prompt.File, languages: table,
---  unread: string[], there: table<string, boolean>} unread: paths in prompts/ that nothing reads; there: those that are read
---@param checks table brain.prompt_checks
---@param fields string[] quote_fields_needed
---@param languages table[] English first
---@param codes string[] of those whose texts are sent
---@return string[] warnings "file:line: what. What to do."
function M.find(files, checks, fields, languages, codes)
  local list, lines = {}, {}
  silent(list, files.business, "the program's own towns, hours, links and limits apply.")
  silent(list, files.replies, "the program's own sentences are sent.")
  for _, file in ipairs { files.system, files.replies, files.business } do cut_by_comment(list, file) end
  local shape, used, written = checks.replies_for(fields), {}, {}
  for _, code in ipairs(codes) do used[code] = true end
  for i, language in ipairs(languages) do
    local file = files.languages.files[language.code] or files.replies
    written[i] = written_in(language, file)
    for j = 1, i - 1 do copied(list, written[i], written[j], checks.SHIPPED) end
    if file ~= files.replies then
      cut_by_comment(list, file)
      if used[language.code] then lacking(list, file, language, shape, languages[1]) end
    end
    for key, value in pairs(file.value or {}) do
      if type(value) == "string" then
        placeholders(list, file, key, value, checks.filled(key))
        length(list, file, key, value)
        quotation_marks(list, file, key, value)
      end
    end
    if file.value and file ~= files.replies then no_english(list, file, fields, languages[1]) end
  end
  misspelt_towns(list, files.business, prompt_names.slip)
  unused(list, files.business, files.languages)
  unread(list, files.unread, files.there)
  table.sort(list, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if a.line ~= b.line then return (a.line or 0) < (b.line or 0) end
    return a.text < b.text
  end)
  for i, item in ipairs(list) do lines[i] = ("%s%s: %s"):format(item.file, item.line and ":" .. item.line or "", item.text) end
  return lines
end

return M
