-- Turns cards (staff/cards) and messages (staff/tell) into Slack's payloads. Pure.

local plain_text = require "language.text"
local text = require "channels.slack.text"

local M = {}

local SECTION = 3000
local WORDS = 6000 -- longer than a case's notes can be
local MAX_SECTIONS = 40

local function section(body)
  return { type = "section", text = { type = "mrkdwn", text = body, verbatim = true } }
end

-- A card's texts are clean and cut already. Slack's entities make them longer, so each can have as many of Slack's characters as it has
-- of its own, or this many.
local LEAST = 300

local function escape(words)
  return text.escape(words, math.max(LEAST, plain_text.length(words)))
end

local function line_of(line)
  if line.quote then return "> " .. escape(line.quote) end
  if line.words then return escape(line.words) end
  local value = escape(line.value)
  if line.call then value = "<tel:+" .. line.call .. "|" .. value .. ">" end
  return "*" .. escape(line.label) .. ":* " .. value
end

---Packs lines into as few sections as Slack's limits allow.
local function sections(lines)
  local blocks, body, length = {}, {}, 0
  local function flush()
    if #body > 0 and #blocks < MAX_SECTIONS then blocks[#blocks + 1] = section(table.concat(body, "\n")) end
    body, length = {}, 0
  end
  for _, line in ipairs(lines) do
    local more = text.length(line) + 1
    if length + more > SECTION then flush() end
    body[#body + 1] = line
    length = length + more
  end
  flush()
  return blocks
end

---A card with its button.
---@param card staff.Card
---@return table payload
function M.payload(card)
  local lines = { card.title and "*" .. escape(card.title) .. "*" }
  for _, line in ipairs(card.lines) do lines[#lines + 1] = line_of(line) end
  local blocks = sections(lines)
  blocks[#blocks + 1] = { type = "actions", elements = { {
    type = "button", text = { type = "plain_text", text = card.button.words }, action_id = card.button.action, value = card.button.value,
  } } }
  return { text = escape(card.summary), blocks = blocks }
end

---A message of mrkdwn without a button, in blocks in which Slack makes no links.
---@param words string
---@return table payload
function M.mrkdwn(words)
  local lines = {}
  for line in plain_text.lines(words) do lines[#lines + 1] = line end
  return { text = words, blocks = sections(lines) }
end

---A text for staff, without a button.
---@param words string plain (staff/tell)
---@return table payload
function M.words(words)
  return M.mrkdwn(text.lines(words, WORDS))
end

---What to send when Slack refuses the blocks of a payload: first one plain section with the button, then only text, with the request to
---make no links.
---@param full table payload
---@return table plain, table bare
function M.simpler(full)
  local words, action = {}, nil
  for _, block in ipairs(full.blocks or {}) do
    if block.type == "section" and block.text then words[#words + 1] = block.text.text end
    if block.type == "actions" then action = block end
  end
  local body = table.concat(words, "\n"):gsub("<tel:[+%d]*|([+%d -]*)>", "%1"):gsub("[*]", "")
  local shown = text.plain(body)
  local cut = #shown > 2900 and text.plain(text.fit(shown, 2900)) or shown
  local only = { type = "section", text = { type = "plain_text", text = cut ~= "" and cut or full.text } }
  local plain = { text = full.text, blocks = { only, action } }
  local summary = text.plain(full.text)
  return plain, { text = text.fit(summary == shown and shown or summary .. "\n" .. shown, 3000), parse = "none" }
end

return M
