-- Says what Meta's error codes mean for us. Pure.

local M = {}

local TRANSIENT = { [1] = true, [2] = true, [4] = true, [80007] = true, [130429] = true, [131000] = true, [131016] = true,
  [131056] = true, [131057] = true, [133016] = true }
local AUTH = { [0] = true, [3] = true, [10] = true, [190] = true, [368] = true, [131031] = true }

local ADVICE = {
  [131047] = "24 hours have passed since the customer's last message, so WhatsApp takes no free text. Call them, or send a template.",
  [131026] = "this number cannot get the message on WhatsApp. Call them, or write another way.",
  [131051] = "WhatsApp does not support this kind of message.",
  [131050] = "the customer has stopped messages from this business.",
  [132000] = "the template wants another number of values than the one we give, the time. Write it with one value in its body, {{1}}.",
  [132001] = "WhatsApp knows no approved template of this name in this language. Look at booking.templates in prompts/business.yaml.",
  [132007] = "the template breaks WhatsApp's rules. Write another, and name it in prompts/business.yaml.",
  [132012] = "the template wants a value of another kind than text. Write it with {{1}} for the time.",
  [132015] = "WhatsApp has paused this template because people reported it. Use another.",
  [132016] = "WhatsApp has switched this template off for good. Use another.",
}

---@return "transient"|"auth"|"permanent"
function M.class(code, http_status)
  if code then
    if TRANSIENT[code] then return "transient" end
    if AUTH[code] or code >= 200 and code <= 299 then return "auth" end
    if http_status and http_status >= 500 then return "transient" end
    return "permanent"
  end
  if http_status == 401 or http_status == 403 then return "auth" end
  if http_status == 429 or http_status == 408 or http_status and http_status >= 500 then return "transient" end
  return "permanent"
end

-- What staff need to know, and the remedy.
function M.advice(code, why)
  local words = code and ADVICE[code]
  if words then return ("%s (code %d)"):format(words, code) end
  return ("WhatsApp refuses it: %s%s"):format(why or "no reason given", code and (" (code %d)"):format(code) or "")
end

return M
