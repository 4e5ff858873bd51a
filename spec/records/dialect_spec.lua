-- Every SQL text of scripts/ means the same on SQLite and on PostgreSQL. Run inside the host (`assistant run`), pending elsewhere, and where
-- PostgreSQL is not installed.

package.path = "scripts/?.lua;" .. package.path

local inside, db = pcall(require, "host.db")
local both = inside and require "spec.support.both_engines"
local missing = not inside and "needs the host's database: run with `assistant run`" or both.missing()
if missing then
  describe("SQL for both engines", function() pending(missing) end)
  return
end

local engines = require "spec.support.engine_cases"
local shell = require "spec.support.shell"
local sql_texts = require "spec.support.sql_texts"

-- Types that host.db gives to scripts, and those that a bound value can become.
local RESULTS = { text = true, bigint = true, ["double precision"] = true, bytea = true, integer = true }
local VALUES = { text = true, bigint = true, ["double precision"] = true, bytea = true, boolean = true }
-- What PostgreSQL takes and understands in another way.
local OTHER = {
  { "%f[%w_\"]user%f[^%w_\"]", "PostgreSQL reads user as current_user: write \"user\"" },
  { "%f[%w]LIKE%f[%W]", "LIKE ignores case on SQLite alone: use instr or substr" },
  { "%f[%w]AS INTEGER%f[%W]", "INTEGER has 32 bits on PostgreSQL: use BIGINT" },
  { "%f[%w]LIMIT %-", "a LIMIT below zero is an error on PostgreSQL" },
}

local function bare(sql) return (sql:gsub("'[^']*'", "''"):gsub('"[^"]*"', '""'):gsub("%f[%w]AS [%w_]+", function(as)
  return as:upper() == "AS INTEGER" and as or "" end)) end

-- Columns that can be NULL, by name: where NULL stands in an order differs, unless it is said.
local function may_be_null(tables)
  local found = {}
  for _, name in ipairs(tables) do
    for _, column in ipairs(db.all("SELECT name, \"notnull\" AS filled, pk FROM pragma_table_info(?)", name)) do
      if column.filled == 0 and column.pk == 0 then found[column.name] = true end
    end
  end
  return found
end

-- After these words a query in brackets gives rows, else one value.
local ROWS_AFTER = { IN = true, EXISTS = true, FROM = true, AS = true }

