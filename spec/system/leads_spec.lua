-- Leads: what the owner's own system is told, what the command lists, the line of the day.

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local wire = require "spec.support.wire"

describe("leads", function()
  teardown(chat.close_all)

  local SECRET = "lead-secret-zq"

  local function next_change(peer_of, status)
    local peer = assert(peer_of:accept(8), "a change of a lead")
    local request = assert(peer:request(5))
    peer:answer(status or 200, "ok")
    peer:close()
    assert.equal("sha256=" .. crypto.hex(crypto.hmac_sha256(SECRET, request.body)), request.headers["x-signature-256"])
    return json.decode(request.body)
  end

  it("every change goes out in order, signed, with the facts; F8: one that is refused or redirected is sent again with the same id", function()
    local hook = wire.listen()
    local scene = chat.open { env = { LEADS_WEBHOOK_URL = "http://127.0.0.1:" .. hook.port .. "/lead", LEADS_WEBHOOK_SECRET = SECRET } }
    local service, phone = scene.service, meta.phone()
    scene:ask(phone, { answer = { reply_to_user = "Someone will look at it.", action = "handoff", extracted_data = { address = "1 King St" } } })
    scene:sent(phone, "Someone will look at it.")
    local first = next_change(hook, 500)
    local again = next_change(hook, 302)
    local third = next_change(hook)
    assert.same({ first.id, first.id }, { again.id, third.id })
    assert.same({ "lead.opened", "1 King St", "+" .. phone, 1 }, { third.event, third.lead.facts.address, third.lead.phone, third.version })
    service:click(phone, { user = "ana" })
    assert.equal("ana", next_change(hook).lead.taken_by)
    service:click(phone, { action = "send_quote", boxes = { quote_amount = "350" } })
    assert.equal(350, next_change(hook).lead.quote.dollars)
    service:say(phone, "yes please")
    assert.equal("lead.accepted", next_change(hook).event)
    service:click(phone, { action = "close_case", boxes = { close_reason = "done", close_amount = "360" } })
    local closed = next_change(hook)
    assert.same({ "lead.closed", "done", 360 }, { closed.event, closed.lead.close_reason, closed.lead.final_dollars })
    local code, text = service:cli("leads", "--csv")
    assert.equal(0, code, text)
    assert.truthy(text:find(phone, 1, true) and text:find(",350.00,accepted,", 1, true) and text:find("done,360.00", 1, true), text)
    code, text = service:cli "leads"
    assert.equal(0, code)
    assert.truthy(text:find("quoted $350 (accepted)", 1, true), text)
    assert.equal(1, (service:cli("leads", "--since", "yesterday")))
    hook:close()
    scene:close()
  end)

  it("a slow system holds nothing up: the customer is answered meanwhile", function()
    local hook = wire.listen()
    local scene = chat.open { env = { LEADS_WEBHOOK_URL = "http://127.0.0.1:" .. hook.port .. "/lead", LEADS_WEBHOOK_SECRET = SECRET } }
    local phone = meta.phone()
    scene.service:say(phone, "I want to talk to a human")
    local peer = assert(hook:accept(6))
    scene:sent(phone, "member of our team")
    scene:marker()
    peer:close()
    hook:close()
    scene:close()
  end)
end)
