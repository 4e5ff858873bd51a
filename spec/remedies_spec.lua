-- The same trouble has the same remedy in the program's messages, in the alerts and in the pages. A new trouble
-- without a row here fails.

local shell = require "spec.support.shell"

local function read(path) return assert(shell.read(shell.root .. "/" .. path), path .. " is missing") end

local SOURCES = {
  alert = function(name)
    return ((read "docs/ops/alerts.yml" .. "\n      - alert: "):match("%- alert: " .. name .. "\n(.-)\n      %- alert: "):gsub("''", "'"))
  end,
  section = function(name) return (read "docs/ops/alerts.md" .. "\n### "):match("\n### " .. name .. "\n(.-)\n### ") end,
  page = function(heading) return (read "docs/ops/operate.md" .. "\n##"):match("\n##+ " .. heading:gsub("%p", "%%%0") .. "\n(.-)\n##") end,
  status = function(name) return read "scripts/ops/status.lua":match("\nfunction WORDS%." .. name .. "%(.-\nend\n") end,
  errno = function(name) return read "host/base/trouble.c":match("\n    case " .. name .. ":.-\n    case ") end,
  file = read,
}

-- The second is what must stand in each of them; status_by: the words are those of the file.
local TROUBLES = {
  { "a full disk", "df -h", errno = "ENOSPC", page = "Disk full", section = "AssistantDiskAlmostFull", also = "make room" },
  { "a quota", "make room", errno = "EDQUOT" },
  { "a limit of a file's size", "ulimit -f", errno = "EFBIG" },
  { "a read-only disk", "findmnt -T", errno = "EROFS", page = "Read-only, or another user's" },
  { "a broken disk", "dmesg | tail -50", errno = "EIO", page = "Damaged" },
  { "another user's file", "chown", file = "host/base/trouble.c", page = "Read-only, or another user's" },
  { "no rights", "chmod u+rw", file = "host/base/trouble.c", page = "Read-only, or another user's" },
  { "a lock of another program", "kill", file = "host/store/sqlite/lock.c", alert = "AssistantDatabaseLocked", section = "AssistantDatabaseLocked",
    page = "Locked by another program" },
  { "a lock that cannot be seen", "fuser -v", file = "host/store/sqlite/lock.c", section = "AssistantDatabaseLocked", page = "Locked by another program" },
  { "another number", "META_PHONE_NUMBER_ID", status = "number", alert = "AssistantWrongNumber", section = "AssistantWrongNumber",
    file = "scripts/channels/whatsapp/webhook.lua", also = "restart" },
  { "a wrong clock", "timedatectl set-ntp true", status_by = "clock", file = "scripts/ops/clock.lua", alert = "AssistantClockWrong", section = "AssistantClockWrong" },
  { "a refused token", "META_ACCESS_TOKEN", status_by = "whatsapp", alert = "AssistantWhatsAppRefused", section = "AssistantWhatsAppRefused",
    file = "scripts/ops/access.lua" },
  { "a closed Slack", "SLACK_WEBHOOK_URL", status_by = "slack", file = "scripts/ops/access.lua", alert = "AssistantSlackRefused", section = "AssistantSlackRefused" },
  { "a model's refusal", "DEEPSEEK_API_KEY", status = "model", alert = "AssistantModelRefused", section = "AssistantModelRefused" },
  { "a transcriber's refusal", "TRANSCRIBE_API_KEY", status_by = "transcriber", file = "scripts/ops/access.lua", page = "Voice notes",
    alert = "AssistantTranscriberRefused", section = "AssistantTranscriberRefused" },
  { "dead jobs", "assistant requeue ID", file = "host/service/status.c", alert = "AssistantWorkDead", section = "AssistantWorkDead" },
  { "no backup", "assistant backup FILE", file = "scripts/ops/status.lua", alert = "AssistantNoBackup", page = "Back up" },
}

-- Commands that a first step may name: its section names them, too.
local COMMANDS = { "assistant %l+", "df %-h", "du %-sh", "iostat %-x 5", "kill ", "timedatectl set%-ntp true", "docker compose ps", "systemctl status assistant",
  "store%.lost", "script%.error", "inbox%.parked", "metrics%.gauges", "META_%u[%u_]+", "SLACK_%u[%u_]+", "DEEPSEEK_%u[%u_]+", "TRANSCRIBE_%u[%u_]+", "LUA_MEMORY_MB", "LOG_LEVEL" }

describe("remedies", function()
  for _, trouble in ipairs(TROUBLES) do
    it("of " .. trouble[1] .. " are the same in what is said, in the alert and in the pages", function()
      for source, find in pairs(SOURCES) do
        local name = trouble[source]
        if name then
          local text = assert(find(name), ("there is no %s %s"):format(source, name))
          for _, command in ipairs { trouble[2], trouble.also } do
            assert.truthy(text:lower():find(command:lower(), 1, true), ("%q is not in %s %s"):format(command, source, name))
          end
        end
      end
    end)
  end

  it("are here for every line of status and every cause that a file has", function()
    local missing = {}
    local function every(source, text, pattern)
      for name in text:gmatch(pattern) do
        local found = name == "EACCES" or name == "EPERM" -- those with chown and chmod
        for _, trouble in ipairs(TROUBLES) do found = found or trouble[source] == name or trouble[source .. "_by"] == name end
        if not found then missing[#missing + 1] = source .. " " .. name end
      end
    end
    every("status", read "scripts/ops/status.lua", "\nfunction WORDS%.(%l+)")
    every("errno", read "host/base/trouble.c", "\n    case (E%u+):")
    assert.same({}, missing)
  end)

  it("that an alert names first are in its section of the page", function()
    local missing, count = {}, 0
    for name in read "docs/ops/alerts.yml":gmatch "%- alert: *([%w_]+)" do
      local step = SOURCES.alert(name):match "first_step: '(.-)'\n"
      local section = SOURCES.section(name)
      for _, pattern in ipairs(COMMANDS) do
        for command in step:gmatch(pattern) do
          count = count + 1
          if not section:find(command, 1, true) then missing[#missing + 1] = name .. ": " .. command end
        end
      end
    end
    assert.is_true(count > 20)
    assert.same({}, missing)
  end)
end)
