-- GET /health says at once whether messages can be accepted durably, and nothing else, whatever happens: H8.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local wire = require "spec.support.wire"

describe("/health", function()
  teardown(process.close_all)

  local WITHIN_S = 0.05

  -- Asks `count` times; each must answer so. The machine is shared with other programs: one in ten can be late because of them.
  local function asked(service, count, status, body)
    local late, slowest = 0, 0
    for _ = 1, count do
      local begun = socket.gettime()
      local answer = service:http("GET", "/health", { timeout = 2 })
      local took = socket.gettime() - begun
      assert.equal(status, answer.status)
      assert.equal(body, answer.body)
      if took > WITHIN_S then late = late + 1 end
      slowest = math.max(slowest, took)
    end
    assert.is_true(late <= count // 10, ("%d of %d were late, the slowest took %.3f s"):format(late, count, slowest))
  end

  it("H8: says exactly this to GET, the same without a body to HEAD, and 405 to the rest", function()
    local service = process.new()
    local answer = service:http("GET", "/health")
    assert.equal(200, answer.status)
    assert.equal('{"status":"healthy"}', answer.body)
    assert.equal("application/json", answer.headers["content-type"])
    assert.equal(200, service:http("GET", "/health?from=the-tunnel").status)
    local head = wire.raw(service.port, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", { head = true })[1]
    assert.equal(200, head.status)
    assert.equal("20", head.headers["content-length"])
    for _, method in ipairs { "POST", "PUT", "DELETE" } do
      local refused = service:http(method, "/health", { body = "" })
      assert.equal(405, refused.status)
      assert.equal("GET, HEAD", refused.headers.allow)
    end
    service:close()
  end)

  it("H8: answers 503 from a failed commit to the next good one, at once each time, and the command says so too", function()
    local service = process.new { env = { LLM_DEADLINE_MS = 100 } }
    assert.equal(200, service:hook { messages = { meta.text(meta.phone(), "before") } })
    asked(service, 10, 200, '{"status":"healthy"}')
    local function limit(bytes) assert.equal(0, (shell.run(("prlimit --pid %d --fsize=%s:unlimited"):format(service:pid(), bytes)))) end
    limit "8192"
    shell.until_(function() return service:hook { messages = { meta.text(meta.phone(), ("x"):rep(9000)) } } == 503 end, 5, "a refused webhook")
    asked(service, 10, 503, '{"status":"unhealthy"}')
    local code, said = service:run_once "health"
    assert.equal(1, code)
    assert.equal("unhealthy\n", said)
    assert.is_false(service:status().healthy)
    local _, text = service:cli "status"
    assert.truthy(text:find "^NOT accepting messages since %d%d%d%d%-[^\n]+db%.sqlite has reached the limit for the size of a file%.\n  Remedy: raise it %(`ulimit", text)
    limit "unlimited"
    shell.until_(function() return service:healthy() end, 4, "the service to be healthy")
    asked(service, 10, 200, '{"status":"healthy"}')
    assert.equal(200, service:hook { messages = { meta.text(meta.phone(), "after") } })
    assert.equal(0, (service:run_once "health"))
    service:close()
  end)

  it("H8: providers that hang with many chats waiting for them, and scripts that fail at every message, do not touch it", function()
    local scene = chat.open()
    local service, stand_ins = scene.service, scene.stand_ins
    stand_ins:fault { model = "hang", graph = "lost", slack = "slow" }
    for _ = 1, 40 do service:say(meta.phone(), "hello") end
    shell.until_(function() return #stand_ins:requests "model" >= 40 end, 10, "forty turns to wait for the model")
    asked(service, 20, 200, '{"status":"healthy"}')
    service:write("scripts/language/wishes.lua",
      (service:read("scripts/language/wishes.lua"):gsub("function M%.for_a_person%([%w_, ]*%)", "%0\n  error 'broken'", 1)))
    assert.equal(0, (service:cli "reload"))
    for _ = 1, 5 do service:say(meta.phone(), "hello") end
    shell.until_(function() return #service:logged "script.error" >= 2 end, 10, "the broken script to fail")
    asked(service, 20, 200, '{"status":"healthy"}')
    assert.is_true(service:status().script_errors >= 2)
    scene:close()
  end)

  it("H8: while hundreds of messages come in and are answered, it is answered within 50 ms", function()
    local scene = chat.open { env = { TURN_QUIET_MS = 0, SEND_RATE = 1000000 } }
    local service = scene.service
    local peers, count, each = {}, 8, 40
    for i = 1, count do
      peers[i] = assert(wire.dial(service.port))
      local batch = {}
      for _ = 1, each do
        batch[#batch + 1] = meta.request(service.secret, meta.body { messages = { meta.text(meta.phone(), "hello") } }, { keep = true })
      end
      peers[i]:send(table.concat(batch))
    end
    asked(service, 30, 200, '{"status":"healthy"}')
    for _, peer in ipairs(peers) do
      local answers = peer:read(each, 10)
      assert.equal(each, #answers)
      for _, answer in ipairs(answers) do assert.equal(200, answer.status) end
      peer:close()
    end
    assert.is_true(service:status().business.oldest_unanswered_ms < 30000)
    scene:close()
  end)
end)
