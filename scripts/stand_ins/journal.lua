-- Records the requests to the upstreams in order, so that a test can see what left the assistant, and when.

local db = require "host.db"
local json = require "host.json"
local plain = require "language.text"
local time = require "host.time"
local common = require "stand_ins.common"

local M = {}

local kept = 20000

-- What is kept of a body. A file is not: its size says enough.
local function text_of(request)
  if request.body == "" then return request.method end
  local kind = request.headers["content-type"] or ""
  local file = kind:find("multipart/", 1, true) or kind:find("octet-stream", 1, true) or not utf8.len(request.body)
  if not file then return request.body end
  return json.encode { file_bytes = #request.body, type = kind:match("^[^;]*") }
end

-- With which words an upstream refused; nil: it did not.
local function refusal_of(answer)
  local body = type(answer.json) == "table" and answer.json
  if body and body.ok == false then return tostring(body.error) end
  if answer.status < 400 then return nil end
  local text = type(answer.body) == "string" and plain.shown(answer.body, 80, true) or ""
  return answer.status .. (text ~= "" and " " .. text or "")
end

---Wraps a handler of an upstream, so that request, answer and times are recorded. A request without a body is kept as its method.
---@param upstream "model"|"graph"|"slack"|"transcribe"
function M.watch(upstream, handler)
  return function(request)
    local row = db.one("INSERT INTO sandbox_requests(upstream, path, body, at) VALUES(?, ?, ?, ?) RETURNING id",
      upstream, request.path, text_of(request), time.now_ms())
    if row.id % 1000 == 0 then db.run("DELETE FROM sandbox_requests WHERE id <= ?", row.id - kept) end
    local answer = handler(request)
    db.run("UPDATE sandbox_requests SET status = ?, ended_at = ?, refusal = ? WHERE id = ?", answer.status, time.now_ms(),
      refusal_of(answer), row.id)
    return answer
  end
end

-- What is so already is no refusal that anybody must see.
local quiet = { already_reacted = true, no_reaction = true }

---What Slack refused last, for the page; nil: nothing.
---@return {id: integer, what: string, words: string}?
function M.refused()
  local row = db.one([[SELECT id, path, refusal FROM sandbox_requests WHERE upstream = 'slack' AND refusal IS NOT NULL
    ORDER BY id DESC LIMIT 1]])
  if not row or quiet[row.refusal] then return nil end
  return { id = row.id, what = row.path:match("/slack/api/(.*)$") or row.path:match("/slack/(%a+)"), words = row.refusal }
end

---GET /sandbox/requests?upstream=model&contains=couch&after=17: the requests, oldest first; `after` is an id.
function M.list(request)
  local query, list = request.query, json.array()
  local rows = db.all([[SELECT * FROM sandbox_requests WHERE upstream = coalesce(?, upstream) AND id > ? AND instr(body, ?) > 0
    ORDER BY id LIMIT 5000]], query.upstream, tonumber(query.after) or 0, query.contains or "")
  for _, row in ipairs(rows) do
    list[#list + 1] = {
      id = row.id, upstream = row.upstream, path = row.path, at = row.at, ended_at = row.ended_at, status = row.status,
      body = json.decode(row.body) or row.body,
    }
  end
  return common.ok { requests = list }
end

return M
