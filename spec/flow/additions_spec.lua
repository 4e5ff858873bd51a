local additions = require "flow.additions"
local time = require "host.time"

local HOURS = { mon = { "08:00", "18:00" }, tue = { "08:00", "18:00" }, wed = { "08:00", "18:00" }, thu = {}, fri = {}, sat = {}, sun = {} }

-- Tuesday, 24 November 2026, on the clock of TZ.
local function at(hour, day) return time.from_zoned { year = 2026, month = 11, day = day or 24, hour = hour, min = 0 } end

describe("flow/additions", function()
  it("puts the first words before the reply, in the same message, when there are any", function()
    assert.equal("An assistant answers.\n\nAny stairs?", additions.first("Any stairs?", "An assistant answers."))
    for _, none in ipairs { "", false } do assert.equal("Any stairs?", additions.first("Any stairs?", none or nil)) end
  end)

  it("adds the words for outside business hours once a night", function()
    local function due(now, last_at, words) return additions.after_hours_due(words or "We are closed.", HOURS, last_at, now, time) end
    assert.is_true(due(at(19)))
    assert.is_false(due(at(12)))
    assert.is_false(due(at(7, 25), at(19)), "the same night")
    assert.is_true(due(at(19, 25), at(19)), "the next night")
    assert.is_true(due(at(3, 25), at(17)), "told before the hours ended")
    assert.is_false(due(at(12, 29), at(19, 26)), "the same closed days")
    assert.is_false(due(at(19), nil, ""))
    assert.is_false(additions.after_hours_due("We are closed.", {}, nil, at(3), time), "always open")
  end)
end)
