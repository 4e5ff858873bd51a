-- The table of contents for `assistant chat`, `replay` and `check`: the business's handlers, with nobody outside. `assistant serve`
-- never loads it. The host runs the commands below one after another. For chat and replay the first line of a result is a code; the
-- rest is printed.

local chat = require "rehearsal.chat"
local handlers = require "rehearsal.handlers"
local main = require "main"
local models = require "rehearsal.models"
local prices = require "rehearsal.prices"
local replay = require "rehearsal.replay"
local stage = require "rehearsal.stage"

local here = stage.new(models.none())

local function nothing() end

-- Jobs are stored as usual but not run, except two kinds: posts for staff are shown, and the model's circuit is probed.
local jobs = {}
for name in pairs(main.jobs) do jobs[name] = { run = nothing } end
for name in pairs(main.every or {}) do jobs[name] = { run = nothing } end
for _, name in ipairs { "card", "slack" } do jobs[name] = { run = function(job) here:post(job) end } end
jobs.probe = main.jobs.probe

local rehearsal = {}
for name, value in pairs(main) do rehearsal[name] = value end
rehearsal.jobs, rehearsal.every, rehearsal.inbox = jobs, {}, {}
rehearsal.routes = {}
rehearsal.notice, rehearsal.start, rehearsal.status = nil, nil, nil
rehearsal.commands = {
  hello = function(words) return chat.hello(words) end,
  line = function(words) return chat.line(here, words) end,
  replay = function(words) return replay.file(here, words) end,
  check = function(words) return replay.check(here, words) end,
  handler = function(words) return handlers.run(here, math.tointeger(tonumber(words[1])), words[2] == "answered") end,
  doing = function() return here.doing end,
  notes = function() return table.concat(prices.notes(), "") end,
  summary = function() return replay.summary(here) end,
}
return rehearsal
