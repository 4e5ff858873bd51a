-- A walk through the sandbox's page in a headless Chromium (page.js): a whole case, at 1280 and 390 px, light and dark. ./dev installs the
-- browser and says in CHROMIUM and SLACK_CLIENTS where it and playwright-core are, and in PAGE_SHOTS where the screenshots go.

local json = require "host.json"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local shell = require "spec.support.shell"

local clients, browser = os.getenv "SLACK_CLIENTS" or "", os.getenv "CHROMIUM" or ""

local MODES = { webhook = {}, bot = { SLACK_BOT_TOKEN = "xoxb-sandbox", SLACK_CHANNEL_ID = "C0SANDBOX" } }
local walks = {}

-- Starts a walk; the other mode's goes on beside it.
local function start(mode)
  local service, page = sandbox.open(MODES[mode])
  page:workspace { rates = 0 }
  local shots = os.getenv "PAGE_SHOTS" or shell.folder()
  shell.run("mkdir -p " .. shell.quote(shots))
  walks[mode] = assert(io.popen(("NODE_PATH=%s CHROMIUM=%s timeout 180 node %s/spec/clients/page.js http://127.0.0.1:%d %s %s 2>&1"):format(
    shell.quote(clients), shell.quote(browser), shell.root, service.port, mode, shell.quote(shots))))
end

-- What broke a promise of the page: none, and the walk came to its end.
local function ended(mode)
  local faults, steps, done = {}, 0, false
  for line in walks[mode]:lines() do
    local said = json.decode(line, { null_as_nil = true })
    if type(said) ~= "table" then faults[#faults + 1] = line
    elseif said.fault then faults[#faults + 1] = said.fault
    elseif said.step then steps = steps + 1
    else done = said.done == true end
  end
  walks[mode]:close()
  assert.same({}, faults)
  assert.is_true(done)
  assert.truthy(steps >= 18, steps)
end

describe("the sandbox's page in a browser", function()
  -- Skipped, and counted so, where the browser or playwright-core could not be installed.
  local walked = clients ~= "" and browser ~= ""
  local it_walks = walked and it or pending

  setup(function()
    for mode in pairs(walked and MODES or {}) do start(mode) end
  end)

  teardown(process.close_all)

  it_walks("shows a case from the first message to its closing in webhook mode: contrast, targets, names, focus, one announcement each, no error", function()
    ended "webhook"
  end)

  it_walks("shows it in bot mode: also the thread, its files and reactions, the window, and the question to who writes there", function()
    ended "bot"
  end)
end)
