-- Turns cards (staff/cards) and messages (staff/tell) into Slack's payloads. Pure.

local json = require "host.json"
local plain_text = require "language.text"
local text = require "channels.slack.text"

local M = {}

local SECTION = 3000
local WORDS = 6000 -- longer than a case's notes can be
local MAX_SECTIONS = 40
local MOST_JSON = 12800 -- Slack takes no blocks of more than about 13,200 characters of JSON
local SECTION_JSON = 80 -- of a section without its words

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
---@param room integer characters of JSON
local function sections(lines, room)
  local blocks, body, length, all = {}, {}, 0, SECTION_JSON
  local function flush()
    if #body > 0 and #blocks < MAX_SECTIONS then blocks[#blocks + 1] = section(table.concat(body, "\n")) end
    body, length = {}, 0
  end
  for _, line in ipairs(lines) do
    local more = text.length(line) + 1
    all = all + more + 1 + select(2, line:gsub('["\\]', ""))
    if length + more > SECTION then
      flush()
      all = all + SECTION_JSON
    end
    if all > room then break end
    body[#body + 1] = line
    length = length + more
  end
  flush()
  return blocks
end

local function words_of(words) return { type = "plain_text", text = words } end

local ELEMENT = {}

function ELEMENT.button(button)
  local confirm = button.confirm
  return { type = "button", text = words_of(button.words), action_id = button.action, value = button.value, style = button.style,
    confirm = confirm and { title = words_of(confirm.title), text = words_of(confirm.words), confirm = words_of(confirm.yes),
      deny = words_of(confirm.no) } or nil }
end

function ELEMENT.menu(menu)
  local options = {}
  for i, option in ipairs(menu.options) do options[i] = { text = words_of(option), value = option } end
  return { type = "static_select", action_id = menu.menu, placeholder = words_of(menu.words), options = options }
end

-- A text box is optional, because the message has several, and only the box of the pressed button counts.
local function box_of(box)
  return { type = "input", block_id = box.id, optional = true, label = words_of(box.label), hint = box.hint and words_of(box.hint) or nil,
    element = { type = "plain_text_input", action_id = box.box, multiline = box.lines, max_length = box.most,
      initial_value = box.value and text.first(plain_text.valid(box.value), box.most) } }
end

---@param controls (staff.Box|staff.Row)[]
---@return table[] blocks
function M.controls(controls)
  local blocks = {}
  for i, control in ipairs(controls) do
    if control.box then
      blocks[i] = box_of(control)
    else
      local elements = {}
      for k, one in ipairs(control.row) do elements[k] = one.menu and ELEMENT.menu(one) or ELEMENT.button(one) end
      blocks[i] = { type = "actions", elements = elements }
    end
  end
  return blocks
end

---A card with its controls.
---@param card staff.Card
---@return table payload
function M.payload(card)
  local lines = { card.title and "*" .. escape(card.title) .. "*" }
  for _, line in ipairs(card.lines) do lines[#lines + 1] = line_of(line) end
  local controls = M.controls(card.controls)
  local blocks = sections(lines, MOST_JSON - text.length(json.encode(controls)))
  table.move(controls, 1, #controls, #blocks + 1, blocks)
  return { text = escape(card.summary), blocks = blocks }
end

---A message of mrkdwn without a button, in blocks in which Slack makes no links.
---@param words string
---@return table payload
function M.mrkdwn(words)
  local lines = {}
  for line in plain_text.lines(words) do lines[#lines + 1] = line end
  return { text = words, blocks = sections(lines, MOST_JSON) }
end

---A text for staff.
---@param words string plain (staff/tell)
---@param reply? string the id of the chat to which a button lets them write
---@return table payload
function M.words(words, reply)
  local payload = M.mrkdwn(text.lines(words, WORDS))
  if reply then
    table.insert(payload.blocks, M.controls { { row = { { words = "Reply", action = "reply_here", value = reply } } } }[1])
  end
  return payload
end

---Words that stand in place of the message whose button was pressed, with its boxes and buttons.
---@param words string plain (staff/tell)
---@return table payload
function M.instead(words)
  local payload = M.words(words)
  payload.replace_original = true
  return payload
end

---Words for one member of staff alone, as an answer to their click.
---@param words string plain
---@param controls? (staff.Box|staff.Row)[]
---@return table payload
function M.whisper(words, controls)
  local payload = { response_type = "ephemeral", replace_original = false, text = text.fit(words) }
  if controls then payload.blocks = { section(text.lines(words, SECTION)), table.unpack(M.controls(controls)) } end
  return payload
end

local NO_BOX = "Slack takes no text box in this message. To write to the customer: `/assistant send NUMBER words`."

---The payload without text boxes and what belongs to them; nil: it has none.
---@param full table payload
---@return table?
function M.without_boxes(full)
  local blocks, had = {}, false
  for _, block in ipairs(full.blocks or {}) do
    if block.type == "input" then had = true else blocks[#blocks + 1] = block end
  end
  if not had then return nil end
  blocks[#blocks + 1] = section(NO_BOX)
  local simpler = {}
  for name, value in pairs(full) do simpler[name] = value end
  simpler.blocks = blocks
  return simpler
end

---What to send when Slack refuses the blocks of a payload: first one plain section with its last buttons, then only text, with the
---request to make no links.
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
