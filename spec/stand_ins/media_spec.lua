-- The stand-in for Meta keeps files as Meta does: an address for five minutes, the token at both steps, no file that nobody sent.

local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local multipart = require "stand_ins.meta.multipart"
local process = require "spec.support.process"
local samples = require "stand_ins.meta.samples"
local standins = require "spec.support.standins"
local url = require "host.url"
local wire = require "spec.support.wire"

describe("media at the stand-in for Meta", function()
  local stand_ins

  setup(function() stand_ins = standins.new() end)
  teardown(process.close_all)
  after_each(function() stand_ins:calm() end)

  local function file_of(wish)
    wish.from, wish.type = meta.phone(), wish.type or "image"
    stand_ins:write(wish)
    return stand_ins:screen(wish.from).messages[1].media
  end

  local function bytes(address, headers)
    return wire.http(stand_ins.port, "GET", address:match "^http://[^/]+(/.*)$",
      { headers = headers or { { "Authorization", "Bearer " .. stand_ins.token } } })
  end

  local function upload(form, kind)
    return stand_ins:graph("POST", "/" .. meta.phone_number_id .. "/media", form, { ["Content-Type"] = kind or "multipart/form-data; boundary=zz" })
  end

  local function part(name, value, extra)
    return '--zz\r\nContent-Disposition: form-data; name="' .. name .. '"' .. (extra or "") .. "\r\n\r\n" .. value .. "\r\n"
  end

  local function file(kind, value) return part("file", value, '; filename="a"\r\nContent-Type: ' .. kind) end

  it("gives a file's address, its bytes and parts of them, each to the bearer of the token", function()
    local id = file_of {}
    local answer = stand_ins:graph("GET", "/" .. id .. "?phone_number_id=" .. meta.phone_number_id)
    local picture = samples.make "image/jpeg"
    assert.equal(200, answer.status)
    assert.same({ id, "image/jpeg", #picture, crypto.hex(crypto.sha256(picture)) },
      { answer.json.id, answer.json.mime_type, answer.json.file_size, answer.json.sha256 })
    local whole = bytes(answer.json.url)
    assert.same({ 200, picture, "image/jpeg" }, { whole.status, whole.body, whole.headers["content-type"] })
    assert.equal(401, bytes(answer.json.url, {}).status)
    local some = bytes(answer.json.url, { { "Authorization", "Bearer " .. stand_ins.token }, { "Range", "bytes=2-5" } })
    assert.same({ 206, picture:sub(3, 6), "bytes 2-5/" .. #picture }, { some.status, some.body, some.headers["content-range"] })
    assert.equal(404, bytes((answer.json.url:gsub("ext=%d+", "ext=1"))).status)
  end)

  it("has no file that nobody sent: also the phone number's id has none", function()
    local function fault(id, query)
      local answer = stand_ins:graph("GET", "/" .. id .. (query or ""))
      return { answer.status, answer.json.error.code, answer.json.error.error_subcode, answer.json.error.type }
    end
    assert.same({ 400, 100, 33, "GraphMethodException" }, fault "123")
    assert.same({ 400, 100, 33, "GraphMethodException" }, fault(file_of { media = { gone = true } }))
    assert.same({ 400, 100, 33, "GraphMethodException" }, fault(file_of { media = { old = true } }))
    assert.same({ 400, 100, 33, "GraphMethodException" }, fault(file_of {}, "?phone_number_id=1"))
    assert.is_nil(stand_ins:graph("GET", "/" .. meta.phone_number_id).json.url)
  end)

  it("takes an upload, and refuses what WhatsApp does not take", function()
    local ogg = samples.make "audio/ogg"
    local product = part("messaging_product", "whatsapp")
    local id = upload(product .. file("audio/ogg", ogg) .. "--zz--\r\n").json.id
    assert.truthy(id:match "^%d+$")
    assert.equal(ogg, bytes(stand_ins:graph("GET", "/" .. id).json.url).body)
    local function code(...) return upload(...).json.error.code end
    assert.equal(100, code(product .. file("text/x-lua", "return") .. "--zz--\r\n"))
    assert.equal(100, code(file("audio/ogg", ogg) .. "--zz--\r\n"))
    assert.equal(100, code(product .. "--zz--\r\n"))
    assert.equal(100, code("{}", "application/json"))
    assert.equal(131053, code(product .. file("image/webp", ("x"):rep(524289)) .. "--zz--\r\n"))
    assert.same({ success = true }, stand_ins:graph("DELETE", "/" .. id).json)
    assert.equal(33, stand_ins:graph("DELETE", "/" .. id).json.error.error_subcode)
  end)

  it("plays every way in which a file can be wrong", function()
    local function got(id)
      local answer = stand_ins:graph("GET", "/" .. id)
      return answer.status == 200 and bytes(answer.json.url) or answer
    end
    local id = file_of { media = { mime_type = "image/jpeg", says_type = "image/png", says_size = 5, size = 700, salt = "zz" } }
    assert.equal(700, #got(id).body)
    assert.equal(5, stand_ins:graph("GET", "/" .. id).json.file_size)
    assert.truthy(stand_ins:graph("GET", "/" .. file_of { media = { elsewhere = "http://evil.example/x" } }).json.url:find("evil", 1, true))
    stand_ins:fault { bytes = "cut" }
    assert.equal(350, #got(id).body)
    stand_ins:fault { bytes = "redirect" }
    assert.equal(302, got(id).status)
    stand_ins:fault { bytes = "off", media = "stale" }
    assert.equal(404, got(id).status)
    stand_ins:fault { media = { kind = "429", retry_after = 2.5 } }
    local limited = got(id)
    assert.same({ 429, 130429, "2.5" }, { limited.status, limited.json.error.code, limited.headers["retry-after"] })
    local usage = select(2, next(json.decode(limited.headers["x-business-use-case-usage"])))[1]
    assert.equal(1, usage.estimated_time_to_regain_access)
  end)
end)

describe("the reader of multipart bodies", function()
  it("finds parts whose bytes hold line ends, and refuses what does not end", function()
    local body = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n\r\n2\r\n--b--\r\n"
    assert.same({ x = { bytes = "1\r\n\r\n2" } }, multipart.read("multipart/form-data; boundary=b", body))
    for _, broken in ipairs { "", "--b\r\n", body:sub(1, -6), "--b\r\n\r\nx\r\n--b--" } do
      assert.is_nil(multipart.read("multipart/form-data; boundary=b", broken), url.encode(broken))
    end
  end)
end)
