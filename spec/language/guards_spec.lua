-- What all guards have in common. Sentences for each of them stand in guards/.

local guarded = require "spec.support.guarded"
local guards = require "language.guards"
local text = require "language.text"

local CONTEXT = { system = guarded.SYSTEM, business = guarded.BUSINESS }

local function with(business)
  for key, value in pairs(CONTEXT.business) do
    if business[key] == nil then business[key] = value end
  end
  return { system = CONTEXT.system, business = business }
end

describe("guards", function()
  it("says the same with and without preparing", function()
    assert.equal("money", guards.check("It is $350.", CONTEXT).kind)
    assert.is_nil(guards.check("Any stairs?", CONTEXT))
  end)

  it("needs no settings at all", function()
    assert.is_nil(guards.check("Any stairs?", {}))
    assert.equal("money", guards.check("It is $350.", {}).kind)
  end)

  it("passes the links and phones that the business lists, in any spelling", function()
    local context = with { links = { "https://www.clearoutspaces.ca/", "instagram.com/clearout" }, phones = { "+1 416-555-1234" } }
    for _, reply in ipairs { "See clearoutspaces.ca.", "See https://clearoutspaces.ca/faq?x=1, please.", "Look at www.instagram.com/clearout",
      "Call 416-555-1234.", "Call (416) 555 1234 today.", "Call +14165551234." } do
      assert.is_nil(guards.check(reply, context), reply)
    end
  end)

  it("takes no other link or phone for a listed one", function()
    local context = with { links = { "clearoutspaces.ca" }, phones = { "416-555-1234" } }
    for _, reply in ipairs { "See clearoutspaces.ca.evil.com", "See https://clearoutspaces.ca@evil.com/", "See https://clearoutspaces.ca:80@evil.com/",
      "See evil.com/clearoutspaces.ca", "See clearoutspaces.co", "See https://evil.clearoutspaces.ca/", "See http://clearoutspaces.ca\\@evil.com" } do
      assert.equal("link", (guards.check(reply, context) or {}).kind, reply)
    end
    assert.equal("phone", guards.check("Call 416-555-1235.", context).kind)
    assert.equal("phone", guards.check("Call 416-555-1234 or 647-555-1234.", context).kind)
  end)

  it("can be switched off one by one", function()
    local off = { money = "It is $350.", links = "See evil.com.", phones = "Call 416-555-1234.", hazards = "We can take your wet paint.",
      areas = "Yes, we serve Ottawa.", leaks = "I fill reply_to_user." }
    for name, reply in pairs(off) do
      assert.is_nil(guards.check(reply, with { guards = { [name] = false } }), name)
      assert.is_truthy(guards.check(reply, with { guards = { [name] = true } }), name)
    end
  end)

  it("leaves no price to a phone number that is listed", function()
    assert.is_nil(guards.check("For a quote call 416-555-1234.", with { phones = { "4165551234" } }))
  end)

  it("quotes at most a short piece of what it caught", function()
    local found = guards.check("See https://evil.com/" .. ("x"):rep(5000), CONTEXT)
    assert.is_true(#found.say < 250)
  end)

  it("takes time in proportion to the length, whatever is in it", function()
    local pieces = { "a.", "(1-", "ottawa ", "no charge ", "paint ", "1 ", "+1 ", "x@", "[x](", "free ", "8-", "a", "http://", "we can take " }
    for _, piece in ipairs(pieces) do
      local long, began = piece:rep(100000 // #piece), os.clock()
      guards.check(long, CONTEXT)
      guards.fit(long)
      guards.strip_links(long, {})
      assert.is_true(os.clock() - began < 2, piece) -- squared, each of these takes ten seconds and more
    end
  end)

  it("fails at no bytes", function()
    for _, reply in ipairs { "", " ", "\0", "\xff\xfe", "\xed\xa0\x80", ("9"):rep(20000), ("$ "):rep(5000), ("a."):rep(5000), ("(1-"):rep(5000),
      ("we can "):rep(3000) .. "paint", "👩‍👩‍👧", ("free "):rep(3000) } do
      assert.has_no.errors(function() guards.check(reply, CONTEXT) end)
    end
  end)
end)

describe("guards.strip_links", function()
  it("removes what is not listed and keeps the words around it", function()
    assert.equal("Book here. Thanks!", guards.strip_links("Book here https://evil.com/x. Thanks!", {}))
    assert.equal("Use our page please.", guards.strip_links("Use [our page](https://evil.com) please.", {}))
    assert.equal("See clearoutspaces.ca/faq.", guards.strip_links("See clearoutspaces.ca/faq.", { "https://clearoutspaces.ca" }))
    assert.equal("Déjà vu, no link", guards.strip_links("Déjà vu, no link", {}))
    assert.equal("", guards.strip_links("https://evil.com", {}))
  end)
end)

describe("guards, what is too long to be looked at", function()
  local function kind(reply)
    local found = guards.check(reply, CONTEXT)
    return found and found.kind
  end

  it("is refused: a word or a link of more than 256 characters, hundreds of numbers, more than 8,192 characters", function()
    assert.equal("long", kind("Here: " .. ("a"):rep(257)))
    assert.equal("long", kind(("x"):rep(40) .. " " .. ("é"):rep(257) .. " and more"))
    assert.equal("long", kind("See https://clearoutspaces.ca/" .. ("a/"):rep(200)))
    assert.equal("long", kind(("1 "):rep(600)))
    assert.equal("long", kind(("ok "):rep(2731) .. "That will be $350."))
    assert.is_string(guards.check(("a"):rep(300), CONTEXT).say)
  end)

  it("passes what people write: long words, and scripts without spaces", function()
    assert.is_nil(kind(("a"):rep(256) .. " " .. ("b"):rep(256)))
    assert.is_nil(kind(("漢"):rep(2000)))
    assert.is_nil(kind(("Нет. "):rep(300)))
    assert.is_nil(kind(("ก"):rep(400)))
  end)

  it("hides nothing: a price in the last words that are sent is found", function()
    local reply = ("We will look at it. "):rep(400) .. "That will be $350."
    assert.equal("money", kind(reply))
    assert.equal("money", kind((text.reply(("We will look at it. "):rep(405) .. "It costs $350. " .. ("And so on. "):rep(400)))))
  end)
end)
