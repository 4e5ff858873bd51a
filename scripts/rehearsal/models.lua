-- What answers in a rehearsal, with the functions of brain/client: the configured model, recorded answers, or nothing, so that the
-- fixed questions answer.

local client = require "brain.client"
local json = require "host.json"
local settings = require "host.settings"

local M = {}

local Recorded = {}
Recorded.__index = Recorded

-- Gives recorded answers one after another. A repeated question gets the last answer again. Each answer is text as the model wrote
-- it, or a table that becomes the contract's JSON object.
function M.recorded(answers)
  return setmetatable({ answers = answers, next = 1 }, Recorded)
end

function Recorded:usable() return self ~= nil end

function Recorded.untold() end

function Recorded:ask()
  local answer = self.answers[math.min(self.next, #self.answers)]
  self.next = self.next + 1
  if answer == nil then return nil, { stop = "failed", reason = "no answer is recorded" } end
  return { content = type(answer) == "string" and answer or json.encode(answer), finish = "stop" }
end

-- The configured model; nil without a key.
function M.configured()
  return settings.get("DEEPSEEK_API_KEY") and client.new() or nil
end

-- No model: the fixed questions answer every turn.
function M.none()
  local none = M.recorded {}
  none.none = true -- no answer will come, so a fixed answer brings the open question with it
  return none
end

return M
