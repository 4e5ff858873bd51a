-- The line that staff get when the business hours of a day are over: what became of its leads. Nothing here waits.

local alerts = require "records.alerts"
local cases = require "records.cases"
local costs = require "records.costs"
local hours = require "flow.hours"
local json = require "host.json"
local messages = require "records.messages"
local owner = require "owner"
local stages = require "records.stages"
local tell = require "staff.tell"
local text = require "language.text"
local time = require "host.time"

local M = {}

local DAY_MS = 24 * 3600000
local LOST = text.set [[not_a_lead too_far too_expensive no_answer other]]

local function median(list)
  table.sort(list)
  local n = #list
  return n > 0 and (list[(n + 1) // 2] + list[n // 2 + 1]) // 2 or nil
end

local function counted(list)
  local count, lost, waits = {}, {}, {}
  for _, stage in ipairs(list) do
    count[stage.kind] = (count[stage.kind] or 0) + 1
    local more = stage.more and json.decode(stage.more) or {}
    if stage.kind == "taken" then
      local case = cases.get(stage.case_id)
      waits[#waits + 1] = case and math.max(0, stage.at - case.opened_at) or nil
    end
    if stage.kind == "closed" and more.reason and LOST[more.reason:gsub(" ", "_")] then lost[more.reason] = (lost[more.reason] or 0) + 1 end
  end
  return count, lost, waits
end

local function minutes(ms)
  local count = (ms + 30000) // 60000
  return count < 120 and ("%d min"):format(count) or ("%.1f h"):format(count / 60)
end

---The line of one day; nil: nothing happened.
---@param since integer ms
---@param now integer ms
---@param day string "Today"
---@return string?
function M.line(since, now, day)
  local count, lost, waits = counted(stages.since(since))
  local failed, total = messages.failed_since(since), 0
  for _, n in pairs(count) do total = total + n end
  if total == 0 and failed == 0 then return nil end
  local why, sum = {}, 0
  for _, reason in ipairs(text.sorted_names(lost)) do
    sum = sum + lost[reason]
    why[#why + 1] = ("%s %d"):format(reason, lost[reason])
  end
  local wait = median(waits)
  local cost = costs.between(costs.day(since), costs.day(now))
  return ("%s: %d lead%s, %d taken, %d quoted, %d accepted, %d booked, %d lost%s. %s%d failed message%s. The model cost $%.2f."):format(
    day, count.opened or 0, count.opened == 1 and "" or "s", count.taken or 0, count.quoted or 0, count.accepted or 0, count.booked or 0,
    sum, #why > 0 and " (" .. table.concat(why, ", ") .. ")" or "", wait and "Median wait until taken: " .. minutes(wait) .. ". " or "",
    failed, failed == 1 and "" or "s", cost.dollars)
end

local function midnight_before(ms)
  local at = time.zoned(ms)
  return time.from_zoned { year = at.year, month = at.month, day = at.day, hour = 0, min = 0 }
end

local function tell_line(day, since, upto, quiet_ms)
  local words = M.line(since, upto, day)
  if not words then return end
  local first = alerts.count("daily line of " .. day:lower(), quiet_ms)
  if first then tell.note(words) end
end

---Posts the day's line once, when the business hours of the day are over. After hours that end at midnight it comes within the next hour.
---@param now integer ms
function M.tell(now)
  local at, midnight = time.zoned(now), midnight_before(now)
  local open = owner.business.hours
  if open and next(open) ~= nil then
    if at.hour == 0 and hours.inside(open, midnight - 1, time) then
      return tell_line("Yesterday", midnight_before(midnight - 1), midnight - 1, now - midnight + 1)
    end
    if hours.inside(open, now, time) or hours.between(open, midnight, now, time) == 0 then return end
    if hours.between(open, now, midnight + DAY_MS, time) > 0 and hours.opens(open, now, time) < midnight + DAY_MS then return end
  elseif at.hour < 18 then
    return
  end
  tell_line("Today", midnight, now, now - midnight + 1)
end

return M
