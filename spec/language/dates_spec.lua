local dates = require "language.dates"

describe("dates.when", function()
  local function at(month, day, hour, min, wday) return { month = month, day = day, hour = hour, min = min, wday = wday } end

  it("says a time as people do", function()
    assert.equal("Tuesday, November 24 at 2:30 PM", dates.when(at(11, 24, 14, 30, 2)))
    assert.equal("Sunday, January 1 at 12:00 AM", dates.when(at(1, 1, 0, 0, 7)))
    assert.equal("Monday, July 6 at 12:05 PM", dates.when(at(7, 6, 12, 5, 1)))
    assert.equal("Friday, May 1 at 9:00 AM", dates.when(at(5, 1, 9, 0, 5)))
  end)

  it("says it in French", function()
    assert.equal("mardi 24 novembre à 14 h 30", dates.when(at(11, 24, 14, 30, 2), "fr"))
    assert.equal("vendredi 1er mai à 9 h", dates.when(at(5, 1, 9, 0, 5), "fr"))
    assert.equal("samedi 8 août à 9 h 05", dates.when(at(8, 8, 9, 5, 6), "fr"))
  end)

  it("says it in Spanish, Portuguese and Punjabi, and in figures in any other language", function()
    assert.equal("martes 24 de noviembre a las 14:30", dates.when(at(11, 24, 14, 30, 2), "es"))
    assert.equal("viernes 1 de mayo a la 1:05", dates.when(at(5, 1, 1, 5, 5), "es"))
    assert.equal("terça-feira, 24 de novembro, às 14h30", dates.when(at(11, 24, 14, 30, 2), "pt"))
    assert.equal("sábado, 8 de agosto, às 9h", dates.when(at(8, 8, 9, 0, 6), "pt"))
    assert.equal("ਮੰਗਲਵਾਰ, 24 ਨਵੰਬਰ, ਦੁਪਹਿਰ 2:30 ਵਜੇ", dates.when(at(11, 24, 14, 30, 2), "pa"))
    assert.equal("ਸ਼ੁੱਕਰਵਾਰ, 1 ਮਈ, ਸਵੇਰੇ 9:00 ਵਜੇ", dates.when(at(5, 1, 9, 0, 5), "pa"))
    local said = at(1, 2, 9, 5, 6)
    said.year = 2027
    assert.equal("2027-01-02, 09:05", dates.when(said, "ur"))
  end)
end)

describe("dates.hours", function()
  it("joins days with the same hours, in the customer's language", function()
    local week = { sat = { "09:00", "13:00" }, sun = {} }
    for _, day in ipairs { "mon", "tue", "wed", "thu", "fri" } do week[day] = { "08:00", "18:00" } end
    assert.equal("Monday to Friday 08:00-18:00, Saturday 09:00-13:00, Sunday closed", dates.hours(week))
    assert.equal("lundi – vendredi 08:00-18:00, samedi 09:00-13:00, dimanche fermé", dates.hours(week, "fr"))
    assert.equal("lunes – viernes 08:00-18:00, sábado 09:00-13:00, domingo cerrado", dates.hours(week, "es"))
    assert.equal(dates.hours(week), dates.hours(week, "xx"))
  end)
end)
