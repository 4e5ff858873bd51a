local crypto = require "host.crypto"
local time = require "host.time"

local hex = crypto.hex

describe("crypto", function()
  it("computes HMAC-SHA256 as RFC 4231 does", function()
    assert.equal("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      hex(crypto.hmac_sha256(("\x0b"):rep(20), "Hi There")))
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      hex(crypto.hmac_sha256("Jefe", "what do ya want for nothing?")))
    assert.equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      hex(crypto.hmac_sha256(("\xaa"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First")))
  end)

  it("2.6: gives the same for a key whose context was kept, also after others pushed it out", function()
    local first = {}
    for i = 1, 20 do first[i] = crypto.hmac_sha256("key " .. i, "data") end
    for _ = 1, 3 do
      for i = 20, 1, -1 do assert.equal(first[i], crypto.hmac_sha256("key " .. i, "data")) end
      for _ = 1, 3 do assert.equal(first[7], crypto.hmac_sha256("key 7", "data")) end
    end
    assert.not_equal(first[1], first[2])
  end)

  it("2.6: tells keys apart that differ in one byte, in length, or past a NUL", function()
    local seen = {}
    for _, key in ipairs { "a", "aa", "a\0b", "a\0c", ("k"):rep(128), ("k"):rep(129), ("k"):rep(127) .. "l" } do
      local digest = crypto.hmac_sha256(key, "data")
      assert.is_nil(seen[digest])
      seen[digest] = true
      assert.equal(digest, crypto.hmac_sha256(key, "data"))
    end
  end)

  it("takes data of any bytes and length", function()
    assert.equal(32, #crypto.hmac_sha256("k", ""))
    assert.not_equal(crypto.hmac_sha256("k", "a\0b"), crypto.hmac_sha256("k", "a\0c"))
  end)

  it("2.6: refuses an empty key, and its error holds nothing of the data", function()
    local ok, err = pcall(crypto.hmac_sha256, "", "private words")
    assert.is_false(ok)
    assert.matches("the secret is missing", err)
    assert.is_nil(err:find("private", 1, true))
    assert.has_error(function() crypto.hmac_sha256(nil, "x") end)
    assert.has_error(function() crypto.hmac_sha256(12, "x") end)
  end)

  it("computes SHA-256", function()
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex(crypto.sha256("")))
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex(crypto.sha256("abc")))
  end)

  it("writes hex in lower case and reads both cases", function()
    assert.equal("00ff7f", hex("\0\xff\x7f"))
    assert.equal("\0\xff\x7f", crypto.unhex("00fF7F"))
    assert.equal("", crypto.unhex(""))
  end)

  it("B1: gives nil for hex of odd length or with another character", function()
    for _, text in ipairs { "0", "0g", "0x", " 0", "00 ", "é" } do assert.is_nil(crypto.unhex(text)) end
  end)

  it("writes base64 with padding and reads it back", function()
    local texts = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", ["\xfb\xff\xbf"] = "+/+/" }
    for data, text in pairs(texts) do
      assert.equal(text, crypto.base64(data))
      assert.equal(data, crypto.unbase64(text))
    end
    local all = {}
    for byte = 0, 255 do all[#all + 1] = string.char(byte) end
    for cut = 1, 256 do
      local data = table.concat(all, "", cut)
      assert.equal(data, crypto.unbase64(crypto.base64(data)))
    end
  end)

  it("gives nil for what is not base64", function()
    for _, text in ipairs { "Zg", "Zg=", "Z===", "====", "=", "Zm 9", "Zm9v\n", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_" } do
      assert.is_nil(crypto.unbase64(text), text)
    end
  end)

  it("B2: compares whole strings, NULs included", function()
    assert.is_true(crypto.equal("secret", "secret"))
    assert.is_true(crypto.equal("", ""))
    assert.is_false(crypto.equal("secret", "secreT"))
    assert.is_false(crypto.equal("secret", "secret\0junk"))
    assert.is_false(crypto.equal("secret", "secre"))
    assert.has_error(function() crypto.equal("secret", nil) end)
  end)

  it("B2: knows a signature in small or capital digits, and no other text of that length or another", function()
    for _, key in ipairs { "k", ("long"):rep(60) } do
      local right = hex(crypto.hmac_sha256(key, "body\0more"))
      assert.is_true(crypto.signed(key, "body\0more", right))
      assert.is_true(crypto.signed(key, "body\0more", right:upper()))
      assert.is_false(crypto.signed(key, "body", right))
      assert.is_false(crypto.signed("other", "body\0more", right))
      for _, wrong in ipairs { "", right:sub(2), right .. "0", right:sub(1, 63) .. (right:sub(64) == "0" and "1" or "0"), ("\0"):rep(64) } do
        assert.is_false(crypto.signed(key, "body\0more", wrong))
      end
    end
    assert.has_error(function() crypto.signed("", "body", ("0"):rep(64)) end)
    assert.has_error(function() crypto.signed("k", "body", nil) end)
  end)

  it("gives as many random bytes as asked, never the same", function()
    assert.equal(1, #crypto.random(1))
    assert.equal(1024, #crypto.random(1024))
    assert.not_equal(crypto.random(16), crypto.random(16))
    for _, count in ipairs { 0, -1, 1025, 1.5, "x" } do assert.has_error(function() crypto.random(count) end) end
  end)

  it("makes UUIDs of version 7, which begin with the time", function()
    local seen, before = {}, time.now_ms()
    for _ = 1, 100 do
      local uuid = crypto.uuid()
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", uuid)
      local at = tonumber(uuid:sub(1, 8) .. uuid:sub(10, 13), 16)
      assert.is_true(at >= before and at <= time.now_ms())
      assert.is_nil(seen[uuid])
      seen[uuid] = true
    end
  end)
end)
