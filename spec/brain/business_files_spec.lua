-- What owners can write about visits and places, and the problems that they are told about.

local checks = require "brain.prompt_checks"
local names = require "brain.prompt_names"
local replies = require "flow.replies"

local function problems(shape, value)
  local list = {}
  checks.apply(shape, value, "f.yaml", {}, list)
  return list
end

local function business(booking) return problems(checks.business, { booking = booking }) end

describe("booking in business.yaml", function()
  it("accepts what the shipped file shows, empty values included", function()
    assert.same({}, business { reminder = true, reminder_at = "10:00", templates = { language = "en_US", language_fr = "", booked = "", reminder = "visit_2" } })
    local value = checks.apply(checks.business, { booking = { templates = { booked = "" } } }, "f.yaml", {}, {})
    assert.same({ reminder = true, reminder_at = "10:00", templates = { language = "en" } }, value.booking)
  end)

  it("takes a template's language for each language of the customers", function()
    assert.same({}, business { templates = { language_es = "es_MX", language_pa = "pa", language_pt = "" } })
    assert.truthy(business({ templates = { language_xx = "es" } })[1]:find('"booking.templates.language_xx" is not known', 1, true))
  end)

  it("names a mistake by its place and says what to write", function()
    for value, words in pairs { ["25:00"] = "time of day", ["10"] = "time of day", ["10:60"] = "time of day" } do
      assert.truthy(business { reminder_at = value }[1]:find('f.yaml:1: "booking.reminder_at".*' .. words), value)
    end
    assert.truthy(business({ reminder_at = 10 })[1]:find("time of day", 1, true))
    assert.truthy(business({ reminder = "yes" })[1]:find("true or false", 1, true))
    assert.truthy(business({ templates = { booked = "Visit Booked" } })[1]:find("approved template", 1, true))
    assert.truthy(business({ templates = { language = "English" } })[1]:find("language code", 1, true))
    assert.truthy(business({ remind_at = "10:00" })[1]:find('Did you mean "reminder_at"?', 1, true))
  end)
end)

describe("words about a visit in replies.yaml", function()
  it("must hold the time", function()
    for _, key in ipairs { "booked", "moved", "cancelled", "requested", "rejected", "booking_reminder", "visit" } do
      assert.truthy(problems(checks.replies, { [key] = "See you." })[1]:find("{time}", 1, true), key)
      assert.same({}, problems(checks.replies, { [key] = "See you {time}." }))
    end
  end)

  it("have defaults with the time", function()
    for _, key in ipairs { "booked", "moved", "cancelled", "requested", "rejected", "booking_reminder", "visit" } do
      assert.truthy(replies.get({}, key):find("{time}", 1, true), key)
    end
  end)
end)

describe("answers in business.yaml", function()
  local function answers(list) return problems(checks.business, { answers = list }) end

  it("take words and a text for all languages, or for each", function()
    assert.same({}, answers { { words = { "opening hours", "hours" }, text = "We're open {hours}." },
      { words = { en = { "parking" }, fr = { "stationnement" } }, text = { en = "In front.", fr = "Devant." } } })
    local value = checks.apply(checks.business, { answers = { { words = { "a b" }, text = { en = "x" } } } }, "f.yaml", {}, {})
    assert.same({ { words = { any = { "a b" } }, text = { en = "x" } } }, value.answers)
  end)

  it("refuse what is wrong, with its place and what to do", function()
    for words, list in pairs {
      ["must be a list"] = { words = { "a" }, text = "b" },
      ['"answers[1]" must have `words` and `text`'] = { { words = { "a" } } },
      ['"answers[1].when" is not known'] = { { words = { "x1" }, text = "b", when = "c" } },
      ['"answers[1].words[1]" holds only politeness'] = { { words = { "hello please" }, text = "b" } },
      ['"answers[1].text" holds {price}, which is not filled in here'] = { { words = { "x1" }, text = "It is {price}." } },
      ['"answers[1].words" is empty'] = { { words = {}, text = "b" } },
      ['"answers[1].text.french" must be the code of a language'] = { { words = { "x1" }, text = { french = "b" } } },
      ['"answers[2].words[1]" asks for answers[1] too'] = { { words = { "opening hours" }, text = "b" }, { words = { "what are your opening hours" }, text = "c" } },
      ["is blank"] = { { words = { "x1" }, text = " " } },
    } do
      assert.truthy((answers(list)[1] or ""):find(words, 1, true), words .. ": " .. tostring(answers(list)[1]))
    end
  end)
end)

