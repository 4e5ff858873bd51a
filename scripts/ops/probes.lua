-- Questions to the outside that change nothing there, for `assistant check --online`: does it answer, and does it take our key? What is
-- found is a list of lines, each with the setting that it is about and, where something is wrong, the remedy. No secret is in them.

local http = require "host.http"
local json = require "host.json"
local plain = require "language.text"
local settings = require "host.settings"

local M = {}

local DEADLINE_MS = 10000

---@class ops.Finding
---@field state "fine"|"wrong"|"note" note: it could not be found out from here
---@field setting string its name, or several with commas
---@field words string one or more sentences: what is so, and the remedy

---@return ops.Finding
function M.fine(setting, words) return { state = "fine", setting = setting, words = words } end

---@return ops.Finding
function M.wrong(setting, words) return { state = "wrong", setting = setting, words = words } end

---@return ops.Finding
function M.note(setting, words) return { state = "note", setting = setting, words = words } end

---One request, at most ten seconds. The address may be a secret, so an error is told by its kind alone.
---@async
---@param request host.http.Request
---@return host.http.Response?
---@return string? why there is no answer, in words
function M.ask(request)
  request.timeout_ms, request.max_bytes = DEADLINE_MS, request.max_bytes or 262144
  local response, err = http.request(request)
  if response then return response end
  local because = { dns = "its name is not known", connect = "no connection was possible", tls = "its certificate is refused",
    timeout = "it did not answer in 10 seconds", refused = "this program does not ask such an address", too_large = "too_large" }
  return nil, because[err.kind] or "the connection broke"
end

---The decoded body; an empty table when it is no object.
---@param response host.http.Response
---@return table
function M.body(response)
  local value = json.decode(response.body, { null_as_nil = true })
  return type(value) == "table" and value or {}
end

local AWAY = " Check the address, and this server's way to the internet."

---A setting whose other side did not answer.
function M.away(setting, whose, why) return M.wrong(setting, whose .. " could not be reached: " .. why .. "." .. AWAY) end

---Does an address answer at all? What it answers to a GET is not judged, unless it says that there is no such page.
---@async
function M.page(setting, whose, is_page)
  local response, why = M.ask { url = settings.get(setting) }
  if why == "too_large" then return M.fine(setting, whose .. " answers.") end
  if not response then return M.away(setting, whose, why) end
  if is_page and (response.status == 404 or response.status == 410) then
    return M.wrong(setting, ("There is no page at this address (HTTP %d). Open it in a browser, copy the right one.")
      :format(response.status))
  end
  if response.status >= 500 then
    return M.wrong(setting, ("%s answers with HTTP %d. Look at the service behind the address."):format(whose, response.status))
  end
  return M.fine(setting, whose .. " answers.")
end

local MODEL = {
  [401] = { "DEEPSEEK_API_KEY", "The model's provider refuses this key. Make a new one there and copy it whole." },
  [403] = { "DEEPSEEK_API_KEY", "The model's provider refuses this key. Make a new one there and copy it whole." },
  [402] = { "DEEPSEEK_API_KEY", "The account of this key has no balance left. Top it up at the provider." },
  [404] = { "DEEPSEEK_URL", "There are no chat completions at this address, or no such model. Check DEEPSEEK_URL and DEEPSEEK_MODEL." },
}

---Asks the model for one token.
---@async
---@return ops.Finding
function M.model()
  local name = settings.get("DEEPSEEK_MODEL")
  local body = { model = name, max_tokens = 1, stream = false, messages = { { role = "user", content = "Answer with json: {}" } },
    thinking = name:find("^deepseek") and { type = "disabled" } or nil }
  local request = { url = plain.trim_end(settings.get("DEEPSEEK_URL"), "[/]") .. "/chat/completions", method = "POST", json = body,
    headers = { Authorization = "Bearer " .. settings.get("DEEPSEEK_API_KEY") } }
  local response, why = M.ask(request)
  if response and response.status == 400 and body.thinking and response.body:find("thinking", 1, true) then
    body.thinking = nil
    response, why = M.ask(request)
  end
  if not response then return M.away("DEEPSEEK_URL", "The model's server", why) end
  local status = response.status
  if MODEL[status] then return M.wrong(table.unpack(MODEL[status])) end
  if status == 429 then return M.fine("DEEPSEEK_API_KEY", "The model's provider takes the key, and is busy now (HTTP 429).") end
  if status == 400 or status == 422 then
    return M.wrong("DEEPSEEK_MODEL", ("The model's server refuses a plain question (HTTP %d). Check that it has a model of this name.")
      :format(status))
  end
  if status < 200 or status > 299 then
    return M.wrong("DEEPSEEK_URL", ("The model's server answers with HTTP %d. Look at its provider's status page."):format(status))
  end
  if type(M.body(response).choices) ~= "table" then
    return M.wrong("DEEPSEEK_URL", "What answers at this address is no OpenAI-compatible server. Check the address.")
  end
  return M.fine("DEEPSEEK_API_KEY, DEEPSEEK_MODEL", "The model answers.")
end

return M
