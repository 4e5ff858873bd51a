-- `assistant leads [--since DAY] [--csv]`: the leads and what became of each.

local amount = require "language.amount"
local costs = require "records.costs"
local json = require "host.json"
local names = require "staff.names"
local stages = require "records.stages"
local text = require "language.text"
local time = require "host.time"

local M = {}

local COLUMNS = { "lead", "opened_at", "phone", "name", "why", "source", "taken_at", "taken_by", "quoted_at", "amount", "answer",
  "answered_at", "booked_for", "closed_at", "closed_because", "final_amount" }

local function iso(ms) return ms and time.iso(ms) or "" end

-- The list's times are on the clock of TZ, as in the other commands; those of the table are UTC.
local function clock(ms) return names.date(ms, time) end

---One lead as a row of text by column.
local function row_of(case)
  local row = { lead = tostring(case.id), opened_at = iso(case.opened_at), phone = case.phone_number, name = case.name or "",
    why = case.reason,
    taken_at = iso(case.taken_at), taken_by = case.taken_by_name or "", closed_at = iso(case.closed_at),
    closed_because = case.close_reason or "", final_amount = case.close_cents and ("%.2f"):format(case.close_cents / 100) or "" }
  local source = case.source and json.decode(case.source)
  row.source = type(source) == "table" and (source.headline or source.type) or ""
  for _, stage in ipairs(stages.of_case(case.id)) do
    local more = stage.more and json.decode(stage.more) or {}
    if stage.kind == "quoted" then row.quoted_at, row.amount = iso(stage.at), ("%.2f"):format((more.cents or 0) / 100) end
    if stage.kind == "accepted" or stage.kind == "declined" then row.answer, row.answered_at = stage.kind, iso(stage.at) end
    if stage.kind == "booked" then row.booked_for, row.visit = iso(more.start_at), more.start_at end
  end
  return row
end

-- A field of a CSV file. One that a spreadsheet would read as a formula is kept as text.
local function csv(value)
  value = text.one_line(tostring(value or ""))
  if value:find("^[=+%-@\t]") then value = "'" .. value end
  return value:find('[",\n]') and '"' .. value:gsub('"', '""') .. '"' or value
end

local function shown(row, opened_at)
  local parts = { clock(opened_at), row.phone ~= "" and "+" .. row.phone or "", row.name, row.why }
  if row.taken_by ~= "" then parts[#parts + 1] = "taken by " .. row.taken_by end
  if row.amount then
    parts[#parts + 1] = "quoted " .. amount.shown(math.tointeger(tonumber(row.amount) * 100 // 1))
      .. (row.answer and " (" .. row.answer .. ")" or "")
  end
  if row.visit then parts[#parts + 1] = "booked for " .. clock(row.visit) end
  if row.closed_at ~= "" then parts[#parts + 1] = row.closed_because ~= "" and "closed: " .. row.closed_because or "closed" end
  local words = {}
  for _, part in ipairs(parts) do
    if part ~= "" then words[#words + 1] = part end
  end
  return table.concat(words, "  ")
end

local USAGE = "Usage: assistant leads [--since DAY] [--csv]   (a day like 2026-11-01; without it, the first of this month)"
local PIECE = 200

---`assistant leads [--since DAY] [--csv]`
---@async
---@param args string[]
---@return string? list
---@return string? problem
function M.command(args)
  local as_csv, since, i = false, costs.day(time.now_ms()):sub(1, 7) .. "-01", 1
  while i <= #args do
    if args[i] == "--csv" then
      as_csv, i = true, i + 1
    elseif args[i] == "--since" and costs.is_day(args[i + 1]) then
      since, i = args[i + 1], i + 2
    else
      return nil, USAGE
    end
  end
  local year, month, day = since:match("^(%d+)-(%d+)-(%d+)$")
  local from = time.from_zoned { year = tonumber(year), month = tonumber(month), day = tonumber(day), hour = 0, min = 0 }
  local lines, last = { as_csv and table.concat(COLUMNS, ",") or nil }, 0
  repeat
    local piece = stages.leads(from, last, PIECE)
    for _, case in ipairs(piece) do
      local row, values = row_of(case), {}
      for k, name in ipairs(COLUMNS) do values[k] = csv(row[name]) end
      lines[#lines + 1] = as_csv and table.concat(values, ",") or shown(row, case.opened_at)
      last = case.id
    end
  until #piece < PIECE
  if not as_csv and #lines == 0 then return "No lead since " .. since .. "." end
  return table.concat(lines, "\n")
end

return M
