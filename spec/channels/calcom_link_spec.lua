local link = require "channels.booking_link"

local URL = "https://bookings.clearoutspaces.ca/clearoutspaces/assessment"

describe("the booking link", function()
  it("fills in the name and an opaque mark, for Cal.com alone", function()
    assert.equal(URL .. "?name=Ann%20Smith&metadata%5Bconv%5D=abc", link.fill { url = URL, name = "Ann Smith", token = "abc" })
    assert.equal("https://cal.com/x?metadata%5Bconv%5D=abc", link.fill { url = "https://cal.com/x", token = "abc" })
    assert.equal("https://calendly.com/x", link.fill { url = "https://calendly.com/x", name = "Ann", token = "abc" })
    assert.equal("https://notcal.com/x", link.fill { url = "https://notcal.com/x", name = "Ann", token = "abc" })
    assert.equal("https://book.example/x?metadata%5Bconv%5D=abc", link.fill { url = "https://book.example/x", token = "abc", calcom = true })
  end)

  it("adds nothing to another company's page, also beside a Cal.com", function()
    for _, url in ipairs { "https://calendly.com/clearout/visit", "https://calendar.google.com/x", "https://clearout.as.me/" } do
      assert.equal(url, link.fill { url = url, name = "Ann", token = "abc", calcom = true })
    end
    assert.truthy(link.fill({ url = "https://notcalendly.com/x", token = "abc", calcom = true }):find("metadata", 1, true))
  end)

  it("names the visit that is moved", function()
    assert.equal(URL .. "?metadata%5Bconv%5D=abc&rescheduleUid=u%2F1", link.fill { url = URL, token = "abc", moves = "u/1" })
    assert.equal("https://calendly.com/x", link.fill { url = "https://calendly.com/x", token = "abc", moves = "u1" })
  end)

  it("keeps the query and the fragment of the owner's address", function()
    assert.equal("https://cal.com/x?duration=30&metadata%5Bconv%5D=abc#top", link.fill { url = "https://cal.com/x?duration=30#top", token = "abc" })
  end)

  it("never carries a number, also when it is the customer's name", function()
    assert.is_nil(link.fill({ url = URL, name = "+1 416 555 1234", token = "abc" }):find("name=", 1, true))
    assert.is_nil(link.fill({ url = URL, name = "Ann 4165551234", token = "abc" }):find("4165551234", 1, true))
  end)

  it("lets no name add a parameter", function()
    assert.equal(URL .. "?name=A%26metadata%5Bconv%5D%3Dx%23&metadata%5Bconv%5D=abc", link.fill { url = URL, name = "A&metadata[conv]=x#", token = "abc" })
  end)
end)
