-- What `assistant check` says about prices that nobody has written, because the program's own count then.

local owner = require "owner"
local settings = require "host.settings"

local M = {}

---@return string[] lines
function M.notes()
  local list, model = {}, settings.get("DEEPSEEK_MODEL")
  local function note(what, who)
    list[#list + 1] = "prompts/business.yaml: " .. what .. ", so the program's prices count. Write what " .. who .. ".\n"
  end
  if not owner.message_prices_known then note("\"message_prices\" is not there", "WhatsApp charges you") end
  if owner.business_there and not owner.prices_known(model) then
    note(("\"model_prices\" does not say what %s costs"):format(model), "the model's provider charges")
  end
  return list
end

return M
