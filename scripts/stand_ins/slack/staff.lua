-- What staff do in the stand-in for Slack: click, choose, type, write, edit, delete, react, upload, run a command. The control API of
-- specs and of the sandbox's page; spec/support/slack.lua says how to use it.

local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local common = require "stand_ins.common"
local elements = require "stand_ins.slack.elements"
local events = require "stand_ins.slack.events"
local files = require "stand_ins.slack.files"
local hooks = require "stand_ins.slack.hooks"
local limits = require "stand_ins.slack.limits"
local messages = require "stand_ins.slack.messages"
local views = require "stand_ins.slack.views"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local function missing(what) return { status = 404, json = { error = what } } end

-- ---- clicks -------------------------------------------------------------------------------------------------------------------------

-- The message with this button or menu: the wanted one, else the newest.
local function find_action(wish)
  for _, row in ipairs(db.all("SELECT * FROM sandbox_slack WHERE blocks IS NOT NULL AND deleted = 0 ORDER BY seq DESC LIMIT 500")) do
    if not wish.ts or row.ts == wish.ts then
      local blocks = elements.name(json.decode(row.blocks), messages.some_id)
      for _, button in ipairs(elements.buttons(blocks)) do
        if button.action_id == wish.action_id and (wish.value == nil or button.value == wish.value) then
          return row, blocks, button, button.block_id
        end
      end
      local element, block = elements.find(blocks, wish.action_id)
      if element and element.type ~= "button" and wish.value == nil then return row, blocks, element, block.block_id end
    end
  end
  return nil
end

