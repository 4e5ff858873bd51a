local templates = require "stand_ins.meta.templates"

local function template(name, values, language)
  local parameters = {}
  for i, value in ipairs(values) do parameters[i] = { type = "text", text = value } end
  return { name = name, language = { code = language or "en" }, components = { { type = "body", parameters = parameters } } }
end

local function code(value) return (select(2, templates.render(value))) end

describe("templates of the stand-in for Meta", function()
  it("are filled in as the phone shows them", function()
    assert.equal("Your on-site assessment is booked: Tuesday.", templates.render(template("visit_booked", { "Tuesday" })))
    assert.equal("Hello World. Welcome to WhatsApp!", templates.render { name = "hello_world", language = { code = "en_US" } })
  end)

  it("are refused with Meta's own codes", function()
    assert.equal(132001, code(template("no_such", { "x" })))
    assert.equal(132001, code(template("visit_booked", { "x" }, "de")))
    assert.equal(132000, code(template("visit_booked", {})))
    assert.equal(132000, code(template("visit_booked", { "x", "y" })))
    assert.equal(132018, code(template("visit_booked", { "two\nlines" })))
    assert.equal(132012, code { name = "visit_booked", language = { code = "en" }, components = { { type = "body", parameters = { { type = "image" } } } } })
    assert.equal(131008, code {})
    assert.equal(131008, code(nil))
  end)
end)
