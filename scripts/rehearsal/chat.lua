-- `assistant chat`: runs the lines that a person types, and prints the answers.

local files = require "host.files"
local models = require "rehearsal.models"
local owner = require "owner"
local plain = require "language.text"
local quote = require "flow.quote"
local settings = require "host.settings"

local M = {}

local MOST_BYTES = 16384
local ASSISTANT = "assistant> "
local AGAIN, BYE = "0\n", "1\n"

local HELP = {
  "Type what a customer would write. Each line is answered. For anything but text use the words of the record:",
  "[photo], [photo: the garage], [video], [voice note], [document], [location: 123 Main St], [contact card: Ann]. Commands:",
  "/known    what is known, and what is still missing",
  "/why      what was wrong with the model's last answer, and that answer",
  "/take     staff take the chat over; /take TEXT also writes to the customer",
  "/return   staff give it back",
  "/new      start as another customer",
  "/quit     end the chat (or Ctrl-D, Ctrl-C)",
}

-- ---- how it looks ----------------------------------------------------------------------------------------------------

local function paint(style, code, text)
  return style == "color" and "\27[" .. code .. "m" .. text .. "\27[0m" or text
end

-- Without control characters, so that a text of the model or the customer is never a command to the terminal.
local function harmless(text)
  return (text:gsub("\r\n?", "\n"):gsub("\194[\128-\159]", " "):gsub("[%c\127]", function(c) return c == "\n" and c or " " end))
end

-- A text in a block: its further lines are indented like the first.
local function block(head, text)
  local width = utf8.len(head) or #head
  return head .. harmless(text):gsub("\n", "\n" .. (" "):rep(width))
end

local function note(style, text) return paint(style, "2", block("  · ", text)) end

local function labels(fields)
  local list = {}
  for i, field in ipairs(fields) do list[i] = quote.label(field):lower() end
  return table.concat(list, ", ")
end

local function known_lines(known, missing)
  local lines = {}
  for _, fact in ipairs(quote.facts(known, owner.system.quote_fields_needed)) do
    lines[#lines + 1] = fact.label .. ": " .. fact.value
  end
  if #lines == 0 then lines[1] = "Nothing is known yet." end
  lines[#lines + 1] = #missing > 0 and "Missing: " .. labels(missing) or "Nothing is missing."
  return table.concat(lines, "\n")
end

local BRAINS = { model = "the model", scripted = "the fixed questions" }

-- What the customer does not see, in one line.
local function summary(outcome)
  local parts, known = { outcome.action }, {}
  for _, fact in ipairs(quote.facts(outcome.known, owner.system.quote_fields_needed)) do known[#known + 1] = fact.field end
  parts[#parts + 1] = BRAINS[outcome.brain or ""]
  if #known > 0 then parts[#parts + 1] = "known: " .. labels(known) end
  parts[#parts + 1] = #outcome.missing > 0 and "missing: " .. labels(outcome.missing) or "nothing missing"
  return table.concat(parts, " · ")
end

-- Why the customer got something else than the model's answer.
local function trouble(outcome, asked_model)
  if outcome.rejected then
    local which = outcome.brain == "model" and "The model's first answer was stopped: " or "The model's answers were stopped: "
    return which .. (outcome.why or "")
  end
  if asked_model and outcome.brain == "scripted" then
    return "The model did not answer (" .. (outcome.why or "its circuit is open") .. ")."
  end
end

local function report(stage, outcome, style)
  local lines = {}
  for _, reply in ipairs(outcome.replies) do -- the colour's escape codes have no width
    lines[#lines + 1] = paint(style, "1", ASSISTANT) .. block(ASSISTANT, reply):sub(#ASSISTANT + 1)
  end
  lines[#lines + 1] = note(style, summary(outcome))
  local why = trouble(outcome, stage.asks_model)
  if why then lines[#lines + 1] = paint(style, "33", block("  ! ", why)) end
  for _, post in ipairs(outcome.posts) do lines[#lines + 1] = paint(style, "36", block("  → Slack: ", post)) end
  stage.last = outcome
  return AGAIN .. table.concat(lines, "\n") .. "\n"
end

-- ---- lines -----------------------------------------------------------------------------------------------------------

local COMMANDS = {}

function COMMANDS.help(_, _, style)
  local lines = {}
  for i, line in ipairs(HELP) do lines[i] = note(style, line) end
  return AGAIN .. table.concat(lines, "\n") .. "\n"
end

function COMMANDS.known(stage, _, style)
  return AGAIN .. note(style, known_lines(stage:known(stage.customer))) .. "\n"
end

function COMMANDS.why(stage, _, style)
  local last = stage.last or {}
  local text = last.why or "Nothing was stopped in the last turn."
  if last.rejected then text = text .. "\n" .. last.rejected end
  return AGAIN .. note(style, text) .. "\n"
end

function COMMANDS.take(stage, text, style)
  local done = stage:staff(stage.customer, text ~= "" and text or nil)
  if not done then return AGAIN .. note(style, "There is no chat yet: write as the customer first.") .. "\n" end
  local lines = {}
  if text ~= "" then lines[1] = block("staff> ", text) end
  lines[#lines + 1] = note(style, "Staff have the chat: the assistant is silent until /return.")
  return AGAIN .. table.concat(lines, "\n") .. "\n"
end

COMMANDS["return"] = function(stage, _, style)
  local outcome = stage:give_back(stage.customer)
  if not outcome then return AGAIN .. note(style, "Staff do not have this chat.") .. "\n" end
  return report(stage, outcome, style)
end

function COMMANDS.new(stage, _, style)
  stage.customer, stage.last = stage:newcomer(), nil
  return AGAIN .. note(style, "Another customer begins.") .. "\n"
end

function COMMANDS.quit() return BYE end
COMMANDS.exit = COMMANDS.quit

-- One line of the terminal.
---@async
---@param words string[] the line, and "color" or "plain"
function M.line(stage, words)
  local text, style = plain.trim(words[1] or ""), words[2]
  if not stage.customer then
    local model = models.configured()
    stage.asks_model = model ~= nil
    stage.customer = stage:latest()
    if model then stage:cast(model) end
  end
  if text == "" then return AGAIN end
  if #text > MOST_BYTES then return AGAIN .. note(style, "That line is longer than any message. Nothing was sent.") .. "\n" end
  local name, rest = text:match("^/(%a+)%s*(.*)$")
  if name then
    local command = COMMANDS[name:lower()]
    if command then return command(stage, rest, style) end
    return AGAIN .. note(style, ("There is no /%s. /help lists the commands."):format(name)) .. "\n"
  end
  return report(stage, stage:speak(stage.customer, { text }), style)
end

-- The text above the first line.
---@param words string[] "color" or "plain"
function M.hello(words)
  local model = settings.get("DEEPSEEK_API_KEY") and "The model " .. settings.get("DEEPSEEK_MODEL") .. " answers"
    or "The fixed questions answer (DEEPSEEK_API_KEY is not set)"
  local text = "You are a customer. %s, with the scripts and prompts as they are now (%s).\n"
    .. "Nothing is sent to anybody and nothing is kept. /help lists the commands."
  return AGAIN .. note(words[1], text:format(model, files.hash():sub(1, 12))) .. "\n"
end

return M
