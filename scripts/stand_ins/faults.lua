-- Faults that are switched on on purpose. One rule per upstream: always, the next N times, or each Nth request; for all requests or
-- only for those that contain a text.

local db = require "host.db"
local common = require "stand_ins.common"
local text = require "language.text"

local M = {}

---The faults of each upstream, with what they do.
M.kinds = {
  model = {
    slow = "answers after 8 s (delay_ms)", hang = "answers after 60 s", ["429"] = "rate limit with Retry-After: 1",
    ["500"] = "server error", ["503"] = "overloaded", ["401"] = "wrong key", ["402"] = "no balance", blank = "only spaces",
    fenced = "a code fence around the JSON", prose = "a sentence around the JSON", truncated = "cut short, finish_reason length",
    injected = "obeys a stranger: a link, a mention, the prompt", price = "names a price", action = "an action that does not exist",
  },
  graph = {
    slow = "answers after 3 s (delay_ms)", lost = "takes the message and never answers", silent = "takes the message, no statuses",
    vanished = "never answers, no statuses", html = "takes the message, answers 200 with HTML",
    empty = "takes the message, answers 200 with {}", code = "refuses with the error code that is given (code)",
    held = "takes it, looks at it for 5 s (delay_ms) before it is sent",
    failed = "takes it, then fails by status with the code that is given (code)",
    ["429"] = "rate limit, code 130429", pair = "pair rate, code 131056", ["500"] = "code 131000", ["503"] = "code 131016",
    expired = "the token has expired, code 190", window = "fails by status: 131047, window closed",
    undeliverable = "fails by status: 131026",
  },
  read = { slow = "answers after 3 s (delay_ms)", ["429"] = "rate limit, code 130429", ["500"] = "code 131000",
    code = "refuses with the error code that is given (code)",
    expired = "the token has expired, code 190" },
  upload = { slow = "answers after 3 s (delay_ms)", ["429"] = "rate limit, code 130429", ["500"] = "code 131000",
    code = "refuses with the error code that is given (code)", expired = "the token has expired, code 190" },
  media = { slow = "answers after 3 s (delay_ms)", gone = "no such file, code 100/33", stale = "the address has expired already",
    elsewhere = "the address names another host", ["429"] = "rate limit, code 130429", ["500"] = "code 131000",
    code = "refuses with the error code that is given (code)", expired = "the token has expired, code 190" },
  bytes = { slow = "answers after 3 s (delay_ms)", cut = "the first half of the file", other = "other bytes", redirect = "sends elsewhere",
    ["429"] = "rate limit, code 130429", ["500"] = "code 131000", expired = "the token has expired, code 190" },
  transcribe = { slow = "answers after 25 s (delay_ms)", ["401"] = "wrong key", ["429"] = "rate limit with Retry-After: 1",
    ["500"] = "server error", ["413"] = "the file is too large", ["400"] = "refuses the file", empty = "hears nothing",
    nonsense = "answers 200 with a page of HTML", large = "answers with 10 MB of words" },
  block = { ["429"] = "rate limit, code 130429", ["500"] = "code 131000", code = "refuses with the error code that is given (code)" },
  slack = {
    slow = "answers after 3 s (delay_ms)", lost = "takes it and never answers", html = "takes it, answers 200 with HTML",
    down = "answers 503 to everything", error = "refuses with the name that is given (error), like token_revoked",
    ["429"] = "rate limit with Retry-After: 1 (retry_after)", ["500"] = "rollup_error",
    ["404"] = "no_service", ["403"] = "action_prohibited", ["410"] = "channel_is_archived", ["400"] = "invalid_blocks",
  },
}

for _, kinds in pairs(M.kinds) do kinds.http = "answers with this HTTP status (code) and a page of HTML" end

---The answer of the fault `http`.
function M.page(fault)
  return { status = fault.code, headers = { ["Content-Type"] = "text/html" }, body = "<html><h1>zqpagezq</h1></html>" }
