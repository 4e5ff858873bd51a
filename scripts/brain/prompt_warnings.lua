-- Warns about what is accepted in the owner's files but probably a mistake. It refuses nothing. Each warning is a sentence with file, line
-- and remedy, for `assistant check` and for staff.

local replies = require "flow.replies"
local plain = require "language.text"

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

-- When a file says nothing, the program's defaults apply. The owner may not know that these name towns and hours.
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
  return next(filled) and ("Only {%s} is filled in here."):format(table.concat(plain.sorted_names(filled), "} and {"))
    or "Nothing is filled in here: write the words themselves."
end

local function placeholders(list, file, key, value, filled)
  local function warn(shown, inside)
    add(list, file, key, ("holds %s, and customers would read it unchanged. %s"):format(shown, remedy_for(inside, filled)))
  end
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

local function length(list, file, key, value)
  local characters = utf8.len(value) or #value
  if characters <= MESSAGE_CHARACTERS then return end
  local messages = math.ceil(characters / MESSAGE_CHARACTERS)
  local what = messages > MOST_MESSAGES and ("only the first %d messages of it are sent"):format(MOST_MESSAGES)
    or ("customers get it in %d messages"):format(messages)
  add(list, file, key, ("has %d characters. WhatsApp takes %d in one message, so %s. Shorten it."):format(characters,
    MESSAGE_CHARACTERS, what))
end

-- An owner's question in one language only: other customers get the wrong language, or only the field's name.
local function one_language(list, file, fields, languages)
  local speaks = {}
  for _, code in ipairs(languages) do speaks[code] = true end
  if not (speaks.fr and speaks.en) then return end
  for _, field in ipairs(fields) do
    local english, french = "ask_" .. field, "ask_" .. field .. "_fr"
    if file.value[english] and not replies.get(file.value, french) then
      add(list, file, english, ("has no French, so customers who write French are asked in English. Add %s, or take fr out of"
        .. " languages in business.yaml."):format(french))
    elseif file.value[french] and not replies.get(file.value, english) then
      add(list, file, french, ("has no English, so other customers are asked with ask_other. Add %s."):format(english))
    end
  end
end

---@param files {system: brain.prompt.File, replies: brain.prompt.File, business: brain.prompt.File}
---@param filled fun(key: string): table<string, boolean> which {names} are filled in under a key
---@param fields string[] quote_fields_needed
---@param languages string[]
---@return string[] warnings "file:line: what. What to do."
function M.find(files, filled, fields, languages)
  local list, lines = {}, {}
  silent(list, files.business, "the program's own towns, hours, links and limits apply.")
  silent(list, files.replies, "the program's own sentences are sent.")
  for _, file in pairs(files) do cut_by_comment(list, file) end
  if files.replies.value then
    for key, value in pairs(files.replies.value) do
      if type(value) == "string" then
        placeholders(list, files.replies, key, value, filled(key))
        length(list, files.replies, key, value)
      end
    end
    one_language(list, files.replies, fields, languages)
  end
  table.sort(list, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if a.line ~= b.line then return (a.line or 0) < (b.line or 0) end
    return a.text < b.text
  end)
  for i, item in ipairs(list) do lines[i] = ("%s%s: %s"):format(item.file, item.line and ":" .. item.line or "", item.text) end
  return lines
end

return M
