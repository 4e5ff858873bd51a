-- The business's tables in the database of this process, made where it has none yet.

local db = require "host.db"

return function()
  if db.one("SELECT 1 AS yes FROM sqlite_master WHERE name = 'cases'") then return end
  for _, step in ipairs(require "records.schema") do
    for statement in step:gsub("%-%-[^\n]*", ""):gmatch("[^;]+") do
      if statement:find("%S") then db.run(statement) end
    end
  end
end
