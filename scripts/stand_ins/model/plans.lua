-- Holds planned answers of the model: for a text that a test names, an answer that takes the place of the fixed questions, or an
-- answer that is held until the test releases it.

local db = require "host.db"
local json = require "host.json"
local task = require "host.task"
local time = require "host.time"
local common = require "stand_ins.common"

local M = {}

local hold_ms = 120000
local look_ms = 5

---POST /sandbox/model/plan {"contains": "couch", …}: for requests whose unanswered messages contain this text, the oldest plan first.
---  answer = {reply_to_user=, extracted_data=, action=} (missing parts are filled in), or content = "raw text" (with finish = "length"),
---  or http = {status=, headers=, body=} (the whole answer), or echo = true (names every word like zq… that is not answered yet),
---  or none of these. Also:
---  hold = true (until /sandbox/model/release), times = n (after n uses the plan is gone; default: always)
M.add = common.control(function(wish)
  if wish.times ~= nil and (math.type(wish.times) ~= "integer" or wish.times < 1) then return common.bad("times is a number from 1") end
  local row = db.one("INSERT INTO sandbox_plans(contains, plan, times, held) VALUES(?, ?, ?, ?) RETURNING id",
    tostring(wish.contains or ""), json.encode { answer = wish.answer, content = wish.content, finish = wish.finish, echo = wish.echo,
      http = wish.http },
    wish.times, wish.hold and 1 or 0)
  return common.ok { id = row.id }
end)

---POST /sandbox/model/release {"id": 3}: releases held answers of one plan, or of all.
M.release = common.control(function(wish)
  return common.ok { released = db.run("UPDATE sandbox_plans SET held = 0 WHERE held = 1 AND id = coalesce(?, id)", wish.id) }
end)

---DELETE /sandbox/model/plan: removes all plans.
function M.forget()
  return common.ok { forgotten = db.run "DELETE FROM sandbox_plans" }
end

---The plan for this text, or nil. Waits while it is held.
---@async
function M.meet(text)
  local row = db.one([[SELECT * FROM sandbox_plans WHERE instr(?, contains) > 0 AND coalesce(times, 1) > 0
    ORDER BY id LIMIT 1]], text)
  if not row then return nil end
  if row.times then db.run("UPDATE sandbox_plans SET times = times - 1 WHERE id = ?", row.id) end
  local until_ms = time.now_ms() + hold_ms
  while row and row.held == 1 and time.now_ms() < until_ms do
    task.sleep(look_ms)
    row = db.one("SELECT * FROM sandbox_plans WHERE id = ?", row.id)
  end
  return row and json.decode(row.plan, { null_as_nil = true })
end

return M
