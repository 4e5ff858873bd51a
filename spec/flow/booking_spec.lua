local booking = require "flow.booking"
local time = require "host.time"

describe("booking.fill", function()
  it("fills a fixed text, and leaves what it does not know", function()
    assert.equal("from B to A {x} 100%", booking.fill("from {old} to {time} {x} 100%", "A", "B"))
    assert.equal("at %1 {old}", booking.fill("at {time} {old}", "%1"))
  end)
end)

describe("booking.day_before", function()
  -- The clock of this run is TZ's; the moment is right on both sides of a change of clocks because it is asked for by its parts.
  local function before(start, clock)
    return time.zoned(time.from_zoned(booking.day_before(time.zoned(start), clock)))
  end

  local function check(year, month, day, hour, min, want)
    local at = before(time.from_zoned { year = year, month = month, day = day, hour = hour, min = min }, "10:00")
    assert.equal(want, ("%04d-%02d-%02d %02d:%02d"):format(at.year, at.month, at.day, at.hour, at.min))
  end

  it("is the day before at the owner's hour, over months, years, leap days and changes of clocks", function()
    check(2026, 11, 24, 14, 30, "2026-11-23 10:00")
    check(2026, 12, 1, 9, 0, "2026-11-30 10:00")
    check(2027, 1, 1, 9, 0, "2026-12-31 10:00")
    check(2028, 3, 1, 9, 0, "2028-02-29 10:00")
    check(2026, 11, 2, 0, 30, "2026-11-01 10:00") -- the clocks go back on November 1
    check(2027, 3, 15, 23, 30, "2027-03-14 10:00") -- and forward on March 14
  end)
end)

describe("booking.judge", function()
  local function row(state, event_at, start_at) return { state = state, event_at = event_at, start_at = start_at or 100 } end
  local function event(kind, made_at, start_at) return { kind = kind, made_at = made_at, start_at = start_at or 100 } end

  it("applies the first event about a booking, whatever it is", function()
    for _, kind in ipairs { "booked", "moved", "cancelled", "requested", "rejected" } do assert.equal("apply", booking.judge(nil, event(kind, 5))) end
  end)

  it("applies a replayed event once", function()
    assert.equal("known", booking.judge(row("booked", 5), event("booked", 5)))
    assert.equal("known", booking.judge(row("booked", 5), event("booked", 6)))
    assert.equal("known", booking.judge(row("cancelled", 5), event("cancelled", 5)))
    assert.equal("known", booking.judge(row("cancelled", 5), { kind = "cancelled", made_at = 6 }))
  end)

  it("lets no old event bring back a visit that is over", function()
    for _, state in ipairs { "cancelled", "rejected", "moved" } do
      assert.equal("late", booking.judge(row(state, 9), event("booked", 5)), state)
      assert.equal("late", booking.judge(row(state, 9), event("booked", 9)), state .. ", made in the same moment")
      assert.equal("late", booking.judge(row(state, 9), event("booked", nil)), state .. ", not saying when")
    end
    assert.equal("late", booking.judge(row("moved", 5), event("cancelled", 9)))
    assert.equal("late", booking.judge(row("booked", 9), event("requested", 5)))
    assert.equal("late", booking.judge(row("booked", 9), event("requested", nil)))
  end)

  it("follows the newest event", function()
    assert.equal("apply", booking.judge(row("requested", 5), event("booked", 6)))
    assert.equal("apply", booking.judge(row("requested", 5), event("rejected", 6)))
    assert.equal("apply", booking.judge(row("booked", 5), event("cancelled", 6)))
    assert.equal("apply", booking.judge(row("booked", 5), event("cancelled", 5)))
    assert.equal("apply", booking.judge(row("booked", 5), event("moved", 6, 200)))
    assert.equal("late", booking.judge(row("booked", 6, 200), event("booked", 5, 100)))
    assert.equal("apply", booking.judge(row("booked", 5), event("cancelled", nil)))
  end)

  it("lets an event end an id whatever its time is, because the page uses no id twice", function()
    for _, kind in ipairs { "cancelled", "rejected" } do
      assert.equal("apply", booking.judge(row("booked", 9), { kind = kind, uid = "u", made_at = 5, start_at = 100 }), kind)
      assert.equal("late", booking.judge(row("booked", 9), { kind = kind, made_at = 5, start_at = 100 }), kind .. " without an id")
      assert.equal("known", booking.judge(row(kind, 9), { kind = kind, uid = "u", made_at = 9, start_at = 100 }), kind)
    end
  end)
end)
