-- `assistant sandbox` on PostgreSQL: what it stores, what it answers after its own end and the server's, and two processes at once.

local meta = require "spec.support.meta"
local postgres = require "spec.support.postgres"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

-- The sends that were taken, by the word that they hold.
local function taken(stand_ins)
  local by_word = {}
  for _, one in ipairs(stand_ins:requests "graph") do
    local text = type(one.body) == "table" and type(one.body.text) == "table" and one.body.text.body
    for word in (text or ""):gmatch "zq%l+" do
      by_word[word] = by_word[word] or {}
      table.insert(by_word[word], one)
    end
  end
  return by_word
end

local function all_answered(stand_ins, words, timeout)
  local missing
  local ok = pcall(shell.until_, function()
    local by_word = taken(stand_ins)
    missing = {}
    for _, word in ipairs(words) do
      if not by_word[word] then missing[#missing + 1] = word end
    end
    return #missing == 0
  end, timeout or 10, "answers")
  assert(ok, ("%d of %d messages are not answered: %s"):format(#missing, #words, table.concat(missing, " ")))
  return taken(stand_ins)
end

local function nothing_left(service)
  shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind IN ('turn', 'send')" == 0 end, 10, "nothing left to do")
end

-- How many of these people's messages are stored.
local function stored(service, words)
  return service:value("SELECT count(*) FROM messages WHERE role = 'user' AND content IN ('message " .. table.concat(words, "', 'message ") .. "')")
end

local function each_once(by_word, words)
  for _, word in ipairs(words) do assert.equal(1, #by_word[word], word) end
end

-- People with two messages each: {phone, first word, second word}, and all words.
local function people(count)
  local list, words = {}, {}
  for i = 1, count do
    list[i] = { meta.phone(), meta.word(), meta.word() }
    words[#words + 1] = list[i][2]
    words[#words + 1] = list[i][3]
  end
  return list, words
end

local function in_order(by_word, list)
  for _, one in ipairs(list) do assert.is_true(by_word[one[2]][1].id <= by_word[one[3]][1].id, "answered out of order") end
end

describe("the sandbox on PostgreSQL", function()
  local server, stand_ins, stopped
  local running = {}

  setup(function() server = postgres.new("password=right-pass-word-" .. meta.word()) end)

  teardown(function()
    process.close_all()
    server:close()
  end)

  after_each(function()
    if stopped then
      server:tell "start"
      stopped = false
    end
    for _, service in ipairs(running) do service:term() end -- it leaves, so the next one need not wait until it counts as dead
    running = {}
    process.close_all()
  end)

  -- Processes on the server's database, with stand-ins outside of it, so that these see what comes twice.
  local function open(count, env)
    stand_ins = standins.new()
    local list = {}
    for i = 1, count or 1 do list[i] = process.new { stand_ins = stand_ins, postgres = server, start = false, env = env } end
    for _, service in ipairs(list) do service:start() end
    running = list
    return table.unpack(list)
  end

  local function echo() stand_ins:plan { contains = "zq", echo = true } end

  -- The model's answer to a message: held, and all later ones at once.
  local function hold(service, phone, word)
    stand_ins:forget()
    local id = stand_ins:plan { contains = word, hold = true, times = 1, answer = { reply_to_user = "held " .. word } }
    echo()
    service:say(phone, "hi " .. word)
    shell.until_(function() return stand_ins:models(word)[1] end, 5, "the model's call")
    return id
  end

  it("answers 20 messages of 10 people once each and in order", function()
    local service, page = sandbox.open({}, server)
    running = { service }
    page:plan { contains = "zq", echo = true }
    local list, words = people(10)
    for n = 2, 3 do
      for _, one in ipairs(list) do page:write { from = one[1], text = "message " .. one[n] } end
    end
    local by_word = all_answered(page, words)
    nothing_left(service)
    each_once(taken(page), words)
    in_order(by_word, list)
    assert.equal(20, stored(service, words))
    local _, status = service:cli "status"
    assert.truthy(status:find("Chats for staff: ", 1, true), status)
  end)

  it("loses no message that got a 200 when it is killed in the middle of turns", function()
    local service = open()
    echo()
    stand_ins:fault { model = { kind = "slow", delay_ms = 60 } }
    local twice = 0
    for round = 1, shell.rounds(1, 10) do
      local list, words = people(10)
      local again = {}
      os.execute(("( sleep %.3f; kill -KILL %d ) >/dev/null 2>&1 &"):format(0.04 + 0.07 * round, service:pid()))
      for n = 2, 3 do
        for _, one in ipairs(list) do
          local body = meta.body { messages = { meta.text(one[1], "message " .. one[n]) } }
          if service:hook(body, 2) ~= 200 then again[#again + 1] = body end
        end
      end
      assert(service:exit(5), "the kill did not reach the program")
      local killed_at = shell.now_ms()
      service:start()
      for _, body in ipairs(again) do assert.equal(200, service:hook(body)) end
      all_answered(stand_ins, words, 20)
      nothing_left(service)
      local by_word = taken(stand_ins)
      in_order(by_word, list)
      for _, word in ipairs(words) do
        local first, second = by_word[word][1], by_word[word][2]
        assert.is_nil(by_word[word][3])
        if second then
          twice = twice + 1
          assert.equal(first.body.biz_opaque_callback_data, second.body.biz_opaque_callback_data)
          assert.is_true(first.at <= killed_at, word .. " was answered twice, and its first answer was not in flight")
        end
      end
      assert.equal(20, stored(service, words))
    end
    print(("# killed on PostgreSQL: %d answers came twice"):format(twice))
  end)

  it("answers each message once when its webhooks go to two processes", function()
    local a, b = open(2)
    echo()
    local list, words = people(12)
    for n = 2, 3 do
      for i, one in ipairs(list) do ((i + n) % 2 == 0 and a or b):say(one[1], "message " .. one[n]) end
    end
    all_answered(stand_ins, words, 20)
    nothing_left(a)
    each_once(taken(stand_ins), words)
    assert.equal(24, stored(a, words))
  end)

  it("says 503 while the server is stopped, and goes on by itself afterwards", function()
    local service = open()
    local phone, before, after = meta.phone(), meta.word(), meta.word()
    local held = hold(service, phone, before)
    server:tell "stop"
    stopped = true
    local body = meta.body { messages = { meta.text(meta.phone(), "hi " .. after) } }
    shell.until_(function() return service:http("GET", "/health").status == 503 end, 8, "/health to say 503")
    assert.equal(503, service:hook(body))
    stand_ins:release(held)
    server:tell "start"
    stopped = false
    shell.until_(function() return service:healthy() end, 8, "/health to say 200")
    assert.equal(200, service:hook(body))
    all_answered(stand_ins, { before, after }, 15)
    nothing_left(service)
    each_once(taken(stand_ins), { before, after })
  end)

  it("law 1: a COMMIT that got no answer is no 200, and what is given 200 is answered once", function()
    local service = open(1, { DATABASE_URL = server:url(server.proxy) })
    local words, refused = {}, 0
    echo()
    for round = 1, 12 do -- another transaction of the process can meet the fault first
      local word = meta.word()
      local body = meta.body { messages = { meta.text(meta.phone(), "message " .. word) } }
      server:tell(round % 2 == 0 and "lose answer" or "lose request")
      local status = service:hook(body)
      server:tell "pass"
      if status ~= 200 then
        assert.equal(503, status)
        refused = refused + 1
        shell.until_(function() return service:hook(body) == 200 end, 15, "the second try to be taken")
      end
      words[#words + 1] = word
    end
    assert.is_true(refused > 0, "no webhook met the fault")
    each_once(all_answered(stand_ins, words, 30), words)
    nothing_left(service)
    assert.equal(#words, stored(service, words))
  end)

  it("runs a turn again whose rows another program changed meanwhile, and answers once", function()
    local service = open()
    local phone, first, second = meta.phone(), meta.word(), meta.word()
    echo()
    service:say(phone, "hi " .. first)
    all_answered(stand_ins, { first })
    nothing_left(service)
    local undone = service:value "SELECT xact_rollback FROM pg_stat_database WHERE datname = 'assistant'"
    local held = hold(service, phone, second)
    local ready = shell.folder() .. "/ready"
    shell.write(ready .. ".sql", ("BEGIN; UPDATE conversations SET last_seq = last_seq WHERE id = '%s'; \\! touch %s\nSELECT pg_sleep(0.7); COMMIT;\n"):format(phone, ready))
    os.execute(("psql -XAtq -f %s %s >/dev/null 2>&1 &"):format(ready .. ".sql", shell.quote(server:url())))
    shell.until_(function() return shell.read(ready) end, 5, "the row to be held")
    stand_ins:release(held)
    all_answered(stand_ins, { second })
    nothing_left(service)
    each_once(taken(stand_ins), { first, second })
    shell.until_(function()
      return service:value "SELECT xact_rollback FROM pg_stat_database WHERE datname = 'assistant'" > undone
    end, 5, "a transaction that was undone")
  end)

  local function refused(mode, address)
    local service = process.new { start = false, env = { DATABASE_URL = address } }
    local code, text = service:run_once(mode)
    assert.is_nil(text:find("pass-word", 1, true), text)
    local line = text:match "^([^\n]+)\n$"
    assert(line, "more than one line: " .. text)
    return code, line
  end

  it("is not for `assistant serve`, which refuses it in one line that names the page of it", function()
    local code, line = refused("serve", server:url())
    assert.equal(2, code)
    assert.truthy(line:find("docs/ops/postgres.md", 1, true), line)
  end)

  it("refuses a wrong address in one line without its password", function()
    local at = "127.0.0.1:" .. server.port .. "/assistant"
    for _, address in ipairs { "postgres://assistant:wrong-pass-word@" .. at, "postgres://assistant:some-pass-word@127.0.0.1:x/assistant",
      "postgres://assistant:" .. server.password .. "@" .. at .. "?no_such=1", "postgres://assistant:some-pass-word@127.0.0.1:1/assistant" } do
      local code, line = refused("sandbox", address)
      assert.equal(3, code, line)
    end
  end)
end)
