-- Blocked users of the stand-in for Meta. Only who wrote within the last 24 hours can be blocked.

local db = require "host.db"
local json = require "host.json"
local account = require "stand_ins.meta.account"
local common = require "stand_ins.common"
local errors = require "stand_ins.meta.errors"
local faults = require "stand_ins.faults"
local hooks = require "stand_ins.meta.hooks"
local people = require "stand_ins.meta.people"

local M = {}

-- The user that an entry names and how Meta would say it, or nil, a code and words.
local function user_of(entry)
  local input = type(entry) == "table" and entry.user
  if type(input) ~= "string" then return nil, 131009, "user is missing" end
  local key = people.is_user_id(input) and input or people.wa_id(input)
  if not key then return nil, 131009, "user is not a WhatsApp number" end
  if key == hooks.display_number then return nil, 131021, "Recipient cannot be sender" end
  local person = people.find(key)
  if not person and account.strict() or person and not people.wrote_within(person, 24) and account.strict() then
    return nil, 131047, "The user has not messaged the business in the last 24 hours."
  end
  return people.meet(key)
end

local function change(request, blocked, done)
  local fault = faults.meet("block", request.body)
  local refusal = errors.of_fault(fault) or fault and fault.kind == "http" and faults.page(fault)
  if refusal then return refusal end
  local wish = json.decode(request.body, { null_as_nil = true })
  if type(wish) ~= "table" or wish.messaging_product ~= "whatsapp" then
    return errors.refuse(100, { message = "The parameter messaging_product is required." })
  end
  local users = wish.block_users
  if type(users) ~= "table" or #users == 0 then return errors.refuse(100, { message = "The parameter block_users is required." }) end
  local good, bad = json.array(), json.array()
  for _, entry in ipairs(users) do
    local person, code, words = user_of(entry)
    if person then
      db.run("UPDATE sandbox_phones SET blocked = ? WHERE number = ?", blocked, person.number)
      good[#good + 1] = { input = entry.user, wa_id = not people.is_user_id(person.number) and person.number or nil }
    else
      bad[#bad + 1] = { input = type(entry) == "table" and entry.user or nil,
        errors = { { message = errors.titles[code], code = code, error_data = { details = words } } } }
    end
  end
  local list = { [done] = good, failed_users = #bad > 0 and bad or nil }
  if #bad == 0 then return common.ok { messaging_product = "whatsapp", block_users = list } end
  local answer = errors.refuse(139100, { message = "Failed to block/unblock users",
    details = "Failed to block some users, see the block_users response list for details" })
  answer.json.messaging_product, answer.json.block_users = "whatsapp", list
  return answer
end

---POST /{phone}/block_users
function M.add(request) return change(request, 1, "added_users") end

---DELETE /{phone}/block_users
function M.remove(request) return change(request, 0, "removed_users") end

---GET /{phone}/block_users
function M.list()
  local list = json.array()
  for _, person in ipairs(db.all("SELECT number FROM sandbox_phones WHERE blocked = 1 ORDER BY number")) do
    list[#list + 1] = { messaging_product = "whatsapp", wa_id = person.number }
  end
  return common.ok { data = list }
end

return M
