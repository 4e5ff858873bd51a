-- The stand-in for a server with OpenAI's /audio/transcriptions. It cannot listen: a voice note of the stand-in customer holds its words
-- at its end, and it reads them there. In any other file it hears nothing.

local common = require "stand_ins.common"
local faults = require "stand_ins.faults"
local json = require "host.json"
local multipart = require "stand_ins.meta.multipart"
local task = require "host.task"

local M = {}

local WORDS = "\0WORDS\0"
local MOST_BYTES = 25 * 1024 * 1024
local TYPES = { flac = true, mp3 = true, mp4 = true, mpeg = true, mpga = true, m4a = true, ogg = true, wav = true, webm = true }

---What is put at the end of a voice note in which these words are said.
---@param words string
---@return string
function M.mark(words) return WORDS .. words end

local function refuse(status, message, code)
  return { status = status, json = { error = { message = message, type = "invalid_request_error", param = json.null, code = code } } }
end

local REFUSALS = {
  ["401"] = function() return refuse(401, "Incorrect API key provided.", "invalid_api_key") end,
  ["429"] = function()
    local answer = refuse(429, "Rate limit reached.", "rate_limit_exceeded")
    answer.headers = { ["Retry-After"] = "1" }
    return answer
  end,
  ["500"] = function() return refuse(500, "The server had an error.", "server_error") end,
  ["413"] = function() return refuse(413, "Maximum content size limit exceeded.", "content_too_large") end,
  ["400"] = function() return refuse(400, "Audio file might be corrupted or unsupported.", "invalid_value") end,
  nonsense = function() return { status = 200, headers = { ["Content-Type"] = "text/html" }, body = "<html>Welcome</html>" } end,
  large = function() return common.ok { text = ("words "):rep(1747627) } end,
  empty = function() return common.ok { text = "" } end,
  http = faults.page,
}

-- What is wrong with the request, as the server would say it.
local function problem(request, parts, why)
  if not common.bearer(request, common.setting("TRANSCRIBE_API_KEY")) then return REFUSALS["401"]() end
  if not parts then return refuse(400, "We could not parse the body of your request: " .. why) end
  local file = parts.file
  if not (file and file.filename) then return refuse(400, "The parameter file is required.", "missing_required_parameter") end
  if not TYPES[(file.filename:match("%.(%w+)$") or ""):lower()] then return refuse(400, "Unrecognized file format.") end
  if not (file.type or ""):find("^audio/") then return refuse(400, "The file must name its type, audio/….") end
  if #file.bytes == 0 then return refuse(400, "Audio file is too short. Minimum audio length is 0.1 seconds.", "audio_too_short") end
  if #file.bytes > MOST_BYTES then return REFUSALS["413"]() end
  if not parts.model or parts.model.bytes == "" then return refuse(400, "you must provide a model parameter") end
  if parts.response_format and parts.response_format.bytes ~= "json" then return refuse(400, "This stand-in writes json only.") end
end

---POST /sandbox/transcribe/audio/transcriptions
---@async
function M.hear(request)
  local parts, why = multipart.read(request.headers["content-type"] or "", request.body)
  local refusal = problem(request, parts, why)
  if refusal then return refusal end
  local bytes = parts.file.bytes
  local fault = faults.meet("transcribe", bytes)
  if fault and fault.kind == "slow" then task.sleep(fault.delay_ms or 25000) end
  if fault and REFUSALS[fault.kind] then return REFUSALS[fault.kind](fault) end
  local at = select(2, bytes:find(WORDS, 1, true))
  return common.ok { text = at and bytes:sub(at + 1) or "", usage = { type = "duration", seconds = 1 } }
end

return M
