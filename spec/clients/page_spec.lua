-- A walk through the sandbox's page in a headless Chromium (page.js): a whole case, at 1280 and 390 px, light and dark. ./dev installs the
-- browser and says in CHROMIUM and SLACK_CLIENTS where it and playwright-core are, and in PAGE_SHOTS where the screenshots go.

local json = require "host.json"
local process = require "spec.support.process"
local sandbox = require "spec.support.sandbox"
local shell = require "spec.support.shell"

local clients, browser = os.getenv "SLACK_CLIENTS" or "", os.getenv "CHROMIUM" or ""

-- Walks, and gives what broke a promise of the page.
local function walk(mode, env)
  local service, page = sandbox.open(env)
  page:workspace { rates = 0 }
  local shots = os.getenv "PAGE_SHOTS" or shell.folder()
  shell.run("mkdir -p " .. shell.quote(shots))
  local code, text = shell.run(("NODE_PATH=%s CHROMIUM=%s timeout 180 node %s/spec/clients/page.js http://127.0.0.1:%d %s %s"):format(
    shell.quote(clients), shell.quote(browser), shell.root, service.port, mode, shell.quote(shots)))
  local faults, steps, done = {}, 0, false
  for line in text:gmatch "[^\n]+" do
    local said = json.decode(line, { null_as_nil = true })
    if type(said) ~= "table" then faults[#faults + 1] = line
    elseif said.fault then faults[#faults + 1] = said.fault
    elseif said.step then steps = steps + 1
    else done = said.done == true end
  end
  assert.same({}, faults)
  assert.same({ 0, true }, { code, done })
  assert.truthy(steps >= 16, steps)
end

describe("the sandbox's page in a browser", function()
  teardown(process.close_all)
  -- Skipped, and counted so, where the browser or playwright-core could not be installed.
  local it_walks = clients ~= "" and browser ~= "" and it or pending

  it_walks("shows a case from the first message to its closing in webhook mode: contrast, targets, names, focus, one announcement each, no error", function()
    walk "webhook"
  end)

  it_walks("shows it in bot mode: also the thread, its files and reactions, the window, and the question to who writes there", function()
    walk("bot", { SLACK_BOT_TOKEN = "xoxb-sandbox", SLACK_CHANNEL_ID = "C0SANDBOX" })
  end)
end)
