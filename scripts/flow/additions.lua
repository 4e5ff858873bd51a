-- What is added to a reply: words before the first one, words after a handoff outside business hours, a request for photos. Pure.

local hours = require "flow.hours"

local M = {}

local function there(words) return words ~= nil and words ~= "" end

---"Put before the first reply to a new customer, in the same message."
function M.first(reply, words) return there(words) and words .. "\n\n" .. reply or reply end

---"Added once to the reply in which the inventory became known without a photo", where something can still be asked of the customer.
function M.photos_due(state)
  return there(state.words) and state.known and not (state.before or state.no_questions) and (not state.card or state.card == "complete")
end

---"Added to the words of a handoff outside business hours, once a night": again when business hours have passed since.
---@param words? string after_hours of replies.yaml
---@param business_hours table
---@param last_at? integer ms, when they were sent last
---@param now integer ms
---@param time table host.time
function M.after_hours_due(words, business_hours, last_at, now, time)
  return there(words) and not hours.inside(business_hours, now, time)
    and not (last_at and hours.between(business_hours, last_at, now, time) == 0)
end

return M
