-- Webhooks of the stand-in for Meta that carry no message of a customer: what staff typed in the business's own app, calls, and whether
-- somebody wants to hear of offers.

local common = require "stand_ins.common"
local hooks = require "stand_ins.meta.hooks"
local time = require "host.time"

local M = {}

local function seconds() return time.now_ms() // 1000 end

---kind → function(wish, who, contact): the change's value, its field, and the id of what happened
M.kinds = {}

function M.kinds.echo(wish, who)
  local id = wish.wamid or "wamid.echo" .. common.next("echo")
  local echo = { from = hooks.display_number, to = who.from or "", to_user_id = who.from_user_id, id = id, timestamp = tostring(seconds()),
    type = "text", text = { body = wish.text or "I am on my way." } }
  return { message_echoes = { echo } }, "smb_message_echoes", id
end

---A call that nobody took; wish.event is connect or terminate.
function M.kinds.call(wish, who, contact)
  local id = wish.wamid or "wacid.call" .. common.next("call")
  local event = wish.event or "connect"
  local call = { id = id, from = who.from, from_user_id = who.from_user_id, to = hooks.display_number, event = event,
    timestamp = tostring(seconds()), direction = "USER_INITIATED", status = event == "terminate" and "FAILED" or nil }
  return { contacts = { contact }, calls = { call } }, "calls", id
end

function M.kinds.preference(wish, who, contact)
  local preference = { wa_id = who.from, user_id = who.from_user_id,
    detail = "User requested to " .. (wish.text or "stop") .. " marketing messages",
    category = "marketing_messages", value = wish.text or "stop", timestamp = seconds() }
  return { contacts = { contact }, user_preferences = { preference } }, "user_preferences", nil
end

return M
