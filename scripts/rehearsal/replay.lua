-- `assistant replay`: plays a recorded conversation with today's scripts and prompts, and shows what came out differently.

local json = require "host.json"
local models = require "rehearsal.models"
local owner = require "owner"
local plain = require "language.text"
local quote = require "flow.quote"
local story_files = require "rehearsal.story"

local M = {}

local SAME, CHANGED, UNREADABLE, BROKEN = 0, 1, 2, 5

-- ---- then and now ----------------------------------------------------------------------------------------------------

-- Without what differs in every run: the mark in a booking link, and the visit that the link moves.
local function without_mark(text)
  text = text:gsub("&rescheduleUid=[%w%%._~-]+", "")
  return (text:gsub("(metadata%%5B%w+%%5D=)[%w%%._~-]+", "%1mark"):gsub("(metadata%[%w+%]=)[%w%%._~-]+", "%1mark"))
end

local function comparable(replies)
  local text = without_mark(table.concat(replies, "\n\n"))
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local function spoken(replies) return #replies > 0 and table.concat(replies, "\n") or "(nothing)" end

local function spelled(known)
  local parts = {}
  for _, fact in ipairs(quote.facts(known, owner.system.quote_fields_needed)) do parts[#parts + 1] = fact.field .. ": " .. fact.value end
  return #parts > 0 and table.concat(parts, "; ") or "(nothing)"
end

local function same_known(a, b)
  for name, value in pairs(a) do if quote.known(value) and b[name] ~= value then return false end end
  for name in pairs(b) do if not quote.known(a[name]) then return false end end
  return true
end

-- The differences of one turn: {name, then, now}.
local function differences(turn, outcome)
  local list = {}
  local function add(name, before, now) list[#list + 1] = { name, before, now } end
  if turn.reply and comparable(turn.reply) ~= comparable(outcome.replies) then add("reply", spoken(turn.reply), spoken(outcome.replies)) end
  if turn.known and not same_known(turn.known, outcome.known) then add("known", spelled(turn.known), spelled(outcome.known)) end
  if turn.action and turn.action ~= outcome.action then add("action", turn.action, outcome.action) end
  if turn.brain and turn.brain ~= (outcome.brain or "none") then add("brain", turn.brain, outcome.brain or "none") end
  local card = outcome.card or "none"
  if turn.card and turn.card ~= card then add("card", turn.card, card) end
  return list
end

-- ---- one conversation ------------------------------------------------------------------------------------------------

-- Plays the story and stores each turn's outcome in it.
---@async
local function play(stage, story, real)
  local customer, last = stage:newcomer(story.name), nil
  for _, turn in ipairs(story.turns) do
    if turn.staff then
      stage:staff(customer, turn.staff)
    else
      stage:cast(not turn.model and real or models.recorded(turn.model or {}))
      if turn.left then
        stage:write(customer, turn.customer)
      else
        turn.outcome = turn.returned and stage:give_back(customer) or turn.customer and stage:speak(customer, turn.customer)
        last = turn.outcome or last
      end
    end
  end
  return last
end

local function first_words(turn)
  local words = turn.customer and table.concat(turn.customer, " ") or "staff gave the chat back"
  return plain.shown(words:gsub("%s+", " "), 60)
end

local function harmless(text) return (text:gsub("\194[\128-\159]", " "):gsub("[%c\127]", function(c) return c == "\n" and c or " " end)) end

local function add_difference(lines, difference)
  local function block(head, text) lines[#lines + 1] = head .. harmless(text):gsub("\n", "\n" .. (" "):rep(#head)) end
  block(("    %-6s then: "):format(difference[1]), difference[2])
  block("            now: ", difference[3])
end

-- The lines about what changed; empty when nothing changed.
local function report(story, last)
  local lines, compared = {}, 0
  for i, turn in ipairs(story.turns) do
    local outcome = turn.outcome
    if outcome then
      local list = differences(turn, outcome)
      if turn.reply or turn.known or turn.action or turn.brain or turn.card then compared = compared + 1 end
      if #list > 0 then
        lines[#lines + 1] = ("  turn %d, \"%s\""):format(i, harmless(first_words(turn)))
        for _, difference in ipairs(list) do add_difference(lines, difference) end
        if outcome.why and outcome.why ~= "no answer is recorded" then lines[#lines + 1] = "    why:    " .. harmless(outcome.why) end
      end
    end
  end
  if story.known and last and not same_known(story.known, last.known) then
    lines[#lines + 1] = "  at the end"
    add_difference(lines, { "known", spelled(story.known), spelled(last.known) })
  end
  return lines, compared
end

-- ---- the story with today's answers ----------------------------------------------------------------------------------

-- Names in a fixed order: those of the model's contract first, the others by name.
local FIRST = { reply_to_user = "1", extracted_data = "2", action = "3" }

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names, function(a, b) return (FIRST[a] or "4" .. a) < (FIRST[b] or "4" .. b) end)
  return names
end

local function emit(lines, head, value, indent)
  local pad = (" "):rep(indent)
  if type(value) ~= "table" or next(value) == nil then
    lines[#lines + 1] = head .. " " .. (type(value) == "table" and (json.is_array(value) and "[]" or "{}") or json.encode(value))
  elseif #value > 0 then
    lines[#lines + 1] = head
    for _, item in ipairs(value) do
      emit(lines, pad .. "-", type(item) == "table" and json.encode(item) or item, indent + 2) -- an answer can also be JSON as text
    end
  else
    lines[#lines + 1] = head
    for _, name in ipairs(sorted(value)) do emit(lines, pad .. name .. ":", value[name], indent + 2) end
  end
end

-- One text as it is, several as a list.
local function one_or_list(list) return #list == 1 and list[1] or list end

local function as_story(story)
  local lines = { "story: " .. json.encode(story.title) }
  if story.name then lines[#lines + 1] = "name: " .. json.encode(story.name) end
  lines[#lines + 1] = "turns:"
  for _, turn in ipairs(story.turns) do
    local outcome, head = turn.outcome, "  - "
    local function put(name, value)
      emit(lines, head .. name .. ":", value, 6)
      head = "    "
    end
    if turn.staff then put("staff", turn.staff) end
    if turn.returned then put("returned", true) end
    if turn.customer then put("customer", one_or_list(turn.customer)) end
    if turn.model then put("model", one_or_list(turn.model)) end
    if outcome then
      local replies = {}
      for i, reply in ipairs(outcome.replies) do replies[i] = without_mark(reply) end
      put("reply", #replies == 0 and json.null or one_or_list(replies))
      put("known", outcome.known)
      put("action", outcome.action)
      if outcome.brain then put("brain", outcome.brain) end
      put("card", outcome.card or "none")
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- ---- one file --------------------------------------------------------------------------------------------------------

local function answer(code, text) return ("%d\n%s"):format(code, text) end

-- Plays one story: its code, and the text to print.
local function one(stage, story, file, options)
  local fine, last = pcall(play, stage, story, options.real)
  if not fine then return BROKEN, ("%s: %s\n  the scripts failed: %s\n"):format(file, harmless(story.title), harmless(tostring(last))) end
  if options.record then return SAME, as_story(story) end
  local lines, compared = report(story, last)
  local head = story.title == file and file or file .. ": " .. harmless(story.title)
  stage.tally.all = stage.tally.all + 1
  if #lines > 0 then
    stage.tally.changed = stage.tally.changed + 1
    return CHANGED, head .. ": changed\n" .. table.concat(lines, "\n") .. "\n"
  end
  if compared == 0 and not story.known then
    return SAME, head .. ": it holds no recorded reply to compare with; --record prints today's replies\n"
  end
  return SAME, head .. ": unchanged\n"
end

-- Replays one file of recorded conversations.
---@async
---@param words string[] the flags ("model", "record", a space between them), the file's name, its text
function M.file(stage, words)
  local flags, file, text = words[1] or "", words[2] or "", words[3] or ""
  local options = { record = flags:find("record", 1, true) ~= nil }
  if flags:find("model", 1, true) then
    options.real = models.configured()
    if not options.real then return answer(UNREADABLE, "--model asks the configured model: set DEEPSEEK_API_KEY, or leave it out.\n") end
  end
  local stories, problems = story_files.read(file, text)
  if not stories then return answer(UNREADABLE, problems .. "\n") end
  stage.tally = stage.tally or { all = 0, changed = 0 }
  local worst, out = SAME, {}
  for i, story in ipairs(stories) do
    local code, said = one(stage, story, file, options)
    worst = math.max(worst, code)
    out[i] = said
  end
  if options.record and #out > 1 then
    for i, said in ipairs(out) do out[i] = "- " .. said:gsub("\n(.)", "\n  %1") end
  end
  return answer(worst, table.concat(out))
end

-- Plays a file's stories for `assistant check`. An error is thrown on as it is, because the host reports it with its place. Replies
-- that differ from the recorded ones are no error.
---@async
---@param words string[] the file's name, its text
---@return string problems of the file itself, one line each
function M.check(stage, words)
  local stories, problems = story_files.read(words[1], words[2])
  for _, story in ipairs(stories or {}) do
    stage.doing = ("the story \"%s\" was played"):format(story.title)
    play(stage, story)
  end
  return problems and problems .. "\n" or ""
end

-- The last line of the output.
function M.summary(stage)
  local tally = stage.tally
  if not tally or tally.all < 2 then return answer(SAME, "") end
  return answer(SAME, ("%d of %d conversations would change.\n"):format(tally.changed, tally.all))
end

return M
