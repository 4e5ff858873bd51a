-- Says what Meta's error codes mean for us. Pure.

local plain = require "language.text"

local M = {}

local TRANSIENT = { [1] = true, [2] = true, [4] = true, [80007] = true, [130429] = true, [131000] = true, [131016] = true,
  [131056] = true, [131057] = true, [133016] = true }
-- The account, its number or our token is refused: nobody can be written to until somebody repairs it.
local AUTH = { [0] = true, [3] = true, [10] = true, [190] = true, [368] = true, [131031] = true, [131042] = true, [131045] = true,
  [133010] = true }

M.PAIR = 131056 -- too many messages to one person
M.FORM = { [100] = true, [131008] = true, [131009] = true, [131051] = true } -- something in the message's form, not its words
M.ACCOUNT = { [4] = true, [80007] = true, [130429] = true } -- too many messages of the account

-- What staff need to know, and what to do. "%s" is the code, in brackets.
local ADVICE = {
  [131047] = "24 hours have passed since the customer's last message, so WhatsApp takes no free text%s. Call them. templates.after_window"
    .. " in prompts/business.yaml can name a template for such messages.",
  [131026] = "this number cannot get the message on WhatsApp%s. Call them, or write another way.",
  [131048] = "WhatsApp limits this business because people blocked or reported it%s. Call them, and look at the number's quality rating"
    .. " in WhatsApp Manager.",
  [131049] = "WhatsApp held it back, because this person gets many messages of businesses%s. Call them, or try again tomorrow.",
  [131050] = "the customer has stopped messages from this business%s. Do not write to them until they write again.",
  [131051] = "WhatsApp does not support this kind of message%s. Send the words as text.",
  [131052] = "WhatsApp could not fetch the file%s. Send it again.",
  [131053] = "WhatsApp does not take this file%s. Send it in another form, like JPEG, MP4 or PDF.",
  [131062] = "WhatsApp sends this kind of message only to a number, and this person has none here%s. Ask them for their number.",
  [131064] = "the account has reached WhatsApp's limit of people to write to%s. Call them, and look at the limit in WhatsApp Manager.",
  [137000] = "WhatsApp cannot tell whether this number still belongs to the same person%s. Call them before you write again.",
  [131021] = "it would go to our own number%s. Check the customer's number.",
  [131030] = "the number is not on the test account's list%s. Add it in Meta's app, WhatsApp, API Setup.",
  [130472] = "WhatsApp holds it back for an experiment of its own%s. Call them, or wait until they write.",
  [132000] = "the template wants another number of values than the one we give, the time%s. Write it with one value in its body, {{1}}.",
  [132001] = "WhatsApp knows no approved template of this name in this language%s. Look at booking.templates in prompts/business.yaml.",
  [132005] = "the template with its values is too long for WhatsApp%s. Write a shorter one, or call them.",
  [132007] = "the template breaks WhatsApp's rules%s. Write another, and name it in prompts/business.yaml.",
  [132012] = "the template wants a value of another kind than text%s. Write it with {{1}} for the time.",
  [132018] = "WhatsApp does not take the values of the template%s. Call them, or write to them another way.",
  [132015] = "WhatsApp has paused this template because people reported it%s. Use another.",
  [132016] = "WhatsApp has switched this template off for good%s. Use another.",
}

-- A code, which can be written as text ("131026"); nil: it is none.
---@param value any
---@return integer?
function M.number(value)
  if type(value) == "string" then value = #value <= 9 and value:find("^%d+$") and tonumber(value) end
  return type(value) == "number" and math.tointeger(value) or nil
end

-- The code decides; the HTTP status counts only without one, or with one that we do not know.
---@param code? integer
---@param http_status? integer
---@return "transient"|"auth"|"permanent"
function M.class(code, http_status)
  if code then
    if TRANSIENT[code] then return "transient" end
    if AUTH[code] or code >= 200 and code <= 299 then return "auth" end
    return http_status and http_status >= 500 and not ADVICE[code] and "transient" or "permanent"
  end
  if http_status == 401 or http_status == 403 then return "auth" end
  if http_status == 429 or http_status == 408 or http_status and http_status >= 500 then return "transient" end
  return "permanent"
end

-- What staff need to know, and the remedy. It ends in a full stop.
---@param code? integer
---@param why? string the platform's own words
---@return string
function M.advice(code, why)
  local shown = code and (" (code %d)"):format(code) or ""
  local words = code and ADVICE[code]
  if words then return (words:gsub("%%s", shown)) end
  why = plain.trim_end(why or "", "[%s.]")
  why = why ~= "" and why or "no reason given"
  return ("WhatsApp refuses it: %s%s. Call the customer, or write to them another way."):format(why, shown)
end

return M