end

---The fault for this request to an upstream, or nil. Counts the request.
---@return {kind: string, delay_ms: integer?, code: integer?, status: integer?, retry_after: string?, minutes: integer?,
---  error: string?}?
function M.meet(upstream, body)
  local rule = db.one("SELECT * FROM sandbox_faults WHERE upstream = ?", upstream)
  if not rule or rule.contains and not body:find(rule.contains, 1, true) then return nil end
  local seen = rule.seen + 1
  if seen % rule.every ~= 0 then
    db.run("UPDATE sandbox_faults SET seen = ? WHERE upstream = ?", seen, upstream)
    return nil
  end
  if rule.times and rule.times <= 1 then
    db.run("DELETE FROM sandbox_faults WHERE upstream = ?", upstream)
  else
    db.run("UPDATE sandbox_faults SET seen = ?, times = times - 1 WHERE upstream = ?", seen, upstream)
  end
  return rule
end

---All faults that are on: {model = {kind=, times=, every=}, …}
function M.current()
  local out = {}
  for _, rule in ipairs(db.all("SELECT * FROM sandbox_faults")) do
    out[rule.upstream] = { kind = rule.kind, times = rule.times, every = rule.every, delay_ms = rule.delay_ms, code = rule.code,
      contains = rule.contains, error = rule.error, status = rule.status, retry_after = rule.retry_after, minutes = rule.minutes }
  end
  return out
end

local function whole(value, least) return value == nil or math.type(value) == "integer" and value >= least end

local function switch(upstream, wish)
  local kinds = M.kinds[upstream]
  if not kinds then
    return "no upstream '" .. tostring(upstream) .. "'. There are " .. table.concat(text.sorted_names(M.kinds), ", ") .. "."
  end
  if type(wish) ~= "table" then wish = { kind = wish } end
  local kind = wish.kind ~= nil and tostring(wish.kind) or "off"
  if kind == "off" or kind == "" then
    db.run("DELETE FROM sandbox_faults WHERE upstream = ?", upstream)
    return nil
  end
  if not kinds[kind] then
    return ("%s cannot '%s': it can %s, or off"):format(upstream, kind, table.concat(text.sorted_names(kinds), ", "))
  end
  if (kind == "code" or kind == "failed" or kind == "http") and math.type(wish.code) ~= "integer" then
    return kind .. " needs a code, a whole number"
  end
  if kind == "error" and (type(wish.error) ~= "string" or wish.error == "") then return "error needs an error, a name" end
  if not (whole(wish.times, 1) and whole(wish.every, 1) and whole(wish.delay_ms, 0)) then
    return "times and every are whole numbers from 1, delay_ms from 0"
  end
  if wish.contains ~= nil and type(wish.contains) ~= "string" then return "contains is a text" end
  if not whole(wish.status, 100) or not whole(wish.minutes, 0) then return "status is an HTTP status, minutes a whole number" end
  local retry_after = wish.retry_after ~= nil and tostring(wish.retry_after) or nil
  db.run("DELETE FROM sandbox_faults WHERE upstream = ?", upstream)
  db.run([[INSERT INTO sandbox_faults(upstream, kind, times, every, seen, delay_ms, code, contains, status, retry_after,
    minutes, error) VALUES(?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)]],
    upstream, kind, wish.times, wish.every or 1, wish.delay_ms, wish.code, wish.contains, wish.status, retry_after, wish.minutes,
    wish.error)
  return nil
end

---POST /sandbox/faults {"model": "slow"} or {"model": {"kind": "429", "times": 2}}; "off" switches the fault off.
M.set = common.control(function(wishes)
  for upstream, wish in pairs(wishes) do
    local problem = switch(upstream, wish)
    if problem then return common.bad(problem) end
  end
  return common.ok({ faults = M.current() })
end)

---GET /sandbox/faults
function M.list() return common.ok({ faults = M.current(), kinds = M.kinds }) end

return M
