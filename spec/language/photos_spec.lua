local photos = require "language.photos"

describe("photos as an answer to what is to be taken away", function()
  it("are counted, and stand before what is written later", function()
    assert.equal("3 photos", photos.joined(nil, nil, 3))
    assert.equal("1 photo", photos.joined("unknown", "unknown", 1))
    assert.equal("3 photos, a couch", photos.joined("3 photos", "a couch", 0))
    assert.equal("5 photos, a couch", photos.joined("3 photos, a couch", nil, 2))
    assert.equal("3 photos, a couch, a lamp", photos.joined("3 photos, a couch", "3 photos, a couch, a lamp", 0))
  end)

  it("are one fewer where one was none", function()
    for value, fewer in pairs { ["3 photos"] = "2 photos", ["2 photos, a couch"] = "1 photo, a couch", ["1 photo, a couch"] = "a couch", ["a couch"] = "a couch",
      ["12 photos of mine"] = "12 photos of mine",
      ["20 photo albums"] = "20 photo albums" } do assert.equal(fewer, photos.fewer(value)) end
    assert.is_nil(photos.fewer "1 photo")
    assert.is_nil(photos.fewer(nil))
  end)

  it("are only those that came: a number that somebody wrote is none", function()
    assert.is_nil(photos.joined(nil, "12 photos", 0))
    assert.equal("a couch", photos.joined(nil, "12 photos, a couch", 0))
    assert.equal("2 photos, a couch", photos.joined(nil, "12 photos, a couch", 2))
    assert.equal("2 photos, a couch", photos.joined("a couch", "2 photos, a couch", 2))
    assert.equal("5 photos", photos.joined("3 photos", "99 photos", 2))
    assert.equal("20 photo albums", photos.joined(nil, "20 photo albums", 0))
    assert.equal("20 photo albums, a lamp", photos.joined("20 photo albums", "20 photo albums, a lamp", 1))
  end)

  it("change nothing that was written before them", function()
    assert.is_nil(photos.joined("a couch", nil, 2))
    assert.equal("a lamp", photos.joined(nil, "a lamp", 1))
  end)
end)