-- The columns of each unique key of a table, by key.
local function keys_of(name)
  local keys, primary = {}, {}
  for _, index in ipairs(db.all("SELECT name FROM pragma_index_list(?) WHERE \"unique\" = 1 AND partial = 0", name)) do
    keys[#keys + 1] = db.all("SELECT name FROM pragma_index_info(?)", index.name)
  end
  for _, column in ipairs(db.all("SELECT name FROM pragma_table_info(?) WHERE pk > 0", name)) do primary[#primary + 1] = column end
  if primary[1] then keys[#keys + 1] = primary end
  return keys
end

-- Can a query that stands as a value have more than one row? SQLite takes the first one, PostgreSQL refuses.
local function many_rows(query)
  local name = query:match "FROM ([%w_]+)"
  if query:find "LIMIT" or query:match "^%(SELECT %w+%(" then return false end
  for _, key in ipairs(keys_of(name)) do
    local all = true
    for _, column in ipairs(key) do all = all and query:find("%f[%w_]" .. column.name .. " = ") end
    if all then return false end
  end
  return true
end

-- The faults of one text that no server names.
local function other_meaning(sql)
  local text, faults = bare(sql), {}
  for _, one in ipairs(OTHER) do
    if text:find(one[1]) then faults[#faults + 1] = one[2] end
  end
  for at in text:gmatch "()%(SELECT" do
    local query, word = text:match("^%b()", at), text:sub(1, at - 1):match "(%w+)%s*$"
    if not ROWS_AFTER[word] and many_rows(query) then
      faults[#faults + 1] = "a query that stands as a value can have more than one row, an error on PostgreSQL: " .. query
    end
  end
  local tables = {}
  for name in text:gmatch "[FJ][RO][OI][MN]%s+([%w_]+)" do tables[#tables + 1] = name end
  local nullable = may_be_null(tables)
  for list in text:gmatch "ORDER BY ([%w_%., ]+)" do
    for term in list:gmatch "[^,]+" do
      local column = term:gsub("LIMIT.*", ""):match "([%w_]+)%s*$" or ""
      column = (column == "DESC" or column == "ASC") and term:match "([%w_]+)%s+[DA]" or column
      local known = text:find("%f[%w_]" .. column .. " IS NOT NULL") or text:find("%f[%w_]" .. column .. " [<>=]")
      if nullable[column] and not known then faults[#faults + 1] = ("%s can be NULL: say NULLS FIRST or NULLS LAST"):format(column) end
    end
  end
  return faults
end

local server

describe("SQL for both engines", function()
  setup(function()
    require "spec.support.tables"()
    engines.stand_ins()
    server = both.start()
    local ok, err = pcall(server.schema, server)
    if not ok then server:stop() end -- busted skips teardown then
    assert(ok, err)
  end)
  teardown(function()
    if server then server:stop() end
    shell.remove_folders()
  end)

  it("finds every SQL text of scripts/", function()
    local texts, unseen = sql_texts.all()
    assert.equal("", table.concat(unseen, "\n"))
    assert.is_true(#texts > 400, #texts .. " texts")
  end)

  it("makes the same tables of one list of steps", function()
    local ours, theirs = {}, {}
    for _, t in ipairs(db.all("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'probe' ORDER BY name")) do
      for _, c in ipairs(db.all("SELECT * FROM pragma_table_info(?) ORDER BY name", t.name)) do
        ours[#ours + 1] = ("%s.%s %s %s"):format(t.name, c.name, c.type:gsub("INTEGER", "bigint"):gsub("REAL", "double precision"):gsub("BLOB", "bytea"):lower(),
          (c.notnull == 1 or c.pk > 0) and "filled" or "")
      end
    end
    local said = server:run [[
\t on
\a
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || CASE is_nullable WHEN 'NO' THEN 'filled' ELSE '' END
FROM information_schema.columns WHERE table_schema = 'public' AND column_name <> 'rowid' ORDER BY table_name COLLATE "C", column_name COLLATE "C";]]
    for line in said:gmatch "[^\n]+" do if line:find "^[%w_]+%.[%w_]+ " then theirs[#theirs + 1] = line end end
    table.sort(ours)
    table.sort(theirs)
    assert.is_true(#ours > 300)
    local there = {}
    for _, line in ipairs(theirs) do there[line] = true end
    local apart = {}
    for _, line in ipairs(ours) do if not there[line] then apart[#apart + 1] = line end end
    assert.equal("", table.concat(apart, "\n"))
    assert.equal(#ours, #theirs)
  end)

  it("has PostgreSQL take every text, with types that both engines have", function()
    local faults, lines, places = {}, {}, {}
    local texts = sql_texts.all()
    for i, text in ipairs(texts) do
      local sql = both.dollars(text.sql)
      lines[#lines + 1] = ("\\echo == %d\nPREPARE s%d AS %s;\n%s\n\\gdesc"):format(i, i, sql, sql)
      for _, fault in ipairs(other_meaning(text.sql)) do faults[#faults + 1] = text.place .. ": " .. fault end
    end
    lines[#lines + 1] = "\\echo == types\nSELECT substr(name, 2) || '|' || array_to_string(parameter_types, '|') FROM pg_prepared_statements;"
    local said = server:run("\\set QUIET on\n\\t on\n\\a\n" .. table.concat(lines, "\n"))
    local place = ""
    for line in said:gmatch "[^\n]+" do
      local number = line:match "^== (%w+)$"
      if number then
        place = number == "types" and number or texts[tonumber(number)].place
      elseif line:find "ERROR:" then
        if not places[place] then faults[#faults + 1] = place .. line:match ": +ERROR:(.*)" end
        places[place] = true
      elseif place == "types" then
        for kind in line:gsub("^%d+", ""):gmatch "[^|]+" do
          if not VALUES[kind] then faults[#faults + 1] = texts[tonumber(line:match "^%d+")].place .. ": a value becomes " .. kind end
        end
      else
        local name, kind = line:match "^([%w_?]+)|([%w ]+)$"
        if name and not RESULTS[kind] then faults[#faults + 1] = ("%s: %s is %s"):format(place, name, kind) end
      end
    end
    assert.equal("", table.concat(faults, "\n"))
  end)

  -- Without counts of rows SQLite takes these indexes by itself. A table that is read whole is locked whole on PostgreSQL.
  it("finds by an index what it found by one that was named: few of many rows", function()
    local plans = {}
    for _, text in ipairs(sql_texts.all()) do
      local name = text.place:match "records/(%w+)"
      for _, step in ipairs(name and db.all("EXPLAIN QUERY PLAN " .. text.sql) or {}) do plans[name] = (plans[name] or "") .. step.detail .. "\n" end
    end
    for index, name in pairs { conversations_blocked = "conversations", conversations_waiting = "conversations", messages_bad = "messages",
      cases_live = "cases", cases_closed = "expiry", bookings_over = "expiry", costs_day = "costs", messages_conversation = "messages" } do
      assert.is_truthy(plans[name]:find("INDEX " .. index, 1, true), index .. " is not used by records/" .. name)
    end
  end)

  it("reads no table whole on PostgreSQL that it does not read whole on SQLite", function()
    local faults, lines = {}, { "\\set QUIET on\n\\t on\n\\a\nSET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;" }
    local texts = sql_texts.all()
    for i, text in ipairs(texts) do
      local sql, values = both.dollars(text.sql)
      lines[#lines + 1] = ("\\echo == %d\nPREPARE s%d AS %s;\nEXPLAIN (COSTS OFF) EXECUTE s%d%s;"):format(i, i, sql, i,
        values > 0 and "(" .. ("NULL, "):rep(values):sub(1, -3) .. ")" or "")
    end
    for number, plan in (server:run(table.concat(lines, "\n")) .. "== 0"):gmatch "== (%d+)\n(.-)%f[=\0]%f[=]" do
      local here = ""
      for table_name in plan:gmatch "Seq Scan on ([%w_]+)" do
        if here == "" then
          for _, step in ipairs(db.all("EXPLAIN QUERY PLAN " .. texts[tonumber(number)].sql)) do here = here .. step.detail .. "\n" end
        end
        local some = texts[tonumber(number)].sql:find "WHERE"
        if some and not here:find("SCAN " .. table_name, 1, true) and not here:find "SCAN %l\n" then
          faults[#faults + 1] = ("%s reads %s whole there"):format(texts[tonumber(number)].place, table_name)
        end
      end
    end
    assert.equal("", table.concat(faults, "\n"))
  end)

  it("gives the same rows and counts for what differs easily: NULL in an order, case, truth, conflicts, the order of storing", function()
    local calls = engines.record()
    assert.is_true(#calls > 400, #calls .. " statements")
    local faults = engines.compare(calls, server)
    assert.equal("", table.concat(faults, "\n", 1, math.min(5, #faults)))
  end)
end)
