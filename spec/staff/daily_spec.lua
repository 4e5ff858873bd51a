-- The line of the day, over rows in a database of its own.

local daily = require "staff.daily"
local db = require "host.db"
local owner = require "owner"
local stages = require "records.stages"
local tables = require "spec.support.tables"
local time = require "host.time"
local cases = require "records.cases"

describe("the line of the day", function()
  local now, real = 0, nil

  setup(function()
    tables()
    real = owner.business.hours
    owner.business.hours = { mon = { "08:00", "18:00" }, tue = { "08:00", "18:00" }, wed = { "08:00", "18:00" }, thu = { "08:00", "18:00" }, fri = { "08:00", "18:00" },
      sat = { "08:00", "18:00" } }
  end)
  teardown(function() owner.business.hours = real end)

  local function lead(id)
    db.run("INSERT INTO conversations(id, phone_number) VALUES(?1, ?1) ON CONFLICT DO NOTHING", id)
    return (cases.open({ id = id }, "complete"))
  end

  it("counts leads by what became of them, with the reasons of the lost ones and the median wait, and is nil when nothing happened", function()
    now = time.now_ms()
    assert.is_nil(daily.line(now + 60000, now + 120000, "Today"))
    for i, reason in ipairs { "done", "too far", "too expensive", "too far" } do
      local case = lead("1416555100" .. i)
      stages.add(case, "opened")
      stages.add(case, "taken")
      if i == 1 then
        stages.add(case, "quoted", { cents = 35000 })
        stages.add(case, "accepted", { cents = 35000 })
      end
      stages.add(case, "closed", { reason = reason })
    end
    local line = daily.line(now - 1000, now + 60000, "Today")
    assert.truthy(line:find("4 leads, 4 taken, 1 quoted, 1 accepted, 0 booked, 3 lost (too expensive 1, too far 2)", 1, true), line)
    assert.truthy(line:find("Median wait until taken: 0 min", 1, true), line)
  end)

  it("comes once, after the business hours of the day, and not on a day without hours", function()
    local at = time.zoned(time.now_ms())
    local function posts(hour, day)
      db.run "DELETE FROM jobs"
      daily.tell(time.from_zoned { year = at.year, month = at.month, day = at.day + (day or 0), hour = hour, min = 5 })
      return db.one("SELECT count(*) AS n FROM jobs WHERE kind = 'slack'").n
    end
    local monday, sunday = (8 - at.wday) % 7, (7 - at.wday) % 7
    db.run "DELETE FROM alerts"
    for _, day in ipairs { monday, sunday } do
      db.run("UPDATE stages SET at = ? WHERE kind = 'opened' AND case_id % 2 = ?",
        time.from_zoned { year = at.year, month = at.month, day = at.day + day, hour = 6, min = 0 }, day == monday and 0 or 1)
    end
    assert.equal(0, posts(7, monday))
    assert.equal(0, posts(12, monday))
    assert.equal(0, posts(19, sunday))
    assert.equal(1, posts(18, monday))
    assert.equal(0, posts(19, monday))
  end)

  it("comes in the hour after midnight when the hours of the day end at midnight, and the next day has its own", function()
    local usual = owner.business.hours
    owner.business.hours = { mon = { "18:00", "24:00" }, tue = { "08:00", "18:00" } }
    local at, said = time.zoned(time.now_ms()), nil
    local function told(day, hour)
      db.run "DELETE FROM jobs"
      daily.tell(time.from_zoned { year = at.year, month = at.month, day = at.day + day, hour = hour, min = 5 })
      local rows = db.all("SELECT payload FROM jobs WHERE kind = 'slack'")
      said = rows[1] and rows[1].payload
      return #rows
    end
    db.run "DELETE FROM alerts"
    local tuesday = (9 - at.wday) % 7
    db.run("UPDATE stages SET at = ? WHERE kind = 'opened'",
      time.from_zoned { year = at.year, month = at.month, day = at.day + tuesday - 1, hour = 20, min = 0 })
    assert.equal(0, told(tuesday - 1, 23))
    assert.equal(1, told(tuesday, 0))
    assert.truthy(said:find("Yesterday: ", 1, true), said)
    assert.equal(0, told(tuesday, 0))
    assert.equal(0, told(tuesday, 2))
    db.run("UPDATE stages SET at = at + 86400000 WHERE kind = 'opened'")
    assert.equal(1, told(tuesday, 18))
    assert.truthy(said:find("Today: ", 1, true), said)
    owner.business.hours = usual
  end)
end)
