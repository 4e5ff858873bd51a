-- Finds the name that an owner meant. Pure.

local languages = require "language.languages"
local words = require "host.words"

local M = {}

local MOST_NAMES = 12 -- a person does not read longer lists

-- The name among these that is nearly this one: a slip of one letter, or of two in a long one. nil: there is none, or it is there.
---@param name string
---@param known string[]
---@return string?
function M.slip(name, known)
  local best, far
  for _, other in ipairs(known) do
    local d = words.distance(name:lower(), other:lower())
    if not far or d < far then best, far = other, d end
  end
  return far and far > 0 and far <= math.max(1, #name // 4) and best or nil
end

---Is one nearly the other: at most two slips apart?
---@param name string
---@param other string
function M.near(name, other)
  local d = words.distance(name:lower(), other:lower())
  return d > 0 and d <= math.min(2, #other // 2)
end

local FILES = { "system_prompt", "replies", "business" }

---The path that a file in prompts/ should have to be read, or nil: its name is like none.
---@param path string "prompts/replies.de.yml"
---@return string?
function M.prompt_file(path)
  local story = path:match("^prompts/stories/(.+)%.%w+$")
  if story then return "prompts/stories/" .. story .. ".yaml" end
  local name = (path:match("^prompts/([^/]+)%.%w+$") or ""):lower()
  local stem, code = name:match("^(.-)[._-](%a%a%a?)$")
  if stem and languages.CODES[code] and (stem == "replies" or M.near(stem, "replies")) then
    return code == "en" and "prompts/replies.yaml" or ("prompts/replies.%s.yaml"):format(code)
  end
  for _, file in ipairs(FILES) do
    if name:gsub("[ .-]", "_") == file or M.near(name, file) then return ("prompts/%s.yaml"):format(file) end
  end
end

-- "greeting_fr": until now the French texts were in the same file.
local function moved_text(name, known)
  local key, code = name:match("^(.+)_(%l%l)$")
  local is_text, of_replies = key and key:find("^ask_%w") ~= nil, false
  for _, other in ipairs(known) do is_text, of_replies = is_text or other == key, of_replies or other == "opted_out" end
  if not of_replies then return nil end
  if is_text and languages.CODES[code] then
    return ("Each language has a file of its own: move this text to prompts/replies.%s.yaml, as \"%s\"."):format(code, key)
  end
end

---What an owner can do about a name that is not known.
---@param name string
---@param known string[]
---@return string
function M.suggestion(name, known)
  local moved = moved_text(name, known)
  if moved then return moved end
  local best, far
  for _, other in ipairs(known) do
    local d = words.distance(name:lower(), other)
    if not far or d < far then best, far = other, d end
  end
  if best and far <= math.max(2, #name // 3) then return ("Did you mean \"%s\"?"):format(best) end
  if #known <= MOST_NAMES then return "Known here: " .. table.concat(known, ", ") .. "." end
  local field = name:match("^ask_(.+)$")
  if field then return ("Add \"%s\" to quote_fields_needed in system_prompt.yaml, or delete this line."):format(field) end
  return "Delete this line. docs/OWNERS.md lists the names that are allowed here."
end

return M
