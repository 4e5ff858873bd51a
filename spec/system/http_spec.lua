-- What the public listener takes and what it refuses, over raw sockets: the codes B of docs/faults.md. Each sentence begins with its code.

local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local standins = require "spec.support.standins"
local wire = require "spec.support.wire"

describe("the public listener", function()
  local service, stand_ins

  setup(function()
    stand_ins = standins.new()
    service = process.new { stand_ins = stand_ins, env = { REQUEST_DEADLINE_MS = 1000 } }
    stand_ins:plan { contains = "zq", echo = true }
  end)

  teardown(process.close_all)

  -- A webhook with one message that can be found again: bytes, its word, its phone.
  local function hook(word)
    word = word or meta.word()
    local phone = meta.phone()
    return meta.body { messages = { meta.text(phone, "hello é/" .. word) } }, word, phone
  end

  local function post(lines, body)
    local head = { "POST /whatsapp/webhook HTTP/1.1", "Host: spec.test", "Connection: close", "Content-Length: " .. #body }
    for _, line in ipairs(lines) do head[#head + 1] = line end
    return wire.raw(service.port, table.concat(head, "\r\n") .. "\r\n\r\n" .. body, { timeout = 4 })
  end

  local function stored(word)
    return service:value("SELECT count(*) FROM messages WHERE role = 'user' AND content LIKE '%" .. word .. "%'")
  end

  -- Everything accepted so far has been read.
  local function settled()
    shell.until_(function() return service:status().inbox.unread == 0 end, 5, "the inbox to be read")
  end

  local function one_of(status, list, what)
    for _, wanted in ipairs(list) do
      if status == wanted then return end
    end
    error(("%s: got %s, wanted one of %s"):format(what, status, table.concat(list, " ")), 2)
  end

  -- ---- signatures ----

  it("B1 B2: an authentic body is taken with one clean signature; any other is 401 with one constant text, and not a byte is kept", function()
    local H = "X-Hub-Signature-256: "
    local good = function(body) return meta.sign(service.secret, body) end
    local zeros = "sha256=" .. ("0"):rep(64)
    local cases = {
      { "none", function() return {} end },
      { "empty", function() return { H } end },
      { "prefix only", function() return { H .. "sha256=" } end },
      { "no prefix", function(b) return { H .. good(b):sub(8) } end },
      { "sha1 prefix", function(b) return { H .. "sha1=" .. good(b):sub(8) } end },
      { "only the old header", function(b) return { "X-Hub-Signature: sha1=" .. good(b):sub(8, 47) } end },
      { "63 digits", function(b) return { H .. good(b):sub(1, -2) } end },
      { "65 digits", function(b) return { H .. good(b) .. "0" } end },
      { "not hex", function() return { H .. "sha256=" .. ("z"):rep(64) } end },
      { "zeros", function() return { H .. zeros } end },
      { "wrong key", function(b) return { H .. meta.sign("another", b) } end },
      { "the verify token as key", function(b) return { H .. meta.sign(service.verify_token, b) } end },
      { "key with newline", function(b) return { H .. meta.sign(service.secret .. "\n", b) } end },
      { "plain sha256", function(b) return { H .. "sha256=" .. crypto.hex(crypto.sha256(b)) } end },
      { "over an altered byte", function(b) return { H .. good(b:gsub("hello", "hallo")) } end },
      { "over re-serialised JSON", function(b) return { H .. good(json.encode(json.decode(b))) } end },
      { "over nothing", function() return { H .. good "" } end },
      { "good, bad in one", function(b) return { H .. good(b) .. ", " .. zeros } end },
      { "bad,good in one", function(b) return { H .. zeros .. "," .. good(b) } end },
      { "good then junk", function(b) return { H .. good(b) .. " x" } end },
      { "good NUL junk", function(b) return { H .. good(b) .. "\0junk" } end, { 0, 400, 401 } },
      { "two headers, good first", function(b) return { H .. good(b), H .. zeros } end, { 400, 401 } },
      { "two headers, bad first", function(b) return { H .. zeros, H .. good(b) } end, { 400, 401 } },
      { "two headers, both good", function(b) return { H .. good(b), H .. good(b) } end, { 400, 401 } },
      { "folded", function(b) return { "X-Hub-Signature-256: sha256=", " " .. good(b):sub(8) } end, { 0, 400, 401 } },
      { "blank before the colon", function(b) return { "X-Hub-Signature-256 : " .. good(b) } end, { 0, 400, 401 } },
      { "in the query", function() return {} end },
    }
    local words, texts = {}, {}
    for _, case in ipairs(cases) do
      local body, word = hook()
      local answer = post(case[2](body), body)[1]
      one_of(answer and answer.status or 0, case[3] or { 401 }, case[1])
      words[#words + 1] = word
      if answer and answer.status == 401 then texts[answer.body] = true end
    end
    local body, word = hook()
    assert.equal(200, post({ "x-hub-signature-256: " .. good(body) }, body)[1].status)
    settled()
    assert.equal(1, stored(word))
    local text = next(texts)
    assert.is_nil(next(texts, text))
    assert.is_string(json.decode(text).error)
    assert.is_nil(text:lower():find "sha256")
    for i, hidden in ipairs(words) do assert.is_false(service:holds(hidden), cases[i][1]) end
  end)

  it("B2: upper-case hex and a space at the end are accepted", function()
    for _, change in ipairs {
      function(text) return "sha256=" .. text:sub(8):upper() end, function(text) return text .. "  " end,
    } do
      local body = hook()
      assert.equal(200, post({ "X-Hub-Signature-256: " .. change(meta.sign(service.secret, body)) }, body)[1].status)
    end
  end)

  it("B3: during rotation two app secrets count, and the old one stops counting at the reload after it was dropped", function()
    local file = shell.folder() .. "/secret"
    shell.write(file, "new-secret,old-secret\n")
    local rotating = process.new { env = { META_APP_SECRET = false, META_APP_SECRET_FILE = file } }
    local function status(secret)
      local body = hook()
      return wire.raw(rotating.port, meta.request(secret, body))[1].status
    end
    assert.same({ 200, 200, 401 }, { status "new-secret", status "old-secret", status "other" })
    shell.write(file, "new-secret\n")
    local code, text = rotating:cli "reload"
    assert.equal(0, code, text)
    shell.until_(function() return status "old-secret" == 401 end, 2, "the old secret to be refused")
    assert.equal(200, status "new-secret")
    rotating:kill()
  end)

  -- ---- authentic but odd ----

  it("B4: an authentic body that is not a webhook is 200 and its raw bytes are kept for staff", function()
    local odd = { "this is not json %s", '{"object":"whatsapp_business_account","entry":[{"id":"%s', '{"entry":[]} %s', '["%s"]', '"%s"',
      "{'a':'%s'}", "\xff\xfe %s", '{"a":"\\q %s"}', "\31\139gzip %s" }
    for _, shape in ipairs(odd) do
      local word = meta.word()
      assert.equal(200, service:hook((shape:gsub("%%s", word))), shape)
      assert.is_true(service:holds(word), shape)
    end
    for _, body in ipairs { "null", "42", "true", "{}", "   ", '{"entry":null}', '{"entry":{}}', '{"entry":[{"changes":7}]}',
      '{"entry":[{"changes":[{"field":"messages","value":"x"}]}]}', '{"a":NaN}' } do
      assert.equal(200, service:hook(body), body)
    end
    settled()
    assert.is_true(service:status().inbox.parked >= #odd - 1)
    shell.until_(function() return #stand_ins:posts "could not be read" > 0 end, 5, "a word to staff")
  end)

  it("B5: broken text is repaired and processed, the others in the batch untouched, and what goes out is valid UTF-8", function()
    local phone, other, word, plain = meta.phone(), meta.phone(), meta.word(), meta.word()
    local body = meta.body { messages = { meta.text(phone, "SPOILED " .. word), meta.text(other, "fine " .. plain) } }
    local spoiled = "\\ud83d \\u0000 \\u2028 \\u202e \\ud83d\\udecb\\u200d \xc0\xaf \xff \xf0\x9f\x9b\x8b \x01"
    body = body:gsub("SPOILED", function() return spoiled end)
    assert.equal(200, service:hook("\xef\xbb\xbf" .. body))
    local sends = shell.until_(function()
      local a, b = stand_ins:sends(phone, word), stand_ins:sends(other, plain)
      return #a > 0 and #b > 0 and a
    end, 5, "answers to both")
    local content = service:value("SELECT content FROM messages WHERE conversation_id = '" .. phone .. "' AND role = 'user'")
    assert.truthy(utf8.len(content))
    assert.truthy(content:find("🛋", 1, true) and content:find("\u{FFFD}", 1, true))
    assert.is_nil(content:find("\0", 1, true))
    assert.truthy(utf8.len(sends[1].text))
    for _, call in ipairs(stand_ins:models(word)) do assert.truthy(utf8.len(json.encode(call.body))) end
  end)

  it("B6: deep, huge and hostile JSON is answered 200 within a moment and breaks nothing", function()
    local keys = {}
    for i = 1, 100000 do keys[i] = ('"k%d":1'):format(i) end
    for name, body in pairs {
      deep = ("["):rep(100000) .. ("]"):rep(100000), brackets = ("["):rep(3000000), objects = ('{"a":'):rep(50000) .. "1" .. ("}"):rep(50000),
      keys = "{" .. table.concat(keys, ",") .. "}", big = '{"a":1e999}', minus = '{"a":-0}', digits = '{"a":' .. ("9"):rep(40) .. "}",
      long = '{"a":"' .. ("x"):rep(1000000) .. '"}',
    } do
      local begun = socket.gettime()
      assert.equal(200, service:hook(body), name)
      assert.is_true(socket.gettime() - begun < 1, name)
    end
    assert.equal(1, service.starts)
    assert.is_true(service:healthy())
  end)

  it("B6: when a key is given twice, the value that is stored also decides about doubles", function()
    local phone, word, one, two = meta.phone(), meta.word(), meta.wamid(), meta.wamid()
    local body = meta.body { messages = { meta.text(phone, "twice " .. word, { id = one }) } }
    body = body:gsub('"id":"wamid%.[^"]*"', function(id) return ('"id":"%s",'):format((two:gsub("/", "\\/"))) .. id end)
    assert.equal(200, service:hook(body))
    assert.equal(200, service:hook(body))
    settled()
    assert.equal(1, stored(word))
  end)

  it("B7 B8: items of wrong types are parked, and every good one of a many-fold batch is stored once", function()
    local phone, words, entries = meta.phone(), {}, {}
    for e = 1, 2 do
      entries[e] = {}
      for c = 1, 3 do
        local list = {}
        for m = 1, 5 do
          words[#words + 1] = meta.word()
          list[m] = meta.text(phone, "item " .. words[#words])
        end
        entries[e][c] = { messages = list, statuses = { meta.status(meta.wamid(), phone, "read") } }
      end
    end
    local bad = {
      meta.text(phone, "x", { text = json.null }), meta.text(phone, "x", { text = { body = json.array {} } }), meta.text(phone, "x", { from = json.array {} }),
      meta.text(phone, "x", { id = 123 }), { type = "text" }, 7, "text", json.null,
    }
    for _, item in ipairs(bad) do table.insert(entries[1][1].messages, 2, item) end
    entries[2][3].messages[6] = entries[1][2].messages[1] -- the same message again, in another entry
    entries[1][3].statuses[2] = { status = true }
    assert.equal(200, service:hook(meta.bodies(entries)))
    settled()
    for _, word in ipairs(words) do assert.equal(1, stored(word), word) end
    assert.equal(30, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id = '" .. phone .. "'"))
    assert.equal(200, service:hook '{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":{}}}]}]}')
    local strange = meta.text(phone, "late " .. meta.word(), { timestamp = true })
    assert.equal(200, service:hook { messages = { strange } })
    settled()
    assert.equal(1, service:value("SELECT count(*) FROM messages WHERE id = '" .. strange.id .. "'"))
  end)

  it("B9: unknown objects, fields and silent kinds are 200 and nobody is answered; a person without a number is", function()
    local phone = meta.phone()
    local silent = {
      meta.body { object = "page", messages = { meta.text(phone, "x") } }, meta.body { field = "history", messages = { meta.text(phone, "x") } },
      meta.body { messages = { meta.message(phone, "reaction", { reaction = { message_id = "wamid.x", emoji = "👍" } }) } },
      meta.body { messages = { meta.message(phone, "sticker", { sticker = { id = "1" } }) } },
      meta.body { messages = { meta.message(phone, "system", { system = { type = "user_changed_number", body = "x" } }) } },
      meta.body { messages = { meta.message(phone, "revoke", { revoke = { original_message_id = "wamid.none" } }) } },
    }
    for i, body in ipairs(silent) do assert.equal(200, service:hook(body), i) end
    local answered = {}
    for name, fields in pairs {
      button = { button = { payload = "p", text = "Yes WORD" } },
      interactive = { interactive = { type = "button_reply", button_reply = { id = "b", title = "Yes WORD" } } },
      location = { location = { latitude = 43.6, longitude = -79.3, name = "Home", address = "12 Elm St WORD" } },
      image = { image = { id = "1", caption = "my couch WORD" } },
    } do
      local who, word = meta.phone(), meta.word()
      fields = json.decode((json.encode(fields):gsub("WORD", word)))
      assert.equal(200, service:hook { messages = { meta.message(who, name, fields) } }, name)
      answered[#answered + 1] = { name, who, word }
    end
    local scoped, word = "CA.1234567890abcdef", meta.word()
    assert.equal(200, service:hook { messages = { meta.text("", "no number " .. word, { from_user_id = scoped }) } })
    answered[#answered + 1] = { "business-scoped id", scoped, word }
    for _, one in ipairs(answered) do
      shell.until_(function()
        local calls = stand_ins:sends(nil, one[3])
        return #calls > 0 and calls[1].to == one[2]
      end, 5, "an answer to " .. one[1])
    end
    assert.equal(0, #stand_ins:sends(phone))
  end)

  it("B9: a kind that cannot be used gets one polite text", function()
    local phone = meta.phone()
    assert.equal(200, service:hook { messages = { meta.message(phone, "hologram", { hologram = { x = 1 } }), meta.message(phone, "order", { order = {} }) } })
    local sends = shell.until_(function()
      local list = stand_ins:sends(phone)
      return #list > 0 and list
    end, 5, "the polite line")
    assert.equal("Sorry, I can only handle text messages right now.", sends[1].text)
    assert.equal(1, #sends)
  end)

  it("B10: a message for another number is never answered from ours", function()
    local phone, word, mine, sign = meta.phone(), meta.word(), meta.phone(), meta.word()
    assert.equal(200, service:hook { messages = { meta.text(phone, "hi " .. word) }, phone_number_id = "999999999" })
    service:say(mine, "hi " .. sign) -- later, and answered: then the other would have been, too
    shell.until_(function() return #stand_ins:sends(mine, sign) > 0 end, 5, "the answer to our own number's customer")
    assert.equal(0, #stand_ins:sends(phone))
    assert.equal(0, #stand_ins:models(word))
  end)

  it("B11: a message redelivered at once, fifty times side by side, and after a restart is processed once", function()
    local body, word, phone = hook()
    local request, peers = meta.request(service.secret, body), {}
    assert.equal(200, service:hook(body))
    for i = 1, 50 do peers[i] = assert(wire.dial(service.port)) end
    for _, peer in ipairs(peers) do peer:send(request) end
    for _, peer in ipairs(peers) do
      assert.equal(200, peer:read(1)[1].status)
      peer:close()
    end
    service:restart { kill = true }
    assert.equal(200, service:hook(body))
    shell.until_(function() return #stand_ins:sends(phone, word) > 0 end, 5, "the answer")
    settled()
    assert.equal(1, stored(word))
    assert.equal(1, #stand_ins:models(word))
    assert.equal(1, #stand_ins:sends(phone, word))
  end)

  it("B12: odd and reordered clocks change nothing about arrival order; what is days old is not answered freely but told to staff", function()
    local phone, first, second, now = meta.phone(), meta.word(), meta.word(), os.time()
    local a, b = meta.text(phone, first, { timestamp = tostring(now - 5) }), meta.text(phone, second, { timestamp = tostring(now - 60) })
    assert.equal(200, service:hook { messages = { a, b, meta.text(phone, "soon", { timestamp = tostring(now + 9e6 // 1) }), meta.text(phone, "abc", { timestamp = "abc" }) } })
    shell.until_(function() return #stand_ins:sends(phone, second) > 0 end, 5, "an answer")
    assert.is_true(service:value("SELECT seq FROM messages WHERE id = '" .. a.id .. "'") < service:value("SELECT seq FROM messages WHERE id = '" .. b.id .. "'"))
    local late, word = meta.phone(), meta.word()
    assert.equal(200, service:hook { messages = { meta.text(late, "old " .. word, { timestamp = tostring(now - 3 * 86400) }) } })
    shell.until_(function() return #stand_ins:posts(word) > 0 end, 5, "a word to staff")
    assert.equal(0, #stand_ins:sends(late))
  end)

  -- ---- limits ----

  local HEAD = "POST /whatsapp/webhook HTTP/1.1\r\nHost: spec.test\r\n"

  -- One answer, ours, and the end: never a page of the library's.
  local function refused_once(bytes, wanted, name)
    local list, closed = wire.raw(service.port, bytes, { timeout = 2, settle = 0.05 })
    assert.equal(1, #list, name)
    local answer = list[1]
    one_of(answer.status, wanted, name)
    assert.equal("application/json", answer.headers["content-type"], name)
    assert.equal("close", answer.headers.connection, name)
    assert.is_string(json.decode(answer.body).error, name)
    assert.is_nil((answer.raw .. answer.body):find("HTTP/", 5, true), name)
    assert.is_true(closed, name)
  end

  it("B14: an invalid Content-Length gets one status line, our JSON and the end of the connection", function()
    for length, wanted in pairs {
      ["+5"] = { 400 }, ["-1"] = { 400 }, ["-0"] = { 400 }, ["5,5"] = { 400 }, ["5, 5"] = { 400 }, [""] = { 400 }, ["5 5"] = { 400 }, ["0x5"] = { 400 },
      ["5abc"] = { 400 }, ["1e3"] = { 400 }, ["5.0"] = { 400 }, ["5 "] = { 400 }, ["0x10"] = { 400 }, ["18446744073709551615"] = { 400, 413 },
      ["18446744073709551616"] = { 413 }, ["99999999999999999999"] = { 413 },
    } do
      refused_once(HEAD .. "Content-Length: " .. length .. "\r\n\r\nhello", wanted, length)
    end
  end)

  it("B14: so does one that comes in pieces, or after an answered request", function()
    local peer = assert(wire.dial(service.port))
    peer:send(HEAD .. "Content-Le")
    assert.equal(200, service:http("GET", "/health").status) -- another connection is read meanwhile
    peer:send "ngth: +5\r\n\r\nhello"
    local list = peer:read(2, 2)
    assert.equal(1, #list)
    assert.equal(400, list[1].status)
    assert.equal('{"error":"bad request"}', list[1].body)
    assert.is_true(peer:closed(2))
    peer:close()
    list = wire.raw(service.port, "GET /health HTTP/1.1\r\nHost: k\r\n\r\n" .. HEAD .. "Content-Length: +5\r\n\r\nhello", { want = 2, settle = 0.05 })
    assert.same({ 200, 400 }, { list[1].status, list[2].status })
    assert.equal('{"error":"bad request"}', list[2].body)
    assert.is_nil(list[3])
  end)

  it("B15 B18: whatever the library itself would refuse is refused by us: once, in JSON, closed", function()
    local GET = "GET /health HTTP/1.1\r\nHost: k\r\n"
    local TE = HEAD .. "Transfer-Encoding: chunked\r\n\r\n"
    local many = {}
    for i = 1, 5000 do many[i] = "X-" .. i .. ": y\r\n" end
    for name, case in pairs {
      ["5,000 headers"] = { GET .. table.concat(many) .. "\r\n", { 431 } }, ["a header of 66 KB"] = { GET .. "X: " .. ("y"):rep(66000) .. "\r\n\r\n", { 431 } },
      ["a header of 36 KB"] = { GET .. "X: " .. ("y"):rep(36000) .. "\r\n\r\n", { 431 } }, cookies = { GET .. "Cookie: " .. ("a=b;"):rep(4000) .. "\r\n\r\n", { 431 } },
      folded = { GET .. "X: a\r\n" .. (" b\r\n"):rep(9000) .. "\r\n", { 431 } }, url = { "GET /" .. ("a"):rep(41000) .. " HTTP/1.1\r\nHost: k\r\n\r\n", { 414 } },
      ["no colon"] = { GET .. "foo\r\n\r\n", { 400 } }, ["version 9.9"] = { "GET /health HTTP/9.9\r\n\r\n", { 505 } }, ["version 0.9"] = { "GET /health HTTP/0.9\r\n\r\n", { 505 } },
      ["no version"] = { "GET /health\r\n\r\n", { 400 } }, ["not HTTP"] = { "GET /health HTTQ/1.1\r\n\r\n", { 400 } }, ["bad chunk"] = { TE .. "zz\r\n", { 400 } },
      ["chunk without end"] = { TE .. "fffffffffffffffff\r\n", { 413 } }, ["bad trailer"] = { TE .. "0\r\nfoo\r\n\r\n", { 400 } },
    } do
      refused_once(case[1], case[2], name)
    end
    assert.is_true(service:healthy())
  end)

  it("B14: four megabytes are taken, one byte more is 413 before it is sent, and an endless body ends there", function()
    local body, word = hook()
    local padded = body:sub(1, -2) .. ',"pad":"' .. ("x"):rep(4194304 - #body - 9) .. '"}'
    assert.equal(4194304, #padded)
    assert.equal(200, service:hook(padded))
    settled()
    assert.equal(1, stored(word))
    local early = wire.raw(service.port, HEAD .. "Content-Length: 4194305\r\n\r\n", { timeout = 2 })
    assert.equal(413, early[1].status)
    local chunk = "10000\r\n" .. ("x"):rep(65536) .. "\r\n"
    local endless = wire.raw(service.port, HEAD .. "Transfer-Encoding: chunked\r\n\r\n" .. chunk:rep(70), { timeout = 3 })
    one_of(endless[1] and endless[1].status or 0, { 0, 413 }, "endless chunks")
    assert.is_true(service:healthy())
  end)

  it("B14: chunked bodies and Expect are served, gzip is kept, a short body and broken chunks leave nothing", function()
    local function chunks(body)
      local out = {}
      for i = 1, #body, 37 do
        local piece = body:sub(i, i + 36)
        out[#out + 1] = ("%x\r\n%s\r\n"):format(#piece, piece)
      end
      return HEAD .. "Connection: close\r\nX-Hub-Signature-256: " .. meta.sign(service.secret, body) .. "\r\nTransfer-Encoding: chunked\r\n\r\n" .. table.concat(out)
    end
    local body, word = hook()
    assert.equal(200, wire.raw(service.port, chunks(body) .. "0\r\n\r\n")[1].status)
    local expected, again = hook()
    assert.equal(200, wire.raw(service.port, meta.request(service.secret, expected, { headers = { "Expect: 100-continue" } }))[1].status)
    local zipped = "\31\139\8\0\0\0\0\0\0\3" .. meta.word()
    assert.equal(200, wire.raw(service.port, meta.request(service.secret, zipped, { headers = { "Content-Encoding: gzip" } }))[1].status)
    assert.is_true(service:holds(zipped:sub(11)))
    local hidden = {}
    local function refused(name, bytes, half)
      local list = wire.raw(service.port, bytes, { timeout = 3, half = half })
      one_of(list[1] and list[1].status or 0, { 0, 400, 401, 408, 413 }, name)
    end
    for name, tail in pairs { ["no size"] = "zz\r\nx\r\n0\r\n\r\n", negative = "-5\r\nhello\r\n0\r\n\r\n", huge = "ffffffffffffffff\r\nx", ["no CRLF"] = "1\r\nxx0\r\n\r\n" } do
      local one, mark = hook()
      hidden[#hidden + 1] = mark
      refused(name, chunks(one) .. tail, true)
    end
    local short, mark = hook()
    hidden[#hidden + 1] = mark
    refused("short", meta.request(service.secret, short):sub(1, -4), true)
    settled()
    assert.equal(1, stored(word))
    assert.equal(1, stored(again))
    for _, one in ipairs(hidden) do assert.is_false(service:holds(one)) end
  end)

  it("B15: ambiguous framing is refused and the connection closed: nothing is stored, no second answer", function()
    local body, word = hook()
    local sign = "X-Hub-Signature-256: " .. meta.sign(service.secret, body) .. "\r\n"
    local P, L = HEAD .. sign, "Content-Length: " .. #body .. "\r\n"
    local chunked = ("%x\r\n%s\r\n0\r\n\r\n"):format(#body, body)
    local tail = "GET /whatsapp/webhook?hub.mode=subscribe&hub.challenge=SMUGGLED&hub.verify_token=" .. service.verify_token .. " HTTP/1.1\r\nHost: k\r\n\r\n"
    for name, bytes in pairs {
      ["CL and TE"] = P .. L .. "Transfer-Encoding: chunked\r\n\r\n" .. chunked, ["TE and CL"] = P .. "Transfer-Encoding: chunked\r\n" .. L .. "\r\n" .. chunked,
      ["two CL"] = P .. L .. "Content-Length: 5\r\n\r\n" .. body, ["two equal CL"] = P .. L .. L .. "\r\n" .. body,
      ["CL list"] = P .. ("Content-Length: %d, %d\r\n\r\n"):format(#body, #body) .. body, ["xchunked"] = P .. "Transfer-Encoding: xchunked\r\n\r\n" .. chunked,
      ["chunked, identity"] = P .. "Transfer-Encoding: chunked, identity\r\n\r\n" .. chunked,
      ["two TE"] = P .. "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" .. chunked,
      ["no Host"] = "POST /whatsapp/webhook HTTP/1.1\r\n" .. sign .. L .. "\r\n" .. body,
      ["two Hosts"] = "POST /whatsapp/webhook HTTP/1.1\r\nHost: a\r\nHost: b\r\n" .. sign .. L .. "\r\n" .. body,
      ["space before colon"] = P .. "Content-Length : " .. #body .. "\r\n\r\n" .. body, ["folded"] = P .. "Content-Length:\r\n " .. #body .. "\r\n\r\n" .. body,
      ["LF only"] = (P .. L):gsub("\r", "") .. "\n" .. body,
    } do
      local list, closed = wire.raw(service.port, bytes .. tail, { timeout = 2, settle = 0.05 })
      one_of(list[1] and list[1].status or 0, { 0, 400, 501 }, name)
      assert.is_true(#list < 2, name)
      assert.is_true(closed, name)
    end
    for name, bytes in pairs { ["HTTP/0.9"] = "GET /health\r\n\r\n", preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", tls = "\22\3\1\2\0\1\0\1\252\3\3" .. ("\0"):rep(300) .. "\r\n\r\n" } do
      local list = wire.raw(service.port, bytes, { timeout = 2 })
      one_of(list[1] and list[1].status or 0, { 0, 400, 404, 405, 431, 501, 505 }, name)
    end
    local absolute = wire.raw(service.port, "GET http://spec.test/health HTTP/1.1\r\nHost: spec.test\r\n\r\n", { timeout = 2 })
    one_of(absolute[1] and absolute[1].status or 0, { 200, 400, 404 }, "absolute form")
    assert.is_false(service:holds(word))
    assert.is_true(service:healthy())
  end)

  it("B16: slow peers are cut off at the absolute deadline, also when they keep sending, and honest ones are served meanwhile", function()
    local body, word = hook()
    local request = meta.request(service.secret, body)
    local slow = {}
    for i = 1, 150 do
      slow[i] = assert(wire.dial(service.port))
      slow[i]:send(i % 3 == 0 and "GET /health HTTP/1.1\r\nHost: k\r\n" or i % 3 == 1 and request:sub(1, -80) or "GET /hea")
    end
    local begun, worst, open, at = socket.gettime(), 0, 150, 0
    while open > 0 and socket.gettime() - begun < 4 do
      for i, peer in pairs(slow) do
        peer.sock:settimeout(0)
        local rest = i % 3 == 1 and request:sub(-80 + at, -80 + at) or i % 3 == 0 and "X-Drip: y\r\n" or "a"
        if peer:closed(0) or not peer.sock:send(rest) then
          peer:close()
          slow[i], open = nil, open - 1
        end
      end
      at = math.min(at + 1, 70)
      local asked = socket.gettime()
      assert.equal(200, service:http("GET", "/health").status)
      assert.equal(200, service:hook((hook())))
      worst = math.max(worst, socket.gettime() - asked)
      socket.sleep(0.03)
    end
    assert.equal(0, open)
    assert.is_true(socket.gettime() - begun < 3.2)
    assert.is_true(worst < 0.5, worst)
    assert.is_false(service:holds(word))
  end)

  it("B18: too many headers are 431, a URL too long is 414, and the connection is closed", function()
    local many = {}
    for i = 1, 5000 do many[i] = "X-" .. i .. ": y" end
    for name, case in pairs {
      headers = { "GET /health HTTP/1.1\r\nHost: k\r\n" .. table.concat(many, "\r\n") .. "\r\n\r\n", { 431 } },
      header = { "GET /health HTTP/1.1\r\nHost: k\r\nX: " .. ("y"):rep(66000) .. "\r\n\r\n", { 431 } },
      url = { "GET /" .. ("a"):rep(40000) .. " HTTP/1.1\r\nHost: k\r\n\r\n", { 414 } },
      challenge = { "GET /whatsapp/webhook?hub.mode=subscribe&hub.challenge=" .. ("9"):rep(1000000) .. " HTTP/1.1\r\nHost: k\r\n\r\n", { 0, 400, 414, 431 } },
    } do
      local list, closed = wire.raw(service.port, case[1], { timeout = 3, settle = 0.2 })
      one_of(list[1] and list[1].status or 0, case[2], name)
      assert.is_true(closed, name)
    end
  end)

  -- ---- verification, routes ----

  it("B19: only the right token, given once, gets the challenge, as plain text that no browser sniffs", function()
    local token = service.verify_token
    local function ask(query) return service:http("GET", "/whatsapp/webhook?" .. query) end
    local good = ask("hub.mode=subscribe&hub.verify_token=" .. token .. "&hub.challenge=%3Cscript%3E%26")
    assert.equal(200, good.status)
    assert.equal("<script>&", good.body)
    assert.truthy(good.headers["content-type"]:find("^text/plain"))
    assert.equal("nosniff", (good.headers["x-content-type-options"] or ""):lower())
    for _, bad in ipairs { "wrong", token:sub(1, -2), token .. "x", token .. "%00junk", "%00", "", token:upper() .. "x", token .. "%20", token .. "&hub.verify_token=bad",
      "bad&hub.verify_token=" .. token, service.secret } do
      local answer = ask("hub.mode=subscribe&hub.verify_token=" .. bad .. "&hub.challenge=CHALLENGE")
      one_of(answer.status, { 400, 403 }, bad)
      assert.is_nil(answer.body:find "CHALLENGE")
    end
    for _, query in ipairs { "hub.mode=subscribe&hub.challenge=1", "", "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=" .. token,
      "hub.challenge=1&hub.verify_token=" .. token, "hub.mode=subscribe&hub.verify_token=" .. token .. "&hub.challenge=" .. ("9"):rep(5000),
      "hub.mode=subscribe&hub.verify_token=" .. token .. "&hub.challenge=a%0d%0aX-Evil:1" } do
      local answer = ask(query)
      one_of(answer.status, { 400, 403, 414 }, query)
      assert.is_nil(answer.headers["x-evil"])
    end
  end)

  it("B20: other methods are 405 with Allow, other paths 404, both in JSON; HEAD works, TRACE never echoes", function()
    for _, case in ipairs { { "POST", "/health" }, { "DELETE", "/health" }, { "PUT", "/whatsapp/webhook" }, { "GET", "/slack/interactive" }, { "GET", "/slack/commands" } } do
      local answer = service:http(case[1], case[2])
      assert.equal(405, answer.status, case[1] .. case[2])
      assert.truthy(answer.headers.allow)
      assert.is_string(json.decode(answer.body).error)
    end
    for _, path in ipairs { "/", "/nothing", "/metrics", "/admin", "/.env", "/HEALTH", "/health%2fx", "/calcom/webhook", "/sandbox/" } do
      local answer = service:http("GET", path)
      assert.equal(404, answer.status, path)
      assert.is_string(json.decode(answer.body).error)
    end
    for _, path in ipairs { "//health", "/health/", "/health%00x", "/../etc/passwd", "/..%2fetc/passwd" } do
      one_of(service:http("GET", path).status, { 400, 404 }, path)
    end
    local head, _, rest = wire.raw(service.port, "HEAD /health HTTP/1.1\r\nHost: k\r\nConnection: close\r\n\r\n", { head = true, settle = 0.05 })
    assert.equal(200, head[1].status)
    assert.equal("", rest)
    local trace = service:http("TRACE", "/health", { headers = { { "X-Echo", "ECHOED" } } })
    one_of(trace.status, { 0, 400, 405, 501 }, "TRACE")
    assert.is_nil(trace.body:find "ECHOED")
    one_of(service:http("BREW", "/health").status, { 0, 400, 405, 501 }, "BREW")
    one_of(service:http("CONNECT", "127.0.0.1:22").status, { 0, 400, 404, 405, 501 }, "CONNECT")
  end)

  -- ---- many ----

  it("B21: a flood of unsigned posts grows no file and no log, and signed ones are answered meanwhile", function()
    local body, hidden = hook()
    local bytes = ("%sX-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n%s"):format(HEAD, ("0"):rep(64), #body, body)
    local lines, worst = #service:log(), 0
    local peer = assert(wire.dial(service.port))
    for _ = 1, 20 do
      peer:send(bytes:rep(50))
      local list = peer:read(50, 5)
      assert.equal(50, #list)
      for _, answer in ipairs(list) do assert.equal(401, answer.status) end
      local begun = socket.gettime()
      assert.equal(200, service:hook '{"object":"page"}')
      worst = math.max(worst, socket.gettime() - begun)
    end
    peer:close()
    assert.is_true(worst < 0.25, worst)
    assert.is_false(service:holds(hidden))
    assert.is_true(#service:log() - lines < 60)
    -- What an operator with a wrong secret needs: one line a second that says so, with how many.
    local function told()
      local count = 0
      for _, line in ipairs(service:logged "http.refused") do
        assert.equal("POST /whatsapp/webhook", line.last)
        count = count + line.count
      end
      return count
    end
    shell.until_(function() return told() >= 1000 end, 3, "the refusals to be told")
  end)

  it("B22: a client that resets or half-closes before its answer leaves a message stored once and nothing else behind", function()
    local word = {}
    local before = service:fds()
    for i = 1, 20 do
      local body
      body, word[i] = hook()
      local peer = assert(wire.dial(service.port))
      peer:send(meta.request(service.secret, body))
      if i % 2 == 0 then peer:reset() else
        peer:shut()
        peer:close()
      end
    end
    shell.until_(function() return service:fds() <= before + 3 end, 5, "the connections to be gone")
    settled()
    for i = 1, 20 do assert.is_true(stored(word[i]) <= 1) end
    assert.is_true(service:healthy())
  end)

  it("B23: a hundred pipelined requests are answered in order, and a connection serves thousands", function()
    local list = {}
    for i = 1, 100 do list[i] = ("GET /%s HTTP/1.1\r\nHost: k\r\n\r\n"):format(i % 3 == 0 and "none" or "health") end
    local answers = wire.raw(service.port, table.concat(list), { want = 100 })
    assert.equal(100, #answers)
    for i, answer in ipairs(answers) do assert.equal(i % 3 == 0 and 404 or 200, answer.status, i) end
    local peer = assert(wire.dial(service.port))
    local ask = ("GET /health HTTP/1.1\r\nHost: k\r\n\r\n"):rep(100)
    local total = 0
    for _ = 1, shell.rounds(30, 100) do
      peer:send(ask)
      for _, answer in ipairs(peer:read(100, 5)) do
        assert.equal(200, answer.status)
        total = total + 1
      end
    end
    peer:close()
    assert.equal(shell.rounds(3000, 10000), total)
    local body = hook()
    local bytes = meta.request(service.secret, body, { keep = true })
    local mixed = wire.raw(service.port, bytes .. "GET /health HTTP/1.1\r\nHost: k\r\n\r\n" .. bytes, { want = 3 })
    assert.same({ 200, 200, 200 }, { mixed[1].status, mixed[2].status, mixed[3].status })
  end)

  it("B24: a stranger's bytes never make a line or an escape sequence in the log", function()
    local phone = meta.phone()
    local evil = "x\r\n{\"event\":\"forged\"}\27[31m\"}"
    assert.equal(200, service:hook { name = "Eve" .. evil, messages = { meta.text(phone, evil .. meta.word()) } })
    wire.raw(service.port, "GET /x%0d%0a{\"event\":\"forged\"} HTTP/1.1\r\nHost: k\r\nUser-Agent: \27[31m{forged\r\nConnection: close\r\n\r\n")
    settled()
    local text = service:log_text()
    assert.is_nil(text:find("\27", 1, true))
    for _, line in ipairs(service:log()) do
      assert.are_not.equal("forged", line.event)
      assert.are_not.equal("(not JSON)", line.event)
    end
  end)
end)
