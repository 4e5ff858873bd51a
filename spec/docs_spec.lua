-- The manual and the program say the same: what a page names exists, and what exists is named.

local shell = require "spec.support.shell"

local function read(path) return assert(shell.read(shell.root .. "/" .. path), path .. " is missing") end

-- Every page of the repository, by its path below the root.
local function pages()
  local _, list = shell.run("cd " .. shell.quote(shell.root)
    .. " && find . -name '*.md' -not -path './build*' -not -path './.git/*' -not -path './data/*' -not -path './tmp/*' | sort")
  local found = {}
  for path in list:gmatch "%./([^\n]+)" do found[#found + 1] = path end
  return found
end

-- A page without what stands in its code blocks, with as many lines as before.
local function prose(text)
  local lines, fence = {}, nil
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local mark = line:match "^%s*(```+)"
    local shown = line
    if fence then
      shown = ""
      if mark and #mark >= #fence then fence = nil end
    elseif mark then
      fence, shown = mark, ""
    elseif line:find "^    " and not line:find "^%s*[-*%d]" then
      shown = ""
    end
    lines[#lines + 1] = shown
  end
  return table.concat(lines, "\n")
end

-- What a heading is called in a link: small letters, blanks as dashes, without marks.
local function anchor(heading)
  return (heading:lower():gsub("`", ""):gsub("[^%w%s_\128-\255-]", ""):gsub("%s+$", ""):gsub("%s", "-"))
end

local function anchors(text)
  local found = {}
  for line in (prose(text) .. "\n"):gmatch "(.-)\n" do
    local heading = line:match "^#+%s+(.+)$"
    if heading then found[anchor(heading)] = true end
  end
  return found
end

-- "docs/ops" and "../privacy.md" → "docs/privacy.md".
local function joined(folder, path)
  local parts = {}
  for part in (folder .. "/" .. path):gmatch "[^/]+" do
    if part == ".." then parts[#parts] = nil elseif part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

local function exists(path) return os.execute("test -e " .. shell.quote(shell.root .. "/" .. path)) == true end

local function manual()
  local all = {}
  for _, path in ipairs(pages()) do all[#all + 1] = read(path) end
  return table.concat(all, "\n")
end

-- The settings of the program: those of the scripts, and those the host declares.
local function settings()
  local found, secret = {}, {}
  for _, setting in ipairs(dofile(shell.root .. "/scripts/settings.lua")) do
    found[setting.name] = true
    secret[setting.name] = setting.secret or setting.type == "secret"
  end
  local source = read "host/settings/settings.c"
  local own = source:match "settings_host%[%] = (%b{})"
  for name in own:gmatch '%.name = "([A-Z_]+)"' do found[name] = true end
  for name in own:gmatch 'INT%("([A-Z_]+)"' do found[name] = true end
  return found, secret
end

-- Variables of .env.example that other programs read: cloudflared, and the C library.
local OTHERS = { TUNNEL_TOKEN = true, TZ = true }

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

describe("the pages", function()
  it("link only to files and headings that exist", function()
    local broken = {}
    for _, page in ipairs(pages()) do
      local folder = page:match "^(.*)/[^/]*$" or ""
      for target in prose(read(page)):gmatch "%]%(([^)%s]+)%)" do
        if not target:find "^%a[%w+.-]*:" then
          local path, heading = target:match "^([^#]*)#?(.*)$"
          local file = path == "" and page or joined(folder, path)
          if not exists(file) then
            broken[#broken + 1] = page .. ": " .. target
          elseif heading ~= "" and file:find "%.md$" and not anchors(read(file))[heading] then
            broken[#broken + 1] = page .. ": " .. target .. " (no such heading)"
          end
        end
      end
    end
    assert.same({}, broken)
  end)

  it("are found from the README, page by page", function()
    local seen, queue = { ["README.md"] = true }, { "README.md" }
    while #queue > 0 do
      local page = table.remove(queue)
      local folder = page:match "^(.*)/[^/]*$" or ""
      for target in prose(read(page)):gmatch "%]%(([^)%s#]+)" do
        local file = joined(folder, target)
        if file:find "%.md$" and not seen[file] and exists(file) then
          seen[file] = true
          queue[#queue + 1] = file
        end
      end
    end
    for _, page in ipairs(pages()) do
      if page:find "^docs/" or not page:find "/" then assert.is_true(seen[page] == true, "no page links to " .. page) end
    end
  end)

  it("name no setting that the program does not have", function()
    local known, secret = settings()
    local wrong = {}
    for _, page in ipairs(pages()) do
      for name in read(page):gmatch "`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`" do
        local base = name:gsub("_FILE$", "")
        local ours = name:find "^META_" or name:find "^SLACK_" or name:find "^DEEPSEEK_" or name:find "^LLM_" or name:find "^CALCOM_WEBHOOK"
          or name:find "^TURN_" or name:find "^LUA_" or name:find "^SEND_"
        if ours and not known[name] and not secret[base] then wrong[#wrong + 1] = page .. ": " .. name end
      end
    end
    assert.same({}, wrong)
  end)
end)

describe(".env.example", function()
  local function examples()
    local found = {}
    for line in read(".env.example"):gmatch "[^\n]+" do
      local name = line:match "^#?([A-Z][A-Z0-9_]*)="
      if name then found[name] = true end
    end
    return found
  end

  it("shows every setting of the scripts and of the host", function()
    local shown, missing = examples(), {}
    for name in pairs((settings())) do
      if not shown[name] then missing[#missing + 1] = name end
    end
    assert.same({}, missing)
  end)

  it("shows nothing that the program does not read", function()
    local known, secret = settings()
    local strange = {}
    for name in pairs(examples()) do
      if not known[name] and not OTHERS[name] and not secret[(name:gsub("_FILE$", ""))] then strange[#strange + 1] = name end
    end
    assert.same({}, strange)
  end)
end)

describe("the commands", function()
  it("of the program all stand in the pages", function()
    local _, help = shell.run(shell.quote(shell.binary) .. " help")
    local text, missing, count = manual(), {}, 0
    for line in help:gmatch "[^\n]+" do
      local names = line:match "^assistant ([%a, -]+)"
      for name in (names or ""):gsub("  .*", ""):gmatch "%f[%w-]%l+" do
        count = count + 1
        if not text:find("assistant " .. name, 1, true) then missing[#missing + 1] = name end
        if not names:find "," then break end
      end
    end
    assert.is_true(count >= 10, "`assistant help` lists its commands")
    assert.same({}, missing)
  end)

  it("of ./dev all stand in the pages, and no other", function()
    local _, help = shell.run(shell.quote(shell.root .. "/dev") .. " help")
    local text, known = manual(), {}
    for name in ("\n" .. help):gmatch "\n%./dev (%l+)" do
      known[name] = true
      assert.is_truthy(text:find("./dev " .. name, 1, true), "./dev " .. name .. " is in no page")
    end
    for name in text:gmatch "`%./dev (%l+)" do assert.is_true(known[name] == true, "a page names ./dev " .. name) end
  end)
end)

describe("the alerts", function()
  it("have a page section each, and the page has no other", function()
    local rules, named = {}, {}
    for name in read("docs/ops/alerts.yml"):gmatch "%- alert: *([%w_]+)" do rules[name] = true end
    for name in read("docs/ops/alerts.md"):gmatch "\n### ([%w_]+)" do named[name] = true end
    assert.is_true(#sorted(rules) > 0, "alerts.yml holds alerts")
    assert.same(sorted(rules), sorted(named))
  end)
end)
