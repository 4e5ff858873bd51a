-- The model in the sandbox: the stand-in reads its prompt, and any server with OpenAI's chat completions can take its place.

local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local shell = require "spec.support.shell"
local wire = require "spec.support.wire"

local open = sandbox.open

local function on_screen(page, phone, text)
  return shell.until_(function()
    for _, one in ipairs(page:screen(phone).messages) do
      if one.from == "business" and one.text:find(text, 1, true) then return one.text end
    end
  end, 8, "on the screen: " .. text)
end

describe("the sandbox's model", function()
  after_each(process.close_all)

  it("answers from the identity, rules, places, hours and fields as they are saved", function()
    local service, page = open()
    local function ask(text, answer)
      local phone = meta.phone()
      page:write { from = phone, text = text }
      return on_screen(page, phone, answer)
    end
    ask("who are you?", "I'm the ClearoutSpaces assistant.")
    ask("do you take paint?", "We do NOT take hazardous waste or wet paint.")
    local first = service:status().generation.hash
    service:write("prompts/system_prompt.yaml", (service:read("prompts/system_prompt.yaml"):gsub("the ClearoutSpaces assistant", "Max of Junk Kings")
      :gsub("hazardous waste or wet paint", "pianos or wet paint"):gsub("  %- inventory", "  - inventory\n  - parking")))
    shell.until_(function() return service:status().generation.hash ~= first end, 8, "the saved prompt to serve")
    first = service:status().generation.hash
    service:write("prompts/business.yaml", "serves: [Toronto, Hamilton]\nhours: {sun: 10:00-12:00}\n")
    shell.until_(function() return service:status().generation.hash ~= first end, 8, "the saved decisions to serve")
    ask("who are you?", "I'm Max of Junk Kings, an automated assistant.")
    ask("do you take pianos?", "We do NOT take pianos or wet paint.")
    ask("do you come to Hamilton?", "Yes, we come to Hamilton.")
    ask("when are you open?", "Sunday 10:00-12:00")
    local phone = meta.phone()
    for _, step in ipairs { { "hi", "address" }, { "12 Elm St, Toronto", "elevator" }, { "no elevator, no stairs", "items" }, { "1 couch", "parking" } } do
      page:write { from = phone, text = step[1] }
      on_screen(page, phone, step[2])
    end
  end)

  it("is any server with OpenAI's chat completions that DEEPSEEK_URL and DEEPSEEK_API_KEY name, and the page says so", function()
    local model = wire.listen()
    local service, page = open { DEEPSEEK_URL = "http://127.0.0.1:" .. model.port .. "/v1", DEEPSEEK_API_KEY = "sk-own", DEEPSEEK_MODEL = "own-model" }
    assert.same({ stand_in = false, url = "http://127.0.0.1:" .. model.port .. "/v1", name = "own-model" }, page:call("GET", "/sandbox/view").model)
    local phone = meta.phone()
    page:write { from = phone, text = "I have a couch" }
    local peer = assert(model:accept(8))
    local request = assert(peer:request(5))
    assert.same({ "POST", "/v1/chat/completions", "Bearer sk-own" }, { request.method, request.path, request.headers.authorization })
    assert.equal("own-model", json.decode(request.body).model)
    peer:answer(200, json.encode { choices = { { index = 0, finish_reason = "stop", message = { role = "assistant",
      content = json.encode { reply_to_user = "A real model says hello.", extracted_data = {}, action = "continue" } } } } })
    on_screen(page, phone, "A real model says hello.")
    peer:close()
    model:close()
    service:close()
    service, page = open()
    assert.same({ stand_in = true }, page:call("GET", "/sandbox/view").model)
    assert.truthy(wire.http(service.port, "GET", "/sandbox/page/main.js").body:find("is no real model", 1, true))
  end)
end)

describe("the sandbox's files", function()
  local service, page
  setup(function() service, page = open() end)
  teardown(process.close_all)

  -- Sends a message with a file, and waits for what became of it.
  local function sent(wish)
    local phone = meta.phone()
    wish.from = phone
    page:write(wish)
    return shell.until_(function()
      local message = page:screen(phone).messages[1]
      return message and message.file and message.file.note and not message.file.note:find("fetched", 1, true) and message.file
    end, 8, "the file of a " .. wish.type)
  end

  local function get(path) return wire.http(service.port, "GET", path) end

  it("are those that the assistant has kept: photos, videos, voice notes and documents, each under its own type", function()
    for kind, mime in pairs { image = "image/jpeg", video = "video/mp4", audio = "audio/ogg", document = "application/pdf" } do
      local file = sent { type = kind }
      assert.same({ mime, "kept by the assistant" }, { file.type, file.note:match "^[%a ]+" })
      local answer = get(file.url)
      assert.same({ 200, mime, "nosniff" }, { answer.status, answer.headers["content-type"], answer.headers["x-content-type-options"] })
      assert.truthy(answer.headers["content-security-policy"]:find("sandbox", 1, true))
      assert.equal(kind == "document" and 'attachment; filename="list.pdf"' or nil, answer.headers["content-disposition"])
    end
  end)

  it("run no script: a page or a drawing is downloaded as bytes, and one that says it is a photo is not kept", function()
    local html = "PGh0bWw+PHNjcmlwdD54PC9zY3JpcHQ+"
    for _, mime in ipairs { "text/html", "image/svg+xml", "application/xhtml+xml" } do
      local file = sent { type = "document", filename = 'a"b\r\n.html', media = { mime_type = mime, base64 = mime == "image/svg+xml" and "PHN2Zz48c2NyaXB0Lz48L3N2Zz4=" or html } }
      local answer = get(file.url)
      assert.same({ 200, "application/octet-stream", "nosniff" }, { answer.status, answer.headers["content-type"], answer.headers["x-content-type-options"] })
      assert.truthy(answer.headers["content-disposition"]:find('^attachment; filename="[%w ._-]+"$'))
    end
    local liar = sent { type = "image", media = { base64 = html } }
    assert.same({ "not kept: it is said to be image/jpeg and is a web page" }, { liar.note, liar.url })
  end)

  it("are found by their hash alone", function()
    for _, name in ipairs { ("0"):rep(64), "..%2f..%2fdb.sqlite", "", "x" } do assert.equal(404, get("/sandbox/file/" .. name).status) end
  end)
end)
