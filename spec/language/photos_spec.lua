local photos = require "language.photos"

describe("photos as an answer to what is to be taken away", function()
  it("are counted, and stand before what is written later", function()
    assert.equal("3 photos", photos.joined(nil, nil, 3))
    assert.equal("1 photo", photos.joined("unknown", "unknown", 1))
    assert.equal("3 photos, a couch", photos.joined("3 photos", "a couch", 0))
    assert.equal("5 photos, a couch", photos.joined("3 photos, a couch", nil, 2))
    assert.equal("3 photos, a couch, a lamp", photos.joined("3 photos, a couch", "3 photos, a couch, a lamp", 0))
  end)

  it("change nothing that was written before them", function()
    assert.is_nil(photos.joined("a couch", nil, 2))
    assert.equal("a lamp", photos.joined(nil, "a lamp", 1))
  end)
end)
