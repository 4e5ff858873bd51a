local time = require "host.time"

local HOUR_MS = 3600000

-- The moments of these years at which TZ's clock jumps, and by how many minutes. None where TZ has no daylight saving.
local function jumps()
  local found, ms = {}, time.parse("2025-01-01T00:00:00Z")
  local before = time.zoned(ms).offset_min
  while ms < time.parse("2027-12-31T00:00:00Z") do
    local after = time.zoned(ms + HOUR_MS).offset_min
    if after ~= before then found[#found + 1] = { ms = ms + HOUR_MS, by_min = after - before } end
    ms, before = ms + HOUR_MS, after
  end
  return found
end

local function each_jump(f)
  local all = jumps()
  if #all == 0 then pending("TZ has no daylight saving here; TZ=America/Toronto has") end
  for _, jump in ipairs(all) do f(jump) end
end

describe("the clocks", function()
  it("give whole milliseconds, and the monotonic one never goes back", function()
    assert.equal("integer", math.type(time.now_ms()))
    assert.is_true(time.now_ms() > time.parse("2025-01-01 00:00:00"))
    local last = time.monotonic_ms()
    for _ = 1, 1000 do
      local now = time.monotonic_ms()
      assert.is_true(now >= last)
      last = now
    end
  end)
end)

describe("time.iso and time.stamp", function()
  it("write UTC", function()
    assert.equal("1970-01-01T00:00:00.000Z", time.iso(0))
    assert.equal("2026-11-22T17:15:57.123Z", time.iso(1795367757123))
    assert.equal("2026-11-22 17:15:57.123", time.stamp(1795367757123))
    assert.equal("1969-12-31 23:59:59.999", time.stamp(-1))
    assert.equal("2024-02-29 00:00:00.000", time.stamp(1709164800000))
    assert.equal("9999-12-31T23:59:59.999Z", time.iso(253402300799999))
  end)

  it("throw at what is no moment of the years 0 to 9999", function()
    for _, ms in ipairs { 253402300800000, -62167219200001, math.maxinteger, math.mininteger, 1.5, "x", {} } do
      assert.has_error(function() time.iso(ms) end)
      assert.has_error(function() time.stamp(ms) end)
    end
  end)
end)

describe("time.parse", function()
  it("reads back what they write, on every day of 400 years", function()
    local day_ms = 24 * HOUR_MS
    for ms = time.parse("1900-01-01 00:00:00"), time.parse("2300-01-01 00:00:00"), day_ms * 3 + 12345 do
      assert.equal(ms, time.parse(time.iso(ms)))
      assert.equal(ms, time.parse(time.stamp(ms)))
    end
  end)

  it("takes a fraction of any length up to nine, and offsets", function()
    local ms = time.parse("2026-11-22T17:15:57Z")
    assert.equal(ms + 500, time.parse("2026-11-22T17:15:57.5Z"))
    assert.equal(ms + 123, time.parse("2026-11-22T17:15:57.123999999Z"))
    assert.equal(ms, time.parse("2026-11-22T12:15:57-05:00"))
    assert.equal(ms, time.parse("2026-11-22T22:45:57+0530"))
    assert.equal(ms, time.parse("2026-11-22 17:15:57"))
  end)

  it("gives nil for everything else", function()
    for _, text in ipairs { "", "2026-11-22", "2026-11-22T17:15Z", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
      "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00z", "2026-01-01T00:00:00Zx",
      "2026-01-01T00:00:00+5", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+05:60", "2026-1-01T00:00:00Z", " 2026-01-01T00:00:00Z",
      "2026-01-01x00:00:00Z", "2026-01-01T00:00:00\0", "+026-01-01T00:00:00Z", "1749416383" } do
      assert.is_nil(time.parse(text), text)
    end
    assert.has_error(function() time.parse(nil) end)
  end)
end)

describe("TZ's clock", function()
  it("shows the same moment", function()
    local ms = time.parse("2026-11-22T17:15:57.123Z")
    local shown = time.zoned(ms)
    assert.equal(0, (shown.wday - 7 - (shown.day - 22)) % 7) -- the 22nd is a Sunday
    assert.is_string(shown.zone)
    assert.equal(57, shown.sec)
    local as_utc = ("%04d-%02d-%02d %02d:%02d:%02d"):format(shown.year, shown.month, shown.day, shown.hour, shown.min, shown.sec)
    assert.equal(ms - 123, time.parse(as_utc) - shown.offset_min * 60000)
  end)

  it("is read back, every hour of three years but the repeated ones", function()
    local repeated = {}
    for _, jump in ipairs(jumps()) do
      if jump.by_min < 0 then repeated[jump.ms] = true end
    end
    for ms = time.parse("2025-01-01T00:00:00Z"), time.parse("2027-12-31T00:00:00Z"), HOUR_MS do
      if not repeated[ms] then assert.equal(ms, time.from_zoned(time.zoned(ms))) end
    end
  end)

  it("A29: gives the first of a repeated hour", function()
    each_jump(function(jump)
      if jump.by_min < 0 then
        local second = time.zoned(jump.ms)
        local first = time.from_zoned(second)
        assert.equal(jump.ms + jump.by_min * 60000, first)
        assert.equal(second.hour, time.zoned(first).hour)
      end
    end)
  end)

  it("A29: gives the hour after for a missing one", function()
    each_jump(function(jump)
      if jump.by_min > 0 then
        local parts = time.zoned(jump.ms - 60000) -- the last minute before the gap
        parts.min = parts.min + 31
        assert.equal(jump.ms + 30 * 60000, time.from_zoned(parts))
      end
    end)
  end)

  it("counts on where parts are out of range, and takes midnight where they are missing", function()
    local new_year = time.from_zoned { year = 2027, month = 1, day = 1 }
    assert.equal(new_year, time.from_zoned { year = 2026, month = 12, day = 32, hour = 0 })
    assert.equal(new_year, time.from_zoned { year = 2026, month = 13, day = 1 })
    assert.equal(new_year, time.from_zoned { year = 2027, month = 1, day = 2, hour = -24 })
    assert.equal(0, time.zoned(new_year).hour)
  end)

  it("throws where a part is no whole number or out of bounds", function()
    for _, parts in ipairs { {}, { year = 2026 }, { year = 2026, month = 1 }, { year = 2026, month = 1, day = "x" },
      { year = 2026, month = 1, day = 1.5 }, { year = math.maxinteger, month = 1, day = 1 }, { year = 10000, month = 1, day = 1 },
      { year = 2026, month = 1, day = 1, hour = math.mininteger } } do
      assert.has_error(function() time.from_zoned(parts) end)
    end
    assert.has_error(function() time.from_zoned("2026") end)
    assert.has_error(function() time.zoned(math.maxinteger) end)
  end)
end)