-- The action of a payload: what a click on a button says, or the choice from a menu.
local function action_of(wish, element, block_id, state)
  local action = { action_id = wish.action_id, block_id = block_id or "b1", type = element.type or "button",
    action_ts = ("%d.%06d"):format(time.now_ms() // 1000, time.now_ms() % 1000 * 1000) }
  if action.type == "button" then
    action.text, action.value, action.style = element.text, element.value, element.style
    return action
  end
  for name, value in pairs(state or {}) do action[name] = value end
  action.placeholder = element.placeholder
  return action
end

-- The click, before it is known where: in a message or in a modal. nil and the answer of the control API, when Slack's window would not
-- let the person do that.
local function click(wish, person, blocks, place, element, block_id)
  local state, why
  if element.confirm and wish.confirm ~= true then
    return nil, { status = 409, json = { error = "the button asks first; confirm: true says yes", confirm = element.confirm } }
  end
  local _, block = elements.find(blocks, wish.action_id, block_id)
  if block and block.type == "input" and not block.dispatch_action then
    return nil, common.bad("nothing is posted from an input block before a button is clicked: use words")
  end
  if element.type and element.type ~= "button" then
    state, why = elements.state(element, wish.option)
    if not state then return nil, common.bad(why) end
    messages.type(place, blocks, person.id, { [wish.action_id] = wish.option })
  end
  why = messages.type(place, blocks, person.id, wish.words or {}, wish.boxes)
  if why then return nil, common.bad(why) end
  return {
    type = "block_actions", api_app_id = wish.app or workspace.app, token = "sandbox", trigger_id = events.trigger(person.id),
    user = { id = person.id, username = person.name, name = person.name, team_id = wish.team or workspace.team },
    team = { id = wish.team or workspace.team, domain = "sandbox" }, enterprise = json.null, is_enterprise_install = false,
    state = { values = type(wish.values) == "table" and wish.values or elements.values(blocks, messages.boxes(place, person.id) or {}) },
    actions = { action_of(wish, element, block_id, state) },
  }
end

local function in_message(payload, row, person)
  local channel = row.channel or workspace.main_channel()
  payload.container = { type = "message", message_ts = row.ts, channel_id = channel, is_ephemeral = row.ephemeral == 1,
    thread_ts = row.thread_ts }
  payload.channel = { id = channel, name = (workspace.channel(channel) or { name = "quotes" }).name }
  -- Slack keeps no message that one person alone sees.
  if row.ephemeral ~= 1 then payload.message = row.seq and messages.public(row) or { type = "message", ts = row.ts, text = "" } end
  payload.response_url = events.response_url { ts = row.ts, channel = channel, user = person.id }
  return payload
end

---POST /sandbox/slack/press {"action_id": "take_over_chat", "value": "14165551234", "user": "maria", "words": {"reply_text": "Hi"}}
---Clicks a button, or chooses `option` from a menu. Slack posts a click once and never again, so the caller sees the result.
---boxes = {block_id = {action_id = words}}: as words, where boxes have the same name.
M.press = common.control(function(wish)
  wish.action_id = wish.action_id or "take_over_chat"
  local person = workspace.person(wish.user)
  local view_row, view = views.with(wish.action_id, person.id, wish.view)
  local row, blocks, element, block_id, payload, refusal
  if view_row and not wish.ts then
    local found, block = elements.find(view.blocks, wish.action_id)
    payload, refusal = click(wish, person, view.blocks, view_row.id, found, block.block_id)
    if payload then
      payload.container, payload.state = { type = "view", view_id = view_row.id }, nil
      payload.view = select(2, views.with(wish.action_id, person.id, view_row.id)) -- with the words that were just typed
    end
  else
    row, blocks, element, block_id = find_action(wish)
    -- A person clicks a button that their screen still shows although the card has changed.
    if not row and wish.stale then
      row = wish.ts and messages.get(wish.ts) or { ts = wish.ts or "1.1", ephemeral = 0 }
      blocks, element = row.blocks and json.decode(row.blocks) or {}, { value = wish.value }
    end
    if not row then return missing "no message in the channel has this button" end
    payload, refusal = click(wish, person, blocks, row.ts, element, block_id)
    if payload then in_message(payload, row, person) end
  end
  if not payload then return refusal end
  return common.ok(events.outcome(events.interact(payload)))
end)

---POST /sandbox/slack/type {"words": {"reply_text": "Hi"}, "ts": …, "user": "maria"}: types in boxes of a message (the newest with such
---a box) or of the newest modal, without a click.
M.type = common.control(function(wish)
  local person = workspace.person(wish.user)
  local action_id = next(wish.words or {})
  if not action_id then return common.bad("words are missing") end
  local view_row, view = views.with(action_id, person.id, wish.view)
  local place, blocks = view_row and not wish.ts and view_row.id or nil, view and view.blocks
  if not place then
    local row, found = find_action { action_id = action_id, ts = wish.ts }
    if not row then return missing "no message in the channel has this box" end
    place, blocks = row.ts, found
  end
  local why = messages.type(place, blocks, person.id, wish.words)
  return why and common.bad(why) or common.ok { typed = true }
end)

---POST /sandbox/slack/command {"command": "/assistant", "text": "status", "user": "maria"}: the answer is shown as Slack shows it.
M.command = common.control(function(wish)
  local person, channel = workspace.person(wish.user), wish.channel or workspace.main_channel()
  local command, text = tostring(wish.command or "/assistant"), tostring(wish.text or "")
  messages.add { channel = channel, via = "staff", text = limits.escape(command .. " " .. text), user = person.id, ephemeral = true }
  local answer, why = events.send_form("/slack/commands", {
    token = "sandbox", team_id = wish.team or workspace.team, team_domain = "sandbox", channel_id = channel,
    channel_name = (workspace.channel(channel) or { name = "quotes" }).name, user_id = person.id, user_name = person.name,
    command = command, text = text, api_app_id = wish.app or workspace.app, is_enterprise_install = "false",
    trigger_id = events.trigger(person.id), response_url = events.response_url { channel = channel, user = person.id },
  })
  local out = events.outcome(answer, why)
  if not out.warning then out.error = hooks.command_answer(answer, { channel = channel, user = person.id }) end
  out.warning = out.warning or out.error ~= nil
  return common.ok(out)
end)

-- ---- writing ------------------------------------------------------------------------------------------------------------------------

-- How its event is posted: copies, new_ids, team, app of the wish.
local function how(wish) return { copies = wish.copies, new_ids = wish.new_ids, team = wish.team, app = wish.app } end

local function write(wish, file_ids)
  local channel, person = wish.channel or workspace.main_channel(), workspace.person(wish.user)
  local text = tostring(wish.text or "")
  local row = messages.add { channel = channel, via = wish.bot and "bot" or "staff", text = wish.raw and text or limits.escape(text),
    user = person.id, thread_ts = messages.thread(wish.thread_ts, channel), files = file_ids,
    broadcast = wish.broadcast == true and wish.thread_ts ~= nil }
  events.message(row, how(wish))
  return row
end

---POST /sandbox/slack/say {"text": "We can come tomorrow", "thread_ts": "…", "user": "maria"}: staff write in the channel or a thread.
---broadcast: also shown in the channel; bot: another app writes; copies: its event comes so often; new_ids: each with an id of its own;
---raw: text is as Slack gives it ("<@U1> <https://a.ca|a>"), not as it was typed.
M.say = common.control(function(wish)
  if type(wish.text) ~= "string" or wish.text == "" then return common.bad("text is missing") end
  local row = write(wish)
  return common.ok { ts = row.ts, thread_ts = row.thread_ts }
end)

---POST /sandbox/slack/share {"name": "photo.jpg", "base64": "…", "text": "the back room", "thread_ts": "…"}: staff upload a file, or
---several: `files`.
M.share = common.control(function(wish)
  local ids = {}
  for index, one in ipairs(wish.files or { wish }) do
    local row = files.given(one, workspace.person(wish.user).id)
    if not row then return common.bad("base64 is none") end
    ids[index] = row.id
  end
  return common.ok { ts = write(wish, ids).ts, files = ids }
end)

-- A message that staff may change.
local function theirs(wish)
  local row = wish.ts and messages.get(wish.ts)
  return row and row.stone == 0 and row or nil
end

---POST /sandbox/slack/edit {"ts": "…", "text": "…"}: staff edit their message. unfurl: Slack only adds a link's preview: the event has
---the same text and is no edit.
M.edit = common.control(function(wish)
  local row = theirs(wish)
  if not row or row.via ~= "staff" then return missing "staff wrote no such message" end
  local before = messages.public(row)
  if wish.unfurl then
    local after = messages.public(row)
    after.attachments = { { id = 1, title = "A page", from_url = "https://example.com/", fallback = "A page" } }
    events.changed(row, before, after, how(wish))
  else
    local after = messages.public(messages.update(row.ts, { text = limits.escape(tostring(wish.text or "")) }))
    events.changed(row, before, after, how(wish))
  end
  return common.ok { ts = row.ts }
end)

---POST /sandbox/slack/delete {"ts": "…"}: deletes any message, the assistant's too (an owner of the workspace may).
M.delete = common.control(function(wish)
  local row = theirs(wish)
  if not row then return missing "no such message" end
  local before = messages.public(row)
  local stone = messages.remove(row)
  events.changed(row, before, stone and messages.public(messages.get(row.ts)) or nil, how(wish))
  return common.ok { ts = row.ts, stone = stone }
end)

---POST /sandbox/slack/react {"ts": "…", "name": "eyes", "user": "maria"}; off: takes it off.
M.react = common.control(function(wish)
  local row = theirs(wish)
  if not row then return missing "no such message" end
  local person = workspace.person(wish.user)
  local why = messages.react(row, wish.name, person.id, wish.off == true)
  if why then return common.bad(why) end
  events.reaction(row, wish.name, person.id, wish.off == true, how(wish))
  return common.ok { ts = row.ts }
end)

return M
