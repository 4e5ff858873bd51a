-- Texts that no person writes but anyone can send, through the whole program: the shapes of spec/support/shapes.lua as everything that a
-- customer can send and as what a model can answer, while another customer is served.

local chat = require "spec.support.chat"
local json = require "host.json"
local meta = require "spec.support.meta"
local shapes = require "spec.support.shapes"
local shell = require "spec.support.shell"

-- A webhook as bytes, quicker than meta.body writes it.
local function hook(service, messages, name)
  local body = json.encode { object = "whatsapp_business_account", entry = { { id = meta.account, changes = { { field = "messages",
    value = { messaging_product = "whatsapp", metadata = { phone_number_id = meta.phone_number_id, display_phone_number = meta.display_number },
      contacts = { { wa_id = messages[1].from, profile = { name = name } } }, messages = messages } } } } } }
  return service:hook(body)
end

local function all_kinds(phone, word, shape)
  return {
    meta.message(phone, "text", { text = { body = word .. " " .. shape } }),
    meta.message(phone, "image", { image = { id = "1", caption = shape } }),
    meta.message(phone, "document", { document = { id = "1", filename = shape, caption = shape } }),
    meta.message(phone, "location", { location = { latitude = 43.6, longitude = -79.5, name = shape, address = shape } }),
    meta.message(phone, "contacts", { contacts = { { name = { formatted_name = shape }, phones = { { phone = shape } } } } }),
    meta.message(phone, "button", { button = { text = shape, payload = shape } }),
    meta.message(phone, "interactive", { interactive = { type = "list_reply", list_reply = { id = "1", title = shape } } }),
    meta.message(phone, "interactive", { interactive = { type = "nfm_reply", nfm_reply = { response_json = json.encode { [shape:sub(1, 2000)] = shape } } } }),
    meta.message(phone, "order", { order = { text = shape, product_items = { { product_retailer_id = shape, quantity = shape, currency = shape } } } }),
    meta.text(phone, "from an ad " .. shape, { referral = { source_type = "ad", headline = shape, body = shape } }),
  }
end

-- A machine on which much else runs is slower for everybody.
local function patience() return math.max(1, tonumber(shell.read("/proc/loadavg"):match("^%S+")) / 2) end

describe("shapes that nobody writes", function()
  teardown(chat.close_all)

  it("neither stop nor delay other customers, as everything that a customer can send and as a model's reply and fields", function()
    local scene = chat.open()
    local service, phones, late = scene.service, {}, {}
    local pid = service:pid()
    local list = shapes.list()
    for _, shape in ipairs(shapes.speaking()) do list[#list + 1] = shape end
    for i = 1, #list, shell.rounds(5, 1) do
      local name, text = list[i][1], list[i][2]
      local phone = meta.phone()
      phones[#phones + 1] = phone
      local word = scene:plan { answer = { reply_to_user = text, action = "handoff", extracted_data = { address = text, stairs = text, inventory = text } } }
      assert.equal(200, hook(service, all_kinds(phone, word, text), text))
      local honest, begun = meta.phone(), shell.now_ms()
      scene:sent(honest, scene:ask(honest), 1, 10)
      local took = shell.now_ms() - begun
      if took > 1000 * patience() then late[#late + 1] = ("%s: %d ms"):format(name, took) end
    end
    assert.equal("", table.concat(late, "\n"))
    for _, phone in ipairs(phones) do
      shell.until_(function() return scene:column(phone, "answered_seq") == scene:column(phone, "last_seq") end, 20, "an answer to " .. phone)
    end
    scene:marker()
    assert.is_true(service:value("SELECT max(length(content)) FROM messages WHERE role = 'user'") > 65000) -- what is stored is whole
    assert.equal(pid, service:pid())
    assert.same({}, service:logged "script.error")
    assert.equal(200, service:http("GET", "/health").status)
    for _, post in ipairs(scene.stand_ins:posts "") do assert.equal(200, post.status) end
    assert.equal(10 * #phones, service:value("SELECT count(*) FROM messages WHERE role = 'user' AND conversation_id IN ('" .. table.concat(phones, "','") .. "')"))
  end)
end)
