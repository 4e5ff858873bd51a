local earlier = require "language.earlier"

it("language/earlier: a number within another number is no word of it: both stay", function()
  for _, case in ipairs { { "inventory", "12 chairs", "2 chairs" }, { "address", "112 Elm St", "12 Elm St" } } do
    local field, known, said = table.unpack(case)
    local read = { data = { [field] = said } }
    earlier.keep({ [field] = known }, read, { field })
    local both = read.data[field] or ""
    assert.truthy(both:find(known, 1, true) == 1 and both:find(said, #known, true), both)
  end
  local read = { data = { inventory = "chairs" } }
  earlier.keep({ inventory = "12 chairs" }, read, { "inventory" })
  assert.is_nil(read.data.inventory, "nothing new was said")
end)
