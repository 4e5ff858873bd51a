-- host.media, http.request's to_file and form_data, with a peer on loopback. B29 is the row of docs/faults.md.

local crypto = require "host.crypto"
local http = require "host.http"
local media = require "host.media"
local shell = require "spec.support.shell"
local socket = require "socket"
local task = require "host.task"

local function sha(text) return crypto.hex(crypto.sha256(text)) end

-- A peer that reads one whole request and answers with these bytes, then closes. Returns its URL and what it read.
local function peer(answer)
  local server = assert(socket.bind("127.0.0.1", 0))
  local got = { text = "" }
  server:settimeout(0)
  task.spawn(function()
    local client
    shell.until_(function() client = server:accept() return client end, 5, "a connection")
    client:settimeout(0)
    shell.until_(function()
      local all, _, part = client:receive(65536)
      got.text = got.text .. (all or part or "")
      local head, body = got.text:match "^(.-\r\n\r\n)(.*)$"
      return head and #body >= tonumber(head:lower():match "content%-length: (%d+)" or 0)
    end, 5, "a request")
    local at = 1
    shell.until_(function()
      local last, _, partly = client:send(answer, at)
      at = (last or partly) + 1
      return at > #answer
    end, 5, "the answer")
    client:close()
    server:close()
  end)
  return ("http://127.0.0.1:%d/"):format(select(2, server:getsockname())), got
end

local function answer(status, body, more)
  return ("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s"):format(status, #body, more or "", body)
end

local function download(body, options)
  local request = { url = peer(answer("200 OK", body)), to_file = true }
  for name, value in pairs(options or {}) do request[name] = value end
  return http.request(request)
end

local function kept(body)
  return assert(media.keep(assert(download(body)).file))
end

describe("http.request to_file", function()
  it("brings a file with its hash, its size and its first bytes, and an empty body", function()
    local body = ("photo"):rep(100000)
    local got = assert(download(body, { max_bytes = #body }))
    assert.same({ 200, "", sha(body), #body, body:sub(1, 512) }, { got.status, got.body, got.file.hash, got.file.bytes, got.file.head })
  end)

  it("brings an empty file, and lets Lua judge it", function()
    local file = assert(download "").file
    assert.same({ 0, "", sha "" }, { file.bytes, file.head, file.hash })
  end)

  it("keeps the body of other answers in memory, and no more than 64 KB of it", function()
    local got = assert(http.request { url = peer(answer("400 Bad Request", ("x"):rep(100000))), to_file = true })
    assert.same({ 400, 65536 }, { got.status, #got.body })
    assert.is_nil(got.file)
    got = assert(http.request { url = peer(answer("302 Found", "", "Location: http://127.0.0.1:1/\r\n")), to_file = true })
    assert.same({ 302 }, { got.status, got.file })
  end)

  it("refuses what is larger than max_bytes, said or not (B29)", function()
    local _, err = download(("x"):rep(2000), { max_bytes = 1999 })
    assert.equal("too_large", err.kind)
    _, err = http.request { url = peer("HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(2000)), to_file = true, max_bytes = 1999 }
    assert.equal("too_large", err.kind)
  end)

  it("fails when the peer sends less than it said (B29)", function()
    local _, err = http.request { url = peer "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nshort", to_file = true }
    assert.equal("broken", err.kind)
  end)
end)

describe("host.media", function()
  it("keeps a file once, under its hash, whoever sends it again (B29)", function()
    local hash = kept "a sofa"
    assert.equal(sha "a sofa", hash)
    assert.equal(6, media.bytes(hash))
    assert.equal(hash, kept "a sofa")
    local count = 0
    for _, other in ipairs((media.list())) do count = count + (other == hash and 1 or 0) end
    assert.equal(1, count)
    assert.is_true(media.remove(hash))
    assert.is_false(media.remove(hash))
    assert.is_nil(media.bytes(hash))
  end)

  it("gives its hashes in order, after any of them", function()
    local hashes = { kept "1", kept "2", kept "3", kept "4" }
    table.sort(hashes)
    assert.same({ hashes, nil }, { media.list() })
    assert.same({ hashes[3], hashes[4] }, (media.list(hashes[2])))
    for _, hash in ipairs(hashes) do media.remove(hash) end
    assert.same({}, (media.list()))
  end)

  it("takes no name that is not a hash, and no file that the task has not downloaded", function()
    for _, name in ipairs { "../db.sqlite", ("A"):rep(64), ("a"):rep(63), ("a"):rep(63) .. "/" } do
      for _, verb in ipairs { "bytes", "remove" } do
        assert.truthy(select(2, pcall(media[verb], name)):find("must be 64 lower hex digits", 1, true))
      end
    end
    local file = assert(download "mine").file
    assert.truthy(select(2, pcall(media.keep, { name = "../" .. file.name })):find("this task has no such file", 1, true))
    local other
    task.spawn(function() other = select(2, pcall(media.keep, file)) end)
    shell.until_(function() return other end, 5, "the other task")
    assert.truthy(other:find("this task has no such file", 1, true))
    media.drop(file)
    media.drop(file)
    assert.truthy(select(2, pcall(media.keep, file)):find("this task has no such file", 1, true))
  end)
end)

describe("http.request form_data", function()
  it("sends text and kept files as multipart/form-data with a length", function()
    local bytes = ("voice\0\r\n"):rep(30000)
    local hash = kept(bytes)
    local url, got = peer(answer("200 OK", "{}"))
    assert(http.request { url = url, form_data = {
      { name = "model", value = "m" }, { name = "file", file = hash, filename = 'a "b".ogg', type = "audio/ogg" } } })
    local head, body = got.text:match "^(.-\r\n\r\n)(.*)$"
    local boundary = head:match "Content%-Type: multipart/form%-data; boundary=(%S+)"
    assert.truthy(head:find("^POST ") and boundary, head)
    assert.equal(#body, tonumber(head:match "Content%-Length: (%d+)"))
    assert.truthy(body:find('Content-Disposition: form-data; name="model"\r\n\r\nm\r\n', 1, true))
    assert.truthy(body:find('name="file"; filename="a %22b%22.ogg"\r\nContent-Type: audio/ogg\r\n\r\n' .. bytes .. "\r\n--" .. boundary .. "--", 1, true))
    media.remove(hash)
  end)

  it("fails with kind disk, unsent, for a file that is not kept", function()
    local _, err = http.request { url = "http://127.0.0.1:1/", form_data = { { name = "file", file = sha "none" } } }
    assert.same({ "disk", false }, { err.kind, err.sent })
  end)

  it("throws for parts that cannot be sent", function()
    for words, form in pairs {
      ["a list of 1 to 32 parts"] = {}, ["must be a list of parts"] = { 1 },
      ["has a `name`, and a `value` or a `file`"] = { { name = "a" } }, ["must be the hash of a kept file"] = { { name = "a", file = "../x" } },
      ["`filename` of a part of `form_data` holds a control character"] = { { name = "a", value = "", filename = "a\r\nb" } },
    } do
      local _, err = pcall(http.request, { url = "http://127.0.0.1:1/", form_data = form })
      assert.truthy(tostring(err):find(words, 1, true), tostring(err))
    end
    local _, err = pcall(http.request, { url = "http://127.0.0.1:1/", body = "", form_data = { { name = "a", value = "" } } })
    assert.truthy(err:find("one of json, form, form_data and body", 1, true))
  end)
end)
