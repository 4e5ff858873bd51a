-- Helpers that the stand-ins share: addresses, numbers that never repeat, short answers.

local db = require "host.db"
local files = require "host.files"
local http = require "host.http"
local json = require "host.json"
local plain = require "language.text"
local settings = require "host.settings"
local time = require "host.time"
local url = require "host.url"

local M = {}

---A setting; nil when it is not declared or not set. Of a list (two secrets while one is rotated) the first value.
function M.setting(name)
  local declared, value = pcall(settings.get, name)
  if not declared then return nil end
  return type(value) == "table" and value[1] or value
end

---The URL under which this process reaches itself.
function M.here()
  local listen = M.setting("LISTEN") or "127.0.0.1:8080"
  listen = listen:gsub("^0%.0%.0%.0:", "127.0.0.1:"):gsub("^%[::%]:", "[::1]:")
  return "http://" .. listen
end

---The assistant that is tested: this process, or the one that SANDBOX_TARGET names.
function M.target()
  local target = M.setting("SANDBOX_TARGET")
  return target and plain.trim_end(target, "[/]") or M.here()
end

---The next number of a name. A reset does not set it back, so an id is never used twice.
function M.next(name)
  local row = db.one([[INSERT INTO sandbox_counters(name, value) VALUES(?, 1)
    ON CONFLICT(name) DO UPDATE SET value = sandbox_counters.value + 1 RETURNING value]], name)
  return row.value
end

function M.ok(value) return { status = 200, json = value } end

---The answer to a wrong request to the control API, with the reason.
function M.bad(message) return { status = 400, json = { error = message } } end

---A handler of the control API, which gets the request's JSON object.
---@param fn fun(wish: table): host.Response
---@return host.Handler
function M.control(fn)
  return function(request)
    local wish, problem = json.decode(request.body ~= "" and request.body or "{}", { null_as_nil = true })
    if type(wish) == "table" and not (json.is_array(wish) and #wish > 0) then return fn(wish) end
    return M.bad("the body must be a JSON object" .. (problem and ": " .. problem or ""))
  end
end

---A page of HTML, read from this file.
function M.page(path)
  local text, problem = files.read(path)
  if not text then return { status = 500, json = { error = problem } } end
  return {
    status = 200, body = text,
    headers = { ["Content-Type"] = "text/html; charset=utf-8", ["Cache-Control"] = "no-store", ["X-Frame-Options"] = "DENY" },
  }
end

---Posts a webhook to the assistant, and remembers for /sandbox/state how it answered.
---@async
---@param request {path: string, body: string, headers: table<string, string>, timeout_ms: integer, once?: boolean}
---@return host.http.Response? answer
---@return string? why the assistant did not accept it; nil: it answered 200
function M.post(request)
  local path = request.path
  local answer, problem = http.request { method = "POST", url = M.target() .. path, headers = request.headers, body = request.body,
    timeout_ms = request.timeout_ms, once = request.once }
  local why = problem and tostring(problem)
  db.run("INSERT INTO sandbox_webhooks(path, status, ms, at, error) VALUES(?, ?, ?, ?, ?)",
    path, answer and answer.status or 0, answer and answer.ms or 0, time.now_ms(), why)
  db.run("DELETE FROM sandbox_webhooks WHERE id <= (SELECT max(id) FROM sandbox_webhooks) - 100")
  return answer, why or answer.status ~= 200 and "status " .. answer.status or nil
end

---table → application/x-www-form-urlencoded. Names are in order, so that equal tables give equal bytes to sign.
function M.form_encode(fields)
  local parts = {}
  for _, name in ipairs(plain.sorted_names(fields)) do parts[#parts + 1] = url.encode(name) .. "=" .. url.encode(tostring(fields[name])) end
  return table.concat(parts, "&")
end

---Does the request carry this bearer token? When no token is configured, any token passes, but there must be one.
function M.bearer(request, token)
  local given = (request.headers.authorization or ""):match("^[Bb]earer%s+(%S+)$")
  return given ~= nil and (not token or token == given)
end

return M
