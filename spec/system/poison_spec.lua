-- Several messages that each kill the process, under a supervisor that starts it again: A32.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local shell = require "spec.support.shell"
local time = require "host.time"
local wire = require "spec.support.wire"

-- No hook ends this loop, because the slice is longer than the watchdog waits.
local ENV = { LUA_SLICE_MS = 60000, WATCHDOG_MS = 150 }
local POISON = 'if %s:find("POISON", 1, true) then while true do end end '

local function main_with(from, to)
  local text = assert(shell.read(shell.root .. "/scripts/main.lua"))
  local at = assert(text:find(from, 1, true), from)
  return text:sub(1, at - 1) .. to .. text:sub(at + #from)
end

describe("messages that kill the process", function()
  local scene, service

  after_each(chat.close_all)

  local function open(main)
    scene = chat.open { env = ENV, files = { ["scripts/main.lua"] = main } }
    service = scene.service
  end

  -- Does what a supervisor does, until done() is true.
  local function tend(done, seconds, what)
    return shell.until_(function()
      if service:exit(0) then service:start { wait = false } end
      return done()
    end, seconds, what)
  end

  -- As Meta does: again until there is a 200.
  local function post(phone, text)
    local body = meta.body { messages = { meta.text(phone, text) } }
    tend(function() return service:hook(body, 2) == 200 end, 20, "the webhook's 200")
  end

  local function answer(phone)
    local list = tend(function()
      local list = scene:tries(phone)
      return list[1] and list
    end, 30, "an answer")
    return list[1]
  end

  it("A32: turns: other customers are answered before a suspect runs again, and after its third crash each suspect is dead", function()
    open(main_with("turn = { run = turns.run,", [[turn = { run = function(job)
      local row = require("host.db").one("SELECT content FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1", job.payload.conversation)
      ]] .. POISON:format "row.content" .. " return turns.run(job) end,"))
    local count, poisoned, honest = shell.rounds(2, 10), {}, meta.phone()
    local list = {}
    for i = 1, count do
      poisoned[i] = meta.phone()
      list[i] = meta.text(poisoned[i], "POISON")
    end
    list[count + 1] = meta.text(honest, "hello " .. scene:plan())
    assert.equal(200, service:hook { messages = list })
    local answered = answer(honest)
    local waited = {}
    local function dead() return #service:logged "job.crashed" end
    while dead() < count and #waited < 10 do
      local phone, begun = meta.phone(), shell.now_ms()
      post(phone, "hello " .. scene:plan())
      answer(phone)
      waited[#waited + 1] = shell.now_ms() - begun
      tend(function() return dead() == count or #service:logged "jobs.suspect" >= 2 * #waited end, 90, "the next crashes")
    end
    tend(function() return dead() == count end, 400, "all of them to be dead")
    for _, phone in ipairs(poisoned) do
      answer(phone)
      tend(function() return #scene.stand_ins:cards(phone) == 1 end, 5, "the card")
    end
    assert.equal(3 * count + 1, service.starts)
    assert.is_true(answered.at < time.parse(service:logged "jobs.suspect"[1].time))
    for _, ms in ipairs(waited) do assert.is_true(ms < 5000, ms) end
    assert.equal(count, service:status().jobs.dead)
    print(("# %d poisonous turns: %d starts; others waited (ms): %s"):format(count, service.starts, table.concat(waited, " ")))
  end)

  it("A32: inbox rows: those behind them are read before one is read again, and after three crashes and one more while its item is parked each is parked whole", function()
    open(main_with("whatsapp = whatsapp.read,", "whatsapp = function(row) " .. POISON:format "row.body" .. "return whatsapp.read(row) end,"))
    local honest, word = meta.phone(), scene:plan()
    service:signal "STOP" -- all three are accepted before the first is read
    local peers = {}
    for i, text in ipairs { "POISON 1", "POISON 2", "hello " .. word } do
      peers[i] = wire.dial(service.port)
      peers[i]:send(meta.request(service.secret, meta.body { messages = { meta.text(i == 3 and honest or meta.phone(), text) } }))
    end
    service:signal "CONT"
    for _, peer in ipairs(peers) do
      assert.equal(200, peer:read(1, 2)[1].status)
      peer:close()
    end
    tend(function() return #service:logged "inbox.crash" >= 1 end, 6, "the first crash to be charged")
    local answered = answer(honest)
    tend(function() return #service:logged "inbox.crash" == 8 and service:alive() and service:healthy() end, 30, "the last start")
    scene:posts "died three times"
    assert.equal(2, service:status().inbox.parked)
    assert.equal(9, service.starts)
    local third = service:logged "inbox.suspect"[3]
    assert.is_true(answered.at < time.parse(third.time))
  end)

  it("A32: when the 7th of 20 customers' messages in one webhook kills the process, the other 19 are answered, only the 7th is parked, and staff are told", function()
    local at, reader = "local function read_message%b()\n", "scripts/channels/whatsapp/read.lua"
    local text, met = assert(shell.read(shell.root .. "/" .. reader)):gsub(at, "%0 if item.text then " .. POISON:format "item.text.body" .. "end ")
    assert.equal(1, met)
    scene = chat.open { env = ENV, files = { [reader] = text } }
    service = scene.service
    local list, honest = {}, {}
    for i = 1, 20 do
      local phone = meta.phone()
      if i ~= 7 then honest[#honest + 1] = phone end
      list[i] = meta.text(phone, i == 7 and "POISON" or "hello " .. scene:plan())
    end
    assert.equal(200, service:hook { messages = list })
    for _, phone in ipairs(honest) do answer(phone) end
    tend(function() return service:alive() and service:healthy() and #scene.stand_ins:posts "died three times" > 0 end, 10, "a word to staff")
    assert.equal(3, #service:logged "inbox.crash")
    assert.equal(4, service.starts)
    assert.equal(19, service:value "SELECT count(*) FROM messages WHERE role = 'user'")
    for _, phone in ipairs(honest) do assert.equal(1, #scene:tries(phone)) end
    local parked = service:rows "SELECT CAST(i.body AS TEXT) AS body FROM parked p JOIN inbox i ON i.id = p.inbox_id"
    assert.equal(1, #parked)
    assert.truthy(parked[1].body:find("POISON", 1, true))
    assert.falsy(parked[1].body:find("hello", 1, true))
  end)
end)
