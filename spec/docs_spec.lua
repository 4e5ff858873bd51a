-- Compares the manual with the program: what a page names exists, and what exists is named.

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

-- A page without the content of its code blocks, with as many lines as before.
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

-- The settings of the program, those of the scripts and those the host declares: name → default as a page shows it; and which are secret.
local function settings()
  local found, secret = {}, {}
  for _, setting in ipairs(dofile(shell.root .. "/scripts/settings.lua")) do
    found[setting.name] = setting.required and "required" or setting.default and tostring(setting.default) or "unset"
    secret[setting.name] = setting.secret or setting.type == "secret"
  end
  local own = read("host/settings/settings.c"):match "host_settings%[%] = (%b{})"
  for declared in own:sub(2):gmatch "%b{}" do
    local name = declared:match '%.name = "([A-Z_]+)"'
    if name then found[name] = declared:match '%.fallback = "([^"]*)"' or "unset" end
  end
  for name, default in own:gmatch '%u+%("([A-Z_]+)", ([^,]+),' do found[name] = default:match '^"(.*)"$' or "unset" end
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

-- The commands that `assistant help` lists.
local function commands()
  local _, help = shell.run(shell.quote(shell.binary) .. " help")
  local found = {}
  for name in ("\n" .. help):gmatch "\nassistant (%l+)" do found[name] = true end
  return found
end

local function routes()
  local found = { ["GET /health"] = true } -- the host's own
  for route in read("scripts/main.lua"):gmatch '%["(%u+ /[^"]*)"%]' do found[route] = true end
  return found
end

describe("the commands", function()
  it("of ./dev are all named in the pages, and no other", function()
    local _, help = shell.run(shell.quote(shell.root .. "/dev") .. " help")
    local text, known = manual(), {}
    for name in ("\n" .. help):gmatch "\n%./dev (%l+)" do
      known[name] = true
      assert.is_truthy(text:find("./dev " .. name, 1, true), "./dev " .. name .. " is in no page")
    end
    for name in text:gmatch "`%./dev (%l+)" do assert.is_true(known[name] == true, "a page names ./dev " .. name) end
  end)
end)

describe("the contract", function()
  local function named(pattern)
    local found = {}
    for name in read("docs/contract.md"):gmatch(pattern) do found[name] = true end
    return found
  end

  it("names every command of the program, and no other", function()
    local all = sorted(commands())
    assert.is_true(#all >= 10, "`assistant help` lists its commands")
    assert.same(all, sorted(named "\n| `assistant (%l+)"))
    local known = commands()
    for name in pairs(named "`assistant (%l+)") do assert.is_true(known[name] == true, "there is no `assistant " .. name .. "`") end
  end)

  it("names every setting with its default, and no other", function()
    local known, shown = settings(), {}
    for name, default in read("docs/contract.md"):gmatch "\n| `([A-Z][A-Z0-9_]*)` | ([^|]-) |" do shown[name] = default:gsub("`", "") end
    assert.same(known, shown)
    for name in pairs(named "`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`") do
      assert.is_true(known[name] ~= nil or OTHERS[name] or name == "X_FILE", name .. " is not a setting")
    end
  end)

  it("names every route, and no other", function()
    assert.same(sorted(routes()), sorted(named "`(%u+ /[^`]*)`"))
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

describe("the lint of fault codes", function()
  teardown(shell.remove_folders)

  it("names file, line and remedy of a code without a row, and of a row whose spec is gone or does not carry the code", function()
    local folder = shell.folder()
    shell.run("mkdir " .. folder .. "/docs")
    shell.write(folder .. "/docs/faults.md", [[
| A1 | x | y | `one_spec.lua` |
| A2 | x | y | `gone.c` |
| A3 | x | y | `one_spec.lua` |
]])
    shell.write(folder .. "/one_spec.lua", [[
-- A3 stands only in a comment, and EST5EDT,M3.2.0 is no code.
it("A1 A4: holds")
it("holds, too (A5)")
]])
    local _, found = shell.run(("cd %s && %s run %s/spec/support/fault_lint.lua one_spec.lua"):format(folder, shell.binary, shell.root))
    assert.equal(table.concat({
      "docs/faults.md:2: A2 names gone.c, which does not exist; name the spec that carries it",
      "docs/faults.md:3: A3 names one_spec.lua, where no sentence carries it; put it before the sentence, or name another file",
      "one_spec.lua:2: A4 has no row in docs/faults.md that names a spec; add the row, or correct the code",
      "one_spec.lua:3: A5 has no row in docs/faults.md that names a spec; add the row, or correct the code\n",
    }, "\n"), found)
  end)
end)

describe("the glossary", function()
  local function entries()
    local found = {}
    for word, names in read "docs/glossary.md":gmatch "\n| ([^|\n]+) | [^|\n]+ |([^|\n]*)|" do
      if word ~= "word" then found[#found + 1] = { word = word, never = names } end
    end
    return found
  end

  -- A text in small letters, with what a line break or two quotes tear apart in one piece.
  local function whole(text)
    return (text:lower():gsub('"%s*%.*%s*\n%s*%.*%s*"', ""):gsub("\n[%s%-%*/#]*", " "))
  end

  it("has at most 40 words, each once", function()
    local seen, count = {}, 0
    for _, entry in ipairs(entries()) do
      assert.is_nil(seen[entry.word], entry.word .. " stands there twice")
      seen[entry.word], count = true, count + 1
    end
    assert.is_true(count > 20 and count <= 40, count .. " words")
  end)

  it("has one name for each thing: its other names are in no message, comment or page", function()
    local never, found = {}, {}
    for _, entry in ipairs(entries()) do
      for name in entry.never:gmatch "[^,]+" do
        name = name:match "^%s*(.-)%s*$"
        if name ~= "" then never[name] = entry.word end
      end
    end
    assert.is_true(#sorted(never) >= 10)
    -- A schema step that has shipped is never changed, so its comments keep their words.
    local _, list = shell.run("cd " .. shell.quote(shell.root)
      .. " && find scripts host docs -type f -not -path docs/glossary.md -not -name schema.lua | sort")
    for path in list:gmatch "[^\n]+" do
      local text = whole(read(path)):gsub('"tombstone"', "") -- Slack's own word for a removed file or message
      for name, word in pairs(never) do
        if text:find("%f[%w_]" .. name:gsub("%-", "%%-") .. "%f[^%w_]") then
          found[#found + 1] = ("%s: %q is called %q"):format(path, name, word)
        end
      end
    end
    table.sort(found)
    assert.same({}, found)
  end)
end)
