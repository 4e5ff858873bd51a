-- Reads a recorded conversation into one form: a story in YAML or JSON (stories/README.md), or what `assistant export` prints.
-- Mistakes are reported with file, line and remedy.

local json = require "host.json"
local plain = require "language.text"
local yaml = require "host.yaml"

local M = {}

---@class rehearsal.Turn
---@field customer? string[]  what the customer wrote at once …
---@field staff? string       … or what staff wrote, which takes the chat over …
---@field returned? boolean   … or true when staff gave the chat back
---@field left? boolean       staff answered these messages, or nobody did: no turn is played
---@field model? any[]        the model's answers, in order: tables, or the text as it came
---@field reply? string[]     then: what the customer got
---@field known? table        then: what was known afterwards
---@field action? string
---@field brain? string
---@field card? string        the reason of the card; "none"
---@class rehearsal.Story
---@field title string
---@field name? string        the customer's name
---@field turns rehearsal.Turn[]
---@field known? table        then: what was known at the end

local set = plain.set
local KEYS = set "customer staff returned model reply known action brain card"
local ACTIONS = set "continue handoff schedule stop start opted_out paused none taken late"
local BRAINS = set "model scripted words"
local CARDS = set "none complete asked model question failed"

local function is_list(value) return type(value) == "table" and json.is_array(value) and (#value > 0 or next(value) == nil) end

-- A reader that collects problems. at(path) gives the line of a place in the file.
local Reader = {}
Reader.__index = Reader

function Reader:problem(path, words)
  local line = self.marks and self.marks[path]
  local where = self.file .. (line and ":" .. line or "")
  self.problems[#self.problems + 1] = ("%s: %s %s"):format(where, path == "" and "the file" or path, words)
end

local function names_of(all) return table.concat(plain.sorted_names(all), ", ") end

function Reader:text(value, path)
  if type(value) == "string" and value:find("%S") then return value end
  if math.type(value) then return tostring(value) end
  self:problem(path, "must be text. Put it in quotes.")
end

-- A text or a list of texts.
function Reader:texts(value, path)
  if not is_list(value) then return { self:text(value, path) } end
  local list = {}
  for i, item in ipairs(value) do list[#list + 1] = self:text(item, ("%s[%d]"):format(path, i)) end
  return list
end

function Reader:known(value, path)
  if type(value) ~= "table" or is_list(value) and #value > 0 then
    return self:problem(path, "must be names with values, like address: \"12 Main St\".")
  end
  local known = {}
  for name, item in pairs(value) do
    if item ~= json.null then known[name] = type(item) == "string" and item or json.encode(item) end
  end
  return known
end

function Reader:one_of(value, path, all)
  if type(value) == "string" and all[value] then return value end
  self:problem(path, "must be one of " .. names_of(all) .. ".")
end

function Reader:turn(value, path)
  if type(value) ~= "table" or is_list(value) then
    return self:problem(path, "must be a turn: customer: \"what they wrote\", and what came of it.")
  end
  for key in pairs(value) do
    if not KEYS[key] then self:problem(path .. "." .. tostring(key), "is not known here. Known are " .. names_of(KEYS) .. ".") end
  end
  local turn, at = {}, function(key) return path .. "." .. key end
  if value.customer ~= nil then turn.customer = self:texts(value.customer, at "customer") end
  if value.staff ~= nil then turn.staff = self:text(value.staff, at "staff") end
  turn.returned = value.returned == true or nil
  if (turn.customer and 1 or 0) + (turn.staff and 1 or 0) + (turn.returned and 1 or 0) ~= 1 then
    self:problem(path, "must have one of customer, staff and returned: true.")
  end
  if value.model ~= nil and value.model ~= json.null then turn.model = is_list(value.model) and value.model or { value.model } end
  if value.reply ~= nil then turn.reply = value.reply == json.null and {} or self:texts(value.reply, at "reply") end
  if value.known ~= nil then turn.known = self:known(value.known, at "known") end
  if value.action ~= nil then turn.action = self:one_of(value.action, at "action", ACTIONS) end
  if value.brain ~= nil then turn.brain = self:one_of(value.brain, at "brain", BRAINS) end
  if value.card ~= nil then turn.card = self:one_of(value.card == json.null and "none" or value.card, at "card", CARDS) end
  return turn
end

function Reader:story(value, path)
  local story = { title = value.story == nil and self.file or self:text(value.story, path .. "story"), turns = {} }
  for key in pairs(value) do
    if key ~= "story" and key ~= "name" and key ~= "turns" then
      self:problem(path .. tostring(key), "is not known here. A story has story, name and turns.")
    end
  end
  if value.name ~= nil then story.name = self:text(value.name, path .. "name") end
  if not is_list(value.turns) or #value.turns == 0 then
    self:problem(path .. "turns", "must be a list of turns, each beginning with \"- customer: …\".")
    return story
  end
  for i, turn in ipairs(value.turns) do
    story.turns[#story.turns + 1] = self:turn(turn, ("%sturns[%d]"):format(path, i))
  end
  return story
end

-- ---- what `assistant export` prints ----------------------------------------------------------------------------------

local UNSAID = { dropped = true, draft = true, failed = true }

-- What was said, by whom (customer, assistant), and whether staff wrote it; nil when nobody got it. The names are those of the
-- export, or of the table messages.
local function said(message)
  if type(message) ~= "table" or UNSAID[message.state] or message.kind == "deleted" then return nil end
  if message.kind == "canned" then return nil end -- no turn writes these: news about a visit and the like
  local content = message.text or message.content
  if type(content) ~= "string" or not content:find("%S") then return nil end
  local from = message.from or message.role
  local staff = type(message.staff) == "string" or type(message.author) == "string" or from == "staff"
  return content, from == "user" and "customer" or from, staff
end

-- The model's part of a stored reply: without the script's own sentence with the link.
local function proposal(content, action)
  if action == "schedule" or content:find("https?://") then
    local whole = plain.trim(content)
    local last = whole:match("^.*\n(.*)$") or whole
    local link = last:find("https?://%S")
    if link and not last:find("%s", link) then content = plain.trim(whole:sub(1, #whole - #last)) end
    action = "schedule"
  end
  return { reply_to_user = content, extracted_data = {}, action = action or "continue" }
end

-- The messages as turns: consecutive messages of the customer are one burst, ours after them are its reply. The model's text is its
-- recorded answer. What it understood at each step is not stored, so what was known at the end belongs to its last answer.
local function turns_of(messages)
  local turns, current, last_model, paused = {}, nil, nil, false
  for _, message in ipairs(messages) do
    local content, from, staff = said(message)
    if content then
      if from == "customer" then
        if not current or current.reply then
          current = { customer = {}, left = true }
          turns[#turns + 1] = current
        end
        current.customer[#current.customer + 1] = content
      elseif staff then
        turns[#turns + 1], current, paused = { staff = content }, nil, true
      elseif from == "assistant" and current then
        if paused and message.kind ~= "paused" then
          table.insert(turns, #turns, { returned = true })
          paused = false
        end
        current.reply, current.left = current.reply or {}, nil
        current.reply[#current.reply + 1] = content
        if message.kind == "model" then
          current.model = current.model or { proposal(content) }
          last_model = current
        end
      end
    end
  end
  return turns, last_model
end

function Reader:export(value)
  local known = type(value.quote_data) == "table" and value.quote_data or nil
  if known and type(known.fields) == "table" then known = known.fields end
  local turns, last_model = turns_of(value.messages)
  if #turns == 0 then self:problem("messages", "hold no message of a customer, so nothing can be replayed.") end
  known = known and self:known(known, "quote_data") or nil
  if last_model and known then last_model.model[1].extracted_data = known end
  local name = type(value.name) == "string" and value.name:find("%S") and value.name or nil
  return { title = self.file, name = name, turns = turns, known = known }
end

-- A story in either form, or a problem in these words.
function Reader:one(value, path, words)
  if type(value) == "table" and is_list(value.messages) then return self:export(value) end
  if type(value) == "table" and not is_list(value) then return self:story(value, path == "" and "" or path .. ".") end
  self:problem(path, words)
end

-- ---- files -----------------------------------------------------------------------------------------------------------

local function decode(file, text)
  if text:match("^\239?\187?\191?%s*[%[{]") then
    local value, why = json.decode(text)
    if value == nil then return nil, file .. ": " .. tostring(why) end
    return value, nil
  end
  local value, marks = yaml.decode(text, file)
  if value == nil then return nil, tostring(marks) end
  return value, nil, marks
end

---@param file string its name, for messages
---@param text string
---@return rehearsal.Story[]? stories
---@return string? problems lines for people
function M.read(file, text)
  local value, why, marks = decode(file, text)
  if why then return nil, why end
  local reader = setmetatable({ file = file, marks = marks, problems = {} }, Reader)
  local stories = {}
  if is_list(value) then
    for i, one in ipairs(value) do stories[i] = reader:one(one, ("[%d]"):format(i), "must be a story: story, name and turns.") end
    if #value == 0 then reader:problem("", "holds no story.") end
  else
    stories[1] = reader:one(value, "",
      "must be a story (story, name and turns), a list of them, or what `assistant export` prints.")
  end
  if #reader.problems > 0 then return nil, table.concat(reader.problems, "\n") end
  return stories
end

return M
