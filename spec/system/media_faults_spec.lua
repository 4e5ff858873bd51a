-- What goes wrong while a customer's file is fetched: the address, the bytes, the disk, a kill, a backup meanwhile. B29 is the row of docs/faults.md.

local chat = require "spec.support.chat"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

describe("a file that is being fetched", function()
  local scene, service
  setup(function()
    scene = chat.open()
    service = scene.service
  end)
  teardown(process.close_all)

  local function states(of, phone)
    return of:value(("SELECT coalesce(group_concat(state, ' '), '') FROM media WHERE conversation_id = '%s'"):format(phone))
  end
  local function files(of) return tonumber((select(2, shell.run("find " .. of.data .. "/media -type f | wc -l")))) end
  local function in_tmp(of) return (select(2, shell.run("ls " .. of.data .. "/media/tmp")):gsub("%s+$", "")) end
  local function photo(on, media)
    local phone = meta.phone()
    on.stand_ins:write { from = phone, type = "image", media = media }
    return phone
  end
  local function asked(path)
    local count = 0
    for _, one in ipairs(scene.stand_ins:requests()) do
      if one.path:find(path, 1, true) then count = count + 1 end
    end
    return count
  end

  it("B29: is refused and said when its address sends us elsewhere or it is empty, and the message is answered all the same", function()
    scene.stand_ins:fault { bytes = "redirect" }
    local sent_on = photo(scene)
    scene:posts "its address sends us elsewhere"
    scene.stand_ins:calm()
    local empty = photo(scene, { base64 = "" })
    scene:posts "it is empty"
    for _, phone in ipairs { sent_on, empty } do
      assert.equal("refused", states(service, phone))
      scene:sent(phone)
    end
    assert.same({ 0, "" }, { files(service), in_tmp(service) })
  end)

  it("B29: in a paused chat staff read how to see the photo", function()
    local phone = meta.phone()
    scene:sent(phone, scene:ask(phone))
    assert.equal(200, service:click(phone).status)
    shell.until_(function() return scene:column(phone, "status") == "PAUSED" end, 5, "the pause")
    scene.stand_ins:write { from = phone, type = "image" }
    scene:posts("assistant media list " .. phone)
  end)

  it("B29: what WhatsApp cannot give is tried again, and after a day staff read why in plain words and what to do", function()
    scene.stand_ins:fault { media = "500" }
    local phone = photo(scene)
    shell.until_(function() return states(service, phone) == "waiting" and #scene.stand_ins:requests "graph" > 0 end, 5, "a try")
    service:kill()
    service:sql(("UPDATE media SET created_at = created_at - 90000000 WHERE conversation_id = '%s'; UPDATE jobs SET run_at = 0 WHERE kind = 'media'"):format(phone))
    service:start()
    scene:posts "could not be fetched: WhatsApp answered with an error for 24 hours"
    scene.stand_ins:calm()
    assert.equal("gone", states(service, phone))
  end)

  it("B29: killed while files come: nothing half is shown or left, and each is there afterwards, fetched twice at most", function()
    local before, phones = files(service), {}
    scene.stand_ins:fault { bytes = { kind = "slow", delay_ms = 1500 } }
    local begun = asked "attachments"
    for i = 1, 3 do phones[i] = photo(scene, { size = 300000, salt = "kill " .. i }) end
    shell.until_(function() return asked "attachments" >= begun + 3 end, 5, "three downloads under way")
    service:kill()
    for _, phone in ipairs(phones) do assert.equal("waiting", states(service, phone)) end
    assert.equal(before, files(service) - select(2, in_tmp(service):gsub("%x+", "")))
    scene.stand_ins:calm()
    local first = asked "attachments"
    service:start()
    for _, phone in ipairs(phones) do
      shell.until_(function() return states(service, phone) == "stored" end, 10, "the file of " .. phone)
      local hash = service:value(("SELECT hash FROM media WHERE conversation_id = '%s'"):format(phone))
      assert.equal(hash, (select(2, shell.run(("sha256sum %s/media/%s/%s"):format(service.data, hash:sub(1, 2), hash))):match "^%x+"))
    end
    assert.same({ before + 3, "" }, { files(service), in_tmp(service) })
    assert.is_true(asked "attachments" <= first + 3)
  end)

  it("B29: a backup while files arrive holds each file that its rows name, whole", function()
    local to, done, before = service.home .. "/busy.sqlite", 0, #service:logged "media.stored"
    for i = 1, 12 do photo(scene, { size = 200000, salt = "backup " .. i }) end
    shell.until_(function() return #service:logged "media.stored" >= before + 3 end, 10, "the first files")
    local code, text = service:cli("backup", to)
    assert.equal(0, code, text)
    local _, list = shell.run(("sqlite3 %s \"SELECT hash FROM media WHERE state = 'stored'\""):format(to))
    for hash in list:gmatch "%x+" do
      local _, sum = shell.run(("sha256sum %s.media/%s/%s"):format(to, hash:sub(1, 2), hash))
      assert.equal(hash, sum:match "^%x+", sum)
      done = done + 1
    end
    assert.is_true(done >= 3)
  end)

  it("`assistant media` says how it is used: with no word, another word, no hash, no FILE", function()
    for _, words in ipairs { {}, { "get" }, { "get", "x" }, { "get", "x", "y" }, { "get", ("0"):rep(64) }, { "list" }, { "show", "x" }, { "list", "x" } } do
      local code, text = service:cli("media", table.unpack(words))
      assert.equal(1, code)
      assert.truthy(text:find("media list PHONE", 1, true) or text:find("media get HASH FILE", 1, true) or text:find("list PHONE | get HASH FILE", 1, true), text)
    end
  end)

  it("B29 A12: a full disk fails the fetch and never the message: it is answered, staff are told, and with room the file comes", function()
    local full = chat.open { limits = "ulimit -S -f 5000" } -- blocks of 512 bytes: 2.5 MB
    local phone = photo(full, { size = 4000000, salt = "full" })
    full:sent(phone)
    full:posts "Make room on the disk of MEDIA_DIR"
    assert.equal("waiting", states(full.service, phone))
    shell.until_(function() return in_tmp(full.service) == "" end, 2, "nothing left of a try") -- the next one may be under way
    assert.is_true(full.service:healthy())
    shell.run(("prlimit --pid %d --fsize=unlimited"):format(full.service:pid()))
    shell.until_(function() return states(full.service, phone) == "stored" end, 20, "the file")
    full:close()
  end)
end)
