-- The table of contents of `assistant check --online`: each service is asked whether it answers and takes our key. All are asked at the
-- same time. `assistant serve` never loads it. The first line of the result is the exit code; the rest is printed.

local probes = require "ops.probes"
local settings = require "host.settings"
local slack = require "channels.slack.probes"
local task = require "host.task"
local whatsapp = require "channels.whatsapp.probes"

local ALL_MS = 60000
local MARKS = { fine = "fine ", wrong = "WRONG", note = "note " }

local function unseen()
  local names = { "META_VERIFY_TOKEN", "SLACK_SIGNING_SECRET" }
  if settings.get("CALCOM_WEBHOOK_SECRET") then names[#names + 1] = "CALCOM_WEBHOOK_SECRET" end
  return { probes.note(table.concat(names, ", "), "No service tells whether these are right. A wrong one shows when the other side "
    .. "calls: requests get 401 or 403.") }
end

-- What is asked, in the order in which it is told.
local function questions()
  local list = { whatsapp.meta, function() return { probes.model() } end, slack.run }
  local function when(setting, run)
    if settings.get(setting) then list[#list + 1] = function() return { run() } end end
  end
  when("TRANSCRIBE_URL", whatsapp.transcriber)
  when("BOOKING_URL", function() return probes.page("BOOKING_URL", "The booking page", true) end)
  when("ALERT_WEBHOOK_URL", function() return probes.page("ALERT_WEBHOOK_URL", "The second route") end)
  when("LEADS_WEBHOOK_URL", function() return probes.page("LEADS_WEBHOOK_URL", "The system that gets the leads") end)
  list[#list + 1] = unseen
  return list
end

---@async
---@return ops.Finding[][] answers, nil where one did not end
local function ask(list)
  local answers, left, done = {}, #list, task.event("answered")
  for index, question in ipairs(list) do
    task.spawn(function()
      answers[index] = question()
      left = left - 1
      if left == 0 then done:set() end
    end)
  end
  done:wait(ALL_MS)
  return answers
end

---@async
local function run()
  local list = questions()
  local answers, lines, wrong = ask(list), {}, 0
  for index = 1, #list do
    for _, finding in ipairs(answers[index] or { probes.wrong("scripts/online.lua", "A question did not end. Please report this.") }) do
      if finding.state == "wrong" then wrong = wrong + 1 end
      lines[#lines + 1] = ("%s %s: %s"):format(MARKS[finding.state], finding.setting, finding.words)
    end
  end
  lines[#lines + 1] = wrong == 0 and "Every service answers and takes our keys."
    or wrong == 1 and "One thing is wrong." or wrong .. " things are wrong."
  return (wrong == 0 and "0" or "2") .. "\n" .. table.concat(lines, "\n") .. "\n"
end

return { routes = {}, inbox = {}, jobs = {}, every = {}, commands = { online = { run = run } } }
