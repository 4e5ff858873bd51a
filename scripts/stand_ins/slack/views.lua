-- Modals of the stand-in for Slack: the methods views.*, and what the person before the modal does with it.

local crypto = require "host.crypto"
local db = require "host.db"
local json = require "host.json"
local time = require "host.time"
local block_kit = require "stand_ins.slack.block_kit"
local chat = require "stand_ins.slack.chat"
local common = require "stand_ins.common"
local elements = require "stand_ins.slack.elements"
local events = require "stand_ins.slack.events"
local messages = require "stand_ins.slack.messages"
local workspace = require "stand_ins.slack.workspace"

local M = {}

local no = chat.no
local most_bytes, most_pushed = 250 * 1024, 3

local function get(id) return db.one("SELECT * FROM sandbox_slack_views WHERE id = ? AND open = 1", tostring(id)) end

local function top(user)
  return db.one('SELECT * FROM sandbox_slack_views WHERE "user" = ? AND open = 1 ORDER BY seq DESC LIMIT 1', user)
end

-- The view as Slack gives it to an app, with what its person typed.
local function public(row)
  local out = json.decode(row.view)
  out.id, out.team_id, out.app_id, out.bot_id = row.id, workspace.team, workspace.app, workspace.bot
  out.root_view_id, out.previous_view_id, out.hash = row.root, row.previous or json.null, row.hash
  out.app_installed_team_id = workspace.team
  out.private_metadata, out.callback_id, out.external_id = out.private_metadata or "", out.callback_id or "", out.external_id or ""
  out.clear_on_close, out.notify_on_close = out.clear_on_close == true, out.notify_on_close == true
  out.state = { values = elements.values(out.blocks, messages.boxes(row.id, row.user) or {}) }
  return out
end

---Why Slack takes no such view, as an answer; or nil.
local function malformed(view, except)
  if type(view) ~= "table" then return no("invalid_arguments", { "missing required field: view" }) end
  if #json.encode(view) > most_bytes then return no "view_too_large" end
  local problems = block_kit.check_view(view)
  -- A modal's mistakes are invalid_arguments, those of a message invalid_blocks.
  if #problems > 0 then return no("invalid_arguments", block_kit.lines(problems)) end
  if (view.external_id or "") ~= "" and db.one("SELECT 1 AS yes FROM sandbox_slack_views WHERE open = 1 AND external_id = ? AND id <> ?",
    view.external_id, except or "") then
    return no "duplicate_external_id"
  end
  return nil
end

