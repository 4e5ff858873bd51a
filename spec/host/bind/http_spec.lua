-- host.http: what it refuses, and the form of a failure. What goes over the wire: spec/host/client/pool_test.c.

local db = require "host.db"
local http = require "host.http"
local json = require "host.json"
local shell = require "spec.support.shell"
local socket = require "socket"
local task = require "host.task"

local function thrown(options)
  local ok, err = pcall(function() return http.request(options) end)
  assert.is_false(ok)
  return err
end

describe("http.request", function()
  local url = "http://127.0.0.1:" .. shell.port() .. "/"

  -- A listener that answers nobody; wait until somebody has asked.
  local function silent()
    local server = assert(socket.bind("127.0.0.1", 0))
    server:settimeout(0)
    local _, port = server:getsockname()
    return server, ("http://127.0.0.1:%d/"):format(port)
  end

  it("throws at the caller's line, naming the option that is wrong", function()
    for words, options in pairs {
      ["`url` is missing"] = {}, ["`url` must be a string"] = { url = {} }, ["`url` holds a blank"] = { url = url .. "a b" },
      ["`url` holds a blank, a line break or NUL"] = { url = url .. "\r\nX: y" }, ["`method` is not a word"] = { url = url, method = "GE T" },
      ["one of json, form, form_data and body"] = { url = url, json = {}, body = "" }, ["`body` must be text"] = { url = url, body = {} },
      ["`headers` must map names to text"] = { url = url, headers = { a = 1 } }, ["a header's name must be a word"] = { url = url, headers = { ["a:b"] = "" } },
      ['header "x-a" holds a line break or NUL'] = { url = url, headers = { ["x-a"] = "1\nb: 2" } },
      ["`timeout_ms` must be a whole number from 1 to 600000"] = { url = url, timeout_ms = 0 },
      ["`max_bytes` must be a whole number"] = { url = url, max_bytes = 1.5 }, ["`query` must map names"] = { url = url, query = { 1 } },
      ["`form` must map names"] = { url = url, form = { a = {} } }, ["`lane` must be a string"] = { url = url, lane = {} },
    } do
      local err = thrown(options)
      assert.truthy(err:find("^spec/host/bind/http_spec.lua:%d+: http.request: ") and err:find(words, 1, true), err)
    end
  end)

  it("refuses a form that is no table, and what is no table of options", function()
    assert.truthy(thrown({ url = url, form = "a=b" }):find("form as a table", 1, true))
    assert.truthy(thrown("http://127.0.0.1/"):find("table expected", 1, true))
  end)

  it("cannot be used where nothing may wait", function()
    local _, err = pcall(db.transaction, function() http.request { url = url } end)
    assert.truthy(err:find("http.request cannot be used here", 1, true), err)
  end)

  it("gives failures as values that print as their message", function()
    local answer, err = http.request { url = url }
    assert.is_nil(answer)
    assert.equal("connect", err.kind)
    assert.is_false(err.sent)
    assert.equal(err.message, tostring(err))
    answer, err = http.request { url = "file:///etc/passwd" }
    assert.is_nil(answer)
    assert.equal("refused", err.kind)
  end)

  it("does not leave before the commit: one that is cancelled in the same tick was never sent", function()
    local server, silent_url = silent()
    local kind, sent
    task.spawn(function()
      local _, err = http.request { url = silent_url, lane = "spec:1" }
      kind, sent = err.kind, err.sent
    end)
    local counts
    task.spawn(function() counts = { http.cancel "spec:1" } end)
    shell.until_(function() return counts and kind end, 5, "both")
    assert.same({ 0, 1 }, counts)
    assert.same({ "cancelled", false }, { kind, sent })
    assert.is_nil((server:accept()))
    server:close()
  end)

  it("cancels what is under way in a lane, and leaves the other lanes alone", function()
    local server, silent_url = silent()
    local ends = {}
    for _, lane in ipairs { "spec:1", "spec:2" } do
      task.spawn(function()
        local _, err = http.request { url = silent_url, lane = lane, timeout_ms = 400, json = json.array {} }
        ends[lane] = err.kind
      end)
    end
    local peers = {}
    shell.until_(function()
      peers[#peers + 1] = server:accept()
      return #peers == 2
    end, 5, "two connections")
    local sent, unsent = http.cancel "spec:1"
    assert.equal(1, sent + unsent)
    shell.until_(function() return ends["spec:1"] end, 5, "the end of the cancelled one")
    assert.same({ ["spec:1"] = "cancelled" }, ends)
    shell.until_(function() return ends["spec:2"] end, 5, "the other one's deadline")
    assert.equal("timeout", ends["spec:2"])
    assert.same({ 0, 0 }, { http.cancel "spec:none" })
    for _, peer in ipairs(peers) do peer:close() end
    server:close()
  end)

  it("tells every caller who cancels a lane at the same time how it ended", function()
    local server, silent_url = silent()
    local ended, told = false, {}
    task.spawn(function()
      http.request { url = silent_url, lane = "spec:3", timeout_ms = 5000 }
      ended = true
    end)
    local peer
    shell.until_(function()
      peer = server:accept()
      return peer
    end, 5, "a connection")
    for who = 1, 2 do
      task.spawn(function() told[who] = { http.cancel "spec:3" } end)
    end
    shell.until_(function() return ended and told[1] and told[2] end, 2, "both words")
    assert.equal(1, told[1][1] + told[1][2])
    assert.same(told[1], told[2])
    peer:close()
    server:close()
  end)
end)
