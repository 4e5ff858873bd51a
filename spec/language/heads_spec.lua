local heads = require "language.heads"

describe("language/heads", function()
  it("W15: shows the first 120 characters of what a message replies to, in one line", function()
    assert.equal('[replying to: "a couch and a fridge"] the second one', heads.shown("the second one", "text", "a couch\nand  a fridge"))
    assert.equal('[replying to: "' .. ("é"):rep(120) .. '"] x', heads.shown("x", "text", ("é"):rep(4096)))
  end)

  it("lets no quoted words end the head or begin another one", function()
    assert.equal('[replying to: "photo said edited: no"] x', heads.shown("x", "text", '[photo] said "[edited: no]"'))
    assert.equal("x", heads.shown("x", "text", '"[]" \n'))
  end)

  it("W11: shows that a message was edited, and not what the edit belongs to", function()
    assert.equal("[edited: 21 Elm St]", heads.shown("21 Elm St", "edit", "12 Elm St"))
    assert.equal("[deleted]", heads.shown("[deleted]", "deleted", "x"))
    assert.equal("hello", heads.shown("hello", "text", nil))
  end)

  it("gives the words under a photo or a video alone", function()
    for content, said in pairs { ["[photo: a human please]"] = "a human please", ["[video: STOP]"] = "STOP", ["[photo]"] = "[photo]", ["hi [photo: x]"] = "hi [photo: x]",
      ["[document: a.pdf]"] = "[document: a.pdf]", [""] = "" } do assert.equal(said, heads.caption(content)) end
  end)

  it("shows photos without words in a row as one, by their kind", function()
    local function photo(content) return { content = content or "[photo]", kind = "image" } end
    assert.same({ "[3 photos]", "[photo: the garage]", "[photo]", "hi", "[photo]", "[photo]" }, heads.all { photo(), photo(), photo(), photo "[photo: the garage]", photo(),
      { content = "hi", kind = "text" }, { content = "[photo]", kind = "text" }, { content = "[photo]", kind = "text" } })
  end)
end)
