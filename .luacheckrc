std = "lua54"
max_line_length = 140
codes = true
cache = false
-- A stub names its parameters for the reader, and an annotation is one line.
files["host/api"] = { ignore = { "212", "221", "231", "241" }, max_line_length = false }
-- What scripts may use. No io, os, debug, coroutine, load: the host does not give them.
stds.scripts = {
  read_globals = {
    "string", "table", "math", "utf8", "pairs", "ipairs", "next", "select", "type", "tostring", "tonumber",
    "pcall", "error", "assert", "setmetatable", "getmetatable", "rawget", "rawset", "rawequal", "rawlen", "require",
  },
}
files["scripts"] = { std = "scripts", max_line_length = 140 }
-- A schema step that has shipped is never changed.
files["scripts/records/schema.lua"] = { max_line_length = false }
-- busted's words.
files["spec"] = { std = "lua54+busted", max_line_length = 200 }
files["image"] = { std = "lua54+busted", max_line_length = 200 }
