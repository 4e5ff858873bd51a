-- The messages of the stand-in for Slack, as rows, and as Slack shows them to an app.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local elements = require "stand_ins.slack.elements"
local emoji = require "stand_ins.slack.emoji"
local files = require "stand_ins.slack.file_rows"
local workspace = require "stand_ins.slack.workspace"

local M = {}

---An id as Slack makes them: "aB3dE"
function M.some_id() return (crypto.base64(crypto.random(6)):gsub("[+/=]", "0"):sub(1, 5)) end

---A time as Slack writes it. Each is another one, so it names a message.
function M.new_ts() return ("%d.%06d"):format(time.now_ms() // 1000, common.next("slack") % 1000000) end

local function named(blocks)
  if type(blocks) ~= "table" or #blocks == 0 then return nil end
  return json.encode(elements.name(blocks, M.some_id))
end

---@return table? row
function M.get(ts, channel)
  local row = db.one("SELECT * FROM sandbox_slack WHERE ts = ? AND deleted = 0", tostring(ts))
  return row and (channel == nil or row.channel == channel) and row or nil
end

---Where a message with this thread_ts goes: into the thread; nil: into the channel, also when the thread is gone, without a word, as
---Slack does.
---@return string? thread_ts
---@return string? error
function M.thread(thread_ts, channel)
  if thread_ts == nil or thread_ts == "" then return nil end
  local parent = M.get(thread_ts, channel)
  if not parent or parent.ephemeral == 1 then return nil end
  if parent.thread_ts then return nil, "cannot_reply_to_message" end
  return parent.ts
end

---@class stand_ins.SlackPost
---@field channel string
---@field via "webhook"|"api"|"response"|"staff"|"bot"
---@field text? string
---@field blocks? table
---@field thread_ts? string of a thread that exists
---@field broadcast? boolean
---@field user? string who wrote it; of an ephemeral one who sees it
---@field ephemeral? boolean
---@field files? string[] ids

---Adds a message. Its ts is its name from then on.
---@param message stand_ins.SlackPost
---@return table row
function M.add(message)
  local ts = M.new_ts()
  db.run([[INSERT INTO sandbox_slack(ts, thread_ts, via, "user", ephemeral, text, blocks, at, channel, broadcast, files)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]],
    ts, message.thread_ts, message.via, message.user, message.ephemeral == true, message.text or "", named(message.blocks), time.now_ms(),
    message.channel, message.broadcast == true, message.files and json.encode(message.files) or nil)
  return M.get(ts)
end

-- What somebody typed stays only in boxes that keep their ids.
local function forget_boxes(row)
  local blocks = row.blocks and json.decode(row.blocks) or {}
  for _, box in ipairs(db.all("SELECT DISTINCT block_id, action_id FROM sandbox_slack_boxes WHERE place = ?", row.ts)) do
    if not elements.find(blocks, box.action_id, box.block_id) then
      db.run("DELETE FROM sandbox_slack_boxes WHERE place = ? AND block_id = ? AND action_id = ?", row.ts, box.block_id, box.action_id)
    end
  end
end

---Changes a message. Blocks without an id get a new one. Without `blocks` the old ones stay; an empty list removes them.
---@return table row
function M.update(ts, message)
  local row = M.get(ts)
  local blocks = row.blocks
  if message.blocks ~= nil then blocks = named(message.blocks) end
  db.run("UPDATE sandbox_slack SET text = ?, blocks = ?, updates = updates + 1, edited_at = ? WHERE ts = ?", message.text or row.text,
    blocks, time.now_ms(), ts)
  row = M.get(ts)
  forget_boxes(row)
  return row
end

---Removes a message. One with answers leaves a stone, and its thread goes on.
---@return boolean stone
function M.remove(row)
  if db.one("SELECT 1 AS yes FROM sandbox_slack WHERE thread_ts = ? AND deleted = 0", row.ts) then
    db.run("UPDATE sandbox_slack SET text = 'This message was deleted.', blocks = NULL, files = NULL, stone = 1 WHERE ts = ?", row.ts)
    return true
  end
  db.run("UPDATE sandbox_slack SET deleted = 1 WHERE ts = ?", row.ts)
  return false
end

---The messages of a channel or thread, oldest first; ephemeral ones are not among them.
function M.list(channel, thread_ts)
  if thread_ts then
    return db.all([[SELECT * FROM sandbox_slack WHERE channel = ? AND (ts = ? OR thread_ts = ?) AND deleted = 0 AND ephemeral = 0
      ORDER BY seq]], channel, thread_ts, thread_ts)
  end
  return db.all([[SELECT * FROM sandbox_slack WHERE channel = ? AND (thread_ts IS NULL OR broadcast = 1) AND deleted = 0 AND ephemeral = 0
    ORDER BY seq]], channel)
end

-- ---- reactions ----------------------------------------------------------------------------------------------------------------------

local function reactions(row) return row.reactions and json.decode(row.reactions) or {} end

---Puts a reaction on a message, or takes it off.
---@return string? error
function M.react(row, name, user, off)
  if not emoji.sign(name) then return "invalid_name" end
  local all, at = reactions(row), nil
  local users = all[name] or {}
  for index, one in ipairs(users) do
    if one == user then at = index end
  end
  if off and not at then return "no_reaction" end
  if not off and at then return "already_reacted" end
  if off then table.remove(users, at) else users[#users + 1] = user end
  all[name] = #users > 0 and users or nil
  db.run("UPDATE sandbox_slack SET reactions = ? WHERE ts = ?", json.encode(all), row.ts)
  return nil
end

-- ---- as Slack shows it --------------------------------------------------------------------------------------------------------------

local function shown_reactions(row)
  local list = nil
  for name, users in pairs(reactions(row)) do
    list = list or {}
    list[#list + 1] = { name = name, users = users, count = #users }
  end
  if list then table.sort(list, function(a, b) return a.name < b.name end) end
  return list
end

---A message as Slack gives it to an app.
---@param row table
---@return table
function M.public(row)
  local out = { type = "message", ts = row.ts, text = row.text, team = workspace.team, thread_ts = row.thread_ts,
    blocks = row.blocks and json.decode(row.blocks), reactions = shown_reactions(row), files = files.shown(row.files) }
  if row.stone == 1 then
    out.subtype, out.user, out.hidden = files.gone, "USLACKBOT", true
  elseif row.via == "api" then
    out.user, out.bot_id, out.app_id = workspace.bot_user, workspace.bot, workspace.app
    out.bot_profile = { id = workspace.bot, app_id = workspace.app, name = "assistant", team_id = workspace.team }
  elseif row.via == "webhook" or row.via == "response" then
    out.subtype, out.bot_id = "bot_message", workspace.bot
    if row.via == "webhook" then out.bot_id, out.username = "BWEBHOOK", "incoming-webhook" end
  elseif row.via == "bot" then
    out.subtype, out.bot_id, out.username = "bot_message", "BSOMEOTHER", "another bot"
  else
    out.user, out.client_msg_id = row.user, crypto.hex(crypto.sha256(row.ts)):sub(1, 32)
    if out.files then out.subtype, out.upload = "file_share", false end
  end
  if row.broadcast == 1 then out.subtype = "thread_broadcast" end
  if row.edited_at and row.via == "staff" then out.edited = { user = row.user, ts = ("%d.000000"):format(row.edited_at // 1000) } end
  if db.one("SELECT 1 AS yes FROM sandbox_slack WHERE thread_ts = ? AND deleted = 0 LIMIT 1", row.ts) then
    out.thread_ts = row.ts
    out.reply_count = db.one("SELECT count(*) AS n FROM sandbox_slack WHERE thread_ts = ? AND deleted = 0", row.ts).n
  end
  return out
end

---All messages as the sandbox's page and specs see them, oldest first.
function M.screen()
  local list = json.array()
  local rows = db.all("SELECT * FROM (SELECT * FROM sandbox_slack WHERE deleted = 0 ORDER BY seq DESC LIMIT 500) AS newest ORDER BY seq")
  local people, boxes = {}, {}
  for _, person in ipairs(db.all("SELECT id, name FROM sandbox_slack_people")) do people[person.id] = person.name end
  for _, box in ipairs(db.all("SELECT DISTINCT place FROM sandbox_slack_boxes")) do boxes[box.place] = M.boxes(box.place) end
  for _, row in ipairs(rows) do
    local shown = shown_reactions(row)
    for _, one in ipairs(shown or {}) do one.sign = emoji.sign(one.name) end
    list[#list + 1] = {
      ts = row.ts, thread_ts = row.thread_ts, channel = row.channel, via = row.via, user = people[row.user] or row.user,
      ephemeral = row.ephemeral == 1, text = row.text, blocks = row.blocks and json.decode(row.blocks), updates = row.updates,
      edited = row.edited_at ~= nil, stone = row.stone == 1, broadcast = row.broadcast == 1, reactions = shown, at = time.iso(row.at),
      files = files.shown(row.files), boxes = boxes[row.ts],
    }
  end
  return list
end

-- ---- boxes --------------------------------------------------------------------------------------------------------------------------

---What a person typed in the boxes of a message or view; without a user what everybody typed, for the page: user → …
---@param place string a message's ts or a view's id
function M.boxes(place, user)
  local out = {}
  for _, row in ipairs(db.all("SELECT * FROM sandbox_slack_boxes WHERE place = ? AND \"user\" = coalesce(?, \"user\")", place, user)) do
    local at = out
    if not user then
      local person = workspace.known_person(row.user)
      local name = person and person.name or row.user
      at[name] = at[name] or {}
      at = at[name]
    end
    at[row.block_id] = at[row.block_id] or {}
    at[row.block_id][row.action_id] = json.decode(row.state)
  end
  return (user or next(out)) and out or nil
end

---Somebody types in boxes and chooses from menus (elements.state).
---@param words table<string, any> action_id → words, for the first box of that name
---@param boxes? table<string, table<string, any>> block_id → action_id → words
---@return string? why not
function M.type(place, blocks, user, words, boxes)
  local function put(action_id, wanted, block_id)
    local element, block = elements.find(blocks, action_id, block_id)
    if not element then return "there is no box '" .. tostring(action_id) .. "'" end
    local state, why = elements.state(element, wanted)
    if not state then return why end
    db.run([[INSERT INTO sandbox_slack_boxes(place, "user", block_id, action_id, state) VALUES(?, ?, ?, ?, ?)
      ON CONFLICT(place, "user", block_id, action_id) DO UPDATE SET state = excluded.state]],
      place, user, block.block_id, action_id, json.encode(state))
  end
  for action_id, wanted in pairs(words) do
    local why = put(action_id, wanted)
    if why then return why end
  end
  for block_id, in_block in pairs(boxes or {}) do
    for action_id, wanted in pairs(in_block) do
      local why = put(action_id, wanted, block_id)
      if why then return why end
    end
  end
  return nil
end

return M