describe("phrases in replies.yaml", function()
  local function complaint(phrase) return problems(checks.replies, { words = { complaint = { phrase } } })[1] end

  it("can have gaps, choices, brackets, lists and ends", function()
    for _, phrase in ipairs { "you … broke my|our (lovely) {property}", "to cancel.", "= never mind", "re-do it", "no_more calls" } do assert.is_nil(complaint(phrase), phrase) end
    assert.same({}, problems(checks.replies, { words = { complaint_not = { "{thing} … broken" }, change_visit_booked = { "{time} instead" }, visit = { "haul" } } }))
  end)

  it("are refused when nothing of them could be found", function()
    for phrase, words in pairs { ["{vist} late"] = "names the list {vist}", ["(maybe"] = "bracket", ["the a"] = "must hold a word", ["(call)"] = "must hold a word",
      ["= …"] = "must hold a word" } do
      assert.truthy((complaint(phrase) or ""):find(words, 1, true), phrase .. ": " .. tostring(complaint(phrase)))
    end
    assert.truthy(problems(checks.replies, { words = { complaints = { "x" } } })[1]:find('Did you mean "complaint"?', 1, true))
  end)
end)

describe("serves and not_served in business.yaml", function()
  local function both(serves, not_served)
    local list = {}
    checks.places({ serves = serves, not_served = not_served }, "f.yaml", { ["not_served[1]"] = 7 }, list)
    return list[1]
  end

  it("take towns under all their names, and beginnings of postal codes in any case", function()
    assert.same({}, problems(checks.business, { serves = { "L5", "l4t", "M", "sauga", "Fenelon Falls", "St. Catharines" }, not_served = { "scarborough", "M5V 2T6" } }))
  end)

  it("refuse the beginning of no postal code, and an entry without a name", function()
    assert.truthy(problems(checks.business, { serves = { "D5" } })[1]:find('none in Canada begins with "D"', 1, true))
    assert.truthy(problems(checks.business, { not_served = { "?!" } })[1]:find("names no place", 1, true))
  end)

  it("refuse two places in one entry, but not a town with what it lies in", function()
    assert.truthy(problems(checks.business, { serves = { "Toronto, Mississauga" } })[1]:find("holds more than one place (Toronto, Mississauga). Write each on a line", 1, true))
    assert.truthy(problems(checks.business, { serves = { "L5 and M" } })[1]:find("holds more than one place (L5, M)", 1, true))
    assert.same({}, problems(checks.business, { serves = { "Hamilton, ON", "Bolton, Caledon", "Niagara-on-the-Lake", "Toronto (all of it)" } }))
  end)

  it("name the town that is meant where a name has a slip", function()
    local known = { "Oakville", "Hamilton" }
    assert.same({ "Oakville", "Hamilton" }, { names.slip("oakvill", known), names.slip("Hamiltn", known) })
    assert.is_nil(names.slip("Fenelon Falls", known))
    assert.is_nil(names.slip("oakville", known))
  end)

  it("refuse a place that is in both", function()
    assert.equal('f.yaml:7: "not_served[1]" (sauga) is also in serves (Mississauga). Remove one of the two.', both({ "Toronto", "Mississauga" }, { "sauga" }))
    assert.truthy(both({ "l5" }, { "L5" }):find("also in serves (l5)", 1, true))
    assert.is_nil(both({ "Toronto" }, { "Scarborough" }))
    assert.is_nil(both({ "L5" }, { "L5M" }))
  end)
end)

describe("mistakes that are easily made in the owner's files", function()
  local function first(shape, value, words) assert.truthy((problems(shape, value)[1] or "nothing"):find(words, 1, true), problems(shape, value)[1]) end

  it("an answer or a greeting as a word to opt out is refused", function()
    for _, word in ipairs { "yes", "Yes!", "ok", "oui", "stop|yes", "não" } do
      first(checks.replies, { words = { stop = { word } } }, "is no word to opt out")
    end
    assert.same({}, problems(checks.replies, { words = { stop = { "stop", "no more messages" } } }))
  end)

  it("an answer's unknown language, and its missing text, are refused", function()
    first(checks.business, { answers = { { words = { "a b" }, text = { xx = "x" } } } }, "code of a language")
    first(checks.business, { answers = { { words = { en = { "parking" }, fr = { "stationnement" } }, text = { en = "In front." } } } }, "has no fr")
  end)

  it("a list where a text is wanted, and hours that end before they begin, are named as what they are", function()
    first(checks.system, { identity = { "a", "b" }, business_rules = {}, quote_fields_needed = { "address" }, workflow = "x" }, "not a list")
    first(checks.business, { hours = { mon = "18:00-08:00" } }, "ends before it begins")
    first(checks.business, { hours = { mon = "8 to 6" } }, "must look like")
  end)

  it("a key with _fr is told to move only where it is one of the texts", function()
    first(checks.replies, { greeting_fr = "Bonjour" }, "prompts/replies.fr.yaml")
    for _, problem in ipairs { problems(checks.business, { name_fr = "x" })[1], problems(checks.system, { identity_fr = "x" })[5] } do
      assert.falsy(problem:find("replies.fr.yaml", 1, true), problem)
    end
  end)
end)
