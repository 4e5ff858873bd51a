-- Who answers in a rehearsal, in the shape of brain/client: the model that is configured, one that repeats recorded answers, or
-- none, so that the fixed questions answer.

local client = require "brain.client"
local json = require "host.json"
local settings = require "host.settings"

local M = {}

local Recorded = {}
Recorded.__index = Recorded

-- Answers one after the other; who asks once more hears the last one again, as from a model that stays with what it said. Each is
-- text as the model wrote it, or a table for the contract's JSON object.
---@param answers any[]
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

-- The model that is configured; nil without a key.
function M.configured()
  return settings.get("DEEPSEEK_API_KEY") and client.new() or nil
end

-- Nobody: every turn is answered by the fixed questions.
function M.none()
  return M.recorded {}
end

return M
