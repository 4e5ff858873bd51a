-- luacheck: max line length 200
-- What fifty files of 16 MB that arrive at once cost: memory over idle, and how long another customer's turn waits meanwhile. The second
-- table asks for all fifty at once, past the job's limit, and times other requests of the same client.
-- `build/assistant run bench/media.lua` prints one table. A second service is the platform's store of files, so that the stand-ins, which
-- play the model, are not busy with bytes. Run nothing else meanwhile; ASSISTANT names another program to measure.

package.path = "./?.lua;scripts/?.lua;" .. package.path

local chat = require "spec.support.chat"
local crypto = require "host.crypto"
local json = require "host.json"
local meta = require "spec.support.meta"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"

local FILES, MB, TURNS = 50, 16, 30

local function store()
  local bytes = (crypto.unbase64 "AAAAGGZ0eXBtcDQyAAAAAG1wNDJpc29tAAAACG1kYXQ=" .. crypto.random(1024):rep(MB * 1024)):sub(1, MB << 20)
  local hash = crypto.hex(crypto.sha256(bytes))
  local routes = ([[

    ["GET /file"] = function() return { status = 200, file = "%s" } end,
    ["POST /name"] = function() -- a file that no row names is swept
      require("host.db").run("INSERT INTO media(conversation_id, message_id, kind, state, hash, created_at) VALUES('1', '1', 'video', 'stored', '%s', ?)",
        require("host.time").now_ms())
      return { status = 200 }
    end,
    ["GET /take"] = function(request)
      local http, media, task = require "host.http", require "host.media", require "host.task"
      local left, kept, times, began = %d, 0, {}, require("host.time").monotonic_ms()
      for _ = 1, left do
        task.spawn(function()
          local answer = http.request { url = request.query.url .. "/file", to_file = true, max_bytes = 32 << 20, timeout_ms = 100000 }
          if answer and answer.file and media.keep(answer.file) then kept = kept + 1 end
          left = left - 1
        end)
      end
      while left > 0 do
        local asked = require("host.time").monotonic_ms()
        http.request { url = "http://127.0.0.1:1/", timeout_ms = 60000 } -- refused at once
        times[#times + 1] = require("host.time").monotonic_ms() - asked
        task.sleep(5)
      end
      return { status = 200, json = { kept = kept, times = times, ms = require("host.time").monotonic_ms() - began } }
    end,]]):format(hash, hash, FILES)
  local main = shell.read(shell.root .. "/scripts/main.lua"):gsub("\n  routes = {", function(head) return head .. routes end)
  local options = { files = { ["scripts/main.lua"] = main }, env = { REQUEST_DEADLINE_MS = 120000 } }
  local service = process.new(options)
  local folder = service.data .. "/media/" .. hash:sub(1, 2)
  assert(service:http("POST", "/name").status == 200)
  shell.run("mkdir -p -m 700 " .. folder)
  shell.write(folder .. "/" .. hash, bytes)
  return ("http://127.0.0.1:%d"):format(service.port), crypto.base64(crypto.sha256(bytes)), #bytes, process.new(options)
end

local function turn(scene)
  local phone = meta.phone()
  local word = scene:plan()
  local begun = socket.gettime()
  scene.service:say(phone, "I have a couch " .. word)
  scene:sent(phone, word, 1, 60)
  return (socket.gettime() - begun) * 1000
end

local function memory(service, name) return tonumber(shell.read("/proc/" .. service:pid() .. "/status"):match(name .. ":%s+(%d+)")) / 1024 end

local function spread(list)
  table.sort(list)
  return list[(#list + 1) // 2], list[#list]
end

local address, sha256, size, taker = store()
local scene = chat.open { env = { MEDIA_HOSTS = address:match "//([^/]+)", TURN_QUIET_MS = 0 } }
local service = scene.service
local quiet, busy = {}, {}
for i = 1, TURNS do quiet[i] = turn(scene) end
local idle = memory(service, "VmRSS")
local begun = socket.gettime()
for i = 1, FILES do
  scene.stand_ins:write { from = meta.phone(), type = "video", media = { base64 = crypto.base64("file " .. i), says_sha256 = sha256,
    says_size = size, says_type = "video/mp4", elsewhere = address .. "/file" } }
end
local function stored() return #service:logged "media.stored" end
repeat busy[#busy + 1] = turn(scene) until stored() + #service:logged "media.refused" + #service:logged "media.gone" == FILES
local seconds = socket.gettime() - begun
local before, before_most = spread(quiet)
local during, during_most = spread(busy)
print(("| %d files of %d MB at once | |\n|---|---|"):format(FILES, MB))
print(("| stored | %d in %.1f s |"):format(stored(), seconds))
print(("| memory at its peak, over idle | %.1f MB |"):format(memory(service, "VmHWM") - idle))
print(("| another customer's turn before, median and longest | %.0f and %.0f ms |"):format(before, before_most))
print(("| another customer's turn meanwhile (%d) | %.0f and %.0f ms |"):format(#busy, during, during_most))

local rest = memory(taker, "VmRSS")
local all = json.decode(taker:http("GET", "/take?url=" .. address, { timeout = 120 }).body)
local middle, longest = spread(all.times)
print(("\n| %d downloads of %d MB at once, without a limit | |\n|---|---|"):format(FILES, MB))
print(("| kept | %d in %.1f s |"):format(all.kept, all.ms / 1000))
print(("| memory at its peak, over idle | %.1f MB |"):format(memory(taker, "VmHWM") - rest))
print(("| another request of the client meanwhile (%d), median and longest | %d and %d ms |"):format(#all.times, middle, longest))
process.close_all()
shell.remove_folders()