local function new_hash() return ("%d.%s"):format(time.now_ms() // 1000, crypto.hex(crypto.random(4))) end

local function open(view, user, below)
  elements.name(view.blocks, messages.some_id)
  local id = "V" .. crypto.hex(crypto.random(5)):upper()
  db.run([[INSERT INTO sandbox_slack_views(id, root, previous, "user", view, hash, external_id, open) VALUES(?, ?, ?, ?, ?, ?, ?, 1)]],
    id, below and below.root or id, below and below.id or nil, user, json.encode(view), new_hash(), view.external_id)
  return get(id)
end

local function replace(row, view)
  elements.name(view.blocks, messages.some_id)
  db.run("UPDATE sandbox_slack_views SET view = ?, hash = ?, external_id = ? WHERE id = ?", json.encode(view), new_hash(),
    view.external_id, row.id)
  return get(row.id)
end

local function close(row) db.run("UPDATE sandbox_slack_views SET open = 0 WHERE id = ?", row.id) end

local function clear(row) db.run("UPDATE sandbox_slack_views SET open = 0 WHERE root = ?", row.root) end

-- The person whose click the trigger names: within three seconds, once.
local function exchange(id)
  local row = type(id) == "string" and db.one("SELECT * FROM sandbox_slack_triggers WHERE id = ?", id)
  if not row then return nil, no "invalid_trigger_id" end
  if row.used == 1 then return nil, no "exchanged_trigger_id" end
  if time.now_ms() - row.at > workspace.get("trigger_ms") then return nil, no "expired_trigger_id" end
  db.run("UPDATE sandbox_slack_triggers SET used = 1 WHERE id = ?", id)
  return row.user
end

-- ---- methods ------------------------------------------------------------------------------------------------------------------------

local function depth(user) return db.one('SELECT count(*) AS n FROM sandbox_slack_views WHERE "user" = ? AND open = 1', user).n end

local function push_on(view, user)
  if depth(user) >= most_pushed then return no "push_limit_reached" end
  return { ok = true, view = public(open(view, user, top(user))) }
end

local function views_open(given)
  local refusal = malformed(given.view)
  if refusal then return refusal end
  local user
  user, refusal = exchange(given.trigger_id)
  if not user then return refusal end
  local before = top(user)
  if before then clear(before) end
  return { ok = true, view = public(open(given.view, user)) }
end

local function views_push(given)
  local refusal = malformed(given.view)
  if refusal then return refusal end
  local user
  user, refusal = exchange(given.trigger_id)
  if not user then return refusal end
  if not top(user) then return no "not_found" end
  return push_on(given.view, user)
end

local function views_update(given)
  local row = given.view_id and get(given.view_id)
    or given.external_id and db.one("SELECT * FROM sandbox_slack_views WHERE external_id = ? AND open = 1", tostring(given.external_id))
  if not row then return no "not_found" end
  local refusal = malformed(given.view, row.id)
  if refusal then return refusal end
  if given.hash ~= nil and given.hash ~= row.hash then return no "hash_conflict" end
  return { ok = true, view = public(replace(row, given.view)) }
end

M.methods = {
  ["views.open"] = { run = views_open, tier = 4 },
  ["views.push"] = { run = views_push, tier = 4 },
  ["views.update"] = { run = views_update, tier = 4 },
}

-- ---- what its person does -----------------------------------------------------------------------------------------------------------

---The open modals, the newest of each person last: {view = as Slack gives it, user = name, boxes = what was typed}
function M.list()
  local list = json.array()
  for _, row in ipairs(db.all("SELECT * FROM sandbox_slack_views WHERE open = 1 ORDER BY seq")) do
    local person = workspace.known_person(row.user)
    list[#list + 1] = { user = person and person.name or row.user, view = public(row) }
  end
  return list
end

---GET /sandbox/slack/views
function M.show() return common.ok { views = M.list() } end

local function chosen(wish)
  local person = workspace.person(wish.user)
  local row = wish.view and get(wish.view) or not wish.view and top(person.id)
  return row, person
end

local function base(kind, person, wish)
  return { type = kind, team = { id = wish.team or workspace.team, domain = "sandbox" },
    user = { id = person.id, username = person.name, name = person.name, team_id = workspace.team },
    api_app_id = wish.app or workspace.app, token = "sandbox", enterprise = json.null, is_enterprise_install = false }
end

-- What the answer to a submission does with the modal. Returns what the person sees.
local function obey(row, body)
  if body == "" or body == "{}" then
    close(row)
    return { closed = true }
  end
  local answer = json.decode(body, { null_as_nil = true })
  if type(answer) ~= "table" then return { warning = true, error = "the answer is not JSON" } end
  local what = answer.response_action
  if what == nil then
    close(row)
    return { closed = true }
  elseif what == "clear" then
    clear(row)
    return { closed = true, cleared = true }
  elseif what == "errors" then
    if type(answer.errors) ~= "table" or next(answer.errors) == nil then return { warning = true, error = "errors is missing" } end
    local inputs = {}
    for _, block in ipairs(json.decode(row.view).blocks) do inputs[block.block_id] = block.type == "input" end
    for block_id in pairs(answer.errors) do
      if not inputs[block_id] then return { warning = true, error = "no input block has the block_id '" .. tostring(block_id) .. "'" } end
    end
    return { errors = answer.errors }
  elseif what == "update" or what == "push" then
    local refusal = malformed(answer.view, row.id)
    if refusal then return { warning = true, error = refusal.error, errors = refusal.errors } end
    if what == "update" then return { view = public(replace(row, answer.view)) } end
    local pushed = push_on(answer.view, row.user)
    return pushed.ok and { view = pushed.view } or { warning = true, error = pushed.error }
  end
  return { warning = true, error = "response_action is unknown" }
end

---POST /sandbox/slack/submit {"user": "maria", "words": {"amount": "350"}}: fills the boxes of the newest modal (or of `view`) and submits
---it; boxes: as for a click. Answers {closed = true}, {errors = {block_id = words}}, {view = the next one} or {warning = true}; what
---Slack's window itself refuses is {unfilled = {block_id = words}}.
M.submit = common.control(function(wish)
  local row, person = chosen(wish)
  if not row then return { status = 404, json = { error = "no open modal" } } end
  local view = json.decode(row.view)
  local why = messages.type(row.id, view.blocks, row.user, wish.words or {}, wish.boxes)
  if why then return common.bad(why) end
  local shown = public(row)
  local unfilled = elements.unfilled(view.blocks, shown.state.values)
  if next(unfilled) then return common.ok { unfilled = unfilled } end
  local payload = base("view_submission", person, wish)
  payload.view, payload.response_urls, payload.trigger_id = shown, json.array(), events.trigger(person.id)
  local answer, problem = events.interact(payload)
  local out = events.outcome(answer, problem)
  if not out.warning then
    for name, value in pairs(obey(row, answer.body)) do out[name] = value end
  end
  return common.ok(out)
end)

---POST /sandbox/slack/close {"user": "maria"}: closes the newest modal, or the one that `view` names.
M.close = common.control(function(wish)
  local row, person = chosen(wish)
  if not row then return { status = 404, json = { error = "no open modal" } } end
  local shown = public(row)
  if shown.clear_on_close then clear(row) else close(row) end
  if not shown.notify_on_close then return common.ok { closed = true } end
  local payload = base("view_closed", person, wish)
  payload.view, payload.is_cleared = shown, shown.clear_on_close
  local out = events.outcome(events.interact(payload))
  out.closed = true
  return common.ok(out)
end)

---The open modal with this button or menu, for a click in it.
---@return table? row
---@return table? view as Slack gives it
function M.with(action_id, user, id)
  local row = id and get(id) or top(user)
  if not row then return nil end
  local view = public(row)
  return elements.find(view.blocks, action_id) and row or nil, view
end

return M
