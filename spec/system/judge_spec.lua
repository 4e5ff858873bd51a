-- Whether a failure counts against the newest files or against the customer's work: A32, G4, G11, G14. Each sentence begins with its code.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local standins = require "spec.support.standins"

-- A file as it is shipped, with texts replaced: {from, to, …}.
local function changed(path, ...)
  local text, pairs_of = assert(shell.read(shell.root .. "/" .. path)), { ... }
  for i = 1, #pairs_of, 2 do
    local at = assert(text:find(pairs_of[i], 1, true), pairs_of[i])
    text = text:sub(1, at - 1) .. pairs_of[i + 1] .. text:sub(at + #pairs_of[i])
  end
  return text
end

-- main.lua whose turns do `code` first, with the customer's newest words in `said`.
local function turns_that(code)
  return changed("scripts/main.lua", "turn = { run = turns.run,", [[turn = { run = function(job)
      local row = require("host.db").one("SELECT content FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1", job.payload.conversation)
      local said = row and row.content or ""
      ]] .. code .. " return turns.run(job) end,")
end

describe("a mistake in the newest files", function()
  local scene, service, stand_ins, first

  -- Another customer is answered, so the files that serve are known to be good.
  local function open(options)
    scene = chat.open(options)
    service, stand_ins = scene.service, scene.stand_ins
    scene:marker()
    first = service:status().generation.hash
  end

  -- Saves a file and waits until it serves.
  local function save(path, text)
    local before = service:status().generation.hash
    service:write(path, text)
    local status
    shell.until_(function()
      status = service:status()
      return status.generation.hash ~= before
    end, 6, "the saved files to serve")
    return status.generation.hash
  end

  local function serving(hash)
    shell.until_(function() return service:status().generation.hash == hash end, 6, "the other version to serve")
  end

  -- A customer who is answered before the next one writes.
  local function met(text, phone)
    phone = phone or meta.phone()
    scene:sent(phone, scene:ask(phone, nil, text))
    return phone
  end

  after_each(chat.close_all)

  it("G14: seven customers one after another meet a misspelt function: each is answered, and by the fifth the last good files serve", function()
    open()
    save("prompts/system_prompt.yaml", (service:read "prompts/system_prompt.yaml":gsub("identity: [^\n]+", 'identity: "Newer."')))
    local bad = save("scripts/turn.lua", changed("scripts/turn.lua", "local decision = decide(self, turn)", "local decision = self.decied(self, turn)"))
    for n = 1, 7 do
      met()
      if n == 4 then assert.equal(bad, service:status().generation.hash) end
      if n == 5 then serving(first) end
    end
    assert.equal(1, #service:logged "generation.rolled_back")
    assert.equal(5, #service:logged "generation.failure")
    local told = scene:posts("The files saved last failed 5 times")[1].body.text
    assert.truthy(told:find "scripts/turn%.lua:%d+: .-'decied'", told)
    assert.truthy(told:find("Version 1 of .- is running again%. Not in it: version 2 %(changed prompts/system_prompt%.yaml%), "
      .. "version 3 %(changed scripts/turn%.lua%)%."), told)
    assert.is_nil(told:find("\n", 1, true))
    assert.equal(1, #scene:posts "The newest scripts failed (1 so far)")
    assert.truthy(service:status().last_reload_error:find("'decied'", 1, true))
    local _, words = service:cli "status"
    assert.truthy(words:find("\nRolled back at %d%d%d%d%-[^\n]+:\n  The files saved last failed 5 times%. Version 1 of "), words)
    assert.is_nil(words:find("FAILED", 1, true))
    -- not taken again until it changes
    service:cli "reload"
    service:restart()
    assert.equal(first, service:status().generation.hash)
    assert.truthy(service:status().last_reload_error:find("'decied'", 1, true))
    local mended = service:read "scripts/turn.lua":gsub("self%.decied", "decide") .. "-- corrected\n"
    assert.is_true(save("scripts/turn.lua", mended) ~= bad)
    assert.is_nil(service:status().last_reload_error)
    met()
    assert.equal(5, #service:logged "generation.failure")
  end)

  it("G14: a mistake that only one customer meets is answered by the last good files and told to staff once; the newest files keep serving", function()
    open()
    local newest = save("scripts/main.lua", turns_that [[if said:find("PIANO", 1, true) then job.sise.name = 1 end]])
    local phone = meta.phone()
    for _ = 1, 6 do met("a PIANO", phone) end
    met "a couch"
    assert.equal(newest, service:status().generation.hash)
    assert.equal(6, #service:logged "generation.failure")
    assert.equal(0, #stand_ins:cards(phone))
    assert.equal(1, #scene:posts "scripts/main.lua:")
    assert.truthy(scene:posts("scripts/main.lua:")[1].body.text:find("The last good files did this work instead", 1, true))
    met "a PIANO" -- a second customer: now the mistake is not one customer's any more
    serving(first)
    assert.equal(1, #scene:posts "The files saved last failed 7 times. Version 1 of ")
  end)

  it("G4: ten messages of one customer that fail in every version bring no files back: the customer gets a text and a card, others are answered", function()
    open { files = { ["scripts/main.lua"] = turns_that [[if said:find("POISON", 1, true) then while true do end end]] }, env = { LUA_SLICE_MS = 50 } }
    local newest = save("prompts/system_prompt.yaml", (service:read "prompts/system_prompt.yaml":gsub("identity: [^\n]+", 'identity: "Newer."')))
    local phone = meta.phone()
    for n = 1, 10 do
      service:say(phone, "POISON " .. n)
      if n == 1 then
        shell.until_(function() return #stand_ins:sends(phone) == 1 end, 6, "a line for the customer")
        local card = shell.until_(function() return stand_ins:cards(phone)[1] end, 6, "the card")
        local text = card.body.text .. require("host.json").encode(card.body.blocks or {})
        assert.truthy(text:find("the assistant could not answer", 1, true), text)
        assert.is_nil(text:find("hands over", 1, true))
      end
    end
    for _ = 1, 3 do met() end
    shell.until_(function() return service:value "SELECT count(*) FROM jobs WHERE kind = 'turn'" == 0 end, 10, "all turns to be over")
    assert.equal(newest, service:status().generation.hash)
    assert.equal(0, #service:logged "generation.failure")
    assert.equal(0, service:status().jobs.dead)
    assert.equal(1, service.starts)
  end)

  it("G11: an endless loop in the newest files counts like any failure", function()
    open { env = { LUA_SLICE_MS = 150 } } -- a version's first message makes its phrases ready, which takes about 50 ms
    save("scripts/main.lua", turns_that "while true do end")
    for _ = 1, 5 do met() end
    serving(first)
  end)

  it("G11: when a reader and the messages to staff fail together, every message is read and staff are still told", function()
    open()
    save("scripts/main.lua", changed("scripts/main.lua", "whatsapp = whatsapp.read,", "whatsapp = function(row) return row.bdy:len() end,",
      "notice = function(notice) notices.tell(notice, whatsapp.say) end,", "notice = function(notice) notice.massage:len() end,"))
    for _ = 1, 3 do met() end
    serving(first)
    assert.equal(0, service:status().inbox.parked)
    scene:posts "The files saved last failed 5 times"
  end)

  it("G11: a route that fails is answered by the last good files, and five such requests bring them back; so do five runs of `every`", function()
    open()
    save("scripts/main.lua", changed("scripts/main.lua", '["GET /whatsapp/webhook"] = whatsapp.verify', '["GET /whatsapp/webhook"] = function(request) return request.qery.x end'))
    for _ = 1, 5 do
      local answer = service:http("GET", "/whatsapp/webhook?hub.mode=subscribe&hub.challenge=17&hub.verify_token=" .. service.verify_token)
      assert.equal(200, answer.status)
      assert.equal("17", answer.body)
    end
    serving(first)
    local second = changed("scripts/main.lua", "every = {", [[every = { tick = { seconds = 1, run = function() require("host.log").info("spec.tick", {}) end },]])
    local good = save("scripts/main.lua", second)
    shell.until_(function() return service:logged "spec.tick"[1] end, 4, "the first run")
    met()
    save("scripts/main.lua", (second:gsub('require%("host.log"%)%.info%("spec.tick", {}%)', "error 'no'")))
    shell.until_(function() return #service:logged "generation.rolled_back" == 2 end, 9, "the way back")
    serving(good)
  end)

  it("G4: one customer's reactions that the newest reader cannot read, with a turn of theirs that fails, undo nothing; one more of another customer does", function()
    open()
    local newest = save("scripts/main.lua", changed("scripts/main.lua", "whatsapp = whatsapp.read,", [[whatsapp = function(row)
      if row.body:find("reaction", 1, true) then row.bdy:len() end
      return whatsapp.read(row)
    end,]], "turn = { run = turns.run,", "turn = { run = function(job) job.sise.name = 1 end,"))
    local phone = meta.phone()
    local function reacts(from, count)
      assert.equal(200, service:hook { messages = { meta.message(from, "reaction", { reaction = { message_id = meta.wamid(), emoji = "👍" } }) } })
      shell.until_(function() return #service:logged "generation.failure" == count end, 4, "the failure to be counted")
    end
    for n = 1, 5 do reacts(phone, n) end
    met("a couch", phone)
    assert.equal(6, #service:logged "generation.failure")
    assert.equal(newest, service:status().generation.hash)
    reacts(meta.phone(), 7)
    serving(first)
    assert.equal(0, service:status().inbox.parked)
  end)

  it("G4: only the item at which the newest reader fails counts, not its neighbours in the webhook", function()
    open()
    local at, reader = "local function read_message%b()\n", "scripts/channels/whatsapp/read.lua"
    local text, found = assert(shell.read(shell.root .. "/" .. reader)):gsub(at .. "[^\n]*\n", "%0  if item.type == 'reaction' then item.sise.name = 1 end\n")
    assert.equal(1, found)
    local newest, phone = save(reader, text), meta.phone()
    for n = 1, 6 do
      assert.equal(200, service:hook { messages = { meta.text(meta.phone(), "STOP"), meta.message(phone, "reaction", { reaction = { emoji = "👍" } }),
        meta.text(meta.phone(), "STOP") } })
      shell.until_(function() return #service:logged "generation.failure" == n end, 4, "the failure to be counted")
    end
    assert.equal(newest, service:status().generation.hash)
  end)

  it("G4: requests without a signature undo nothing where the newest route fails; five signed ones bring the last good files back", function()
    open()
    local newest = save("scripts/main.lua", changed("scripts/main.lua", '["POST /whatsapp/webhook"] = whatsapp.receive',
      -- what becomes of the texts that were sent is not the spec's
      '["POST /whatsapp/webhook"] = function(request) return request.body:find("statuses", 1, true) and whatsapp.receive(request) or request.bdy:len() end'))
    for _ = 1, 7 do
      assert.equal(401, service:http("POST", "/whatsapp/webhook", { body = meta.body { messages = { meta.text(meta.phone(), "hello") } } }).status)
    end
    assert.equal(newest, service:status().generation.hash)
    assert.equal(0, #service:logged "generation.failure")
    for _ = 1, 5 do service:say(meta.phone(), "hello") end
    serving(first)
  end)

  it("G4: a mistake only in the `failed` handler does not stop the customer's text and the card", function()
    open { files = { ["scripts/main.lua"] = turns_that [[if said:find("POISON", 1, true) then error("both") end]] } }
    save("scripts/turn.lua", changed("scripts/turn.lua", "failed = function(job) return self:failed(job) end", "failed = function(job) return self:faild(job) end"))
    local phone = meta.phone()
    service:say(phone, "POISON")
    shell.until_(function() return #stand_ins:sends(phone) == 1 and #stand_ins:cards(phone) == 1 end, 6, "a line and a card")
    assert.equal(0, service:status().jobs.dead)
  end)
end)

describe("the sandbox", function()
  after_each(process.close_all)

  local function open(files)
    local unset = {}
    for _, name in ipairs { "META_VERIFY_TOKEN", "META_APP_SECRET", "META_ACCESS_TOKEN", "META_PHONE_NUMBER_ID", "DEEPSEEK_API_KEY", "SLACK_SIGNING_SECRET",
      "SLACK_WEBHOOK_URL", "SLACK_API_URL", "SLACK_RESPONSE_HOSTS", "META_GRAPH_URL", "DEEPSEEK_URL" } do unset[name] = false end
    local service = process.new { start = false, files = files, env = unset }
    service:start { args = "sandbox" }
    local page = setmetatable({ port = service.port }, { __index = standins.StandIns })
    return service, page
  end

  -- A customer writes, and the open page asks until a reply of ours is on the screen.
  local function answered(page, phone, text)
    page:write { from = phone, text = text }
    return shell.until_(function()
      page:call("GET", "/sandbox/view?number=" .. phone)
      for _, one in ipairs(page:screen(phone).messages) do
        if one.from == "business" then return one.text end
      end
    end, 8, "an answer on the screen")
  end

  it("G14: a broken handler is taken back although the page asks all the time", function()
    local service, page = open()
    answered(page, meta.phone(), "hello")
    local first = service:status().generation.hash
    service:write("scripts/turn.lua", changed("scripts/turn.lua", "local decision = decide(self, turn)", "local decision = self.decied(self, turn)"))
    shell.until_(function() return service:status().generation.hash ~= first end, 6, "the saved files to serve")
    for _ = 1, 5 do answered(page, meta.phone(), "I have a couch") end
    shell.until_(function() return service:status().generation.hash == first end, 4, "the way back")
  end)

  it("G4: a mistake in the flow is told as a script's, not as a provider that does not answer", function()
    local quote = changed("scripts/flow/scripted.lua", "function M.answer(", "function M.answer(given) return given.anwser(given) end\nfunction M.unused(")
    local service, page = open { ["scripts/flow/scripted.lua"] = quote }
    local phone = meta.phone()
    assert.truthy(answered(page, phone, "I have a couch"))
    local said = {}
    for _, message in ipairs(page:channel()) do said[#said + 1] = message.text end
    local text = table.concat(said, "\n")
    assert.is_nil(text:find("model does not answer", 1, true), text)
    local _, words = service:cli "status"
    assert.is_nil(words:find("provider", 1, true), words)
    assert.truthy(service:logged "script.error"[1].error:find "flow/scripted%.lua:%d+")
  end)
end)
