local url = require "host.url"

describe("url", function()
  it("encodes every byte but letters, digits and -._~, and reads it back", function()
    assert.equal("", url.encode "")
    assert.equal("aZ09-._~", url.encode "aZ09-._~")
    assert.equal("%00%20%25%26%2B%2F%3D%C3%A9%FF", url.encode "\0 %&+/=\u{E9}\xff")
    local all = {}
    for byte = 1, 255 do all[byte] = string.char(byte) end
    assert.equal(table.concat(all), url.decode(url.encode(table.concat(all))))
  end)

  it("reads + as a space, keeps an invalid escape, and refuses a NUL", function()
    assert.equal("", url.decode "")
    assert.equal("a b c+%", url.decode "a+b%20c%2b%25")
    assert.equal("100% %4 %zz", url.decode "100%+%4+%zz")
    assert.is_nil(url.decode "a%00")
    assert.is_nil(url.decode "a\0b")
  end)

  it("takes an address apart", function()
    assert.same({ scheme = "https", host = "a.example", port = 443 }, url.parse "HTTPS://A.example/b?c#d")
    assert.same({ scheme = "http", host = "[::1]", port = 8080 }, url.parse "http://[::1]:8080")
    assert.same({ scheme = "http", host = "127.0.0.1", port = 80 }, url.parse "http://127.0.0.1?x")
  end)

  it("G9: refuses what another reader may take for another host", function()
    for _, text in ipairs { "", "a.example", "//a.example/", "ftp://a.example/", "https:a.example", "https:/a.example/", "https:///a.example/", "https://",
      "https://:443/", "https://u@a.example/", "https://@a.example/", "https://a.example:/", "https://a.example:0/", "https://a.example:65536/",
      "https://a.example:8x/", "https://a.example:0443/", "https://a b.example/", "https://a.example/\n", "https://a.example\\@b.example/", "https://b%2eexample/",
      "http://127.1/", "http://0x7f000001/", "http://2130706433/", "https://[::1/", "https://[::1]x/", "https://\u{E9}.example/", "https://a.example\0.b.example/",
      "https://" .. ("a"):rep(300) .. "/" } do
      local parts, problem = url.parse(text)
      assert.is_nil(parts, text)
      assert.is_string(problem)
    end
  end)
end)
