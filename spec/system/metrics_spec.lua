-- METRICS_LISTEN: the service's metrics for Prometheus, also while something is wrong.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local wire = require "spec.support.wire"

describe("the numbers", function()
  teardown(process.close_all)

  -- A service with METRICS_LISTEN, and that port.
  local function listening(options)
    options = options or {}
    local port = shell.port()
    options.env = options.env or {}
    options.env.METRICS_LISTEN = "127.0.0.1:" .. port
    return options, port
  end

  local function scrape(port)
    local answer = wire.http(port, "GET", "/metrics", { timeout = 5 })
    assert.equal(200, answer.status, answer.problem)
    return answer.body, answer
  end

  -- The value of `name` or `name{labels}`; nil: it is not there.
  local function value(text, series)
    local at, stop = ("\n" .. text):find("\n" .. series .. " ", 1, true)
    return at and tonumber(text:match("^%S+", stop))
  end

  local function promtool()
    for _, path in ipairs { "promtool", shell.binary:match "^(.*)/" .. "/unpacked/prometheus/usr/bin/promtool" } do
      if shell.run("command -v " .. shell.quote(path) .. " >/dev/null") == 0 then return path end
    end
  end

  describe("of a service that talks", function()
    local scene, port, phone

    -- One chat is answered by the model, one is handed to staff.
    setup(function()
      local options
      options, port = listening()
      scene = chat.open(options)
      phone = meta.phone()
      scene:sent(phone, scene:ask(phone))
      scene.service:say(phone, "I want a human")
      scene:posts(phone)
      shell.until_(function() return #scene.stand_ins:cards(phone) == 1 end, 5, "the card")
    end)

    it("come as Prometheus text on METRICS_LISTEN alone: no other path, no other method, nothing on the public listener", function()
      local _, answer = scrape(port)
      assert.equal("text/plain; version=0.0.4; charset=utf-8", answer.headers["content-type"])
      local head = wire.raw(port, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", { head = true })[1]
      assert.equal(200, head.status)
      local post = wire.http(port, "POST", "/metrics", { body = "x" })
      assert.equal(405, post.status)
      assert.equal("GET, HEAD", post.headers.allow)
      for _, path in ipairs { "/", "/health", "/metrics/", "/whatsapp/webhook" } do
        assert.equal(404, wire.http(port, "GET", path).status, path)
      end
      assert.equal(404, scene.service:http("GET", "/metrics").status)
    end)

    it("count what happened to a chat, from the webhook to the delivery", function()
      local text = shell.until_(function()
        local now = scrape(port)
        return (value(now, 'assistant_deliveries_total{state="delivered"}') or 0) >= 2 and now
      end, 5, "the statuses to be counted")
      assert.is_true(value(text, 'assistant_http_requests_total{route="/whatsapp/webhook",method="POST",code="200"}') >= 2)
      assert.is_true(value(text, 'assistant_inbox_accepted_total{reader="whatsapp"}') >= 2)
      assert.equal(1, value(text, 'assistant_turns_total{brain="model",action="continue"}'))
      assert.equal(1, value(text, 'assistant_turns_total{brain="words",action="handoff"}'))
      assert.equal(2, value(text, "assistant_turn_duration_seconds_count"))
      assert.equal(1, value(text, 'assistant_model_request_duration_seconds_count{outcome="answered"}'))
      assert.equal(2, value(text, 'assistant_sends_total{outcome="accepted"}'))
      assert.equal(1, value(text, 'assistant_handoffs_total{reason="asked"}'))
      assert.equal(1, value(text, 'assistant_cases{state="open"}'))
      assert.is_true(value(text, 'assistant_posts_total{outcome="ok"}') >= 1)
      assert.is_true(value(text, "assistant_commit_duration_seconds_count") > 2)
      assert.is_true(value(text, "assistant_loop_lag_seconds_count") > 2)
      assert.equal(1, value(text, "assistant_healthy"))
      assert.equal(0, value(text, 'assistant_circuit_open{provider="model"}'))
    end)

    it("count the model's tokens, and what they cost at the owner's prices", function()
      local text = scrape(port)
      local cached = value(text, 'assistant_model_tokens_total{kind="prompt_cached"}')
      local uncached = value(text, 'assistant_model_tokens_total{kind="prompt_uncached"}')
      local said = value(text, 'assistant_model_tokens_total{kind="completion"}')
      assert.is_true(cached + uncached > 100 and said > 5)
      local cost = (cached * 0.003 + uncached * 0.15 + said * 0.6) / 1000000
      assert.is_true(math.abs(value(text, "assistant_model_cost_dollars_total") - cost) < 1e-9)
    end)

    it("H2: hold no customer's number and no secret", function()
      local text, service = scrape(port), scene.service
      for _, word in ipairs { phone, service.secret, service.token, service.key, service.signing_secret } do
        assert.is_nil(text:find(word, 1, true))
      end
      assert.is_nil(text:find "%a=\"[^\"]*%d%d%d%d%d%d%d%d%d%d")
    end)

    it("are what alerts.yml speaks of: each metric that a rule names is there", function()
      local text, named = scrape(port), 0
      for expr in assert(shell.read(shell.root .. "/docs/ops/alerts.yml")):gmatch "expr: ([^\n]+)" do
        for name in expr:gsub("'", " "):gmatch "%f[%w_](%a+_[%w_]+)" do
          if name:find "^assistant_" or name:find "^process_" then
            local family = name:gsub("_bucket$", ""):gsub("_count$", "")
            assert.truthy(text:find("# TYPE " .. family .. " ", 1, true), name)
            named = named + 1
          end
        end
      end
      assert.is_true(named > 25)
    end)

    it("pass promtool's checks, like the rules and their tests", function()
      local tool = promtool()
      if not tool then return pending "no promtool (./dev lint brings it)" end
      local file = scene.service.home .. "/scrape"
      shell.write(file, scrape(port))
      local code, said = shell.run(shell.quote(tool) .. " check metrics <" .. file)
      assert.equal(0, code, said)
      assert.equal("", said)
      code, said = shell.run(("cd %s/docs/ops && %s check rules alerts.yml"):format(shell.quote(shell.root), shell.quote(tool)))
      assert.equal(0, code, said)
    end)

    it("G10: continue over a reload; a broken gauge removes only the scripts' gauges", function()
      local service = scene.service
      local before = scrape(port)
      local source = service:read "scripts/ops/metrics.lua"
      service:write("scripts/ops/metrics.lua", (source:gsub("function M%.gauges%(%)", "%0\n  local nothing = nil; nothing()", 1)))
      assert.equal(0, (service:cli "reload"))
      local text = scrape(port)
      assert.equal(0, value(text, "assistant_script_gauges_successful"))
      assert.is_nil(value(text, 'assistant_cases{state="open"}'))
      assert.equal(1, value(text, "assistant_healthy"))
      assert.equal(2, value(text, "assistant_generation"))
      assert.equal(1, value(text, 'assistant_reloads_total{result="ok"}'))
      assert.equal(value(before, "assistant_turn_duration_seconds_count"), value(text, "assistant_turn_duration_seconds_count"))
      assert.truthy(service:logged("metrics.gauges")[1].error:find("scripts/ops/metrics.lua:", 1, true))
      service:write("scripts/ops/metrics.lua", source)
      assert.equal(0, (service:cli "reload"))
      text = scrape(port)
      assert.equal(1, value(text, "assistant_script_gauges_successful"))
      assert.equal(1, value(text, 'assistant_cases{state="open"}'))
      service:write("scripts/ops/metrics.lua", "nonsense")
      assert.equal(5, (service:cli "reload"))
      text = scrape(port)
      assert.equal(0, value(text, "assistant_last_reload_successful"))
      assert.is_true(value(text, 'assistant_reloads_total{result="failed"}') >= 1) -- the watcher may have seen the file first
      service:write("scripts/ops/metrics.lua", source)
      assert.equal(0, (service:cli "reload"))
      assert.equal(1, value(scrape(port), "assistant_last_reload_successful"))
    end)

    it("are given to a crowd of idle and dripping peers' neighbour too, and the public listener feels nothing", function()
      local peers = {}
      for i = 1, 15 do
        peers[i] = assert(wire.dial(port))
        if i % 2 == 0 then peers[i]:send "GET /metr" end
      end
      scrape(port)
      for _ = 1, 10 do peers[#peers + 1] = assert(wire.dial(port)) end
      assert.is_true(scene.service:healthy())
      for _, peer in ipairs(peers) do peer:close() end
      shell.until_(function() return wire.http(port, "GET", "/metrics", { timeout = 2 }).status == 200 end, 5, "the crowd to be gone")
    end)

    if _G.SPEC_LONG then
      it("B16: cut a peer that drips off after ten seconds, whatever it sends", function()
        local peer, begun = assert(wire.dial(port)), shell.now_ms()
        local gone = false
        while not gone and shell.now_ms() - begun < 20000 do
          peer:send "G"
          gone = peer:closed(0.5)
        end
        assert.is_true(gone and shell.now_ms() - begun < 12500)
        peer:close()
      end)
    end
  end)

  it("count an idle loop's waits: it wakes for its timers once a second, and for nothing else", function()
    local options, port = listening()
    process.new(options)
    local function waits() return value(scrape(port), "assistant_loop_lag_seconds_count") end
    local count
    shell.until_(function() -- what a start has to do comes first
      local before, at = waits(), socket.gettime()
      shell.until_(function() return socket.gettime() >= at + 3 end, 4, "three seconds")
      count = waits() - before
      return count <= 9 -- three or four, and those of a scrape
    end, 20, "three idle seconds")
    assert.is_true(count >= 3, count)
  end)

  it("are off when METRICS_LISTEN is unset or blank, and the service is the same", function()
    for _, none in ipairs { false, "" } do
      local service = process.new { env = { METRICS_LISTEN = none } }
      assert.equal(404, service:http("GET", "/metrics").status)
      assert.equal(0, (service:term()))
    end
  end)

  it("H1: a wrong METRICS_LISTEN is told at start, with what to do", function()
    local port = shell.port()
    for wrong, words in pairs {
      ["9464"] = "METRICS_LISTEN: must be address:port",
      ["localhost:9464"] = "METRICS_LISTEN: must be address:port",
      ["127.0.0.1:70000"] = "METRICS_LISTEN: must be address:port",
      ["127.0.0.1:" .. port] = "METRICS_LISTEN: is the same as LISTEN",
      ["0.0.0.0:" .. port] = "METRICS_LISTEN: is the same as LISTEN",
    } do
      local service = process.new { start = false, port = port, env = { METRICS_LISTEN = wrong } }
      local code, text = service:run_once "serve"
      assert.equal(2, code, text)
      assert.truthy(text:find(words, 1, true), text)
      assert.equal(2, (service:run_once "check"))
    end
  end)

  it("H1: a port that is in use is reported at the start, and the service does not start", function()
    local other = wire.listen()
    local service = process.new { start = false, env = { METRICS_LISTEN = "127.0.0.1:" .. other.port } }
    local code, text, seconds = service:run_once "serve"
    assert.is_true(code == 1 or code == 2, text)
    assert.is_true(seconds < 2)
    assert.truthy(text:find("METRICS_LISTEN: cannot listen on 127.0.0.1 port " .. other.port, 1, true), text)
    other:close()
  end)

  it("G1: a declaration that breaks the naming rules is refused by name when it is loaded", function()
    for line, words in pairs {
      ['{ name = "assistant_x", type = "counter", help = "X." }'] = "assistant_x must end in _total when it is a counter",
      ['{ name = "x_total", type = "counter", help = "X." }'] = "x_total must be named like",
      ['{ name = "assistant_x_total", type = "meter", help = "X." }'] = "`type` is counter, gauge or histogram",
      ['{ name = "assistant_x_seconds", type = "histogram", help = "X." }'] = "assistant_x_seconds is a histogram and needs `buckets`",
      ['{ name = "assistant_x_total", type = "counter", help = "X.", labels = { "Kind" } }'] = "has a label whose name",
      ['{ name = "assistant_wal_bytes", type = "gauge", help = "X." }'] = "is one of the host's own",
      ['{ name = "assistant_x", type = "gauge", help = "X." }, { name = "assistant_x", type = "gauge", help = "X." }'] = "is declared twice",
    } do
      local service = process.new { start = false, files = { ["scripts/ops/metrics.lua"] = "return { list = { " .. line .. " }, gauges = function() return {} end }" } }
      local code, text = service:run_once "check"
      assert.equal(5, code, text)
      assert.truthy(text:find(words, 1, true), text)
    end
  end)

  it("are counted by names that are declared, and no declared one is never counted", function()
    local declared, used = {}, {}
    local source = assert(shell.read(shell.root .. "/scripts/ops/metrics.lua"))
    for name in source:gmatch 'name = "([%w_]+)"' do declared[name] = true end
    local _, found = shell.run("cd " .. shell.quote(shell.root) .. " && grep -rhoE 'metrics\\.(add|observe)\\(\"[a-z_]+\"' scripts")
    for name in found:gmatch '"([%w_]+)"' do used[name] = true end
    for name in source:match("function M%.gauges.*"):gmatch '{ "(assistant_[%w_]+)"' do used[name] = true end
    assert.same(declared, used)
  end)
end)
