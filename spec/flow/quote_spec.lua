local quote = require "flow.quote"

local FIELDS = { "address", "elevator_access", "stairs", "inventory" }
local null = setmetatable({}, { __tostring = function() return "null" end })

describe("quote.known", function()
  it("D19: takes every spelling of \"unknown\" as unknown", function()
    for _, value in ipairs { "", "  ", "unknown", "Unknown", " UNKNOWN. ", "null", "not specified", "Not provided", "not mentioned", "unclear",
      "TBD", "?", "-", "??", "—", "\u{200B}", "(unknown)", "not yet specified", "not_specified", "inconnu" } do
      assert.is_false(quote.known(value), value)
    end
    assert.is_false(quote.known(nil))
    assert.is_false(quote.known(null))
  end)

  it("takes no, none and n/a for answers", function()
    for _, value in ipairs { "no", "None", "n/a", "N/A", "0", "not sure", "unknown brand of couch", "no elevator", "5", "0" } do
      assert.is_true(quote.known(value), value)
    end
  end)
end)

describe("quote.merge", function()
  it("D19: lets a newer known value win and never an unknown one", function()
    local merged, changed = quote.merge({ address = "5 Elm", stairs = "2" }, { address = "unknown", stairs = "3", inventory = "1 couch" }, FIELDS)
    assert.same({ address = "5 Elm", stairs = "3", inventory = "1 couch" }, merged)
    assert.same({ "stairs", "inventory" }, changed)
  end)

  it("T60, T61: words that say that nothing was said replace no value and become none", function()
    local known = { address = "12 Elm St Vaughan" }
    local merged, changed = quote.merge(known, { address = "Not provided in this message", inventory = "no items mentioned" }, FIELDS)
    assert.same(known, merged)
    assert.same({}, changed)
    merged = quote.merge({}, { address = "Not found", elevator_access = "not specified by the customer", stairs = "Unknown (not mentioned)",
      inventory = "N/A - not provided" }, FIELDS)
    assert.same({}, merged)
    assert.is_false(quote.complete(merged, FIELDS))
  end)

  it("T60: a stored value that says nothing, of an older version, is asked for again", function()
    assert.same({ "address" }, quote.missing({ address = "Not provided", elevator_access = "no", stairs = "none", inventory = "n/a" }, FIELDS))
  end)

  it("T62: no and none are answers", function()
    assert.same({ elevator_access = "no", stairs = "none" }, (quote.merge({}, { elevator_access = "no", stairs = "none" }, FIELDS)))
  end)

  it("keeps only the fields of the prompt file, and what was known before", function()
    local merged = quote.merge({ name = "Pat" }, { evil = "x", __proto__ = "y", address = "5 Elm" }, FIELDS)
    assert.same({ name = "Pat", address = "5 Elm" }, merged)
  end)

  it("never changes what staff corrected", function()
    for _, locked in ipairs { { "address" }, { address = true } } do
      local merged, changed = quote.merge({ address = "5 Elm" }, { address = "9 Oak" }, FIELDS, locked)
      assert.equal("5 Elm", merged.address)
      assert.same({}, changed)
    end
  end)

  it("reports no change that is only spelling", function()
    local merged, changed = quote.merge({ inventory = "2 chairs" }, { inventory = "2 Chairs." }, FIELDS)
    assert.equal("2 Chairs.", merged.inventory)
    assert.same({}, changed)
  end)

  it("fails at no proposal", function()
    for _, proposed in ipairs { {}, { address = null }, { address = { {} } }, { address = function() end } } do
      assert.same({ address = "5 Elm" }, (quote.merge({ address = "5 Elm" }, proposed, FIELDS)))
    end
    assert.same({}, (quote.merge(nil, nil, FIELDS)))
  end)

  it("loses no known field, whatever is merged a thousand times", function()
    math.randomseed(7)
    local values = { "unknown", "", "?", "no", "5 Elm", "not specified", 3, true, { "a", "b" }, {}, { {} }, ("x"):rep(600), "two flights" }
    local data, known = {}, {}
    for _ = 1, 1000 do
      local proposed = {}
      for _, field in ipairs(FIELDS) do
        if math.random() < 0.6 then proposed[field] = values[math.random(#values)] end
      end
      local merged, changed = quote.merge(data, proposed, FIELDS)
      for field in pairs(known) do assert.is_true(quote.known(merged[field]), field) end
      for _, field in ipairs(changed) do assert.is_true(quote.known(merged[field])) end
      for field, value in pairs(merged) do
        if quote.known(value) then known[field] = true end
      end
      assert.equal(#FIELDS, #quote.missing(merged, FIELDS) + (function() local n = 0 for _ in pairs(merged) do n = n + 1 end return n end)())
      data = merged
    end
  end)
end)

describe("quote.complete", function()
  it("is decided by the fields alone, in their order", function()
    assert.same({ "elevator_access", "inventory" }, quote.missing({ address = "5 Elm", stairs = "no" }, FIELDS))
    assert.is_false(quote.complete({ address = "5 Elm", stairs = "no", elevator_access = "yes", inventory = "unknown" }, FIELDS))
    assert.is_true(quote.complete({ address = "5 Elm", stairs = "no", elevator_access = "yes", inventory = "n/a" }, FIELDS))
    assert.is_false(quote.complete({}, {}))
  end)
end)

describe("quote.facts", function()
  it("lists what is known in the order of the fields, then the rest by name", function()
    local list = quote.facts({ stairs = "no", address = "5 Elm", zebra = "1", name = "Pat", inventory = "?" }, FIELDS)
    local shown = {}
    for i, fact in ipairs(list) do shown[i] = fact.label .. "=" .. fact.value end
    assert.same({ "Address=5 Elm", "Stairs=no", "Name=Pat", "Zebra=1" }, shown)
    assert.equal("Elevator access", quote.label("elevator_access"))
  end)
end)
