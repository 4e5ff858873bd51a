---@meta host.json
-- Integers stay integers up to 2^53 both ways (written as digits alone: up to 64 bits); ids are strings by rule.
-- Depth 64; at most 8 MiB in, 16 MiB and a million values out.

---@class host.json
---@field null any          JSON's null: equal only to itself, true in conditions, prints as "null"
local json = {}

---Lone surrogates, invalid UTF-8 and NUL become U+FFFD, raw control characters in strings are kept; NaN, Infinity, 1e999 and hex
---numbers are refused; the last of two equal keys wins.
---A byte order mark is skipped. An empty array is told from an empty object: decoding and encoding again gives the same.
---@param text string
---@param options? {null_as_nil: boolean} null_as_nil: members of objects that are null are absent (in arrays they stay)
---@return any? value
---@return string? error "line 1, byte 24: what", never a piece of the text
function json.decode(text, options) end

---A table with keys 1..n is an array, an empty table an object unless json.array made it. nil, mixed or sparse tables, functions,
---NaN, Infinity, cycles, and depth over 64 throw and name the place: "(at messages[3].content)". No metamethod is called.
---Output is valid UTF-8; "/" is not escaped; keys of objects are sorted, so that equal values give equal bytes. Integral floats within 2^53 print as integers.
---@param value any
---@return string
function json.encode(value) end

---Encodes a text of 1 KB or more once, and keeps it as long as the scripts: values that hold it are encoded with less work (the system
---prompt takes 20,000 instructions of each turn). The result is the same.
---@param text string
function json.keep(text) end

---Marks a table (a new one without an argument) as an array, also when it is empty. Returns it. The mark is a locked metatable that
---changes nothing else; a table with another metatable throws.
---@generic T: table
---@param list? T
---@return T
function json.array(list) end

---Is this table one that json.decode read from, or json.array marked as, an array; or a table with keys 1..n?
---@param value any
---@return boolean
function json.is_array(value) end

return json
