local meta = require "stand_ins.meta.hooks"

describe("the stand-in for Meta", function()
  it("escapes every code point above U+007F as Meta does, in pairs beyond the basic plane", function()
    assert.equal([["caf\u00e9 \ud83d\udecb \u20ac"]], meta.encode("café 🛋 €"))
  end)

  it("escapes slashes and leaves plain ASCII alone", function()
    assert.equal([["12\/14 Main St, unit #3"]], meta.encode("12/14 Main St, unit #3"))
  end)

  it("wraps what happened in the envelope that the platform posts", function()
    local body = meta.envelope { statuses = { { id = "wamid.x", status = "sent" } } }
    assert.truthy(body:find('"object":"whatsapp_business_account"', 1, true))
    assert.truthy(body:find('"messaging_product":"whatsapp"', 1, true))
    assert.truthy(body:find('"phone_number_id":"' .. meta.phone_number_id() .. '"', 1, true))
  end)
end)
